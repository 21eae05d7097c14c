package sqlite_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

const endless = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c) "

// TestC10Interrupted ends endless statements in each way a context ends.
func TestC10Interrupted(t *testing.T) {
	boom := errors.New("boom")
	for name, c := range map[string]struct {
		ctx  func(context.Context) (context.Context, func())
		code abi.Errno
	}{
		"deadline": {func(ctx context.Context) (context.Context, func()) {
			ctx, stop := context.WithTimeout(ctx, 50*time.Millisecond)
			return ctx, stop
		}, abi.Timeout},
		"deadline with cause": {func(ctx context.Context) (context.Context, func()) {
			ctx, stop := context.WithTimeoutCause(ctx, 50*time.Millisecond, boom)
			return ctx, stop
		}, abi.Timeout},
		"cancel": {func(ctx context.Context) (context.Context, func()) {
			ctx, stop := context.WithCancelCause(ctx)
			time.AfterFunc(50*time.Millisecond, func() { stop(boom) })
			return ctx, func() { stop(nil) }
		}, abi.Canceled},
	} {
		for _, sql := range []string{
			endless + "SELECT count(*) FROM c",
			endless + "SELECT i FROM c WHERE i < 0",
			"INSERT INTO t " + endless + "SELECT i FROM c",
			endless + "SELECT max(i) FROM c ORDER BY random()",
		} {
			tx := memory(t)
			exec(t, tx, "CREATE TABLE t (a)")
			ctx, stop := c.ctx(t.Context())
			_, err := tx.Exec(ctx, sql, nil, true)
			if e := fault(t, err); e.Code != c.code {
				t.Errorf("%s: %s: %+v", name, sql, e)
			}
			stop()
			if err := tx.Rollback(context.Background()); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestInterruptedCursor cancels between and during batches, and closes early.
func TestInterruptedCursor(t *testing.T) {
	tx := memory(t)
	for range 20 {
		ctx, stop := context.WithCancel(t.Context())
		rows, err := tx.Query(ctx, endless+"SELECT i, 'text' FROM c", nil)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			rec, err := rows.Next(ctx)
			if err != nil {
				t.Fatal(err)
			}
			rec.Release()
		}
		stop()
		_, err = rows.Next(ctx)
		if e := fault(t, err); e.Code != abi.Canceled {
			t.Fatalf("%+v", e)
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		if _, rec := one(t, tx, "SELECT 1"); rec.NumRows() != 1 {
			t.Fatal("the transaction is not usable")
		}
	}
}

// TestBusyWaitEnds with the context, and with connect_args.timeout.
func TestBusyWaitEnds(t *testing.T) {
	path := victim(t, "DELETE")
	other := foreign(t, path)
	foreignExec(t, other, "BEGIN EXCLUSIVE")
	d := openURI(t, "sqlite:///"+path, sqldb.Config{Access: abi.ReadWrite, Args: map[string]any{"timeout": 3600.0}})
	for _, access := range []abi.Access{abi.ReadOnly, abi.ReadWrite} {
		ctx, stop := context.WithTimeout(t.Context(), 50*time.Millisecond)
		_, err := d.Begin(ctx, sqldb.TxOptions{Access: access})
		stop()
		if e := fault(t, err); e.Code != abi.Timeout {
			t.Errorf("%+v", e)
		}
	}
	d = openURI(t, "sqlite:///"+path+"?timeout=0.1", sqldb.Config{Access: abi.ReadWrite})
	start := time.Now()
	_, err := d.Begin(t.Context(), sqldb.TxOptions{Access: abi.ReadWrite})
	if e := fault(t, err); e.Code != abi.DB || e.Message != "database is locked" || !e.Retryable || e.Hint == "" {
		t.Errorf("%+v", e)
	}
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("gave up after %v", took)
	}
	foreignExec(t, other, "COMMIT")
	beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite})
}

// TestBusyWaitSucceeds once the other writer is done.
func TestBusyWaitSucceeds(t *testing.T) {
	path := victim(t, "DELETE")
	other := foreign(t, path)
	foreignExec(t, other, "BEGIN EXCLUSIVE")
	done := make(chan error, 1)
	go func() {
		time.Sleep(100 * time.Millisecond)
		_, err := other.Exec("COMMIT")
		done <- err
	}()
	d := openURI(t, "sqlite:///"+path, sqldb.Config{Access: abi.ReadWrite, Args: map[string]any{"timeout": sqldbtest.Patience.Seconds()}})
	tx := beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite})
	exec(t, tx, "DELETE FROM t")
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

// TestCloseInterrupts ends the transactions of a database that is closed.
func TestCloseInterrupts(t *testing.T) {
	d := openURI(t, "sqlite://", sqldb.Config{Access: abi.ReadWrite})
	tx := beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite})
	time.AfterFunc(50*time.Millisecond, func() { _ = d.Close() })
	_, err := tx.Exec(t.Context(), endless+"SELECT count(*) FROM c", nil, true)
	if e := fault(t, err); e.Code != abi.Canceled || e.Message != "the connection was closed" {
		t.Errorf("%+v", e)
	}
	if err := tx.Commit(t.Context()); fault(t, err).Code != abi.Canceled {
		t.Error(err)
	}
	if _, err := d.Begin(t.Context(), sqldb.TxOptions{}); fault(t, err).Code != abi.State {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestEndedContext does nothing at all.
func TestEndedContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	d := open(t, path, abi.ReadWrite)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := d.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite}); fault(t, err).Code != abi.Canceled {
		t.Error(err)
	}
	if _, err := os.Stat(path); !os.IsNotExist(err) {
		t.Error("a file was made")
	}
	tx := beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite})
	exec(t, tx, "CREATE TABLE t (a)")
	if err := tx.Commit(ctx); fault(t, err).Code != abi.Canceled || fault(t, err).Unknown {
		t.Error(err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Error(err)
	}
	if _, recs, err := query(t, begin(t, path, abi.ReadOnly), "SELECT name FROM sqlite_schema"); err != nil || len(recs) > 0 {
		t.Error("committed", err)
	}
}

// TestC12NothingIsLeft runs many transactions that end in many ways, and counts
// descriptors, goroutines and memory.
func TestC12NothingIsLeft(t *testing.T) {
	path := victim(t, "WAL")
	d := open(t, path, abi.ReadWrite)
	round := func(i int) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		tx, err := d.Begin(ctx, sqldb.TxOptions{Access: abi.Access(i % 2), Batch: sqldb.Batch{Rows: 10}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }()
		rows, err := tx.Query(ctx, endless+"SELECT i, zeroblob(1000), 'x' FROM c LIMIT 100", nil)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < i%12; n++ {
			rec, err := rows.Next(ctx)
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			rec.Release()
		}
		switch i % 5 {
		case 0:
			return // without Close
		case 1:
			stop()
			_, _ = rows.Next(ctx)
		}
		_ = rows.Close()
		_, _ = tx.Exec(ctx, "SELEC", nil, true)
		if i%5 == 2 {
			_ = tx.Commit(ctx)
		}
	}
	for i := range 200 {
		round(i)
	}
	fds, goroutines, rss := openFiles(t), runtime.NumGoroutine(), resident(t)
	for i := range 1500 {
		round(i)
	}
	sqldbtest.Eventually(t, "goroutines are left", func() bool { return runtime.NumGoroutine() <= goroutines })
	sqldbtest.Eventually(t, "descriptors are left", func() bool { return openFiles(t) <= fds })
	if n := resident(t); n > rss+64<<20 {
		t.Errorf("%d MB resident, were %d", n>>20, rss>>20)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc: descriptors cannot be counted")
	}
	return len(files)
}

func resident(t *testing.T) int64 {
	t.Helper()
	runtime.GC()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc: memory cannot be read")
	}
	pages, field := int64(0), 0
	for _, c := range data {
		if c == ' ' {
			field++
		} else if field == 1 && c >= '0' && c <= '9' {
			pages = pages*10 + int64(c-'0')
		}
	}
	return pages * int64(os.Getpagesize())
}
