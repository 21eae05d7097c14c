package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"time"

	"github.com/wasmsql/wasmsql/abi"
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
	for _, of := range b.tables() {
		arrow := func() error { return readArrow(ctx, db, of.query) }
		scan := func() error { return scanAny(ctx, pool, of.query) }
		var ours, theirs []pass
		for i := range passes + 1 { // in turns; the first is for warming up
			one, err := passOf(arrow, of.rows)
			if err != nil {
				return err
			}
			other, err := passOf(scan, of.rows)
			if err != nil {
				return err
			}
			if i > 0 {
				ours, theirs = append(ours, one), append(theirs, other)
			}
		}
		name := fmt.Sprintf("%s, %d columns read to Arrow", t.name, of.columns)
		b.compare(name, medianOf(ours, func(p pass) float64 { return p.rate }), "rows/s",
			"database/sql into any", medianOf(theirs, func(p pass) float64 { return p.rate }))
		b.compare(name+": processor time", medianOf(ours, func(p pass) float64 { return p.cpu }), "µs/row",
			"database/sql into any", medianOf(theirs, func(p pass) float64 { return p.cpu }))
		b.compare(name+": allocations", medianOf(ours, func(p pass) float64 { return p.allocs }), "a row",
			"database/sql into any", medianOf(theirs, func(p pass) float64 { return p.allocs }))
		parquet := func() error { return b.toParquet(ctx, t, uri, of.query) }
		for what, f := range map[string]func() error{"read": arrow, "database-sql": scan, "parquet": parquet} {
			if err := b.profiled(fmt.Sprintf("%s-%d-columns-%s", t.name, of.columns, what), f); err != nil {
				return err
			}
		}
	}
	return nil
}

// toParquet does in this process what the program does, so that it can be
// profiled.
func (b *bench) toParquet(ctx context.Context, t *target, uri sqldb.URI, query string) error {
	h, err := host.New(ctx, hostConfig(t.driver, uri))
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

// passes is how often a table is read in each way.
const passes = 5

// pass is one reading of a table.
type pass struct {
	rate   float64 // rows a second
	cpu    float64 // microseconds a row that this process took, without the server
	allocs float64 // a row
}

// passOf measures f, which reads so many rows.
func passOf(f func() error, rows int) (pass, error) {
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began, used := time.Now(), processorTime()
	err := f()
	took, used := time.Since(began), processorTime()-used
	runtime.ReadMemStats(&after)
	n := float64(rows)
	return pass{n / took.Seconds(), micros(used) / n, float64(after.Mallocs-before.Mallocs) / n}, err
}

// readArrow reads all rows of a query, in a transaction that is committed.
func readArrow(ctx context.Context, db sqldb.DB, query string, params ...abi.Value) (err error) {
	tx, err := db.Begin(ctx, sqldb.TxOptions{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Rollback(ctx)) }()
	rows, err := tx.Query(ctx, query, params)
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
