package host

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// queue lets executions of tenants wait for slots, by name, and notes in which
// order they come. Each takes some time on a clock of its own.
type queue struct {
	t     *testing.T
	slots *slots
	order chan string
	clock clock
}

// clock is a time that goes on when it is told to. It is safe for concurrent use.
type clock struct{ since1970 atomic.Int64 }

func (c *clock) now() time.Time      { return time.Unix(0, c.since1970.Load()) }
func (c *clock) add(d time.Duration) { c.since1970.Add(int64(d)) }

func newQueue(t *testing.T, n int) *queue {
	q := &queue{t: t, slots: newSlots(n, 0), order: make(chan string, 100)}
	q.slots.now = q.clock.now
	return q
}

// hold returns a slot that is held, which must be free.
func (q *queue) hold(h *Host) *slot {
	q.t.Helper()
	s := &slot{slots: q.slots, host: h}
	if err := s.acquire(context.Background()); err != nil {
		q.t.Fatal(err)
	}
	return s
}

// wait begins to wait, and takes that time when its slot has come.
func (q *queue) wait(h *Host, name string, takes time.Duration) {
	q.t.Helper()
	n := q.slots.waiters.Load()
	go func() {
		s := &slot{slots: q.slots, host: h}
		if s.acquire(context.Background()) == nil {
			q.clock.add(takes)
			q.order <- name
			s.release()
		}
	}()
	for deadline := time.Now().Add(2 * time.Minute); q.slots.waiters.Load() == n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			q.t.Fatalf("%s does not wait", name)
		}
	}
}

func (q *queue) came(n int) []string {
	var names []string
	for range n {
		names = append(names, <-q.order)
	}
	sqldbtest.Eventually(q.t, "tenants, waiters or slots that are taken are left", func() bool {
		q.slots.mu.Lock()
		defer q.slots.mu.Unlock()
		return len(q.slots.active) == 0 && q.slots.waiters.Load() == 0 && q.slots.free == 1
	})
	return names
}

// TestSlotsGoToWhoHadLeast fills the queue of one tenant and sees that another's
// executions come first as long as it has had less, and that equals take turns.
func TestSlotsGoToWhoHadLeast(t *testing.T) {
	q := newQueue(t, 1)
	busy, quiet := &Host{}, &Host{}
	held := q.hold(busy)
	for range 4 {
		q.wait(busy, "busy", time.Millisecond)
	}
	for range 3 {
		q.wait(quiet, "quiet", 2*time.Millisecond)
	}
	q.clock.add(3 * time.Millisecond)
	held.release()
	if got, want := q.came(7), []string{"quiet", "quiet", "busy", "quiet", "busy", "busy", "busy"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestSlotsTakeTurns sees that tenants who have had as much as each other, as
// their executions take no time, take turns.
func TestSlotsTakeTurns(t *testing.T) {
	q := newQueue(t, 1)
	one, two := &Host{}, &Host{}
	held := q.hold(one)
	for range 3 {
		q.wait(one, "one", 0)
	}
	for range 3 {
		q.wait(two, "two", 0)
	}
	held.release()
	if got, want := q.came(6), []string{"one", "two", "one", "two", "one", "two"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestSlotCredit: who comes after the others have long run has not all that time
// to come before them.
func TestSlotCredit(t *testing.T) {
	q := newQueue(t, 1)
	old, late := &Host{}, &Host{}
	held := q.hold(old)
	q.clock.add(time.Hour)
	if held.due() {
		t.Error("it is due, and nobody waits")
	}
	for range 2 {
		q.wait(old, "old", time.Millisecond)
	}
	for range 7 {
		q.wait(late, "late", time.Millisecond)
	}
	held.release()
	if got, want := q.came(9), []string{"late", "late", "late", "late", "late", "old", "late", "old", "late"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestSlotIsDue: to one who has had less soon, to another of the same tenant
// after a turn.
func TestSlotIsDue(t *testing.T) {
	q := newQueue(t, 1)
	busy, quiet := &Host{}, &Host{}
	held := q.hold(busy)
	q.wait(busy, "busy", 0)
	q.clock.add(slotTurn - 1)
	if held.due() {
		t.Error("due to its own tenant before its turn is over")
	}
	q.clock.add(1)
	if !held.due() {
		t.Error("not due to its own tenant after its turn")
	}
	if err := held.yield(context.Background()); err != nil {
		t.Fatal(err)
	}
	if <-q.order != "busy" || !held.held || held.due() {
		t.Error("it has not come back with a turn of its own")
	}
	q.clock.add(slotCredit + slotMargin)
	q.wait(quiet, "quiet", 0)
	if !held.due() {
		t.Error("not due to a tenant that has had less")
	}
	held.release()
	q.came(1)
}

// TestSlotIsOffered: a guest that works for long offers its processor, also
// where it has come back to its slot again and again, and keeps the slot: another
// guest that took it would take the processor.
func TestSlotIsOffered(t *testing.T) {
	q := newQueue(t, 1)
	h := &Host{}
	held := q.hold(h)
	for range 2 {
		q.clock.add(slotOffer / 2)
		held.release()
		if err := held.acquire(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	came := held.began
	q.clock.add(1)
	if err := held.yield(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !held.held || held.began != came {
		t.Error("it has let go of the slot")
	}
	if held.offered != q.clock.now() {
		t.Error("it has not offered its processor")
	}
	q.clock.add(slotOffer - 1)
	if err := held.yield(context.Background()); err != nil {
		t.Fatal(err)
	}
	if held.offered == q.clock.now() {
		t.Error("it is offered again before its time")
	}
	held.release()
}

// TestSlotsCanceledWaiter gives the slot of a waiter that went away to none.
func TestSlotsCanceledWaiter(t *testing.T) {
	s := newSlots(1, 0)
	h := &Host{}
	if err := s.acquire(context.Background(), &slot{slots: s, host: h}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if err := s.acquire(ctx, &slot{slots: s, host: h}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("acquire: %v", err)
	}
	s.release(h, 0)
	if s.free != 1 || len(s.active) != 0 || s.waiters.Load() != 0 {
		t.Fatalf("free %d, tenants %d, waiters %d", s.free, len(s.active), s.waiters.Load())
	}
}

// TestSlotsSpare: rows have a spare slot as long as their tenant is alone, and
// give it back to whoever comes, who has one of the others afterwards.
func TestSlotsSpare(t *testing.T) {
	q := newQueue(t, 1)
	q.slots.spare = 1
	busy, quiet := &Host{}, &Host{}
	q.clock.add(2 * slotAlone)
	rows := func(h *Host) *slot {
		t.Helper()
		s := &slot{slots: q.slots, host: h, rows: true}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		if err := s.acquire(ctx); err != nil {
			return nil
		}
		return s
	}
	first := q.hold(busy)
	if extra := rows(busy); extra == nil {
		t.Error("no spare slot for the first tenant")
	} else {
		extra.release()
	}
	first.release()
	q.hold(quiet).release()
	guest := q.hold(busy)
	if rows(busy) != nil {
		t.Error("a spare slot for a tenant that has just come after another")
	}
	q.clock.add(slotAlone + 1)
	extra := rows(busy)
	if extra == nil {
		t.Fatal("no spare slot for a tenant that is alone")
	}
	if rows(busy) != nil {
		t.Error("more spare slots than there are")
	}
	if free, _ := q.slots.standing(); free != 0 {
		t.Errorf("%d slots are free", free)
	}
	q.wait(busy, "busy", 0)
	q.wait(quiet, "quiet", 0)
	guest.release() // to the tenant that has none, and from it to nobody
	if name := <-q.order; name != "quiet" {
		t.Errorf("the slot went to %s", name)
	}
	select {
	case name := <-q.order:
		t.Errorf("%s has the spare slot, with two tenants there", name)
	case <-time.After(10 * time.Millisecond):
	}
	extra.release()
	q.came(1)
	guest = q.hold(busy)
	if rows(busy) != nil {
		t.Error("a spare slot soon after another tenant was there")
	}
	guest.release()
	q.came(0)
}

// TestSlotsBrief: beside a tenant that has every slot, one that has had less has
// a spare one at once, for a turn; then it waits as others do, until it has
// waited for something else.
func TestSlotsBrief(t *testing.T) {
	q := newQueue(t, 1)
	q.slots.spare = 1
	busy, quiet, other := &Host{}, &Host{}, &Host{}
	soon := func() context.Context {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		t.Cleanup(cancel)
		return ctx
	}
	wait := func(s *slot) <-chan error {
		n, came := q.slots.waiters.Load(), make(chan error, 1)
		go func() { came <- s.acquire(t.Context()) }()
		sqldbtest.Eventually(t, "it does not wait", func() bool { return q.slots.waiters.Load() > n })
		return came
	}
	held := q.hold(busy)
	q.clock.add(slotCredit)
	if err := held.yield(t.Context()); err != nil { // it is charged
		t.Fatal(err)
	}
	brief := q.hold(quiet)
	if held.brief || !brief.brief {
		t.Error("the spare slot is not the second")
	}
	long := &slot{slots: q.slots, host: other}
	came := wait(long) // there is but one that is spare
	brief.release()
	if err := <-came; err != nil || !long.brief {
		t.Fatal("the spare slot does not go to one that has had as little", err)
	}
	q.clock.add(slotTurn - 1)
	if long.due() {
		t.Error("it is due before its turn is over")
	}
	q.clock.add(1)
	if err := long.yield(soon()); err == nil {
		t.Fatal("it keeps the spare slot after its turn, or has it again")
	}
	brief = q.hold(quiet)
	came = wait(long)
	q.clock.add(2 * slotTurn) // so that it has had least
	brief.release()
	select {
	case <-came:
		t.Fatal("the spare slot goes to one that has had its turn")
	case <-time.After(10 * time.Millisecond):
	}
	held.release()
	if err := <-came; err != nil || long.brief {
		t.Fatal("it has no slot that is not spare", err)
	}
	if err := long.blocking(soon(), func() { held = q.hold(busy) }); err != nil || !long.brief {
		t.Error("no spare slot for one that has waited for something else", err)
	}
	if err := (&slot{slots: q.slots, host: busy}).acquire(soon()); err == nil {
		t.Error("the spare slot goes to who has had most")
	}
	held.release()
	long.release()
	q.came(0)
}

// TestSlotsBriefRows: rows that come from a wait are short work again.
func TestSlotsBriefRows(t *testing.T) {
	q := newQueue(t, 1)
	q.slots.spare = 1
	busy, quiet := &Host{}, &Host{runtime: &Runtime{slots: q.slots}}
	held := q.hold(busy)
	q.clock.add(slotCredit)
	if err := held.yield(t.Context()); err != nil { // it is charged
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	p := newPace(ctx, quiet)
	for range freeTicks + 1 {
		p.tick()
	}
	if !p.slot.brief {
		t.Fatal("no spare slot for rows")
	}
	q.clock.add(slotTurn)
	if p.tick(); p.slot.held {
		t.Error("they keep the spare slot after their turn")
	}
	p.rest()
	if p.tick(); !p.slot.held || !p.slot.brief {
		t.Error("no spare slot for rows that have waited")
	}
	p.rest()
	held.release()
	q.came(0)
}
