package sqlite_test

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestReadOnlyHolds runs every hostile statement on a read-only connection, by
// Query and by Exec. The database's file stays the same, byte for byte, and no
// other file appears.
func TestReadOnlyHolds(t *testing.T) {
	if n := len(sqldbtest.Attacks(t, abi.SQLite)); n < 120 {
		t.Errorf("%d statements", n)
	}
	sqldbtest.EachThreat(t, func(t *testing.T, _ abi.Dialect, attacks []sqldbtest.Attack) {
		for _, mode := range []string{"DELETE", "WAL"} {
			path, tmp := victim(t, mode), t.TempDir()
			sum := checksum(t, path)
			d := open(t, path, abi.ReadOnly)
			for _, a := range attacks {
				a = a.With("$TMP", tmp)
				attack(t, d, a.Outcome, a.Statements[0])
				if checksum(t, path) != sum {
					t.Fatalf("%s: %s: the database changed", mode, a.Statements)
				}
				if files, err := os.ReadDir(tmp); err != nil || len(files) > 0 {
					t.Fatalf("%s: %s: a file appeared: %v", mode, a.Statements, files)
				}
			}
		}
	}, abi.SQLite)
}

// victim makes a database with something of each kind.
func victim(t *testing.T, mode string) string {
	path := filepath.Join(t.TempDir(), "victim.db")
	tx := begin(t, path, abi.ReadWrite)
	for _, sql := range []string{
		"CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)", "CREATE INDEX ti ON t (b)", "CREATE VIEW tv AS SELECT * FROM t",
		"CREATE TRIGGER tr INSTEAD OF INSERT ON tv BEGIN INSERT INTO t VALUES (new.a, new.b); END",
		"INSERT INTO t VALUES (1, 'one'), (2, 'two')",
	} {
		exec(t, tx, sql)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	setJournal(t, path, mode)
	return path
}

func checksum(t *testing.T, path string) [32]byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(data)
}

var codes = map[string]abi.Errno{"denied": abi.Denied, "invalid": abi.InvalidArg, "error": abi.DB, "limit": abi.Limit}

// attack runs one statement in a transaction of its own, each way, and then
// looks whether the transaction is as it was.
func attack(t *testing.T, d sqldb.DB, want, sql string) {
	t.Helper()
	if want == "endless" {
		tx := beginOn(t, d, sqldb.TxOptions{})
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer cancel()
		if _, err := tx.Exec(ctx, sql, nil, true); fault(t, err).Code != abi.Timeout {
			t.Errorf("%s: %v", sql, err)
		}
		_ = tx.Rollback(context.Background())
		return
	}
	for _, discard := range []bool{false, true} {
		tx := beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite, Batch: sqldb.Batch{Cell: 1 << 20}})
		var err error
		if discard {
			_, err = tx.Exec(t.Context(), sql, nil, true)
		} else {
			_, _, err = query(t, tx, sql)
		}
		switch {
		case want == "rows" && err != nil:
			t.Errorf("%s: %v", sql, err)
		case want != "rows" && err == nil:
			t.Errorf("%s: ran", sql)
		case want != "rows":
			if e := fault(t, err); e.Code != codes[want] {
				t.Errorf("%s: %v: %v, want %s", sql, e.Code, e, want)
			}
		}
		if _, recs, err := query(t, tx, "SELECT count(*) FROM t"); err != nil || recs[0].Column(0).String() != "[2]" {
			t.Errorf("%s: afterwards %v %v", sql, recs, err)
		}
		if _, err := tx.Exec(t.Context(), "INSERT INTO t VALUES (9, 'x')", nil, false); err == nil {
			t.Errorf("%s: afterwards the connection writes", sql)
		}
		if err := tx.Rollback(context.Background()); err != nil {
			t.Error(err)
		}
	}
}

// TestReadWriteBounds is what a read-write connection may not do either.
func TestReadWriteBounds(t *testing.T) {
	path, tmp := victim(t, "DELETE"), t.TempDir()
	d := open(t, path, abi.ReadWrite)
	for sql, want := range map[string]string{
		"COMMIT": "denied", "ROLLBACK": "denied", "SAVEPOINT x": "denied", "BEGIN": "denied",
		"ATTACH '" + tmp + "/a.db' AS a": "denied", "VACUUM INTO '" + tmp + "/v.db'": "error",
		"PRAGMA writable_schema=ON": "denied", "PRAGMA database_list": "denied", "SELECT file FROM pragma_database_list": "denied",
		"PRAGMA journal_mode=OFF": "denied", "UPDATE sqlite_schema SET sql=''": "error", "DELETE FROM sqlite_master": "error",
		"INSERT INTO sqlite_dbpage VALUES (1, zeroblob(4096))":     "error",
		"CREATE VIRTUAL TABLE v USING csv(filename='/etc/passwd')": "denied",
		"CREATE TABLE x AS SELECT load_extension('y')":             "denied",
		"PRAGMA temp_store_directory='" + tmp + "'":                "denied",
	} {
		tx := beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite})
		_, err := tx.Exec(t.Context(), sql, nil, true)
		if err == nil {
			t.Errorf("%s: ran", sql)
		} else if e := fault(t, err); e.Code != codes[want] {
			t.Errorf("%s: %v: %v, want %s", sql, e.Code, e, want)
		}
		_ = tx.Rollback(context.Background())
	}
	if files, _ := os.ReadDir(tmp); len(files) > 0 {
		t.Errorf("files appeared: %v", files)
	}
}

// TestReadWriteDDL is what it may.
func TestReadWriteDDL(t *testing.T) {
	tx := memory(t)
	for _, sql := range []string{
		"CREATE TABLE p (id INTEGER PRIMARY KEY, name TEXT UNIQUE)", "CREATE TABLE c (p REFERENCES p(id))",
		"CREATE INDEX ci ON c (p)", "CREATE VIEW v AS SELECT * FROM p", "CREATE TEMP TABLE tt (a)",
		"CREATE TRIGGER tr AFTER INSERT ON p BEGIN INSERT INTO c VALUES (new.id); END",
		"CREATE VIRTUAL TABLE f USING fts5(body)", "INSERT INTO f VALUES ('hello world')",
		"INSERT INTO p VALUES (1, 'a')", "ALTER TABLE p ADD COLUMN extra", "ALTER TABLE p RENAME COLUMN extra TO more",
		"ANALYZE", "REINDEX", "PRAGMA user_version=3", "PRAGMA defer_foreign_keys=ON", "DROP VIEW v", "DROP TABLE f",
	} {
		if _, err := tx.Exec(t.Context(), sql, nil, true); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, rec := one(t, tx, "SELECT count(*) FROM c"); rec.Column(0).String() != "[1]" {
		t.Errorf("the trigger did not run: %v", rec)
	}
}

// TestDeniedInPlainWords pins what the author of a statement reads.
func TestDeniedInPlainWords(t *testing.T) {
	d := open(t, victim(t, "DELETE"), abi.ReadOnly)
	for _, c := range []struct{ sql, message, hint string }{
		{"DELETE FROM t", "DELETE on a read-only connection is refused", "the connection needs access: read-write"},
		{"COMMIT", "a statement that begins or ends a transaction is refused", ""},
		{"PRAGMA database_list", "PRAGMA database_list is refused", ""},
		{"ATTACH 'x' AS y", "ATTACH is refused", ""},
		{"CREATE TABLE t2 (a)", "a change of the schema on a read-only connection is refused", "the connection needs access: read-write"},
	} {
		tx := beginOn(t, d, sqldb.TxOptions{})
		_, err := tx.Exec(t.Context(), c.sql, nil, false)
		if e := fault(t, err); e.Message != c.message || e.Hint != c.hint {
			t.Errorf("%s: %q, hint %q", c.sql, e.Message, e.Hint)
		}
	}
}
