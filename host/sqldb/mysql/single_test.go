package mysql

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

var single = sqldb.TxOptions{Single: true}

// aSingle opens a database with one connection, that reads.
func aSingle(t *testing.T, base string) *db {
	return openURI(t, base, readOnly, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle = 1, 1 })
}

// next runs a transaction of one statement, and returns its session.
func next(t *testing.T, d *db, sql, want string) uint64 {
	t.Helper()
	x := begin(t, d, single)
	if got := one(t, x, sql); got != want {
		t.Errorf("%s: %q, want %q", sql, got, want)
	}
	if err := x.Commit(ctxOf(t)); err != nil {
		t.Error(whole(err))
	}
	return x.c.id
}

// TestC12Single: a transaction of one statement leaves nothing in its session,
// of which the next one has the same.
func TestC12Single(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	owner := openURI(t, base)
	must(t, owner, append(table1, "CREATE FUNCTION taints() RETURNS int BEGIN SET @leak = 7; SET time_zone = '+09:00'; SET sql_mode = 'ANSI_QUOTES'; RETURN 1; END")...)
	d := aSingle(t, base)
	together := begin(t, owner).c.can&canKeepColumns != 0 // MariaDB from 10.6 on
	for _, c := range [][3]string{                        // a statement, a question, the answer
		{"SELECT 1", "SELECT 1", "1"},
		{"SELECT @leak := 7", "SELECT @leak IS NULL", "1"},
		{"SELECT taints()", `SELECT CONCAT(@leak IS NULL, @@time_zone, "")`, "1+00:00"},
		{"SELECT 1 UNION SELECT 2 UNION SELECT 3", "SELECT FOUND_ROWS() < 2", "1"},
		{"SELECT SQL_CALC_FOUND_ROWS id FROM t LIMIT 1", "SELECT FOUND_ROWS() < 2", "1"},
		{"SELECT GET_LOCK('left', 0)", "SELECT IS_FREE_LOCK('left')", "1"},
		{"SELECT v FROM t WHERE id = 1 LOCK IN SHARE MODE", "SELECT 1", "1"},
	} {
		var id uint64
		for round := range 4 { // from the second on the reset goes with the statement
			x := begin(t, d, single)
			if _, err := read(ctxOf(t), x, c[0]); err != nil {
				t.Fatal(c[0], whole(err))
			}
			if together && round > 0 && !x.c.owed {
				t.Errorf("%s: the reset was not sent", c[0])
			}
			if _, err := x.Query(ctxOf(t), "SELECT 1", nil); fails(t, err).Code != abi.State {
				t.Errorf("%s: a second statement: %v", c[0], err)
			}
			if err := x.Commit(ctxOf(t)); err != nil {
				t.Error(c[0], whole(err))
			}
			now := next(t, d, c[1], c[2])
			if round > 0 && now != id && now != x.c.id {
				t.Errorf("%s: in a session of its own", c[0])
			}
			id = now
		}
	}
	x := begin(t, d, single)
	if got := one(t, x, "SELECT v FROM t WHERE id = 1 LOCK IN SHARE MODE"); got != "1" {
		t.Error(got)
	}
	if !together { // there it is over with its commit
		if err := x.Commit(ctxOf(t)); err != nil {
			t.Error(whole(err))
		}
	}
	if err := exec(t, begin(t, owner), "UPDATE t SET v = 5"); err != nil {
		t.Error("a lock is left:", whole(err))
	}
}

// TestSingleFails: whatever becomes of a statement with which its transaction
// ends, what follows is right.
func TestSingleFails(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	owner := openURI(t, base)
	must(t, owner, append(table1, "CREATE VIEW seen AS SELECT 7 AS a",
		"CREATE FUNCTION breaks(n int) RETURNS int BEGIN IF n = 2 THEN SIGNAL SQLSTATE '45000'; END IF; RETURN n; END",
		"CREATE FUNCTION touch() RETURNS int MODIFIES SQL DATA BEGIN UPDATE t SET v = 98; RETURN 1; END")...)
	d := aSingle(t, base)
	for range 3 {
		for _, sql := range []string{
			"SELECT nothing", "SELECT breaks(id) FROM t", "SELECT breaks(2)", "SELECT touch()", "SELECT (SELECT id FROM t)", "SELECT 1; SELECT 2", "SELECT ?", "UPDATE t SET v = 97",
			"DELETE FROM t RETURNING id", "CALL nothing()", "CREATE TABLE z (id int)", "SELECT 1 FROM nowhere", "SELECT 'x' INTO OUTFILE '/nowhere/x'",
		} {
			x := begin(t, d, single)
			if err := exec2(x, sql); err == nil && x.Commit(ctxOf(t)) == nil {
				t.Errorf("%s: no error", sql)
			}
			_ = x.Rollback(ctxOf(t))
			next(t, d, "SELECT CONVERT(CONCAT(SUM(v), ' ', @leak IS NULL) USING utf8mb4) FROM t", "3 1")
		}
	}
	for i, change := range []string{ // the statement stays, and what it means does not
		"SELECT 1", "SELECT 1", "CREATE OR REPLACE VIEW seen AS SELECT 7 AS a, 'x' AS b, 3 AS c", "DROP VIEW seen", "CREATE VIEW seen AS SELECT 'seven' AS a", "SELECT 1",
	} {
		must(t, owner, change)
		x := begin(t, d, single)
		b, err := read(ctxOf(t), x, "SELECT * FROM seen")
		if (err != nil) != (i == 3) {
			t.Fatal(change, err)
		}
		if want := map[bool]string{true: "seven", false: "7"}[i > 3]; err == nil && b.rows[0][0] != want {
			t.Errorf("%s: %v", change, b.rows)
		}
		if err == nil {
			err = x.Commit(ctxOf(t))
		}
		if (err != nil) != (i == 3) {
			t.Error(change, err)
		}
		_ = x.Rollback(ctxOf(t))
	}
	next(t, d, "SELECT CONVERT(CONCAT(SUM(v), ' ', @leak IS NULL) USING utf8mb4) FROM t", "3 1")
}

// exec2 runs a statement as a query, to the end of its rows.
func exec2(x *tx, sql string) error {
	_, err := read(context.Background(), x, sql)
	return err
}

// TestSingleCutShort: a cursor that is closed early, and a context that ends,
// leave neither a statement on the server nor a reply for the next one.
func TestSingleCutShort(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	watch := openURI(t, base)
	sequences(t, watch, "seq_1_to_50000")
	d := aSingle(t, base)
	for range 3 {
		for sql, rows := range map[string]int64{
			"SELECT @leak := seq FROM seq_1_to_50000 /* canary 1 */":                                           50000,
			"SELECT a.seq, @leak := 1 FROM seq_1_to_50000 a JOIN seq_1_to_50000 b /* canary 2 */":              0,
			"SELECT seq, IF(seq > 40000, SLEEP(60), 0), @leak := 3 FROM seq_1_to_50000 /* canary 3 */":         0,
			"SELECT REPEAT(seq, 1000), @leak := 4 FROM seq_1_to_50000 WHERE seq < 20000 /* canary 4, 90 MB */": 19999,
		} {
			for _, commit := range []bool{true, false} {
				x := begin(t, d, sqldb.TxOptions{Single: true, Batch: sqldb.Batch{Rows: 100}})
				r, err := x.Query(ctxOf(t), sql, nil)
				if err != nil {
					t.Fatal(sql, whole(err))
				}
				if _, err := r.Next(ctxOf(t)); err != nil {
					t.Fatal(sql, whole(err))
				}
				sent := x.c.owed
				_ = r.Close()
				if commit {
					if err := x.Commit(ctxOf(t)); err != nil {
						t.Error(sql, whole(err))
					}
				}
				_ = x.Rollback(ctxOf(t))
				if now := next(t, d, "SELECT CONCAT('right ', @leak IS NULL)", "right 1"); now == x.c.id && sent && rows == 0 {
					t.Errorf("%s: a KILL was sent, nobody knows what it hits, and the session is used again", sql)
				}
			}
			if rows == 0 {
				continue
			}
			x := begin(t, d, sqldb.TxOptions{Single: true, Batch: sqldb.Batch{Rows: 5000}})
			r, err := x.Query(ctxOf(t), sql, nil)
			var n int64
			for err == nil { // slower than the server sends
				var rec interface {
					Release()
					NumRows() int64
				}
				if rec, err = r.Next(ctxOf(t)); err == nil {
					n += rec.NumRows()
					rec.Release()
					time.Sleep(2 * time.Millisecond)
				}
			}
			if err != io.EOF || n != rows {
				t.Errorf("%s: %d rows: %v", sql, n, err)
			}
			if err := x.Commit(ctxOf(t)); err != nil {
				t.Error(sql, whole(err))
			}
			next(t, d, "SELECT CONCAT('right ', @leak IS NULL)", "right 1")
		}
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		x := begin(t, d, single)
		if _, err := read(ctx, x, "SELECT SLEEP(60), @leak := 5 /* canary 5 */"); err == nil || fails(t, err).Code != abi.Timeout {
			t.Error(err)
		}
		cancel()
		_ = x.Rollback(ctxOf(t))
		next(t, d, "SELECT CONCAT('right ', @leak IS NULL)", "right 1")
	}
	if got := running(t, watch, "canary"); got != "0" {
		t.Errorf("%s statements run still", got)
	}
}

// TestC9CutSingle cuts the connection after each byte of a transaction of one
// statement: there is the row, or an error, and the next one is right.
func TestC9CutSingle(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	fromMariaDB(t, openURI(t, base), "reset that is sent at once")
	const sql = "SELECT @leak := 12345"
	for _, upstream := range []bool{false, true} {
		d := aSingle(t, base)
		for range 2 {
			next(t, d, sql, "12345")
		}
		step, failed, succeeded := 1, 0, 0
		if testing.Short() {
			step = 5
		}
		for n := 0; succeeded < 100 && n < 2000; n += step {
			x := begin(t, d, single)
			bare := x.c.conn
			x.c.conn = &cutting{bare, upstream, n}
			start := time.Now()
			b, err := read(ctxOf(t), x, sql)
			if err == nil {
				succeeded++
				if b.rows[0][0] != "12345" {
					t.Errorf("cut after %d: %v", n, b.rows)
				}
				if err := x.Commit(ctxOf(t)); err != nil {
					t.Errorf("cut after %d: %s", n, whole(err))
				}
			} else {
				failed++
				if e := fails(t, err); e.Code != abi.Conn || e.Unknown {
					t.Errorf("cut after %d: %s", n, whole(err))
				}
			}
			_ = x.Rollback(ctxOf(t))
			y := begin(t, d, single)
			if y.c == x.c {
				x.c.conn = bare
			}
			if got := one(t, y, "SELECT @leak IS NULL"); got != "1" {
				t.Errorf("cut after %d: it finds %s", n, got)
			}
			if err := y.Commit(ctxOf(t)); err != nil {
				t.Errorf("cut after %d: %s", n, whole(err))
			}
			if took := time.Since(start); took > 4*time.Second {
				t.Fatalf("cut after %d: it took %s", n, took)
			}
		}
		if failed < 20/step || succeeded < 20/step {
			t.Errorf("%d failed, %d succeeded", failed, succeeded)
		}
	}
}
