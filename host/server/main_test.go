package server_test

import (
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

func TestMain(m *testing.M) { sqldbtest.Main(m) }
