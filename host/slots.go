package host

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Times of slots.
const (
	slotTurn   = 100 * time.Microsecond // that a guest keeps a slot which another guest of its tenant, or of one with as little, waits for
	slotMargin = 20 * time.Microsecond  // that a tenant may have had more than one who waits
	slotCredit = 5 * time.Millisecond   // that a tenant who comes has had less than those who are there, at most
	slotRest   = 200 * time.Microsecond // after which a tenant whose guests have waited for nothing lets others have its processor
	slotOffer  = time.Millisecond       // that a guest keeps a processor before the system may give it to another thread or process
	slotAlone  = time.Second            // for which no other tenant has had a slot before one has the spare ones
)

// slots is how many guests may run at once, and goroutines that read or write
// rows. A slot goes to the tenant that has had least of them, in time: so one
// tenant's queue never starves another's, and short executions of a tenant with
// few of them need not wait for the long ones of another. It is safe for
// concurrent use.
type slots struct {
	waiters atomic.Int32 // that wait for a slot
	now     func() time.Time

	all   int // slots
	spare int // more of them: for rows while there is one tenant, and for short work of who has had least

	mu     sync.Mutex
	free   int           // below 0 are spare ones that are in use
	active []*Host       // tenants that hold a slot or wait; of equals, the next one first
	least  time.Duration // the least that any of them had, and never less than it was
	latest *Host         // the last that came
	since  time.Time     // when it came, if another one was there before
}

// share is a tenant's of the slots. Their lock guards it, but for rested.
type share struct {
	used    time.Duration // that it has had of them, or is taken to have had
	running int
	waiting []*waiter
	rested  atomic.Int64 // when a guest of its has last waited for something, in nanoseconds since 1970
}

// waiter is one that waits for a slot.
type waiter struct {
	slot *slot
	came chan struct{} // closed when it has it
}

func newSlots(n, spare int) *slots {
	return &slots{all: n, spare: spare, free: n, now: time.Now}
}

// standing returns how many slots are free, and how many wait for one.
func (s *slots) standing() (free, waiting int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return max(0, s.free), int(s.waiters.Load())
}

// acquire waits for a slot, which may be a spare one. Its error is the context's.
func (s *slots) acquire(ctx context.Context, of *slot) error {
	h := of.host
	s.mu.Lock()
	s.join(h)
	alone := s.alone()
	if s.free > 0 || s.free > -s.spare && (of.rows && alone || !of.long && s.first(h)) {
		s.free--
		h.share.running++
		of.brief = s.free < 0 && !alone
		s.mu.Unlock()
		return nil
	}
	mine := &waiter{of, make(chan struct{})}
	h.share.waiting = append(h.share.waiting, mine)
	s.waiters.Add(1)
	s.mu.Unlock()
	select {
	case <-mine.came:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	i := slices.Index(h.share.waiting, mine)
	if i >= 0 {
		h.share.waiting = slices.Delete(h.share.waiting, i, i+1)
		s.waiters.Add(-1)
		s.leave(h)
	}
	s.mu.Unlock()
	if i < 0 { // the slot came at the same moment
		s.release(h, 0)
	}
	return ctx.Err()
}

// first reports whether other tenants are active, and none of them has had less.
func (s *slots) first(h *Host) bool {
	for _, t := range s.active {
		if t.share.used < h.share.used {
			return false
		}
	}
	return len(s.active) > 1
}

// join makes sure that a tenant is among the active ones. One that was away for
// long is taken to have had about as much as they.
func (s *slots) join(h *Host) {
	if h != s.latest {
		if s.latest != nil {
			s.since = s.now()
		}
		s.latest = h
	}
	if !slices.Contains(s.active, h) {
		h.share.used = max(h.share.used, s.least-slotCredit)
		s.active = append(s.active, h)
	}
}

// alone reports whether the tenant that has come last is the only one for some
// time: what lies between two requests of a tenant is no reason to take what is
// left for it.
func (s *slots) alone() bool { return s.now().Sub(s.since) > slotAlone }

// leave forgets a tenant without guests.
func (s *slots) leave(h *Host) {
	if h.share.running == 0 && len(h.share.waiting) == 0 {
		s.active = slices.DeleteFunc(s.active, func(t *Host) bool { return t == h })
	}
}

// charge counts time that a tenant has had.
func (s *slots) charge(h *Host, d time.Duration) {
	h.share.used += d
	least := h.share.used
	for _, t := range s.active {
		least = min(least, t.share.used)
	}
	s.least = max(s.least, least)
}

// next returns the tenant that gets the next slot, or nil.
func (s *slots) next() *Host {
	var next *Host
	for _, t := range s.active {
		if len(t.share.waiting) > 0 && (next == nil || t.share.used < next.share.used) {
			next = t
		}
	}
	return next
}

// release hands a slot on, which a tenant has had for some time that was not
// counted yet.
func (s *slots) release(h *Host, d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.charge(h, d)
	h.share.running--
	next, brief := s.next(), s.free < 0 && !s.alone()
	if next == nil || brief && !s.mayBeBrief(next) {
		s.free++
		s.leave(h)
		return
	}
	s.leave(h)
	s.pass(next, brief)
}

// mayBeBrief reports whether who waits first of a tenant may have a spare slot
// beside other tenants.
func (s *slots) mayBeBrief(h *Host) bool {
	return !h.share.waiting[0].slot.long && s.first(h)
}

// pass gives a slot to who waits first of a tenant.
func (s *slots) pass(to *Host, brief bool) {
	first := to.share.waiting[0]
	to.share.waiting = to.share.waiting[1:]
	to.share.running++
	s.waiters.Add(-1)
	i := slices.Index(s.active, to)
	s.active = append(slices.Delete(s.active, i, i+1), to)
	first.slot.brief = brief
	close(first.came)
}

// slot is a goroutine's hold on a slot.
type slot struct {
	slots   *slots
	host    *Host
	rows    bool // it reads or writes rows, and runs no guest
	held    bool
	brief   bool      // it has a spare slot, for a turn
	long    bool      // it has had one for a turn, and has waited for nothing since
	began   time.Time // when it came
	counted time.Time // until when it was charged
	offered time.Time // when the system was last asked whether others want the processor
}

func (s *slot) acquire(ctx context.Context) error {
	err := s.slots.acquire(ctx, s)
	s.held = err == nil
	s.began = s.slots.now()
	s.counted = s.began
	if s.offered.IsZero() {
		s.offered = s.began
	}
	return err
}

func (s *slot) release() {
	if s.held {
		s.held = false
		s.slots.release(s.host, s.slots.now().Sub(s.counted))
	}
}

// due reports whether another execution should have the slot now.
func (s *slot) due() bool {
	all := s.slots
	all.mu.Lock()
	defer all.mu.Unlock()
	now := all.now()
	all.charge(s.host, now.Sub(s.counted))
	s.counted = now
	next, over := all.next(), now.Sub(s.began) >= slotTurn
	switch {
	case s.brief && over && all.free < 0:
		s.long = true
		return true
	case next == nil:
		return false
	case next == s.host:
		return over
	}
	mine, theirs := s.host.share.used, next.share.used
	return theirs+slotMargin < mine || over && theirs <= mine
}

// yield lets an execution that waits have the slot, if it is due, and comes back
// with one: a guest that spins holds a slot for no more than its turn. It is
// called often.
func (s *slot) yield(ctx context.Context) error {
	s.offer()
	if s.slots.waiters.Load() == 0 && !s.brief || !s.due() {
		return nil
	}
	s.release()
	return s.acquire(ctx)
}

// offer lets the system have the processor, if it is time to: for a while where
// other tenants are there, every slot is taken, and a processor is to be free of
// them. The slot is kept, as another guest that took it would take the processor,
// too.
func (s *slot) offer() {
	now, all := s.slots.now(), s.slots
	if now.Sub(s.offered) < slotOffer {
		return
	}
	s.offered = now
	all.mu.Lock()
	if s.held {
		all.charge(s.host, now.Sub(s.counted))
		s.counted = now
	}
	crowded := all.spare > 0 && all.free <= 0 && !all.alone()
	all.mu.Unlock()
	if crowded {
		leaveProcessor()
	} else {
		offerProcessor()
	}
	s.host.share.rested.Store(all.now().UnixNano())
}

// blocking runs f without the slot, and comes back with one.
func (s *slot) blocking(ctx context.Context, f func()) error {
	s.release()
	s.long = false
	f()
	s.host.share.rested.Store(s.slots.now().UnixNano())
	return s.acquire(ctx)
}

// begin is acquire for an execution that begins. Guests that end at once never
// tick, so that a tenant which runs one after the other would keep its processor
// until the scheduler takes it away, after 10 ms: it lets others have it first.
func (s *slot) begin(ctx context.Context) error {
	now, rested := s.slots.now().UnixNano(), &s.host.share.rested
	if now-rested.Load() > int64(slotRest) {
		rested.Store(now)
		runtime.Gosched()
	}
	return s.acquire(ctx)
}
