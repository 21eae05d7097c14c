package server

import (
	"context"
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
	s.keepRecord(ctx, who, Record{Execution: id, Task: p.Task().Name, Module: p.Digest(), Connection: p.Task().Connection}, p.Task().Name, start, report, err)
}

// keepEnd keeps a record of an execution that ended without being run: it was
// cancelled before, its task is gone, or the process that ran it is.
func (s *Server) keepEnd(ctx context.Context, e execution, why *problem) {
	who, ok := s.tenantNamed(e.tenant, e.token)
	if !ok {
		who.tenant = &tenant{name: e.tenant}
	}
	r, label := Record{Execution: e.id, Task: e.task}, e.task
	switch p := who.tenant.programs[e.task]; {
	case e.kind != "" || p == nil:
		label = otherLabel
	default:
		r.Module, r.Connection = p.Digest(), p.Task().Connection
	}
	s.keepRecord(ctx, who, r, label, e.accepted, host.Report{}, why)
}

// keepRecord completes a record of an execution and keeps it. In measurements
// label stands for the task.
func (s *Server) keepRecord(ctx context.Context, who principal, r Record, label string, start time.Time, report host.Report, err error) {
	r.Time, r.Tenant, r.Token, r.SQLHash = start.UTC(), who.tenant.name, who.token.ID, report.SQLHash
	r.Rows, r.Affected, r.Bytes, r.Fuel = report.Rows, report.RowsAffected, report.Bytes, report.Fuel
	r.Outcome, r.Micros = outcomeOK, max(0, time.Since(start).Microseconds()) // the start may be by another machine's clock
	if err != nil {
		r.Outcome, r.Unknown = outcomeOf(err), problemOf(err).Unknown
	}
	report.Task = label
	s.metrics.count(who.tenant.name, r.Outcome, report)
	if s.cfg.Audit == nil {
		return
	}
	if err := s.cfg.Audit.Audit(context.WithoutCancel(ctx), r); err != nil {
		s.log.ErrorContext(ctx, "an execution is not in the audit", "execution", r.Execution, "error", err)
	}
}
