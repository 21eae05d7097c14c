package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// TestRefusalsAreShort: a module that is refused for thousands of names, each
// of 60,000 bytes, is told in a few lines.
func TestRefusalsAreShort(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		name := strings.Repeat("\x1b", 60_000)
		var imports []wasmbin.Import
		for i := range 100 {
			imports = append(imports, wasmbin.Import{Module: fmt.Sprint(i, name), Name: name, Kind: wasmbin.KindGlobal, Global: wasmbin.GlobalType{Type: wasmbin.I32}})
		}
		for what, m := range map[string]*wasmbin.Module{
			"imports": {Imports: imports},
			"a clash": {
				Types: []wasmbin.FuncType{{Results: []wasmbin.ValueType{wasmbin.I32}}}, Functions: []uint32{0}, Code: []wasmbin.Code{{Body: []byte{0, 0x41, 0, 0x0b}}},
				Memories: []wasmbin.Limits{{Min: 1}},
				Exports: []wasmbin.Export{{Name: "memory", Kind: wasmbin.KindMemory}, {Name: "wasmsql_v1_run", Kind: wasmbin.KindFunc},
					{Name: wasmbin.Prefix + name, Kind: wasmbin.KindFunc}},
			},
		} {
			_, err := s.Prepare(context.Background(), Module{Wasm: m.Encode()}, limits, unconfigured)
			var refused *Refused
			if !errors.As(err, &refused) {
				t.Fatalf("%s: %v", what, err)
			}
			if n := len(err.Error()); n > 20_000 || len(refused.Reasons) > maxReasons+1 {
				t.Errorf("%s: %d reasons of %d bytes", what, len(refused.Reasons), n)
			}
			if strings.Contains(err.Error(), "\x1b") {
				t.Errorf("%s: the name is not written out", what)
			}
		}
	})
}

// TestStacksAreShort: a trap in a function with a name of 2,000 bytes, 30
// frames of which are told.
func TestStacksAreShort(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "evil-names-trap-huge")}, limits, unconfigured)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		i, err := g.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer i.Close()
		_, err = i.Call(context.Background(), "wasmsql_v1_run")
		var trap *Trap
		if !errors.As(err, &trap) || trap.Reason != "stack overflow" || len(trap.Stack) < 1000 || len(trap.Stack) > 10_000 {
			t.Errorf("%.100v, a stack of %d bytes", err, len(trap.Stack))
		}
	})
}
