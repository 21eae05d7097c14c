package sqlite_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestJournals reads and writes databases in each journal mode while another
// program has them open.
func TestJournals(t *testing.T) {
	for _, mode := range []string{"DELETE", "TRUNCATE", "PERSIST", "WAL"} {
		path := victim(t, mode)
		other := foreign(t, path)
		foreignExec(t, other, "INSERT INTO t VALUES (3, 'three')")
		ro := begin(t, path, abi.ReadOnly)
		if _, rec := one(t, ro, "SELECT count(*) FROM t"); rec.Column(0).String() != "[3]" {
			t.Errorf("%s: %v", mode, rec)
		}
		if mode == "WAL" {
			foreignExec(t, other, "INSERT INTO t VALUES (4, 'four')")
			if _, rec := one(t, ro, "SELECT count(*) FROM t"); rec.Column(0).String() != "[3]" {
				t.Errorf("the snapshot moved: %v", rec)
			}
		}
		if err := ro.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		rw := begin(t, path, abi.ReadWrite)
		exec(t, rw, "DELETE FROM t WHERE a > 2")
		if err := rw.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := other.QueryRow("SELECT count(*) FROM t").Scan(&n); err != nil || n != 2 {
			t.Errorf("%s: %d %v", mode, n, err)
		}
	}
}

// TestReadOnlyFolder reads a file that cannot be written in a folder that
// cannot be written, also by a read-write connection that only reads.
func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root writes everywhere: run as another user")
	}
	path := victim(t, "DELETE")
	dir := filepath.Dir(path)
	lock(t, path, 0o400)
	lock(t, dir, 0o500)
	for _, access := range []abi.Access{abi.ReadOnly, abi.ReadWrite} {
		tx := begin(t, path, access)
		if _, rec := one(t, tx, "SELECT count(*) FROM t"); rec.Column(0).String() != "[2]" {
			t.Error(rec)
		}
		_, err := tx.Exec(t.Context(), "DELETE FROM t", nil, false)
		if e := fault(t, err); e.Code != abi.Denied || e.Hint == "" {
			t.Errorf("%+v", e)
		}
	}
}

// TestHotJournal: what a writer left that was killed is not read, and undone by
// the next one that may write.
func TestHotJournal(t *testing.T) {
	from, to := victim(t, "DELETE"), filepath.Join(t.TempDir(), "cut.db")
	writer := foreign(t, from)
	for _, sql := range []string{"PRAGMA cache_size=1", "BEGIN", "INSERT INTO t SELECT NULL, hex(zeroblob(3000)) FROM sqlite_schema a, sqlite_schema b", "UPDATE t SET b = b || 'x'"} {
		foreignExec(t, writer, sql)
	}
	for _, file := range []string{"", "-journal"} {
		data, err := os.ReadFile(from + file)
		if err == nil {
			err = os.WriteFile(to+file, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := openURI(t, "sqlite:///"+to, sqldb.Config{}).Begin(t.Context(), sqldb.TxOptions{Access: abi.ReadOnly})
	if e := fault(t, err); e.Code != abi.Conn || e.Message != "the database has a transaction that was cut off" || e.Hint == "" {
		t.Errorf("%+v", e)
	}
	for _, access := range []abi.Access{abi.ReadWrite, abi.ReadOnly} {
		if _, rec := one(t, begin(t, to, access), "SELECT count(*), min(b) FROM t"); rec.Column(0).String() != "[2]" || rec.Column(1).String() != `["one"]` {
			t.Errorf("%v: %v", access, rec)
		}
	}
}

// TestOtherFullText: a table of a module that is not built in is there, and
// what is built in is told.
func TestOtherFullText(t *testing.T) {
	path := victim(t, "DELETE")
	other := foreign(t, path)
	foreignExec(t, other, "PRAGMA writable_schema=ON")
	foreignExec(t, other, "INSERT INTO sqlite_schema VALUES ('table', 'f', 'f', 0, 'CREATE VIRTUAL TABLE f USING fts4(a)')")
	_, err := begin(t, path, abi.ReadOnly).Query(t.Context(), "SELECT * FROM f", nil)
	if e := fault(t, err); e.Message != "no such module: fts4" || e.Hint != "of SQLite's full-text modules only fts5 is here" {
		t.Errorf("%+v", e)
	}
}

func lock(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(path, 0o700) })
}

// TestReadsNothingElse shows that a relative path is beside the configuration,
// not in the working folder.
func TestReadsNothingElse(t *testing.T) {
	dir, work := t.TempDir(), t.TempDir()
	t.Chdir(work)
	tx := beginOn(t, openURI(t, "sqlite:///a.db", sqldb.Config{Access: abi.ReadWrite, Dir: dir}), sqldb.TxOptions{Access: abi.ReadWrite})
	exec(t, tx, "CREATE TABLE t (a)")
	tx = beginOn(t, openURI(t, "sqlite:///b.db", sqldb.Config{Access: abi.ReadWrite}), sqldb.TxOptions{Access: abi.ReadWrite})
	exec(t, tx, "CREATE TABLE t (a)")
	for _, path := range []string{filepath.Join(dir, "a.db"), filepath.Join(work, "b.db")} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}
