package sandbox

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"

	"github.com/tetratelabs/wazero/api"
)

// Engine compiles modules. There are two behind it, and the tests run every
// guest on both.
type Engine interface {
	// Compile turns an admitted and rewritten module into code.
	Compile(ctx context.Context, m Module) (Code, error)
	// Close frees all code.
	Close() error
}

// Code is a compiled module, good for any number of instances.
type Code interface {
	// Instantiate returns an instance with that memory, of which nothing has
	// run.
	Instantiate(ctx context.Context, mem *linearMemory) (api.Module, error)
	// Forget lets the code be freed when its last instance is gone.
	Forget()
}

// Bounds of the code that no guest stands on, and that is kept as it may be
// asked for again. Machine code has three to four times the bytes of its module.
const (
	maxUnused      = 64
	maxUnusedBytes = 16 << 20 // of the modules
)

// codes makes each module's code once, however many ask for it at a time.
type codes struct {
	mu      sync.Mutex
	entries map[[sha256.Size]byte]*codeEntry
	unused  []*codeEntry // the longest unused one first
	bytes   int          // of the unused ones
}

type codeEntry struct {
	digest [sha256.Size]byte
	done   chan struct{}
	code   *preparedCode
	err    error
	guests int // that stand on it, or are about to
}

// preparedCode is code with what was taken out of its module.
type preparedCode struct {
	Code
	*form
	entry *codeEntry
	size  int // of the rewritten module
}

// join counts somebody who uses an entry. The lock is held.
func (c *codes) join(e *codeEntry) {
	if e.guests++; e.guests > 1 {
		return
	}
	if i := slices.Index(c.unused, e); i >= 0 {
		c.unused = slices.Delete(c.unused, i, i+1)
		c.bytes -= e.code.size
	}
}

// leave undoes a join. Code that nobody uses is kept as far as there is room.
func (c *codes) leave(e *codeEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.guests--; e.guests > 0 || e.code == nil {
		return
	}
	c.unused = append(c.unused, e)
	c.bytes += e.code.size
	for len(c.unused) > maxUnused || c.bytes > maxUnusedBytes {
		old := c.unused[0]
		c.unused = slices.Delete(c.unused, 0, 1)
		c.bytes -= old.code.size
		delete(c.entries, old.digest)
		old.code.Forget()
	}
}

// compile admits and compiles a module, single-flight by its digest. A failed
// compile is forgotten, so that a cancelled one spoils nothing for the next. Who
// gets code has joined its entry.
func (s *Sandbox) compile(ctx context.Context, m Module) (*preparedCode, error) {
	digest := sha256.Sum256(m.Wasm)
	for {
		s.codes.mu.Lock()
		e, ok := s.codes.entries[digest]
		if !ok {
			e = &codeEntry{digest: digest, done: make(chan struct{})}
			s.codes.entries[digest] = e
			s.codes.join(e)
			s.codes.mu.Unlock()
			return s.fill(ctx, e, m)
		}
		s.codes.join(e)
		s.codes.mu.Unlock()
		select {
		case <-e.done:
			if e.err == nil {
				return e.code, nil
			}
			// The one who compiled may have been cancelled: try it ourselves.
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			if _, refused := e.err.(*Refused); refused {
				return nil, e.err
			}
		case <-ctx.Done():
			s.codes.leave(e)
			return nil, ctx.Err()
		}
	}
}

// fill makes the code of an entry.
func (s *Sandbox) fill(ctx context.Context, e *codeEntry, m Module) (*preparedCode, error) {
	defer close(e.done)
	code, err := s.admitAndCompile(ctx, e.digest, m)
	s.codes.mu.Lock()
	defer s.codes.mu.Unlock()
	if e.code, e.err = code, err; err != nil {
		delete(s.codes.entries, e.digest)
		return nil, err
	}
	code.entry = e
	return code, nil
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
