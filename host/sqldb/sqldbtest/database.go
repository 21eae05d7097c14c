package sqldbtest

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Database is a new, empty database, and logins to it that nobody else has, as
// SQLAlchemy URLs. It is gone when the test ends, whatever is still connected.
type Database struct {
	URI       string // owns the database, and has no rights beyond it
	ReaderURI string // may read the tables that the owner makes
	AdminURI  string // the server's superuser, in this database
}

// Postgres returns the owner's URI of a new PostgreSQL database.
func Postgres(t testing.TB) string {
	t.Helper()
	return PostgresDatabase(t).URI
}

// MariaDB returns the owner's URI of a new MariaDB database.
func MariaDB(t testing.TB) string {
	t.Helper()
	return MariaDBDatabase(t).URI
}

// PostgresDatabase makes a database on the PostgreSQL server of the tests.
func PostgresDatabase(t testing.TB) Database {
	t.Helper()
	return postgres.server(t).Database(t)
}

// MariaDBDatabase makes a database on the MariaDB server of the tests.
func MariaDBDatabase(t testing.TB) Database {
	t.Helper()
	return mariadb.server(t).Database(t)
}

// Database makes a database on the server.
func (s *Server) Database(t testing.TB) Database {
	t.Helper()
	name := "t" + random(6)
	n := names{Database: name, Owner: name + "_owner", Reader: name + "_reader", Password: random(12)}
	if _, err := s.Client(s.AdminURI, s.kind.create(n)); err != nil {
		t.Fatalf("making a database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.kind.drop(s, n); err != nil {
			t.Errorf("dropping a database: %v", err)
		}
	})
	d := Database{
		URI:       login(s.AdminURI, n.Owner, n.Password, name),
		ReaderURI: login(s.AdminURI, n.Reader, n.Password, name),
		AdminURI:  login(s.AdminURI, "", "", name),
	}
	if then := s.kind.furnish(n); then != "" {
		if _, err := s.Client(d.AdminURI, then); err != nil {
			t.Fatalf("making a database: %v", err)
		}
	}
	return d
}

// names are those of a database and its logins, made of letters, digits and
// underscores: they need no quoting.
type names struct{ Database, Owner, Reader, Password string }

// in replaces %d, %o, %r and %p by the names.
func (n names) in(sql string) string {
	return strings.NewReplacer("%d", n.Database, "%o", n.Owner, "%r", n.Reader, "%p", n.Password).Replace(sql)
}

// login returns the URI with another login and database. An empty user keeps
// the one that it has.
func login(uri, user, password, database string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	rest, query, hasQuery := strings.Cut(rest, "?")
	host, _, _ := strings.Cut(rest, "/")
	if user != "" {
		host = url.UserPassword(user, password).String() + host[strings.LastIndexByte(host, '@'):]
	}
	uri = scheme + "://" + host + "/" + database
	if hasQuery {
		uri += "?" + query
	}
	return uri
}

// random returns n random bytes as hexadecimal digits.
func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// parse parses the URI of a test server.
func parse(uri string) (sqldb.URI, error) {
	u, err := sqldb.ParseURI(uri)
	if err == nil && (u.Host == "" || u.User == "") {
		err = fmt.Errorf("it has no user or no host")
	}
	return u, err
}
