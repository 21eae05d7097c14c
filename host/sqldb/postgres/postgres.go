// Package postgres is the driver of PostgreSQL databases, version 12 and
// later.
//
// pgconn makes the connections: TLS and the login. From there on the package
// speaks the protocol itself, over one read buffer: a row is decoded from where
// it lies there, straight into the buffers of Arrow arrays. pgconn's own reader
// is nearly as fast, but it takes a row of any size into memory before anyone
// can look at it, and does not tell the columns before their formats are to be
// chosen.
//
// A statement goes through the extended protocol, one a call, with its
// parameters in binary. What has a decoder comes in binary, everything else as
// the server prints it. See wire, conn, tx, rows.
package postgres

import (
	"context"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Driver opens PostgreSQL databases. It implements sqldb.Driver.
//
// A URI is SQLAlchemy's: postgresql[+driver]://user[:password]@host[:port]/database,
// with a host given as an option for a Unix socket. Options and connect_args are
// psycopg2's. Nothing is taken from the environment, from ~/.pgpass or from a
// service file: a host and a user have to be named.
type Driver struct{}

var _ sqldb.Driver = Driver{}

// Dialect implements sqldb.Driver.
func (Driver) Dialect() abi.Dialect { return abi.Postgres }

// Open implements sqldb.Driver.
func (Driver) Open(cfg sqldb.Config) (sqldb.DB, error) {
	s, faults := newSettings(cfg)
	if len(faults) > 0 {
		return nil, faults
	}
	d, err := newDialer(s, cfg.Secrets)
	if err != nil {
		return nil, sqldb.Faults{{Field: "uri", Message: "the connection cannot be prepared", Hint: "unset PGSERVICE, or give the process a folder for temporary files"}}
	}
	return &db{
		access: cfg.Access, pool: newPool(cfg.Pool, d.dial),
		types: &types{known: map[uint32]spec{}}, plans: &plans{m: map[string]*plan{}},
	}, nil
}

// db implements sqldb.DB.
type db struct {
	access abi.Access
	pool   *pool
	types  *types
	plans  *plans
}

// Begin implements sqldb.DB. The server hears of the transaction with its
// first statement: see tx.begin.
func (d *db) Begin(ctx context.Context, opts sqldb.TxOptions) (sqldb.Tx, error) {
	if err := sqldb.Ended(ctx); err != nil {
		return nil, err
	}
	c, reused, err := d.pool.get(ctx)
	if err != nil {
		return nil, err
	}
	return &tx{db: d, c: c, reused: reused, access: min(opts.Access, d.access), single: opts.Single, batch: opts.Batch.OrDefault()}, nil
}

// Close implements sqldb.DB.
func (d *db) Close() error {
	d.pool.close()
	return nil
}

// Stats implements sqldb.Pooled.
func (d *db) Stats() sqldb.PoolStats { return d.pool.stats() }
