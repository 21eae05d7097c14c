package mysql

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// tx implements sqldb.Tx on a connection of its own, which is closed with it.
type tx struct {
	c      *conn
	access abi.Access
	batch  sqldb.Batch
	rows   *rows              // the open cursor, or nil
	stored bool               // as settings have it
	result []abi.OutputColumn // that the task declares
	single bool               // there is one statement
	ran    bool               // it has come
	over   error              // why no statement can follow, or nil
	gone   bool               // the connection was given away

	changed bool // a statement has changed something, or may have
	partly  bool // what ran until some statement is committed
	defined bool // by DDL, after which the transaction went on
	plain   bool // there were only statements that leave nothing behind which a reset keeps
	lingers bool // a lock may be held that others see, until the session is over
}

var errOver = &sqldb.Error{Code: abi.State, Message: "the transaction is over"}

// begin starts a transaction. One that may write gets its savepoint at once: see
// watchOver.
func (c *conn) begin(access abi.Access) error {
	c.mark = ""
	o, err := c.tell(beginning(access))
	if err == nil && access == abi.ReadWrite {
		o, err = c.tell(c.marking())
	}
	if err != nil {
		return err
	}
	return c.begun(o, access)
}

// beginning returns the statement that starts a transaction.
func beginning(access abi.Access) string {
	if access == abi.ReadOnly {
		return "START TRANSACTION READ ONLY"
	}
	return "START TRANSACTION"
}

// marking returns the statement that makes a savepoint whose name nobody knows:
// it is there as long as the transaction is this one. The server tells whether
// there is a transaction after each statement, but not that a procedure has
// committed and begun another.
func (c *conn) marking() string {
	c.mark = secretName()
	return "SAVEPOINT " + c.mark
}

// begun holds what the last of them came to against what it has to be.
func (c *conn) begun(o outcome, access abi.Access) error {
	if !held(o.status, access) {
		c.broken = true
		return errNoStatus
	}
	return nil
}

// errNoStatus is returned for a server that does not tell of the transaction.
var errNoStatus = errors.New("the server does not tell the state of the transaction")

// held reports whether the status is that of the transaction of begin.
func held(s status, access abi.Access) bool {
	want := inTransaction
	if access == abi.ReadOnly {
		want |= inReadOnly
	}
	return s&want == want && s&autocommits == 0
}

// secretName returns a name for a savepoint that nobody knows.
func secretName() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it never fails
	return "w" + hex.EncodeToString(b[:])
}

// watchOver makes a savepoint, if there is none, before a statement that might
// commit and begin another transaction. Only a transaction that reads comes
// without: nearly none of its statements might, and what runs between two
// statements of one that writes changes what ROW_COUNT() says.
func (c *conn) watchOver(v verb) error {
	if c.mark != "" || v == reads || v == writes {
		return nil
	}
	return c.run(c.marking())
}

// same reports whether the transaction is still the one that begin started.
// Without a savepoint nothing has run that could have begun another: then the
// status tells.
func (c *conn) same(access abi.Access) (bool, error) {
	const noSavepoint = 1305 // ER_SP_DOES_NOT_EXIST
	if c.mark == "" {
		o, err := c.tell("DO 0")
		return held(o.status, access), err
	}
	err := c.run("RELEASE SAVEPOINT " + c.mark)
	var told *serverError
	if errors.As(err, &told) && told.number == noSavepoint {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, c.run("SAVEPOINT " + c.mark)
}

// ready returns why a statement cannot run now, or nil.
func (t *tx) ready(sql string, params []abi.Value) error {
	switch {
	case t.over != nil:
		return t.over
	case t.rows != nil:
		return &sqldb.Error{Code: abi.State, Message: "a cursor is open", Hint: "read it to its end, or close it, before the next statement"}
	}
	if t.single && t.ran {
		return &sqldb.Error{Code: abi.State, Message: "the transaction has one statement, and this is another"}
	}
	if i := strings.IndexByte(sql, 0); i >= 0 {
		return &sqldb.Error{
			Code: abi.InvalidArg, Message: "the statement holds a NUL character",
			Position: utf8.RuneCountInString(sql[:i]) + 1,
		}
	}
	switch v := verbOf(sql); {
	case v == nothing:
		return &sqldb.Error{Code: abi.InvalidArg, Message: "the statement is empty"}
	case v == controls:
		return &sqldb.Error{Code: abi.Denied, Message: "what begins or ends a transaction is refused", Hint: "an execution is always one transaction"}
	case v == other && t.access == abi.ReadOnly:
		// A procedure, or what is prepared, may begin a transaction that writes.
		return &sqldb.Error{Code: abi.Denied, Message: "the statement may do more than read", Hint: "the connection needs access: read-write"}
	}
	return countable(sql, params)
}

// Query implements sqldb.Tx.
func (t *tx) Query(ctx context.Context, sql string, params []abi.Value) (sqldb.Rows, error) {
	if err := t.ready(sql, params); err != nil {
		return nil, err
	}
	r := &rows{tx: t, sql: sql, verb: t.verb(sql)}
	err := t.c.call(ctx, func() error {
		p, err := t.c.first(r, params)
		if err == nil {
			if err = r.open(p); err == nil && p.columns == nil {
				err = r.end(p.done)
			}
		}
		if err != nil {
			return t.failed(err, sql, r.verb)
		}
		return nil
	})
	if err != nil {
		t.spoil()
		return nil, err
	}
	if !r.eof {
		t.rows = r
	}
	return r, nil
}

// first starts the statement of a cursor.
func (c *conn) first(r *rows, params []abi.Value) (reply, error) {
	if r.verb == reads {
		t := r.tx
		return c.startRead(r.sql, params, t.single && t.access == abi.ReadOnly && c.db.access == abi.ReadOnly)
	}
	return c.start(r.sql, params, func(int) error { return c.watchOver(r.verb) })
}

// Exec implements sqldb.Tx.
func (t *tx) Exec(ctx context.Context, sql string, params []abi.Value, discard bool) (int64, error) {
	if err := t.ready(sql, params); err != nil {
		return 0, err
	}
	r := &rows{tx: t, sql: sql, verb: t.verb(sql)}
	err := t.c.call(ctx, func() error {
		err := t.exec(r, params, discard)
		if err != nil {
			return t.failed(err, sql, r.verb)
		}
		return nil
	})
	if err != nil {
		t.spoil()
		return 0, err
	}
	return r.changed, nil
}

var errReturnsRows = &sqldb.Error{
	Code: abi.State, Message: "the statement returns rows, but none are asked for",
	Hint: "declare outputs, or leave its RETURNING or SELECT out",
}

// exec runs a statement to its end. A server tells that one with RETURNING has
// rows only after it has run: if they are not wanted it is undone.
func (t *tx) exec(r *rows, params []abi.Value, discard bool) error {
	guard := ""
	p, err := t.c.start(r.sql, params, func(columns int) error {
		if columns > 0 && !discard {
			return errReturnsRows
		}
		if r.verb == writes && !discard && holds(r.sql, "returning") {
			guard = secretName()
			return t.c.run("SAVEPOINT " + guard)
		}
		return t.c.watchOver(r.verb)
	})
	if err != nil {
		return err
	}
	o, dropped := p.done, p.columns != nil
	if dropped {
		r.columns = make([]column, len(p.columns))
		if o, r.row, err = t.c.skip(); err != nil {
			return err
		}
	}
	o, more, err := t.c.rest(o)
	if err != nil {
		return err
	}
	if err := r.settle(o); err != nil {
		return err
	}
	if (dropped || more) && !discard {
		if guard != "" {
			if err := t.c.run("ROLLBACK TO SAVEPOINT " + guard); err != nil {
				return err
			}
		}
		return errReturnsRows
	}
	return nil
}

// holds reports whether a word, in lower case, is somewhere in sql.
func holds(sql, word string) bool {
	for i := 0; i+len(word) <= len(sql); i++ {
		if sql[i]|0x20 == word[0] && strings.EqualFold(sql[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// after holds the transaction against the status that a statement left. DDL
// commits by itself, and all that ran before: as with SQLAlchemy the task goes
// on in a transaction of its own. Anything else that ends the transaction ends
// the execution.
func (t *tx) after(o outcome, v verb) error {
	if held(o.status, t.access) {
		if v == reads || v == writes {
			return nil
		}
		same, err := t.c.same(t.access)
		if same || err != nil {
			return err
		}
	}
	return t.lost(v)
}

// lost deals with a transaction that is not the host's any more.
func (t *tx) lost(v verb) error {
	if v == redefines && t.access == abi.ReadWrite {
		t.partly, t.defined = true, true
		return t.c.begin(t.access)
	}
	t.partly = true
	t.over = &sqldb.Error{
		Code: abi.State, Message: "the statement ended the transaction",
		Hint: "what ran until then may be committed; leave COMMIT and the like to the host, also in procedures",
	}
	return t.over
}

// failed describes the error of a statement, and finds out what became of the
// transaction.
func (t *tx) failed(err error, sql string, v verb) error {
	t.plain = false
	out := describe(err, sql)
	if t.c.broken || t.c.owed { // the end of the transaction was sent with its statement
		t.c.late = t.c.timedOut(err)
		t.over = errOver
		return out
	}
	var told *serverError
	if !errors.As(err, &told) || t.over != nil || t.c.busy {
		return t.retriable(out)
	}
	kept, merr := false, error(nil)
	if out.Retryable && t.changed {
		kept, merr = t.c.kept()
	}
	same := false
	if merr == nil {
		same, merr = t.c.same(t.access)
	}
	switch {
	case merr != nil:
		t.over = errOver
	case !same && (v == reads || v == writes): // a deadlock rolls back
		t.over = &sqldb.Error{Code: abi.State, Message: "the transaction was rolled back by a statement", Hint: "nothing of it was kept"}
		t.partly, t.changed = t.partly || kept, false
	case !same:
		if lerr := t.lost(v); lerr != nil && t.over == nil {
			t.over = errOver
		}
	}
	return t.retriable(out)
}

// kept reports whether the server warns that it could not undo changes, which
// stay in tables without transactions.
func (c *conn) kept() (bool, error) {
	const notRolledBack = "1196" // ER_WARNING_NOT_COMPLETE_ROLLBACK
	rows, err := c.texts("SHOW WARNINGS", 3)
	for i := 1; i < len(rows); i += 3 {
		if rows[i] == notRolledBack {
			return true, err
		}
	}
	return false, err
}

// verb looks at the statement, and remembers what it may leave behind.
func (t *tx) verb(sql string) verb {
	v := verbOf(sql)
	t.ran = true
	t.plain = t.plain && (v == reads || v == writes)
	t.lingers = t.lingers || v == other || holds(sql, "get_lock")
	return v
}

// retriable takes back that an error is safe to retry, if something of the
// transaction cannot be undone, or might not be: a statement before it may have
// changed a table without transactions.
func (t *tx) retriable(out *sqldb.Error) *sqldb.Error {
	if out.Retryable && (t.partly || t.changed) {
		out.Retryable = false
	}
	return out
}

// spoil ends the transaction if its connection can do no more.
func (t *tx) spoil() {
	if t.over == nil && (t.c.broken || t.c.busy || t.c.killed) {
		t.over = errOver
	}
}

// abandon ends the rest of a statement whose cursor is closed early.
func (t *tx) abandon(r *rows) error {
	c := t.c
	if c.busy && !c.broken {
		o, err := c.calm(r.verb == reads)
		if err == nil && r.verb != reads {
			err = t.after(o, r.verb)
		}
		if err != nil && t.over == nil {
			t.over = errOver
		}
	}
	t.spoil()
	return nil
}
