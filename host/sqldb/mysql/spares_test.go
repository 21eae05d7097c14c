package mysql

import (
	"context"
	"fmt"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestTurnsShareConnections: executions that come by turns, several at once, need
// not log in again; when fewer come, spares are closed down to pool.idle.
func TestTurnsShareConnections(t *testing.T) {
	d := open(t, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle = 6, 2 })
	ids := map[string]bool{}
	turn := func(many int) {
		var open []sqldb.Tx
		for range many {
			x := begin(t, d)
			ids[one(t, x, "SELECT connection_id()")] = true
			open = append(open, x)
		}
		for _, x := range open {
			if err := x.Commit(context.Background()); err != nil {
				t.Fatal(whole(err))
			}
		}
	}
	// spares waits until there are so many, as they are reset behind one's back.
	spares := func(want int) {
		t.Helper()
		sqldbtest.Eventually(t, fmt.Sprintf("there are never %d spares", want), func() bool {
			d.mu.Lock()
			defer d.mu.Unlock()
			return len(d.spares) == want && d.opening == 0
		})
	}
	for range 50 {
		turn(1)
	}
	spares(2)
	if len(ids) > 3 { // the first one was closed: one execution may be all
		t.Errorf("%d sessions for one at a time", len(ids))
	}
	for range 10 {
		turn(5)
		spares(5)
	}
	if len(ids) > 6 {
		t.Errorf("%d sessions for five at a time", len(ids))
	}
	d.trim()
	spares(5)
	turn(1)
	spares(5)
	d.trim()
	spares(3) // one in use, and two beside it
	d.trim()
	spares(2)
}
