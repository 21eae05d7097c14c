package wasmbin

// Opcodes that the package looks at.
const (
	opUnreachable  = 0x00
	opNop          = 0x01
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opSelectT      = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opTableGet     = 0x25
	opTableSet     = 0x26
	opI32Load      = 0x28
	opF64Load      = 0x2b
	opI64Load32U   = 0x35
	opI32Store     = 0x36
	opI64Store32   = 0x3e
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Eqz       = 0x45
	opI32GtU       = 0x4b
	opI32LeU       = 0x4d
	opI64LtS       = 0x53
	opI64GtU       = 0x56
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32DivS      = 0x6d
	opI32RemU      = 0x70
	opI32Or        = 0x72
	opI64Add       = 0x7c
	opI64Sub       = 0x7d
	opI64DivS      = 0x7f
	opI64RemU      = 0x82
	opI64And       = 0x83
	opI64Or        = 0x84
	opI64Shl       = 0x86
	opI64ShrU      = 0x88
	opF32Abs       = 0x8b
	opF64Copysign  = 0xa6
	opI32Wrap      = 0xa7
	opI64ExtendU   = 0xad
	opI64Extend32S = 0xc4
	opRefNull      = 0xd0
	opRefIsNull    = 0xd1
	opRefFunc      = 0xd2
	opMiscPrefix   = 0xfc
	opVecPrefix    = 0xfd
)

// Second bytes behind opMiscPrefix and opVecPrefix.
const (
	opMemoryInit = 8
	opDataDrop   = 9
	opMemoryCopy = 10
	opMemoryFill = 11
	opTableInit  = 12
	opElemDrop   = 13
	opTableCopy  = 14
	opTableGrow  = 15
	opTableSize  = 16
	opTableFill  = 17

	opV128Const = 12
	opShuffle   = 13
)

const blockEmpty = 0x40

// imm is what follows an opcode.
type imm byte

const (
	immBad imm = iota
	immNone
	immBlock  // a type of block
	immLabel  // an index of a label
	immLabels // a vector of them and one more
	immFunc
	immType // the index of a type and of a table
	immLocal
	immGlobal
	immTable
	immMemArg // alignment and offset
	immZero   // a zero, for the index of the memory
	immI32
	immI64
	immF32
	immF64
	immRef
	immTypes // a vector of one value type
	immMisc
	immVec
)

// immediates of the one-byte opcodes of WebAssembly 2.0.
var immediates = func() (t [256]imm) {
	set := func(from, to int, i imm) {
		for op := from; op <= to; op++ {
			t[op] = i
		}
	}
	set(opUnreachable, opNop, immNone)
	set(opBlock, opIf, immBlock)
	t[opElse], t[opEnd], t[opReturn] = immNone, immNone, immNone
	t[opBr], t[opBrIf], t[opBrTable] = immLabel, immLabel, immLabels
	t[opCall], t[opCallIndirect] = immFunc, immType
	t[opDrop], t[opSelect], t[opSelectT] = immNone, immNone, immTypes
	set(opLocalGet, opLocalTee, immLocal)
	set(opGlobalGet, opGlobalSet, immGlobal)
	set(opTableGet, opTableSet, immTable)
	set(opI32Load, opI64Store32, immMemArg)
	set(opMemorySize, opMemoryGrow, immZero)
	t[opI32Const], t[opI64Const], t[opF32Const], t[opF64Const] = immI32, immI64, immF32, immF64
	set(opI32Eqz, opI64Extend32S, immNone)
	t[opRefNull], t[opRefIsNull], t[opRefFunc] = immRef, immNone, immFunc
	t[opMiscPrefix], t[opVecPrefix] = immMisc, immVec
	return t
}()

// vecImmediate returns what follows an opcode of vectors: how many bytes, and
// whether an alignment and offset stand before them. False is no opcode.
func vecImmediate(op uint32) (memArg bool, n int, ok bool) {
	switch {
	case op <= 11, op == 92, op == 93:
		return true, 0, true
	case op == opV128Const, op == opShuffle:
		return false, 16, true
	case op >= 21 && op <= 34:
		return false, 1, true
	case op >= 84 && op <= 91:
		return true, 1, true
	}
	return false, 0, op <= 255
}
