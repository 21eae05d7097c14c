package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestD2SlowReaders has clients take a large result a kilobyte at a time, or
// not at all: the server keeps little of it, and ends what nobody reads.
func TestD2SlowReaders(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml": config,
		"acme/tasks/large.yaml": task("large", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20000000)\n"+
			"SELECT i, printf('%.*c', 200, 'x') AS x FROM n", "timeout: 1h\n"),
	}, func(c *server.Config) { c.Patience = 3 * time.Second })
	secure := serveTLS(t, s, newAuthority(t))
	token := s.token("acme", server.Run)
	heap := func() int64 {
		var m goruntime.MemStats
		goruntime.GC()
		goruntime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	var bodies []io.ReadCloser
	for i := range 6 {
		r, _ := http.NewRequestWithContext(t.Context(), "POST", "https://"+secure.addr+"/v1/tasks/large/run", strings.NewReader("{}"))
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "text/csv")
		res, err := secure.client(i%2 == 0).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		bodies = append(bodies, res.Body)
	}
	for n := 0; n < 5 || len(s.kept.list()) < len(bodies)-2; n++ {
		for _, b := range bodies[:2] { // the others are not read at all
			if _, err := io.ReadFull(b, make([]byte, 1<<10)); err != nil {
				t.Error("a slow reader:", err)
			}
		}
		time.Sleep(time.Second)
		if grown := heap() - before; grown > 100<<20 {
			t.Fatalf("the heap has grown by %d MB", grown>>20)
		}
		if n > int(sqldbtest.Patience/time.Second) {
			t.Fatal("clients that take nothing are waited for")
		}
	}
	for _, b := range bodies[2:] {
		if _, err := io.Copy(io.Discard, b); err == nil {
			t.Error("a client that took nothing for long got a whole result")
		}
	}
	for _, b := range bodies[:2] {
		b.Close() // the client goes away
	}
	sqldbtest.Eventually(t, "clients that have gone are waited for", func() bool { return len(s.kept.list()) == 6 })
	outcomes := map[string]int{}
	for _, r := range s.kept.list() {
		outcomes[r.Outcome]++
	}
	if outcomes["ok"] != 0 {
		t.Errorf("%v", outcomes)
	}
	s.stands(token, 0, 0)
}

// module returns a module of the tests of the host.
func module(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../testdata/guests/wat", name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// guests are tenants with a module each, and one that is quiet.
func guests(t *testing.T, limits string, names ...string) files {
	t.Helper()
	all := files{"quiet/wasmsql.yaml": config, "quiet/tasks/one.yaml": task("one", "SELECT 1 AS n", "")}
	loud(t, all, "loud", limits, names...)
	return all
}

// loud adds tenants with a module each: prefix0 and so on.
func loud(t *testing.T, to files, prefix, limits string, names ...string) {
	t.Helper()
	for i, name := range names {
		dir := fmt.Sprintf("%s%d/", prefix, i)
		to[dir+"wasmsql.yaml"] = config + "limits: " + limits + "\nquotas: {running: 4}\n"
		to[dir+"modules/m.wasm"] = module(t, name)
		to[dir+"tasks/m.yaml"] = "name: m\nmodule: ../modules/m.wasm\nconnection: db\noutputs: none\n"
	}
}

// boundless are limits that no test reaches.
const boundless = "{timeout: 1h, host_calls: 1000000000000, fuel: 1000000000000000}"

// storm runs modules that have no end three times at once each, again and again
// where they end all the same, while a quiet tenant is answered so many times:
// it would wait for an hour if it had to wait for them. With limits, each run
// ends in one.
func storm(t *testing.T, times int, limits string, names ...string) {
	t.Helper()
	all := guests(t, boundless, names...)
	loud(t, all, "bound", limits, names...)
	s := serve(t, all, nil)
	ctx, leave := context.WithCancel(t.Context())
	var around sync.WaitGroup
	for i := range names {
		token := s.token(fmt.Sprintf("loud%d", i), server.Run)
		for range 3 {
			around.Go(func() {
				for ctx.Err() == nil {
					_, _ = s.try(ctx, "POST", "/v1/tasks/m/run", token, "{}")
				}
			})
		}
	}
	sqldbtest.Eventually(t, "the modules never run all at once", func() bool { return s.gauge("wasmsql_running") == 3*len(names) })
	quiet := s.token("quiet", server.Run)
	for range times {
		if got := s.do("POST", "/v1/tasks/one/run", quiet, "{}"); got.status != 200 {
			t.Error("the quiet tenant:", got.status, got.body)
		}
	}
	leave()
	around.Wait()
	for i, name := range names {
		token := s.token(fmt.Sprintf("bound%d", i), server.Run)
		var ended []<-chan answer
		for range 3 {
			end, _ := s.begun("m", token)
			ended = append(ended, end)
		}
		for _, end := range ended {
			if p := (<-end).problem(t); p.Status != 422 || p.Code != "limit" {
				t.Errorf("%s: %+v", name, p)
			}
		}
	}
}

// TestG1Endless has tenants run modules without an end: another tenant is
// answered meanwhile, and each is ended by a limit.
func TestG1Endless(t *testing.T) {
	t.Parallel()
	storm(t, 100, "{timeout: 1s, fuel: 100000000000}", "spin", "evil-spin-memory", "evil-spin-br-table")
}

// TestG8Calls has tenants call the host without an end.
func TestG8Calls(t *testing.T) {
	t.Parallel()
	storm(t, 50, "{timeout: 1h, host_calls: 10000, fuel: 100000000000}", "call-storm", "evil-storm-query", "evil-storm-random")
}

// TestG15Floods has modules print without an end, and what a terminal or a
// reader of logs would obey: answers, logs and the audit hold none of it.
func TestG15Floods(t *testing.T) {
	t.Parallel()
	all := guests(t, "{timeout: 10s, fuel: 100000000000}", "escapes", "stdout-flood", "evil-stdout-endless", "evil-stdout-vectors", "evil-log-storm", "evil-escapes-fail", "evil-escapes-stderr", "evil-escapes-sql")
	s := serve(t, all, nil)
	for i := range 8 {
		token := s.token(fmt.Sprintf("loud%d", i), server.Run)
		got := s.do("POST", "/v1/tasks/m/run", token, "{}")
		if p := got.problem(t); p.Status < 400 || len(got.body) > 70<<10 || strings.ContainsFunc(p.Detail, func(c rune) bool { return c < ' ' && c != '\n' || c == 0x7f || c >= 0x80 && c < 0xa0 }) {
			t.Errorf("%d: %d bytes: %.300q", i, len(got.body), got.body)
		}
	}
	log := s.log.String()
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, `{"time":`) || !strings.HasSuffix(line, "}\n") || bytes.ContainsFunc([]byte(strings.TrimSuffix(line, "\n")), func(c rune) bool { return c < ' ' }) {
			t.Errorf("the log has the line %q", line[:min(len(line), 300)])
		}
	}
	if len(log) > 1<<20 { // also of who logs a line for each byte
		t.Errorf("the log has %d bytes", len(log))
	}
}
