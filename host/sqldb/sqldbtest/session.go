package sqldbtest

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Open opens the database of a URI, with the rest of its configuration. It is
// closed with the test.
func Open(t testing.TB, driver sqldb.Driver, uri string, cfg sqldb.Config) sqldb.DB {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	cfg.URI = u
	d, err := driver.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// Begin begins a transaction that ends with the test.
func Begin(t testing.TB, d sqldb.DB, opts sqldb.TxOptions) sqldb.Tx {
	t.Helper()
	tx, err := d.Begin(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

// Query returns the schema and the batches of a statement.
func Query(t testing.TB, tx sqldb.Tx, sql string, params ...abi.Value) (*arrow.Schema, []arrow.Record, error) {
	t.Helper()
	rows, err := tx.Query(t.Context(), sql, params)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = rows.Close() }()
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

// One returns the schema and the only batch of a statement.
func One(t testing.TB, tx sqldb.Tx, sql string, params ...abi.Value) (*arrow.Schema, arrow.Record) {
	t.Helper()
	schema, recs, err := Query(t, tx, sql, params...)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if len(recs) != 1 {
		t.Fatalf("%s: %d batches", sql, len(recs))
	}
	return schema, recs[0]
}

// Fault returns the *sqldb.Error that err is.
func Fault(t testing.TB, err error) *sqldb.Error {
	t.Helper()
	var e *sqldb.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want *sqldb.Error", err)
	}
	return e
}
