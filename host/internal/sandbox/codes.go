package sandbox

import (
	"context"
	"crypto/sha256"
	"slices"
	"sync"
)

// Bounds of the code that no guest stands on, and that is kept as it may be
// asked for again. Machine code has three to four times the bytes of its module.
const (
	maxUnused      = 64
	maxUnusedBytes = 16 << 20 // of the modules
)

// codes makes each module's code once, however many ask for it at a time. It is
// safe for concurrent use.
type codes struct {
	mu      sync.Mutex
	entries map[[sha256.Size]byte]*codeEntry
	unused  []*codeEntry // the longest unused one first
	bytes   int          // of the unused ones
	shared  int64        // how often code was there already
	making  sync.WaitGroup
	closed  bool
}

// codeEntry is the code of a module, or its making.
type codeEntry struct {
	digest [sha256.Size]byte
	cancel context.CancelFunc // of its making
	done   chan struct{}      // closed when that has ended
	code   *preparedCode
	err    error
	guests int // that stand on it or wait for it
}

// preparedCode is code with what was taken out of its module.
type preparedCode struct {
	Code
	*form
	entry *codeEntry
	size  int // of the rewritten module
}

// get returns a module's code, made by the first who asks. Who gets it has joined
// its entry, and must leave it. The making goes on as long as somebody waits for
// it, whoever that is, and is forgotten if it fails.
func (c *codes) get(ctx context.Context, digest [sha256.Size]byte, making func(context.Context) (*preparedCode, error)) (*preparedCode, error) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil, errClosed
	}
	e, ok := c.entries[digest]
	if !ok {
		e = &codeEntry{digest: digest, done: make(chan struct{})}
		c.entries[digest] = e
		c.making.Add(1)
		var on context.Context
		on, e.cancel = context.WithCancel(context.WithoutCancel(ctx))
		go c.fill(on, e, making)
	} else {
		c.shared++
	}
	c.join(e)
	c.mu.Unlock()
	select {
	case <-e.done:
		return e.code, e.err
	case <-ctx.Done():
		c.leave(e)
		return nil, ctx.Err()
	}
}

// fill makes the code of an entry. One that nobody waits for any more is not an
// entry any more: another may be on its way.
func (c *codes) fill(ctx context.Context, e *codeEntry, making func(context.Context) (*preparedCode, error)) {
	defer c.making.Done()
	defer e.cancel()
	code, err := making(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(e.done)
	switch {
	case err != nil:
		e.err = err
		c.drop(e)
	case c.entries[e.digest] != e:
		e.err = context.Canceled
		code.Forget()
	default:
		code.entry, e.code = e, code
	}
}

// drop takes an entry out. The lock is held.
func (c *codes) drop(e *codeEntry) {
	if c.entries[e.digest] == e {
		delete(c.entries, e.digest)
	}
}

// join counts somebody who uses an entry. The lock is held.
func (c *codes) join(e *codeEntry) {
	if e.guests++; e.guests > 1 {
		return
	}
	if i := slices.Index(c.unused, e); i >= 0 {
		c.unused = slices.Delete(c.unused, i, i+1)
		c.bytes -= e.code.size
	}
}

// leave undoes a join. Code that nobody uses is kept as far as there is room;
// the making of code that nobody waits for is ended.
func (c *codes) leave(e *codeEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.guests--; e.guests > 0 || e.err != nil {
		return
	}
	if e.code == nil {
		c.drop(e)
		e.cancel()
		return
	}
	c.unused = append(c.unused, e)
	c.bytes += e.code.size
	for len(c.unused) > maxUnused || c.bytes > maxUnusedBytes {
		old := c.unused[0]
		c.unused = slices.Delete(c.unused, 0, 1)
		c.bytes -= old.code.size
		c.drop(old)
		old.code.Forget()
	}
}

// close ends what is being made, and waits for that.
func (c *codes) close() {
	c.mu.Lock()
	c.closed = true
	for _, e := range c.entries {
		e.cancel()
	}
	c.mu.Unlock()
	c.making.Wait()
}
