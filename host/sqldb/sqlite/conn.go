package sqlite

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// conn runs the engine of one transaction: one piece of work at a time, in a
// goroutine of its own, so that its caller comes back when the context ends
// even if the engine does not. The engine stops within milliseconds as a rule;
// a single call of an SQL function on a huge value cannot be interrupted. Then
// the conn is lost, and the work closes the engine when it returns at last.
type conn struct {
	db    *db
	guard *guard
	busy  *busy

	down atomic.Bool // the database was closed

	mu     sync.Mutex
	engine *engine // nil before it is opened and after it is closed
	lost   bool    // nobody waits for the engine any more, or it must not be used
	close1 bool    // close was called
}

var errDown = &sqldb.Error{Code: abi.Canceled, Message: "the connection was closed"}

const (
	defaultPatience = time.Second           // given to the engine after an interrupt
	reminders       = 10 * time.Millisecond // between interrupts: one before the first step has no effect
)

// maxLost is how many lost connections a database may have: they use up the
// processor, and there is no way to stop them.
const maxLost = 2

// work is something that the engine does.
type work struct {
	done     chan error
	finished bool // of conn.mu
}

// start begins fn, which alone may use the engine until finish.
func (c *conn) start(fn func() error) *work {
	w := &work{done: make(chan error, 1)}
	c.busy.stop.Store(c.down.Load())
	go func() {
		err := c.contain(fn)
		c.mu.Lock()
		w.finished = true
		if c.lost && c.engine != nil && !isPanic(err) {
			c.engine.close()
			c.engine = nil
		}
		if c.lost {
			c.db.remove(c)
		}
		c.mu.Unlock()
		w.done <- err
	}()
	return w
}

// contain turns a panic of the engine into an error. What it held is in an
// unknown state then: nothing of it is used or freed again.
func (c *conn) contain(fn func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			c.mu.Lock()
			c.lost = true
			c.mu.Unlock()
			err = &panicError{enginePanic(v)}
		}
	}()
	return fn()
}

// panicError marks the error of a panic.
type panicError struct{ err *sqldb.Error }

func (p *panicError) Error() string { return p.err.Error() }
func (p *panicError) Unwrap() error { return p.err }

func isPanic(err error) bool {
	_, ok := err.(*panicError)
	return ok
}

// finish waits for w. If ctx ends first, it interrupts the engine, and gives
// it up after some patience; the error then says how ctx ended.
func (c *conn) finish(ctx context.Context, w *work) error {
	select {
	case err := <-w.done:
		return c.outcome(ctx, err)
	case <-ctx.Done():
	}
	return c.stop(ctx, w, true)
}

// stop interrupts the engine until w is done or the database's patience is over.
func (c *conn) stop(ctx context.Context, w *work, interrupt bool) error {
	over := time.NewTimer(c.db.patience)
	defer over.Stop()
	tick := time.NewTicker(reminders)
	defer tick.Stop()
	for {
		if interrupt {
			c.interrupt()
		}
		select {
		case err := <-w.done:
			return c.outcome(ctx, err)
		case <-tick.C:
		case <-over.C:
			if !c.abandon(w) {
				return c.outcome(ctx, <-w.done)
			}
			if err := sqldb.Ended(ctx); err != nil {
				return err
			}
			return &sqldb.Error{Code: abi.Timeout, Message: "the statement could not be interrupted"}
		}
	}
}

// isLost reports that the engine must not be used any more.
func (c *conn) isLost() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.lost
}

// abandon gives the engine up to the work that still runs, if it does.
func (c *conn) abandon(w *work) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !w.finished {
		c.lost = true
		c.db.lose(c)
	}
	return !w.finished
}

// outcome is the error of work that is done: an interrupt is told as what
// caused it.
func (c *conn) outcome(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if p, ok := err.(*panicError); ok {
		return p.err
	}
	out := describe(err, nil, "")
	if end := sqldb.Ended(ctx); end != nil && (out.Code == abi.Canceled || out.Retryable) {
		end.Cause = err
		return end
	}
	if out.Code == abi.Canceled && c.down.Load() {
		return errDown
	}
	return out
}

// call does fn and waits for it.
func (c *conn) call(ctx context.Context, fn func() error) error {
	if err := sqldb.Ended(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	lost := c.lost || c.close1
	c.mu.Unlock()
	switch {
	case lost:
		return errOver
	case c.down.Load():
		return errDown
	}
	return c.finish(ctx, c.start(fn))
}

// opened takes the engine. The work that opens it calls this.
func (c *conn) opened(e *engine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.engine = e
}

// interrupt stops what the engine does, from any goroutine.
func (c *conn) interrupt() {
	c.busy.stop.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.engine != nil {
		c.engine.interrupt()
	}
}

// shut interrupts the transaction for good, when its database is closed.
func (c *conn) shut() {
	c.down.Store(true)
	c.interrupt()
}

// close closes the engine, which undoes an open transaction. It is idempotent,
// and waits whatever became of ctx, but not for ever.
func (c *conn) close(ctx context.Context) {
	c.mu.Lock()
	over := c.lost || c.close1 || c.engine == nil
	c.close1 = true
	c.mu.Unlock()
	if over {
		if !c.isLost() {
			c.db.remove(c)
		}
		return
	}
	w := c.start(func() error {
		c.mu.Lock()
		e := c.engine
		c.engine = nil
		c.mu.Unlock()
		e.close()
		c.db.remove(c)
		return nil
	})
	_ = c.stop(context.WithoutCancel(ctx), w, false)
}
