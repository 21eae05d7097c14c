package wasmbin

// maxUnchecked is how much fuel a path through a function may be charged before
// it looks whether there is any left. A function can return with so much, and
// so can each that called it.
const maxUnchecked = 1000

// emitter writes bodies with the charges put in.
type emitter struct {
	s     *scanner
	fuel  uint32 // the global
	stack uint32 // the global
	tick  uint32 // the function that asks the host for fuel
	types map[string]uint32
	facts []facts
	least int64 // bytes of stack that each counted frame takes
	out   []byte

	bulk     bulk
	bulkType uint32

	// Of the function at hand.
	plan      *body
	site      int // the next region
	frames    []emitFrame
	unchecked uint64 // the most that was charged on a way to here and not looked at
	dead      bool
	cached    int    // the frame of the loop that keeps the fuel in a local; 0: none
	local     uint32 // that local
	size      uint32 // the local of sizes
}

type emitFrame struct {
	op        byte
	doubled   bool   // a loop in a loop of our own
	inner     uint32 // how many labels have been added outside of what is in it
	unchecked uint64 // of the ways that come to its end
	skipped   uint64 // of an if: at its head
}

// body returns the code of function i with its charges.
func (e *emitter) body(i int, plan *body) []byte {
	code, typ := &e.s.m.Code[i], e.s.m.Types[e.s.m.Functions[i]]
	e.plan, e.site, e.cached, e.dead, e.unchecked = plan, 0, 0, false, 0
	e.frames = append(e.frames[:0], emitFrame{})
	e.out = e.out[:0]
	e.locals(code, uint32(len(typ.Params)))
	frame := e.frame(i)
	e.entry(i, frame)
	if plan.accounted {
		e.block(typ.Results)
	}
	r := &reader{b: code.Body, p: code.instrs, end: len(code.Body)}
	var in instr
	for len(e.frames) > 0 && r.err == nil {
		r.next(&in)
		e.instr(r, &in)
	}
	if plan.accounted {
		e.addStack(opI64Add, frame)
		e.out = append(e.out, opEnd)
	}
	return e.out
}

func (e *emitter) frame(i int) int64 { return max(int64(e.facts[i].frame), e.least) }

func (e *emitter) op(op byte, arg uint32) { e.out = appendU32(append(e.out, op), arg) }

func (e *emitter) i64(v int64) { e.out = appendS64(append(e.out, opI64Const), v) }

// locals copies the declarations and adds what the charges need.
func (e *emitter) locals(code *Code, params uint32) {
	r := &reader{b: code.Body, end: len(code.Body)}
	groups := r.u32()
	next := params + code.Locals
	var added []byte
	if e.plan.cached {
		e.local = next
		next++
		groups++
		added = append(added, 1, byte(I64))
	}
	if e.plan.sized {
		e.size = next
		groups++
		added = append(added, 1, byte(I32))
	}
	e.out = appendU32(e.out, groups)
	e.out = append(e.out, code.Body[r.p:code.instrs]...)
	e.out = append(e.out, added...)
}

// entry pays the first region and takes the frame from the stack.
func (e *emitter) entry(i int, frame int64) {
	e.site = 1
	if e.facts[i].leaf {
		return
	}
	cost := e.plan.regions[0].cost()
	if cost > 0 {
		e.charge(cost)
		e.unchecked = uint64(cost)
	}
	if e.plan.accounted {
		e.addStack(opI64Sub, frame)
	}
	fuel := !e.plan.loopFirst || cost > maxUnchecked
	switch {
	case fuel && e.plan.accounted:
		e.op(opGlobalGet, e.fuel)
		e.op(opGlobalGet, e.stack)
		e.out = append(e.out, opI64Or)
		e.ifNegative()
	case fuel:
		e.op(opGlobalGet, e.fuel)
		e.ifNegative()
	case e.plan.accounted:
		e.op(opGlobalGet, e.stack)
		e.ifNegative()
	}
	if fuel {
		e.unchecked = 0
	}
}

// ifNegative calls the tick if the i64 on the operand stack is negative.
func (e *emitter) ifNegative() {
	e.out = append(e.out, opI64Const, 0, opI64LtS, opIf, blockEmpty)
	e.op(opCall, e.tick)
	e.reload()
	e.out = append(e.out, opEnd)
}

// reload is for behind a call that may have changed the fuel.
func (e *emitter) reload() {
	if e.cached > 0 {
		e.op(opGlobalGet, e.fuel)
		e.op(opLocalSet, e.local)
	}
}

// addStack adds or subtracts the frame.
func (e *emitter) addStack(op byte, frame int64) {
	e.op(opGlobalGet, e.stack)
	e.i64(frame)
	e.out = append(e.out, op)
	e.op(opGlobalSet, e.stack)
}

// block opens the block that stands for the function's body: its results are
// the function's, so a branch to the function's label goes to its end.
func (e *emitter) block(results []ValueType) {
	e.out = append(e.out, opBlock)
	switch len(results) {
	case 0:
		e.out = append(e.out, blockEmpty)
	case 1:
		e.out = append(e.out, byte(results[0]))
	default:
		e.out = appendS64(e.out, int64(e.types[string(valueBytes(results))]))
	}
}

func valueBytes(ts []ValueType) []byte {
	b := make([]byte, len(ts))
	for i, t := range ts {
		b[i] = byte(t)
	}
	return b
}

// charge takes fuel and does not look whether there was any.
func (e *emitter) charge(cost uint32) {
	e.load()
	e.i64(int64(cost))
	e.out = append(e.out, opI64Sub)
	e.store()
}

// load and store leave the fuel on the operand stack, and take it from there.
// The global is always true; the local is a copy, to spare the load.
func (e *emitter) load() {
	if e.cached > 0 {
		e.op(opLocalGet, e.local)
		return
	}
	e.op(opGlobalGet, e.fuel)
}

func (e *emitter) store() {
	if e.cached > 0 {
		e.op(opLocalTee, e.local)
	}
	e.op(opGlobalSet, e.fuel)
}

func (e *emitter) check() {
	e.load()
	e.ifNegative()
	e.unchecked = 0
}

// region pays what begins here.
func (e *emitter) region(check bool) {
	reg := &e.plan.regions[e.site]
	e.site++
	if e.dead = reg.dead; e.dead {
		return
	}
	if cost := reg.cost(); cost > 0 {
		e.charge(cost)
		e.unchecked += uint64(cost)
	}
	if check || e.unchecked > maxUnchecked {
		e.check()
	}
}

func (e *emitter) instr(r *reader, in *instr) {
	raw := r.b[in.start:in.end]
	switch in.op {
	case opBlock, opLoop, opIf:
		e.enter(in, raw)
	case opElse:
		e.out = append(e.out, raw...)
		f := &e.frames[len(e.frames)-1]
		f.op = opElse
		if !e.dead {
			f.unchecked = max(f.unchecked, e.unchecked)
		}
		e.unchecked = f.skipped
		e.region(false)
	case opEnd:
		e.leave(raw)
	case opBr, opBrIf:
		e.op(in.op, e.branch(in.arg))
		if e.dead = e.dead || in.op == opBr; in.op == opBrIf {
			e.region(false)
		}
	case opBrTable:
		e.op(in.op, in.arg)
		labels := &reader{b: r.b, p: in.args, end: in.end}
		for range int64(in.arg) + 1 {
			e.out = appendU32(e.out, e.branch(labels.u32()))
		}
		e.dead = true
	case opReturn:
		if e.plan.accounted {
			e.op(opBr, e.branch(uint32(len(e.frames)-1)))
		} else {
			e.out = append(e.out, raw...)
		}
		e.dead = true
	case opUnreachable:
		e.out = append(e.out, raw...)
		e.dead = true
	case opCall, opRefFunc:
		e.op(in.op, e.s.m.shifted(in.arg))
	default:
		e.sized(in, raw)
	}
}

// shifted returns the index of a function when the tick is imported behind the
// module's own imports.
func (m *Module) shifted(index uint32) uint32 {
	if index >= m.imported[KindFunc] {
		return index + 1
	}
	return index
}

func (e *emitter) enter(in *instr, raw []byte) {
	f := emitFrame{op: in.op, skipped: e.unchecked, inner: e.frames[len(e.frames)-1].inner}
	if in.op != opLoop || e.dead || e.cached == 0 && e.plan.regions[e.site].calls {
		e.out = append(e.out, raw...)
		e.frames = append(e.frames, f)
		if in.op != opBlock {
			e.region(in.op == opLoop)
		}
		return
	}
	if e.cached == 0 {
		e.cached = len(e.frames)
		e.op(opGlobalGet, e.fuel)
		e.op(opLocalSet, e.local)
	}
	f.doubled = true
	f.inner++
	e.frames = append(e.frames, f)
	e.double(raw, in.block >= 0)
	e.region(false)
}

// double writes a loop in another one. When the fuel is used up, the inner one
// goes back to the outer one, which asks for more: so the call is not in the
// inner one, where the engine would keep its variables in memory for it. Both
// have the loop's type: its parameters, if there may be some, are on the operand
// stack.
func (e *emitter) double(raw []byte, params bool) {
	e.out = append(e.out, raw...)
	e.check()
	e.out = append(e.out, raw...)
	e.load()
	e.out = append(e.out, opI64Const, 0, opI64LtS)
	if !params { // compiled better than a br_if
		e.out = append(e.out, opIf, blockEmpty, opBr, 2, opEnd)
		return
	}
	e.out = append(e.out, opBrIf, 1)
}

func (e *emitter) leave(raw []byte) {
	e.out = append(e.out, raw...)
	i := len(e.frames) - 1
	f := e.frames[i]
	if f.doubled {
		e.out = append(e.out, opEnd)
	}
	e.frames = e.frames[:i]
	if i == 0 {
		return
	}
	if e.cached == i {
		e.cached = 0
	}
	if e.dead {
		e.unchecked = 0
	}
	e.unchecked = max(e.unchecked, f.unchecked)
	if f.op == opIf {
		e.unchecked = max(e.unchecked, f.skipped)
	}
	e.region(false)
}

// branch notes what comes to a label, and returns the label as it is now.
func (e *emitter) branch(label uint32) uint32 {
	top := len(e.frames) - 1
	f := &e.frames[top-int(label)]
	if !e.dead {
		f.unchecked = max(f.unchecked, e.unchecked)
	}
	return label + e.frames[top].inner - f.inner
}

// sized writes an instruction that may take a size, and pays for the size, which
// is on top of the operand stack, before it.
func (e *emitter) sized(in *instr, raw []byte) {
	shift, limit, ok := in.sized()
	if !ok || e.dead {
		e.out = append(e.out, raw...)
		return
	}
	e.op(opLocalTee, e.size)
	function, split := e.inPieces(in)
	if split {
		e.op(opLocalGet, e.size)
		e.out = appendS64(append(e.out, opI32Const), bulkPiece)
		e.out = append(e.out, opI32GtU, opIf)
		e.out = appendS64(e.out, int64(e.bulkType))
		e.op(opCall, function)
		e.reload()
		e.out = append(e.out, opElse)
	}
	e.load()
	if limit > 0 { // what is larger fails at once
		e.op(opLocalGet, e.size)
		e.out = append(e.out, opI32Const, 0)
		e.op(opLocalGet, e.size)
		e.out = appendS64(append(e.out, opI32Const), int64(limit))
		e.out = append(e.out, opI32LeU, opSelect)
	} else {
		e.op(opLocalGet, e.size)
	}
	e.out = append(e.out, opI64ExtendU)
	if in.op == opMemoryGrow {
		e.i64(shiftPages)
		e.out = append(e.out, opI64Shl)
	} else if shift > 0 {
		e.i64(int64(shift))
		e.out = append(e.out, opI64ShrU)
	}
	e.out = append(e.out, opI64Sub)
	e.store()
	e.check()
	e.out = append(e.out, raw...)
	if split {
		e.out = append(e.out, opEnd)
	}
}
