package mysql

import (
	"context"
	"errors"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Commit implements sqldb.Tx. A read-only transaction has nothing to commit:
// its connection is closed, which takes no round trip.
func (t *tx) Commit(ctx context.Context) error {
	if t.over != nil {
		return t.over
	}
	if t.rows != nil {
		return &sqldb.Error{Code: abi.State, Message: "a cursor is open", Hint: "close it before the commit"}
	}
	if err := sqldb.Ended(ctx); err != nil {
		return err
	}
	t.over = errOver
	c := t.c
	if t.access == abi.ReadOnly {
		t.done(ctx)
		return nil
	}
	if c.down.Load() {
		t.release()
		return errDown
	}
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Now().Add(c.db.patience)) })
	_, err := c.tell("COMMIT AND NO CHAIN NO RELEASE")
	if !stop() || err != nil {
		t.release()
	} else {
		t.done(ctx)
	}
	if err == nil {
		return nil
	}
	return t.uncommitted(ctx, err)
}

// done returns the connection of a transaction that ended well.
func (t *tx) done(ctx context.Context) {
	t.unlock(ctx)
	if t.plain && !t.partly && !t.c.broken && !t.c.busy && !t.c.killed && !t.c.spent && t.access == t.c.db.access {
		t.gone = true
		t.c.db.recycle(ctx, t.c)
	} else {
		t.release()
	}
}

// release gives the connection away to be closed, once.
func (t *tx) release() {
	if !t.gone {
		t.gone = true
		t.c.db.release(t.c)
	}
}

// unlock lets go what a session holds beyond its transaction, where that has to
// be over before the next one begins.
func (t *tx) unlock(ctx context.Context) {
	c := t.c
	if !t.lingers || c.broken || c.busy || c.killed {
		return
	}
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	defer stop()
	if c.owed {
		t.plain = t.plain && c.resetReplies() == nil
		c.owed = false
	} else if c.ask(commandReset, "") == nil {
		_, _ = c.packet(smallPacket)
	}
}

// uncommitted describes the error of a commit. Unless the server says that it
// did not commit, the outcome is not known.
func (t *tx) uncommitted(ctx context.Context, err error) error {
	out := describe(err, "")
	var told *serverError
	if errors.As(err, &told) && !vague(told.number) {
		if t.partly {
			out.Retryable = false
		}
		return out
	}
	if end := sqldb.Ended(ctx); end != nil {
		end.Cause = err
		out = end
	}
	out.Unknown, out.Retryable = true, false
	return out
}

// vague reports whether the number of a commit's error says that the server
// gave up waiting, and not that there was no commit.
func vague(number uint16) bool {
	switch number {
	case 1053, // ER_SERVER_SHUTDOWN
		1077, 1078, 1079, // ER_NORMAL_SHUTDOWN, ER_GOT_SIGNAL, ER_SHUTDOWN_COMPLETE
		1158, 1159, 1160, 1161, // ER_NET_…
		1317,       // ER_QUERY_INTERRUPTED
		1927,       // ER_CONNECTION_KILLED
		1969, 3024, // the time limit of a statement
		2006, 2013:
		return true
	}
	return false
}

var (
	errDefined = &sqldb.Error{Code: abi.State, Message: "its DDL has committed what ran until then"}
	errKept    = &sqldb.Error{Code: abi.State, Message: "what it changed in tables without transactions is kept"}
)

// Rollback implements sqldb.Tx. When it returns, no statement of the
// transaction runs any more and its locks are gone, if the server still answers.
func (t *tx) Rollback(ctx context.Context) error {
	if t.over == nil {
		t.over = errOver
	}
	c := t.c
	if t.gone { // another transaction may have the connection
		return nil
	}
	if t.rows != nil {
		_ = t.rows.Close()
	}
	if c.busy && !c.broken {
		_, _ = c.calm(true)
	}
	kept := false
	if t.access == abi.ReadWrite && !c.broken {
		kept = c.rollBack(ctx)
	}
	t.unlock(ctx)
	t.release()
	switch {
	case t.defined:
		return errDefined
	case kept:
		return errKept
	}
	return nil
}

// rollBack undoes the transaction, and reports whether the server says that it
// could not undo everything.
func (c *conn) rollBack(ctx context.Context) (kept bool) {
	stop := context.AfterFunc(ctx, func() { c.stopAt(time.Unix(1, 0)) })
	defer stop()
	c.stopAt(time.Now().Add(c.db.patience))
	o, err := c.tell("ROLLBACK")
	var told *serverError
	if errors.As(err, &told) {
		o, err = c.tell("ROLLBACK") // a KILL that came late hit the first
	}
	if err == nil && o.warnings > 0 {
		kept, _ = c.kept()
	}
	return kept
}
