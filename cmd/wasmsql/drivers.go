package main

import (
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// drivers returns the databases that this program can reach, by the scheme of
// a URI. It is the one place that names them.
func drivers() map[string]sqldb.Driver {
	return map[string]sqldb.Driver{
		"sqlite":     sqlite.Driver{},
		"postgresql": postgres.Driver{},
		"postgres":   postgres.Driver{},
		"mysql":      mysql.Driver{},
		"mariadb":    mysql.Driver{},
	}
}
