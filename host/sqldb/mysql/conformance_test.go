package mysql_test

import (
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

func TestConformance(t *testing.T) {
	sqldbtest.Run(t, mysql.Driver{}, sqldbtest.MariaDB(t))
}

func TestD7Tables(t *testing.T) {
	sqldbtest.Oracle(t, mysql.Driver{}, sqldbtest.MariaDB(t))
}
