package host

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
	"github.com/wasmsql/wasmsql/host/internal/sandbox"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// failure makes the error of a guest's call that did not succeed: it ended
// with err, or returned a status. x may be nil when there was none yet.
// Its error is an *Error or Errors.
func (p *Program) failure(ctx context.Context, x *hostcall.Execution, status int32, err error) error {
	var final, last *hostcall.Error
	said := abi.Failures{{}}
	if x != nil {
		var text string
		last, text = x.Err()
		said = abi.ParseFailures(hostcall.Printable(text))
		if last != nil && last.Final {
			final = last
		}
	}
	if final == nil {
		errors.As(err, &final) // what a host function panicked with
	}
	switch {
	case final != nil:
		return p.hostcallError(ctx, final, said[0])
	case ctx.Err() != nil:
		return p.ended(ctx)
	case err != nil:
		return p.trapped(ctx, err, said[0])
	case last != nil:
		return p.hostcallError(ctx, last, said[0])
	case len(said) > 1:
		all := make(Errors, len(said))
		for i, f := range said {
			all[i] = p.said(f)
		}
		return all
	case said[0].Message != "":
		return p.said(said[0])
	}
	return &Error{Code: CodeTask, Task: p.task.Name, Message: fmt.Sprintf("the guest failed with status %d and no message", status),
		Hint: "a guest says what went wrong by the host function fail"}
}

// own returns the *Error or Errors in a chain of errors, or nil.
func own(err error) error {
	var one *Error
	var all Errors
	switch {
	case errors.As(err, &all):
		return all
	case errors.As(err, &one):
		return one
	}
	return nil
}

// said is the error of a guest's own words.
func (p *Program) said(f abi.Failure) *Error {
	e := &Error{Code: CodeTask, Task: p.task.Name, Message: f.Message, Hint: f.Hint, Statement: f.Statement}
	if p.task.Query != "" && f.Line > 0 {
		e.At = Place{Line: f.Line, Column: f.Column}
	}
	if f.Limit {
		e.Code = CodeLimit
	}
	switch {
	case p.task.Query == "":
	case p.task.Source == nil:
		e.Place = Place{Line: f.Line, Column: f.Column}
	case f.Line == 0:
		e.Place = p.task.Source.Key("query")
	default:
		e.Place = p.task.Source.Query(f.Line, f.Column)
	}
	if f.Statements > 1 {
		e.Message = fmt.Sprintf("statement %d of %d: %s", f.Statement, f.Statements, f.Message)
	}
	return e
}

// hostcallError is the error of a host call, with what the guest said of it:
// the guest's message goes before, the rest is the call's.
func (p *Program) hostcallError(ctx context.Context, h *hostcall.Error, said abi.Failure) error {
	// A server may end a statement too, by a limit of its own or an administrator.
	byServer := ctx.Err() == nil && h.Guest.SQLState != ""
	if (h.Guest.Code == abi.Timeout || h.Guest.Code == abi.Canceled) && !byServer {
		return p.ended(ctx)
	}
	if ours := own(h.Cause); ours != nil {
		return ours
	}
	if said.Message == "" || h.Final {
		said.Message = hostcall.Printable(h.Guest.Message)
	}
	e := p.said(said)
	e.Code = codeOf(h.Guest.Code)
	if e.Code == CodeConnection && p.task.Source != nil {
		e.Place = p.task.Source.Key("connection")
	}
	e.SQLState, e.Detail = h.Guest.SQLState, hostcall.Printable(h.Guest.Detail)
	e.Retryable, e.Cause = h.Guest.Retryable, h.Cause
	switch {
	case h.Guest.Code == abi.Denied && h.Refused && p.whoRefused(h.Connection) != "":
		e.Hint = hostcall.Printable(p.whoRefused(h.Connection))
	case e.Hint == "":
		e.Hint = p.limitHint(limitKey(h.Guest.Hint), hostcall.Printable(h.Guest.Hint))
	}
	return e
}

// codeOf says what kind of error an errno is to whoever runs the task.
func codeOf(errno abi.Errno) Code {
	switch errno {
	case abi.Denied:
		return CodeDenied
	case abi.Limit, abi.Timeout:
		return CodeLimit
	case abi.Canceled:
		return CodeCanceled
	case abi.Conn:
		return CodeConnection
	case abi.Internal:
		return CodeInternal
	}
	return CodeTask
}

// trapped is the error of a guest that did not return.
func (p *Program) trapped(ctx context.Context, err error, said abi.Failure) error {
	var trap *sandbox.Trap
	var exit hostcall.Exit
	var exhausted *sandbox.Exhausted
	switch {
	case errors.As(err, &exhausted):
		return p.exhausted(exhausted)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return p.ended(ctx)
	case errors.As(err, &exit):
		if said.Message != "" {
			return p.said(said)
		}
		return &Error{Code: CodeDenied, Task: p.task.Name, Message: fmt.Sprintf("the guest exited with status %d", exit.Status),
			Hint: "a guest ends by returning from wasmsql_v1_run; a Go guest exits when it panics: see its log"}
	case errors.As(err, &trap):
		e := &Error{Code: CodeDenied, Task: p.task.Name, Message: "the guest trapped: " + hostcall.Printable(trap.Reason),
			Detail: hostcall.Printable(trap.Stack), Cause: err}
		if said.Message != "" {
			e.Message = hostcall.Printable(said.Message) + " (" + e.Message + ")"
		}
		return e
	}
	return &Error{Code: CodeInternal, Task: p.task.Name, Message: "the sandbox failed", Cause: err}
}

func (p *Program) exhausted(x *sandbox.Exhausted) *Error {
	e := &Error{Code: CodeLimit, Task: p.task.Name, Message: fmt.Sprintf("the guest has used %d units of fuel, the limit is %d", x.Used, x.Max),
		Hint: p.limitHint("fuel", "give it less to do, or raise limits.fuel in the configuration, or --fuel")}
	if x.Limit == "memory" {
		e.Message = fmt.Sprintf("the guest needs %d bytes of memory, the limit is %d", x.Used, x.Max)
		e.Hint = p.limitHint("memory", "give it less to hold, or raise limits.memory in the configuration, or --memory")
	}
	return e
}

// ended is the error of an execution whose context has ended.
func (p *Program) ended(ctx context.Context) *Error {
	switch {
	case errors.Is(context.Cause(ctx), errClosed):
		return &Error{Code: CodeCanceled, Task: p.task.Name, Message: "the execution was ended: " + errClosed.Error()}
	case !errors.Is(ctx.Err(), context.Canceled):
		return &Error{Code: CodeLimit, Task: p.task.Name, Message: fmt.Sprintf("the deadline of %s has passed", p.limits.Timeout), Cause: context.DeadlineExceeded,
			Hint: p.deadlineHint()}
	}
	return &Error{Code: CodeCanceled, Task: p.task.Name, Message: "the execution was cancelled", Cause: context.Canceled}
}

// notUndone adds to the error of an execution what the rollback has left of it.
func notUndone(err, rollback error) {
	var kept *sqldb.Error
	if !errors.As(rollback, &kept) || kept.Code != abi.State {
		return
	}
	var e *Error
	if errors.As(err, &e) {
		e.Message, e.Retryable = e.Message+"; "+kept.Message, false
	}
}

// commitError is the error of a commit that failed.
func (p *Program) commitError(ctx context.Context, err error) error {
	var db *sqldb.Error
	if !errors.As(err, &db) {
		return &Error{Code: CodeInternal, Task: p.task.Name, Message: "the transaction could not be committed", Unknown: true, Cause: err}
	}
	e := &Error{Code: codeOf(db.Code), Task: p.task.Name, SQLState: db.SQLState, Message: "commit: " + hostcall.Printable(db.Message),
		Detail: hostcall.Printable(db.Detail), Hint: db.Hint, Retryable: db.Retryable, Unknown: db.Unknown, Cause: err}
	var partial *hostcall.Partial
	switch {
	case errors.As(err, &partial):
		// There is no transaction over two databases.
		e.Retryable = false
		state := "is not committed"
		if e.Unknown {
			state = "may be committed or not"
		}
		e.Message += fmt.Sprintf("; connection %q %s, and %s already is", partial.Connection, state, strings.Join(partial.Committed, ", "))
		e.Hint = "look into the databases before running the task again"
	case e.Unknown:
		e.Message += "; its outcome is not known"
		e.Hint = "look into the database before running the task again"
	case ctx.Err() != nil:
		return p.ended(ctx)
	}
	return e
}
