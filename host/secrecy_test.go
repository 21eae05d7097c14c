package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/sandbox"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// What must be seen nowhere.
const (
	canaryPassword = "correcthorse-4711"
	canaryURIPass  = "batterystaple-4712"
	canaryUser     = "edgar-4713"
	canaryHost     = "db-4714.internal"
	canaryPath     = "vault-4715"
)

var canaries = []string{canaryPassword, canaryURIPass, canaryUser, canaryHost, canaryPath}

// vaultDriver is SQLite behind a URI with a host and a login: it opens the
// database's file after it has looked at every secret, and can be told to fail.
type vaultDriver struct{ fail error }

func (vaultDriver) Dialect() abi.Dialect { return abi.SQLite }

func (d vaultDriver) Open(cfg sqldb.Config) (sqldb.DB, error) {
	secrets := cfg.Secrets
	cfg.URI = sqldb.URI{Scheme: "sqlite", Database: cfg.URI.Database}
	cfg.Secrets, cfg.SecretArgs = nil, nil
	db, err := sqlite.Driver{}.Open(cfg)
	return vaultDB{db, secrets, d.fail}, err
}

type vaultDB struct {
	sqldb.DB
	secrets func(context.Context) (map[string]secret.Value, error)
	fail    error
}

func (d vaultDB) Begin(ctx context.Context, o sqldb.TxOptions) (sqldb.Tx, error) {
	values, err := d.secrets(ctx)
	if err != nil {
		return nil, err
	}
	if values["password"].Reveal() != canaryPassword {
		return nil, fmt.Errorf("password %v", values["password"])
	}
	if d.fail != nil {
		return nil, d.fail
	}
	return d.DB.Begin(ctx, o)
}

type vault map[string]string

func (v vault) Lookup(_ context.Context, r secret.Ref) (secret.Value, error) {
	if s, ok := v[r.Key]; ok {
		return secret.New(s), nil
	}
	return secret.Value{}, fmt.Errorf("%w: %s", secret.ErrNotFound, r)
}

// TestG16NoSecretReachesTheGuest (G16, T1, T2) dumps the guest's whole memory
// after every host call, of executions that succeed and that fail in every
// place, and looks for the parts of the connection there, in the log, in the
// errors and in the report.
func TestG16NoSecretReachesTheGuest(t *testing.T) {
	file := filepath.Join(t.TempDir(), canaryPath+".db")
	makeTable(t, file)
	uri, err := sqldb.ParseURI("vault://" + canaryUser + ":" + canaryURIPass + "@" + canaryHost + ":5432/" + file)
	if err != nil {
		t.Fatal(err)
	}
	gone := uri
	gone.Database = filepath.Join(t.TempDir(), canaryPath, "gone.db")
	args := map[string]secret.Ref{"password": {Group: "g", Key: "password"}}
	refused := &sqldb.Error{Code: abi.Conn, Message: "the login was refused", Cause: fmt.Errorf("password %s of %s@%s", canaryPassword, canaryUser, canaryHost)}

	for _, c := range []struct {
		name    string
		conn    Connection
		secrets vault
		query   string
		fail    error
		code    Code
	}{
		{"rows", Connection{URI: uri, SecretArgs: args}, vault{"password": canaryPassword}, "SELECT a, {{ .inputs.x }} AS x FROM t", nil, ""},
		{"statement refused by the database", Connection{URI: uri, SecretArgs: args}, vault{"password": canaryPassword}, "SELECT {{ .inputs.x }} FROM nosuch", nil, CodeTask},
		{"statement refused by the policy", Connection{URI: uri, SecretArgs: args}, vault{"password": canaryPassword}, "DELETE FROM t WHERE a = {{ .inputs.x }}", nil, CodeDenied},
		{"pragma that shows the file", Connection{URI: uri, SecretArgs: args, Access: abi.ReadWrite}, vault{"password": canaryPassword}, "SELECT file, {{ .inputs.x }} FROM pragma_database_list", nil, CodeDenied},
		{"no such file", Connection{URI: gone, SecretArgs: args}, vault{"password": canaryPassword}, "SELECT {{ .inputs.x }}", nil, CodeConnection},
		{"login refused", Connection{URI: uri, SecretArgs: args}, vault{"password": canaryPassword}, "SELECT {{ .inputs.x }}", refused, CodeConnection},
		{"driver error of no kind", Connection{URI: uri, SecretArgs: args}, vault{"password": canaryPassword}, "SELECT {{ .inputs.x }}", refused.Cause, CodeInternal},
		{"secret missing", Connection{URI: uri, SecretArgs: args}, vault{}, "SELECT {{ .inputs.x }}", nil, CodeConfig},
	} {
		t.Run(c.name, func(t *testing.T) {
			dumps, leaks := 0, map[string]string{}
			look := func(where, s string) {
				for _, canary := range canaries {
					if strings.Contains(s, canary) {
						leaks[where] = canary
					}
				}
			}
			offered := imports()
			for i, im := range offered {
				offered[i].Call = func(ctx context.Context, mem sandbox.Memory, stack []uint64) {
					im.Call(ctx, mem, stack)
					all, _ := mem.Read(0, mem.Size())
					look("guest memory after "+im.Name, string(all))
					dumps++
				}
			}
			ctx := context.Background()
			r, err := newRuntime(ctx, RuntimeConfig{CacheDir: testCache(t)}, offered)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = r.Close() }()
			var log bytes.Buffer
			h, err := New(ctx, Config{Runtime: r, Drivers: map[string]sqldb.Driver{"vault": vaultDriver{c.fail}},
				Connections: map[string]Connection{"v": c.conn}, Secrets: c.secrets,
				Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = h.Close() }()
			p, err := h.Load(ctx, Task{Name: "leak", Query: c.query, Connection: "v", Inputs: []Input{{Name: "x", Type: abi.Type{Kind: abi.Int}}}})
			if err != nil {
				t.Fatal(err)
			}
			report, err := p.Run(ctx, Inputs{"x": {Type: abi.Type{Kind: abi.Int}, Int: 7}}, Discard())
			if err != nil {
				look("error", err.Error())
				look("error %+v", fmt.Sprintf("%+v", err))
			}
			var e *Error
			if got := Code(""); c.code != got {
				if !errors.As(err, &e) || e.Code != c.code {
					t.Errorf("%v, want %s", err, c.code)
				} else {
					look("hint and detail", e.Hint+e.Detail)
				}
			} else if err != nil {
				t.Error(err)
			}
			text, err := json.Marshal(report)
			if err != nil {
				t.Fatal(err)
			}
			look("report", string(text))
			look("log", log.String())
			look("host %+v", fmt.Sprintf("%+v", h.cfg.Connections["v"]))
			if dumps < 10 || log.Len() == 0 {
				t.Errorf("%d dumps, log of %d bytes: nothing was looked at", dumps, log.Len())
			}
			for where, what := range leaks {
				t.Errorf("%s holds %s", where, what)
			}
		})
	}
}
