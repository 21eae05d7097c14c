package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// warmRuns is how often the loaded task is run; the first tenth is not counted.
const warmRuns = 2200

// warm measures one execution of a loaded task that returns one row, with its
// parts, beside the same transaction by the driver alone.
func (b *bench) warm(ctx context.Context) error {
	uri, err := sqldb.ParseURI("sqlite:///" + filepath.Join(b.dir, "bench.db"))
	if err != nil {
		return err
	}
	alone, err := b.driverAlone(ctx, uri)
	if err != nil {
		return err
	}
	h, err := host.New(ctx, host.Config{
		Drivers:     map[string]sqldb.Driver{"sqlite": sqlite.Driver{}},
		Connections: map[string]host.Connection{"db": {URI: uri}},
	})
	if err != nil {
		return err
	}
	defer h.Close()
	id := abi.Type{Kind: abi.Int}
	p, err := h.Load(ctx, host.Task{
		Name: "point", Query: "SELECT id, name FROM points WHERE id = {{ .inputs.id }}",
		Inputs: []host.Input{{Name: "id", Type: id}}, Connection: "db",
	})
	if err != nil {
		return err
	}
	parts := map[string][]float64{}
	for i := range warmRuns {
		began := time.Now()
		r, err := p.Run(ctx, host.Inputs{"id": {Type: id, Int: int64(i%1000 + 1)}}, host.Discard())
		if err != nil {
			return err
		}
		if i < warmRuns/10 {
			continue
		}
		for name, d := range map[string]time.Duration{
			"total": time.Since(began), "sandbox": time.Duration(r.Times.Sandbox), "render": time.Duration(r.Times.Guest),
			"query": time.Duration(r.Times.Query), "result": time.Duration(r.Times.Result),
		} {
			parts[name] = append(parts[name], micros(d))
		}
	}
	b.compare("warm execution", median(parts["total"]), "µs", "the driver alone", alone)
	b.report("warm execution: p99", percentile(parts["total"], 99), "µs")
	for _, name := range []string{"sandbox", "render", "query", "result"} {
		b.report("warm execution: "+name, median(parts[name]), "µs")
	}
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// driverAlone returns the median time of the same transaction without a guest.
func (b *bench) driverAlone(ctx context.Context, uri sqldb.URI) (float64, error) {
	db, err := sqlite.Driver{}.Open(sqldb.Config{Name: "db", URI: uri})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	var times []float64
	for i := range warmRuns {
		began := time.Now()
		if err := point(ctx, db, int64(i%1000+1)); err != nil {
			return 0, err
		}
		if i >= warmRuns/10 {
			times = append(times, micros(time.Since(began)))
		}
	}
	return median(times), nil
}

func point(ctx context.Context, db sqldb.DB, id int64) (err error) {
	tx, err := db.Begin(ctx, sqldb.TxOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	rows, err := tx.Query(ctx, "SELECT id, name FROM points WHERE id = ?1", []abi.Value{{Type: abi.Type{Kind: abi.Int}, Int: id}})
	if err != nil {
		return err
	}
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.Join(err, rows.Close())
		}
		batch.Release()
	}
	if err := rows.Close(); err != nil {
		return err
	}
	return tx.Commit(ctx)
}
