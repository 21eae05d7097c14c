package wasmbin

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// A workload is one call of an export.
type workload struct {
	module, function string
	n                uint64
}

var workloads = []workload{
	{"wat", "fib", 27}, {"wat", "bytes", 8}, {"wat", "sum", 100}, {"wat", "sieve", 40}, {"wat", "indirect", 3_000_000},
	{"wat", "leaves", 5_000_000}, {"wat", "machine", 5_000_000}, {"wat", "multiply", 400},
	{"go", "sha256", 40}, {"go", "sort", 60_000}, {"go", "json", 800}, {"go", "fib", 24}, {"go", "matrix", 130},
	{"go", "text", 8000}, {"go", "regexp", 1500}, {"go", "crc", 60},
	{"c", "chacha", 20_000}, {"c", "quicksort", 60_000}, {"c", "compress", 600}, {"c", "bodies", 60_000}, {"c", "queens", 12}, {"c", "hashes", 1_000_000},
	{"tinygo", "fibonacci", 26}, {"tinygo", "string_manipulation", 60}, {"tinygo", "reverse_array", 20_000}, {"tinygo", "random_mat_mul", 80},
}

// workModule returns the binary of a workload.
func workModule(t testing.TB, name string) []byte {
	t.Helper()
	path := filepath.Join("testdata", "work", "loops.wasm")
	switch {
	case name == "go":
		path = goGuest(t)
	case name == "c":
		path = filepath.Join("testdata", "work", "c", "programs.wasm")
	case name == "tinygo":
		path = filepath.Join(wazeroDir(t), "bench", "testdata", "case.wasm")
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// goGuest builds testdata/work and returns the path of the module.
func goGuest(t testing.TB) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "work.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", out, ".")
	build.Dir = filepath.Join("testdata", "work")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if b, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, b)
	}
	return out
}

// meter is the host's side of a metered instance.
type meter struct {
	granted, limit int64
	ticks          int
}

func (m *meter) tick(_ context.Context, stack []uint64) {
	if int64(stack[1]) < 0 {
		panic(errStack)
	}
	m.ticks++
	for int64(stack[0]) < 0 {
		if m.limit > 0 && m.granted >= m.limit {
			panic(errFuel)
		}
		m.granted += 20_000
		stack[0] += 20_000
	}
}

// used returns the fuel that an instance has used.
func (m *meter) used(mod api.Module) int64 {
	return m.granted - int64(mod.ExportedGlobal(FuelExport).Get())
}

var errFuel = fmt.Errorf("out of fuel")

// instance makes one, with WASI and the tick to import.
func instance(t testing.TB, rc wazero.RuntimeConfig, wasm []byte, m *meter) api.Module {
	t.Helper()
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, rc)
	t.Cleanup(func() { _ = r.Close(ctx) })
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	_, err := r.NewHostModuleBuilder("env").NewFunctionBuilder().WithFunc(randomString).Export("get_random_string").Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	tickModule(t, r, m)
	c, err := r.CompileModule(ctx, wasm)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := r.InstantiateModule(ctx, c, wazero.NewModuleConfig().WithStartFunctions("_initialize", "_start").WithName("work"))
	if err != nil {
		t.Fatal(err)
	}
	return mod
}

// tickModule offers the tick.
func tickModule(t testing.TB, r wazero.Runtime, m *meter) {
	t.Helper()
	i64 := api.ValueTypeI64
	_, err := r.NewHostModuleBuilder(TickModule).NewFunctionBuilder().
		WithGoFunction(api.GoFunc(m.tick), []api.ValueType{i64, i64}, []api.ValueType{i64}).Export(TickName).Instantiate(context.Background())
	if err != nil {
		t.Fatal(err)
	}
}

// randomString is what the module of TinyGo imports; always the same here.
func randomString(ctx context.Context, m api.Module, to, size uint32) {
	results, err := m.ExportedFunction("allocate_buffer").Call(ctx, 10)
	if err != nil {
		panic(err)
	}
	m.Memory().WriteUint32Le(to, uint32(results[0]))
	m.Memory().WriteUint32Le(size, 10)
	m.Memory().WriteString(uint32(results[0]), "0123456789")
}

func metered(t testing.TB, wasm []byte, o Options) []byte {
	t.Helper()
	m, err := Decode(wasm)
	if err != nil {
		t.Fatal(err)
	}
	out, _, err := Meter(m, o)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// run calls a workload and returns its result and how long it took.
func (w workload) run(t testing.TB, ctx context.Context, mod api.Module) ([]uint64, time.Duration) {
	t.Helper()
	start := time.Now()
	results, err := mod.ExportedFunction(w.function).Call(ctx, w.n)
	took := time.Since(start)
	if err != nil {
		t.Fatalf("%s %s: %v", w.module, w.function, err)
	}
	return results, took
}

// variant is a module as it is measured.
type variant struct {
	mod  api.Module
	best time.Duration
}

// variants makes a module's: as it is, metered, and as it is with wazero's own
// way to stop a guest.
func variants(b *testing.B, name string, m *meter) [3]variant {
	wasm, config := workModule(b, name), wazero.NewRuntimeConfigCompiler()
	return [3]variant{
		{mod: instance(b, config, wasm, m)},
		{mod: instance(b, config, metered(b, wasm, Options{MaxDepth: MaxEngineDepth}), m)},
		{mod: instance(b, config.WithCloseOnContextDone(true), wasm, m)},
	}
}

// BenchmarkOverhead compares each workload metered with itself as it is, and
// with wazero's own way to stop a guest, in one run. Command bench reads what it
// prints.
func BenchmarkOverhead(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m := &meter{}
	made := map[string][3]variant{}
	for _, w := range workloads {
		if _, ok := made[w.module]; !ok {
			made[w.module] = variants(b, w.module, m)
		}
	}
	var ratios, against []float64
	for _, w := range workloads {
		b.Run(w.module+"/"+w.function, func(b *testing.B) {
			vs, rounds := made[w.module], max(b.N, 5)
			before := m.used(vs[1].mod)
			for n := range rounds {
				for i := range vs {
					if _, took := w.run(b, ctx, vs[i].mod); n == 0 || took < vs[i].best {
						vs[i].best = took
					}
				}
			}
			plain := float64(vs[0].best)
			ratio, done := float64(vs[1].best)/plain, float64(vs[2].best)/plain
			b.ReportMetric(plain/1e6, "plain-ms")
			b.ReportMetric(ratio, "metered/plain")
			b.ReportMetric(done, "ctx/plain")
			b.ReportMetric(float64(m.used(vs[1].mod)-before)/float64(vs[1].best)/float64(rounds), "fuel/ns")
			ratios, against = append(ratios, ratio), append(against, done)
		})
	}
	slices.Sort(ratios)
	slices.Sort(against)
	if n := len(ratios); n > 0 {
		b.Logf("metered against plain: median %.2f, worst %.2f; WithCloseOnContextDone: median %.2f, worst %.2f",
			ratios[n/2], ratios[n-1], against[n/2], against[n-1])
	}
}
