// Package wasmbin reads, checks, rewrites and writes WebAssembly binaries: what
// a module imports, exports and declares, without compiling or running any of
// it.
//
// Format: WebAssembly Core Specification 2.0, section 5 "Binary Format", which
// is what wazero accepts without experimental features. A Module refers to the
// bytes that it was read from. Everything in the package is safe for concurrent
// use, but for a Module that is being changed.
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

func (t ValueType) ref() bool   { return t == FuncRef || t == ExternRef }
func (t ValueType) valid() bool { return t >= V128 && t <= I32 || t.ref() }

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

// Table is a table of references.
type Table struct {
	Limits
	Type ValueType
}

// GlobalType is the type of a global.
type GlobalType struct {
	Type    ValueType
	Mutable bool
}

// Global is a global of the module's own. Init is a constant expression without
// its end.
type Global struct {
	GlobalType
	Init []byte
}

// Import is one import.
type Import struct {
	Module, Name string
	Kind         Kind
	Type         uint32     // of a function: index into Module.Types
	Table        Table      // of a table
	Memory       Limits     // of a memory
	Global       GlobalType // of a global
}

// Export is one export.
type Export struct {
	Name  string
	Kind  Kind
	Index uint32
}

// Mode is when a segment is used.
type Mode byte

// The modes of segments. Declared is for elements only.
const (
	Active Mode = iota
	Passive
	Declared
)

// Element is a segment of references.
type Element struct {
	Mode   Mode
	Exprs  bool      // Items are constant expressions, else indexes of functions
	Named  bool      // an active one that says its table and type
	Type   ValueType // of what it holds
	Table  uint32    // of an active one
	Offset []byte    // of an active one: a constant expression without its end
	Count  int
	Items  []byte
}

// Data is a segment of bytes.
type Data struct {
	Mode   Mode
	Named  bool   // an active one that says its memory
	Offset []byte // of an active one: a constant expression without its end
	Bytes  []byte
}

// Code is the code of a function: the declaration of its locals and its
// instructions, as they were read.
type Code struct {
	Locals uint32 // how many, without the parameters
	Body   []byte
	instrs int // where the instructions begin in Body
}

// Custom is a custom section.
type Custom struct {
	Name  string
	Data  []byte
	after byte // the section that it stands behind
}

// Module is what Decode reads of a binary.
type Module struct {
	Types        []FuncType
	Imports      []Import
	Functions    []uint32 // the types of the module's own functions
	Tables       []Table  // its own
	Memories     []Limits // its own
	Globals      []Global // its own
	Exports      []Export
	Start        bool // it has a start section
	StartFunc    uint32
	Elements     []Element
	HasDataCount bool // it says how many data segments there are
	Code         []Code
	Data         []Data
	Customs      []Custom

	imported [4]uint32 // how many imports of each kind
}

// Func returns the signature of a function by its index, imported ones first.
func (m *Module) Func(index uint32) (FuncType, bool) {
	if index >= m.imported[KindFunc] {
		index -= m.imported[KindFunc]
		if int64(index) >= int64(len(m.Functions)) {
			return FuncType{}, false
		}
		return m.Types[m.Functions[index]], true
	}
	for _, im := range m.Imports {
		if im.Kind != KindFunc {
			continue
		}
		if index == 0 {
			return m.Types[im.Type], true
		}
		index--
	}
	return FuncType{}, false
}

// funcs returns how many functions there are, imported ones included.
func (m *Module) funcs() uint32 { return m.imported[KindFunc] + uint32(len(m.Functions)) }

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
