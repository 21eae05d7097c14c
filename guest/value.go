package guest

import "github.com/wasmsql/wasmsql/abi"

// Value is a value with its type: an input, a parameter of a statement, a cell.
type Value = abi.Value

func of(k abi.Kind) abi.Type { return abi.Type{Kind: k} }

// integer is every kind of integer that Int takes. One that is over the range
// of int64 becomes negative.
type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32
}

// Int returns an int.
func Int[T integer](v T) Value { return Value{Type: of(abi.Int), Int: int64(v)} }

// Float returns a float.
func Float(v float64) Value { return Value{Type: of(abi.Float), Float: v} }

// Text returns a str, which must be valid UTF-8.
func Text(v string) Value { return Value{Type: of(abi.Str), Str: v} }

// Bool returns a bool.
func Bool(v bool) Value {
	x := Value{Type: of(abi.Bool)}
	if v {
		x.Int = 1
	}
	return x
}

// Datetime returns an instant from microseconds since 1970-01-01T00:00:00Z:
// Datetime(t.UnixMicro()) for a time.Time.
func Datetime(micros int64) Value { return Value{Type: of(abi.Datetime), Int: micros} }

// Date returns a day from days since 1970-01-01: Date(Day(2026, 2, 28)).
func Date(days int64) Value { return Value{Type: of(abi.Date), Int: days} }

// Time returns a time of day from microseconds since midnight.
func Time(micros int64) Value { return Value{Type: of(abi.Time), Int: micros} }

// Timedelta returns a duration from microseconds: Timedelta(d.Microseconds())
// for a time.Duration.
func Timedelta(micros int64) Value { return Value{Type: of(abi.Timedelta), Int: micros} }

// Decimal returns a decimal number from its text: [-]digits[.digits].
func Decimal(v string) Value { return Value{Type: of(abi.Decimal), Str: v} }

// Bytes returns bytes.
func Bytes(v []byte) Value { return Value{Type: of(abi.Bytes), Str: string(v)} }

// UUID returns a uuid.
func UUID(v [16]byte) Value { return Value{Type: of(abi.UUID), Str: string(v[:])} }

// JSON returns a JSON document from its text.
func JSON(v string) Value { return Value{Type: of(abi.JSON), Str: v} }

// Null returns the null of a kind.
func Null(k abi.Kind) Value {
	t := of(k)
	if k == abi.List {
		e := of(abi.Str)
		t.Elem = &e
	}
	t.Nullable = true
	return Value{Type: t, Null: true}
}

// List returns a list of values of a kind, which may be null. A value of
// another kind makes a list that the host refuses.
func List(k abi.Kind, values ...Value) Value {
	elem := of(k)
	for i := range values {
		elem.Nullable = elem.Nullable || values[i].Null
	}
	list := make([]Value, len(values))
	for i, v := range values {
		if v.Type.Kind == k && v.Type.Elem == nil {
			v.Type.Nullable = elem.Nullable
		}
		list[i] = v
	}
	return Value{Type: abi.Type{Kind: abi.List, Elem: &elem}, List: list}
}

// Ints returns a list of ints.
func Ints[T integer](v ...T) Value {
	list := make([]Value, len(v))
	for i, x := range v {
		list[i] = Int(x)
	}
	return List(abi.Int, list...)
}

// Texts returns a list of texts.
func Texts(v ...string) Value {
	list := make([]Value, len(v))
	for i, x := range v {
		list[i] = Text(x)
	}
	return List(abi.Str, list...)
}

// ParseUUID reads a uuid in its usual form,
// "123e4567-e89b-12d3-a456-426614174000", in either case.
func ParseUUID(s string) (v [16]byte, ok bool) {
	if len(s) != 36 {
		return v, false
	}
	n := 0
	for i := range len(s) {
		c, digit := s[i], byte(0)
		switch {
		case i == 8 || i == 13 || i == 18 || i == 23:
			if c != '-' {
				return v, false
			}
			continue
		case '0' <= c && c <= '9':
			digit = c - '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			digit = c | 0x20 - 'a' + 10
		default:
			return v, false
		}
		v[n/2] = v[n/2]<<4 | digit
		n++
	}
	return v, true
}
