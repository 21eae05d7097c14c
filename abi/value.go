package abi

import (
	"slices"
	"strconv"
)

// Kind is the kind of a value that goes into a task or a statement. The ranges
// of those with a calendar are MinDate to MaxTime.
type Kind uint8

// The kinds. The numbers are the wire's.
const (
	Int       Kind = 1  // 64-bit signed
	Float     Kind = 2  // IEEE 754 double
	Str       Kind = 3  // UTF-8 text
	Bool      Kind = 4  //
	Datetime  Kind = 5  // an instant, in microseconds since 1970-01-01T00:00:00Z
	Date      Kind = 6  // days since 1970-01-01
	Time      Kind = 7  // time of day, in microseconds since midnight
	Timedelta Kind = 8  // a duration, in microseconds
	Decimal   Kind = 9  // a decimal number as text: [-]digits[.digits]
	Bytes     Kind = 10 //
	UUID      Kind = 11 // 16 bytes
	JSON      Kind = 12 // a JSON document as UTF-8 text
	List      Kind = 13 // values of one type
)

var kindNames = [...]string{
	"", "int", "float", "str", "bool", "datetime", "date", "time", "timedelta",
	"decimal", "bytes", "uuid", "json", "list",
}

// String returns the kind's name as a task file writes it, for instance "int".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Type is the type of a value: a kind, what a list holds, whether null is one
// of its values, and how many digits a decimal has.
type Type struct {
	Kind     Kind
	Elem     *Type // of a List, else nil
	Nullable bool

	// Precision and Scale are of a Decimal that is declared as decimal(p,s): p
	// digits, of which s stand after the point, 0 <= s <= p <= MaxPrecision.
	// Precision 0 is a decimal of any number of digits.
	Precision, Scale uint8
}

// MaxPrecision is the most digits that a decimal(p,s) has: those of Arrow's
// decimal128.
const MaxPrecision = 38

// String returns the type as a task file writes it: int, str?, list[int],
// list[float?]?, decimal(12,2).
func (t Type) String() string {
	s := t.Kind.String()
	if t.Kind == List && t.Elem != nil {
		s += "[" + t.Elem.String() + "]"
	}
	if t.Precision > 0 {
		s += "(" + strconv.Itoa(int(t.Precision)) + "," + strconv.Itoa(int(t.Scale)) + ")"
	}
	if t.Nullable {
		s += "?"
	}
	return s
}

// Equal reports whether two types are the same, nullability and digits
// included.
func (t Type) Equal(u Type) bool {
	if (t.Elem == nil) != (u.Elem == nil) || t.Elem != nil && !t.Elem.Equal(*u.Elem) {
		return false
	}
	t.Elem, u.Elem = nil, nil
	return t == u
}

// Value is one value with its type; a null has a type too, which must be
// nullable. The zero Value is not valid; Check says whether another is. Which
// field holds it depends on Type.Kind:
//
//	Int, Datetime, Date, Time, Timedelta    Int, in the units of the Kind
//	Bool                                    Int, 0 or 1
//	Float                                   Float
//	Str, Decimal, JSON, Bytes, UUID         Str, the bytes as they are
//	List                                    List
type Value struct {
	Type  Type
	Null  bool
	Int   int64
	Float float64
	Str   string
	List  []Value
}

// Same reports whether v and w, whose types differ in nullability at most, are
// the same value. No NaN is.
func (v Value) Same(w Value) bool {
	if v.Null || w.Null {
		return v.Null == w.Null
	}
	return v.Int == w.Int && v.Float == w.Float && v.Str == w.Str && slices.EqualFunc(v.List, w.List, Value.Same)
}
