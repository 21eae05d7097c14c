package flytekit_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocloud.dev/blob/memblob"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/flyte/connector"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestConnector has the real flytekit run tasks by way of our connector: it
// creates them, asks how they stand, ends one, and reads what they have
// written.
func TestConnector(t *testing.T) {
	program := python(t)
	uri := sqldbtest.Postgres(t)
	dir := t.TempDir()
	address := serveConnector(t, dir, uri)
	cmd := exec.Command(program, filepath.Join("testdata", "connector.py"), address, uri, filepath.Join(dir, "out"))
	cmd.Env = append(os.Environ(), "FLYTE_LOCAL_CACHE_ENABLED=false", "FLYTE_SDK_LOGGING_LEVEL=50")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	var got struct {
		Connectors, Types, Phases []string
		Rows                      []map[string]any
		None                      int
		Error                     string
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &got); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	const want = `[wasmsql] [int64 str] [RUNNING ABORTED] [map[n:42 s:Zoë's]] 0`
	if s := fmt.Sprint(got.Connectors, got.Types, got.Phases, got.Rows, got.None); s != want {
		t.Error(s)
	}
	const failed = "Failed to run the task bad with error: USER:DatabaseError: 1:15: relation \"missing\" does not exist (SQLSTATE 42P01)"
	if !strings.Contains(got.Error, failed) {
		t.Error(got.Error)
	}
}

// serveConnector starts a connector that may use one database and one folder,
// and returns its address.
func serveConnector(t *testing.T, dir, uri string) string {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"tenants/shop/wasmsql.yaml": "",
		"connector.yaml": fmt.Sprintf("allow:\n- {project: shop, domain: development, tenant: shop, access: read-write, uris: ['postgresql://%s:%d/%s'], outputs: ['%s/out/']}\n",
			u.Host, u.Port, u.Database, dir),
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	rt, err := host.NewRuntime(t.Context(), host.RuntimeConfig{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := connector.New(t.Context(), connector.Config{File: filepath.Join(dir, "connector.yaml"), Store: storage.Schemes{"file": storage.Files{}},
		Secrets: func(string) secret.Provider { return secret.Chain() }})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), server.Config{
		Tenants: filepath.Join(dir, "tenants"), Runtime: rt, Drivers: map[string]sqldb.Driver{"postgresql": postgres.Driver{}},
		Secrets: func(string) secret.Provider { return secret.Chain() }, Kinds: map[string]server.Kind{connector.Kind: c},
		State: "sqlite:///" + filepath.Join(dir, "state.db"), Results: memblob.OpenBucket(nil),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Attach(s)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- c.Serve(ctx, l, nil) }()
	t.Cleanup(func() {
		cancel()
		ending, stop := context.WithTimeout(context.Background(), time.Minute)
		defer stop()
		for _, err := range []error{<-served, s.Close(ending), c.Close(), rt.Close()} {
			if err != nil {
				t.Error(err)
			}
		}
	})
	return l.Addr().String()
}
