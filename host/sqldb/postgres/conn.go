package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// conn is a connection that has logged in. It does one thing at a time; only
// shut may be called beside it.
type conn struct {
	wire
	canceler *pgconn.PgConn // sends cancel requests, and nothing else
	born     time.Time
	major    int // the server's version

	status   byte // of the last ReadyForQuery: I idle, T in a transaction, E in a failed one
	params   map[string]string
	settled  map[string]string // of params: those that the login asked for
	pooled   bool              // there is a pooler in between
	restore  string            // and what sets settled again
	broken   error             // why nothing can be sent any more, or nil
	heard    bool              // an answer came that is no farewell
	cleaning bool              // an answer is still to come: of DISCARD ALL, and of a ROLLBACK before it

	patience time.Duration // given to the server after a cancel request

	mu      sync.Mutex
	running *operation // what is under way, or nil
	down    bool       // the database was closed
	tainted bool       // a cancel request was sent: one could still be on its way
}

// operation is one exchange that the end of a context interrupts.
type operation struct {
	done  chan struct{} // closed when it is over
	quiet chan struct{} // closed when its interruption is; nil without one
}

const (
	defaultPatience = 5 * time.Second
	reminder        = 100 * time.Millisecond // between cancel requests: one before the statement began has no effect
	partingTime     = 2 * time.Second        // for the end of a connection or a transaction
)

func newConn(h *pgconn.HijackedConn) (*conn, error) {
	c := &conn{born: time.Now(), params: h.ParameterStatuses, status: h.TxStatus, patience: defaultPatience}
	if m, ok := h.Conn.(*messageConn); ok {
		h.Conn = m.release()
	}
	c.conn = h.Conn
	var err error
	for _, d := range []byte(c.params["server_version"]) {
		if d < '0' || d > '9' || c.major > 999 {
			break
		}
		c.major = c.major*10 + int(d-'0')
	}
	h.Config.User, h.Config.Password = "", ""
	c.canceler, err = pgconn.Construct(h)
	return c, err
}

// required are the parameters of the session that decide what the bytes of a
// statement and of a text mean. A server reports each change of them.
var required = map[string]string{"client_encoding": "UTF8", "standard_conforming_strings": "on"}

// checkSession makes sure that the session is as it was asked for, and the
// server what target_session_attrs wants.
func (c *conn) checkSession(ctx context.Context, s *settings) error {
	c.settled = map[string]string{}
	for name := range s.session {
		if v, ok := c.params[name]; ok {
			c.settled[name] = v
		}
	}
	role := s.role
	for name, want := range required {
		if c.params[name] != want {
			return &sqldb.Error{Code: abi.Conn, Message: "the server does not set " + name + " to " + want, Hint: "a connection pooler must pass the parameters of a session on"}
		}
	}
	standby := role == "standby" || role == "read-only"
	if !standby && role != "primary" && role != "read-write" {
		return nil
	}
	var answer string
	err := c.do(ctx, func() error {
		c.query("SELECT pg_catalog.pg_is_in_recovery()")
		return c.exchange(func(kind byte, _ int) error {
			if kind != 'D' {
				return nil
			}
			b, err := c.rest()
			if len(b) > 0 {
				answer = string(b[len(b)-1:])
			}
			return err
		})
	})
	if err != nil {
		return err
	}
	if (answer == "t") != standby {
		return &sqldb.Error{Code: abi.Conn, Message: "the server is not what target_session_attrs asks for", Hint: "check the host in the uri", Retryable: true}
	}
	return nil
}

// do does fn, which alone may use the connection meanwhile. If ctx ends, the
// statement is cancelled on the server; if that takes too long, the connection
// is closed under fn. Its error says then how ctx ended.
func (c *conn) do(ctx context.Context, fn func() error) error {
	if err := sqldb.Ended(ctx); err != nil {
		return err
	}
	op := &operation{done: make(chan struct{})}
	c.mu.Lock()
	switch {
	case c.down:
		c.mu.Unlock()
		return errDown
	case c.broken != nil:
		c.mu.Unlock()
		return c.broken
	case c.tainted:
		_ = c.conn.SetDeadline(time.Time{})
	}
	c.running = op
	c.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { c.interrupt(op) })
	err := fn()
	close(op.done)
	c.mu.Lock()
	c.running = nil
	quiet := op.quiet
	c.mu.Unlock()
	stop()
	if quiet != nil {
		<-quiet
	}
	if err == nil {
		return nil
	}
	return c.outcome(ctx, err, quiet != nil)
}

// outcome is the error of an operation that failed: an interrupt is told as
// what caused it.
func (c *conn) outcome(ctx context.Context, err error, interrupted bool) error {
	var f *failure
	if fromServer := errors.As(err, &f); !fromServer {
		var ours *sqldb.Error
		if !errors.As(err, &ours) {
			c.lose(err)
		}
	} else if f.fatal() {
		c.lose(err)
	}
	c.mu.Lock()
	down := c.down
	c.mu.Unlock()
	switch e := sqldb.Ended(ctx); {
	case interrupted && e != nil:
		e.Cause = err
		return e
	case interrupted && down:
		return errDown
	}
	return describe(err)
}

// lose closes the connection, since it cannot be used any more.
func (c *conn) lose(err error) {
	if c.broken == nil {
		c.broken = &sqldb.Error{Code: abi.Conn, Message: "the connection is lost", Cause: err}
	}
	_ = c.conn.Close()
}

// interrupt cancels op on the server until it is over, and closes the
// connection when patience is.
func (c *conn) interrupt(op *operation) {
	c.mu.Lock()
	if c.running != op || op.quiet != nil {
		c.mu.Unlock()
		return
	}
	op.quiet = make(chan struct{})
	c.tainted = true
	c.mu.Unlock()
	defer close(op.quiet)
	limit := time.Now().Add(c.patience)
	_ = c.conn.SetDeadline(limit)
	ctx, cancel := context.WithDeadline(context.Background(), limit)
	defer cancel()
	go func() {
		select {
		case <-op.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	tick := time.NewTicker(reminder)
	defer tick.Stop()
	for {
		_ = c.canceler.CancelRequest(ctx)
		select {
		case <-op.done:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// shut interrupts the connection for good, when its database is closed.
func (c *conn) shut() {
	c.mu.Lock()
	c.down = true
	op := c.running
	c.mu.Unlock()
	if op != nil {
		c.interrupt(op)
	}
}

// close ends the session.
func (c *conn) close() {
	if c.broken == nil {
		c.broken = errOver
		_ = c.conn.SetDeadline(time.Now().Add(partingTime))
		c.out = c.out[:0]
		c.terminate()
		_ = c.flush()
	}
	_ = c.conn.Close()
}

// parting bounds an exchange that ends something, whatever becomes of the
// caller's context.
func parting(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), partingTime)
}

// exchange sends what was put and reads the answers up to ReadyForQuery. Each
// message that is not an error goes to each, which takes of it what it wants.
// The error is the first one, and of the server's a *failure.
func (c *conn) exchange(each func(kind byte, size int) error) error {
	if err := c.send(); err != nil {
		return err
	}
	return c.answers(each)
}

// answers reads up to ReadyForQuery.
func (c *conn) answers(each func(kind byte, size int) error) error {
	var first error
	for {
		kind, size, err := c.message()
		var f *failure
		switch {
		case errors.As(err, &f) && !f.fatal():
			if first == nil {
				first = err
			}
			continue
		case err != nil:
			return err
		case kind == 'Z':
			return first
		case first != nil:
			continue
		}
		var ours *sqldb.Error
		if err := each(kind, size); errors.As(err, &ours) {
			first = err
		} else if err != nil {
			return err
		}
	}
}

// message returns the next message that is an answer.
func (c *conn) message() (kind byte, size int, err error) {
	for aside := true; aside && err == nil; {
		if kind, size, err = c.next(); err == nil {
			aside, err = c.handle(kind, size)
		}
	}
	return kind, size, err
}

// handle does what is common to all messages: an error is returned, a COPY is
// refused, the body of ReadyForQuery is taken. What is no answer is aside:
// notices and notifications are dropped.
func (c *conn) handle(kind byte, size int) (aside bool, err error) {
	switch kind {
	case 'D', 'd':
	case 'W', 'R', 'K', 'v', 'V':
		return false, errProtocol
	case 'E', 'N':
		if size > maxSaid {
			return false, errProtocol
		}
	default:
		if size > maxOther {
			return false, errProtocol
		}
	}
	switch kind {
	case 'N', 'A', 'd', 'c':
		return true, nil
	case 'S':
		return true, c.parameter()
	case 'E':
		b, err := c.take(min(size, keptFailure))
		if err != nil {
			return false, err
		}
		return false, readFailure(append(b, 0))
	}
	c.heard = true
	switch kind {
	case 'Z':
		b, err := c.take(1)
		if err != nil || size != 1 {
			return false, errProtocol
		}
		c.status = b[0]
	case 'G': // CopyInResponse: the server takes the Sync behind the statement for data
		c.copyFail()
		c.sync()
		if err := c.flush(); err != nil {
			return false, err
		}
		return false, errCopy
	case 'H': // CopyOutResponse: its data are dropped
		return false, errCopy
	}
	return false, nil
}

var errCopy = &failure{severity: "ERROR", state: "0A000", message: "COPY to or from the client is not supported", hint: "select the rows, or insert them"}

// parameter takes a ParameterStatus. A change of what is required ends the
// connection, after the statement.
func (c *conn) parameter() error {
	b, err := c.rest()
	if err != nil {
		return err
	}
	r := body{b: b}
	name, value := r.text(), r.text()
	if r.bad {
		return errProtocol
	}
	if _, ok := c.params[name]; ok || len(c.params) < 100 {
		c.params[name] = value
	}
	return nil
}

// altered returns why the session cannot be trusted any more, or nil.
func (c *conn) altered() error {
	for name, want := range required {
		if c.params[name] != want {
			return &sqldb.Error{Code: abi.Denied, Message: "the statement changes " + name + ", and with it what the next one means", Hint: "nothing of the transaction was kept"}
		}
	}
	return nil
}

// unsettled reports whether the session is not any more what the login made it.
// A pooler may give it to another server, or lose what it was asked for when the
// session is cleaned.
func (c *conn) unsettled() bool {
	for name, v := range c.settled {
		if c.params[name] != v {
			return true
		}
	}
	return false
}

// send sends what was put, and reads the answers to what ended the last
// transaction and cleaned the session after it, which nobody has waited for. If
// that failed the connection is lost: whatever was sent now is not answered.
func (c *conn) send() error {
	if err := c.flush(); err != nil || !c.cleaning {
		return err
	}
	c.cleaning = false
	err := c.answers(func(byte, int) error { return nil })
	c.heard = false
	if err != nil || c.status != 'I' || c.altered() != nil || c.unsettled() {
		return fmt.Errorf("the session could not be cleaned: %w", errors.Join(errProtocol, unwrapped(err)))
	}
	return nil
}

// unwrapped is an error as a text: nothing of it is to be found by errors.As.
func unwrapped(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(err.Error())
}
