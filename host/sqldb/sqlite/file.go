package sqlite

import "github.com/wasmsql/wasmsql/host/sqldb"

// File returns the absolute path of the database file that cfg names, which
// need not exist, or "" where there is none: in memory, or a wrong cfg. It
// touches no file. SQLite writes files beside it, with -journal, -wal and -shm
// at the end of their names.
func File(cfg sqldb.Config) string {
	s, faults := newSettings(cfg)
	if len(faults) > 0 {
		return ""
	}
	return s.path
}
