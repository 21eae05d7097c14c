package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/drivers"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
)

// serveFlags are the flags of wasmsql serve.
type serveFlags struct {
	tenants, listen, state, results, audit, secrets string
	dev, inline                                     bool
	cert, key, clientCA, identities                 string
	clientNeeded                                    bool
	networks, files                                 []string
	metrics                                         string
	keep, drain                                     time.Duration
	running, waiting                                int64
	connector                                       connectorFlags
}

// headerTime is for the head of a request for measurements.
const headerTime = 10 * time.Second

// serveCommand is wasmsql serve.
func (a *app) serveCommand() *cobra.Command {
	var f serveFlags
	cmd := &cobra.Command{
		Use:                   "serve [flags] --tenants DIR",
		DisableFlagsInUseLine: true,
		Short:                 "run the tasks of tenants behind HTTP",
		Long: `Run the tasks of many tenants behind HTTP.

Each folder in DIR is a tenant: its wasmsql.yaml, tasks/*.yaml and modules. A
change in it is taken over within seconds, whole or not at all; a broken folder
keeps what ran before, and standard error says why. Tokens are made with
wasmsql token create; --identities names a file that says whose OIDC tokens and
client certificates are accepted beside them.

With --state, executions are accepted and kept as well: in a SQLite file for
one process, or in PostgreSQL for several. The first SIGINT or SIGTERM stops
accepting and waits for what runs, the second exits at once.

With --connector-listen it is a connector of Flyte's too, which runs tasks of
the type sqlalchemy over gRPC: see host/flyte/README.md.

The API is described at /openapi.json.`,
		Example: `  wasmsql serve --dev
  wasmsql token create --tenants tenants acme --role run
  wasmsql serve --tenants tenants --listen :8080 --state sqlite:///state.db
  wasmsql serve --tenants tenants --listen :8443 --tls-cert server.pem --tls-key server.key`,
		Args: command.Exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := command.NoEmptyFlags(cmd.Flags()); err != nil {
				return err
			}
			return a.serve(cmd.Context(), &f)
		},
	}
	f.add(cmd.Flags())
	return cmd
}

// add adds the flags to a set, in the order of the help.
func (f *serveFlags) add(flags *pflag.FlagSet) {
	flags.SortFlags = false
	flags.StringVar(&f.tenants, "tenants", "", "the folder `DIR` has a folder for each tenant")
	flags.BoolVar(&f.dev, "dev", false, "serve the task files of the working folder to one tenant, with\na token that is printed")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:8080", "listen at `ADDRESS:PORT`; default 127.0.0.1:8080")
	flags.StringVar(&f.state, "state", "", "keep executions at `URL`: sqlite:///file.db or postgresql://…\n(also WASMSQL_STATE)")
	flags.StringVar(&f.results, "results", "", "keep results in the folder or bucket `PLACE`: s3://bucket/folder,\ngs://… or azblob://…; default beside a SQLite state")
	flags.DurationVar(&f.keep, "keep", server.DefaultKeep, "keep executions and results for a `DURATION` after their end;\ndefault 168h")
	flags.DurationVar(&f.drain, "drain", server.DefaultDrain, "wait a `DURATION` for what runs when the server or a tenant ends;\ndefault 30s")
	flags.StringVar(&f.audit, "audit", "", "add a line of JSON to `FILE` for each execution")
	flags.StringVar(&f.metrics, "metrics", "", "serve /metrics at `ADDRESS:PORT`, and not at that of --listen:\nit names the tenants")
	flags.StringVar(&f.secrets, "secrets", "", "the folder `DIR` has a folder of secret files for each tenant")
	flags.StringArrayVar(&f.networks, "allow-network", nil, "let connections be made to `NETWORK`, as 10.0.0.0/8 or 10.1.2.3;\nrepeatable; default any")
	flags.StringArrayVar(&f.files, "allow-files", nil, "let database files of any tenant be in `DIR`, beside its own\nfolder; repeatable")
	flags.BoolVar(&f.inline, "allow-inline", false, "accept tasks with a connection of their own")
	flags.Int64Var(&f.running, "max-running", 16, "let `N` executions of a tenant run at once; default 16")
	flags.Int64Var(&f.waiting, "max-waiting", 1000, "let `N` executions of a tenant wait for one of those to end;\ndefault 1000")
	flags.StringVar(&f.cert, "tls-cert", "", "the certificate in `FILE`, in PEM; this and the next two are\nread again when they change")
	flags.StringVar(&f.key, "tls-key", "", "its key in `FILE`, in PEM")
	flags.StringVar(&f.clientCA, "tls-client-ca", "", "the authorities of clients' certificates in `FILE`, in PEM: whom\none names is said by --identities")
	flags.BoolVar(&f.clientNeeded, "tls-client-required", false, "accept connections with such a certificate only, whatever token\nthey have")
	flags.StringVar(&f.identities, "identities", "", "`FILE` says whose OIDC tokens and certificates are accepted,\nbeside the tokens of tenants")
	f.connector.add(flags)
}

// serve runs the server until ctx ends.
func (a *app) serve(ctx context.Context, f *serveFlags) error {
	if f.dev == (f.tenants != "") {
		return fault.Usage("one of --tenants and --dev is needed", "to try it out: wasmsql serve --dev")
	}
	if err := f.bounds(); err != nil {
		return err
	}
	hung := hangups(f.dev)
	forget, err := a.keepForNow(f)
	if err != nil {
		return err
	}
	defer forget()
	log := slog.New(server.LogHandler(slog.NewJSONHandler(a.stderr, nil)))
	secure, err := f.tls(log)
	if err != nil {
		return err
	}
	if limit := boundMemory(a.env); limit > 0 {
		log.InfoContext(ctx, "the collector stays within a limit", "bytes", limit)
	}
	traces, flush, err := a.tracing(ctx, log)
	if err != nil {
		return err
	}
	defer flush()
	rt, err := a.runtime(ctx, log)
	if err != nil {
		return err
	}
	defer rt.Close()
	cfg, err := a.config(ctx, f)
	if err != nil {
		return err
	}
	cfg.Runtime, cfg.Logger, cfg.Tracing = rt, log, traces
	if f.audit != "" {
		audit, err := server.OpenAudit(f.audit)
		if err != nil {
			return fault.Config("the audit cannot be written: "+err.Error(), "")
		}
		defer audit.Close()
		cfg.Audit = audit
	}
	if f.dev {
		if cfg.Dev, err = server.NewDev("."); err != nil {
			return err
		}
	}
	flyte, err := a.connector(ctx, &f.connector, f.secrets, &cfg, log)
	if err != nil {
		return err
	}
	s, err := server.New(ctx, cfg)
	if err != nil {
		return errors.Join(fault.Config(err.Error(), ""), flyte.end())
	}
	serving, stop := context.WithCancel(ctx)
	flyte.start(serving, a, s)
	err = a.listen(ctx, log, f, s, cfg.Dev, secure, hung)
	stop()
	return errors.Join(err, flyte.wait(), a.drain(ctx, f, s), flyte.end())
}

// config returns what the flags say of the server, with the bucket of its
// results opened.
func (a *app) config(ctx context.Context, f *serveFlags) (cfg server.Config, err error) {
	cfg = server.Config{
		Tenants: f.tenants, Drivers: drivers.All(), Secrets: a.tenantSecrets(f), Inline: f.inline,
		MetricsApart: f.metrics != "", State: f.state, Keep: f.keep, Drain: max(f.drain, 1),
		Quotas: manifest.Quotas{Running: f.running, Waiting: f.waiting}, Identities: f.identities,
	}
	if cfg.State == "" {
		cfg.State, _ = a.env("WASMSQL_STATE")
	}
	if cfg.State == "" {
		if cfg.State, err = a.credentials().state(); err != nil {
			return cfg, fault.Config("the credential that names the state cannot be read", "")
		}
	}
	if cfg.Address, err = f.reachable(); err != nil {
		return cfg, err
	}
	for _, dir := range f.files {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return cfg, fault.Config(err.Error(), "")
		}
		cfg.Files = append(cfg.Files, abs)
	}
	if cfg.State != "" {
		cfg.Results, err = a.bucket(ctx, f.results, cfg.State)
	}
	return cfg, err
}

// bounds refuses flags that are less than what makes sense, and a folder that is
// none: to the server, a quota of 0 is none.
func (f *serveFlags) bounds() error {
	if st, err := os.Stat(f.tenants); f.tenants != "" && (err != nil || !st.IsDir()) {
		return fault.Config(fmt.Sprintf("--tenants %q is no folder that can be read", f.tenants), "make it, with a folder in it for each tenant")
	}
	for _, of := range []struct {
		flag      string
		is, least int64
		example   string
	}{{"keep", int64(f.keep), 1, "24h"}, {"drain", int64(f.drain), 0, "30s"}, {"max-running", f.running, 1, "16"}, {"max-waiting", f.waiting, 1, "1000"}} {
		if of.is < of.least {
			return fault.Usage(fmt.Sprintf("--%s is too small", of.flag), "write it as "+of.example)
		}
	}
	return nil
}

// runtime makes the Runtime, which keeps compiled code in the folder that
// wasmsql has, or does without where that cannot be.
func (a *app) runtime(ctx context.Context, log *slog.Logger) (*host.Runtime, error) {
	dir, set := a.env("WASMSQL_CACHE")
	if base, err := os.UserCacheDir(); !set && err == nil {
		dir = filepath.Join(base, "wasmsql")
	}
	cfg := host.RuntimeConfig{CacheDir: dir}
	cfg.Slots, cfg.Spare = slots()
	rt, err := host.NewRuntime(ctx, cfg)
	if err != nil && dir != "" {
		log.WarnContext(ctx, "compiled code is not kept", "error", err)
		cfg.CacheDir = ""
		rt, err = host.NewRuntime(ctx, cfg)
	}
	return rt, err
}

// drain ends the server: it waits for what runs.
func (a *app) drain(ctx context.Context, f *serveFlags, s *server.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.drain)
	defer cancel()
	return s.Close(ctx)
}

// listen serves HTTP until ctx ends.
func (a *app) listen(ctx context.Context, log *slog.Logger, f *serveFlags, s *server.Server, dev *server.Dev, tlsConfig *tls.Config, hung <-chan os.Signal) error {
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		hint := "--listen is an address and a port, as 127.0.0.1:8080 or :8080"
		if errors.Is(err, syscall.EADDRINUSE) {
			hint = "something listens there already: name another port with --listen"
		}
		return fault.Config("cannot listen: "+err.Error(), hint)
	}
	web := s.HTTP()
	web.TLSConfig = tlsConfig
	if f.metrics != "" {
		stop, err := serveMetrics(f.metrics, s)
		if err != nil {
			return err
		}
		defer stop()
	}
	scheme := "http"
	if tlsConfig != nil {
		scheme = "https"
	}
	fmt.Fprintf(a.stderr, "wasmsql: serving at %s://%s\n", scheme, l.Addr())
	if dev != nil {
		fmt.Fprintf(a.stdout, "%s\n", dev.Token())
		fmt.Fprintf(a.stderr, "wasmsql: hint: curl -H \"Authorization: Bearer %s\" %s://%s/v1/tasks\n", dev.Token(), scheme, l.Addr())
		fmt.Fprintf(a.stderr, "wasmsql: hint: in a browser: %s://%s/console\n", scheme, l.Addr())
	}
	if err := a.notify(notifyReady); err != nil {
		log.WarnContext(ctx, "the service manager cannot be told", "error", err)
	}
	ended := make(chan error, 1)
	go func() {
		if tlsConfig != nil {
			ended <- web.ServeTLS(l, "", "")
			return
		}
		ended <- web.Serve(l)
	}()
	if err := whileServing(ctx, ended, hung, log, f, s); err != nil {
		return err
	}
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.drain)
	defer cancel()
	if err := a.notify(notifyStopping); err != nil {
		log.WarnContext(ctx, "the service manager cannot be told", "error", err)
	}
	if err := web.Shutdown(closing); err != nil {
		return web.Close()
	}
	return nil
}

// hangups returns where SIGHUP is told from now on. What is begun with nohup at
// a terminal ignores it.
func hangups(dev bool) <-chan os.Signal {
	hung := make(chan os.Signal, 1)
	if !dev || !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hung, syscall.SIGHUP)
	}
	return hung
}

// whileServing waits until ctx ends, or HTTP does. A SIGHUP, which others take
// for one to look for changes, has the server do so at once; of a server of
// one's own work it says that its terminal is closed.
func whileServing(ctx context.Context, ended <-chan error, hung <-chan os.Signal, log *slog.Logger, f *serveFlags, s *server.Server) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-ended:
			return err
		case <-hung:
			if f.dev {
				return nil
			}
			if err := s.Reload(ctx); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "the folder of tenants cannot be read", "error", err)
			}
		}
	}
}

// serveMetrics serves the measurements at an address of their own.
func serveMetrics(address string, s *server.Server) (stop func(), err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.Config("cannot listen: "+err.Error(), "--metrics is an address and a port, as 127.0.0.1:9090")
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.Metrics())
	web := &http.Server{Handler: mux, ReadHeaderTimeout: headerTime}
	go web.Serve(l)
	return func() { _ = web.Close() }, nil
}

// tls returns the configuration of TLS, or nil for none.
func (f *serveFlags) tls(log *slog.Logger) (*tls.Config, error) {
	if f.clientNeeded && f.clientCA == "" {
		return nil, fault.Usage("--tls-client-required needs --tls-client-ca", "")
	}
	if f.cert == "" && f.key == "" && f.clientCA == "" {
		return nil, nil
	}
	if f.cert == "" || f.key == "" {
		return nil, fault.Usage("--tls-cert and --tls-key go together", "")
	}
	c := &certificates{cert: f.cert, key: f.key, clientCA: f.clientCA, clients: tls.VerifyClientCertIfGiven, protocols: []string{"h2", "http/1.1"},
		what: "the certificate", flag: "--tls-client-ca"}
	if f.clientNeeded {
		c.clients = tls.RequireAndVerifyClientCert
	}
	return c.config(log)
}

// reachable returns what decides about addresses, or nil where any is allowed.
func (f *serveFlags) reachable() (func(netip.AddrPort) error, error) {
	var allowed []netip.Prefix
	for _, text := range f.networks {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, aerr := netip.ParseAddr(text)
			if aerr != nil {
				return nil, fault.Usage(fmt.Sprintf("--allow-network: %q is neither an address nor a network", text), "write it as 10.0.0.0/8 or 10.1.2.3")
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		allowed = append(allowed, p)
	}
	if allowed == nil {
		return nil, nil
	}
	return func(to netip.AddrPort) error {
		for _, p := range allowed {
			if p.Contains(to.Addr()) {
				return nil
			}
		}
		return errors.New("the address is not one that this server allows")
	}, nil
}

// tenantSecrets returns where the secrets of a tenant are found: in variables
// that begin with WASMSQL_SECRET_ and the tenant's name, and in a folder of its
// own. With --dev it is the owner's own, as for wasmsql run.
func (a *app) tenantSecrets(f *serveFlags) func(string) secret.Provider {
	if f.dev {
		return func(string) secret.Provider { return secret.Flyte(secret.FlyteOptions{Env: a.env, Local: true}) }
	}
	files := tenantFiles(f.secrets)
	return func(tenant string) secret.Provider {
		// Two underscores: the prefix of no tenant begins another's.
		prefix := "WASMSQL_SECRET_" + strings.ToUpper(strings.ReplaceAll(tenant, "-", "_")) + "__"
		p, err := secret.Environment(a.env, prefix)
		if err != nil { // the prefix is not empty
			panic(err)
		}
		return secret.Chain(p, a.credentials().of(tenant), files(tenant))
	}
}
