package server_test

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // to look at what tasks have done
	"gocloud.dev/blob/fileblob"
	_ "modernc.org/sqlite"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// full reports whether tests run at the size that their issue asks for.
func full() bool { return os.Getenv("WASMSQL_TEST_FULL") != "" }

// sized returns a size of a test: a tenth of it unless all is asked for.
func sized(n int) int {
	if full() {
		return n
	}
	return n / 10
}

// withStateIn has a server keep executions in a database, and results in a
// folder.
func withStateIn(t *testing.T, state, results string) func(*server.Config) {
	t.Helper()
	return func(c *server.Config) {
		bucket, err := fileblob.OpenBucket(results, &fileblob.Options{CreateDir: true, NoTempDir: true})
		if err != nil {
			t.Fatal(err)
		}
		c.State, c.Results, c.Drivers = state, bucket, allDrivers()
	}
}

// TestQueuedJobsSQLite has 8 workers of one process run 1,000 executions.
func TestQueuedJobsSQLite(t *testing.T) {
	dir := t.TempDir()
	data := filepath.Join(dir, "data.db")
	look, err := sql.Open("sqlite", "file:"+data+"?_pragma=busy_timeout(30000)")
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	if _, err := look.Exec("PRAGMA journal_mode=WAL"); err != nil {
		t.Fatal(err)
	}
	s := serve(t, jobsTenant("sqlite:///"+data, 8), func(c *server.Config) {
		withState(t, dir)(c)
		c.Files = []string{dir}
	})
	jobs(t, look, s)
}

// TestQueuedJobsPostgres has two processes' worth of servers over one state
// run them, with four workers each.
func TestQueuedJobsPostgres(t *testing.T) {
	data, state, results := sqldbtest.Postgres(t), sqldbtest.Postgres(t), filepath.Join(t.TempDir(), "results")
	look, err := sql.Open("pgx", data)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	one := serve(t, jobsTenant(data, 4), withStateIn(t, state, results))
	two := serve(t, nil, func(c *server.Config) {
		withStateIn(t, state, results)(c)
		c.Tenants = one.dir
	})
	jobs(t, look, one, two)
}

// jobsTenant is a tenant with a task that leaves a trace of each time it ran.
func jobsTenant(uri string, workers int) files {
	return files{
		"acme/wasmsql.yaml":   fmt.Sprintf("connections: {db: {uri: %q, access: read-write, connect_args: {}}}\nquotas: {running: %d}\n", uri, workers),
		"acme/tasks/add.yaml": task("add", "INSERT INTO done VALUES ({{ n }}) RETURNING n", "inputs: {n: int}\nretries: 0\n"),
	}
}

// jobs has servers accept executions and finish them, each once, and tells how
// long that took.
func jobs(t *testing.T, look *sql.DB, servers ...*served) {
	if _, err := look.Exec("CREATE TABLE done (n INTEGER)"); err != nil {
		t.Fatal(err)
	}
	n := sized(1000)
	token := servers[0].token("acme", server.Run)
	for _, s := range servers[1:] {
		s.reload()
	}
	ids := make([]string, n)
	var next atomic.Int64
	var wg sync.WaitGroup
	start := time.Now()
	for range 8 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				s := servers[int(i)%len(servers)]
				ids[i] = s.do("POST", "/v1/executions", token, fmt.Sprintf(`{"task": "add", "inputs": {"n": %d}}`, i)).execution(t).ID
			}
		})
	}
	wg.Wait()
	accepted := time.Since(start)
	for i, id := range ids {
		if e := servers[(i+1)%len(servers)].wait(token, id); e.Status != "succeeded" || e.Attempts != 1 {
			t.Errorf("execution %d: %+v", i, e)
		}
	}
	took := time.Since(start)
	t.Logf("%d executions: %.0f a second accepted, %.0f a second finished", n, float64(n)/accepted.Seconds(), float64(n)/took.Seconds())
	var rows, different int
	if err := look.QueryRow("SELECT count(*), count(DISTINCT n) FROM done").Scan(&rows, &different); err != nil {
		t.Fatal(err)
	}
	if rows != n || different != n {
		t.Errorf("%d executions have run %d times, %d of them", n, rows, different)
	}
	var single []time.Duration
	for i := range 10 {
		began := time.Now()
		id := servers[0].do("POST", "/v1/executions", token, fmt.Sprintf(`{"task": "add", "inputs": {"n": %d}}`, n+i)).execution(t).ID
		if e := servers[0].wait(token, id); e.Status != "succeeded" {
			t.Fatalf("%+v", e)
		}
		single = append(single, time.Since(began))
	}
	slices.Sort(single)
	t.Logf("one alone, from its request to its end: median %s, longest %s", single[len(single)/2], single[len(single)-1])
}

// TestT11WhatNeverRan cancels executions before they run, and leaves another
// behind in its commit, as a process does that is killed: each has one record.
func TestT11WhatNeverRan(t *testing.T) {
	t.Parallel()
	uri := sqldbtest.Postgres(t)
	s := serve(t, files{
		"acme/wasmsql.yaml":    config + "quotas: {running: 1}\n",
		"acme/tasks/slow.yaml": task("slow", "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) AS n FROM c", "timeout: 2m\n"),
		"acme/tasks/one.yaml":  task("one", "SELECT 1 AS n", ""),
	}, withStateIn(t, uri, filepath.Join(t.TempDir(), "results")))
	token := s.token("acme", server.Run)
	submit := func(task string) string {
		return s.do("POST", "/v1/executions", token, `{"task": "`+task+`"}`).execution(t).ID
	}
	slow := submit("slow")
	s.stands(token, 1, 0)
	want := map[string]string{slow: "slow canceled false db"}
	for range 20 { // canceled twice, perhaps within a millisecond
		id := submit("one")
		want[id] = "one canceled false db"
		for range 2 {
			if got := s.do("DELETE", "/v1/executions/"+id, token, ""); got.status != 202 {
				t.Fatal(got.body)
			}
		}
	}
	lost := submit("one")
	want[lost] = "one internal true db"
	state, err := sql.Open("pgx", uri)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	if _, err := state.Exec("UPDATE wasmsql_executions SET status = 'committing', owner = 'killed', attempts = 1, beat = 1 WHERE id = $1", lost); err != nil {
		t.Fatal(err)
	}
	if e := s.wait(token, lost); e.Status != "unknown" {
		t.Errorf("%+v", e)
	}
	s.do("DELETE", "/v1/executions/"+slow, token, "")
	s.wait(token, slow)
	sqldbtest.Eventually(t, "not all are recorded", func() bool { return len(s.kept.list()) == len(want) })
	for _, r := range s.kept.list() {
		if got := fmt.Sprint(r.Task, " ", r.Outcome, " ", r.Unknown, " ", r.Connection); got != want[r.Execution] || r.Token != strings.Split(token, "_")[1] || r.Micros <= 0 || r.Time.IsZero() {
			t.Errorf("%+v", r)
		}
	}
}
