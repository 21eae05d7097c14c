package host_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/plugin"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// asking returns the guest that sends what its input holds, with a manifest.
func asking(t testing.TB, m plugin.Manifest) []byte {
	t.Helper()
	m.Name, m.Version = "asking", "0.1.0"
	if m.Inputs == nil {
		m.Inputs = []plugin.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}}
	}
	wasm, err := plugin.Finish(module(t, "requests"), &m)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}

func asks(access abi.Access, names ...string) plugin.Manifest {
	var m plugin.Manifest
	for _, n := range names {
		m.Connections = append(m.Connections, plugin.Connection{Name: n, Access: access})
	}
	return m
}

// grantHost has three connections: one that may be written, one that may be
// read, one that nobody is granted.
func grantHost(t testing.TB, engine string) *host.Host {
	const table = "CREATE TABLE t (n INTEGER);\nINSERT INTO t VALUES (1);\n"
	return hosttest.Open(t, hosttest.SQLite(t, table), func(c *host.Config) {
		c.Runtime = hosttest.Runtime(t, engine)
		ro := hosttest.SQLite(t, table)
		ro.Access = abi.ReadOnly
		c.Connections["lake"], c.Connections["secret"] = ro, hosttest.SQLite(t, table)
	})
}

// TestGrants (the intersection of manifest, task file and host configuration):
// whatever refuses, the guest is told the same, and who runs the task is told
// which of the three it was.
func TestGrants(t *testing.T) {
	const write, read = "INSERT INTO t VALUES (2)", "SELECT n FROM t"
	for name, c := range map[string]struct {
		manifest plugin.Manifest
		task     host.Task
		on, sql  string
		code     host.Code
		message  string
		hint     string
	}{
		"granted by all":  {asks(abi.ReadWrite, "db"), host.Task{Connection: "db"}, "db", write, "", "", ""},
		"by its own name": {asks(abi.ReadWrite, "mine"), host.Task{Connection: "db"}, "mine", write, "", "", ""},
		"by the host's name, which the guest does not know": {asks(abi.ReadWrite, "mine"), host.Task{Connection: "db"}, "db", read,
			host.CodeDenied, `connection "db" is not granted to this task`, `the module's manifest does not declare "db"; it declares: mine`},
		"not in the manifest": {asks(abi.ReadWrite, "db"), host.Task{Connection: "db"}, "secret", read,
			host.CodeDenied, `connection "secret" is not granted to this task`, `the module's manifest does not declare "secret"; it declares: db`},
		"a long name of the guest's making": {asks(abi.ReadWrite, "db"), host.Task{Connection: "db"}, strings.Repeat("x", 300), read,
			host.CodeDenied, `connection "` + strings.Repeat("x", 64) + `…" is not granted to this task`, `the module's manifest does not declare "` + strings.Repeat("x", 64) + `…"; it declares: db`},
		"nearly in the manifest": {asks(abi.ReadWrite, "source"), host.Task{Connection: "db"}, "sorce", read,
			host.CodeDenied, `connection "sorce" is not granted to this task`, `the module's manifest does not declare "sorce"; did you mean "source"?`},
		"not in the task": {asks(abi.ReadWrite, "db", "log"), host.Task{Connection: "db"}, "log", read,
			host.CodeDenied, `connection "log" is not granted to this task`, `the module's manifest declares "log", the task file does not grant it: add connections: {log: NAME}`},
		"read-only by the manifest": {asks(abi.ReadOnly, "db"), host.Task{Connection: "db"}, "db", write,
			host.CodeDenied, "INSERT is not allowed on a read-only connection", `connection "db" is read-only by the module's manifest: writing needs access: read-write there`},
		"read-only by the task": {asks(abi.ReadWrite, "db"), host.Task{Connections: []host.Grant{{Connection: "db", ReadOnly: true}}}, "db", write,
			host.CodeDenied, "INSERT is not allowed on a read-only connection", `connection "db" is read-only by the task file: writing needs access: read-write there`},
		"read-only by the host": {asks(abi.ReadWrite, "db"), host.Task{Connection: "lake"}, "db", write,
			host.CodeDenied, "INSERT is not allowed on a read-only connection", `connection "db" is read-only by the host configuration: writing needs access: read-write there`},
		"read-only by all": {asks(abi.ReadOnly, "db"), host.Task{Connections: []host.Grant{{Name: "db", Connection: "lake", ReadOnly: true}}}, "db", write,
			host.CodeDenied, "INSERT is not allowed on a read-only connection",
			`connection "db" is read-only by the module's manifest and by the task file and by the host configuration: writing needs access: read-write there`},
		"wrong on any connection": {asks(abi.ReadOnly, "db"), host.Task{Connection: "db"}, "db", "COMMIT",
			host.CodeDenied, "COMMIT is not allowed: the host begins and ends the transaction", "leave it out: an execution is one transaction, committed when it succeeds"},
		"two, one to read and one to write": {asks(abi.ReadWrite, "source", "target"),
			host.Task{Connections: []host.Grant{{Name: "target", Connection: "db"}, {Name: "source", Connection: "lake"}}}, "target", write, "", "", ""},
		"the own one is the manifest's first": {asks(abi.ReadWrite, "source", "target"),
			host.Task{Connections: []host.Grant{{Name: "target", Connection: "db"}, {Name: "source", Connection: "lake"}}}, "", write,
			host.CodeDenied, "INSERT is not allowed on a read-only connection", `connection "source" is read-only by the host configuration: writing needs access: read-write there`},
	} {
		for _, engine := range engines {
			t.Run(name+"/"+engine, func(t *testing.T) {
				task := c.task
				task.Name, task.Module, task.Outputs = "ask", asking(t, c.manifest), abi.Outputs{Mode: abi.OutputNone}
				task.Inputs = []host.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}}
				c.manifest.Outputs = task.Outputs
				task.Module = asking(t, c.manifest)
				p, err := grantHost(t, engine).Load(context.Background(), task)
				if err != nil {
					t.Fatal(err)
				}
				_, err = p.Run(context.Background(), queries(abi.QueryRequest{Connection: c.on, SQL: c.sql}), host.Discard())
				var e *host.Error
				if c.code == "" && err == nil {
					return
				}
				if !errors.As(err, &e) || e.Code != c.code || !strings.HasPrefix(e.Message, c.message) || e.Hint != c.hint {
					t.Errorf("%v\nwant %s: %s\nhint: %s", err, c.code, c.message, c.hint)
				}
			})
		}
	}
}

// queries is the input of the guest that sends requests: all of them, and
// then it fails if the last one did.
func queries(all ...abi.QueryRequest) host.Inputs {
	b := []byte("REQUESTS")
	for _, q := range all {
		kind, m := byte(1), q.Marshal()
		if strings.HasPrefix(q.SQL, "SELECT") {
			kind = 2
		}
		b = append(b, kind, byte(len(m)), byte(len(m)>>8))
		b = append(b, m...)
	}
	return host.Inputs{"requests": {Type: abi.Type{Kind: abi.Bytes}, Str: string(append(b, 0))}}
}

// TestRefusedGrants: what can be known before a run is refused before it, with
// the place to mend.
func TestRefusedGrants(t *testing.T) {
	num := abi.Type{Kind: abi.Int}
	text := abi.Type{Kind: abi.Str}
	none := asks(abi.ReadOnly)
	postgres := asks(abi.ReadOnly, "db")
	postgres.Connections[0].Dialects = []abi.Dialect{abi.Postgres}
	newer := asks(abi.ReadOnly, "db")
	newer.ABI = abi.Minor + 1
	inputs := asks(abi.ReadOnly, "db")
	inputs.Inputs = []plugin.Input{{Name: "after", Type: num}, {Name: "limit", Type: num}}
	columns := asks(abi.ReadOnly, "db")
	columns.Inputs = []plugin.Input{}
	columns.Outputs = abi.Outputs{Mode: abi.OutputColumns, Columns: []abi.OutputColumn{{Name: "id", Type: num}}}
	for name, c := range map[string]struct {
		manifest plugin.Manifest
		task     host.Task
		want     string
	}{
		"the task grants what the manifest does not declare": {asks(abi.ReadOnly, "source"), host.Task{Connections: []host.Grant{{Name: "sorce", Connection: "db"}}},
			`config: the module's manifest declares no connection "sorce" (did you mean "source"?)`},
		"the host has no such connection": {asks(abi.ReadOnly, "source"), host.Task{Connections: []host.Grant{{Name: "source", Connection: "lke"}}},
			`config: the host configuration has no connection "lke" (did you mean "lake"?)`},
		"which of two": {asks(abi.ReadOnly, "source", "target"), host.Task{Connection: "db"},
			`config: the module's manifest declares the connections source, target, and the task does not say which it gives (say which: connections: {source: NAME, …} in the task file, or --connection source=NAME)`},
		"none named": {asks(abi.ReadOnly, "source", "target"), host.Task{},
			`config: the task names no connection (add connections: with a name of the host configuration for each of source, target)`},
		"none needed": {none, host.Task{Connection: "db"},
			`config: the module's manifest declares no connection, and the task gives it one (leave the connection out, or declare it in plugin.yaml)`},
		"twice": {asks(abi.ReadOnly, "db"), host.Task{Connection: "db", Connections: []host.Grant{{Connection: "db"}}},
			`config: connection "db" is granted twice ()`},
		"another dialect": {postgres, host.Task{Connection: "db"},
			`config: connection "db" is sqlite, and the module's manifest takes postgres for it (grant it another connection)`},
		"a newer ABI": {newer, host.Task{Connection: "db"},
			`denied: the module is refused: it needs wasmsql_v1 minor 1, this host has minor 0 (update wasmsql, or build the plugin with an SDK of this version)`},
		"inputs": {inputs, host.Task{Connection: "db", Inputs: []host.Input{{Name: "aftr", Type: num}, {Name: "limit", Type: text}}},
			`config: input "aftr" is none of the module's manifest (did you mean "after"?)` + "\n" +
				`config: input "limit" is str, in the module's manifest it is int (leave the type to the manifest, or make it the same)` + "\n" +
				`config: input "after" (int) of the module's manifest is not declared (declare it, or leave inputs out of the task file)`},
		"outputs: none": {columns, host.Task{Connection: "db", Outputs: abi.Outputs{Mode: abi.OutputNone}},
			`config: outputs is none, and by its manifest the module returns rows (leave outputs out of the task, or make them the same)`},
		"other columns": {columns, host.Task{Connection: "db", Outputs: abi.Outputs{Mode: abi.OutputColumns, Columns: []abi.OutputColumn{{Name: "name", Type: num}}}},
			`config: outputs has the columns name, by its manifest the module returns id (leave outputs out of the task, or make them the same)`},
	} {
		t.Run(name, func(t *testing.T) {
			task := c.task
			task.Name, task.Module = "ask", asking(t, c.manifest)
			if c.manifest.Inputs == nil {
				task.Inputs = []host.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}}
			}
			_, err := grantHost(t, "interpreter").Load(context.Background(), task)
			var all host.Errors
			errors.As(err, &all)
			var lines []string
			for _, e := range all {
				lines = append(lines, string(e.Code)+": "+e.Message+" ("+e.Hint+")")
			}
			if got := strings.Join(lines, "\n"); got != c.want {
				t.Errorf("%v\n%s\nwant\n%s", err, got, c.want)
			}
		})
	}
}

// TestNoManifestTwoConnections: a module without a manifest is granted what
// the task says alone.
func TestNoManifestTwoConnections(t *testing.T) {
	h := grantHost(t, "compiler")
	p, err := h.Load(context.Background(), host.Task{Name: "ask", Module: module(t, "requests"), Outputs: abi.Outputs{Mode: abi.OutputNone},
		Inputs:     []host.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}},
		Connection: "db", Connections: []host.Grant{{Name: "from", Connection: "lake"}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	for _, c := range []struct{ on, sql, want string }{
		{"from", "SELECT n FROM t", ""},
		{"db", "INSERT INTO t VALUES (3)", ""},
		{"", "INSERT INTO t VALUES (4)", ""},
		{"lake", "SELECT n FROM t", `the task file does not grant "lake"; it grants: db, from`},
		{"from", "DELETE FROM t", `connection "from" is read-only by the host configuration: writing needs access: read-write there`},
	} {
		_, err := p.Run(ctx, queries(abi.QueryRequest{Connection: c.on, SQL: c.sql}), host.Discard())
		var e *host.Error
		if errors.As(err, &e); c.want == "" && err != nil || c.want != "" && (e == nil || e.Hint != c.want) {
			t.Errorf("%s on %q: %v, %+v", c.sql, c.on, err, e)
		}
	}
}

// TestManifestLimits: the least of manifest and host holds, and the hint says
// whose it is.
func TestManifestLimits(t *testing.T) {
	m := asks(abi.ReadWrite, "db")
	m.Outputs.Mode = abi.OutputNone
	load := func(l plugin.Limits, hostLimits host.Limits) *host.Program {
		m.Limits = l
		db := hosttest.SQLite(t, "CREATE TABLE t (n INTEGER);\n")
		h := hosttest.Open(t, db, func(c *host.Config) { c.Limits = hostLimits })
		p, err := h.Load(context.Background(), host.Task{Name: "ask", Module: asking(t, m), Connection: "db",
			Inputs: []host.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}}})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	many := make([]abi.QueryRequest, 20)
	for i := range many {
		many[i].SQL = "INSERT INTO t VALUES (1)"
	}
	const byManifest = "the module's manifest asks for no more: raise limits.%s in plugin.yaml and build it again"
	for _, c := range []struct {
		manifest plugin.Limits
		host     host.Limits
		message  string
		hint     string
	}{
		{plugin.Limits{HostCalls: 10}, host.Limits{}, "the guest has made 11 host calls, the limit is 10", strings.Replace(byManifest, "%s", "host_calls", 1)},
		{plugin.Limits{HostCalls: 10}, host.Limits{HostCalls: 5}, "the guest has made 6 host calls, the limit is 5", "raise limits.host_calls in the configuration"},
		{plugin.Limits{Statement: 8}, host.Limits{}, "a statement of 24 bytes, the limit is 8", strings.Replace(byManifest, "%s", "statement", 1)},
		{plugin.Limits{Fuel: 100}, host.Limits{}, "the guest has used ", strings.Replace(byManifest, "%s", "fuel", 1)},
		{plugin.Limits{Timeout: time.Nanosecond}, host.Limits{}, "the deadline of 1ns has passed", strings.Replace(byManifest, "%s", "timeout", 1)},
	} {
		_, err := load(c.manifest, c.host).Run(context.Background(), queries(many...), host.Discard())
		var e *host.Error
		if !errors.As(err, &e) || e.Code != host.CodeLimit || !strings.HasPrefix(e.Message, c.message) || e.Hint != c.hint {
			t.Errorf("%+v: %+v\nwant %s\nhint: %s", c.manifest, e, c.message, c.hint)
		}
	}
}

// TestManifestRefused: a wrong section is a refusal of the module, with every
// fault.
func TestManifestRefused(t *testing.T) {
	wasm, err := plugin.Finish(module(t, "requests"), &plugin.Manifest{Name: "p", Version: "1"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = grantHost(t, "interpreter").Load(context.Background(), host.Task{Name: "ask", Module: wasm, Connection: "db"})
	if got := err.Error(); !strings.HasPrefix(got, `the module is refused: its manifest: version: "1" is not a version`) {
		t.Error(got)
	}
}

// TestOutputsOfTheManifest: a task that says nothing of its outputs has those
// of its module.
func TestOutputsOfTheManifest(t *testing.T) {
	m := asks(abi.ReadWrite, "db")
	m.Outputs.Mode = abi.OutputNone
	p, err := grantHost(t, "compiler").Load(context.Background(), host.Task{Name: "ask", Module: asking(t, m), Connection: "db",
		Inputs: []host.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}}})
	if err != nil {
		t.Fatal(err)
	}
	if p.Task().Outputs.Mode != abi.OutputNone || p.Manifest().Name != "asking" {
		t.Errorf("%+v, %+v", p.Task().Outputs, p.Manifest())
	}
}

// reluctant is SQLite whose connections of one name do not commit.
type reluctant struct {
	sqldb.Driver
	name string
}

func (r reluctant) Open(c sqldb.Config) (sqldb.DB, error) {
	db, err := r.Driver.Open(c)
	if err == nil && c.Name == r.name {
		db = reluctantDB{db}
	}
	return db, err
}

type reluctantDB struct{ sqldb.DB }

func (r reluctantDB) Begin(ctx context.Context, o sqldb.TxOptions) (sqldb.Tx, error) {
	tx, err := r.DB.Begin(ctx, o)
	return reluctantTx{tx}, err
}

type reluctantTx struct{ sqldb.Tx }

func (reluctantTx) Commit(context.Context) error {
	return &sqldb.Error{Code: abi.DB, Message: "not today", Retryable: true}
}

// TestCommitsInTurn: where the commit of a second connection fails, the error
// says what is committed, and is not safe to retry. Connections that only read
// are committed before any that writes.
func TestCommitsInTurn(t *testing.T) {
	const table = "CREATE TABLE t (n INTEGER);\n"
	for name, c := range map[string]struct {
		first, second string
		want          string
	}{
		"the second fails": {"a", "b", `commit: not today; connection "b" is not committed, and a already is`},
		"the first fails":  {"b", "a", `commit: not today`},
	} {
		t.Run(name, func(t *testing.T) {
			h := hosttest.Open(t, hosttest.SQLite(t, ""), func(cfg *host.Config) {
				cfg.Connections["a"] = hosttest.SQLite(t, table)
				cfg.Connections["b"] = hosttest.SQLite(t, table)
				cfg.Drivers = map[string]sqldb.Driver{"sqlite": reluctant{cfg.Drivers["sqlite"], "b"}}
			})
			p, err := h.Load(context.Background(), host.Task{Name: "two", Module: module(t, "requests"), Outputs: abi.Outputs{Mode: abi.OutputNone},
				Inputs:      []host.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}},
				Connections: []host.Grant{{Connection: "a"}, {Connection: "b"}}})
			if err != nil {
				t.Fatal(err)
			}
			const insert = "INSERT INTO t VALUES (7)"
			report, err := p.Run(context.Background(), queries(abi.QueryRequest{Connection: c.first, SQL: insert}, abi.QueryRequest{Connection: c.second, SQL: insert}), host.Discard())
			var e *host.Error
			if !errors.As(err, &e) || e.Message != c.want || e.SafeToRetry() != (c.first == "b") || report.Attempts != 1 {
				t.Errorf("%v after %d attempts, want %s", err, report.Attempts, c.want)
			}
			left := "0"
			if c.first == "a" {
				left = "1"
			}
			count := loadOn(t, h, host.Task{Name: "count", Query: "SELECT count(*) FROM t", Connection: "a"})
			var rows hosttest.Rows
			if _, err := count.Run(context.Background(), nil, &rows); err != nil || rows.Cells[0][0] != left {
				t.Errorf("%v rows in a, %v", rows.Cells, err)
			}
		})
	}
}
