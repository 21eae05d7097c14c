package guest

import "github.com/wasmsql/wasmsql/abi"

// Input is what one execution is given.
//
// The getters are named like the constructors of values. An input that the
// task does not declare, that has another type, or that is null ends the
// execution with a message that says so: they never return what was not given.
// Ask IsNull first where the task declares an input as nullable.
//
// Times are numbers here, because package time alone would make a module
// 260 KB larger. A plugin that wants a time.Time writes
// time.UnixMicro(in.Datetime("at")). LogicalTime, in microseconds since
// 1970-01-01T00:00:00Z, is the time of the execution: the same at every look,
// and the only time that a plugin knows.
type Input struct{ abi.Input }

// find returns an input, or nil.
func (in *Input) find(name string) *Value {
	for i := range in.Values {
		if in.Values[i].Name == name {
			return &in.Values[i].Value
		}
	}
	return nil
}

// Has reports whether the task declares an input of this name.
func (in *Input) Has(name string) bool { return in.find(name) != nil }

// IsNull reports whether an input is null.
func (in *Input) IsNull(name string) bool { return in.value(name).Null }

// Value returns an input of any type as it is, for instance to make it a
// parameter.
func (in *Input) Value(name string) Value { return *in.value(name) }

func (in *Input) value(name string) *Value {
	if v := in.find(name); v != nil {
		return v
	}
	names := make([]string, len(in.Values))
	for i := range names {
		names[i] = in.Values[i].Name
	}
	hint := "declare it in the task file, under inputs"
	if n := near(name, names); n != "" {
		hint = "the task declares " + quote(n)
	}
	stop("the plugin reads the input "+quote(name)+", which the task does not declare", hint)
	return nil
}

// of returns an input of a kind that is not null.
func (in *Input) of(name string, k abi.Kind) *Value {
	v := in.value(name)
	if v.Type.Kind != k {
		stop("the plugin reads the input "+quote(name)+" as "+k.String()+", the task declares "+v.Type.String(),
			"declare it as "+k.String()+" in the task file")
	}
	if v.Null {
		stop("the input "+quote(name)+" is null", "give it, or declare a default in the task file")
	}
	return v
}

// Int returns an input of type int.
func (in *Input) Int(name string) int64 { return in.of(name, abi.Int).Int }

// Float returns an input of type float.
func (in *Input) Float(name string) float64 { return in.of(name, abi.Float).Float }

// Text returns an input of type str.
func (in *Input) Text(name string) string { return in.of(name, abi.Str).Str }

// Bool returns an input of type bool.
func (in *Input) Bool(name string) bool { return in.of(name, abi.Bool).Int != 0 }

// Datetime returns an input of type datetime, in microseconds since
// 1970-01-01T00:00:00Z.
func (in *Input) Datetime(name string) int64 { return in.of(name, abi.Datetime).Int }

// Date returns an input of type date, in days since 1970-01-01.
func (in *Input) Date(name string) int64 { return in.of(name, abi.Date).Int }

// Time returns an input of type time, in microseconds since midnight.
func (in *Input) Time(name string) int64 { return in.of(name, abi.Time).Int }

// Timedelta returns an input of type timedelta, in microseconds.
func (in *Input) Timedelta(name string) int64 { return in.of(name, abi.Timedelta).Int }

// Decimal returns an input of type decimal, as its text.
func (in *Input) Decimal(name string) string { return in.of(name, abi.Decimal).Str }

// Bytes returns an input of type bytes.
func (in *Input) Bytes(name string) []byte { return []byte(in.of(name, abi.Bytes).Str) }

// UUID returns an input of type uuid.
func (in *Input) UUID(name string) (v [16]byte) {
	copy(v[:], in.of(name, abi.UUID).Str)
	return v
}

// JSON returns an input of type json, as its text.
func (in *Input) JSON(name string) string { return in.of(name, abi.JSON).Str }

// List returns an input of a list type.
func (in *Input) List(name string) []Value { return in.of(name, abi.List).List }

// quote returns a name in quotes. What could end them is replaced, not
// escaped as strconv.Quote does, which would add 30 KB to a module.
func quote(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c == '"' || c < ' ' {
			b[i] = '?'
		}
	}
	return "\"" + string(b) + "\""
}
