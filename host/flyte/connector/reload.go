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

// reload takes over the configuration if it is not the one with this digest,
// and returns its digest.
func (c *Connector) reload(ctx context.Context, seen [sha256.Size]byte) ([sha256.Size]byte, error) {
	data, err := os.ReadFile(c.cfg.File)
	if err != nil {
		return seen, err
	}
	digest := sha256.Sum256(data)
	if digest == seen {
		return seen, nil
	}
	read, err := manifest.ReadConnector(c.cfg.File, data)
	if err != nil {
		return digest, err // it is told once
	}
	c.mu.Lock()
	c.grants = read.Grants
	c.mu.Unlock()
	c.log.InfoContext(ctx, "the connector has its configuration", "grants", len(read.Grants))
	return digest, nil
}

// watch takes over what has changed until ctx ends.
func (c *Connector) watch(ctx context.Context, seen [sha256.Size]byte) {
	defer c.watching.Done()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	readable := true
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		before := seen
		var err error
		seen, err = c.reload(ctx, seen)
		if err != nil && (readable || seen != before) {
			c.log.ErrorContext(ctx, "the configuration of the connector is broken: what it said before holds", "error", err)
		}
		readable = err == nil
	}
}
