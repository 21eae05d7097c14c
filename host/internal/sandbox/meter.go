package sandbox

import (
	"context"
	"runtime"
	"time"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// slice is how much fuel a guest gets at a time: a few microseconds of work,
// after which the deadline is looked at.
const slice = 20_000

// turn is how long a guest runs before goroutines that wait for a processor have
// their turn. To let them costs some microseconds, and often the processor's
// caches, as Go then wakes another processor to look for work: the template's
// guest is done before.
const turn = 100 * time.Microsecond

// Exhausted ends a call that is over a limit.
type Exhausted struct {
	Limit string // "fuel", in units, or "memory", in bytes
	Max   int64
	Used  int64 // or needed
}

// Error names the limit.
func (e *Exhausted) Error() string { return "the limit of " + e.Limit + " is reached" }

// meter grants fuel to one call of a guest.
type meter struct {
	ctx      context.Context
	deadline time.Time // zero: none
	limit    int64     // 0: none
	granted  int64
	yielded  time.Time
	yield    func(context.Context) error // or nil
}

type meterKey struct{}

type yieldKey struct{}

// WithYield returns a context for Instance.Call in which yield is called every
// few microseconds of the guest's work. Its error ends the call.
func WithYield(ctx context.Context, yield func(context.Context) error) context.Context {
	return context.WithValue(ctx, yieldKey{}, yield)
}

// tickImport is what metered modules call when they have no fuel left, or no
// stack. wasmbin.Layout describes it.
var tickImport = Import{Module: wasmbin.TickModule, Name: wasmbin.TickName, Params: "II", Result: "I",
	Call: func(ctx context.Context, _ Memory, stack []uint64) {
		m := ctx.Value(meterKey{}).(*meter)
		stack[0] = uint64(m.tick(int64(stack[0]), int64(stack[1])))
	}}

func newMeter(ctx context.Context, limit int64) *meter {
	m := &meter{limit: limit, yielded: time.Now()}
	m.deadline, _ = ctx.Deadline()
	m.yield, _ = ctx.Value(yieldKey{}).(func(context.Context) error)
	m.ctx = context.WithValue(ctx, meterKey{}, m)
	return m
}

// tick lets others run and returns what the guest may use further. It panics
// where that is nothing: with more used than the limit, never with as much.
func (m *meter) tick(left, stack int64) int64 {
	if stack < 0 {
		panic(errStack)
	}
	if left >= 0 {
		return left
	}
	if used := m.granted - left; m.limit > 0 && used > m.limit {
		panic(&Exhausted{Limit: "fuel", Max: m.limit, Used: used})
	}
	if m.yield != nil {
		if err := m.yield(m.ctx); err != nil {
			panic(err)
		}
	}
	now := time.Now()
	if now.Sub(m.yielded) > turn {
		runtime.Gosched()
		now = time.Now()
		m.yielded = now
	}
	if err := m.ctx.Err(); err != nil {
		panic(err)
	}
	if !m.deadline.IsZero() && !now.Before(m.deadline) {
		panic(context.DeadlineExceeded)
	}
	n := max(slice, -left)
	if m.limit > 0 {
		n = min(n, m.limit-m.granted)
	}
	m.granted += n
	return left + n
}
