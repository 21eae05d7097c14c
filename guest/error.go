package guest

import (
	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest/internal/imports"
	"github.com/wasmsql/wasmsql/guest/internal/mem"
)

// Error is a host call that failed. Returned from configure or run, it is
// reported by the host as it is.
type Error struct {
	Call  string    // the host function, for instance "query"
	Errno abi.Errno // what it answered
	Info  abi.Error // what error_read said of it; of Code only if it said nothing
}

// Error returns the call, the errno and the message: "query: DB: no such table".
func (e *Error) Error() string {
	s := e.Call + ": " + e.Errno.String()
	if e.Info.Message != "" {
		s += ": " + e.Info.Message
	}
	return s
}

// failed makes the Error of a call that answered n.
func failed(f abi.Func, n int64) error {
	e := &Error{Call: f.Name, Errno: abi.Errno(n), Info: abi.Error{Code: abi.Errno(n)}}
	b, n := mem.Fill(make([]byte, firstRoom), imports.ErrorRead)
	if n < 0 {
		return e
	}
	var info abi.Error
	if info.Unmarshal(b) == nil && info.Code == e.Errno {
		e.Info = info
	}
	return e
}

// Failed is what the guest itself found wrong, with places in the task's query
// and hints that the host is to show. It is made by Fail.
type Failed struct{ Failures abi.Failures }

// Error returns the text that the host is given.
func (e *Failed) Error() string { return e.Failures.String() }

// Fail returns the error that ends configure or run with f, or with several
// failures that were found together.
func Fail(f ...abi.Failure) error { return &Failed{f} }
