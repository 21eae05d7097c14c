package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/flyte/connector"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
	"github.com/wasmsql/wasmsql/host/flyte/storage/cloud"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
)

// connectorFlags are those of the connector for Flyte.
type connectorFlags struct {
	listen, config      string
	cert, key, clientCA string
}

func (f *connectorFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.listen, "connector-listen", "", "serve Flyte's tasks over gRPC at `ADDRESS:PORT`; needs --state")
	flags.StringVar(&f.config, "connector-config", "", "`FILE` says what Flyte's projects may do: see\nhost/flyte/README.md")
	flags.StringVar(&f.cert, "connector-tls-cert", "", "the certificate of --connector-listen in `FILE`, in PEM; this and\nthe next two are read again when they change")
	flags.StringVar(&f.key, "connector-tls-key", "", "its key in `FILE`, in PEM")
	flags.StringVar(&f.clientCA, "connector-tls-client-ca", "", "accept Flyte with a certificate of the authorities in `FILE`\nonly, in PEM")
}

// runningConnector is a connector that was configured. Its zero value is none.
type runningConnector struct {
	*connector.Connector
	buckets  *cloud.Store
	listener net.Listener
	secure   *tls.Config
	served   chan error
}

// connector makes the connector that the flags ask for, and has cfg run its
// executions.
func (a *app) connector(ctx context.Context, f *connectorFlags, secrets string, cfg *server.Config, log *slog.Logger) (*runningConnector, error) {
	if f.listen == "" {
		if *f != (connectorFlags{}) {
			return nil, fault.Usage("--connector-listen is missing", "it is the address and port for Flyte, as :8000")
		}
		return &runningConnector{}, nil
	}
	switch {
	case f.config == "":
		return nil, fault.Usage("--connector-config is missing", "without it no project of Flyte may do anything: see host/flyte/README.md")
	case cfg.State == "":
		return nil, fault.Usage("--connector-listen needs --state", "to try it out: --state sqlite:///state.db")
	}
	c := &runningConnector{}
	var err error
	if c.secure, err = f.tls(log); err != nil {
		return nil, err
	}
	stdlog.SetOutput(io.Discard) // of the SDKs of buckets, which have addresses in it
	c.buckets = cloud.New(cloud.Options{Env: func(name string) string { v, _ := a.env(name); return v }})
	store := storage.Schemes{"file": storage.Files{}}
	for _, scheme := range cloud.Schemes() {
		store[scheme] = c.buckets
	}
	if c.Connector, err = connector.New(ctx, connector.Config{File: f.config, Store: store, Logger: log, Secrets: tenantFiles(secrets)}); err != nil {
		var faults host.Errors
		if errors.As(err, &faults) {
			return nil, faults
		}
		return nil, fault.Config(err.Error(), "it says what Flyte's projects may do: see host/flyte/README.md")
	}
	if c.listener, err = net.Listen("tcp", f.listen); err != nil {
		return nil, errors.Join(fault.Config("cannot listen: "+err.Error(), "--connector-listen is an address and a port, as 127.0.0.1:8000 or :8000"), c.Close())
	}
	if c.secure == nil || c.secure.ClientAuth != tls.RequireAndVerifyClientCert {
		log.WarnContext(ctx, "whoever reaches the connector may use it as any project: give it --connector-tls-client-ca, or keep others from it", "address", c.listener.Addr().String())
	}
	cfg.Kinds = map[string]server.Kind{connector.Kind: c.Connector}
	return c, nil
}

// tenantFiles returns where the files of a tenant's secrets are, below the folder
// of --secrets: the only ones for its executions of Flyte.
func tenantFiles(dir string) func(string) secret.Provider {
	return func(tenant string) secret.Provider {
		if dir == "" {
			return secret.Chain()
		}
		return secret.Files(filepath.Join(dir, tenant), "")
	}
}

// start serves Flyte until ctx ends.
func (c *runningConnector) start(ctx context.Context, a *app, s *server.Server) {
	if c.Connector == nil {
		return
	}
	c.Attach(s)
	c.served = make(chan error, 1)
	go func() { c.served <- c.Serve(ctx, c.listener, c.secure) }()
	fmt.Fprintf(a.stderr, "wasmsql: serving Flyte at %s\n", c.listener.Addr())
}

// wait waits for the calls that are under way when ctx of start has ended.
func (c *runningConnector) wait() error {
	if c.served == nil {
		return nil
	}
	return <-c.served
}

// end ends what connector began, when nothing runs any more.
func (c *runningConnector) end() error {
	if c.Connector == nil {
		return nil
	}
	_ = c.listener.Close() // again, where it was served
	return errors.Join(c.Close(), c.buckets.Close())
}

// tls returns the configuration of TLS, or nil for none.
func (f *connectorFlags) tls(log *slog.Logger) (*tls.Config, error) {
	if f.cert == "" && f.key == "" && f.clientCA == "" {
		return nil, nil
	}
	if f.cert == "" || f.key == "" {
		return nil, fault.Usage("--connector-tls-cert and --connector-tls-key go together", "")
	}
	c := &certificates{cert: f.cert, key: f.key, clientCA: f.clientCA, clients: tls.RequireAndVerifyClientCert, protocols: []string{"h2"},
		what: "the connector's certificate", flag: "--connector-tls-client-ca"}
	return c.config(log)
}
