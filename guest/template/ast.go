package template

// node is a part of a template: text, something printed, or a statement.
type node interface{ offset() int }

// pos is where something stands in the template's text, in bytes.
type pos int

func (p pos) offset() int { return int(p) }

// textNode is the template's own text.
type textNode struct {
	pos
	text string
}

// printForm is how a printed expression reaches the statement.
type printForm uint8

const (
	asValue    printForm = iota // a bound parameter
	asIdent                     // | ident
	asInclause                  // | inclause
)

// printNode is {{ … }}.
type printNode struct {
	pos
	x    expr
	form printForm
	// spaceBefore and spaceBehind say whether white space touches the braces
	// in the template's text, where a - may have removed it.
	spaceBefore, spaceBehind bool
}

// ifNode is {% if %} with its {% elif %}s and {% else %}.
type ifNode struct {
	pos
	branches []branch
	orElse   []node
	hasElse  bool
}

type branch struct {
	pos
	cond expr
	key  string // the condition's text, equal for equal conditions
	body []node
}

// forNode is {% for %}.
type forNode struct {
	pos
	targets []string
	over    expr
	filter  expr // of {% for x in xs if filter %}, or nil
	body    []node
	orElse  []node
}

// setNode is {% set %}.
type setNode struct {
	pos
	name string
	x    expr
}

// expr is an expression.
type expr interface{ offset() int }

// constant is a literal.
type constant struct {
	pos
	v value
}

// inputRef is an input named with a dot in front or behind inputs.
type inputRef struct {
	pos
	name string
}

// nameRef is a bare name: a loop's or a set's variable, or an input.
type nameRef struct {
	pos
	name string
}

// loopRef is loop.name.
type loopRef struct {
	pos
	name string
}

// listExpr is [a, b] or (a, b).
type listExpr struct {
	pos
	items []expr
	tuple bool
}

// unary is -x, +x or not x.
type unary struct {
	pos
	op string
	x  expr
}

// binary is an operation of arithmetic, ~, and, or.
type binary struct {
	pos
	op   string
	l, r expr
}

// compare is a chain of comparisons.
type compare struct {
	pos
	first expr
	rest  []comparison
}

type comparison struct {
	pos
	op string // == != < <= > >= in, not in
	x  expr
}

// cond is then if test else other; other may be nil.
type cond struct {
	pos
	test, then, other expr
}

// index is x[i].
type index struct {
	pos
	x, i expr
}

// slice is x[from:to:step]; each may be nil.
type slice struct {
	pos
	x, from, to, step expr
}

// filterExpr is x | name(args).
type filterExpr struct {
	pos
	x    expr
	name string
	args []expr // by the filter's parameters, nil where not given
}

// testExpr is x is name.
type testExpr struct {
	pos
	x    expr
	name string
	not  bool
}

// leftSpine is a chain of operations that group to the left, the last one
// first. It may be longer than a stack is deep.
func leftSpine(x *binary) []*binary {
	out := []*binary{x}
	for {
		l, ok := x.l.(*binary)
		if !ok {
			return out
		}
		out, x = append(out, l), l
	}
}

// eachExpr calls f for the expressions within x; the operands of a chain of
// operations are all next to each other.
func eachExpr(x expr, f func(expr)) {
	all := func(list ...expr) {
		for _, y := range list {
			if y != nil {
				f(y)
			}
		}
	}
	switch x := x.(type) {
	case *listExpr:
		all(x.items...)
	case *unary:
		all(x.x)
	case *binary:
		for _, b := range leftSpine(x) {
			all(b.r)
			if _, more := b.l.(*binary); !more {
				all(b.l)
			}
		}
	case *compare:
		all(x.first)
		for _, c := range x.rest {
			all(c.x)
		}
	case *cond:
		all(x.test, x.then, x.other)
	case *index:
		all(x.x, x.i)
	case *slice:
		all(x.x, x.from, x.to, x.step)
	case *filterExpr:
		all(x.x)
		all(x.args...)
	case *testExpr:
		all(x.x)
	}
}
