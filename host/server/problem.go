package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/wasmsql/wasmsql/host"
)

// problem is an answer that says what went wrong, as RFC 9457 has it, with
// members of our own.
type problem struct {
	Type      string  `json:"type"` // about:blank: Title says it all
	Title     string  `json:"title"`
	Status    int     `json:"status"`
	Detail    string  `json:"detail"`
	Code      string  `json:"code"`
	Hint      string  `json:"hint,omitempty"`
	Task      string  `json:"task,omitempty"`
	Place     string  `json:"place,omitempty"`
	Position  *spot   `json:"position,omitempty"` // in the task's query
	Input     string  `json:"input,omitempty"`    // that is wrong
	SQLState  string  `json:"sqlstate,omitempty"`
	Statement int     `json:"statement,omitempty"`
	Retryable bool    `json:"retryable,omitempty"`
	Unknown   bool    `json:"unknown,omitempty"` // a commit was sent and its outcome is not known
	Execution string  `json:"execution,omitempty"`
	Errors    []fault `json:"errors,omitempty"` // where there are several

	after int // seconds of Retry-After; 0: none
}

// fault is one of several errors of a problem.
type fault struct {
	Detail   string `json:"detail"`
	Hint     string `json:"hint,omitempty"`
	Place    string `json:"place,omitempty"`
	Position *spot  `json:"position,omitempty"`
	Input    string `json:"input,omitempty"`
}

// spot is a place in a task's query, counted in lines and characters from 1.
type spot struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

func spotOf(p host.Place) *spot {
	if p.Line == 0 {
		return nil
	}
	return &spot{p.Line, p.Column}
}

// Codes that are the server's own, beside those of host.Code.
const (
	codeUnauthorized host.Code = "unauthorized" // no token, or none that is accepted
	codeForbidden    host.Code = "forbidden"    // the token's role does not allow it
	codeNotFound     host.Code = "not_found"
	codeBusy         host.Code = "busy" // over the tenant's quota for now
	codeGone         host.Code = "gone" // the server is being stopped
	codeConflict     host.Code = "conflict"
	codeBroken       host.Code = "broken" // the tenant's folder is, from the start
)

// statusOf are the answers to errors of a run. What is wrong with a request's
// inputs is answered with 400 before.
var statusOf = map[host.Code]int{
	host.CodeTask:       http.StatusUnprocessableEntity,
	host.CodeUsage:      http.StatusBadRequest,
	host.CodeConfig:     http.StatusInternalServerError, // found by the tenant's own check, or a secret that is gone
	host.CodeConnection: http.StatusBadGateway,
	host.CodeLimit:      http.StatusUnprocessableEntity,
	host.CodeDenied:     http.StatusForbidden,
	host.CodeOutput:     http.StatusInternalServerError,
	host.CodeCanceled:   http.StatusConflict,
	host.CodeInternal:   http.StatusInternalServerError,
	codeUnauthorized:    http.StatusUnauthorized,
	codeForbidden:       http.StatusForbidden,
	codeNotFound:        http.StatusNotFound,
	codeBusy:            http.StatusTooManyRequests,
	codeGone:            http.StatusServiceUnavailable,
	codeConflict:        http.StatusConflict,
	codeBroken:          http.StatusServiceUnavailable,
}

// refuse makes a problem of the server's own.
func refuse(status int, code host.Code, detail, hint string) *problem {
	return &problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail, Code: string(code), Hint: hint}
}

// problemOf makes a problem of an error of package host. It is the caller's, who
// may add to it: some are one for all requests.
func problemOf(err error) *problem {
	var p *problem
	if errors.As(err, &p) {
		own := *p
		return &own
	}
	var all host.Errors
	var one *host.Error
	switch {
	case errors.As(err, &all) && len(all) > 0:
		one = all[0]
	case errors.As(err, &one):
	default:
		one = &host.Error{Code: host.CodeInternal, Message: "a fault of the server", Cause: err}
	}
	status, ok := statusOf[one.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	p = refuse(status, one.Code, one.Message, one.Hint)
	p.Task, p.Place, p.SQLState, p.Statement = one.Task, one.Place.String(), one.SQLState, one.Statement
	p.Position, p.Input = spotOf(one.At), one.Input
	p.Retryable, p.Unknown = one.SafeToRetry(), one.Unknown
	if len(all) > 1 {
		for _, e := range all {
			p.Errors = append(p.Errors, fault{Detail: e.Message, Hint: e.Hint, Place: e.Place.String(), Position: spotOf(e.At), Input: e.Input})
		}
	}
	return p
}

// Error implements error.
func (p *problem) Error() string { return p.Detail }

// write answers with the problem.
func (p *problem) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="wasmsql"`)
	}
	if p.after > 0 {
		h.Set("Retry-After", strconv.Itoa(p.after))
	}
	text, err := json.Marshal(p)
	if err != nil { // it has no values that cannot be written
		panic(err)
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(append(text, '\n'))
}
