package server_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestRows: rows of a stored result by the page, with their types.
func TestRows(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":     config,
		"acme/tasks/n.yaml":     task("n", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{ n }}) SELECT i, i AS i, 9007199254740992 + i AS big, NULL AS nil FROM n", "inputs: {n: int}\n"),
		"acme/tasks/none.yaml":  task("none", "SELECT 1 AS a, 'x' AS b WHERE 0", "outputs: {a: int, b: str}\n"),
		"acme/tasks/write.yaml": task("write", "CREATE TABLE t (x INTEGER)", "outputs: none\n"),
	}, withState(t, t.TempDir()))
	token := s.token("acme", "run")
	run := func(body string) string {
		e := s.wait(token, s.do("POST", "/v1/executions", token, body).execution(t).ID)
		if e.Status != "succeeded" {
			t.Fatalf("%+v", e)
		}
		return "/v1/executions/" + e.ID
	}
	many := run(`{"task": "n", "inputs": {"n": 200000}}`)
	const columns = `{"columns":[{"name":"i","type":"int"},{"name":"i","type":"int"},{"name":"big","type":"int"},{"name":"nil","type":"str"}],`
	for query, want := range map[string]string{
		"?limit=2":               columns + `"offset":0,"total":200000,"rows":[[1,1,9007199254740993,null],[2,2,9007199254740994,null]]}`,
		"?offset=199999&limit=9": columns + `"offset":199999,"total":200000,"rows":[[200000,200000,9007199254940992,null]]}`,
		"?offset=65535&limit=2":  columns + `"offset":65535,"total":200000,"rows":[[65536,65536,9007199254806528,null],[65537,65537,9007199254806529,null]]}`,
		"?offset=300000":         columns + `"offset":300000,"total":200000,"rows":[]}`,
	} {
		got := s.do("GET", many+"/rows"+query, token, "")
		if strings.TrimSpace(got.body) != want {
			t.Errorf("%s: status %d: %s, want %s", query, got.status, got.body, want)
		}
	}
	var page struct{ Rows [][]any }
	if err := json.Unmarshal([]byte(s.do("GET", many+"/rows", token, "").body), &page); err != nil || len(page.Rows) != 100 {
		t.Errorf("%d rows where nothing is said, %v", len(page.Rows), err)
	}
	if got := s.do("GET", run(`{"task": "none"}`)+"/rows", token, ""); strings.TrimSpace(got.body) != `{"columns":[{"name":"a","type":"int"},{"name":"b","type":"str"}],"offset":0,"total":0,"rows":[]}` {
		t.Error(got.body)
	}
	for path, status := range map[string]int{
		many + "/rows?limit=0": 400, many + "/rows?limit=1001": 400, many + "/rows?offset=-1": 400, many + "/rows?offset=x": 400,
		run(`{"task": "write"}`) + "/rows": 404, "/v1/executions/none/rows": 404,
	} {
		if p := s.do("GET", path, token, "").problem(t); p.Status != status {
			t.Errorf("%s: status %d, want %d", path, p.Status, status)
		}
	}
}

// TestD1PageOfLargeRows: a page ends where it is large, so that no request makes
// the server hold a thousand large rows as JSON; the next goes on from there.
func TestD1PageOfLargeRows(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":   config,
		"acme/tasks/big.yaml": task("big", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30) SELECT i, hex(zeroblob({{ half }})) AS text FROM n", "inputs: {half: int}\n"),
	}, withState(t, t.TempDir()))
	token := s.token("acme", "run")
	for _, half := range []int{300_000, 3_000_000} {
		e := s.wait(token, s.do("POST", "/v1/executions", token, fmt.Sprintf(`{"task": "big", "inputs": {"half": %d}}`, half)).execution(t).ID)
		for at, pages := 0, 0; at < 30; pages++ {
			got := s.do("GET", fmt.Sprintf("/v1/executions/%s/rows?limit=1000&offset=%d", e.ID, at), token, "")
			var page struct {
				Total int
				Rows  [][]any
			}
			if err := json.Unmarshal([]byte(got.body), &page); err != nil || len(page.Rows) == 0 || page.Total != 30 || page.Rows[0][0] != float64(at+1) {
				t.Fatalf("the page from %d on: %d rows of %d, %v", at, len(page.Rows), page.Total, err)
			}
			if most := 4<<20 + 2*half + 1000; len(got.body) > most {
				t.Errorf("a page has %d bytes, at most %d are expected", len(got.body), most)
			}
			if at += len(page.Rows); at > 30 {
				t.Errorf("%d rows in %d pages", at, pages+1)
			}
		}
	}
}

// TestExecutionsOf: executions of a task or a status, by the page, in both kinds
// of state.
func TestExecutionsOf(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testExecutionsOf(t, withState(t, t.TempDir())) })
	t.Run("postgres", func(t *testing.T) {
		testExecutionsOf(t, withStateIn(t, sqldbtest.Postgres(t), filepath.Join(t.TempDir(), "results")))
	})
	t.Run("postgres in English", func(t *testing.T) { // most servers do not sort by bytes
		state, results := sqldbtest.Postgres(t), filepath.Join(t.TempDir(), "results")
		if err := serve(t, nil, withStateIn(t, state, results)).Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		db, err := sql.Open("pgx", state)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec(`ALTER TABLE wasmsql_executions ALTER COLUMN id TYPE text COLLATE "en-x-icu"`); err != nil {
			t.Fatal(err)
		}
		testExecutionsOf(t, withStateIn(t, state, results))
	})
}

func testExecutionsOf(t *testing.T, change func(*server.Config)) {
	s := serve(t, files{
		"acme/wasmsql.yaml":   config,
		"acme/tasks/one.yaml": task("one", "SELECT 1", ""),
		"acme/tasks/bad.yaml": task("bad", "SELECT * FROM missing", ""),
	}, change)
	token := s.token("acme", "run")
	for i := range 6 {
		s.wait(token, s.do("POST", "/v1/executions", token, fmt.Sprintf(`{"task": %q}`, []string{"one", "bad"}[i%2])).execution(t).ID)
	}
	var page struct {
		Executions []execution
		Next       string
	}
	for query, want := range map[string]string{
		"":                         "bad failed, one succeeded, bad failed, one succeeded, bad failed, one succeeded",
		"?task=one":                "one succeeded, one succeeded, one succeeded",
		"?status=failed&limit=2":   "bad failed, bad failed; bad failed",
		"?task=one&status=failed":  "",
		"?task=nothing":            "",
		"?task=bad&limit=1":        "bad failed; bad failed; bad failed",
		"?status=succeeded&task=x": "",
	} {
		var pages []string
		for path := "/v1/executions" + query; path != ""; path = page.Next {
			page.Executions, page.Next = nil, ""
			if err := json.Unmarshal([]byte(s.do("GET", path, token, "").body), &page); err != nil {
				t.Fatal(err)
			}
			var seen []string
			for _, e := range page.Executions {
				seen = append(seen, e.Task+" "+e.Status)
			}
			pages = append(pages, strings.Join(seen, ", "))
		}
		if got := strings.Join(pages, "; "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if p := s.do("GET", "/v1/executions?status=done", token, "").problem(t); p.Status != 400 || p.Detail != `there is no status "done"` {
		t.Errorf("%+v", p)
	}
}

// TestReportOfARun: a run that is answered at once tells what it took, as an
// execution does.
func TestReportOfARun(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml": config,
		"acme/tasks/n.yaml": task("n", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{ n }}) SELECT i FROM n", "inputs: {n: int}\n"),
	}, nil)
	token := s.token("acme", "run")
	for _, n := range []int64{3, 100000} { // held back, and streamed
		got := s.do("POST", "/v1/tasks/n/run", token, fmt.Sprintf(`{"inputs": {"n": %d}}`, n))
		text := got.header.Get("Wasmsql-Report") + got.trailer.Get("Wasmsql-Report")
		var report struct {
			Task  string
			Rows  int64
			Fuel  int64
			Times map[string]int64 `json:"times_us"`
		}
		if err := json.Unmarshal([]byte(text), &report); err != nil || report.Task != "n" || report.Rows != n || report.Fuel == 0 || report.Times["total"] == 0 {
			t.Errorf("%q: %v", text, err)
		}
	}
	var tenant struct {
		Queued int64
		Token  string
		Keeps  struct{ Executions, Audit bool }
	}
	if err := json.Unmarshal([]byte(s.do("GET", "/v1/tenant", token, "").body), &tenant); err != nil || tenant.Keeps.Executions || tenant.Keeps.Audit || tenant.Token != strings.Split(token, "_")[1] {
		t.Errorf("%+v, %v", tenant, err)
	}
}
