package wasmbin

import "encoding/binary"

// Encode writes the module as a binary, with numbers in their shortest form but
// in bodies of functions and constant expressions, which stay as they were
// read. What Decode read comes out the same, byte for byte, if its numbers were
// in their shortest form.
func (m *Module) Encode() []byte {
	e := encoder{m: m, out: append(make([]byte, 0, m.size()), header...)}
	e.customs(secCustom)
	for _, id := range []byte{secType, secImport, secFunction, secTable, secMemory, secGlobal, secExport, secStart, secElement, secDataCount, secCode, secData} {
		e.section(id)
		e.customs(id)
	}
	return e.out
}

// size guesses the size of the binary.
func (m *Module) size() int {
	n := 4096 + 16*len(m.Types) + 64*len(m.Imports)
	for _, c := range m.Code {
		n += len(c.Body) + 5
	}
	for _, d := range m.Data {
		n += len(d.Bytes) + 16
	}
	for _, c := range m.Customs {
		n += len(c.Data) + len(c.Name) + 16
	}
	for _, e := range m.Elements {
		n += len(e.Items) + 16
	}
	return n
}

type encoder struct {
	m   *Module
	out []byte
	at  int // where the contents of the section begin
}

func (e *encoder) u32(v uint32)   { e.out = appendU32(e.out, v) }
func (e *encoder) byte(b ...byte) { e.out = append(e.out, b...) }

func (e *encoder) name(s string) {
	e.u32(uint32(len(s)))
	e.out = append(e.out, s...)
}

func appendU32(b []byte, v uint32) []byte { return binary.AppendUvarint(b, uint64(v)) }

// appendS64 appends a signed LEB128.
func appendS64(b []byte, v int64) []byte {
	for {
		c := byte(v & 0x7f)
		v >>= 7
		if v == 0 && c&0x40 == 0 || v == -1 && c&0x40 != 0 {
			return append(b, c)
		}
		b = append(b, c|0x80)
	}
}

// begin starts a section of an unknown size; end writes it in front.
func (e *encoder) begin(id byte) {
	e.out = append(e.out, id)
	e.at = len(e.out)
}

func (e *encoder) end() {
	var size [5]byte
	n := binary.PutUvarint(size[:], uint64(len(e.out)-e.at))
	e.out = append(e.out, size[:n]...)
	copy(e.out[e.at+n:], e.out[e.at:len(e.out)-n])
	copy(e.out[e.at:], size[:n])
}

func (e *encoder) customs(after byte) {
	for _, c := range e.m.Customs {
		if c.after == after {
			e.begin(secCustom)
			e.name(c.Name)
			e.byte(c.Data...)
			e.end()
		}
	}
}

func (e *encoder) section(id byte) {
	m := e.m
	switch id {
	case secType:
		write(e, id, m.Types, e.funcType)
	case secImport:
		write(e, id, m.Imports, e.imp)
	case secFunction:
		write(e, id, m.Functions, e.u32)
	case secTable:
		write(e, id, m.Tables, e.table)
	case secMemory:
		write(e, id, m.Memories, e.limits)
	case secGlobal:
		write(e, id, m.Globals, func(g Global) {
			e.globalType(g.GlobalType)
			e.expr(g.Init)
		})
	case secExport:
		write(e, id, m.Exports, func(x Export) {
			e.name(x.Name)
			e.byte(byte(x.Kind))
			e.u32(x.Index)
		})
	case secStart:
		if m.Start {
			e.begin(id)
			e.u32(m.StartFunc)
			e.end()
		}
	case secElement:
		write(e, id, m.Elements, e.element)
	case secDataCount:
		if m.HasDataCount {
			e.begin(id)
			e.u32(uint32(len(m.Data)))
			e.end()
		}
	case secCode:
		write(e, id, m.Code, func(c Code) {
			e.u32(uint32(len(c.Body)))
			e.byte(c.Body...)
		})
	case secData:
		write(e, id, m.Data, e.data)
	}
}

// write writes a section of a vector; an empty one is left out.
func write[T any](e *encoder, id byte, all []T, one func(T)) {
	if len(all) == 0 {
		return
	}
	e.begin(id)
	e.u32(uint32(len(all)))
	for _, x := range all {
		one(x)
	}
	e.end()
}

func (e *encoder) funcType(t FuncType) {
	e.byte(0x60)
	for _, list := range [][]ValueType{t.Params, t.Results} {
		e.u32(uint32(len(list)))
		for _, v := range list {
			e.byte(byte(v))
		}
	}
}

func (e *encoder) imp(im Import) {
	e.name(im.Module)
	e.name(im.Name)
	e.byte(byte(im.Kind))
	switch im.Kind {
	case KindFunc:
		e.u32(im.Type)
	case KindTable:
		e.table(im.Table)
	case KindMemory:
		e.limits(im.Memory)
	case KindGlobal:
		e.globalType(im.Global)
	}
}

func (e *encoder) table(t Table) {
	e.byte(byte(t.Type))
	e.limits(t.Limits)
}

func (e *encoder) limits(l Limits) {
	if !l.HasMax {
		e.byte(0)
		e.u32(l.Min)
		return
	}
	e.byte(1)
	e.u32(l.Min)
	e.u32(l.Max)
}

func (e *encoder) globalType(g GlobalType) {
	mutable := byte(0)
	if g.Mutable {
		mutable = 1
	}
	e.byte(byte(g.Type), mutable)
}

func (e *encoder) expr(b []byte) {
	e.byte(b...)
	e.byte(opEnd)
}

func (e *encoder) element(s Element) {
	flags := byte(0)
	if s.Exprs {
		flags = 4
	}
	switch {
	case s.Mode == Declared:
		flags |= 3
	case s.Mode == Passive:
		flags |= 1
	case s.Named:
		flags |= 2
	}
	e.byte(flags)
	if s.Mode == Active {
		if s.Named {
			e.u32(s.Table)
		}
		e.expr(s.Offset)
	}
	if flags&3 != 0 {
		if s.Exprs {
			e.byte(byte(s.Type))
		} else {
			e.byte(0)
		}
	}
	e.u32(uint32(s.Count))
	e.byte(s.Items...)
}

func (e *encoder) data(d Data) {
	switch {
	case d.Mode == Passive:
		e.byte(1)
	case d.Named:
		e.byte(2, 0)
	default:
		e.byte(0)
	}
	if d.Mode == Active {
		e.expr(d.Offset)
	}
	e.u32(uint32(len(d.Bytes)))
	e.byte(d.Bytes...)
}
