package server_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// TestT12BrokenFolderKeepsWhatRan changes the folder of a tenant under the server.
func TestT12BrokenFolderKeepsWhatRan(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":   config,
		"acme/tasks/one.yaml": task("one", "SELECT 1 AS n", ""),
		"new/wasmsql.yaml":    "connections: nonsense\n",
	}, nil)
	token := s.token("acme", server.Run)
	n := func() string { return s.do("POST", "/v1/tasks/one/run", token, "{}", "Accept", "text/csv").body }
	if n() != "n\n1\n" || s.Broken()["new"] == nil || s.Broken()["acme"] != nil {
		t.Fatal(n(), s.Broken())
	}
	if got := s.do("GET", "/readyz", "", ""); got.status != 200 || got.body != `{"status":"degraded","broken":1}`+"\n" {
		t.Error(got.status, got.body)
	}
	for name, broken := range map[string]string{
		"syntax": "name: one\nquery: {{{\n", "unknown key": task("one", "SELECT 2 AS n", "color: red\n"), "template": task("one", "SELECT {{ x }}", ""),
		"connection": strings.Replace(task("one", "SELECT 2 AS n", ""), "connection: db", "connection: none", 1),
		"inline":     "name: one\nquery: SELECT 2 AS n\nconnection: {uri: 'sqlite://'}\n", "no module": "name: one\nmodule: ../../new/x.wasm\nconnection: db\n",
	} {
		files{"acme/tasks/one.yaml": broken}.write(t, s.dir)
		s.reload()
		if err := s.Broken()["acme"]; err == nil || !strings.Contains(err.Error(), "tasks/one.yaml") {
			t.Errorf("%s: %v", name, err)
		}
		if n() != "n\n1\n" {
			t.Errorf("%s: what ran before does not run: %s", name, n())
		}
	}
	if !strings.Contains(s.log.String(), "what ran before goes on") {
		t.Error(s.log)
	}
	files{"acme/tasks/one.yaml": task("one", "SELECT 2 AS n", ""), "acme/tasks/two.yaml": task("two", "SELECT 2 AS n", "")}.write(t, s.dir)
	s.reload()
	if n() != "n\n2\n" || s.Broken()["acme"] != nil {
		t.Error(n(), s.Broken())
	}
	if err := os.Rename(s.dir, s.dir+".away"); err != nil {
		t.Fatal(err)
	}
	if err := s.Reload(t.Context()); err == nil {
		t.Error("a folder of tenants that is gone is read")
	}
	if ready, got := s.do("GET", "/readyz", "", ""), s.do("GET", "/v1/tasks", token, ""); !strings.Contains(ready.body, "degraded") || got.status != 200 {
		t.Error("the folder of tenants is gone:", ready.body, got.status)
	}
	if err := os.Rename(s.dir+".away", s.dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(s.dir, "acme"), filepath.Join(s.dir, "ajax")); err != nil {
		t.Fatal(err)
	}
	s.reload()
	if got := s.do("GET", "/v1/tenant", token, ""); !strings.Contains(got.body, `"name":"ajax"`) {
		t.Error("a tenant with another name:", got.status, got.body)
	}
	s.remove("ajax")
	if p := s.do("GET", "/v1/tasks", token, "").problem(t); p.Status != 401 {
		t.Errorf("a removed tenant is served: %+v", p)
	}
}

// TestT6CopiedFolder makes a tenant by copying another's folder, tokens and all:
// nobody can say whose those are, until one of the two gives them up.
func TestT6CopiedFolder(t *testing.T) {
	s := serve(t, files{"acme/wasmsql.yaml": config}, nil)
	token := s.token("acme", server.Read)
	if err := os.CopyFS(filepath.Join(s.dir, "aaa"), os.DirFS(filepath.Join(s.dir, "acme"))); err != nil {
		t.Fatal(err)
	}
	s.reload()
	if got := s.do("GET", "/v1/tenant", token, ""); got.status != 401 {
		t.Error("a token of two tenants:", got.status, got.body)
	}
	for _, name := range []string{"acme", "aaa"} {
		if err := s.Broken()[name]; err == nil || !strings.Contains(err.Error(), "is accepted for neither") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Remove(filepath.Join(s.dir, "aaa", "tokens.yaml")); err != nil {
		t.Fatal(err)
	}
	s.reload()
	if got := s.do("GET", "/v1/tenant", token, ""); !strings.Contains(got.body, `"name":"acme"`) || len(s.Broken()) != 0 {
		t.Error(got.status, got.body, s.Broken())
	}
}

// TestReloadThatIsCancelled leaves what ran, and is no fault of the folder.
func TestReloadThatIsCancelled(t *testing.T) {
	s := serve(t, files{"acme/wasmsql.yaml": config}, nil)
	token := s.token("acme", server.Run)
	files{"acme/tasks/one.yaml": task("one", "SELECT 1 AS n", "")}.write(t, s.dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Reload(ctx); !errors.Is(err, context.Canceled) || len(s.Broken()) != 0 {
		t.Error(err, s.Broken())
	}
	s.reload()
	if got := s.do("POST", "/v1/tasks/one/run", token, "{}", "Accept", "text/csv"); got.body != "n\n1\n" {
		t.Error(got.status, got.body, s.Broken())
	}
}

// TestT5TenantsAreApart has a tenant reach for what is not its own.
func TestT5TenantsAreApart(t *testing.T) {
	outside := t.TempDir()
	files{"secret.db": "", "globex.db": ""}.write(t, outside)
	for name, c := range map[string]struct{ uri, want string }{
		"absolute": {"sqlite:///" + outside + "/secret.db", "outside of the folders"},
		"parent":   {"sqlite:///../globex/data.db", "outside of the folders"},
		"link":     {"sqlite:///link.db", "outside of the folders"},
		"proc":     {"sqlite:////proc/self/environ", "outside of the folders"},
		"file URI": {"sqlite:///file:" + outside + "/secret.db?uri=true", "outside of the folders"},
	} {
		s := serve(t, files{"acme/wasmsql.yaml": "connections: {db: {uri: '" + c.uri + "'}}\n", "globex/wasmsql.yaml": config}, nil)
		if name == "link" {
			if err := os.Symlink(outside+"/secret.db", filepath.Join(s.dir, "acme", "link.db")); err != nil {
				t.Fatal(err)
			}
			files{"acme/wasmsql.yaml": "connections: {db: {uri: '" + c.uri + "'}} # again\n"}.write(t, s.dir)
			s.reload()
		}
		if err := s.Broken()["acme"]; err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), outside) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// inOneDay waits for the next day of UTC if this one is about to end: a test of
// daily quotas begins and ends in the same one.
func inOneDay(t *testing.T) {
	t.Helper()
	if now := time.Now().UTC(); now.Hour() == 23 && now.Minute() == 59 {
		time.Sleep(time.Until(now.Truncate(24 * time.Hour).Add(24 * time.Hour)))
	}
}

// TestQuotas uses a tenant's quotas up; another tenant does not notice.
func TestQuotas(t *testing.T) {
	inOneDay(t)
	numbers := task("numbers", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 100) SELECT i FROM n", "")
	s := serve(t, files{
		"acme/wasmsql.yaml":         config + "quotas: {daily_rows: 250, per_minute: 1000}\n",
		"acme/tasks/numbers.yaml":   numbers,
		"globex/wasmsql.yaml":       config + "quotas: {per_minute: 3}\n",
		"globex/tasks/numbers.yaml": numbers,
	}, nil)
	acme, globex := s.token("acme", server.Run), s.token("globex", server.Run)
	run := func(token string) answer { return s.do("POST", "/v1/tasks/numbers/run", token, "{}") }
	for range 3 {
		for _, token := range []string{acme, globex} {
			if got := run(token); got.status != 200 {
				t.Fatal(got.status, got.body)
			}
		}
	}
	p := run(acme).problem(t)
	if p.Status != 429 || p.Code != "busy" || p.Detail != "the tenant has used 300 rows today, its quota is 250" || !p.Retryable {
		t.Errorf("%+v", p)
	}
	got := run(globex)
	for range 5 { // one more is allowed each 20 s, which may have passed
		if got.status == 200 {
			got = run(globex)
		}
	}
	after, err := strconv.Atoi(got.header.Get("Retry-After"))
	if p := got.problem(t); p.Status != 429 || p.Detail != "the tenant may begin 3 executions a minute" || err != nil || after < 1 || after > 20 {
		t.Errorf("%+v %v", p, got.header)
	}
}

// TestQuotasAreKept uses a daily quota up, and starts the server again; with a
// state for several processes, the others know of it.
func TestQuotasAreKept(t *testing.T) {
	inOneDay(t)
	tenant := files{"acme/wasmsql.yaml": config + "quotas: {daily_rows: 2}\n", "acme/tasks/one.yaml": task("one", "SELECT 1 AS n UNION SELECT 2", "")}
	const over = "the tenant has used 2 rows today, its quota is 2"
	run := func(s *served, token string) answer { return s.do("POST", "/v1/tasks/one/run", token, "{}") }
	dir := t.TempDir()
	s := serve(t, tenant, withState(t, dir))
	token := s.token("acme", server.Run)
	if got := run(s, token); got.status != 200 {
		t.Fatal(got.body)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := func(s *served) func(*server.Config) { return func(c *server.Config) { c.Tenants = s.dir } }
	s = serve(t, nil, func(c *server.Config) { withState(t, dir)(c); in(s)(c) })
	if p := run(s, token).problem(t); p.Detail != over {
		t.Errorf("after a start: %+v", p)
	}
	if got := s.do("GET", "/v1/tenant", token, ""); !strings.Contains(got.body, `"today":{"rows":2,`) {
		t.Error(got.body)
	}
	state, results := sqldbtest.Postgres(t), t.TempDir()
	one := serve(t, tenant, withStateIn(t, state, results))
	two := serve(t, nil, func(c *server.Config) { withStateIn(t, state, results)(c); in(one)(c) })
	token = one.token("acme", server.Run)
	two.reload()
	if got := run(one, token); got.status != 200 {
		t.Fatal(got.body)
	}
	sqldbtest.Eventually(t, "another process does not know what was used", func() bool {
		got := two.do("GET", "/v1/tenant", token, "")
		return strings.Contains(got.body, `"today":{"rows":2,`)
	})
	if p := run(two, token).problem(t); p.Detail != over {
		t.Errorf("in another process: %+v", p)
	}
}

// spin is a task that runs until it is ended.
const spin = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n"

// TestC14Turns holds a tenant to one execution at once, and one that waits: a
// third is refused, the one that waits has its turn, one waits for no longer than
// its task may take, one whose client leaves gives its place up, and another
// tenant does not wait at all.
func TestC14Turns(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":      config + "quotas: {running: 1, waiting: 1}\n",
		"acme/tasks/spin.yaml":   task("spin", spin, "timeout: 1h\n"),
		"acme/tasks/fast.yaml":   task("fast", "SELECT 1 AS n", "timeout: 1h\n"),
		"acme/tasks/short.yaml":  task("short", "SELECT 1 AS n", "timeout: 200ms\n"),
		"globex/wasmsql.yaml":    config,
		"globex/tasks/fast.yaml": task("fast", "SELECT 1 AS n", ""),
	}, nil)
	acme, globex := s.token("acme", server.Run), s.token("globex", server.Run)
	_, leave := s.begun("spin", acme)
	s.stands(acme, 1, 0)
	if p := s.do("POST", "/v1/tasks/short/run", acme, "{}").problem(t); p.Status != 422 || p.Code != "limit" || !p.Retryable || p.Detail != "the deadline of 200ms has passed before the tenant's quota had room for the execution" {
		t.Errorf("a task that may take 200 ms: %+v", p)
	}
	_, gone := s.begun("fast", acme)
	s.stands(acme, 1, 1)
	gone()
	s.stands(acme, 1, 0)
	waiting, _ := s.begun("fast", acme)
	s.stands(acme, 1, 1)
	files{"acme/tasks/fast.yaml": task("fast", "SELECT 2 AS n", "timeout: 1h\n")}.write(t, s.dir)
	s.reload() // what has begun, or waits, ends in the world that it began in
	s.stands(acme, 1, 1)
	if p := s.do("POST", "/v1/tasks/fast/run", acme, "{}").problem(t); p.Code != "busy" {
		t.Errorf("a third: %+v", p)
	}
	if got := s.do("POST", "/v1/tasks/fast/run", globex, "{}"); got.status != 200 {
		t.Error("another tenant waits too:", got.status, got.body)
	}
	leave()
	if got := <-waiting; got.status != 200 || got.body != "[\n{\"n\":1}\n]\n" {
		t.Error("its turn has come:", got.status, got.body)
	}
	s.stands(acme, 0, 0)
	outcomes := map[string]int{}
	for _, r := range s.kept.list() {
		outcomes[r.Task+" "+r.Outcome]++
	}
	for _, want := range []string{"short limit", "fast canceled", "fast busy", "spin canceled", "fast ok"} {
		if outcomes[want] == 0 {
			t.Errorf("%v, without %s", outcomes, want)
		}
	}
}

// TestT8CloseDrains stops the server while something runs.
func TestT8CloseDrains(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":    config,
		"acme/tasks/spin.yaml": task("spin", spin, "timeout: 1h\n"),
	}, nil)
	token := s.token("acme", server.Run)
	got, _ := s.begun("spin", token)
	s.stands(token, 1, 0)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
	if ctx.Err() == nil {
		t.Error("closed without waiting")
	}
	if p := (<-got).problem(t); p.Code != string(host.CodeCanceled) {
		t.Errorf("%+v", p)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error("closed twice:", err)
	}
}

// TestT6TokensAreKeptHashed looks for the secret in the tenant's folder.
func TestT6TokensAreKeptHashed(t *testing.T) {
	dir := t.TempDir()
	text, token, err := server.NewToken(dir, server.Read, "a note")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := os.ReadFile(filepath.Join(dir, "tokens.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	secret := text[strings.LastIndex(text, "_")+1:]
	if strings.Contains(string(kept), secret) || !strings.Contains(string(kept), token.Hash) || len(secret) != 52 {
		t.Errorf("%s in %s", text, kept)
	}
	if st, err := os.Stat(filepath.Join(dir, "tokens.yaml")); err != nil || st.Mode().Perm() != 0o644 {
		t.Error(st.Mode(), err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { _, _, _ = server.NewToken(dir, server.Run, "") })
	}
	wg.Wait()
	all, err := server.Tokens(dir)
	if err != nil || len(all) < 2 || all[0].ID != token.ID {
		t.Error(all, err)
	}
	if err := server.RevokeToken(dir, token.ID); err != nil {
		t.Fatal(err)
	}
	if err := server.RevokeToken(dir, token.ID); err == nil {
		t.Error("revoked twice")
	}
}

// TestT6TokenExpires uses a token until its time is over.
func TestT6TokenExpires(t *testing.T) {
	s := serve(t, files{"acme/wasmsql.yaml": config}, nil)
	text, token, err := server.NewTokenFor(filepath.Join(s.dir, "acme"), server.Read, "", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	s.reload()
	if got := s.do("GET", "/v1/tasks", text, ""); got.status != 200 || token.Expires.Sub(token.Created) != time.Hour {
		t.Error(got.status, token)
	}
	name := filepath.Join(s.dir, "acme", "tokens.yaml")
	kept, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	files{"acme/tokens.yaml": strings.Replace(string(kept), token.Expires.Format(time.RFC3339), token.Created.Add(-time.Minute).Format(time.RFC3339), 1)}.write(t, s.dir)
	s.reload()
	if p := s.do("GET", "/v1/tasks", text, "").problem(t); p.Status != 401 || p.Detail != "there is no valid token in the request" || len(s.Broken()) != 0 {
		t.Errorf("expired: %+v %v", p, s.Broken())
	}
	if all, err := server.Tokens(filepath.Join(s.dir, "acme")); err != nil || len(all) != 1 || !all[0].Expired(time.Now()) {
		t.Error(all, err)
	}
}

func allDrivers() map[string]sqldb.Driver {
	return map[string]sqldb.Driver{"sqlite": sqlite.Driver{}, "postgresql": postgres.Driver{}, "mysql": mysql.Driver{}}
}

// TestC4Networks has a tenant's connection reach for addresses that the operator
// does not allow, however they are written: no connection is made.
func TestC4Networks(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Error("a connection was made")
			c.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0177.0.0.1", "0.0.0.0", "0x7f000001", "[::]", "127.0.0.2"} {
		for _, scheme := range []string{"postgresql", "mysql"} {
			s := serve(t, files{
				"acme/wasmsql.yaml":   "connections: {db: {uri: '" + scheme + "://u@" + host + ":" + port + "/d'}}\n",
				"acme/tasks/one.yaml": task("one", "SELECT 1 AS n", "timeout: 1h\n"),
			}, func(c *server.Config) {
				c.Drivers = allDrivers()
				c.Address = func(a netip.AddrPort) error {
					if a.Addr().IsPrivate() {
						return nil
					}
					return errors.New("the address is not one that this server allows")
				}
			})
			token := s.token("acme", server.Run)
			if s.Broken()["acme"] != nil {
				continue // it is not even well formed
			}
			p := s.do("POST", "/v1/tasks/one/run", token, "{}").problem(t)
			if p.Status != 502 || p.Code != "connection" || strings.Contains(p.Detail, port) {
				t.Errorf("%s://%s: %+v", scheme, host, p)
			}
		}
	}
}
