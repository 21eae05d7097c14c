package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// warmRuns is how often what is loaded is run; the first tenth is not counted.
const warmRuns = 2200

// idType is the type of the input of a point query.
var idType = abi.Type{Kind: abi.Int}

// pointOnSQLite is a task that returns a row of the small table.
var pointOnSQLite = host.Task{
	Name: "point", Query: "SELECT id, name FROM points WHERE id = {{ .inputs.id }}",
	Inputs: []host.Input{{Name: "id", Type: idType}}, Connection: "db",
}

// hostConfig returns the least of a Host with one connection, db.
func hostConfig(d sqldb.Driver, uri sqldb.URI) host.Config {
	return host.Config{Drivers: map[string]sqldb.Driver{uri.Scheme: d}, Connections: map[string]host.Connection{"db": {URI: uri}}}
}

// execution has the microseconds that one took, and those of its parts.
type execution struct{ total, sandbox, guest, query, result float64 }

// warmExecutions runs a program that has an input id.
func warmExecutions(ctx context.Context, p *host.Program) ([]execution, error) {
	var all []execution
	for i := range warmRuns {
		began := time.Now()
		r, err := p.Run(ctx, host.Inputs{"id": {Type: idType, Int: int64(i%1000 + 1)}}, host.Discard())
		if err != nil {
			return nil, err
		}
		if i >= warmRuns/10 {
			of := func(part host.Micros) float64 { return micros(time.Duration(part)) }
			all = append(all, execution{micros(time.Since(began)), of(r.Times.Sandbox), of(r.Times.Guest), of(r.Times.Query), of(r.Times.Result)})
		}
	}
	return all, nil
}

// warm measures one execution of a loaded task that returns one row, with its
// parts, beside the same transaction by the driver alone.
func (b *bench) warm(ctx context.Context) error {
	uri, err := sqldb.ParseURI("sqlite:///" + filepath.Join(b.dir, "points.db"))
	if err != nil {
		return err
	}
	alone, err := driverAlone(ctx, uri)
	if err != nil {
		return err
	}
	h, err := host.New(ctx, hostConfig(sqlite.Driver{}, uri))
	if err != nil {
		return err
	}
	defer h.Close()
	p, err := h.Load(ctx, pointOnSQLite)
	if err != nil {
		return err
	}
	runs, err := warmExecutions(ctx, p)
	if err != nil {
		return err
	}
	total := make([]float64, len(runs))
	for i, e := range runs {
		total[i] = e.total
	}
	b.compare("warm execution", median(total), "µs", "the driver alone", alone)
	b.report("warm execution: p99", percentile(total, 99), "µs")
	b.report("warm execution: sandbox", medianOf(runs, func(e execution) float64 { return e.sandbox }), "µs")
	b.report("warm execution: render", medianOf(runs, func(e execution) float64 { return e.guest }), "µs")
	b.report("warm execution: query", medianOf(runs, func(e execution) float64 { return e.query }), "µs")
	b.report("warm execution: result", medianOf(runs, func(e execution) float64 { return e.result }), "µs")
	return nil
}

// driverAlone returns the median time of the same transaction without a guest.
func driverAlone(ctx context.Context, uri sqldb.URI) (float64, error) {
	db, err := sqlite.Driver{}.Open(sqldb.Config{Name: "db", URI: uri})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var times []float64
	for i := range warmRuns {
		began := time.Now()
		id := abi.Value{Type: idType, Int: int64(i%1000 + 1)}
		if err := readArrow(ctx, db, "SELECT id, name FROM points WHERE id = ?1", id); err != nil {
			return 0, err
		}
		if i >= warmRuns/10 {
			times = append(times, micros(time.Since(began)))
		}
	}
	return median(times), nil
}
