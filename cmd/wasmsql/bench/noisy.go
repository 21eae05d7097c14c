package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// What the noisy tenant has at once.
const (
	spinners    = 4
	slowReaders = 4
	streams     = 2
	waiters     = 1000 // executions, of which those that have a worker spin
)

// A process with these variables is the noisy tenant's clients, and nothing
// else: what they do with results must not be in the way of the quiet one's.
const (
	noisyServer = "WASMSQL_BENCH_NOISE"
	noisyToken  = "WASMSQL_BENCH_NOISE_TOKEN"
	noisyWaits  = "WASMSQL_BENCH_NOISE_WAITERS"
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
	self, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), noisyServer+"="+s.url, noisyToken+"="+s.noisy, noisyWaits+"="+strconv.Itoa(min(waiters, b.rows/50)))
	noise, err := b.daemon(cmd)
	if err != nil {
		return err
	}
	defer noise.stop()
	beside, err := hammer(quiet, b.rows, 100*b.turn)
	if err != nil {
		return err
	}
	select {
	case said := <-noise.said:
		return fmt.Errorf("the noisy tenant went away: %s", said)
	default:
	}
	const against = "alone"
	b.compare("beside a noisy tenant", beside.rate(), "/s", against, alone.rate())
	b.compare("beside a noisy tenant: p50", percentile(beside.times, 50), "µs", against, percentile(alone.times, 50))
	b.compare("beside a noisy tenant: p99", percentile(beside.times, 99), "µs", against, percentile(alone.times, 99))
	b.report("beside a noisy tenant: peak memory", highWater(s.pid), "MB")
	return nil
}

// noise is the noisy tenant. It says when everything is under way, and goes on
// until it is killed.
func noise(ctx context.Context, url, token, waiting string) error {
	n, err := strconv.Atoi(waiting)
	if err != nil {
		return err
	}
	faults := make(chan error, slowReaders+streams+spinners)
	begin := func(n int, task string, read func(io.Reader)) {
		for range n {
			go func() { faults <- again(ctx, url, token, task, read) }()
		}
	}
	begin(slowReaders, "large", trickle)
	begin(streams, "large", func(body io.Reader) { _, _ = io.Copy(io.Discard, body) })
	begin(spinners, "spin", func(io.Reader) {})
	c, err := dial(url, "/v1/executions", token)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for range n {
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
