package result

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// faultyDisk is the real disk until its nth operation, which fails as how
// says; so do all after it.
type faultyDisk struct {
	osDisk
	left *int
	how  fault
}

type fault string

const (
	diskFull   fault = "no space left on device"
	ioFailed   fault = "input/output error"
	shortWrite fault = "short write"
)

func (d faultyDisk) fails() error {
	*d.left--
	if *d.left > 0 {
		return nil
	}
	if d.how == diskFull {
		return &fs.PathError{Op: "write", Path: "secret temporary name", Err: syscall.ENOSPC}
	}
	return &fs.PathError{Op: "write", Path: "secret temporary name", Err: syscall.EIO}
}

func (d faultyDisk) create(path string, mode fs.FileMode) (handle, error) {
	if err := d.fails(); err != nil {
		return nil, err
	}
	h, err := d.osDisk.create(path, mode)
	return faultyHandle{h, d}, err
}

func (d faultyDisk) rename(from, to string) error {
	if err := d.fails(); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: errors.Unwrap(err)}
	}
	return d.osDisk.rename(from, to)
}

func (d faultyDisk) syncDir(path string) error {
	if err := d.fails(); err != nil {
		return err
	}
	return d.osDisk.syncDir(path)
}

type faultyHandle struct {
	handle
	d faultyDisk
}

func (h faultyHandle) Write(p []byte) (int, error) {
	if err := h.d.fails(); err != nil {
		n, _ := h.handle.Write(p[:len(p)/2])
		if h.d.how == shortWrite {
			return n, nil
		}
		return n, err
	}
	return h.handle.Write(p)
}

func (h faultyHandle) Sync() error {
	if err := h.d.fails(); err != nil {
		return err
	}
	return h.handle.Sync()
}

func (h faultyHandle) Close() error {
	err := h.d.fails()
	return errors.Join(err, h.handle.Close())
}

func bigRecord() arrow.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: "n", Type: arrow.PrimitiveTypes.Int64, Nullable: true}, {Name: "s", Type: arrow.BinaryTypes.String, Nullable: true},
	}, nil))
	for i := range 8_000 {
		b.Field(0).(*array.Int64Builder).Append(int64(uint64(i) * 0x9e3779b97f4a7c15))
		b.Field(1).(*array.StringBuilder).Append(fmt.Sprint("text ", i))
	}
	return b.NewRecord()
}

// TestD3Faults lets every operation on the disk fail in turn. What stands
// under the name afterwards is what was there before, or the whole result
// where only the folder could not be synced; and nothing else is left, unless
// it was the rename that failed.
func TestD3Faults(t *testing.T) {
	rec := bigRecord()
	for _, f := range Formats() {
		for how, before := range map[fault]string{diskFull: "", ioFailed: "before", shortWrite: ""} {
			t.Run(fmt.Sprint(f, " ", how), func(t *testing.T) { failAll(t, f, how, before, rec) })
		}
	}
}

func failAll(t *testing.T, f Format, how fault, before string, rec arrow.Record) {
	whole, renames := "", 0
	for n := 1; ; n++ {
		if n > 1000 {
			t.Fatal("it never succeeds")
		}
		dir := t.TempDir()
		path := filepath.Join(dir, "out")
		if before != "" {
			if err := os.WriteFile(path, []byte(before), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		left := n
		err := writeAll(faultyDisk{left: &left, how: how}, path, f, rec)
		got, _ := os.ReadFile(path)
		entries, _ := os.ReadDir(dir)
		if err == nil {
			if left <= 0 || len(entries) != 1 || len(got) < 10_000 {
				t.Fatalf("operation %d failed without an error: %d bytes, %d files", n, len(got), len(entries))
			}
			// The last failure was that of the folder, with all in place.
			if renames != 1 {
				t.Errorf("the rename failed %d times", renames)
			}
			if whole != string(got) {
				t.Errorf("the whole is %d bytes, before a failed sync of the folder it was %d", len(got), len(whole))
			}
			return
		}
		whole = string(got)
		var e *Error
		if !errors.As(err, &e) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "partial") {
			t.Fatalf("operation %d: %T %v", n, err, err)
		}
		if kept, ok := strings.CutPrefix(e.Hint, "all of it is in "); ok { // only the rename failed
			name, _ := strconv.Unquote(kept)
			data, _ := os.ReadFile(name)
			if len(data) < 10_000 || string(got) != before || filepath.Dir(name) != dir {
				t.Fatalf("operation %d: %s, %d bytes", n, e.Hint, len(data))
			}
			whole, renames = string(data), renames+1
			continue
		}
		if how == diskFull && e.Hint == "" {
			t.Errorf("operation %d: %v has no hint", n, err)
		}
		switch {
		case left == 0 && string(got) != before && len(got) < 10_000:
			t.Fatalf("operation %d: %d bytes under the name", n, len(got))
		case len(entries) > 1 || before == "" && len(got) == 0 && len(entries) != 0:
			t.Fatalf("operation %d left %v", n, entries)
		}
	}
}

func writeAll(d disk, path string, f Format, rec arrow.Record) error {
	w, err := openFile(d, path, f, Options{})
	if err != nil {
		return err
	}
	err = w.Open(rec.Schema())
	for range 3 {
		if err == nil {
			err = w.Write(rec)
		}
	}
	if err != nil {
		w.Abort(err)
		return err
	}
	return w.Close()
}

// TestWriterFaults lets a pipe fail at every write: the error is not lost,
// however deep in an encoder it came up.
func TestWriterFaults(t *testing.T) {
	rec := bigRecord()
	for _, f := range Formats() {
		for n := 1; ; n++ {
			out := &failingWriter{left: n}
			w := New(f, out, Options{})
			err := w.Open(rec.Schema())
			for range 2 {
				if err == nil {
					err = w.Write(rec)
				}
			}
			if err == nil {
				err = w.Close()
			}
			if out.left > 0 {
				if err != nil {
					t.Errorf("%s: %v", f, err)
				}
				break
			}
			if want := "cannot write the output: input/output error"; err == nil || err.Error() != want {
				t.Fatalf("%s: write %d: %v, want %s", f, n, err, want)
			}
		}
	}
}

type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left--; w.left <= 0 {
		return 0, syscall.EIO
	}
	return io.Discard.Write(p)
}

// TestNothingFailsAfterFinish: whatever happens to the output then, the result
// is there; all that a file needs is its name.
func TestNothingFailsAfterFinish(t *testing.T) {
	rec := bigRecord()
	for _, f := range Formats() {
		out := &failingWriter{left: 1 << 30}
		w := New(f, out, Options{})
		if err := errors.Join(w.Open(rec.Schema()), w.Write(rec), w.Finish()); err != nil {
			t.Fatal(err)
		}
		bytes := w.Bytes()
		out.left = 1
		if err := w.Close(); err != nil || w.Bytes() != bytes {
			t.Errorf("%s: %v, %d bytes, %d before Close", f, err, w.Bytes(), bytes)
		}
		left := 1 << 30
		w, err := openFile(faultyDisk{left: &left}, filepath.Join(t.TempDir(), "out"), f, Options{})
		if err == nil {
			err = errors.Join(w.Open(rec.Schema()), w.Write(rec), w.Finish())
		}
		if err != nil {
			t.Fatal(err)
		}
		before := left
		if err := w.Close(); err != nil || before-left != 2 {
			t.Errorf("%s: %v, %d operations on the disk, want those to rename and to sync the folder", f, err, before-left)
		}
	}
}
