package sandbox

import (
	"fmt"
	"strings"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// reserved begins the names of exports that rewriting adds.
const reserved = "wasmsql:"

// form is a module as the engine gets it, with what the engine does not.
type form struct {
	binary  []byte
	initial uint64    // bytes of memory that an instance starts with
	data    []segment // written before anything of the guest runs
	// snapshots: memory and globals are all the state that an instance has.
	snapshots bool
	globals   []string // exports of what a snapshot holds beside memory
	held      int64    // bytes that an idle instance takes, about
}

// segment is data that a module comes with.
type segment struct {
	offset uint32
	bytes  []byte
}

// rewrite makes a module ready for snapshots: its mutable globals are
// exported, and its data is taken out, since instances that stand on a
// snapshot have it already.
func rewrite(m *wasmbin.Module) (*form, error) {
	f := &form{}
	if len(m.Memories) > 0 {
		f.initial = uint64(m.Memories[0].Min) * PageSize
	}
	f.held = int64(len(m.Functions))*idleFunctionBytes + idleInstanceBytes
	for _, t := range m.Tables {
		f.held += int64(t.Min) * 8
	}
	keeps, err := m.KeepsState()
	if err != nil {
		return nil, err
	}
	f.snapshots = keeps && exportGlobals(m, f) && takeData(m, f)
	if !f.snapshots {
		f.globals, f.data = nil, nil
	}
	f.binary = m.Encode()
	return f, nil
}

// What an idle instance takes, measured with the template module.
const (
	idleInstanceBytes = 32 << 10
	idleFunctionBytes = 32
)

// exportGlobals exports the mutable globals. It reports whether their values
// are numbers that can be put back.
func exportGlobals(m *wasmbin.Module, f *form) bool {
	for i, g := range m.Globals {
		if !g.Mutable {
			continue
		}
		switch g.Type {
		case wasmbin.I32, wasmbin.I64, wasmbin.F32, wasmbin.F64:
		default:
			return false
		}
		name := fmt.Sprintf("%sglobal.%d", reserved, i)
		m.Exports = append(m.Exports, wasmbin.Export{Name: name, Kind: wasmbin.KindGlobal, Index: uint32(i)})
		f.globals = append(f.globals, name)
	}
	return true
}

// takeData takes the bytes of active segments out of the module. It reports
// whether it knows where they go.
func takeData(m *wasmbin.Module, f *form) bool {
	passive := m.HasDataCount
	for i, s := range m.Data {
		if s.Mode != wasmbin.Active {
			passive = true
			continue
		}
		offset, ok := wasmbin.ConstI32(s.Offset)
		if !ok {
			return false
		}
		f.data = append(f.data, segment{offset, s.Bytes})
		m.Data[i].Offset, m.Data[i].Bytes = wasmbin.I32Const(0), nil
	}
	if !passive {
		m.Data = nil
	}
	return true
}

// reservedNames returns the exports whose names rewriting may need.
func reservedNames(m *wasmbin.Module) (names []string) {
	for _, e := range m.Exports {
		if strings.HasPrefix(e.Name, reserved) {
			names = append(names, e.Name)
		}
	}
	return names
}
