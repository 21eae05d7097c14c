package sandbox

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
)

// autoEngine interprets a light module that the cache folder has not seen
// before, and compiles it from the second time on; without a folder it
// interprets every light module. A process that runs one task and ends starts
// three times as fast for it where it will not run again, and the code is
// compiled where it will.
//
// It implements Engine. Each engine is made when it is first needed.
type autoEngine struct {
	cfg         Config
	mu          sync.Mutex
	compiler    *wazeroEngine
	interpreter *wazeroEngine
}

// Compile implements Engine.Compile.
func (e *autoEngine) Compile(ctx context.Context, m Module) (Code, error) {
	cfg, made := e.cfg, &e.compiler
	cfg.Engine = Compiler
	if m.Light && e.firstSight(m.Wasm) {
		cfg.Engine, made = Interpreter, &e.interpreter
	}
	engine, err := e.get(ctx, cfg, made)
	if err != nil {
		return nil, err
	}
	return engine.Compile(ctx, m)
}

func (e *autoEngine) get(ctx context.Context, cfg Config, made **wazeroEngine) (*wazeroEngine, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if *made != nil {
		return *made, nil
	}
	engine, err := newEngine(ctx, cfg)
	if err != nil {
		return nil, err
	}
	*made = engine.(*wazeroEngine)
	return *made, nil
}

// firstSight reports whether a module has not been here before, and leaves a
// mark that it has.
func (e *autoEngine) firstSight(wasm []byte) bool {
	if e.cfg.CacheDir == "" {
		return true
	}
	sum := sha256.Sum256(wasm)
	mark := filepath.Join(e.cfg.CacheDir, seenPrefix+hex.EncodeToString(sum[:8]))
	f, err := os.OpenFile(mark, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return !errors.Is(err, fs.ErrExist)
	}
	return f.Close() == nil
}

// Close implements Engine.Close.
func (e *autoEngine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []error
	for _, engine := range []*wazeroEngine{e.compiler, e.interpreter} {
		if engine != nil {
			all = append(all, engine.Close())
		}
	}
	return errors.Join(all...)
}
