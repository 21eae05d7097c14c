package sqlite

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

func TestPanicIsContained(t *testing.T) {
	d := newDB(&settings{}, abi.ReadOnly)
	c := &conn{db: d, guard: &guard{}, busy: &busy{}}
	if err := d.add(c); err != nil {
		t.Fatal(err)
	}
	err := c.call(t.Context(), func() error { panic("secret detail") })
	if err == nil || err.Error() != "the database engine failed" || !c.isLost() || len(d.open) != 0 {
		t.Fatalf("%v, lost %v, %d open", err, c.isLost(), len(d.open))
	}
	if err := c.call(t.Context(), func() error { return nil }); err == nil {
		t.Error("used after a panic")
	}
	c.close(t.Context())
}

// TestUninterruptible gives up on a function that does not look for
// interrupts, and the engine cleans up after itself. Until it has, there may be
// few more of these.
func TestUninterruptible(t *testing.T) {
	goroutines := runtime.NumGoroutine()
	d := newDB(&settings{begin: "BEGIN"}, abi.ReadWrite)
	d.patience = 20 * time.Millisecond
	for lost, wait := 0, 10*time.Millisecond; lost < maxLost; {
		tx, err := d.Begin(t.Context(), sqldb.TxOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithTimeout(t.Context(), wait)
		// 500 kB searched for 60 kB that never match, from every place anew.
		_, err = tx.Exec(ctx, "SELECT instr(zeroblob(500000), CAST(zeroblob(60000) || 'x' AS BLOB))", nil, true)
		stop()
		wantCode(t, err, abi.Timeout)
		if _, err = tx.Exec(t.Context(), "SELECT 1", nil, true); err == nil && wait < time.Second { // it had not begun
			wait *= 2
		} else {
			wantCode(t, err, abi.State)
			lost++
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Error(err)
		}
	}
	_, err := d.Begin(t.Context(), sqldb.TxOptions{})
	wantCode(t, err, abi.Limit)
	left := func() int {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.open) + len(d.lost)
	}
	for left() > 0 || runtime.NumGoroutine() > goroutines { // the engines end, by and by
		time.Sleep(10 * time.Millisecond)
	}
	tx, err := d.Begin(t.Context(), sqldb.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	_ = tx.Rollback(t.Context())
}

func wantCode(t *testing.T, err error, code abi.Errno) {
	t.Helper()
	var e *sqldb.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("got %v, want %v", err, code)
	}
}
