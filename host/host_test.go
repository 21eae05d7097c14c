package host

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// testCache is the compile cache that the tests of this package share, with
// those of others.
func testCache(t testing.TB) string {
	t.Helper()
	return filepath.Join(os.TempDir(), fmt.Sprintf("wasmsql-test-%d", os.Getuid()))
}

// makeTable makes a database file with the table t(a) of three rows.
func makeTable(t testing.TB, file string) {
	t.Helper()
	db, err := sqlite.Driver{}.Open(sqldb.Config{Name: "setup", URI: sqldb.URI{Scheme: "sqlite", Database: file}, Access: abi.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	tx, err := db.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"CREATE TABLE t (a INTEGER)", "INSERT INTO t VALUES (1), (2), (3)"} {
		if _, err := tx.Exec(ctx, sql, nil, false); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	_ = tx.Rollback(ctx)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
