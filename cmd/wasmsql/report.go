package main

import (
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// report is what --report writes.
type report struct {
	host.Report
	Error  *reportError  `json:"error,omitempty"`
	Errors []reportError `json:"errors,omitempty"` // all of them, where there are several
}

// reportError is an error in a report.
type reportError struct {
	Code      host.Code `json:"code"`
	Message   string    `json:"message"`
	Place     string    `json:"place,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Hint      string    `json:"hint,omitempty"`
	SQLState  string    `json:"sqlstate,omitempty"`
	Statement int       `json:"statement,omitempty"`
	Retryable bool      `json:"retryable"`
	Unknown   bool      `json:"outcome_unknown,omitempty"`
}

func newReport(r host.Report, err error) report {
	out := report{Report: r}
	if err == nil {
		return out
	}
	for _, e := range faults(err) {
		out.Errors = append(out.Errors, reportError{
			Code: e.Code, Message: e.Message, Place: e.Place.String(), Detail: e.Detail, Hint: e.Hint,
			SQLState: e.SQLState, Statement: e.Statement, Retryable: e.SafeToRetry(), Unknown: e.Unknown,
		})
	}
	out.Error = &out.Errors[0]
	if len(out.Errors) == 1 {
		out.Errors = nil
	}
	return out
}

// reportFile is where --report goes. The file is begun before the run, so
// that one that cannot be written is known in time, and has its name only
// when it is whole.
type reportFile struct {
	a      *app
	name   string // as it was given; empty: there is no report
	file   *result.Pending
	failed bool // it cannot be written, or must not be
}

// begin begins the file, if it has not begun.
func (r *reportFile) begin() error {
	if r.name == "" || r.name == "-" || r.file != nil || r.failed {
		return nil
	}
	err := r.a.left.begin(false, func() (f partial, err error) {
		r.file, err = result.Create(r.name)
		return r.file, err
	})
	if err != nil {
		r.failed = true
		return reportFault(err)
	}
	return nil
}

// write writes the report of a run that ended with err.
func (r *reportFile) write(report host.Report, err error) error {
	if r.name == "" || r.failed {
		return nil
	}
	text, jerr := encode(newReport(report, err), false)
	if jerr != nil {
		return jerr
	}
	if r.name == "-" {
		if _, werr := r.a.stdout.Write(text); werr != nil {
			return &host.Error{Code: host.CodeOutput, Message: "the report cannot be written to standard output" + done(err), Cause: werr}
		}
		return nil
	}
	if err := r.begin(); err != nil {
		return err
	}
	_, werr := r.file.Write(text)
	if werr == nil {
		werr = r.file.Close()
	}
	if werr == nil {
		return nil
	}
	r.file.Abort()
	e := reportFault(werr)
	e.Message += done(err)
	return e
}

// done is said of a report that is lost, if nothing else is.
func done(err error) string {
	if err == nil {
		return " (the task itself is done, and committed)"
	}
	return ""
}

func reportFault(err error) *host.Error {
	e := resultFault(host.CodeOutput, err)
	e.Message = "the report: " + e.Message
	return e
}
