package template

import (
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// How deep things nest, for the guest's stack.
const (
	maxBlocks = 32
	maxDepth  = 50 // brackets, signs and nots of an expression
	maxTree   = 64 // an expression's tree; operands of one chain are one level
)

// parser reads a template: text, {{ }}, {% %} and {# #}.
type parser struct {
	*faults
	inputs []abi.InputDecl
	i      int  // what is to be read next
	trim   bool // the text that follows loses its leading white space
	used   map[string]bool
	meant  map[string]bool   // inputs that a mistyped name is likely to mean
	scopes []map[string]bool // names that statements define, innermost last
	loops  int
	open   []string // the tags that would close the open blocks, innermost last
	stop   *tag     // the tag that ended the last body

	tooDeep    bool // reading ended at a block that nests too deep
	undeclared int  // how many of the faults are names that are not declared
}

// tag is the head of a {% %}.
type tag struct {
	at     int
	name   string
	tokens []exprToken // behind the name
}

// parseTemplate reads the whole template and reports every fault it finds,
// inputs that are not used included. ok is false when the syntax is wrong.
func parseTemplate(r *faults, inputs []abi.InputDecl) (body []node, ok bool) {
	p := &parser{faults: r, inputs: inputs, used: map[string]bool{}, meant: map[string]bool{}, scopes: []map[string]bool{{}}}
	for {
		body = append(body, p.body()...)
		if p.stop == nil {
			break
		}
		p.strayTag(p.stop)
	}
	if ok = len(r.list) == p.undeclared; ok {
		p.unused()
	}
	return body, ok
}

// unused reports the inputs that the template does not name.
func (p *parser) unused() {
	for _, d := range p.inputs {
		if !p.used[d.Name] && !p.meant[d.Name] {
			p.add(-1, "the template never uses input "+strconv.Quote(d.Name),
				"use it as {{ .inputs."+d.Name+" }}, or do not declare it")
		}
	}
}

// body reads nodes up to a tag that only an outer block understands, which is
// left in p.stop, or up to the end of the template.
func (p *parser) body() []node {
	var out []node
	p.stop = nil
	for p.i < len(p.src) {
		open := nextOpening(p.src, p.i)
		text := p.src[p.i:open]
		at := p.i
		if p.trim {
			trimmed := strings.TrimLeftFunc(text, pySpace)
			at += len(text) - len(trimmed)
			text = trimmed
		}
		p.trim = false
		if open+2 < len(p.src) && p.src[open+2] == '-' {
			text = strings.TrimRightFunc(text, pySpace)
		}
		if text != "" {
			out = append(out, &textNode{pos(at), text})
		}
		if open == len(p.src) {
			p.i = open
			break
		}
		n, done := p.markup(open)
		if n != nil {
			out = append(out, n)
		}
		if done {
			return out
		}
	}
	return out
}

// nextOpening returns the offset of the next {{, {% or {#, or of the end.
func nextOpening(s string, i int) int {
	for ; i+1 < len(s); i++ {
		if s[i] == '{' && (s[i+1] == '{' || s[i+1] == '%' || s[i+1] == '#') {
			return i
		}
	}
	return len(s)
}

// markup reads what opens at an offset. done is true when it is a tag for an
// outer block.
func (p *parser) markup(open int) (n node, done bool) {
	from := open + 2
	if from < len(p.src) && (p.src[from] == '-' || p.src[from] == '+') {
		from++
	}
	switch p.src[open+1] {
	case '#':
		p.comment(open, from)
		return nil, false
	case '{':
		return p.print(open, from), false
	}
	tokens, ok := p.tokens(open, from, "{%", "%}")
	if tokens == nil {
		return nil, false
	}
	if tokens[0].kind != eName && ok {
		p.add(open, "a tag without a name", "tags are "+knownTags)
		return nil, false
	}
	if !ok {
		// The tag still opens or closes its block.
		tokens = append(tokens[:1], exprToken{kind: eConst, at: open, end: open}, exprToken{kind: eEnd, at: open})
	}
	t := &tag{open, tokens[0].text, tokens[1:]}
	return p.statement(t)
}

// tokens cuts what stands between two delimiters. ok is false when that has
// faults, which are reported; the tokens are nil when it does not end.
func (p *parser) tokens(open, from int, opening, closing string) (t []exprToken, ok bool) {
	before := len(p.list)
	t, end := exprTokens(p.faults, from, closing)
	ok = len(p.list) == before
	if end < 0 {
		if ok {
			p.add(open, "the "+opening+" is not closed", "close it with "+closing)
		}
		p.i = len(p.src)
		return nil, false
	}
	p.close(end, 2)
	return t, ok
}

// close steps over a closing delimiter and its sign.
func (p *parser) close(end, width int) {
	if p.src[end] == '-' || p.src[end] == '+' {
		p.trim = p.src[end] == '-'
		end++
	}
	p.i = end + width
}

// comment steps over {# #}.
func (p *parser) comment(open, from int) {
	end := strings.Index(p.src[from:], "#}")
	if end < 0 {
		p.add(open, "the {# is not closed", "close it with #}")
		p.i = len(p.src)
		return
	}
	p.i = from + end + 2
	p.trim = end > 0 && p.src[from+end-1] == '-'
}

// print reads {{ … }}.
func (p *parser) print(open, from int) node {
	tokens, ok := p.tokens(open, from, "{{", "}}")
	if !ok {
		return nil
	}
	n := &printNode{pos: pos(open), spaceBefore: spaceAt(p.src, open-1), spaceBehind: spaceAt(p.src, p.i)}
	if tokens[0].kind == eEnd {
		p.add(open, "an expression is missing", "name an input, as in {{ .inputs.name }}")
		return nil
	}
	x := p.expression(tokens)
	if x == nil {
		return nil
	}
	if f, ok := x.(*filterExpr); ok && f.name == "ident" {
		n.form, x = asIdent, f.x
	} else if ok && f.name == "inclause" {
		n.form, x = asInclause, f.x
	}
	n.x = x
	p.check(x)
	return n
}

// spaceAt reports whether white space stands at an offset.
func spaceAt(s string, i int) bool {
	return i >= 0 && i < len(s) && (s[i] == ' ' || s[i] >= '\t' && s[i] <= '\r')
}
