package mysql

import (
	"context"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestC9Cut cuts the connection after each byte of an exchange: nothing hangs,
// what is said to be committed is, what is said not to be is not, and where
// nobody can know that is said. Never is an unknown outcome safe to retry.
func TestC9Cut(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	direct := openURI(t, base)
	must(t, direct, "CREATE TABLE t (id int PRIMARY KEY) ENGINE=InnoDB", "INSERT INTO t VALUES (-1)")
	proxy := sqldbtest.NewProxy(t, base)
	exchange := func(n int64) (stage string, err error) {
		d := openURI(t, proxy.URI, func(c *sqldb.Config) { c.Pool.Max = 1 })
		defer func() { _ = d.Close() }()
		ctx, cancel := context.WithTimeout(context.Background(), sqldbtest.Patience)
		defer cancel()
		x, err := d.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
		if err != nil {
			return "begin", err
		}
		defer func() { _ = x.Rollback(ctx) }()
		if _, err := x.Exec(ctx, "INSERT INTO t VALUES (?)", []abi.Value{num(n)}, false); err != nil {
			return "insert", err
		}
		if _, err := read(ctx, x, "SELECT id FROM t WHERE id < ?", num(0)); err != nil {
			return "select", err
		}
		return "commit", x.Commit(ctx)
	}
	stages := map[string]int{}
	unknown := 0
	for _, upstream := range []bool{false, true} {
		proxy.Upstream.Store(upstream)
		must(t, direct, "DELETE FROM t WHERE id >= 0")
		proxy.After.Store(-1)
		if _, err := exchange(0); err != nil {
			t.Fatal(whole(err))
		}
		total := int64(0)
		sqldbtest.Eventually(t, "the connection does not end", func() bool {
			total = proxy.Passed.Load()
			return total > 300
		})
		must(t, direct, "DELETE FROM t WHERE id >= 0")
		step := int64(1)
		if testing.Short() {
			step = 7
		}
		for n := int64(0); n < total; n += step {
			proxy.After.Store(n)
			stage, err := exchange(n)
			stages[stage]++
			x := begin(t, direct)
			there := one(t, x, "SELECT COUNT(*) FROM t WHERE id = ?", num(n))
			_ = x.Rollback(ctxOf(t))
			if err == nil {
				if there != "1" {
					t.Errorf("cut after %d: committed, but gone", n)
				}
				continue
			}
			e := fails(t, err)
			switch {
			case e.Unknown && (stage != "commit" || e.SafeToRetry()):
				t.Errorf("cut after %d: %s: %s", n, stage, whole(err))
			case e.Unknown:
				unknown++
			case there != "0":
				t.Errorf("cut after %d: %s: it is there: %s", n, stage, whole(err))
			}
			if e.Code != abi.Conn {
				t.Errorf("cut after %d: %s: %s", n, stage, whole(err))
			}
		}
	}
	if unknown == 0 || stages["begin"] == 0 || stages["insert"] == 0 || stages["select"] == 0 {
		t.Errorf("%d unknown, stages %v", unknown, stages)
	}
}
