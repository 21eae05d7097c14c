package host

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
	"github.com/wasmsql/wasmsql/host/internal/sandbox"
)

// Bounds of what an execution does after it has ended.
const (
	cleanupTime = 10 * time.Second       // for a rollback
	retryPause  = 100 * time.Millisecond // before the first retry, doubled for each
)

// Render returns the statements that Run would send for these inputs, in
// order. It opens no connection and finds no secret. Its error is an *Error
// or Errors.
func (p *Program) Render(ctx context.Context, in Inputs) ([]Statement, error) {
	values, err := p.values(in)
	if err != nil {
		return nil, err
	}
	ctx, leave, err := p.host.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, p.limits.Timeout)
	defer cancel()
	e := p.execution(ctx, values, nil, &Report{})
	e.options.DryRun = true
	if err := e.guest(ctx); err != nil {
		return nil, err
	}
	var out []Statement
	for _, s := range e.calls.Statements {
		out = append(out, Statement{Connection: s.Connection.Name, Dialect: s.Connection.Dialect, SQL: s.SQL, Params: s.Params, Returns: s.Returns})
	}
	return out, nil
}

// Run executes the task once: in one transaction, which is committed if the
// guest succeeds and out took the whole result. The Report is valid also with
// an error, which is an *Error or, for inputs, Errors. An execution that had
// no effect is tried again as often as the task says, if nothing of its
// result has reached out.
func (p *Program) Run(ctx context.Context, in Inputs, out Sink) (Report, error) {
	report := Report{Task: p.task.Name}
	start := time.Now()
	if out == nil {
		out = Discard()
	}
	ctx, leave, err := p.host.enter(ctx)
	if err != nil {
		out.Abort(err)
		return report, err
	}
	defer leave()
	if t := p.host.cfg.Tracer; t != nil {
		ctx = t.TraceRunStart(ctx, RunStart{Task: p.task.Name, Connection: p.connectionName()})
	}
	err = p.run(ctx, in, out, &report)
	report.Times.Total = Micros(time.Since(start))
	if t := p.host.cfg.Tracer; t != nil {
		t.TraceRunEnd(ctx, RunEnd{Report: report, Err: err})
	}
	p.logRun(ctx, report, err)
	return report, err
}

func (p *Program) run(ctx context.Context, in Inputs, out Sink, report *Report) error {
	values, err := p.values(in)
	if err != nil {
		out.Abort(err)
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, p.limits.Timeout)
	defer cancel()
	sink := newOutput(ctx, p, out, report)
	for pause := retryPause; ; pause *= 2 {
		report.Attempts++
		err := p.attempt(ctx, values, sink, report)
		if err == nil {
			return sink.close()
		}
		if report.Attempts > p.task.Retries || !safeToRetry(err) || sink.opened || !sleep(ctx, pause) {
			out.Abort(err)
			return err
		}
	}
}

func safeToRetry(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.SafeToRetry()
}

// sleep reports whether the context outlived the pause.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt runs the guest once, in a transaction that is over afterwards.
func (p *Program) attempt(ctx context.Context, values []abi.NamedValue, sink *output, report *Report) error {
	e := p.execution(ctx, values, sink, report)
	err := e.guest(ctx)
	if err == nil {
		err = sink.finish(ctx)
	} else {
		sink.cancel()
	}
	if err == nil {
		if cerr := e.calls.Commit(ctx); cerr != nil {
			err = p.commitError(ctx, cerr)
		}
	}
	switch rerr := e.calls.Rollback(ctx, cleanupTime); {
	case rerr != nil && err == nil:
		p.host.cfg.Logger.WarnContext(ctx, "connection not returned clean", "task", p.task.Name)
	case rerr != nil:
		notUndone(err, rerr)
	}
	return err
}

// execution is one run of the guest, with what it was given.
type execution struct {
	program *Program
	options hostcall.Options
	calls   *hostcall.Execution
	report  *Report
}

func (p *Program) execution(ctx context.Context, values []abi.NamedValue, sink *output, report *Report) *execution {
	now := time.Now().UTC().Truncate(time.Microsecond)
	input := abi.Input{Values: values, LogicalTime: now.UnixMicro(),
		Limits: abi.Limits{StatementBytes: p.limits.Statement, HostCalls: p.limits.HostCalls, DeadlineMicros: p.limits.Timeout.Microseconds()}}
	o := hostcall.Options{
		Config: p.config, Input: input.Marshal(), Limits: p.hostcallLimits(), Now: now, Log: p.log(ctx),
		Connections: p.connections(),
	}
	_, _ = rand.Read(o.Seed[:]) // it never fails
	if sink != nil && p.task.Outputs.Mode != abi.OutputNone {
		o.Output = sink
	}
	return &execution{program: p, options: o, report: report}
}

// guest takes a fresh instance and runs it to its end.
func (e *execution) guest(ctx context.Context) error {
	p := e.program
	held := slot{slots: p.host.runtime.slots, host: p.host}
	e.options.Blocking = held.blocking
	e.calls = hostcall.New(e.options)
	t := &e.report.Times

	start := time.Now()
	if err := p.crashes.wait(ctx); err != nil {
		return p.ended(ctx)
	}
	if err := held.begin(ctx); err != nil {
		return p.ended(ctx)
	}
	defer held.release()
	t.Queue += Micros(time.Since(start))

	start = time.Now()
	instance, err := p.guest.Take(sandbox.WithYield(ctx, held.yield))
	t.Sandbox += Micros(time.Since(start))
	if err != nil {
		return p.prepareError(ctx, err)
	}
	start = time.Now()
	status, err := instance.Call(sandbox.WithYield(e.calls.Context(ctx), held.yield), abi.ExportRun)
	took := time.Since(start)
	t.Guest += Micros(took - e.calls.Used.Time)
	e.calls.Flush()
	e.used(instance)

	start = time.Now()
	instance.Release()
	t.Sandbox += Micros(time.Since(start))
	final, _ := e.calls.Err()
	ended := err != nil || final != nil && final.Final
	if (ended || instance.Wasteful()) && ctx.Err() == nil {
		p.crashes.add(took)
	}
	if ended || status != 0 {
		return p.failure(ctx, e.calls, status, err)
	}
	return nil
}

// used adds what the execution has used to the report.
func (e *execution) used(i *sandbox.Instance) {
	r, u := e.report, e.calls.Used
	r.Statements += u.Statements
	r.RowsAffected = u.RowsAffected
	r.HostCalls += u.HostCalls
	r.LogDropped += u.LogDropped
	r.GuestMemory = max(r.GuestMemory, i.PeakMemory())
	r.SQLHash = hex.EncodeToString(e.calls.SQLHash())
	r.Times.Query += Micros(u.Query)
	r.Fuel += i.Fuel()
}

// log returns where the guest's lines go.
func (p *Program) log(ctx context.Context) func(abi.Level, string) {
	levels := [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}
	return func(level abi.Level, text string) {
		p.host.cfg.Logger.LogAttrs(ctx, levels[level], text, slog.String("task", p.task.Name), slog.String("from", "guest"))
	}
}

func (p *Program) logRun(ctx context.Context, r Report, err error) {
	outcome := "done"
	var e *Error
	if errors.As(err, &e) {
		outcome = string(e.Code)
	}
	p.host.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "execution", slog.String("task", r.Task), slog.String("outcome", outcome),
		slog.Int64("rows", r.Rows), slog.Int64("bytes", r.Bytes), slog.Int64("rows_affected", r.RowsAffected),
		slog.Int("attempts", r.Attempts), slog.Duration("total", time.Duration(r.Times.Total)))
}
