package result

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// ErrClosedPipe is returned (wrapped in an *Error) when who read the output
// has gone, as in "wasmsql run … | head". There is no one to tell.
var ErrClosedPipe = errors.New("the reader of the output has gone")

// Error says that a result could not be written.
type Error struct {
	Message string // lower case, no full stop
	Hint    string // the next step, or empty
	Cause   error  // may be nil
}

// Error returns the message, with the cause after it where there is one.
func (e *Error) Error() string {
	if e.Cause == nil {
		return e.Message
	}
	return e.Message + ": " + e.Cause.Error()
}

// Remedy returns the hint, as host.Sink has it.
func (e *Error) Remedy() string { return e.Hint }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// ioError returns the *Error for a failed step on the output. The cause is
// without the path that package os puts in, which names the temporary file.
func ioError(message string, err error) error {
	if err == nil {
		return nil
	}
	var known *Error
	if errors.As(err, &known) {
		return known // without what the libraries between say
	}
	if errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe) {
		return &Error{Message: message, Cause: ErrClosedPipe}
	}
	hint := ""
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		hint = "free some space or choose another folder"
	case errors.Is(err, fs.ErrPermission):
		hint = "choose a folder you may write to"
	}
	return &Error{Message: message, Hint: hint, Cause: bare(err)}
}

func bare(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

func quote(s string) string { return strconv.Quote(s) }
