// Package connector serves Flyte's tasks of the type sqlalchemy over gRPC, as
// what Flyte 1 calls an agent and Flyte 2 a connector. It queues them with a
// server.Server, which runs them with what package flyte makes of a template.
//
// What a task may reach is said by its project and domain, in a configuration
// of the operator's; nothing is allowed by default.
//
// Everything in this package is safe for concurrent use.
package connector

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
)

// Kind is that of its executions in server.Config.Kinds.
const Kind = "flyte"

// Name is what it is called in Flyte.
const Name = "wasmsql"

// Config is what a Connector is made from.
type Config struct {
	// File says what tasks may do: see manifest.Connector. It is read again
	// when it has changed; with a fault, what it said before holds.
	File string
	// Store is where inputs are read and results written.
	Store flyte.Store
	// Secrets returns where the secrets of a tenant's executions are found: in
	// files, for the names of variables do not say where a group ends.
	Secrets func(tenant string) secret.Provider
	// Logger gets what operators need to know; nil: nothing is logged.
	Logger *slog.Logger
}

// Connector runs Flyte's tasks. It is made by New, given to a server as a Kind,
// and then told of it by Attach.
type Connector struct {
	cfg    Config
	log    *slog.Logger
	server *server.Server

	mu     sync.RWMutex
	grants grants
	fault  error // why the configuration is not what the file says

	stop     context.CancelFunc
	watching sync.WaitGroup
}

var (
	_ server.Kind   = (*Connector)(nil)
	_ server.Faulty = (*Connector)(nil)
)

// New reads the configuration and watches it until Close. Its error is
// host.Errors, or that of reading the file.
func New(ctx context.Context, cfg Config) (*Connector, error) {
	c := &Connector{cfg: cfg, log: cfg.Logger}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	last, err := c.reload(ctx, reading{})
	if err != nil {
		return nil, fmt.Errorf("the configuration of the connector: %w", err)
	}
	ctx, c.stop = context.WithCancel(context.WithoutCancel(ctx))
	c.watching.Add(1)
	go c.watch(ctx, last)
	return c, nil
}

// Attach names the server whose Kind this is. It is called once, before Serve.
func (c *Connector) Attach(s *server.Server) {
	c.mu.Lock()
	c.server = s
	c.mu.Unlock()
	c.warn(context.Background())
}

// warn logs the tenants of the configuration that are not served.
func (c *Connector) warn(ctx context.Context) {
	c.mu.RLock()
	s := c.server
	c.mu.RUnlock()
	for _, g := range c.current() {
		if s != nil && !s.Serves(g.Tenant) {
			c.log.WarnContext(ctx, "the configuration of the connector names a tenant that is not served", "project", g.Project, "tenant", g.Tenant)
		}
	}
}

// Close ends what New began. It is idempotent.
func (c *Connector) Close() error {
	c.stop()
	c.watching.Wait()
	return nil
}

// Fault implements server.Faulty: why the configuration is one of before.
func (c *Connector) Fault() error {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.fault
}

// current returns what tasks may do now.
func (c *Connector) current() grants {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.grants
}
