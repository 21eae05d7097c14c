package host_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// target is a new database of one dialect, for attacks that are the same on
// each.
type target struct {
	dialect abi.Dialect
	uri     string // of its owner; empty for SQLite
	file    string // SQLite's
}

// eachTarget runs a subtest for each dialect, on a database that statements
// have been run on.
func eachTarget(t *testing.T, setup []string, run func(t *testing.T, at target)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		at := target{dialect: abi.SQLite, file: t.TempDir() + "/target.db"}
		at.execute(t, setup...)
		run(t, at)
	})
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			at := target{dialect: s.dialect, uri: s.database(t).URI}
			at.execute(t, setup...)
			run(t, at)
		})
	}
}

// open returns a Host with the target as connection "db".
func (at target) open(t *testing.T, access abi.Access, change ...func(*host.Config)) prober {
	t.Helper()
	if at.dialect == abi.SQLite {
		c := hosttest.SQLiteFile(t, at.file, "")
		c.Access = access
		return prober{hosttest.Open(t, c, change...), map[string]*host.Program{}}
	}
	return probe(t, at.uri, access, change...)
}

// probe is openServer.
func probe(t *testing.T, uri string, access abi.Access, change ...func(*host.Config)) prober {
	t.Helper()
	return prober{openServer(t, uri, access, change...), map[string]*host.Program{}}
}

// execute runs statements past the policy, and commits.
func (at target) execute(t *testing.T, statements ...string) {
	t.Helper()
	if at.dialect == abi.SQLite {
		hosttest.SQLiteFile(t, at.file, strings.Join(statements, ";\n"))
		return
	}
	execute(t, at.uri, statements...)
}

// attempted is a template with the values of its inputs.
type attempted struct {
	query   string
	inputs  host.Inputs
	outputs abi.Outputs
}

// prober tries templates on a Host, and loads each once.
type prober struct {
	*host.Host
	programs map[string]*host.Program
}

// try runs a template, and returns its rows as lines or else the Code of its
// error and the message.
func (p prober) try(t *testing.T, a attempted) (rows string, failed host.Code, message string) {
	t.Helper()
	task := host.Task{Name: "attempt", Connection: "db", Query: a.query, Outputs: a.outputs}
	for _, name := range slices.Sorted(maps.Keys(a.inputs)) {
		task.Inputs = append(task.Inputs, host.Input{Name: name, Type: a.inputs[name].Type})
	}
	key := fmt.Sprintf("%s %v %v", a.query, task.Inputs, a.outputs)
	program := p.programs[key]
	if program == nil {
		var err error
		if program, err = p.Load(context.Background(), task); err != nil {
			failed, message = code(err)
			return "", failed, message
		}
		p.programs[key] = program
	}
	var got hosttest.Rows
	if _, err := program.Run(context.Background(), a.inputs, &got); err != nil {
		failed, message = code(err)
		return "", failed, message
	}
	return cells(got), "", ""
}

// text and ints are values of inputs.
func text(s string) abi.Value { return abi.Value{Type: abi.Type{Kind: abi.Str}, Str: s} }

func ints(n int) abi.Value {
	v := abi.Value{Type: abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: abi.Int}}, List: make([]abi.Value, n)}
	for i := range v.List {
		v.List[i] = intValue(int64(i + 1))
	}
	return v
}

// none is for statements that return no rows.
var none = abi.Outputs{Mode: abi.OutputNone}

// kept is what a table of attacks holds.
var kept = []string{"CREATE TABLE kept (id int PRIMARY KEY, name varchar(100))", "INSERT INTO kept VALUES (1, 'a'), (2, 'b'), (3, 'c')"}

// holds fails the test if the table kept has changed.
func holds(t *testing.T, at target, after any) {
	t.Helper()
	rows, _, message := at.open(t, abi.ReadOnly).try(t, attempted{query: "SELECT id, name FROM kept ORDER BY id"})
	if rows != "[\"1\",\"a\"]\n[\"2\",\"b\"]\n[\"3\",\"c\"]\n" {
		t.Fatalf("after %.200s: %s%s", fmt.Sprint(after), rows, message)
	}
}
