package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// What the noisy tenant has at once.
const (
	spinners    = 4
	slowReaders = 4
	streams     = 2
	waiters     = 1000 // executions, of which those that have a worker spin
)

// noisyTask is a large result, for the noisy tenant's database, which has no
// table.
const noisyTask = "name: large\nconnection: db\ntimeout: 20m\nquery: SELECT i::int8 AS id, (i % 1000)::int4 AS kind, i * 0.37 AS value, 'label number ' || i AS label FROM generate_series(1, 2000000) i\n"

// The noisy tenant's clients and its database run on other machines as a rule.
// They have what the server, which is measured, and the quiet tenant's database
// leave of this machine's processors, and yield to them at once.

// elsewhere starts the noisy tenant's database, and returns its URI and process.
func (b *bench) elsewhere() (uri string, pid int, stop func(), err error) {
	s, err := sqldbtest.NewPostgres()
	if err != nil {
		return "", 0, nil, err
	}
	if err := s.Start(); err != nil {
		return "", 0, nil, err
	}
	said, err := s.Client(s.AdminURI, "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1);")
	if err == nil {
		pid, err = strconv.Atoi(strings.TrimSpace(said))
	}
	if err != nil {
		s.Stop()
		return "", 0, nil, fmt.Errorf("the noisy tenant's database: %w", err)
	}
	return s.AdminURI, pid, func() { s.Stop(); leaveIdleGroup() }, nil
}

// A process with these variables is the noisy tenant's clients, and nothing
// else: what they do with results must not be in the way of the quiet one's.
const (
	noisyServer = "WASMSQL_BENCH_NOISE"
	noisyToken  = "WASMSQL_BENCH_NOISE_TOKEN"
	noisyWaits  = "WASMSQL_BENCH_NOISE_WAITERS"
	noiseKind   = "WASMSQL_BENCH_NOISE_KIND"
)

// Kinds of noise. The last is all of them, with a queue that is full.
const (
	noiseSpins   = "spinning guests"
	noiseStreams = "large results"
	noiseSlow    = "slow readers"
	noiseAll     = "all of that"
)

// noisyTenant measures a tenant's point queries while another does what it can
// to be in the way.
func (b *bench) noisyTenant(ctx context.Context, s *served) error {
	quiet, hangUp, err := connect(2, s.url, "/v1/tasks/point/run", s.quiet)
	if err != nil {
		return err
	}
	defer hangUp()
	if _, err := hammer(quiet, b.rows, 20*b.turn); err != nil { // for warming up
		return err
	}
	alone, err := hammer(quiet, b.rows, 100*b.turn)
	if err != nil {
		return err
	}
	for _, kind := range []string{noiseSpins, noiseStreams, noiseSlow, noiseAll} {
		beside, err := b.beneath(ctx, s, kind, quiet)
		if err != nil {
			return err
		}
		name := "beside " + kind
		const against = "alone"
		b.compare(name, beside.rate(), "/s", against, alone.rate())
		b.compare(name+": p50", percentile(beside.times, 50), "µs", against, percentile(alone.times, 50))
		b.compare(name+": p99", percentile(beside.times, 99), "µs", against, percentile(alone.times, 99))
	}
	b.report("beside noisy tenants: peak memory", highWater(s.pid), "MB")
	return nil
}

// beneath measures the quiet tenant's queries beside a kind of noise.
func (b *bench) beneath(ctx context.Context, s *served, kind string, quiet []*client) (load, error) {
	self, err := os.Executable()
	if err != nil {
		return load{}, err
	}
	cmd := yielding(ctx, self)
	cmd.Env = append(os.Environ(), noiseKind+"="+kind, noisyServer+"="+s.url, noisyToken+"="+s.noisy, noisyWaits+"="+strconv.Itoa(min(waiters, b.rows/50)))
	noise, err := b.daemon(cmd)
	if err != nil {
		return load{}, err
	}
	defer noise.stop()
	time.Sleep(10 * b.turn) // until its database has the connections
	for _, pid := range []int{s.elsewhere, noise.cmd.Process.Pid} {
		if err := yield(pid); err != nil {
			return load{}, fmt.Errorf("what runs elsewhere does not yield: %w", err)
		}
	}
	if _, err := hammer(quiet, b.rows, 50*b.turn); err != nil { // the server has had no such load before
		return load{}, err
	}
	beside, err := hammer(quiet, b.rows, 100*b.turn)
	if err != nil {
		return load{}, err
	}
	select {
	case said := <-noise.said:
		return load{}, fmt.Errorf("the noisy tenant went away: %s", said)
	default:
		return beside, nil
	}
}

// noise is the noisy tenant. It says when everything is under way, and goes on
// until it is killed.
func noise(ctx context.Context, url, token, waiting string) error {
	n, err := strconv.Atoi(waiting)
	if err != nil {
		return err
	}
	faults := make(chan error, slowReaders+streams+spinners)
	kind := os.Getenv(noiseKind)
	begin := func(of string, n int, task string, read func(io.Reader)) {
		for range n {
			if kind != of && kind != noiseAll {
				continue
			}
			go func() { faults <- again(ctx, url, token, task, read) }()
		}
	}
	begin(noiseSlow, slowReaders, "large", trickle)
	begin(noiseStreams, streams, "large", func(body io.Reader) { _, _ = io.Copy(io.Discard, body) })
	begin(noiseSpins, spinners, "spin", func(io.Reader) {})
	c, err := dial(url, "/v1/executions", token)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for kind == noiseAll && n > 0 {
		n--
		err := c.do(`{"task": "spin"}`, io.Discard)
		if errors.Is(err, errBusy) { // as many as may be
			break
		}
		if err != nil {
			return fmt.Errorf("an execution is not accepted: %w", err)
		}
	}
	fmt.Fprintln(os.Stderr, servesAt+"nothing")
	return <-faults
}

// again sends one request after the other. However the task ends, it must have
// begun.
func again(ctx context.Context, url, token, task string, read func(io.Reader)) error {
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/v1/tasks/"+task+"/run", strings.NewReader("{}"))
		if err != nil {
			return err
		}
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/vnd.apache.arrow.stream")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusUnprocessableEntity {
			return fmt.Errorf("the task %s: status %d", task, res.StatusCode)
		}
		read(res.Body)
		_ = res.Body.Close()
	}
}

// trickle reads a kilobyte a second.
func trickle(from io.Reader) {
	for kilobyte := make([]byte, 1024); ; time.Sleep(time.Second) {
		if _, err := io.ReadFull(from, kilobyte); err != nil {
			return
		}
	}
}
