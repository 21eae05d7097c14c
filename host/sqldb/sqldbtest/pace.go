package sqldbtest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Pace reads a statement's rows to their end, and fails t unless the driver ticks
// at least so often, and rests after each tick, at the latest when it returns.
func Pace(t *testing.T, tx sqldb.Tx, sql string, least int) {
	t.Helper()
	ticks, computing := 0, false
	tick := func() { ticks, computing = ticks+1, true }
	ctx := sqldb.WithPace(context.Background(), sqldb.NewPace(tick, func() { computing = false }))
	rows, err := tx.Query(context.Background(), sql, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for {
		rec, err := rows.Next(ctx)
		if computing {
			t.Error("the driver computes on when it has returned")
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		rec.Release()
	}
	if ticks < least {
		t.Errorf("%d ticks, want %d at least", ticks, least)
	}
}
