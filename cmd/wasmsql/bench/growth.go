package main

import (
	"context"
	"errors"
	"fmt"
)

// growthTimes is how much larger than the others' the table is that growth is
// measured on.
const growthTimes = 10

// growth measures the peak memory of whole processes that write many rows to
// Parquet beside that of a tenth of them, one database after the other.
func (b *bench) growth(ctx context.Context) error {
	for _, k := range kinds() {
		t, err := b.started(k)
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		if err := errors.Join(b.growthOf(ctx, t), t.stop()); err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return nil
}

func (b *bench) growthOf(ctx context.Context, t *target) error {
	many := growthTimes * b.rows
	if err := b.fill(ctx, t, many, b.tables()[0]); err != nil {
		return err
	}
	first := func(n int) contestant {
		return contestant{run: func(int) (usage, error) {
			u, err := b.wasmsql(ctx, b.cache, t.file()+"#first", "-i", fmt.Sprintf("n=%d", n), "-f", "growth.parquet")
			return b.wrote("growth.parquet", u, err)
		}}
	}
	took, err := contest(min(b.runs, 3), first(many), first(b.rows))
	if err != nil {
		return err
	}
	name, against := fmt.Sprintf("%s, %d rows to parquet", t.name, many), fmt.Sprintf("%d rows", b.rows)
	b.compare(name+": peak memory", took[0].peak, "MB", against, took[1].peak)
	b.compare(name+": file", took[0].file, "MB", against, took[1].file)
	b.compare(name, took[0].seconds, "s", against, took[1].seconds)
	return nil
}
