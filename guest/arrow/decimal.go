package arrow

import (
	"math/bits"
	"strconv"
)

// Interval returns the parts of a value of an Interval column. They do not
// convert into each other: a month has no fixed number of days.
func (c *Column) Interval(row int) (months, days int32, nanos int64) {
	if c.Null(row) || c.field.Kind != Interval {
		return 0, 0, 0
	}
	b := c.Bytes(row)
	return int32(le32(b)), int32(le32(b[4:])), int64(le64(b[8:]))
}

// Interval appends to an Interval column.
func (a *Appender) Interval(months, days int32, nanos int64) {
	if a.field.Kind != Interval {
		a.Misfit("an interval in a column of " + a.field.Kind.String())
		return
	}
	for range 4 {
		a.data = append(a.data, byte(months))
		months >>= 8
	}
	for range 4 {
		a.data = append(a.data, byte(days))
		days >>= 8
	}
	for range 8 {
		a.data = append(a.data, byte(nanos))
		nanos >>= 8
	}
	a.value()
}

// IntervalText returns an interval in the form of ISO 8601: "P1M-2DT0.5S".
func IntervalText(months, days int32, nanos int64) string {
	s := "P"
	if months != 0 {
		s += strconv.Itoa(int(months)) + "M"
	}
	if days != 0 {
		s += strconv.Itoa(int(days)) + "D"
	}
	if nanos == 0 && s != "P" {
		return s
	}
	s += "T"
	u := uint64(nanos)
	if nanos < 0 {
		s, u = s+"-", -u
	}
	s += strconv.FormatUint(u/1_000_000_000, 10)
	if f := u % 1_000_000_000; f != 0 {
		digits := strconv.FormatUint(1_000_000_000+f, 10)[1:]
		for digits[len(digits)-1] == '0' {
			digits = digits[:len(digits)-1]
		}
		s += "." + digits
	}
	return s + "S"
}

// DecimalText returns the number of a Decimal or integer column, with as many
// digits behind the point as the column's scale.
func (c *Column) DecimalText(row int) string {
	if c.Null(row) {
		return ""
	}
	switch c.field.Kind {
	case Decimal:
	case Uint64:
		return strconv.FormatUint(uint64(c.Int(row)), 10)
	default:
		return strconv.FormatInt(c.Int(row), 10)
	}
	b := c.Bytes(row)
	lo, hi := le64(b), le64(b[8:])
	negative := int64(hi) < 0
	if negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	var digits [80]byte
	at := len(digits)
	scale := c.field.Scale
	for n := 0; n <= max(scale, 0) || hi|lo != 0; n++ {
		if n == scale && n > 0 {
			at--
			digits[at] = '.'
		}
		var rest uint64
		hi, rest = hi/10, hi%10
		lo, rest = bits.Div64(rest, lo, 10)
		at--
		digits[at] = byte('0' + rest)
	}
	if negative {
		at--
		digits[at] = '-'
	}
	s := string(digits[at:])
	for ; scale < 0; scale++ {
		s += "0"
	}
	return s
}

// Decimal appends a number of the form [-]digits[.digits] to a Decimal column,
// or to one of text or of uint64. One that needs more digits than the column
// has does not fit.
func (a *Appender) Decimal(s string) {
	switch a.field.Kind {
	case Text:
		a.Text(s)
		return
	case Uint64:
		if n, err := strconv.ParseUint(s, 10, 64); err == nil {
			a.Uint64(n)
			return
		}
	}
	if a.field.Kind != Decimal {
		a.Misfit("a decimal in a column of " + a.field.Kind.String())
		return
	}
	lo, hi, problem := parseDecimal(s, a.field.Precision, a.field.Scale)
	if problem != "" {
		a.Misfit(problem)
		return
	}
	for range 8 {
		a.data = append(a.data, byte(lo))
		lo >>= 8
	}
	for range 8 {
		a.data = append(a.data, byte(hi))
		hi >>= 8
	}
	a.value()
}

// parseDecimal returns a number in units of 10^-scale as 128 bits.
func parseDecimal(s string, precision, scale int) (lo, hi uint64, problem string) {
	negative := s != "" && s[0] == '-'
	rest := s
	if negative {
		rest = s[1:]
	}
	digits, behind, point := 0, 0, false
	put := func(d uint64) {
		var carry, over uint64
		over, lo = bits.Mul64(lo, 10)
		hi = hi*10 + over
		lo, carry = bits.Add64(lo, d, 0)
		hi += carry
		if digits > 0 || d > 0 {
			digits++
		}
	}
	for i := range len(rest) {
		c := rest[i]
		switch {
		case c == '.' && !point && i > 0 && i < len(rest)-1:
			point = true
			continue
		case c < '0' || c > '9':
			return 0, 0, "text that is no decimal number"
		case point && behind == scale && c != '0':
			return 0, 0, "a number with more than " + strconv.Itoa(scale) + " digits behind the point"
		case point && behind == scale:
			continue
		case point:
			behind++
		}
		if put(uint64(c - '0')); digits > precision {
			return 0, 0, "a number with more than " + strconv.Itoa(precision) + " digits"
		}
	}
	if rest == "" {
		return 0, 0, "text that is no decimal number"
	}
	for ; behind < scale; behind++ {
		if put(0); digits > precision {
			return 0, 0, "a number with more than " + strconv.Itoa(precision) + " digits"
		}
	}
	if negative {
		var borrow uint64
		lo, borrow = bits.Sub64(0, lo, 0)
		hi, _ = bits.Sub64(0, hi, borrow)
	}
	return lo, hi, ""
}
