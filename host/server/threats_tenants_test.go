package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
)

// TestT1NoSecretIsTold has tasks fail in many ways on connections whose URI,
// user, password and file are canaries, and looks for those in all that anyone
// but the operator's own files can see.
func TestT1NoSecretIsTold(t *testing.T) {
	t.Parallel()
	const canary = "canary-d41d8cd9"
	s := serve(t, files{
		"acme/" + canary + "/other.db": "",
		"acme/wasmsql.yaml": "connections:\n" +
			"  pg: {uri: 'postgresql://user-" + canary + "@127.0.0.1:1/db-" + canary + "', secret_connect_args: {password: {group: db, key: password}}}\n" +
			"  my: {uri: 'mysql://user-" + canary + "@127.0.0.1:1/db-" + canary + "', secret_connect_args: {password: {group: db, key: password}}}\n" +
			"  host: {uri: 'postgresql://u@host-" + canary + ".invalid:5432/d', secret_connect_args: {password: {group: db, key: password}}}\n" +
			"  lite: {uri: 'sqlite:///" + canary + "/none.db'}\n  none: {uri: 'postgresql://u@127.0.0.1:1/d', secret_connect_args: {password: {group: missing, key: " + canary + "}}}\n",
		"acme/tasks/all.yaml": func() string {
			var b strings.Builder
			for _, c := range []string{"pg", "my", "host", "lite", "none"} {
				fmt.Fprintf(&b, "---\nname: %s\nconnection: %s\nquery: SELECT {{ x }} AS x\ninputs: {x: {type: str, default: a}}\ntimeout: 5s\n", c, c)
			}
			return b.String()
		}(),
	}, func(c *server.Config) {
		withState(t, t.TempDir())(c)
		c.Drivers = allDrivers()
		c.Secrets = func(string) secret.Provider { return missingOne{canary} }
	})
	if err := s.Broken()["acme"]; err != nil {
		t.Fatal(err)
	}
	token := s.token("acme", server.Operate)
	var told strings.Builder
	for _, name := range []string{"pg", "my", "host", "lite", "none"} {
		for _, path := range []string{"/v1/tasks/" + name + "/run", "/v1/tasks/" + name + "/render"} {
			got := s.do("POST", path, token, "{}")
			if strings.HasSuffix(path, "run") && got.status < 400 {
				t.Error(name, got.status)
			}
			fmt.Fprintln(&told, got.header, got.body)
		}
		e := s.wait(token, s.do("POST", "/v1/executions", token, `{"task": "`+name+`"}`).execution(t).ID)
		fmt.Fprintf(&told, "%+v\n", e)
		fmt.Fprintln(&told, s.do("GET", "/v1/tasks/"+name, token, "").body)
	}
	for _, path := range []string{"/metrics", "/readyz", "/v1/executions", "/v1/tasks", "/v1/tenant", "/openapi.json", "/debug/pprof/", "/debug/vars", "/debug/pprof/heap", "/debug/pprof/cmdline"} {
		fmt.Fprintln(&told, s.do("GET", path, token, "").body)
	}
	fmt.Fprintf(&told, "%+v\n", s.kept.list())
	for line := range strings.Lines(told.String()) {
		if strings.Contains(line, canary) || strings.Contains(line, "127.0.0.1") {
			t.Errorf("told: %s", line)
		}
	}
	for _, secret := range []string{"password-" + canary, token[strings.LastIndex(token, "_")+1:]} {
		if strings.Contains(s.log.String(), secret) {
			t.Error("the log holds", secret)
		}
	}
	if len(s.kept.list()) != 10 {
		t.Errorf("%d records", len(s.kept.list()))
	}
}

// missingOne finds one password, and no other secret.
type missingOne struct{ canary string }

func (m missingOne) Lookup(_ context.Context, ref secret.Ref) (secret.Value, error) {
	if ref.Group == "missing" {
		return secret.Value{}, &secret.Error{Ref: ref, Hint: "looked for " + m.canary}
	}
	return secret.New("password-" + m.canary), nil
}

// TestT2OperatorsAreTold looks for why a database cannot be reached in the log,
// where the client learns only that it cannot.
func TestT2OperatorsAreTold(t *testing.T) {
	t.Parallel()
	s := serve(t, files{
		"acme/wasmsql.yaml": "connections:\n  db: {uri: 'postgresql://u@127.0.0.1:1/d'}\n" +
			"  none: {uri: 'postgresql://u@127.0.0.1:1/d', secret_connect_args: {password: {group: missing, key: x}}}\n",
		"acme/tasks/one.yaml":    task("one", "SELECT 1 AS n", "timeout: 1h\n"),
		"acme/tasks/secret.yaml": strings.Replace(task("secret", "SELECT 1 AS n", ""), "connection: db", "connection: none", 1),
	}, func(c *server.Config) {
		c.Drivers = allDrivers()
		c.Secrets = func(string) secret.Provider { return missingOne{"in the safe"} }
	})
	got := s.do("POST", "/v1/tasks/one/run", s.token("acme", server.Run), "{}")
	if p := got.problem(t); p.Status != 502 || p.Code != "connection" || strings.Contains(got.body, "127.0.0.1") || strings.Contains(got.body, "refused") {
		t.Errorf("%+v", p)
	}
	if p := s.do("POST", "/v1/tasks/secret/run", s.token("acme", server.Run), "{}").problem(t); p.Status != 500 || p.Code != "config" || strings.Contains(p.Detail+p.Hint, "safe") {
		t.Errorf("%+v", p)
	}
	if log := s.log.String(); !strings.Contains(log, "connection refused") || !strings.Contains(log, "missing/x") || !strings.Contains(log, got.header.Get("Wasmsql-Execution")) {
		t.Error(log)
	}
}

// TestT3ForeignThings guesses the names of another tenant's things in every
// way that there is: the answer is that of what does not exist.
func TestT3ForeignThings(t *testing.T) {
	t.Parallel()
	both := func(add files) files {
		for _, tenant := range []string{"acme", "globex"} {
			add[tenant+"/wasmsql.yaml"] = config
			add[tenant+"/tasks/name.yaml"] = task("name", "SELECT '"+tenant+"' AS n, {{ x }} AS x", "inputs: {x: {type: int, default: 1}}\n")
		}
		return add
	}
	s := serve(t, both(files{"globex/tasks/own.yaml": task("own", "SELECT 'globex' AS n", "")}), withState(t, t.TempDir()))
	a, g := s.token("acme", server.Operate), s.token("globex", server.Operate)
	theirs := s.do("POST", "/v1/executions", g, `{"task": "name"}`, "Idempotency-Key", "same").execution(t)
	s.wait(g, theirs.ID)
	ours := s.do("POST", "/v1/executions", a, `{"task": "name"}`, "Idempotency-Key", "same").execution(t)
	if ours.ID == theirs.ID {
		t.Error("an Idempotency-Key found another tenant's execution")
	}
	s.wait(a, ours.ID)
	if got := s.do("GET", "/v1/executions/"+ours.ID+"/result", a, "", "Accept", "text/csv"); got.body != "n,x\nacme,1\n" {
		t.Error(got.body)
	}
	absent := ours.ID[:len(ours.ID)-4] + "0000"
	for _, c := range [][2]string{{"GET", ""}, {"DELETE", ""}, {"GET", "/result"}, {"GET", "?wait=1s"}} {
		foreign, none := s.do(c[0], "/v1/executions/"+theirs.ID+c[1], a, ""), s.do(c[0], "/v1/executions/"+absent+c[1], a, "")
		for _, own := range []string{"Date", "X-Request-Id"} {
			foreign.header.Del(own)
			none.header.Del(own)
		}
		if foreign.status != 404 || foreign.body != none.body || fmt.Sprint(foreign.header) != fmt.Sprint(none.header) {
			t.Errorf("%v: %d %s\n%d %s", c, foreign.status, foreign.body, none.status, none.body)
		}
	}
	if got := s.do("POST", "/v1/tasks/own/run", a, "{}"); got.status != 404 || strings.ReplaceAll(got.body, "own", "nil") != s.do("POST", "/v1/tasks/nil/run", a, "{}").body {
		t.Error(got.status, got.body)
	}
	for _, path := range []string{"/v1/executions", "/v1/executions?before=" + theirs.ID, "/v1/executions?before=ZZZZZZZZZZZZZZZZZZZZZZZZZZ", "/v1/executions?limit=200&before=%27%20OR%201=1--", "/v1/audit?limit=200"} {
		if got := s.do("GET", path, a, ""); strings.Contains(got.body, theirs.ID) {
			t.Errorf("%s: %s", path, got.body)
		}
	}
	if e := s.wait(g, theirs.ID); e.Status != "succeeded" {
		t.Errorf("%+v", e)
	}
}

// TestT4NothingIsShared runs the same task, module and key for two tenants, and
// again after each has changed: nobody gets what was made for someone else, or
// before.
func TestT4NothingIsShared(t *testing.T) {
	t.Parallel()
	all := files{}
	for _, tenant := range []string{"acme", "globex"} {
		all[tenant+"/wasmsql.yaml"] = config
		all[tenant+"/tasks/make.yaml"] = task("make", "CREATE TABLE t (n TEXT); INSERT INTO t VALUES ('"+tenant+"')", "outputs: none\n")
		all[tenant+"/tasks/rows.yaml"] = task("rows", "SELECT n FROM t", "")
	}
	s := serve(t, all, withState(t, t.TempDir()))
	a, g := s.token("acme", server.Run), s.token("globex", server.Run)
	rows := func(token string) string {
		e := s.wait(token, s.do("POST", "/v1/executions", token, `{"task": "rows"}`).execution(t).ID)
		got := s.do("GET", e.Result, token, "", "Accept", "text/csv").body
		if now := s.do("POST", "/v1/tasks/rows/run", token, "{}", "Accept", "text/csv").body; now != got {
			t.Errorf("%q, and %q", got, now)
		}
		return got
	}
	for tenant, token := range map[string]string{"acme": a, "globex": g} {
		if got := s.do("POST", "/v1/tasks/make/run", token, "{}"); got.status != 200 {
			t.Fatal(got.body)
		}
		if got := rows(token); got != "n\n"+tenant+"\n" {
			t.Errorf("%s: %s", tenant, got)
		}
	}
	files{"acme/wasmsql.yaml": strings.Replace(config, "data.db", "other.db", 1)}.write(t, s.dir)
	s.reload()
	if p := s.do("POST", "/v1/tasks/rows/run", a, "{}").problem(t); p.Code != "task" || !strings.Contains(p.Detail, "no such table") {
		t.Errorf("another connection has what the one before had: %+v", p)
	}
	if got := rows(g); got != "n\nglobex\n" {
		t.Error(got)
	}
}

// TestT5SecretsOfOthers has a tenant's files lead out of its folder.
func TestT5LinksOutOfTheFolder(t *testing.T) {
	t.Parallel()
	s := serve(t, files{
		"globex/wasmsql.yaml":   config,
		"globex/tasks/two.yaml": task("two", "SELECT 2 AS n", ""),
		"acme/wasmsql.yaml":     config,
		"evil/wasmsql.yaml":     config,
		"evil/tasks/one.yaml":   task("one", "SELECT 1 AS n", ""),
	}, nil)
	foreign := s.token("globex", server.Operate)
	evil := s.token("evil", server.Operate)
	for name, link := range map[string]string{"tokens.yaml": "../globex/tokens.yaml", "tasks/two.yaml": "../../globex/tasks/two.yaml", "wasmsql.yaml": "/proc/self/environ", "tasks/all.yaml": "/etc/passwd"} {
		path := filepath.Join(s.dir, "evil", name)
		_ = os.Remove(path)
		if err := os.Symlink(link, path); err != nil {
			t.Fatal(err)
		}
		s.reload()
		err := s.Broken()["evil"]
		if err == nil || strings.Contains(err.Error(), "PATH=") || strings.Contains(err.Error(), "root:") {
			t.Errorf("%s: %v", name, err)
		}
		if got := s.do("GET", "/v1/tenant", foreign, ""); !strings.Contains(got.body, `"name":"globex"`) {
			t.Errorf("%s: another tenant's token: %s", name, got.body)
		}
		if got := s.do("GET", "/v1/tenant", evil, ""); name == "tokens.yaml" && got.status != 200 {
			t.Error("a file of tokens that cannot be read changes what is accepted:", got.status)
		}
		_ = os.Remove(path)
	}
	// A token id that is another's is not taken from it.
	theirs, err := os.ReadFile(filepath.Join(s.dir, "globex", "tokens.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	mine := strings.Replace(string(theirs), "hash: ", "hash: "+strings.Repeat("0", 64)+" #", 1)
	files{"aaa/wasmsql.yaml": config, "aaa/tokens.yaml": mine, "zzz/wasmsql.yaml": config, "zzz/tokens.yaml": mine}.write(t, s.dir)
	s.reload()
	if got := s.do("GET", "/v1/tenant", foreign, ""); !strings.Contains(got.body, `"name":"globex"`) {
		t.Error("a token whose id another tenant has too:", got.body)
	}
	s.remove("aaa")
	if got := s.do("GET", "/v1/tenant", foreign, ""); !strings.Contains(got.body, `"name":"globex"`) {
		t.Error("and when that tenant is gone:", got.body)
	}
}

// TestT6TokensOfBrokenTenants has a tenant's folder be broken from the start,
// and a token revoked in one that is.
func TestT6TokensOfBrokenTenants(t *testing.T) {
	t.Parallel()
	s := serve(t, files{"acme/wasmsql.yaml": config, "new/wasmsql.yaml": "connections: nonsense\n"}, nil)
	fresh := s.token("new", server.Run)
	got := s.do("GET", "/v1/tasks", fresh, "")
	if p := got.problem(t); p.Status != 503 || p.Code != "broken" || !p.Retryable || got.header.Get("Retry-After") != "30" || strings.Contains(got.body, "nonsense") {
		t.Errorf("%+v", p)
	}
	if p := s.do("GET", "/v1/tasks", fresh[:len(fresh)-5]+"aaaaa", "").problem(t); p.Status != 401 {
		t.Errorf("a wrong token of it: %+v", p)
	}
	files{"new/wasmsql.yaml": config}.write(t, s.dir)
	s.reload()
	if got := s.do("GET", "/v1/tasks", fresh, ""); got.status != 200 {
		t.Error("mended:", got.status, got.body)
	}
	kept := s.token("new", server.Run)
	files{"new/wasmsql.yaml": "connections: nonsense\n"}.write(t, s.dir)
	s.reload()
	if got := s.do("GET", "/v1/tasks", fresh, ""); got.status != 200 {
		t.Error("broken again, and what ran before goes on:", got.status, got.body)
	}
	if err := server.RevokeToken(filepath.Join(s.dir, "new"), strings.Split(fresh, "_")[1]); err != nil {
		t.Fatal(err)
	}
	s.reload()
	if p := s.do("GET", "/v1/tasks", fresh, "").problem(t); p.Status != 401 {
		t.Errorf("a token that was revoked while the folder is broken: %+v", p)
	}
	if got := s.do("GET", "/v1/tasks", kept, ""); got.status != 200 {
		t.Error("another token of it:", got.status)
	}
	files{"new/tokens.yaml": "- nonsense\n"}.write(t, s.dir)
	s.reload()
	if got := s.do("GET", "/v1/tasks", kept, ""); got.status != 200 {
		t.Error("a broken file of tokens:", got.status)
	}
	if err := s.Broken()["new"]; err == nil {
		t.Error("the folder is not said to be broken")
	}
	s.remove("new")
	if p := s.do("GET", "/v1/tasks", kept, "").problem(t); p.Status != 401 {
		t.Errorf("a removed tenant's token: %+v", p)
	}
}

// TestT6NewTokenChangesNothing makes and revokes tokens while a task runs: it
// goes on, on the connections that there are.
func TestT6NewTokenChangesNothing(t *testing.T) {
	t.Parallel()
	s := serve(t, files{"acme/wasmsql.yaml": config, "acme/tasks/spin.yaml": task("spin", spin, "timeout: 1h\n")}, func(c *server.Config) { c.Drain = 50 * time.Millisecond })
	token := s.token("acme", server.Run)
	_, leave := s.begun("spin", token)
	s.stands(token, 1, 0)
	before := strings.Count(s.log.String(), "a tenant is served")
	for range 5 {
		another := s.token("acme", server.Read)
		if got := s.do("GET", "/v1/tasks", another, ""); got.status != 200 {
			t.Error(got.status)
		}
		if err := server.RevokeToken(filepath.Join(s.dir, "acme"), strings.Split(another, "_")[1]); err != nil {
			t.Fatal(err)
		}
		s.reload()
	}
	time.Sleep(100 * time.Millisecond) // longer than a tenant that is replaced is drained
	s.stands(token, 1, 0)
	leave()
	s.stands(token, 0, 0)
	if n := strings.Count(s.log.String(), "a tenant is served"); n != before {
		t.Errorf("the tenant was made %d times more", n-before)
	}
}

// TestT11EveryExecutionIsRecorded runs tasks that end in every way, with
// canaries for values: each has a record, and none has a value.
func TestT11EveryExecutionIsRecorded(t *testing.T) {
	t.Parallel()
	inOneDay(t)
	name := filepath.Join(t.TempDir(), "audit.ndjson")
	audit, err := server.OpenAudit(name)
	if err != nil {
		t.Fatal(err)
	}
	defer audit.Close()
	in := "inputs: {x: str}\n"
	s := serve(t, files{
		"acme/wasmsql.yaml":     config + "quotas: {daily_rows: 2}\n",
		"acme/tasks/ok.yaml":    task("ok", "SELECT {{ x }} AS x", in),
		"acme/tasks/error.yaml": task("error", "SELECT {{ x }} AS x FROM missing", in),
		"acme/tasks/value.yaml": task("value", "SELECT json({{ x }}) AS x", in),
		"acme/tasks/limit.yaml": task("limit", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*), {{ x }} FROM n", in+"timeout: 200ms\n"),
		"acme/tasks/guest.yaml": "name: guest\nmodule: ../m.wasm\nconnection: db\noutputs: none\n",
		"acme/m.wasm":           module(t, "escapes"),
	}, func(c *server.Config) { withState(t, t.TempDir())(c); c.Audit = audit })
	token := s.token("acme", server.Operate)
	const canary = "canary-c0ffee"
	body := `{"inputs": {"x": "` + canary + `"}}`
	var want []string
	for _, c := range [][2]string{{"ok", "ok"}, {"error", "task"}, {"value", "task"}, {"limit", "limit"}, {"guest", "task"}} {
		b := body
		if c[0] == "guest" {
			b = "{}"
		}
		s.do("POST", "/v1/tasks/"+c[0]+"/run", token, b)
		want = append(want, c[0]+" "+c[1])
	}
	e := s.do("POST", "/v1/executions", token, `{"task": "ok", "inputs": {"x": "`+canary+`"}}`).execution(t)
	s.wait(token, e.ID)
	want = append(want, "ok ok")
	if p := s.do("POST", "/v1/tasks/ok/run", token, body).problem(t); p.Status != 429 {
		t.Errorf("%+v", p)
	}
	want = append(want, "ok busy")
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		var r server.Record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Task+" "+r.Outcome)
		ran := r.Outcome != "busy"
		if r.Tenant != "acme" || r.Token != strings.Split(token, "_")[1] || len(r.Execution) != 26 || r.Connection != "db" || ran == (r.SQLHash == "") || (r.Task == "guest") == (r.Module == "") || r.Micros <= 0 || r.Time.IsZero() {
			t.Errorf("%s", line)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%q, not %q", got, want)
	}
	if strings.Contains(string(text), canary) || strings.Contains(s.log.String(), canary) {
		t.Error("a value is in the audit or the log")
	}
	if st, err := os.Stat(name); err != nil || st.Mode().Perm() != 0o600 {
		t.Error(st.Mode(), err)
	}
	if err := os.Rename(name, name+".1"); err != nil { // as who rotates logs
		t.Fatal(err)
	}
	if now := s.do("GET", "/v1/audit", token, "").body; strings.Count(now, `"execution"`) != len(want) {
		t.Error("when the file was moved away:", now)
	}
}

// TestAuditMoved moves the file of an audit away, as logrotate does it, and ends
// it within a line, as a full disk does: no record is lost, and none is torn.
func TestAuditMoved(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "audit.ndjson")
	if err := os.WriteFile(name, []byte(`{"execution": "torn`), 0o600); err != nil {
		t.Fatal(err)
	}
	audit, err := server.OpenAudit(name)
	if err != nil {
		t.Fatal(err)
	}
	defer audit.Close()
	record := func(id string) {
		t.Helper()
		if err := audit.Audit(t.Context(), server.Record{Execution: id, Tenant: "acme"}); err != nil {
			t.Fatal(err)
		}
	}
	holds := func(file string, ids ...string) {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(string(text)) {
			var r server.Record
			if json.Unmarshal([]byte(line), &r) == nil {
				got = append(got, r.Execution)
			}
		}
		if !slices.Equal(got, ids) {
			t.Errorf("%s has %q, not %q", filepath.Base(file), got, ids)
		}
	}
	record("a")
	record("b")
	holds(name, "a", "b")
	if err := os.Rename(name, name+".1"); err != nil {
		t.Fatal(err)
	}
	record("c")
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	record("d")
	holds(name+".1", "a", "b")
	holds(name, "d")
	if last, err := audit.Last("acme", 5); err != nil || len(last) != 1 || last[0].Execution != "d" {
		t.Error(last, err)
	}
	if err := os.Truncate(name, 0); err != nil { // copytruncate
		t.Fatal(err)
	}
	record("e")
	holds(name, "e")
}

// panicking is an Auditor that panics for a task, as code of the server's own
// might.
type panicking struct{ *records }

func (p panicking) Audit(ctx context.Context, r server.Record) error {
	if r.Task == "boom" {
		panic("a fault of " + r.Task)
	}
	return p.records.Audit(ctx, r)
}

// TestT9Panics has requests and executions panic: each is told as a fault of
// the server, counted and contained.
func TestT9Panics(t *testing.T) {
	t.Parallel()
	kept := &records{}
	s := serve(t, files{
		"acme/wasmsql.yaml":    config + "quotas: {running: 2}\n",
		"acme/tasks/boom.yaml": task("boom", "SELECT 1 AS n", ""),
		"acme/tasks/one.yaml":  task("one", "SELECT 1 AS n", ""),
	}, func(c *server.Config) { withState(t, t.TempDir())(c); c.Audit = panicking{kept} })
	secure := serveTLS(t, s, newAuthority(t))
	token := s.token("acme", server.Run)
	for _, two := range []bool{false, true} {
		c := secure.client(two)
		for range 10 {
			got, err := secure.ask(c, "POST", "/v1/tasks/boom/run", token)
			if err != nil {
				t.Fatal(err)
			}
			if p := got.problem(t); p.Status != 500 || p.Code != "internal" || p.Detail != "a fault of the server" || strings.Contains(got.body, "goroutine") {
				t.Errorf("%+v", p)
			}
		}
		if got, err := secure.ask(c, "POST", "/v1/tasks/one/run", token); err != nil || got.status != 200 {
			t.Error("after it:", err, got.status, got.body)
		}
	}
	e := s.wait(token, s.do("POST", "/v1/executions", token, `{"task": "boom"}`).execution(t).ID)
	if e.Status != "failed" && e.Status != "unknown" || e.Problem.Code != "internal" {
		t.Errorf("%+v", e)
	}
	if e := s.wait(token, s.do("POST", "/v1/executions", token, `{"task": "one"}`).execution(t).ID); e.Status != "succeeded" {
		t.Errorf("after it: %+v", e)
	}
	settle(t, s, map[string]float64{`wasmsql_panics_total`: 21, `wasmsql_running{tenant="acme"}`: 0})
	if log := s.log.String(); strings.Count(log, `panicked","at"`) != 21 || !strings.Contains(log, "threats_tenants_test.go") {
		t.Error("the log tells of", strings.Count(log, `panicked","at"`))
	}
}
