package sandbox

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"
)

// wazeroEngine implements Engine with wazero, as compiler or as interpreter.
// Each module has a runtime of its own, which costs half a millisecond and
// 60 KB: so it is known which files in the cache are whose.
type wazeroEngine struct {
	config   wazero.RuntimeConfig
	imports  []Import
	dir      string // of compiled code; empty: none
	mu       sync.Mutex
	runtimes []*wazeroRuntime
	tally
}

// wazeroRuntime is the engine's part for one module.
type wazeroRuntime struct {
	runtime wazero.Runtime
	cache   wazero.CompilationCache // or nil
}

func newEngine(_ context.Context, cfg Config) (Engine, error) {
	if cfg.CacheDir != "" {
		if err := privateFolder(cfg.CacheDir); err != nil {
			return nil, err
		}
	}
	e := &wazeroEngine{imports: append(cfg.Imports[:len(cfg.Imports):len(cfg.Imports)], tickImport)}
	switch cfg.Engine {
	case Compiler, "":
		e.config, e.dir = wazero.NewRuntimeConfig(), cfg.CacheDir
	case Interpreter:
		e.config = wazero.NewRuntimeConfigInterpreter()
	case Auto:
		return &autoEngine{cfg: cfg}, nil
	default:
		return nil, fmt.Errorf("unknown engine %q: accepted are %q, %q and %q", cfg.Engine, Compiler, Interpreter, Auto)
	}
	// A module without an own maximum may ask for 4 GiB; what it gets is up to
	// the allocator of each instance.
	e.config = e.config.WithCustomSections(false).WithDebugInfoEnabled(true)
	return e, nil
}

// newRuntime returns a runtime that keeps compiled code in a folder, if that
// has a name.
func (e *wazeroEngine) newRuntime(ctx context.Context, folder string) (*wazeroRuntime, error) {
	r, config := &wazeroRuntime{}, e.config
	if folder != "" {
		cache, err := wazero.NewCompilationCacheWithDir(folder)
		if err != nil {
			return nil, fmt.Errorf("compile cache: %w", err)
		}
		r.cache = cache
		config = config.WithCompilationCache(cache)
	}
	r.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if err := r.offer(ctx, e.imports); err != nil {
		_ = r.close()
		return nil, err
	}
	return r, nil
}

func (r *wazeroRuntime) close() error {
	err := r.runtime.Close(context.Background())
	if r.cache != nil {
		err = errors.Join(err, r.cache.Close(context.Background()))
	}
	return err
}

// offer instantiates the host modules that guests import from.
func (r *wazeroRuntime) offer(ctx context.Context, imports []Import) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, im := range imports {
		b, ok := builders[im.Module]
		if !ok {
			b = r.runtime.NewHostModuleBuilder(im.Module)
			builders[im.Module] = b
		}
		call := im.Call
		b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(ctx context.Context, mod api.Module, stack []uint64) {
			call(ctx, guestMemory{mod.Memory()}, stack)
		}), wazeroTypes(im.Params), wazeroTypes(im.Result)).Export(im.Name)
	}
	for name, b := range builders {
		if _, err := b.Instantiate(ctx); err != nil {
			return fmt.Errorf("host module %s: %w", name, err)
		}
	}
	return nil
}

func wazeroTypes(letters string) []api.ValueType {
	ts := make([]api.ValueType, len(letters))
	for i, t := range valueTypes(letters) {
		ts[i] = api.ValueType(t)
	}
	return ts
}

// Compile implements Engine.Compile. The code is taken from the cache if it is
// there as it was written; where the cache cannot be used, the module is
// compiled without it.
func (e *wazeroEngine) Compile(ctx context.Context, m Module) (Code, error) {
	if e.dir == "" {
		e.made.Add(1)
		return e.compile(ctx, m, "")
	}
	folder := newCodeFolder(e.dir, m.Wasm)
	if folder.verify() {
		code, err := e.compile(ctx, m, folder.path)
		if err == nil {
			e.found.Add(1)
		}
		if err == nil || ctx.Err() != nil {
			return code, err
		}
	}
	e.made.Add(1)
	_ = os.RemoveAll(folder.path)
	if made, err := os.MkdirTemp(e.dir, madePrefix); err == nil {
		code, err := e.compile(ctx, m, made)
		if err == nil {
			folder.take(made)
		}
		_ = os.RemoveAll(made)
		if err == nil || ctx.Err() != nil {
			return code, err
		}
	}
	return e.compile(ctx, m, "")
}

func (e *wazeroEngine) compile(ctx context.Context, m Module, folder string) (Code, error) {
	r, err := e.newRuntime(ctx, folder)
	if err != nil {
		return nil, err
	}
	cm, err := r.runtime.CompileModule(experimental.WithCompilationWorkers(ctx, compileWorkers()), m.Wasm)
	if err != nil {
		_ = r.close()
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.runtimes = append(e.runtimes, r)
	return &wazeroCode{engine: e, runtime: r, module: cm}, nil
}

// validate has the engine read a module as its interpreter does, which finds
// operands of wrong types too. The module has been rewritten without error, so
// its parts are within their bounds.
func validate(wasm []byte) error {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithDebugInfoEnabled(false))
	_, err := r.CompileModule(ctx, wasm)
	return errors.Join(err, r.Close(ctx))
}

// compileWorkers is how many functions are compiled at a time: more than one, as
// the engine looks at cancellation only then.
func compileWorkers() int { return max(2, runtime.GOMAXPROCS(0)) }

// Close implements Engine.Close.
func (e *wazeroEngine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []error
	for _, r := range e.runtimes {
		all = append(all, r.close())
	}
	e.runtimes = nil
	return errors.Join(all...)
}

// wazeroCode implements Code.
type wazeroCode struct {
	engine  *wazeroEngine
	runtime *wazeroRuntime
	module  wazero.CompiledModule
}

// Instantiate implements Code.Instantiate.
func (c *wazeroCode) Instantiate(ctx context.Context, mem *linearMemory) (api.Module, error) {
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(
		func(uint64, uint64) experimental.LinearMemory { return mem }))
	mod, err := c.runtime.runtime.InstantiateModule(ctx, c.module, moduleConfig())
	if err != nil {
		return nil, ended(ctx, err)
	}
	return mod, nil
}

// moduleConfig names no start function. The source of random numbers is not read
// by anything: the engine's own would take some time to be seeded.
func moduleConfig() wazero.ModuleConfig {
	return wazero.NewModuleConfig().WithName("").WithStartFunctions().WithRandSource(rand.Reader)
}

// Forget implements Code.Forget. The engine unmaps machine code when nothing
// refers to it; to close the runtime would end its instances.
func (c *wazeroCode) Forget() {
	e := c.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	e.runtimes = slices.DeleteFunc(e.runtimes, func(r *wazeroRuntime) bool { return r == c.runtime })
}

// maxStack bounds what a trap tells of the guest's functions, in bytes: their
// names are the guest's.
const maxStack = 8 << 10

// errStack is what the tick panics with when the guest's stack is used up.
var errStack = errors.New("stack overflow")

// ended turns the engine's error into ours.
func ended(ctx context.Context, err error) error {
	var exhausted *Exhausted
	switch {
	case errors.As(err, &exhausted):
		return exhausted
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case ctx.Err() != nil:
		return ctx.Err()
	}
	t := &Trap{Reason: err.Error()}
	if reason, stack, ok := strings.Cut(t.Reason, "\nwasm stack trace:\n"); ok {
		t.Reason = reason
		t.Stack = told(strings.ReplaceAll(stack, "\t", ""), maxStack)
	}
	t.Reason = strings.TrimSuffix(strings.TrimPrefix(t.Reason, "wasm error: "), " (recovered by wazero)")
	var exit *sys.ExitError
	if errors.As(err, &exit) {
		t.Reason = fmt.Sprintf("it exited with %d", exit.ExitCode())
	}
	t.Cause = errors.Unwrap(err)
	return t
}

// guestMemory implements Memory.
type guestMemory struct{ mem api.Memory }

// Size implements Memory.Size.
func (m guestMemory) Size() uint32 { return m.mem.Size() }

// Read implements Memory.Read.
func (m guestMemory) Read(ptr, n uint32) ([]byte, bool) { return m.mem.Read(ptr, n) }

// Write implements Memory.Write.
func (m guestMemory) Write(ptr uint32, b []byte) bool { return m.mem.Write(ptr, b) }
