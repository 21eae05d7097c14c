package wasmbin

import (
	"bytes"
	"errors"
	"fmt"
)

var header = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// ErrNotWasm is returned by Decode when the bytes are not a core WebAssembly
// binary at all.
var ErrNotWasm = errors.New("not a WebAssembly module: it does not begin with \\0asm and version 1")

// Sections, by their identifiers.
const (
	secCustom    = 0
	secType      = 1
	secImport    = 2
	secFunction  = 3
	secTable     = 4
	secMemory    = 5
	secGlobal    = 6
	secExport    = 7
	secStart     = 8
	secElement   = 9
	secCode      = 10
	secData      = 11
	secDataCount = 12
)

// order returns the place of a section in a module, or 0. The data count
// stands between the elements and the code.
func order(id byte) int {
	switch {
	case id >= secType && id <= secElement:
		return int(id)
	case id == secDataCount:
		return 10
	case id == secCode || id == secData:
		return int(id) + 1
	}
	return 0
}

// Decode reads a binary and checks that what it says of itself agrees: counts,
// indexes, names, the bounds of this package. Bodies of functions are passed
// over; Module.Check and Meter read them. It takes time and memory in
// proportion to b, never to a count that b claims, and never panics.
//
// Its error is ErrNotWasm, wraps a *Refusal, or says what is malformed and
// where.
func Decode(b []byte) (*Module, error) {
	if len(b) > MaxSize {
		return nil, &Refusal{What: "bytes of the module", Found: uint64(len(b)), Limit: MaxSize, Hint: `strip it (-ldflags="-s -w")`}
	}
	if !bytes.HasPrefix(b, header) {
		return nil, ErrNotWasm
	}
	m := &Module{}
	r := &reader{b: b, p: len(header), end: len(b)}
	d := decoder{m: m}
	last := byte(0)
	for r.err == nil && r.p < len(b) {
		id := r.byte()
		size := r.u32()
		at := r.p
		if r.err != nil || int64(size) > int64(len(b)-at) {
			return nil, fmt.Errorf("section %d at byte %d is longer than the module", id, at)
		}
		if id != secCustom {
			if o := order(id); o == 0 || o <= order(last) {
				return nil, fmt.Errorf("section %d at byte %d is unknown or out of order", id, at)
			}
			last = id
		}
		body := &reader{b: b, p: at, end: at + int(size)}
		d.section(id, last, body)
		if body.err != nil {
			return nil, fmt.Errorf("section %d: %w", id, body.err)
		}
		r.p = at + int(size)
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, d.agree()
}

// decoder fills a Module.
type decoder struct {
	m         *Module
	dataCount uint32
	items     uint64 // of all element segments
	locals    uint64 // of all functions
}

func (d *decoder) section(id, after byte, r *reader) {
	m := d.m
	switch id {
	case secCustom:
		d.custom(after, r)
		return
	case secType:
		d.types(r)
	case secImport:
		read(r, &m.Imports, "imports", 4, maxImports, "import less", d.imp)
	case secFunction:
		read(r, &m.Functions, "functions", 1, maxFunctions, "split the module or link less", (*reader).u32)
	case secTable:
		read(r, &m.Tables, "tables", 3, maxTables, "one is enough for what compilers produce", (*reader).table)
	case secMemory:
		read(r, &m.Memories, "memories", 2, maxMemories, "one is what the engine takes", (*reader).limits)
	case secGlobal:
		read(r, &m.Globals, "globals", 4, maxGlobals, "keep variables in the memory", (*reader).global)
	case secExport:
		read(r, &m.Exports, "exports", 3, maxExports, "export less", (*reader).export)
	case secStart:
		m.Start, m.StartFunc = true, r.u32()
	case secElement:
		read(r, &m.Elements, "element segments", 3, maxElements, "join them", d.element)
	case secDataCount:
		m.HasDataCount, d.dataCount = true, r.u32()
	case secCode:
		read(r, &m.Code, "functions", 3, maxFunctions, "split the module or link less", d.code)
	case secData:
		read(r, &m.Data, "data segments", 2, maxSegments, "join them (wasm-opt --memory-packing does)", (*reader).data)
	}
	if r.err == nil && r.p != r.end {
		r.fail("has %d bytes too many", r.end-r.p)
	}
}

// read reads a vector of elements that take at least size bytes each.
func read[T any](r *reader, to *[]T, what string, size int, limit uint64, hint string, one func(*reader) T) {
	n := r.count(what, size, limit, hint)
	if r.err != nil || n == 0 {
		return
	}
	*to = make([]T, 0, n)
	for ; n > 0 && r.err == nil; n-- {
		*to = append(*to, one(r))
	}
}

func (d *decoder) custom(after byte, r *reader) {
	name := r.name()
	if r.err != nil {
		return
	}
	if len(d.m.Customs) == maxCustoms {
		r.refuse("custom sections", maxCustoms+1, maxCustoms, `strip it (-ldflags="-s -w")`)
		return
	}
	d.m.Customs = append(d.m.Customs, Custom{name, r.b[r.p:r.end:r.end], after})
}

// types reads the section into one array of value types, which all signatures
// share.
func (d *decoder) types(r *reader) {
	all := make([]ValueType, 0, r.left())
	list := func(what string, limit uint64) []ValueType {
		n := r.count(what, 1, limit, "pass them in memory")
		start := len(all)
		for ; n > 0; n-- {
			all = append(all, r.valueType())
		}
		return all[start:len(all):len(all)]
	}
	read(r, &d.m.Types, "types", 3, maxTypes, "split the module", func(r *reader) FuncType {
		if c := r.byte(); c != 0x60 && r.err == nil {
			r.fail("%#x is no function type", c)
		}
		params := list("parameters of a function", maxParams)
		return FuncType{Params: params, Results: list("results of a function", maxResults)}
	})
}

func (d *decoder) imp(r *reader) Import {
	im := Import{Module: r.name(), Name: r.name(), Kind: r.kind()}
	switch im.Kind {
	case KindFunc:
		im.Type = r.u32()
		if int64(im.Type) >= int64(len(d.m.Types)) {
			r.fail("a function of type %d, there are %d", im.Type, len(d.m.Types))
		}
	case KindTable:
		im.Table = r.table()
	case KindMemory:
		im.Memory = r.limits()
	case KindGlobal:
		im.Global = GlobalType{Type: r.valueType(), Mutable: r.mutable()}
	}
	d.m.imported[im.Kind]++
	return im
}

func (r *reader) table() Table {
	t := Table{Type: r.refType()}
	t.Limits = r.limits()
	return t
}

func (r *reader) global() Global {
	g := Global{GlobalType: GlobalType{Type: r.valueType(), Mutable: r.mutable()}}
	g.Init = r.constExpr()
	return g
}

func (r *reader) export() Export {
	return Export{Name: r.name(), Kind: r.kind(), Index: r.u32()}
}

// element reads a segment. Its first number says, by bits, that it is not
// active (1), names its table or is declared (2), and holds expressions (4).
func (d *decoder) element(r *reader) Element {
	flags := r.u32()
	if flags > 7 {
		r.fail("an element segment with flags %#x", flags)
		return Element{}
	}
	e := Element{Mode: Active, Exprs: flags&4 != 0, Type: FuncRef}
	switch {
	case flags&1 == 0:
		if flags&2 != 0 {
			e.Named, e.Table = true, r.u32()
		}
		e.Offset = r.constExpr()
	case flags&2 != 0:
		e.Mode = Declared
	default:
		e.Mode = Passive
	}
	if flags&3 != 0 {
		if e.Exprs {
			e.Type = r.refType()
		} else if k := r.byte(); k != 0 {
			r.fail("%#x is no kind of element", k)
		}
	}
	size := 1
	if e.Exprs {
		size = 3
	}
	e.Count = r.count("elements", size, maxElementItems-d.items, "use fewer function pointers")
	d.items += uint64(e.Count)
	start := r.p
	for range e.Count {
		if e.Exprs {
			r.constExpr()
		} else {
			r.u32()
		}
	}
	e.Items = r.b[start:r.p:r.p]
	return e
}

func (d *decoder) code(r *reader) Code {
	size := r.u32()
	if r.err == nil && size > maxBody {
		r.refuse("bytes of a function", uint64(size), maxBody, "split it")
		return Code{}
	}
	body := r.take(int(size))
	if r.err != nil {
		return Code{}
	}
	l := &reader{b: body, end: len(body)}
	n := l.count("groups of locals", 2, maxLocals, "declare those of one type together")
	var sum uint64
	for ; n > 0 && l.err == nil; n-- {
		sum += uint64(l.u32())
		l.valueType()
	}
	d.locals += sum
	switch {
	case l.err != nil:
		r.err = l.err
	case sum > maxLocals:
		r.refuse("locals of a function", sum, maxLocals, "split it, or keep them in memory")
	case d.locals > maxAllLocals:
		r.refuse("locals of all functions", d.locals, maxAllLocals, "keep them in memory")
	case body[len(body)-1] != opEnd || l.p == len(body):
		r.fail("a function that does not end with an end")
	}
	return Code{Locals: uint32(sum), Body: body, instrs: l.p}
}

func (r *reader) data() Data {
	flags := r.u32()
	var s Data
	switch flags {
	case 0:
	case 1:
		s.Mode = Passive
	case 2:
		s.Named = true
		if memory := r.u32(); memory != 0 {
			r.fail("a data segment of memory %d", memory)
		}
	default:
		r.fail("a data segment with flags %#x", flags)
	}
	if s.Mode == Active {
		s.Offset = r.constExpr()
	}
	n := r.u32()
	if r.err == nil && int64(n) > int64(r.left()) {
		r.fail("a data segment is longer than its section")
	}
	s.Bytes = r.take(int(n))
	return s
}
