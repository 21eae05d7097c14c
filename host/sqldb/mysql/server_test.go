package mysql

import (
	"fmt"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// fromMariaDB ends a test about what MySQL does not have.
func fromMariaDB(t testing.TB, d *db, what string) {
	t.Helper()
	if !isMariaDB(t, d) {
		t.Skip("MySQL has no " + what)
	}
}

// isMariaDB tells the servers apart.
func isMariaDB(t testing.TB, d *db) bool {
	t.Helper()
	x := begin(t, d)
	defer func() { _ = x.Rollback(ctxOf(t)) }()
	return x.c.greeting.mariadb()
}

// sequences makes tables with the names of MariaDB's sequences, seq_1_to_100,
// where the server has none. They end at a million at most.
func sequences(t testing.TB, d *db, names ...string) {
	t.Helper()
	if isMariaDB(t, d) {
		return
	}
	for _, name := range names {
		var from, to int
		if _, err := fmt.Sscanf(name, "seq_%d_to_%d", &from, &to); err != nil {
			t.Fatal(name, err)
		}
		must(t, d, "CREATE TABLE "+name+" (seq int PRIMARY KEY) ENGINE=InnoDB",
			fmt.Sprintf(`INSERT INTO %s WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 999)
				SELECT %d + a.i * 1000 + b.i AS seq FROM n a JOIN n b HAVING seq <= %d ORDER BY seq`, name, from, to))
	}
}

// release is which server the tests have.
func release(t testing.TB) sqldbtest.Release {
	t.Helper()
	return sqldbtest.ReleaseOf(t, Driver{}, sqldbtest.MariaDB(t))
}
