package main

import (
	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// drivers returns the databases that this program can reach, by the scheme of
// a URI. It is the one place that names them.
func drivers() map[string]sqldb.Driver {
	return map[string]sqldb.Driver{
		"sqlite":     sqlite.Driver{},
		"postgresql": notLinked{abi.Postgres, "PostgreSQL"},
		"postgres":   notLinked{abi.Postgres, "PostgreSQL"},
		"mysql":      notLinked{abi.MySQL, "MySQL"},
		"mariadb":    notLinked{abi.MySQL, "MariaDB"},
	}
}

// notLinked stands for a database whose driver is not in this program.
type notLinked struct {
	dialect abi.Dialect
	name    string
}

// Dialect implements sqldb.Driver.Dialect.
func (n notLinked) Dialect() abi.Dialect { return n.dialect }

// Open implements sqldb.Driver.Open: it refuses every configuration.
func (n notLinked) Open(sqldb.Config) (sqldb.DB, error) {
	return nil, sqldb.Faults{{
		Field:   "uri",
		Message: "this wasmsql has no driver for " + n.name,
		Hint:    "it reaches SQLite only: sqlite:///file.db",
	}}
}
