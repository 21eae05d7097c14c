package host

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestSlotsTakeTurns fills the queue of one tenant and sees that another's
// only waiter comes second, not last.
func TestSlotsTakeTurns(t *testing.T) {
	s := newSlots(1)
	busy, quiet := &Host{}, &Host{}
	ctx := context.Background()
	if err := s.acquire(ctx, busy); err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 11)
	wait := func(h *Host, name string, waiters int) {
		go func() {
			if s.acquire(ctx, h) == nil {
				order <- name
				s.release()
			}
		}()
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
			s.mu.Lock()
			n := len(s.waiting[h])
			s.mu.Unlock()
			if n == waiters {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d waiters of %s, want %d", n, name, waiters)
			}
		}
	}
	for i := range 10 {
		wait(busy, "busy", i+1)
	}
	wait(quiet, "quiet", 1)
	s.release()
	var got []string
	for range 11 {
		got = append(got, <-order)
	}
	if got[0] != "busy" || got[1] != "quiet" {
		t.Fatalf("order of turns: %v", got)
	}
	if len(s.turn) != 0 || len(s.waiting) != 0 {
		t.Fatalf("left behind: %d turns, %d tenants", len(s.turn), len(s.waiting))
	}
}

// TestSlotsCanceledWaiter gives the slot of a waiter that went away to none.
func TestSlotsCanceledWaiter(t *testing.T) {
	s := newSlots(1)
	h := &Host{}
	if err := s.acquire(context.Background(), h); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := s.acquire(ctx, h); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("acquire: %v", err)
	}
	s.release()
	if s.free != 1 || len(s.turn) != 0 || len(s.waiting) != 0 {
		t.Fatalf("free %d, turns %d, tenants %d", s.free, len(s.turn), len(s.waiting))
	}
}
