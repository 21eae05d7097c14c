package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

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

// TestAdmitSaysAsMuchAsPrepare: what a module is refused for is found without
// compiling it, and not in a time without an end, whatever it is.
func TestAdmitSaysAsMuchAsPrepare(t *testing.T) {
	imports := fakeImports(new(atomic.Int64))
	s, err := New(context.Background(), Config{Imports: imports})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	modules := map[string][]byte{}
	for what, body := range map[string][]byte{
		"operand of another type": {0, 0x42, 0, 0x0b},
		"no operand":              {0, 0x0b},
		"one operand too many":    {0, 0x41, 0, 0x41, 0, 0x0b},
		"types behind a branch":   {0, 0x02, 0x7f, 0x42, 0, 0x0c, 0, 0x0b, 0x0b},
		"memory that is not":      {0, 0x41, 0, 0x28, 2, 0, 0x0b},
		"table that is not":       {0, 0x41, 0, 0x25, 0, 0x1a, 0x41, 0, 0x0b},
		"alignment":               {0, 0x41, 0, 0x28, 9, 0, 0x0b},
	} {
		m := &wasmbin.Module{
			Types: []wasmbin.FuncType{{Results: []wasmbin.ValueType{wasmbin.I32}}}, Functions: []uint32{0}, Code: []wasmbin.Code{{Body: body}},
			Exports: []wasmbin.Export{{Name: "wasmsql_v1_run", Kind: wasmbin.KindFunc}},
		}
		if what != "memory that is not" {
			m.Memories = []wasmbin.Limits{{Min: 1}}
			m.Exports = append(m.Exports, wasmbin.Export{Name: "memory", Kind: wasmbin.KindMemory})
		}
		modules[what] = m.Encode()
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "guests", "wat", "*.wasm"))
	if err != nil || len(files) < 200 {
		t.Fatalf("%d guests, %v", len(files), err)
	}
	for _, file := range files {
		if modules[filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	for what, wasm := range modules {
		began := time.Now()
		bad := Admit(wasm, imports)
		if took := time.Since(began); took > patience {
			t.Errorf("%s: looked at for %s", what, took)
		}
		c, err := s.Compile(context.Background(), Module{Wasm: wasm})
		if err == nil {
			c.Close()
		} else {
			refused++
		}
		if (len(bad) > 0) != (err != nil) {
			t.Errorf("%s: admitted with %q, prepared with %v", what, bad, err)
		}
		if file := strings.HasSuffix(what, ".wasm"); !file && (len(bad) == 0 || !strings.Contains(strings.Join(bad, " "), "it is not valid: ") && what != "memory that is not") {
			t.Errorf("%s: %q", what, bad)
		}
	}
	t.Logf("%d modules, of which %d are refused", len(modules), refused)
}
