package abi

import "strconv"

// Failure is what a guest says of an execution that it failed: the text of
// FuncFail in parts. Every part may be missing.
//
//	[LINE:COLUMN: ][limit: ][statement N of M[: ]]MESSAGE[\nhint: HINT]
//
// Example: "2:14: no input \"afer\" is declared\nhint: did you mean \"after\"?"
// is a place, a message and a hint; "statement 2 of 3" alone says which
// statement it was that the last failed host call was made for;
// "1:1: limit: the statement has more than 100 bytes" is a limit that the guest
// keeps and that was reached: the host reports it as one of its own.
type Failure struct {
	Line, Column int    // a place in the task's query, from 1, the column in characters; Line 0 is unknown
	Limit        bool   // a limit was reached
	Message      string // empty: the Error of the last host call that failed says it
	Hint         string // one line
	// Statement and Statements say which statement of how many failed, from
	// 1. A task of one statement need not say so: both are 0.
	Statement, Statements int
}

const (
	hintMark      = "\nhint: "
	limitMark     = "limit: "
	statementMark = "statement "
	ofMark        = " of "
)

// String returns the text of the failure. ParseFailure reads it back.
func (f Failure) String() string {
	s := ""
	if f.Line > 0 {
		s = strconv.Itoa(f.Line) + ":" + strconv.Itoa(max(f.Column, 1)) + ": "
	}
	if f.Limit {
		s += limitMark
	}
	if f.Statement > 0 {
		s += statementMark + strconv.Itoa(f.Statement) + ofMark + strconv.Itoa(max(f.Statements, f.Statement))
		if f.Message != "" {
			s += ": "
		}
	}
	s += f.Message
	if f.Hint != "" {
		s += hintMark + oneLine(f.Hint)
	}
	return s
}

// ParseFailure returns the parts of a text that a guest gave to FuncFail. It
// accepts every text: what is not of the form is the message.
func ParseFailure(s string) Failure {
	var f Failure
	if i := lastIndex(s, hintMark); i >= 0 {
		if h := s[i+len(hintMark):]; h != "" && index(h, "\n") < 0 {
			s, f.Hint = s[:i], h
		}
	}
	f.Line, f.Column, s = cutPlace(s)
	s, f.Limit = cutPrefix(s, limitMark)
	f.Message = s
	rest, ok := cutPrefix(s, statementMark)
	if !ok {
		return f
	}
	n, rest, ok := cutNumber(rest, ofMark)
	if !ok {
		return f
	}
	m, rest, ok := leadingNumber(rest)
	message, more := cutPrefix(rest, ": ")
	if ok && n <= m && (rest == "" || more && message != "") {
		f.Statement, f.Statements, f.Message = n, m, message
	}
	return f
}

// Failures is several failures that were found together, for instance in one
// template. In the text of FuncFail a blank line stands between two of them,
// and each but the first begins with its place.
type Failures []Failure

// String returns the text of the failures. ParseFailures reads it back.
func (f Failures) String() string {
	s := ""
	for i, x := range f {
		if i > 0 {
			s += failureGap
		}
		s += x.String()
	}
	return s
}

const failureGap = "\n\n"

// ParseFailures returns the failures in a text that a guest gave to FuncFail,
// at least one. A blank line that no place follows is part of a message.
func ParseFailures(s string) Failures {
	var all Failures
	for from := 0; ; {
		i := index(s[from:], failureGap)
		if i < 0 {
			return append(all, ParseFailure(s))
		}
		i += from
		from = i + len(failureGap)
		if line, _, _ := cutPlace(s[from:]); line > 0 {
			all = append(all, ParseFailure(s[:i]))
			s, from = s[from:], 0
		}
	}
}

// cutPlace splits s into a place and what follows it. Line is 0 without one.
func cutPlace(s string) (line, column int, rest string) {
	line, rest, ok := cutNumber(s, ":")
	if !ok {
		return 0, 0, s
	}
	if column, rest, ok = cutNumber(rest, ": "); !ok {
		return 0, 0, s
	}
	return line, column, rest
}

// cutNumber splits s into a number from 1 and what follows it after sep.
func cutNumber(s, sep string) (n int, rest string, ok bool) {
	n, rest, ok = leadingNumber(s)
	if !ok {
		return 0, s, false
	}
	rest, ok = cutPrefix(rest, sep)
	return n, rest, ok
}

// leadingNumber reads a number from 1 to 999999999 without leading zeros.
func leadingNumber(s string) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && i < 10 && '0' <= s[i] && s[i] <= '9' {
		n = n*10 + int(s[i]-'0')
		i++
	}
	return n, s[i:], i > 0 && i < 10 && s[0] != '0'
}
