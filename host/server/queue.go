package server

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/base32"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/riverqueue/river"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"github.com/wasmsql/wasmsql/host"
)

// Times of the queue. An owner that was not heard of for as long as deadAfter
// is taken for dead; it cannot commit what it ran, since it would have to say
// so first.
const (
	beatEvery  = 2 * time.Second
	deadAfter  = 15 * time.Second
	sweepEvery = 5 * time.Second
	// River offers a job again that is not done after this time: the process
	// that had it may have died before it claimed the execution. Where it runs
	// still, the row says so, and the second offer is dropped.
	offerAgain = 30 * time.Second
	notNow     = 2 * time.Second // until a job is offered again that cannot run here now
	// tenantAway is the same for one whose tenant was removed: it waits until the
	// tenant is there again, and many may.
	tenantAway = 30 * time.Second
	// fetchAgain is how soon River looks for more where it had some: with its own
	// 100 ms, workers with short executions would wait for most of the time.
	fetchAgain = 10 * time.Millisecond
)

// noQueue is a queue that nothing is ever put into: River wants one to begin with.
// No tenant has its name.
const noQueue = "no_tenant"

// defaultAtOnce is how many of a tenant's executions one process takes from
// the queue at once where no quota says so.
const defaultAtOnce = 16

// queue runs the executions that were accepted, and keeps what became of them.
// River hands them out, one queue a tenant; what an execution may do next is
// decided by its row in the state alone, so that one handed out twice runs
// once.
type queue struct {
	server *Server
	state  *state
	bucket *blob.Bucket
	keep   time.Duration // how long after its end an execution is kept
	owner  string        // of what this process runs
	client *river.Client[*sql.Tx]

	mu      sync.Mutex
	queues  map[string]bool
	running map[string]context.CancelCauseFunc // by execution
	ended   map[string]chan struct{}           // closed at the end of an execution that someone waits for

	direct *direct
	stop   context.CancelFunc
	done   sync.WaitGroup

	backlogs backlogs
}

// errCanceled is the cause of the end of an execution that a client ended.
var errCanceled = errors.New("the execution was canceled by a client")

// job is what River keeps: which execution is to run.
type job struct {
	Execution string `json:"execution"`
}

// Kind implements river.JobArgs.
func (job) Kind() string { return "wasmsql" }

// worker runs jobs.
type worker struct {
	river.WorkerDefaults[job]
	queue *queue
}

// Timeout implements river.Worker: an execution has limits of its own.
func (worker) Timeout(*river.Job[job]) time.Duration { return -1 }

// Work implements river.Worker. A job whose execution was not taken stays with
// River, which offers it again.
func (w worker) Work(ctx context.Context, j *river.Job[job]) error {
	return w.queue.work(ctx, j.Args.Execution, true)
}

// newQueue starts the queue of a server.
func newQueue(ctx context.Context, s *Server, st *state, bucket *blob.Bucket, keep time.Duration) (*queue, error) {
	id := make([]byte, 10)
	_, _ = rand.Read(id) // it never fails
	q := &queue{
		server: s, state: st, bucket: bucket, keep: keep, owner: base32.StdEncoding.EncodeToString(id),
		queues: map[string]bool{}, running: map[string]context.CancelCauseFunc{}, ended: map[string]chan struct{}{}, direct: newDirect(ctx),
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, worker{queue: q})
	var err error
	q.client, err = river.NewClient(st.driver, &river.Config{
		ID: q.owner, Workers: workers, Logger: slog.New(quiet{s.log.Handler()}), PollOnly: true, JobTimeout: -1, RescueStuckJobsAfter: offerAgain,
		FetchCooldown: fetchAgain,
		Queues:        map[string]river.QueueConfig{noQueue: {MaxWorkers: 1}},
	})
	if err != nil {
		return nil, err
	}
	if !st.postgres {
		if err := q.inherit(ctx); err != nil {
			return nil, err
		}
	}
	if err := q.keepUsed(ctx); err != nil {
		return nil, err
	}
	ctx, q.stop = context.WithCancel(context.WithoutCancel(ctx))
	if err := q.client.Start(ctx); err != nil {
		q.stop()
		return nil, err
	}
	q.done.Add(1)
	go q.tend(ctx)
	return q, nil
}

// quiet drops what River tells of itself and is no fault.
type quiet struct{ slog.Handler }

// Enabled implements slog.Handler.
func (h quiet) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && h.Handler.Enabled(ctx, l)
}

// serve has this process take a tenant's executions, so many at once. The
// first number for a tenant is that of the process: a smaller quota later is
// kept by the tenant's gate.
func (q *queue) serve(tenant string, atOnce int64) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.queues[tenant] {
		return nil
	}
	for _, kind := range append(slices.Collect(maps.Keys(q.server.cfg.Kinds)), "") {
		config := river.QueueConfig{MaxWorkers: int(min(cmp.Or(atOnce, defaultAtOnce), river.QueueNumWorkersMax))}
		if err := q.client.Queues().Add(queueOf(tenant, kind), config); err != nil {
			return err
		}
	}
	q.queues[tenant] = true
	return nil
}

// close waits for the executions that this process runs until ctx ends, and
// leaves the others to other processes, or to the next start.
func (q *queue) close(ctx context.Context) error {
	q.direct.end()
	err := q.client.Stop(ctx)
	if err != nil { // the time is over
		stopped, cancel := context.WithTimeout(context.WithoutCancel(ctx), deadAfter)
		defer cancel()
		err = q.client.StopAndCancel(stopped)
	}
	q.direct.wait(ctx)
	q.stop()
	q.done.Wait()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), beatEvery)
	defer cancel()
	return errors.Join(err, q.keepUsed(last), q.bucket.Close(), q.state.Close())
}

// tend beats for what runs here, and looks after what nobody runs.
func (q *queue) tend(ctx context.Context) {
	defer q.done.Done()
	beat, sweep := time.NewTicker(beatEvery), time.NewTicker(sweepEvery)
	defer beat.Stop()
	defer sweep.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
			err = errors.Join(q.beat(ctx), q.keepUsed(ctx))
		case <-sweep.C:
			err = errors.Join(q.sweep(ctx, time.Now().Add(-deadAfter)), q.expire(ctx))
		}
		if err != nil && ctx.Err() == nil {
			q.server.log.ErrorContext(ctx, "the state of executions cannot be kept", "error", err)
		}
	}
}

func (q *queue) beat(ctx context.Context) error {
	asked, err := q.state.beat(ctx, q.owner)
	for _, id := range asked {
		q.interrupt(id)
	}
	return err
}

// interrupt ends an execution if it runs here.
func (q *queue) interrupt(id string) {
	q.mu.Lock()
	cancel := q.running[id]
	q.mu.Unlock()
	if cancel != nil {
		cancel(errCanceled)
	}
}

// commits moves an execution that runs here to Committing, with an outcome. If a
// client has canceled it, of whom nothing was heard yet, that ends it.
func (q *queue) commits(ctx context.Context, e execution, outcome string) error {
	err := q.state.commits(ctx, e, q.owner, outcome)
	if errors.Is(err, errLost) {
		if now, ferr := q.state.one(ctx, "id = $1", e.id); ferr == nil && now.cancel {
			q.interrupt(e.id)
		}
	}
	return err
}

// sweep takes over what a process left behind that is not there any more: an
// execution whose commit had not begun is queued again, as nothing of it is
// left; the outcome of the others is unknown.
func (q *queue) sweep(ctx context.Context, since time.Time) error {
	orphans, err := q.state.orphans(ctx, since)
	for _, e := range orphans {
		if e.status == Committing {
			p := refuse(statusOf[host.CodeInternal], host.CodeInternal, "the server ended during the commit: whether it took place is not known",
				"look at the database before you run the task again")
			p.Unknown, p.Execution, p.Task = true, e.id, e.task
			lost, lerr := q.state.lose(ctx, e, since, p)
			if err = errors.Join(err, lerr); lost {
				q.server.keepEnd(ctx, e, p)
			}
			q.tell(e.id)
			continue
		}
		err = errors.Join(err, q.again(ctx, e, since))
	}
	return err
}

// inherit takes over what an earlier process has left in a state that is this
// process's alone. What was queued is offered again: River may have handed it
// to a process that ended before it claimed it.
func (q *queue) inherit(ctx context.Context) error {
	queued, err := q.state.all(ctx, "status = 'queued' ORDER BY id")
	if err != nil {
		return err
	}
	tx, err := q.state.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, e := range queued {
		if err := q.insert(ctx, tx, e); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return err
	}
	return q.sweep(ctx, time.Now().Add(time.Minute)) // whatever the clock says
}

// again queues an orphan.
func (q *queue) again(ctx context.Context, e execution, since time.Time) error {
	tx, err := q.state.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if ok, err := e.requeue(ctx, q.state, tx, since); err != nil || !ok {
		return err
	}
	if err := q.insert(ctx, tx, e); err != nil {
		return err
	}
	return tx.Commit()
}

func (q *queue) insert(ctx context.Context, tx *sql.Tx, e execution) error {
	return q.insertAfter(ctx, tx, e, 0)
}

// insertAfter queues an execution that is not to run before a time.
func (q *queue) insertAfter(ctx context.Context, tx *sql.Tx, e execution, after time.Duration) error {
	opts := &river.InsertOpts{Queue: queueOf(e.tenant, e.kind)}
	if after > 0 {
		opts.ScheduledAt = time.Now().Add(after)
	}
	_, err := q.client.InsertTx(ctx, tx, job{e.id}, opts)
	return err
}

// expire drops what ended long ago, its result first.
func (q *queue) expire(ctx context.Context) error {
	old, err := q.state.expired(ctx, time.Now().Add(-q.keep))
	for _, e := range old {
		if e.result != "" {
			if derr := q.bucket.Delete(ctx, e.result); derr != nil && gcerrors.Code(derr) != gcerrors.NotFound {
				err = errors.Join(err, derr)
				continue
			}
		}
		err = errors.Join(err, q.state.forget(ctx, e.id))
	}
	return errors.Join(err, q.state.dropUsed(ctx, dayOf(time.Now())-1))
}

// enqueue queues an execution, or returns the one that was asked for with its
// key meanwhile. Others may have taken the room since.
func (q *queue) enqueue(ctx context.Context, e execution, r room) (execution, error) {
	tx, err := q.state.BeginTx(ctx, nil)
	if err != nil {
		return e, err
	}
	defer tx.Rollback()
	if err := e.add(ctx, q.state, tx, r); err != nil {
		_ = tx.Rollback()
		if known, kerr := q.known(ctx, e); kerr != nil || known.id != "" { // it came at the same moment
			return known, kerr
		}
		return e, err
	}
	if err := q.insert(ctx, tx, e); err != nil {
		return e, err
	}
	if err := tx.Commit(); err != nil {
		return e, err
	}
	q.begin(e.id)
	return e, nil
}

// known returns the execution that an earlier request with e's key began.
func (q *queue) known(ctx context.Context, e execution) (execution, error) {
	if e.key == "" {
		return execution{}, nil
	}
	first, err := q.state.findKey(ctx, e.tenant, e.key)
	switch {
	case errors.Is(err, errNoExecution):
		return execution{}, nil
	case err != nil:
		return execution{}, err
	case first.hash != e.hash:
		return execution{}, refuse(statusOf[codeConflict], codeConflict, "another request has used this Idempotency-Key", "a key is for one task with the same inputs")
	}
	return first, nil
}
