package host_test

import (
	"context"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// server is a database server that tests of a Host use.
type server struct {
	name     string
	dialect  abi.Dialect
	database func(t testing.TB) sqldbtest.Database
	queries  string // what the sessions of the database run, but for the one that asks
}

var servers = []server{
	{
		name: "postgres", dialect: abi.Postgres, database: sqldbtest.PostgresDatabase,
		queries: "SELECT query FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND state <> 'idle' AND pid <> pg_backend_pid()",
	},
	{
		name: "mysql", dialect: abi.MySQL, database: sqldbtest.MariaDBDatabase,
		queries: "SELECT INFO FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO IS NOT NULL AND ID <> CONNECTION_ID()",
	},
}

// isMySQL reports whether a database is MySQL's, and not MariaDB's.
func isMySQL(t testing.TB, s server, uri string) bool {
	t.Helper()
	return s.name == "mysql" && sqldbtest.ReleaseOf(t, mysql.Driver{}, uri).Product == "mysql"
}

// serverDrivers are the drivers by the schemes of their URIs.
func serverDrivers() map[string]sqldb.Driver {
	return map[string]sqldb.Driver{"postgresql": postgres.Driver{}, "mysql": mysql.Driver{}}
}

// connection returns the connection of a URI.
func connection(t testing.TB, uri string, access abi.Access) host.Connection {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	return host.Connection{URI: u, Access: access}
}

// openServer is hosttest.Open for a database of a server.
func openServer(t testing.TB, uri string, access abi.Access, change ...func(*host.Config)) *host.Host {
	t.Helper()
	drivers := func(c *host.Config) { c.Drivers = serverDrivers() }
	return hosttest.Open(t, connection(t, uri, access), append([]func(*host.Config){drivers}, change...)...)
}

// begin starts a transaction on the database of a URI, past the policy. Its
// database is closed with the test.
func begin(t testing.TB, uri string) sqldb.Tx {
	t.Helper()
	c := connection(t, uri, abi.ReadWrite)
	db, err := serverDrivers()[c.URI.Scheme].Open(sqldb.Config{Name: "setup", URI: c.URI, Access: c.Access})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	tx, err := db.Begin(context.Background(), sqldb.TxOptions{Access: c.Access})
	if err != nil {
		t.Fatal(err)
	}
	return tx
}

// execute runs statements in a transaction of their own, past the policy.
func execute(t testing.TB, uri string, statements ...string) {
	t.Helper()
	ctx, tx := context.Background(), begin(t, uri)
	defer func() { _ = tx.Rollback(ctx) }()
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql, nil, true); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

// ask returns the rows of a query, as its task has them.
func ask(t testing.TB, h *host.Host, query string) string {
	t.Helper()
	p, err := h.Load(context.Background(), host.Task{Name: "ask", Query: "{% raw %}" + query + "{% endraw %}", Connection: "db"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = p.Close() }()
	return asked(t, p)
}

func asked(t testing.TB, p *host.Program) string {
	t.Helper()
	var rows hosttest.Rows
	if _, err := p.Run(context.Background(), nil, &rows); err != nil {
		t.Fatal(err)
	}
	return cells(rows)
}
