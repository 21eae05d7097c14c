package main

import (
	"bufio"
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// Several processes that start on an empty state at the same moment all serve.
func TestReplicasStartTogether(t *testing.T) {
	state, dir := sqldbtest.Postgres(t), t.TempDir()
	write(t, dir, map[string]string{"tenants/acme/wasmsql.yaml": ""})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said := make([]*bufio.Reader, 4)
	for i := range said {
		cmd := exec.Command(self, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", state, "--results", "results")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), asProgram+"=1")
		stderr, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		said[i] = bufio.NewReader(stderr)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		})
	}
	for _, r := range said {
		text := ""
		for !strings.Contains(text, "serving at") {
			line, err := r.ReadString('\n')
			if text += line; err != nil {
				t.Fatalf("it does not serve: %s", text)
			}
		}
	}
}

// A state of an earlier version gets the columns that have come since.
func TestStateOfAnEarlierVersion(t *testing.T) {
	for _, c := range []struct{ driver, state string }{{"sqlite", ""}, {"pgx", sqldbtest.Postgres(t)}} {
		t.Run(c.driver, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, map[string]string{
				"tenants/acme/wasmsql.yaml": "connections: {db: {uri: 'sqlite://'}}\n",
				"tenants/acme/tasks/x.yaml": "name: x\nconnection: db\nquery: SELECT 1 AS n\n",
			})
			address, state := c.state, c.state
			if state == "" {
				address, state = "file:"+filepath.Join(dir, "state.db"), "sqlite:///state.db"
			}
			old, err := sql.Open(c.driver, address)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := old.Exec(`CREATE TABLE wasmsql_executions (id TEXT PRIMARY KEY, tenant TEXT NOT NULL, task TEXT NOT NULL, token TEXT NOT NULL, request_key TEXT,
				request_hash TEXT NOT NULL, inputs TEXT NOT NULL, status TEXT NOT NULL, attempts INTEGER NOT NULL, owner TEXT NOT NULL, beat BIGINT NOT NULL,
				cancel INTEGER NOT NULL, accepted BIGINT NOT NULL, started BIGINT NOT NULL, ended BIGINT NOT NULL, result TEXT NOT NULL, report TEXT NOT NULL,
				problem TEXT NOT NULL, UNIQUE (tenant, request_key))`); err != nil {
				t.Fatal(err)
			}
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			_, text, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), "acme", "--role", "run")
			token := strings.TrimSpace(text)
			p := start(t, dir, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", state, "--results", "results")
			if status, body, err := p.ask("POST", "/v1/executions", token, `{"task": "x"}`); status != 202 {
				t.Error(status, body, err)
			}
		})
	}
}
