package sqldbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Venv is a virtual environment of Python with packages of PyPI, in the user's
// cache folder, where one run leaves it to the next. It may be used by several
// goroutines, but made by one.
type Venv struct {
	Name     string   // of its folder
	Packages []string // as pip takes them: name==version
}

// Folder returns the folder of the environment, whose programs are in bin below
// it, and whether it is there with these packages.
func (v Venv) Folder() (dir string, ready bool, err error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", false, err
	}
	dir = filepath.Join(cache, "wasmsql-test", v.Name)
	has, err := os.ReadFile(filepath.Join(dir, venvMark))
	return dir, err == nil && string(has) == v.mark(), nil
}

// venvMark is a file of what an environment has, which is written last.
const venvMark = "wasmsql-ready"

func (v Venv) mark() string { return strings.Join(v.Packages, "\n") + "\n" }

// Make returns the folder of the environment, and makes it first if it is not
// there or has other packages, which downloads them and takes a minute or two.
// Without a Python that can, the error is a *Missing.
func (v Venv) Make(ctx context.Context) (dir string, err error) {
	dir, ready, err := v.Folder()
	if ready || err != nil {
		return dir, err
	}
	base, err := exec.LookPath("python3")
	if err == nil {
		err = exec.CommandContext(ctx, base, "-c", "import venv, ensurepip").Run()
	}
	if err != nil {
		return "", &Missing{Program: "python3", Server: "Python with venv and pip", Packages: "python3-venv"}
	}
	pip := []string{filepath.Join(dir, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"}
	for _, command := range [][]string{{base, "-m", "venv", "--clear", dir}, append(pip, v.Packages...)} {
		if out, err := exec.CommandContext(ctx, command[0], command[1:]...).CombinedOutput(); err != nil {
			return "", fmt.Errorf("the virtual environment %s: %w\n%s", v.Name, errors.Join(ctx.Err(), err), out)
		}
	}
	return dir, os.WriteFile(filepath.Join(dir, venvMark), []byte(v.mark()), 0o644)
}
