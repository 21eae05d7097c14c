// Package server runs the tasks of many tenants behind HTTP.
//
// A tenant is a folder with a configuration, task files, modules and the
// hashes of its tokens. The server makes a [host.Host] of each, over one
// [host.Runtime]: what tenants share is compiled code and the turns in which
// their guests run. A request says who it is by its token, which belongs to
// one tenant; there is no way to name another's things.
//
// Everything in this package is safe for concurrent use.
package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"gocloud.dev/blob"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Config is what a Server is made from. It is not changed after New.
type Config struct {
	// Tenants is the folder with a folder for each tenant.
	Tenants string
	// Dev is served instead of Tenants, if it is not nil.
	Dev *Dev
	// Runtime is that of all tenants. It outlives the Server.
	Runtime *host.Runtime
	// Drivers make the databases, as host.Config has them.
	Drivers map[string]sqldb.Driver
	// Secrets returns where the secrets of a tenant are found: nothing that it
	// finds may be another's.
	Secrets func(tenant string) secret.Provider
	// Inline accepts tasks with a connection of their own.
	Inline bool
	// Files are the folders, beside a tenant's own, that database files of any
	// tenant may be in.
	Files []string
	// Address says which addresses connections may be made to, as
	// sqldb.Reach has it. Nil: any.
	Address func(netip.AddrPort) error
	// Quotas are those of a tenant whose configuration says nothing, and the
	// most that it can give itself. A zero field is no quota.
	Quotas manifest.Quotas
	// Drain is how long executions of a tenant that is replaced or removed go
	// on; 0 is DefaultDrain.
	Drain time.Duration
	// Logger gets what operators need to know; nil: nothing is logged.
	Logger *slog.Logger
	// State is where accepted executions are kept, as sqlite:///file.db for one
	// process or postgresql://… for several. Empty: none are accepted.
	State string
	// Results holds the results of accepted executions; it is closed with the
	// Server. It is needed with State.
	Results *blob.Bucket
	// Keep is how long an execution and its result are kept after its end; 0 is
	// DefaultKeep.
	Keep time.Duration
	// MetricsApart leaves /metrics out of Handler: it names the tenants.
	MetricsApart bool
	// Kinds run executions of other origins than the tenants' folders, by their
	// kind. With any, State is needed.
	Kinds map[string]Kind
	// Audit gets a record of every execution; nil: none is kept.
	Audit Auditor
	// Identities is the file that says whose OIDC tokens and certificates are
	// accepted beside the tokens of tenants, as manifest.ReadIdentities has it.
	// It is read again when it changes. Empty: none are.
	Identities string
	// Patience is how long the server waits for a client: for the body of a
	// request, and for some of the rows of an answer to be taken. 0 is
	// DefaultPatience.
	Patience time.Duration
	// Tracing makes the spans of requests and executions; nil: there are none.
	Tracing trace.TracerProvider
}

// DefaultDrain is Config.Drain where nothing is said.
const DefaultDrain = 30 * time.Second

// DefaultKeep is Config.Keep where nothing is said.
const DefaultKeep = 7 * 24 * time.Hour

// pollEvery is how often the folders of tenants are looked at.
const pollEvery = 2 * time.Second

// Server runs the tasks of its tenants. It is made by New.
type Server struct {
	cfg     Config
	log     *slog.Logger
	gate    gates
	metrics *metrics
	queue   *queue // nil: no state is configured
	tracer  trace.Tracer

	mu      sync.RWMutex
	tenants map[string]*tenant
	broken  map[string]error // folders whose content is not what runs
	unread  error            // why the folder of tenants itself cannot be read
	tokens  tokenBook

	identities    *identities // nil: none are configured
	identityFault error       // why their file is not what is used

	stop     context.CancelFunc
	watching sync.WaitGroup
	retiring sync.WaitGroup
	closing  bool
	change   sync.Mutex // held by the one who reads the folders
	readings map[string]reading
}

// New reads the folders of all tenants and watches them until Close. A tenant
// whose folder is broken is not served, and Ready says so; New fails only where
// the folder of tenants itself cannot be read.
func New(ctx context.Context, cfg Config) (_ *Server, err error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Tenants, err = filepath.Abs(cfg.Tenants); err != nil {
		return nil, err
	}
	cfg.Drain = cmp.Or(cfg.Drain, DefaultDrain)
	if cfg.State == "" && len(cfg.Kinds) > 0 {
		return nil, errors.New("executions of other kinds need a state")
	}
	s := &Server{cfg: cfg, log: cfg.Logger, tenants: map[string]*tenant{}, broken: map[string]error{}, readings: map[string]reading{}}
	s.metrics, s.tracer = newMetrics(s), tracerOf(cfg.Tracing)
	if err := s.reloadIdentities(ctx); err != nil {
		return nil, fmt.Errorf("the file of identities cannot be used: %w", err)
	}
	defer func() {
		if err != nil && s.identities != nil {
			s.identities.close()
		}
	}()
	if cfg.State != "" {
		st, err := openState(ctx, cfg.State)
		if err != nil {
			return nil, err
		}
		if s.queue, err = newQueue(ctx, s, st, cfg.Results, cmp.Or(cfg.Keep, DefaultKeep)); err != nil {
			return nil, errors.Join(err, st.Close())
		}
	}
	if err := s.Reload(ctx); err != nil {
		if s.queue != nil {
			err = errors.Join(err, s.queue.close(ctx))
		}
		return nil, err
	}
	ctx, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.watching.Add(1)
	go s.watch(ctx)
	return s, nil
}

// watch reloads what has changed until ctx ends.
func (s *Server) watch(ctx context.Context) {
	defer s.watching.Done()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s.mu.RLock()
		before := s.unread
		s.mu.RUnlock()
		if err := s.Reload(ctx); err != nil && ctx.Err() == nil && before == nil {
			s.log.ErrorContext(ctx, "the folder of tenants cannot be read: what ran before goes on", "error", err)
		}
	}
}

// Reload takes over what has changed in the folders of tenants, each tenant
// whole or not at all. Its error says that the folder of tenants cannot be
// read; the faults of tenants are logged, and told by Broken.
func (s *Server) Reload(ctx context.Context) error {
	s.change.Lock()
	defer s.change.Unlock()
	s.refreshIdentities(ctx)
	there, err := s.folders()
	s.mu.Lock()
	s.unread = err
	s.mu.Unlock()
	if err != nil {
		return fmt.Errorf("read the folder of tenants: %w", err)
	}
	faults := s.takeTokens(there)
	for _, name := range slices.Sorted(maps.Keys(there)) {
		err := s.reload(ctx, name, there[name])
		if ctx.Err() != nil { // that is no fault of the folder
			return ctx.Err()
		}
		if err == nil {
			err = faults[name]
		}
		s.fault(ctx, name, err)
	}
	s.mu.RLock()
	known := append(slices.Collect(maps.Keys(s.tenants)), slices.Collect(maps.Keys(s.broken))...)
	s.mu.RUnlock()
	for _, name := range known {
		if there[name] == "" {
			s.install(ctx, name, nil)
			delete(s.readings, name)
		}
	}
	return nil
}

// takeTokens takes over what has changed in the tokens of tenants, before
// anything that takes longer, and returns what is wrong with them by tenant.
func (s *Server) takeTokens(there map[string]string) map[string]error {
	if s.cfg.Dev != nil {
		s.tokens.set(devTenant, s.cfg.Dev.token)
		return nil
	}
	faults := map[string]error{}
	for name, dir := range there {
		if !manifest.IsTenant(name) {
			continue
		}
		if err := s.tokens.take(name, dir); err != nil {
			faults[name] = err
		}
	}
	s.tokens.keep(there)
	maps.Copy(faults, s.tokens.shared())
	return faults
}

// folders returns the folders of tenants, by name.
func (s *Server) folders() (map[string]string, error) {
	if s.cfg.Dev != nil {
		return map[string]string{devTenant: s.cfg.Dev.dir}, nil
	}
	entries, err := os.ReadDir(s.cfg.Tenants)
	if err != nil {
		return nil, err
	}
	there := map[string]string{}
	for _, e := range entries {
		dir := filepath.Join(s.cfg.Tenants, e.Name())
		if st, err := os.Stat(dir); e.Name()[0] != '.' && err == nil && st.IsDir() {
			there[e.Name()] = dir
		}
	}
	return there, nil
}

// reload takes over a tenant's folder if it has changed.
func (s *Server) reload(ctx context.Context, name, dir string) error {
	if !manifest.IsTenant(name) {
		return errTenantName(name)
	}
	began := time.Now()
	looks, err := lookAt(dir, s.cfg.Dev != nil)
	if err != nil {
		return err
	}
	if r := s.readings[name]; r.holds(looks) {
		if done, err := s.taken(ctx, name, r.digest); done {
			return err
		}
	}
	c, err := readTenant(dir, s.cfg.Dev != nil)
	if err != nil {
		return err
	}
	s.readings[name] = reading{look: looks, at: began, digest: c.digest}
	if done, err := s.taken(ctx, name, c.digest); done {
		return err
	}
	t, err := s.load(ctx, name, dir, c)
	if err != nil {
		return &brokenContent{digest: c.digest, err: err}
	}
	s.install(ctx, name, t)
	if s.queue == nil {
		return nil
	}
	return s.queue.serve(name, t.quotas.Within(s.cfg.Quotas).Running)
}

// taken reports whether the content of a folder with that digest is what runs,
// with the secrets as they are now, or is known to be broken, and why.
func (s *Server) taken(ctx context.Context, name string, digest [32]byte) (bool, error) {
	s.mu.RLock()
	old, broken := s.tenants[name], s.broken[name]
	s.mu.RUnlock()
	var seen *brokenContent
	if errors.As(broken, &seen) && seen.digest == digest {
		return true, broken
	}
	return old != nil && old.digest == digest && old.version == old.secrets.version(ctx), nil
}

// tenantNamed returns a tenant, asked for with a token that may be revoked by
// now.
func (s *Server) tenantNamed(name, token string) (principal, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t, ok := s.tenants[name]
	return principal{tenant: t, token: Token{ID: token}}, ok
}

// brokenContent is why the content of a folder with that digest is not served.
type brokenContent struct {
	digest [32]byte
	err    error
}

func (b *brokenContent) Error() string { return b.err.Error() }
func (b *brokenContent) Unwrap() error { return b.err }

// fault keeps why a tenant's folder is not what runs, and logs it once; a nil
// error is that it is.
func (s *Server) fault(ctx context.Context, name string, err error) {
	s.mu.Lock()
	if err == nil {
		delete(s.broken, name)
		s.mu.Unlock()
		return
	}
	before := s.broken[name]
	s.broken[name] = err
	_, old := s.tenants[name]
	s.mu.Unlock()
	if before != nil && before.Error() == err.Error() {
		return
	}
	does := "the tenant is not served"
	if old {
		does = "what ran before goes on"
	}
	s.log.ErrorContext(ctx, "a tenant's folder is broken: "+does, "tenant", name, "error", err)
}

// install makes t the tenant of that name, or removes it where t is nil. What
// was there before is drained and closed.
func (s *Server) install(ctx context.Context, name string, t *tenant) {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		if t != nil {
			_ = t.host.Close()
		}
		return
	}
	old := s.tenants[name]
	delete(s.broken, name)
	delete(s.tenants, name)
	if old != nil {
		s.retiring.Add(1)
	}
	if t != nil {
		s.tenants[name] = t
	}
	s.mu.Unlock()
	s.metrics.keep(name, t)
	switch {
	case t == nil:
		s.log.InfoContext(ctx, "a tenant is removed", "tenant", name)
	default:
		s.gate.of(name).allow(t.quotas.Within(s.cfg.Quotas).Running)
		s.log.InfoContext(ctx, "a tenant is served", "tenant", name, "tasks", len(t.programs))
	}
	if old == nil {
		return
	}
	go func() {
		defer s.retiring.Done()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.Drain)
		defer cancel()
		if err := old.retire(ctx); err != nil {
			s.log.WarnContext(ctx, "a tenant did not close cleanly", "tenant", name, "error", err)
		}
	}()
}

// Broken returns the tenants whose folder is not what runs, and why.
func (s *Server) Broken() map[string]error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return maps.Clone(s.broken)
}

// Close lets no execution begin any more, waits for those that are under way
// until ctx ends, and cancels the others. It is idempotent.
func (s *Server) Close(ctx context.Context) error {
	s.stop()
	s.watching.Wait()
	s.mu.Lock()
	already := s.closing
	s.closing = true
	s.mu.Unlock()
	if already {
		return nil
	}
	var queued error
	if s.queue != nil {
		queued = s.queue.close(ctx)
	}
	s.mu.Lock()
	all, who := s.tenants, s.identities
	s.tenants = map[string]*tenant{}
	s.mu.Unlock()
	if who != nil {
		who.close()
	}
	var wg sync.WaitGroup
	errs := make([]error, len(all))
	for i, name := range slices.Sorted(maps.Keys(all)) {
		wg.Go(func() { errs[i] = all[name].retire(ctx) })
	}
	wg.Wait()
	s.retiring.Wait()
	return errors.Join(append(errs, queued)...)
}
