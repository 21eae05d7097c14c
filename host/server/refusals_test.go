package server_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// refusal is a request that must not work, and its exact answer.
type refusal struct {
	name                string
	method, path, token string
	body                string
	header              []string
	status              int
	code, detail        string
}

// TestT3Refusals sends requests that must not work. What belongs to another
// tenant is answered as what does not exist (T3), and every wrong token alike
// (T6). What one database of the state does not take, another may: it is the
// same with both.
func TestT3Refusals(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { testRefusals(t, withState(t, t.TempDir())) })
	t.Run("postgres", func(t *testing.T) { testRefusals(t, withStateIn(t, sqldbtest.Postgres(t), t.TempDir())) })
}

func testRefusals(t *testing.T, change func(*server.Config)) {
	s := serve(t, files{
		"acme/wasmsql.yaml":       config + "quotas: {daily_rows: 1000000}\n",
		"acme/tasks/add.yaml":     task("add", "SELECT {{ a }} + 1 AS sum", "inputs: {a: int}\n"),
		"acme/tasks/list.yaml":    task("list", "SELECT {{ when }} AS at WHERE 1 IN {{ n | inclause }}", "inputs: {n: 'list[int]', when: datetime?}\n"),
		"globex/wasmsql.yaml":     config,
		"globex/tasks/other.yaml": task("other", "SELECT 1 AS one", ""),
	}, change)
	run, read, foreign := s.token("acme", server.Run), s.token("acme", server.Read), s.token("globex", server.Operate)
	theirs := s.wait(foreign, s.do("POST", "/v1/executions", foreign, `{"task": "other"}`).execution(t).ID)
	ours := s.wait(run, s.do("POST", "/v1/executions", run, `{"task": "add", "inputs": {"a": 1}}`).execution(t).ID)
	if theirs.Status != "succeeded" || ours.Status != "succeeded" {
		t.Fatal(theirs, ours)
	}
	revoked, gone, err := server.NewToken(s.dir+"/acme", server.Operate, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := server.RevokeToken(s.dir+"/acme", gone.ID); err != nil {
		t.Fatal(err)
	}
	s.reload()
	const noToken = "there is no valid token in the request"
	const noTask = `there is no task "other"`
	const noExecution = "there is no such execution"
	const nothing = "there is nothing at this path"
	deep := strings.Repeat("[", 100) + strings.Repeat("]", 100)
	id, secret, _ := strings.Cut(strings.TrimPrefix(run, "wsql_"), "_")
	other, _, _ := strings.Cut(strings.TrimPrefix(foreign, "wsql_"), "_")
	var cases []refusal
	add := func(c refusal) { cases = append(cases, c) }

	// Tokens, on every path that needs one.
	bad := map[string]string{
		"none": "", "word": "secret", "prefix alone": "wsql_", "two parts": "wsql_" + id, "no secret": "wsql_" + id + "_",
		"another's secret": "wsql_" + other + "_" + secret, "unknown id": "wsql_aaaaaaaaaa_" + secret, "shorter": run[:len(run)-1],
		"longer": run + "a", "upper case": strings.ToUpper(run), "revoked": revoked, "other prefix": "x" + run, "four parts": run + "_",
	}
	for name, token := range bad {
		add(refusal{name: "token: " + name, method: "GET", path: "/v1/tasks", token: token, status: 401, code: "unauthorized", detail: noToken})
	}
	for _, header := range []string{"Basic " + run, "bearer", "Bearer", run, "Bearer  ", "Token " + run} {
		add(refusal{name: "header: " + header[:min(8, len(header))], method: "GET", path: "/v1/tasks", header: []string{"Authorization", header}, status: 401, code: "unauthorized", detail: noToken})
	}
	for _, p := range []string{"/v1/tasks", "/v1/tasks/add", "/v1/tasks/none", "/v1/executions", "/v1/executions/" + ours.ID, "/v1/executions/" + ours.ID + "/result", "/v1/audit"} {
		add(refusal{name: "without a token: " + p, method: "GET", path: p, status: 401, code: "unauthorized", detail: noToken})
	}
	for _, p := range []string{"/v1/tasks/add/run", "/v1/tasks/add/render", "/v1/executions"} {
		add(refusal{name: "without a token: POST " + p, method: "POST", path: p, body: "{}", status: 401, code: "unauthorized", detail: noToken})
	}
	add(refusal{name: "without a token: DELETE", method: "DELETE", path: "/v1/executions/" + ours.ID, status: 401, code: "unauthorized", detail: noToken})

	// Roles.
	for _, p := range []string{"/v1/tasks/add/run", "/v1/tasks/add/render", "/v1/executions"} {
		add(refusal{name: "role: POST " + p, method: "POST", path: p, token: read, body: `{"task": "add", "inputs": {"a": 1}}`, status: 403, code: "forbidden", detail: "a token with the role read may not do this"})
	}
	add(refusal{name: "role: cancel", method: "DELETE", path: "/v1/executions/" + ours.ID, token: read, status: 403, code: "forbidden", detail: "a token with the role read may not do this"})
	add(refusal{name: "role: audit", method: "GET", path: "/v1/audit", token: run, status: 403, code: "forbidden", detail: "a token with the role run may not do this"})

	// What is another's.
	add(refusal{name: "foreign task", method: "GET", path: "/v1/tasks/other", token: run, status: 404, code: "not_found", detail: noTask})
	add(refusal{name: "foreign task: run", method: "POST", path: "/v1/tasks/other/run", token: run, body: "{}", status: 404, code: "not_found", detail: noTask})
	add(refusal{name: "foreign task: render", method: "POST", path: "/v1/tasks/other/render", token: run, body: "{}", status: 404, code: "not_found", detail: noTask})
	add(refusal{name: "foreign task: execution", method: "POST", path: "/v1/executions", token: run, body: `{"task": "other"}`, status: 404, code: "not_found", detail: noTask})
	for name, path := range map[string]string{"foreign": theirs.ID, "unknown": "06GVRU6LVT44Q706OEQH719850", "quoted": "%27%20OR%201=1--", "odd": "x", "percent": "%25", "long": strings.Repeat("A", 300)} {
		for _, method := range []string{"GET", "DELETE"} {
			add(refusal{name: name + " execution: " + method, method: method, path: "/v1/executions/" + path, token: run, status: 404, code: "not_found", detail: noExecution})
		}
		add(refusal{name: name + " execution: result", method: "GET", path: "/v1/executions/" + path + "/result", token: run, status: 404, code: "not_found", detail: noExecution})
	}

	// Paths and methods.
	for _, p := range []string{"/", "/v1", "/v2/tasks", "/v1/tasks/add/run/x", "/v1/tasks/add/", "/v1/tenants", "/debug/pprof/", "/.git/config", "/wasmsql.yaml", "/v1/tasks/..%2f..%2fglobex"} {
		want := refusal{name: "path: " + p, method: "GET", path: p, token: run, status: 404, code: "not_found", detail: nothing}
		if strings.Contains(p, "globex") {
			want.detail = `there is no task "../../globex"`
		}
		add(want)
	}
	for _, c := range [][2]string{{"PUT", "/v1/tasks"}, {"POST", "/v1/tasks"}, {"DELETE", "/v1/tasks/add"}, {"GET", "/v1/tasks/add/run"}, {"PATCH", "/v1/executions"}, {"POST", "/livez"}, {"TRACE", "/v1/tasks"}, {"PUT", "/v1/executions/x"}, {"OPTIONS", "/v1/tasks"}, {"DELETE", "/openapi.json"}} {
		add(refusal{name: "method: " + c[0] + " " + c[1], method: c[0], path: c[1], token: run, status: 405, code: "usage", detail: fmt.Sprintf("the method %q is not accepted here", c[0])})
	}

	// Bodies.
	const path = "/v1/tasks/add/run"
	bodies := []refusal{
		{name: "no body", status: 415, code: "usage", detail: "the body is not said to be JSON"},
		{name: "empty", body: " ", status: 400, code: "usage", detail: "the body is not one JSON object: EOF"},
		{name: "not JSON", body: "a=1", status: 400, code: "usage", detail: "the body is not one JSON object: invalid character 'a' looking for beginning of value"},
		{name: "cut", body: `{"inputs": {"a": 1}`, status: 400, code: "usage", detail: "the body is not one JSON object: unexpected EOF"},
		{name: "a list", body: `[]`, status: 400, code: "usage", detail: "the body is not one JSON object"},
		{name: "two", body: `{} {}`, status: 400, code: "usage", detail: "the body is not one JSON object"},
		{name: "null", body: `null`, status: 400, code: "usage", detail: "the body is not one JSON object"},
		{name: "a word", body: `"inputs"`, status: 400, code: "usage", detail: "the body is not one JSON object"},
		{name: "a brace behind it", body: `{"inputs": {"a": 1}}}`, status: 400, code: "usage", detail: "the body is not one JSON object"},
		{name: "a bracket behind it", body: `{"inputs": {"a": 1}}]`, status: 400, code: "usage", detail: "the body is not one JSON object"},
		{name: "a comma too many", body: `{"inputs": {"a": 1},}`, status: 400, code: "usage"},
		{name: "a byte order mark", body: "\ufeff{}", status: 400, code: "usage", detail: "the body is not one JSON object: invalid character 'ï' looking for beginning of value"},
		{name: "NaN", body: `{"inputs": {"a": NaN}}`, status: 400, code: "usage"},
		{name: "member in capitals", body: `{"Inputs": {"a": 1}}`, status: 400, code: "usage", detail: `the body is not one JSON object: unknown field "Inputs"`},
		{name: "member twice", body: `{"inputs": {"a": 1}, "inputs": {"a": 2}}`, status: 400, code: "usage", detail: `the body is not one JSON object: the field "inputs" stands there twice`},
		{name: "not UTF-8", body: "{\"inputs\": {\"a\": \"\xff\"}}", status: 400, code: "config"},
		{name: "inputs null", body: `{"inputs": null}`, status: 400, code: "config", detail: `input "a" (int) is missing`},
		{name: "unknown member", body: `{"input": {"a": 1}}`, status: 400, code: "usage", detail: `the body is not one JSON object: unknown field "input"`},
		{name: "deep", body: `{"inputs": ` + deep + `}`, status: 400, code: "usage", detail: "the body is JSON that is deeper than 64"},
		{name: "large", body: `{"inputs": {"a": "` + strings.Repeat("x", 17<<20) + `"}}`, status: 413, code: "limit", detail: "the body is larger than 16777216 bytes"},
		{name: "form", body: "a=1", header: []string{"Content-Type", "application/x-www-form-urlencoded"}, status: 415, code: "usage", detail: "the body is not said to be JSON"},
		{name: "text", body: `{}`, header: []string{"Content-Type", "text/plain"}, status: 415, code: "usage", detail: "the body is not said to be JSON"},
		{name: "gzip", body: "\x1f\x8b", header: []string{"Content-Encoding", "gzip"}, status: 415, code: "usage", detail: `a body with the encoding "gzip" is not accepted`},
		{name: "zstd", body: "\x28\xb5", header: []string{"Content-Encoding", "zstd"}, status: 415, code: "usage", detail: `a body with the encoding "zstd" is not accepted`},
		{name: "accepts nothing", body: `{"inputs": {"a": 1}}`, header: []string{"Accept", "image/png"}, status: 406, code: "usage", detail: "a result is not to be had in what the client accepts"},
		{name: "accepts with nothing", body: `{"inputs": {"a": 1}}`, header: []string{"Accept", "application/json;q=0, */*;q=0"}, status: 406, code: "usage", detail: "a result is not to be had in what the client accepts"},

		// Inputs.
		{name: "missing", body: `{}`, status: 400, code: "config", detail: `input "a" (int) is missing`},
		{name: "null", body: `{"inputs": {"a": null}}`, status: 400, code: "config"},
		{name: "inputs a list", body: `{"inputs": [1]}`, status: 400, code: "config"},
		{name: "inputs a text", body: `{"inputs": "a"}`, status: 400, code: "config"},
		{name: "a text", body: `{"inputs": {"a": "1; DROP TABLE t"}}`, status: 400, code: "config"},
		{name: "a fraction", body: `{"inputs": {"a": 1.5}}`, status: 400, code: "config"},
		{name: "too large", body: `{"inputs": {"a": 9223372036854775808}}`, status: 400, code: "config"},
		{name: "an object", body: `{"inputs": {"a": {"$ne": 1}}}`, status: 400, code: "config"},
		{name: "a list", body: `{"inputs": {"a": [1]}}`, status: 400, code: "config"},
		{name: "a bool", body: `{"inputs": {"a": true}}`, status: 400, code: "config"},
		{name: "unknown input", body: `{"inputs": {"a": 1, "b": 2}}`, status: 400, code: "config", detail: `the task has no input "b"`},
		{name: "twice", body: `{"inputs": {"a": 1, "a": 2}}`, status: 400, code: "config"},
	}
	for _, c := range bodies {
		c.name, c.method, c.path, c.token = "body: "+c.name, "POST", path, run
		add(c)
		if c.status != 406 {
			c.name, c.path = "render, "+c.name, "/v1/tasks/add/render"
			add(c)
		}
	}
	add(refusal{name: "a list of texts", method: "POST", path: "/v1/tasks/list/run", token: run, body: `{"inputs": {"n": ["x"], "when": null}}`, status: 400, code: "config"})
	add(refusal{name: "no time", method: "POST", path: "/v1/tasks/list/run", token: run, body: `{"inputs": {"n": [1], "when": "yesterday"}}`, status: 400, code: "config"})
	add(refusal{name: "10^5 inputs", method: "POST", path: path, token: run, body: `{"inputs": {` + many(100_000) + `}}`, status: 400, code: "config"})

	// Executions.
	for _, limit := range []string{"0", "-1", "201", "x", "1e9"} {
		add(refusal{name: "limit " + limit, method: "GET", path: "/v1/executions?limit=" + limit, token: run, status: 400, code: "usage", detail: "limit is to be a number from 1 to 200"})
	}
	for _, wait := range []string{"-1s", "61s", "x", "10"} {
		add(refusal{name: "wait " + wait, method: "GET", path: "/v1/executions/" + ours.ID + "?wait=" + wait, token: run, status: 400, code: "usage", detail: "wait is to be a duration of at most 1m0s"})
	}
	for query, detail := range map[string]string{
		"limit=1&limit=2": `the parameter "limit" is given 2 times`, "stauts=failed": `there is no parameter "stauts"`, "limit=1;status=failed": "the query of the address is not well formed",
		"limit=%zz": "the query of the address is not well formed", "limit=": `the parameter "limit" is empty`, "task=%00": `the parameter "task" is not text`, "task=%ff": `the parameter "task" is not text`,
		"before=x": "before is to be the id of an execution", "before=%00": `the parameter "before" is not text`, "before=" + strings.ToLower(ours.ID): "before is to be the id of an execution",
	} {
		add(refusal{name: "query " + query, method: "GET", path: "/v1/executions?" + query, token: run, status: 400, code: "usage", detail: detail})
	}
	for _, id := range []string{"%00", "%ff", strings.ToLower(ours.ID), ours.ID + "%0a", "%E2%82%AC"} {
		for _, method := range []string{"GET", "DELETE"} {
			add(refusal{name: method + " id " + id, method: method, path: "/v1/executions/" + id, token: run, status: 404, code: "not_found", detail: noExecution})
		}
	}
	add(refusal{name: "key that is no text", method: "POST", path: "/v1/executions", token: run, body: `{"task": "add"}`, header: []string{"Idempotency-Key", "\xff"}, status: 400, code: "usage", detail: "the Idempotency-Key is not text"})
	add(refusal{name: "task a number", method: "POST", path: "/v1/executions", token: run, body: `{"task": 5}`, status: 400, code: "usage", detail: `"task" is to be a text`})
	add(refusal{name: "long key", method: "POST", path: "/v1/executions", token: run, body: `{"task": "add"}`, header: []string{"Idempotency-Key", strings.Repeat("k", 201)}, status: 400, code: "usage", detail: "the Idempotency-Key has more than 200 characters"})
	add(refusal{name: "no task", method: "POST", path: "/v1/executions", token: run, body: `{}`, status: 404, code: "not_found", detail: `there is no task ""`})
	add(refusal{name: "no inputs", method: "POST", path: "/v1/executions", token: run, body: `{"task": "add"}`, status: 400, code: "config", detail: `input "a" (int) is missing`})

	if len(cases) < 100 {
		t.Errorf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := s.do(c.method, c.path, c.token, c.body, c.header...)
			p := got.problem(t)
			if got.status != c.status || p.Code != c.code || c.detail != "" && p.Detail != c.detail {
				t.Errorf("status %d, %s: %s", got.status, p.Code, p.Detail)
			}
			for _, canary := range []string{s.dir, secret, "globex/", "goroutine"} {
				if strings.Contains(got.body, canary) && !strings.Contains(c.body+c.path, canary) {
					t.Errorf("the answer holds %q: %s", canary, got.body)
				}
			}
		})
	}
}

func many(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"x%d":1`, i)
	}
	return b.String()
}

// TestT6TwoAuthorizationHeaders sends what a careless proxy may let through.
func TestT6TwoAuthorizationHeaders(t *testing.T) {
	s := serve(t, files{"acme/wasmsql.yaml": config}, nil)
	token := s.token("acme", server.Run)
	r, _ := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v1/tasks", nil)
	r.Header["Authorization"] = []string{"Bearer x", "Bearer " + token}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != 401 {
		t.Error("status", res.StatusCode)
	}
}

// TestCutStream has a task fail after its first rows were sent: the client
// gets an error, and a reader of the bytes is told why.
func TestCutStream(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml": config,
		"acme/tasks/cut.yaml": task("cut", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 200000)\n"+
			"SELECT i, CASE WHEN i = 190000 THEN abs(-9223372036854775807 - 1) ELSE 0 END AS x FROM n", "timeout: 1h\n"),
	}, nil)
	token := s.token("acme", server.Run)
	for _, accept := range []string{"application/json", "text/csv", "application/x-ndjson", "application/vnd.apache.arrow.stream"} {
		got := s.do("POST", "/v1/tasks/cut/run", token, "{}", "Accept", accept)
		if got.status != 200 || got.err == nil {
			t.Errorf("%s: status %d, %d bytes, error %v", accept, got.status, len(got.body), got.err)
		}
	}
	kept := s.kept.list()
	if last := kept[len(kept)-1]; last.Outcome != "task" {
		t.Errorf("%+v", last)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(2 * sqldbtest.Patience))
	fmt.Fprintf(conn, "POST /v1/tasks/cut/run HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\nAccept: text/csv\r\n\r\n{}", token)
	raw, err := io.ReadAll(conn)
	if err != nil {
		t.Fatal(err)
	}
	const want = "\r\n0\r\nWasmsql-Status: task\r\nWasmsql-Error: "
	if at := strings.LastIndex(string(raw), want); at < 0 || strings.HasSuffix(string(raw), "\r\n\r\n") || !strings.Contains(string(raw[at:]), "integer overflow") {
		t.Errorf("the stream ends with %q", raw[max(0, len(raw)-200):])
	}
	old := s.dial(t)
	fmt.Fprintf(old, "POST /v1/tasks/cut/run HTTP/1.0\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: 2\r\nAccept: text/csv\r\n\r\n{}", token)
	if raw, err := io.ReadAll(old); !errors.Is(err, syscall.ECONNRESET) || !strings.HasPrefix(string(raw), "HTTP/1.0 200 OK\r\n") {
		t.Errorf("a proxy that speaks HTTP/1.0 takes %d bytes for whole: %v", len(raw), err)
	}
}
