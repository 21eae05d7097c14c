// Command library runs wasmsql tasks from Go: see README.md.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "library:", err)
		os.Exit(1)
	}
}

// setup makes the database: four statements, one transaction.
var setup = host.Task{
	Name: "setup",
	Query: `
		CREATE TABLE readings (sensor TEXT NOT NULL, celsius REAL NOT NULL);
		INSERT INTO readings VALUES ('attic', 31.5), ('attic', 33.0), ('attic', 29.5);
		INSERT INTO readings VALUES ('cellar', 11.0), ('cellar', 12.5);
		INSERT INTO readings VALUES ('garden', 18.5)`,
	Outputs:    abi.Outputs{Mode: abi.OutputNone},
	Connection: "weather",
}

// warmest is a query with two inputs, of which one has a default.
var warmest = host.Task{
	Name: "warmest",
	Query: `
		SELECT sensor, max(celsius) AS celsius FROM readings
		WHERE sensor = {{ .inputs.sensor }} AND celsius > {{ .inputs.above }}
		GROUP BY sensor`,
	Inputs: []host.Input{
		{Name: "sensor", Type: abi.Type{Kind: abi.Str}},
		{Name: "above", Type: abi.Type{Kind: abi.Float}, Default: &abi.Value{Type: abi.Type{Kind: abi.Float}}},
	},
	Connection: "weather",
}

// run makes a Host for a database in a new folder and runs the tasks.
func run(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "wasmsql-library-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	uri, err := sqldb.ParseURI("sqlite:///" + filepath.Join(dir, "weather.db"))
	if err != nil {
		return err
	}
	h, err := host.New(ctx, host.Config{
		Drivers: map[string]sqldb.Driver{"sqlite": sqlite.Driver{}},
		Connections: map[string]host.Connection{
			"weather": {URI: uri, Access: abi.ReadWrite},
		},
	})
	if err != nil {
		return err
	}
	defer h.Close()

	program, err := h.Load(ctx, setup)
	if err != nil {
		return err
	}
	report, err := program.Run(ctx, nil, host.Discard())
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "setup: %d rows affected\n", report.RowsAffected)

	if program, err = h.Load(ctx, warmest); err != nil {
		return err
	}
	return readAll(ctx, program, out)
}

// readAll runs the program for every sensor at once, and prints the answers
// in the order of the sensors.
func readAll(ctx context.Context, program *host.Program, out io.Writer) error {
	sensors := []string{"attic", "cellar", "garden", "roof"}
	answers := make([]answer, len(sensors))
	errs := make([]error, len(sensors))
	var wg sync.WaitGroup
	for i, s := range sensors {
		wg.Go(func() {
			in := host.Inputs{"sensor": {Type: abi.Type{Kind: abi.Str}, Str: s}}
			_, errs[i] = program.Run(ctx, in, &answers[i])
		})
	}
	wg.Wait()
	for i, s := range sensors {
		switch {
		case errs[i] != nil:
			return errs[i]
		case answers[i].celsius == nil:
			fmt.Fprintf(out, "%s: nothing was read\n", s)
		default:
			fmt.Fprintf(out, "%s: %.1f °C\n", s, *answers[i].celsius)
		}
	}
	return nil
}

// answer is a Sink that keeps the value of the one row it expects. It is used
// by one run.
type answer struct{ celsius *float64 }

// Open implements host.Sink.Open.
func (a *answer) Open(*arrow.Schema) error { return nil }

// Write implements host.Sink.Write.
func (a *answer) Write(r arrow.Record) error {
	column, ok := r.Column(1).(*array.Float64)
	if !ok {
		return fmt.Errorf("celsius is %s, not float64", r.Column(1).DataType())
	}
	for i := range column.Len() {
		v := column.Value(i)
		a.celsius = &v
	}
	return nil
}

// Close implements host.Sink.Close.
func (a *answer) Close() error { return nil }

// Abort implements host.Sink.Abort.
func (a *answer) Abort(error) { a.celsius = nil }
