// Package sqlite is the driver of SQLite databases: the SQLite library,
// translated to Go, used statement by statement at the level of its C
// interface.
//
// It uses modernc.org/sqlite/lib itself. database/sql costs an allocation a
// value and three times the time; zombiezen.com/go/sqlite is as fast, but does
// not tell the declared type of a column, two columns of one name apart, or
// whether a statement writes.
//
// Every transaction has a fresh connection of its own. What a statement may
// do is decided while it is compiled, by an authorizer: see guard.
package sqlite

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	lib "modernc.org/sqlite/lib"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Driver opens SQLite databases. It implements sqldb.Driver.
//
// A URI is SQLAlchemy's: sqlite:///relative.db, sqlite:////absolute.db,
// sqlite:// or sqlite:///:memory: for an empty database that lives as long as
// a transaction, sqlite:///file:path?mode=ro&uri=true with mode ro, rw or rwc.
// connect_args are those of Python's sqlite3.connect. A read-write connection
// creates a file that is missing, as sqlite3 does.
//
// As in Python, foreign keys are not enforced: PRAGMA foreign_keys is off.
// Double quotes are for names only: "x" is never a text.
type Driver struct{}

var _ sqldb.Driver = Driver{}

// Dialect implements sqldb.Driver.
func (Driver) Dialect() abi.Dialect { return abi.SQLite }

// Open implements sqldb.Driver.
func (Driver) Open(cfg sqldb.Config) (sqldb.DB, error) {
	s, faults := newSettings(cfg)
	if len(faults) > 0 {
		return nil, faults
	}
	return newDB(s, cfg.Access), nil
}

// db implements sqldb.DB. It keeps no connections: they are cheap to open, and
// a fresh one carries nothing over.
type db struct {
	settings *settings
	access   abi.Access
	patience time.Duration // see conn

	mu     sync.Mutex
	closed bool
	open   map[*conn]struct{}
	lost   map[*conn]struct{} // those whose engine nobody waits for
}

func newDB(s *settings, access abi.Access) *db {
	return &db{
		settings: s, access: access, patience: defaultPatience,
		open: map[*conn]struct{}{}, lost: map[*conn]struct{}{},
	}
}

// Begin implements sqldb.DB.
func (d *db) Begin(ctx context.Context, opts sqldb.TxOptions) (sqldb.Tx, error) {
	if err := sqldb.Ended(ctx); err != nil {
		return nil, err
	}
	access := min(opts.Access, d.access)
	if d.settings.mode == modeReadOnly {
		access = abi.ReadOnly
	}
	c := &conn{db: d, guard: &guard{access: access, host: true}, busy: &busy{timeout: d.settings.timeout}}
	if err := d.add(c); err != nil {
		return nil, err
	}
	batch := opts.Batch.OrDefault()
	err := c.call(ctx, func() error { return c.begin(d.settings, access, batch.Cell) })
	if err != nil {
		c.close(ctx)
		return nil, err
	}
	return &tx{c: c, batch: batch, result: opts.Result, stored: d.settings.stored}, nil
}

// add registers a connection, unless the database is closed or has too many
// that cannot be stopped.
func (d *db) add(c *conn) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return &sqldb.Error{Code: abi.State, Message: "the connection is closed"}
	case len(d.lost) >= maxLost:
		return &sqldb.Error{
			Code: abi.Limit, Message: "earlier statements of this connection cannot be interrupted and still run",
			Hint: "try again later, and search in smaller values", Retryable: true,
		}
	}
	d.open[c] = struct{}{}
	return nil
}

func (d *db) remove(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, c)
	delete(d.lost, c)
}

func (d *db) lose(c *conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lost[c] = struct{}{}
}

// Close implements sqldb.DB.
func (d *db) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	for c := range d.open {
		c.shut()
	}
	return nil
}

// Stats implements sqldb.Pooled.
func (d *db) Stats() sqldb.PoolStats {
	d.mu.Lock()
	defer d.mu.Unlock()
	return sqldb.PoolStats{Used: len(d.open)}
}

// begin opens the connection, shuts what must not be reached, makes sure that
// there is a database, and begins the transaction.
func (c *conn) begin(s *settings, access abi.Access, cell int64) error {
	missing := false
	if s.path != "" {
		info, err := os.Stat(s.path)
		missing = errors.Is(err, os.ErrNotExist)
		if err == nil && !info.Mode().IsRegular() { // a pipe would block for ever
			return &sqldb.Error{Code: abi.Conn, Message: "the database is not a file", Hint: "check the uri"}
		}
	}
	fail := func(err error) error { return cannotOpen(err, s, access == abi.ReadOnly, missing) }
	e, err := openEngine(s.target(access))
	if err != nil {
		return fail(err)
	}
	c.opened(e)
	if err := e.harden(cell); err != nil {
		return fail(err)
	}
	if err := e.hook(c.guard, c.busy); err != nil {
		return fail(err)
	}
	// The first look at the file comes before a read-write transaction, which
	// else would hold a lock, and begins a read-only one.
	first := []string{"PRAGMA temp_store=MEMORY", "PRAGMA schema_version", s.begin}
	if access == abi.ReadOnly {
		first = []string{"PRAGMA temp_store=MEMORY", "PRAGMA query_only=ON", "BEGIN DEFERRED", "PRAGMA schema_version"}
	}
	for _, sql := range first {
		if err := e.run(sql); err != nil {
			return fail(err)
		}
	}
	c.guard.host = false
	return nil
}

// target returns the file to open and how.
func (s *settings) target(access abi.Access) (path string, flags int32) {
	switch {
	case s.path == "":
		return ":memory:", lib.SQLITE_OPEN_READWRITE | lib.SQLITE_OPEN_CREATE | lib.SQLITE_OPEN_MEMORY
	case access == abi.ReadOnly:
		return s.path, lib.SQLITE_OPEN_READONLY
	case s.mode == modeReadWrite:
		return s.path, lib.SQLITE_OPEN_READWRITE
	}
	return s.path, lib.SQLITE_OPEN_READWRITE | lib.SQLITE_OPEN_CREATE
}

// run runs a statement of ours to its end, without rows.
func (e *engine) run(sql string) error {
	s, _, err := e.prepare(sql)
	if err != nil {
		return err
	}
	defer s.finalize()
	for more := true; more; {
		if more, err = s.step(); err != nil {
			return err
		}
	}
	return nil
}

// bare reports that the database has no tables, or anything else.
func (e *engine) bare() bool {
	e.guard.host = true
	defer func() { e.guard.host = false }()
	s, _, err := e.prepare("SELECT 1 FROM sqlite_schema LIMIT 1")
	if err != nil {
		return false
	}
	defer s.finalize()
	more, err := s.step()
	return err == nil && !more
}
