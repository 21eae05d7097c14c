package wasmbin

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
