package postgres_test

import (
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// server returns the URI of a new database.
func server(t testing.TB) string { return sqldbtest.Postgres(t) }

// TestConformance is the suite that all drivers pass.
func TestConformance(t *testing.T) { sqldbtest.Run(t, postgres.Driver{}, server(t)) }

// open opens a database.
func open(t testing.TB, uri string, cfg sqldb.Config) sqldb.DB {
	t.Helper()
	return sqldbtest.Open(t, postgres.Driver{}, uri, cfg)
}

func beginOn(t testing.TB, d sqldb.DB, opts sqldb.TxOptions) sqldb.Tx {
	t.Helper()
	return sqldbtest.Begin(t, d, opts)
}

// begin begins a read-write transaction on a new database object.
func begin(t testing.TB) sqldb.Tx {
	t.Helper()
	return beginOn(t, open(t, server(t), sqldb.Config{Access: abi.ReadWrite}), readWrite)
}

var readWrite = sqldb.TxOptions{Access: abi.ReadWrite}

func exec(t testing.TB, tx sqldb.Tx, sql string, params ...abi.Value) int64 {
	t.Helper()
	n, err := tx.Exec(t.Context(), sql, params, true)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return n
}

// query returns the schema and the batches of a statement.
func query(t testing.TB, tx sqldb.Tx, sql string, params ...abi.Value) (*arrow.Schema, []arrow.Record, error) {
	t.Helper()
	return sqldbtest.Query(t, tx, sql, params...)
}

// one returns the schema and the only batch of a statement.
func one(t testing.TB, tx sqldb.Tx, sql string, params ...abi.Value) (*arrow.Schema, arrow.Record) {
	t.Helper()
	return sqldbtest.One(t, tx, sql, params...)
}

// cell returns the first value of a statement, as Arrow prints it.
func cell(t testing.TB, tx sqldb.Tx, sql string, params ...abi.Value) string {
	t.Helper()
	_, rec := one(t, tx, sql, params...)
	return rec.Column(0).ValueStr(0)
}

// since reports whether the server is of that version or later.
func since(t testing.TB, tx sqldb.Tx, version int) bool {
	t.Helper()
	n, err := strconv.Atoi(cell(t, tx, "SHOW server_version_num"))
	if err != nil {
		t.Fatal(err)
	}
	return n >= version*10000
}

// fault returns the *sqldb.Error that err is.
func fault(t testing.TB, err error) *sqldb.Error {
	t.Helper()
	return sqldbtest.Fault(t, err)
}

// TestMain stops the private server.
func TestMain(m *testing.M) { sqldbtest.Main(m) }
