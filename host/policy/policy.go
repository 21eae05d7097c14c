// Package policy decides whether a guest may run a statement on a connection.
// It is pure: no I/O, no state, safe for concurrent use.
//
// Check reads a statement's text as the database's own lexer does and answers
// by an allow-list of statements and a deny-list of functions. It is one of
// three lines. Behind it stand the transaction that the driver opens, read-only
// where the grant is, with its status looked at after each statement; and the
// rights of the login, which are the last line.
//
// What Check claims: a text that passes is one statement; it is no transaction
// control and changes nothing of the session that the host relies on; under
// abi.ReadOnly it is a query, without a lock and without the built-in functions
// that have effects of their own.
//
// What it does not claim: it does not know what a function or a procedure of
// the database does inside, which rights the login has, whether the SQL is
// valid, or how long it runs. A read-write grant may create functions and so do
// all that the login may. On MySQL, DDL and some procedures commit by
// themselves: the driver finds out from the transaction's status.
//
// What Check relies on: a PostgreSQL session with standard_conforming_strings
// on, a MySQL session in utf8mb4 without multi-statements. MySQL's sql_mode may
// be anything: what ANSI_QUOTES and NO_BACKSLASH_ESCAPES would read differently
// is either harmless both ways or refused.
package policy

import (
	"fmt"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
)

// Denied says that a statement or a connection is refused. It is what a guest
// is told, as abi.Denied.
type Denied struct {
	Message  string // lower case, no full stop
	Hint     string // the next step, or empty
	Position int    // in the statement, in characters from 1; 0 is unknown
}

// Error returns the message.
func (d *Denied) Error() string { return d.Message }

// Check reports whether a guest with the access a may run the statement sql on
// a database of dialect d. Its error is *Denied.
//
// A verdict depends neither on the case of letters outside quotes nor on
// comments, and what abi.ReadOnly lets through abi.ReadWrite does too.
func Check(d abi.Dialect, a abi.Access, sql string) error {
	switch d {
	case abi.SQLite, abi.Postgres, abi.MySQL:
	default:
		return &Denied{Message: fmt.Sprintf("dialect %q is not known", d)}
	}
	if at := invalid(sql); at >= 0 {
		return &Denied{
			Message:  "the statement is not UTF-8 text without zero bytes",
			Hint:     "pass bytes as a parameter",
			Position: utf8.RuneCountInString(sql[:at]) + 1,
		}
	}
	c := checker{lexer: newLexer(d, sql), access: a}
	if den := c.check(); den != nil {
		return den
	}
	return nil
}

// invalid returns the offset of the first byte that is zero or no UTF-8, or -1.
func invalid(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		if c == 0 {
			return i
		}
		if c < utf8.RuneSelf {
			i++
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return -1
}
