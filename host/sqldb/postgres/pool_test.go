package postgres

import (
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestTurnsShareConnections: executions that come by turns, several at once, need
// not log in again; when fewer come, connections are closed down to pool.idle.
func TestTurnsShareConnections(t *testing.T) {
	d := sqldbtest.Open(t, Driver{}, sqldbtest.Postgres(t), sqldb.Config{Pool: sqldb.Pool{Max: 6, Idle: 2}})
	p := d.(*db).pool
	idle := func() int {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.idle)
	}
	pids := map[string]bool{}
	turn := func(many int) {
		var open []sqldb.Tx
		for range many {
			tx := sqldbtest.Begin(t, d, sqldb.TxOptions{})
			rows, err := tx.Query(t.Context(), "SELECT pg_backend_pid()::text", nil)
			if err != nil {
				t.Fatal(err)
			}
			rec, err := rows.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			pids[rec.Column(0).ValueStr(0)] = true
			rec.Release()
			if err := rows.Close(); err != nil {
				t.Fatal(err)
			}
			open = append(open, tx)
		}
		for _, tx := range open {
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 10 {
		turn(5)
	}
	if len(pids) != 5 || idle() != 5 {
		t.Errorf("%d sessions for five at a time, %d are idle", len(pids), idle())
	}
	p.sweep()
	if idle() != 5 {
		t.Errorf("%d are idle where five were needed", idle())
	}
	for range 3 {
		turn(1)
	}
	p.sweep()
	if idle() != 3 { // one in use, and two beside it
		t.Errorf("%d are idle where one was needed", idle())
	}
	p.sweep()
	if idle() != 2 {
		t.Errorf("%d are idle where none was needed", idle())
	}
}
