// Package drivers names the databases that the programs can reach. It is the one
// place that does.
package drivers

import (
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// All returns the drivers by the scheme of a URI. The map is the caller's.
func All() map[string]sqldb.Driver {
	return map[string]sqldb.Driver{
		"sqlite":     sqlite.Driver{},
		"postgresql": postgres.Driver{},
		"postgres":   postgres.Driver{},
		"mysql":      mysql.Driver{},
		"mariadb":    mysql.Driver{},
	}
}
