package server_test

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gocloud.dev/blob/fileblob"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// execution is an execution as the API shows it.
type execution struct {
	ID, Task, Status, Result string
	Accepted                 time.Time
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
	if e.Accepted.IsZero() || !e.Accepted.Equal(done.Accepted) {
		t.Errorf("accepted at %v, and later at %v", e.Accepted, done.Accepted)
	}
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

// TestCanceledElsewhere has another process be told that an execution is to end,
// shortly before its commit.
func TestCanceledElsewhere(t *testing.T) {
	state := sqldbtest.Postgres(t)
	s := serve(t, files{"acme/wasmsql.yaml": "connections: {db: {uri: '" + state + "'}}\n", "acme/tasks/slow.yaml": task("slow", "SELECT pg_sleep(0.3) IS NULL AS n", "")},
		withStateIn(t, state, t.TempDir()))
	db, err := sql.Open("pgx", state)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	token := s.token("acme", server.Run)
	for range 5 {
		id := s.do("POST", "/v1/executions", token, `{"task": "slow"}`).execution(t).ID
		sqldbtest.Eventually(t, "it never runs", func() bool {
			res, err := db.Exec("UPDATE wasmsql_executions SET cancel = 1 WHERE id = $1 AND status = 'running'", id)
			if err != nil {
				t.Fatal(err)
			}
			n, _ := res.RowsAffected()
			return n == 1
		})
		if e := s.wait(token, id); e.Status != "canceled" || e.Problem.Code != "canceled" || e.Problem.Detail != "the execution was canceled by a client" {
			t.Errorf("%+v", e)
		}
	}
	for _, r := range s.kept.list() {
		if r.Outcome != "canceled" {
			t.Errorf("%+v", r)
		}
	}
}

// TestSameKey sends requests with one Idempotency-Key: written in another way,
// at once, and when the tenant has no room or no such task any more, they are
// answered with the one execution that there is.
func TestSameKey(t *testing.T) {
	tasks := task("add", "SELECT {{ a }} + {{ b }} AS sum", "inputs: {a: int, b: {type: int, default: 0}}\n")
	s := serve(t, files{"acme/wasmsql.yaml": config + "quotas: {per_minute: 5}\n", "acme/tasks/add.yaml": tasks}, withState(t, t.TempDir()))
	token := s.token("acme", server.Run)
	post := func(body, key string) answer {
		return s.do("POST", "/v1/executions", token, body, "Idempotency-Key", key)
	}
	const body = `{"task": "add", "inputs": {"a": 1, "b": 2}}`
	e := post(body, "one").execution(t)
	for _, other := range []string{`{"inputs":{"b":2,"a":1},"task":"add"}`, " {\n\"task\": \"\\u0061dd\", \"inputs\": {\"a\": 1, \"b\": 2}} "} {
		if again := post(other, "one").execution(t); again.ID != e.ID {
			t.Errorf("%s: another execution", other)
		}
	}
	for _, other := range []string{`{"task": "add", "inputs": {"a": 1}}`, `{"task": "add", "inputs": {"a": 1, "b": 2.0}}`, `{"task": "sub", "inputs": {"a": 1, "b": 2}}`, `{"task": "add"}`} {
		if p := post(other, "one").problem(t); p.Status != 409 || p.Code != "conflict" {
			t.Errorf("%s: %+v", other, p)
		}
	}
	var at sync.WaitGroup
	ids := make([]string, 4)
	for i := range ids {
		at.Go(func() { ids[i] = post(body, "two").execution(t).ID })
	}
	at.Wait()
	if slices.Sort(ids); ids[0] != ids[3] || ids[0] == e.ID {
		t.Error("requests at the same moment:", ids)
	}
	sqldbtest.Eventually(t, "the quota is never used up", func() bool { return post(body, rand.Text()).status == 429 })
	files{"acme/tasks/add.yaml": strings.Replace(tasks, "name: add", "name: sub", 1)}.write(t, s.dir)
	s.reload()
	if again := post(body, "one"); again.status != 202 || again.execution(t).ID != e.ID || again.header.Get("Location") != "/v1/executions/"+e.ID {
		t.Error("asked for again, over the quota and without the task:", again.status, again.body)
	}
}

// TestRoom has many ask for executions at the same moment: so many are accepted
// as may run and wait, in both kinds of state.
func TestRoom(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testRoom(t, withState(t, t.TempDir())) })
	t.Run("postgres", func(t *testing.T) { testRoom(t, withStateIn(t, sqldbtest.Postgres(t), t.TempDir())) })
}

func testRoom(t *testing.T, change func(*server.Config)) {
	s := serve(t, files{"acme/wasmsql.yaml": config + "quotas: {running: 2, waiting: 3}\n", "acme/tasks/spin.yaml": task("spin", spin, "timeout: 1h\n")}, change)
	token := s.token("acme", server.Operate)
	var at sync.WaitGroup
	answers := make([]answer, 20)
	for i := range answers {
		at.Go(func() { answers[i] = s.do("POST", "/v1/executions", token, `{"task": "spin"}`) })
	}
	at.Wait()
	var ids []string
	for _, got := range answers {
		switch {
		case got.status == 202:
			ids = append(ids, got.execution(t).ID)
		default:
			if p := got.problem(t); p.Status != 429 || got.header.Get("Retry-After") != "1" || p.Detail != "3 executions of the tenant wait, which is its quota" {
				t.Errorf("%+v", p)
			}
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d were accepted", len(ids))
	}
	slices.Sort(ids)
	for _, id := range slices.Backward(ids) { // those that wait first
		s.do("DELETE", "/v1/executions/"+id, token, "")
	}
	for _, id := range ids {
		if e := s.wait(token, id); e.Status != "canceled" {
			t.Errorf("%+v", e)
		}
	}
}

// TestRowsThatCannotBe has a result with two columns of one name: JSON objects
// cannot hold it, CSV can. Rows that someone has removed are said to be gone.
func TestRowsThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, files{"acme/wasmsql.yaml": config, "acme/tasks/twice.yaml": task("twice", "SELECT 1 AS a, 2 AS a", "")}, withState(t, dir))
	token := s.token("acme", server.Run)
	e := s.wait(token, s.do("POST", "/v1/executions", token, `{"task": "twice"}`).execution(t).ID)
	for _, c := range [][2]string{{"POST", "/v1/tasks/twice/run"}, {"GET", e.Result}} {
		body := ""
		if c[0] == "POST" {
			body = "{}"
		}
		if p := s.do(c[0], c[1], token, body).problem(t); p.Status != 422 || p.Code != "output" || !strings.Contains(p.Detail, `"a"`) || p.Hint == "" {
			t.Errorf("%s: %+v", c[1], p)
		}
		if got := s.do(c[0], c[1], token, body, "Accept", "text/csv"); got.body != "a,a\n1,2\n" {
			t.Errorf("%s: %d %s", c[1], got.status, got.body)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "results", "acme")); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{e.Result, "/v1/executions/" + e.ID + "/rows"} {
		if p := s.do("GET", path, token, "").problem(t); p.Status != 404 || p.Detail != "the rows are not there any more" {
			t.Errorf("%s: %+v", path, p)
		}
	}
}
