package server

import (
	"context"
	"log/slog"
	"path"
	"path/filepath"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// Checked is what Check found in the folder of a tenant.
type Checked struct {
	Tasks int
	Err   error // nil, or what New would find, host.Errors or an *host.Error with files named as in the folder of tenants
}

// Check reads the folders of all tenants as New would, and returns what it
// finds, by tenant. No connection is opened and no secret is read. Its error
// says that the folder of tenants itself cannot be read.
func Check(ctx context.Context, cfg Config) (map[string]Checked, error) {
	cfg.Logger = slog.New(slog.DiscardHandler)
	var err error
	if cfg.Tenants, err = filepath.Abs(cfg.Tenants); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg}
	there, err := s.folders()
	if err != nil {
		return nil, err
	}
	all := map[string]Checked{}
	for name, dir := range there {
		t, err := s.readAndLoad(ctx, name, dir)
		if err != nil {
			all[name] = Checked{Err: within(name, err)}
			continue
		}
		all[name] = Checked{Tasks: len(t.programs), Err: t.host.Close()}
	}
	for name, err := range s.tokens.shared() {
		if all[name].Err == nil {
			all[name] = Checked{Err: within(name, err)}
		}
	}
	return all, nil
}

func (s *Server) readAndLoad(ctx context.Context, name, dir string) (*tenant, error) {
	if !manifest.IsTenant(name) {
		return nil, errTenantName(name)
	}
	c, err := readTenant(dir, false)
	if err != nil {
		return nil, err
	}
	if err := s.tokens.take(name, dir); err != nil {
		return nil, err
	}
	return s.load(ctx, name, dir, c)
}

// within names the files of a tenant's faults as in the folder of tenants.
func within(tenant string, err error) error {
	var all host.Errors
	for _, e := range faultsOf("", err) {
		named := *e
		named.Place.File = path.Join(tenant, e.Place.File)
		all = append(all, &named)
	}
	return all
}
