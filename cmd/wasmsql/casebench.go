package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/drivers"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/plugin"
	"github.com/wasmsql/wasmsql/host/result"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// bench runs the cases of a module on one engine, each against new databases.
type bench struct {
	wasm        []byte
	task        host.Task
	connections []plugin.Connection
	rt          *host.Runtime
	sql         *host.Runtime // runs what a case has of SQL itself: interpreted, since each is run once
}

// newBench returns a bench, which is to be closed. A module without a manifest
// has the connection db, to read and write.
func (a *app) newBench(ctx context.Context, wasm []byte, engine string) (*bench, error) {
	b := &bench{wasm: wasm, connections: []plugin.Connection{{Name: "db", Access: abi.ReadWrite}}}
	var err error
	if b.task, err = manifest.ModuleTask("plugin", wasm); err != nil {
		return nil, err
	}
	if section, err := plugin.Find(wasm); err == nil && section != nil {
		m, err := plugin.Read(section)
		if err != nil {
			return nil, err
		}
		b.connections = m.Connections
	}
	if b.rt, err = a.runtime(ctx, settings{config: &manifest.Config{Engine: engine}}); err != nil {
		return nil, err
	}
	if b.sql, err = host.NewRuntime(ctx, host.RuntimeConfig{Engine: "interpreter"}); err != nil {
		_ = b.rt.Close()
		return nil, err
	}
	return b, nil
}

func (b *bench) close() {
	_ = b.rt.Close()
	_ = b.sql.Close()
}

// run runs a case. Its error is one of the case: what the plugin runs into is
// an outcome.
func (b *bench) run(ctx context.Context, c *testCase) (outcome, error) {
	dir, err := os.MkdirTemp("", "wasmsql-test-")
	if err != nil {
		return outcome{}, &host.Error{Code: host.CodeOutput, Message: "there can be no temporary folder: " + reason(err), Cause: err}
	}
	defer os.RemoveAll(dir)
	r := &caseRun{bench: b, c: c, dir: dir, got: outcome{parts: map[string]string{}}}
	cfg := host.Config{Runtime: b.rt, Drivers: drivers.All(), Connections: map[string]host.Connection{}, Logger: slog.New(caseLog{&r.log})}
	task := b.task
	task.Connections = nil
	for _, conn := range b.connections {
		db, err := r.database(conn.Name)
		if err != nil {
			return outcome{}, err
		}
		cfg.Connections[conn.Name] = db
		task.Connections = append(task.Connections, host.Grant{Name: conn.Name, Connection: conn.Name})
	}
	h, err := host.New(ctx, cfg)
	if err != nil {
		return outcome{}, err
	}
	defer h.Close()
	cfg.Runtime = b.sql
	aside, err := host.New(ctx, cfg)
	if err != nil {
		return outcome{}, err
	}
	defer aside.Close()
	if err := r.setUp(ctx, aside); err != nil {
		return outcome{}, err
	}
	if text, ok := c.file("config.yaml"); ok {
		if task.Config, err = manifest.ReadJSON(c.path+": config.yaml", []byte(text)); err != nil {
			return outcome{}, err
		}
	}
	inputs := host.Inputs{}
	if text, ok := c.file("inputs.yaml"); ok {
		if inputs, err = manifest.ReadInputs(c.path+": inputs.yaml", []byte(text), task.Inputs); err != nil {
			return outcome{}, err
		}
	}
	if err := r.execute(ctx, h, task, inputs); err != nil {
		return outcome{}, err
	}
	return r.got, r.look(ctx, aside)
}

// caseRun is one run of a case.
type caseRun struct {
	*bench
	c   *testCase
	dir string
	log bytes.Buffer
	got outcome
}

// database returns the connection to a new database, which is there already: a
// plugin that only reads could not make it. Setup and look write and read it as
// they like, so the plugin's access is the manifest's alone.
func (r *caseRun) database(name string) (host.Connection, error) {
	file := filepath.Join(r.dir, name+".db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		return host.Connection{}, err
	}
	uri, err := sqldb.ParseURI("sqlite:///" + file)
	if err != nil {
		return host.Connection{}, err
	}
	return host.Connection{URI: uri, Access: abi.ReadWrite}, nil
}

// sqlFiles returns what a case has for a connection: PART.sql for the
// plugin's own, and PART/NAME.sql.
func (r *caseRun) sqlFiles(part string, i int) map[string]string {
	files := map[string]string{}
	if text, ok := r.c.file(part + ".sql"); ok && i == 0 {
		files[part] = text
	}
	name := part + "/" + r.connections[i].Name
	if text, ok := r.c.file(name + ".sql"); ok {
		files[name] = text
	}
	return files
}

// plain is a task of SQL without templates.
func plain(name, sql, connection string, outputs abi.OutputMode) host.Task {
	return host.Task{Name: name, Query: "{% raw %}" + sql + "{% endraw %}", Connection: connection, Outputs: abi.Outputs{Mode: outputs}}
}

// setUp fills the databases.
func (r *caseRun) setUp(ctx context.Context, h *host.Host) error {
	for i, conn := range r.connections {
		for name, sql := range r.sqlFiles("setup", i) {
			if strings.TrimSpace(sql) == "" {
				continue
			}
			if _, err := runTask(ctx, h, plain(name, sql, conn.Name, abi.OutputNone), nil, host.Discard()); err != nil {
				return r.fault(name+".sql", err)
			}
		}
	}
	return nil
}

// look asks the databases what the plugin has left.
func (r *caseRun) look(ctx context.Context, h *host.Host) error {
	for i, conn := range r.connections {
		for name, sql := range r.sqlFiles("after", i) {
			var b bytes.Buffer
			if _, err := runTask(ctx, h, plain(name, sql, conn.Name, abi.OutputAny), nil, result.New(result.CSV, &b, result.Options{})); err != nil {
				return r.fault(name+".sql", err)
			}
			r.got.parts[name] = b.String()
		}
	}
	return nil
}

// fault says where in the case an error is.
func (r *caseRun) fault(file string, err error) error {
	e := *faults(err)[0]
	e.Place = host.Place{File: r.c.path + ": " + file, Line: e.Place.Line, Column: max(1, e.Place.Column-len("{% raw %}"))}
	if e.Place.Line == 0 {
		e.Place.Column = 0
	}
	return &e
}

func runTask(ctx context.Context, h *host.Host, t host.Task, in host.Inputs, out host.Sink) (host.Report, error) {
	p, err := h.Load(ctx, t)
	if err != nil {
		return host.Report{}, err
	}
	defer p.Close()
	return p.Run(ctx, in, out)
}

// execute runs the plugin and keeps what came of it.
func (r *caseRun) execute(ctx context.Context, h *host.Host, task host.Task, inputs host.Inputs) error {
	var rows bytes.Buffer
	sink := host.Sink(result.New(result.CSV, &rows, result.Options{}))
	if task.Outputs.Mode == abi.OutputNone {
		sink = host.Discard()
	}
	report, err := runTask(ctx, h, task, inputs, sink)
	r.got.fuel, r.got.calls = report.Fuel, report.HostCalls
	if errors.Is(err, context.Canceled) || ctx.Err() != nil {
		return err
	}
	switch {
	case err != nil:
		var b strings.Builder
		for _, e := range faults(err) {
			fmt.Fprintf(&b, "%s: %s\n", e.Code, e.Error())
			if e.Hint != "" {
				fmt.Fprintf(&b, "hint: %s\n", e.Hint)
			}
		}
		r.got.parts["error"] = b.String()
	case task.Outputs.Mode == abi.OutputNone:
		r.got.parts["affected"] = fmt.Sprintf("%d\n", report.RowsAffected)
	default:
		r.got.parts["rows"] = rows.String()
	}
	if r.log.Len() > 0 {
		r.got.parts["log"] = r.log.String()
	}
	return nil
}

// caseLog is a slog.Handler that keeps what a guest logs, as level: text. It is
// for one guest at a time.
type caseLog struct{ w *bytes.Buffer }

// Enabled implements slog.Handler.
func (caseLog) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (l caseLog) Handle(_ context.Context, r slog.Record) error {
	guest := false
	r.Attrs(func(a slog.Attr) bool {
		guest = guest || a.Key == "from"
		return !guest
	})
	if guest {
		fmt.Fprintf(l.w, "%s: %s\n", strings.ToLower(r.Level.String()), fault.Printable(r.Message))
	}
	return nil
}

// WithAttrs implements slog.Handler.
func (l caseLog) WithAttrs([]slog.Attr) slog.Handler { return l }

// WithGroup implements slog.Handler.
func (l caseLog) WithGroup(string) slog.Handler { return l }
