package sqlite

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	lib "modernc.org/sqlite/lib"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// tx implements sqldb.Tx on a connection of its own.
type tx struct {
	c      *conn
	batch  sqldb.Batch
	result []abi.OutputColumn // that the task declares
	stored bool               // as settings have it
	rows   *rows              // the open cursor, or nil
	over   error              // why no statement can follow, or nil
}

var errOver = &sqldb.Error{Code: abi.State, Message: "the transaction is over"}

// ready returns why a statement cannot run now, or nil.
func (t *tx) ready(sql string) error {
	switch {
	case t.over != nil:
		return t.over
	case t.rows != nil:
		return &sqldb.Error{Code: abi.State, Message: "a cursor is open", Hint: "read it to its end, or close it, before the next statement"}
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return &sqldb.Error{
			Code: abi.InvalidArg, Message: "the statement holds a NUL character",
			Position: utf8.RuneCountInString(sql[:i]) + 1,
		}
	}
	return nil
}

// Query implements sqldb.Tx. The rows of the first batch are read at once.
func (t *tx) Query(ctx context.Context, sql string, params []abi.Value) (sqldb.Rows, error) {
	if err := t.ready(sql); err != nil {
		return nil, err
	}
	r := &rows{tx: t, batch: t.batch, sql: sql}
	err := t.c.call(ctx, func() error {
		s, err := t.c.prepare(sql, params)
		if err != nil {
			return err
		}
		return r.open(s)
	})
	if err != nil {
		r.drop()
		return nil, t.failed(err)
	}
	if !r.eof {
		t.rows = r
	} else if err := t.check(); err != nil {
		r.drop()
		return nil, err
	}
	return r, nil
}

// Exec implements sqldb.Tx.
func (t *tx) Exec(ctx context.Context, sql string, params []abi.Value, discard bool) (int64, error) {
	if err := t.ready(sql); err != nil {
		return 0, err
	}
	var changed int64
	err := t.c.call(ctx, func() error {
		s, err := t.c.prepare(sql, params)
		if err != nil {
			return err
		}
		defer s.finalize()
		if s.columns() > 0 && !discard {
			return &sqldb.Error{
				Code: abi.State, Message: "the statement returns rows, but none are asked for",
				Hint: "declare outputs, or leave its RETURNING or SELECT out",
			}
		}
		changed, err = t.c.exhaust(s, sql)
		return err
	})
	if err != nil {
		return 0, t.failed(err)
	}
	return changed, t.check()
}

// Commit implements sqldb.Tx.
func (t *tx) Commit(ctx context.Context) error {
	if t.over != nil {
		return t.over
	}
	if t.rows != nil {
		return &sqldb.Error{Code: abi.State, Message: "a cursor is open", Hint: "close it before the commit"}
	}
	sent := false
	err := t.c.call(ctx, func() error {
		t.c.guard.host, sent = true, true
		err := t.c.engine.run("COMMIT")
		if err != nil {
			return describe(err, nil, "")
		}
		return nil
	})
	if err != nil {
		err = t.c.uncommitted(err, sent)
	}
	t.over = errOver
	t.c.close(ctx)
	return err
}

// uncommitted adds to the error of a commit whether its outcome is known. It
// is, unless nobody waited for it or the file system failed: the library may
// then have come past the point where the commit holds.
func (c *conn) uncommitted(err error, sent bool) error {
	var out *sqldb.Error
	if !errors.As(err, &out) {
		return err
	}
	var f *failure
	if sent && (c.isLost() || errors.As(out.Cause, &f) && f.is(lib.SQLITE_IOERR)) {
		out.Unknown, out.Retryable = true, false
	}
	return out
}

// Rollback implements sqldb.Tx.
func (t *tx) Rollback(ctx context.Context) error {
	t.over = errOver
	if t.rows != nil {
		_ = t.rows.Close()
	}
	t.c.close(ctx)
	return nil
}

// failed is the error of a statement; the transaction may have gone with it.
func (t *tx) failed(err error) error {
	if lost := t.check(); lost != nil {
		t.over = lost
	}
	return err
}

// check makes sure that the transaction is still there after a statement: an
// OR ROLLBACK, RAISE(ROLLBACK), a full disk or an interrupted write end it.
func (t *tx) check() error {
	if t.c.isLost() {
		t.over = errOver
		return nil
	}
	if t.over == nil && t.c.engine.autocommit() {
		t.over = &sqldb.Error{Code: abi.State, Message: "the transaction was rolled back by a statement", Hint: "nothing of it was kept"}
		return t.over
	}
	return nil
}

// prepare compiles sql, which has to be one statement, and binds its
// parameters.
func (c *conn) prepare(sql string, params []abi.Value) (*stmt, error) {
	c.guard.refused = ""
	s, used, err := c.engine.prepare(sql)
	if err != nil {
		out := describe(err, c.guard, sql)
		switch {
		case strings.HasPrefix(out.Message, "no such table") && c.engine.bare():
			out.Hint = "the database has no tables at all: check the path in the uri"
		case strings.HasPrefix(out.Message, "no such module: fts"):
			out.Hint = "of SQLite's full-text modules only fts5 is here"
		}
		return nil, out
	}
	if s == nil {
		return nil, &sqldb.Error{Code: abi.InvalidArg, Message: "the statement is empty"}
	}
	if at, ok := trailing(sql, used); ok {
		s.finalize()
		return nil, &sqldb.Error{
			Code: abi.InvalidArg, Message: "more than one statement in one call",
			Position: utf8.RuneCountInString(sql[:at]) + 1,
		}
	}
	if err := s.bind(params); err != nil {
		s.finalize()
		return nil, describe(err, nil, sql)
	}
	return s, nil
}

// exhaust runs the statement to its end, dropping rows, and returns how many
// rows it changed.
func (c *conn) exhaust(s *stmt, sql string) (int64, error) {
	_, before := c.engine.changes()
	for more := true; more; {
		var err error
		if more, err = s.step(); err != nil {
			return 0, describe(err, c.guard, sql)
		}
	}
	last, after := c.engine.changes()
	if after == before {
		return 0, nil
	}
	return last, nil
}

// trailing finds what stands in sql from at on that is not space, comment or
// semicolon.
//
// Source: https://sqlite.org/lang_comment.html.
func trailing(sql string, at int) (int, bool) {
	for at < len(sql) {
		switch c := sql[at]; {
		case c == ' ' || c >= '\t' && c <= '\r' || c == ';':
			at++
		case strings.HasPrefix(sql[at:], "--"):
			end := strings.IndexByte(sql[at:], '\n')
			if end < 0 {
				return 0, false
			}
			at += end
		case strings.HasPrefix(sql[at:], "/*"):
			end := strings.Index(sql[at+2:], "*/")
			if end < 0 {
				return 0, false
			}
			at += 2 + end + 2
		default:
			return at, true
		}
	}
	return 0, false
}
