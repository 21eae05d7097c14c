// Package twin runs the cases of an example twice over: natively, on the SQLite
// of package guesttest, and as the module that the example is, on a Host with
// each of the engines. What comes out must be the same.
package twin

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/guesttest"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// Case is one execution and what is to come of it.
type Case struct {
	Name     string
	Setup    []guesttest.Database // the first is the task's own connection
	Settings string               // JSON
	Inputs   guesttest.Inputs
	None     bool // outputs: none

	Rows  [][]any // of the result
	Fails string  // the message, and "hint: …" on a line of its own
	After []After
}

// After is what a query of a database returns when all is over.
type After struct {
	Connection string // empty: "db"
	Query      string
	Rows       [][]any
}

// Run runs the cases of the example in the working folder. Each execution has a
// task of its own.
func Run(t *testing.T, task func() guest.Task, cases []Case) {
	for _, c := range cases {
		for i := range c.Setup {
			if c.Setup[i].Name == "" {
				c.Setup[i].Name = "db"
			}
		}
		t.Run(c.Name+"/native", func(t *testing.T) { native(t, task(), c) })
	}
	if testing.Short() {
		return
	}
	module := hosttest.BuildGuest(t, ".")
	for _, engine := range []string{"compiler", "interpreter"} {
		for _, c := range cases {
			t.Run(c.Name+"/"+engine, func(t *testing.T) { onHost(t, module, engine, c) })
		}
	}
}

func (c *Case) outputs() abi.Outputs {
	if c.None {
		return abi.Outputs{Mode: abi.OutputNone}
	}
	return abi.Outputs{}
}

func native(t *testing.T, task guest.Task, c Case) {
	db := guesttest.Open(t, c.Setup...)
	out := db.Run(task, guesttest.Case{Settings: c.Settings, Inputs: c.Inputs, Outputs: c.outputs()})
	failed := ""
	if out.Failed() {
		failed = out.String()
	}
	c.check(t, failed, out.Rows, db.Rows)
}

// check holds what happened against the case.
func (c *Case) check(t *testing.T, failed string, rows [][]any, ask func(connection, query string) [][]any) {
	t.Helper()
	if failed != c.Fails {
		t.Errorf("it failed with\n%s\nwant\n%s", failed, c.Fails)
	}
	if got, want := show(rows), show(c.Rows); got != want {
		t.Errorf("the result is\n%s\nwant\n%s", got, want)
	}
	for _, a := range c.After {
		if a.Connection == "" {
			a.Connection = "db"
		}
		if got, want := show(ask(a.Connection, a.Query)), show(a.Rows); got != want {
			t.Errorf("%s: %s:\n%s\nwant\n%s", a.Connection, a.Query, got, want)
		}
	}
}

// show returns rows as text, one a line.
func show(rows [][]any) string {
	var lines []string
	for _, row := range rows {
		lines = append(lines, fmt.Sprintf("%v", row))
	}
	return strings.Join(lines, "\n")
}

func onHost(t *testing.T, module []byte, engine string, c Case) {
	dir := t.TempDir()
	files, connections := map[string]string{}, map[string]host.Connection{}
	task := host.Task{Name: "example", Module: module, Config: []byte(c.Settings), Outputs: c.outputs()}
	for _, d := range c.Setup {
		files[d.Name] = filepath.Join(dir, d.Name+".db")
		connection := hosttest.SQLiteFile(t, files[d.Name], d.Script)
		connection.Access = d.Access
		connections[d.Name] = connection
		task.Connections = append(task.Connections, host.Grant{Connection: d.Name})
	}
	inputs := host.Inputs{}
	for _, name := range slices.Sorted(maps.Keys(c.Inputs)) {
		task.Inputs = append(task.Inputs, host.Input{Name: name, Type: c.Inputs[name].Type})
		inputs[name] = c.Inputs[name]
	}
	h := hosttest.Open(t, connections[c.Setup[0].Name], func(cfg *host.Config) {
		cfg.Runtime, cfg.Connections = hosttest.Runtime(t, engine), connections
	})
	failed, rows := "", [][]any(nil)
	p, err := h.Load(t.Context(), task)
	if err == nil {
		var sink stream
		if _, err = p.Run(t.Context(), inputs, &sink); err == nil && sink.writer != nil {
			if _, rows, err = guesttest.Decode(sink.out.Bytes()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err != nil {
		failed = failure(err)
	}
	c.check(t, failed, rows, func(connection, query string) [][]any { return ask(t, files[connection], query) })
}

// failure returns an error's message and hint, as abi.Failure has them.
func failure(err error) string {
	var all host.Errors
	var one *host.Error
	switch {
	case errors.As(err, &all):
	case errors.As(err, &one):
		all = host.Errors{one}
	default:
		return err.Error()
	}
	var f abi.Failures
	for _, e := range all {
		f = append(f, abi.Failure{Message: e.Message, Hint: e.Hint})
	}
	return f.String()
}

// stream is a Sink that keeps the result as an Arrow IPC stream.
type stream struct {
	out    bytes.Buffer
	writer *ipc.Writer
}

// Open implements host.Sink.Open.
func (s *stream) Open(schema *arrow.Schema) error {
	s.writer = ipc.NewWriter(&s.out, ipc.WithSchema(schema))
	return nil
}

// Write implements host.Sink.Write.
func (s *stream) Write(r arrow.Record) error { return s.writer.Write(r) }

// Close implements host.Sink.Close.
func (s *stream) Close() error { return s.writer.Close() }

// Abort implements host.Sink.Abort.
func (s *stream) Abort(error) { s.writer = nil }

// ask runs a query on a database file.
func ask(t *testing.T, file, query string) (all [][]any) {
	db, err := sql.Open("sqlite", file) // the driver that guesttest links
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}
