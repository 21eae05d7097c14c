package template

import (
	"strconv"
	"strings"
)

// postfix reads [i] and reports what Jinja has here and this language has not.
func (e *exprParser) postfix(x expr) expr {
	for n := 0; !e.failed; n++ {
		switch {
		case n >= maxTree:
			e.fail("the expression nests deeper than "+strconv.Itoa(maxTree), splitHint)
		case e.op("["):
			x = e.subscript(x)
		case e.op("("):
			e.fail("there are no calls", "use a filter: {{ x | upper }}; a loop goes over a list, its count is loop.index")
		case e.op("."):
			e.fail("values have no attributes", "an input is named {{ .inputs.name }}, an item of a list is x[0]")
		default:
			return x
		}
	}
	return x
}

// subscript reads [i] or [from:to:step].
func (e *exprParser) subscript(x expr) expr {
	at := pos(e.next().at)
	part := func() expr {
		if e.op(":") || e.op("]") {
			return nil
		}
		return e.expression()
	}
	i := part()
	if !e.op(":") {
		if i == nil {
			e.fail("an index is missing", "")
		}
		e.want("]")
		return &index{at, x, i}
	}
	e.next()
	s := &slice{pos: at, x: x, from: i, to: part()}
	if e.op(":") {
		e.next()
		s.step = part()
	}
	e.want("]")
	return s
}

// filters reads | name(args) and is [not] name.
func (e *exprParser) filters(x expr) expr {
	for n := 0; !e.failed; n++ {
		switch {
		case n >= maxTree:
			e.fail("the expression has too many filters", splitHint)
		case e.op("|"):
			e.next()
			x = e.filter(x)
		case e.name("is"):
			x = e.test(x)
		case e.op("("):
			e.fail("there are no calls", "use a filter: {{ x | upper }}")
		default:
			return x
		}
	}
	return x
}

func (e *exprParser) test(x expr) expr {
	t := &testExpr{pos: pos(e.next().at), x: x}
	if e.name("not") {
		e.next()
		t.not = true
	}
	name := e.peek()
	if name.kind != eName || !contains(testNames, name.text) {
		e.fail("unknown test "+strconv.Quote(name.text), didYouMean(name.text, testNames, "tests are "+strings.Join(testNames, ", ")))
		return nil
	}
	e.next()
	t.name = name.text
	if e.name("is") {
		e.fail("tests cannot be chained", "join them with and")
	}
	return t
}

// filter reads a filter's name and arguments.
func (e *exprParser) filter(x expr) expr {
	name := e.peek()
	spec := filterSpec(name.text)
	if name.kind != eName || spec == nil {
		e.fail("unknown filter "+strconv.Quote(name.text), filterHint(name.text))
		return nil
	}
	e.next()
	f := &filterExpr{pos: pos(name.at), x: x, name: name.text, args: make([]expr, len(spec.params))}
	if e.op("(") {
		e.next()
		e.args(f, spec)
	}
	for i := range spec.params {
		if i < spec.required && f.args[i] == nil {
			if !e.failed {
				e.add(name.at, "| "+f.name+" needs "+strconv.Quote(spec.params[i]), "")
			}
			e.failed = true
		}
	}
	return f
}

// args reads a filter's arguments, by place or by name.
func (e *exprParser) args(f *filterExpr, spec *filterDef) {
	named := false
	for n := 0; !e.failed && !e.op(")"); n++ {
		at := n
		if e.peek().kind == eName && e.i+1 < len(e.tokens) && e.tokens[e.i+1].text == "=" {
			named = true
			at = indexOf(spec.params, e.peek().text)
			if at < 0 {
				e.fail("| "+f.name+" has no argument "+strconv.Quote(e.peek().text), argsHint(spec))
				return
			}
			e.i += 2
		} else if named {
			e.fail("an argument without a name behind one with a name", "")
			return
		}
		if at >= len(spec.params) {
			e.fail("too many arguments for | "+f.name, argsHint(spec))
			return
		}
		if f.args[at] != nil {
			e.fail("the argument "+strconv.Quote(spec.params[at])+" is given twice", "")
			return
		}
		f.args[at] = e.expression()
		if !e.op(",") {
			break
		}
		e.next()
	}
	e.want(")")
}

func indexOf(list []string, s string) int {
	for i, x := range list {
		if x == s {
			return i
		}
	}
	return -1
}

func argsHint(spec *filterDef) string {
	if len(spec.params) == 0 {
		return "it takes none"
	}
	return "it takes " + strings.Join(spec.params, ", ")
}
