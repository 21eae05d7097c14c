package server_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"gocloud.dev/blob/fileblob"

	"github.com/wasmsql/wasmsql/host/server"
)

// execution is an execution as the API shows it.
type execution struct {
	ID, Task, Status, Result string
	Attempts                 int
	Problem                  problem
	Report                   struct{ Rows, RowsAffected int64 }
}

func (a answer) execution(t *testing.T) execution {
	t.Helper()
	var e execution
	if err := json.Unmarshal([]byte(a.body), &e); err != nil || a.status >= 300 {
		t.Fatalf("status %d: %s", a.status, a.body)
	}
	return e
}

// withState has a server keep executions in a folder of the test.
func withState(t *testing.T, dir string) func(*server.Config) {
	t.Helper()
	return func(c *server.Config) {
		bucket, err := fileblob.OpenBucket(filepath.Join(dir, "results"), &fileblob.Options{CreateDir: true, NoTempDir: true})
		if err != nil {
			t.Fatal(err)
		}
		c.State, c.Results = "sqlite:///"+filepath.Join(dir, "state.db"), bucket
	}
}

// wait waits for the end of an execution.
func (s *served) wait(token, id string) execution {
	s.t.Helper()
	var e execution
	for e.Status == "" || e.Status == "queued" || e.Status == "running" || e.Status == "committing" {
		e = s.do("GET", "/v1/executions/"+id+"?wait=30s", token, "").execution(s.t)
	}
	return e
}

func TestExecutions(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":      config,
		"acme/tasks/add.yaml":    task("add", "SELECT {{ a }} + 1 AS sum", "inputs: {a: int}\n"),
		"acme/tasks/create.yaml": task("create", "CREATE TABLE t (x INTEGER); INSERT INTO t VALUES (1), (2)", "outputs: none\n"),
		"acme/tasks/bad.yaml":    task("bad", "SELECT * FROM missing", ""),
	}, withState(t, t.TempDir()))
	token := s.token("acme", server.Run)
	got := s.do("POST", "/v1/executions", token, `{"task": "add", "inputs": {"a": 41}}`, "Idempotency-Key", "one")
	e := got.execution(t)
	if got.status != 202 || e.Status != "queued" || got.header.Get("Location") != "/v1/executions/"+e.ID {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	done := s.wait(token, e.ID)
	if done.Status != "succeeded" || done.Report.Rows != 1 || done.Attempts != 1 {
		t.Fatalf("%+v", done)
	}
	if got := s.do("GET", done.Result, token, ""); got.body != "[\n{\"sum\":42}\n]\n" {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if got := s.do("GET", done.Result, token, "", "Accept", "text/csv"); got.body != "sum\n42\n" {
		t.Errorf("status %d: %s", got.status, got.body)
	}
	if again := s.do("POST", "/v1/executions", token, `{"task": "add", "inputs": {"a": 41}}`, "Idempotency-Key", "one").execution(t); again.ID != e.ID {
		t.Errorf("a second request with the same key began %s", again.ID)
	}
	if p := s.do("POST", "/v1/executions", token, `{"task": "add", "inputs": {"a": 42}}`, "Idempotency-Key", "one").problem(t); p.Status != 409 {
		t.Errorf("%+v", p)
	}
	none := s.wait(token, s.do("POST", "/v1/executions", token, `{"task": "create"}`).execution(t).ID)
	if none.Status != "succeeded" || none.Result != "" {
		t.Errorf("%+v", none)
	}
	failed := s.wait(token, s.do("POST", "/v1/executions", token, `{"task": "bad"}`).execution(t).ID)
	if failed.Status != "failed" || failed.Problem.Code != "task" || !strings.Contains(failed.Problem.Detail, "missing") {
		t.Errorf("%+v", failed)
	}
	if p := s.do("GET", "/v1/executions/"+failed.ID+"/result", token, "").problem(t); p.Status != 409 {
		t.Errorf("%+v", p)
	}
	other := s.token("acme", server.Read)
	if got := s.do("GET", "/v1/executions", other, ""); strings.Count(got.body, `"id"`) != 3 {
		t.Error(got.body)
	}
}
