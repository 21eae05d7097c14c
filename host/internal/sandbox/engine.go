package sandbox

import (
	"context"
	"crypto/sha256"
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
}

// codes makes each module's code once, however many ask for it at a time.
type codes struct {
	mu      sync.Mutex
	entries map[string]*codeEntry
}

type codeEntry struct {
	done chan struct{}
	code *preparedCode
	err  error
}

// preparedCode is code with what was taken out of its module.
type preparedCode struct {
	Code
	*form
}

// compile admits and compiles a module, single-flight by its digest. A failed
// compile is forgotten, so that a cancelled one spoils nothing for the next.
func (s *Sandbox) compile(ctx context.Context, m Module) (*preparedCode, error) {
	digest := sha256.Sum256(m.Wasm)
	key := string(digest[:])
	for {
		s.codes.mu.Lock()
		e, ok := s.codes.entries[key]
		if !ok {
			e = &codeEntry{done: make(chan struct{})}
			s.codes.entries[key] = e
			s.codes.mu.Unlock()
			e.code, e.err = s.admitAndCompile(ctx, digest, m)
			if e.err != nil {
				s.codes.mu.Lock()
				delete(s.codes.entries, key)
				s.codes.mu.Unlock()
			}
			close(e.done)
			return e.code, e.err
		}
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
			return nil, ctx.Err()
		}
	}
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
	f.binary = nil
	return &preparedCode{code, f}, nil
}
