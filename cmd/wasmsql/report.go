package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/wasmsql/wasmsql/host"
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

// writeReport writes the report of a run that ended with err. The file has
// its name only when it is whole.
func (a *app) writeReport(file string, r host.Report, err error) error {
	text, jerr := encode(newReport(r, err), false)
	if jerr != nil {
		return jerr
	}
	if file == "-" {
		if _, werr := a.stdout.Write(text); werr != nil {
			return &host.Error{Code: host.CodeOutput, Message: "the report cannot be written to standard output", Cause: werr}
		}
		return nil
	}
	if werr := writeWhole(file, text); werr != nil {
		e := &host.Error{
			Code:    host.CodeOutput,
			Message: fmt.Sprintf("the report cannot be written to %q: %v", file, reason(werr)),
			Cause:   werr,
		}
		if err == nil {
			e.Hint = "the task itself is done"
		}
		return e
	}
	return nil
}

// writeWhole writes a file under another name and renames it. What is no
// regular file, such as /dev/stderr, is written as it is.
func writeWhole(file string, data []byte) error {
	if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(file, data, 0o600)
	}
	name := filepath.Join(filepath.Dir(file), fmt.Sprintf(".%s.%d.tmp", filepath.Base(file), os.Getpid()))
	tmp, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = tmp.Write(data)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Rename(name, file)
	}
	if err != nil {
		os.Remove(name)
	}
	return err
}
