package wasmbin

// asm is a body of instructions being written.
type asm []byte

func (a *asm) op(ops ...byte) *asm { *a = append(*a, ops...); return a }

// with writes an opcode and unsigned immediates.
func (a *asm) with(op byte, args ...uint32) *asm {
	*a = append(*a, op)
	for _, x := range args {
		*a = appendU32(*a, x)
	}
	return a
}

func (a *asm) i32(v int32) *asm { *a = appendS64(append(*a, opI32Const), int64(v)); return a }
func (a *asm) i64(v int64) *asm { *a = appendS64(append(*a, opI64Const), v); return a }

func (a *asm) get(l uint32) *asm     { return a.with(opLocalGet, l) }
func (a *asm) set(l uint32) *asm     { return a.with(opLocalSet, l) }
func (a *asm) load64(at uint32) *asm { return a.i32(int32(at)).with(0x29, 3, 0) }

// fn is a function of a module under construction.
type fn struct {
	typ    FuncType
	locals []ValueType // one group each
	body   asm         // without its last end
}

func (f fn) code() Code {
	b := appendU32(nil, uint32(len(f.locals)))
	for _, t := range f.locals {
		b = append(b, 1, byte(t))
	}
	b = append(append(b, f.body...), opEnd)
	return Code{Locals: uint32(len(f.locals)), Body: b}
}

// module returns the binary of functions that are exported as f0, f1 and so on,
// with a memory of a page. The global g counts the calls of f0.
func module(fns ...fn) []byte {
	m := Module{
		Memories: []Limits{{Min: 1}},
		Globals:  []Global{{GlobalType{I64, true}, []byte{opI64Const, 0}}},
		Exports:  []Export{{"memory", KindMemory, 0}, {"g", KindGlobal, 0}},
	}
	for i, f := range fns {
		if i == 0 { // counts its calls
			f.body = append(*new(asm).with(opGlobalGet, 0).i64(1).op(opI64Add).with(opGlobalSet, 0), f.body...)
		}
		m.Types = append(m.Types, f.typ)
		m.Functions = append(m.Functions, uint32(i))
		m.Code = append(m.Code, f.code())
		m.Exports = append(m.Exports, Export{"f" + string(rune('0'+i)), KindFunc, uint32(i)})
	}
	return m.Encode()
}

func repeat(t ValueType, n int) []ValueType {
	ts := make([]ValueType, n)
	for i := range ts {
		ts[i] = t
	}
	return ts
}
