package abi

import (
	"math"
	"strconv"
	"unicode/utf8"
)

// Ranges of the kinds that are whole numbers with a calendar behind them:
// years 0 to 9999, which every supported database can hold or refuses itself.
const (
	MinDate     = -719_528                    // 0000-01-01
	MaxDate     = 2_932_896                   // 9999-12-31
	MinDatetime = MinDate * microsOfDay       // 0000-01-01T00:00:00Z
	MaxDatetime = (MaxDate+1)*microsOfDay - 1 // 9999-12-31T23:59:59.999999Z
	MaxTime     = microsOfDay - 1             // 23:59:59.999999

	microsOfDay = 86_400_000_000
)

// Check reports, with a *DecodeError, what makes t no type: an unknown kind, a
// list without an element type or another kind with one, digits that no
// decimal has, or more than MaxDepth levels.
func (t Type) Check() error {
	if err := t.check(1); err != nil {
		return err.in("Type")
	}
	return nil
}

func (t *Type) check(depth int) *DecodeError {
	switch {
	case t.Kind == 0:
		return &DecodeError{"kind", "missing"}
	case int(t.Kind) >= len(kindNames):
		return &DecodeError{"kind", strconv.Itoa(int(t.Kind)) + " is not known"}
	case depth > MaxDepth:
		return &DecodeError{"", "nested more than " + strconv.Itoa(MaxDepth) + " deep"}
	case t.Kind != List && t.Elem != nil:
		return &DecodeError{"elem", "given for " + t.Kind.String()}
	case t.Kind != Decimal && t.Precision != 0:
		return &DecodeError{"precision", "given for " + t.Kind.String()}
	case t.Precision > MaxPrecision:
		return &DecodeError{"precision", strconv.Itoa(int(t.Precision)) + " is more than " + strconv.Itoa(MaxPrecision)}
	case t.Scale > t.Precision:
		return &DecodeError{"scale", strconv.Itoa(int(t.Scale)) + " of a precision of " + strconv.Itoa(int(t.Precision))}
	case t.Kind != List:
		return nil
	case t.Elem == nil:
		return &DecodeError{"elem", "missing for a list"}
	}
	if err := t.Elem.check(depth + 1); err != nil {
		return err.in("elem")
	}
	return nil
}

func (t *Type) append(b []byte) []byte {
	b = appendUint(b, 1, uint64(t.Kind))
	if t.Elem != nil {
		b = appendMessage(b, 2, t.Elem.append)
	}
	b = appendBool(b, 3, t.Nullable)
	b = appendUint(b, 4, uint64(t.Precision))
	return appendUint(b, 5, uint64(t.Scale))
}

func (t *Type) decode(b []byte, left *budget) *DecodeError {
	if err := t.decodeAt(b, 1); err != nil {
		return err
	}
	return t.check(1)
}

// decodeAt reads a type at a depth, without what check does.
func (t *Type) decodeAt(b []byte, depth int) *DecodeError {
	if depth > MaxDepth {
		return &DecodeError{"", "nested more than " + strconv.Itoa(MaxDepth) + " deep"}
	}
	r := reader{rest: b}
	for r.next() {
		switch r.field {
		case 1:
			t.Kind = Kind(r.upTo("kind", uint64(List)))
		case 2:
			c := r.bytes("elem")
			if r.err != nil {
				break
			}
			t.Elem = new(Type)
			if err := t.Elem.decodeAt(c, depth+1); err != nil {
				r.err = err.in("elem")
			}
		case 3:
			t.Nullable = r.boolean("nullable")
		case 4:
			t.Precision = uint8(r.upTo("precision", MaxPrecision))
		case 5:
			t.Scale = uint8(r.upTo("scale", MaxPrecision))
		default:
			r.skip()
		}
	}
	return r.err
}

// Marshal returns the message in wire format. What is no value, for which see
// Check, is written as it is and refused by the reader.
func (v *Value) Marshal() []byte { return v.append(nil) }

// Unmarshal reads the message from wire format.
func (v *Value) Unmarshal(b []byte) error {
	*v = Value{}
	err := unmarshal("Value", b, v)
	if err != nil {
		*v = Value{}
	}
	return err
}

// Check reports, with a *DecodeError, what makes v no value of its type: a
// null that the type does not have, a number or text out of the range of its
// kind, an entry of a list that is not of the list's element type.
func (v Value) Check() error {
	if err := v.Type.check(1); err != nil {
		return err.in("type").in("Value")
	}
	if err := v.check(); err != nil {
		return err.in("Value")
	}
	return nil
}

// check is Check for a value whose type is one.
func (v *Value) check() *DecodeError {
	if v.Null {
		if !v.Type.Nullable {
			return &DecodeError{"", "null, but " + v.Type.String() + " has no null"}
		}
		return nil
	}
	if v.Type.Kind != List {
		return v.checkScalar()
	}
	for i := range v.List {
		e := &v.List[i]
		err := (*DecodeError)(nil)
		if e.Type.Equal(*v.Type.Elem) {
			err = e.check()
		} else {
			err = &DecodeError{"type", e.Type.String() + " in a " + v.Type.String()}
		}
		if err != nil {
			return err.in("list_value.values[" + strconv.Itoa(i) + "]")
		}
	}
	return nil
}

func (v *Value) checkScalar() *DecodeError {
	lo, hi := int64(math.MinInt64), int64(math.MaxInt64)
	switch v.Type.Kind {
	case Bool:
		lo, hi = 0, 1
	case Datetime:
		lo, hi = MinDatetime, MaxDatetime
	case Date:
		lo, hi = MinDate, MaxDate
	case Time:
		lo, hi = 0, MaxTime
	case Str, JSON:
		if !utf8.ValidString(v.Str) {
			return &DecodeError{"bytes_value", "not valid UTF-8"}
		}
	case Decimal:
		if !isDecimal(v.Str) {
			return &DecodeError{"bytes_value", "not a decimal number"}
		}
		if !v.Type.holds(v.Str) {
			return &DecodeError{"bytes_value", "more digits than " + v.Type.String() + " has"}
		}
	case UUID:
		if len(v.Str) != 16 {
			return &DecodeError{"bytes_value", strconv.Itoa(len(v.Str)) + " bytes, a uuid has 16"}
		}
	}
	if v.Int < lo || v.Int > hi {
		return &DecodeError{"int_value", strconv.FormatInt(v.Int, 10) + " is out of the range of " + v.Type.Kind.String()}
	}
	return nil
}

// isDecimal reports whether s is [-]digits[.digits].
func isDecimal(s string) bool {
	if s != "" && s[0] == '-' {
		s = s[1:]
	}
	digits, point := 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case '0' <= c && c <= '9':
			digits++
		case c == '.' && !point && digits > 0:
			point, digits = true, 0
		default:
			return false
		}
	}
	return digits > 0
}

// holds reports whether a decimal has the digits for a number, which isDecimal.
// Zeros at its ends are none.
func (t *Type) holds(s string) bool {
	if t.Precision == 0 {
		return true
	}
	s, _ = cutPrefix(s, "-")
	for s != "" && s[0] == '0' {
		s = s[1:]
	}
	whole, fraction := len(s), 0
	if i := index(s, "."); i >= 0 {
		for s[len(s)-1] == '0' {
			s = s[:len(s)-1]
		}
		whole, fraction = i, len(s)-i-1
	}
	return whole <= int(t.Precision-t.Scale) && fraction <= int(t.Scale)
}

func (v *Value) append(b []byte) []byte {
	return v.appendBody(appendMessage(b, 1, v.Type.append))
}

// appendBody writes the value without its type.
func (v *Value) appendBody(b []byte) []byte {
	if v.Null {
		return b
	}
	switch v.Type.Kind {
	case Int, Bool, Datetime, Date, Time, Timedelta:
		return appendVarint(appendTag(b, 2, wireVarint), zigzag(v.Int))
	case Float:
		b = appendTag(b, 3, wireFixed64)
		bits := math.Float64bits(v.Float)
		for range 8 {
			b = append(b, byte(bits))
			bits >>= 8
		}
		return b
	case Str, Decimal, Bytes, UUID, JSON:
		b = appendVarint(appendTag(b, 4, wireBytes), uint64(len(v.Str)))
		return append(b, v.Str...)
	case List:
		return appendMessage(b, 5, (*list)(v).append)
	}
	return b
}

// list is the message ListValue: the entries of a Value of kind List. An entry
// of the list's element type is written without its type.
type list Value

func (l *list) append(b []byte) []byte {
	for i := range l.List {
		e := &l.List[i]
		if l.Type.Elem != nil && e.Type.Equal(*l.Type.Elem) {
			b = appendMessage(b, 1, (*entry)(e).append)
		} else {
			b = appendMessage(b, 1, e.append)
		}
	}
	return b
}

// entry is a Value of a list, without its type.
type entry Value

func (e *entry) append(b []byte) []byte { return (*Value)(e).appendBody(b) }

func (v *Value) decode(b []byte, left *budget) *DecodeError { return v.decodeAs(b, nil, left) }

// The members of the oneof in Value, by field number.
const (
	intMember   = 2
	floatMember = 3
	bytesMember = 4
	listMember  = 5
)

var memberNames = [...]string{intMember: "int_value", floatMember: "float_value", bytesMember: "bytes_value", listMember: "list_value"}

// memberOf returns the member that holds a value of a kind.
func memberOf(k Kind) int {
	switch k {
	case Float:
		return floatMember
	case Str, Decimal, Bytes, UUID, JSON:
		return bytesMember
	case List:
		return listMember
	}
	return intMember
}

// decodeAs reads a value that must be of type want, or of any when want is nil.
func (v *Value) decodeAs(b []byte, want *Type, left *budget) *DecodeError {
	r := reader{rest: b, left: left}
	member, body := 0, []byte(nil)
	for r.next() {
		if r.field >= intMember && r.field <= listMember {
			if member != 0 {
				r.fail(memberNames[r.field], "given beside "+memberNames[member])
				break
			}
			member = r.field
		}
		switch r.field {
		case 1:
			r.message("type", &v.Type)
		case intMember:
			v.Int = r.sint("int_value")
		case floatMember:
			v.Float = r.double("float_value")
		case bytesMember:
			v.Str = string(r.bytes("bytes_value"))
		case listMember:
			body = r.bytes("list_value")
		default:
			r.skip()
		}
	}
	if want == nil {
		r.missing("type", 1)
	}
	if r.err != nil {
		return r.err
	}
	return v.settle(want, member, body, left)
}

// settle checks a value whose fields were read, and reads its list.
func (v *Value) settle(want *Type, member int, body []byte, left *budget) *DecodeError {
	if want != nil {
		if v.Type != (Type{}) && !v.Type.Equal(*want) {
			return &DecodeError{"type", v.Type.String() + " in a list[" + want.String() + "]"}
		}
		v.Type = *want
	}
	v.Null = member == 0
	if should := memberOf(v.Type.Kind); !v.Null && member != should {
		return &DecodeError{memberNames[member], "given for " + v.Type.String() + ", want " + memberNames[should]}
	}
	if v.Null || v.Type.Kind != List {
		return v.check()
	}
	if err := v.decodeList(body, left); err != nil {
		return err.in("list_value")
	}
	return nil
}

// decodeList reads the message ListValue. It counts before it allocates.
func (v *Value) decodeList(b []byte, left *budget) *DecodeError {
	count := budget{items: left.items}
	for r := (reader{rest: b, left: &count}); r.next(); {
		if r.field != 1 {
			r.skip()
		} else {
			r.item("values")
		}
		if r.err != nil {
			return r.err
		}
	}
	if n := left.items - count.items; n > 0 {
		v.List = make([]Value, 0, n)
	}
	r := reader{rest: b, left: left}
	for r.next() {
		if r.field != 1 {
			r.skip()
			continue
		}
		c, i := r.item("values"), len(v.List)
		v.List = append(v.List, Value{})
		if err := v.List[i].decodeAs(c, v.Type.Elem, left); err != nil && r.err == nil {
			r.err = err.in("values[" + strconv.Itoa(i) + "]")
		}
	}
	return r.err
}
