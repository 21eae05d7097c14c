package sqldbtest

import (
	"archive/zip"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestVenv makes an environment of a package that lies here, uses it again, and
// makes it anew for another.
func TestVenv(t *testing.T) {
	one := Venv{"of-test", []string{wheel(t, "one")}}
	dir, err := emptyCache(t, one)
	if err != nil {
		t.Fatal(err)
	}
	imports := func(module string) bool {
		return exec.Command(filepath.Join(dir, "bin", "python"), "-c", "import "+module).Run() == nil
	}
	if _, ready, err := one.Folder(); err != nil || !ready || !imports("one") {
		t.Errorf("ready %v, %v", ready, err)
	}
	t.Setenv("PATH", "") // there is no Python that could make it again
	if again, err := one.Make(t.Context()); err != nil || again != dir {
		t.Errorf("%s, %v", again, err)
	}
	two := Venv{"of-test", []string{wheel(t, "two")}}
	var missing *Missing
	if _, err := two.Make(t.Context()); !errors.As(err, &missing) || !strings.Contains(err.Error(), "apt-get install python3-venv") {
		t.Errorf("got %v", err)
	}
	if _, ready, err := two.Folder(); err != nil || ready {
		t.Errorf("ready %v, %v", ready, err)
	}
}

// TestVenvFails: pip's reason is in the error, and the environment is not
// taken for ready.
func TestVenvFails(t *testing.T) {
	none := Venv{"of-test", []string{filepath.Join(t.TempDir(), "none-1.0-py3-none-any.whl")}}
	if _, err := emptyCache(t, none); err == nil || !strings.Contains(err.Error(), "none-1.0-py3-none-any.whl") {
		t.Errorf("got %v", err)
	}
	if _, ready, err := none.Folder(); err != nil || ready {
		t.Errorf("ready %v, %v", ready, err)
	}
}

// emptyCache makes an environment in a cache folder of the test. Without a Python
// that can, also under CI, the test is skipped.
func emptyCache(t *testing.T, v Venv) (dir string, err error) {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", home)
	dir, err = v.Make(t.Context())
	var missing *Missing
	if errors.As(err, &missing) {
		t.Skip(err)
	}
	return dir, err
}

// wheel makes a package of one empty module.
func wheel(t *testing.T, name string) string {
	path := filepath.Join(t.TempDir(), name+"-1.0-py3-none-any.whl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	info := name + "-1.0.dist-info/"
	for _, file := range [][2]string{
		{name + ".py", ""},
		{info + "METADATA", "Metadata-Version: 2.1\nName: " + name + "\nVersion: 1.0\n"},
		{info + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", name + ".py,,\n" + info + "METADATA,,\n" + info + "WHEEL,,\n" + info + "RECORD,,\n"},
	} {
		w, err := z.Create(file[0])
		if err == nil {
			_, err = w.Write([]byte(file[1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
