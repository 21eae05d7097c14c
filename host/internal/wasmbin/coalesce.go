package wasmbin

import (
	"cmp"
	"slices"
)

// maxGap is how many zero bytes may stand between two segments that are made
// one. The Go linker cuts its data at every run of zeros, into some 25,000
// segments, and the engine walks them at each instantiation.
const maxGap = 256

// coalesced returns the data segments with those joined that are close to each
// other. They stay as they are unless all are active at constant offsets of the
// module's own memory and none overlaps another: then their order means
// nothing, and what is between them is zero.
func (m *Module) coalesced() []Data {
	if len(m.Data) < 2 || m.imported[KindMemory] > 0 {
		return m.Data
	}
	type placed struct {
		at   uint64
		data Data
	}
	all := make([]placed, 0, len(m.Data))
	room := len(m.Data) * 32 // for zeros: what is saved in headers, or a little more
	for _, d := range m.Data {
		if d.Mode != Active || d.Offset[0] != opI32Const {
			return m.Data
		}
		r := &reader{b: d.Offset, p: 1, end: len(d.Offset)}
		all = append(all, placed{uint64(uint32(r.signed(32))), d})
		room += len(d.Bytes)
	}
	slices.SortStableFunc(all, func(a, b placed) int { return cmp.Compare(a.at, b.at) })
	out := make([]Data, 0, len(all))
	end := uint64(0)
	for i, p := range all {
		if i > 0 && p.at < end {
			return m.Data
		}
		gap := int(min(p.at-end, maxGap+1))
		if i > 0 && gap <= maxGap && gap <= room {
			room -= gap
			last := &out[len(out)-1]
			// Cut to its length, a segment that is still the module's is copied.
			last.Bytes = append(append(last.Bytes[:len(last.Bytes):cap(last.Bytes)], make([]byte, gap)...), p.data.Bytes...)
		} else {
			p.data.Bytes = p.data.Bytes[:len(p.data.Bytes):len(p.data.Bytes)]
			out = append(out, Data{Offset: p.data.Offset, Bytes: p.data.Bytes})
		}
		end = p.at + uint64(len(p.data.Bytes))
	}
	return out
}
