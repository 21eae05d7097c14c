// Package host runs SQL tasks whose logic is a WebAssembly guest.
//
// A [Host] is one tenant's world: its connections, secrets, grants and
// limits. Hosts of one process may share a [Runtime], which holds compiled
// code and the slots that guests run in, and nothing of any tenant. A [Task]
// is loaded into a [Program] once and run many times; every execution gets a
// fresh sandbox and one transaction.
//
// Everything in this package is safe for concurrent use.
package host

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Config is what a Host is made from. It is not changed after New.
type Config struct {
	// Runtime is shared with other Hosts and outlives them; nil: the Host makes
	// one of its own and closes it.
	Runtime *Runtime
	// Drivers make the databases, by the scheme of a URI: "sqlite".
	Drivers map[string]sqldb.Driver
	// Connections by name.
	Connections map[string]Connection
	// Secrets finds what secret_connect_args name; nil: there are none.
	Secrets secret.Provider
	// Limits of every execution; a zero field is that of DefaultLimits.
	Limits Limits
	// Logger gets what guests log and one line an execution; nil: nothing is
	// logged.
	Logger *slog.Logger
	// Tracer is called around each execution; nil: nothing is traced.
	Tracer Tracer
	// Source finds the places of connections in the configuration file; nil:
	// errors name no place.
	Source Source
	// Reach bounds the files and addresses that connections may touch,
	// whatever they say. The zero Reach bounds nothing.
	Reach sqldb.Reach
}

// Host is one tenant's world.
type Host struct {
	cfg        Config
	runtime    *Runtime
	ownRuntime bool
	databases  map[string]*database
	share      share // of the Runtime's slots

	mu       sync.Mutex
	closed   bool
	programs map[*Program]struct{}
	running  map[*context.CancelCauseFunc]struct{}
	runs     sync.WaitGroup
}

// errClosed is the cause of a run that Close ended.
var errClosed = errors.New("the host was closed")

// New checks cfg and returns a Host. It opens no connection. Its error is
// Errors: everything that is wrong at once.
func New(ctx context.Context, cfg Config) (*Host, error) {
	h := &Host{
		cfg: cfg, runtime: cfg.Runtime,
		databases: map[string]*database{}, programs: map[*Program]struct{}{}, running: map[*context.CancelCauseFunc]struct{}{},
	}
	if h.cfg.Logger == nil {
		h.cfg.Logger = slog.New(slog.DiscardHandler)
	}
	var faults Errors
	for _, name := range slices.Sorted(maps.Keys(cfg.Connections)) {
		db, errs := h.open(name, cfg.Connections[name], keysOf(cfg.Source, "connections."+name+"."))
		faults = append(faults, errs...)
		if db != nil {
			h.databases[name] = db
		}
	}
	if len(faults) > 0 {
		h.closeDatabases()
		return nil, faults
	}
	if h.runtime == nil {
		r, err := NewRuntime(ctx, RuntimeConfig{})
		if err != nil {
			h.closeDatabases()
			return nil, err
		}
		h.runtime, h.ownRuntime = r, true
	}
	return h, nil
}

// Close ends the Host's executions, closes its programs and pools and, if New
// made it, its Runtime. It is idempotent.
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	for cancel := range h.running {
		(*cancel)(errClosed)
	}
	programs := h.programs
	h.programs = nil
	h.mu.Unlock()
	h.runs.Wait()
	for p := range programs {
		p.close()
	}
	err := h.closeDatabases()
	if h.ownRuntime {
		err = errors.Join(err, h.runtime.Close())
	}
	return err
}

func (h *Host) closeDatabases() error {
	var err error
	for _, db := range h.databases {
		err = errors.Join(err, db.Close())
	}
	return err
}

// enter registers something that Close has to end and wait for. The context
// it returns ends with the Host; leave must be called.
func (h *Host) enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		cancel(errClosed)
		return nil, nil, &Error{Code: CodeUsage, Message: errClosed.Error()}
	}
	h.running[&cancel] = struct{}{}
	h.runs.Add(1)
	return ctx, func() {
		cancel(nil)
		h.mu.Lock()
		delete(h.running, &cancel)
		h.mu.Unlock()
		h.runs.Done()
	}, nil
}
