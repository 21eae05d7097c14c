package manifest

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/host"
)

// plainKind is what a plain scalar is where no type is declared, by the core
// schema of YAML 1.2.2, section 10.3.2. The parser's own answer is not used:
// it has octal 0777, 1_000 and timestamps of YAML 1.1.
type plainKind uint8

const (
	plainText plainKind = iota
	plainNull
	plainBool
	plainInt
	plainFloat
)

func resolve(s string) plainKind {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return plainNull
	case "true", "True", "TRUE", "false", "False", "FALSE":
		return plainBool
	case ".nan", ".NaN", ".NAN":
		return plainFloat
	}
	t := strings.TrimLeft(s, "+-")
	if len(s)-len(t) > 1 || t == "" {
		return plainText
	}
	switch t {
	case ".inf", ".Inf", ".INF":
		return plainFloat
	}
	if len(t) == len(s) && (strings.HasPrefix(t, "0x") || strings.HasPrefix(t, "0o")) {
		if _, ok := prefixed(t); ok {
			return plainInt
		}
		return plainText
	}
	return decimalKind(t)
}

// decimalKind tells 12 from 1.2, 1e2 and text.
func decimalKind(t string) plainKind {
	whole := digits(t)
	rest := t[whole:]
	if rest == "" {
		return plainInt
	}
	fraction := 0
	if rest[0] == '.' {
		fraction = digits(rest[1:])
		rest = rest[1+fraction:]
	}
	if whole+fraction == 0 {
		return plainText
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		e := rest[1:]
		if e != "" && (e[0] == '+' || e[0] == '-') {
			e = e[1:]
		}
		if e == "" || digits(e) != len(e) {
			return plainText
		}
		rest = ""
	}
	if rest != "" {
		return plainText
	}
	return plainFloat
}

// digits returns how many decimal digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// prefixed returns the number that 0x1f or 0o17 stands for, as decimal text.
func prefixed(s string) (string, bool) {
	base := 16
	if s[1] == 'o' {
		base = 8
	}
	if len(s) < 3 || s[2] == '_' || s[2] == '+' || s[2] == '-' {
		return "", false
	}
	u, err := strconv.ParseUint(s[2:], base, 64)
	return strconv.FormatUint(u, 10), err == nil
}

// leadingZero reports whether s is an integer such as 0777, which is 511 to
// some and 777 to others.
func leadingZero(s string) bool {
	t := strings.TrimLeft(s, "+-")
	return len(t) > 1 && t[0] == '0' && digits(t) == len(t)
}

const leadingZeroHint = "quote it for a text, leave the zeros out for a number"

// toJSON returns n as JSON text. Numbers keep all their digits.
func (r *reader) toJSON(n *yaml.Node) ([]byte, bool) {
	before := len(r.faults)
	b := r.appendJSON(nil, n)
	return b, len(r.faults) == before
}

func (r *reader) appendJSON(b []byte, n *yaml.Node) []byte {
	n = target(n)
	switch n.Kind {
	case yaml.MappingNode:
		b = append(b, '{')
		for i := 0; i+1 < len(n.Content); i += 2 {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, n.Content[i].Value)
			b = append(b, ':')
			b = r.appendJSON(b, n.Content[i+1])
		}
		return append(b, '}')
	case yaml.SequenceNode:
		b = append(b, '[')
		for i, c := range n.Content {
			if i > 0 {
				b = append(b, ',')
			}
			b = r.appendJSON(b, c)
		}
		return append(b, ']')
	}
	if !isPlain(n) {
		return appendString(b, n.Value)
	}
	text, err := plainJSON(n.Value)
	if err != nil {
		r.add(n, "", err)
		return append(b, "null"...)
	}
	return append(b, text...)
}

// plainJSON returns a plain scalar as JSON text.
func plainJSON(s string) ([]byte, *host.Error) {
	switch resolve(s) {
	case plainNull:
		return []byte("null"), nil
	case plainBool:
		return []byte(strings.ToLower(s)), nil
	case plainInt:
		if leadingZero(s) {
			return nil, problem(leadingZeroHint, "%s has leading zeros", quote(s))
		}
		if len(s) > 2 && (s[1] == 'x' || s[1] == 'o') {
			text, _ := prefixed(s)
			return []byte(text), nil
		}
		return []byte(strings.TrimPrefix(s, "+")), nil
	case plainFloat:
		return jsonFloat(s)
	}
	return appendString(nil, s), nil
}

// jsonFloat returns 1., .5, +1e5 and 01.5 as JSON writes them.
func jsonFloat(s string) ([]byte, *host.Error) {
	s = strings.TrimPrefix(s, "+")
	sign := ""
	if s[0] == '-' {
		sign, s = "-", s[1:]
	}
	if strings.HasPrefix(s, ".") && digits(s[1:]) == 0 {
		return nil, problem("quote it for a text", "JSON has no %s", quote(sign+s))
	}
	whole := s[:digits(s)]
	rest := s[len(whole):]
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	if strings.HasPrefix(rest, ".") && digits(rest[1:]) == 0 {
		rest = rest[1:]
	}
	return []byte(sign + whole + rest), nil
}

// appendString appends s as a JSON string.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c == '\n':
			b = append(b, '\\', 'n')
		case c < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
