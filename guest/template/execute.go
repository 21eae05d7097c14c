package template

import (
	"strconv"

	"github.com/wasmsql/wasmsql/abi"
)

// runner renders a template into a draft.
type runner struct {
	*machine
	d *draft
}

// execute renders the template with values.
func (t *Template) execute(in []abi.NamedValue, maxSQL int) (*draft, *fault) {
	r := &runner{machine: newMachine(in), d: newDraft(len(t.o.Text), len(t.body))}
	r.d.maxSQL = maxSQL
	r.inputs.each(func(v value) { r.d.inputs += paramBytes(v, maxListSize) })
	r.nodes(t.body)
	if r.fault != nil {
		return nil, r.fault
	}
	r.d.budget = r.budget
	return r.d, nil
}

func (r *runner) nodes(list []node) {
	for _, n := range list {
		if r.fault != nil {
			return
		}
		at := pos(n.offset())
		if !r.step(1) {
			r.stop(at)
			return
		}
		switch n := n.(type) {
		case *textNode:
			if len(r.d.text)+len(n.text) > maxTotal(r.d.maxSQL) {
				r.fault = tooLongTogether(n.offset(), r.d.maxSQL)
				return
			}
			r.d.write(n)
		case *printNode:
			r.print(n)
		case *ifNode:
			r.d.tag(n.pos, "if")
			r.ifBlock(n)
			r.d.tag(n.pos, "if")
		case *forNode:
			r.d.tag(n.pos, "for")
			r.forBlock(n)
			r.d.tag(n.pos, "for")
		case *setNode:
			r.d.tag(n.pos, "set")
			v := r.need(n.x)
			r.scopes[len(r.scopes)-1].set(n.name, v)
		}
	}
}

func (r *runner) print(n *printNode) {
	v := r.need(n.x)
	if r.fault != nil {
		return
	}
	if len(r.d.holes) >= maxHoles {
		r.fault = &fault{at: n.offset(), msg: "the statements have more than " + strconv.Itoa(maxHoles) + " expressions", hint: "do it in several runs", limit: true}
		return
	}
	if !r.grow(holeBytes) {
		r.stop(n.pos)
		return
	}
	r.d.print(printed{node: n, v: v, list: v.k == kList})
}

func (r *runner) ifBlock(n *ifNode) {
	for _, b := range n.branches {
		if r.need(b.cond).truth() {
			r.nodes(b.body)
			return
		}
		if r.fault != nil {
			return
		}
	}
	r.nodes(n.orElse)
}

func (r *runner) forBlock(n *forNode) {
	over := r.need(n.over)
	if r.fault != nil {
		return
	}
	items := r.items(pos(n.over.offset()), "{% for %}", over)
	if n.filter != nil {
		items = r.filtered(n, items)
	}
	if r.fault != nil {
		return
	}
	if len(items) == 0 {
		r.scopes = append(r.scopes, scope{})
		r.nodes(n.orElse)
		r.scopes = r.scopes[:len(r.scopes)-1]
		return
	}
	loop := &loopState{n: len(items)}
	r.loops = append(r.loops, loop)
	r.scopes = append(r.scopes, scope{})
	for i, item := range items {
		loop.i = i
		if !r.step(1) {
			r.stop(n.pos)
			break
		}
		r.bind(n, item)
		r.nodes(n.body)
		if r.fault != nil {
			break
		}
	}
	r.scopes = r.scopes[:len(r.scopes)-1]
	r.loops = r.loops[:len(r.loops)-1]
}

// bind makes the innermost scope that of the next turn of a loop.
func (r *runner) bind(n *forNode, item value) {
	turn := &r.scopes[len(r.scopes)-1]
	turn.clear()
	if len(n.targets) == 1 {
		turn.set(n.targets[0], item)
		return
	}
	parts := r.items(n.pos, "{% for %} with several variables", item)
	if r.fault == nil && len(parts) != len(n.targets) {
		r.fail(n.pos, "{% for %} has "+plural(len(n.targets), "variable")+" for "+plural(len(parts), "item"), "")
		return
	}
	for i := range parts {
		turn.set(n.targets[i], parts[i])
	}
}

// filtered keeps the items for which a loop's condition holds.
func (r *runner) filtered(n *forNode, items []value) []value {
	if !r.growList(len(items)) {
		r.stop(n.pos)
		return nil
	}
	out := make([]value, 0, len(items))
	r.scopes = append(r.scopes, scope{})
	for _, item := range items {
		r.bind(n, item)
		if r.need(n.filter).truth() {
			out = append(out, item)
		}
		if r.fault != nil {
			return nil
		}
	}
	r.scopes = r.scopes[:len(r.scopes)-1]
	return out
}
