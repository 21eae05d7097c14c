package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// drivers returns the databases that this program can reach, by the scheme of
// a URI. It is the one place that names them.
func drivers() map[string]sqldb.Driver {
	return map[string]sqldb.Driver{"sqlite": sqlite.Driver{}}
}

// notLinked names the databases of schemes that are right and yet have no
// driver in this program.
var notLinked = map[string]string{
	"postgresql": "PostgreSQL",
	"postgres":   "PostgreSQL",
	"mysql":      "MySQL",
	"mariadb":    "MariaDB",
}

// linked says which connections of a configuration need such a driver.
func linked(c map[string]host.Connection, source host.Source) error {
	var missing host.Errors
	for _, name := range slices.Sorted(maps.Keys(c)) {
		if e := linkedOne(c[name].URI, source, "connections."+name+".uri"); e != nil {
			missing = append(missing, e)
		}
	}
	if missing == nil {
		return nil
	}
	return missing
}

// linkedOne says that a URI needs such a driver. Path is its place in source.
func linkedOne(u sqldb.URI, source host.Source, path string) *host.Error {
	name, ok := notLinked[u.Scheme]
	if !ok {
		return nil
	}
	e := &host.Error{
		Code:    host.CodeConfig,
		Message: fmt.Sprintf("this wasmsql has no driver for %s, which the scheme %q means", name, u.Scheme),
		Hint:    "it reaches SQLite only: sqlite:///file.db",
	}
	if source != nil {
		e.Place = source.Key(path)
	}
	return e
}
