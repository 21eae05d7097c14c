package server

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/riverqueue/river"
)

// direct are the executions that run as soon as they are accepted, in the
// process that has accepted them. River, which asks the state once in a second
// whether there is something to do, comes later and finds them claimed. It is
// safe for concurrent use.
type direct struct {
	ctx    context.Context //nolint:containedctx // of all of them
	cancel context.CancelFunc

	mu    sync.Mutex
	ended bool
	runs  sync.WaitGroup
}

func newDirect(ctx context.Context) *direct {
	d := &direct{}
	d.ctx, d.cancel = context.WithCancel(context.WithoutCancel(ctx))
	return d
}

// run has f run beside the caller, unless none is to begin any more.
func (d *direct) run(f func(context.Context)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.ended {
		d.runs.Go(func() { f(d.ctx) })
	}
}

// end lets none begin any more.
func (d *direct) end() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended = true
}

// wait returns when all are over. Those that are not when ctx ends are
// cancelled.
func (d *direct) wait(ctx context.Context) {
	stop := context.AfterFunc(ctx, d.cancel)
	defer stop()
	d.runs.Wait()
	d.cancel()
}

// begin runs an execution that was just accepted, if its tenant has room for it
// now. If not, or if this process ends first, River has it.
func (q *queue) begin(id string) {
	q.direct.run(func(ctx context.Context) {
		err := q.work(ctx, id, false)
		var later *river.JobSnoozeError
		if err != nil && !errors.As(err, &later) && ctx.Err() == nil {
			q.server.log.WarnContext(ctx, "an execution is left to the queue", "execution", id, "error", err)
		}
	})
}

// release makes an execution that runs here queued again, for another process
// or the next start; not before a time.
func (q *queue) release(ctx context.Context, e execution, after time.Duration) error {
	tx, err := q.state.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := q.state.release(ctx, tx, e, q.owner); err != nil {
		return err
	}
	if err := q.insertAfter(ctx, tx, e, after); err != nil {
		return err
	}
	return tx.Commit()
}
