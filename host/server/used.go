package server

import (
	"context"
	"maps"
	"slices"
	"time"
)

// What tenants have used of their daily quotas is kept in the state, where there
// is one: it is known again after a start, and the processes that share a state
// share the quotas. Each adds what was used there, and reads the sum, with each
// beat: for that long one may use what another has used already.

// dayOf returns the number of the day, in days of UTC since 1970.
func dayOf(now time.Time) int64 { return now.Unix() / secondsOfDay }

// keepUsed adds to the state what was used since the last time, and learns what
// was used in all.
func (q *queue) keepUsed(ctx context.Context) error {
	day, gates := dayOf(time.Now()), q.server.gate.all()
	more := map[string]usedJSON{}
	for name, g := range gates {
		if u := g.unkept(day); u != (usedJSON{}) {
			more[name] = u
		}
	}
	all, err := q.state.use(ctx, day, more)
	if err != nil {
		for name, u := range more {
			gates[name].giveBack(day, u)
		}
		return err
	}
	for name, u := range all {
		q.server.gate.of(name).learn(day, u)
	}
	return nil
}

// unkept returns what was used in a day and is not in the state, which is then
// taken to have it.
func (g *gate) unkept(day int64) (u usedJSON) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.day.number == day {
		u, g.day.unkept = g.day.unkept, usedJSON{}
	}
	return u
}

// giveBack undoes unkept.
func (g *gate) giveBack(day int64, u usedJSON) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.day.number == day {
		g.day.unkept = g.day.unkept.plus(u)
	}
}

// learn takes over what the state has of a day.
func (g *gate) learn(day int64, u usedJSON) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.day.number < day {
		g.turnDay(time.Unix(day*secondsOfDay, 0))
	}
	if g.day.number == day {
		g.day.usedJSON = u.plus(g.day.unkept)
	}
}

// use adds what tenants have used in a day, and returns what they have used in
// all, by all processes.
func (s *state) use(ctx context.Context, day int64, more map[string]usedJSON) (map[string]usedJSON, error) {
	tx, err := s.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	for _, tenant := range slices.Sorted(maps.Keys(more)) { // in one order: processes wait for each other
		u := more[tenant]
		if _, err := tx.ExecContext(ctx, s.q(`INSERT INTO wasmsql_used (tenant, day, used_rows, used_bytes, used_fuel) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (tenant, day) DO UPDATE SET used_rows = wasmsql_used.used_rows + excluded.used_rows,
			used_bytes = wasmsql_used.used_bytes + excluded.used_bytes, used_fuel = wasmsql_used.used_fuel + excluded.used_fuel`),
			tenant, day, u.Rows, u.Bytes, u.Fuel); err != nil {
			return nil, err
		}
	}
	rows, err := tx.QueryContext(ctx, s.q("SELECT tenant, used_rows, used_bytes, used_fuel FROM wasmsql_used WHERE day = $1"), day)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]usedJSON{}
	for rows.Next() {
		var tenant string
		var u usedJSON
		if err := rows.Scan(&tenant, &u.Rows, &u.Bytes, &u.Fuel); err != nil {
			return nil, err
		}
		all[tenant] = u
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	return all, tx.Commit()
}

// dropUsed drops what was used in days before one.
func (s *state) dropUsed(ctx context.Context, day int64) error {
	_, err := s.ExecContext(ctx, s.q("DELETE FROM wasmsql_used WHERE day < $1"), day)
	return err
}
