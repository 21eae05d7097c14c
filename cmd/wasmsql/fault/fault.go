// Package fault is how the programs tell what is wrong: on standard error, by
// lines that begin with their name, and by their exit status. Everything in it is
// safe for concurrent use, as far as what is written to is.
package fault

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"github.com/wasmsql/wasmsql/host"
)

// Interrupted is what a program exits with when it was interrupted.
const Interrupted = 130

// Usage returns the error of a wrong command line. A hint may be empty.
func Usage(message, hint string) error {
	return &host.Error{Code: host.CodeUsage, Message: message, Hint: hint}
}

// Config returns the error of what a command line names: a file, a folder, an
// address. A hint may be empty.
func Config(message, hint string) error {
	return &host.Error{Code: host.CodeConfig, Message: message, Hint: hint}
}

// ExitStatus is what a program exits with, by the code of the error.
func ExitStatus(c host.Code) int {
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
		return Interrupted
	}
	return 1
}

// Print prints an error with its detail and its hints.
func Print(w io.Writer, e *host.Error) {
	fmt.Fprintf(w, "wasmsql: error: %s\n", Printable(e.Error()))
	if e.Detail != "" {
		fmt.Fprintf(w, "wasmsql: detail: %s\n", Printable(e.Detail))
	}
	if e.Hint != "" {
		for line := range strings.SplitSeq(e.Hint, "\n") {
			fmt.Fprintf(w, "wasmsql: hint: %s\n", Printable(line))
		}
	}
}

// Printable returns s with everything escaped that could act on a terminal: a
// message may hold what a database or a guest said.
func Printable(s string) string { return escaped(s, unprintable) }

// PrintableLines does so to a text of many lines, which stay.
func PrintableLines(s string) string {
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
