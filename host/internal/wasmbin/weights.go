package wasmbin

// Fuel of instructions. One unit is about what the cheapest ones take when
// compiled, a third of a nanosecond; what is not listed costs one. What only
// structures a body (blocks, loops, ends, nop) is free: no code comes of it.
const (
	fuelMemory   = 2   // loads and stores
	fuelSelect   = 2   // also br_table's jump
	fuelFloat    = 2   // arithmetic of floats, and vectors
	fuelConvert  = 4   // floats to integers, with their checks
	fuelDivide   = 10  // division and remainder, square root
	fuelCall     = 8   // and what the callee charges
	fuelIndirect = 16  // and LeafFuel, as what is called may be a leaf that charges nothing
	fuelImport   = 150 // a function of the host
	fuelTable    = 4   // table.get, table.set, ref.func
	fuelBulk     = 40  // memory and table instructions that take a size, before it
	fuelGrow     = 1000
)

// leafFuel is the most that a function may cost that charges nothing itself:
// whoever calls it directly pays for it.
const leafFuel = 24

// Fuel of what takes a size: by shifts of the size.
const (
	shiftBytes = 3  // memory.fill, copy, init: 8 bytes a unit
	shiftItems = 0  // tables: an element a unit
	shiftPages = 14 // memory.grow: a page is cleared, and then faulted in: 4 bytes a unit
	maxPages   = 1 << 16
	maxItems   = 1 << 27
)

// fuel returns what an instruction costs, but for calls and what takes a size.
func (in *instr) fuel() uint32 {
	switch op := in.op; {
	case op == opNop, op == opBlock, op == opLoop, op == opElse, op == opEnd:
		return 0
	case op >= opI32Load && op <= opI64Store32:
		return fuelMemory
	case op >= opI32DivS && op <= opI32RemU, op >= opI64DivS && op <= opI64RemU:
		return fuelDivide
	case op == 0x91 || op == 0x95 || op == 0x9f || op == 0xa3: // sqrt and div of floats
		return fuelDivide
	case op >= opF32Abs && op <= opF64Copysign, op == opVecPrefix:
		return fuelFloat
	case op >= 0xa8 && op <= 0xab, op >= 0xae && op <= 0xb1: // truncations
		return fuelConvert
	case op == opSelect || op == opSelectT || op == opBrTable:
		return fuelSelect
	case op == opTableGet || op == opTableSet || op == opRefFunc:
		return fuelTable
	case op == opMemoryGrow:
		return fuelGrow
	case op == opMiscPrefix && in.sub >= opMemoryInit:
		return fuelBulk
	case op == opMiscPrefix:
		return fuelConvert
	}
	return 1
}

// sized says how an instruction is charged by the size on top of the stack: a
// shift of it, and the size beyond which it fails at once and is not charged.
func (in *instr) sized() (shift, limit uint32, ok bool) {
	switch {
	case in.op == opMemoryGrow:
		return shiftPages, maxPages, true
	case in.op != opMiscPrefix:
		return 0, 0, false
	case in.sub == opMemoryInit || in.sub == opMemoryCopy || in.sub == opMemoryFill:
		return shiftBytes, 0, true
	case in.sub == opTableInit || in.sub == opTableCopy || in.sub == opTableFill:
		return shiftItems, 0, true
	case in.sub == opTableGrow:
		return shiftItems, maxItems, true
	}
	return 0, 0, false
}

// slots returns how many values of the engine an instruction can make at most
// that have to be kept in the frame. A load makes four: the address in 64 bits,
// the absolute one, the base of the memory, and what was loaded.
func (in *instr) slots() uint32 {
	switch op := in.op; {
	case op <= opReturn, op == opDrop, op >= opLocalGet && op <= opLocalTee:
		return 0
	case op >= opI32Const && op <= opF64Const:
		return 1
	case op >= opI32Load && op <= opI64Load32U:
		return 5
	case op >= opI32Store && op <= opI64Store32:
		return 4
	case op == opVecPrefix:
		return 6
	case op == opMiscPrefix:
		return 4
	case op == opTableGet || op == opTableSet:
		return 4
	}
	return 1
}
