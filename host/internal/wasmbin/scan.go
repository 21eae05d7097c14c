package wasmbin

import "fmt"

// Uses are the instructions of a module that change more than its memory and
// its globals.
type Uses struct {
	Grow   bool // memory.grow
	Tables bool // table.set, grow, fill, copy, init
	Drops  bool // data.drop, elem.drop
	Inits  bool // memory.init
	Extend bool // table.grow
}

// scanner reads bodies. It checks their structure, and all indexes of what
// rewriting adds to: functions, globals, types and locals. That is enough for
// the rewritten module to be valid only if this one is, since what is put in
// leaves the types of operands as they are.
type scanner struct {
	m       *Module
	types   []uint32 // of all functions
	globals uint32
	reload  uint32 // values that the engine reads again after a call
	uses    Uses
	work    uint64 // of all functions
	squares uint64 // of the blocks of each function, added up

	frames []scanFrame
	set    []uint32 // by local: the block in which it was last set
	ever   []uint32 // by local: the function that set it last
	seen   []uint32 // by local: the function that read it in another block than it set it in
	block  uint32   // blocks are numbered through the module
	fn     uint32   // and functions
}

type scanFrame struct {
	op     byte // of the block; 0 for the function
	arity  uint32
	base   int  // operands below it
	loops  int  // that it is in, or is
	target bool // a branch comes here
}

func newScanner(m *Module) *scanner {
	s := &scanner{m: m, globals: m.imported[KindGlobal] + uint32(len(m.Globals))}
	s.types = make([]uint32, 0, m.funcs())
	for _, im := range m.Imports {
		if im.Kind == KindFunc {
			s.types = append(s.types, im.Type)
		}
		if im.Kind == KindGlobal && im.Global.Mutable {
			s.reload++
		}
	}
	s.types = append(s.types, m.Functions...)
	for _, g := range m.Globals {
		if g.Mutable {
			s.reload++
		}
	}
	return s
}

// scan reads the body of the module's own function i.
func (s *scanner) scan(i int) (facts, error) {
	code := &s.m.Code[i]
	typ := s.m.Types[s.m.Functions[i]]
	locals := uint32(len(typ.Params)) + code.Locals
	s.fn++
	s.block++
	for len(s.set) < int(locals) {
		s.set, s.ever, s.seen = append(s.set, 0), append(s.ever, 0), append(s.seen, 0)
	}
	for l := range s.set[:locals] {
		s.set[l] = s.block
	}
	s.frames = append(s.frames[:0], scanFrame{arity: uint32(len(typ.Results))})
	var c count
	r := &reader{b: code.Body, p: code.instrs, end: len(code.Body)}
	var in instr
	for len(s.frames) > 0 && r.err == nil {
		r.next(&in)
		if r.err == nil {
			s.instr(r, &in, locals, &c)
		}
	}
	if r.err == nil && r.p != r.end {
		r.fail("%d bytes behind its end", r.end-r.p)
	}
	s.bound(r, &c)
	if r.err != nil {
		return facts{}, fmt.Errorf("function %d: %w", i, r.err)
	}
	return c.facts(typ, locals), nil
}

// bound refuses what would take the engine too long, or too much memory.
func (s *scanner) bound(r *reader, c *count) {
	c.work += 4 * c.joins * c.exposed
	s.work += c.work
	s.squares += c.blocks * c.blocks
	switch {
	case r.err != nil:
	case c.targets > maxTargets:
		r.refuse("targets of br_table", c.targets, maxTargets, "split the function")
	case c.blocks > maxBlocks:
		r.refuse("basic blocks of a function", c.blocks, maxBlocks, "split it")
	case s.squares > maxSquares:
		r.refuse("squares of the basic blocks of functions", s.squares, maxSquares, "split those with many")
	case c.work > maxWork:
		r.refuse("compile work of a function", c.work, maxWork, "split it")
	case s.work > maxAllWork:
		r.refuse("compile work of the module", s.work, maxAllWork, "split it")
	}
}

// instr checks what an instruction names.
func (s *scanner) instr(r *reader, in *instr, locals uint32, c *count) {
	c.add(in)
	c.push(s.frames[len(s.frames)-1].base, in.pushes())
	switch immediates[in.op] {
	case immBlock:
		s.push(r, in, c)
	case immLabel:
		c.blocks++
		c.work += uint64(s.branch(r, in.arg))
	case immLabels:
		labels := &reader{b: r.b, p: in.args, end: in.end}
		c.targets += uint64(in.arg) + 1
		c.blocks += uint64(in.arg) + 1
		for range int64(in.arg) + 1 {
			c.work += 4 + uint64(s.branch(r, labels.u32()))
		}
	case immFunc:
		s.index(r, "function", in.arg, uint32(len(s.types)))
		if in.op == opCall && r.err == nil {
			s.call(s.m.Types[s.types[in.arg]], 0, c)
		}
	case immType:
		s.index(r, "type", in.arg, uint32(len(s.m.Types)))
		if r.err == nil {
			s.call(s.m.Types[in.arg], 1, c)
		}
	case immLocal:
		s.local(r, in, locals, c)
	case immGlobal:
		s.index(r, "global", in.arg, s.globals)
	case immMemArg:
		c.work += 4
	case immMisc:
		s.misc(in)
	}
	switch in.op {
	case opElse, opEnd:
		s.pop(r, in.op, c)
	case opTableSet:
		s.uses.Tables = true
	case opMemoryGrow:
		s.uses.Grow = true
	}
}

// pop leaves a block, or the first arm of an if.
func (s *scanner) pop(r *reader, op byte, c *count) {
	s.block++
	f := &s.frames[len(s.frames)-1]
	if op == opElse {
		if f.op != opIf {
			r.fail("an else that belongs to no if")
		}
		f.op = opElse
		c.height = f.base + int(f.arity)
		return
	}
	if f.target || f.op == opIf || f.op == opElse {
		c.joins++
		c.blocks++
	}
	s.frames = s.frames[:len(s.frames)-1]
	c.height = f.base
	c.push(f.base, int(f.arity))
}

func (s *scanner) index(r *reader, what string, i, n uint32) {
	if i >= n && r.err == nil {
		r.fail("%s %d, there are %d", what, i, n)
	}
}

// call counts a call, which takes that many operands besides its parameters.
func (s *scanner) call(t FuncType, more int, c *count) {
	c.push(s.frames[len(s.frames)-1].base, -more-len(t.Params))
	c.push(0, len(t.Results))
	n := uint64(len(t.Params) + len(t.Results))
	c.calls = true
	c.args = max(c.args, n)
	c.slots += uint64(len(t.Results))
	c.work += n + uint64(s.reload)
}

func (s *scanner) local(r *reader, in *instr, locals uint32, c *count) {
	s.index(r, "local", in.arg, locals)
	if r.err != nil {
		return
	}
	l := in.arg
	if in.op != opLocalGet {
		s.set[l] = s.block
		if s.ever[l] != s.fn {
			s.ever[l] = s.fn
			if s.seen[l] == s.fn {
				c.varying++
			}
		}
		return
	}
	if s.set[l] != s.block && s.seen[l] != s.fn {
		s.seen[l] = s.fn
		c.exposed++
		if s.ever[l] == s.fn {
			c.varying++
		}
	}
}

func (s *scanner) misc(in *instr) {
	switch in.sub {
	case opMemoryInit:
		s.uses.Inits = true
	case opDataDrop, opElemDrop:
		s.uses.Drops = true
	case opTableInit, opTableCopy, opTableFill:
		s.uses.Tables = true
	case opTableGrow:
		s.uses.Tables, s.uses.Extend = true, true
	}
}

// push enters a block.
func (s *scanner) push(r *reader, in *instr, c *count) {
	f := scanFrame{op: in.op, base: c.height, loops: s.frames[len(s.frames)-1].loops}
	if in.block >= 0 {
		s.index(r, "type", uint32(in.block), uint32(len(s.m.Types)))
		if r.err != nil {
			return
		}
		t := s.m.Types[in.block]
		f.arity = uint32(max(len(t.Params), len(t.Results)))
		f.base = max(f.base-len(t.Params), 0)
	} else if in.block != blockNone {
		f.arity = 1
	}
	c.slots += uint64(f.arity)
	c.work += uint64(f.arity)
	if in.op == opLoop {
		if f.loops++; f.loops > maxLoops {
			r.refuse("nested loops", uint64(f.loops), maxLoops, "split the function")
		}
		c.other = true
		c.joins++
		c.blocks += 8
		s.block++
	}
	if in.op == opIf {
		c.blocks += 2
	}
	s.frames = append(s.frames, f)
	if len(s.frames) > maxDepth {
		r.refuse("nested blocks", uint64(len(s.frames)), maxDepth, "split the function")
	}
}

// branch marks a label, and returns how many values go there.
func (s *scanner) branch(r *reader, label uint32) uint32 {
	s.index(r, "label", label, uint32(len(s.frames)))
	if r.err != nil {
		return 0
	}
	f := &s.frames[len(s.frames)-1-int(label)]
	f.target = true
	return f.arity
}

// Check reads the bodies of all functions and says what is wrong with their
// structure, or over a bound, and otherwise what they use. It leaves the types
// of operands to the engine.
func (m *Module) Check() (Uses, error) {
	s := newScanner(m)
	for i := range m.Code {
		if _, err := s.scan(i); err != nil {
			return Uses{}, err
		}
	}
	return s.uses, nil
}
