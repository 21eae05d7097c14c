package host

import "strings"

// Code says what kind of error ended something. It is part of the API: the
// command line has an exit status for each, a server an answer.
type Code string

// The codes.
const (
	CodeTask       Code = "task"       // a SQL or guest error, or a result that is not what outputs declare
	CodeUsage      Code = "usage"      // a call with arguments that make no sense
	CodeConfig     Code = "config"     // a wrong task, configuration, input or secret
	CodeConnection Code = "connection" // the database cannot be reached or refuses the login
	CodeLimit      Code = "limit"      // a limit or the deadline
	CodeDenied     Code = "denied"     // refused by admission or policy, or the guest trapped
	CodeOutput     Code = "output"     // the result could not be written
	CodeCanceled   Code = "canceled"   // the context was cancelled from outside
	CodeInternal   Code = "internal"   // a fault of the host
)

// Error is an error of a Host. What it holds may be shown to whoever runs the
// task: never a secret, a URI, a host, a user or a database's file path.
type Error struct {
	Code      Code
	Task      string // the task's name, or empty
	Place     Place  // in the task file or configuration
	At        Place  // in Task.Query, and so without a file; zero: unknown
	Input     string // the declared input that is wrong, or empty
	Message   string // lower case, no full stop
	Detail    string
	Hint      string // the next step, or empty
	SQLState  string // five characters, or empty
	Statement int    // which statement of the task, from 1; 0 is unknown
	Retryable bool   // it is known to have had no effect
	Unknown   bool   // a commit was sent and its outcome is not known
	Cause     error  // for the operator: never printed by Error
}

// Error returns the message with its place in front.
func (e *Error) Error() string {
	var b strings.Builder
	if p := e.Place.String(); p != "" {
		b.WriteString(p + ": ")
	}
	b.WriteString(e.Message)
	if e.SQLState != "" {
		b.WriteString(" (SQLSTATE " + e.SQLState + ")")
	}
	return b.String()
}

// SafeToRetry reports whether what failed is known to have had no effect.
func (e *Error) SafeToRetry() bool { return e.Retryable && !e.Unknown }

// Errors is several errors that were found together.
type Errors []*Error

// Error returns the errors, one a line.
func (e Errors) Error() string {
	var b strings.Builder
	for i, x := range e {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(x.Error())
	}
	return b.String()
}

// Unwrap returns the errors, for errors.Is and errors.As.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, x := range e {
		out[i] = x
	}
	return out
}
