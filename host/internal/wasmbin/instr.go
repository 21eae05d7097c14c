package wasmbin

// instr is one instruction of a body.
type instr struct {
	op         byte
	sub        uint32 // behind opMiscPrefix and opVecPrefix
	arg        uint32 // the first index: label, function, type, local, global, table, segment
	table      uint32 // the second index
	block      int64  // a block's type: blockNone, -1 to -17 for a value type, or an index
	start, end int    // its bytes
	args       int    // where the immediates begin; labels of a br_table behind their count
}

// Types of blocks, as signed numbers.
const (
	blockNone   = -64
	blockExtern = -17
)

// next reads an instruction of WebAssembly 2.0.
//
// An opcode behind opVecPrefix must be written in its shortest form: the engine
// takes the byte behind the prefix for the opcode and what is left of a longer
// form for instructions.
func (r *reader) next(in *instr) {
	in.start = r.p
	in.op, in.sub, in.arg, in.table = r.byte(), 0, 0, 0
	in.args = r.p
	switch immediates[in.op] {
	case immNone:
	case immBlock:
		in.block = r.signed(33)
		if in.block < 0 && in.block != blockNone && !valueOf(in.block).valid() {
			r.fail("%d is no type of a block", in.block)
		}
	case immLabel, immFunc, immLocal, immGlobal, immTable:
		in.arg = r.u32()
	case immLabels:
		in.arg = r.u32()
		in.args = r.p
		if r.err == nil && int64(in.arg) >= int64(r.left()) {
			r.fail("a br_table is longer than its function")
			return
		}
		for range int64(in.arg) + 1 {
			r.u32()
		}
	case immType:
		in.arg, in.table = r.u32(), r.u32()
	case immMemArg:
		r.memArg()
	case immZero:
		r.zero()
	case immI32:
		r.signed(32)
	case immI64:
		r.signed(64)
	case immF32:
		r.take(4)
	case immF64:
		r.take(8)
	case immRef:
		r.refType()
	case immTypes:
		if n := r.u32(); n != 1 {
			r.fail("a select of %d types", n)
		}
		r.valueType()
	case immMisc:
		r.misc(in)
	case immVec:
		r.vec(in)
	default:
		if r.err == nil {
			r.p = in.start
			r.fail("%#x is no instruction of WebAssembly 2.0: build without %s", in.op, feature(in.op))
		}
	}
	in.end = r.p
}

// valueOf returns the value type that a negative block type stands for.
func valueOf(block int64) ValueType { return ValueType(block & 0x7f) }

// feature names what an opcode belongs to that is not accepted.
func feature(op byte) string {
	switch {
	case op == 0x12 || op == 0x13 || op == 0x15:
		return "tail calls (-mno-tail-call)"
	case op >= 0x06 && op <= 0x0a || op == 0x18 || op == 0x19 || op == 0x1f:
		return "exceptions"
	case op == 0xfe:
		return "threads (-mno-atomics)"
	}
	return "extensions"
}

func (r *reader) memArg() {
	if align := r.u32(); align > 31 {
		r.fail("an alignment of 2^%d", align)
	}
	r.u32()
}

func (r *reader) zero() {
	if c := r.byte(); c != 0 {
		r.fail("memory %d, there is one", c)
	}
}

func (r *reader) misc(in *instr) {
	in.sub = r.u32()
	in.args = r.p
	switch in.sub {
	case 0, 1, 2, 3, 4, 5, 6, 7: // saturating conversions
	case opMemoryInit:
		in.arg = r.u32()
		r.zero()
	case opMemoryCopy:
		r.zero()
		r.zero()
	case opMemoryFill:
		r.zero()
	case opTableInit, opTableCopy:
		in.arg, in.table = r.u32(), r.u32()
	case opDataDrop, opElemDrop, opTableGrow, opTableSize, opTableFill:
		in.arg = r.u32()
	default:
		r.fail("%#x %d is no instruction of WebAssembly 2.0", in.op, in.sub)
	}
}

func (r *reader) vec(in *instr) {
	at := r.p
	in.sub = r.u32()
	in.args = r.p
	memArg, n, ok := vecImmediate(in.sub)
	if !ok || in.sub < 0x80 && in.args != at+1 || in.args > at+2 {
		r.fail("%#x %d is no vector instruction of WebAssembly 2.0", in.op, in.sub)
	}
	if memArg {
		r.memArg()
	}
	r.take(n)
}
