package template

import (
	"strings"
	"unicode/utf8"
)

// unescapeColons is what SQLAlchemy's text() makes of SQL that has no values to
// bind: \:name becomes :name, and any other :name is a bind parameter without
// a value, the first of which is returned with its offset, -1 if there is none.
//
// Source: SQLAlchemy 2.1, sql/compiler.py, BIND_PARAMS and BIND_PARAMS_ESC:
//
//	(?<![:\w\x5c]):([\w\$]+)(?![:\w\$])
//	\x5c(:[\w\$]*)(?![:\w\$])
func unescapeColons(s string) (out, bind string, at int) {
	if strings.IndexByte(s, ':') < 0 {
		return s, "", -1
	}
	b := make([]byte, 0, len(s))
	from := 0
	for i := 0; i < len(s); {
		c := strings.IndexByte(s[i:], ':')
		if c < 0 {
			break
		}
		i += c
		end := skipRunes(s, i+1, bindRune)
		switch {
		case end < len(s) && s[end] == ':': // neither expression matches
		case i > 0 && s[i-1] == '\\':
			b = append(b, s[from:i-1]...)
			from = i
		case end > i+1 && !bindBehind(s[:i]):
			return "", s[i+1 : end], i
		}
		i = max(end, i+1)
	}
	return string(append(b, s[from:]...)), "", -1
}

// bindRune is [\w$].
func bindRune(r rune) bool { return r == '$' || pyWord(r) }

// bindBehind reports whether a text ends with [:\w\\], behind which a colon
// begins no parameter.
func bindBehind(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && (r == ':' || r == '\\' || pyWord(r))
}
