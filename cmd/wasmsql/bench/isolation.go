package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// heaviest are the evil modules that hold a processor or the host for longest.
var heaviest = []string{"spin-empty", "tree", "tree-indirect", "fill-largest", "copy-largest", "table-copy-storm", "table-grow-storm",
	"grow-storm", "storm-errors", "storm-random", "stdout-vectors", "fail-huge"}

// costly are the beginnings of the names of evil modules that work for long. The
// others end at once, and cost others what return-at-once does.
var costly = []string{"spin-", "tree", "mutual", "recursion-", "grow-", "fill-", "copy-", "init-", "table-", "storm-", "limit-", "log-",
	"stdout-", "fail-", "return-", "secret-spin", "after-", "loops-"}

// neighbours are two tenants on one Runtime: one runs evil modules, the other
// a task that returns a row.
type neighbours struct {
	evil, other *host.Host
	task        *host.Program
	programs    map[string]*host.Program // the evil ones, by name
}

// isolation measures what evil modules of one tenant cost another, in the same
// process.
func (b *bench) isolation(ctx context.Context) error {
	n, closeAll, err := b.neighbours(ctx)
	if err != nil {
		return err
	}
	defer closeAll()
	for _, measure := range []func(context.Context, *neighbours) error{b.beside, b.crowd, b.pauses, b.handover, b.overshoot} {
		if err := measure(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) neighbours(ctx context.Context) (*neighbours, func(), error) {
	uri, err := sqldb.ParseURI("sqlite:///" + filepath.Join(b.dir, "points.db"))
	if err != nil {
		return nil, nil, err
	}
	r, err := host.NewRuntime(ctx, host.RuntimeConfig{}) // no cache: it syncs each file
	if err != nil {
		return nil, nil, err
	}
	n := &neighbours{programs: map[string]*host.Program{}}
	closeAll := func() {
		for _, h := range []*host.Host{n.evil, n.other} {
			if h != nil {
				_ = h.Close()
			}
		}
		_ = r.Close()
	}
	cfg := hostConfig(sqlite.Driver{}, uri)
	cfg.Runtime, cfg.Limits = r, host.Limits{Timeout: 10 * time.Second, HostCalls: 1 << 40, Fuel: 1 << 50}
	if n.evil, err = host.New(ctx, cfg); err == nil {
		n.other, err = host.New(ctx, cfg)
	}
	if err == nil {
		n.task, err = n.other.Load(ctx, pointOnSQLite)
	}
	if err == nil {
		err = n.load(ctx, b.guests)
	}
	if err != nil {
		closeAll()
		return nil, nil, err
	}
	return n, closeAll, nil
}

// load loads the costly evil modules.
func (n *neighbours) load(ctx context.Context, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "evil-*.wasm"))
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return fmt.Errorf("no evil modules in %s", dir)
	}
	for _, f := range files {
		name := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(f), ".wasm"), "evil-")
		if !slices.ContainsFunc(costly, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		wasm, err := os.ReadFile(f)
		if err != nil {
			return err
		}
		p, err := n.evil.Load(ctx, host.Task{Name: name, Module: wasm, Connection: "db", Timeout: 50 * time.Millisecond, Outputs: abi.Outputs{Mode: abi.OutputNone}})
		if err == nil {
			n.programs[name] = p
		}
	}
	for _, name := range heaviest {
		if n.programs[name] == nil {
			return fmt.Errorf("the evil module %s cannot be loaded", name)
		}
	}
	return nil
}

// run runs the other tenant's task for a time, at least once, and appends the
// time that each execution takes, in microseconds.
func (n *neighbours) run(ctx context.Context, d time.Duration, times []float64) ([]float64, error) {
	for end := time.Now().Add(d); ; {
		began := time.Now()
		if _, err := n.task.Run(ctx, host.Inputs{"id": {Type: idType, Int: 7}}, host.Discard()); err != nil {
			return times, err
		}
		now := time.Now()
		if times = append(times, micros(now.Sub(began))); now.After(end) {
			return times, nil
		}
	}
}

// with runs f while so many goroutines run evil modules, each its own again and
// again.
func with(ctx context.Context, many int, p *host.Program, f func() error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	for range many {
		wg.Go(func() {
			for ctx.Err() == nil {
				_, _ = p.Run(ctx, nil, host.Discard()) // however it ends
			}
		})
	}
	time.Sleep(time.Millisecond)
	err := f()
	cancel()
	wg.Wait()
	return err
}

// beside measures the other tenant's executions alone and beside each evil
// module, in turns, so that what else the machine does is the same for both, and
// then for longer beside those that looked worst.
func (b *bench) beside(ctx context.Context, n *neighbours) error {
	alone, err := n.run(ctx, 4*b.turn, nil)
	if err != nil {
		return err
	}
	alone = alone[:0]
	var all []float64
	tails := map[string]float64{}
	for name, p := range n.programs {
		if alone, err = n.run(ctx, b.turn/2, alone); err != nil {
			return err
		}
		var times []float64
		if err := with(ctx, 1, p, func() error { times, err = n.run(ctx, b.turn, nil); return err }); err != nil {
			return err
		}
		all = append(all, times...)
		tails[name] = percentile(times, 99)
	}
	b.report("alone: median", median(alone), "µs")
	b.report("alone: p99", percentile(alone, 99), "µs")
	b.compare("beside any evil module: median", median(all), "µs", "alone", median(alone))
	b.compare("beside any evil module: p99", percentile(all, 99), "µs", "alone", percentile(alone, 99))
	names := slices.SortedFunc(maps.Keys(tails), func(x, y string) int { return cmp.Compare(tails[y], tails[x]) })
	for _, name := range names[:min(5, len(names))] {
		if alone, err = n.run(ctx, 10*b.turn, alone[:0]); err != nil {
			return err
		}
		var times []float64
		if err := with(ctx, 1, n.programs[name], func() error { times, err = n.run(ctx, 20*b.turn, nil); return err }); err != nil {
			return err
		}
		b.compare("beside one of the worst, "+name+": p99", percentile(times, 99), "µs", "alone", percentile(alone, 99))
	}
	return nil
}

// crowd measures them beside more evil executions than there are processors.
func (b *bench) crowd(ctx context.Context, n *neighbours) error {
	alone, err := n.run(ctx, 20*b.turn, nil)
	if err != nil {
		return err
	}
	many := 4 * runtime.GOMAXPROCS(0)
	for _, name := range []string{"spin-empty", "tree", "storm-errors"} {
		var times []float64
		if err := with(ctx, many, n.programs[name], func() error { times, err = n.run(ctx, 20*b.turn, nil); return err }); err != nil {
			return err
		}
		b.compare(fmt.Sprintf("beside %d of %s: p99", many, name), percentile(times, 99), "µs", "alone", percentile(alone, 99))
	}
	return nil
}

// pauses measures how long the collector stops all goroutines, which takes as
// long as the guests take to let it.
func (b *bench) pauses(ctx context.Context, n *neighbours) error {
	longest := func(f func() error) (float64, error) {
		var before, after debug.GCStats
		debug.ReadGCStats(&before)
		err := f()
		debug.ReadGCStats(&after)
		p := time.Duration(0)
		for _, d := range after.Pause[:min(after.NumGC-before.NumGC, int64(len(after.Pause)))] {
			p = max(p, d)
		}
		return float64(p.Nanoseconds()) / 1e6, err
	}
	collect := func() error {
		for end := time.Now().Add(2 * b.turn); ; time.Sleep(time.Millisecond) {
			if runtime.GC(); time.Now().After(end) {
				return nil
			}
		}
	}
	alone, err := longest(collect)
	if err != nil {
		return err
	}
	worst, worstName := 0.0, heaviest[0]
	for _, name := range heaviest {
		p, err := longest(func() error { return with(ctx, 1, n.programs[name], collect) })
		if err != nil {
			return err
		}
		if p > worst {
			worst, worstName = p, name
		}
	}
	b.compare("longest collector pause beside evil modules", worst, "ms", "alone (the worst: "+worstName+")", alone)
	return nil
}

// handover measures how long a value takes from one goroutine to another and
// back, alone and beside a guest that spins.
func (b *bench) handover(ctx context.Context, n *neighbours) error {
	measure := func() []float64 {
		there, back := make(chan struct{}), make(chan struct{})
		go func() {
			for range there {
				back <- struct{}{}
			}
		}()
		defer close(there)
		var times []float64
		for end := time.Now().Add(10 * b.turn); ; {
			began := time.Now()
			there <- struct{}{}
			<-back
			now := time.Now()
			if times = append(times, micros(now.Sub(began))); now.After(end) {
				return times
			}
		}
	}
	alone := measure()
	var spinning []float64
	if err := with(ctx, 1, n.programs["spin-empty"], func() error { spinning = measure(); return nil }); err != nil {
		return err
	}
	b.compare("goroutines beside a spinning guest: median", median(spinning), "µs", "alone", median(alone))
	b.compare("goroutines beside a spinning guest: p99", percentile(spinning, 99), "µs", "alone", percentile(alone, 99))
	return nil
}

// overshoot measures by how much evil modules exceed a deadline of 50 ms.
func (b *bench) overshoot(ctx context.Context, n *neighbours) error {
	for _, name := range heaviest {
		var over []float64
		for range min(b.runs, 5) {
			began := time.Now()
			_, err := n.programs[name].Run(ctx, nil, host.Discard())
			took := time.Since(began)
			var e *host.Error
			if errors.As(err, &e) && e.Code == host.CodeLimit && strings.HasPrefix(e.Message, "the deadline") {
				over = append(over, float64((took-50*time.Millisecond).Nanoseconds())/1e6)
			}
		}
		if len(over) > 0 {
			b.report("over a deadline of 50 ms: "+name, max(0, percentile(over, 100)), "ms")
		}
	}
	return nil
}
