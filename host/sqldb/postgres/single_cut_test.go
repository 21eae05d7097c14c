package postgres

import (
	"context"
	"io"
	"net"
	"os"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// cutting is a connection that breaks after some bytes of one direction.
type cutting struct {
	net.Conn
	upstream bool
	left     int
	cut      func() // what happens then, or nil
}

func (c *cutting) Write(p []byte) (int, error) {
	if !c.upstream || len(p) <= c.left {
		c.left -= len(p)
		return c.Conn.Write(p)
	}
	_, _ = c.Conn.Write(p[:c.left])
	_ = c.Close()
	if c.cut != nil {
		c.cut()
	}
	return len(p), nil // who writes does not see it
}

func (c *cutting) Read(p []byte) (int, error) {
	if c.upstream {
		return c.Conn.Read(p)
	}
	if c.left <= 0 {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// first runs a transaction of one statement, and returns its first value and the
// connection.
func first(t *testing.T, d sqldb.DB, sql string, on func(*conn)) (string, *conn, error) {
	t.Helper()
	x := sqldbtest.Begin(t, d, sqldb.TxOptions{Single: true}).(*tx)
	defer func() { _ = x.Rollback(context.Background()) }()
	on(x.c)
	_, recs, err := sqldbtest.Query(t, x, sql)
	c := x.c
	if err == nil {
		err = x.Commit(t.Context())
	}
	if err != nil {
		return "", c, err
	}
	return recs[0].Column(0).ValueStr(0), c, nil
}

const (
	leaves = "SELECT set_config('app.left', 'behind', false)"
	left   = "SELECT coalesce(current_setting('app.left', true), ''), current_setting('transaction_read_only')"
)

// TestC9CutSingle cuts the connection after some bytes of a transaction that ends
// with its only statement, after each with WASMSQL_TEST_FULL: there is the row, or
// an error, and the next one is right.
func TestC9CutSingle(t *testing.T) {
	uri := sqldbtest.Postgres(t)
	untouched := func(*conn) {}
	for _, upstream := range []bool{false, true} {
		d := sqldbtest.Open(t, Driver{}, uri, sqldb.Config{Pool: sqldb.Pool{Max: 1}})
		for range 3 {
			if got, _, err := first(t, d, leaves, untouched); got != "behind" || err != nil {
				t.Fatal(got, err)
			}
		}
		step, failed, succeeded := 13, 0, 0
		if os.Getenv("WASMSQL_TEST_FULL") != "" {
			step = 1
		}
		for n, reached := 0, true; reached; n += step {
			var c *conn
			var bare net.Conn
			got, _, err := first(t, d, leaves, func(begun *conn) {
				c, bare = begun, begun.conn
				c.conn = &cutting{Conn: bare, upstream: upstream, left: n}
			})
			if err == nil {
				succeeded++
				if got != "behind" {
					t.Errorf("cut after %d: %s", n, got)
				}
			} else {
				failed++
				if e := sqldbtest.Fault(t, err); e.Code != abi.Conn || e.Unknown {
					t.Errorf("cut after %d: %+v", n, e)
				}
			}
			// The cut may also come with the next one, which reads the rest of the answers.
			x := sqldbtest.Begin(t, d, sqldb.TxOptions{}).(*tx)
			_, recs, err := sqldbtest.Query(t, x, left)
			if err == nil {
				if v := recs[0].Column(0).ValueStr(0) + recs[0].Column(1).ValueStr(0); v != "on" {
					t.Errorf("cut after %d: it finds %s", n, v)
				}
				reached = x.c != c
			} else if e := sqldbtest.Fault(t, err); e.Code != abi.Conn {
				t.Errorf("cut after %d: the next one: %+v", n, e)
			}
			if !reached {
				c.conn = bare
			}
			_ = x.Rollback(t.Context())
		}
		t.Logf("upstream %v: %d failed, %d succeeded", upstream, failed, succeeded)
		if !upstream && failed < 50/step || succeeded < 20 {
			t.Errorf("%d failed, %d succeeded", failed, succeeded)
		}
	}
}

// TestSingleRenewed: a statement that is sent again, since its connection was
// gone, and whose plan is forgotten meanwhile, has its transaction ended.
func TestSingleRenewed(t *testing.T) {
	d := sqldbtest.Open(t, Driver{}, sqldbtest.Postgres(t), sqldb.Config{Pool: sqldb.Pool{Max: 1}})
	for range 3 {
		if _, _, err := first(t, d, leaves, func(*conn) {}); err != nil {
			t.Fatal(err)
		}
	}
	got, renewed, err := first(t, d, leaves, func(c *conn) {
		c.conn = &cutting{Conn: c.conn, upstream: true, cut: func() { d.(*db).plans.drop(leaves, nil) }}
	})
	if got != "behind" || err != nil {
		t.Fatal(got, err)
	}
	_, next, err := first(t, d, left, func(*conn) {})
	if err != nil || next != renewed {
		t.Errorf("the connection was not clean: %v", err)
	}
}
