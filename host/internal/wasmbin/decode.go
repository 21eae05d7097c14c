package wasmbin

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"
)

var header = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// ErrNotWasm is returned by Decode when the bytes are not a core WebAssembly
// binary at all.
var ErrNotWasm = errors.New("not a WebAssembly module: it does not begin with \\0asm and version 1")

// Decode reads a binary. It allocates in proportion to b, never to a count
// that b claims, and never panics. Code and data are passed over.
func Decode(b []byte) (*Module, error) {
	if !bytes.HasPrefix(b, header) {
		return nil, ErrNotWasm
	}
	m := &Module{}
	r := &reader{b: b, p: len(header)}
	last := byte(0)
	for r.err == nil && r.p < len(b) {
		id := r.byte()
		size := r.u32()
		at := r.p
		body := &reader{b: b, p: at, end: at + int(size)}
		if r.err != nil || int(size) > len(b)-at {
			return nil, fmt.Errorf("section %d at byte %d is longer than the module", id, at)
		}
		if id != 0 {
			if o := order(id); o == 0 || o <= order(last) {
				return nil, fmt.Errorf("section %d at byte %d is unknown or out of order", id, at)
			}
			last = id
		}
		m.section(id, body)
		if body.err != nil {
			return nil, fmt.Errorf("section %d: %w", id, body.err)
		}
		r.p = at + int(size)
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, nil
}

// order returns the place of a section in a module, or 0. The data count
// section, 12, stands between the elements and the code.
func order(id byte) int {
	switch {
	case id >= 1 && id <= 9:
		return int(id)
	case id == 12:
		return 10
	case id == 10 || id == 11:
		return int(id) + 1
	}
	return 0
}

func (m *Module) section(id byte, r *reader) {
	switch id {
	case 0:
		name := r.name()
		if r.err == nil {
			m.Customs = append(m.Customs, Custom{name, r.b[r.p:r.end]})
		}
		return
	case 1:
		r.vec(func() { m.Types = append(m.Types, r.funcType()) })
	case 2:
		r.vec(func() { m.Imports = append(m.Imports, r.imp()) })
	case 3:
		r.vec(func() { m.Functions = append(m.Functions, r.u32()) })
	case 4:
		r.vec(func() { r.byte(); m.Tables = append(m.Tables, r.limits()) })
	case 5:
		r.vec(func() { m.Memories = append(m.Memories, r.limits()) })
	case 7:
		r.vec(func() {
			e := Export{Name: r.name(), Kind: r.kind(), Index: r.u32()}
			m.Exports = append(m.Exports, e)
		})
	case 8:
		r.u32()
		m.Start = true
	default: // globals, elements, code, data: the engine validates them
		return
	}
	if r.err == nil && r.p != r.end {
		r.fail("has %d bytes too many", r.end-r.p)
	}
}

// reader reads from b[p:end]; after its first error it reads zeros.
type reader struct {
	b   []byte
	p   int
	end int // 0 is the end of b
	err error
}

func (r *reader) limit() int {
	if r.end == 0 {
		return len(r.b)
	}
	return r.end
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf("at byte %d: "+format, append([]any{r.p}, args...)...)
	}
}

func (r *reader) byte() byte {
	if r.err != nil || r.p >= r.limit() {
		r.fail("it ends too early")
		return 0
	}
	c := r.b[r.p]
	r.p++
	return c
}

// u32 reads an unsigned LEB128 of at most 32 bits.
func (r *reader) u32() uint32 {
	var v uint64
	for shift := 0; shift < 35; shift += 7 {
		c := r.byte()
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			if v > 1<<32-1 {
				break
			}
			return uint32(v)
		}
	}
	r.fail("a number does not fit 32 bits")
	return 0
}

func (r *reader) name() string {
	n := int(r.u32())
	if r.err != nil || n > r.limit()-r.p {
		r.fail("a name is longer than its section")
		return ""
	}
	s := string(r.b[r.p : r.p+n])
	if !utf8.ValidString(s) {
		r.fail("a name is not UTF-8")
	}
	r.p += n
	return s
}

// vec calls f for each element of a vector. Every element takes at least one
// byte, so what is appended is bounded by the section.
func (r *reader) vec(f func()) {
	n := r.u32()
	for ; n > 0 && r.err == nil; n-- {
		f()
	}
}

func (r *reader) kind() Kind {
	k := r.byte()
	if k > byte(KindGlobal) {
		r.fail("%#x is no kind of import or export", k)
		return 0
	}
	return Kind(k)
}

func (r *reader) limits() Limits {
	flags := r.byte()
	if flags > 1 {
		r.fail("limits with flags %#x: shared and 64-bit memories are not supported", flags)
	}
	l := Limits{Min: r.u32()}
	if flags == 1 {
		l.Max, l.HasMax = r.u32(), true
	}
	return l
}

func (r *reader) funcType() FuncType {
	if c := r.byte(); c != 0x60 {
		r.fail("%#x is no function type", c)
	}
	types := func() (ts []ValueType) {
		r.vec(func() { ts = append(ts, ValueType(r.byte())) })
		return ts
	}
	return FuncType{Params: types(), Results: types()}
}

func (r *reader) imp() Import {
	im := Import{Module: r.name(), Name: r.name(), Kind: r.kind()}
	switch im.Kind {
	case KindFunc:
		im.Type = r.u32()
	case KindTable:
		r.byte()
		r.limits()
	case KindMemory:
		r.limits()
	case KindGlobal:
		r.byte()
		r.byte()
	}
	return im
}
