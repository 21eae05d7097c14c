package sandbox

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// guest reads a module of testdata/guests/wat, where its source stands too.
func guest(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "testdata", "guests", "wat", name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// patience is how long a test waits for what has to happen, also on a machine
// that does a lot else.
const patience = 2 * time.Minute

var engines = []string{Compiler, Interpreter}

// onEngines runs a test on a Sandbox of each engine. Its host functions answer
// -13 and count how often they were called.
func onEngines(t *testing.T, f func(t *testing.T, s *Sandbox, calls *atomic.Int64)) {
	for _, engine := range engines {
		t.Run(engine, func(t *testing.T) {
			var calls atomic.Int64
			s, err := New(context.Background(), Config{Engine: engine, Imports: fakeImports(&calls)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			f(t, s, &calls)
		})
	}
}

func fakeImports(calls *atomic.Int64) []Import {
	var ims []Import
	for _, f := range []struct{ name, params string }{
		{"config_read", "ii"}, {"input_read", "ii"}, {"query", "ii"}, {"exec", "ii"}, {"cursor_next", "Iii"}, {"output_cursor", "I"},
		{"output_write", "ii"}, {"close", "I"}, {"error_read", "ii"}, {"log", "iii"}, {"fail", "ii"},
	} {
		ims = append(ims, Import{Module: "wasmsql_v1", Name: f.name, Params: f.params, Result: "I",
			Call: func(_ context.Context, _ Memory, stack []uint64) {
				calls.Add(1)
				code := int64(-13)
				stack[0] = uint64(code)
			}})
	}
	return ims
}

var limits = Limits{Memory: 16 << 20}

func unconfigured(ctx context.Context, i *Instance) error { return i.Initialize(ctx) }

func TestTrapsAndDeadlines(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		for _, c := range []struct{ name, reason string }{
			{"trap", "unreachable"},
			{"recursion-deep", "stack overflow"},
		} {
			g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, c.name)}, limits, unconfigured)
			if err != nil {
				t.Fatal(err)
			}
			i, err := g.Take(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			_, err = i.Call(context.Background(), "wasmsql_v1_run")
			var trap *Trap
			if !errors.As(err, &trap) || trap.Reason != c.reason {
				t.Errorf("%s: %v, want the trap %q", c.name, err, c.reason)
			}
			i.Close()
			g.Close()
		}
		g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "spin")}, limits, unconfigured)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		i, err := g.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer i.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		if _, err := i.Call(ctx, "wasmsql_v1_run"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("spin: %v, want the deadline", err)
		}
	})
}

// TestFreshInstances sees that nothing of one execution is there in the next:
// the guest fails when it finds what it has left.
func TestFreshInstances(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "fresh")}, limits, unconfigured)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		for n := range 5 {
			i, err := g.Take(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			status, err := i.Call(context.Background(), "wasmsql_v1_run")
			if err != nil || status != 0 {
				t.Errorf("execution %d: status %d, %v", n, status, err)
			}
			i.Release()
		}
	})
}

// TestMemoryLimit lets a guest grow its memory until it is refused.
func TestMemoryLimit(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "grow")}, limits, unconfigured)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		i, err := g.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer i.Close()
		if _, err := i.Call(context.Background(), "wasmsql_v1_run"); err != nil {
			t.Fatal(err)
		}
		if peak := i.PeakMemory(); peak > limits.Memory || peak < limits.Memory/2 {
			t.Errorf("peak memory %d, limit %d", peak, limits.Memory)
		}
	})
}

func TestAdmissionRefuses(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		for name, want := range map[string]string{
			"import-unknown":   "which no host offers",
			"import-socket":    `it imports the function "wasi_snapshot_preview1.sock_`,
			"import-version":   "which no host offers",
			"import-signature": `it imports "wasmsql_v1.query" as`,
			"import-memory":    "it imports the memory",
			"import-table":     "it imports the table",
			"import-global":    "it imports the global",
			"no-memory":        `it exports no memory named "memory"`,
			"no-run":           `it exports no function "wasmsql_v1_run"`,
			"run-signature":    `its export "wasmsql_v1_run" is`,
			"start":            "it has a start section",
			"two-memories":     "it declares 2 memories",
			"two-tables":       "it declares 2 tables",
			"table-initial":    "elements of a table: found",
		} {
			_, err := s.Prepare(context.Background(), Module{Wasm: guest(t, name)}, limits, unconfigured)
			var refused *Refused
			if !errors.As(err, &refused) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want a refusal with %q", name, err, want)
			}
		}
		for _, b := range [][]byte{nil, []byte("\x00asm"), []byte("#!/bin/sh\n"), make([]byte, maxModule+1)} {
			if _, err := s.Prepare(context.Background(), Module{Wasm: b}, limits, unconfigured); !errors.As(err, new(*Refused)) {
				t.Errorf("%d bytes that are no module: %v", len(b), err)
			}
		}
	})
}

// TestCache sees that the folder is private, that compiled code is found
// again, and that a damaged entry (G19) is made anew, not run.
func TestCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	prepare := func() {
		t.Helper()
		s, err := New(context.Background(), Config{CacheDir: dir, Imports: fakeImports(new(atomic.Int64))})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, "minimal")}, limits, unconfigured)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		i, err := g.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer i.Close()
		if status, err := i.Call(context.Background(), "wasmsql_v1_run"); status != 0 || err != nil {
			t.Fatalf("status %d, %v", status, err)
		}
	}
	entries := func() []string {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(dir, "code-*", "wazero-*", "*"))
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	prepare()
	files := entries()
	if len(files) != 1 {
		t.Fatalf("%d entries", len(files))
	}
	if fi, err := os.Stat(dir); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o700 {
		t.Errorf("folder: %v %v", fi.Mode(), err)
	}
	code, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{0, 8, len(code) / 2, len(code) - 20} {
		damaged := append([]byte(nil), code...)
		damaged[at] ^= 0x40
		if err := os.WriteFile(files[0], damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		prepare()
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := privateFolder(dir); err != nil || len(entries()) != 0 {
		t.Errorf("a folder that others could write to keeps its code: %v %v", entries(), err)
	}
	if fi, err := os.Stat(dir); err != nil || runtime.GOOS != "windows" && fi.Mode().Perm() != 0o700 {
		t.Errorf("folder that others could write to: %v %v", fi.Mode(), err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := New(context.Background(), Config{CacheDir: file}); err == nil {
		t.Error("a file as cache folder was accepted")
	}
}

// TestAuto: a light module is interpreted the first time, and compiled from the
// second time on; others are compiled, and all are interpreted without a folder.
func TestAuto(t *testing.T) {
	dir := t.TempDir()
	for _, c := range []struct {
		name     string
		dir      string
		light    bool
		compiled int
	}{
		{"minimal", dir, true, 0},
		{"minimal", dir, true, 1},
		{"minimal", dir, true, 1},
		{"grow", dir, false, 2},
		{"grow", "", true, 2},
	} {
		s, err := New(context.Background(), Config{Engine: Auto, CacheDir: c.dir, Imports: fakeImports(new(atomic.Int64))})
		if err != nil {
			t.Fatal(err)
		}
		g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, c.name), Light: c.light}, limits, unconfigured)
		if err != nil {
			t.Fatal(err)
		}
		i, err := g.Take(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if status, err := i.Call(context.Background(), "wasmsql_v1_run"); status != 0 || err != nil {
			t.Errorf("%v: status %d, %v", c, status, err)
		}
		i.Close()
		g.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "code-*", "wazero-*", "*"))
		if err != nil || len(files) != c.compiled {
			t.Errorf("%v: %d compiled, %v", c, len(files), err)
		}
	}
}

func TestUnknownEngine(t *testing.T) {
	_, err := New(context.Background(), Config{Engine: "jit"})
	if err == nil || err.Error() != `unknown engine "jit": accepted are "compiler", "interpreter" and "auto"` {
		t.Error(err)
	}
}
