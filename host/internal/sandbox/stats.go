package sandbox

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Stats are what a Sandbox has done to have code, and what it keeps of it.
type Stats struct {
	Modules  int   // whose code is in memory
	Shared   int64 // modules that were asked for and were in memory
	Found    int64 // those that were not, and whose code was in the folder
	Compiled int64 // those that had to be compiled
	Files    int64 // in the folder, as of some time within lookEvery
	Bytes    int64 // of them
}

// lookEvery is how often the folder is looked through at most.
const lookEvery = 10 * time.Second

// Stats returns what the Sandbox has done.
func (s *Sandbox) Stats() Stats {
	var out Stats
	s.codes.mu.Lock()
	out.Modules, out.Shared = len(s.codes.entries), s.codes.shared
	s.codes.mu.Unlock()
	if e, ok := s.engine.(*wazeroEngine); ok {
		out.Found, out.Compiled = e.found.Load(), e.made.Load()
	}
	out.Files, out.Bytes = s.folder.look(s.cache.dir)
	return out
}

// folderSize is how much the cache folder held when it was last looked at.
type folderSize struct {
	mu           sync.Mutex
	looked       time.Time
	files, bytes int64
}

func (f *folderSize) look(dir string) (files, bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if dir == "" || !f.looked.IsZero() && time.Since(f.looked) < lookEvery {
		return f.files, f.bytes
	}
	f.looked, f.files, f.bytes = time.Now(), 0, 0
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if ours(e.Name()) {
			n, b := filesBelow(filepath.Join(dir, e.Name()))
			f.files, f.bytes = f.files+n, f.bytes+b
		}
	}
	return f.files, f.bytes
}

// tally counts modules.
type tally struct{ found, made atomic.Int64 }
