package sqldbtest

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Release is the program of a server, and its version: of MariaDB 10.11.4 the
// numbers 10 and 11, of PostgreSQL 15.6 15 and 6.
type Release struct {
	Product      string // sqlite, postgres, mariadb or mysql
	Major, Minor int
}

// ReleaseOf asks the server of a database.
func ReleaseOf(t testing.TB, driver sqldb.Driver, uri string) Release {
	t.Helper()
	r := Release{Product: string(driver.Dialect())}
	sql, ok := map[abi.Dialect]string{
		abi.SQLite: "SELECT sqlite_version()", abi.Postgres: "SHOW server_version", abi.MySQL: "SELECT VERSION()",
	}[driver.Dialect()]
	if !ok {
		t.Fatalf("no dialect %q", driver.Dialect())
	}
	db := openURI(t, driver, uri)
	// SQLite makes its file only for a transaction that may write.
	tx, err := db.Begin(t.Context(), sqldb.TxOptions{Access: abi.ReadWrite})
	if err == nil {
		err = tx.Rollback(t.Context())
	}
	if err != nil {
		t.Fatal(describe(err))
	}
	cells, err := sqldb.Texts(t.Context(), db, sql)
	if err != nil {
		t.Fatal(describe(err))
	}
	if _, err := fmt.Sscanf(cells[0][0], "%d.%d", &r.Major, &r.Minor); err != nil {
		t.Fatalf("a server of version %q", cells[0][0])
	}
	if strings.Contains(cells[0][0], "MariaDB") {
		r.Product = "mariadb"
	}
	return r
}

// AtLeast reports whether the server is that product, of that version or a
// later one.
func (r Release) AtLeast(product string, major, minor int) bool {
	return r.Product == product && (r.Major > major || r.Major == major && r.Minor >= minor)
}

// serverName is what a conformance case calls a server: a dialect or mariadb,
// and with a version that one and the later ones: postgres15, mariadb10_7.
var serverName = regexp.MustCompile(`^(sqlite|postgres|mysql|mariadb)(?:([0-9]{1,2})(?:_([0-9]{1,2}))?)?$`)

// rank says how closely a name means the server: 0 is not at all, and more is
// closer. The name mysql is the dialect; with a version it is MySQL, without
// MariaDB.
func (r Release) rank(name string) (int, error) {
	m := serverName.FindStringSubmatch(name)
	if m == nil {
		return 0, fmt.Errorf("no dialect %q", name)
	}
	switch {
	case m[2] == "" && name == "mysql" && r.Product == "mariadb":
		return 1, nil
	case m[2] == "" && name == r.Product:
		return 2, nil
	case m[2] == "":
		return 0, nil
	}
	major, _ := strconv.Atoi(m[2])
	minor, _ := strconv.Atoi(m[3]) // none is 0
	if !r.AtLeast(m[1], major, minor) {
		return 0, nil
	}
	return 3 + 100*major + minor, nil
}
