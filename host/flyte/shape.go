package flyte

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// shape gives a value that has no types of its own, of msgpack or of a Struct,
// those of t. fromFloats says that whole numbers may have come as floats.
//
// Source: mashumaro's decoders, which flytekit uses, and
// DataclassTransformer._fix_dataclass_int in type_engine.py.
func (w *work) shape(v pyValue, t *pyType, fromFloats bool) (pyValue, error) {
	switch t.kind {
	case typeDict:
		return w.dict(v, t, fromFloats)
	case typeList:
		if v.kind != pyList {
			return v, mismatch(v, t)
		}
		return w.each(v, t.elem, fromFloats)
	case typeObject:
		return w.object(v, t, fromFloats)
	case typeUnion:
		for _, x := range t.variants {
			out, err := w.shape(v, x, fromFloats)
			if err == nil {
				return out, nil
			}
			if err := w.failed(err); err != nil {
				return v, err
			}
		}
		return v, mismatch(v, t)
	case typeEnum:
		return member(v, t)
	case typeAny:
		return v, nil
	}
	return shapeSimple(v, t, fromFloats)
}

func mismatch(v pyValue, t *pyType) error {
	var b strings.Builder
	v.repr(&b)
	return failed("TypeTransformerFailedError", "Cannot convert %s to %s", b.String(), t.repr())
}

func (w *work) dict(v pyValue, t *pyType, fromFloats bool) (pyValue, error) {
	if v.kind != pyDict {
		return v, mismatch(v, t)
	}
	if t.elem == nil {
		return v, nil
	}
	return w.each(v, t.elem, fromFloats)
}

// each gives the values of a list or a dict a type. v stays as it is: it may be
// held against another variant of a union yet.
func (w *work) each(v pyValue, elem *pyType, fromFloats bool) (_ pyValue, err error) {
	v.list = slices.Clone(v.list)
	for i := range v.list {
		if v.list[i], err = w.shape(v.list[i], elem, fromFloats); err != nil {
			return v, err
		}
	}
	return v, nil
}

func (w *work) object(v pyValue, t *pyType, fromFloats bool) (pyValue, error) {
	if v.kind != pyDict {
		return v, mismatch(v, t)
	}
	out := pyValue{kind: pyObject, s: t.class}
	at := map[string]int{}
	for i, k := range v.keys {
		if k.kind == pyStr {
			at[k.s] = i
		}
	}
	for _, f := range t.fields {
		i, there := at[f.name]
		if !there {
			return v, failed("MissingField", "Field %q of type %s is missing in %s instance", f.name, strings.TrimPrefix(f.typ.String(), "typing."), t.class)
		}
		x, err := w.shape(v.list[i], f.typ, fromFloats)
		if err != nil {
			return v, err
		}
		out.keys = append(out.keys, pyText(f.name))
		out.list = append(out.list, x)
	}
	return out, nil
}

// shapeSimple takes a value of exactly the type, an int for a float and, from a
// Struct, a whole float for an int.
func shapeSimple(v pyValue, t *pyType, fromFloats bool) (pyValue, error) {
	var ok bool
	switch t.kind {
	case typeInt:
		ok = v.kind == pyInt
		if fromFloats && v.kind == pyFloat && v.f == math.Trunc(v.f) {
			v, ok = truncated(v.f)
		}
	case typeFloat:
		ok = v.kind == pyFloat
		if v.kind == pyInt && v.big == nil {
			v, ok = pyValue{kind: pyFloat, f: float64(v.i)}, true
		}
	case typeStr:
		ok = v.kind == pyStr
	case typeBool:
		ok = v.kind == pyBool
	case typeNone:
		ok = v.kind == pyNone
	case typeDatetime:
		if v.kind == pyStr {
			v, ok = isoDatetime(v.s)
		}
	case typeTimedelta:
		switch v.kind {
		case pyInt, pyFloat:
			seconds := v.f + float64(v.i)
			v, ok = pyValue{kind: pyTimedelta, i: int64(math.RoundToEven(seconds * secondMicros))}, math.Abs(seconds) < 86400*maxDays
		}
	}
	if !ok {
		return v, mismatch(v, t)
	}
	return v, nil
}

// isoDatetime reads a datetime as isoformat writes it; one without an offset is
// in UTC.
func isoDatetime(s string) (pyValue, bool) {
	for _, layout := range [...]string{"2006-01-02T15:04:05.999999Z07:00", "2006-01-02T15:04:05.999999", "2006-01-02"} {
		if t, err := time.Parse(layout, strings.Replace(s, " ", "T", 1)); err == nil {
			return pyValue{kind: pyDatetime, i: t.UnixMicro()}, t.UnixMicro() >= minDatetime && t.UnixMicro() <= maxDatetime
		}
	}
	return pyValue{}, false
}
