package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/builtin"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// workloads are those of package wasmbin that are measured: of hand-written
// code, C, Go and TinyGo.
const workloads = "^(wat|c|go|tinygo)$/^(fib|sieve|multiply|indirect|chacha|quicksort|compress|bodies|queens|hashes|sort|json|matrix|sha256|fibonacci|random_mat_mul)$"

// sandbox measures what it costs that a guest can be stopped, and that each
// execution is a fresh one.
func (b *bench) sandbox(ctx context.Context) error {
	for _, measure := range []func(context.Context) error{b.memory, b.fresh, b.metering} {
		if err := measure(ctx); err != nil {
			return err
		}
	}
	return nil
}

// metering has the benchmark of wasmbin run and reads what it prints: it is an
// internal package, of the host.
func (b *bench) metering(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^BenchmarkOverhead$/"+b.workloads, "-benchtime", "1x",
		"github.com/wasmsql/wasmsql/host/internal/wasmbin")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("the benchmark of wasmbin: %w\n%s%s", err, out, stderr.String())
	}
	var metered, done []float64
	for line := range strings.Lines(string(out)) {
		name, values, ok := benchLine(line)
		if !ok {
			continue
		}
		plain, ratio, other := values["plain-ms"], values["metered/plain"], values["ctx/plain"]
		if plain <= 0 || ratio <= 0 || other <= 0 {
			return fmt.Errorf("the benchmark of wasmbin prints no figures: %s", line)
		}
		b.compare("metered: "+name, ratio*plain, "ms", "unmetered", plain)
		b.compare("WithCloseOnContextDone: "+name, other*plain, "ms", "unmetered", plain)
		metered, done = append(metered, ratio), append(done, other)
	}
	if len(metered) == 0 {
		return errors.New("the benchmark of wasmbin prints no figures")
	}
	b.compare("metered, median of ratios", median(metered), "x", "WithCloseOnContextDone", median(done))
	b.compare("metered, worst of ratios", slices.Max(metered), "x", "WithCloseOnContextDone", slices.Max(done))
	return nil
}

// benchLine reads a line of a Go benchmark: its name without what they have in
// common, and its values by their units.
func benchLine(line string) (name string, values map[string]float64, ok bool) {
	f := strings.Fields(line)
	if len(f) < 4 || !strings.HasPrefix(f[0], "BenchmarkOverhead/") {
		return "", nil, false
	}
	name = strings.TrimPrefix(f[0], "BenchmarkOverhead/")
	if i := strings.LastIndexByte(name, '-'); i > 0 { // the number of processors
		name = name[:i]
	}
	values = map[string]float64{}
	for i := 2; i+1 < len(f); i += 2 {
		if v, err := strconv.ParseFloat(f[i], 64); err == nil {
			values[f[i+1]] = v
		}
	}
	return name, values, true
}

// gate is a driver and a database of nothing, whose transactions begin when
// they are let: until then, the guests that asked for them wait. It is safe for
// concurrent use.
type gate struct {
	arrived chan struct{} // nil: nobody looks
	open    chan struct{} // closed: all may begin
}

// Dialect implements sqldb.Driver.Dialect.
func (g *gate) Dialect() abi.Dialect { return abi.SQLite }

// Open implements sqldb.Driver.Open.
func (g *gate) Open(sqldb.Config) (sqldb.DB, error) { return g, nil }

// Begin implements sqldb.DB.Begin.
func (g *gate) Begin(context.Context, sqldb.TxOptions) (sqldb.Tx, error) {
	if g.arrived != nil {
		g.arrived <- struct{}{}
	}
	<-g.open
	return nothing{}, nil
}

// Close implements sqldb.DB.Close.
func (g *gate) Close() error { return nil }

// nothing is a transaction that does nothing.
type nothing struct{}

// Query implements sqldb.Tx.Query: there are no rows to be had.
func (nothing) Query(context.Context, string, []abi.Value) (sqldb.Rows, error) {
	return nil, errors.New("a database of nothing")
}

// Exec implements sqldb.Tx.Exec.
func (nothing) Exec(context.Context, string, []abi.Value, bool) (int64, error) { return 0, nil }

// Commit implements sqldb.Tx.Commit.
func (nothing) Commit(context.Context) error { return nil }

// Rollback implements sqldb.Tx.Rollback.
func (nothing) Rollback(context.Context) error { return nil }

// on returns a Host whose database is the gate.
func (g *gate) on(ctx context.Context) (*host.Host, error) {
	uri, err := sqldb.ParseURI("sqlite:///:memory:")
	if err != nil {
		return nil, err
	}
	return host.New(ctx, hostConfig(g, uri))
}

func gatedTask(n int) host.Task {
	return host.Task{Name: "point", Query: fmt.Sprintf("SELECT id, name FROM points WHERE id = {{ .inputs.id }} + %d", n),
		Inputs: []host.Input{{Name: "id", Type: idType}}, Connection: "db", Outputs: abi.Outputs{Mode: abi.OutputNone}}
}

// many is how many tasks and instances the memory of one is measured by.
const many = 50

// memory measures what a loaded task takes, an instance that runs and one that
// waits for its next execution.
func (b *bench) memory(ctx context.Context) error {
	g := &gate{arrived: make(chan struct{}), open: make(chan struct{})}
	h, err := g.on(ctx)
	if err != nil {
		return err
	}
	defer h.Close()
	p, err := h.Load(ctx, gatedTask(0)) // the code is all tasks'
	if err != nil {
		return err
	}
	base, ok := resident()
	if !ok {
		return nil // not measured here
	}
	errs := make(chan error, many)
	for range many {
		go func() {
			_, err := p.Run(ctx, host.Inputs{"id": {Type: idType, Int: 7}}, host.Discard())
			errs <- err
		}()
		select {
		case <-g.arrived:
		case err := <-errs:
			return fmt.Errorf("an execution has ended before its transaction began: %w", err)
		}
	}
	running, _ := resident()
	close(g.open)
	for range many {
		if err := <-errs; err != nil {
			return err
		}
	}
	idle, _ := resident()
	for n := range many {
		if _, err := h.Load(ctx, gatedTask(n+1)); err != nil {
			return err
		}
	}
	loaded, _ := resident()
	each := func(now, before float64) float64 { return max(0, now-before) / many }
	b.report("memory of a running instance", each(running, base), "KB")
	b.report("memory of an idle instance", each(idle, base), "KB")
	b.report("memory of a loaded task, with its instance", each(loaded, idle), "KB")
	return nil
}

// resident returns what this process holds of memory in kilobytes, of what it
// shares with others its part.
func resident() (kilobytes float64, ok bool) {
	debug.FreeOSMemory()
	debug.FreeOSMemory() // what finalizers have freed, too
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss:" {
			v, err := strconv.ParseFloat(f[1], 64)
			return v * 1.024, err == nil
		}
	}
	return 0, false
}

// fresh measures what one execution takes of the template guest besides the
// database, from an instance that is as configured to one that is so again,
// beside a new instance of the same module without any of that.
func (b *bench) fresh(ctx context.Context) error {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	h, err := g.on(ctx)
	if err != nil {
		return err
	}
	defer h.Close()
	p, err := h.Load(ctx, gatedTask(0))
	if err != nil {
		return err
	}
	runs, err := warmExecutions(ctx, p)
	if err != nil {
		return err
	}
	taken := make([]float64, len(runs))
	for i, e := range runs {
		taken[i] = e.sandbox + e.guest
	}
	plain, err := instantiations(ctx, 5*b.runs)
	if err != nil {
		return err
	}
	b.compare("fresh sandbox, taken, called, reset", median(taken), "µs", "plain wazero, _initialize only", median(plain))
	b.compare("fresh sandbox: p99", percentile(taken, 99), "µs", "plain wazero, _initialize only", percentile(plain, 99))
	return nil
}

// instantiations returns the microseconds that plain wazero takes each time to
// make an instance of the template module and to initialize it.
func instantiations(ctx context.Context, n int) ([]float64, error) {
	wasm, err := builtin.Template()
	if err != nil {
		return nil, err
	}
	r := wazero.NewRuntime(ctx)
	defer r.Close(ctx)
	code, err := r.CompileModule(ctx, wasm)
	if err != nil {
		return nil, err
	}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, err
	}
	ours := r.NewHostModuleBuilder(abi.Module)
	for _, f := range code.ImportedFunctions() {
		if module, name, _ := f.Import(); module == abi.Module {
			ours.NewFunctionBuilder().WithGoFunction(api.GoFunc(func(context.Context, []uint64) {}), f.ParamTypes(), f.ResultTypes()).Export(name)
		}
	}
	if _, err := ours.Instantiate(ctx); err != nil {
		return nil, err
	}
	var times []float64
	for range n {
		began := time.Now()
		m, err := r.InstantiateModule(ctx, code, wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize"))
		if err != nil {
			return nil, err
		}
		if err := m.Close(ctx); err != nil {
			return nil, err
		}
		times = append(times, micros(time.Since(began)))
	}
	return times, nil
}
