package flyte

import (
	"fmt"
	"math"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/abi/pytext"
)

// bound returns the value that is bound for an argument. An enum is its value,
// a dict or a dataclass a JSON document, and null has the type that the
// declaration leaves for it.
func (a argument) bound() (abi.Value, error) {
	v, err := abiValue(a.value, a.typ)
	if err != nil {
		return abi.Value{}, &inputError{kind: "ValueError", message: fmt.Sprintf("input %q: %v", a.name, err),
			hint: "give it as another type"}
	}
	if v.Null {
		v.Type.Nullable = true
	}
	return v, nil
}

// kinds are the kinds of the values that have one of their own.
var kinds = map[pyKind]abi.Kind{
	pyBool: abi.Bool, pyInt: abi.Int, pyFloat: abi.Float, pyStr: abi.Str, pyEnum: abi.Str, pyBytes: abi.Bytes,
	pyDatetime: abi.Datetime, pyTimedelta: abi.Timedelta, pyDict: abi.JSON, pyObject: abi.JSON,
}

func abiValue(v pyValue, t *pyType) (abi.Value, error) {
	out := abi.Value{Type: abi.Type{Kind: kinds[v.kind]}, Int: v.i, Float: v.f, Str: v.s}
	switch v.kind {
	case pyNone:
		return abi.Value{Type: declaredType(t), Null: true}, nil
	case pyInt:
		if v.big != nil {
			return out, fmt.Errorf("%s does not fit into 64 bits", v.big)
		}
	case pyList:
		return abiList(v, t)
	case pyDict, pyObject:
		return jsonDocument(v)
	}
	return out, nil
}

// declaredType is the type of a null, or of the elements of a list that has
// none: that of the first variant that is not none.
func declaredType(t *pyType) abi.Type {
	simple := map[typeKind]abi.Kind{
		typeInt: abi.Int, typeFloat: abi.Float, typeBool: abi.Bool, typeDatetime: abi.Datetime, typeTimedelta: abi.Timedelta,
		typeDict: abi.JSON, typeObject: abi.JSON,
	}
	switch {
	case t == nil:
	case t.null != nil:
		return *t.null
	case t.kind == typeList:
		elem := declaredType(t.elem)
		t.null = &abi.Type{Kind: abi.List, Elem: &elem}
		return *t.null
	case t.kind == typeUnion:
		for _, v := range t.variants {
			if v.kind != typeNone {
				u := declaredType(v)
				u.Nullable = len(t.variants) > 1
				t.null = &u
				return u
			}
		}
	case simple[t.kind] != 0:
		return abi.Type{Kind: simple[t.kind]}
	}
	return abi.Type{Kind: abi.Str}
}

// abiList makes a list of values of one type: that which they have, floats
// where ints and floats are mixed, else JSON documents.
func abiList(v pyValue, t *pyType) (abi.Value, error) {
	var elem *pyType
	if t != nil && t.kind == typeUnion {
		for _, x := range t.variants {
			if x.kind == typeList {
				t = x
			}
		}
	}
	if t != nil && t.kind == typeList {
		elem = t.elem
	}
	out := abi.Value{Type: abi.Type{Kind: abi.List}}
	of, nulls := declaredType(elem), false
	first := true
	for _, x := range v.list {
		y, err := abiValue(x, elem)
		if err != nil {
			return out, err
		}
		out.List = append(out.List, y)
		switch {
		case y.Null:
			nulls = true
		case first:
			of, first = y.Type, false
		case of.Equal(y.Type):
		case number(of) && number(y.Type):
			of = abi.Type{Kind: abi.Float}
		default:
			return jsonDocument(v)
		}
	}
	of.Nullable = of.Nullable || nulls
	for i := range out.List {
		y := &out.List[i]
		if of.Kind == abi.Float && y.Type.Kind == abi.Int && !y.Null {
			y.Float, y.Int = float64(y.Int), 0
		}
		y.Type = of
	}
	out.Type.Elem = &of
	return out, nil
}

func number(t abi.Type) bool { return t.Kind == abi.Int || t.Kind == abi.Float }

// jsonDocument makes a JSON document of a dict, a dataclass, or a list of values
// of several types.
func jsonDocument(v pyValue) (abi.Value, error) {
	var b strings.Builder
	err := writeJSON(&b, v)
	return abi.Value{Type: abi.Type{Kind: abi.JSON}, Str: b.String()}, err
}

// writeJSON writes a value as Python's json.dumps does, characters beyond ASCII
// as they are.
func writeJSON(b *strings.Builder, v pyValue) error {
	switch v.kind {
	case pyNone:
		b.WriteString("null")
	case pyBool:
		b.WriteString([]string{"false", "true"}[v.i&1])
	case pyInt:
		b.WriteString(v.digits())
	case pyFloat:
		if math.IsNaN(v.f) || math.IsInf(v.f, 0) {
			return fmt.Errorf("%s is no number of JSON", pytext.Float(v.f))
		}
		b.WriteString(pytext.Float(v.f))
	case pyStr, pyEnum:
		writeJSONText(b, v.s)
	case pyDatetime:
		writeJSONText(b, strings.Replace(datetimeStr(v.i), " ", "T", 1))
	case pyTimedelta:
		b.WriteString(pytext.Float(float64(v.i) / secondMicros))
	case pyBytes:
		return fmt.Errorf("bytes are no value of JSON")
	case pyList:
		return jsonSeries(b, v, "[", "]", nil)
	default:
		return jsonSeries(b, v, "{", "}", func(i int) {
			key := v.keys[i]
			writeJSONText(b, key.str())
			b.WriteString(": ")
		})
	}
	return nil
}

func jsonSeries(b *strings.Builder, v pyValue, open, end string, before func(int)) error {
	b.WriteString(open)
	for i, x := range v.list {
		if i > 0 {
			b.WriteString(", ")
		}
		if before != nil {
			before(i)
		}
		if err := writeJSON(b, x); err != nil {
			return err
		}
	}
	b.WriteString(end)
	return nil
}

func writeJSONText(b *strings.Builder, s string) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ':
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}
