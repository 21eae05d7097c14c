package template

import "bytes"

// Bounds of the drafts that a template keeps.
const (
	maxKnown     = 64
	maxKnownText = 256 << 10
)

// knownDraft is a draft on which Parse has found nothing wrong. A rendering that
// writes the same need not be read again: most templates write one draft only,
// whatever the values are.
type knownDraft struct {
	*draft
	spans []span
}

// know keeps a draft, as far as there is room.
func (t *Template) know(d *draft, spans []span) {
	size := len(d.text)
	for _, k := range t.known {
		size += len(k.text)
		if k.same(d) {
			return
		}
	}
	if len(t.known) < maxKnown && size <= maxKnownText {
		t.known = append(t.known, knownDraft{d, spans})
	}
}

// spans returns the statements of a draft, or its faults.
func (t *Template) spans(r *faults, d *draft) []span {
	for _, k := range t.known {
		if k.same(d) {
			return k.spans
		}
	}
	return checkDraft(r, t.sql, d)
}

// same reports whether everything that reading depends on is the same.
func (k knownDraft) same(d *draft) bool {
	if !bytes.Equal(k.text, d.text) || len(k.holes) != len(d.holes) || len(k.marks) != len(d.marks) {
		return false
	}
	for i, h := range d.holes {
		if h.node != k.holes[i].node || h.list != k.holes[i].list {
			return false
		}
	}
	for i, m := range d.marks {
		if m != k.marks[i] {
			return false
		}
	}
	return true
}
