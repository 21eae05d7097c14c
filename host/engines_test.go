package host_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// ending is all of an execution that must not depend on the engine, on what
// ran before, or on who runs it.
type ending struct {
	stage   string // "load" or "run"
	code    host.Code
	message string
	detail  string
	fuel    int64
	calls   int64
	dropped int64
	rows    string // of the result
	sql     string // what was asked of the database
	log     string
}

func (o ending) String() string {
	return fmt.Sprintf("%s: %s %q\n%s\nfuel %d, host calls %d, log dropped %d\nrows %s\nsql %s\nlog %s",
		o.stage, o.code, o.message, o.detail, o.fuel, o.calls, o.dropped, o.rows, o.sql, o.log)
}

// tenant is a Host with what it did.
type tenant struct {
	*host.Host
	sql recorder
	log syncBuffer
}

func newTenant(t testing.TB, engine string, db host.Connection, limits host.Limits) *tenant {
	t.Helper()
	x := &tenant{}
	x.sql.Driver = hosttest.Drivers()["sqlite"]
	x.Host = hosttest.Open(t, db, func(c *host.Config) {
		c.Runtime = hosttest.Runtime(t, engine)
		c.Drivers = map[string]sqldb.Driver{"sqlite": &x.sql}
		c.Connections["secret"] = db
		c.Limits = limits
		c.Logger = slog.New(slog.NewTextHandler(&x.log, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: timeless}))
	})
	return x
}

// timeless drops from a log record what differs from run to run.
func timeless(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey || a.Key == "total" {
		return slog.Attr{}
	}
	return a
}

// load returns a program, or how it could not be had.
func (x *tenant) load(task host.Task) (*host.Program, ending) {
	p, err := x.Load(context.Background(), task)
	return p, x.ending("load", host.Report{}, nil, err)
}

func (x *tenant) run(p *host.Program, in host.Inputs) ending {
	var rows hosttest.Rows
	r, err := p.Run(context.Background(), in, &rows)
	return x.ending("run", r, &rows, err)
}

func (x *tenant) ending(stage string, r host.Report, rows *hosttest.Rows, err error) ending {
	o := ending{stage: stage, fuel: r.Fuel, calls: r.HostCalls, dropped: r.LogDropped, sql: x.sql.take(), log: x.log.take()}
	if rows != nil {
		o.rows = fmt.Sprint(rows.Schema, rows.Cells, rows.Closed)
	}
	o.code, o.message = code(err)
	var e *host.Error
	if errors.As(err, &e) {
		o.detail = e.Detail + e.Hint
	}
	return o
}

// take returns what was written since it was called last.
func (s *syncBuffer) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.b.Reset()
	return s.b.String()
}

// TestEnginesAgree (G18) runs the guests that do nothing evil on both engines:
// statements, parameters, results, fuel, logs and errors are equal.
func TestEnginesAgree(t *testing.T) {
	limits := host.Limits{HostCalls: 1100, Timeout: time.Hour, Log: 1000, Memory: 16 << 20, Fuel: 1_000_000}
	files, err := filepath.Glob(filepath.Join("..", "testdata", "guests", "wat", "*.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	agreed := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".wasm")
		if strings.HasPrefix(name, "evil-") || name == "entropy" { // that logs random numbers and the time
			continue
		}
		for _, mode := range []abi.OutputMode{abi.OutputNone, abi.OutputAny} {
			task := host.Task{Name: name, Module: module(t, name), Connection: "db", Outputs: abi.Outputs{Mode: mode}}
			if agree(t, people, limits, task, nil) {
				agreed++
			}
		}
	}
	t.Logf("%d agreed", agreed)
}

// TestEnginesAgreeOnTemplates (G18) is TestEnginesAgree for the template
// module.
func TestEnginesAgreeOnTemplates(t *testing.T) {
	one := func(name string, k abi.Kind) []host.Input { return []host.Input{{Name: name, Type: abi.Type{Kind: k}}} }
	ints := abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: abi.Int}}
	for name, c := range map[string]struct {
		query  string
		inputs []host.Input
		value  abi.Value
	}{
		"bind":      {"SELECT * FROM people WHERE id > {{ .inputs.x }}", one("x", abi.Int), intValue(1)},
		"quoted":    {"SELECT * FROM people WHERE name LIKE '%{{ x }}%'", one("x", abi.Str), abi.Value{Type: abi.Type{Kind: abi.Str}, Str: "o'; DROP"}},
		"float":     {"SELECT {{ x * 3 }}, {{ x / 7 }}, {{ x | round(2) }}", one("x", abi.Float), abi.Value{Type: abi.Type{Kind: abi.Float}, Float: 0.1}},
		"loop":      {"SELECT 0{% for i in x %}, {{ i * loop.index }}{% endfor %}", []host.Input{{Name: "x", Type: ints}}, abi.Value{Type: ints, List: []abi.Value{intValue(3), intValue(4)}}},
		"inclause":  {"SELECT id FROM people WHERE id IN {{ x | inclause }}", []host.Input{{Name: "x", Type: ints}}, abi.Value{Type: ints, List: []abi.Value{intValue(1), intValue(3)}}},
		"if":        {"SELECT {% if x > 2 %}'more'{% elif x == 2 %}'two'{% else %}'less'{% endif %}", one("x", abi.Int), intValue(2)},
		"several":   {"INSERT INTO people VALUES ({{ x }}, 'new', 1); SELECT count(*) FROM people", one("x", abi.Int), intValue(9)},
		"ident":     {"SELECT {{ x | ident }} FROM people ORDER BY 1", one("x", abi.Str), abi.Value{Type: abi.Type{Kind: abi.Str}, Str: "name"}},
		"filters":   {"SELECT {{ x | upper | trim | replace('A', 'bb') | length }}", one("x", abi.Str), abi.Value{Type: abi.Type{Kind: abi.Str}, Str: "  aä "}},
		"overflow":  {"SELECT {{ x * x }}", one("x", abi.Int), intValue(1 << 40)},
		"undefined": {"SELECT {{ y }}, {{ x }}", one("x", abi.Int), intValue(1)},
		"a name":    {"SELECT * FROM {{ x }}", one("x", abi.Str), abi.Value{Type: abi.Type{Kind: abi.Str}, Str: "people"}},
		"wrong sql": {"SELECT nosuch, {{ x }}", one("x", abi.Int), intValue(1)},
		"endless":   {"SELECT {{ x }}{% for i in range(x) %}{% for j in range(x) %}{% for k in range(x) %},1{% endfor %}{% endfor %}{% endfor %}", one("x", abi.Int), intValue(1000)},
	} {
		task := host.Task{Name: name, Query: c.query, Inputs: c.inputs, Connection: "db"}
		agree(t, people, host.Limits{Timeout: time.Hour, Fuel: 50_000_000}, task, host.Inputs{"x": c.value})
	}
}

// TestEnginesAgreeOnRows (G18) is TestEnginesAgree for a guest of the SDK that
// reads rows and writes them.
func TestEnginesAgreeOnRows(t *testing.T) {
	guest := hosttest.BuildGuest(t, filepath.Join("..", "testdata", "guests", "go", "rows"))
	str, num := abi.Type{Kind: abi.Str}, abi.Type{Kind: abi.Int}
	task := host.Task{Name: "rows", Module: guest, Connection: "db", Inputs: []host.Input{{Name: "sql", Type: str}, {Name: "batches", Type: num}}}
	for _, sql := range []string{"SELECT * FROM people ORDER BY id", "SELECT nosuch", "", "DELETE FROM people"} {
		agree(t, people, host.Limits{Timeout: time.Hour}, task, host.Inputs{"sql": {Type: str, Str: sql}, "batches": {Type: num, Int: 10}})
	}
}

// agree runs a task on each engine, twice, and reports whether it ran.
func agree(t *testing.T, script string, limits host.Limits, task host.Task, in host.Inputs) bool {
	t.Helper()
	var first []ending
	for _, engine := range engines {
		x := newTenant(t, engine, hosttest.SQLite(t, script), limits)
		p, o := x.load(task)
		got := []ending{o}
		if p != nil {
			got = append(got, x.run(p, in), x.run(p, in))
			if task.Name != "several" { // it changes what it reads
				same(t, task.Name+" on "+engine+", again", got[1], got[2])
			}
		}
		if o.code == host.CodeInternal || o.code == "not of the host" {
			t.Errorf("%s: %v", task.Name, o)
		}
		if first == nil {
			first = got
			continue
		}
		if len(first) != len(got) {
			t.Fatalf("%s: loaded on one engine only: %v and %v", task.Name, first[0], o)
		}
		for i := range got {
			same(t, task.Name+" on "+engine, first[i], got[i])
		}
	}
	return len(first) > 1
}

// same compares outcomes.
func same(t *testing.T, what string, want, got ending) {
	t.Helper()
	if got != want {
		t.Errorf("%s:\n%v\nand before:\n%v", what, got, want)
	}
}
