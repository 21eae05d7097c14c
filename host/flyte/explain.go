package flyte

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// maxShown is how much of a query an error shows, in characters.
const maxShown = 1000

// explain adds to a fault what the task's author knows it by: the output's
// name, the query as it was written, without values, where the database is,
// and what Python's drivers say of the same. Terse leaves the database out.
func (t *Task) explain(f *Fault, terse bool) *Fault {
	var e *host.Error
	if !errors.As(f.Cause, &e) {
		return f
	}
	add := func(s string) {
		if s != "" {
			f.Detail = strings.TrimPrefix(f.Detail+"\n"+s, "\n")
		}
	}
	if t.output != "" && (e.Code == host.CodeOutput && f.Kind != "StorageError" || converts(e)) {
		add(fmt.Sprintf("failed to convert return value for var %s", t.output))
	}
	switch e.Code {
	case host.CodeConnection:
		if terse {
			return f
		}
		add(t.unhidden(lastCause(e)))
		if s := t.custom.server(); s != "" {
			add("server: " + t.unhidden(s))
		}
	case host.CodeDenied:
		if strings.Contains(e.Message, "on a read-only connection") {
			add("attempt to write a readonly database")
		}
	case host.CodeTask:
		if strings.Contains(e.Message, "returns no rows") {
			add("This result object does not return rows.")
		}
		q := []rune(t.custom.query)
		if len(q) > maxShown {
			q = append(q[:maxShown:maxShown], '…')
		}
		add("query: " + string(q))
	}
	return f
}

// lastCause returns the words of the server, or of the system, at the end of a
// chain of errors. They may name the host, the database and the user, which the
// template says openly.
func lastCause(e *host.Error) string {
	var db *sqldb.Error
	if !errors.As(e.Cause, &db) || db.Cause == nil {
		return ""
	}
	err := db.Cause
	for next := err; next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return strings.TrimSpace(strings.ToValidUTF8(err.Error(), "?"))
}

// unhidden replaces what is a secret.
func (t *Task) unhidden(s string) string {
	longest := slices.Clone(t.hidden)
	slices.SortFunc(longest, func(a, b string) int { return len(b) - len(a) })
	for _, h := range longest {
		if h != "" {
			s = strings.ReplaceAll(s, h, "***")
		}
	}
	return s
}
