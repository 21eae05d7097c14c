package sqlite_test

import (
	"context"
	"io"
	"path/filepath"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestDescribedErrors is how SQLite's errors come out.
func TestDescribedErrors(t *testing.T) {
	tx := memory(t)
	for _, sql := range []string{
		"CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT NOT NULL UNIQUE, c INT CHECK (c > 0))",
		"INSERT INTO t VALUES (1, 'one', 1)",
	} {
		exec(t, tx, sql)
	}
	for _, c := range []struct {
		sql, message, detail, hint string
		position                   int
	}{
		{"SELECT 'ä', nope FROM t", "no such column: nope", "SQLITE_ERROR", "", 13},
		{"SELEC 1", `near "SELEC": syntax error`, "SQLITE_ERROR", "", 1},
		{"SELECT (1", "incomplete input", "SQLITE_ERROR", "", 0},
		{"SELECT * FROM nope", "no such table: nope", "SQLITE_ERROR", "", 0},
		{`SELECT "text" FROM t`, `no such column: "text" - should this be a string literal in single-quotes?`, "SQLITE_ERROR", "", 8},
		{"INSERT INTO t VALUES (1, 'x', 1)", "UNIQUE constraint failed: t.a", "SQLITE_CONSTRAINT_PRIMARYKEY", "", 0},
		{"INSERT INTO t VALUES (2, 'one', 1)", "UNIQUE constraint failed: t.b", "SQLITE_CONSTRAINT_UNIQUE", "", 0},
		{"INSERT INTO t VALUES (2, NULL, 1)", "NOT NULL constraint failed: t.b", "SQLITE_CONSTRAINT_NOTNULL", "", 0},
		{"INSERT INTO t VALUES (2, 'x', 0)", "CHECK constraint failed: c > 0", "SQLITE_CONSTRAINT_CHECK", "", 0},
		{"INSERT INTO t VALUES ('x', 'x', 1)", "datatype mismatch", "SQLITE_MISMATCH", "", 0},
		{"SELECT abs(-9223372036854775808)", "integer overflow", "SQLITE_ERROR", "", 0},
	} {
		_, err := tx.Exec(t.Context(), c.sql, nil, true)
		e := fault(t, err)
		if e.Code != abi.DB || e.Message != c.message || e.Detail != c.detail || e.Hint != c.hint || e.Position != c.position || e.SQLState != "" || e.Retryable {
			t.Errorf("%s: %+v", c.sql, e)
		}
	}
	if n := exec(t, tx, "UPDATE t SET c = 2"); n != 1 {
		t.Errorf("after errors: %d rows", n)
	}
	_, err := memory(t).Exec(t.Context(), "SELECT * FROM tracks", nil, true)
	if e := fault(t, err); e.Hint != "the database has no tables at all: check the path in the uri" {
		t.Errorf("%+v", e)
	}
}

func TestOneStatement(t *testing.T) {
	tx := memory(t)
	for sql, position := range map[string]int{
		"SELECT 'ä'; SELECT 2": 13, "SELECT 1;;/* ; */ SELECT 2": 19, "SELECT 1; -- x\n x": 17, "SELECT 1; (": 11,
	} {
		_, err := tx.Exec(t.Context(), sql, nil, true)
		if e := fault(t, err); e.Code != abi.InvalidArg || e.Message != "more than one statement in one call" || e.Position != position {
			t.Errorf("%s: %+v", sql, e)
		}
	}
	for _, sql := range []string{"", " \n", ";", "-- x", "/* x"} {
		_, err := tx.Exec(t.Context(), sql, nil, true)
		if e := fault(t, err); e.Code != abi.InvalidArg || e.Message != "the statement is empty" {
			t.Errorf("%q: %+v", sql, e)
		}
	}
	_, err := tx.Exec(t.Context(), "SELECT 1 -- \x00 DELETE", nil, true)
	if e := fault(t, err); e.Code != abi.InvalidArg || e.Position != 13 {
		t.Errorf("%+v", e)
	}
}

func TestChanged(t *testing.T) {
	tx := memory(t)
	for _, c := range []struct {
		sql  string
		want int64
	}{
		{"CREATE TABLE t (a INTEGER PRIMARY KEY, b)", 0}, {"CREATE TABLE log (a)", 0},
		{"CREATE TRIGGER tr AFTER UPDATE ON t BEGIN INSERT INTO log VALUES (1), (2); END", 0},
		{"INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)", 3}, {"UPDATE t SET b = 0 WHERE a < 3", 2},
		{"CREATE TABLE copy AS SELECT * FROM t", 0}, {"ALTER TABLE copy ADD COLUMN c", 0}, {"CREATE INDEX i ON copy (a)", 0},
		{"UPDATE t SET b = 0 WHERE a > 9", 0}, {"SELECT * FROM t", 0}, {"DELETE FROM t", 3}, {"DROP TABLE t", 0},
		{"INSERT OR IGNORE INTO copy VALUES (1, 1, 1)", 1}, {"REPLACE INTO copy VALUES (1, 1, 1)", 1}, {"PRAGMA user_version = 1", 0},
	} {
		n, err := tx.Exec(t.Context(), c.sql, nil, true)
		if err != nil || n != c.want {
			t.Errorf("%s: %d %v, want %d", c.sql, n, err, c.want)
		}
	}
	rows, err := tx.Query(t.Context(), "UPDATE copy SET b = 5", nil)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(rows.Schema().Fields()); n != 0 {
		t.Errorf("%d fields", n)
	}
	if _, err := rows.Next(t.Context()); err != io.EOF || rows.Changed() != 5 {
		t.Errorf("%v, %d changed", err, rows.Changed())
	}
}

// TestReturning reads what a DML statement returns, also not to its end.
func TestReturning(t *testing.T) {
	opts := sqldb.TxOptions{Access: abi.ReadWrite, Batch: sqldb.Batch{Rows: 2}}
	tx := beginOn(t, openURI(t, "sqlite://", sqldb.Config{Access: abi.ReadWrite}), opts)
	exec(t, tx, "CREATE TABLE t (a INTEGER, b TEXT)")
	const insert = "INSERT INTO t VALUES (1,'a'),(2,'b'),(3,'c'),(4,'d'),(5,'e'),(6,'f') RETURNING b, a"
	for _, whole := range []bool{true, false} {
		rows, err := tx.Query(t.Context(), insert, nil)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for {
			rec, err := rows.Next(t.Context())
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n += rec.NumRows()
			rec.Release()
			if !whole {
				break
			}
		}
		if whole && (n != 6 || rows.Changed() != 6) {
			t.Errorf("%d rows, %d changed", n, rows.Changed())
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, rec := one(t, tx, "SELECT count(*) FROM t"); rec.Column(0).String() != "[12]" {
		t.Fatal(rec)
	}
}

// TestRolledBackByStatement ends what a statement ended behind the host's
// back: nothing may be committed after it.
func TestRolledBackByStatement(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	tx := begin(t, path, abi.ReadWrite)
	exec(t, tx, "CREATE TABLE t (a INTEGER PRIMARY KEY)")
	exec(t, tx, "INSERT INTO t VALUES (1)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"INSERT OR ROLLBACK INTO t VALUES (1)",
		"INSERT OR ROLLBACK INTO t VALUES (1) RETURNING a",
	} {
		tx := begin(t, path, abi.ReadWrite)
		exec(t, tx, "INSERT INTO t VALUES (2)")
		if _, _, err := query(t, tx, sql); fault(t, err).Detail != "SQLITE_CONSTRAINT_PRIMARYKEY" {
			t.Fatal(err)
		}
		for _, next := range []string{"INSERT INTO t VALUES (3)", "SELECT 1"} {
			_, err := tx.Exec(t.Context(), next, nil, true)
			if e := fault(t, err); e.Code != abi.State || e.Message != "the transaction was rolled back by a statement" {
				t.Fatalf("%+v", e)
			}
		}
		if err := tx.Commit(t.Context()); fault(t, err).Code != abi.State {
			t.Fatal(err)
		}
		_ = tx.Rollback(context.Background())
		if _, rec := one(t, begin(t, path, abi.ReadOnly), "SELECT a FROM t"); rec.Column(0).String() != "[1]" {
			t.Fatal(rec)
		}
	}
}

// TestCommitFails rolls back, and says why.
func TestCommitFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.db")
	tx := begin(t, path, abi.ReadWrite)
	exec(t, tx, "CREATE TABLE t (a)")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := openURI(t, "sqlite:///"+path, sqldb.Config{Access: abi.ReadWrite, Args: map[string]any{"timeout": 0.05}})
	reader := foreign(t, path)
	foreignExec(t, reader, "BEGIN; SELECT * FROM t; ")
	rows, err := reader.Query("SELECT count(*) FROM t")
	if err != nil {
		t.Fatal(err)
	}
	rows.Next() // holds a shared lock, which keeps a commit out
	tx = beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite})
	exec(t, tx, "INSERT INTO t VALUES (1)")
	err = tx.Commit(t.Context())
	if e := fault(t, err); e.Code != abi.DB || e.Message != "database is locked" || !e.Retryable || e.Unknown || e.Detail != "SQLITE_BUSY" {
		t.Fatalf("%+v", e)
	}
	_ = rows.Close()
	foreignExec(t, reader, "ROLLBACK")
	if _, rec := one(t, begin(t, path, abi.ReadOnly), "SELECT count(*) FROM t"); rec.Column(0).String() != "[0]" {
		t.Fatal(rec)
	}
}

// TestIsolationLevel begins as connect_args say.
func TestIsolationLevel(t *testing.T) {
	path := victim(t, "DELETE")
	other := foreign(t, path)
	foreignExec(t, other, "BEGIN IMMEDIATE")
	for level, wantErr := range map[any]bool{nil: false, "deferred": false, "IMMEDIATE": true, "EXCLUSIVE": true} {
		d := openURI(t, "sqlite:///"+path, sqldb.Config{Access: abi.ReadWrite, Args: map[string]any{"timeout": int64(0), "isolation_level": level}})
		tx, err := d.Begin(t.Context(), sqldb.TxOptions{Access: abi.ReadWrite})
		if (err != nil) != wantErr {
			t.Errorf("%v: %v", level, err)
		}
		if err != nil {
			if e := fault(t, err); e.Code != abi.DB || !e.Retryable {
				t.Errorf("%v: %+v", level, e)
			}
			continue
		}
		if _, _, err := query(t, tx, "SELECT * FROM t"); err != nil {
			t.Errorf("%v: %v", level, err)
		}
		_, err = tx.Exec(t.Context(), "DELETE FROM t", nil, false)
		if e := fault(t, err); !e.Retryable {
			t.Errorf("%v: %+v", level, e)
		}
		_ = tx.Rollback(context.Background())
	}
}

// TestAccess is the lesser of the connection's and the transaction's.
func TestAccess(t *testing.T) {
	path := victim(t, "DELETE")
	for _, c := range []struct {
		uri       string
		conn, tx  abi.Access
		canBeDone bool
	}{
		{"sqlite:///" + path, abi.ReadWrite, abi.ReadWrite, true},
		{"sqlite:///" + path, abi.ReadWrite, abi.ReadOnly, false},
		{"sqlite:///" + path, abi.ReadOnly, abi.ReadWrite, false},
		{"sqlite:///file:" + path + "?mode=ro&uri=true", abi.ReadWrite, abi.ReadWrite, false},
		{"sqlite:///file:" + path + "?mode=rw&uri=true", abi.ReadWrite, abi.ReadWrite, true},
		{"sqlite://", abi.ReadOnly, abi.ReadOnly, false},
	} {
		tx := beginOn(t, openURI(t, c.uri, sqldb.Config{Access: c.conn}), sqldb.TxOptions{Access: c.tx})
		_, err := tx.Exec(t.Context(), "CREATE TABLE made (a)", nil, false)
		if (err == nil) != c.canBeDone {
			t.Errorf("%+v: %v", c, err)
		}
		_ = tx.Rollback(context.Background())
	}
}

// TestBatches bounds batches by rows and by bytes, and cells.
func TestBatches(t *testing.T) {
	d := openURI(t, "sqlite://", sqldb.Config{})
	const numbers = "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i < 1000) "
	for _, c := range []struct {
		batch sqldb.Batch
		sql   string
		want  int
	}{
		{sqldb.Batch{Rows: 100}, numbers + "SELECT i FROM c", 10},
		{sqldb.Batch{Rows: 333}, numbers + "SELECT i FROM c", 4},
		{sqldb.Batch{}, numbers + "SELECT i FROM c", 1},
		{sqldb.Batch{Bytes: 800}, numbers + "SELECT i FROM c", 10},
		{sqldb.Batch{Bytes: 1 << 20}, numbers + "SELECT zeroblob(100000) AS b FROM c LIMIT 100", 10},
	} {
		tx := beginOn(t, d, sqldb.TxOptions{Batch: c.batch})
		_, recs, err := query(t, tx, c.sql)
		if err != nil || len(recs) != c.want {
			t.Errorf("%+v: %d batches, %v", c.batch, len(recs), err)
		}
	}
	tx := beginOn(t, d, sqldb.TxOptions{Batch: sqldb.Batch{Cell: 1000}})
	for _, sql := range []string{"SELECT 'x' AS v UNION ALL SELECT printf('%.*c', 1001, 'x')", "SELECT x'00' AS v UNION ALL SELECT zeroblob(1001)"} {
		_, _, err := query(t, tx, sql)
		if e := fault(t, err); e.Code != abi.Limit || e.Message != `row 2, column "v": a value of 1001 bytes is over the limit of 1000` {
			t.Errorf("%s: %+v", sql, e)
		}
	}
}
