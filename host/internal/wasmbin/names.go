package wasmbin

// nameSection is the custom section of debug names.
const nameSection = "name"

const functionNames = 1 // the subsection of functions

// functionNames returns a name section with the names of functions only, by
// their shifted indexes. It is false if there are none, or none that can be
// read: they mean nothing to the program.
func (m *Module) functionNames() ([]byte, bool) {
	data, ok := m.Custom(nameSection)
	if !ok {
		return nil, false
	}
	r := &reader{b: data, end: len(data)}
	for r.err == nil && r.p < r.end {
		id := r.byte()
		sub := r.take(int(r.u32()))
		if id != functionNames || r.err != nil {
			continue
		}
		names, ok := m.shiftedNames(sub)
		if !ok {
			return nil, false
		}
		out := appendU32([]byte{functionNames}, uint32(len(names)))
		return append(out, names...), true
	}
	return nil, false
}

func (m *Module) shiftedNames(sub []byte) ([]byte, bool) {
	r := &reader{b: sub, end: len(sub)}
	n := r.count("names", 2, uint64(m.funcs()), "")
	out := appendU32(make([]byte, 0, len(sub)+n+5), uint32(n))
	for ; n > 0 && r.err == nil; n-- {
		index := r.u32()
		name := r.name()
		if index >= m.funcs() {
			return nil, false
		}
		out = appendU32(out, m.shifted(index))
		out = append(appendU32(out, uint32(len(name))), name...)
	}
	return out, r.err == nil && r.p == r.end
}
