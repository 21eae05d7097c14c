package server_test

import (
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

// TestC14NoisyTenantSQLite has a tenant fill all it may have with guests that
// spin and clients that read a kilobyte a second, with hundreds of executions
// waiting behind them. Another tenant's requests are answered as if it were
// alone, and memory does not grow.
func TestC14NoisyTenantSQLite(t *testing.T) {
	dir := t.TempDir()
	noisyTenant(t, "sqlite:///data.db", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 3000000) SELECT i, 'row number ' || i AS t FROM n", withState(t, dir))
}

// TestC14NoisyTenantPostgres is the same with rows that come over a network.
func TestC14NoisyTenantPostgres(t *testing.T) {
	data, state := sqldbtest.Postgres(t), sqldbtest.Postgres(t)
	noisyTenant(t, data, "SELECT i, 'row number ' || i AS t FROM generate_series(1, 3000000) i", withStateIn(t, state, filepath.Join(t.TempDir(), "results")))
}

// What the noisy tenant has: places of its quota for spinning guests and for
// readers.
const (
	noisySpinning = 4
	noisyReading  = 4
	noisyRunning  = noisySpinning + noisyReading
)

func noisyTenant(t *testing.T, uri, rows string, change func(*server.Config)) {
	spin, err := os.ReadFile(filepath.Join("..", "..", "testdata", "guests", "wat", "evil-spin-empty.wasm"))
	if err != nil {
		t.Fatal(err)
	}
	connection := fmt.Sprintf("connections: {db: {uri: %q, access: read-write}}\n", uri)
	waiting := sized(1000)
	s := serve(t, files{
		"noisy/wasmsql.yaml":      connection + fmt.Sprintf("limits: {fuel: 1000000000000000, timeout: 10m}\nquotas: {running: %d, waiting: %d}\n", noisyRunning, waiting),
		"noisy/modules/spin.wasm": string(spin),
		"noisy/tasks/spin.yaml":   "name: spin\nmodule: ../modules/spin.wasm\nconnection: db\noutputs: none\ntimeout: 10m\n",
		"noisy/tasks/large.yaml":  task("large", rows, "timeout: 10m\n"),
		"noisy/tasks/point.yaml":  task("point", "SELECT 1 AS n", ""),
		"quiet/wasmsql.yaml":      connection,
		"quiet/tasks/point.yaml":  task("point", "SELECT {{ x }} AS n", "inputs: {x: int}\n"),
	}, change)
	noisy, quiet := s.token("noisy", server.Operate), s.token("quiet", server.Run)
	ask := func(i int) {
		t.Helper()
		if got := s.do("POST", "/v1/tasks/point/run", quiet, fmt.Sprintf(`{"inputs": {"x": %d}}`, i)); got.status != 200 || got.body != fmt.Sprintf("[\n{\"n\":%d}\n]\n", i) {
			t.Errorf("the quiet tenant got status %d: %s", got.status, got.body)
		}
	}
	for i := range 20 {
		ask(i)
	}
	before := heap()

	n := &noise{served: s, token: noisy}
	ctx, cancel := context.WithCancel(t.Context())
	for range noisySpinning {
		n.begin(ctx, "spin", false)
	}
	for range noisyReading {
		n.begin(ctx, "large", true)
	}
	s.until("wasmsql_running", noisyRunning)
	for range waiting / 2 {
		n.begin(ctx, "spin", false)
	}
	s.until("wasmsql_waiting", waiting/2)
	var queued []string
	for range waiting / 2 {
		queued = append(queued, s.do("POST", "/v1/executions", noisy, `{"task": "point"}`).execution(t).ID)
	}

	highest, requests := uint64(0), 0
	for end := time.Now().Add(3 * time.Second); requests < 100 || time.Now().Before(end); requests++ {
		ask(requests)
		if requests%20 == 0 {
			highest = max(highest, heap())
			if running, w := s.gauge("wasmsql_running", `"noisy"`), s.gauge("wasmsql_waiting", `"noisy"`); running != noisyRunning || w < waiting/2 {
				t.Errorf("of the noisy tenant %d run and %d wait", running, w)
			}
		}
	}
	t.Logf("%d requests of the quiet tenant; the heap had %d bytes, and at most %d", requests, before, highest)
	if highest > before+96<<20 { // four results in flight, with two batches of 8 MiB each
		t.Errorf("the heap has grown from %d to %d bytes", before, highest)
	}
	for _, id := range queued {
		if e := s.do("GET", "/v1/executions/"+id, noisy, "").execution(t); e.Status != "queued" {
			t.Errorf("an execution of the noisy tenant, which has no room, is %s", e.Status)
		}
	}
	if got := s.gauge("wasmsql_waiting", `"quiet"`); got != 0 {
		t.Errorf("%d executions of the quiet tenant wait", got)
	}
	for range 2 * waiting { // up to its quota, whatever River has taken out of the queue by now
		if got := s.do("POST", "/v1/executions", noisy, `{"task": "point"}`); got.status != http.StatusAccepted {
			if p := got.problem(t); p.Status != 429 || p.Code != "busy" {
				t.Errorf("%+v", p)
			}
			queued = append(queued, "")
			break
		}
	}
	if queued[len(queued)-1] != "" {
		t.Error("the noisy tenant may have any number of executions wait")
	}

	cancel()
	n.done.Wait()
	for _, id := range queued[:len(queued)-1] {
		if e := s.wait(noisy, id); e.Status != "succeeded" {
			t.Errorf("an execution that waited: %+v", e)
		}
	}
	s.until("wasmsql_running", 0)
}

// heap returns how many bytes of the heap are in use.
func heap() uint64 {
	goruntime.GC()
	var m goruntime.MemStats
	goruntime.ReadMemStats(&m)
	return m.HeapAlloc
}

// until waits for a measurement of the noisy tenant.
func (s *served) until(name string, want int) {
	s.t.Helper()
	sqldbtest.Eventually(s.t, fmt.Sprintf("%s is never %d", name, want), func() bool { return s.gauge(name, `"noisy"`) == want })
}

// noise are requests of a tenant.
type noise struct {
	*served
	token string
	done  sync.WaitGroup
}

// begin sends a request, and reads its answer a kilobyte a second where that is
// slowly, until ctx ends.
func (n *noise) begin(ctx context.Context, task string, slowly bool) {
	n.done.Go(func() {
		r, err := http.NewRequestWithContext(ctx, "POST", n.url+"/v1/tasks/"+task+"/run", strings.NewReader("{}"))
		if err != nil {
			n.t.Error(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+n.token)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/vnd.apache.arrow.stream")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			if ctx.Err() == nil {
				n.t.Error(err)
			}
			return
		}
		defer res.Body.Close()
		for kilobyte := make([]byte, 1024); slowly && wait(ctx, time.Second); {
			if _, err := io.ReadFull(res.Body, kilobyte); err != nil && ctx.Err() == nil {
				n.t.Error(err)
				return
			}
		}
	})
}
