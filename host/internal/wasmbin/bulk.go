package wasmbin

// bulkPiece is how many bytes an instruction fills or copies at a time: what is
// longer is done in pieces, each of which is paid for, so that the guest comes
// to its tick between them. A whole memory in one instruction would hold its
// processor, and the garbage collector, for as long as the kernel takes to
// clear the memory's pages.
//
// Tables need no pieces, as long as Options.MaxTable bounds them.
const bulkPiece = 64 << 10

// bulk are the functions that are added for what is longer than bulkPiece, as
// the first use of each asks for it.
type bulk struct {
	next       uint32 // index of the next function
	fill, copy uint32 // indexes; 0: not asked for
	init       map[uint32]uint32
	code       []Code
}

// bulkType is that of all of them, and of the blocks around their instructions.
var bulkType = FuncType{Params: []ValueType{I32, I32, I32}}

// inPieces returns the function that does an instruction in pieces, and false
// for one whose size is small or does not count bytes.
func (e *emitter) inPieces(in *instr) (function uint32, ok bool) {
	if in.op != opMiscPrefix {
		return 0, false
	}
	b := &e.bulk
	add := func(body []byte) uint32 {
		b.code = append(b.code, Code{Body: body})
		b.next++
		return b.next - 1
	}
	switch in.sub {
	case opMemoryFill:
		if b.fill == 0 {
			b.fill = add(e.fillInPieces())
		}
		return b.fill, true
	case opMemoryCopy:
		if b.copy == 0 {
			b.copy = add(e.copyInPieces())
		}
		return b.copy, true
	case opMemoryInit:
		if int64(in.arg) >= int64(len(e.s.m.Data)) || len(e.s.m.Data[in.arg].Bytes) <= bulkPiece {
			return 0, false // more than it has is a trap
		}
		if b.init[in.arg] == 0 {
			b.init[in.arg] = add(e.initInPieces(in.arg))
		}
		return b.init[in.arg], true
	}
	return 0, false
}

// The parameters of the added functions.
const (
	bulkTo   = 0
	bulkFrom = 1 // or the value
	bulkSize = 2
)

// pieces is the code of an added function. It reads no local of the guest's.
type pieces struct {
	emitter
	raw []byte // the instruction
}

func (e *emitter) pieces(sub byte, immediates ...byte) *pieces {
	p := &pieces{emitter: emitter{fuel: e.fuel, tick: e.tick}, raw: append([]byte{opMiscPrefix, sub}, immediates...)}
	p.out = []byte{0} // no locals
	return p
}

// end of a body.
func (p *pieces) end() []byte { return append(p.out, opEnd) }

// all does the instruction with the parameters as they are.
func (p *pieces) all() {
	p.op(opLocalGet, bulkTo)
	p.op(opLocalGet, bulkFrom)
	p.op(opLocalGet, bulkSize)
	p.out = append(p.out, p.raw...)
}

// piece does it for bulkPiece bytes.
func (p *pieces) piece() {
	p.op(opLocalGet, bulkTo)
	p.op(opLocalGet, bulkFrom)
	p.i32(bulkPiece)
	p.out = append(p.out, p.raw...)
}

func (p *pieces) i32(v int32) { p.out = appendS64(append(p.out, opI32Const), int64(v)) }

// add adds to a parameter, or subtracts.
func (p *pieces) add(parameter uint32, op byte) {
	p.op(opLocalGet, parameter)
	p.i32(bulkPiece)
	p.out = append(p.out, op)
	p.op(opLocalSet, parameter)
}

// last does what is left of it, which is at least a byte, and pays for that.
func (p *pieces) last() {
	p.load()
	p.op(opLocalGet, bulkSize)
	p.out = append(p.out, opI64ExtendU)
	p.i64(shiftBytes)
	p.out = append(p.out, opI64ShrU, opI64Sub)
	p.store()
	p.check()
	p.all()
}

// again goes to the loop's beginning while there is more than a piece.
func (p *pieces) again() {
	p.op(opLocalGet, bulkSize)
	p.i32(bulkPiece)
	p.out = append(p.out, opI32GtU, opBrIf, 0, opEnd)
}

// outside leaves on the operand stack whether what is at a parameter ends behind
// the i64 that limit leaves there.
func (p *pieces) outside(parameter uint32, limit func()) {
	p.op(opLocalGet, parameter)
	p.out = append(p.out, opI64ExtendU)
	p.op(opLocalGet, bulkSize)
	p.out = append(p.out, opI64ExtendU, opI64Add)
	limit()
	p.out = append(p.out, opI64GtU)
}

// memory leaves the bytes of memory on the operand stack.
func (p *pieces) memory() {
	p.out = append(p.out, opMemorySize, 0, opI64ExtendU)
	p.i64(16)
	p.out = append(p.out, opI64Shl)
}

// trap does the whole instruction, which traps, if the operand stack says so:
// nothing has been written then.
func (p *pieces) trap() {
	p.out = append(p.out, opIf, blockEmpty)
	p.all()
	p.out = append(p.out, opEnd)
}

// upwards does all pieces but the last, the first one first. Its parameters
// that move are given.
func (p *pieces) upwards(moving ...uint32) {
	p.out = append(p.out, opLoop, blockEmpty)
	p.charge(bulkPiece >> shiftBytes)
	p.check()
	p.piece()
	for _, parameter := range moving {
		p.add(parameter, opI32Add)
	}
	p.add(bulkSize, opI32Sub)
	p.again()
}

func (e *emitter) fillInPieces() []byte {
	p := e.pieces(opMemoryFill, 0)
	p.outside(bulkTo, p.memory)
	p.trap()
	p.upwards(bulkTo)
	p.last()
	return p.end()
}

// copyInPieces copies upwards to a lower place and downwards to a higher one:
// so no piece overwrites what another has still to read.
func (e *emitter) copyInPieces() []byte {
	p := e.pieces(opMemoryCopy, 0, 0)
	p.outside(bulkTo, p.memory)
	p.outside(bulkFrom, p.memory)
	p.out = append(p.out, opI32Or)
	p.trap()
	p.op(opLocalGet, bulkTo)
	p.op(opLocalGet, bulkFrom)
	p.out = append(p.out, opI32LeU, opIf, blockEmpty)
	p.upwards(bulkTo, bulkFrom)
	p.last()
	p.out = append(p.out, opReturn, opEnd, opLoop, blockEmpty)
	p.charge(bulkPiece >> shiftBytes)
	p.check()
	p.add(bulkSize, opI32Sub)
	for _, parameter := range []uint32{bulkTo, bulkFrom} {
		p.op(opLocalGet, parameter)
		p.op(opLocalGet, bulkSize)
		p.out = append(p.out, opI32Add)
	}
	p.i32(bulkPiece)
	p.out = append(p.out, p.raw...)
	p.again()
	p.last()
	return p.end()
}

// initInPieces is for one segment, whose size is known, unless it was dropped:
// then it is empty, and to copy nothing from behind its end is a trap too.
func (e *emitter) initInPieces(segment uint32) []byte {
	p := e.pieces(opMemoryInit, append(appendU32(nil, segment), 0)...)
	p.outside(bulkTo, p.memory)
	p.outside(bulkFrom, func() { p.i64(int64(len(e.s.m.Data[segment].Bytes))) })
	p.out = append(p.out, opI32Or)
	p.trap()
	p.i32(0)
	p.op(opLocalGet, bulkFrom)
	p.op(opLocalGet, bulkSize)
	p.out = append(p.out, opI32Add)
	p.i32(0)
	p.out = append(p.out, p.raw...)
	p.upwards(bulkTo, bulkFrom)
	p.last()
	return p.end()
}
