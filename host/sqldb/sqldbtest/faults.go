package sqldbtest

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// describe returns an error with all that a *sqldb.Error holds.
func describe(err error) string {
	var e *sqldb.Error
	if !errors.As(err, &e) {
		return fmt.Sprintf("%v (a %T)", err, err)
	}
	return fmt.Sprintf("\ncode: %s\nsqlstate: %s\nposition: %d\nretryable: %v\nunknown: %v\nmessage: %s\ndetail: %s\nhint: %s",
		e.Code, e.SQLState, e.Position, e.Retryable, e.Unknown, e.Message, e.Detail, e.Hint)
}

// compareError compares an error with lines "key: value": code, sqlstate,
// position, retryable and unknown have to be equal, message, detail and hint
// to be part of the error's.
func (r *runner) compareError(name, want string, err error) {
	r.t.Helper()
	if err == nil {
		r.t.Errorf("%s: no error, want\n%s", name, want)
		return
	}
	var e *sqldb.Error
	if !errors.As(err, &e) {
		r.t.Errorf("%s: got %v, which is no *sqldb.Error", name, describe(err))
		return
	}
	for line := range strings.Lines(want) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		ok := false
		switch key {
		case "code":
			ok = e.Code.String() == value
		case "sqlstate":
			ok = e.SQLState == value || e.SQLState == "" && value == "none"
		case "position":
			ok = strconv.Itoa(e.Position) == value
		case "retryable":
			ok = strconv.FormatBool(e.Retryable) == value
		case "unknown":
			ok = strconv.FormatBool(e.Unknown) == value
		case "message":
			ok = strings.Contains(e.Message, value)
		case "detail":
			ok = strings.Contains(e.Detail, value)
		case "hint":
			ok = strings.Contains(e.Hint, value)
		default:
			r.t.Fatalf("%s: error: unknown key %q", name, key)
		}
		if !ok {
			r.t.Errorf("%s: want %s: %s, got %s", name, key, value, describe(err))
		}
	}
}

// secrets makes sure that nothing of the URI is in an error, other than its
// Cause, and that the error is one to be shown.
func (r *runner) secrets(name string, err error) {
	r.t.Helper()
	var e *sqldb.Error
	if err == nil || !errors.As(err, &e) {
		return
	}
	if e.Message == "" || strings.ContainsAny(e.Message, "\n\r") {
		r.t.Errorf("%s: the message %q is not one line", name, e.Message)
	}
	u, bad := sqldb.ParseURI(r.uri)
	if bad != nil {
		r.t.Fatal(bad)
	}
	private := []string{u.User, u.Password.Reveal(), u.Host}
	if u.Scheme == "sqlite" {
		private = append(private, u.Database)
	}
	for _, secret := range private {
		for _, text := range []string{e.Error(), e.Message, e.Detail, e.Hint} {
			if secret != "" && strings.Contains(text, secret) {
				r.t.Errorf("%s: %q tells %q of the URI", name, text, secret)
			}
		}
	}
}
