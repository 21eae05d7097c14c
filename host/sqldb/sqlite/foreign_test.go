package sqlite_test

import (
	"database/sql"
	"testing"

	_ "modernc.org/sqlite"
)

// foreign is another program at the database, by database/sql.
func foreign(t testing.TB, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func foreignExec(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	if _, err := db.Exec(statement); err != nil {
		t.Fatal(err)
	}
}

func setJournal(t testing.TB, path, mode string) {
	t.Helper()
	db := foreign(t, path)
	foreignExec(t, db, "PRAGMA journal_mode="+mode)
	_ = db.Close()
}
