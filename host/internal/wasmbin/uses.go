package wasmbin

// KeepsState reports whether the module's only state are its memory and its
// globals: no instruction changes a table or drops a segment.
func (m *Module) KeepsState() (bool, error) {
	var in instr
	for _, c := range m.Code {
		for r := (&reader{b: c.Body, p: c.instrs, end: len(c.Body)}); r.p < r.end; {
			if r.next(&in); r.err != nil {
				return false, r.err
			}
			switch {
			case in.op == opTableSet:
				return false, nil
			case in.op != opMiscPrefix:
			case in.sub == opDataDrop, in.sub == opElemDrop, in.sub >= opTableInit && in.sub != opTableSize:
				return false, nil
			}
		}
	}
	return true, nil
}

// ConstI32 returns the value of a constant expression that is an i32.const.
func ConstI32(expr []byte) (uint32, bool) {
	if len(expr) < 2 || expr[0] != opI32Const {
		return 0, false
	}
	r := &reader{b: expr, p: 1, end: len(expr)}
	v := r.signed(32)
	return uint32(v), r.err == nil && r.p == r.end
}

// I32Const returns a constant expression.
func I32Const(v uint32) []byte { return appendS64([]byte{opI32Const}, int64(int32(v))) }
