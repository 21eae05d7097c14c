package server_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestT9MixedRequestsSQLite sends thousands of requests of which most fail, each
// in its own way, and compares what the process holds before and after.
func TestT9MixedRequestsSQLite(t *testing.T) {
	dir := t.TempDir()
	mixedRequests(t, "sqlite:///"+filepath.Join(dir, "data.db"), nil, func(c *server.Config) {
		withState(t, dir)(c)
		c.Files = []string{dir}
	})
}

// TestT9MixedRequestsPostgres is the same with connections that the database
// ends again and again.
func TestT9MixedRequestsPostgres(t *testing.T) {
	data, state := sqldbtest.Postgres(t), sqldbtest.Postgres(t)
	look, err := sql.Open("pgx", data)
	if err != nil {
		t.Fatal(err)
	}
	defer look.Close()
	look.SetMaxOpenConns(1)
	mixedRequests(t, data, look, withStateIn(t, state, filepath.Join(t.TempDir(), "results")))
}

// mixedTenant is a tenant with tasks that end in all the ways they can. Its
// connections are few, so that they are all there before anything is counted.
func mixedTenant(t *testing.T, uri string) files {
	t.Helper()
	trap, err := os.ReadFile(filepath.Join("..", "..", "testdata", "guests", "wat", "trap.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	numbers := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < %d) SELECT i, 'some text that makes a row longer' AS t FROM n"
	return files{
		"wasmsql.yaml":       fmt.Sprintf("connections: {db: {uri: %q, access: read-write, limits: {rows: 50000}, pool: {max: 4, idle: 4}}}\nquotas: {running: 6, waiting: 100}\n", uri),
		"tasks/point.yaml":   task("point", "SELECT {{ x }} AS n", "inputs: {x: int}\n"),
		"tasks/large.yaml":   task("large", fmt.Sprintf(numbers, 20_000), ""),
		"tasks/over.yaml":    task("over", fmt.Sprintf(numbers, 60_000), ""), // over the limit of rows, after the answer has begun
		"tasks/missing.yaml": task("missing", "SELECT * FROM missing", ""),
		"tasks/spin.yaml":    task("spin", spin, "timeout: 15ms\n"),
		"tasks/change.yaml":  task("change", "INSERT INTO changes VALUES ({{ x }})", "inputs: {x: int}\noutputs: none\n"),
		"tasks/trap.yaml":    "name: trap\nmodule: ../modules/trap.wasm\nconnection: db\noutputs: none\n",
		"modules/trap.wasm":  string(trap),
	}
}

// mixed is a client of a server that everything happens to.
type mixed struct {
	*served
	web     *http.Client
	token   string
	other   string // token of a tenant that comes and goes
	unsure  bool   // the database ends connections: any task may fail
	counts  [20]atomic.Int64
	refused atomic.Int64 // that the tenant had no room for
}

func mixedRequests(t *testing.T, uri string, look *sql.DB, change func(*server.Config)) {
	_, around := descriptors() // of other tests
	audit, err := server.OpenAudit(filepath.Join(t.TempDir(), "audit.ndjson"))
	if err != nil {
		t.Fatal(err)
	}
	tenants := files{}
	for _, tenant := range []string{"acme", "globex"} {
		for name, text := range mixedTenant(t, uri) {
			tenants[tenant+"/"+name] = text
		}
	}
	tenants["acme/tasks/create.yaml"] = task("create", "CREATE TABLE changes (x INTEGER)", "outputs: none\n")
	s := serve(t, tenants, func(c *server.Config) {
		change(c)
		c.Audit, c.Logger, c.Drain = audit, slog.New(slog.DiscardHandler), 2*time.Second
	})
	t.Cleanup(func() { _ = audit.Close() })
	m := &mixed{served: s, web: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 16}}, unsure: look != nil}
	m.token, m.other = s.token("acme", server.Run), s.token("globex", server.Run)
	if got := s.do("POST", "/v1/tasks/create/run", m.token, "{}"); got.status != 200 {
		t.Fatal(got.status, got.body)
	}
	n := sized(10_000)
	m.all(n/5, look)
	before := m.footprint(look, nil)
	m.all(n, look)
	after := m.footprint(look, &before)
	t.Logf("before %+v, after %+v; no room for %d requests", before, after, m.refused.Load())
	for i, kind := range kinds {
		if m.counts[i].Load() == 0 {
			t.Errorf("no request %q", kind.name)
		}
	}
	if after.more(before) {
		buf := make([]byte, 1<<20)
		t.Errorf("goroutines, descriptors, sessions or memory are left: before %+v, after %+v\n%s", before, after, buf[:goruntime.Stack(buf, true)])
	}
	if err := s.Close(context.Background()); err != nil {
		t.Error(err)
	}
	sqldbtest.Eventually(t, "sessions of the database are left by a server that is closed", func() bool { return sessions(t, look) == 0 })
	sqldbtest.Eventually(t, "sockets are left by a server that is closed", func() bool {
		_, n := descriptors()
		return n <= around+4 // that of HTTP, and look's
	})
}

// mostSockets are those of pools, which keep what was needed lately: four of
// each tenant, 16 of the state; and a few of the test's own.
const mostSockets = 2*4 + 16 + 6

// goroutinesOfPools come and go with connections: database/sql's cleaner, River's
// listener, idle connections of HTTP. It is a small part of how often each kind
// of request is sent, so what one of a kind leaves is seen.
const goroutinesOfPools = 8

// held is what a process holds.
type held struct {
	goroutines, descriptors int // descriptors without sockets
	sockets                 int // of which pools have more or fewer
	sessions                int // of the database
	heap                    uint64
}

// more reports whether it is more than what was before.
func (h held) more(before held) bool {
	return h.goroutines > before.goroutines+goroutinesOfPools || h.descriptors > before.descriptors || h.sessions > 8 || h.sockets > mostSockets ||
		h.heap > before.heap+8<<20
}

// footprint returns what the process holds when nothing runs. Where it is more
// than before it looks again, for a while.
func (m *mixed) footprint(look *sql.DB, before *held) held {
	m.t.Helper()
	began := time.Now()
	for {
		m.web.CloseIdleConnections()
		http.DefaultClient.CloseIdleConnections()
		time.Sleep(200 * time.Millisecond)
		goruntime.GC()
		var mem goruntime.MemStats
		goruntime.ReadMemStats(&mem)
		h := held{goroutines: goruntime.NumGoroutine(), heap: mem.HeapAlloc, sessions: sessions(m.t, look)}
		h.descriptors, h.sockets = descriptors()
		busy := m.gauge("wasmsql_running") + m.gauge("wasmsql_waiting")
		settled := before != nil && !h.more(*before) || before == nil && time.Since(began) > 3*time.Second
		if busy == 0 && settled || time.Since(began) > sqldbtest.Patience {
			return h
		}
	}
}

// descriptors returns how many descriptors the process has, without sockets, and
// how many sockets.
func descriptors() (others, sockets int) {
	all, _ := os.ReadDir("/proc/self/fd")
	for _, e := range all {
		if to, _ := os.Readlink(filepath.Join("/proc/self/fd", e.Name())); strings.HasPrefix(to, "socket:") {
			sockets++
		} else {
			others++
		}
	}
	return others, sockets
}

// sessions returns how many sessions the server has at the database.
func sessions(t *testing.T, look *sql.DB) (n int) {
	t.Helper()
	if look == nil {
		return 0
	}
	if err := look.QueryRow("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// gauge returns the sum of a measurement over its tenants.
func (s *served) gauge(name string, labels ...string) (sum int) {
	s.t.Helper()
	res, err := http.Get(s.url + "/metrics")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		text, value, _ := strings.Cut(lines.Text(), "} ")
		if strings.HasPrefix(text, name+"{") && !slices.ContainsFunc(labels, func(l string) bool { return !strings.Contains(text, l) }) {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				s.t.Fatal(err)
			}
			sum += int(n)
		}
	}
	return sum
}

// all sends n requests from several clients, while a tenant comes and goes and
// the database ends sessions.
func (m *mixed) all(n int, look *sql.DB) {
	ctx, cancel := context.WithCancel(m.t.Context())
	var around, clients sync.WaitGroup
	around.Go(func() { m.change(ctx) })
	if look != nil {
		around.Go(func() {
			for wait(ctx, 30*time.Millisecond) {
				if _, err := look.Exec("SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1) one"); err != nil {
					m.t.Error(err)
				}
			}
		})
	}
	var next atomic.Int64
	for range 12 {
		clients.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				k := int(i) % len(kinds)
				m.counts[k].Add(1)
				if err := kinds[k].send(m, int(i)/len(kinds)); err != nil {
					m.t.Errorf("%s: %v", kinds[k].name, err)
				}
			}
		})
	}
	clients.Wait()
	cancel()
	around.Wait()
	if err := m.expect("GET", "/v1/tasks", m.other, "", 200); err != nil {
		m.t.Errorf("the tenant that came and went is not there: %v; %v", err, m.Broken())
	}
}

// wait waits, and reports whether ctx goes on.
func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// change reloads a tenant, breaks it, removes it and brings it back.
func (m *mixed) change(ctx context.Context) {
	dir := filepath.Join(m.dir, "globex")
	for i := 0; wait(ctx, 20*time.Millisecond); i++ {
		var err error
		switch i % 4 {
		case 0:
			err = os.WriteFile(filepath.Join(dir, "tasks", "more.yaml"), []byte(task("more", fmt.Sprintf("SELECT %d AS n", i), "")), 0o600)
		case 1:
			err = os.WriteFile(filepath.Join(dir, "tasks", "more.yaml"), []byte("name: more\nquery: {{{\n"), 0o600)
		case 2:
			err = os.Rename(dir, dir+".away") // whose name is none of a tenant
		case 3:
			err = errors.Join(os.Rename(dir+".away", dir), os.Remove(filepath.Join(dir, "tasks", "more.yaml")))
		}
		if err = errors.Join(err, m.Reload(ctx)); err != nil && ctx.Err() == nil {
			m.t.Error(err)
		}
	}
	if _, err := os.Stat(dir + ".away"); err == nil {
		if err := os.Rename(dir+".away", dir); err != nil {
			m.t.Error(err)
		}
	}
	_ = os.Remove(filepath.Join(dir, "tasks", "more.yaml"))
	m.reload()
}

// send sends a request, and returns its answer's status and body.
func (m *mixed) send(ctx context.Context, method, path, token, body string) (int, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, m.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	res, err := m.web.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// expect sends a request whose answer has to have one of the statuses. That the
// tenant has no room is always one, and that the database is gone where it goes.
func (m *mixed) expect(method, path, token, body string, statuses ...int) error {
	status, text, err := m.send(context.Background(), method, path, token, body)
	if err != nil {
		return err
	}
	switch {
	case status == http.StatusTooManyRequests:
		m.refused.Add(1)
		return nil
	case m.unsure && (status == http.StatusBadGateway || strings.Contains(text, `"retryable":true`) || strings.Contains(text, `"sqlstate":"57P01"`)):
		return nil
	case !slices.Contains(statuses, status):
		return fmt.Errorf("status %d, want one of %v: %s", status, statuses, text)
	}
	return nil
}

// cut sends some bytes of a request, reads some of the answer, and hangs up.
func (m *mixed) cut(text string, read int) error {
	conn, err := net.Dial("tcp", strings.TrimPrefix(m.url, "http://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, text); err != nil {
		return err
	}
	_ = conn.SetReadDeadline(time.Now().Add(sqldbtest.Patience))
	_, err = io.ReadFull(conn, make([]byte, read))
	return err
}

func (m *mixed) head(task, token string, length int) string {
	return fmt.Sprintf("POST /v1/tasks/%s/run HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", task, token, length)
}

// submit queues an execution, and returns its id, or "" where the tenant has no
// room.
func (m *mixed) submit(body string) (string, error) {
	status, text, err := m.send(context.Background(), "POST", "/v1/executions", m.token, body)
	if status == http.StatusTooManyRequests {
		m.refused.Add(1)
		return "", err
	}
	var e struct{ ID string }
	if err == nil && status != http.StatusAccepted {
		err = fmt.Errorf("status %d: %s", status, text)
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &e)
	}
	return e.ID, err
}

// kinds are the requests, the first one as often as the others.
var kinds = []struct {
	name string
	send func(m *mixed, i int) error
}{
	{"a point query", func(m *mixed, i int) error {
		return m.expect("POST", "/v1/tasks/point/run", m.token, fmt.Sprintf(`{"inputs": {"x": %d}}`, i), 200)
	}},
	{"a bad token", func(m *mixed, _ int) error {
		return m.expect("POST", "/v1/tasks/point/run", m.token[:len(m.token)-1]+"_", `{"inputs": {"x": 1}}`, 401)
	}},
	{"a bad body", func(m *mixed, i int) error {
		bodies := []string{"", "{", `{"inputs": {"x": "text"}}`, `{"inputs": {}}`, `{"x": 1}`, "[1, 2]", strings.Repeat("[", 1000), string(bytes.Repeat([]byte{0xff}, 100))}
		return m.expect("POST", "/v1/tasks/point/run", m.token, bodies[i%len(bodies)], 400, 415)
	}},
	{"a client that goes", func(m *mixed, i int) error {
		ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i%7)*time.Millisecond)
		defer cancel()
		_, _, err := m.send(ctx, "POST", "/v1/tasks/spin/run", m.token, "{}")
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			return nil
		}
		return err
	}},
	{"a cut body", func(m *mixed, _ int) error { return m.cut(m.head("point", m.token, 1000)+`{"inputs": {"x"`, 0) }},
	{"a cut answer", func(m *mixed, _ int) error { return m.cut(m.head("large", m.token, 2)+"{}", 20) }},
	{"a failing statement", func(m *mixed, _ int) error { return m.expect("POST", "/v1/tasks/missing/run", m.token, "{}", 422) }},
	{"a deadline", func(m *mixed, _ int) error { return m.expect("POST", "/v1/tasks/spin/run", m.token, "{}", 422) }},
	{"a limit behind the first byte", func(m *mixed, _ int) error {
		status, _, err := m.send(context.Background(), "POST", "/v1/tasks/over/run", m.token, "{}")
		if status == http.StatusOK && err == nil {
			return errors.New("the answer passes for whole")
		}
		return nil
	}},
	{"a large answer", func(m *mixed, _ int) error {
		status, text, err := m.send(context.Background(), "POST", "/v1/tasks/large/run", m.token, "{}")
		if status == http.StatusOK && err == nil && (strings.Count(text, "\n") != 20_002 || !json.Valid([]byte(text))) {
			return fmt.Errorf("%d bytes that are not the result", len(text))
		}
		if status == http.StatusOK && err != nil && !m.unsure {
			return err
		}
		return nil
	}},
	{"a change", func(m *mixed, i int) error {
		return m.expect("POST", "/v1/tasks/change/run", m.token, fmt.Sprintf(`{"inputs": {"x": %d}}`, i), 200)
	}},
	{"a trap", func(m *mixed, _ int) error { return m.expect("POST", "/v1/tasks/trap/run", m.token, "{}", 403, 422) }},
	{"what is not there", func(m *mixed, i int) error {
		paths := []string{"/v1/tasks/none/run", "/v1/executions/none", "/../etc/passwd", "/v1/tasks/%2e%2e/run", "/v2"}
		return m.expect("POST", paths[i%len(paths)], m.token, "{}", 404, 405)
	}},
	{"a tenant that comes and goes", func(m *mixed, _ int) error {
		return m.expect("POST", "/v1/tasks/point/run", m.other, `{"inputs": {"x": 1}}`, 200, 401, 409, 503)
	}},
	{"its spinning task", func(m *mixed, _ int) error {
		return m.expect("POST", "/v1/tasks/spin/run", m.other, "{}", 401, 409, 422, 503)
	}},
	{"an execution that is cancelled", func(m *mixed, i int) error {
		id, err := m.submit(`{"task": "spin"}`)
		if err != nil || id == "" {
			return err
		}
		time.Sleep(time.Duration(i%5) * 10 * time.Millisecond)
		return m.expect("DELETE", "/v1/executions/"+id, m.token, "", 202)
	}},
	{"an execution and its result", func(m *mixed, i int) error {
		id, err := m.submit(fmt.Sprintf(`{"task": "point", "inputs": {"x": %d}}`, i))
		if err != nil || id == "" {
			return err
		}
		var status int
		var text string
		for text == "" || strings.Contains(text, `"queued"`) || strings.Contains(text, `"running"`) || strings.Contains(text, `"committing"`) {
			status, text, err = m.send(context.Background(), "GET", "/v1/executions/"+id+"?wait=60s", m.token, "")
			if err != nil || status != 200 {
				return fmt.Errorf("status %d: %s: %w", status, text, err)
			}
		}
		if m.unsure && (strings.Contains(text, `"failed"`) || strings.Contains(text, `"unknown"`)) {
			return nil
		}
		return m.expect("GET", "/v1/executions/"+id+"/result", m.token, "", 200)
	}},
	{"a client that does not wait", func(m *mixed, _ int) error {
		id, err := m.submit(`{"task": "large"}`)
		if err != nil || id == "" {
			return err
		}
		return m.cut("GET /v1/executions/"+id+"?wait=60s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+m.token+"\r\n\r\n", 0)
	}},
}
