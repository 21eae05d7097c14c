package server

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wasmsql/wasmsql/host"
)

// metrics are the server's measurements. Labels are names of tenants, tasks and
// connections, routes, phases and outcomes, never values; how many there are is
// bounded, whatever the folders of tenants hold.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	executions *prometheus.CounterVec
	phases     *prometheus.HistogramVec
	fuel       *prometheus.CounterVec
	rows       *prometheus.CounterVec
	bytes      *prometheus.CounterVec
	panics     prometheus.Counter

	mu    sync.Mutex
	tasks map[string]map[string]bool // that have a label, by tenant
}

// The most labels of a tenant. What is over them is counted together.
const (
	maxTaskLabels       = 200
	maxConnectionLabels = 50
	otherLabel          = "(other)" // no task and no connection can be called so
)

// The phases of an execution, in metrics and traces.
const (
	phaseQueue   = "queue"   // waiting: to be taken up, for the tenant's quota, for a processor
	phaseSandbox = "sandbox" // taking a fresh instance, and dropping it
	phaseRender  = "render"  // in the guest
	phaseQuery   = "query"   // in the database
	phaseStream  = "stream"  // writing the result
)

// phaseBuckets are the bounds of times, in seconds.
var phaseBuckets = []float64{1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 10, 30, 100}

func newMetrics(s *Server) *metrics {
	byTask := []string{"tenant", "task"}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "wasmsql", Name: name, Help: help}, labels)
	}
	m := &metrics{
		registry:   prometheus.NewRegistry(),
		tasks:      map[string]map[string]bool{},
		requests:   counter("requests_total", "Requests that were answered, by the route and the status.", "route", "status"),
		executions: counter("executions_total", "Executions that ended, by what they ended in: ok, or the code of an error.", "tenant", "task", "outcome"),
		fuel:       counter("fuel_total", "Work of guests, in units of fuel.", byTask...),
		rows:       counter("rows_total", "Rows of results.", byTask...),
		bytes:      counter("result_bytes_total", "Bytes of results, as Arrow holds them.", byTask...),
		panics:     prometheus.NewCounter(prometheus.CounterOpts{Namespace: "wasmsql", Name: "panics_total", Help: "Requests that ended in a fault of the server."}),
		phases: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "wasmsql", Name: "phase_seconds",
			Help: "Time of an execution by phase; query and stream overlap.", Buckets: phaseBuckets}, []string{"tenant", "phase"}),
	}
	m.registry.MustRegister(m.requests, m.executions, m.phases, m.fuel, m.rows, m.bytes, m.panics, standing{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// label returns the label of a task.
func (m *metrics) label(tenant, task string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	known := m.tasks[tenant]
	if known == nil {
		known = map[string]bool{}
		m.tasks[tenant] = known
	}
	if !known[task] && len(known) >= maxTaskLabels {
		return otherLabel
	}
	known[task] = true
	return task
}

// keep drops what was counted for tasks that a tenant does not have any more
// and are none of a Kind, whose labels have a colon that no task's name has,
// and for a tenant that is nil.
func (m *metrics) keep(tenant string, t *tenant) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for task := range m.tasks[tenant] {
		if ofKind := strings.Contains(task, ":"); t == nil || !ofKind && t.programs[task] == nil {
			delete(m.tasks[tenant], task)
			m.drop(prometheus.Labels{"tenant": tenant, "task": task})
		}
	}
	if t == nil {
		delete(m.tasks, tenant)
		m.drop(prometheus.Labels{"tenant": tenant})
	}
}

func (m *metrics) drop(of prometheus.Labels) {
	for _, v := range []*prometheus.CounterVec{m.executions, m.fuel, m.rows, m.bytes} {
		v.DeletePartialMatch(of)
	}
	if of["task"] == "" {
		m.phases.DeletePartialMatch(of)
	}
}

// count adds an execution that ended.
func (m *metrics) count(tenant, outcome string, r host.Report) {
	task := m.label(tenant, r.Task)
	m.executions.WithLabelValues(tenant, task, outcome).Inc()
	m.fuel.WithLabelValues(tenant, task).Add(float64(r.Fuel))
	m.rows.WithLabelValues(tenant, task).Add(float64(r.Rows))
	m.bytes.WithLabelValues(tenant, task).Add(float64(r.Bytes))
	for phase, took := range map[string]host.Micros{
		phaseQueue: r.Times.Queue, phaseSandbox: r.Times.Sandbox, phaseRender: r.Times.Guest, phaseQuery: r.Times.Query, phaseStream: r.Times.Result,
	} {
		m.phases.WithLabelValues(tenant, phase).Observe(time.Duration(took).Seconds())
	}
}

// getMetrics is GET /metrics.
func (s *Server) getMetrics(w *response, r *http.Request, _ principal) error {
	s.Metrics().ServeHTTP(w, r)
	return nil
}

// Metrics returns the handler of the measurements alone, for an address that
// is the operator's. With Config.MetricsApart it is the only one.
func (s *Server) Metrics() http.Handler {
	return promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{})
}
