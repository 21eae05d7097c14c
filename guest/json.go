package guest

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonValue is a JSON value: what it is, and its parts.
type jsonValue struct {
	kind  byte   // n null, t true or false, 0 number, " text, [ list, { map
	text  string // of a number as it stands, of a text unquoted, true, false
	keys  []string
	items []jsonValue // of a list or, beside keys, of a map
}

func (v *jsonValue) kindName() string {
	switch v.kind {
	case 't':
		return "a true or false"
	case '0':
		return "a number"
	case '"':
		return "a text"
	case '[':
		return "a list"
	case '{':
		return "a map"
	}
	return "null"
}

// jsonParser reads JSON text. The first problem ends it.
//
// Source: RFC 8259. A name that stands twice in a map is refused.
type jsonParser struct {
	text    string
	at      int
	problem string
}

// maxJSONDepth is how deep lists and maps may be nested.
const maxJSONDepth = 64

func (p *jsonParser) fail(problem string) {
	if p.problem == "" {
		p.problem = "character " + strconv.Itoa(utf8.RuneCountInString(p.text[:p.at])+1) + ": " + problem
	}
	p.at = len(p.text)
}

// document reads the whole text as one value.
func (p *jsonParser) document() jsonValue {
	v := p.value(0)
	if p.space(); p.at < len(p.text) {
		p.fail("more follows the value")
	}
	return v
}

func (p *jsonParser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

// take moves past c if it comes next.
func (p *jsonParser) take(c byte) bool {
	p.space()
	if p.at < len(p.text) && p.text[p.at] == c {
		p.at++
		return true
	}
	return false
}

func (p *jsonParser) value(depth int) jsonValue {
	p.space()
	if p.at == len(p.text) {
		p.fail("the text ends where a value must be")
		return jsonValue{kind: 'n'}
	}
	if depth > maxJSONDepth {
		p.fail("nested more than " + strconv.Itoa(maxJSONDepth) + " deep")
		return jsonValue{kind: 'n'}
	}
	switch c := p.text[p.at]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		return jsonValue{kind: '"', text: p.quoted()}
	case c == '-' || '0' <= c && c <= '9':
		return jsonValue{kind: '0', text: p.number()}
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if len(p.text)-p.at >= len(word) && p.text[p.at:p.at+len(word)] == word {
			p.at += len(word)
			if word == "null" {
				return jsonValue{kind: 'n'}
			}
			return jsonValue{kind: 't', text: word}
		}
	}
	p.fail("no value")
	return jsonValue{kind: 'n'}
}

func (p *jsonParser) list(depth int) jsonValue {
	v := jsonValue{kind: '['}
	p.at++
	if p.take(']') {
		return v
	}
	for p.problem == "" {
		v.items = append(v.items, p.value(depth+1))
		if p.take(']') {
			return v
		}
		if !p.take(',') {
			p.fail("no comma or end of the list")
		}
	}
	return v
}

func (p *jsonParser) object(depth int) jsonValue {
	v := jsonValue{kind: '{'}
	p.at++
	if p.take('}') {
		return v
	}
	for p.problem == "" {
		p.space()
		if p.at == len(p.text) || p.text[p.at] != '"' {
			p.fail("no name")
			break
		}
		key := p.quoted()
		for _, k := range v.keys {
			if k == key && p.problem == "" {
				p.fail("the name " + quote(key) + " stands twice")
			}
		}
		if !p.take(':') {
			p.fail("no colon behind a name")
			break
		}
		v.keys = append(v.keys, key)
		v.items = append(v.items, p.value(depth+1))
		if p.take('}') {
			return v
		}
		if !p.take(',') {
			p.fail("no comma or end of the map")
		}
	}
	return v
}

// number reads -? (0 | digits) (. digits)? ([eE] [+-]? digits)?
func (p *jsonParser) number() string {
	from := p.at
	if p.text[p.at] == '-' {
		p.at++
	}
	zero := p.at < len(p.text) && p.text[p.at] == '0'
	if n := p.digits(); n == 0 || zero && n > 1 {
		p.fail("no number")
		return "0"
	}
	if p.at < len(p.text) && p.text[p.at] == '.' {
		p.at++
		if p.digits() == 0 {
			p.fail("no digits behind the point")
			return "0"
		}
	}
	if p.at < len(p.text) && p.text[p.at]|0x20 == 'e' {
		p.at++
		if p.at < len(p.text) && (p.text[p.at] == '+' || p.text[p.at] == '-') {
			p.at++
		}
		if p.digits() == 0 {
			p.fail("no digits in the exponent")
			return "0"
		}
	}
	return p.text[from:p.at]
}

func (p *jsonParser) digits() int {
	from := p.at
	for p.at < len(p.text) && '0' <= p.text[p.at] && p.text[p.at] <= '9' {
		p.at++
	}
	return p.at - from
}

// quoted reads a text in quotes.
func (p *jsonParser) quoted() string {
	p.at++
	var out []byte
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == '"':
			return string(out)
		case c == '\\':
			out = p.escape(out)
		case c < 0x20:
			p.at--
			p.fail("a control character in a text")
		default:
			out = append(out, c)
		}
	}
	p.fail("a text without its end")
	return ""
}

func (p *jsonParser) escape(out []byte) []byte {
	if p.at == len(p.text) {
		return out
	}
	c := p.text[p.at]
	p.at++
	switch c {
	case '"', '\\', '/':
		return append(out, c)
	case 'b':
		return append(out, '\b')
	case 'f':
		return append(out, '\f')
	case 'n':
		return append(out, '\n')
	case 'r':
		return append(out, '\r')
	case 't':
		return append(out, '\t')
	case 'u':
		r := p.hex4()
		if utf16.IsSurrogate(r) {
			low := rune(0)
			if len(p.text)-p.at >= 2 && p.text[p.at:p.at+2] == `\u` {
				p.at += 2
				low = p.hex4()
			}
			if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
				p.fail("half a surrogate pair")
			}
		}
		return utf8.AppendRune(out, r)
	}
	p.at--
	p.fail("an escape that there is not")
	return out
}

func (p *jsonParser) hex4() rune {
	if len(p.text)-p.at < 4 {
		p.fail("an escape that is cut short")
		return 0
	}
	n, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 32)
	if err != nil {
		p.fail("an escape that is no hexadecimal number")
		return 0
	}
	p.at += 4
	return rune(n)
}
