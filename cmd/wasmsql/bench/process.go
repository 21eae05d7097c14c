package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// tasks are what the measured processes run. The columns of readings are those
// of the figures in other tools' comparisons: int8, int4, float8, a text of
// 50,000 distinct values, bool and timestamp.
const tasks = `
name: fill
connection: {uri: "sqlite:///bench.db"}
outputs: none
timeout: 10m
inputs: {rows: int}
query: |
  CREATE TABLE points (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
  INSERT INTO points SELECT i, 'point ' || i FROM n;
  CREATE TABLE readings (id BIGINT NOT NULL, kind INT NOT NULL, value DOUBLE NOT NULL, label TEXT NOT NULL, ok BOOLEAN NOT NULL, at TIMESTAMP NOT NULL);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{ .inputs.rows }})
  INSERT INTO readings
  SELECT i, i % 1000, i * 0.37, 'label number ' || (i * 7919 % 50000), i % 3 = 0, datetime(1600000000 + i, 'unixepoch') FROM n;
---
name: point
connection: {uri: "sqlite:///bench.db"}
inputs: {id: int}
query: SELECT id, name FROM points WHERE id <= {{ .inputs.id }} ORDER BY id
`

// usage is what a process took.
type usage struct {
	seconds float64
	peak    float64 // megabytes of memory
}

// start runs a program in the folder of the measurement.
func (b *bench) start(ctx context.Context, cache, program string, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = b.dir
	cmd.Env = append(os.Environ(), "WASMSQL_CACHE="+cache)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	began := time.Now()
	err := cmd.Run()
	u := usage{seconds: time.Since(began).Seconds()}
	if err != nil {
		return u, fmt.Errorf("%s %v: %w\n%s", filepath.Base(program), args, err, stderr.String())
	}
	u.peak = peak(cmd.ProcessState)
	return u, nil
}

// wasmsql runs the program that is measured.
func (b *bench) wasmsql(ctx context.Context, cache string, args ...string) (usage, error) {
	return b.start(ctx, cache, b.binary, append([]string{"run"}, args...)...)
}

func (b *bench) setup(ctx context.Context) error {
	if err := os.WriteFile(filepath.Join(b.dir, "tasks.yaml"), []byte(tasks), 0o644); err != nil {
		return err
	}
	_, err := b.wasmsql(ctx, b.cache, "tasks.yaml#fill", "-i", fmt.Sprintf("rows=%d", b.rows))
	return err
}

// cold measures whole processes that return ten rows.
func (b *bench) cold(ctx context.Context) error {
	point := []string{"tasks.yaml#point", "-i", "id=10"}
	unused := func(i int) (usage, error) {
		return b.wasmsql(ctx, filepath.Join(b.dir, fmt.Sprintf("cache-%d", i)), point...)
	}
	first, err := b.repeat(min(b.runs, 5), unused)
	if err != nil {
		return err
	}
	second, err := b.repeat(min(b.runs, 5), unused)
	if err != nil {
		return err
	}
	cached, err := b.repeat(b.runs, func(int) (usage, error) { return b.wasmsql(ctx, b.cache, point...) })
	if err != nil {
		return err
	}
	b.report("cold run, first time ever", first.seconds*1e3, "ms")
	b.report("cold run, first time ever: peak memory", first.peak, "MB")
	b.report("cold run, second time, which compiles", second.seconds*1e3, "ms")
	if shell, err := exec.LookPath("sqlite3"); err == nil {
		other, err := b.repeat(b.runs, func(int) (usage, error) {
			return b.start(ctx, b.cache, shell, "-csv", "bench.db", "SELECT id, name FROM points WHERE id <= 10 ORDER BY id")
		})
		if err != nil {
			return err
		}
		b.compare("cold run, compile cache", cached.seconds*1e3, "ms", "sqlite3", other.seconds*1e3)
	} else {
		b.report("cold run, compile cache", cached.seconds*1e3, "ms")
	}
	b.report("cold run, compile cache: peak memory", cached.peak, "MB")
	return nil
}

// repeat returns the medians of n runs.
func (b *bench) repeat(n int, run func(i int) (usage, error)) (usage, error) {
	var seconds, peaks []float64
	for i := range n {
		u, err := run(i)
		if err != nil {
			return u, err
		}
		seconds, peaks = append(seconds, u.seconds), append(peaks, u.peak)
	}
	return usage{median(seconds), median(peaks)}, nil
}
