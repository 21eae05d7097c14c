package host_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/result"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// One Host a tenant over a shared Runtime. Each tenant has the connection
// "people", and each its own database behind it.
func Example_tenants() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "tenants")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()

	runtime, err := host.NewRuntime(ctx, host.RuntimeConfig{CacheDir: filepath.Join(dir, "cache")})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = runtime.Close() }()

	tenants := map[string]*host.Host{}
	for _, name := range []string{"alpha", "beta"} {
		uri, err := sqldb.ParseURI("sqlite:///" + filepath.Join(dir, name+".db"))
		if err != nil {
			log.Fatal(err)
		}
		tenants[name], err = host.New(ctx, host.Config{
			Runtime:     runtime,
			Drivers:     map[string]sqldb.Driver{"sqlite": sqlite.Driver{}},
			Connections: map[string]host.Connection{"people": {URI: uri, Access: abi.ReadWrite}},
			Limits:      host.Limits{Memory: 32 << 20},
		})
		if err != nil {
			log.Fatal(err)
		}
		defer func() { _ = tenants[name].Close() }()
	}

	str := abi.Type{Kind: abi.Str}
	insert := host.Task{
		Name:       "insert",
		Query:      "CREATE TABLE IF NOT EXISTS people (name TEXT); INSERT INTO people VALUES ({{ .inputs.name }})",
		Inputs:     []host.Input{{Name: "name", Type: str}},
		Outputs:    abi.Outputs{Mode: abi.OutputNone},
		Connection: "people",
	}
	list := host.Task{Name: "list", Query: "SELECT name FROM people", Connection: "people"}
	for _, name := range []string{"alpha", "beta"} {
		for _, task := range []host.Task{insert, list} {
			program, err := tenants[name].Load(ctx, task)
			if err != nil {
				log.Fatal(err)
			}
			inputs := host.Inputs{}
			if len(task.Inputs) > 0 {
				inputs["name"] = abi.Value{Type: str, Str: "O'Neil of " + name}
			}
			report, err := program.Run(ctx, inputs, result.New(result.CSV, os.Stdout, result.Options{}))
			if err != nil {
				log.Fatal(err)
			}
			fmt.Println(task.Name, report.Rows, report.RowsAffected)
		}
	}
	// Output:
	// insert 0 1
	// name
	// O'Neil of alpha
	// list 1 0
	// insert 0 1
	// name
	// O'Neil of beta
	// list 1 0
}

// A Sink of one's own gets the rows as Arrow batches.
func ExampleProgram_Run() {
	ctx := context.Background()
	uri, err := sqldb.ParseURI("sqlite://") // in memory
	if err != nil {
		log.Fatal(err)
	}
	h, err := host.New(ctx, host.Config{
		Drivers:     map[string]sqldb.Driver{"sqlite": sqlite.Driver{}},
		Connections: map[string]host.Connection{"memory": {URI: uri}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	p, err := h.Load(ctx, host.Task{Name: "add", Query: "SELECT {{ a }} + {{ a }} AS twice", Connection: "memory",
		Inputs: []host.Input{{Name: "a", Type: abi.Type{Kind: abi.Int}}}})
	if err != nil {
		log.Fatal(err)
	}
	var rows hosttest.Rows
	if _, err := p.Run(ctx, host.Inputs{"a": {Type: abi.Type{Kind: abi.Int}, Int: 21}}, &rows); err != nil {
		log.Fatal(err)
	}
	fmt.Println(rows.Schema.Field(0).Name, rows.Cells)
	// Output: twice [[42]]
}
