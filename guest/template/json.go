package template

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi/pytext"
)

// tojsonFilter is Jinja's tojson: Python's json.dumps, with < > & ' escaped.
// Values that Python has no JSON for become what JSON usually has for them:
// decimals numbers; dates, times and uuids text.
func (m *machine) tojsonFilter(at pos, v value, args []value) value {
	indent := -1
	switch n := args[0]; {
	case n.integer():
		indent = int(max(0, min(n.i, 16)))
	case n.k != kUndefined && n.k != kNone:
		return m.wrong(at, "tojson", n, "an int as its indent")
	}
	n := jsonBytes(v, indent, 0, maxBuilt)
	if !m.grow(n) {
		return m.stop(at)
	}
	b, ok := appendJSON(make([]byte, 0, n), v, indent, 0)
	if !ok {
		return m.wrong(at, "tojson", v, "a value that JSON has")
	}
	return strValue(string(b))
}

// jsonBytes is at least how many bytes the JSON of a value has. It stops
// counting above limit.
func jsonBytes(v value, indent, depth, limit int) int {
	switch v.k {
	case kStr:
		return quotedBytes(v.s)
	case kJSON:
		return 6 * len(v.s)
	case kList:
		line := 2 + max(indent, 0)*(depth+1)
		n := 2 + line
		for i := 0; i < len(v.l) && n <= limit; i++ {
			n += line + jsonBytes(v.l[i], indent, depth+1, limit-n)
		}
		return n
	}
	return textBytes(v, limit) + 2
}

func appendJSON(b []byte, v value, indent, depth int) ([]byte, bool) {
	switch v.k {
	case kNone:
		return append(b, "null"...), true
	case kBool:
		return strconv.AppendBool(b, v.i != 0), true
	case kInt, kDecimal:
		return append(b, pyString(v)...), true
	case kFloat:
		return append(b, jsonFloat(v.f)...), true
	case kStr:
		return appendJSONText(b, v.s), true
	case kDatetime:
		return appendJSONText(b, strings.Replace(pyString(v), " ", "T", 1)), true
	case kDate, kTime, kUUID, kTimedelta:
		return appendJSONText(b, pyString(v)), true
	case kJSON:
		return append(b, htmlSafe(v.s)...), true
	case kList:
		return appendJSONList(b, v, indent, depth)
	}
	return b, false
}

func appendJSONList(b []byte, v value, indent, depth int) ([]byte, bool) {
	line := func(depth int) {
		b = append(b, '\n')
		for i := 0; i < indent*depth; i++ {
			b = append(b, ' ')
		}
	}
	b = append(b, '[')
	for i, x := range v.l {
		if i > 0 {
			b = append(b, ',')
			if indent < 0 {
				b = append(b, ' ')
			}
		}
		if indent >= 0 {
			line(depth + 1)
		}
		var ok bool
		if b, ok = appendJSON(b, x, indent, depth+1); !ok {
			return b, false
		}
	}
	if indent >= 0 && len(v.l) > 0 {
		line(depth)
	}
	return append(b, ']'), true
}

// jsonFloat is Python's text of a float in JSON.
func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return pytext.Float(f)
}

// appendJSONText writes text in ASCII.
func appendJSONText(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r >= 0x10000:
			r -= 0x10000
			b = pytext.AppendHex(append(b, `\u`...), uint32(0xd800+r>>10), 4)
			b = pytext.AppendHex(append(b, `\u`...), uint32(0xdc00+r&0x3ff), 4)
		case r < ' ' || r >= 0x7f || strings.IndexByte("<>&'", byte(r)) >= 0:
			b = pytext.AppendHex(append(b, `\u`...), uint32(r), 4)
		default:
			b = append(b, byte(r))
		}
	}
	return append(b, '"')
}

// htmlSafe escapes in a JSON document what Jinja escapes. They stand within
// its texts only.
func htmlSafe(s string) string {
	return strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`).Replace(s)
}

// jsonTruth is whether Python would take a JSON document for true.
func jsonTruth(s string) bool {
	p := &jsonParser{s: s, check: true}
	v := p.value(0)
	p.space()
	return p.bad || p.i < len(s) || v.truth()
}

// pyJSON is Python's repr of what it makes of a JSON document: a dict, a list or
// a plain value. Text that is no JSON stays as it is.
func pyJSON(s string) string {
	v, ok := parseJSON(s)
	if !ok {
		return s
	}
	return v.repr()
}

// jsonValue is a JSON value that was read: kind is its first character, n for
// a number.
type jsonValue struct {
	kind  byte
	text  string // of a text, or a number as Python prints it
	items []jsonValue
	keys  []string
}

func (v jsonValue) truth() bool {
	switch v.kind {
	case 'f', 'n':
		return false
	case '"':
		return v.text != ""
	case '0':
		return strings.Trim(v.text, "-0.") != ""
	case '[', '{':
		return len(v.items) > 0
	}
	return true
}

func (v jsonValue) repr() string {
	switch v.kind {
	case 't':
		return "True"
	case 'f':
		return "False"
	case 'n':
		return "None"
	case '"':
		return pytext.ReprText(v.text)
	case '0':
		return v.text
	}
	parts := make([]string, len(v.items))
	for i, x := range v.items {
		parts[i] = x.repr()
		if v.kind == '{' {
			parts[i] = pytext.ReprText(v.keys[i]) + ": " + parts[i]
		}
	}
	if v.kind == '{' {
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// parseJSON reads a whole JSON document.
func parseJSON(s string) (jsonValue, bool) {
	p := &jsonParser{s: s}
	v := p.value(0)
	p.space()
	return v, !p.bad && p.i == len(s)
}

type jsonParser struct {
	s   string
	i   int
	bad bool
	// check leaves out what is not needed to know whether the document is
	// right and true.
	check bool
}

func (p *jsonParser) space() {
	for p.i < len(p.s) && strings.IndexByte(" \t\r\n", p.s[p.i]) >= 0 {
		p.i++
	}
}

// take steps over a byte if it is next.
func (p *jsonParser) take(c byte) bool {
	p.space()
	if p.i < len(p.s) && p.s[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *jsonParser) value(depth int) jsonValue {
	p.space()
	if p.i >= len(p.s) || depth > 200 {
		p.bad = true
		return jsonValue{}
	}
	for _, word := range []string{"true", "false", "null"} {
		if strings.HasPrefix(p.s[p.i:], word) {
			p.i += len(word)
			return jsonValue{kind: word[0]}
		}
	}
	switch c := p.s[p.i]; {
	case c == '"':
		from := p.i
		text := p.str()
		if p.check && p.i > from+2 {
			text = "x"
		}
		return jsonValue{kind: '"', text: text}
	case c == '[' || c == '{':
		return p.container(c, depth)
	case c == '-' || digit(c):
		return p.num()
	}
	p.bad = true
	return jsonValue{}
}

func (p *jsonParser) container(c byte, depth int) jsonValue {
	v := jsonValue{kind: c}
	p.i++
	closing := c + 2 // ] behind [, } behind {
	if p.take(closing) {
		return v
	}
	var at map[string]int
	if c == '{' && !p.check {
		at = map[string]int{}
	}
	for !p.bad {
		key := ""
		if c == '{' {
			if p.space(); p.i >= len(p.s) || p.s[p.i] != '"' {
				p.bad = true
				break
			}
			key = p.str()
			p.bad = p.bad || !p.take(':')
		}
		x := p.value(depth + 1)
		switch i, known := at[key]; {
		case known:
			v.items[i] = x
		case at != nil:
			at[key] = len(v.items)
			v.items, v.keys = append(v.items, x), append(v.keys, key)
		case !p.check || v.items == nil:
			v.items = append(v.items, x)
		}
		if p.take(closing) {
			return v
		}
		p.bad = p.bad || !p.take(',')
	}
	return v
}

func (p *jsonParser) num() jsonValue {
	from := p.i
	for p.i < len(p.s) && strings.IndexByte("+-.eE0123456789", p.s[p.i]) >= 0 {
		p.i++
	}
	text := p.s[from:p.i]
	if strings.ContainsAny(text, ".eE") {
		f, err := strconv.ParseFloat(text, 64)
		p.bad = p.bad || err != nil && !math.IsInf(f, 0)
		return jsonValue{kind: '0', text: pytext.Float(f)}
	}
	if text == "-0" {
		text = "0"
	}
	return jsonValue{kind: '0', text: text}
}

func (p *jsonParser) str() string {
	var b []byte
	for p.i++; p.i < len(p.s); p.i++ {
		switch c := p.s[p.i]; {
		case c == '"':
			p.i++
			return string(b)
		case c == '\\' && p.i+1 < len(p.s):
			p.i++
			b = p.escape(b)
		case p.check:
		default:
			b = append(b, c)
		}
	}
	p.bad = true
	return ""
}

func (p *jsonParser) escape(b []byte) []byte {
	c := p.s[p.i]
	if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
		return append(b, "\"\\/\b\f\n\r\t"[i])
	}
	if c != 'u' || p.i+4 >= len(p.s) {
		p.bad = true
		return b
	}
	r, ok := codePoint([]byte(p.s[p.i-1:]), 6)
	p.i += 4
	if ok && r >= 0xd800 && r < 0xdc00 && strings.HasPrefix(p.s[p.i+1:], `\u`) && p.i+6 < len(p.s) {
		if low, ok := codePoint([]byte(p.s[p.i+1:]), 6); ok && low >= 0xdc00 && low < 0xe000 {
			r = 0x10000 + (r-0xd800)<<10 + low - 0xdc00
			p.i += 6
		}
	}
	p.bad = p.bad || !ok
	return utf8.AppendRune(b, r)
}
