package server

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver of the state's own file
)

// state is the database that executions are kept in: a SQLite file for one
// process, or PostgreSQL for several that share it. It is safe for concurrent
// use.
type state struct {
	*sql.DB
	driver   riverdriver.Driver[*sql.Tx]
	postgres bool
}

// openState opens the state that a URL names: sqlite:///file.db, or
// postgresql://user@host/database. Its tables are made where they are missing.
func openState(ctx context.Context, address string) (_ *state, err error) {
	s := &state{}
	defer func() {
		if err != nil && s.DB != nil {
			_ = s.Close()
		}
	}()
	switch scheme, rest, _ := strings.Cut(address, "://"); scheme {
	case "sqlite":
		err = s.openFile(strings.TrimPrefix(rest, "/"))
	case "postgresql", "postgres":
		err = s.openPostgres(address)
	default:
		return nil, errors.New("a state can be kept in SQLite and in PostgreSQL only: write sqlite:///file.db or postgresql://user@host/database")
	}
	if err != nil {
		return nil, err
	}
	if err := s.PingContext(ctx); err != nil {
		if strings.Contains(err.Error(), "SQLITE_BUSY") {
			return nil, errors.New("the state is used by another process: several need one in PostgreSQL")
		}
		return nil, fmt.Errorf("the state cannot be opened: %s", plainCause(err))
	}
	unlock, err := s.alone(ctx)
	if err != nil {
		return nil, fmt.Errorf("the state cannot be opened: %s", plainCause(err))
	}
	defer unlock()
	migrator, err := rivermigrate.New(s.driver, nil)
	if err != nil {
		return nil, err
	}
	if _, err := migrator.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return nil, fmt.Errorf("the tables of the queue cannot be made: %w", err)
	}
	for statement := range strings.SplitSeq(schemaText, ";") {
		if _, err := s.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("the tables of executions cannot be made: %w", err)
		}
	}
	if err := s.widen(ctx, "trace", "kind", "outcome"); err != nil {
		return nil, fmt.Errorf("the tables of executions cannot be made: %w", err)
	}
	return s, nil
}

// setupLock is the advisory lock of PostgreSQL that one who makes the tables
// holds: a number of our own.
const setupLock = 0x7761736d73716c // wasmsql

// roomLock is, with a tenant, the advisory lock of PostgreSQL that one who takes
// the last places of its queue holds.
const roomLock = 0x776d7371

// alone waits until no other process makes the tables of the state.
func (s *state) alone(ctx context.Context) (unlock func(), err error) {
	if !s.postgres {
		return func() {}, nil
	}
	c, err := s.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.ExecContext(ctx, "SELECT pg_advisory_lock($1)", setupLock); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return func() {
		_, _ = c.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", setupLock)
		_ = c.Close()
	}, nil
}

// widen adds the columns that came after the tables, all of text.
func (s *state) widen(ctx context.Context, columns ...string) error {
	for _, name := range columns {
		if err := s.column(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// column adds a column to the executions, if it is not there.
func (s *state) column(ctx context.Context, name string) error {
	if s.postgres {
		_, err := s.ExecContext(ctx, "ALTER TABLE wasmsql_executions ADD COLUMN IF NOT EXISTS "+name+" TEXT NOT NULL DEFAULT ''")
		return err
	}
	var n int
	if err := s.QueryRowContext(ctx, "SELECT COUNT(*) FROM pragma_table_info('wasmsql_executions') WHERE name = ?1", name).Scan(&n); err != nil || n > 0 {
		return err
	}
	_, err := s.ExecContext(ctx, "ALTER TABLE wasmsql_executions ADD COLUMN "+name+" TEXT NOT NULL DEFAULT ''")
	return err
}

// plainCause returns the first line of an error, without what pgx tells of the
// connection: its host, user and database.
func plainCause(err error) string {
	for e := err; e != nil; e = errors.Unwrap(e) {
		err = e
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

func (s *state) openFile(name string) error {
	if name == "" {
		return errors.New("the state needs a file: sqlite:///file.db")
	}
	abs, err := filepath.Abs(name)
	if err != nil {
		return err
	}
	// One process has the file: what others have left in it, it may take over.
	pragmas := url.Values{"_pragma": {"busy_timeout(2000)", "locking_mode(EXCLUSIVE)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	if s.DB, err = sql.Open("sqlite", (&url.URL{Scheme: "file", Path: abs, RawQuery: pragmas.Encode()}).String()); err != nil {
		return err
	}
	s.SetMaxOpenConns(1) // SQLite has one writer, and River's operations would find each other busy
	s.driver = riversqlite.New(s.DB)
	return nil
}

// openPostgres opens a database of the operator's own: what its URL leaves
// out, such as the password, PG* variables may say.
func (s *state) openPostgres(address string) error {
	config, err := pgx.ParseConfig(address)
	if err != nil {
		return errors.New("the state's URL is not well formed")
	}
	s.DB = stdlib.OpenDB(*config)
	s.SetMaxOpenConns(16)
	s.SetMaxIdleConns(16) // of two, as database/sql has it, most operations would log in first
	s.SetConnMaxIdleTime(time.Minute)
	s.driver = riverdatabasesql.New(s.DB)
	s.postgres = true
	return nil
}

// q returns a statement as the database writes its parameters: $1 or ?1.
func (s *state) q(text string) string {
	if s.postgres {
		return text
	}
	return strings.ReplaceAll(text, "$", "?")
}

// schemaText makes the tables. Times are milliseconds since 1970, days are those
// of UTC since then.
const schemaText = `
CREATE TABLE IF NOT EXISTS wasmsql_executions (
	id            TEXT PRIMARY KEY,
	tenant        TEXT NOT NULL,
	task          TEXT NOT NULL,
	token         TEXT NOT NULL,
	request_key   TEXT,
	request_hash  TEXT NOT NULL,
	inputs        TEXT NOT NULL,
	status        TEXT NOT NULL,
	attempts      INTEGER NOT NULL,
	owner         TEXT NOT NULL,
	beat          BIGINT NOT NULL,
	cancel        INTEGER NOT NULL,
	accepted      BIGINT NOT NULL,
	started       BIGINT NOT NULL,
	ended         BIGINT NOT NULL,
	result        TEXT NOT NULL,
	report        TEXT NOT NULL,
	problem       TEXT NOT NULL,
	UNIQUE (tenant, request_key)
);
CREATE INDEX IF NOT EXISTS wasmsql_executions_of ON wasmsql_executions (tenant, id);
CREATE INDEX IF NOT EXISTS wasmsql_executions_alive ON wasmsql_executions (status, beat);
CREATE INDEX IF NOT EXISTS wasmsql_executions_ended ON wasmsql_executions (ended);
CREATE TABLE IF NOT EXISTS wasmsql_used (
	tenant        TEXT NOT NULL,
	day           BIGINT NOT NULL,
	used_rows     BIGINT NOT NULL,
	used_bytes    BIGINT NOT NULL,
	used_fuel     BIGINT NOT NULL,
	PRIMARY KEY (tenant, day)
)
`
