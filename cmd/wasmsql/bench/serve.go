package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// tenant is a tenant's folder with its token.
func (b *bench) tenant(ctx context.Context, name string, files map[string]string) (token string, err error) {
	for file, text := range files {
		path := filepath.Join(b.dir, "tenants", name, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	cmd := exec.CommandContext(ctx, b.binary, "token", "create", "--tenants", "tenants", name, "--role", "run")
	cmd.Dir = b.dir
	out, err := cmd.Output()
	return strings.TrimSpace(string(out)), err
}

// pointTask is the point query as a task, largeTask the large table.
const (
	pointTask = "name: point\ninputs: {id: int}\nconnection: db\nquery: " + pointQuery + "{{ .inputs.id }}\n"
	largeTask = "name: large\nconnection: db\ntimeout: 20m\nquery: " + largeQuery + "\n"
)

// served is what the measurements of the server share.
type served struct {
	target       *target // the quiet one's database
	url          string
	pid          int
	quiet, noisy string // tokens of two tenants
	elsewhere    int    // process of the noisy one's database
}

// serve measures the server by HTTP, over PostgreSQL: beside a handler that
// does no more than the query, beside wasmsql run, and one tenant beside
// another.
func (b *bench) serve(ctx context.Context) error {
	found, err := b.filled(ctx, "postgresql")
	if err != nil || len(found) == 0 {
		return err
	}
	t := found[0]
	spin, err := os.ReadFile(filepath.Join(b.guests, "evil-spin-empty.wasm"))
	if err != nil {
		return err
	}
	s := &served{target: t}
	connection := fmt.Sprintf("connections: {db: {uri: %q}}\n", t.uri)
	if s.quiet, err = b.tenant(ctx, "quiet", map[string]string{
		"wasmsql.yaml": connection, "tasks/point.yaml": pointTask, "tasks/large.yaml": largeTask,
	}); err != nil {
		return err
	}
	elsewhere, pid, stop, err := b.elsewhere()
	if err != nil {
		return err
	}
	defer stop()
	if s.noisy, err = b.tenant(ctx, "noisy", map[string]string{
		"wasmsql.yaml": fmt.Sprintf("connections: {db: {uri: %q}}\nlimits: {fuel: 1000000000000}\n", elsewhere), "tasks/large.yaml": noisyTask, "modules/spin.wasm": string(spin),
		"tasks/spin.yaml": "name: spin\nmodule: ../modules/spin.wasm\nconnection: db\noutputs: none\ntimeout: 2s\n",
	}); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, b.binary, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", "sqlite:///state.db", "--audit", "audit.ndjson")
	cmd.Env = append(os.Environ(), "WASMSQL_CACHE="+b.cache)
	d, err := b.daemon(cmd)
	if err != nil {
		return err
	}
	defer d.stop()
	s.url, s.pid, s.elsewhere = d.url, d.cmd.Process.Pid, pid
	for _, measure := range []func(context.Context, *served) error{b.requests, b.streamed, b.noisyTenant} {
		if err := measure(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// serveTurns is how often the servers are measured in turn.
const serveTurns = 7

// requests measures point queries beside the bare handlers.
func (b *bench) requests(ctx context.Context, s *served) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), bareDatabase+"="+s.target.uri)
	d, err := b.daemon(cmd)
	if err != nil {
		return err
	}
	defer d.stop()
	contestants := []struct{ name, url, path, token string }{
		{"", s.url, "/v1/tasks/point/run", s.quiet},
		{"net/http and pgx", d.url, barePath, ""},
		{"the same, clean", d.url, cleanPath, ""},
	}
	for _, n := range []int{1, 8, 32} {
		clients, loads := make([][]*client, len(contestants)), make([]load, len(contestants))
		for k, c := range contestants {
			all, hangUp, err := connect(n, c.url, c.path, c.token)
			if err != nil {
				return err
			}
			defer hangUp()
			clients[k] = all
		}
		for i := range serveTurns {
			for k := range contestants {
				l, err := hammer(clients[k], b.rows, 20*b.turn)
				if err != nil {
					return err
				}
				if i > 0 { // the first is for warming up
					loads[k].add(l)
				}
			}
		}
		ours := loads[0]
		for k, c := range contestants[1:] {
			theirs, name := loads[k+1], fmt.Sprintf("http, point query, %d at once", n)
			b.compare(name, ours.rate(), "/s", c.name, theirs.rate())
			b.compare(name+": p50", percentile(ours.times, 50), "µs", c.name, percentile(theirs.times, 50))
			b.compare(name+": p99", percentile(ours.times, 99), "µs", c.name, percentile(theirs.times, 99))
		}
	}
	b.report("http, point queries: peak memory", highWater(s.pid), "MB")
	return nil
}

// streamed measures the large table by HTTP beside a process that writes it to
// a file.
func (b *bench) streamed(ctx context.Context, s *served) error {
	c, err := dial(s.url, "/v1/tasks/large/run", s.quiet, "Accept: application/vnd.apache.arrow.stream")
	if err != nil {
		return err
	}
	defer c.conn.Close()
	var ours, theirs []float64
	for i := range min(b.runs, 5) + 1 { // in turns; the first is for warming up
		began := time.Now()
		if err := download(c, filepath.Join(b.dir, "http.arrow")); err != nil {
			return err
		}
		took := time.Since(began).Seconds()
		u, err := b.wasmsql(ctx, b.cache, s.target.file()+"#large", "-f", "run.arrow")
		if err != nil {
			return err
		}
		if i > 0 {
			ours, theirs = append(ours, float64(b.rows)/took), append(theirs, float64(b.rows)/u.seconds)
		}
	}
	b.compare(fmt.Sprintf("http, %d x 6 as arrow", b.rows), median(ours), "rows/s", "wasmsql run -f", median(theirs))
	b.report("http, arrow: peak memory", highWater(s.pid), "MB")
	return nil
}
