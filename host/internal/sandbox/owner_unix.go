//go:build unix

package sandbox

import (
	"io/fs"
	"os"
	"syscall"
)

// ownFolder reports whether a folder belongs to the user of this process.
func ownFolder(fi fs.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
