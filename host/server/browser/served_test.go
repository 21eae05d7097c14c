package browser_test

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"gocloud.dev/blob/fileblob"

	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// served is a server with one tenant, acme, whose tasks are those of testdata.
type served struct {
	t   *testing.T
	dir string // of the tenants
	url string
	*server.Server
}

// serve starts a server. It keeps executions and an audit unless bare.
func serve(t *testing.T, bare bool) *served {
	t.Helper()
	s := &served{t: t, dir: t.TempDir()}
	if err := os.CopyFS(s.dir, os.DirFS("testdata/tenants")); err != nil {
		t.Fatal(err)
	}
	cfg := server.Config{
		Tenants: s.dir, Runtime: hosttest.Runtime(t, "compiler"), Drivers: map[string]sqldb.Driver{"sqlite": sqlite.Driver{}},
		Secrets: func(string) secret.Provider { return secret.Chain() }, Logger: slog.New(slog.DiscardHandler),
		Quotas: manifest.Quotas{Running: 4, Waiting: 100},
	}
	var err error
	if !bare {
		state := t.TempDir()
		if cfg.Results, err = fileblob.OpenBucket(filepath.Join(state, "results"), &fileblob.Options{CreateDir: true, NoTempDir: true}); err != nil {
			t.Fatal(err)
		}
		audit, err := server.OpenAudit(filepath.Join(state, "audit.ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = audit.Close() })
		cfg.State, cfg.Audit = "sqlite:///"+filepath.Join(state, "state.db"), audit
	}
	if s.Server, err = server.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s.Handler())
	s.url = web.URL
	t.Cleanup(func() {
		web.CloseClientConnections()
		web.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// token makes a token of the tenant and has the server see it.
func (s *served) token(role server.Role) string {
	s.t.Helper()
	text, _, err := server.NewToken(filepath.Join(s.dir, "acme"), role, "of a test")
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.Reload(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return text
}
