package flyte

import (
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// pyKind is the kind of a value as Python has it.
type pyKind uint8

const (
	pyNone pyKind = iota
	pyBool
	pyInt
	pyFloat
	pyStr
	pyBytes
	pyDatetime
	pyTimedelta
	pyList
	pyDict
	pyEnum
	pyObject
)

// pyValue is what flytekit makes of a literal. Which field holds it depends on
// kind:
//
//	pyBool                     i, 0 or 1
//	pyInt                      i, or big where it does not fit
//	pyDatetime, pyTimedelta    i, microseconds since 1970 in UTC, or of duration
//	pyFloat                    f
//	pyStr, pyBytes, pyEnum     s; of an enum the value
//	pyList                     list
//	pyDict                     keys and list, in their order
//	pyObject                   s, the class; names of fields in keys, list
type pyValue struct {
	kind pyKind
	i    int64
	f    float64
	s    string
	big  *big.Int
	list []pyValue
	keys []pyValue
}

func pyText(s string) pyValue { return pyValue{kind: pyStr, s: s} }

// str is Python's str(v): what flytekit puts into the query.
func (v pyValue) str() string {
	switch v.kind {
	case pyStr:
		return v.s
	case pyEnum:
		return "DynamicEnum." + v.s
	case pyDatetime:
		return datetimeStr(v.i)
	case pyTimedelta:
		return timedeltaStr(v.i)
	}
	var b strings.Builder
	v.repr(&b)
	return b.String()
}

// repr writes Python's repr(v): how a value stands within another.
func (v pyValue) repr(b *strings.Builder) {
	switch v.kind {
	case pyNone:
		b.WriteString("None")
	case pyBool:
		b.WriteString([]string{"False", "True"}[v.i&1])
	case pyInt:
		b.WriteString(v.digits())
	case pyFloat:
		b.WriteString(floatRepr(v.f))
	case pyStr:
		b.WriteString(strRepr(v.s))
	case pyBytes:
		b.WriteString(bytesRepr(v.s))
	case pyDatetime:
		b.WriteString(datetimeRepr(v.i))
	case pyTimedelta:
		b.WriteString(timedeltaRepr(v.i))
	case pyEnum:
		b.WriteString("<DynamicEnum." + v.s + ": " + strRepr(v.s) + ">")
	case pyList:
		v.series(b, "[", "]", func(int) {})
	case pyDict:
		v.series(b, "{", "}", func(i int) { v.keys[i].repr(b); b.WriteString(": ") })
	case pyObject:
		v.series(b, v.s+"(", ")", func(i int) { b.WriteString(v.keys[i].s + "=") })
	}
}

// series writes the values of a list, a dict or an object.
func (v pyValue) series(b *strings.Builder, open, end string, before func(int)) {
	b.WriteString(open)
	for i, x := range v.list {
		if i > 0 {
			b.WriteString(", ")
		}
		before(i)
		x.repr(b)
	}
	b.WriteString(end)
}

// digits returns an int's decimal digits.
func (v pyValue) digits() string {
	if v.big != nil {
		return v.big.String()
	}
	return strconv.FormatInt(v.i, 10)
}

// floatRepr is Python's repr of a float: the shortest digits that read back,
// with an exponent below 1e-4 and from 1e16 on.
func floatRepr(f float64) string {
	switch s := strconv.FormatFloat(f, 'e', -1, 64); {
	case s == "NaN":
		return "nan"
	case s == "+Inf":
		return "inf"
	case s == "-Inf":
		return "-inf"
	default:
		exp, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
		if exp < -4 || exp >= 16 {
			return s
		}
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// quoteOf returns the quote that Python chooses: a single one, unless only a
// double one saves an escape.
func quoteOf(s string) byte {
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return '"'
	}
	return '\''
}

// strRepr is Python's repr of a str: what str.isprintable refuses is escaped.
func strRepr(s string) string {
	q := quoteOf(s)
	b := append(make([]byte, 0, len(s)+2), q)
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
			b = appendHex(append(b, `\x`...), uint32(r), 2)
		case r < 0x10000:
			b = appendHex(append(b, `\u`...), uint32(r), 4)
		default:
			b = appendHex(append(b, `\U`...), uint32(r), 8)
		}
	}
	return string(append(b, q))
}

// bytesRepr is Python's repr of bytes.
func bytesRepr(s string) string {
	q := quoteOf(s)
	b := append(make([]byte, 0, len(s)+3), 'b', q)
	for i := range len(s) {
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
			b = appendHex(append(b, `\x`...), uint32(c), 2)
		default:
			b = append(b, c)
		}
	}
	return string(append(b, q))
}

// appendHex appends the last n hexadecimal digits of x.
func appendHex(b []byte, x uint32, n int) []byte {
	for n--; n >= 0; n-- {
		b = append(b, "0123456789abcdef"[x>>(4*n)&15])
	}
	return b
}
