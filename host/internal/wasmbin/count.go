package wasmbin

// facts are what a scan finds out of a function.
type facts struct {
	leaf   bool   // short, and neither loops nor calls nor takes a size
	weight uint32 // of a leaf: all of it
	frame  uint32 // bytes that a call takes of the engine's stack at most
}

// count is what scan adds up over a body.
type count struct {
	weight, slots   uint64
	work            uint64 // what the engine does: instructions, values that are passed, and where paths meet
	joins, exposed  uint64 // where paths meet, and locals that are read behind such places
	varying         uint64 // of those, the ones that are set, too
	args            uint64 // the most parameters and results of a call
	targets         uint64
	height, highest int // operands
	vectors         bool
	blocks          uint64 // that the engine makes of it, metered
	other           bool   // it loops or takes a size
	calls           bool
}

// add counts an instruction by itself.
func (c *count) add(in *instr) {
	c.work++
	c.weight += uint64(in.weight())
	c.slots += uint64(in.slots())
	c.vectors = c.vectors || in.op == opVecPrefix
	if _, _, sized := in.sized(); sized {
		c.other = true
		c.blocks += 4
	}
}

func (c *count) facts(typ FuncType, locals uint32) facts {
	slots := c.slots + c.joins*c.varying + 2*c.args + uint64(locals) + uint64(len(typ.Params)) + uint64(len(typ.Results))
	// The interpreter keeps locals and operands, and no values of its own.
	operands := uint64(c.highest) + uint64(locals) + uint64(len(typ.Results))
	if c.vectors {
		operands *= 2
	}
	frame := min(frameBase+8*max(slots, operands), 1<<31)
	return facts{
		leaf:   !c.other && !c.calls && c.weight <= leafWeight && frame <= maxFreeFrame,
		weight: uint32(min(c.weight, 1<<31)),
		frame:  uint32(frame),
	}
}

// push counts operands, down to the base of a block.
func (c *count) push(base, n int) {
	c.height = max(c.height+n, base)
	c.highest = max(c.highest, c.height)
}

// frameBase is what a frame takes besides its values: return address, saved
// registers, alignment.
const frameBase = 128
