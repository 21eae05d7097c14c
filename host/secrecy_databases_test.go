package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/builtin"
	"github.com/wasmsql/wasmsql/host/internal/sandbox"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// leaky is an execution that may tell what it must not.
type leaky struct {
	name   string
	change func(*Connection) // of a connection whose password is a secret
	query  string
	code   Code
}

func leaks(t *testing.T, dialect string) []leaky {
	closed := closedPort(t)
	all := []leaky{
		{"rows", nil, "SELECT a FROM seen", ""},
		{"refused", func(c *Connection) { c.URI.Port = closed }, "SELECT 1", CodeConnection},
		{"wrong database", func(c *Connection) { c.URI.Database = "canary_4716" }, "SELECT 1", CodeConnection},
		{"wrong user", func(c *Connection) { c.URI.User = "canary-4717" }, "SELECT 1", CodeConnection},
		{"wrong password", func(c *Connection) { c.SecretArgs["password"] = secret.Ref{Group: "g", Key: "wrong"} }, "SELECT 1", CodeConnection},
		{"wrong password in the uri", func(c *Connection) {
			c.SecretArgs, c.URI.Password = nil, secret.New("canary-4718")
		}, "SELECT 1", CodeConnection},
		{"no such secret", func(c *Connection) { c.SecretArgs["password"] = secret.Ref{Group: "g", Key: "nowhere"} }, "SELECT 1", CodeConfig},
		{"no such host", func(c *Connection) { c.URI.Host = "canary-4719.invalid" }, "SELECT 1", CodeConnection},
		{"no such table", nil, "SELECT * FROM nosuch", CodeTask},
		{"syntax", nil, "SELECT FROM FROM", CodeTask},
		{"denied", nil, "DELETE FROM seen", CodeDenied},
		{"written by a function", nil, "SELECT writes()", CodeDenied},
	}
	if dialect == "postgres" {
		return append(all,
			leaky{"tls not offered", func(c *Connection) { c.Args = map[string]any{"sslmode": "require"} }, "SELECT 1", CodeConnection},
			leaky{"notice", nil, "SELECT notes()", ""},
			leaky{"no right", nil, "SELECT * FROM pg_authid", CodeTask},
			leaky{"no right to change", nil, "SELECT says('ALTER SYSTEM SET work_mem = 1')", CodeTask},
		)
	}
	return append(all,
		leaky{"tls not offered, or not trusted", func(c *Connection) { c.Args = map[string]any{"ssl_verify_cert": true} }, "SELECT 1", CodeConnection},
		leaky{"warning", nil, "SELECT CAST('x' AS SIGNED) FROM seen", ""},
		leaky{"no right", nil, "SELECT * FROM mysql.global_priv", CodeTask},
		leaky{"no right to another's", nil, "SHOW TABLES FROM mysql", CodeTask},
		leaky{"the hash of its password", nil, "SHOW GRANTS", CodeDenied},
	)
}

// closedPort returns a port that nobody listens on.
func closedPort(t *testing.T) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// TestNoSecretOfAServerReachesTheGuest (G16, T1, T2) is
// TestG16NoSecretReachesTheGuest for PostgreSQL and MariaDB: password, user, host
// and port, of a database that answers and of one that refuses.
func TestNoSecretOfAServerReachesTheGuest(t *testing.T) {
	for _, s := range []struct {
		name     string
		database func(testing.TB) sqldbtest.Database
		driver   sqldb.Driver
		setup    []string
	}{
		{"postgres", sqldbtest.PostgresDatabase, postgres.Driver{}, []string{
			"CREATE TABLE seen (a int)", "INSERT INTO seen VALUES (1)",
			"CREATE FUNCTION writes() RETURNS int LANGUAGE plpgsql AS $$ BEGIN DELETE FROM seen; RETURN 1; END $$",
			"CREATE FUNCTION says(q text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; RETURN 1; END $$",
			"CREATE FUNCTION notes() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% %', current_user, inet_server_port(); RAISE WARNING '%', session_user; RETURN 1; END $$",
		}},
		{"mysql", sqldbtest.MariaDBDatabase, mysql.Driver{}, []string{
			"CREATE TABLE seen (a int)", "INSERT INTO seen VALUES (1)",
			"CREATE FUNCTION writes() RETURNS int MODIFIES SQL DATA BEGIN DELETE FROM seen; RETURN 1; END",
		}},
	} {
		t.Run(s.name, func(t *testing.T) {
			u, err := sqldb.ParseURI(s.database(t).URI)
			if err != nil {
				t.Fatal(err)
			}
			prepareServer(t, s.driver, u, s.setup)
			v := vault{"password": u.Password.Reveal(), "wrong": canaryPassword}
			u.Password = secret.Value{}
			for _, c := range leaks(t, s.name) {
				t.Run(c.name, func(t *testing.T) {
					conn := Connection{URI: u, SecretArgs: map[string]secret.Ref{"password": {Group: "g", Key: "password"}}}
					if c.change != nil {
						c.change(&conn)
					}
					private := []string{v["password"], canaryPassword, "canary", u.User, conn.URI.Host, strconv.Itoa(conn.URI.Port)}
					c.look(t, Config{Drivers: map[string]sqldb.Driver{u.Scheme: s.driver}, Connections: map[string]Connection{"v": conn}, Secrets: v}, private)
				})
			}
		})
	}
}

func prepareServer(t *testing.T, d sqldb.Driver, u sqldb.URI, statements []string) {
	t.Helper()
	ctx := context.Background()
	db, err := d.Open(sqldb.Config{Name: "setup", URI: u, Access: abi.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	tx, err := db.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, sql := range statements {
		if _, err := tx.Exec(ctx, sql, nil, true); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

// look runs the execution and looks for what is private in the guest's memory
// after each host call, in the error, the report, the log and the audit.
func (c leaky) look(t *testing.T, cfg Config, private []string) {
	ctx := context.Background()
	dumps, found := 0, map[string]string{}
	search := func(where, s string) {
		for _, p := range private {
			if strings.Contains(s, p) {
				found[where] = p
			}
		}
	}
	module, err := builtin.Template()
	if err != nil {
		t.Fatal(err)
	}
	offered := imports()
	for i, im := range offered {
		offered[i].Call = func(ctx context.Context, mem sandbox.Memory, stack []uint64) {
			im.Call(ctx, mem, stack)
			all, _ := mem.Read(0, mem.Size())
			for _, p := range private {
				// A port may stand in the module's own tables of digits.
				if bytes.Contains(all, []byte(p)) && !bytes.Contains(module, []byte(p)) {
					found["guest memory after "+im.Name] = p
				}
			}
			dumps++
		}
	}
	r, err := newRuntime(ctx, RuntimeConfig{CacheDir: testCache(t)}, offered)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Close() }()
	var log bytes.Buffer
	cfg.Runtime = r
	cfg.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h, err := New(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Close() }()
	p, err := h.Load(ctx, Task{Name: "leak", Query: c.query, Connection: "v"})
	if err != nil {
		t.Fatal(err)
	}
	report, err := p.Run(ctx, nil, Discard())
	var e *Error
	if errors.As(err, &e) {
		search("error", e.Error()+e.Detail+e.Hint)
		if e.Code != c.code {
			t.Errorf("%s: %v, want %s", e.Code, err, c.code)
		}
	} else if err != nil || c.code != "" {
		t.Errorf("%v, want %q", err, c.code)
	}
	search("error %+v", fmt.Sprintf("%+v", err))
	if _, err := h.Audit(ctx, "v"); errors.As(err, &e) {
		search("audit", e.Error()+e.Detail+e.Hint)
	}
	text, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	search("report", string(text))
	search("log", log.String())
	if dumps < 5 || log.Len() == 0 {
		t.Errorf("%d dumps, log of %d bytes: nothing was looked at", dumps, log.Len())
	}
	for where, what := range found {
		t.Errorf("%s holds %s: %v", where, what, e)
	}
}
