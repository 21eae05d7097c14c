package host_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// TestSpinningGuestsShareSlots lets one tenant's guests spin in every slot of a
// Runtime, in run and in configure: another tenant's executions go on.
func TestSpinningGuestsShareSlots(t *testing.T) {
	r, err := host.NewRuntime(context.Background(), host.RuntimeConfig{Slots: 2})
	if err != nil {
		t.Fatal(err)
	}
	limits := host.Limits{Fuel: 1 << 50, Timeout: time.Hour}
	open := func() *host.Host {
		return hosttest.Open(t, hosttest.SQLite(t, people), func(c *host.Config) { c.Runtime, c.Limits = r, limits })
	}
	evil, other := open(), open()
	defer func() { // before the Hosts are, which is once more
		_ = other.Close()
		_ = evil.Close()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	none := abi.Outputs{Mode: abi.OutputNone}
	p := loadOn(t, other, host.Task{Name: "people", Query: "SELECT name FROM people"})
	spin := loadOn(t, evil, host.Task{Name: "spin", Module: module(t, "evil-spin-empty"), Outputs: none})
	tree := loadOn(t, evil, host.Task{Name: "tree", Module: module(t, "evil-tree"), Outputs: none})

	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			var err error
			switch i % 3 {
			case 0:
				_, err = spin.Run(ctx, nil, host.Discard())
			case 1:
				_, err = tree.Run(ctx, nil, host.Discard())
			case 2:
				_, err = evil.Load(ctx, host.Task{Name: "configure", Module: module(t, "evil-configure-spin"), Connection: "db"})
			}
			if c, message := code(err); c != host.CodeCanceled {
				t.Errorf("%s: %s", c, message)
			}
		})
	}
	time.Sleep(20 * time.Millisecond)
	for range 50 { // would wait for an hour
		if _, err := p.Run(context.Background(), nil, host.Discard()); err != nil {
			t.Error(err)
		}
	}
	cancel()
	wg.Wait()
}
