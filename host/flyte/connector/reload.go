package connector

import (
	"context"
	"crypto/sha256"
	"os"
	"time"

	"github.com/wasmsql/wasmsql/host/manifest"
)

// pollEvery is how often the configuration is looked at.
const pollEvery = 2 * time.Second

// reading is a configuration that was read, and what is wrong with it.
type reading struct {
	digest [sha256.Size]byte
	fault  error
}

// reload takes over the configuration if it is not the one that was read last.
func (c *Connector) reload(ctx context.Context, last reading) (reading, error) {
	data, err := os.ReadFile(c.cfg.File)
	if err != nil {
		return last, err
	}
	digest := sha256.Sum256(data)
	if digest == last.digest {
		return last, last.fault
	}
	read, err := manifest.ReadConnector(c.cfg.File, data)
	if err != nil {
		return reading{digest, err}, err
	}
	c.mu.Lock()
	c.grants = read.Grants
	c.mu.Unlock()
	c.log.InfoContext(ctx, "the connector has its configuration", "grants", len(read.Grants))
	c.warn(ctx)
	return reading{digest: digest}, nil
}

// watch takes over what has changed until ctx ends.
func (c *Connector) watch(ctx context.Context, last reading) {
	defer c.watching.Done()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var err error
		last, err = c.reload(ctx, last)
		c.mu.Lock()
		before := c.fault
		c.fault = err
		c.mu.Unlock()
		if err != nil && (before == nil || before.Error() != err.Error()) {
			c.log.ErrorContext(ctx, "the configuration of the connector is broken: what it said before holds", "error", err)
		}
	}
}
