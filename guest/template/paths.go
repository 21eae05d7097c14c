package template

import (
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// Parse checks the SQL of a template without values: it writes drafts along
// paths through the template's conditions and loops, and makes on each the
// checks that Render makes. Each branch is on a path with all other conditions
// false and on one with all others true; equal conditions agree on a path.
const (
	maxPaths    = 2000
	maxPathText = 8 << 20 // bytes of all paths together
)

// plan decides a path: conditions by their text, and the turns of loops.
type plan struct {
	truth map[string]bool
	other bool // of conditions that are not in truth
	turns map[*forNode]int
	loops int // turns of loops that are not in turns
}

// condition decides a condition.
func (p *plan) condition(key string) bool {
	key, negated := withoutNot(key)
	v, ok := p.truth[key]
	if !ok {
		v = p.other
	}
	return v != negated
}

// require makes a condition true or false.
func (p *plan) require(key string, want bool) {
	key, negated := withoutNot(key)
	p.truth[key] = want != negated
}

// withoutNot returns the text of a condition without the nots before all of it,
// and whether what it means is the opposite then.
func withoutNot(key string) (_ string, negated bool) {
	for strings.HasPrefix(key, "not ") && !strings.Contains(key, " and ") && !strings.Contains(key, " or ") {
		key, negated = key[4:], !negated
	}
	return key, negated
}

// need is what a place in the template requires of a path.
type need struct {
	key  string
	want bool
	loop *forNode
	turn int
}

// checkPaths reports the faults on any path.
func checkPaths(r *faults, t *Template) {
	c := &pathChecker{faults: r, t: t}
	if straight(t.body) {
		c.check(&plan{})
	} else {
		c.branches()
	}
	if !c.any && len(r.list) == 0 {
		r.add(-1, "the template has no statement", "write one, or remove the task's query")
	}
}

// straight reports whether a template has one path only.
func straight(list []node) bool {
	for _, n := range list {
		switch n.(type) {
		case *ifNode, *forNode:
			return false
		}
	}
	return true
}

// branches checks the paths through conditions and loops.
func (c *pathChecker) branches() {
	for _, other := range []bool{true, false} {
		for _, loops := range []int{2, 1, 0} {
			c.check(&plan{other: other, loops: loops})
		}
	}
	c.places(c.t.body, nil)
}

type pathChecker struct {
	*faults
	t     *Template
	paths int
	text  int
	any   bool // a path has a statement
}

// check makes the checks on one path.
func (c *pathChecker) check(p *plan) {
	if c.paths++; c.paths > maxPaths || c.text > maxPathText {
		return
	}
	w := &tracer{
		machine: newMachine(nil), faults: c.faults, t: c.t, plan: p, d: &draft{},
		types: []map[string]abi.Type{{}}, limit: 2*len(c.t.o.Text) + 64<<10,
	}
	w.nodes(c.t.body)
	c.text += len(w.d.text)
	if w.cut {
		return
	}
	spans := checkDraft(c.faults, c.t.sql, w.d)
	if len(spans) > 0 {
		c.any = true
		c.t.know(w.d, spans)
	}
}

// places checks paths to every branch of a template.
func (c *pathChecker) places(list []node, path []need) {
	with := func(more ...need) []need { return append(append([]need(nil), path...), more...) }
	for _, n := range list {
		switch n := n.(type) {
		case *ifNode:
			var before []need
			for _, b := range n.branches {
				here := with(append(before, need{key: b.key, want: true})...)
				c.along(here)
				c.places(b.body, here)
				before = append(before, need{key: b.key})
			}
			here := with(before...)
			c.along(here)
			c.places(n.orElse, here)
		case *forNode:
			for turn := 0; turn <= 2; turn++ {
				c.along(with(need{loop: n, turn: turn}))
			}
			c.places(n.body, with(need{loop: n, turn: 2}))
			c.places(n.orElse, with(need{loop: n}))
		}
	}
}

// along checks the paths that meet some needs.
func (c *pathChecker) along(needs []need) {
	for _, other := range []bool{false, true} {
		p := &plan{truth: map[string]bool{}, other: other, turns: map[*forNode]int{}, loops: 1}
		for _, n := range needs {
			if n.loop != nil {
				p.turns[n.loop] = n.turn
			} else {
				p.require(n.key, n.want)
			}
		}
		c.check(p)
	}
}

// tracer writes the draft of one path.
type tracer struct {
	*machine
	*faults
	t     *Template
	plan  *plan
	d     *draft
	types []map[string]abi.Type
	limit int
	cut   bool // the path was too long
}

func (w *tracer) nodes(list []node) {
	for _, n := range list {
		if w.cut = w.cut || len(w.d.text) > w.limit || !w.step(1); w.cut {
			return
		}
		switch n := n.(type) {
		case *textNode:
			w.d.write(n)
		case *printNode:
			w.print(n)
		case *ifNode:
			w.d.tag(n.pos, "if")
			w.ifBlock(n)
			w.d.tag(n.pos, "if")
		case *forNode:
			w.d.tag(n.pos, "for")
			w.forBlock(n)
			w.d.tag(n.pos, "for")
		case *setNode:
			w.d.tag(n.pos, "set")
			w.types[len(w.types)-1][n.name] = w.infer(n.x)
		}
	}
}

// print writes a hole, and reports a filter on a type that it does not take.
func (w *tracer) print(n *printNode) {
	typ := w.infer(n.x)
	switch {
	case typ.Kind == 0:
	case n.form == asIdent && typ.Kind != abi.Str:
		hint := ""
		if typ.Kind == abi.List {
			hint = "print the names one by one in a {% for %}"
		}
		w.add(int(n.pos), "| ident needs text, not "+typ.Kind.String(), hint)
	case n.form == asInclause && typ.Kind != abi.List:
		w.add(int(n.pos), "| inclause needs a list, not "+typ.Kind.String(), "write IN ({{ … }}) for single values")
	}
	w.d.print(printed{node: n, list: typ.Kind == abi.List})
}

func (w *tracer) ifBlock(n *ifNode) {
	for _, b := range n.branches {
		if w.truth(b) {
			w.nodes(b.body)
			return
		}
	}
	w.nodes(n.orElse)
}

// truth decides a condition: one that is only about the loop by the turn that
// the path is in.
func (w *tracer) truth(b branch) bool {
	if len(w.loops) > 0 && aboutLoop(b.cond) {
		w.machine.fault = nil
		v := w.eval(b.cond)
		if w.machine.fault == nil {
			return v.truth()
		}
		w.machine.fault = nil
	}
	return w.plan.condition(b.key)
}

// aboutLoop reports whether an expression depends on loop.… alone.
func aboutLoop(x expr) bool {
	switch x := x.(type) {
	case *inputRef, *nameRef:
		return false
	case *loopRef:
		return x.name != "length" && x.name != "revindex" && x.name != "revindex0"
	}
	ok := true
	eachExpr(x, func(y expr) { ok = ok && aboutLoop(y) })
	return ok
}

func (w *tracer) forBlock(n *forNode) {
	turns, ok := w.plan.turns[n]
	if !ok {
		turns = w.plan.loops
	}
	if len(w.loops) > 3 {
		turns = min(turns, 1)
	}
	scope := map[string]abi.Type{}
	elem := abi.Type{}
	if over := w.infer(n.over); over.Kind == abi.List && over.Elem != nil {
		elem = *over.Elem
	} else if over.Kind == abi.Str {
		elem = over
	} else if over.Kind != 0 && over.Kind != abi.List {
		w.add(n.over.offset(), "{% for %} needs a list or text, not "+over.Kind.String(), "")
	}
	for _, name := range n.targets {
		scope[name] = abi.Type{}
	}
	if len(n.targets) == 1 {
		scope[n.targets[0]] = elem
	} else if elem.Kind == abi.List && elem.Elem != nil {
		for _, name := range n.targets {
			scope[name] = *elem.Elem
		}
	}
	if turns == 0 {
		w.within(map[string]abi.Type{}, n.orElse)
		return
	}
	loop := &loopState{n: turns}
	w.loops = append(w.loops, loop)
	for ; loop.i < turns; loop.i++ {
		own := make(map[string]abi.Type, len(scope))
		for k, v := range scope {
			own[k] = v
		}
		w.within(own, n.body)
	}
	w.loops = w.loops[:len(w.loops)-1]
}

func (w *tracer) within(scope map[string]abi.Type, body []node) {
	w.types = append(w.types, scope)
	w.nodes(body)
	w.types = w.types[:len(w.types)-1]
}
