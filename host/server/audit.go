package server

import (
	"context"
	"log/slog"
	"time"

	"github.com/wasmsql/wasmsql/host"
)

// Auditor keeps records of executions. Implementations are safe for concurrent
// use.
type Auditor interface {
	// Audit keeps a record. An error is logged: the execution is over.
	Audit(ctx context.Context, r Record) error
}

// Record is what is kept of an execution: who ran what, and how it ended. It
// holds no values and no secrets.
type Record struct {
	Time       time.Time `json:"time"` // when it was accepted
	Execution  string    `json:"execution"`
	Tenant     string    `json:"tenant"`
	Token      string    `json:"token"` // who asked: the id of a token, oidc:ISSUER/SUBJECT or cert:NAME
	Task       string    `json:"task"`
	Module     string    `json:"module"` // its digest; empty: the template module
	Connection string    `json:"connection"`
	SQLHash    string    `json:"sql_hash"`
	Rows       int64     `json:"rows"`
	Affected   int64     `json:"rows_affected"`
	Bytes      int64     `json:"bytes"`
	Fuel       int64     `json:"fuel"`
	Outcome    string    `json:"outcome"` // ok, or the code of its error
	Unknown    bool      `json:"unknown,omitempty"`
	Micros     int64     `json:"us"` // from accepted to ended
}

// outcomeOK is the outcome of an execution that did what it should.
const outcomeOK = "ok"

// audit keeps a record of an execution.
func (s *Server) audit(ctx context.Context, who principal, id string, p *host.Program, start time.Time, report host.Report, err error) {
	r := Record{
		Time: start.UTC(), Execution: id, Tenant: who.tenant.name, Token: who.token.ID,
		Task: p.Task().Name, Module: p.Digest(), Connection: p.Task().Connection, SQLHash: report.SQLHash,
		Rows: report.Rows, Affected: report.RowsAffected, Bytes: report.Bytes, Fuel: report.Fuel,
		Outcome: outcomeOK, Micros: time.Since(start).Microseconds(),
	}
	if err != nil {
		told := problemOf(err)
		r.Outcome, r.Unknown = told.Code, told.Unknown
	}
	s.metrics.count(who.tenant.name, r.Outcome, report)
	if s.cfg.Audit == nil {
		return
	}
	if err := s.cfg.Audit.Audit(context.WithoutCancel(ctx), r); err != nil {
		s.log.ErrorContext(ctx, "an execution is not in the audit", "execution", id, "error", err)
	}
}

// contextKey is that of what a request's context carries.
type contextKey int

const executionKey contextKey = iota

func withExecution(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, executionKey, id)
}

// LogHandler returns a slog.Handler that adds to each record the execution
// that its context belongs to.
func LogHandler(h slog.Handler) slog.Handler { return logHandler{h} }

type logHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if id, ok := ctx.Value(executionKey).(string); ok {
		r.AddAttrs(slog.String("execution", id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(a []slog.Attr) slog.Handler { return logHandler{h.Handler.WithAttrs(a)} }

// WithGroup implements slog.Handler.
func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }
