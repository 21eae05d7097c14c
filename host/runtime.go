package host

import (
	"context"
	"runtime"

	"github.com/wasmsql/wasmsql/host/internal/hostcall"
	"github.com/wasmsql/wasmsql/host/internal/sandbox"
)

// Runtime is what Hosts of one process may share: compiled code by digest, and
// the slots that guests run in, which waiting tenants get in turn. It holds
// nothing of any tenant.
type Runtime struct {
	sandbox *sandbox.Sandbox
	slots   *slots
}

// RuntimeConfig is what a Runtime is made from.
type RuntimeConfig struct {
	// CacheDir keeps compiled code between processes; empty: it is kept in
	// memory only. The folder is made with mode 0700.
	CacheDir string
	// Engine is "compiler", the default, "interpreter", or "auto", which is for
	// processes of one execution: the template module is interpreted the first
	// time that CacheDir sees it, since compiling it takes longer than to run
	// it, and compiled from the second time on.
	Engine string
	// Slots is how many guests run at once, and goroutines that read or write
	// rows; 0: as many as there are processors.
	Slots int
	// Spare is for processors that are kept free of guests, for a network or a
	// database on the same machine: how many more read or write rows while a
	// single Host has executions, and run for 100 µs, of a Host that has had
	// less than the others.
	Spare int
}

// NewRuntime returns a Runtime. Its error is an *Error with CodeConfig.
func NewRuntime(ctx context.Context, cfg RuntimeConfig) (*Runtime, error) {
	return newRuntime(ctx, cfg, imports())
}

func newRuntime(ctx context.Context, cfg RuntimeConfig, offered []sandbox.Import) (*Runtime, error) {
	box, err := sandbox.New(ctx, sandbox.Config{Engine: cfg.Engine, CacheDir: cfg.CacheDir, Imports: offered})
	if err != nil {
		return nil, &Error{Code: CodeConfig, Message: err.Error(), Cause: err}
	}
	n := cfg.Slots
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return &Runtime{sandbox: box, slots: newSlots(n, cfg.Spare)}, nil
}

// Close frees the compiled code. Hosts that use it must be closed before.
func (r *Runtime) Close() error { return r.sandbox.Close() }

// imports hands the host functions, which know no engine, to the sandbox,
// which knows no host function.
func imports() []sandbox.Import {
	var out []sandbox.Import
	for _, f := range hostcall.Functions() {
		out = append(out, sandbox.Import{Module: f.Module, Name: f.Name, Params: f.Params, Result: f.Result,
			Call: func(ctx context.Context, mem sandbox.Memory, stack []uint64) { f.Call(ctx, mem, stack) }})
	}
	return out
}
