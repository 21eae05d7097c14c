package sqlite_test

import (
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// open opens the database at path.
func open(t testing.TB, path string, access abi.Access) sqldb.DB {
	t.Helper()
	return openURI(t, "sqlite:///"+path, sqldb.Config{Access: access})
}

func openURI(t testing.TB, uri string, cfg sqldb.Config) sqldb.DB {
	t.Helper()
	return sqldbtest.Open(t, sqlite.Driver{}, uri, cfg)
}

func begin(t testing.TB, path string, access abi.Access) sqldb.Tx {
	t.Helper()
	return beginOn(t, open(t, path, access), sqldb.TxOptions{Access: access})
}

func beginOn(t testing.TB, d sqldb.DB, opts sqldb.TxOptions) sqldb.Tx {
	t.Helper()
	return sqldbtest.Begin(t, d, opts)
}

// memory begins a read-write transaction on an empty database.
func memory(t testing.TB) sqldb.Tx {
	t.Helper()
	return beginOn(t, openURI(t, "sqlite://", sqldb.Config{Access: abi.ReadWrite}), sqldb.TxOptions{Access: abi.ReadWrite})
}

func exec(t testing.TB, tx sqldb.Tx, sql string, params ...abi.Value) int64 {
	t.Helper()
	n, err := tx.Exec(t.Context(), sql, params, false)
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

// fault returns the *sqldb.Error that err is.
func fault(t testing.TB, err error) *sqldb.Error {
	t.Helper()
	return sqldbtest.Fault(t, err)
}
