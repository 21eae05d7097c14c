package hostcall

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/policy"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Options are what an Execution is given.
type Options struct {
	Config      []byte       // an encoded abi.Config
	Configure   bool         // the call is configure: there is no input yet
	Input       []byte       // an encoded abi.Input
	Connections []Connection // the granted ones, the task's own first
	Output      Output       // nil: the task returns no rows
	Limits      Limits
	Seed        [32]byte  // of the guest's random numbers
	Now         time.Time // the logical time
	// DryRun records statements instead of sending them.
	DryRun bool
	// Blocking runs f, which waits for something outside of the guest.
	Blocking func(ctx context.Context, f func()) error
	// Log takes a line of the guest, of at most Limits.Log bytes in all.
	Log func(level abi.Level, text string)
}

// Connection is a connection that the guest was granted.
type Connection struct {
	Name    string
	Dialect abi.Dialect
	Access  abi.Access
	// Begin starts the execution's transaction on it, of one statement if single.
	Begin func(ctx context.Context, single bool) (sqldb.Tx, error)
}

// Output takes the result of an execution. Its errors are *Error.
type Output interface {
	// Cursor takes all rows of a cursor and returns how many they were.
	Cursor(ctx context.Context, rows sqldb.Rows) (int64, error)
	// Write takes a piece of an Arrow IPC stream. It keeps nothing of p.
	Write(ctx context.Context, p []byte) error
}

// Limits bound what a guest may ask for. Zero is no limit.
type Limits struct {
	HostCalls      int64
	Statement      int64 // bytes of SQL text
	Parameters     int64 // bytes of one statement's parameters
	ParameterCount int64 // parameters of one statement
	Log            int64 // bytes
	Cursors        int64 // open at a time
}

// Used is what an execution has used.
type Used struct {
	HostCalls    int64
	Statements   int
	RowsAffected int64
	LogDropped   int64
	Time         time.Duration // in host calls
	Query        time.Duration // of it, in the database
}

// Statement is one that a guest asked for in a dry run.
type Statement struct {
	Connection Connection
	abi.QueryRequest
	Returns bool
}

// Execution is the host's side of one run of a guest.
type Execution struct {
	Used       Used
	Statements []Statement // of a dry run

	o       Options
	txs     []openTx
	ended   []string          // connections whose last statement has come
	cursors map[int64]*cursor // nil until there is one
	handles int64
	output  outputKind
	now     call  // the one that is being made
	fault   Error // see fails
	last    *Error
	final   *Error
	failure []byte
	late    int  // calls since final
	failing bool // the last call that did something has failed
	logged  int64
	lines   int64     // of the log
	kept    int64     // bytes of Statements
	hash    hash.Hash // of the statements; nil: there was none
	wasi    wasiState
}

type openTx struct {
	name   string
	tx     sqldb.Tx
	access abi.Access
}

// Partial is the error of a commit that failed when another connection of the
// execution was committed already.
type Partial struct {
	Connection string   // whose commit failed
	Committed  []string // those before it, of the ones that may write
	Err        error    // from sqldb
}

// Error returns what failed.
func (p *Partial) Error() string { return p.Err.Error() }

// Unwrap returns the error of the commit.
func (p *Partial) Unwrap() error { return p.Err }

// New returns the Execution for one call of a guest's export.
func New(o Options) *Execution {
	x := &Execution{o: o}
	x.wasi.init(o.Seed, o.Now)
	return x
}

type contextKey struct{}

// Context returns a context by which the host functions find x.
func (x *Execution) Context(ctx context.Context) context.Context {
	return context.WithValue(ctx, contextKey{}, x)
}

// FromContext returns the Execution that Context put there.
func FromContext(ctx context.Context) *Execution {
	return ctx.Value(contextKey{}).(*Execution)
}

// Err returns why the execution cannot succeed, with what the guest said of
// its own failure: the final error if there is one; else, when the guest
// failed, the error of its last host call, if that was why. Both may be empty.
func (x *Execution) Err() (e *Error, failure string) {
	failure = strings.ToValidUTF8(string(x.failure), "\uFFFD")
	if x.final != nil {
		return x.final, failure
	}
	if x.failing {
		return x.last, failure
	}
	return nil, failure
}

// SQLHash returns the SHA-256 of the statements' texts, each followed by a
// zero byte.
func (x *Execution) SQLHash() []byte {
	if x.hash == nil {
		none := sha256.Sum256(nil)
		return none[:]
	}
	return x.hash.Sum(nil)
}

// Commit closes what is open and commits: first the connections that only
// read, so that they cannot fail when something is committed, then those that
// write, each in the order in which they were first used. Its error is from
// sqldb, or a *Partial.
func (x *Execution) Commit(ctx context.Context) error {
	x.closeCursors()
	slices.SortStableFunc(x.txs, func(a, b openTx) int { return int(a.access) - int(b.access) })
	var committed []string
	for len(x.txs) > 0 {
		t := x.txs[0]
		err := t.tx.Commit(ctx)
		if err != nil && len(committed) > 0 {
			return &Partial{Connection: t.name, Committed: committed, Err: err}
		}
		if err != nil {
			return err
		}
		if t.access == abi.ReadWrite {
			committed = append(committed, t.name)
		}
		x.txs = x.txs[1:]
		_ = t.tx.Rollback(ctx) // returns the connection
	}
	return nil
}

// Rollback closes what is open and undoes what was not committed, within a time
// of its own, whether ctx has ended or not. It is idempotent.
func (x *Execution) Rollback(ctx context.Context, within time.Duration) error {
	x.closeCursors()
	if len(x.txs) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), within)
	defer cancel()
	var err error
	for _, t := range x.txs {
		err = errors.Join(err, t.tx.Rollback(ctx))
	}
	x.txs = nil
	return err
}

func (x *Execution) closeCursors() {
	for h, c := range x.cursors {
		c.close()
		delete(x.cursors, h)
	}
}

// lastCalls is how many host calls a guest has to end by itself, once its
// execution cannot succeed any more. Then it is stopped.
const lastCalls = 16

// count charges a host call.
func (x *Execution) count(ctx context.Context) error {
	x.Used.HostCalls++
	if x.final != nil {
		if x.late++; x.late > lastCalls {
			panic(x.final)
		}
		return x.final
	}
	if ctx.Err() != nil {
		return ended(ctx)
	}
	if l := x.o.Limits.HostCalls; l > 0 && x.Used.HostCalls > l {
		return errLimit("host_calls", fmt.Sprintf("the guest has made %d host calls, the limit is %d", x.Used.HostCalls, l))
	}
	return nil
}

// failed keeps an error for error_read and returns its errno.
func (x *Execution) failed(err error) abi.Errno {
	e := Classify(err)
	x.last, x.failing = e, true
	if e.Final && x.final == nil {
		x.final = e
	}
	return e.Guest.Code
}

// Classify makes an Error of what a driver or the policy returned.
func Classify(err error) *Error {
	if e, ok := err.(*Error); ok {
		return e
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	var db *sqldb.Error
	if errors.As(err, &db) {
		return &Error{
			Guest: abi.Error{Code: db.Code, SQLState: db.SQLState, Message: db.Message, Detail: db.Detail,
				Hint: db.Hint, Position: int32(db.Position), Retryable: db.SafeToRetry()},
			Final: db.Code == abi.Limit || db.Code == abi.Timeout || db.Code == abi.Canceled,
			Cause: err,
		}
	}
	var denied *policy.Denied
	if errors.As(err, &denied) {
		return &Error{Guest: abi.Error{Code: abi.Denied, Message: denied.Message, Hint: denied.Hint, Position: int32(denied.Position)}, Cause: err}
	}
	e = &Error{Guest: abi.Error{Code: abi.Internal, Message: "the host failed"}, Final: true, Cause: err}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		e.Guest = abi.Error{Code: abi.Timeout, Message: "the deadline of the execution has passed"}
	case errors.Is(err, context.Canceled):
		e.Guest = abi.Error{Code: abi.Canceled, Message: "the execution was cancelled"}
	}
	return e
}

// block runs f while the guest waits, and adds its time to *sum.
func (x *Execution) block(ctx context.Context, sum *time.Duration, f func()) error {
	start := time.Now()
	err := x.o.Blocking(ctx, f)
	*sum += time.Since(start)
	if err != nil {
		return ended(ctx)
	}
	return nil
}

// tx returns the transaction on a connection, begun on first use. One that is
// begun for the last statement on the connection has that one alone.
func (x *Execution) tx(ctx context.Context, c Connection, last bool) (sqldb.Tx, error) {
	for _, t := range x.txs {
		if t.name == c.Name {
			return t.tx, nil
		}
	}
	tx, err := c.Begin(ctx, last)
	if err != nil {
		return nil, err
	}
	x.txs = append(x.txs, openTx{c.Name, tx, c.Access})
	return tx, nil
}
