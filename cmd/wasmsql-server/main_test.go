package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // to look at what tasks have done
	_ "modernc.org/sqlite"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// asProgram has the test binary be the program.
const asProgram = "WASMSQL_SERVER_TEST"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	sqldbtest.Main(m)
}

// program is a running server.
type program struct {
	t   *testing.T
	cmd *exec.Cmd
	url string
	// connector is the address for Flyte, where there is one.
	connector string
	lines     chan string // of standard output

	mu   sync.Mutex
	said strings.Builder // on standard error
}

// log returns what the program has said on standard error.
func (p *program) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// start starts the program and waits until it serves.
func start(t *testing.T, dir string, args ...string) *program {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asProgram+"=1")
	return started(t, cmd)
}

// started starts a command that is the program, and waits until it serves.
func started(t *testing.T, cmd *exec.Cmd) *program {
	t.Helper()
	p := &program{t: t, cmd: cmd, lines: make(chan string, 10)}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	told := make(chan struct{})
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-told // it may log
	})
	go func() {
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			p.lines <- lines.Text()
		}
	}()
	serves := make(chan string, 1)
	go func() {
		defer close(told)
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			p.mu.Lock()
			fmt.Fprintln(&p.said, lines.Text())
			p.mu.Unlock()
			if address, ok := strings.CutPrefix(lines.Text(), "wasmsql: serving Flyte at "); ok {
				p.connector = address // it comes before the other
			}
			if url, ok := strings.CutPrefix(lines.Text(), "wasmsql: serving at "); ok {
				serves <- url
			}
		}
		select {
		case serves <- "":
			t.Log(p.log())
		default:
		}
	}()
	select {
	case p.url = <-serves:
	case <-time.After(sqldbtest.Patience):
	}
	if p.url == "" {
		t.Fatal("the server does not serve")
	}
	return p
}

// ask sends a request, and returns its answer's status and body.
func (p *program) ask(method, path, token, body string) (int, string, error) {
	return p.askUntil(context.Background(), method, path, token, body)
}

// askUntil is ask with a context.
func (p *program) askUntil(ctx context.Context, method, path, token, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, p.url+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDev serves a folder of someone's work, and stops at a signal.
func TestDev(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"one.yaml":    "name: one\nquery: SELECT {{ x }} AS n\ninputs: {x: int}\nconnection: {uri: 'sqlite:///a.db'}\n",
		"other.yaml":  "services: {web: {image: nginx}}\n",
		"inputs.json": `{"x": 1}`,
	})
	p := start(t, dir, "serve", "--dev", "--listen", "127.0.0.1:0")
	token := <-p.lines
	status, body, err := p.ask("POST", "/v1/tasks/one/run", token, `{"inputs": {"x": 7}}`)
	if status != 200 || body != "[\n{\"n\":7}\n]\n" {
		t.Error(status, body, err)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// call is a call of the program that ends.
func call(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, said strings.Builder
	status = run(context.Background(), args, &out, &said, func(string) (string, bool) { return "", false })
	return status, out.String(), said.String()
}

func TestCalls(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"acme/wasmsql.yaml": ""})
	for _, c := range []struct {
		args   string
		status int
		stderr string
	}{
		{"", 2, "wasmsql: error: no command is given\nwasmsql: hint: see wasmsql help serve\n"},
		{"serve", 2, "wasmsql: error: one of --tenants and --dev is needed\nwasmsql: hint: to try it out: wasmsql serve --dev\n"},
		{"serve --dev --tenants x", 2, "wasmsql: error: one of --tenants and --dev is needed\nwasmsql: hint: to try it out: wasmsql serve --dev\n"},
		{"serve x", 2, "wasmsql: error: unexpected argument \"x\"\nwasmsql: hint: usage: wasmsql serve [flags] --tenants DIR\n"},
		{"serve --tenants " + dir + " --allow-network 10.0.0", 2, "wasmsql: error: --allow-network: \"10.0.0\" is neither an address nor a network\nwasmsql: hint: write it as 10.0.0.0/8 or 10.1.2.3\n"},
		{"serve --tenants " + dir + "/none", 3, "wasmsql: error: --tenants \"" + dir + "/none\" is no folder that can be read\nwasmsql: hint: make it, with a folder in it for each tenant\n"},
		{"serve --tennants " + dir, 2, "wasmsql: error: unknown flag --tennants\nwasmsql: hint: did you mean --tenants?\n"},
		{"serve --tenants", 2, "wasmsql: error: --tenants needs a value\nwasmsql: hint: see wasmsql help serve\n"},
		{"serve --dev --audit ''", 2, "wasmsql: error: --audit is empty\nwasmsql: hint: leave it out or give it a value\n"},
		{"serve --tenants " + dir + " --tls-cert '' --tls-key ''", 2, "wasmsql: error: --tls-cert is empty\nwasmsql: hint: leave it out or give it a value\n"},
		{"serve --tenants " + dir + " --allow-files ''", 2, "wasmsql: error: --allow-files is empty\nwasmsql: hint: leave it out or give it a value\n"},
		{"serve --tenants " + dir + " --keep soon", 2, "wasmsql: error: --keep: \"soon\" is not accepted\nwasmsql: hint: write it as 30s, 5m or 1h30m\n"},
		{"serve --tenants " + dir + " --results " + t.TempDir() + " --state postgresql:u:canary@h/d", 3, "wasmsql: error: a state can be kept in SQLite and in PostgreSQL only: write sqlite:///file.db or postgresql://user@host/database\n"},
		{"serve --tenants " + dir + " --state file.db", 2, "wasmsql: error: --state is no URL that a state can be kept at\nwasmsql: hint: write sqlite:///file.db or postgresql://user@host/database\n"},
		{"serve --tenants " + dir + " --state postgresql://h/d", 2, "wasmsql: error: --results is needed with a state in PostgreSQL\nwasmsql: hint: name a folder that all processes share, or a bucket: s3://bucket/folder\n"},
		{"serve --tenants " + dir + " --keep 0", 2, "wasmsql: error: --keep is too small\nwasmsql: hint: write it as 24h\n"},
		{"serve --tenants " + dir + " --drain -1s", 2, "wasmsql: error: --drain is too small\nwasmsql: hint: write it as 30s\n"},
		{"serve --tenants " + dir + " --max-running 0", 2, "wasmsql: error: --max-running is too small\nwasmsql: hint: write it as 16\n"},
		{"serve --tenants " + dir + " --max-waiting -1", 2, "wasmsql: error: --max-waiting is too small\nwasmsql: hint: write it as 1000\n"},
		{"serve --tenants " + dir + " --tls-cert x", 2, "wasmsql: error: --tls-cert and --tls-key go together\n"},
		{"serve --tenants " + dir + " --tls-client-required", 2, "wasmsql: error: --tls-client-required needs --tls-client-ca\n"},
		{"serve --tenants " + dir + " --tls-client-ca x", 2, "wasmsql: error: --tls-cert and --tls-key go together\n"},
		{"serve --tenants " + dir + " --identities " + dir + "/none", 3, "wasmsql: error: the file of identities cannot be used: open " + dir + "/none: no such file or directory\n"},
		{"token", 2, "wasmsql: error: a command of token is missing: create, list, revoke\nwasmsql: hint: see wasmsql help token\n"},
		{"token creat --tenants " + dir + " acme", 2, "wasmsql: error: unknown command \"creat\" of token\nwasmsql: hint: did you mean \"create\"?\n"},
		{"token create acme --rol run", 2, "wasmsql: error: unknown flag --rol\nwasmsql: hint: did you mean --role?\n"},
		{"token create acme --role run", 2, "wasmsql: error: --tenants is missing\nwasmsql: hint: it is the folder with a folder for each tenant\n"},
		{"token create --tenants " + dir + " acme", 2, "wasmsql: error: --role is missing\nwasmsql: hint: accepted are read, run and operate\n"},
		{"token create --tenants " + dir + " acme --role root", 2, "wasmsql: error: --role: there is no role \"root\": accepted are read, run and operate\n"},
		{"token create --tenants " + dir + " none --role run", 3, "wasmsql: error: there is no tenant \"none\"\nwasmsql: hint: make its folder first: mkdir -p " + dir + "/none\n"},
		{"token create --tenants " + dir + " ../acme --role run", 2, "wasmsql: error: \"../acme\" is not the name of a tenant\nwasmsql: hint: it is the name of a folder in --tenants\n"},
		{"token create --tenants " + dir + " acme --role run --expires soon", 2, "wasmsql: error: --expires: \"soon\" is not a time in which a token could be used\nwasmsql: hint: write it as 90d or 12h\n"},
		{"token create --tenants " + dir + " acme --role run --expires -1h", 2, "wasmsql: error: --expires: \"-1h\" is not a time in which a token could be used\nwasmsql: hint: write it as 90d or 12h\n"},
		{"token create --tenants " + dir + " Acme --role run", 2, "wasmsql: error: \"Acme\" cannot be the name of a tenant\nwasmsql: hint: lower case letters and digits, with a - between them where you like, at most 63\n"},
		{"token revoke --tenants " + dir + " acme nothing", 3, "wasmsql: error: the tenant has no such token\nwasmsql: hint: see wasmsql token list\n"},
	} {
		args := strings.Fields(c.args)
		for i, arg := range args {
			args[i] = strings.Trim(arg, "'")
		}
		status, stdout, stderr := call(t, args...)
		if status != c.status || stderr != c.stderr || stdout != "" {
			t.Errorf("%s: status %d\n%s%s", c.args, status, stdout, stderr)
		}
	}
	write(t, dir, map[string]string{
		"Globex/wasmsql.yaml": "", "initech/wasmsql.yaml": "connections: {db: {uri: 'nosql://x'}}\n", "initech/tasks/a.yaml": "name: a\nname: b\n",
		"umbrella/tasks/a.yaml": "name: a\nquery: SELECT 1\nconnection: {uri: 'sqlite://'}\n", "umbrella/wasmsql.yaml": "",
	})
	if status, stdout, stderr := call(t, "check", dir); status != 3 || stdout != "acme: ok, 0 tasks\n" || stderr != wrongTenants {
		t.Errorf("status %d\n%s%s", status, stdout, stderr)
	}
	if status, stdout, _ := call(t, "check", "--allow-inline", dir); status != 3 || stdout != "acme: ok, 0 tasks\numbrella: ok, 1 tasks\n" {
		t.Errorf("status %d\n%s", status, stdout)
	}
	status, text, _ := call(t, "token", "create", "--tenants", dir, "acme", "--role", "run", "--note", "nightly")
	id := strings.Split(text, "_")[1]
	_, list, _ := call(t, "token", "list", "--tenants", dir, "acme")
	if status != 0 || !strings.Contains(list, id+"  run ") || !strings.Contains(list, "nightly") {
		t.Error(status, text, list)
	}
	if _, _, stderr := call(t, "token", "create", "--tenants", dir, "acme", "--role", "read", "--expires", "90d"); stderr == "" {
		t.Error("no token")
	}
	_, list, _ = call(t, "token", "list", "--tenants", dir, "acme")
	if strings.Count(list, "\n") != 3 || strings.Count(list, " never ") != 1 || strings.Contains(list, " expired ") {
		t.Error(list)
	}
	if status, _, stderr := call(t, "token", "revoke", "--tenants", dir, "acme", strings.TrimSpace(text)); status != 0 { // all of it, as it was printed
		t.Error(status, stderr)
	}
	if status, _, stderr := call(t, "token", "revoke", "--tenants", dir, "acme", strings.TrimSpace(text)); status != 3 || strings.Contains(stderr, id) {
		t.Error(status, stderr)
	}
}

// wrongTenants is what is wrong with the tenants of TestCalls.
const wrongTenants = `wasmsql: error: Globex: "Globex" cannot be the name of a tenant
wasmsql: hint: lower case letters and digits, with a - between them where you like, at most 63
wasmsql: error: initech/tasks/a.yaml:1:1: the task has neither query nor module
wasmsql: hint: write query: with a SQL template, or module: with a plugin's path
wasmsql: error: initech/tasks/a.yaml:2:1: duplicate key "name": it stands already at line 1
wasmsql: error: umbrella/tasks/a.yaml:3:13: a connection of a task's own is not accepted by this server
wasmsql: hint: give it a name in the tenant's wasmsql.yaml
`

// TestKilled kills the process at points of its executions, and starts it
// again: nothing that was accepted is lost, and nothing that was committed
// runs twice.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "tenants", "acme", "data.db")
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml":   "connections: {db: {uri: 'sqlite:///data.db', access: read-write}}\n",
		"tenants/acme/tasks/add.yaml": "name: add\ninputs: {n: int}\nconnection: db\nquery: INSERT INTO done VALUES ({{ n }}) RETURNING n\n",
	})
	look, err := sql.Open("sqlite", "file:"+data+"?_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	if _, err := look.Exec("CREATE TABLE done (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	_, text, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), "acme", "--role", "run")
	token := strings.TrimSpace(text)
	args := []string{"serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", "sqlite:///state.db"}
	accepted := map[string]int{}
	for round := range 10 {
		p := start(t, dir, args...)
		for i := range 4 {
			n := round*4 + i
			status, body, err := p.ask("POST", "/v1/executions", token, fmt.Sprintf(`{"task": "add", "inputs": {"n": %d}}`, n))
			var e struct{ ID string }
			if err != nil || status != 202 || json.Unmarshal([]byte(body), &e) != nil {
				t.Fatal(status, body, err)
			}
			accepted[e.ID] = n
		}
		time.Sleep(time.Duration(round) * 17 * time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.cmd.Wait()
	}
	settled(t, start(t, dir, args...), token, accepted, look, "SELECT count(*) FROM done WHERE n = ?")
}

// settled waits for the end of all executions, and holds what each has become
// against what it has done.
func settled(t *testing.T, p *program, token string, accepted map[string]int, look *sql.DB, query string) {
	t.Helper()
	outcomes := map[string]int{}
	for id, n := range accepted {
		var e struct {
			Status   string
			Attempts int
		}
		for deadline := time.Now().Add(2 * time.Minute); ; {
			status, body, err := p.ask("GET", "/v1/executions/"+id+"?wait=10s", token, "")
			if err != nil || status != 200 || json.Unmarshal([]byte(body), &e) != nil {
				t.Fatal(status, body, err)
			}
			if e.Status == "succeeded" || e.Status == "unknown" || e.Status == "failed" || time.Now().After(deadline) {
				break
			}
		}
		var times int
		if err := look.QueryRow(query, n).Scan(&times); err != nil {
			t.Fatal(err)
		}
		outcomes[e.Status]++
		if ok := e.Status == "succeeded" && times == 1 || e.Status == "unknown" && times <= 1; !ok {
			t.Errorf("execution %s is %s after %d attempts, and has run %d times", id, e.Status, e.Attempts, times)
		}
	}
	t.Log(outcomes)
}

// TestReplicas has two processes share a state in PostgreSQL, and kills one of
// them again and again.
func TestReplicas(t *testing.T) {
	data, state := sqldbtest.Postgres(t), sqldbtest.Postgres(t)
	look, err := sql.Open("pgx", data)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	if _, err := look.Exec("CREATE TABLE done (n int)"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml":   "connections: {db: {uri: '" + data + "', access: read-write}}\n",
		"tenants/acme/tasks/add.yaml": "name: add\ninputs: {n: int}\nconnection: db\nquery: INSERT INTO done SELECT {{ n }} FROM pg_sleep(0.05) RETURNING n\n",
	})
	_, text, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), "acme", "--role", "run")
	token := strings.TrimSpace(text)
	args := []string{"serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", state, "--results", "results"}
	stays := start(t, dir, args...)
	accepted := map[string]int{}
	submit := func(p *program, n int) {
		status, body, err := p.ask("POST", "/v1/executions", token, fmt.Sprintf(`{"task": "add", "inputs": {"n": %d}}`, n))
		var e struct{ ID string }
		if err != nil || status != 202 || json.Unmarshal([]byte(body), &e) != nil {
			t.Fatal(status, body, err)
		}
		accepted[e.ID] = n
	}
	for round := range 10 {
		p := start(t, dir, args...)
		submit(stays, 10*round)
		for i := range 3 {
			submit(p, 10*round+1+i)
		}
		time.Sleep(time.Duration(round) * 31 * time.Millisecond)
		if err := p.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = p.cmd.Wait()
	}
	settled(t, stays, token, accepted, look, "SELECT count(*) FROM done WHERE n = $1")
}
