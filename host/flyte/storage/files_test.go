package storage

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/wasmsql/wasmsql/host/flyte"
)

// files lists what is below a folder, hidden or not.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			found = append(found, path[len(dir)+1:])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func create(t *testing.T, uri string, data []byte) flyte.Object {
	t.Helper()
	o, err := Files{}.Create(t.Context(), uri)
	if err == nil {
		_, err = o.Write(data)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func faultOf(t *testing.T, err error) flyte.StoreFault {
	t.Helper()
	var e *flyte.StoreError
	if !errors.As(err, &e) {
		t.Fatalf("not a StoreError: %v", err)
	}
	return e.Fault
}

func TestFilesRoundTrip(t *testing.T) {
	for _, scheme := range []string{"", "file://", "FILE://"} {
		dir := t.TempDir()
		uri := scheme + filepath.Join(dir, "a %41", "b", "00000")
		data := bytes.Repeat([]byte("0123456789"), 20_000)
		o := create(t, uri, data)
		if got := files(t, dir); len(got) != 1 || filepath.Base(got[0])[0] != '.' {
			t.Errorf("before Close: %q", got)
		}
		if err := o.Close(); err != nil {
			t.Fatal(err)
		}
		o.Abort()
		if got := files(t, dir); !slices.Equal(got, []string{"a %41/b/00000"}) {
			t.Errorf("after Close: %q", got)
		}
		got, err := Files{}.Read(t.Context(), uri, int64(len(data)))
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
		if _, err := (Files{}).Read(t.Context(), uri, int64(len(data)-1)); err == nil || faultOf(t, err) != flyte.StoreTooLarge {
			t.Errorf("more than the limit: %v", err)
		}
	}
}

// TestFilesKeep: what has the name keeps it until the other is whole.
func TestFilesKeep(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "outputs.pb")
	if err := create(t, name, []byte("before")).Close(); err != nil {
		t.Fatal(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	o, err := Files{}.Create(ended, name)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := o.Write([]byte("x")); err == nil || faultOf(t, err) != flyte.StoreTransient {
		t.Errorf("written after the end of the execution: %v", err)
	}
	create(t, name, []byte("aborted")).Abort()
	if got, _ := os.ReadFile(name); string(got) != "before" || len(files(t, dir)) != 1 {
		t.Errorf("%q, %q", got, files(t, dir))
	}
	if err := create(t, name, []byte("after")).Close(); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(name); string(got) != "after" {
		t.Errorf("%q", got)
	}
}

func TestFilesErrors(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	all := Schemes{"file": Files{}}
	_, err := all.Read(t.Context(), filepath.Join(dir, "none"), 10)
	if err == nil || faultOf(t, err) != flyte.StoreNotFound || err.Error() != "no such file or directory" {
		t.Errorf("not there: %v", err)
	}
	if _, err = all.Read(t.Context(), "s3://bucket/key", 10); err == nil || faultOf(t, err) != flyte.StorePermanent || err.Error() != `no storage has the scheme "s3"` {
		t.Errorf("another scheme: %v", err)
	}
	for _, name := range []string{"file/below", "folder/"} {
		if _, err = all.Create(t.Context(), filepath.Join(dir, "")+"/"+name); err == nil || faultOf(t, err) != flyte.StorePermanent {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := create(t, filepath.Join(dir, "folder"), []byte("x")).Close(); err == nil || faultOf(t, err) != flyte.StorePermanent {
		t.Errorf("over a folder: %v", err)
	}
	if got := files(t, dir); !slices.Equal(got, []string{"file"}) {
		t.Errorf("left %q", got)
	}
}

func TestScheme(t *testing.T) {
	for uri, want := range map[string]string{
		"/a/b": "file", "a": "file", "": "file", "file:///a": "file", "S3://b/k": "s3", "gs://b/k": "gs",
		"abfs://c@a.dfs.core.windows.net/k": "abfs", "://x": "file", "dir/x://y": "file", "c:\\x": "file",
	} {
		if got := Scheme(uri); got != want {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}
