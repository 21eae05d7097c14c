package flyte

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Fault is why an execution failed, as Flyte's error document has it.
type Fault struct {
	// Kind is the class of the error, as Python names them: "ValueError". With
	// USER: or SYSTEM: before it, it is the document's code.
	Kind    string
	Message string
	Detail  string // more lines, or empty
	Hint    string // the next step, or empty
	// Recoverable says that another attempt may succeed, and does no harm.
	Recoverable bool
	// System says that the task's author is not to blame, and that Flyte's own
	// retries count the attempt, not the task's.
	System bool
	// Load says that the task could not be loaded.
	Load bool
	// Cause is the error, which may be nil. It is never printed.
	Cause error
}

// Error returns the class and the message.
func (f *Fault) Error() string { return f.Kind + ": " + f.Message }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// Text returns all that there is to say.
func (f *Fault) Text() string {
	s := f.Error()
	if f.Detail != "" {
		s += "\n" + f.Detail
	}
	if f.Hint != "" {
		s += "\nhint: " + f.Hint
	}
	return s
}

// Document returns the error document. As flytekit has it, every error but one
// of loading is the system's and recoverable.
//
// Source: _dispatch_execute in flytekit's bin/entrypoint.py.
func (f *Fault) Document(flytekit bool, worker string, now time.Time) *core.ErrorDocument {
	e := &core.ContainerError{Message: f.Text(), Worker: worker, Timestamp: timestamppb.New(now)}
	recoverable, system := f.Recoverable, f.System
	e.Code = map[bool]string{false: "USER:", true: "SYSTEM:"}[system] + f.Kind
	if flytekit {
		recoverable, system = !f.Load, !f.Load
		e.Code = "SYSTEM"
		if f.Load {
			e.Code = "USER:RuntimeError"
			if storeFault(f.Cause) == StoreNotFound {
				e.Code = "USER:ValueError"
			}
		}
	}
	e.Origin = core.ExecutionError_USER
	if system {
		e.Origin = core.ExecutionError_SYSTEM
	}
	if recoverable {
		e.Kind = core.ContainerError_RECOVERABLE
	}
	return &core.ErrorDocument{Error: e}
}

// storeFault returns the kind of a Store's error, and -1 for any other.
func storeFault(err error) StoreFault {
	var e *StoreError
	if errors.As(err, &e) {
		return e.Fault
	}
	return -1
}

// storage is the fault of an object that could not be read or written.
func storage(what string, err error) *Fault {
	f := &Fault{Kind: "StorageError", Message: fmt.Sprintf("%s: %v", what, err), Recoverable: true, System: true, Cause: err}
	var e *StoreError
	if errors.As(err, &e) {
		f.Hint = e.Hint
		if e.Fault == StoreNotFound {
			f.Message = what + ": not found"
		}
	}
	return f
}

// FaultOf makes the fault of what an execution, or Prepare, came to.
func FaultOf(err error) *Fault {
	var f *Fault
	var in *inputError
	var many host.Errors
	var one *host.Error
	var store *StoreError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &in):
		return &Fault{Kind: in.kind, Message: in.message, Hint: in.hint, Cause: err}
	case errors.As(err, &many) && len(many) > 0:
		f = hostFault(many[0])
		for _, e := range many[1:] {
			f.Message += "\n" + e.Error()
		}
		return f
	case errors.As(err, &one):
		return hostFault(one)
	case errors.As(err, &store):
		return storage("an input's offloaded literal", err)
	case errors.Is(err, context.Canceled):
		return &Fault{Kind: "CanceledError", Message: "the execution was ended from outside", Recoverable: true, System: true, Cause: err}
	}
	return &Fault{Kind: "InternalError", Message: "the host failed", Recoverable: true, System: true, Cause: err}
}

// classes are the kinds of the host's errors.
var classes = map[host.Code]string{
	host.CodeTask: "DatabaseError", host.CodeUsage: "ConfigError", host.CodeConfig: "ConfigError", host.CodeConnection: "ConnectionError",
	host.CodeLimit: "LimitError", host.CodeDenied: "DeniedError", host.CodeOutput: "OutputError", host.CodeCanceled: "CanceledError",
	host.CodeInternal: "InternalError",
}

// hostFault makes the fault of an execution. What the database refuses, it
// refuses again: that is the author's to correct. What may be gone at the next
// attempt counts as one of the task's retries, but for what is the platform's
// fault.
func hostFault(e *host.Error) *Fault {
	told := *e
	if e.Code != host.CodeTask && e.Code != host.CodeConfig {
		told.Place = host.Place{} // the query has no part in it
	}
	f := &Fault{Kind: classes[e.Code], Message: strings.ReplaceAll(told.Error(), `connection "inline": `, ""), Detail: e.Detail, Hint: e.Hint,
		Recoverable: e.SafeToRetry(), Cause: e}
	switch e.Code {
	case host.CodeConnection:
		f.Recoverable = !e.Unknown && !refusedLogin(e)
	case host.CodeCanceled, host.CodeInternal:
		f.Recoverable, f.System = !e.Unknown, true
	case host.CodeLimit:
		f.Recoverable = errors.Is(e.Cause, context.DeadlineExceeded)
	case host.CodeOutput:
		var store *StoreError
		if errors.As(e, &store) || errors.As(e.Cause, &store) {
			f.Kind, f.Recoverable, f.System = "StorageError", true, true
		}
	}
	return f
}

// refusedLogin reports whether the server answered, and refused the login or
// the database: SQLSTATE class 28, 3D, and MySQL's 42000 and HY000 of a login.
func refusedLogin(e *host.Error) bool {
	return strings.HasPrefix(e.SQLState, "28") || strings.HasPrefix(e.SQLState, "3D") || e.SQLState == "42000"
}

// converts reports whether a result was no columns of one type each.
func converts(e *host.Error) bool {
	var db *sqldb.Error
	return errors.As(e.Cause, &db) && db.Code == abi.Convert
}
