package sandbox

import (
	"bytes"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// form is a module as the engine gets it, with what the engine does not.
type form struct {
	binary  []byte
	initial uint64    // bytes of memory that an instance starts with
	data    []segment // written before anything of the guest runs
	stack   int64     // the guest's stack, see wasmbin.Layout
	tables  int64     // bytes that its tables can come to
	extends bool      // its tables can grow
	// snapshots: memory and globals are all the state that an instance has.
	snapshots bool
	globals   []string // exports of what a snapshot holds beside memory
	held      int64    // bytes that an idle instance takes, about
}

// own copies the data, so that what it was read from can go.
func (f *form) own() {
	for i := range f.data {
		f.data[i].bytes = bytes.Clone(f.data[i].bytes)
	}
}

// segment is data that a module comes with.
type segment struct {
	offset uint32
	bytes  []byte
}

// What an idle instance takes, measured with the template module.
const (
	idleInstanceBytes = 32 << 10
	idleFunctionBytes = 32
)

// elementBytes is what the engine takes for an element of a table.
const elementBytes = 8

// stackShare is the part of a small limit of memory that is the guest's stack.
const stackShare = 4

// beside returns how much of a limit of memory is for the guest's stack, and what
// its tables take: what is left of it is for linear memory.
func (f *form) beside(limit int64) (stack, tables int64) {
	return min(f.stack, limit/stackShare), f.tables
}

// rewrite makes a module metered and ready for snapshots: its tables bounded,
// its mutable globals exported, and its data taken out, since instances that
// stand on a snapshot have it already.
func rewrite(m *wasmbin.Module) (*form, error) {
	f := &form{held: idleInstanceBytes + int64(len(m.Functions))*idleFunctionBytes}
	if len(m.Memories) > 0 {
		f.initial = uint64(m.Memories[0].Min) * PageSize
	}
	for _, t := range m.Tables {
		f.held += int64(t.Min) * elementBytes
	}
	f.snapshots = f.takeData(m)
	binary, layout, err := wasmbin.Meter(m, wasmbin.Options{
		MaxDepth: wasmbin.MaxEngineDepth, MaxTable: maxTable, Globals: f.snapshots, Coalesce: true,
	})
	if err != nil {
		return nil, err
	}
	f.binary, f.stack, f.extends = binary, layout.Stack, layout.Uses.Extend
	for _, t := range m.Tables {
		n := t.Min
		if layout.Uses.Extend {
			n = maxTable
			if t.HasMax {
				n = min(t.Max, maxTable)
			}
		}
		f.tables += int64(n) * elementBytes
	}
	f.snapshots = f.snapshots && !layout.Uses.Tables && !layout.Uses.Drops
	for _, g := range layout.Globals {
		f.globals = append(f.globals, g.Name)
	}
	return f, nil
}

// takeData takes the bytes of active segments out of the module, if it knows
// where all of them go and if the globals' values are numbers, which can be put
// back. It reports whether it has.
func (f *form) takeData(m *wasmbin.Module) bool {
	for _, g := range m.Globals {
		if g.Mutable && (g.Type == wasmbin.V128 || g.Type == wasmbin.FuncRef || g.Type == wasmbin.ExternRef) {
			return false
		}
	}
	data := make([]segment, 0, len(m.Data))
	passive := m.HasDataCount
	for _, s := range m.Data {
		if s.Mode != wasmbin.Active {
			passive = true
			continue
		}
		offset, ok := wasmbin.ConstI32(s.Offset)
		if !ok {
			return false
		}
		data = append(data, segment{offset, s.Bytes})
	}
	f.data = data
	if !passive {
		m.Data = nil
		return true
	}
	for i, s := range m.Data { // the others keep their indexes
		if s.Mode == wasmbin.Active {
			m.Data[i].Offset, m.Data[i].Bytes = wasmbin.I32Const(0), nil
		}
	}
	return true
}
