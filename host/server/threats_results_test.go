package server_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/server"
)

// TestD2SlowReaders has clients take a large result a kilobyte at a time, or
// not at all: the server keeps little of it, and ends what nobody reads.
func TestD2SlowReaders(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml": config,
		"acme/tasks/large.yaml": task("large", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 20000000)\n"+
			"SELECT i, printf('%.*c', 200, 'x') AS x FROM n", "timeout: 1m\n"),
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
	begun := time.Now()
	for range 5 {
		for _, b := range bodies[:2] { // the others are not read at all
			if _, err := io.ReadFull(b, make([]byte, 1<<10)); err != nil {
				t.Error("a slow reader:", err)
			}
		}
		time.Sleep(time.Second)
		if grown := heap() - before; grown > 100<<20 {
			t.Fatalf("the heap has grown by %d MB", grown>>20)
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
	for deadline := time.Now().Add(10 * time.Second); len(s.kept.list()) < 6 && time.Now().Before(deadline); {
		time.Sleep(20 * time.Millisecond)
	}
	outcomes := map[string]int{}
	for _, r := range s.kept.list() {
		outcomes[r.Outcome]++
	}
	if d := time.Since(begun); len(s.kept.list()) != 6 || outcomes["ok"] != 0 || d > 30*time.Second {
		t.Errorf("%v after %s", outcomes, d)
	}
	if got := s.do("GET", "/v1/tenant", token, ""); !strings.Contains(got.body, `"running":0`) {
		t.Error(got.body)
	}
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
	for i, name := range names {
		dir := fmt.Sprintf("loud%d/", i)
		all[dir+"wasmsql.yaml"] = config + "limits: " + limits + "\nquotas: {running: 4}\n"
		all[dir+"modules/m.wasm"] = module(t, name)
		all[dir+"tasks/m.yaml"] = "name: m\nmodule: ../modules/m.wasm\nconnection: db\noutputs: none\n"
	}
	return all
}

// storm runs the modules of loud tenants again and again until the quiet one
// was answered so many times, each module three times at once and at least once
// each. It returns the answers of the loud and the slowest of the quiet.
func storm(t *testing.T, s *served, tenants, times int) (loud []problem, slowest time.Duration) {
	t.Helper()
	stop := make(chan struct{})
	answers := make(chan []answer)
	quiet := s.token("quiet", server.Run)
	for i := range tenants {
		token := s.token(fmt.Sprintf("loud%d", i), server.Run)
		for range 3 {
			go func() {
				var got []answer
				for {
					got = append(got, s.do("POST", "/v1/tasks/m/run", token, "{}"))
					select {
					case <-stop:
						answers <- got
						return
					default:
					}
				}
			}()
		}
	}
	time.Sleep(100 * time.Millisecond)
	for range times {
		begun := time.Now()
		if got := s.do("POST", "/v1/tasks/one/run", quiet, "{}"); got.status != 200 {
			t.Error("the quiet tenant:", got.status, got.body)
		}
		slowest = max(slowest, time.Since(begun))
	}
	close(stop)
	for range 3 * tenants {
		for _, a := range <-answers {
			loud = append(loud, a.problem(t))
		}
	}
	return loud, slowest
}

// TestG1Endless has tenants run modules without an end: each is ended by a
// limit, and another tenant is answered in time.
func TestG1Endless(t *testing.T) {
	t.Parallel()
	s := serve(t, guests(t, "{timeout: 1s, fuel: 100000000000}", "spin", "evil-spin-memory", "evil-spin-br-table"), nil)
	loud, slowest := storm(t, s, 3, 100)
	ends := map[string]int{}
	for _, p := range loud {
		ends[fmt.Sprint(p.Status, p.Code)]++
	}
	if ends["422limit"] != len(loud) || len(loud) < 9 || slowest > 5*time.Second {
		t.Errorf("%v; the quiet tenant waited for %s", ends, slowest)
	}
}

// TestG8Calls has tenants call the host without an end.
func TestG8Calls(t *testing.T) {
	t.Parallel()
	s := serve(t, guests(t, "{timeout: 5s, host_calls: 10000, fuel: 100000000000}", "call-storm", "evil-storm-query", "evil-storm-random"), nil)
	loud, slowest := storm(t, s, 3, 50)
	ends := map[string]int{}
	for _, p := range loud {
		ends[fmt.Sprint(p.Status, p.Code)]++
	}
	if ends["422limit"] != len(loud) || len(loud) < 9 || slowest > 5*time.Second {
		t.Errorf("%v; the quiet tenant waited for %s", ends, slowest)
	}
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
	if len(log) > 16<<20 { // of which nearly all is a line for each byte that a guest logs, up to its limit
		t.Errorf("the log has %d bytes", len(log))
	}
}
