// Package wasmbin reads WebAssembly binaries: what a module imports, exports
// and declares, without compiling or running any of it.
//
// Format: WebAssembly Core Specification 2.0, section 5 "Binary Format". A
// Module refers to the bytes that it was read from. Decode is safe for
// concurrent use.
package wasmbin

// ValueType is a value type as the binary format encodes it.
type ValueType byte

// The value types.
const (
	I32       ValueType = 0x7f
	I64       ValueType = 0x7e
	F32       ValueType = 0x7d
	F64       ValueType = 0x7c
	V128      ValueType = 0x7b
	FuncRef   ValueType = 0x70
	ExternRef ValueType = 0x6f
)

// String returns the type's name in the text format.
func (t ValueType) String() string {
	switch t {
	case I32:
		return "i32"
	case I64:
		return "i64"
	case F32:
		return "f32"
	case F64:
		return "f64"
	case V128:
		return "v128"
	case FuncRef:
		return "funcref"
	case ExternRef:
		return "externref"
	}
	return "unknown"
}

// FuncType is the signature of a function.
type FuncType struct {
	Params, Results []ValueType
}

// String returns the signature as "(i32, i32) -> (i64)".
func (t FuncType) String() string { return list(t.Params) + " -> " + list(t.Results) }

func list(ts []ValueType) string {
	s := "("
	for i, t := range ts {
		if i > 0 {
			s += ", "
		}
		s += t.String()
	}
	return s + ")"
}

// Kind is what an import or export is.
type Kind byte

// The kinds of imports and exports.
const (
	KindFunc   Kind = 0
	KindTable  Kind = 1
	KindMemory Kind = 2
	KindGlobal Kind = 3
)

// String returns the kind's name.
func (k Kind) String() string {
	return [...]string{"function", "table", "memory", "global"}[k]
}

// Limits are the bounds of a memory, in pages of 64 KiB, or of a table, in
// elements.
type Limits struct {
	Min    uint32
	Max    uint32
	HasMax bool
}

// Import is one import.
type Import struct {
	Module, Name string
	Kind         Kind
	Type         uint32 // of a function: index into Module.Types
}

// Export is one export.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32
}

// Custom is a custom section.
type Custom struct {
	Name string
	Data []byte
}

// Module is what Decode reads of a binary.
type Module struct {
	Types     []FuncType
	Imports   []Import
	Functions []uint32 // the types of the module's own functions
	Tables    []Limits // its own
	Memories  []Limits // its own
	Exports   []Export
	Start     bool // it has a start section
	Customs   []Custom
}

// Func returns the signature of a function by its index, imported ones first.
func (m *Module) Func(index uint32) (FuncType, bool) {
	for _, im := range m.Imports {
		if im.Kind != KindFunc {
			continue
		}
		if index == 0 {
			return m.typ(im.Type)
		}
		index--
	}
	if int64(index) >= int64(len(m.Functions)) {
		return FuncType{}, false
	}
	return m.typ(m.Functions[index])
}

func (m *Module) typ(i uint32) (FuncType, bool) {
	if int64(i) >= int64(len(m.Types)) {
		return FuncType{}, false
	}
	return m.Types[i], true
}

// Export returns the export of that name.
func (m *Module) Export(name string) (Export, bool) {
	for _, e := range m.Exports {
		if e.Name == name {
			return e, true
		}
	}
	return Export{}, false
}

// Custom returns the data of the first custom section of that name.
func (m *Module) Custom(name string) ([]byte, bool) {
	for _, c := range m.Customs {
		if c.Name == name {
			return c.Data, true
		}
	}
	return nil, false
}
