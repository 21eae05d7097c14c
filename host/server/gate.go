package server

import (
	"context"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// gates are the doors that the executions of tenants go through, by the
// tenant's name: what a tenant has used outlives a change of its folder.
type gates struct {
	mu   sync.Mutex
	gate map[string]*gate
}

// of returns the gate of a tenant.
func (g *gates) of(tenant string) *gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.gate == nil {
		g.gate = map[string]*gate{}
	}
	if g.gate[tenant] == nil {
		g.gate[tenant] = &gate{}
	}
	return g.gate[tenant]
}

// all returns the gates by their tenants' names.
func (g *gates) all() map[string]*gate {
	g.mu.Lock()
	defer g.mu.Unlock()
	return maps.Clone(g.gate)
}

// gate holds the executions of one tenant against its quotas.
type gate struct {
	mu      sync.Mutex
	running int64
	most    int64           // that may run, by the tenant's quota of now; 0: any number
	waiting []chan struct{} // the first is the next
	minute  allowance
	day     day

	answering atomic.Int64 // of those that run, whose requests wait for them
}

// day is what was used in a day of UTC.
type day struct {
	number int64 // days since 1970
	usedJSON
	unkept usedJSON // the part of it that the state does not have yet
}

// allowance is a bucket that fills again evenly, and holds a minute's worth.
type allowance struct {
	used  float64
	since time.Time
}

// take uses one of perMinute, or says how long to wait for it.
func (a *allowance) take(now time.Time, perMinute int64) (wait time.Duration) {
	if perMinute == 0 {
		return 0
	}
	each := float64(time.Minute) / float64(perMinute)
	if !a.since.IsZero() {
		a.used = max(0, a.used-float64(max(0, now.Sub(a.since)))/each)
	}
	a.since = now
	if over := a.used + 1 - float64(perMinute); over > 0 {
		return time.Duration(over * each)
	}
	a.used++
	return 0
}

// enter lets an execution begin, after the others that wait; leave is to be
// called when it is over. The error is a *problem, or that of the context.
func (g *gate) enter(ctx context.Context, q manifest.Quotas) error {
	if p := g.admit(q); p != nil {
		return p
	}
	return g.turn(ctx, q)
}

// admit counts an execution that is to begin, now or when its turn comes, or
// says why it may not.
func (g *gate) admit(q manifest.Quotas) *problem {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refused(time.Now(), q)
}

// turn waits until an execution that was admitted may run; leave is to be
// called when it is over.
func (g *gate) turn(ctx context.Context, q manifest.Quotas) error {
	g.mu.Lock()
	if q.Running == 0 || g.running < q.Running {
		g.running++
		g.mu.Unlock()
		return nil
	}
	if q.Waiting > 0 && int64(len(g.waiting)) >= q.Waiting {
		n := len(g.waiting)
		g.mu.Unlock()
		return busy(time.Second, fmt.Sprintf("%d executions run and %d wait, which are the tenant's quotas", q.Running, n))
	}
	mine := make(chan struct{})
	g.waiting = append(g.waiting, mine)
	g.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, w := range g.waiting {
		if w == mine {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			return context.Cause(ctx)
		}
	}
	g.pass() // the turn came at the same moment
	return context.Cause(ctx)
}

// allow takes over how many may run from now on: with more than before, the next
// of those that wait do; with fewer, places are not handed on.
func (g *gate) allow(most int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.most = most; len(g.waiting) > 0 && (most == 0 || g.running < most); g.running++ {
		g.next()
	}
}

// try is turn for an execution that does not wait: it reports whether it may
// run now.
func (g *gate) try(q manifest.Quotas) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if q.Running > 0 && g.running >= q.Running {
		return false
	}
	g.running++
	return true
}

// refused says why no execution may begin now, or counts one.
func (g *gate) refused(now time.Time, q manifest.Quotas) *problem {
	g.turnDay(now)
	for _, of := range []struct {
		what        string
		used, quota int64
	}{{"rows", g.day.Rows, q.DailyRows}, {"bytes", g.day.Bytes, q.DailyBytes}, {"fuel", g.day.Fuel, q.DailyFuel}} {
		if of.quota > 0 && of.used >= of.quota {
			tomorrow := time.Unix((g.day.number+1)*secondsOfDay, 0)
			return busy(tomorrow.Sub(now), fmt.Sprintf("the tenant has used %d %s today, its quota is %d", of.used, of.what, of.quota))
		}
	}
	if wait := g.minute.take(now, q.PerMinute); wait > 0 {
		return busy(wait, fmt.Sprintf("the tenant may begin %d executions a minute", q.PerMinute))
	}
	return nil
}

const secondsOfDay = 24 * 60 * 60

func (g *gate) turnDay(now time.Time) {
	if number := dayOf(now); number != g.day.number {
		g.day = day{number: number}
	}
}

// leave ends an execution that entered.
func (g *gate) leave(r host.Report) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turnDay(time.Now())
	more := usedJSON{Rows: r.Rows, Bytes: r.Bytes, Fuel: r.Fuel}
	g.day.usedJSON, g.day.unkept = g.day.plus(more), g.day.unkept.plus(more)
	g.pass()
}

// today returns what was used in this day of UTC.
func (g *gate) today() usedJSON {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.turnDay(time.Now())
	return g.day.usedJSON
}

// standing returns how many executions run and wait.
func (g *gate) standing() (running, waiting int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.running, int64(len(g.waiting))
}

// pass hands a running execution's place on.
func (g *gate) pass() {
	if len(g.waiting) > 0 && (g.most == 0 || g.running <= g.most) {
		g.next()
		return
	}
	g.running--
}

// next lets the first of those that wait begin.
func (g *gate) next() {
	close(g.waiting[0])
	g.waiting = g.waiting[1:]
}

// busy is the answer to what is over a quota for now.
func busy(wait time.Duration, detail string) *problem {
	p := refuse(statusOf[codeBusy], codeBusy, detail, "")
	p.after = max(1, int((wait+time.Second-1)/time.Second))
	p.Hint = fmt.Sprintf("try again in %d s", p.after)
	p.Retryable = true
	return p
}
