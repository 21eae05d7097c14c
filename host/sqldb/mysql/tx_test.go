package mysql

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// table1 is the table of these tests, with two rows.
var table1 = []string{"CREATE TABLE t (id int PRIMARY KEY, v int) ENGINE=InnoDB", "INSERT INTO t VALUES (1,1),(2,2)"}

// TestChanged: rows count as SQLAlchemy counts them, those that were matched.
func TestChanged(t *testing.T) {
	d := open(t)
	must(t, d, table1...)
	x, maria := begin(t, d), isMariaDB(t, d)
	for _, c := range []struct {
		sql     string
		discard bool
		want    int64
	}{
		{"UPDATE t SET v = v", false, 2},
		{"UPDATE t SET v = 7 WHERE id = 1", false, 1},
		{"UPDATE t SET v = 7 WHERE id = 99", false, 0},
		{"INSERT INTO t VALUES (3,3),(4,4)", false, 2},
		{"INSERT INTO t VALUES (5,5) RETURNING id", true, 1},
		{"DELETE FROM t WHERE id > 3 RETURNING id", true, 2},
		{"REPLACE INTO t VALUES (1,9)", false, 2},
		{"SELECT * FROM t", true, 0},
		{"DELETE FROM t", false, 3},
	} {
		if !maria {
			c.sql, _, _ = strings.Cut(c.sql, " RETURNING")
		}
		if n, err := x.Exec(ctxOf(t), c.sql, nil, c.discard); n != c.want || err != nil {
			t.Errorf("%s: %d %v, want %d", c.sql, n, err, c.want)
		}
	}
	for _, c := range []struct {
		sql           string
		fields, count int
	}{
		{"INSERT INTO t VALUES (6,6),(7,7)", 0, 2}, {"INSERT INTO t VALUES (8,8) RETURNING id", 1, 1}, {"SELECT * FROM t", 2, 0}, {"UPDATE t SET v = 1", 0, 3},
	} {
		if sql, _, returning := strings.Cut(c.sql, " RETURNING"); returning && !maria {
			c.sql, c.fields = sql, 0
		}
		r, err := x.Query(ctxOf(t), c.sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		for err == nil {
			_, err = r.Next(ctxOf(t))
		}
		if err != io.EOF || r.Changed() != int64(c.count) || r.Schema().NumFields() != c.fields {
			t.Errorf("%s: %v, %d changed, %d fields", c.sql, err, r.Changed(), r.Schema().NumFields())
		}
		_ = r.Close()
	}
}

// TestOneCursor: one at a time, which can be left early.
func TestOneCursor(t *testing.T) {
	d := open(t)
	sequences(t, d, "seq_1_to_100", "seq_1_to_30000")
	x := begin(t, d, sqldb.TxOptions{Access: abi.ReadWrite, Batch: sqldb.Batch{Rows: 10}})
	for _, query := range []string{
		"SELECT seq FROM seq_1_to_100",
		"SELECT a.seq, REPEAT('x', 1000) FROM seq_1_to_30000 a JOIN seq_1_to_30000 b",
		"SELECT seq, IF(seq > 20000, SLEEP(3600), 0) FROM seq_1_to_30000",
	} {
		r, err := x.Query(ctxOf(t), query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if rec, err := r.Next(ctxOf(t)); err != nil || rec.NumRows() != 10 {
			t.Fatal(err)
		}
		if _, err := x.Exec(ctxOf(t), "DO 1", nil, false); fails(t, err).Message != "a cursor is open" {
			t.Error(err)
		}
		if err := x.Commit(ctxOf(t)); fails(t, err).Message != "a cursor is open" {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
		_ = r.Close()
		if _, err := r.Next(ctxOf(t)); fails(t, err).Message != "the cursor is closed" {
			t.Error(err)
		}
		for range 3 {
			if got := one(t, x, "SELECT 5"); got != "5" {
				t.Errorf("%s: the transaction does not go on: %s", query, got)
			}
		}
	}
	if err := x.Commit(ctxOf(t)); err != nil {
		t.Error(err)
	}
}

// TestDMLCursorLeftEarly: what a statement with RETURNING did stays done.
func TestDMLCursorLeftEarly(t *testing.T) {
	d := open(t)
	fromMariaDB(t, d, "RETURNING")
	must(t, d, "CREATE TABLE t (id int PRIMARY KEY) ENGINE=InnoDB")
	x := begin(t, d, sqldb.TxOptions{Access: abi.ReadWrite, Batch: sqldb.Batch{Rows: 10}})
	r, err := x.Query(ctxOf(t), "INSERT INTO t SELECT seq FROM seq_1_to_200000 RETURNING id", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Next(ctxOf(t)); err != nil {
		t.Fatal(err)
	}
	_ = r.Close()
	if got := one(t, x, "SELECT COUNT(*) FROM t"); got != "200000" {
		t.Error(got)
	}
}

func TestBatches(t *testing.T) {
	d := open(t)
	sequences(t, d, "seq_1_to_5", "seq_1_to_7", "seq_1_to_10")
	for _, c := range []struct {
		batch sqldb.Batch
		sql   string
		want  []int64
	}{
		{sqldb.Batch{Rows: 4}, "SELECT seq FROM seq_1_to_10", []int64{4, 4, 2}},
		{sqldb.Batch{Rows: 5}, "SELECT seq FROM seq_1_to_10", []int64{5, 5}},
		{sqldb.Batch{Bytes: 2500}, "SELECT REPEAT('x', 1000) FROM seq_1_to_7", []int64{3, 3, 1}},
		{sqldb.Batch{}, "SELECT 1 FROM seq_1_to_5 WHERE seq > 5", nil},
	} {
		x := begin(t, d, sqldb.TxOptions{Batch: c.batch})
		r, err := x.Query(ctxOf(t), c.sql, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got []int64
		for {
			rec, err := r.Next(ctxOf(t))
			if err != nil {
				if err != io.EOF {
					t.Error(err)
				}
				break
			}
			got = append(got, rec.NumRows())
			rec.Release()
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v", c.sql, got)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v", c.sql, got)
			}
		}
	}
}

func TestCellLimit(t *testing.T) {
	d := open(t)
	sequences(t, d, "seq_100_to_102")
	x := begin(t, d, sqldb.TxOptions{Batch: sqldb.Batch{Cell: 100, Bytes: 1000}})
	_, err := read(ctxOf(t), x, "SELECT 'a' AS a, REPEAT('x', seq) AS b FROM seq_100_to_102")
	if e := fails(t, err); e.Code != abi.Limit || e.Message != `row 2, column "b": a value of 101 bytes is over the limit of 100` {
		t.Error(whole(err))
	}
	if got := one(t, x, "SELECT 5"); got != "5" {
		t.Error(got)
	}
	// What is longer than a whole batch is not even read.
	_, err = read(ctxOf(t), x, "SELECT 'a' AS a, REPEAT('x', 20000000) AS b")
	if e := fails(t, err); e.Code != abi.Limit || e.Message != `row 1: over the limit of 1100 bytes` {
		t.Error(whole(err))
	}
}

func TestDeadlock(t *testing.T) {
	d := open(t)
	must(t, d, table1...)
	x, y := begin(t, d), begin(t, d)
	exec := func(x *tx, sql string) error {
		_, err := x.Exec(ctxOf(t), sql, nil, false)
		return err
	}
	if err := errors.Join(exec(x, "UPDATE t SET v = 5 WHERE id = 1"), exec(y, "UPDATE t SET v = 6 WHERE id = 2")); err != nil {
		t.Fatal(err)
	}
	other := make(chan error, 1)
	go func() { other <- exec(x, "UPDATE t SET v = 5 WHERE id = 2") }()
	mine := exec(y, "UPDATE t SET v = 6 WHERE id = 1")
	theirs := <-other
	lost, err := y, mine
	if mine == nil {
		lost, err = x, theirs
	}
	if e := fails(t, err); !e.SafeToRetry() || e.Code != abi.DB || e.SQLState != "40001" {
		t.Error(whole(err))
	}
	if err := exec(lost, "UPDATE t SET v = 0"); fails(t, err).Message != "the transaction was rolled back by a statement" {
		t.Error("a statement after the deadlock:", err)
	}
	if err := lost.Commit(ctxOf(t)); fails(t, err).Code != abi.State {
		t.Error("commit after the deadlock:", err)
	}
}

// TestSnapshotConflict: MariaDB from 11.6 on refuses a change of what others have
// changed since it was read, and rolls back; that is tried again.
func TestSnapshotConflict(t *testing.T) {
	d := open(t)
	if !isMariaDB(t, d) || query(t, begin(t, d), "SHOW VARIABLES LIKE 'innodb_snapshot_isolation'").rows == nil {
		t.Skip("the server has no innodb_snapshot_isolation")
	}
	must(t, d, table1...)
	x := begin(t, d)
	if err := x.c.run("SET innodb_snapshot_isolation = ON"); err != nil {
		t.Fatal(err)
	}
	if got := one(t, x, "SELECT v FROM t WHERE id = 1"); got != "1" {
		t.Error(got)
	}
	must(t, d, "UPDATE t SET v = 5 WHERE id = 1")
	_, err := x.Exec(ctxOf(t), "UPDATE t SET v = 6 WHERE id = 1", nil, false)
	if e := fails(t, err); !e.SafeToRetry() || e.Code != abi.DB || e.Detail != "error 1020" {
		t.Error(whole(err))
	}
	if err := x.Commit(ctxOf(t)); fails(t, err).Code != abi.State {
		t.Error("commit after the conflict:", err)
	}
	if got := one(t, begin(t, d), "SELECT SUM(v) FROM t"); got != "7" {
		t.Error(got)
	}
}

// TestDeadlockBesideMyISAM: what a deadlock cannot undo is not tried again.
func TestDeadlockBesideMyISAM(t *testing.T) {
	d := open(t)
	must(t, d, append(table1, "CREATE TABLE log (id int) ENGINE=MyISAM")...)
	x, y := begin(t, d), begin(t, d)
	run := func(x *tx, sql string) error {
		_, err := x.Exec(ctxOf(t), sql, nil, false)
		return err
	}
	for _, x := range []*tx{x, y} {
		if err := run(x, "INSERT INTO log VALUES (1)"); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(run(x, "UPDATE t SET v = 5 WHERE id = 1"), run(y, "UPDATE t SET v = 6 WHERE id = 2")); err != nil {
		t.Fatal(err)
	}
	other := make(chan error, 1)
	go func() { other <- run(x, "UPDATE t SET v = 5 WHERE id = 2") }()
	err := errors.Join(run(y, "UPDATE t SET v = 6 WHERE id = 1"), <-other)
	if e := fails(t, err); e.SafeToRetry() {
		t.Error(whole(err))
	}
}

func TestLockWait(t *testing.T) {
	d := open(t)
	must(t, d, append(table1, "CREATE TABLE u (id int) ENGINE=InnoDB")...)
	x, y := begin(t, d), begin(t, d)
	if _, err := x.Exec(ctxOf(t), "UPDATE t SET v = 5", nil, false); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"SET innodb_lock_wait_timeout=1", "SAVEPOINT a"} {
		if err := y.c.run(sql); err != nil {
			t.Fatal(err)
		}
	}
	_, err := y.Exec(ctxOf(t), "UPDATE t SET v = 6", nil, false)
	if e := fails(t, err); !e.SafeToRetry() {
		t.Error(whole(err))
	}
	if got := one(t, y, "SELECT SUM(v) FROM t"); got != "3" {
		t.Error("only the statement is undone:", got)
	}
	if _, err := y.Exec(ctxOf(t), "INSERT INTO u VALUES (9)", nil, false); err != nil {
		t.Fatal(err)
	}
	_, err = y.Exec(ctxOf(t), "UPDATE t SET v = 6", nil, false)
	if e := fails(t, err); e.SafeToRetry() {
		t.Error("a statement before it had an effect:", whole(err))
	}
}

func TestReadOnlyAccess(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	must(t, openURI(t, base), append(table1, "CREATE TABLE m (id int) ENGINE=MyISAM")...)
	for name, d := range map[string]*db{"connection": openURI(t, base, readOnly), "transaction": openURI(t, base)} {
		for _, sql := range []string{
			"UPDATE t SET v = 9", "DELETE FROM t", "INSERT INTO t VALUES (8,8)", "INSERT INTO m VALUES (1)", "CREATE TABLE u (id int)", "DROP TABLE t", "TRUNCATE t",
			"ALTER TABLE t ADD x int", "REPLACE INTO t VALUES (1,1)", "CREATE TABLE u AS SELECT 1",
		} {
			x := begin(t, d, sqldb.TxOptions{Access: abi.ReadOnly})
			_, err := x.Exec(ctxOf(t), sql, nil, true)
			if e := fails(t, err); e.Code != abi.Denied || e.Hint != "the connection needs access: read-write" {
				t.Errorf("%s: %s: %s", name, sql, whole(err))
			}
			_ = x.Rollback(ctxOf(t))
		}
		x := begin(t, d, sqldb.TxOptions{Access: abi.ReadOnly})
		if got := one(t, x, "SELECT SUM(v) FROM t"); got != "3" {
			t.Error(name, got)
		}
		if err := x.Commit(ctxOf(t)); err != nil {
			t.Error(name, err)
		}
	}
}

// TestCommitNotSent: a context that ended before keeps the commit from being
// sent.
func TestCommitNotSent(t *testing.T) {
	x := begin(t, open(t))
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	err := x.Commit(ctx)
	if e := fails(t, err); e.Unknown || e.Code != abi.Canceled {
		t.Error(whole(err))
	}
}

// TestStatementsAreForgotten: a transaction of many statements keeps one of
// them prepared.
func TestStatementsAreForgotten(t *testing.T) {
	x := begin(t, open(t))
	for range 50 {
		query(t, x, "SELECT ?", num(1))
	}
	b := query(t, x, "SHOW SESSION STATUS WHERE Variable_name IN ('Com_stmt_prepare', 'Com_stmt_close')")
	prepared := "51"
	if !x.c.greeting.mariadb() {
		prepared = "101" // it prepares again for a parameter that is not the text it took it for
	}
	if b.rows[0][1] != "50" || b.rows[1][1] != prepared {
		t.Error(b)
	}
}
