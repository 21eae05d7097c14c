package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// What the noisy tenant has at once.
const (
	spinners    = 4
	slowReaders = 4
	streams     = 2
	waiters     = 1000 // executions, of which those that have a worker spin
)

// noisyTenant measures a tenant's point queries while another does what it can
// to be in the way.
func (b *bench) noisyTenant(ctx context.Context, s *served) error {
	quiet, hangUp, err := connect(2, s.url, "/v1/tasks/point/run", s.quiet)
	if err != nil {
		return err
	}
	defer hangUp()
	var alone, beside load
	if _, err := hammer(quiet, b.rows, 20*b.turn); err != nil { // for warming up
		return err
	}
	if alone, err = hammer(quiet, b.rows, 100*b.turn); err != nil {
		return err
	}
	n := &noise{served: s}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if err := n.begin(ctx, min(waiters, b.rows/20)); err != nil {
		return err
	}
	if beside, err = hammer(quiet, b.rows, 100*b.turn); err != nil {
		return err
	}
	cancel()
	n.done.Wait()
	if err := n.fault(); err != nil {
		return err
	}
	const against = "alone"
	b.compare("beside a noisy tenant", beside.rate(), "/s", against, alone.rate())
	b.compare("beside a noisy tenant: p50", percentile(beside.times, 50), "µs", against, percentile(alone.times, 50))
	b.compare("beside a noisy tenant: p99", percentile(beside.times, 99), "µs", against, percentile(alone.times, 99))
	b.report("beside a noisy tenant: peak memory", highWater(s.pid), "MB")
	return nil
}

// noise is what one tenant does.
type noise struct {
	served *served
	done   sync.WaitGroup
	failed atomic.Pointer[error]
}

func (n *noise) fault() error {
	if err := n.failed.Load(); err != nil {
		return *err
	}
	return nil
}

// begin starts everything, and returns when it is under way.
func (n *noise) begin(ctx context.Context, waiting int) error {
	for range slowReaders {
		n.again(ctx, "large", func(res *http.Response) { trickle(ctx, res.Body) })
	}
	for range streams {
		n.again(ctx, "large", func(res *http.Response) { _, _ = io.Copy(io.Discard, res.Body) })
	}
	for range spinners {
		n.again(ctx, "spin", func(*http.Response) {})
	}
	c, err := dial(n.served.url, "/v1/executions", n.served.noisy)
	if err != nil {
		return err
	}
	defer c.conn.Close()
	for range waiting {
		if err := c.do(`{"task": "spin"}`, io.Discard); err != nil {
			return fmt.Errorf("an execution is not accepted: %w", err)
		}
	}
	return n.fault()
}

// again sends one request after the other until ctx ends. However the task
// ends, it must have begun.
func (n *noise) again(ctx context.Context, task string, read func(*http.Response)) {
	n.done.Go(func() {
		for ctx.Err() == nil {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.served.url+"/v1/tasks/"+task+"/run", strings.NewReader("{}"))
			if err == nil {
				r.Header.Set("Authorization", "Bearer "+n.served.noisy)
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Accept", "application/vnd.apache.arrow.stream")
				var res *http.Response
				if res, err = http.DefaultClient.Do(r); err == nil {
					if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusUnprocessableEntity {
						err = fmt.Errorf("the task %s: status %d", task, res.StatusCode)
					}
					read(res)
					_ = res.Body.Close()
				}
			}
			if err != nil && ctx.Err() == nil {
				n.failed.CompareAndSwap(nil, &err)
				return
			}
		}
	})
}

// trickle reads a kilobyte a second.
func trickle(ctx context.Context, from io.Reader) {
	for kilobyte := make([]byte, 1024); ; {
		if _, err := io.ReadFull(from, kilobyte); err != nil || !after(ctx, time.Second) {
			return
		}
	}
}
