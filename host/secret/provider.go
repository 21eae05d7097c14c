package secret

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"
)

// MaxFile is the size of a secret's file at most, in bytes.
const MaxFile = 1 << 20

// Getenv is the environment that secrets are read from, for instance
// os.LookupEnv. It is safe for concurrent use.
type Getenv func(name string) (value string, set bool)

// Environment returns a Provider of variables called
// PREFIX[GROUP_][VERSION_]KEY, in upper case. A variable that is set to the
// empty text is found. White space around a value is dropped.
//
// The prefix must not be empty: without one a reference could name any
// variable of the process. Where several tenants share an environment, the
// prefix of none may be the beginning of another's.
func Environment(env Getenv, prefix string) (Provider, error) {
	if strip(prefix) == "" {
		return nil, errors.New("secrets from the environment need a prefix")
	}
	return environment{env, []string{strip(prefix)}}, nil
}

// Files returns a Provider of files DIR/[group/][version/]PREFIXkey, in lower
// case. It reads a file at each lookup, so that a changed secret is seen, and
// no file outside dir, whatever a reference or a symbolic link says. White
// space around a value is dropped.
func Files(dir, prefix string) Provider { return files{dir, prefix} }

// Chain returns a Provider that asks others in turn. The first that has the
// secret wins. An error other than ErrNotFound ends the search, so that a file
// that cannot be read does not give way to another value.
func Chain(providers ...Provider) Provider { return chain(providers) }

type chain []Provider

// Lookup implements Provider.Lookup.
func (c chain) Lookup(ctx context.Context, ref Ref) (Value, error) {
	var looked []string
	for _, p := range c {
		v, err := p.Lookup(ctx, ref)
		if err == nil || !errors.Is(err, ErrNotFound) {
			return v, err
		}
		looked = append(looked, places(err)...)
	}
	return Value{}, missing(ref, looked...)
}

type environment struct {
	env      Getenv
	prefixes []string
}

// Lookup implements Provider.Lookup.
func (e environment) Lookup(_ context.Context, ref Ref) (Value, error) {
	if ref.Mount == File || e.env == nil {
		return Value{}, missing(ref)
	}
	parts := ref.parts()
	if len(parts) == 0 {
		return Value{}, nameless(ref)
	}
	var looked []string
	for _, prefix := range e.prefixes {
		name := prefix + strings.ToUpper(strings.Join(parts, "_"))
		if v, set := e.env(name); set {
			return New(strip(v)), nil
		}
		looked = append(looked, fmt.Sprintf("variable %q", name))
	}
	return Value{}, missing(ref, looked...)
}

type files struct{ dir, prefix string }

// Lookup implements Provider.Lookup.
func (f files) Lookup(_ context.Context, ref Ref) (Value, error) {
	if ref.Mount == Env {
		return Value{}, missing(ref)
	}
	parts := ref.parts()
	if len(parts) == 0 {
		return Value{}, nameless(ref)
	}
	for i := range parts {
		parts[i] = strings.ToLower(parts[i])
	}
	last := len(parts) - 1
	parts[last] = f.prefix + parts[last]
	name := strings.Join(parts, "/")
	place := fmt.Sprintf("file %q", name)
	// Not path.Join: it would make a local name of a/../../a/b.
	if !filepath.IsLocal(filepath.FromSlash(name)) || path.Clean(name) != name || strings.ContainsRune(name, 0) {
		return Value{}, unreadable(ref, place, "is no path below the folder of the secrets", "a group and a key are plain names")
	}
	data, err := f.read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return Value{}, missing(ref, place)
	case err != nil:
		return Value{}, unreadable(ref, place, why(err), "it must be a plain file below the folder of the secrets that this process may read")
	case !utf8.Valid(data):
		return Value{}, unreadable(ref, place, "is not UTF-8 text", "")
	}
	// As Python opens a text file.
	text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(data))
	return New(strip(text)), nil
}

var (
	errPlain = errors.New("is no plain file")
	errLarge = fmt.Errorf("is larger than %d bytes", MaxFile)
)

// read returns what a file below the folder holds. os.Root keeps links inside;
// a pipe or a device is not opened.
func (f files) read(name string) ([]byte, error) {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	file, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errPlain
	}
	data, err := io.ReadAll(io.LimitReader(file, MaxFile+1))
	if len(data) > MaxFile {
		return nil, errLarge
	}
	return data, err
}

// why says what is wrong with a file, without the path that an error of the
// system holds.
func why(err error) string {
	switch {
	case errors.Is(err, errPlain), errors.Is(err, errLarge):
		return err.Error()
	case errors.Is(err, fs.ErrPermission):
		return "cannot be read: permission denied"
	}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return "cannot be read: " + errno.Error()
	}
	return "leads out of the folder of the secrets"
}

func nameless(ref Ref) *Error {
	return &Error{Ref: ref, Message: "it has neither group nor key", Hint: "name a key"}
}

// parts returns what the names of variables and files are made of.
func (r Ref) parts() []string {
	var parts []string
	for _, s := range [...]string{r.Group, r.Version, r.Key} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return parts
}

// strip drops what Python's str.strip drops.
func strip(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f })
}
