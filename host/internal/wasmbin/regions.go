package wasmbin

// A region is a part of a function whose instructions are paid together, where
// it begins: at the function's entry, or behind a loop, if, else, end or br_if.
// Each of these instructions has a region, in the order of the body; most are
// empty, because what follows is paid elsewhere:
//
//   - behind a construct that no branch leaves, execution always comes back to
//     where it was before: what follows is paid there;
//   - a short region is paid by the one that leads to it, within the same loop,
//     also where it may not be reached;
//   - so is a longer one that is reached unless the loop is left, which happens
//     once.
type region struct {
	weight uint32
	parent int32 // leads to it, at most once for each time; -1: none
	dead   bool  // cannot be reached
	stays  bool  // reached unless the loop is left
	calls  bool  // of a loop: something in it may change the fuel
}

const (
	smallRegion = 12 * unit // the weight of a region that another pays
	maxAbsorbed = 12 * unit // the weight that a region pays for others
	maxStaying  = 200 * unit
	maxWeight   = 1 << 30
)

// body is what Meter has found out of a function.
type body struct {
	regions   []region
	accounted bool // its frame is counted
	sized     bool // it has instructions that are charged by a size
	cached    bool // it has loops that keep the fuel in a local
	loopFirst bool // a loop follows its entry at once: that checks the fuel
}

// planner finds the regions of functions.
type planner struct {
	s     *scanner
	facts []facts
	body  body

	absorbed []uint32 // by region: the weight that it pays for others

	cur    int32 // the region that pays now; -1: not reached
	frames []planFrame
}

type planFrame struct {
	op      byte
	head    int32 // the region before it
	site    int32 // of a loop: its region
	reached bool  // a branch or a then-arm comes to its end
	loop    int   // the innermost loop that it is in, or is; 0: none
	min     int   // the outermost frame that a branch goes to
	calls   bool
}

// plan reads the body of function i, which has been scanned without error. What
// it returns is valid until the next call.
func (p *planner) plan(i int) *body {
	p.body = body{regions: p.body.regions[:0]}
	p.frames = append(p.frames[:0], planFrame{head: -1, min: 1})
	p.cur = -1
	p.open(-1)
	code := &p.s.m.Code[i]
	r := &reader{b: code.Body, p: code.instrs, end: len(code.Body)}
	var in instr
	first := true // nothing but straight code so far
	for len(p.frames) > 0 && r.err == nil {
		r.next(&in)
		if in.op == opLoop && first {
			p.body.loopFirst = true
		}
		switch in.op {
		case opLoop, opIf, opElse, opEnd, opBr, opBrIf, opBrTable, opReturn, opCall, opCallIndirect:
			first = false
		}
		p.instr(r, &in)
	}
	if p.facts[i].leaf {
		for j := range p.body.regions {
			p.body.regions[j].weight = 0 // whoever calls it pays
		}
		return &p.body
	}
	if p.facts[i].frame > maxFreeFrame {
		p.body.accounted = true
	}
	p.absorb()
	return &p.body
}

// maxFreeFrame is how large a frame may be that is not counted, of a function
// that calls nothing that calls.
const maxFreeFrame = 16 << 10

// open begins a region and makes it the one that pays.
func (p *planner) open(parent int32) {
	p.cur = int32(len(p.body.regions))
	p.body.regions = append(p.body.regions, region{parent: parent})
}

// skip is a place where a region could begin, and none does.
func (p *planner) skip() {
	p.body.regions = append(p.body.regions, region{parent: -1, dead: p.cur < 0})
}

func (p *planner) pay(weight uint32) {
	if p.cur >= 0 {
		w := &p.body.regions[p.cur].weight
		*w = min(*w+weight, maxWeight)
	}
}

func (p *planner) instr(r *reader, in *instr) {
	p.pay(in.weight())
	top := &p.frames[len(p.frames)-1]
	switch in.op {
	case opBlock:
		p.enter(in.op)
	case opLoop:
		p.loop()
	case opIf:
		p.enter(in.op)
		p.branchTo(p.cur)
	case opElse:
		top.op = opElse
		top.reached = top.reached || p.cur >= 0
		p.branchTo(top.head)
	case opEnd:
		p.end()
	case opBr:
		p.target(in.arg)
		p.cur = -1
	case opBrIf:
		p.branchIf(in.arg)
	case opBrTable:
		labels := &reader{b: r.b, p: in.args, end: in.end}
		for range int64(in.arg) + 1 {
			p.target(labels.u32())
		}
		p.cur = -1
	case opReturn:
		p.target(uint32(len(p.frames) - 1))
		p.cur = -1
	case opUnreachable:
		p.cur = -1
	case opCall:
		p.call(in.arg)
	case opCallIndirect:
		p.pay(weightIndirect + leafWeight)
		top.calls, p.body.accounted = true, true
	}
	if _, _, sized := in.sized(); sized {
		p.body.sized = true
	}
}

// branchTo begins a region that is reached from another, if that is reached.
func (p *planner) branchTo(from int32) {
	if p.cur = from; from < 0 {
		p.skip()
		return
	}
	p.open(from)
}

// branchIf begins the region behind a br_if. What follows one that repeats the
// loop is where the loop ends: the loop does not pay it each time.
func (p *planner) branchIf(label uint32) {
	p.target(label)
	from := p.cur
	p.branchTo(from)
	if from < 0 {
		return
	}
	to, loop := len(p.frames)-1-int(label), p.frames[len(p.frames)-1].loop
	switch r := &p.body.regions[p.cur]; {
	case loop == 0:
	case to == loop:
		r.parent = -1
	case to < loop:
		r.stays = true
	}
}

func (p *planner) enter(op byte) {
	n := len(p.frames)
	p.frames = append(p.frames, planFrame{op: op, head: p.cur, loop: p.frames[n-1].loop, min: n + 1})
}

func (p *planner) loop() {
	p.enter(opLoop)
	top := &p.frames[len(p.frames)-1]
	top.loop, top.site = len(p.frames)-1, int32(len(p.body.regions))
	if p.cur < 0 {
		p.skip()
		return
	}
	p.open(-1)
	p.pay(weightLoop)
}

func (p *planner) call(index uint32) {
	top := &p.frames[len(p.frames)-1]
	imported := p.s.m.imported[KindFunc]
	switch {
	case index < imported:
		p.pay(weightCall + weightImport)
		top.calls = true
	case p.facts[index-imported].leaf:
		p.pay(weightCall + p.facts[index-imported].weight)
	default:
		p.pay(weightCall)
		top.calls, p.body.accounted = true, true
	}
}

// target notes a branch to a label.
func (p *planner) target(label uint32) {
	if p.cur < 0 {
		return
	}
	i := len(p.frames) - 1 - int(label)
	top := &p.frames[len(p.frames)-1]
	top.min = min(top.min, i)
	if p.frames[i].op != opLoop {
		p.frames[i].reached = true
	}
}

// end leaves a construct and finds out who pays for what follows.
func (p *planner) end() {
	i := len(p.frames) - 1
	f := p.frames[i]
	p.frames = p.frames[:i]
	if i == 0 {
		return
	}
	if f.op == opLoop {
		p.body.regions[f.site].calls = f.calls
		p.body.cached = p.body.cached || !f.calls && f.head >= 0
	}
	outer := &p.frames[i-1]
	outer.calls = outer.calls || f.calls
	outer.min = min(outer.min, f.min)
	reached := p.cur >= 0 || f.reached || f.op == opIf && f.head >= 0
	switch {
	case !reached || f.head < 0:
		p.cur = -1
		p.skip()
	case f.min >= i: // every way through it comes here
		p.cur = f.head
		p.skip()
	default:
		p.open(f.head)
	}
}

// absorb lets regions pay for short ones that they lead to.
func (p *planner) absorb() {
	rs := p.body.regions
	p.absorbed = append(p.absorbed[:0], make([]uint32, len(rs))...)
	for i := len(rs) - 1; i > 0; i-- {
		w, to := rs[i].weight, rs[i].parent
		switch {
		case to < 0 || w == 0:
			continue
		case rs[i].stays && w <= maxStaying:
		case w > smallRegion || p.absorbed[to]+w > maxAbsorbed:
			continue
		default:
			p.absorbed[to] += w
		}
		rs[to].weight = min(rs[to].weight+w, maxWeight)
		rs[i].weight = 0
	}
}

// cost returns the fuel that a region charges.
func (r *region) cost() uint32 { return (r.weight + fuelUnit - 1) / fuelUnit }
