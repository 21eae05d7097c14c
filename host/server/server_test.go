package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// served is a server under test.
type served struct {
	*server.Server
	t    *testing.T
	dir  string // of the tenants
	url  string
	log  *hosttest.Log
	kept *records
}

// records is an Auditor that keeps everything.
type records struct {
	mu  sync.Mutex
	all []server.Record
}

func (r *records) Audit(_ context.Context, rec server.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, rec)
	return nil
}

func (r *records) list() []server.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]server.Record(nil), r.all...)
}

// files are the content of a folder, by path.
type files map[string]string

func (f files) write(t *testing.T, dir string) {
	t.Helper()
	for name, text := range f {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// serve starts a server on the tenants of a folder, and ends it with the test.
func serve(t *testing.T, tenants files, change func(*server.Config)) *served {
	t.Helper()
	s := &served{t: t, dir: t.TempDir(), log: &hosttest.Log{}, kept: &records{}}
	tenants.write(t, s.dir)
	cfg := server.Config{
		Tenants: s.dir, Runtime: hosttest.Runtime(t, "compiler"), Drivers: map[string]sqldb.Driver{"sqlite": sqlite.Driver{}},
		Secrets: func(string) secret.Provider { return secret.Chain() },
		Logger:  slog.New(server.LogHandler(slog.NewJSONHandler(s.log, nil))), Audit: s.kept,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if s.Server, err = server.New(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(nil)
	web.Config = s.HTTP()
	web.Start()
	s.url = web.URL
	t.Cleanup(func() {
		web.Close()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// token makes a token of a tenant and has the server see it.
func (s *served) token(tenant string, role server.Role) string {
	s.t.Helper()
	text, _, err := server.NewToken(filepath.Join(s.dir, tenant), role, "of a test")
	if err != nil {
		s.t.Fatal(err)
	}
	s.reload()
	return text
}

func (s *served) reload() {
	s.t.Helper()
	if err := s.Reload(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// remove removes a tenant's folder.
func (s *served) remove(tenant string) {
	s.t.Helper()
	if err := os.RemoveAll(filepath.Join(s.dir, tenant)); err != nil {
		s.t.Fatal(err)
	}
	s.reload()
}

// answer is what a request got.
type answer struct {
	status  int
	header  http.Header
	trailer http.Header
	body    string
	err     error // of reading the body
}

// problem is an answer as RFC 9457 has it.
type problem struct {
	Status                                      int
	Title, Detail, Code, Hint, Execution, Place string
	Retryable, Unknown                          bool
}

func (a answer) problem(t *testing.T) problem {
	t.Helper()
	var p problem
	if got := a.header.Get("Content-Type"); got != "application/problem+json" {
		t.Fatalf("status %d of type %q: %s", a.status, got, a.body)
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil {
		t.Fatal(err)
	}
	if p.Status != a.status || p.Title != http.StatusText(a.status) || p.Detail == "" {
		t.Errorf("status %d: %s", a.status, a.body)
	}
	return p
}

// do sends a request. header are pairs of name and value.
func (s *served) do(method, path, token, body string, header ...string) answer {
	s.t.Helper()
	a, err := s.try(s.t.Context(), method, path, token, body, header...)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

// try is do with a context, and an error where there is no answer.
func (s *served) try(ctx context.Context, method, path, token, body string, header ...string) (answer, error) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	a := answer{status: res.StatusCode, header: res.Header, trailer: res.Trailer, body: string(text), err: err}
	hold(s.t, method, path, a)
	return a, nil
}

// stands waits until so many executions of a tenant run, and so many wait.
func (s *served) stands(token string, running, waiting int) {
	s.t.Helper()
	sqldbtest.Eventually(s.t, fmt.Sprintf("there are never %d executions that run and %d that wait", running, waiting), func() bool {
		var now struct{ Running, Waiting int } // its quotas have the same names, further in
		if err := json.Unmarshal([]byte(s.do("GET", "/v1/tenant", token, "").body), &now); err != nil {
			s.t.Fatal(err)
		}
		return now.Running == running && now.Waiting == waiting
	})
}

// begun sends a request to run a task, beside the caller. It ends with the
// request, or when leave is called.
func (s *served) begun(task, token string) (ended <-chan answer, leave func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	s.t.Cleanup(cancel)
	to := make(chan answer, 1)
	go func() {
		a, err := s.try(ctx, "POST", "/v1/tasks/"+task+"/run", token, "{}")
		if err != nil && ctx.Err() == nil {
			s.t.Error(err)
		}
		to <- a
	}()
	return to, cancel
}

// config is a tenant's configuration with a database in its folder.
const config = "connections: {db: {uri: 'sqlite:///data.db', access: read-write}}\n"

// task is a task file with one task on that database.
func task(name, query, more string) string {
	return "name: " + name + "\nconnection: db\nquery: |\n  " + strings.ReplaceAll(query, "\n", "\n  ") + "\n" + more
}

func TestRunATask(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":      config,
		"acme/tasks/add.yaml":    task("add", "SELECT {{ a }} + {{ b }} AS sum, {{ name }} AS name", "inputs: {a: int, b: {type: int, default: 1}, name: str?}\n"),
		"acme/tasks/create.yaml": task("create", "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1), (2)", "outputs: none\n"),
	}, nil)
	token := s.token("acme", server.Run)
	got := s.do("POST", "/v1/tasks/add/run", token, `{"inputs": {"a": 41, "name": "naïve; DROP"}}`)
	if got.status != 200 || got.body != "[\n{\"sum\":42,\"name\":\"naïve; DROP\"}\n]\n" || got.header.Get("Wasmsql-Rows") != "1" || got.header.Get("Wasmsql-Status") != "complete" {
		t.Errorf("status %d: %v %s", got.status, got.header, got.body)
	}
	if got := s.do("POST", "/v1/tasks/add/run", token, `{"inputs": {"a": 1, "name": null}}`, "Accept", "text/csv"); got.body != "sum,name\n2,\n" || got.header.Get("Content-Type") != "text/csv" {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if got := s.do("POST", "/v1/tasks/create/run", token, `{}`); got.status != 200 || got.body != `{"rows_affected":2}`+"\n" {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	kept := s.kept.list()
	if len(kept) != 3 || kept[0].Tenant != "acme" || kept[0].Task != "add" || kept[0].Outcome != "ok" || kept[0].Rows != 1 || kept[0].Execution != got.header.Get("Wasmsql-Execution") {
		t.Errorf("%+v", kept)
	}
}
