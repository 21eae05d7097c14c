package flyte

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strings"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"
)

// maxOffloaded is the size of an offloaded literal at most, in bytes.
const maxOffloaded = 256 << 20

// literals turns literals into the values that Python would have, of the types
// that flytekit guesses. It is used by one goroutine.
type literals struct {
	store Store // of offloaded ones
	work  work
}

// work is how often a value was held against a variant of a union, and how much
// was written of why it is none. Unions in unions would try each variant of one
// for each of the other.
type work int

// maxWork is far beyond what any value takes, and done within seconds.
const maxWork = 1 << 20

// failed counts a variant that a value is none of.
func (w *work) failed(why error) error {
	if *w += work(1 + len(why.Error())/256); *w > maxWork {
		return failed("RecursionError", "the unions of the input's type have too many variants to be tried")
	}
	return nil
}

// convert returns a literal's value.
//
// Source: async_to_python_value of flytekit's transformers, type_engine.py.
func (l *literals) convert(ctx context.Context, lit *core.Literal, t *pyType, depth int) (pyValue, error) {
	if depth > maxNesting {
		return pyValue{}, failed("RecursionError", "maximum recursion depth exceeded")
	}
	if o := lit.GetOffloadedMetadata(); o != nil {
		inner, err := l.offloaded(ctx, o)
		if err != nil {
			return pyValue{}, err
		}
		lit = inner
	}
	if t.kind != typeUnion && t.kind != typeEnum { // which look into it themselves
		if v, ok, err := packed(lit); ok {
			if err == nil {
				v, err = l.work.shape(v, t, false)
			}
			return v, err
		}
	}
	switch t.kind {
	case typeList:
		return l.list(ctx, lit, t, depth)
	case typeDict:
		return l.dict(ctx, lit, t, depth)
	case typeUnion:
		return l.union(ctx, lit, t, depth)
	case typeEnum:
		return enum(lit, t)
	case typeObject:
		return l.object(lit, t)
	}
	return simple(lit, t)
}

// failed returns an error as flytekit has it.
func failed(kind, format string, args ...any) error {
	return &inputError{kind: kind, message: fmt.Sprintf(format, args...)}
}

// offloaded reads a literal that lies in an object of its own.
func (l *literals) offloaded(ctx context.Context, o *core.LiteralOffloadedMetadata) (*core.Literal, error) {
	data, err := l.store.Read(ctx, o.GetUri(), maxOffloaded)
	if err != nil {
		return nil, err
	}
	lit := &core.Literal{}
	if proto.Unmarshal(data, lit) != nil {
		return nil, failed("DecodeError", "Error parsing message with type 'flyteidl.core.Literal': the offloaded literal is malformed")
	}
	return lit, nil
}

const msgpackTag = "msgpack"

// packed returns the value of a literal that is msgpack, and whether it is.
func packed(lit *core.Literal) (pyValue, bool, error) {
	b := lit.GetScalar().GetBinary()
	if b == nil {
		return pyValue{}, false, nil
	}
	if b.GetTag() != msgpackTag {
		return pyValue{}, true, failed("TypeTransformerFailedError", "Unsupported binary format `%s`", b.GetTag())
	}
	v, err := readMsgpack(b.GetValue())
	if err != nil {
		err = failed("UnpackValueError", "%v", err)
	}
	return v, true, err
}

// simple converts a literal of a type that is no container.
func simple(lit *core.Literal, t *pyType) (pyValue, error) {
	fail := func(to string) (pyValue, error) {
		return pyValue{}, failed("TypeTransformerFailedError", "Cannot convert literal %s to %s", shortString("Literal", lit), to)
	}
	if t.kind == typeNone {
		switch _, isNone := lit.GetScalar().GetValue().(*core.Scalar_NoneType); {
		case lit.GetScalar() == nil:
			return fail(t.repr())
		case !isNone:
			return fail("None")
		}
		return pyValue{}, nil
	}
	p := lit.GetScalar().GetPrimitive()
	v, ok := primitive(p, t.kind)
	switch {
	case ok:
		return v, nil
	case p != nil && (t.kind == typeInt || t.kind == typeFloat):
		return fail(t.String())
	}
	return fail(t.repr())
}

// primitive converts a primitive, if it is one that the type takes.
func primitive(p *core.Primitive, kind typeKind) (pyValue, bool) {
	switch x := p.GetValue().(type) {
	case *core.Primitive_Integer:
		switch kind {
		case typeInt:
			return pyValue{kind: pyInt, i: x.Integer}, true
		case typeFloat:
			return pyValue{kind: pyFloat, f: float64(x.Integer)}, true
		}
	case *core.Primitive_FloatValue:
		switch kind {
		case typeInt:
			return truncated(x.FloatValue)
		case typeFloat:
			return pyValue{kind: pyFloat, f: x.FloatValue}, true
		}
	case *core.Primitive_StringValue:
		return pyText(x.StringValue), kind == typeStr
	case *core.Primitive_Boolean:
		v := pyValue{kind: pyBool}
		if x.Boolean {
			v.i = 1
		}
		return v, kind == typeBool
	case *core.Primitive_Datetime:
		s, n := x.Datetime.GetSeconds(), int64(x.Datetime.GetNanos())
		ok := s >= minDatetime/secondMicros && s <= maxDatetime/secondMicros && n >= 0 && n < 1e9
		return pyValue{kind: pyDatetime, i: s*secondMicros + n/1000}, ok && kind == typeDatetime
	case *core.Primitive_Duration:
		s, n := x.Duration.GetSeconds(), int64(x.Duration.GetNanos())
		// Protobuf's own bounds, within which microseconds fit.
		ok := s >= -315576000000 && s <= 315576000000 && n > -1e9 && n < 1e9
		return pyValue{kind: pyTimedelta, i: s*secondMicros + n/1000}, ok && kind == typeTimedelta
	}
	return pyValue{}, false
}

// truncated is Python's int of a float.
func truncated(f float64) (pyValue, bool) {
	switch {
	case f != f || math.IsInf(f, 0):
		return pyValue{}, false
	case math.Abs(f) < 1<<63:
		return pyValue{kind: pyInt, i: int64(f)}, true
	}
	n, _ := big.NewFloat(f).Int(nil)
	return pyValue{kind: pyInt, big: n}, true
}

func (l *literals) list(ctx context.Context, lit *core.Literal, t *pyType, depth int) (pyValue, error) {
	c := lit.GetCollection()
	if c == nil {
		return pyValue{}, failed("TypeTransformerFailedError", "The expected python type is '%s' but the received Flyte literal value "+
			"is not a collection (Flyte's representation of Python lists).", t.repr())
	}
	out := pyValue{kind: pyList}
	for _, x := range c.GetLiterals() {
		v, err := l.convert(ctx, x, t.elem, depth+1)
		if err != nil {
			return pyValue{}, err
		}
		out.list = append(out.list, v)
	}
	return out, nil
}

// dict converts a map, sorted by its keys: protobuf's order is none.
func (l *literals) dict(ctx context.Context, lit *core.Literal, t *pyType, depth int) (pyValue, error) {
	if g := lit.GetScalar().GetGeneric(); g != nil {
		return l.work.shape(fromStruct(g, 0), t, true)
	}
	m := lit.GetMap()
	if m == nil {
		return pyValue{}, failed("TypeTransformerFailedError", "Cannot convert from %s to %s", shortString("Literal", lit), t.repr())
	}
	if t.elem == nil {
		return pyValue{}, failed("TypeError", "TypeMismatch: Cannot convert to python dictionary from Flyte Literal Dictionary as the given "+
			"dictionary does not have sub-type hints or they do not match with the originating dictionary "+
			"source. Flytekit does not currently support implicit conversions")
	}
	out := pyValue{kind: pyDict}
	for _, name := range sortedKeys(m.GetLiterals()) {
		v, err := l.convert(ctx, m.GetLiterals()[name], t.elem, depth+1)
		if err != nil {
			return pyValue{}, err
		}
		out.keys = append(out.keys, pyText(name))
		out.list = append(out.list, v)
	}
	return out, nil
}

// union converts to the variant that the literal names by its transformer, and
// a literal that names none to the one that takes it.
func (l *literals) union(ctx context.Context, lit *core.Literal, t *pyType, depth int) (pyValue, error) {
	inner, tag, stored := lit, "", (*pyType)(nil)
	if u := lit.GetScalar().GetUnion(); u != nil {
		inner, tag = u.GetValue(), u.GetType().GetStructure().GetTag()
		stored, _ = guess(u.GetType())
	}
	var found *pyType
	var out pyValue
	for _, v := range t.variants {
		if tag != "" && (v.tag != tag || stored != nil && stored.String() != v.String()) {
			continue
		}
		x, err := l.convert(ctx, inner, v, depth+1)
		var none *inputError
		switch {
		case errors.As(err, &none):
			if err := l.work.failed(err); err != nil {
				return pyValue{}, err
			}
		case err != nil: // of the store
			return pyValue{}, err
		case found != nil:
			return pyValue{}, failed("TypeError", "Ambiguous choice of variant for union type. Both %s and %s transformers match", found.tag, v.tag)
		default:
			out, found = x, v
		}
	}
	if found == nil {
		named := "None"
		if tag != "" {
			named = tag
		}
		return pyValue{}, failed("TypeError", "Cannot convert from %s to %s (using tag %s)", textFormat(lit), t.repr(), named)
	}
	return out, nil
}

func enum(lit *core.Literal, t *pyType) (pyValue, error) {
	v, ok, err := packed(lit)
	if err != nil {
		return v, err
	}
	if !ok {
		switch p := lit.GetScalar().GetPrimitive(); x := p.GetValue().(type) {
		case *core.Primitive_StringValue:
			v = pyText(x.StringValue)
		case nil:
			if p == nil {
				return v, failed("AttributeError", "'NoneType' object has no attribute 'string_value'")
			}
		}
	}
	return member(v, t)
}

// member returns the member of an enum that has a value.
func member(v pyValue, t *pyType) (pyValue, error) {
	if v.kind == pyStr && t.values[v.s] {
		return pyValue{kind: pyEnum, s: v.s}, nil
	}
	var b strings.Builder
	v.repr(&b)
	return pyValue{}, failed("ValueError", "%s is not a valid DynamicEnum", b.String())
}

func (l *literals) object(lit *core.Literal, t *pyType) (pyValue, error) {
	g := lit.GetScalar().GetGeneric()
	if g == nil {
		return pyValue{}, failed("AttributeError", "'NoneType' object has no attribute 'DESCRIPTOR'")
	}
	return l.work.shape(fromStruct(g, 0), t, true)
}

// fromStruct is what Python makes of a protobuf Struct: every number is a
// float. The fields are sorted by name: protobuf's order is none.
func fromStruct(s *structpb.Struct, depth int) pyValue {
	out := pyValue{kind: pyDict}
	for _, name := range sortedKeys(s.GetFields()) {
		out.keys = append(out.keys, pyText(name))
		out.list = append(out.list, fromValue(s.GetFields()[name], depth+1))
	}
	return out
}

func fromValue(v *structpb.Value, depth int) pyValue {
	if depth > maxNesting {
		return pyValue{}
	}
	switch x := v.GetKind().(type) {
	case *structpb.Value_NumberValue:
		return pyValue{kind: pyFloat, f: x.NumberValue}
	case *structpb.Value_StringValue:
		return pyText(x.StringValue)
	case *structpb.Value_BoolValue:
		if x.BoolValue {
			return pyValue{kind: pyBool, i: 1}
		}
		return pyValue{kind: pyBool}
	case *structpb.Value_StructValue:
		return fromStruct(x.StructValue, depth)
	case *structpb.Value_ListValue:
		out := pyValue{kind: pyList}
		for _, e := range x.ListValue.GetValues() {
			out.list = append(out.list, fromValue(e, depth+1))
		}
		return out
	}
	return pyValue{}
}
