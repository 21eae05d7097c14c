package template

import "sort"

// hole marks, in a draft's text, the place of something printed. Template text
// never holds it: Parse refuses NUL.
const hole = 0

// draft is what a rendering wrote, before SQL is made of it: text with a hole
// for each expression that was printed.
type draft struct {
	text  []byte
	holes []printed // in the order of their places
	segs  []segment
	marks []mark

	maxSQL int    // bytes of one statement
	inputs int    // bytes that the inputs take as parameters
	budget budget // what writing it took
}

// printed is an expression that was printed.
type printed struct {
	node *printNode
	at   int   // of the hole in the draft's text
	v    value // what it is; undefined on a path that is only checked
	list bool  // v is a list; on a path that is only checked, as far as is known
}

// segment says where a piece of the draft's text comes from.
type segment struct{ draft, source int }

// mark is the place of a statement's tag in a draft.
type mark struct {
	draft, source int
	what          string
}

// maxRoom and maxPieces bound what a draft has room for before it needs it.
const (
	maxRoom   = 4 << 10
	maxPieces = 64
)

// newDraft returns an empty draft with room for what most templates with so many
// bytes and nodes write.
func newDraft(bytes, nodes int) *draft {
	bytes, nodes = min(bytes, maxRoom), min(nodes, maxPieces)
	return &draft{text: make([]byte, 0, bytes), segs: make([]segment, 0, nodes), holes: make([]printed, 0, nodes/2)}
}

// write appends a piece of the template's text.
func (d *draft) write(n *textNode) {
	d.segs = append(d.segs, segment{len(d.text), int(n.pos)})
	d.text = append(d.text, n.text...)
}

// print appends a hole.
func (d *draft) print(p printed) {
	p.at = len(d.text)
	d.segs = append(d.segs, segment{p.at, int(p.node.pos)})
	d.text = append(d.text, hole)
	d.holes = append(d.holes, p)
}

// tag notes that a statement's tag stands here.
func (d *draft) tag(at pos, what string) {
	if n := len(d.marks); n > 0 && d.marks[n-1].draft == len(d.text) {
		return
	}
	d.marks = append(d.marks, mark{len(d.text), int(at), what})
}

// source returns the offset in the template of an offset in the draft.
func (d *draft) source(at int) int {
	i := sort.Search(len(d.segs), func(i int) bool { return d.segs[i].draft > at }) - 1
	if i < 0 {
		return -1
	}
	return d.segs[i].source + at - d.segs[i].draft
}

// markWithin returns the first tag strictly between two offsets, or nil.
func (d *draft) markWithin(from, to int) *mark {
	i := sort.Search(len(d.marks), func(i int) bool { return d.marks[i].draft > from })
	if i < len(d.marks) && d.marks[i].draft < to {
		return &d.marks[i]
	}
	return nil
}
