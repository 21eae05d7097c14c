package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"
	"unicode"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// exitInterrupted is what the program exits with when it was interrupted.
const exitInterrupted = 130

// exitStatus is what the program exits with, by the code of the error.
func exitStatus(c host.Code) int {
	switch c {
	case host.CodeUsage:
		return 2
	case host.CodeConfig:
		return 3
	case host.CodeConnection:
		return 4
	case host.CodeLimit:
		return 5
	case host.CodeDenied:
		return 6
	case host.CodeOutput:
		return 7
	case host.CodeCanceled:
		return exitInterrupted
	}
	return 1
}

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
		printFault(a.stderr, e)
	}
	return exitStatus(found[0].Code)
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

func printFault(w io.Writer, e *host.Error) {
	fmt.Fprintf(w, "wasmsql: error: %s\n", printable(e.Error()))
	if e.Detail != "" {
		fmt.Fprintf(w, "wasmsql: detail: %s\n", printable(e.Detail))
	}
	if e.Hint != "" {
		for line := range strings.SplitSeq(e.Hint, "\n") {
			fmt.Fprintf(w, "wasmsql: hint: %s\n", printable(line))
		}
	}
}

// warn prints a warning.
func (a *app) warn(format string, args ...any) {
	fmt.Fprintf(a.stderr, "wasmsql: warning: %s\n", printable(fmt.Sprintf(format, args...)))
}

// printable returns s with everything escaped that could act on a terminal: a
// message may hold what a database or a guest said.
func printable(s string) string { return escaped(s, unprintable) }

// printableLines does so to a text of many lines, which stay.
func printableLines(s string) string {
	return escaped(s, func(r rune) bool { return r != '\n' && r != '\t' && unprintable(r) })
}

func escaped(s string, bad func(rune) bool) string {
	if strings.IndexFunc(s, bad) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if bad(r) {
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unprintable(r rune) bool { return r == unicode.ReplacementChar || !unicode.IsPrint(r) }

// shown returns an argument for a message: quoted, and without what a URI
// holds.
func shown(arg string) string {
	if scheme, _, ok := strings.Cut(arg, "://"); ok {
		return strconv.Quote(scheme + "://***")
	}
	return strconv.Quote(arg)
}
