package postgres_test

import (
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestPace: at most a buffer is taken apart in one go.
func TestPace(t *testing.T) {
	sqldbtest.Pace(t, begin(t), "SELECT repeat('x', 100) FROM generate_series(1, 100000)", 50) // of 128 KiB each, if they are full
}
