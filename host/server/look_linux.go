package server

import (
	"io/fs"
	"syscall"
	"time"
)

// whenAndWhere returns when anything of a file was changed, its times too, which
// nobody can set back, and which file it is.
func whenAndWhere(st fs.FileInfo) (changed time.Time, place [2]uint64) {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix()), [2]uint64{uint64(s.Dev), s.Ino} //nolint:unconvert // not on every machine
	}
	return time.Now(), place
}
