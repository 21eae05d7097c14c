package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// startIn is start with an environment; it returns what the process says too.
func startIn(t *testing.T, dir string, env []string, args ...string) (*program, *hosttest.Log) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, said := &program{t: t, cmd: exec.Command(self, args...)}, &hosttest.Log{}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stderr = dir, append(append(os.Environ(), asProgram+"=1"), env...), said
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	for deadline := time.Now().Add(sqldbtest.Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if _, after, ok := strings.Cut(said.String(), "wasmsql: serving at "); ok && strings.Contains(after, "\n") {
			p.url, _, _ = strings.Cut(after, "\n")
			return p, said
		}
	}
	t.Fatal("the server does not serve: " + said.String())
	return nil, nil
}

// tokenOf makes a token of a tenant.
func tokenOf(t *testing.T, dir, tenant string) string {
	t.Helper()
	status, text, stderr := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), tenant, "--role", "operate")
	if status != 0 {
		t.Fatal(stderr)
	}
	return strings.TrimSpace(text)
}

const (
	onFile = "connections: {db: {uri: 'sqlite:///data.db', access: read-write}}\n"
	spin   = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n"
)

func oneTask(name, query, more string) string {
	return "name: " + name + "\nconnection: db\nquery: " + query + "\n" + more
}

// TestT5SecretsOfOthers has a tenant's connections name secrets that are not
// its own, in files and in the environment, and one that is.
func TestT5SecretsOfOthers(t *testing.T) {
	dir := t.TempDir()
	refs := map[string]string{
		"own": "{group: db, key: password}", "above": "{group: ../globex, key: password}", "absolute": "{group: '" + dir + "/secrets/globex', key: password}",
		"above_in_key": "{group: db, key: ../../globex/db/password}", "link": "{group: link, key: password}", "environ": "{group: ../../../../../../../proc/self, key: environ}",
		"env": "{group: globex, key: env}", "env_prefix": "{group: _globex_, key: env}", "env_empty": "{key: PATH}",
	}
	config, tasks := "connections:\n", ""
	for name, ref := range refs {
		config += fmt.Sprintf("  %s: {uri: 'postgresql://u@127.0.0.1:1/d', secret_connect_args: {password: %s}}\n", name, ref)
		tasks += fmt.Sprintf("---\nname: %s\nconnection: %s\nquery: SELECT 1 AS n\ntimeout: 1h\n", name, name)
	}
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml": config, "tenants/acme/tasks/all.yaml": tasks,
		"secrets/acme/db/password": "mine", "secrets/globex/db/password": "canary-file", "secrets/globex/password": "canary-file",
	})
	if err := os.Symlink("../globex/db", filepath.Join(dir, "secrets/acme/link")); err != nil {
		t.Fatal(err)
	}
	p, said := startIn(t, dir, []string{"WASMSQL_SECRET_GLOBEX__GLOBEX_ENV=canary-env", "WASMSQL_SECRET_GLOBEX__ENV=canary-env", "_GLOBEX_ENV=canary-env"},
		"serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--secrets", "secrets")
	token := tokenOf(t, dir, "acme")
	for deadline := time.Now().Add(sqldbtest.Patience); ; time.Sleep(100 * time.Millisecond) {
		if status, _, _ := p.ask("GET", "/v1/tasks", token, ""); status != 401 || time.Now().After(deadline) {
			break
		}
	}
	status, body, _ := p.ask("GET", "/v1/tasks", token, "")
	if status == 503 { // the names are refused as such
		t.Fatal(said.String())
	}
	for name := range refs {
		status, body, err := p.ask("POST", "/v1/tasks/"+name+"/run", token, "{}")
		if err != nil || name == "own" && status != 502 || name != "own" && (status != 500 || !strings.Contains(body, "a secret of the task's connection cannot be found")) {
			t.Errorf("%s: %d %s %v", name, status, body, err)
		}
	}
	if text := said.String() + body; strings.Contains(text, "canary") || strings.Contains(text, "mine\"") {
		t.Error(text)
	}
}

// TestT1ProcessTellsNoSecret looks for passwords in what the process shows of
// itself: its arguments, its log, its answers, and what it says when it dies.
func TestT1ProcessTellsNoSecret(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml":   "connections: {db: {uri: 'postgresql://u@127.0.0.1:1/d', secret_connect_args: {password: {group: db, key: password}}}}\n",
		"tenants/acme/tasks/one.yaml": oneTask("one", "SELECT 1 AS n", "timeout: 1h\n"),
	})
	const canary = "canary-5f4dcc3b"
	p, said := startIn(t, dir, []string{"WASMSQL_SECRET_ACME__DB_PASSWORD=" + canary, "GOTRACEBACK=all"}, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", "sqlite:///state.db", "--audit", "audit.ndjson")
	token := tokenOf(t, dir, "acme")
	told := ""
	for deadline := time.Now().Add(sqldbtest.Patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		status, body, _ := p.ask("POST", "/v1/tasks/one/run", token, "{}")
		if told += body; status == 502 {
			break
		}
	}
	_, body, _ := p.ask("POST", "/v1/executions", token, `{"task": "one"}`)
	told += body
	for _, path := range []string{"/metrics", "/v1/executions", "/v1/audit", "/debug/pprof/heap", "/debug/pprof/cmdline", "/debug/vars"} {
		status, body, _ := p.ask("GET", path, token, "")
		if told += body; strings.HasPrefix(path, "/debug") && status != 404 {
			t.Error(path, status)
		}
	}
	if line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.cmd.Process.Pid)); err == nil {
		told += string(line)
	}
	if err := p.cmd.Process.Signal(syscall.SIGQUIT); err != nil { // the stacks of all goroutines
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	for _, name := range []string{"state.db", "state.db-wal", "audit.ndjson"} {
		text, _ := os.ReadFile(filepath.Join(dir, name))
		told += string(text)
	}
	told += said.String()
	if !strings.Contains(told, "goroutine ") || !strings.Contains(told, `"outcome":"connection"`) {
		t.Error("the process did not say what it should")
	}
	for _, secret := range []string{canary, token[strings.LastIndex(token, "_")+1:]} {
		if at := strings.Index(told, secret); at >= 0 {
			t.Errorf("told: %q", told[max(0, at-200):at+len(secret)])
		}
	}
}

// TestT8Signals ends the process by a signal while tasks run: what ends in time
// ends well, the rest is canceled, and nothing new begins.
func TestT8Signals(t *testing.T) {
	t.Run("in time", func(t *testing.T) {
		r := newStopping(t, "write", "1h")
		lock := r.open(t)
		if _, err := lock.Exec("BEGIN EXCLUSIVE"); err != nil {
			t.Fatal(err)
		}
		ended := r.run("write")
		r.stop(t)
		if _, err := lock.Exec("COMMIT"); err != nil {
			t.Fatal(err)
		}
		if e := <-ended; e.err != nil || e.status != 200 || e.body != "[\n{\"n\":1}\n]\n" {
			t.Errorf("%+v", e)
		}
		r.ended(t, `"outcome":"ok"`)
	})
	t.Run("too late", func(t *testing.T) {
		r := newStopping(t, "spin", "500ms")
		ended := r.run("spin")
		r.stop(t)
		if e := <-ended; e.err == nil && e.status == 200 {
			t.Errorf("%+v", e)
		}
		r.ended(t, `"outcome":"canceled"`)
	})
}

// stopping is a process that is to stop while a task runs.
type stopping struct {
	*program
	dir, task, token string
	said             *hosttest.Log
}

// result is what came of a request.
type result struct {
	status int
	body   string
	err    error
}

// newStopping starts a process that waits so long for what runs.
func newStopping(t *testing.T, task, drain string) *stopping {
	t.Helper()
	r := &stopping{dir: t.TempDir(), task: task}
	write(t, r.dir, map[string]string{
		"tenants/acme/wasmsql.yaml":     strings.Replace(onFile, "access:", "connect_args: {timeout: 3600}, access:", 1),
		"tenants/acme/tasks/write.yaml": oneTask("write", "INSERT INTO t VALUES (1) RETURNING n", "timeout: 1h\n"),
		"tenants/acme/tasks/spin.yaml":  oneTask("spin", spin, "timeout: 1h\n"),
	})
	if _, err := r.open(t).Exec("CREATE TABLE t (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	r.token = tokenOf(t, r.dir, "acme")
	r.program, r.said = startIn(t, r.dir, nil, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--drain", drain, "--audit", "audit.ndjson")
	return r
}

// open opens its database.
func (r *stopping) open(t *testing.T) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(r.dir, "tenants", "acme", "data.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

// run begins the task.
func (r *stopping) run(task string) <-chan result {
	to := make(chan result, 1)
	go func() {
		status, body, err := r.ask("POST", "/v1/tasks/"+task+"/run", r.token, "{}")
		to <- result{status, body, err}
	}()
	return to
}

// stop has the process stop once the task runs, and waits until it takes no
// connection any more.
func (r *stopping) stop(t *testing.T) {
	t.Helper()
	sqldbtest.Eventually(t, "the task does not run", func() bool {
		var now struct{ Running int } // its quotas have the same name, further in
		_, body, _ := r.ask("GET", "/v1/tenant", r.token, "")
		return json.Unmarshal([]byte(body), &now) == nil && now.Running == 1
	})
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	sqldbtest.Eventually(t, "connections are accepted behind the signal", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(r.url, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
}

// ended waits for the end of the process, and looks for what became of the task.
func (r *stopping) ended(t *testing.T, outcome string) {
	t.Helper()
	_ = r.cmd.Wait()
	text, _ := os.ReadFile(filepath.Join(r.dir, "audit.ndjson"))
	if !strings.Contains(string(text), `"task":"`+r.task+`"`) || !strings.Contains(string(text), outcome) || strings.Count(string(text), "\n") != 1 {
		t.Errorf("not one %s in %s", outcome, text)
	}
	if strings.Contains(r.said.String(), "panic") {
		t.Error(r.said.String())
	}
}

// TestT8KilledLeavesNoQuery kills the process while the database works for it:
// the server ends the queries itself.
func TestT8KilledLeavesNoQuery(t *testing.T) {
	db := sqldbtest.PostgresDatabase(t)
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml":      "connections: {db: {uri: '" + db.URI + "', access: read-write}}\n",
		"tenants/acme/tasks/counts.yaml": oneTask("counts", "SELECT count(*) AS n FROM generate_series(1, 1000000000000) a", "timeout: 2h\n"),
		"tenants/acme/tasks/sends.yaml":  oneTask("sends", "SELECT repeat('x', 1000) AS x FROM generate_series(1, 1000000000000) a", "timeout: 2h\n"),
		"tenants/acme/tasks/sleeps.yaml": oneTask("sleeps", "SELECT 1 AS n FROM pg_sleep(3600)", "timeout: 2h\n"),
	})
	token := tokenOf(t, dir, "acme")
	look, err := sql.Open("pgx", db.AdminURI)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	busy := func() (n int) {
		err := look.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()").Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	p, _ := startIn(t, dir, nil, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0")
	for _, name := range []string{"counts", "sends", "sleeps"} {
		go func() {
			r, _ := http.NewRequestWithContext(context.Background(), "POST", p.url+"/v1/tasks/"+name+"/run", strings.NewReader("{}"))
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Content-Type", "application/json")
			if res, err := http.DefaultClient.Do(r); err == nil {
				time.Sleep(time.Hour) // it takes no rows
				res.Body.Close()
			}
		}()
	}
	for deadline := time.Now().Add(sqldbtest.Patience); busy() < 3 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	if n := busy(); n != 3 {
		t.Fatal("the database works for", n)
	}
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = p.cmd.Wait()
	begun := time.Now()
	sqldbtest.Eventually(t, "the database still works for a process that is gone", func() bool { return busy() == 0 })
	t.Log("the sessions are gone after", time.Since(begun))
}

// TestT10SmallMachine runs the program with one processor and little memory:
// it does what it should, if slowly.
func TestT10SmallMachine(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml":     onFile,
		"tenants/acme/tasks/large.yaml": oneTask("large", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 300000) SELECT i, printf('%.*c', 100, 'x') AS x FROM n", "timeout: 1h\n"),
		"tenants/acme/tasks/spin.yaml":  oneTask("spin", spin, "timeout: 1s\n"),
		"tenants/acme/tasks/one.yaml":   oneTask("one", "SELECT {{ n }} AS n", "inputs: {n: int}\ntimeout: 1h\n"),
	})
	token := tokenOf(t, dir, "acme")
	p, said := startIn(t, dir, []string{"GOMAXPROCS=1", "GOMEMLIMIT=48MiB"}, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", "sqlite:///state.db")
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			switch i % 3 {
			case 0:
				if status, body, err := p.ask("POST", "/v1/tasks/large/run", token, "{}"); err != nil || status != 200 || len(body) < 300_000*100 {
					t.Error(status, len(body), err)
				}
			case 1:
				if status, body, err := p.ask("POST", "/v1/tasks/spin/run", token, "{}"); err != nil || status != 422 {
					t.Error(status, body, err)
				}
			case 2:
				for n := range 50 {
					if status, body, err := p.ask("POST", "/v1/tasks/one/run", token, fmt.Sprintf(`{"inputs": {"n": %d}}`, n)); err != nil || status != 200 || body != fmt.Sprintf("[\n{\"n\":%d}\n]\n", n) {
						t.Error(status, body, err)
					}
				}
			}
		})
	}
	wg.Wait()
	if strings.Contains(said.String(), `"level":"ERROR"`) {
		t.Error(said.String())
	}
}
