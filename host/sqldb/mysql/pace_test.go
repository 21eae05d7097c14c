package mysql

import (
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestPace: at most a buffer is taken apart in one go.
func TestPace(t *testing.T) {
	d := open(t)
	sequences(t, d, "seq_1_to_100000")
	sqldbtest.Pace(t, begin(t, d), "SELECT repeat('x', 100) FROM seq_1_to_100000", 100*100_000/readBuffer)
}
