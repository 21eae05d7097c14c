package host

import (
	"strconv"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Task is what is run: a query template or a module, with typed inputs, a
// connection and a typed result. It is not changed after it was loaded.
type Task struct {
	Name string

	// Query is a template for the built-in template module, as it stands in
	// the task file. Either Query or Module is set.
	Query         string
	Interpolation abi.Interpolation

	// Module is a plugin's WebAssembly binary, Config its configuration as
	// JSON text.
	Module []byte
	Config []byte

	Inputs  []Input
	Outputs abi.Outputs

	// Connection names one of the Host's connections. Inline describes one
	// that belongs to the task alone, and goes before.
	Connection string
	Inline     *Connection
	// Connections are what a module uses beside it, or instead: then the first
	// is the task's own. Where the module has a manifest, they go by its names.
	Connections []Grant

	// Retries is how often an execution is tried again after an error that is
	// safe to retry.
	Retries int
	// Timeout covers the whole execution; 0 is the Host's.
	Timeout time.Duration

	// Source finds places for error messages. It may be nil.
	Source Source
}

// Input declares an input of a task.
type Input struct {
	Name        string
	Type        abi.Type
	Default     *abi.Value // nil: the input must be given
	Description string
	Enum        []abi.Value // the accepted values, nil: all of the type
}

// Inputs are the values of one execution, by name.
type Inputs map[string]abi.Value

// Connection is a database and how it may be used.
type Connection struct {
	URI        sqldb.URI
	Args       map[string]any // connect_args, as sqldb.Config.Args
	SecretArgs map[string]secret.Ref
	Access     abi.Access
	// AllowText lets tasks with abi.Text interpolation use the connection.
	AllowText bool
	Limits    ResultLimits
	Pool      sqldb.Pool
	// Plain gives columns the types of what is stored, not of what was declared:
	// see sqldb.Config.
	Plain bool
	// Dir is what a relative path of a database file is relative to; empty is
	// the working folder of the process.
	Dir string
}

// Place is a place in a file, counted from 1. The zero Place is unknown.
type Place struct {
	File         string
	Line, Column int
}

// String returns file:line:column, as much of it as is known.
func (p Place) String() string {
	if p.Line == 0 {
		return p.File
	}
	s := strconv.Itoa(p.Line) + ":" + strconv.Itoa(p.Column)
	if p.File != "" {
		s = p.File + ":" + s
	}
	return s
}

// Source finds where something stands in the file that it was read from.
// Implementations are safe for concurrent use.
type Source interface {
	// Key returns the place of a key's value by its path, or of the nearest
	// parent that is there: "connections.tracks.uri", "inputs.after".
	Key(path string) Place
	// Query returns the place of a character of Task.Query, counted from 1.
	Query(line, column int) Place
}
