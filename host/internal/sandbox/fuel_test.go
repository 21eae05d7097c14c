package sandbox

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

// TestFuelIsExact gives guests what they need and one unit less: the first
// succeeds, the second does not, and both are told the same figure as the
// instance's own.
func TestFuelIsExact(t *testing.T) {
	onEngines(t, func(t *testing.T, s *Sandbox, _ *atomic.Int64) {
		for _, name := range []string{"evil-recursion-retry", "evil-secret-memory", "evil-br-table-large", "evil-table-extern", "grow"} {
			used := func(fuel int64) (int64, error) {
				g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, name)}, Limits{Memory: 16 << 20, Fuel: fuel}, unconfigured)
				if err != nil {
					t.Fatal(err)
				}
				defer g.Close()
				i, err := g.Take(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				defer i.Release()
				_, err = i.Call(context.Background(), "wasmsql_v1_run")
				return i.Fuel(), err
			}
			need, err := used(1 << 40)
			if err != nil || need < slice/2 {
				t.Fatalf("%s: %d units, %v: nothing to divide", name, need, err)
			}
			if n, err := used(need); err != nil || n != need {
				t.Errorf("%s with the %d units it needs: %d, %v", name, need, n, err)
			}
			for _, fuel := range []int64{need - 1, need - 2, need - 5, need / 2, 5000, 1} {
				n, err := used(fuel)
				var exhausted *Exhausted
				if !errors.As(err, &exhausted) || exhausted.Max != fuel || exhausted.Used != n || n <= fuel {
					t.Errorf("%s with %d units: used %d, %+v", name, fuel, n, err)
				}
			}
		}
		for _, name := range []string{"evil-fill-storm", "evil-copy-storm", "evil-table-fill-storm", "evil-grow-huge-storm"} {
			g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, name)}, Limits{Memory: 16 << 20, Fuel: 1_000_000}, unconfigured)
			if err != nil {
				t.Fatal(err)
			}
			i, err := g.Take(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			_, err = i.Call(context.Background(), "wasmsql_v1_run")
			var exhausted *Exhausted
			if !errors.As(err, &exhausted) || exhausted.Used != i.Fuel() {
				t.Errorf("%s: used %d, %+v", name, i.Fuel(), err)
			}
			i.Release()
			g.Close()
		}
	})
}
