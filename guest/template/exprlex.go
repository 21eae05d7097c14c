package template

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// exprToken is a token of an expression.
type exprToken struct {
	kind exprKind
	at   int    // in the template's text
	end  int    // behind it
	text string // of a name or an operator
	val  value  // of a literal
	big  bool   // the int literal 9223372036854775808, which only fits with a minus
}

type exprKind uint8

const (
	eEnd exprKind = iota
	eName
	eOp
	eConst
)

// operators, longest first.
var operators = []string{"//", "**", "==", "!=", "<=", ">=",
	"+", "-", "*", "/", "%", "~", "<", ">", "=", "(", ")", "[", "]", ",", ".", "|", ":"}

// exprTokens cuts src[from:] into tokens up to the closing delimiter, "}}" or
// "%}", before which a - or + may stand. It returns the offset of the
// delimiter with its sign, or -1 when there is none.
func exprTokens(r *faults, from int, closing string) ([]exprToken, int) {
	var out []exprToken
	src := r.src
	for i := from; ; {
		i = skipRunes(src, i, pySpace)
		if i >= len(src) {
			return out, -1
		}
		if closes(src[i:], closing) {
			return append(out, exprToken{kind: eEnd, at: i}), i
		}
		t := exprToken{at: i}
		switch c := src[i]; {
		case nameByte(c) && !(c >= '0' && c <= '9'):
			i = skipName(src, i)
			t.kind, t.text = eName, src[t.at:i]
		case c >= '0' && c <= '9':
			i = lexNumber(r, &t)
		case c == '\'' || c == '"':
			var ok bool
			if i, ok = lexString(r, &t); !ok {
				return out, -1
			}
		default:
			t.kind, t.text = eOp, operatorAt(src[i:])
			if t.text == "" {
				c, n := utf8.DecodeRuneInString(src[i:])
				r.add(i, "unexpected "+strconv.Quote(string(c))+" in an expression", strangeHint(src[i:]))
				i += n
				continue
			}
			i += len(t.text)
		}
		t.end = i
		out = append(out, t)
	}
}

// closes reports whether the closing delimiter stands here.
func closes(s, closing string) bool {
	if strings.HasPrefix(s, closing) {
		return true
	}
	return (s[0] == '-' || s[0] == '+') && strings.HasPrefix(s[1:], closing)
}

func strangeHint(s string) string {
	switch s[0] {
	case '{':
		return "there are no maps in this template language"
	case '&':
		return "write and"
	case '!':
		return "write not"
	case ';':
		return "a tag holds one expression"
	case '$', '@', '?':
		return "an input is named {{ .inputs.name }}"
	}
	return ""
}

func operatorAt(s string) string {
	for _, op := range operators {
		if strings.HasPrefix(s, op) {
			return op
		}
	}
	return ""
}

// nameByte reports whether a byte may stand in a name: every byte of a
// character beyond ASCII may, as Jinja's names are Unicode.
func nameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c >= utf8.RuneSelf
}

func skipName(s string, i int) int {
	for i < len(s) && nameByte(s[i]) {
		if r, n := utf8.DecodeRuneInString(s[i:]); n > 1 {
			if pySpace(r) {
				break
			}
			i += n
			continue
		}
		i++
	}
	return i
}

// lexNumber reads an int or a float as Jinja writes them: 1_000, 0xff, 0o17,
// 0b1, 1.5, 1e3.
func lexNumber(r *faults, t *exprToken) int {
	src, i := r.src, t.at
	digits := func() {
		for i < len(src) && (src[i] >= '0' && src[i] <= '9' || src[i] == '_') {
			i++
		}
	}
	t.kind = eConst
	if src[i] == '0' && i+1 < len(src) && strings.IndexByte("xXoObB", src[i+1]) >= 0 {
		for i += 2; i < len(src) && nameByte(src[i]); i++ {
		}
	} else {
		float := false
		digits()
		if i+1 < len(src) && src[i] == '.' && src[i+1] >= '0' && src[i+1] <= '9' {
			float = true
			i++
			digits()
		}
		if j := exponent(src, i); j > i {
			float = true
			i = j
			digits()
		}
		if float {
			f, err := strconv.ParseFloat(strings.ReplaceAll(src[t.at:i], "_", ""), 64)
			if err != nil {
				r.add(t.at, "the number "+src[t.at:i]+" is no float", "")
			}
			t.val = floatValue(f)
			return i
		}
	}
	n, err := strconv.ParseInt(src[t.at:i], 0, 64)
	if strings.Trim(src[t.at:i], "0_") == "" {
		n, err = 0, nil
	}
	if err != nil {
		t.big = src[t.at:i] == "9223372036854775808"
		if !t.big {
			r.add(t.at, "the number "+src[t.at:i]+" is no 64-bit integer", "integers go from -9223372036854775808 to 9223372036854775807")
		}
	}
	t.val = intValue(n)
	return i
}

// exponent returns the offset behind e, E, e+ or e- when a digit follows, else
// i.
func exponent(s string, i int) int {
	if i >= len(s) || s[i] != 'e' && s[i] != 'E' {
		return i
	}
	j := i + 1
	if j < len(s) && (s[j] == '+' || s[j] == '-') {
		j++
	}
	if j < len(s) && s[j] >= '0' && s[j] <= '9' {
		return j
	}
	return i
}

// lexString reads a string literal with Python's escapes.
func lexString(r *faults, t *exprToken) (int, bool) {
	src, quote := r.src, r.src[t.at]
	t.kind = eConst
	var b []byte
	for i := t.at + 1; i < len(src); {
		switch c := src[i]; c {
		case quote:
			t.val = strValue(string(b))
			return i + 1, true
		case '\\':
			if i+1 >= len(src) {
				break
			}
			n, ok := 0, false
			if b, n, ok = pyEscape(b, src[i:]); !ok {
				r.add(i, "a wrong escape in a string", `write \\ for a backslash`)
			}
			i += n
			continue
		default:
			b = append(b, c)
		}
		i++
	}
	r.add(t.at, "the string is not closed", "close it with "+string(quote))
	return 0, false
}

// pyEscape appends what the escape at the start of s stands for and returns its
// length. An unknown escape stays as it is.
func pyEscape(b []byte, s string) ([]byte, int, bool) {
	if i := strings.IndexByte("abfnrtv\\'\"\n", s[1]); i >= 0 {
		if s[1] == '\n' {
			return b, 2, true
		}
		return append(b, "\a\b\f\n\r\t\v\\'\""[i]), 2, true
	}
	switch c := s[1]; {
	case c == 'x':
		return hexEscape(b, s, 2)
	case c == 'u':
		return hexEscape(b, s, 4)
	case c == 'U':
		return hexEscape(b, s, 8)
	case c == 'N':
		return b, 2, false
	case c >= '0' && c <= '7':
		n, v := 1, rune(0)
		for n < len(s) && n < 4 && s[n] >= '0' && s[n] <= '7' {
			v = v*8 + rune(s[n]-'0')
			n++
		}
		return utf8.AppendRune(b, v), n, true
	}
	return append(b, '\\', s[1]), 2, true
}

func hexEscape(b []byte, s string, digits int) ([]byte, int, bool) {
	if len(s) < 2+digits {
		return b, 2, false
	}
	v, err := strconv.ParseUint(s[2:2+digits], 16, 32)
	if err != nil || !utf8.ValidRune(rune(v)) || v > utf8.MaxRune {
		return b, 2, false
	}
	return utf8.AppendRune(b, rune(v)), 2 + digits, true
}
