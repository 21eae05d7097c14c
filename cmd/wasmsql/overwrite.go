package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// needed is a file that a run needs as it is.
type needed struct{ what, file string }

// sqliteMagic is how a SQLite database begins. Source:
// https://sqlite.org/fileformat.html, section 1.3.
const sqliteMagic = "SQLite format 3\x00"

// checkTargets refuses a result or a report that would overwrite the other,
// or a file that the command line names to be read, or any SQLite database.
// It is asked before anything is read, so that no report of another error
// overwrites something.
func (f *runFlags) checkTargets(arg string) error {
	task, _ := splitPick(arg)
	files := []needed{{"the task file", task}, {"the inputs file", f.inputsFile}, {"the configuration", f.config}}
	if f.config == "" {
		for _, file := range usualConfigs() {
			files = append(files, needed{"the configuration", file})
		}
	}
	for _, i := range f.inputs {
		name, value, _ := strings.Cut(i, "=")
		if file, ok := strings.CutPrefix(value, "@"); ok && !strings.HasPrefix(file, "@") {
			files = append(files, needed{fmt.Sprintf("the file of input %q", name), file})
		}
	}
	if sameFile(f.outputFile, f.report) {
		return fault.Usage("--output-file and --report name the same file", "name two")
	}
	for _, t := range f.targets() {
		if strings.Contains(t.file, "://") {
			return fault.Usage(fmt.Sprintf("%s %s: a path is needed, not a URL", t.what, command.Shown(t.file)), "write it to a file, and copy that")
		}
		if isSQLite(t.file) {
			return fault.Usage(t.what+" names a SQLite database", "name another file")
		}
		if err := t.spares(files); err != nil {
			return err
		}
	}
	return nil
}

// checkDatabase refuses a result or a report that would overwrite the
// database of a connection, also one that is not there yet. If it is the
// report, there is to be none of this error either.
func (f *runFlags) checkDatabase(c *host.Connection, to *reportFile) error {
	file := ""
	if c != nil && c.URI.Scheme == "sqlite" {
		file = sqlite.File(sqldb.Config{URI: c.URI, Args: c.Args, Dir: c.Dir})
	}
	if file == "" {
		return nil
	}
	var files []needed
	for _, end := range []string{"", "-journal", "-wal", "-shm"} {
		files = append(files, needed{"the task's database", file + end})
	}
	for _, t := range f.targets() {
		if err := t.spares(files); err != nil {
			to.failed = to.failed || t.file == f.report
			return err
		}
	}
	return nil
}

// targets returns what a run is to write.
func (f *runFlags) targets() []needed {
	return []needed{{"--output-file", f.outputFile}, {"--report", f.report}}
}

// spares refuses a target that is one of the files. The message does not hold
// its name, which may be that of a database.
func (t needed) spares(files []needed) error {
	for _, n := range files {
		if sameFile(t.file, n.file) {
			return fault.Usage(fmt.Sprintf("%s would overwrite %s", t.what, n.what), "name another file")
		}
	}
	return nil
}

// sameFile reports whether two paths lead to one file, or would if it were
// there. A standard stream, a device and a pipe are none.
func sameFile(a, b string) bool {
	if a == "" || b == "" || a == "-" || b == "-" {
		return false
	}
	ia, aerr := os.Stat(a)
	ib, berr := os.Stat(b)
	if aerr == nil && berr == nil {
		return ia.Mode().IsRegular() && os.SameFile(ia, ib)
	}
	return aerr != nil && berr != nil && wouldBe(a) == wouldBe(b)
}

// wouldBe returns the path of a file that is not there, without the links of
// its folder.
func wouldBe(file string) string {
	if abs, err := filepath.Abs(file); err == nil {
		file = abs
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(file)); err == nil {
		file = filepath.Join(dir, filepath.Base(file))
	}
	return file
}

func isSQLite(file string) bool {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	in, err := os.Open(file)
	if err != nil {
		return false
	}
	defer in.Close()
	head := make([]byte, len(sqliteMagic))
	_, err = io.ReadFull(in, head)
	return err == nil && string(head) == sqliteMagic
}
