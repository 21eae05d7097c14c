package server

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/result"
)

// executionBytes are those of the name of an execution.
const executionBytes = 16

// newExecutionID returns the name of an execution: 26 characters, which sort
// by time, of 48 bits of milliseconds and 80 random ones.
func newExecutionID() string {
	var b [executionBytes]byte
	binary.BigEndian.PutUint64(b[:8], uint64(time.Now().UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // it never fails
	return sortable.EncodeToString(b[:])
}

// isExecutionID reports whether a text could be the name of an execution.
func isExecutionID(id string) bool {
	b, err := sortable.DecodeString(id)
	return err == nil && len(b) == executionBytes
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
	if entered = t.enter(); !entered {
		return report, errGone
	}
	g := s.gate.of(t.name)
	within, stop := context.WithTimeout(ctx, p.Limits().Timeout) // all of it: waiting for the quota too
	defer stop()
	if err := g.enter(within, t.quotas.Within(s.cfg.Quotas)); err != nil {
		return report, waitedFor(ctx, p, err)
	}
	defer func() { g.leave(report) }()
	g.answering.Add(1)
	defer g.answering.Add(-1)
	waited := time.Since(start)
	if t.isClosed() { // it has waited for longer than a tenant that is replaced does
		return report, errGone
	}
	report, err = p.Run(within, in, out)
	s.tellOperator(ctx, t.name, p.Task().Name, err)
	report.Times.Queue += host.Micros(waited)
	if canceled(ctx) && unwritten(err) != nil {
		return report, errLeft
	}
	return report, forClients(err)
}

// unwritten returns why rows could not be written, or nil where an error is
// another.
func unwritten(err error) (why *result.Error) {
	var one *host.Error
	if errors.As(err, &one) {
		err = one.Cause
	}
	errors.As(err, &why)
	return why
}

// errLeft is what an execution ends in whose client has gone.
var errLeft = refuse(statusOf[host.CodeCanceled], host.CodeCanceled, "the client has gone", "")

// waitedFor is the end of an execution that did not begin: over a quota, given
// up by its client, or not in its time.
func waitedFor(ctx context.Context, p *host.Program, err error) error {
	var over *problem
	switch {
	case errors.As(err, &over):
		return over
	case canceled(ctx):
		return errLeft
	}
	late := refuse(statusOf[host.CodeLimit], host.CodeLimit, fmt.Sprintf("the deadline of %s has passed before the tenant's quota had room for the execution", p.Limits().Timeout),
		"try again when less of the tenant's runs, or have it accepted with POST /v1/executions, where it waits for as long as it takes")
	late.Task, late.Retryable = p.Task().Name, true
	return late
}

// errGone is the answer while a tenant or the server is being closed.
var errGone = func() *problem {
	p := refuse(statusOf[codeGone], codeGone, "the server is being stopped, or the tenant has just changed", "try again in 1 s")
	p.after, p.Retryable = 1, true
	return p
}()

// sortable is base32 whose texts sort as their bytes do.
var sortable = base32.HexEncoding.WithPadding(base32.NoPadding)
