package result

import (
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
)

// partial ends the name of a file that is being written. One that is left
// over, after a kill, may be removed.
const partial = ".wasmsql-partial"

// File returns a Writer of the file at path, which appears as Create says.
func File(path string, f Format, o Options) (*Writer, error) {
	return openFile(osDisk{}, path, f, o)
}

func openFile(d disk, path string, f Format, o Options) (*Writer, error) {
	p, err := create(d, path)
	if err != nil {
		return nil, err
	}
	w := newWriter(f, &output{w: p.h, what: p.what()}, o)
	w.file = p
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

// Pending is a file that appears whole under its name or not at all. One
// goroutine uses it at a time; Partial may be called by others.
//
// A nil Pending stands for an output that is the caller's.
type Pending struct {
	d     disk
	h     handle
	path  string // as the user gave it, for messages
	final string // where it goes; empty: it is written straight
	temp  string
	mode  fs.FileMode
	step  atomic.Int32
	lost  error // of Finish
}

// The steps of a Pending.
const (
	writing int32 = iota
	whole         // all of it is on the disk, under its temporary name
	over          // it has its name, or is gone
)

// Create begins a file. It is written under a temporary name in the same
// folder, .NAME.RANDOM.wasmsql-partial with mode 0600, and gets its name, and
// the mode of the file that it replaces or that the umask leaves, only in
// Close, after it has reached the disk. A symbolic link stays and what it
// leads to is replaced. What is not a regular file, such as /dev/stdout or a
// named pipe, is written straight. Its error is an *Error.
func Create(path string) (*Pending, error) { return create(osDisk{}, path) }

func create(d disk, path string) (*Pending, error) {
	p := &Pending{d: d, path: path}
	final, mode, err := resolve(path)
	switch {
	case err != nil:
		return nil, err
	case final == "":
		if p.h, err = d.open(path); err != nil {
			return nil, ioError(p.what(), err)
		}
		return p, nil
	}
	p.final, p.mode = final, mode
	if err := p.begin(); err != nil {
		return nil, ioError(p.what(), err)
	}
	return p, nil
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
		return fail("the folder "+quote(dir)+" does not exist", "make it first: mkdir -p "+word(dir))
	} else if err == nil && !info.IsDir() {
		return fail(quote(dir)+" is not a folder", "choose another path")
	}
	return path, 0, nil
}

// word returns a path as a word of a shell.
func word(path string) string {
	if strings.ContainsAny(path, " \t\n\"'\\$&();<>|*?[]#~`!") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
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

// begin makes the temporary file. Its mode is at first what the umask makes
// of 0666, which is how the umask is known, and then 0600.
func (p *Pending) begin() error {
	dir, base := filepath.Split(p.final)
	if len(base) > 100 {
		base = base[:100]
	}
	p.temp = filepath.Join(dir, "."+base+"."+strings.ToLower(rand.Text()[:10])+partial)
	mode := fs.FileMode(0o666)
	if p.mode != 0 {
		mode = 0o600
	}
	h, err := p.d.create(p.temp, mode)
	if err != nil {
		return err
	}
	p.h = h
	if p.mode == 0 {
		info, err := h.Stat()
		if err == nil {
			p.mode = info.Mode().Perm()
			err = h.Chmod(0o600)
		}
		if err != nil {
			p.Abort()
			return err
		}
	}
	return nil
}

func (p *Pending) what() string { return "cannot write " + quote(p.path) }

// Partial returns the file's temporary name, as long as it has one, and
// whether all of it is there.
func (p *Pending) Partial() (name string, all bool) {
	if p == nil || p.step.Load() == over {
		return "", false
	}
	return p.temp, p.step.Load() == whole
}

// Write implements io.Writer.
func (p *Pending) Write(b []byte) (int, error) {
	n, err := p.h.Write(b)
	return n, ioError(p.what(), err)
}

// Finish brings the file to the disk: what is left for Close is to rename it.
// If it fails the file is gone.
func (p *Pending) Finish() error {
	if p == nil || p.step.Load() != writing {
		return p.err()
	}
	var err error
	if p.final != "" {
		err = errors.Join(p.h.Chmod(p.mode), p.h.Sync())
	}
	if cerr := p.h.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		p.drop()
		p.lost = ioError(p.what(), err)
		return p.lost
	}
	p.step.Store(whole)
	return nil
}

func (p *Pending) err() error {
	if p == nil {
		return nil
	}
	return p.lost
}

// Close makes the file visible, after Finish. Where it cannot be renamed it
// stays, whole, under its temporary name, which the error's hint tells.
func (p *Pending) Close() error {
	if err := p.Finish(); err != nil {
		return err
	}
	if p == nil || p.step.Swap(over) == over || p.final == "" {
		return nil
	}
	if err := p.d.rename(p.temp, p.final); err != nil {
		return &Error{Message: p.what(), Hint: "all of it is in " + quote(p.temp), Cause: bare(err)}
	}
	// The file is there and whole; what is in doubt is only whether its name
	// survives a power failure.
	return ioError(quote(p.path)+" is written, but its folder could not be brought to the disk", p.d.syncDir(filepath.Dir(p.final)))
}

// Abort removes what was written, unless the file has its name.
func (p *Pending) Abort() {
	if p == nil || p.step.Load() == over {
		return
	}
	if p.step.Load() == writing {
		_ = p.h.Close()
	}
	p.drop()
}

func (p *Pending) drop() {
	p.step.Store(over)
	if p.final != "" {
		_ = p.d.remove(p.temp)
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
