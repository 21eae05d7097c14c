package sandbox

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// tampered is a cache folder with the code of two modules.
type tampered struct {
	dir   string
	files map[string][]byte // by their paths below dir
}

func newTampered(t *testing.T) *tampered {
	c := &tampered{dir: filepath.Join(t.TempDir(), "cache")}
	c.run(t, "minimal")
	c.run(t, "fail-zero")
	c.files = c.read(t)
	if len(c.files) != 6 {
		t.Fatalf("%d files, not two of each kind", len(c.files))
	}
	return c
}

func (c *tampered) read(t *testing.T) map[string][]byte {
	files := map[string][]byte{}
	err := filepath.WalkDir(c.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, c.dir+"/")] = b
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// run runs a module from the folder, in a Sandbox of its own.
func (c *tampered) run(t *testing.T, name string) {
	t.Helper()
	s, err := New(context.Background(), Config{CacheDir: c.dir, Imports: fakeImports(new(atomic.Int64))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	runOnce(t, s, name)
}

func runOnce(t *testing.T, s *Sandbox, name string) {
	t.Helper()
	g, err := s.Prepare(context.Background(), Module{Wasm: guest(t, name)}, limits, unconfigured)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	i, err := g.Take(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	if status, err := i.Call(context.Background(), "wasmsql_v1_run"); err != nil || status != 0 {
		t.Errorf("%s: status %d, %v", name, status, err)
	}
}

// whole runs both modules and sees that the folder has again what it had.
func (c *tampered) whole(t *testing.T, after string) {
	t.Helper()
	c.run(t, "minimal")
	c.run(t, "fail-zero")
	for name, b := range c.read(t) {
		if !bytes.Equal(c.files[name], b) {
			t.Errorf("%s: %s is not what it was", after, name)
		}
		delete(c.files, name)
	}
	if len(c.files) > 0 {
		t.Errorf("%s: %d files are not there", after, len(c.files))
	}
	c.files = c.read(t)
}

func (c *tampered) write(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func digestOf(b []byte) [sha256.Size]byte { return sha256.Sum256(b) }

// cache returns the cache of the Sandbox that run makes.
func (c *tampered) cache() cache { return newCache(c.dir, fakeImports(new(atomic.Int64))) }

// accepted reports whether what is in a file, and in those beside it, would be
// used.
func (c *tampered) accepted(t *testing.T, name string) bool {
	t.Helper()
	for _, module := range []string{"minimal", "fail-zero"} {
		digest := digestOf(guest(t, module))
		if path := c.cache().path(digest); path == filepath.Join(c.dir, name) {
			return c.cache().load(digest) != nil
		}
		f := decodeForm(c.files[filepath.Base(c.cache().path(digest))], c.cache().key(digest))
		if f == nil {
			t.Fatal("the form of a module cannot be read")
		}
		if folder := newCodeFolder(c.dir, f.binary); strings.HasPrefix(filepath.Join(c.dir, name), folder.path+"/") {
			return folder.verify()
		}
	}
	t.Fatalf("%s is nobody's", name)
	return false
}

// TestG19CacheTampering changes each byte of each file in the cache, cuts
// each file at each length, and makes it longer: it is not used.
func TestG19CacheTampering(t *testing.T) {
	c := newTampered(t)
	changed := 0
	for name, b := range c.files {
		if !c.accepted(t, name) {
			t.Fatalf("%s is refused as it is", name)
		}
		step := 1 + len(b)/2000
		for at := 0; at < len(b); at += step {
			damaged := bytes.Clone(b)
			damaged[at] ^= 1 << (at % 8)
			c.write(t, name, damaged)
			if changed++; c.accepted(t, name) {
				t.Errorf("%s: byte %d is another, and it is used", name, at)
			}
			c.write(t, name, b[:at])
			if c.accepted(t, name) {
				t.Errorf("%s: cut at %d, and it is used", name, at)
			}
		}
		c.write(t, name, append(bytes.Clone(b), 0))
		if c.accepted(t, name) {
			t.Errorf("%s: longer by a byte, and it is used", name)
		}
		c.write(t, name, b)
	}
	t.Logf("%d changes", changed)
	for name, b := range c.files { // and what was refused is made again
		for _, damaged := range [][]byte{nil, b[:len(b)/2], bytes.Repeat([]byte{0xff}, len(b))} {
			c.write(t, name, damaged)
			c.whole(t, name)
		}
	}
}

// TestG19CacheOfAnother puts the files of one module under the names of
// another, links and other things in their place, and more beside them.
func TestG19CacheOfAnother(t *testing.T) {
	c := newTampered(t)
	a, b := digestOf(guest(t, "minimal")), digestOf(guest(t, "fail-zero"))
	formA, formB := c.cache().path(a), c.cache().path(b)
	codeA := newCodeFolder(c.dir, decodeForm(c.files[filepath.Base(formA)], c.cache().key(a)).binary).path
	codeB := newCodeFolder(c.dir, decodeForm(c.files[filepath.Base(formB)], c.cache().key(b)).binary).path
	elsewhere := t.TempDir()
	do := func(errs ...error) {
		t.Helper()
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	do(os.WriteFile(formA, c.files[filepath.Base(formB)], 0o600))
	c.whole(t, "the rewritten module of another")

	do(os.RemoveAll(codeA), os.CopyFS(codeA, os.DirFS(codeB)))
	c.whole(t, "the code of another")

	do(os.Rename(codeA, filepath.Join(elsewhere, "code")), os.Symlink(filepath.Join(elsewhere, "code"), codeA))
	c.whole(t, "a link to a folder")

	do(os.Rename(formA, filepath.Join(elsewhere, "form")), os.Symlink("/dev/zero", formA))
	c.whole(t, "a link to a device without end")

	do(os.Remove(formA), os.Mkdir(formA, 0o700))
	if c.cache().load(a) != nil {
		t.Error("a folder is a rewritten module")
	}
	c.run(t, "minimal")
	do(os.Remove(formA))
	c.run(t, "minimal")

	inner, err := filepath.Glob(filepath.Join(codeA, "wazero-*"))
	do(err)
	do(os.WriteFile(filepath.Join(inner[0], "more"), []byte("x"), 0o600))
	c.whole(t, "a file more")
	do(os.Mkdir(filepath.Join(codeA, "wazero-v0.0.0"), 0o700))
	c.whole(t, "a folder more")
	do(os.RemoveAll(codeA), os.WriteFile(codeA, nil, 0o600))
	c.whole(t, "a file for a folder")
	do(os.WriteFile(filepath.Join(elsewhere, "mine"), []byte("mine"), 0o600))
	if _, err := os.Stat(filepath.Join(elsewhere, "code")); err != nil {
		t.Errorf("what a link led to was removed: %v", err)
	}
}

// TestG19CacheFolder: what others could write to is emptied of what is
// ours, and a folder in which nothing can be kept is done without.
func TestG19CacheFolder(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are of another kind here")
	}
	c := newTampered(t)
	c.write(t, "mine.txt", []byte("not of the cache"))
	if err := os.Chmod(c.dir, 0o755); err != nil { // others could read
		t.Fatal(err)
	}
	if err := privateFolder(c.dir); err != nil || len(c.read(t)) != len(c.files)+1 {
		t.Errorf("%v, %d files", err, len(c.read(t)))
	}
	if err := os.Chmod(c.dir, 0o770); err != nil {
		t.Fatal(err)
	}
	if err := privateFolder(c.dir); err != nil || len(c.read(t)) != 1 {
		t.Errorf("a folder that others could write to: %v, %d files", err, len(c.read(t)))
	}
	if fi, err := os.Stat(c.dir); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", fi.Mode(), err)
	}

	gone := filepath.Join(t.TempDir(), "cache")
	s, err := New(context.Background(), Config{CacheDir: gone, Imports: fakeImports(new(atomic.Int64))})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := os.RemoveAll(gone); err != nil {
		t.Fatal(err)
	}
	runOnce(t, s, "minimal")
	if err := os.WriteFile(gone, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	runOnce(t, s, "fail-zero")

	unwritable := t.TempDir()
	if err := os.Chmod(unwritable, 0o500); err != nil {
		t.Fatal(err)
	}
	u := &tampered{dir: unwritable}
	u.run(t, "minimal")
	if os.Geteuid() != 0 && len(u.read(t)) != 0 {
		t.Error("a folder that cannot be written to has files")
	}
}

// TestImportsInAnyOrder: what was admitted is found again however the imports
// stand, and not with others.
func TestImportsInAnyOrder(t *testing.T) {
	ims := fakeImports(new(atomic.Int64))
	first := newCache("", ims)
	slices.Reverse(ims)
	if second := newCache("", ims); second.terms != first.terms {
		t.Error("another order is another key")
	}
	if third := newCache("", ims[1:]); third.terms == first.terms {
		t.Error("other imports are the same key")
	}
}
