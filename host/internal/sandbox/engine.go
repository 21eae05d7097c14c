package sandbox

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// Engine compiles modules. There are two behind it, and the tests run every
// guest on both.
type Engine interface {
	// Compile turns an admitted module into code.
	Compile(ctx context.Context, m Module, initialMemory int64) (Code, error)
	// Close frees all code.
	Close() error
}

// Code is a compiled module, good for any number of instances.
type Code interface {
	// InitialMemory returns the bytes of linear memory that an instance
	// starts with.
	InitialMemory() int64
	// Instantiate returns an instance of its own memory, after _initialize.
	Instantiate(ctx context.Context, limits Limits) (*Instance, error)
}

// codes makes each module's code once, however many ask for it at a time.
type codes struct {
	mu      sync.Mutex
	entries map[string]*codeEntry
}

type codeEntry struct {
	done chan struct{}
	code Code
	err  error
}

// compile admits and compiles a module, single-flight by its digest. A failed
// compile is forgotten, so that a cancelled one spoils nothing for the next.
func (s *Sandbox) compile(ctx context.Context, m Module) (Code, error) {
	sum := sha256.Sum256(m.Wasm)
	key := string(sum[:])
	for {
		s.codes.mu.Lock()
		e, ok := s.codes.entries[key]
		if !ok {
			e = &codeEntry{done: make(chan struct{})}
			s.codes.entries[key] = e
			s.codes.mu.Unlock()
			e.code, e.err = s.admitAndCompile(ctx, m)
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

func (s *Sandbox) admitAndCompile(ctx context.Context, mod Module) (Code, error) {
	if bad := admit(mod.Wasm, s.imports); len(bad) > 0 {
		return nil, &Refused{Reasons: bad}
	}
	m, err := wasmbin.Decode(mod.Wasm)
	if err != nil {
		return nil, &Refused{Reasons: []string{err.Error()}}
	}
	var initial int64
	if len(m.Memories) > 0 {
		initial = int64(m.Memories[0].Min) * PageSize
	}
	code, err := s.engine.Compile(ctx, mod, initial)
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &Refused{Reasons: []string{fmt.Sprintf("it is not valid: %v", err)}}
	}
	return code, nil
}
