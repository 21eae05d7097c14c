package postgres_test

import (
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

func TestD7Tables(t *testing.T) {
	sqldbtest.Oracle(t, postgres.Driver{}, sqldbtest.Postgres(t))
}
