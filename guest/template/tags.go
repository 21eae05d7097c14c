package template

import (
	"sort"
	"strconv"
	"strings"
)

const knownTags = "if, elif, else, endif, for, endfor, set and raw"

var tagNames = []string{"if", "elif", "else", "endif", "for", "endfor", "set", "raw", "endraw"}

// foreignTags are Jinja's tags that are not part of this language, with what
// to do instead.
var foreignTags = map[string]string{
	"macro": "there are no macros", "call": "there are no macros", "endmacro": "there are no macros", "endcall": "there are no macros",
	"include": "a template stands alone", "import": "a template stands alone", "from": "a template stands alone",
	"extends": "a template stands alone", "block": "a template stands alone", "endblock": "a template stands alone",
	"filter": "apply the filter to each expression: {{ x | upper }}", "endfilter": "apply the filter to each expression: {{ x | upper }}",
	"with": "use {% set %}", "endwith": "use {% set %}", "endset": "write {% set name = value %}",
	"do": "use {% set %}", "autoescape": "values are bound, never escaped", "endautoescape": "values are bound, never escaped",
	"break": "use {% if %} in the loop", "continue": "use {% if %} in the loop",
	"elseif": "write elif", "elsif": "write elif", "end": "write endif or endfor",
}

// statement reads what a tag begins. done is true when the tag belongs to an
// outer block.
func (p *parser) statement(t *tag) (n node, done bool) {
	if len(p.open) >= maxBlocks && (t.name == "if" || t.name == "for") {
		p.add(t.at, "blocks nest deeper than "+strconv.Itoa(maxBlocks), "join conditions with and, or use {% elif %}")
		p.i, p.tooDeep = len(p.src), true
		return nil, false
	}
	switch t.name {
	case "if":
		n = p.ifBlock(t)
		return n, p.stop != nil
	case "for":
		n = p.forBlock(t)
		return n, p.stop != nil
	case "set":
		return p.setTag(t), false
	case "raw":
		return p.raw(t), false
	case "elif", "else", "endif", "endfor":
		p.stop = t
		return nil, true
	}
	p.unknownTag(t)
	return nil, false
}

func (p *parser) unknownTag(t *tag) {
	msg := "unknown tag " + strconv.Quote(t.name)
	if hint, ok := foreignTags[t.name]; ok {
		p.add(t.at, "the tag "+strconv.Quote(t.name)+" is not part of this template language", hint)
		return
	}
	p.add(t.at, msg, didYouMean(t.name, tagNames, "tags are "+knownTags))
}

// strayTag reports a tag that no open block understands.
func (p *parser) strayTag(t *tag) {
	hint := "remove it, or open the block with {% if %}"
	if t.name == "endfor" {
		hint = "remove it, or open the block with {% for %}"
	}
	p.add(t.at, "{% "+t.name+" %} without an open block", hint)
}

// noMore reports tokens that a tag does not take.
func (p *parser) noMore(t *tag) {
	if t.tokens[0].kind != eEnd {
		p.add(t.tokens[0].at, "{% "+t.name+" %} takes no expression", "")
	}
}

// ifBlock reads from {% if %} to {% endif %}.
func (p *parser) ifBlock(open *tag) node {
	n := &ifNode{pos: pos(open.at)}
	for t := open; ; {
		b := branch{pos: pos(t.at), cond: p.condition(t), key: exprKey(t.tokens)}
		b.body, t = p.block(open, "endif")
		n.branches = append(n.branches, b)
		if t == nil {
			return n
		}
		if t.name == "elif" {
			continue
		}
		p.noMore(t)
		if t.name == "else" {
			n.hasElse = true
			n.orElse = p.lastBlock(open, "endif")
		}
		return n
	}
}

// block reads a body of the block that open began, and the tag of the block
// that ends it: end, elif or else. It is nil when the template ended before,
// or when the tag closes an outer block, which is reported.
func (p *parser) block(open *tag, end string) ([]node, *tag) {
	p.open = append(p.open, end)
	defer func() { p.open = p.open[:len(p.open)-1] }()
	var out []node
	for {
		out = append(out, p.body()...)
		t := p.stop
		p.stop = nil
		switch {
		case t == nil && p.tooDeep:
			return out, nil
		case t == nil:
			p.add(open.at, "{% "+open.name+" %} is not closed", "close it with {% "+end+" %}")
			return out, nil
		case t.name == end, t.name == "else", t.name == "elif" && end == "endif":
			return out, t
		}
		p.add(t.at, "{% "+t.name+" %} inside of {% "+open.name+" %}", "close the block with {% "+end+" %} first")
		if contains(p.open[:len(p.open)-1], closer(t.name)) {
			p.stop = t
			return out, nil
		}
	}
}

// closer is the tag that closes the block a tag belongs to.
func closer(name string) string {
	if name == "elif" {
		return "endif"
	}
	return name
}

// lastBlock reads the body of {% else %} up to end.
func (p *parser) lastBlock(open *tag, end string) []node {
	var out []node
	for {
		body, t := p.block(open, end)
		out = append(out, body...)
		if t == nil {
			return out
		}
		if t.name == end {
			p.noMore(t)
			return out
		}
		p.add(t.at, "{% "+t.name+" %} behind {% else %}", "{% else %} comes last")
	}
}

// condition reads the expression of {% if %} or {% elif %}.
func (p *parser) condition(t *tag) expr {
	if t.tokens[0].kind == eEnd {
		p.add(t.at, "{% "+t.name+" %} needs a condition", "")
		return &constant{pos(t.at), pyFalse}
	}
	x := p.expression(t.tokens)
	if x == nil {
		return &constant{pos(t.at), pyFalse}
	}
	p.check(x)
	return x
}

// exprKey is the text of an expression without white space between tokens.
func exprKey(tokens []exprToken) string {
	var b strings.Builder
	for _, t := range tokens {
		switch t.kind {
		case eConst:
			b.WriteString(pyRepr(t.val))
		default:
			b.WriteString(t.text)
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// forBlock reads from {% for %} to {% endfor %}.
func (p *parser) forBlock(open *tag) node {
	n := &forNode{pos: pos(open.at), over: &constant{pos(open.at), listValue(nil)}}
	if rest := p.forTargets(n, open); rest != nil {
		p.forHead(n, rest)
	}
	p.enterScope(n.targets)
	p.loops++
	var end *tag
	n.body, end = p.block(open, "endfor")
	p.loops--
	p.leaveScope()
	if end == nil {
		return n
	}
	p.noMore(end)
	if end.name == "else" {
		p.enterScope(nil)
		n.orElse = p.lastBlock(open, "endfor")
		p.leaveScope()
	}
	return n
}

func (p *parser) enterScope(names []string) {
	scope := map[string]bool{}
	for _, name := range names {
		scope[name] = true
	}
	p.scopes = append(p.scopes, scope)
}

func (p *parser) leaveScope() { p.scopes = p.scopes[:len(p.scopes)-1] }

// forTargets reads the names up to in and returns the tokens behind it.
func (p *parser) forTargets(n *forNode, t *tag) []exprToken {
	const hint = "write {% for item in .inputs.items %}"
	tokens := t.tokens
	for {
		if p.reservedName(tokens[0]) {
			return nil
		}
		if tokens[0].kind != eName {
			p.add(tokens[0].at, "{% for %} needs the name of a variable", hint)
			return nil
		}
		n.targets = append(n.targets, tokens[0].text)
		tokens = tokens[1:]
		if tokens[0].text != "," {
			break
		}
		tokens = tokens[1:]
	}
	if tokens[0].kind != eName || tokens[0].text != "in" {
		p.add(tokens[0].at, "{% for %} needs the word in", hint)
		return nil
	}
	return tokens[1:]
}

// forHead reads what a loop goes over, and its filter.
func (p *parser) forHead(n *forNode, tokens []exprToken) {
	e := &exprParser{faults: p.faults, tokens: tokens}
	if tokens[0].kind == eEnd {
		p.add(tokens[0].at, "{% for %} needs a list", "write {% for item in .inputs.items %}")
		return
	}
	over := e.or()
	if e.name("recursive") {
		e.fail("{% for %} cannot be recursive", "")
	}
	var filter expr
	if e.name("if") {
		e.next()
		filter = e.expression()
	}
	e.end()
	e.tooDeep(over)
	e.tooDeep(filter)
	if e.failed {
		return
	}
	n.over, n.filter = over, filter
	p.check(over)
	if filter != nil {
		p.enterScope(n.targets)
		p.check(filter)
		p.leaveScope()
	}
}

// setTag reads {% set name = expression %}.
func (p *parser) setTag(t *tag) node {
	tk := t.tokens
	if p.reservedName(tk[0]) {
		return nil
	}
	if tk[0].kind != eName {
		p.add(tk[0].at, "{% set %} needs the name of a variable", "write {% set name = value %}")
		return nil
	}
	if tk[1].text != "=" {
		p.add(tk[1].at, "{% set %} needs = behind the name", "write {% set name = value %}")
		return nil
	}
	if tk[2].kind == eEnd {
		p.add(tk[2].at, "{% set %} needs a value", "write {% set name = value %}")
		return nil
	}
	x := p.expression(tk[2:])
	if x == nil {
		p.define(tk[0].text)
		return nil
	}
	p.check(x)
	p.define(tk[0].text)
	return &setNode{pos(t.at), tk[0].text, x}
}

func (p *parser) define(name string) { p.scopes[len(p.scopes)-1][name] = true }

// reservedName reports a name that cannot be a variable.
func (p *parser) reservedName(t exprToken) bool {
	if t.kind != eName || !reserved(t.text) {
		return false
	}
	p.add(t.at, "the name "+strconv.Quote(t.text)+" is reserved", "give the variable another name")
	return true
}

// reserved reports whether a name cannot be a variable.
func reserved(name string) bool {
	switch name {
	case "true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is", "if", "else", "loop", "inputs":
		return true
	}
	return false
}

// raw reads {% raw %}…{% endraw %}: its text is the template's own.
func (p *parser) raw(t *tag) node {
	p.noMore(t)
	from, trim := p.i, p.trim
	for i := from; ; {
		open := strings.Index(p.src[i:], "{%")
		if open < 0 {
			p.add(t.at, "{% raw %} is not closed", "close it with {% endraw %}")
			p.i = len(p.src)
			return nil
		}
		open += i
		if end, ok := endRaw(p.src, open); ok {
			text := p.src[from:open]
			if trim {
				cut := strings.TrimLeftFunc(text, pySpace)
				from += len(text) - len(cut)
				text = cut
			}
			if p.src[open+2] == '-' {
				text = strings.TrimRightFunc(text, pySpace)
			}
			p.trim = p.src[end-3] == '-'
			p.i = end
			if text == "" {
				return nil
			}
			return &textNode{pos(from), text}
		}
		i = open + 2
	}
}

// endRaw reports whether {% endraw %} stands at an offset, and where it ends.
func endRaw(s string, i int) (int, bool) {
	i += 2
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	i = skipRunes(s, i, pySpace)
	if !strings.HasPrefix(s[i:], "endraw") {
		return 0, false
	}
	i = skipRunes(s, i+len("endraw"), pySpace)
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	return i + 2, strings.HasPrefix(s[i:], "%}")
}

// check reports names that are not known where an expression stands, and
// notes the inputs that it uses.
func (p *parser) check(x expr) {
	switch x := x.(type) {
	case *inputRef:
		p.useInput(int(x.pos), x.name)
	case *nameRef:
		p.checkName(x)
	case *loopRef:
		if p.loops == 0 {
			p.add(int(x.pos), "loop outside of a {% for %}", "")
		}
	case *filterExpr:
		if x.name == "ident" || x.name == "inclause" {
			p.add(int(x.pos), "| "+x.name+" must be the last filter of a printed expression",
				"put the expression before it in parentheses: {{ (…) | "+x.name+" }}")
		}
	}
	eachExpr(x, p.check)
}

// checkName finds what a bare name means.
func (p *parser) checkName(x *nameRef) {
	for _, s := range p.scopes {
		if s[x.name] {
			p.used[x.name] = true // where the variable is not set, the name is the input's
			return
		}
	}
	if x.name == "loop" && p.loops > 0 {
		p.add(int(x.pos), "loop is no value", "use loop.index, loop.first, loop.last or loop.length")
		return
	}
	p.useInput(int(x.pos), x.name)
}

// useInput notes the use of an input, or reports that it is not declared.
func (p *parser) useInput(at int, name string) {
	var names []string
	for _, d := range p.inputs {
		if d.Name == name {
			p.used[name] = true
			return
		}
		names = append(names, d.Name)
	}
	known := append([]string(nil), names...)
	for _, s := range p.scopes {
		for n := range s {
			known = append(known, n)
		}
	}
	sort.Strings(known)
	hint := "declare it under inputs"
	if len(names) > 0 {
		hint = "declared are " + strings.Join(names, ", ")
	}
	p.meant[near(name, known)] = true
	before := len(p.list)
	p.add(at, "input "+strconv.Quote(name)+" is not declared", didYouMean(name, known, hint))
	p.undeclared += len(p.list) - before
}
