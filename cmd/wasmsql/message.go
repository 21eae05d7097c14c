package main

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// finish prints err, if there is one, and returns the exit status: that of
// the first error. A reader that went away is no news to anyone.
func (a *app) finish(err error) int {
	if err == nil {
		return 0
	}
	var told exitCode
	if errors.As(err, &told) {
		return int(told)
	}
	found := faults(err)
	for _, e := range found {
		if errors.Is(e.Cause, syscall.EPIPE) || errors.Is(e.Cause, result.ErrClosedPipe) {
			continue
		}
		fault.Print(a.stderr, e)
	}
	return fault.ExitStatus(found[0].Code)
}

// faults returns the errors that err holds.
func faults(err error) []*host.Error {
	var one *host.Error
	switch e := err.(type) {
	case host.Errors:
		return e
	case interface{ Unwrap() []error }:
		var all []*host.Error
		for _, x := range e.Unwrap() {
			all = append(all, faults(x)...)
		}
		return all
	}
	if errors.As(err, &one) {
		return []*host.Error{one}
	}
	return []*host.Error{{Code: host.CodeInternal, Message: err.Error(), Cause: err}}
}

// warn prints a warning.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintf(a.stderr, "wasmsql: warning: %s\n", fault.Printable(fmt.Sprintf(format, args...)))
}
