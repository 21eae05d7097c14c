package manifest

import (
	"math"

	"go.yaml.in/yaml/v3"
)

// Quotas are what a tenant of a server may use. A zero field is no quota of
// its own: that of the server holds.
type Quotas struct {
	Running    int64 // executions at once
	Waiting    int64 // executions that wait for one of those to end
	PerMinute  int64 // executions begun in a minute
	DailyRows  int64 // of results, in a day of UTC
	DailyBytes int64 // of results, in a day of UTC
	DailyFuel  int64 // of guests, in a day of UTC
}

// Within returns the smaller of each quota that is set.
func (q Quotas) Within(o Quotas) Quotas {
	return Quotas{
		Running: smaller(q.Running, o.Running), Waiting: smaller(q.Waiting, o.Waiting), PerMinute: smaller(q.PerMinute, o.PerMinute),
		DailyRows: smaller(q.DailyRows, o.DailyRows), DailyBytes: smaller(q.DailyBytes, o.DailyBytes), DailyFuel: smaller(q.DailyFuel, o.DailyFuel),
	}
}

func smaller(a, b int64) int64 {
	if a > 0 && b > 0 {
		return min(a, b)
	}
	return max(a, b)
}

func (r *reader) quotaFields(q *Quotas) []field {
	number := func(to *int64) func(*yaml.Node, string) {
		return func(n *yaml.Node, path string) { *to = r.whole(n, path, 1, math.MaxInt64) }
	}
	return []field{
		{"running", number(&q.Running)},
		{"waiting", number(&q.Waiting)},
		{"per_minute", number(&q.PerMinute)},
		{"daily_rows", number(&q.DailyRows)},
		{"daily_bytes", func(n *yaml.Node, path string) { q.DailyBytes = r.size(n, path, 1, math.MaxInt64) }},
		{"daily_fuel", number(&q.DailyFuel)},
	}
}
