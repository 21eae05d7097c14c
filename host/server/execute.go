package server

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"time"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// newExecutionID returns the name of an execution: 26 characters, which sort
// by time, of 48 bits of milliseconds and 80 random ones.
func newExecutionID() string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(time.Now().UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // it never fails
	return sortable.EncodeToString(b[:])
}

// execute runs a task for someone, within the quotas of the tenant, and has it
// in the audit whatever comes of it. Its error is a *problem or what
// host.Program.Run returns.
func (s *Server) execute(ctx context.Context, who principal, id string, p *host.Program, in host.Inputs, out host.Sink) (report host.Report, err error) {
	t := who.tenant
	start := time.Now()
	ctx = withExecution(ctx, id)
	report = host.Report{Task: p.Task().Name}
	ctx, traced := s.traceExecution(ctx, t.name, report.Task, id, start, 1)
	entered := false
	defer func() { // last, and whatever panics: the process may end when all have left
		if entered {
			t.leave()
		}
	}()
	defer func() {
		s.audit(ctx, who, id, p, start, report, err)
		traced(report, err)
	}()
	g := s.gate.of(t.name)
	if err := g.enter(ctx, t.quotas.Within(s.cfg.Quotas)); err != nil {
		return report, err
	}
	defer func() { g.leave(report) }()
	waited := time.Since(start)
	if entered = t.enter(); !entered {
		return report, errGone
	}
	report, err = p.Run(ctx, in, out)
	s.tellOperator(ctx, t.name, p.Task().Name, err)
	report.Times.Queue += host.Micros(waited)
	var closed *result.Error
	if errors.As(err, &closed) && ctx.Err() != nil { // its client has gone
		return report, context.Cause(ctx)
	}
	return report, forClients(err)
}

// errGone is the answer while a tenant or the server is being closed.
var errGone = func() *problem {
	p := refuse(statusOf[codeGone], codeGone, "the server is being stopped, or the tenant has just changed", "try again in 1 s")
	p.after, p.Retryable = 1, true
	return p
}()

// sortable is base32 whose texts sort as their bytes do.
var sortable = base32.HexEncoding.WithPadding(base32.NoPadding)
