package sqlite

import (
	"sync/atomic"
	"time"
)

// busy waits for locks that other connections hold, as long as connect_args
// allow and no longer than the caller's context lives.
type busy struct {
	timeout time.Duration
	since   time.Time
	stop    atomic.Bool // set by an interrupt, from any goroutine
}

// busyDelays are the waits between two attempts; the last one repeats. They
// begin small, since most locks are held for less than a commit.
var busyDelays = [...]time.Duration{
	time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond,
	15 * time.Millisecond, 20 * time.Millisecond, 25 * time.Millisecond,
}

// wait waits before attempt count+1 and reports whether to make it.
func (b *busy) wait(count int) bool {
	now := time.Now()
	if count == 0 {
		b.since = now
	}
	left := b.timeout - now.Sub(b.since)
	if b.stop.Load() || left <= 0 {
		return false
	}
	time.Sleep(min(busyDelays[min(count, len(busyDelays)-1)], left))
	return !b.stop.Load()
}
