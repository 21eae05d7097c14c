package result

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// partial ends the name of a file that is being written. One that is left
// over, after a kill, may be removed.
const partial = ".wasmsql-partial"

// File returns a Writer of the file at path. It is written under a temporary
// name in the same folder, .NAME.RANDOM.wasmsql-partial with mode 0600, and
// gets its name, and the mode of the file that it replaces or that the umask
// leaves, only in Close, after it has reached the disk. A symbolic link stays
// and what it leads to is replaced. What is not a regular file, such as
// /dev/stdout or a named pipe, is written straight.
func File(path string, f Format, o Options) (*Writer, error) {
	return openFile(osDisk{}, path, f, o)
}

func openFile(d disk, path string, f Format, o Options) (*Writer, error) {
	t, err := newTarget(d, path)
	if err != nil {
		return nil, err
	}
	w := newWriter(f, &output{w: t.h, what: t.what()}, o)
	w.file = t
	return w, nil
}

// disk is what a file needs of an operating system.
type disk interface {
	create(path string, mode fs.FileMode) (handle, error) // fails where it exists
	open(path string) (handle, error)                     // for writing, as it is
	rename(from, to string) error
	remove(path string) error
	syncDir(path string) error
}

type handle interface {
	io.WriteCloser
	Chmod(fs.FileMode) error
	Stat() (fs.FileInfo, error)
	Sync() error
}

// target is a file that appears whole under its name or not at all. A nil
// target is one that is the caller's.
type target struct {
	d     disk
	h     handle
	path  string // as the user gave it, for messages
	final string // where it goes; empty: it is written straight
	temp  string
	mode  fs.FileMode
}

func newTarget(d disk, path string) (*target, error) {
	t := &target{d: d, path: path}
	final, mode, err := resolve(path)
	switch {
	case err != nil:
		return nil, err
	case final == "":
		if t.h, err = d.open(path); err != nil {
			return nil, ioError(t.what(), err)
		}
		return t, nil
	}
	t.final, t.mode = final, mode
	if err := t.create(); err != nil {
		return nil, ioError(t.what(), err)
	}
	return t, nil
}

// resolve returns the file that is to be replaced, with its mode, 0 for a new
// one; or no name if the path is not that of a regular file.
func resolve(path string) (string, fs.FileMode, error) {
	fail := func(problem, hint string) (string, fs.FileMode, error) {
		return "", 0, &Error{Message: "cannot write " + quote(path) + ": " + problem, Hint: hint}
	}
	if path == "" {
		return fail("it has no name", "give --output-file a path")
	}
	if isStream(path) {
		return "", 0, nil
	}
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return fail("it is a folder", "name a file in it")
	case err == nil && !info.Mode().IsRegular():
		return "", 0, nil
	case err == nil:
		return replaces(path, info.Mode().Perm())
	case !errors.Is(err, fs.ErrNotExist):
		return "", 0, ioError("cannot write "+quote(path), err)
	}
	if _, err := os.Lstat(path); err == nil {
		return fail("it is a symbolic link that leads nowhere", "remove the link or make what it leads to")
	}
	if strings.HasSuffix(path, string(filepath.Separator)) {
		return fail("it is a folder's name", "name a file in it")
	}
	dir := filepath.Dir(path)
	if info, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fail("the folder "+quote(dir)+" does not exist", "make it first: mkdir -p "+dir)
	} else if err == nil && !info.IsDir() {
		return fail(quote(dir)+" is not a folder", "choose another path")
	}
	return path, 0, nil
}

// replaces returns what a path to an existing file leads to. A file that may
// not be written is not replaced either, although the folder would allow it.
func replaces(path string, mode fs.FileMode) (string, fs.FileMode, error) {
	final, err := filepath.EvalSymlinks(path)
	if err == nil {
		var f *os.File
		if f, err = os.OpenFile(final, os.O_WRONLY, 0); err == nil {
			err = f.Close()
		}
	}
	return final, mode, ioError("cannot write "+quote(path), err)
}

// isStream reports whether a path names one of the process's own descriptors.
func isStream(path string) bool {
	path = filepath.Clean(path)
	for _, p := range []string{"/dev/fd/", "/proc/self/fd/"} {
		if strings.HasPrefix(path, p) {
			return true
		}
	}
	return path == "/dev/stdout" || path == "/dev/stderr"
}

// create makes the temporary file. Its mode is at first what the umask makes
// of 0666, which is how the umask is known, and then 0600.
func (t *target) create() error {
	dir, base := filepath.Split(t.final)
	if len(base) > 100 {
		base = base[:100]
	}
	t.temp = filepath.Join(dir, "."+base+"."+strings.ToLower(rand.Text()[:10])+partial)
	mode := fs.FileMode(0o666)
	if t.mode != 0 {
		mode = 0o600
	}
	h, err := t.d.create(t.temp, mode)
	if err != nil {
		return err
	}
	t.h = h
	if t.mode == 0 {
		info, err := h.Stat()
		if err == nil {
			t.mode = info.Mode().Perm()
			err = h.Chmod(0o600)
		}
		if err != nil {
			t.abort()
			return err
		}
	}
	return nil
}

func (t *target) what() string { return "cannot write " + quote(t.path) }

// commit makes the file visible. If it fails before the rename, nothing is.
func (t *target) commit() error {
	if t == nil {
		return nil
	}
	if t.final == "" {
		return ioError(t.what(), t.h.Close())
	}
	if err := t.finish(); err != nil {
		_ = t.d.remove(t.temp)
		return ioError(t.what(), err)
	}
	// The file is there and whole; what is in doubt is only whether its name
	// survives a power failure.
	return ioError(t.what(), t.d.syncDir(filepath.Dir(t.final)))
}

func (t *target) finish() error {
	if err := errors.Join(t.h.Chmod(t.mode), t.h.Sync()); err != nil {
		_ = t.h.Close()
		return err
	}
	if err := t.h.Close(); err != nil {
		return err
	}
	return t.d.rename(t.temp, t.final)
}

func (t *target) abort() {
	if t == nil {
		return
	}
	_ = t.h.Close()
	if t.final != "" {
		_ = t.d.remove(t.temp)
	}
}

// osDisk is the real disk.
type osDisk struct{}

func (osDisk) create(path string, mode fs.FileMode) (handle, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
}
func (osDisk) open(path string) (handle, error) { return os.OpenFile(path, os.O_WRONLY, 0) }
func (osDisk) rename(from, to string) error     { return os.Rename(from, to) }
func (osDisk) remove(path string) error         { return os.Remove(path) }

func (osDisk) syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrInvalid) {
		err = nil // a file system without it
	}
	return errors.Join(err, d.Close())
}
