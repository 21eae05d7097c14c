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
	"log/slog"

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
}

// Host is one tenant's world.
type Host struct{}

// New checks cfg and returns a Host. It opens no connection. Its error is
// Errors: everything that is wrong at once.
func New(ctx context.Context, cfg Config) (*Host, error) { panic("in progress") }

// Close ends the Host's executions, closes its pools and, if New made it, its
// Runtime. It is idempotent.
func (h *Host) Close() error { panic("in progress") }

// Load checks a task against the Host's configuration, compiles its module
// and lets it configure itself. Its error is an *Error or Errors.
func (h *Host) Load(ctx context.Context, t Task) (*Program, error) { panic("in progress") }

// Program is a loaded task.
type Program struct{}

// Render returns the statements that Run would send for these inputs. It
// opens no connection and finds no secret.
func (p *Program) Render(ctx context.Context, in Inputs) ([]Statement, error) { panic("in progress") }

// Run executes the task once: in one transaction, which is committed if the
// guest succeeds and out took the whole result. The Report is valid also with
// an error, which is an *Error.
func (p *Program) Run(ctx context.Context, in Inputs, out Sink) (Report, error) { panic("in progress") }

// Runtime is what Hosts of one process may share.
type Runtime struct{}

// RuntimeConfig is what a Runtime is made from.
type RuntimeConfig struct {
	// CacheDir keeps compiled code between processes; empty: it is kept in
	// memory only. The folder is made with mode 0700.
	CacheDir string
	// Engine is "compiler", the default, or "interpreter".
	Engine string
	// Slots is how many guests run at once; 0: as many as there are processors.
	Slots int
}

// NewRuntime returns a Runtime.
func NewRuntime(ctx context.Context, cfg RuntimeConfig) (*Runtime, error) { panic("in progress") }

// Close frees the compiled code. Hosts that use it must be closed before.
func (r *Runtime) Close() error { panic("in progress") }
