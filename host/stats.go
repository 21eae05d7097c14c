package host

import "github.com/wasmsql/wasmsql/host/sqldb"

// InlineConnection is the name that Pools gives the connections of tasks that
// bring their own, all of them together.
const InlineConnection = "(inline)"

// Pools returns how the connections of the Host stand, by name. A driver that
// does not tell is left out.
func (h *Host) Pools() map[string]sqldb.PoolStats {
	all := map[string]sqldb.PoolStats{}
	add := func(name string, db sqldb.DB) {
		if pooled, ok := db.(sqldb.Pooled); ok {
			all[name] = all[name].Add(pooled.Stats())
		}
	}
	for name, db := range h.databases {
		add(name, db.DB)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for p := range h.programs {
		for _, g := range p.granted {
			if g.inline {
				add(InlineConnection, g.db.DB)
			}
		}
	}
	return all
}

// RuntimeStats are what a Runtime does and has done.
type RuntimeStats struct {
	Slots   int // guests that may run at once, and goroutines that read or write rows
	Running int // those that have a slot
	Waiting int // those that wait for one

	Modules  int   // whose code is in memory
	Shared   int64 // modules that were asked for and were in memory
	Found    int64 // those that were not, and whose code was in the cache folder
	Compiled int64 // those that had to be compiled
	Files    int64 // in the cache folder, as of some seconds ago
	Bytes    int64 // of them
}

// Stats returns what the Runtime does and has done.
func (r *Runtime) Stats() RuntimeStats {
	code := r.sandbox.Stats()
	free, waiting := r.slots.standing()
	return RuntimeStats{
		Slots: r.slots.all, Running: r.slots.all - free, Waiting: waiting,
		Modules: code.Modules, Shared: code.Shared, Found: code.Found, Compiled: code.Compiled, Files: code.Files, Bytes: code.Bytes,
	}
}
