package template

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// pyString is Python's str(v): what ~, | string and a quoted literal make of a
// value, and what flytekit puts into its text.
func pyString(v value) string {
	switch v.k {
	case kStr:
		return v.s
	case kInt:
		return strconv.FormatInt(v.i, 10)
	case kBool:
		if v.i != 0 {
			return "True"
		}
		return "False"
	case kFloat:
		return pyFloat(v.f)
	case kNone:
		return "None"
	case kDatetime:
		return datetimeText(v.i) + "+00:00"
	case kDate:
		return dateText(v.i)
	case kTime:
		return timeText(v.i)
	case kTimedelta:
		return timedeltaText(v.i)
	case kDecimal:
		return parseDecimal(v.s).String()
	case kUUID:
		return uuidText(v.s)
	case kJSON:
		return v.s // not Python's: the document is what SQL needs
	}
	return pyRepr(v)
}

// writeString writes str(v).
func writeString(b *strings.Builder, v value) {
	if v.k == kList {
		writeList(b, v)
		return
	}
	b.WriteString(pyString(v))
}

// pyRepr is Python's repr(v): how a value prints within a list.
func pyRepr(v value) string {
	switch v.k {
	case kStr:
		return pyQuote(v.s)
	case kBytes:
		return pyBytes(v.s)
	case kDatetime:
		y, m, d := civil(floorDiv(v.i, dayMicros))
		return "datetime.datetime(" + ints(y, m, d) + clockArgs(floorMod(v.i, dayMicros)) + ", tzinfo=datetime.timezone.utc)"
	case kDate:
		y, m, d := civil(v.i)
		return "datetime.date(" + ints(y, m, d) + ")"
	case kTime:
		return "datetime.time(" + strings.TrimPrefix(clockArgs(v.i), ", ") + ")"
	case kTimedelta:
		return timedeltaRepr(v.i)
	case kDecimal:
		return "Decimal('" + pyString(v) + "')"
	case kUUID:
		return "UUID('" + uuidText(v.s) + "')"
	case kJSON:
		return pyJSON(v.s)
	case kList:
		var b strings.Builder
		b.Grow(reprBytes(v, maxBuilt))
		writeList(&b, v)
		return b.String()
	}
	return pyString(v)
}

// writeList writes repr(v) of a list.
func writeList(b *strings.Builder, v value) {
	open, end := "[", "]"
	if v.tuple {
		open, end = "(", ")"
		if len(v.l) == 1 {
			end = ",)"
		}
	}
	b.WriteString(open)
	for i, x := range v.l {
		if i > 0 {
			b.WriteString(", ")
		}
		if x.k == kList {
			writeList(b, x)
			continue
		}
		b.WriteString(pyRepr(x))
	}
	b.WriteString(end)
}

// pyFloat is Python's repr of a float: the shortest text that reads back, with
// an exponent below 1e-4 and from 1e16 on.
func pyFloat(f float64) string {
	switch {
	case f != f:
		return "nan"
	case f > 1.7976931348623157e308:
		return "inf"
	case f < -1.7976931348623157e308:
		return "-inf"
	}
	s := strconv.FormatFloat(f, 'e', -1, 64)
	e := strings.IndexByte(s, 'e')
	exp, _ := strconv.Atoi(s[e+1:])
	if exp < -4 || exp >= 16 {
		return s
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// pyQuote is Python's repr of a str: single quotes unless only double ones
// avoid an escape, and escapes for what str.isprintable does not accept.
func pyQuote(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	b := make([]byte, 0, len(s)+2)
	b = append(b, q)
	for _, r := range s {
		switch {
		case r == rune(q) || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case strconv.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r < 0x100:
			b = append(b, `\x`...)
			b = hex(b, uint32(r), 2)
		case r < 0x10000:
			b = append(b, `\u`...)
			b = hex(b, uint32(r), 4)
		default:
			b = append(b, `\U`...)
			b = hex(b, uint32(r), 8)
		}
	}
	return string(append(b, q))
}

// pyBytes is Python's repr of bytes.
func pyBytes(s string) string {
	q := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		q = '"'
	}
	b := append(make([]byte, 0, len(s)+3), 'b', q)
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == q || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, `\n`...)
		case c == '\r':
			b = append(b, `\r`...)
		case c == '\t':
			b = append(b, `\t`...)
		case c < ' ' || c >= 0x7f:
			b = append(b, `\x`...)
			b = hex(b, uint32(c), 2)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, q))
}

const hexDigits = "0123456789abcdef"

// hex appends the last n hexadecimal digits of x.
func hex(b []byte, x uint32, n int) []byte {
	for n--; n >= 0; n-- {
		b = append(b, hexDigits[x>>(4*n)&15])
	}
	return b
}

// uuidText writes sixteen bytes as 8-4-4-4-12 hexadecimal digits.
func uuidText(s string) string {
	b := make([]byte, 0, 36)
	for i := 0; i < len(s); i++ {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = hex(b, uint32(s[i]), 2)
	}
	return string(b)
}

// ints joins numbers with commas.
func ints(n ...int64) string {
	s := make([]string, len(n))
	for i, x := range n {
		s[i] = strconv.FormatInt(x, 10)
	}
	return strings.Join(s, ", ")
}
