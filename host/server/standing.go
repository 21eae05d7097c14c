package server

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/wasmsql/wasmsql/host/sqldb"
)

// standing collects how things stand at the moment. It implements
// prometheus.Collector.
type standing struct{ *Server }

// gauge is a description of what standing collects.
func gauge(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("wasmsql_"+name, help, labels, nil)
}

var (
	tenantsDesc = gauge("tenants", "Tenants that are served.")
	brokenDesc  = gauge("tenants_broken", "Tenants whose folder is not what runs.")
	runningDesc = gauge("running", "Executions that run.", "tenant")
	waitingDesc = gauge("waiting", "Executions that wait for their turn in this process.", "tenant")
	queuedDesc  = gauge("queued", "Accepted executions that nobody runs yet, of all processes.", "tenant")
	oldestDesc  = gauge("queued_oldest_seconds", "Since when the first of them was accepted.", "tenant")

	poolDesc        = gauge("pool_connections", "Open connections to databases: idle, or used, which includes those that are being opened.", "tenant", "connection", "state")
	poolMaxDesc     = gauge("pool_connections_max", "How many may be open; 0 is no bound.", "tenant", "connection")
	poolWaitingDesc = gauge("pool_waiting", "Transactions that wait for a connection.", "tenant", "connection")

	guestsDesc        = gauge("guests_running", "Guests, and readers and writers of rows, that have a processor.")
	guestsMaxDesc     = gauge("guests_running_max", "Guests, and readers and writers of rows, that may have one at once.")
	guestsWaitingDesc = gauge("guests_waiting", "Guests that wait for one.")

	modulesDesc    = gauge("modules", "Modules whose code is in memory.")
	hitsDesc       = gauge("compile_cache_hits_total", "Modules whose code was there, in memory or in the folder.", "place")
	missesDesc     = gauge("compile_cache_misses_total", "Modules that had to be compiled.")
	cacheFilesDesc = gauge("compile_cache_files", "Files in the folder of compiled code.")
	cacheBytesDesc = gauge("compile_cache_bytes", "Bytes in the folder of compiled code.")
)

var allDescs = []*prometheus.Desc{tenantsDesc, brokenDesc, runningDesc, waitingDesc, queuedDesc, oldestDesc, poolDesc, poolMaxDesc, poolWaitingDesc,
	guestsDesc, guestsMaxDesc, guestsWaitingDesc, modulesDesc, hitsDesc, missesDesc, cacheFilesDesc, cacheBytesDesc}

// Describe implements prometheus.Collector.
func (standing) Describe(to chan<- *prometheus.Desc) {
	for _, d := range allDescs {
		to <- d
	}
}

// collected is what standing sends its measurements to.
type collected chan<- prometheus.Metric

func (to collected) gauge(d *prometheus.Desc, n float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, n, labels...)
}

func (to collected) counter(d *prometheus.Desc, n int64, labels ...string) {
	to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

// Collect implements prometheus.Collector.
func (s standing) Collect(ch chan<- prometheus.Metric) {
	to := collected(ch)
	s.mu.RLock()
	tenants := maps.Clone(s.tenants)
	to.gauge(brokenDesc, float64(len(s.broken)))
	s.mu.RUnlock()
	to.gauge(tenantsDesc, float64(len(tenants)))
	for name, g := range s.gate.all() {
		running, waiting := g.standing()
		if tenants[name] == nil && running == 0 { // it was removed
			continue
		}
		to.gauge(runningDesc, float64(running), name)
		to.gauge(waitingDesc, float64(waiting), name)
	}
	for name, t := range tenants {
		to.pools(name, t.host.Pools())
	}
	s.runtime(to)
	if s.queue == nil {
		return
	}
	for name, d := range s.queue.backlogs.of(s.queue) {
		if tenants[name] != nil {
			to.gauge(queuedDesc, float64(d.queued), name)
			to.gauge(oldestDesc, max(0, time.Since(d.oldest).Seconds()), name)
		}
	}
}

// pools sends how the connections of a tenant stand.
func (to collected) pools(tenant string, all map[string]sqldb.PoolStats) {
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i >= maxConnectionLabels {
			all[otherLabel] = all[otherLabel].Add(all[name])
			delete(all, name)
		}
	}
	for name, p := range all {
		to.gauge(poolDesc, float64(p.Used), tenant, name, "used")
		to.gauge(poolDesc, float64(p.Idle), tenant, name, "idle")
		to.gauge(poolMaxDesc, float64(p.Max), tenant, name)
		to.gauge(poolWaitingDesc, float64(p.Waiting), tenant, name)
	}
}

// runtime sends how guests and their code stand.
func (s standing) runtime(to collected) {
	r := s.cfg.Runtime.Stats()
	to.gauge(guestsDesc, float64(r.Running))
	to.gauge(guestsMaxDesc, float64(r.Slots))
	to.gauge(guestsWaitingDesc, float64(r.Waiting))
	to.gauge(modulesDesc, float64(r.Modules))
	to.counter(hitsDesc, r.Shared, "memory")
	to.counter(hitsDesc, r.Found, "folder")
	to.counter(missesDesc, r.Compiled)
	to.gauge(cacheFilesDesc, float64(r.Files))
	to.gauge(cacheBytesDesc, float64(r.Bytes))
}

// backlog is how much of a tenant waits in the state.
type backlog struct {
	queued int64
	oldest time.Time // of those, when it was accepted
}

// Bounds of asking the state for them: whoever reaches /metrics may ask.
const (
	depthEvery = 2 * time.Second
	depthTime  = 2 * time.Second
)

// backlogs remembers what the state said last. It is safe for concurrent use.
type backlogs struct {
	mu    sync.Mutex
	asked time.Time
	last  map[string]backlog
}

// of returns how much of each tenant waits. Where the state does not say, it is
// in the log, and nothing is returned.
func (d *backlogs) of(q *queue) map[string]backlog {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.asked.IsZero() && time.Since(d.asked) < depthEvery {
		return d.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), depthTime)
	defer cancel()
	var err error
	if d.last, err = q.state.backlogs(ctx); err != nil {
		q.server.log.WarnContext(ctx, "how many executions wait is not known", "error", plainCause(err))
	}
	d.asked = time.Now()
	return d.last
}

// backlogs returns how many executions are queued, by tenant.
func (s *state) backlogs(ctx context.Context) (_ map[string]backlog, err error) {
	rows, err := s.QueryContext(ctx, "SELECT tenant, COUNT(*), MIN(accepted) FROM wasmsql_executions WHERE status = 'queued' GROUP BY tenant")
	if err != nil {
		return nil, err
	}
	defer func() { err = cmp.Or(err, rows.Close()) }()
	all := map[string]backlog{}
	for rows.Next() {
		var tenant string
		var n, oldest int64
		if err := rows.Scan(&tenant, &n, &oldest); err != nil {
			return nil, err
		}
		all[tenant] = backlog{n, fromMillis(oldest)}
	}
	return all, rows.Err()
}
