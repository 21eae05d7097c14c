package wasmbin

import (
	"fmt"
	"strings"
)

// maxMetered is how large a rewritten module may be.
const maxMetered = 4 * MaxSize

// Meter rewrites a module so that it pays for what it does: see Layout for what
// it then needs from its host. The indexes of everything but functions stay as
// they are; functions are renumbered, as their host's tick is one more import.
// Custom sections are dropped, but for the names of functions.
//
// The result is valid if and only if the module was, and computes the same.
// The time it takes and what it allocates are proportional to the module. The
// errors are those of Decode, or say what is malformed and where.
func Meter(m *Module, o Options) ([]byte, Layout, error) {
	if o.Stack == 0 {
		o.Stack = DefaultStack
	}
	if err := m.clashes(); err != nil {
		return nil, Layout{}, err
	}
	s := newScanner(m)
	facts := make([]facts, len(m.Code))
	for i := range m.Code {
		f, err := s.scan(i)
		if err != nil {
			return nil, Layout{}, err
		}
		facts[i] = f
	}
	w := &metering{m: m, s: s, facts: facts, o: o, out: *m}
	l := Layout{Stack: o.Stack, Uses: s.uses}
	if err := w.tables(); err != nil {
		return nil, Layout{}, err
	}
	w.types()
	if err := w.code(); err != nil {
		return nil, Layout{}, err
	}
	w.globals(&l)
	w.renumber()
	if o.Coalesce && !s.uses.Inits && !s.uses.Drops {
		w.out.Data = m.coalesced()
	}
	w.out.Customs = nil
	if names, ok := m.functionNames(); ok {
		w.out.Customs = []Custom{{Name: nameSection, Data: names, after: secData}}
	}
	out := w.out.Encode()
	if len(out) > maxMetered {
		return nil, Layout{}, &Refusal{What: "bytes of the metered module", Found: uint64(len(out)), Limit: maxMetered, Hint: "build it smaller"}
	}
	return out, l, nil
}

// clashes refuses names that Meter adds.
func (m *Module) clashes() error {
	for _, x := range m.Exports {
		if strings.HasPrefix(x.Name, Prefix) {
			return fmt.Errorf("it exports %q: names that begin with %q are the host's, rename it", x.Name, Prefix)
		}
	}
	for _, im := range m.Imports {
		if strings.HasPrefix(im.Module, Prefix) {
			return fmt.Errorf("it imports %q of %q: modules that begin with %q are the host's, import another", im.Name, im.Module, Prefix)
		}
	}
	return nil
}

// metering is one module on its way through Meter.
type metering struct {
	m     *Module
	s     *scanner
	facts []facts
	o     Options
	out   Module

	blocks           map[string]uint32 // types of blocks by their results
	tickType, action uint32            // types of the import and of the function that calls it
	bulkType         uint32            // bulkType's index
}

// tables bounds what tables can grow to.
func (w *metering) tables() error {
	limit := w.o.MaxTable
	if limit == 0 {
		return nil
	}
	w.out.Tables = append([]Table(nil), w.m.Tables...)
	for i := range w.out.Tables {
		t := &w.out.Tables[i]
		if t.Min > limit {
			return &Refusal{What: "elements of a table", Found: uint64(t.Min), Limit: uint64(limit), Hint: "use fewer function pointers"}
		}
		if !t.HasMax || t.Max > limit {
			t.HasMax, t.Max = true, limit
		}
	}
	return nil
}

func (w *metering) addType(t FuncType) uint32 {
	w.out.Types = append(w.out.Types, t)
	return uint32(len(w.out.Types) - 1)
}

// types adds the types that injected code needs.
func (w *metering) types() {
	w.out.Types = append(make([]FuncType, 0, len(w.m.Types)+8), w.m.Types...)
	w.tickType = w.addType(FuncType{Params: []ValueType{I64, I64}, Results: []ValueType{I64}})
	w.action = w.addType(FuncType{})
	w.bulkType = w.addType(bulkType)
	w.blocks = map[string]uint32{}
	for _, t := range w.m.Functions {
		results := w.m.Types[t].Results
		if key := string(valueBytes(results)); len(results) > 1 {
			if _, ok := w.blocks[key]; !ok {
				w.blocks[key] = w.addType(FuncType{Results: results})
			}
		}
	}
}

// code rewrites all bodies and adds the function that asks the host for fuel.
func (w *metering) code() error {
	fuel := w.s.globals
	e := emitter{s: w.s, fuel: fuel, stack: fuel + 1, tick: w.m.funcs() + 1, types: w.blocks, facts: w.facts,
		bulk: bulk{next: w.m.funcs() + 2, init: map[uint32]uint32{}}, bulkType: w.bulkType}
	if w.o.MaxDepth > 0 {
		e.least = w.o.Stack / int64(w.o.MaxDepth)
	}
	p := planner{s: w.s, facts: w.facts}
	w.out.Code = make([]Code, 0, len(w.m.Code)+1)
	total := 0
	for i := range w.m.Code {
		body := append([]byte(nil), e.body(i, p.plan(i))...)
		w.out.Code = append(w.out.Code, Code{Body: body})
		if total += len(body); total > maxMetered {
			return &Refusal{What: "bytes of the metered module", Found: uint64(total), Limit: maxMetered, Hint: "build it smaller"}
		}
	}
	e.out = []byte{0}
	e.op(opGlobalGet, e.fuel)
	e.op(opGlobalGet, e.stack)
	e.op(opCall, w.m.imported[KindFunc])
	e.op(opGlobalSet, e.fuel)
	w.out.Code = append(w.out.Code, Code{Body: append(e.out, opEnd)})
	w.out.Functions = append(append([]uint32(nil), w.m.Functions...), w.action)
	for _, code := range e.bulk.code {
		w.out.Code = append(w.out.Code, code)
		w.out.Functions = append(w.out.Functions, w.bulkType)
	}
	tick := Import{Module: TickModule, Name: TickName, Kind: KindFunc, Type: w.tickType}
	w.out.Imports = append(append([]Import(nil), w.m.Imports...), tick)
	return nil
}

// globals adds the injected ones and exports what the host needs.
func (w *metering) globals(l *Layout) {
	m := w.m
	variable := GlobalType{Type: I64, Mutable: true}
	w.out.Globals = append(append([]Global(nil), m.Globals...),
		Global{variable, []byte{opI64Const, 0}},
		Global{variable, appendS64([]byte{opI64Const}, w.o.Stack)})
	w.out.Exports = append([]Export(nil), m.Exports...)
	export := func(name string, index uint32) {
		w.out.Exports = append(w.out.Exports, Export{Name: name, Kind: KindGlobal, Index: index})
	}
	export(FuelExport, w.s.globals)
	export(StackExport, w.s.globals+1)
	if !w.o.Globals {
		return
	}
	for i, g := range m.Globals {
		if !g.Mutable {
			continue
		}
		index := m.imported[KindGlobal] + uint32(i)
		x := GlobalExport{Index: index, Type: g.Type, Name: fmt.Sprintf("%sglobal:%d", Prefix, index)}
		export(x.Name, index)
		l.Globals = append(l.Globals, x)
	}
}

// renumber shifts the functions' indexes outside of code.
func (w *metering) renumber() {
	m := w.m
	for i := range w.out.Exports {
		if x := &w.out.Exports[i]; x.Kind == KindFunc {
			x.Index = m.shifted(x.Index)
		}
	}
	w.out.StartFunc = m.shifted(m.StartFunc)
	for i := range w.out.Globals {
		w.out.Globals[i].Init = m.shiftedExpr(w.out.Globals[i].Init)
	}
	w.out.Elements = append([]Element(nil), m.Elements...)
	for i := range w.out.Elements {
		s := &w.out.Elements[i]
		r := &reader{b: s.Items, end: len(s.Items)}
		items := make([]byte, 0, len(s.Items)+len(s.Items)/8)
		for range s.Count {
			if s.Exprs {
				items = append(append(items, m.shiftedExpr(r.constExpr())...), opEnd)
			} else {
				items = appendU32(items, m.shifted(r.u32()))
			}
		}
		s.Items = items
	}
}

// shiftedExpr returns a constant expression with the index of its function
// shifted, if it is one.
func (m *Module) shiftedExpr(expr []byte) []byte {
	if len(expr) == 0 || expr[0] != opRefFunc {
		return expr
	}
	r := &reader{b: expr, p: 1, end: len(expr)}
	return appendU32([]byte{opRefFunc}, m.shifted(r.u32()))
}
