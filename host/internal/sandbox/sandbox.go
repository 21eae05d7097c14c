// Package sandbox runs WebAssembly guests, each execution in an instance that
// no other has used. It is the only package that knows the engine; nothing
// outside may depend on how admission, instances or deadlines are done.
//
// Everything in it is safe for concurrent use, but for an Instance, which
// belongs to one goroutine at a time.
package sandbox

import (
	"context"
	"crypto/sha256"
	"strings"
	"time"
)

// Engines that a Sandbox can stand on.
const (
	Compiler    = "compiler"    // to machine code; the default
	Interpreter = "interpreter" // slower, starts at once, simple
	Auto        = "auto"        // for processes of one execution: see autoEngine
)

// Import is a host function that guests may import. Params and Result are the
// letters of the WebAssembly text format: i is i32, I is i64.
type Import struct {
	Module, Name   string
	Params, Result string
	// Call gets the context that was given to Instance.Call, and the
	// parameters in the stack, where it puts its result. A panic with an error
	// ends the call: Instance.Call returns that error, wrapped in a Trap.
	Call func(ctx context.Context, mem Memory, stack []uint64)
}

// Memory is the linear memory of the guest that calls. Out of bounds is
// false, with nothing read or written. It is valid until Call returns; what
// Read returns aliases it.
type Memory interface {
	Size() uint32
	Read(ptr, n uint32) ([]byte, bool)
	Write(ptr uint32, b []byte) bool
}

// Config is what a Sandbox is made from.
type Config struct {
	Engine   string // Compiler, Interpreter or Auto; empty is Compiler
	CacheDir string // compiled code on disk, made with mode 0700; empty: in memory only
	Imports  []Import
}

// Sandbox holds compiled code, by digest, for as many tenants as use it. It
// holds nothing of what a guest did or was given.
type Sandbox struct {
	engine   Engine
	imports  map[string]Import
	codes    codes
	compiles compiles
	cache    cache
	pool     *pool
	folder   folderSize
}

// New returns a Sandbox. Its error says what is wrong with the engine's name
// or with the cache folder.
func New(ctx context.Context, cfg Config) (*Sandbox, error) {
	s := &Sandbox{cache: newCache(cfg.CacheDir, cfg.Imports), imports: make(map[string]Import, len(cfg.Imports))}
	for _, im := range cfg.Imports {
		s.imports[im.Module+"."+im.Name] = im
	}
	engine, err := newEngine(ctx, cfg)
	if err != nil {
		return nil, err
	}
	s.engine = engine
	s.codes.entries = map[[sha256.Size]byte]*codeEntry{}
	s.pool = newPool()
	return s, nil
}

// Close ends what is being compiled and frees all compiled code. Guests must be
// closed before.
func (s *Sandbox) Close() error {
	s.pool.close()
	s.codes.close()
	return s.engine.Close()
}

// Refused is returned by Admit and Prepare for a module that may not run.
type Refused struct{ Reasons []string }

// Error returns the reasons, joined.
func (r *Refused) Error() string { return "module refused: " + strings.Join(r.Reasons, "; ") }

// Trap is how an execution ends that the guest did not end itself: an illegal
// instruction, a pointer outside of memory, a stack that is too deep.
type Trap struct {
	Reason string // for instance "unreachable"
	Stack  string // the guest's functions, one a line, or empty
	Cause  error  // what a host function panicked with, or nil
}

// Error returns the reason.
func (t *Trap) Error() string { return "guest trapped: " + t.Reason }

// Unwrap returns the cause.
func (t *Trap) Unwrap() error { return t.Cause }

// Module is a WebAssembly binary, not admitted yet.
type Module struct {
	Wasm  []byte
	Light bool // its guests do little work, which may as well be interpreted
}

// Limits bound a guest.
type Limits struct {
	Memory int64         // bytes of linear memory, tables and stack together
	Fuel   int64         // units of work of one call; 0: no limit
	Start  time.Duration // to initialize and configure itself; 0: no limit
}
