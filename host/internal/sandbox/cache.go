package sandbox

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// maxCache bounds the folder of compiled code, in bytes: what was not used for
// longest is removed.
const maxCache = 512 << 20

// cache keeps rewritten modules in a folder, beside the machine code that the
// engine keeps there. A folder without a name keeps nothing. It is safe for
// concurrent use, also by several processes.
type cache struct {
	dir   string
	terms [sha256.Size]byte // what modules could import when they were admitted
}

// newCache returns the cache of a Sandbox. What was admitted by one that offers
// other imports is not found in it.
func newCache(dir string, imports []Import) cache {
	lines := make([]string, len(imports))
	for i, im := range imports {
		lines[i] = fmt.Sprintf("%q %q %s %s", im.Module, im.Name, im.Params, im.Result)
	}
	slices.Sort(lines)
	return cache{dir, sha256.Sum256([]byte(strings.Join(lines, "\n")))}
}

// key is what a module's file begins with.
func (c cache) key(digest [sha256.Size]byte) [sha256.Size]byte {
	return sha256.Sum256(append(digest[:], c.terms[:]...))
}

// path returns the file of a module: what is in it depends on the module and
// on how it is rewritten.
func (c cache) path(digest [sha256.Size]byte) string {
	return filepath.Join(c.dir, fmt.Sprintf("%s%s%d", hex.EncodeToString(digest[:16]), formSuffix, wasmbin.Version))
}

// load returns a rewritten module, or nil if it is not there or was damaged.
func (c cache) load(digest [sha256.Size]byte) *form {
	if c.dir == "" {
		return nil
	}
	b, err := readRegular(c.path(digest))
	if err != nil {
		return nil
	}
	f := decodeForm(b, c.key(digest))
	if f != nil {
		now := time.Now()
		_ = os.Chtimes(c.path(digest), now, now) // it is used: the oldest go first
	}
	return f
}

// store keeps a rewritten module, whole or not at all. Where that cannot be, it
// is rewritten again the next time.
func (c cache) store(digest [sha256.Size]byte, f *form) {
	if c.dir == "" {
		return
	}
	t, err := os.CreateTemp(c.dir, madePrefix)
	if err != nil {
		return
	}
	_, err = t.Write(f.encode(c.key(digest)))
	if err = errors.Join(err, t.Close()); err == nil {
		err = os.Rename(t.Name(), c.path(digest))
	}
	if err != nil {
		_ = os.Remove(t.Name())
	}
}

// trim removes what was not used for longest, as long as there is too much.
func (c cache) trim(limit int64) {
	if c.dir == "" {
		return
	}
	type entry struct {
		path string
		size int64
		used time.Time
	}
	var all []entry
	var sum int64
	entries, _ := os.ReadDir(c.dir)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !ours(e.Name()) {
			continue
		}
		path := filepath.Join(c.dir, e.Name())
		size := bytesBelow(path)
		all = append(all, entry{path, size, info.ModTime()})
		sum += size
	}
	slices.SortFunc(all, func(a, b entry) int { return a.used.Compare(b.used) })
	for _, e := range all {
		if sum <= limit {
			return
		}
		if os.RemoveAll(e.path) == nil {
			sum -= e.size
		}
	}
}

// bytesBelow returns the size of a file, or of all files in a folder.
func bytesBelow(path string) int64 {
	_, sum := filesBelow(path)
	return sum
}

// filesBelow returns how many files there are in a folder, or whether there is
// one, and their size.
func filesBelow(path string) (n, sum int64) {
	_ = filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			n, sum = n+1, sum+info.Size()
		}
		return nil
	})
	return n, sum
}

// encode returns the form as a file: the key of the module it was made of,
// numbers as varints, bytes with their length in front, and the SHA-256 of it
// all at the end.
func (f *form) encode(key [sha256.Size]byte) []byte {
	b := make([]byte, 0, len(f.binary)+len(f.data)*8+(2<<20))
	num := func(v uint64) { b = binary.AppendUvarint(b, v) }
	str := func(s []byte) { num(uint64(len(s))); b = append(b, s...) }
	b = append(b, key[:]...)
	num(f.initial)
	num(uint64(f.stack))
	num(uint64(f.tables))
	num(map[bool]uint64{true: 1}[f.extends])
	num(uint64(f.held))
	num(map[bool]uint64{true: 1}[f.snapshots])
	num(uint64(len(f.globals)))
	for _, g := range f.globals {
		str([]byte(g))
	}
	num(uint64(len(f.data)))
	for _, s := range f.data {
		num(uint64(s.offset))
		str(s.bytes)
	}
	str(f.binary)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)
}

// decodeForm reads what encode wrote under a key, or returns nil.
func decodeForm(b []byte, key [sha256.Size]byte) *form {
	if len(b) < 2*sha256.Size || !bytes.Equal(b[:sha256.Size], key[:]) {
		return nil
	}
	b, want := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sum := sha256.Sum256(b); !bytes.Equal(sum[:], want) {
		return nil
	}
	b = b[sha256.Size:]
	ok := true
	num := func() uint64 {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			ok = false
			return 0
		}
		b = b[n:]
		return v
	}
	str := func() []byte {
		n := num()
		if n > uint64(len(b)) {
			ok = false
			return nil
		}
		s := b[:n:n]
		b = b[n:]
		return s
	}
	f := &form{initial: num(), stack: int64(num()), tables: int64(num()), extends: num() == 1, held: int64(num()), snapshots: num() == 1}
	for n := num(); ok && n > 0; n-- {
		f.globals = append(f.globals, string(str()))
	}
	for n := num(); ok && n > 0; n-- {
		f.data = append(f.data, segment{uint32(num()), str()})
	}
	if f.binary = str(); !ok || len(b) > 0 {
		return nil
	}
	return f
}
