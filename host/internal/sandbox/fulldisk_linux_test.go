package sandbox

import (
	"testing"

	"golang.org/x/sys/unix"
)

// TestG19CacheFullDisk: on a file system that is full, tasks run all the
// same.
func TestG19CacheFullDisk(t *testing.T) {
	for _, size := range []string{"4k", "16k", "32k"} {
		dir := t.TempDir()
		if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size+",mode=0700"); err != nil {
			t.Skipf("a small file system cannot be mounted here: %v", err)
		}
		c := &tampered{dir: dir}
		for _, name := range []string{"evil-functions-many", "minimal", "evil-exports-many", "evil-functions-many"} {
			c.run(t, name)
		}
		t.Logf("%s: kept %d files", size, len(c.read(t)))
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	}
}
