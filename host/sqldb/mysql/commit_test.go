package mysql

import (
	"context"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestC10Commit: the end of a context while the server commits ends the wait.
// What becomes of the transaction is told as it is: undone, or not known.
func TestC10Commit(t *testing.T) {
	at := private(t).Database(t) // the lock is on all of the server
	d, admin := openURI(t, at.URI), openURI(t, at.AdminURI)
	must(t, d, table1...)
	for _, deadline := range []bool{true, false} {
		x := begin(t, d)
		if err := exec(t, x, "UPDATE t SET v = v + 10"); err != nil {
			t.Fatal(err)
		}
		lock := begin(t, admin)                                                               // commits wait for it
		if e := fails(t, exec(t, lock, "FLUSH TABLES WITH READ LOCK")); e.Code != abi.State { // it ends its transaction
			t.Fatal(whole(e))
		}
		ctx, cancel := context.WithCancel(context.Background())
		want := abi.Canceled
		if deadline {
			ctx, cancel = context.WithTimeout(context.Background(), 300*time.Millisecond)
			want = abi.Timeout
		} else {
			time.AfterFunc(300*time.Millisecond, cancel)
		}
		start := time.Now()
		err := x.Commit(ctx)
		cancel()
		e := fails(t, err)
		if e.Code != want || e.SafeToRetry() {
			t.Error(whole(err))
		}
		if took := time.Since(start); took > 8*time.Second {
			t.Errorf("it took %s", took)
		}
		_ = x.Rollback(context.Background())
		_ = lock.Rollback(context.Background())
		left := running(t, admin, "COMMIT")
		for range 100 { // the server ends what was killed in its own time
			if left == "0" {
				break
			}
			time.Sleep(50 * time.Millisecond)
			left = running(t, admin, "COMMIT")
		}
		if left != "0" {
			t.Errorf("%s commits still wait", left)
		}
		x = begin(t, d)
		if got := one(t, x, "SELECT SUM(v) FROM t"); got != "3" && !e.Unknown {
			t.Errorf("%s is kept, though it is told: %s", got, whole(err))
		}
		_ = x.Rollback(ctxOf(t))
		must(t, d, "UPDATE t SET v = id")
	}
}

// TestC10Login: the end of a context ends a login, wherever it is.
func TestC10Login(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	proxy := sqldbtest.NewProxy(t, base)
	proxy.Mute.Store(true)
	for _, n := range []int64{0, 1, 50, 90, 200} {
		proxy.After.Store(n)
		d := openURI(t, proxy.URI)
		for _, deadline := range []bool{true, false} {
			ctx, cancel := context.WithCancel(context.Background())
			want := abi.Canceled
			if deadline {
				ctx, cancel = context.WithTimeout(context.Background(), 100*time.Millisecond)
				want = abi.Timeout
			} else {
				time.AfterFunc(100*time.Millisecond, cancel)
			}
			start := time.Now()
			x, err := d.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
			if err == nil {
				_, err = x.Query(ctx, "SELECT 1", nil)
				_ = x.Rollback(context.Background())
			}
			cancel()
			if e := fails(t, err); e.Code != want {
				t.Errorf("mute after %d: %s", n, whole(err))
			}
			if took := time.Since(start); took > 8*time.Second {
				t.Errorf("mute after %d: it took %s", n, took)
			}
		}
	}
}
