package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

func TestConformance(t *testing.T) {
	sqldbtest.Run(t, sqlite.Driver{}, "sqlite:///"+filepath.Join(t.TempDir(), "conformance.db"))
}

func TestD7Tables(t *testing.T) {
	sqldbtest.Oracle(t, sqlite.Driver{}, "sqlite:///"+filepath.Join(t.TempDir(), "oracle.db"))
}
