package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/wasmsql/wasmsql/host"
)

// Kind runs executions whose tasks are not those of a tenant's folder: each
// brings what it is. They are accepted by Submit, and share the queue, quotas,
// audit and measurements of the tenant with its own. Implementations are safe
// for concurrent use.
type Kind interface {
	// Run runs an execution. Its error is an *host.Error, or any other for a
	// fault of the server. It calls j.Commit once, right before its transaction
	// is committed, and does not commit where that fails.
	Run(ctx context.Context, j *Job) (Ended, error)
}

// Faulty is a Kind that may have a fault of its own, as a configuration that is
// broken: /readyz says then that the server is degraded.
type Faulty interface{ Fault() error }

// Job is an execution that a Kind is to run.
type Job struct {
	ID, Tenant, Who, Task string
	Payload               []byte
	// Host is the tenant's world, and Folder where its files are.
	Host   *host.Host
	Folder string
	// Commit says that the commit begins, and keeps an outcome for Look. An
	// error says that the execution is another's now, or is cancelled.
	Commit func(outcome string) error
}

// Ended is what an execution of a Kind came to.
type Ended struct {
	Report host.Report
	// Outcome is kept for Look in place of what Commit was given, if it is not
	// empty.
	Outcome string
	// Again says of a failure that it had no effect, and that another attempt
	// may do better. There are attemptsOfKind at most.
	Again bool
	// Label stands for the task in measurements, and has a colon: the names of
	// tasks that come with their executions have no end.
	Label string
	// Connection is that of the audit.
	Connection string
}

// attemptsOfKind is how often an execution of a Kind is tried that could be
// tried again.
const attemptsOfKind = 4

// Submission is a request for an execution of a Kind.
type Submission struct {
	Kind, Tenant string
	Who          string // asks, for the audit
	Task         string
	// Key names the request: of those with the same key, the first one is what
	// is run. Hash says whether they are the same.
	Key, Hash string
	Payload   []byte
}

// Execution is how an execution of a Kind stands.
type Execution struct {
	ID, Tenant, Task string
	Status           Status
	Attempts         int
	Accepted, Ended  time.Time
	Outcome          string // as Commit or Ended had it
	Message          string // of what went wrong
	Report           host.Report
}

// Refusal is why an execution is not accepted, or not now.
type Refusal struct {
	Message string
	After   time.Duration // until it may be asked for again; 0: another request has used the key
}

// Error returns the message.
func (r *Refusal) Error() string { return r.Message }

// ErrNoTenant is returned when no such tenant is served, ErrNoExecution when
// there is no such execution of the kind.
var (
	ErrNoTenant    = errors.New("there is no such tenant")
	ErrNoExecution = errNoExecution
)

// Submit accepts an execution of a Kind. Its error is ErrNoTenant, a *Refusal,
// or that of the state.
func (s *Server) Submit(ctx context.Context, r Submission) (Execution, error) {
	who, ok := s.tenantNamed(r.Tenant, r.Who)
	if !ok {
		return Execution{}, ErrNoTenant
	}
	e := execution{
		id: newExecutionID(), kind: r.Kind, tenant: r.Tenant, task: r.Task, token: r.Who, key: kindKey(r.Kind, r.Key), hash: r.Hash,
		inputs: base64.StdEncoding.EncodeToString(r.Payload), status: Queued, accepted: time.Now().UTC(), trace: traceParent(ctx),
	}
	known, err := s.queue.known(ctx, e)
	if err == nil && known.id == "" {
		var r room
		if r, err = s.roomFor(ctx, who); err == nil {
			known, err = s.queue.enqueue(ctx, e, r)
		}
	}
	var p *problem
	if errors.As(err, &p) {
		return Execution{}, &Refusal{Message: p.Detail, After: time.Duration(p.after) * time.Second}
	}
	return known.shown(), err
}

// Serves reports whether a tenant of that name is served.
func (s *Server) Serves(tenant string) bool {
	_, ok := s.tenantNamed(tenant, "")
	return ok
}

// kindKey is a key that no Idempotency-Key can be: a header has no newline.
func kindKey(kind, key string) string { return kind + "\n" + key }

// Look returns how an execution of a Kind stands, or ErrNoExecution.
func (s *Server) Look(ctx context.Context, kind, id string) (Execution, error) {
	e, err := s.queue.state.one(ctx, "id = $1 AND kind = $2", id, kind)
	return e.shown(), err
}

// Cancel ends an execution of a Kind, wherever it runs, unless its commit has
// begun.
func (s *Server) Cancel(ctx context.Context, kind, id string) error {
	e, err := s.queue.state.one(ctx, "id = $1 AND kind = $2", id, kind)
	if err != nil {
		return err
	}
	return s.queue.cancel(ctx, e)
}

// canceled is what an execution ends in that a client has ended.
func (e execution) canceled() *problem {
	p := refuse(statusOf[host.CodeCanceled], host.CodeCanceled, errCanceled.Error(), "")
	p.Execution, p.Task = e.id, e.task
	return p
}

// cancel ends an execution.
func (q *queue) cancel(ctx context.Context, e execution) error {
	told := e.canceled()
	status, now, err := q.state.cancelExecution(ctx, e.tenant, e.id, told)
	switch {
	case err != nil:
		return err
	case now:
		q.server.keepEnd(ctx, e, told)
	case status == Running:
		q.interrupt(e.id)
	}
	q.tell(e.id)
	return nil
}

// shown returns what others than the server learn of an execution.
func (e execution) shown() Execution {
	out := Execution{ID: e.id, Tenant: e.tenant, Task: e.task, Status: e.status, Attempts: e.attempts, Accepted: e.accepted, Ended: e.ended, Outcome: e.outcome}
	var p problem
	if e.problem != "" && json.Unmarshal([]byte(e.problem), &p) == nil {
		out.Message = p.Detail
	}
	if e.report != "" {
		_ = json.Unmarshal([]byte(e.report), &out.Report) // it was written here
	}
	return out
}

// Panicked counts and logs a panic that its caller has contained.
func (s *Server) Panicked(ctx context.Context, where string, value any) {
	_ = s.panicked(ctx, "a request panicked", where, value)
}

// maxQueue is the length of the name of a queue of River's.
const maxQueue = 64

// queueOf returns the queue of a tenant's executions of a kind: processes take
// only what they can run. No tenant's name has an underscore.
func queueOf(tenant, kind string) string {
	name := tenant + "_" + kind
	switch {
	case kind == "":
		return tenant
	case len(name) > maxQueue:
		sum := sha256.Sum256([]byte(tenant))
		return kind + "_" + hex.EncodeToString(sum[:16])
	}
	return name
}

// runs reports whether this process runs executions of a kind: another one
// over the same state may.
func (q *queue) runs(kind string) bool { return kind == "" || q.server.cfg.Kinds[kind] != nil }

// runKind runs an execution of a Kind.
func (q *queue) runKind(ctx context.Context, who principal, e *execution) (ended Ended, err error) {
	ctx, traced := q.server.traceExecution(ctx, e.tenant, e.task, e.id, e.accepted, e.attempts, linkTo(e.trace)...)
	defer func() {
		if p := recover(); p != nil {
			err = q.panicked(ctx, *e, p)
		}
		ended.Report.Task = e.task
		ended.Report.Times.Queue += host.Micros(max(0, e.started.Sub(e.accepted)))
		q.server.tellOperator(ctx, e.tenant, e.task, err)
		q.server.keepRecord(ctx, who, Record{Execution: e.id, Task: e.task, Connection: ended.Connection}, ended.Label, e.accepted, ended.Report, err)
		traced(ended.Report, err)
	}()
	payload, err := base64.StdEncoding.DecodeString(e.inputs)
	if err != nil {
		return ended, err
	}
	return q.server.cfg.Kinds[e.kind].Run(ctx, &Job{
		ID: e.id, Tenant: e.tenant, Who: e.token, Task: e.task, Payload: payload,
		Host: who.tenant.host, Folder: who.tenant.dir,
		Commit: func(outcome string) error {
			return q.commits(ctx, *e, outcome)
		},
	})
}
