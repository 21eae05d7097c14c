package host

import (
	"context"
	"sync"
	"time"
)

// Bounds of how often a task may crash.
const (
	crashTime = 40 * time.Millisecond  // that a crashed execution is taken to last at least
	crashFree = 400 * time.Millisecond // of such time, before the task waits for it
)

// crashes makes a task wait that crashes again and again, or whose tables grow. A
// crash throws away an instance, its stack and its memory, a table that has grown
// is half a megabyte, and all tenants of the process pay for that with the garbage
// collector's time. It is safe for concurrent use.
type crashes struct {
	mu   sync.Mutex
	owed time.Time // when what crashes are taken to last will be over
}

// add counts an execution that has crashed after some time.
func (c *crashes) add(took time.Duration) {
	if took >= crashTime {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); c.owed.Before(now) {
		c.owed = now
	}
	c.owed = c.owed.Add(crashTime - took)
}

// wait waits until the task may be executed again. Its error is the context's.
func (c *crashes) wait(ctx context.Context) error {
	c.mu.Lock()
	again := c.owed.Add(-crashFree)
	c.mu.Unlock()
	left := time.Until(again)
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
