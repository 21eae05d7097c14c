// Package flytekit is the flytekit of PyPI, which ours is held against: its
// tests have it open what we write, and make bench runs its containers.
package flytekit

import "github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"

// Version is flytekit's.
const Version = "1.16.31"

// Environment returns a virtual environment with flytekit, its plugin of
// SQLAlchemy, and the drivers that are in its image.
func Environment() sqldbtest.Venv {
	return sqldbtest.Venv{Name: "flytekit-" + Version, Packages: []string{
		"flytekit==" + Version, "flytekitplugins-sqlalchemy==" + Version, "pandas==3.1.1", "pyarrow==26.0.1", "SQLAlchemy==2.1.9",
		"psycopg2-binary==2.9.13", "PyMySQL==1.2.4",
	}}
}
