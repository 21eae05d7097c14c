package server

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// look is what is seen of a tenant's folder without reading it: names, sizes,
// times and places of the files that are read.
type look struct {
	stamp  [sha256.Size]byte // of all of that
	newest time.Time         // when one of them was changed last
}

// settled is how long ago a file has to be changed last for a look to tell the
// next change from it: clocks of file systems are coarse, and not this one's.
const settled = 3 * time.Second

// lookAt looks at a tenant's folder.
func lookAt(dir string, dev bool) (l look, err error) {
	sum := sha256.New()
	err = content{dev: dev}.walk(dir, func(_ *os.Root, name string, st fs.FileInfo) error {
		changed, place := whenAndWhere(st)
		fmt.Fprintf(sum, "%d %s %d %d %d %v ", len(name), name, st.Size(), st.ModTime().UnixNano(), changed.UnixNano(), place)
		for _, t := range []time.Time{st.ModTime(), changed} {
			if t.After(l.newest) {
				l.newest = t
			}
		}
		return nil
	})
	copy(l.stamp[:], sum.Sum(nil))
	return l, err
}

// reading is what was found when a tenant's folder was read last.
type reading struct {
	look   look      // before it was read
	at     time.Time // when
	digest [sha256.Size]byte
}

// holds reports whether a folder that looks like that is the one that was read.
func (r reading) holds(now look) bool {
	return r.look == now && now.newest.Before(r.at.Add(-settled))
}
