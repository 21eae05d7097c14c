package host_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// encoder is a Sink that computes for many ticks with each batch.
type encoder struct {
	host.Sink
	tick, rest func()
	computing  *atomic.Int32 // encoders that do, in all tenants
	most       *atomic.Int32 // of them at once
}

func (e *encoder) Pace(tick, rest func()) { e.tick, e.rest = tick, rest }

func (e *encoder) Write(arrow.Record) error {
	for range 20 {
		e.tick() // some are for nothing
		e.rest()
	}
	for range 200 {
		e.tick()
		n := e.computing.Add(1)
		for most := e.most.Load(); n > most && !e.most.CompareAndSwap(most, n); most = e.most.Load() {
		}
		runtime.Gosched()
		e.computing.Add(-1)
		e.rest()
	}
	return nil
}

// TestRowsShareSlots has encoders of two tenants beside spinning guests: no
// more of them compute at once than there are slots, and all come to their end.
func TestRowsShareSlots(t *testing.T) {
	const slots = 2
	r, err := host.NewRuntime(context.Background(), host.RuntimeConfig{Slots: slots})
	if err != nil {
		t.Fatal(err)
	}
	open := func() *host.Host {
		return hosttest.Open(t, hosttest.SQLite(t, people), func(c *host.Config) {
			c.Runtime, c.Limits = r, host.Limits{Fuel: 1 << 50, Timeout: time.Hour}
		})
	}
	one, two := open(), open()
	defer func() {
		_ = one.Close()
		_ = two.Close()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithCancel(context.Background())
	var spins, runs sync.WaitGroup
	spin := loadOn(t, one, host.Task{Name: "spin", Module: module(t, "evil-spin-empty"), Outputs: abi.Outputs{Mode: abi.OutputNone}})
	for range slots {
		spins.Go(func() { _, _ = spin.Run(ctx, nil, host.Discard()) })
	}
	var computing, most atomic.Int32
	for _, h := range []*host.Host{one, two} {
		p := loadOn(t, h, host.Task{Name: "people", Query: "SELECT name FROM people"})
		for range 2 * slots {
			runs.Go(func() {
				if _, err := p.Run(ctx, nil, &encoder{Sink: host.Discard(), computing: &computing, most: &most}); err != nil {
					t.Error(err)
				}
			})
		}
	}
	runs.Wait()
	cancel()
	spins.Wait()
	if n := most.Load(); n < 1 || n > slots {
		t.Errorf("%d encoders have computed at once, with %d slots", n, slots)
	}
	if s := r.Stats(); s.Running != 0 || s.Waiting != 0 {
		t.Errorf("left behind: %+v", s)
	}
}
