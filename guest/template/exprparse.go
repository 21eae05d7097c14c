package template

import (
	"strconv"
	"strings"
)

// exprParser reads an expression with Jinja's precedence, from low to high:
// if-else, or, and, not, comparison, + -, ~, * / // %, **, unary + -, and
// then postfix, filters and tests. All of them group to the left.
type exprParser struct {
	*faults
	tokens []exprToken
	i      int
	depth  int
	failed bool // only the first fault of an expression is told
}

// expression reads tokens up to their end, or reports and returns nil.
func (p *parser) expression(tokens []exprToken) expr {
	e := &exprParser{faults: p.faults, tokens: tokens}
	x := e.expression()
	e.end()
	e.tooDeep(x)
	if e.failed {
		return nil
	}
	return x
}

// tooDeep reports an expression whose tree is too deep for those who walk it.
func (e *exprParser) tooDeep(x expr) {
	type level struct {
		x expr
		n int
	}
	for open := []level{{x, 1}}; len(open) > 0 && !e.failed && x != nil; {
		top := open[len(open)-1]
		open = open[:len(open)-1]
		if top.n > maxTree {
			e.failed = true
			e.add(top.x.offset(), "the expression nests deeper than "+strconv.Itoa(maxTree), splitHint)
		}
		eachExpr(top.x, func(y expr) { open = append(open, level{y, top.n + 1}) })
	}
}

func (e *exprParser) peek() exprToken { return e.tokens[min(e.i, len(e.tokens)-1)] }

func (e *exprParser) next() exprToken {
	t := e.peek()
	e.i++
	return t
}

// fail reports a fault at the next token and ends the reading.
func (e *exprParser) fail(msg, hint string) {
	if !e.failed {
		e.add(e.peek().at, msg, hint)
	}
	e.failed = true
	e.i = len(e.tokens)
}

// op reports whether the next token is an operator.
func (e *exprParser) op(text string) bool {
	t := e.peek()
	return t.kind == eOp && t.text == text
}

// name reports whether the next token is a word.
func (e *exprParser) name(text string) bool {
	t := e.peek()
	return t.kind == eName && t.text == text
}

// want steps over an operator or reports that it is missing.
func (e *exprParser) want(text string) {
	if !e.op(text) {
		e.fail("expected "+strconv.Quote(text)+describe(e.peek()), "")
		return
	}
	e.next()
}

// describe names a token that is not what was expected.
func describe(t exprToken) string {
	switch t.kind {
	case eEnd:
		return " at the end of the expression"
	case eConst:
		return " before a literal"
	}
	return " before " + strconv.Quote(t.text)
}

// end reports what stands behind a whole expression.
func (e *exprParser) end() {
	t := e.peek()
	if e.failed || t.kind == eEnd {
		return
	}
	switch {
	case t.text == "=":
		e.fail("unexpected \"=\"", "compare with ==")
	case t.text == ",":
		e.fail("unexpected \",\"", "write a list in brackets: [a, b]")
	case t.kind == eConst:
		e.fail("a literal where the expression should have ended", "join with ~, compare with ==")
	case contains([]string{"AND", "OR", "NOT", "IN", "IS", "IF", "ELSE"}, t.text):
		e.fail("unexpected "+strconv.Quote(t.text), lowerHint(t.text))
	default:
		e.fail("unexpected "+strconv.Quote(t.text), "")
	}
}

const splitHint = "give parts of it names with {% set %}"

// enter bounds the depth of an expression.
func (e *exprParser) enter() bool {
	e.depth++
	if e.depth > maxDepth {
		e.fail("the expression nests deeper than "+strconv.Itoa(maxDepth), splitHint)
		return false
	}
	return true
}

func (e *exprParser) expression() expr {
	if !e.enter() {
		return nil
	}
	defer func() { e.depth-- }()
	x := e.or()
	for e.name("if") {
		at := e.next().at
		c := &cond{pos: pos(at), then: x, test: e.or()}
		if e.name("else") {
			e.next()
			c.other = e.expression()
		}
		x = c
	}
	return x
}

// leftward reads operands with operators between them, grouping to the left.
func (e *exprParser) leftward(operand func() expr, kind exprKind, ops ...string) expr {
	x := operand()
	for n := 0; ; n++ {
		t := e.peek()
		if t.kind != kind || !contains(ops, t.text) {
			return x
		}
		if n > 1000 {
			e.fail("the expression has too many operands", splitHint)
			return x
		}
		e.next()
		x = &binary{pos(t.at), t.text, x, operand()}
	}
}

func (e *exprParser) or() expr  { return e.leftward(e.and, eName, "or") }
func (e *exprParser) and() expr { return e.leftward(e.not, eName, "and") }

func (e *exprParser) not() expr {
	if !e.name("not") {
		return e.compare()
	}
	if !e.enter() {
		return nil
	}
	defer func() { e.depth-- }()
	at := e.next().at
	return &unary{pos(at), "not", e.not()}
}

func (e *exprParser) compare() expr {
	x := e.sum()
	c := &compare{pos: pos(e.peek().at), first: x}
	for {
		t := e.peek()
		op := t.text
		switch {
		case t.kind == eOp && contains([]string{"==", "!=", "<", "<=", ">", ">="}, op):
		case t.kind == eName && op == "in":
		case t.kind == eName && op == "not" && e.i+1 < len(e.tokens) && e.tokens[e.i+1].text == "in" && e.tokens[e.i+1].kind == eName:
			e.next()
			op = "not in"
		default:
			if c.rest == nil {
				return x
			}
			return c
		}
		e.next()
		c.rest = append(c.rest, comparison{pos(t.at), op, e.sum()})
	}
}

func (e *exprParser) sum() expr     { return e.leftward(e.concat, eOp, "+", "-") }
func (e *exprParser) concat() expr  { return e.leftward(e.product, eOp, "~") }
func (e *exprParser) product() expr { return e.leftward(e.power, eOp, "*", "/", "//", "%") }
func (e *exprParser) power() expr   { return e.leftward(e.unary, eOp, "**") }

func (e *exprParser) unary() expr { return e.signed(true) }

// signed reads a sign and its operand; filters and tests apply to the whole.
func (e *exprParser) signed(filters bool) expr {
	var x expr
	t := e.peek()
	if e.op("-") || e.op("+") {
		if !e.enter() {
			return nil
		}
		defer func() { e.depth-- }()
		e.next()
		if operand := e.peek(); t.text == "-" && operand.big {
			e.next()
			x = &constant{pos(t.at), intValue(-1 << 63)}
		} else {
			x = &unary{pos(t.at), t.text, e.signed(false)}
		}
	} else {
		x = e.primary()
	}
	x = e.postfix(x)
	if filters {
		x = e.filters(x)
	}
	return x
}

func (e *exprParser) primary() expr {
	t := e.peek()
	switch {
	case t.kind == eConst:
		return e.literal()
	case t.kind == eName:
		return e.nameOrWord()
	case e.op("."):
		e.next()
		return e.dotted(t.at)
	case e.op("("):
		return e.parens()
	case e.op("["):
		e.next()
		return e.list(pos(t.at), "]", nil, false)
	case t.kind == eEnd:
		e.fail("an expression is missing", "")
	default:
		e.fail("unexpected "+strconv.Quote(t.text), operatorHint(t.text))
	}
	return nil
}

func operatorHint(op string) string {
	if op == "=" {
		return "compare with =="
	}
	return ""
}

// literal reads a literal; strings that follow each other are one.
func (e *exprParser) literal() expr {
	t := e.next()
	if t.big {
		e.i--
		e.fail("the number 9223372036854775808 is no 64-bit integer", "integers go from -9223372036854775808 to 9223372036854775807")
		return nil
	}
	for t.val.k == kStr && e.peek().kind == eConst && e.peek().val.k == kStr {
		t.val.s += e.next().val.s
	}
	return &constant{pos(t.at), t.val}
}

// nameOrWord reads a name or one of the words that are values.
func (e *exprParser) nameOrWord() expr {
	t := e.peek()
	at := pos(t.at)
	switch t.text {
	case "true", "True":
		e.next()
		return &constant{at, pyTrue}
	case "false", "False":
		e.next()
		return &constant{at, pyFalse}
	case "none", "None":
		e.next()
		return &constant{at, none}
	case "null", "NULL":
		e.fail("unexpected "+strconv.Quote(t.text), "write none")
		return nil
	case "and", "or", "not", "in", "is", "if", "else", "AND", "OR", "NOT":
		e.fail("unexpected "+strconv.Quote(t.text), lowerHint(t.text))
		return nil
	}
	e.next()
	if t.text == "inputs" && e.op(".") {
		e.next()
		return e.input(t.at)
	}
	if t.text == "loop" && e.op(".") {
		e.next()
		return e.loopAttr(t.at)
	}
	return &nameRef{at, t.text}
}

func lowerHint(word string) string {
	if lower := strings.ToLower(word); lower != word {
		return "write " + lower
	}
	return ""
}

// dotted reads what stands behind a leading dot: inputs.x or x.
func (e *exprParser) dotted(at int) expr {
	t := e.peek()
	if t.kind != eName {
		e.fail("a name is missing behind the dot", "an input is named {{ .inputs.name }}")
		return nil
	}
	if t.text == "inputs" && e.i+1 < len(e.tokens) && e.tokens[e.i+1].text == "." {
		e.i += 2
		return e.input(at)
	}
	e.next()
	return &inputRef{pos(at), t.text}
}

// input reads the name behind inputs.
func (e *exprParser) input(at int) expr {
	t := e.peek()
	if t.kind != eName {
		e.fail("the name of an input is missing", "an input is named {{ .inputs.name }}")
		return nil
	}
	e.next()
	return &inputRef{pos(at), t.text}
}

func (e *exprParser) loopAttr(at int) expr {
	t := e.peek()
	if t.kind != eName || !contains(loopNames, t.text) {
		e.fail("unknown loop."+t.text, didYouMean(t.text, loopNames, "known are loop."+strings.Join(loopNames, ", loop.")))
		return nil
	}
	e.next()
	return &loopRef{pos(at), t.text}
}

// parens reads (x) or a tuple.
func (e *exprParser) parens() expr {
	at := pos(e.next().at)
	if e.op(")") {
		e.next()
		return &listExpr{pos: at, tuple: true}
	}
	x := e.expression()
	if e.op(",") {
		e.next()
		return e.list(at, ")", []expr{x}, true)
	}
	e.want(")")
	return x
}

// list reads expressions up to a closing bracket; a comma may end them.
func (e *exprParser) list(at pos, closing string, items []expr, tuple bool) expr {
	for !e.failed && !e.op(closing) {
		items = append(items, e.expression())
		if !e.op(",") {
			break
		}
		e.next()
	}
	e.want(closing)
	return &listExpr{at, items, tuple}
}
