package sqlite_test

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// open opens the database at path.
func open(t testing.TB, path string, access abi.Access) sqldb.DB {
	t.Helper()
	return openURI(t, "sqlite:///"+path, sqldb.Config{Access: access})
}

func openURI(t testing.TB, uri string, cfg sqldb.Config) sqldb.DB {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	cfg.URI = u
	d, err := sqlite.Driver{}.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func begin(t testing.TB, path string, access abi.Access) sqldb.Tx {
	t.Helper()
	return beginOn(t, open(t, path, access), sqldb.TxOptions{Access: access})
}

func beginOn(t testing.TB, d sqldb.DB, opts sqldb.TxOptions) sqldb.Tx {
	t.Helper()
	tx, err := d.Begin(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
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
	rows, err := tx.Query(t.Context(), sql, params)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	var out []arrow.Record
	for {
		rec, err := rows.Next(t.Context())
		if err == io.EOF {
			return rows.Schema(), out, nil
		}
		if err != nil {
			return rows.Schema(), out, err
		}
		out = append(out, rec)
	}
}

// one returns the schema and the only batch of a statement.
func one(t testing.TB, tx sqldb.Tx, sql string, params ...abi.Value) (*arrow.Schema, arrow.Record) {
	t.Helper()
	schema, recs, err := query(t, tx, sql, params...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if len(recs) != 1 {
		t.Fatalf("%s: %d batches", sql, len(recs))
	}
	return schema, recs[0]
}

// fault returns the *sqldb.Error that err is.
func fault(t testing.TB, err error) *sqldb.Error {
	t.Helper()
	var e *sqldb.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want *sqldb.Error", err)
	}
	return e
}
