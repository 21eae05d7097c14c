package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// pointsQuery returns the rows of a small table up to one.
const pointsQuery = "SELECT id, name FROM points WHERE id <= "

// pointsTasks fill a small table of SQLite, which what runs on no server uses,
// and query it.
const pointsTasks = `
name: fill
connection: {uri: "sqlite:///points.db"}
outputs: none
query: |
  CREATE TABLE points (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
  INSERT INTO points SELECT i, 'point ' || i FROM n
---
name: point
connection: {uri: "sqlite:///points.db"}
inputs: {id: int}
query: ` + pointsQuery + `{{ .inputs.id }} ORDER BY id
`

// points makes the small table.
func (b *bench) points(ctx context.Context) error {
	if err := os.WriteFile(filepath.Join(b.dir, "points.yaml"), []byte(pointsTasks), 0o644); err != nil {
		return err
	}
	_, err := b.wasmsql(ctx, b.cache, "points.yaml#fill")
	return err
}

// cold measures whole processes that return ten rows.
func (b *bench) cold(ctx context.Context) error {
	unused := func(turn int) (usage, error) {
		return b.wasmsql(ctx, filepath.Join(b.dir, fmt.Sprintf("cache-%d", turn)), "points.yaml#point", "-i", "id=10")
	}
	first, err := repeat(min(b.runs, 5), unused)
	if err != nil {
		return err
	}
	second, err := repeat(min(b.runs, 5), unused)
	if err != nil {
		return err
	}
	all := []contestant{{run: func(int) (usage, error) { return b.wasmsql(ctx, b.cache, "points.yaml#point", "-i", "id=10") }}}
	if shell, err := exec.LookPath("sqlite3"); err == nil {
		all = append(all, contestant{run: func(int) (usage, error) {
			return b.start(ctx, b.cache, shell, "-csv", "points.db", pointsQuery+"10 ORDER BY id")
		}})
	}
	if _, err := contest(1, all...); err != nil { // the second sight of this cache, which compiles
		return err
	}
	cached, err := contest(b.runs, all...)
	if err != nil {
		return err
	}
	b.report("cold run, first time ever", first.seconds*1e3, "ms")
	b.report("cold run, first time ever: peak memory", first.peak, "MB")
	b.report("cold run, second time, which compiles", second.seconds*1e3, "ms")
	sqlite3 := usage{}
	if len(cached) > 1 {
		sqlite3 = cached[1]
	}
	b.compare("cold run, compile cache", cached[0].seconds*1e3, "ms", "sqlite3", sqlite3.seconds*1e3)
	b.report("cold run, compile cache: peak memory", cached[0].peak, "MB")
	return nil
}
