package sqldb

import "time"

// Pool bounds the connections that a DB keeps. The zero Pool has the
// driver's defaults.
type Pool struct {
	Max      int           // connections at once
	Idle     int           // connections kept while unused; more only as long as they were needed lately
	Lifetime time.Duration // age at which a connection is not used again
}
