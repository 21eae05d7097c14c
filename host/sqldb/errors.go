package sqldb

import (
	"context"
	"errors"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// Error is a failure of a database or of the way to it. What it holds may be
// shown to anyone: never a URI, a host, a user, a file path or a secret. The
// driver's own error, which may hold those, is the Cause and is for the
// operator alone.
type Error struct {
	Code      abi.Errno // abi.Conn, abi.DB, abi.Convert, abi.Limit, abi.Timeout, abi.Canceled, abi.State or abi.Unsupported
	SQLState  string    // five characters, or empty
	Message   string    // lower case where it is ours; as the server says it otherwise
	Detail    string
	Hint      string // the next step, or empty
	Position  int    // in characters of the statement, from 1; 0 is unknown
	Retryable bool   // the statement, or commit, is known to have had no effect
	Unknown   bool   // a commit was sent and its outcome is not known
	Cause     error  // never printed
}

// Error returns the message, with the SQLSTATE where there is one.
func (e *Error) Error() string {
	if e.SQLState != "" {
		return e.Message + " (SQLSTATE " + e.SQLState + ")"
	}
	return e.Message
}

// SafeToRetry reports whether the failed call is known to have had no effect.
func (e *Error) SafeToRetry() bool { return e.Retryable && !e.Unknown }

// Ended returns the end of ctx as an error of a statement, and nil if it has not
// ended.
func Ended(ctx context.Context) *Error {
	cause := context.Cause(ctx)
	switch {
	case ctx.Err() == nil:
		return nil
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.Is(cause, context.DeadlineExceeded):
		return &Error{Code: abi.Timeout, Message: "the deadline passed", Cause: cause}
	}
	return &Error{Code: abi.Canceled, Message: "the statement was interrupted", Cause: cause}
}

// Fault is something wrong in a Config. Field names the place: "uri",
// "connect_args.timeout", "secret_connect_args.password", "pool.max".
type Fault struct {
	Field   string
	Message string // for instance: unknown name "timout"
	Hint    string // for instance: did you mean "timeout"? accepted are …
}

// Faults is every Fault of a Config.
type Faults []Fault

// Error returns the faults, one a line.
func (f Faults) Error() string {
	var b strings.Builder
	for i, x := range f {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(x.Field + ": " + x.Message)
	}
	return b.String()
}
