package main

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// reading measures the driver alone beside database/sql with Scan into any.
func (b *bench) reading(ctx context.Context, t *target) error {
	uri, err := sqldb.ParseURI(t.uri)
	if err != nil {
		return err
	}
	db, err := t.driver.Open(sqldb.Config{Name: "bench", URI: uri})
	if err != nil {
		return err
	}
	defer db.Close()
	pool, err := t.open()
	if err != nil {
		return err
	}
	defer pool.Close()
	for _, m := range []struct {
		name, query string
		rows        int
	}{{"6 columns", largeQuery, b.rows}, {"8 columns", wideQuery, b.rows / 2}} {
		arrow := func() error { return readArrow(ctx, db, m.query) }
		scan := func() error { return scanAny(ctx, pool, m.query) }
		var ours, theirs []reading
		for i := range readings + 1 { // in turns; the first is for warming up
			one, err := read(arrow, m.rows)
			if err != nil {
				return err
			}
			other, err := read(scan, m.rows)
			if err != nil {
				return err
			}
			if i > 0 {
				ours, theirs = append(ours, one), append(theirs, other)
			}
		}
		name := t.name + ", " + m.name + " read to Arrow"
		b.compare(name, medianOf(ours, func(r reading) float64 { return r.rate }), "rows/s",
			"database/sql into any", medianOf(theirs, func(r reading) float64 { return r.rate }))
		b.compare(name+": processor time", medianOf(ours, func(r reading) float64 { return r.cpu }), "µs/row",
			"database/sql into any", medianOf(theirs, func(r reading) float64 { return r.cpu }))
		b.compare(name+": allocations", medianOf(ours, func(r reading) float64 { return r.allocs }), "a row",
			"database/sql into any", medianOf(theirs, func(r reading) float64 { return r.allocs }))
		parquet := func() error { return b.toParquet(ctx, t, uri, m.query) }
		for what, f := range map[string]func() error{"read": arrow, "database-sql": scan, "parquet": parquet} {
			if err := b.profiled(t.name+"-"+m.name+"-"+what, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// toParquet does in this process what the program does, so that it can be
// profiled.
func (b *bench) toParquet(ctx context.Context, t *target, uri sqldb.URI, query string) error {
	h, err := host.New(ctx, host.Config{
		Drivers:     map[string]sqldb.Driver{uri.Scheme: t.driver},
		Connections: map[string]host.Connection{"db": {URI: uri}},
	})
	if err != nil {
		return err
	}
	defer h.Close()
	p, err := h.Load(ctx, host.Task{Name: "all", Query: query, Connection: "db", Timeout: 20 * time.Minute})
	if err != nil {
		return err
	}
	w, err := result.File(filepath.Join(b.dir, "profiled.parquet"), result.Parquet, result.Options{})
	if err != nil {
		return err
	}
	_, err = p.Run(ctx, nil, w)
	return err
}

// readings is how often a table is read in each way.
const readings = 5

// reading is one reading of a table.
type reading struct {
	rate   float64 // rows a second
	cpu    float64 // microseconds a row that this process took, without the server
	allocs float64 // a row
}

// read measures f, which reads so many rows.
func read(f func() error, rows int) (reading, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, used := time.Now(), processorTime()
	err := f()
	took, used := time.Since(began), processorTime()-used
	runtime.ReadMemStats(&after)
	n := float64(rows)
	return reading{n / took.Seconds(), micros(used) / n, float64(after.Mallocs-before.Mallocs) / n}, err
}

func medianOf(of []reading, what func(reading) float64) float64 {
	values := make([]float64, len(of))
	for i, r := range of {
		values[i] = what(r)
	}
	return median(values)
}

func readArrow(ctx context.Context, db sqldb.DB, query string) (err error) {
	tx, err := db.Begin(ctx, sqldb.TxOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	rows, err := tx.Query(ctx, query, nil)
	if err != nil {
		return err
	}
	for {
		batch, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return rows.Close()
		}
		if err != nil {
			return errors.Join(err, rows.Close())
		}
		batch.Release()
	}
}

func scanAny(ctx context.Context, pool *sql.DB, query string) error {
	rows, err := pool.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	cells := make([]any, len(columns))
	for i := range cells {
		cells[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(cells...); err != nil {
			return err
		}
	}
	return rows.Err()
}
