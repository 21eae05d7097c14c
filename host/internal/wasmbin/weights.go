package wasmbin

// Weights are in units, of which an ordinary instruction weighs eight, and a
// region costs one fuel for each sixteen units or part of them. So one fuel is
// about a third of a nanosecond of compiled code.
const (
	unit     = 8
	fuelUnit = 16
)

// Weights of instructions; what is not listed weighs unit. Constants and
// what moves a local mostly become operands of other instructions, and what
// only structures a body (blocks, loops, ends, nop) becomes nothing: that
// weighs nothing.
const (
	weightOperand  = unit / 8   // constants, local.get and its kind, drop
	weightMemory   = 2 * unit   // loads and stores
	weightLoop     = unit       // each time around, for the look at the fuel
	weightSelect   = 2 * unit   // also br_table's jump
	weightFloat    = 2 * unit   // arithmetic of floats, and vectors
	weightConvert  = 4 * unit   // floats to integers, with their checks
	weightDivide   = 10 * unit  // division and remainder, square root
	weightCall     = 4 * unit   // and what the callee charges
	weightIndirect = 8 * unit   // and a leaf, as what is called may be one that charges nothing
	weightImport   = 600 * unit // a function of the host
	weightTable    = 4 * unit   // table.get, table.set, ref.func
	weightBulk     = 40 * unit  // memory and table instructions that take a size, before it
	weightGrow     = 1000 * unit
)

// leafWeight is the most that a function may weigh that charges nothing itself:
// whoever calls it directly pays for it.
const leafWeight = 24 * unit

// Fuel of what takes a size: by shifts of the size.
const (
	shiftBytes = 3  // memory.fill, copy, init: 8 bytes a unit
	shiftItems = 0  // tables: an element a unit
	shiftPages = 14 // memory.grow: a page is cleared, and then faulted in: 4 bytes a unit
	maxPages   = 1 << 16
	maxItems   = 1 << 27
)

// weight returns what an instruction costs, but for calls and what takes a size.
func (in *instr) weight() uint32 {
	switch op := in.op; {
	case op == opNop, op == opBlock, op == opLoop, op == opElse, op == opEnd:
		return 0
	case op >= opI32Const && op <= opF64Const, op >= opLocalGet && op <= opLocalTee, op == opDrop:
		return weightOperand
	case op >= opI32Load && op <= opI64Store32:
		return weightMemory
	case op >= opI32DivS && op <= opI32RemU, op >= opI64DivS && op <= opI64RemU:
		return weightDivide
	case op == 0x91 || op == 0x95 || op == 0x9f || op == 0xa3: // sqrt and div of floats
		return weightDivide
	case op >= opF32Abs && op <= opF64Copysign, op == opVecPrefix:
		return weightFloat
	case op >= 0xa8 && op <= 0xab, op >= 0xae && op <= 0xb1: // truncations
		return weightConvert
	case op == opSelect || op == opSelectT || op == opBrTable:
		return weightSelect
	case op == opTableGet || op == opTableSet || op == opRefFunc:
		return weightTable
	case op == opMemoryGrow:
		return weightGrow
	case op == opMiscPrefix && in.sub >= opMemoryInit:
		return weightBulk
	case op == opMiscPrefix:
		return weightConvert
	}
	return unit
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

// slots returns how many values of eight bytes the engine may have to keep in
// the frame for an instruction: twice what was seen of functions that hold the
// results of 1,500 such instructions over a call. It makes constants anew.
func (in *instr) slots() uint32 {
	switch op := in.op; {
	case op <= opReturn, op == opDrop, op >= opLocalGet && op <= opLocalTee, op >= opI32Const && op <= opF64Const:
		return 0
	case op >= opI32DivS && op <= opI32RemU, op >= opI64DivS && op <= opI64RemU:
		return 3
	case op >= opI32Load && op <= opI64Load32U:
		return 2
	case op == opVecPrefix, op == opMiscPrefix, op == opTableGet, op == opTableSet:
		return 4
	}
	return 1
}

// pushes returns how many operands an instruction leaves more than it takes, or
// somewhat more; calls and blocks aside.
func (in *instr) pushes() int {
	switch op := in.op; {
	case op >= opI32Const && op <= opF64Const, op == opLocalGet, op == opGlobalGet, op == opRefNull, op == opRefFunc, op == opMemorySize:
		return 1
	case op == opLocalSet, op == opGlobalSet, op == opDrop, op == opIf, op == opBrIf:
		return -1
	case op >= opI32Store && op <= opI64Store32, op == opSelect, op == opSelectT, op == opTableSet:
		return -2
	case op > opI32Eqz && op < 0x50, op > 0x50 && op < 0x67: // comparisons
		return -1
	case op >= 0x6a && op <= 0x78, op >= 0x7c && op <= 0x8a, op >= 0x92 && op <= 0x98, op >= 0xa0 && op <= 0xa6: // of two
		return -1
	case op == opVecPrefix && in.sub == opV128Const:
		return 1
	case op == opMiscPrefix && in.sub == opTableSize:
		return 1
	case op == opMiscPrefix && in.sub == opTableGrow:
		return -1
	case op == opMiscPrefix && in.sub >= opMemoryInit && in.sub != opDataDrop && in.sub != opElemDrop:
		return -3
	}
	return 0
}
