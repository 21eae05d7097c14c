package postgres_test

import (
	"context"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// running returns how many statements with the marker run on the server.
func running(t *testing.T, d sqldb.DB, marker string) string {
	t.Helper()
	tx := beginOn(t, d, sqldb.TxOptions{}) // a transaction sees the activity of its beginning
	defer func() { _ = tx.Rollback(context.Background()) }()
	return cell(t, tx, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'", strOf(abi.Str, marker))
}

// waitFor waits until the statement runs.
func waitFor(t *testing.T, d sqldb.DB, marker string) {
	t.Helper()
	for end := time.Now().Add(sqldbtest.Patience); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if running(t, d, marker) != "0" {
			return
		}
	}
	t.Error("the statement does not run")
}

// waitForEnd waits until it runs no more.
func waitForEnd(t *testing.T, d sqldb.DB, marker string) {
	t.Helper()
	sqldbtest.Eventually(t, marker+" still runs", func() bool { return running(t, d, marker) == "0" })
}

// TestC10Cancel: the end of a context ends the statement on the server, at
// once, wherever it is, and the transaction can be rolled back.
func TestC10Cancel(t *testing.T) {
	uri := server(t)
	d := open(t, uri, sqldb.Config{Access: abi.ReadWrite})
	watch := open(t, uri, sqldb.Config{})
	for name, sql := range map[string]string{
		"first row":     "SELECT pg_sleep(3600) /* marker-first */",
		"next row":      "SELECT i, repeat('x', 1000), CASE WHEN i > 50000 THEN pg_sleep(3600)::text END FROM generate_series(1, 60000) i /* marker-next */",
		"no rows":       "DO 'BEGIN PERFORM pg_sleep(3600); END' /* marker-do */",
		"back pressure": "SELECT repeat('x', 1000), generate_series(1, 100000000) /* marker-press */",
	} {
		marker := sql[strings.Index(sql, "marker-"):]
		marker = strings.TrimSuffix(marker, " */")
		for _, planned := range []bool{false, true} {
			ctx, cancel := context.WithCancel(t.Context())
			tx, err := d.Begin(ctx, readWrite)
			if err != nil {
				t.Fatal(err)
			}
			if !planned {
				exec(t, tx, "SELECT 1")
			}
			go func() {
				waitFor(t, watch, marker)
				cancel()
			}()
			err = drain(ctx, tx, sql)
			if e := fault(t, err); e.Code != abi.Canceled || e.Message != "the statement was interrupted" {
				t.Errorf("%s: %+v", name, e)
			}
			waitForEnd(t, watch, marker)
			if err := tx.Rollback(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	// What was cancelled leaves nothing that hits the next one.
	for range 20 {
		tx := beginOn(t, d, readWrite)
		exec(t, tx, "SELECT 1")
		_ = tx.Rollback(t.Context())
	}
}

func drain(ctx context.Context, tx sqldb.Tx, sql string) error {
	rows, err := tx.Query(ctx, sql, nil)
	if err != nil {
		return err
	}
	defer rows.Close()
	for {
		rec, err := rows.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		rec.Release()
	}
}

// TestDeadline: a deadline is told as one, also by the role's own limit.
func TestDeadline(t *testing.T) {
	uri := server(t)
	d := open(t, uri, sqldb.Config{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	tx := beginOn(t, d, sqldb.TxOptions{})
	if e := fault(t, drain(ctx, tx, "SELECT pg_sleep(3600)")); e.Code != abi.Timeout || e.Message != "the deadline passed" {
		t.Errorf("%+v", e)
	}
	if _, err := tx.Exec(ctx, "SELECT 1", nil, true); fault(t, err).Code != abi.Timeout {
		t.Error(err)
	}
	limited := open(t, uri, sqldb.Config{Args: map[string]any{"options": "-c statement_timeout=1000"}})
	tx = beginOn(t, limited, sqldb.TxOptions{})
	if e := fault(t, drain(t.Context(), tx, "SELECT pg_sleep(3600)")); e.Code != abi.Timeout || e.SQLState != "57014" {
		t.Errorf("%+v", e)
	}
	if _, err := d.Begin(ctx, sqldb.TxOptions{}); fault(t, err).Code != abi.Timeout {
		t.Error(err)
	}
}

// TestCloseInterrupts: closing the database ends what runs on it.
func TestCloseInterrupts(t *testing.T) {
	uri := server(t)
	d := open(t, uri, sqldb.Config{})
	watch := open(t, uri, sqldb.Config{})
	tx := beginOn(t, d, sqldb.TxOptions{})
	idle := beginOn(t, d, sqldb.TxOptions{})
	exec(t, idle, "SELECT 1")
	go func() {
		waitFor(t, watch, "marker-close")
		_ = d.Close()
	}()
	if e := fault(t, drain(t.Context(), tx, "SELECT pg_sleep(3600) /* marker-close */")); e.Code != abi.Canceled || e.Message != "the connection was closed" {
		t.Errorf("%+v", e)
	}
	_ = d.Close()
	if _, err := idle.Exec(t.Context(), "SELECT 1", nil, true); fault(t, err).Code != abi.Canceled {
		t.Error(err)
	}
	if _, err := d.Begin(t.Context(), sqldb.TxOptions{}); fault(t, err).Code != abi.State {
		t.Error(err)
	}
	_, _ = tx.Rollback(t.Context()), idle.Rollback(t.Context())
	sqldbtest.Eventually(t, "connections are left", func() bool { return inTx(t, watch, others) == "0" })
}

// others counts the sessions of a database but for the one that asks; autovacuum's
// have no user.
const others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()"

// inTx asks for a cell in a transaction of its own.
func inTx(t *testing.T, d sqldb.DB, sql string) string {
	t.Helper()
	tx := beginOn(t, d, sqldb.TxOptions{})
	defer func() { _ = tx.Rollback(context.Background()) }()
	return cell(t, tx, sql)
}

// gone waits until a session has ended.
func gone(t *testing.T, d sqldb.DB, pid string) {
	t.Helper()
	sqldbtest.Eventually(t, "a session that was ended is still there", func() bool {
		return inTx(t, d, "SELECT count(*) FROM pg_stat_activity WHERE pid = "+pid) == "0"
	})
}

// TestEarlyClose: a cursor may be closed before its end. The rest is read if
// it is short, and its statement cancelled if it is not.
func TestEarlyClose(t *testing.T) {
	d := open(t, server(t), sqldb.Config{Access: abi.ReadWrite})
	sqldbtest.Eventually(t, "a short rest is never read in its time", func() bool {
		then, commit := closeEarly(t, d, abi.ReadWrite, "100")
		return then == nil && commit == nil
	})
	for access, commits := range map[abi.Access]bool{abi.ReadOnly: true, abi.ReadWrite: false} {
		then, commit := closeEarly(t, d, access, "1000000000")
		if fault(t, then).Code != abi.State {
			t.Errorf("%v: %v", access, then)
		}
		if (commit == nil) != commits {
			t.Errorf("%v: %v", access, commit)
		}
	}
}

// closeEarly reads ten of so many rows, and returns what a statement that
// follows comes to, and the commit.
func closeEarly(t *testing.T, d sqldb.DB, access abi.Access, many string) (then, commit error) {
	t.Helper()
	tx := beginOn(t, d, sqldb.TxOptions{Access: access, Batch: sqldb.Batch{Rows: 10}})
	rows, err := tx.Query(t.Context(), "SELECT generate_series(1, "+many+")", nil)
	if err != nil {
		t.Fatal(err)
	}
	if rec, err := rows.Next(t.Context()); err != nil || rec.NumRows() != 10 {
		t.Fatal(rec, err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT 1", nil, true); fault(t, err).Message != "a cursor is open" {
		t.Error(err)
	}
	if err := tx.Commit(t.Context()); fault(t, err).Message != "a cursor is open" {
		t.Error(err)
	}
	for range 2 {
		if err := rows.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := rows.Next(t.Context()); fault(t, err).Message != "the cursor is closed" {
		t.Error(err)
	}
	_, then = tx.Exec(t.Context(), "SELECT 1", nil, true)
	commit = tx.Commit(t.Context())
	_ = tx.Rollback(t.Context())
	return then, commit
}

// newProxy returns a proxy to the server that cuts each connection after so
// many bytes of the server's answers, or stops there, and the URI through it.
func newProxy(t *testing.T, uri string, after int64, mute bool) (*sqldbtest.Proxy, string) {
	t.Helper()
	p := sqldbtest.NewProxy(t, uri)
	p.After.Store(after)
	p.Mute.Store(mute)
	return p, p.URI
}

// TestC9CutAnywhere: a connection that breaks after each byte of the server's
// answers gives an error, never hangs, and leaves a commit unknown only when it
// was sent.
func TestC9CutAnywhere(t *testing.T) {
	uri := server(t)
	setup := open(t, uri, sqldb.Config{Access: abi.ReadWrite})
	tx := beginOn(t, setup, readWrite)
	exec(t, tx, "CREATE TABLE cut (n int8)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	unknown, committed, failed := 0, 0, 0
	step := int64(1)
	if testing.Short() {
		step = 7
	}
	done := false
	for n := int64(0); !done; n += step {
		if n > 20_000 {
			t.Fatal("the exchange has no end")
		}
		p, through := newProxy(t, uri, n, false)
		d := open(t, through+"?sslmode=disable", sqldb.Config{Access: abi.ReadWrite})
		ctx, cancel := context.WithTimeout(t.Context(), sqldbtest.Patience)
		state := exchangeOnce(ctx, d, n)
		if ctx.Err() != nil {
			t.Fatalf("cut after %d bytes: hangs", n)
		}
		cancel()
		_, _ = d.Close(), p.Close()
		watch := beginOn(t, setup, sqldb.TxOptions{})
		kept := cell(t, watch, "SELECT count(*) FROM cut WHERE n = $1", intOf(abi.Int, n)) != "0"
		_ = watch.Rollback(t.Context())
		switch {
		case state == nil:
			done = true
			committed++
			if !kept {
				t.Errorf("cut after %d bytes: not kept", n)
			}
		case state.Unknown:
			unknown++
			if state.SafeToRetry() {
				t.Errorf("cut after %d bytes: unknown, but safe to retry", n)
			}
		default:
			failed++
			if kept {
				t.Errorf("cut after %d bytes: kept, though it failed: %v", n, state)
			}
			if state.Code != abi.Conn {
				t.Errorf("cut after %d bytes: %+v", n, state)
			}
		}
	}
	t.Logf("%d failed, %d unknown, %d committed", failed, unknown, committed)
	if unknown == 0 || failed == 0 {
		t.Error("no commit was cut")
	}
	sqldbtest.Eventually(t, "goroutines are left", func() bool { return runtime.NumGoroutine() <= before+5 })
}

// exchangeOnce inserts n and reads it, in one transaction.
func exchangeOnce(ctx context.Context, d sqldb.DB, n int64) *sqldb.Error {
	fail := func(err error) *sqldb.Error {
		if e, ok := err.(*sqldb.Error); ok {
			return e
		}
		return &sqldb.Error{Message: err.Error()}
	}
	tx, err := d.Begin(ctx, readWrite)
	if err != nil {
		return fail(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	if _, err := tx.Exec(ctx, "INSERT INTO cut VALUES ($1)", []abi.Value{intOf(abi.Int, n)}, false); err != nil {
		return fail(err)
	}
	if err := drain(ctx, tx, "SELECT n, 'text', 1.5::numeric(5,2) FROM cut LIMIT 3"); err != nil {
		return fail(err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fail(err)
	}
	return nil
}

// TestC10MuteServer: a server that says nothing any more is given up.
func TestC10MuteServer(t *testing.T) {
	uri := server(t)
	for _, n := range []int64{0, 1, 100, 700} {
		_, through := newProxy(t, uri, n, true)
		d := open(t, through+"?sslmode=disable", sqldb.Config{Access: abi.ReadWrite})
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		tx, err := d.Begin(ctx, readWrite)
		if err == nil {
			err = drain(ctx, tx, "SELECT 1")
			if err == nil {
				err = tx.Commit(ctx)
			}
			_ = tx.Rollback(t.Context())
		}
		cancel()
		if err != nil && fault(t, err).Code != abi.Timeout && !fault(t, err).Unknown {
			t.Errorf("%d: %v", n, err)
		}
	}
}

// TestStaleConnection: a pooled connection that the server has closed is
// replaced before anything was done on it.
func TestStaleConnection(t *testing.T) {
	uri := server(t)
	d := open(t, uri, sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 1}})
	other := open(t, uri, sqldb.Config{Access: abi.ReadWrite})
	for range 3 {
		tx := beginOn(t, d, readWrite)
		pid := cell(t, tx, "SELECT pg_backend_pid()::int8")
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		killer := beginOn(t, other, readWrite)
		exec(t, killer, "SELECT pg_terminate_backend("+pid+")")
		_ = killer.Rollback(t.Context())
		gone(t, other, pid)
	}
	// Within a transaction it is told.
	tx := beginOn(t, d, readWrite)
	pid := cell(t, tx, "SELECT pg_backend_pid()::int8")
	killer := beginOn(t, other, readWrite)
	exec(t, killer, "SELECT pg_terminate_backend("+pid+")")
	_ = killer.Rollback(t.Context())
	gone(t, other, pid)
	_, err := tx.Exec(t.Context(), "SELECT 1", nil, true)
	if e := fault(t, err); e.Code != abi.Conn {
		t.Errorf("%+v", e)
	}
	if err := tx.Commit(t.Context()); err == nil {
		t.Error("committed")
	}
}
