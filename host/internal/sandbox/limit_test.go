package sandbox

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// withTable returns a guest with a memory of some pages and a table, which it can
// let grow or not.
func withTable(t *testing.T, pages, elements uint32, grows bool) []byte {
	t.Helper()
	m, err := wasmbin.Decode(guest(t, "minimal"))
	if err != nil {
		t.Fatal(err)
	}
	m.Memories = []wasmbin.Limits{{Min: pages}}
	m.Tables = []wasmbin.Table{{Limits: wasmbin.Limits{Min: elements, Max: 20_000, HasMax: true}, Type: wasmbin.FuncRef}}
	if grows {
		m.Types = append(m.Types, wasmbin.FuncType{})
		m.Functions = append(m.Functions, uint32(len(m.Types)-1))
		m.Code = append(m.Code, wasmbin.Code{Body: []byte{0, 0xd0, 0x70, 0x41, 1, 0xfc, 15, 0, 0x1a, 0x0b}}) // table.grow by one
	}
	return m.Encode()
}

// TestMemoryIsCountedTogether: linear memory, the tables and the stack have the
// limit together, and what is over it says what all of them need.
func TestMemoryIsCountedTogether(t *testing.T) {
	const stack4, stack16 = 1 << 20, 4 << 20
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		for _, c := range []struct {
			limit         int64
			elements      uint32
			grows         bool
			stack, tables int64
		}{
			{4 << 20, 100, false, stack4, 800},
			{4 << 20, 100, true, stack4, 160_000},
			{4<<20 + 3, 0, false, stack4, 0},
			{16 << 20, 20_000, false, stack16, 160_000},
			{64 << 20, 20_000, true, stack16, 160_000},
		} {
			pages := uint32((c.limit - c.stack - c.tables) / PageSize)
			g, err := s.Prepare(context.Background(), Module{Wasm: withTable(t, 1, c.elements, c.grows)}, Limits{Memory: c.limit}, unconfigured)
			if err != nil {
				t.Fatal(err)
			}
			i, err := g.Take(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := i.module.Memory().Grow(pages - 1); !ok {
				t.Errorf("%+v: memory does not grow to %d pages", c, pages)
			}
			if _, ok := i.module.Memory().Grow(1); ok {
				t.Errorf("%+v: memory grows to more than %d pages", c, pages)
			}
			if got := int64(i.stack.Get()); got != c.stack {
				t.Errorf("%+v: a stack of %d bytes", c, got)
			}
			i.Close()
			g.Close()
			g, err = s.Prepare(context.Background(), Module{Wasm: withTable(t, pages, c.elements, c.grows)}, Limits{Memory: c.limit}, unconfigured)
			if err != nil {
				t.Errorf("%+v: %d pages: %v", c, pages, err)
			} else {
				g.Close()
			}
			_, err = s.Prepare(context.Background(), Module{Wasm: withTable(t, pages+1, c.elements, c.grows)}, Limits{Memory: c.limit}, unconfigured)
			var over *Exhausted
			if !errors.As(err, &over) || *over != (Exhausted{"memory", c.limit, int64(pages+1)*PageSize + c.stack + c.tables}) {
				t.Errorf("%+v: %d pages: %+v", c, pages+1, err)
			}
		}
	})
}

// TestStackOfSmallLimit: a small limit of memory is one of the stack, too: a guest
// goes less deep with it.
func TestStackOfSmallLimit(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		fuel := func(limit int64) int64 {
			g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "recursion-deep")}, Limits{Memory: limit}, unconfigured)
			if err != nil {
				t.Fatal(err)
			}
			defer g.Close()
			i, err := g.Take(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			defer i.Release()
			_, err = i.Call(context.Background(), "wasmsql_v1_run")
			var trap *Trap
			if !errors.As(err, &trap) || trap.Reason != "stack overflow" {
				t.Errorf("with %d bytes: %v", limit, err)
			}
			return i.Fuel()
		}
		most, same, half := fuel(64<<20), fuel(16<<20), fuel(8<<20)
		if most != same || half < most*9/20 || half > most*11/20 {
			t.Errorf("fuel until the stack overflows: %d of 64 MiB, %d of 16, %d of 8", most, same, half)
		}
	})
}
