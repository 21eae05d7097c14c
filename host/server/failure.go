package server

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// forOperators are the codes of errors that have a cause for whoever runs the
// server: what a database says of a statement is not among them, as it may
// hold values.
var forOperators = []host.Code{host.CodeConnection, host.CodeConfig, host.CodeInternal, host.CodeOutput}

// tellOperator logs why an execution failed, where its client is told no more
// than that it did.
func (s *Server) tellOperator(ctx context.Context, tenant, task string, err error) {
	var one *host.Error
	if err == nil || ctx.Err() != nil || errors.As(err, &one) && !slices.Contains(forOperators, one.Code) {
		return
	}
	s.log.WarnContext(ctx, "an execution failed", "tenant", tenant, "task", task, "error", firstLine(err), "cause", cause(err))
}

// tellFault logs why a request failed, where its client is told of a fault of
// the server only: the state, or the bucket of results.
func (s *Server) tellFault(r *http.Request, err error) {
	var told *problem
	var one *host.Error
	if ctx := r.Context(); !canceled(ctx) && !errors.As(err, &told) && !errors.As(err, &one) {
		s.log.ErrorContext(ctx, "a request failed", "at", r.Pattern, "error", plainCause(err))
	}
}

// cause returns what the cause of an error says, which errors of ours do not
// print.
func cause(err error) string {
	for err != nil {
		var ours *host.Error
		var theirs *sqldb.Error
		switch {
		case errors.As(err, &ours):
			err = ours.Cause
		case errors.As(err, &theirs):
			err = theirs.Cause
		default:
			text := strings.Join(strings.Fields(err.Error()), " ")
			return text[:min(len(text), maxCause)]
		}
	}
	return ""
}

// maxCause is how much of a cause is logged, in bytes.
const maxCause = 500
