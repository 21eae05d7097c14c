package server

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/wasmsql/wasmsql/host"
)

// metrics are the server's measurements. Labels are names of tenants and
// tasks, phases and outcomes, never values.
type metrics struct {
	registry   *prometheus.Registry
	executions *prometheus.CounterVec
	phases     *prometheus.HistogramVec
	fuel       *prometheus.CounterVec
	rows       *prometheus.CounterVec
	bytes      *prometheus.CounterVec
	panics     prometheus.Counter
}

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
		executions: counter("executions_total", "Executions that ended, by what they ended in: ok, or the code of an error.", "tenant", "task", "outcome"),
		fuel:       counter("fuel_total", "Work of guests, in units of fuel.", byTask...),
		rows:       counter("rows_total", "Rows of results.", byTask...),
		bytes:      counter("result_bytes_total", "Bytes of results, as Arrow holds them.", byTask...),
		panics:     prometheus.NewCounter(prometheus.CounterOpts{Namespace: "wasmsql", Name: "panics_total", Help: "Requests that ended in a fault of the server."}),
		phases: prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: "wasmsql", Name: "phase_seconds",
			Help: "Time of an execution by phase; query and stream overlap.", Buckets: phaseBuckets}, []string{"tenant", "phase"}),
	}
	m.registry.MustRegister(m.executions, m.phases, m.fuel, m.rows, m.bytes, m.panics, standing{s},
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// count adds an execution that ended.
func (m *metrics) count(tenant, outcome string, r host.Report) {
	m.executions.WithLabelValues(tenant, r.Task, outcome).Inc()
	m.fuel.WithLabelValues(tenant, r.Task).Add(float64(r.Fuel))
	m.rows.WithLabelValues(tenant, r.Task).Add(float64(r.Rows))
	m.bytes.WithLabelValues(tenant, r.Task).Add(float64(r.Bytes))
	for phase, micros := range map[string]host.Micros{
		phaseQueue: r.Times.Queue, phaseSandbox: r.Times.Sandbox, phaseRender: r.Times.Guest, phaseQuery: r.Times.Query, phaseStream: r.Times.Result,
	} {
		m.phases.WithLabelValues(tenant, phase).Observe(float64(micros) / 1e9)
	}
}

// standing collects how tenants stand at the moment.
type standing struct{ *Server }

var (
	tenantsDesc = prometheus.NewDesc("wasmsql_tenants", "Tenants that are served.", nil, nil)
	brokenDesc  = prometheus.NewDesc("wasmsql_tenants_broken", "Tenants whose folder is not what runs.", nil, nil)
	runningDesc = prometheus.NewDesc("wasmsql_running", "Executions that run.", []string{"tenant"}, nil)
	waitingDesc = prometheus.NewDesc("wasmsql_waiting", "Executions that wait for their turn in this process.", []string{"tenant"}, nil)
)

// Describe implements prometheus.Collector.
func (standing) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{tenantsDesc, brokenDesc, runningDesc, waitingDesc} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (s standing) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, n int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(n), labels...)
	}
	s.mu.RLock()
	gauge(tenantsDesc, int64(len(s.tenants)))
	gauge(brokenDesc, int64(len(s.broken)))
	s.mu.RUnlock()
	for name, g := range s.gate.all() {
		running, waiting := g.standing()
		gauge(runningDesc, running, name)
		gauge(waitingDesc, waiting, name)
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
