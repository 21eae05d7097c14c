package host

import (
	"context"
	"slices"
	"sync"
)

// slots is how many guests may run at once, handed out to the waiting tenants
// in turn: one tenant's queue never starves another's.
type slots struct {
	mu      sync.Mutex
	free    int
	turn    []*Host // tenants with waiters, the next one first
	waiting map[*Host][]chan struct{}
}

func newSlots(n int) *slots {
	return &slots{free: n, waiting: map[*Host][]chan struct{}{}}
}

// acquire waits for a slot. Its error is the context's.
func (s *slots) acquire(ctx context.Context, h *Host) error {
	s.mu.Lock()
	if s.free > 0 {
		s.free--
		s.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	if len(s.waiting[h]) == 0 {
		s.turn = append(s.turn, h)
	}
	s.waiting[h] = append(s.waiting[h], mine)
	s.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	i := slices.Index(s.waiting[h], mine)
	if i >= 0 {
		s.waiting[h] = slices.Delete(s.waiting[h], i, i+1)
		s.forget(h)
	}
	s.mu.Unlock()
	if i < 0 { // the slot came at the same moment
		s.release()
	}
	return ctx.Err()
}

// wanted reports whether an execution waits for a slot.
func (s *slots) wanted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.turn) > 0
}

// release hands the slot to the next tenant that waits.
func (s *slots) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.turn) == 0 {
		s.free++
		return
	}
	h := s.turn[0]
	next := s.waiting[h][0]
	s.waiting[h] = s.waiting[h][1:]
	s.turn = append(s.turn[1:], h)
	s.forget(h)
	close(next)
}

// forget drops a tenant without waiters.
func (s *slots) forget(h *Host) {
	if len(s.waiting[h]) == 0 {
		delete(s.waiting, h)
		s.turn = slices.DeleteFunc(s.turn, func(t *Host) bool { return t == h })
	}
}

// slot is an execution's hold on a slot.
type slot struct {
	slots *slots
	host  *Host
	held  bool
}

func (s *slot) acquire(ctx context.Context) error {
	err := s.slots.acquire(ctx, s.host)
	s.held = err == nil
	return err
}

func (s *slot) release() {
	if s.held {
		s.held = false
		s.slots.release()
	}
}

// yield lets an execution that waits have the slot, if there is one, and comes
// back with one: a guest that spins holds a slot for no more than its turn.
func (s *slot) yield(ctx context.Context) error {
	if !s.slots.wanted() {
		return nil
	}
	s.release()
	return s.acquire(ctx)
}

// blocking runs f without the slot, and comes back with one.
func (s *slot) blocking(ctx context.Context, f func()) error {
	s.release()
	f()
	return s.acquire(ctx)
}
