package server

import (
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// TestT10Clock has the clock of the machine jump: a quota is not used up by it
// for longer than it lasts, nor given twice within what it is for.
func TestT10Clock(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) // without the monotonic clock, which does not jump
	a := allowance{}
	for i := range 60 {
		if wait := a.take(now, 60); wait != 0 {
			t.Fatal(i, wait)
		}
	}
	if wait := a.take(now, 60); wait != time.Second {
		t.Error("over the quota:", wait)
	}
	if wait := a.take(now.Add(-24*time.Hour), 60); wait <= 0 || wait > time.Minute {
		t.Error("a day back:", wait)
	}
	if wait := a.take(now.Add(-24*time.Hour+time.Minute), 60); wait != 0 {
		t.Error("a minute after that:", wait)
	}
	if wait := a.take(now.Add(10*365*24*time.Hour), 60); wait != 0 {
		t.Error("ten years ahead:", wait)
	}
	g, q := &gate{}, manifest.Quotas{DailyRows: 10}
	if p := g.refused(now, q); p != nil {
		t.Fatal(p)
	}
	g.mu.Lock()
	g.day.Rows = 10
	g.mu.Unlock()
	if p := g.refused(now.Add(time.Hour), q); p == nil || p.after != 11*60*60 {
		t.Errorf("%+v", p)
	}
	if p := g.refused(now.Add(12*time.Hour), q); p != nil {
		t.Errorf("the next day: %+v", p)
	}
	g.leave(host.Report{Rows: 3})
	if p := g.refused(now.Add(-48*time.Hour), q); p != nil {
		t.Errorf("two days back: %+v", p)
	}
}

// TestC14QuotaChanges has a tenant's quota change while executions wait: those
// that wait go first, and no more run than may.
func TestC14QuotaChanges(t *testing.T) {
	g, q := &gate{}, manifest.Quotas{Running: 1}
	g.allow(1)
	if err := g.turn(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		go func() { _ = g.turn(t.Context(), q) }()
	}
	stands := func(running, waiting int64) {
		t.Helper()
		if r, w := g.standing(); r != running || w != waiting {
			t.Errorf("%d run and %d wait, not %d and %d", r, w, running, waiting)
		}
	}
	for _, w := g.standing(); w < 3; _, w = g.standing() {
		time.Sleep(time.Millisecond)
	}
	g.allow(3)
	stands(3, 1)
	g.allow(1)
	stands(3, 1)
	g.leave(host.Report{})
	stands(2, 1)
	g.leave(host.Report{})
	stands(1, 1)
	g.leave(host.Report{})
	stands(1, 0)
	g.leave(host.Report{})
	stands(0, 0)
}
