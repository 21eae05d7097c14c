package storage

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/wasmsql/wasmsql/host/flyte"
)

// Files is the Store of plain paths and file:// URLs. Folders are made where
// they are missing, as flytekit does. An object has a temporary name that
// begins with a dot, which no reader of a dataset looks at, until it is closed.
// The zero value is ready and safe for concurrent use.
type Files struct{}

// localPath returns the path of a file:// URL or a path. Nothing in it is
// unescaped: fsspec takes it as it stands.
func localPath(uri string) string {
	if Scheme(uri) == "file" && len(uri) >= 7 && strings.EqualFold(uri[:7], "file://") {
		return uri[7:]
	}
	return uri
}

// Read implements flyte.Store.
func (Files) Read(ctx context.Context, uri string, limit int64) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, localError("read", err)
	}
	f, err := os.Open(localPath(uri))
	if err != nil {
		return nil, localError("read", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, localError("read", err)
	}
	if int64(len(data)) > limit {
		return nil, TooLarge(limit)
	}
	return data, nil
}

// TooLarge is the error of an object of more than limit bytes.
func TooLarge(limit int64) error {
	return &flyte.StoreError{Op: "read", Fault: flyte.StoreTooLarge, Message: fmt.Sprintf("the object is larger than %d bytes", limit)}
}

// Create implements flyte.Store.
func (Files) Create(ctx context.Context, uri string) (flyte.Object, error) {
	if err := ctx.Err(); err != nil {
		return nil, localError("create", err)
	}
	name := localPath(uri)
	dir, base := filepath.Split(name)
	if base == "" {
		return nil, &flyte.StoreError{Op: "create", Fault: flyte.StorePermanent, Message: "the path names a folder"}
	}
	dir = filepath.Clean(dir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, localError("create", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "."+base+"."+rand.Text()+".partial"), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, localError("create", err)
	}
	return &file{ctx: ctx, f: f, w: bufio.NewWriterSize(f, 64<<10), name: name}, nil
}

// file is a file being written. ctx is that of the execution: a write after
// its end fails.
type file struct {
	ctx  context.Context
	f    *os.File // nil once it is closed
	w    *bufio.Writer
	name string
	err  error // of what failed first
}

// Write implements io.Writer.
func (o *file) Write(p []byte) (int, error) {
	if err := o.usable("write"); err != nil {
		return 0, err
	}
	n, err := o.w.Write(p)
	if err != nil {
		o.fail("write", err)
	}
	return n, o.err
}

func (o *file) usable(op string) error {
	switch {
	case o.err != nil:
		return o.err
	case o.f == nil:
		return &flyte.StoreError{Op: op, Fault: flyte.StorePermanent, Message: "the object is closed", Cause: fs.ErrClosed}
	case o.ctx.Err() != nil:
		o.fail(op, o.ctx.Err())
	}
	return o.err
}

// Finish brings all that was written to the disk, for a result whose
// transaction is committed afterwards. What Close does then is to give the file
// its name. A file that is closed without it is written, and may be lost with
// the machine, as is the execution that it is of.
func (o *file) Finish() error {
	if err := o.usable("write"); err != nil {
		return err
	}
	err := o.w.Flush()
	if err == nil {
		err = o.f.Sync()
	}
	if err != nil {
		o.fail("write", err)
	}
	return o.err
}

// Close implements flyte.Object.
func (o *file) Close() error {
	if err := o.usable("close"); err != nil {
		return err
	}
	temporary := o.f.Name()
	err := o.w.Flush()
	if e := o.f.Close(); err == nil {
		err = e
	}
	o.f = nil
	if err == nil {
		err = os.Rename(temporary, o.name)
	}
	if err != nil {
		os.Remove(temporary)
		o.err = localError("close", err)
		return o.err
	}
	return nil
}

// Abort implements flyte.Object.
func (o *file) Abort() {
	if o.f != nil {
		o.f.Close()
		os.Remove(o.f.Name())
		o.f = nil
	}
}

// fail keeps the first error and removes what was written.
func (o *file) fail(op string, err error) {
	o.err = localError(op, err)
	o.Abort()
}

// localError says what went wrong with a file, without its path. What another
// attempt, perhaps on another machine, may not meet is transient.
func localError(op string, err error) error {
	e := &flyte.StoreError{Op: op, Fault: flyte.StorePermanent, Message: plain(err), Cause: err}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.Fault, e.Message = flyte.StoreTransient, "the execution ended meanwhile"
	case errors.Is(err, fs.ErrNotExist):
		e.Fault = flyte.StoreNotFound
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EIO),
		errors.Is(err, syscall.ESTALE), errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		e.Fault = flyte.StoreTransient
	}
	return e
}

// plain returns the operating system's words for an error.
func plain(err error) string {
	var number syscall.Errno
	if errors.As(err, &number) {
		return number.Error()
	}
	return "the operation failed"
}
