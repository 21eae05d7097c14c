package sandbox

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"sync"
)

// Bounds of what is compiled at a time. The engine holds about ten bytes for
// each byte of a module while it compiles it, and uses all processors for one.
const (
	maxCompiles     = 2
	maxCompileBytes = 16 << 20 // of the modules; a single one may have more when it is rewritten
)

// errClosed is returned for a module that a closed Sandbox is to compile.
var errClosed = errors.New("the sandbox is closed")

// Compiled is a module that has been admitted and compiled. It is one use of
// that: it goes into Configure, or is closed.
type Compiled struct {
	sandbox *Sandbox
	code    *preparedCode
}

// Close gives up what was compiled.
func (c *Compiled) Close() { c.sandbox.codes.leave(c.code.entry) }

// Compile admits and compiles a module: at most once for its digest, however
// many ask for it, and with no more than a few others at a time. When ctx ends,
// its caller waits no longer; the work ends when nobody waits for it. The error
// is a *Refused, or the context's.
func (s *Sandbox) Compile(ctx context.Context, m Module) (*Compiled, error) {
	digest := sha256.Sum256(m.Wasm)
	code, err := s.codes.get(ctx, digest, func(ctx context.Context) (*preparedCode, error) {
		if err := s.compiles.enter(ctx, len(m.Wasm)); err != nil {
			return nil, err
		}
		defer s.compiles.leave(len(m.Wasm))
		return s.admitAndCompile(ctx, digest, m)
	})
	if err != nil {
		return nil, err
	}
	return &Compiled{s, code}, nil
}

// admitAndCompile makes the code of a module: of one that is in the cache, and
// so was admitted before, without looking at it again.
func (s *Sandbox) admitAndCompile(ctx context.Context, digest [sha256.Size]byte, mod Module) (*preparedCode, error) {
	f := s.cache.load(digest)
	if f == nil {
		m, bad := admit(mod.Wasm, s.imports)
		if len(bad) > 0 {
			return nil, &Refused{Reasons: bad}
		}
		var err error
		if f, err = rewrite(m); err != nil {
			return nil, &Refused{Reasons: []string{notValid(err)}}
		}
		s.cache.store(digest, f)
		defer s.cache.trim(maxCache)
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	code, err := s.engine.Compile(ctx, Module{Wasm: f.binary, Light: mod.Light})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &Refused{Reasons: []string{notValid(err)}}
	}
	size := len(f.binary)
	f.binary = nil
	f.own()
	return &preparedCode{Code: code, form: f, size: size}, nil
}

// compiles bounds what is compiled at a time; what is over it waits, the first
// come first. It is safe for concurrent use.
type compiles struct {
	mu      sync.Mutex
	running int
	bytes   int // of what runs
	waiting []*compileWait
}

type compileWait struct {
	bytes int
	come  chan struct{} // closed when it may run
}

// enter waits until a module of so many bytes may be compiled. Its error is the
// context's.
func (c *compiles) enter(ctx context.Context, bytes int) error {
	c.mu.Lock()
	w := &compileWait{bytes, make(chan struct{})}
	c.waiting = append(c.waiting, w)
	c.start()
	c.mu.Unlock()
	select {
	case <-w.come:
		return nil
	case <-ctx.Done():
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.Index(c.waiting, w); i >= 0 {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	} else { // it has come at the same moment
		c.running--
		c.bytes -= bytes
	}
	c.start()
	return ctx.Err()
}

func (c *compiles) leave(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.running--
	c.bytes -= bytes
	c.start()
}

// start lets those run for whom there is room. The lock is held.
func (c *compiles) start() {
	for len(c.waiting) > 0 {
		w := c.waiting[0]
		if c.running > 0 && (c.running >= maxCompiles || c.bytes+w.bytes > maxCompileBytes) {
			return
		}
		c.waiting = slices.Delete(c.waiting, 0, 1)
		c.running++
		c.bytes += w.bytes
		close(w.come)
	}
}
