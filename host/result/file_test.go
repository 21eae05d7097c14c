package result_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wasmsql/wasmsql/host/result"
)

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func writeFile(t *testing.T, path string, end func(*result.Writer) error) error {
	t.Helper()
	w, err := result.File(path, result.CSV, result.Options{})
	if err != nil {
		return err
	}
	rec := record(t, []string{"a"}, []int64{1, 2})
	if err := w.Open(rec.Schema()); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	return end(w)
}

func closed(w *result.Writer) error { return w.Close() }

func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	err := writeFile(t, path, func(w *result.Writer) error {
		name := list(t, dir)
		if !strings.HasPrefix(name, ".out.csv.") || !strings.HasSuffix(name, ".wasmsql-partial") {
			t.Errorf("while writing: %s", name)
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("while writing: %v, %v", info.Mode(), err)
		}
		return w.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); string(got) != "a\n1\n2\n" || err != nil || list(t, dir) != "out.csv" {
		t.Errorf("%q, %v, %s", got, err, list(t, dir))
	}
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if got, want := mode(t, path), mode(t, other); got != want {
		t.Errorf("mode is %v, the umask leaves %v", got, want)
	}
}

func mode(t *testing.T, path string) os.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func TestFileReplaces(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "out.csv"), filepath.Join(dir, "link.csv")
	if err := os.WriteFile(path, []byte("before"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("out.csv", link); err != nil {
		t.Fatal(err)
	}
	err := writeFile(t, link, func(w *result.Writer) error {
		if got, _ := os.ReadFile(path); string(got) != "before" {
			t.Errorf("while writing: %q", got)
		}
		return w.Close()
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); string(got) != "a\n1\n2\n" || mode(t, path) != 0o640 || mode(t, link)&os.ModeSymlink == 0 {
		t.Errorf("%q, %v, link %v", got, mode(t, path), mode(t, link))
	}
}

func TestFileAbort(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out.csv")
	if err := os.WriteFile(path, []byte("before"), 0o644); err != nil {
		t.Fatal(err)
	}
	_ = writeFile(t, path, func(w *result.Writer) error {
		w.Abort(io.EOF)
		w.Abort(io.EOF)
		return w.Close()
	})
	if got, _ := os.ReadFile(path); string(got) != "before" || list(t, dir) != "out.csv" {
		t.Errorf("%q, %s", got, list(t, dir))
	}
	// Never opened, as for outputs: none, or failed before.
	for _, end := range []func(*result.Writer) error{closed, func(w *result.Writer) error { w.Abort(nil); return nil }} {
		w, err := result.File(path, result.JSON, result.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := end(w); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != "before" || list(t, dir) != "out.csv" {
			t.Errorf("%q, %s", got, list(t, dir))
		}
	}
}

func TestFileStreams(t *testing.T) {
	if err := writeFile(t, "/dev/null", closed); err != nil {
		t.Error(err)
	}
	fifo := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	got := make(chan string)
	go func() {
		data, _ := os.ReadFile(fifo)
		got <- string(data)
	}()
	if err := writeFile(t, fifo, closed); err != nil {
		t.Error(err)
	}
	if s := <-got; s != "a\n1\n2\n" || mode(t, fifo)&os.ModeNamedPipe == 0 {
		t.Errorf("%q, %v", s, mode(t, fifo))
	}
}

func TestFileErrors(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, f := range []func() error{
		func() error { return os.Mkdir("folder", 0o755) },
		func() error { return os.WriteFile("file", nil, 0o644) },
		func() error { return os.Symlink("nowhere", "dangling") },
	} {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ path, want, hint string }{
		{"", `cannot write "": it has no name`, "give --output-file a path"},
		{"folder", `cannot write "folder": it is a folder`, "name a file in it"},
		{"new/", `cannot write "new/": it is a folder's name`, "name a file in it"},
		{"absent/out.csv", `cannot write "absent/out.csv": the folder "absent" does not exist`, "make it first: mkdir -p absent"},
		{"file/out.csv", `cannot write "file/out.csv": not a directory`, ""},
		{"dangling", `cannot write "dangling": it is a symbolic link that leads nowhere`, "remove the link or make what it leads to"},
		{"a\x00b", `cannot write "a\x00b": invalid argument`, ""},
	} {
		_, err := result.File(c.path, result.CSV, result.Options{})
		checkError(t, err, c.want, c.hint)
	}
	if os.Geteuid() != 0 {
		if err := os.Chmod("folder", 0o500); err != nil {
			t.Fatal(err)
		}
		_, err := result.File("folder/x", result.CSV, result.Options{})
		checkError(t, err, `cannot write "folder/x": permission denied`, "choose a folder you may write to")
	}
	if got := list(t, dir); got != "dangling file folder" {
		t.Errorf("left behind: %s", got)
	}
}

func TestFileLongName(t *testing.T) {
	dir := t.TempDir()
	name := strings.Repeat("n", 251) + ".csv"
	if err := writeFile(t, filepath.Join(dir, name), closed); err != nil || list(t, dir) != name {
		t.Errorf("%v, %s", err, list(t, dir))
	}
}

// TestClosedPipe: who reads the output goes away, which is not a loud failure.
func TestClosedPipe(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	r.Close()
	defer w.Close()
	for _, f := range result.Formats() {
		err := func() error {
			rec := record(t, []string{"a"}, []int64{1})
			out := result.New(f, w, result.Options{})
			if err := out.Open(rec.Schema()); err != nil {
				return err
			}
			if err := out.Write(rec); err != nil {
				return err
			}
			return out.Close()
		}()
		var e *result.Error
		if !errors.Is(err, result.ErrClosedPipe) || !errors.As(err, &e) {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// TestFileAfterError: a value that cannot be written leaves no file, also if
// Close is called in spite of it.
func TestFileAfterError(t *testing.T) {
	dir := t.TempDir()
	w, err := result.File(filepath.Join(dir, "out.json"), result.JSON, result.Options{})
	if err != nil {
		t.Fatal(err)
	}
	rec := record(t, []string{"s"}, []string{"ok", "\xff"})
	if err := w.Open(rec.Schema()); err != nil {
		t.Fatal(err)
	}
	if w.Write(rec) == nil || w.Close() == nil || list(t, dir) != "" {
		t.Errorf("left: %s", list(t, dir))
	}
}
