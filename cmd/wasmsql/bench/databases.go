package main

import (
	"context"
	"fmt"
	"time"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// databases measures what drivers do in this process.
func (b *bench) databases(ctx context.Context) error {
	all, err := b.filled(ctx)
	if err != nil {
		return err
	}
	for _, measure := range []func(context.Context, *target) error{b.reading, b.point} {
		for _, t := range all {
			if err := measure(ctx, t); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	return nil
}

// point measures one warm execution of a query for one row, beside the same
// query, prepared, on a connection of its own.
func (b *bench) point(ctx context.Context, t *target) error {
	uri, err := sqldb.ParseURI(t.uri)
	if err != nil {
		return err
	}
	pool, err := t.open()
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	prepared, err := conn.PrepareContext(ctx, pointQuery+t.placeholder)
	if err != nil {
		return err
	}
	defer prepared.Close()
	h, err := host.New(ctx, hostConfig(t.driver, uri))
	if err != nil {
		return err
	}
	defer h.Close()
	p, err := h.Load(ctx, host.Task{Name: "point", Query: pointQuery + "{{ .inputs.id }}", Inputs: []host.Input{{Name: "id", Type: idType}}, Connection: "db"})
	if err != nil {
		return err
	}
	query := func(id int64) error {
		var label string
		return prepared.QueryRowContext(ctx, id).Scan(&id, &label)
	}
	run := func(id int64) error {
		_, err := p.Run(ctx, host.Inputs{"id": {Type: idType, Int: id}}, host.Discard())
		return err
	}
	var ours, bare []float64
	for i := 0; i < warmRuns; i += turnRuns {
		one, err := b.turnOf(query, i)
		if err != nil {
			return err
		}
		other, err := b.turnOf(run, i)
		if err != nil {
			return err
		}
		if i >= warmRuns/10 {
			bare, ours = append(bare, one...), append(ours, other...)
		}
	}
	b.compare(t.name+", one warm execution", median(ours), "µs", "the bare prepared query", median(bare))
	b.compare(t.name+", one warm execution: p10", percentile(ours, 10), "µs", "the bare prepared query", percentile(bare, 10))
	return b.profiled(t.name+"-warm", func() error {
		for i := 0; i < warmRuns; i += turnRuns {
			if _, err := b.turnOf(run, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// turnRuns is how many executions are measured in a row, before it is the
// other's turn: what one leaves to be done behind its back, such as cleaning a
// session, is then in its own time.
const turnRuns = 50

// turnOf returns the times of f in microseconds.
func (b *bench) turnOf(f func(id int64) error, from int) ([]float64, error) {
	var times []float64
	for i := from; i < from+turnRuns; i++ {
		began := time.Now()
		if err := f(int64(i%min(1000, b.rows) + 1)); err != nil {
			return nil, err
		}
		times = append(times, micros(time.Since(began)))
	}
	return times, nil
}
