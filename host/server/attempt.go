package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// work runs an execution if it is queued still. It waits for its turn, or
// leaves it queued where it would have to.
func (q *queue) work(ctx context.Context, id string, wait bool) error {
	e, err := q.state.one(ctx, "id = $1", id)
	if errors.Is(err, errNoExecution) || err == nil && e.status != Queued {
		return nil
	}
	if err != nil {
		return err
	}
	who, ok := q.server.tenantNamed(e.tenant, e.token)
	switch {
	case !ok:
		return river.JobSnooze(tenantAway)
	case !q.runs(e.kind):
		return river.JobSnooze(notNow)
	}
	g := q.server.gate.of(e.tenant)
	quotas := manifest.Quotas{Running: who.tenant.quotas.Within(q.server.cfg.Quotas).Running}
	if !wait {
		quotas.Running = cmp.Or(quotas.Running, defaultAtOnce)
		if !g.try(quotas) {
			return nil
		}
	} else if err := g.turn(ctx, quotas); err != nil {
		return err
	}
	report := host.Report{Task: e.task}
	defer func() { g.leave(report) }()
	if !who.tenant.enter() {
		return river.JobSnooze(notNow)
	}
	defer who.tenant.leave()
	if e, ok, err = q.state.claim(ctx, id, q.owner); err != nil || !ok {
		return err
	}
	report = q.attempt(ctx, who, e)
	return nil
}

// attempt runs an execution that was claimed. Where this process is being
// stopped, it is queued again.
func (q *queue) attempt(ctx context.Context, who principal, e execution) host.Report {
	outer := ctx
	ctx, cancel := context.WithCancelCause(withExecution(withOrigin(ctx, &origin{tenant: e.tenant}), e.id))
	defer cancel(nil)
	q.mu.Lock()
	q.running[e.id] = cancel
	q.mu.Unlock()
	defer func() {
		q.mu.Lock()
		delete(q.running, e.id)
		q.mu.Unlock()
		q.tell(e.id)
	}()
	var ended Ended
	var written string
	var err error
	if e.kind != "" {
		ended, err = q.runKind(ctx, who, &e)
	} else {
		ended.Report, written, err = q.run(ctx, who, e)
	}
	report := ended.Report
	to, p := Succeeded, (*problem)(nil)
	if err != nil {
		p = problemOf(err)
		p.Execution = e.id
		switch {
		case p.Unknown:
			to = Unknown
		case errors.Is(context.Cause(ctx), errCanceled):
			to = Canceled
		default:
			to = Failed
		}
	}
	name := ""
	if to == Succeeded || to == Unknown {
		name = written
	} else if written != "" {
		_ = q.bucket.Delete(context.WithoutCancel(ctx), written)
	}
	keep, stop := context.WithTimeout(context.WithoutCancel(ctx), deadAfter)
	defer stop()
	again := ended.Again && e.attempts < attemptsOfKind
	if to == Failed && (outer.Err() != nil || again) {
		after := time.Duration(0)
		if again {
			after = notNow
		}
		if err := q.release(keep, e, after); err == nil {
			return report
		}
	}
	if err := q.state.end(keep, e, q.owner, ending{to, name, ended.Outcome, report, p}); err != nil {
		q.server.log.ErrorContext(ctx, "the end of an execution cannot be kept", "error", err)
	}
	return report
}

// panicked is the end of an execution by a panic: after its commit began,
// nobody knows what it did.
func (q *queue) panicked(ctx context.Context, e execution, cause any) error {
	p := q.server.panicked(ctx, "an execution panicked", e.task, cause)
	now, err := q.state.one(context.WithoutCancel(ctx), "id = $1", e.id)
	p.Unknown = err != nil || now.status == Committing
	return p
}

// run runs the task of an execution. It returns the name of the result in the
// bucket, if one was written.
func (q *queue) run(ctx context.Context, who principal, e execution) (report host.Report, written string, err error) {
	report = host.Report{Task: e.task}
	defer func() {
		if p := recover(); p != nil {
			err = q.panicked(ctx, e, p)
		}
	}()
	program, ok := who.tenant.programs[e.task]
	if !ok {
		gone := refuse(statusOf[codeNotFound], codeNotFound, fmt.Sprintf("the task %q is not there any more", e.task), "")
		q.server.keepEnd(ctx, e, gone)
		return report, "", gone
	}
	ctx, traced := q.server.traceExecution(ctx, e.tenant, e.task, e.id, e.accepted, e.attempts, linkTo(e.trace)...)
	defer func() {
		report.Times.Queue += host.Micros(max(0, e.started.Sub(e.accepted)))
		q.server.audit(ctx, who, e.id, program, e.accepted, report, err)
		traced(report, err)
	}()
	in, err := parseInputs([]byte(e.inputs), program)
	if err != nil {
		return report, "", err
	}
	sink := &storedResult{queue: q, execution: e, ctx: ctx, name: fmt.Sprintf("%s/%s/%d.arrow", e.tenant, e.id, e.attempts)}
	report, err = program.Run(ctx, in, sink)
	if err != nil && errors.Is(context.Cause(ctx), errCanceled) && !problemOf(err).Unknown {
		return report, sink.written, e.canceled() // whatever it met with on its way out
	}
	q.server.tellOperator(ctx, e.tenant, e.task, err)
	return report, sink.written, forClients(err)
}
