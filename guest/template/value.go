package template

import (
	"strconv"

	"github.com/wasmsql/wasmsql/abi"
)

// kind is the kind of a value in an expression. Those that an input can have
// carry abi's numbers.
type kind uint8

const (
	kUndefined kind = 0
	kInt            = kind(abi.Int)
	kFloat          = kind(abi.Float)
	kStr            = kind(abi.Str)
	kBool           = kind(abi.Bool)
	kDatetime       = kind(abi.Datetime)
	kDate           = kind(abi.Date)
	kTime           = kind(abi.Time)
	kTimedelta      = kind(abi.Timedelta)
	kDecimal        = kind(abi.Decimal)
	kBytes          = kind(abi.Bytes)
	kUUID           = kind(abi.UUID)
	kJSON           = kind(abi.JSON)
	kList           = kind(abi.List)
	kNone      kind = 100
	kLoop      kind = 101
)

// value is a value of an expression. The fields are used as those of abi.Value.
type value struct {
	k     kind
	tuple bool  // a list written with parentheses
	deep  uint8 // of a list: how deep lists nest in it
	i     int64 // of a list: its size
	f     float64
	s     string // of kUndefined: what is undefined
	l     []value
	// typ is what an input's list or null was declared as; its Kind is 0 for
	// the lists and nulls of the template itself.
	typ abi.Type
}

var (
	none    = value{k: kNone}
	pyTrue  = value{k: kBool, i: 1}
	pyFalse = value{k: kBool}
)

func intValue(i int64) value     { return value{k: kInt, i: i} }
func floatValue(f float64) value { return value{k: kFloat, f: f} }
func strValue(s string) value    { return value{k: kStr, s: s} }
func listValue(l []value) value  { return value{k: kList, l: l} }

func boolValue(b bool) value {
	if b {
		return pyTrue
	}
	return pyFalse
}

// name is the kind as an error message calls it.
func (v value) name() string {
	switch v.k {
	case kUndefined:
		return "undefined"
	case kNone:
		return "none"
	case kLoop:
		return "loop"
	}
	return abi.Kind(v.k).String()
}

// number reports whether v takes part in arithmetic.
func (v value) number() bool {
	return v.k == kInt || v.k == kBool || v.k == kFloat || v.k == kDecimal
}

// integer reports whether v is an int or a bool, which is one in Python.
func (v value) integer() bool { return v.k == kInt || v.k == kBool }

// truth is Python's bool(v).
func (v value) truth() bool {
	switch v.k {
	case kUndefined, kNone:
		return false
	case kInt, kBool, kTimedelta:
		return v.i != 0
	case kFloat:
		return v.f != 0
	case kStr, kBytes:
		return v.s != ""
	case kList:
		return len(v.l) > 0
	case kDecimal:
		return !parseDecimal(v.s).zero()
	case kJSON:
		return jsonTruth(v.s)
	}
	return true
}

// fromABI makes a value of an input.
func fromABI(a abi.Value) value {
	if a.Null {
		return value{k: kNone, typ: a.Type}
	}
	v := value{k: kind(a.Type.Kind), i: a.Int, f: a.Float, s: a.Str}
	if v.k == kList {
		v.typ = a.Type
		v.l = make([]value, len(a.List))
		for i, x := range a.List {
			v.l[i] = fromABI(x)
		}
		return v.measured()
	}
	return v
}

// toABI makes a parameter of a value. A null without a declared type is a
// null text, which a server takes for any type.
func (v value) toABI() (abi.Value, string) {
	switch v.k {
	case kUndefined, kLoop:
		return abi.Value{}, v.name() + " cannot be a parameter"
	case kNone:
		t := v.typ
		if t.Kind == 0 {
			t.Kind = abi.Str
		}
		t.Nullable = true
		return abi.Value{Type: t, Null: true}, ""
	case kList:
		return v.listToABI()
	}
	return abi.Value{Type: abi.Type{Kind: abi.Kind(v.k)}, Int: v.i, Float: v.f, Str: v.s}, ""
}

// listToABI makes a list parameter: of the declared type, or else of the one
// type that all values have, ints and floats together being floats.
func (v value) listToABI() (abi.Value, string) {
	elem := v.typ.Elem
	if v.typ.Kind != abi.List || elem == nil {
		t, msg := commonType(v.l)
		if msg != "" {
			return abi.Value{}, msg
		}
		elem = &t
	}
	out := abi.Value{Type: abi.Type{Kind: abi.List, Elem: elem}, List: make([]abi.Value, len(v.l))}
	for i, x := range v.l {
		if elem.Kind == abi.Float && x.integer() {
			x = floatValue(float64(x.i))
		}
		if x.k == kNone {
			x.typ = *elem
		}
		a, msg := x.toABI()
		if msg != "" {
			return abi.Value{}, msg
		}
		if a.Type.Kind == elem.Kind {
			a.Type = *elem // also where the list may hold nulls, and this is none
		}
		out.List[i] = a
	}
	return out, ""
}

// commonType is the type that holds all values of a list.
func commonType(l []value) (abi.Type, string) {
	var t abi.Type
	nullable := false
	for _, x := range l {
		if x.k == kNone {
			nullable = true
			continue
		}
		a, msg := x.toABI()
		if msg != "" {
			return t, msg
		}
		switch {
		case t.Kind == 0:
			t = a.Type
		case t.Kind == abi.Int && x.k == kFloat:
			t.Kind = abi.Float
		case t.Kind == abi.Float && x.k == kInt:
		case !t.Equal(a.Type):
			return t, "a list of " + t.String() + " and " + a.Type.String()
		}
	}
	if t.Kind == 0 {
		t.Kind = abi.Str
	}
	t.Nullable = nullable
	return t, ""
}

// plural is "1 parameter", "2 parameters".
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
