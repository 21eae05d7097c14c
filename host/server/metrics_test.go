package server_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// scraped are the measurements of a scrape: name{label="value",…} to value. A
// histogram is the number of what was measured.
func (s *served) scraped() map[string]float64 {
	s.t.Helper()
	got := s.do("GET", "/metrics", "", "")
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(got.body))
	if err != nil || got.status != 200 {
		s.t.Fatal(got.status, err)
	}
	all := map[string]float64{}
	for name, f := range families {
		if !strings.HasPrefix(name, "wasmsql_") {
			continue
		}
		if f.GetHelp() == "" || f.GetType() == dto.MetricType_UNTYPED {
			s.t.Errorf("%s has no help or no type", name)
		}
		for _, m := range f.GetMetric() {
			var labels []string
			for _, l := range m.GetLabel() {
				labels = append(labels, fmt.Sprintf("%s=%q", l.GetName(), l.GetValue()))
			}
			key := name
			if len(labels) > 0 {
				key += "{" + strings.Join(labels, ",") + "}"
			}
			switch {
			case m.Histogram != nil:
				all[key] = float64(m.Histogram.GetSampleCount())
			case m.Counter != nil:
				all[key] = m.Counter.GetValue()
			default:
				all[key] = m.Gauge.GetValue()
			}
		}
	}
	return all
}

func TestMetrics(t *testing.T) {
	s := serve(t, files{
		"acme/wasmsql.yaml":    config + "quotas: {running: 1}\n",
		"acme/tasks/two.yaml":  task("two", "SELECT 1 AS n UNION ALL SELECT 2", ""),
		"acme/tasks/bad.yaml":  task("bad", "SELECT nothing", ""),
		"acme/tasks/slow.yaml": task("slow", "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c) SELECT max(i) AS n FROM c", "timeout: 1h\n"),
		"broken/wasmsql.yaml":  "connections: 1\n",
	}, withState(t, t.TempDir()))
	token := s.token("acme", server.Run)
	for range 2 {
		if got := s.do("POST", "/v1/tasks/two/run", token, `{}`); got.status != 200 {
			t.Fatal(got.body)
		}
	}
	s.do("POST", "/v1/tasks/bad/run", token, `{}`)
	s.do("POST", "/v1/tasks/none/run", token, `{}`)
	var ids []string
	for range 3 {
		got := s.do("POST", "/v1/executions", token, `{"task": "slow"}`)
		ids = append(ids, strings.TrimPrefix(got.header.Get("Location"), "/v1/executions/"))
	}
	want := map[string]float64{
		`wasmsql_executions_total{outcome="ok",task="two",tenant="acme"}`:   2,
		`wasmsql_executions_total{outcome="task",task="bad",tenant="acme"}`: 1,
		`wasmsql_rows_total{task="two",tenant="acme"}`:                      4,
		`wasmsql_result_bytes_total{task="two",tenant="acme"}`:              32,
		`wasmsql_requests_total{route="/v1/tasks/{task}/run",status="200"}`: 2,
		`wasmsql_requests_total{route="/v1/tasks/{task}/run",status="422"}`: 1,
		`wasmsql_requests_total{route="/v1/tasks/{task}/run",status="404"}`: 1,
		`wasmsql_requests_total{route="/v1/executions",status="202"}`:       3,
		`wasmsql_phase_seconds{phase="queue",tenant="acme"}`:                3,
		`wasmsql_phase_seconds{phase="sandbox",tenant="acme"}`:              3,
		`wasmsql_phase_seconds{phase="render",tenant="acme"}`:               3,
		`wasmsql_phase_seconds{phase="query",tenant="acme"}`:                3,
		`wasmsql_phase_seconds{phase="stream",tenant="acme"}`:               3,
		`wasmsql_tenants`:                1,
		`wasmsql_tenants_broken`:         1,
		`wasmsql_panics_total`:           0,
		`wasmsql_running{tenant="acme"}`: 1,
		`wasmsql_queued{tenant="acme"}`:  2,
		`wasmsql_pool_connections{connection="db",state="used",tenant="acme"}`: 1,
		`wasmsql_pool_connections{connection="db",state="idle",tenant="acme"}`: 0,
		`wasmsql_pool_connections_max{connection="db",tenant="acme"}`:          0,
		`wasmsql_pool_waiting{connection="db",tenant="acme"}`:                  0,
		`wasmsql_guests_waiting`: 0,
	}
	settle(t, s, want)
	got := s.scraped()
	for _, name := range []string{`wasmsql_fuel_total{task="two",tenant="acme"}`, `wasmsql_modules`, `wasmsql_guests_running_max`,
		`wasmsql_compile_cache_hits_total{place="memory"}`, `wasmsql_queued_oldest_seconds{tenant="acme"}`} {
		if got[name] <= 0 {
			t.Errorf("%s is %v", name, got[name])
		}
	}
	if misses, found := got[`wasmsql_compile_cache_misses_total`], got[`wasmsql_compile_cache_hits_total{place="folder"}`]; misses+found <= 0 {
		t.Errorf("nothing was compiled or found: %v, %v", misses, found)
	}
	known := map[string]bool{"tenant": true, "task": true, "outcome": true, "phase": true, "route": true, "status": true, "connection": true, "state": true, "place": true}
	for series := range got {
		_, labels, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
		for label := range strings.SplitSeq(labels, `",`) {
			if name, _, ok := strings.Cut(label, "="); ok && !known[name] {
				t.Errorf("%s has the label %q", series, name)
			}
		}
	}
	for _, id := range slices.Backward(ids) { // the one that runs last, so that no other begins
		s.do("DELETE", "/v1/executions/"+id, token, "")
	}
	settle(t, s, map[string]float64{
		`wasmsql_running{tenant="acme"}`:                                         0,
		`wasmsql_pool_connections{connection="db",state="used",tenant="acme"}`:   0,
		`wasmsql_executions_total{outcome="canceled",task="slow",tenant="acme"}`: 3,
	})
}

// settle waits until a scrape has what is wanted.
func settle(t *testing.T, s *served, want map[string]float64) {
	t.Helper()
	for deadline := time.Now().Add(sqldbtest.Patience); ; time.Sleep(50 * time.Millisecond) {
		got, wrong := s.scraped(), []string{}
		for name, value := range want {
			if v, ok := got[name]; !ok || v != value {
				wrong = append(wrong, fmt.Sprintf("%s is %v, not %v", name, v, value))
			}
		}
		if len(wrong) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s\nof %s", strings.Join(wrong, "\n"), strings.Join(slices.Sorted(maps.Keys(got)), "\n"))
		}
	}
}

// TestMetricsAreBounded has a tenant with more tasks than have labels, takes
// them away, and then the tenant.
func TestMetricsAreBounded(t *testing.T) {
	const tasks, labels = 205, 200
	var all strings.Builder
	for i := range tasks {
		fmt.Fprintf(&all, "---\nname: t%03d\nconnection: db\nquery: SELECT %d AS n\n", i, i)
	}
	s := serve(t, files{"acme/wasmsql.yaml": config, "acme/tasks/all.yaml": all.String(), "other/wasmsql.yaml": config, "other/tasks/t000.yaml": task("t000", "SELECT 1 AS n", "")}, nil)
	token, other := s.token("acme", server.Run), s.token("other", server.Run)
	s.do("POST", "/v1/tasks/t000/run", other, `{}`)
	for i := range tasks {
		if got := s.do("POST", fmt.Sprintf("/v1/tasks/t%03d/run", i), token, `{}`); got.status != 200 {
			t.Fatal(got.body)
		}
	}
	series := func(tenant string) (n int) {
		for name := range s.scraped() {
			if strings.HasPrefix(name, "wasmsql_rows_total") && strings.Contains(name, `tenant="`+tenant+`"`) {
				n++
			}
		}
		return n
	}
	if n := series("acme"); n != labels+1 || s.scraped()[`wasmsql_rows_total{task="(other)",tenant="acme"}`] != tasks-labels {
		t.Errorf("%d series, of which the last is %v", n, s.scraped()[`wasmsql_rows_total{task="(other)",tenant="acme"}`])
	}
	files{"acme/tasks/all.yaml": "name: t001\nconnection: db\nquery: SELECT 1 AS n\n"}.write(t, s.dir)
	s.reload()
	s.do("POST", "/v1/tasks/t001/run", token, `{}`)
	if got := s.scraped(); series("acme") != 2 || got[`wasmsql_rows_total{task="t001",tenant="acme"}`] != 2 {
		t.Errorf("%d series", series("acme"))
	}
	remove(t, filepath.Join(s.dir, "acme"))
	s.reload()
	for name := range s.scraped() {
		if strings.Contains(name, `"acme"`) {
			t.Errorf("%s is still there", name)
		}
	}
	if series("other") != 1 {
		t.Error("so is what was another's")
	}
}

func remove(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
}
