// Package plugin is the manifest of a plugin: what a module says of itself in
// its custom section wasmsql.manifest, read without running it.
//
// A manifest asks: for connections with an access, for inputs, for limits. It
// grants nothing. What a task may do is what manifest, task file and host
// configuration all allow.
//
// The section is one JSON object; plugin.schema.json describes it, and the
// plugin.yaml that authors write, which has the same keys. Package
// host/manifest reads that file. The functions of this package hold no state
// and are safe for concurrent use.
package plugin

import (
	_ "embed"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/abi"
)

// SourceName is the name of the file that authors write a manifest in. It
// stands in the folder of the plugin's source.
const SourceName = "plugin.yaml"

// MaxSection is the size of a manifest, in bytes.
const MaxSection = 64 << 10

//go:embed plugin.schema.json
var schema string

// Schema returns the JSON Schema, draft 2020-12, of a manifest: of the section
// as of plugin.yaml.
func Schema() []byte { return []byte(schema) }

// Manifest is what a plugin says of itself.
type Manifest struct {
	Name        string
	Version     string // three numbers with dots, and what semver allows after them
	Description string
	// ABI is the least minor version of the ABI that the module needs.
	ABI int
	// SDK is what the module was built with, for people: "go1.26 wasmsql v0.1.0".
	SDK string
	// Connections are those that the module asks for, its own first. Any other
	// is refused.
	Connections []Connection
	Inputs      []Input
	// Outputs is what the module gives. OutputAny also where it says nothing.
	Outputs abi.Outputs
	// Limits are the most that the module asks for; zero is the host's.
	Limits Limits
}

// Connection is one that a module asks for, by the name it uses for it.
type Connection struct {
	Name        string
	Access      abi.Access
	Dialects    []abi.Dialect // those that its SQL is written for; none: any
	Description string
}

// Input is an input that a module declares. Default and Enum are as they stand
// in the manifest: JSON that host/manifest makes values of.
type Input struct {
	Name        string
	Type        abi.Type
	Default     json.RawMessage // nil: none
	Enum        json.RawMessage // nil: all values of the type
	Description string
}

// Limits are the limits of an execution that a module asks for, as those of a
// host. Zero is not said.
type Limits struct {
	Memory         int64 // bytes
	Fuel           int64
	Timeout        time.Duration
	HostCalls      int64
	Cursors        int64
	Statement      int64 // bytes
	Log            int64 // bytes
	Parameters     int64 // bytes
	ParameterCount int64 // of one statement
	Rows           int64
	Bytes          int64
}

// Connection returns the connection that the module calls name, or nil.
func (m *Manifest) Connection(name string) *Connection {
	for i := range m.Connections {
		if m.Connections[i].Name == name {
			return &m.Connections[i]
		}
	}
	return nil
}

// ConnectionNames returns what the module calls its connections, in order.
func (m *Manifest) ConnectionNames() []string {
	names := make([]string, len(m.Connections))
	for i, c := range m.Connections {
		names[i] = c.Name
	}
	return names
}

// Fault is what is wrong with a manifest.
type Fault struct {
	Path    string // of the value: "connections.db.access"; empty: the whole
	Message string // lower case, no full stop
	Hint    string // the next step, or empty
}

// Error returns the path and the message.
func (f *Fault) Error() string {
	if f.Path == "" {
		return f.Message
	}
	return f.Path + ": " + f.Message
}

// Faults is everything that is wrong with a manifest.
type Faults []*Fault

// Error returns the faults, one a line.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, x := range f {
		lines[i] = x.Error()
	}
	return strings.Join(lines, "\n")
}

// IsVersion reports whether s is a version: three numbers with dots between
// them, and after them - or + with letters, digits, dots and dashes.
func IsVersion(s string) bool {
	core, rest := s, ""
	if i := strings.IndexAny(s, "-+"); i >= 0 {
		core, rest = s[:i], s[i+1:]
		if rest == "" || strings.Trim(rest, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-+") != "" {
			return false
		}
	}
	parts := strings.Split(core, ".")
	for _, p := range parts {
		if n, err := strconv.Atoi(p); err != nil || strconv.Itoa(n) != p || n < 0 {
			return false
		}
	}
	return len(parts) == 3 && len(s) <= 64
}
