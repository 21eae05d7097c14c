package template

import (
	"strconv"
	"unicode/utf8"
)

// unescape turns a piece of a quoted literal's text into what it means.
func unescape(sql *dialect, prefix, quote byte, s []byte) (string, bool) {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		switch {
		case s[i] == quote:
			b = append(b, quote)
			i += 2
		case s[i] != '\\' || !sql.backslash && prefix != 'E' || i+1 >= len(s):
			b = append(b, s[i])
			i++
		case prefix == 'E':
			var n int
			var ok bool
			if b, n, ok = postgresEscape(b, s[i:]); !ok {
				return "", false
			}
			i += n
		default:
			b = mysqlEscape(b, s[i+1])
			i += 2
		}
	}
	return string(b), utf8.Valid(b)
}

// mysqlEscape appends what a backslash and c stand for. \% and \_ stay as they
// are, for LIKE.
func mysqlEscape(b []byte, c byte) []byte {
	switch c {
	case '0':
		return append(b, 0)
	case 'b':
		return append(b, '\b')
	case 'n':
		return append(b, '\n')
	case 'r':
		return append(b, '\r')
	case 't':
		return append(b, '\t')
	case 'Z':
		return append(b, 26)
	case '%', '_':
		return append(b, '\\', c)
	}
	return append(b, c)
}

// postgresEscape appends what the escape of an E'…' at the start of s stands
// for and returns its length.
func postgresEscape(b, s []byte) ([]byte, int, bool) {
	switch c := s[1]; {
	case c == 'b':
		return append(b, '\b'), 2, true
	case c == 'f':
		return append(b, '\f'), 2, true
	case c == 'n':
		return append(b, '\n'), 2, true
	case c == 'r':
		return append(b, '\r'), 2, true
	case c == 't':
		return append(b, '\t'), 2, true
	case c >= '0' && c <= '7':
		n := 2
		for n < len(s) && n < 4 && s[n] >= '0' && s[n] <= '7' {
			n++
		}
		v, _ := strconv.ParseUint(string(s[1:n]), 8, 16)
		return append(b, byte(v)), n, byte(v) != 0
	case c == 'x' && len(s) > 2 && isHex(s[2]):
		n := 3
		if n < len(s) && isHex(s[n]) {
			n++
		}
		v, _ := strconv.ParseUint(string(s[2:n]), 16, 16)
		return append(b, byte(v)), n, v != 0
	case c == 'u' || c == 'U':
		return unicodeEscape(b, s)
	case c >= utf8.RuneSelf:
		_, n := utf8.DecodeRune(s[1:])
		return append(b, s[1:1+n]...), 1 + n, true
	default:
		return append(b, c), 2, true
	}
}

func isHex(c byte) bool {
	return digit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

// unicodeEscape reads \uXXXX, a pair of them for a surrogate pair, or
// \UXXXXXXXX.
func unicodeEscape(b, s []byte) ([]byte, int, bool) {
	n := 6
	if s[1] == 'U' {
		n = 10
	}
	r, ok := codePoint(s, n)
	if !ok || r == 0 {
		return b, 0, false
	}
	if r >= 0xd800 && r < 0xdc00 && len(s) > n+1 && s[n] == '\\' && (s[n+1] == 'u' || s[n+1] == 'U') {
		m := 6
		if s[n+1] == 'U' {
			m = 10
		}
		low, ok := codePoint(s[n:], m)
		if !ok || low < 0xdc00 || low > 0xdfff {
			return b, 0, false
		}
		r = 0x10000 + (r-0xd800)<<10 + low - 0xdc00
		n += m
	}
	if !utf8.ValidRune(r) {
		return b, 0, false
	}
	return utf8.AppendRune(b, r), n, true
}

// codePoint reads the hexadecimal digits of s[2:n].
func codePoint(s []byte, n int) (rune, bool) {
	if len(s) < n {
		return 0, false
	}
	v, err := strconv.ParseUint(string(s[2:n]), 16, 32)
	return rune(v), err == nil && v <= utf8.MaxRune
}
