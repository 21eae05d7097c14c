package wasmbin

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// TestFuzzCases calls every export of the modules that fuzzing has found faults
// of the engine with, as they are and metered, on both engines.
func TestFuzzCases(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(wazeroDir(t), "fuzzcases", "testdata", "*.wasm"))
	if err != nil || len(files) < 40 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	calls, endless, left := 0, 0, 0
	for _, file := range files {
		wasm, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for name, rc := range engines() {
			m, err := Decode(wasm)
			if err != nil {
				left++
				continue
			}
			out, _, err := Meter(m, Options{Coalesce: true, MaxDepth: MaxEngineDepth})
			if err != nil {
				t.Errorf("%s: %v", filepath.Base(file), err)
				continue
			}
			for _, x := range m.Exports {
				if x.Kind != KindFunc {
					continue
				}
				want := callFresh(rc, out, x.Name, len(m.Memories) > 0)
				calls++
				if strings.Contains(want, errFuel.Error()) || strings.Contains(want, errStack.Error()) {
					endless++
					continue
				}
				if got := callFresh(rc, wasm, x.Name, len(m.Memories) > 0); got != want {
					t.Errorf("%s, %s on the %s: %s, metered %s", filepath.Base(file), x.Name, name, got, want)
				}
			}
		}
	}
	t.Logf("%d modules, %d calls, of which %d do not end; %d of proposals that are not accepted", len(files), calls, endless, left/2)
}

// callFresh calls an export with zeros in a new instance, and returns its
// results and a sum of the memory, or how it failed.
func callFresh(rc wazero.RuntimeConfig, wasm []byte, name string, memory bool) string {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, rc)
	defer r.Close(ctx)
	m := &meter{limit: 1_000_000}
	i64 := api.ValueTypeI64
	_, err := r.NewHostModuleBuilder(TickModule).NewFunctionBuilder().
		WithGoFunction(api.GoFunc(m.tick), []api.ValueType{i64, i64}, []api.ValueType{i64}).Export(TickName).Instantiate(ctx)
	if err != nil {
		return err.Error()
	}
	mod, err := r.Instantiate(ctx, wasm)
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return "not instantiated: " + strings.NewReplacer("function[1]", "function", "function[0]", "function").Replace(line)
	}
	f := mod.ExportedFunction(name)
	n := 0
	for _, p := range f.Definition().ParamTypes() {
		n++
		if p == api.ValueType(V128) {
			n++
		}
	}
	results, err := f.Call(ctx, make([]uint64, n)...)
	if err != nil {
		line, _, _ := strings.Cut(err.Error(), "\n")
		return line
	}
	out := describe(results, f.Definition().ResultTypes())
	if memory {
		b, _ := mod.Memory().Read(0, mod.Memory().Size())
		sum := uint64(14695981039346656037)
		for _, c := range b {
			sum = (sum ^ uint64(c)) * 1099511628211
		}
		out += fmt.Sprintf(" memory %x", sum)
	}
	return out
}
