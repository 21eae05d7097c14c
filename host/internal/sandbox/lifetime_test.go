package sandbox

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// held is what a process has of the system, after what is garbage was freed:
// the least of several looks, as finalizers take their time.
func held(t *testing.T) (descriptors, mappings int, heap uint64) {
	t.Helper()
	var m runtime.MemStats
	for range 20 {
		runtime.GC()
		fds, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no /proc")
		}
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&m)
		if n := strings.Count(string(maps), "\n"); mappings == 0 || n < mappings {
			mappings = n
		}
		if len(fds) < descriptors || descriptors == 0 {
			descriptors = len(fds)
		}
		if heap == 0 || m.HeapAlloc < heap {
			heap = m.HeapAlloc
		}
		time.Sleep(time.Millisecond)
	}
	return descriptors, mappings, heap
}

// TestNothingIsHeld: neither executions nor loading and closing leave
// descriptors or mappings behind, however they end.
func TestNothingIsHeld(t *testing.T) {
	cycles, executions := 300, 10_000
	if testing.Short() {
		cycles, executions = 30, 500
	}
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		names := []string{"minimal", "trap", "grow-once", "evil-secret-table", "evil-secret-segment", "evil-grow-configure"}
		var guests []*Guest
		for _, name := range names {
			g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, name)}, limits, unconfigured)
			if err != nil {
				t.Fatal(err)
			}
			guests = append(guests, g)
		}
		run := func(n int) {
			for k := range n {
				i, err := guests[k%len(guests)].Take(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				_, _ = i.Call(context.Background(), "wasmsql_v1_run") // trap is one of them
				i.Release()
			}
		}
		load := func(n int) {
			for k := range n {
				g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, names[k%len(names)])}, limits, unconfigured)
				if err != nil {
					t.Fatal(err)
				}
				i, err := g.Take(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				g.Close()
				i.Release()
				refuse := func(context.Context, *Instance) error { return errors.New("no") }
				if _, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "minimal")}, limits, refuse); err == nil {
					t.Fatal("a guest that is not configured")
				}
			}
		}
		run(executions / 10)
		load(10)
		descriptors, mappings, heap := held(t)
		run(executions)
		load(cycles)
		var d, m int
		var h uint64
		more := true
		for end := time.Now().Add(patience); more && time.Now().Before(end); { // finalizers take their time
			d, m, h = held(t)
			more = d > descriptors || m > mappings+10 || h > heap+1<<20 // the Go runtime maps something of its own
		}
		t.Logf("descriptors %d, then %d; mappings %d, then %d; heap %d, then %d", descriptors, d, mappings, m, heap, h)
		if more {
			t.Errorf("descriptors %d, then %d; mappings %d, then %d; heap %d, then %d", descriptors, d, mappings, m, heap, h)
		}
		for _, g := range guests {
			g.Close()
		}
	})
}

// numbered returns a module with another digest for each number.
func numbered(t *testing.T, n int) []byte {
	t.Helper()
	m, err := wasmbin.Decode(guest(t, "minimal"))
	if err != nil {
		t.Fatal(err)
	}
	m.Globals = append(m.Globals, wasmbin.Global{GlobalType: wasmbin.GlobalType{Type: wasmbin.I32}, Init: wasmbin.I32Const(uint32(n))})
	return m.Encode()
}

// TestUnusedCodeGoes: a process that loads one module after the other keeps
// the code of the last ones only, and instances outlive their code's entry.
func TestUnusedCodeGoes(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		load := func(n int) *Guest {
			g, err := s.Prepare(context.Background(), Module{Wasm: numbered(t, n)}, limits, unconfigured)
			if err != nil {
				t.Fatal(err)
			}
			return g
		}
		kept := load(0)
		left := load(1)
		late, err := left.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		left.Close()
		for n := range 2 * maxUnused {
			load(n + 2).Close()
		}
		if _, mappings, _ := held(t); mappings > 2000 {
			t.Errorf("%d mappings", mappings)
		}
		s.codes.mu.Lock()
		entries, unused, bytes := len(s.codes.entries), len(s.codes.unused), s.codes.bytes
		s.codes.mu.Unlock()
		if entries != maxUnused+1 || unused != maxUnused || bytes <= 0 {
			t.Errorf("%d entries, %d unused of %d bytes, want %d unused and one more", entries, unused, bytes, maxUnused)
		}
		again, err := left.Take(context.Background()) // its code is not among them any more
		if err != nil {
			t.Fatal(err)
		}
		fresh, err := kept.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range []*Instance{late, again, fresh} {
			if status, err := i.Call(context.Background(), "wasmsql_v1_run"); status != 0 || err != nil {
				t.Errorf("status %d, %v", status, err)
			}
			i.Release()
		}
		kept.Close()
		for n := range 2 * maxUnused {
			load(n + 2).Close()
		}
		if s.codes.mu.Lock(); s.codes.bytes > maxUnused*len(numbered(t, 1))*10 || len(s.codes.unused) != maxUnused {
			t.Errorf("%d unused of %d bytes", len(s.codes.unused), s.codes.bytes)
		}
		s.codes.mu.Unlock()
	})
}

// deep returns a module whose run goes 300 calls deep, with 200 values in
// each frame that a call does not let go of.
func deep() []byte {
	const locals = 200
	b := []byte{1, locals&0x7f | 0x80, locals >> 7, 0x7e} // so many i64
	for i := range locals {
		n := byte(i + 1)
		b = append(b, 0x41, 0, 0x29, 0, 0, 0x42, n&0x3f, 0x7c, 0x21, n&0x7f|0x80, n>>7) // local = mem[0] + n
	}
	b = append(b, 0x20, 0, 0x04, 0x40, 0x20, 0, 0x41, 1, 0x6b, 0x10, 0, 0x0b) // if n: f(n - 1)
	for i := range locals {
		n := byte(i + 1)
		b = append(b, 0x41, 0, 0x20, n&0x7f|0x80, n>>7, 0x37, 0, 0) // mem[0] = local
	}
	b = append(b, 0x0b)
	m := &wasmbin.Module{
		Types:     []wasmbin.FuncType{{Params: []wasmbin.ValueType{wasmbin.I32}}, {Results: []wasmbin.ValueType{wasmbin.I32}}},
		Functions: []uint32{0, 1},
		Memories:  []wasmbin.Limits{{Min: 1}},
		Exports:   []wasmbin.Export{{Name: "memory", Kind: wasmbin.KindMemory}, {Name: "wasmsql_v1_run", Kind: wasmbin.KindFunc, Index: 1}},
		Code:      []wasmbin.Code{{Body: b}, {Body: []byte{0, 0x41, 0xac, 0x02, 0x10, 0, 0x41, 0, 0x0b}}},
	}
	return m.Encode()
}

// TestIdleInstancesHoldNoStack: the engine's stack of a guest that went deep
// does not stay with an instance that waits.
func TestIdleInstancesHoldNoStack(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		g, err := s.Prepare(context.Background(), Module{Wasm: deep()}, limits, unconfigured)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		_, _, before := held(t)
		const many = 40
		var taken []*Instance
		for range many {
			i, err := g.Take(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			if status, err := i.Call(context.Background(), "wasmsql_v1_run"); status != 0 || err != nil {
				t.Fatalf("status %d, %v", status, err)
			}
			taken = append(taken, i)
		}
		_, _, running := held(t)
		for _, i := range taken {
			i.Release()
		}
		_, _, idle := held(t)
		t.Logf("heap %d KiB, with %d that ran deep %d KiB, while they wait %d KiB", before>>10, many, running>>10, idle>>10)
		if s.pool.len() != many {
			t.Errorf("%d wait, want %d", s.pool.len(), many)
		}
		if idle > before+many*2*idleInstanceBytes {
			t.Errorf("the heap has %d KiB more for each instance that waits", (idle-before)>>10/many)
		}
	})
}

// TestCloseDoesNotStop: while one execution's instance configures itself, a
// guest without a snapshot can be closed, and another execution of it goes on.
func TestCloseDoesNotStop(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		var slow atomic.Bool
		entered, leave := make(chan struct{}), make(chan struct{})
		configure := func(context.Context, *Instance) error {
			if slow.Load() {
				slow.Store(false)
				close(entered)
				<-leave
			}
			return nil
		}
		g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "evil-secret-table")}, limits, configure)
		if err != nil {
			t.Fatal(err)
		}
		take := func() {
			i, err := g.Take(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			i.Release()
		}
		take() // the one that Prepare configured
		slow.Store(true)
		var wg sync.WaitGroup
		wg.Go(take)
		<-entered
		done := make(chan struct{})
		go func() {
			g.Close()
			take()
			close(done)
		}()
		select {
		case <-done:
		case <-time.After(patience):
			t.Error("another execution waits for one that is being configured")
		}
		close(leave)
		wg.Wait()
	})
}

// TestRefusedMemoryOfConfigure: memory that a guest was refused before its
// snapshot is not what its first execution traps for.
func TestRefusedMemoryOfConfigure(t *testing.T) {
	m := &wasmbin.Module{
		Types:     []wasmbin.FuncType{{}, {Results: []wasmbin.ValueType{wasmbin.I32}}},
		Functions: []uint32{0, 1},
		Memories:  []wasmbin.Limits{{Min: 1}},
		Exports: []wasmbin.Export{{Name: "memory", Kind: wasmbin.KindMemory}, {Name: "_initialize", Kind: wasmbin.KindFunc},
			{Name: "wasmsql_v1_run", Kind: wasmbin.KindFunc, Index: 1}},
		Code: []wasmbin.Code{{Body: []byte{0, 0x41, 0xff, 0x07, 0x40, 0, 0x1a, 0x0b}}, {Body: []byte{0, 0x00, 0x0b}}}, // grow by 1023; unreachable
	}
	wasm := m.Encode()
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		g, err := s.Prepare(context.Background(), Module{Wasm: wasm}, limits, unconfigured)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		for n := range 3 {
			i, err := g.Take(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			_, err = i.Call(context.Background(), "wasmsql_v1_run")
			var trap *Trap
			if !errors.As(err, &trap) || trap.Reason != "unreachable" {
				t.Errorf("execution %d: %v", n, err)
			}
			i.Release()
		}
	})
}

// TestCacheOfOtherImports: a module that was admitted where more could be
// imported is looked at again.
func TestCacheOfOtherImports(t *testing.T) {
	dir := t.TempDir()
	prepare := func(imports []Import) error {
		s, err := New(context.Background(), Config{CacheDir: dir, Imports: imports})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "every-call")}, limits, unconfigured)
		if err == nil {
			g.Close()
		}
		return err
	}
	all := fakeImports(new(atomic.Int64))
	for range 2 {
		if err := prepare(all); err != nil {
			t.Fatal(err)
		}
		var refused *Refused
		if err := prepare(all[1:]); !errors.As(err, &refused) || !strings.Contains(err.Error(), "which no host offers") {
			t.Errorf("%v, want a refusal", err)
		}
	}
}
