package guest

import (
	"runtime"
	"strconv"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest/internal/imports"
	"github.com/wasmsql/wasmsql/guest/internal/mem"
)

// Error is a host call that failed. Returned from Configure or Run, wrapped or
// not, it is reported by the host with all that the host knows of it.
//
//	var e *guest.Error
//	if errors.As(err, &e) && e.SQLState() == "23505" { … }
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

// message returns what the host said, or else what there is.
func (e *Error) message() string {
	if e.Info.Message != "" {
		return e.Info.Message
	}
	return e.Call + ": " + e.Errno.String()
}

// SQLState returns the five characters that the database gave its error, or
// nothing: SQLite has none, and neither has what is no error of a database.
func (e *Error) SQLState() string { return e.Info.SQLState }

// Retryable reports whether the call is known to have had no effect, so that
// the execution may be tried again.
func (e *Error) Retryable() bool { return e.Info.Retryable }

// failed makes the Error of a call that answered n.
func failed(call string, n int64) error {
	e := &Error{Call: call, Errno: abi.Errno(n), Info: abi.Error{Code: abi.Errno(n)}}
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
// and hints that the host is to show. It is made by Fail and Failures.
type Failed struct{ Failures abi.Failures }

// Error returns the text that the host is given.
func (e *Failed) Error() string { return e.Failures.String() }

// Fail returns the error that ends Configure or Run with a message and, if
// hint is not empty, what to do about it. By convention both are in lower case
// without a full stop.
func Fail(message, hint string) error { return Failures(abi.Failure{Message: message, Hint: hint}) }

// Failures returns the error that ends Configure or Run with f, or with several
// failures that were found together.
func Failures(f ...abi.Failure) error { return &Failed{f} }

// stop ends Configure or Run from within a getter, whose callers would rather
// not look at an error of each: call reports it as if it had been returned.
func stop(message, hint string) { panic(Fail(message, hint)) }

// call runs what an export stands for and returns the export's status. An
// error or a panic goes to the host as the message of abi.FuncFail.
func call(f func() error) (status int32) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *Failed:
			tell(r.Failures)
			status = 1
		default:
			tell(abi.Failures{{Message: "panic" + panicPlace() + ": " + panicText(r)}})
			status = 1
		}
	}()
	err := f()
	if err == nil {
		return 0
	}
	report(err)
	return 1
}

// report tells the host about an error, with what it knows in parts. Of a host
// call that failed, the host adds the rest if it was the last.
func report(err error) {
	for e := err; e != nil; {
		switch e := e.(type) {
		case *Failed:
			tell(e.Failures)
			return
		case *Error:
			tell(abi.Failures{{Message: context(err.Error(), e.Error()) + e.message(), Hint: e.Info.Hint}})
			return
		}
		u, ok := e.(interface{ Unwrap() error })
		if !ok {
			break
		}
		e = u.Unwrap()
	}
	tell(abi.Failures{{Message: err.Error()}})
}

// context returns what stands in front of an error's own text.
func context(text, own string) string {
	if n := len(text) - len(own); n > 0 && text[n:] == own {
		return text[:n]
	}
	return ""
}

func tell(f abi.Failures) { imports.Fail([]byte(f.String())) }

func panicText(r any) string {
	switch r := r.(type) {
	case error:
		return r.Error()
	case string:
		return r
	}
	return "a value that is no text"
}

// panicPlace returns the function that panicked, its file and line, as
// " in main.run (main.go:12)": the first that is not the runtime's, above the
// deferred function that called this one.
func panicPlace() string {
	var pcs [32]uintptr
	n := runtime.Callers(3, pcs[:])
	frames := runtime.CallersFrames(pcs[:n])
	for {
		f, more := frames.Next()
		if f.Function != "" && !fromRuntime(f.Function) {
			file := base(f.File)
			return " in " + f.Function + " (" + file + ":" + strconv.Itoa(f.Line) + ")"
		}
		if !more {
			return ""
		}
	}
}

func fromRuntime(function string) bool {
	const runtime = "runtime."
	return len(function) > len(runtime) && function[:len(runtime)] == runtime
}

// base returns the last part of a path.
func base(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] == '/' {
			return path[i+1:]
		}
	}
	return path
}
