package sqldb

import "time"

// Pool bounds the connections that a DB keeps. The zero Pool has the
// driver's defaults.
type Pool struct {
	Max      int           // connections at once
	Idle     int           // connections kept while unused; more only as long as they were needed lately
	Lifetime time.Duration // age at which a connection is not used again
}

// PoolStats are how the connections of a DB stand.
type PoolStats struct {
	Max     int // connections at once; 0: not bounded
	Used    int // in use, or being opened for use
	Idle    int // open and unused, or being made ready
	Waiting int // transactions that wait for a connection
}

// Add returns the sum of both.
func (s PoolStats) Add(o PoolStats) PoolStats {
	return PoolStats{Max: s.Max + o.Max, Used: s.Used + o.Used, Idle: s.Idle + o.Idle, Waiting: s.Waiting + o.Waiting}
}

// Pooled is implemented by a DB that can tell how its connections stand.
type Pooled interface {
	Stats() PoolStats
}
