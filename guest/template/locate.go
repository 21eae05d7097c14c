package template

import (
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
)

// piece says where a statement's text comes from.
type piece struct {
	out, draft int
	text       bool // copied from the draft; else written for what stands there
}

// note records where what is written next comes from.
func (e *emitter) note(draft int, text bool) {
	if e.record != nil {
		*e.record = append(*e.record, piece{len(e.out), draft, text})
	}
}

// Locate returns the offset in the template's text of what a database found at a
// position of the n-th statement, from 0, whose text is sql, and that Render
// made of the same values and limit. The position is in characters, from 1. The
// offset is -1 where it is not known. It renders again, since Render keeps no
// record.
func (t *Template) Locate(in []abi.NamedValue, limit int64, n int, sql string, position int) int {
	if n < 0 || position < 1 || position > utf8.RuneCountInString(sql)+1 {
		return -1
	}
	at := charOffset(sql, int64(position-1))
	if t.o.Interpolation == abi.Text {
		if at < len(t.o.Text) && strings.HasPrefix(t.o.Text, sql[:at]) {
			return at
		}
		return -1
	}
	d, f := t.execute(in, maxSQL(limit))
	if f != nil {
		return -1
	}
	spans := t.spans(&faults{src: t.o.Text}, d)
	if n >= len(spans) {
		return -1
	}
	var pieces []piece
	e := &emitter{t: t, d: d, span: spans[n], from: spans[n].start, all: &totals{budget: d.budget}, record: &pieces}
	e.statement()
	at += len(e.out) - len(strings.TrimLeft(string(e.out), sqlSpace))
	for i := len(pieces) - 1; i >= 0; i-- {
		switch p := pieces[i]; {
		case p.out > at:
		case p.text:
			return d.source(p.draft + at - p.out)
		default:
			return d.source(p.draft)
		}
	}
	return -1
}
