// Package pytext writes values as Python does: what flytekit puts into the text
// of a query, and what the expressions of a template, which are Jinja's, make
// text of. The template guest does so and the host does, and they share nothing
// but abi and what is below it.
//
// Functions that begin with Repr are Python's repr, the others its str. The
// package holds no state, and everything in it is safe for concurrent use. It
// does without fmt and time, since a guest links it.
package pytext

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Float is str and repr of a float: the shortest text that reads back, with an
// exponent below 1e-4 and from 1e16 on.
func Float(f float64) string {
	s := strconv.FormatFloat(f, 'e', -1, 64)
	switch s {
	case "NaN":
		return "nan"
	case "+Inf":
		return "inf"
	case "-Inf":
		return "-inf"
	}
	exp, _ := strconv.Atoi(s[strings.IndexByte(s, 'e')+1:])
	if exp < -4 || exp >= 16 {
		return s
	}
	s = strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// ReprText is repr of a str: what str.isprintable refuses is escaped.
func ReprText(s string) string {
	q := quoteOf(s)
	b := append(make([]byte, 0, len(s)+2), q)
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b = appendASCII(b, byte(r), q)
		case strconv.IsPrint(r):
			b = utf8.AppendRune(b, r)
		case r < 0x100:
			b = AppendHex(append(b, `\x`...), uint32(r), 2)
		case r < 0x10000:
			b = AppendHex(append(b, `\u`...), uint32(r), 4)
		default:
			b = AppendHex(append(b, `\U`...), uint32(r), 8)
		}
	}
	return string(append(b, q))
}

// ReprBytes is repr of bytes, and their str.
func ReprBytes(s string) string {
	q := quoteOf(s)
	b := append(make([]byte, 0, len(s)+3), 'b', q)
	for i := range len(s) {
		if s[i] < utf8.RuneSelf {
			b = appendASCII(b, s[i], q)
		} else {
			b = AppendHex(append(b, `\x`...), uint32(s[i]), 2)
		}
	}
	return string(append(b, q))
}

// quoteOf returns the quote that Python chooses: a single one, unless only a
// double one saves an escape.
func quoteOf(s string) byte {
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		return '"'
	}
	return '\''
}

// appendASCII appends a character of ASCII within the quotes q.
func appendASCII(b []byte, c, q byte) []byte {
	switch {
	case c == q || c == '\\':
		return append(b, '\\', c)
	case c == '\n':
		return append(b, `\n`...)
	case c == '\r':
		return append(b, `\r`...)
	case c == '\t':
		return append(b, `\t`...)
	case c < ' ' || c == 0x7f:
		return AppendHex(append(b, `\x`...), uint32(c), 2)
	}
	return append(b, c)
}

// AppendHex appends the last n hexadecimal digits of x, in lower case.
func AppendHex(b []byte, x uint32, n int) []byte {
	for n--; n >= 0; n-- {
		b = append(b, "0123456789abcdef"[x>>(4*n)&15])
	}
	return b
}
