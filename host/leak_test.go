package host_test

import (
	"context"
	"errors"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// footprint is what a process holds.
type footprint struct {
	goroutines, descriptors int
	heap                    uint64
}

func measure(t *testing.T) footprint {
	t.Helper()
	var f footprint
	for range 50 { // what has just ended may still be on its way out
		runtime.GC()
		if n := runtime.NumGoroutine(); f.goroutines == 0 || n < f.goroutines {
			f.goroutines = n
		}
		time.Sleep(time.Millisecond)
	}
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil {
		f.descriptors = len(fds)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	f.heap = m.HeapAlloc
	return f
}

// afterwards measures again until no more is held than before and some memory,
// or for as long as a test waits.
func afterwards(t *testing.T, before footprint) (after footprint, more bool) {
	t.Helper()
	for end := time.Now().Add(sqldbtest.Patience); ; time.Sleep(50 * time.Millisecond) {
		after = measure(t)
		more = after.goroutines > before.goroutines || after.descriptors > before.descriptors || after.heap > before.heap+(4<<20)
		if !more || time.Now().After(end) {
			return after, more
		}
	}
}

// TestNothingIsLeftBehind runs 10,000 executions that succeed, fail, trap,
// are refused and cancelled, from several goroutines, and compares what the
// process holds before and after.
func TestNothingIsLeftBehind(t *testing.T) {
	executions := 10_000
	if testing.Short() || raceEnabled {
		executions = 1_000
	}
	h := hosttest.Open(t, hosttest.SQLite(t, people), func(c *host.Config) { c.Limits.Timeout = time.Hour })
	none := abi.Outputs{Mode: abi.OutputNone}
	guest := func(name string, o abi.Outputs) *host.Program {
		return loadOn(t, h, host.Task{Name: name, Module: module(t, name), Connection: "db", Outputs: o})
	}
	programs := []*host.Program{
		guest("every-call", abi.Outputs{}), guest("minimal", none), guest("handles", none), guest("trap", none), guest("fail", none),
		guest("output-garbage", abi.Outputs{}), guest("exit", none), guest("grow-once", none),
		loadOn(t, h, host.Task{Name: "select", Query: "SELECT id, name FROM people WHERE id > {{ x }}", Inputs: []host.Input{intInput("x")}}),
		loadOn(t, h, host.Task{Name: "refused", Query: "SELECT nosuch, {{ x }}", Inputs: []host.Input{intInput("x")}}),
	}
	var next, failed atomic.Int64
	run := func(n int) {
		var wg sync.WaitGroup
		stop := next.Load() + int64(n)
		for range 4 {
			wg.Go(func() {
				for i := next.Add(1); i <= stop; i = next.Add(1) {
					ctx, cancel := context.WithCancel(context.Background())
					if i%17 == 0 {
						cancel()
					}
					var in host.Inputs
					p := programs[i%10]
					if i%10 >= 8 {
						in = host.Inputs{"x": intValue(i)}
					}
					var e *host.Error
					if _, err := p.Run(ctx, in, host.Discard()); err != nil {
						failed.Add(1)
						if !errors.As(err, &e) || e.Code == host.CodeInternal {
							t.Errorf("execution %d: %v", i, err)
						}
					}
					cancel()
				}
			})
		}
		wg.Wait()
		next.Store(stop)
	}
	run(executions / 10)
	before := measure(t)
	run(executions)
	after, more := afterwards(t, before)
	if failed.Load() < int64(executions)/3 || failed.Load() > int64(executions)*4/5 {
		t.Errorf("%d of %d executions failed: not what was meant", failed.Load(), executions)
	}
	t.Logf("before %+v, after %+v", before, after)
	if more {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
