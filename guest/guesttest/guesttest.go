//go:build !wasip1

// Package guesttest plays the host for native tests of a plugin: with
// go test, a debugger, coverage and the race detector, without wasm.
//
// [Run] plays a script, the statements that the plugin is to send with what
// each answers:
//
//	out := guesttest.Run(t, newTask(), guesttest.Case{
//		Inputs: guesttest.Inputs{"after": guest.Int(3)},
//		Expect: []guesttest.Statement{{
//			Query:   "SELECT id, name FROM people WHERE id > ?1",
//			Params:  []guest.Value{guest.Int(3)},
//			Columns: guesttest.Columns("id", "name"),
//			Rows:    [][]any{{4, "Ida"}, {5, nil}},
//		}},
//	})
//
// A statement that is not the next one, one with other parameters, and one
// that is missing at the end fail the test with what was expected and what
// came. [Open] runs the plugin against a real SQLite instead.
//
// Neither is the host. The rules of handles, cursors, transactions and results
// are kept, but nothing is metered; the policy does not look at statements,
// only SQLite's own query_only keeps a read-only connection from writing; a
// task's outputs are not checked; and SQLite is reached by database/sql, whose
// messages and positions differ from the host's. `wasmsql test` runs the
// module itself.
//
// A plugin's package variables live as long as the test binary, and not, as
// in a module, for one execution: make a new Task for each.
//
// The functions may be used by several tests at once; executions come one
// after another, because a native plugin has one host.
package guesttest

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
	"github.com/wasmsql/wasmsql/guest/internal/imports"
)

// Inputs are the inputs of an execution, by name.
type Inputs map[string]guest.Value

// Case is one execution: what the plugin is given, and what it may ask for.
type Case struct {
	Settings string // the task file's config, as JSON text
	Inputs   Inputs
	Outputs  abi.Outputs // the zero Outputs take what comes
	// Connections are those that the task was granted, its own first. Without
	// any it is one of SQLite, named "db", read-write. Open has its own.
	Connections []abi.Connection
	Limits      Limits
	LogicalTime int64 // in microseconds since 1970; 0 is 2026-01-01T00:00:00Z

	Expect []Statement // the statements of the script, in order; for Run only
}

// Limits bound an execution, as those of a host do. Zero is no limit.
type Limits struct {
	HostCalls int64
	Statement int64 // bytes of SQL
	Log       int64 // bytes
	Rows      int64 // of the result
}

// Statement is a statement that is expected, and its answer. White space in
// the SQL counts as one space.
type Statement struct {
	On     string // the connection; empty is the task's own
	Query  string // for guest.Query; or
	Exec   string // for guest.Exec
	Params []guest.Value

	Columns []arrow.Field // of a Query
	Rows    [][]any       // of a Query: Go values, guest.Values, nil for null
	Batch   int           // rows in a batch of them; 0 is all
	Changed int64         // rows that an Exec has changed
	Err     *abi.Error    // how it fails; of a Query with Rows, after these
}

// Columns returns nullable columns whose kinds follow from the first values in
// them: int64, float64, bool, text or binary.
func Columns(names ...string) []arrow.Field {
	fields := make([]arrow.Field, len(names))
	for i, name := range names {
		fields[i] = arrow.Field{Name: name, Nullable: true}
	}
	return fields
}

// Line is a line of the log.
type Line struct {
	Level abi.Level
	Text  string
}

// Outcome is how an execution ended.
type Outcome struct {
	// Failures is what the task failed with, nil if it did not: the messages
	// of the plugin or, where it returned a host call's error, that error's.
	Failures abi.Failures
	// Err is the error of the host call that failed last, if the task failed
	// after it.
	Err *abi.Error

	HasResult bool
	Columns   []arrow.Field // of the result
	Rows      [][]any       // int64, float64, bool, string, []byte, []any or nil; see Value
	Log       []Line
}

// Failed reports whether the task failed: the host would roll back.
func (o *Outcome) Failed() bool { return o.Failures != nil }

// String returns the failures, each with its hint, or "done".
func (o *Outcome) String() string {
	if !o.Failed() {
		return "done"
	}
	return o.Failures.String()
}

// Run plays one execution of a task, configure and run, against c's script.
func Run(t testing.TB, task guest.Task, c Case) *Outcome {
	t.Helper()
	s := &script{t: t, left: c.Expect}
	out := play(task, c, s)
	for _, missing := range s.left {
		t.Errorf("the plugin did not send\n%s", indent(missing.String()))
	}
	return out
}

// one keeps executions apart: imports and package guest know one host.
var one sync.Mutex

// play runs a task against a backend.
func play(task guest.Task, c Case, b backend) *Outcome {
	one.Lock()
	defer one.Unlock()
	h := newHost(c, b)
	defer imports.Use(h)()
	h.configuring = true
	status := task.CallConfigure()
	if h.configuring = false; status == 0 {
		h.failure = ""
		status = task.CallRun()
	}
	return h.end(status)
}

// config returns what config_read answers.
func (c *Case) config() *abi.Config {
	m := &abi.Config{Task: "test", Plugin: []byte(c.Settings), Outputs: c.Outputs, Connections: c.Connections}
	for _, name := range slices.Sorted(maps.Keys(c.Inputs)) {
		m.Inputs = append(m.Inputs, abi.InputDecl{Name: name, Type: c.Inputs[name].Type})
	}
	return m
}

// input returns what input_read answers.
func (c *Case) input() *abi.Input {
	const newYear = 1_767_225_600_000_000 // 2026-01-01
	m := &abi.Input{LogicalTime: c.LogicalTime, Limits: abi.Limits{StatementBytes: c.Limits.Statement, HostCalls: c.Limits.HostCalls}}
	if m.LogicalTime == 0 {
		m.LogicalTime = newYear
	}
	for _, name := range slices.Sorted(maps.Keys(c.Inputs)) {
		m.Values = append(m.Values, abi.NamedValue{Name: name, Value: c.Inputs[name]})
	}
	return m
}

func indent(s string) string { return "\t" + strings.ReplaceAll(s, "\n", "\n\t") }
