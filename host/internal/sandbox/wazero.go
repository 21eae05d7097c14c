package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/sys"
)

// wazeroEngine implements Engine with wazero, as compiler or as interpreter.
type wazeroEngine struct {
	runtime wazero.Runtime
	cache   wazero.CompilationCache
	dir     string
}

func newEngine(ctx context.Context, cfg Config) (Engine, error) {
	if cfg.CacheDir != "" {
		if err := privateFolder(cfg.CacheDir); err != nil {
			return nil, err
		}
	}
	switch cfg.Engine {
	case Compiler, "":
		return newWazero(ctx, wazero.NewRuntimeConfig(), cfg)
	case Interpreter:
		return newWazero(ctx, wazero.NewRuntimeConfigInterpreter(), Config{Imports: cfg.Imports})
	case Auto:
		return &autoEngine{cfg: cfg}, nil
	}
	return nil, fmt.Errorf("unknown engine %q: accepted are %q, %q and %q", cfg.Engine, Compiler, Interpreter, Auto)
}

func newWazero(ctx context.Context, rc wazero.RuntimeConfig, cfg Config) (*wazeroEngine, error) {
	e := &wazeroEngine{dir: cfg.CacheDir}
	if cfg.CacheDir != "" {
		cache, err := wazero.NewCompilationCacheWithDir(cfg.CacheDir)
		if err != nil {
			return nil, fmt.Errorf("compile cache: %w", err)
		}
		e.cache = cache
		rc = rc.WithCompilationCache(cache)
	}
	// A module without an own maximum may ask for 4 GiB; what it gets is up to
	// the allocator of each instance.
	rc = rc.WithCustomSections(false).WithDebugInfoEnabled(true)
	e.runtime = wazero.NewRuntimeWithConfig(ctx, rc)
	if err := e.offer(ctx, cfg.Imports); err != nil {
		_ = e.Close()
		return nil, err
	}
	return e, nil
}

// privateFolder makes sure that nobody else can write what will be run as
// machine code.
func privateFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("compile cache: %w", err)
	}
	fi, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("compile cache: %w", err)
	}
	if !fi.IsDir() {
		return fmt.Errorf("compile cache: %s is not a folder", dir)
	}
	if fi.Mode().Perm()&0o077 == 0 {
		return nil
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return fmt.Errorf("compile cache: others may write to it: %w", err)
	}
	return emptyFolder(dir) // what is there may be somebody else's
}

// offer instantiates the host modules that guests import from.
func (e *wazeroEngine) offer(ctx context.Context, imports []Import) error {
	builders := map[string]wazero.HostModuleBuilder{}
	for _, im := range append(imports[:len(imports):len(imports)], tickImport) {
		b, ok := builders[im.Module]
		if !ok {
			b = e.runtime.NewHostModuleBuilder(im.Module)
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

// Compile implements Engine.Compile.
func (e *wazeroEngine) Compile(ctx context.Context, m Module) (Code, error) {
	ctx = experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	cm, err := e.runtime.CompileModule(ctx, m.Wasm)
	if err != nil && e.dir != "" && strings.Contains(err.Error(), "compilationcache: ") {
		// A damaged entry: what is in the folder is ours and can be made again.
		if err := emptyFolder(e.dir); err != nil {
			return nil, err
		}
		cm, err = e.runtime.CompileModule(ctx, m.Wasm)
	}
	if err != nil {
		return nil, err
	}
	return &wazeroCode{engine: e, module: cm}, nil
}

// emptyFolder removes the compiled code below dir.
func emptyFolder(dir string) error {
	entries, err := filepath.Glob(filepath.Join(dir, "wazero-*"))
	if err != nil {
		return err
	}
	for _, name := range entries {
		sub, err := os.ReadDir(name)
		if err != nil {
			return err
		}
		for _, f := range sub {
			if err := os.Remove(filepath.Join(name, f.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close implements Engine.Close.
func (e *wazeroEngine) Close() error {
	ctx := context.Background()
	err := e.runtime.Close(ctx)
	if e.cache != nil {
		err = errors.Join(err, e.cache.Close(ctx))
	}
	return err
}

// wazeroCode implements Code.
type wazeroCode struct {
	engine *wazeroEngine
	module wazero.CompiledModule
}

// Instantiate implements Code.Instantiate.
func (c *wazeroCode) Instantiate(ctx context.Context, mem *linearMemory) (api.Module, error) {
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(
		func(uint64, uint64) experimental.LinearMemory { return mem }))
	mod, err := c.engine.runtime.InstantiateModule(ctx, c.module, wazero.NewModuleConfig().WithName("").WithStartFunctions())
	if err != nil {
		return nil, ended(ctx, err)
	}
	return mod, nil
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
