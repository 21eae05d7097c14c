package postgres

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// tx implements sqldb.Tx on a connection of its own.
type tx struct {
	db     *db
	c      *conn // nil after the transaction was ended
	reused bool  // the connection had a transaction before
	access abi.Access
	single bool // there is one statement
	batch  sqldb.Batch

	begun    bool  // the server knows of the transaction
	ended    bool  // and was told, behind the statement, to end it
	writable bool  // a read-only transaction is not any more
	cut      bool  // a cursor was closed before its end, and its statement cancelled
	rows     *rows // the open cursor, or nil
	over     error // why no statement can follow, or nil
}

// ready returns why a statement cannot run now, or nil.
func (t *tx) ready(sql string) error {
	switch {
	case t.over != nil:
		return t.over
	case t.rows != nil:
		return &sqldb.Error{Code: abi.State, Message: "a cursor is open", Hint: "read it to its end, or close it, before the next statement"}
	case t.single && t.begun:
		return &sqldb.Error{Code: abi.State, Message: "the transaction has one statement, and this is another"}
	case t.cut:
		return &sqldb.Error{Code: abi.State, Message: "a cursor was closed long before its end, and the transaction with it", Hint: "read it to its end, or select fewer rows with LIMIT"}
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return &sqldb.Error{
			Code: abi.InvalidArg, Message: "the statement holds a NUL character",
			Position: utf8.RuneCountInString(sql[:i]) + 1,
		}
	}
	if !utf8.ValidString(sql) {
		return &sqldb.Error{Code: abi.InvalidArg, Message: "the statement is not valid UTF-8"}
	}
	return checkControl(sql)
}

// Query implements sqldb.Tx. It returns when the first row is there, or the
// end.
func (t *tx) Query(ctx context.Context, sql string, params []abi.Value) (sqldb.Rows, error) {
	if err := t.ready(sql); err != nil {
		return nil, err
	}
	b, err := bindParams(sql, params)
	if err != nil {
		return nil, err
	}
	var r *rows
	err = t.do(ctx, func() (err error) {
		r, err = t.start(sql, b, nil)
		return err
	})
	if err != nil {
		return nil, t.failed(err)
	}
	if !r.eof {
		t.rows = r
	} else if err := t.check(); err != nil {
		return nil, err
	}
	return r, nil
}

// Exec implements sqldb.Tx.
func (t *tx) Exec(ctx context.Context, sql string, params []abi.Value, discard bool) (int64, error) {
	if err := t.ready(sql); err != nil {
		return 0, err
	}
	b, err := bindParams(sql, params)
	if err != nil {
		return 0, err
	}
	var r *rows
	err = t.do(ctx, func() (err error) {
		r, err = t.start(sql, b, func(p *plan) error {
			if p.rows && !discard {
				return &sqldb.Error{
					Code: abi.State, Message: "the statement returns rows, but none are asked for",
					Hint: "declare outputs, or leave its RETURNING or SELECT out",
				}
			}
			return nil
		})
		if err == nil {
			err = r.exhaust()
		}
		return err
	})
	if err != nil {
		return 0, t.failed(err)
	}
	return r.changed, t.check()
}

// do does fn on the connection. If a connection that was used before turns out
// to be gone before the server answered anything but that, fn is done once more
// on a new one.
func (t *tx) do(ctx context.Context, fn func() error) error {
	t.c.heard = false
	err := t.c.do(ctx, fn)
	if err == nil || t.begun || !t.reused || t.c.broken == nil || t.c.heard || sqldb.Ended(ctx) != nil {
		return err
	}
	if err := t.renew(ctx); err != nil {
		return err
	}
	return t.c.do(ctx, fn)
}

// renew takes a new connection for a transaction that has not begun.
func (t *tx) renew(ctx context.Context) error {
	t.reused, t.ended = false, false
	t.db.pool.forget(t.c)
	c, err := t.db.pool.fresh(ctx)
	if err == nil {
		t.c = c
	}
	return err
}

// failed is the error of a statement; the transaction may have gone with it.
func (t *tx) failed(err error) error {
	if lost := t.check(); lost != nil {
		t.over = lost
	}
	return err
}

// check makes sure after a statement that the transaction is still there and
// the session what it was. It is the second line: see checkControl.
func (t *tx) check() error {
	switch {
	case t.over != nil:
		return t.over
	case t.c.broken != nil:
		t.over = errOver
		return nil
	case t.begun && t.c.status != 'T' && t.c.status != 'E':
		t.over = &sqldb.Error{Code: abi.Denied, Message: "the statement ended the transaction", Hint: "an execution is always one transaction"}
	case t.writable:
		t.over = &sqldb.Error{Code: abi.Denied, Message: "the statement makes a read-only transaction writable", Hint: "nothing of the transaction was kept"}
	default:
		t.over = t.c.altered()
	}
	if t.over != nil {
		t.c.lose(t.over)
	}
	return t.over
}

// Commit implements sqldb.Tx. A read-only transaction is rolled back: there is
// nothing to commit, unless a statement got around what makes it read-only, or
// sends a NOTIFY.
func (t *tx) Commit(ctx context.Context) error {
	switch {
	case t.over != nil:
		return t.over
	case t.rows != nil:
		return &sqldb.Error{Code: abi.State, Message: "a cursor is open", Hint: "close it before the commit"}
	case !t.begun:
		t.leave()
		return nil
	case t.access == abi.ReadOnly && (t.cut || t.c.status == 'T'):
		return t.unwritten(ctx)
	case t.c.status != 'T':
		_ = t.Rollback(ctx)
		return &sqldb.Error{Code: abi.State, Message: "the transaction cannot be committed, since a statement of it failed", Hint: "nothing of it was kept"}
	}
	tag := ""
	sent := false
	err := t.c.do(ctx, func() error {
		sent = true
		return t.c.endBy("COMMIT", &tag)
	})
	switch {
	case err != nil:
		err = t.uncommitted(err, sent)
	case tag != "COMMIT":
		err = &sqldb.Error{Code: abi.State, Message: "the server rolled the transaction back", Hint: "nothing of it was kept"}
	}
	t.leave()
	return err
}

// unwritten ends a transaction that cannot have written anything. Nothing can
// come of it, so that nobody waits: the answers are read before the connection
// is used again.
func (t *tx) unwritten(ctx context.Context) error {
	if t.cut || t.c.isTainted() {
		return t.Rollback(ctx)
	}
	var err error
	if !t.ended {
		t.ended = true
		err = t.c.do(ctx, func() error {
			t.c.end()
			return t.c.flush()
		})
	}
	t.leave()
	return err
}

// uncommitted adds to the error of a commit whether its outcome is known. It
// is if the server said no; if it said nothing, it may have committed.
func (t *tx) uncommitted(err error, sent bool) error {
	var out *sqldb.Error
	if !errors.As(err, &out) {
		return err
	}
	var f *failure
	if said := errors.As(out.Cause, &f) && !f.fatal(); sent && !said {
		copied := *out
		copied.Unknown, copied.Retryable = true, false
		return &copied
	}
	return out
}

// Rollback implements sqldb.Tx.
func (t *tx) Rollback(ctx context.Context) error {
	t.over = errOver
	if t.c == nil {
		return nil
	}
	ctx, cancel := parting(ctx)
	defer cancel()
	if t.rows != nil {
		t.rows.abandon(0)
	}
	var err error
	switch {
	case !t.begun || t.c.broken != nil || t.ended && !t.c.isTainted():
	case t.ended: // a cancel request may have hit it
		err = t.c.do(ctx, func() error { return t.c.answers(func(byte, int) error { return nil }) })
	default:
		tag := ""
		err = t.c.do(ctx, func() error { return t.c.endBy("ROLLBACK", &tag) })
	}
	if err != nil {
		t.c.close()
	}
	t.leave()
	return nil
}

// end puts the end of a transaction that nothing can come of, and what makes the
// session as it was after its login.
func (c *conn) end() {
	c.once("ROLLBACK")
	c.clean()
	c.sync()
}

// endBy ends the transaction by a statement of ours. What the session had is
// discarded in the same breath, which makes it as it was after its login; the
// answer to that is read before the connection is used again.
func (c *conn) endBy(sql string, tag *string) error {
	clean := !c.isTainted()
	if clean && c.pooled {
		return c.endPooled(sql, tag)
	}
	c.query(sql)
	if clean {
		c.query("DISCARD ALL")
	}
	err := c.exchange(func(kind byte, _ int) error {
		if kind != 'C' {
			return nil
		}
		b, err := c.rest()
		*tag = strings.TrimSuffix(string(b), "\x00")
		return err
	})
	var f *failure
	c.cleaning = clean && (err == nil || errors.As(err, &f) && !f.fatal())
	return err
}

func (c *conn) isTainted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tainted
}

// leave gives the connection back.
func (t *tx) leave() {
	t.over = errOver
	c := t.c
	t.c = nil
	if t.ended {
		c.cleaning = true
	}
	if c.broken == nil && t.begun && !c.cleaning {
		c.close()
	}
	t.db.pool.put(c)
}

// drainTime is how long the rest of a cursor's rows is read when it is closed:
// after that its statement is cancelled, and the transaction with it.
const drainTime = 200 * time.Millisecond
