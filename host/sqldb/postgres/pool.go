package postgres

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// The bounds of a pool where its Config has zeros.
const (
	defaultMax      = 8
	defaultIdle     = 2
	defaultLifetime = 30 * time.Minute
)

// linger is how long connections are kept that are more than pool.idle and that
// nobody needs: those who come by turns need not log in by turns.
const linger = 10 * time.Second

// pool keeps the connections of a database. It is safe for concurrent use.
type pool struct {
	dial     func(context.Context) (*conn, error)
	bounds   sqldb.Pool
	slots    chan struct{} // one for each connection that may be open besides the idle ones
	waiting  atomic.Int32  // for a slot
	mu       sync.Mutex
	idle     []*conn // the one used last is the last, and has had the least time to be cleaned
	used     map[*conn]struct{}
	closed   bool
	least    int // the fewest that were idle since the last sweep
	sweeping *time.Timer
}

func newPool(bounds sqldb.Pool, dial func(context.Context) (*conn, error)) *pool {
	if bounds.Max <= 0 {
		bounds.Max = defaultMax
	}
	if bounds.Idle <= 0 {
		bounds.Idle = defaultIdle
	}
	bounds.Idle = min(bounds.Idle, bounds.Max)
	if bounds.Lifetime <= 0 {
		bounds.Lifetime = defaultLifetime
	}
	return &pool{dial: dial, bounds: bounds, slots: make(chan struct{}, bounds.Max), used: map[*conn]struct{}{}}
}

var errClosed = &sqldb.Error{Code: abi.State, Message: "the connection is closed"}

// get returns a connection that is clean, or whose next answers are to say so
// (see conn.send), and whether it was used before. It waits while as many as may
// be are in use.
func (p *pool) get(ctx context.Context) (c *conn, reused bool, err error) {
	if err := p.slot(ctx); err != nil {
		return nil, false, err
	}
	defer func() {
		if err != nil {
			<-p.slots
		}
	}()
	if c, err := p.takeIdle(); c != nil || err != nil {
		return c, err == nil, err
	}
	c, err = p.fresh(ctx)
	return c, false, err
}

// slot waits for a slot.
func (p *pool) slot(ctx context.Context) error {
	select {
	case p.slots <- struct{}{}:
		return nil
	default:
	}
	p.waiting.Add(1)
	defer p.waiting.Add(-1)
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		e := sqldb.Ended(ctx)
		e.Detail = "all connections of the pool are in use"
		return e
	}
}

// stats returns how the connections stand.
func (p *pool) stats() sqldb.PoolStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return sqldb.PoolStats{Max: p.bounds.Max, Used: len(p.slots), Idle: len(p.idle), Waiting: int(p.waiting.Load())}
}

// fresh makes a connection for a slot that is held.
func (p *pool) fresh(ctx context.Context) (*conn, error) {
	if err := sqldb.Ended(ctx); err != nil {
		return nil, err
	}
	c, err := p.dial(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.close()
		return nil, errClosed
	}
	p.used[c] = struct{}{}
	return c, nil
}

func (p *pool) takeIdle() (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, errClosed
	}
	for len(p.idle) > 0 {
		c := p.idle[0]
		p.idle = slices.Delete(p.idle, 0, 1)
		p.least = min(p.least, len(p.idle))
		if time.Since(c.born) < p.bounds.Lifetime {
			p.used[c] = struct{}{}
			return c, nil
		}
		go c.close()
	}
	return nil, nil
}

// forget closes a connection that is in use and keeps its slot.
func (p *pool) forget(c *conn) {
	p.mu.Lock()
	delete(p.used, c)
	p.mu.Unlock()
	c.close()
}

// put takes a connection back: it is kept if it is clean, or is being cleaned.
func (p *pool) put(c *conn) {
	defer func() { <-p.slots }()
	p.mu.Lock()
	delete(p.used, c)
	c.mu.Lock()
	usable := c.broken == nil && !c.tainted && !c.down
	c.mu.Unlock()
	if usable && !p.closed && time.Since(c.born) < p.bounds.Lifetime {
		p.idle = append(p.idle, c)
		p.sweepLater()
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	c.close()
}

// sweepLater arranges that idle connections are closed when they are too old, or
// too many. The pool is locked, and one has just become idle, or a sweep is over.
func (p *pool) sweepLater() {
	if len(p.idle) == 0 || p.sweeping != nil && len(p.idle) != p.bounds.Idle+1 {
		return
	}
	next := p.bounds.Lifetime - time.Since(p.idle[0].born) + time.Millisecond
	if len(p.idle) > p.bounds.Idle {
		next = min(next, linger)
	}
	if p.sweeping == nil {
		p.sweeping = time.AfterFunc(next, p.sweep)
	} else {
		p.sweeping.Reset(next)
	}
}

// sweep closes what is too old, and what nobody has needed since the last one.
func (p *pool) sweep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sweeping = nil
	extra := p.least - p.bounds.Idle
	p.idle = slices.DeleteFunc(p.idle, func(c *conn) bool {
		if extra <= 0 && time.Since(c.born) < p.bounds.Lifetime {
			return false
		}
		extra--
		go c.close()
		return true
	})
	p.least = len(p.idle)
	p.sweepLater()
}

// close closes what is idle, and interrupts what is in use.
func (p *pool) close() {
	p.mu.Lock()
	idle := p.idle
	var used []*conn
	for c := range p.used {
		used = append(used, c)
	}
	p.idle, p.closed = nil, true
	if p.sweeping != nil {
		p.sweeping.Stop()
	}
	p.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
	var all sync.WaitGroup
	for _, c := range used {
		all.Go(c.shut)
	}
	all.Wait()
}
