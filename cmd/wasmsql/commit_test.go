//go:build unix

package main

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/result"
)

// inserts is a task that changes something and has a result of some length.
func inserts(column string) string {
	return `
name: inserts
connection: {uri: "sqlite:///rows.db"}
query: INSERT INTO rows VALUES (1) RETURNING id, ` + column + ` AS column2
`
}

// Some formats are written at the end, all or their last bytes.
func TestStandardOutputThatIsFullCommitsNothing(t *testing.T) {
	for _, f := range result.Formats() {
		t.Run(string(f), func(t *testing.T) {
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip(err)
			}
			defer full.Close()
			p := start(t, inserts("2"), full, "-o", string(f))
			if got := p.wait(t); got.ExitStatus() != 7 || p.rows(t) != 0 {
				t.Errorf("exit status %d, %d rows; it printed %q", got.ExitStatus(), p.rows(t), p.printed(t))
			}
			if got, want := p.printed(t), "wasmsql: error: cannot write the output: no space left on device\n"; !strings.HasPrefix(got, want) {
				t.Errorf("it printed %q, want %q", got, want)
			}
		})
	}
}

// What is printed without a run is an error too where it cannot be.
func TestStandardOutputThatIsFullIsAnError(t *testing.T) {
	for _, args := range []string{"help", "help run", "run -h", "help flyte import", "completion bash", "completion zsh", "schema task", "version"} {
		full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Skip(err)
		}
		defer full.Close()
		cmd := exec.Command("wasmsql", strings.Fields(args)...)
		cmd.Stdout = full
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 7 {
			t.Errorf("%s: %v", args, err)
		}
	}
}

// A limit on the size of files is a disk that is full: it has room for the
// database and the guest's memory, and not for the result.
func TestFileThatDoesNotFitCommitsNothing(t *testing.T) {
	for _, f := range result.Formats() {
		t.Run(string(f), func(t *testing.T) {
			p := prepare(t, inserts("hex(randomblob(9000000))"), nil)
			p.Cmd = limited(p, "wasmsql", "run", "task.yaml", "-f", "out", "-o", string(f))
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			if got := p.wait(t); got.ExitStatus() != 7 || p.rows(t) != 0 {
				t.Errorf("exit status %d, %d rows", got.ExitStatus(), p.rows(t))
			}
			if got, want := p.printed(t), `wasmsql: error: cannot write "out": file too large`; !strings.HasPrefix(got, want) {
				t.Errorf("it printed %q, want %q", got, want)
			}
			if _, err := os.Stat(filepath.Join(p.dir, "out")); err == nil || len(p.begun(t)) != 0 {
				t.Errorf("left are out, %v, and %q", err, p.begun(t))
			}
		})
	}
}

// limited returns a command whose files may have 16 MiB at most.
func limited(p *process, args ...string) *exec.Cmd {
	c := exec.Command("sh", append([]string{"-c", `ulimit -f 32768; exec "$@"`, "sh"}, args...)...)
	c.Dir, c.Env, c.Stderr = p.Dir, p.Env, p.Stderr
	return c
}

// What a rename fails with comes after the commit. Nothing is lost.
func TestRenameThatFailsKeepsTheResult(t *testing.T) {
	p := prepare(t, `
name: late
connection: {uri: "sqlite:///rows.db", connect_args: {timeout: 300}}
timeout: 5m
query: INSERT INTO rows VALUES (7) RETURNING id
`, nil, "-f", "out.csv")
	release := p.lock(t) // it waits with a file begun and nothing done
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, "the file", func() bool { return len(p.begun(t)) == 1 })
	if err := os.Mkdir(filepath.Join(p.dir, "out.csv"), 0o700); err != nil {
		t.Fatal(err)
	}
	release()
	if got := p.wait(t); got.ExitStatus() != 7 || p.rows(t) != 1 {
		t.Errorf("exit status %d, %d rows", got.ExitStatus(), p.rows(t))
	}
	kept := p.begun(t)
	if len(kept) != 1 {
		t.Fatalf("kept are %q", kept)
	}
	if text, err := os.ReadFile(kept[0]); string(text) != "id\n7\n" {
		t.Errorf("it holds %q, %v", text, err)
	}
	want := "wasmsql: error: cannot write \"out.csv\": file exists (the transaction is committed)\n" +
		"wasmsql: hint: all of it is in " + strconv.Quote(filepath.Base(kept[0])) + "\n"
	if got := p.printed(t); got != want {
		t.Errorf("it printed %q, want %q", got, want)
	}
}

// lock keeps others from writing to the database, until it is released.
func (p *process) lock(t *testing.T) (release func()) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(p.dir, "rows.db"))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := db.Exec("ROLLBACK"); err != nil {
			t.Error(err)
		}
		_ = db.Close()
	}
}

func TestReportThatCannotBeWrittenCommitsNothing(t *testing.T) {
	for name, want := range map[string]string{
		"nodir/x": "wasmsql: error: the report: cannot write \"nodir/x\": the folder \"nodir\" does not exist\nwasmsql: hint: make it first: mkdir -p nodir\n",
		".":       "wasmsql: error: the report: cannot write \".\": it is a folder\nwasmsql: hint: name a file in it\n",
	} {
		p := start(t, inserts("2"), nil, "--report", name)
		if got := p.wait(t); got.ExitStatus() != 7 || p.rows(t) != 0 {
			t.Errorf("%s: exit status %d, %d rows", name, got.ExitStatus(), p.rows(t))
		}
		if got := p.printed(t); got != want {
			t.Errorf("%s: it printed %q, want %q", name, got, want)
		}
	}
}

func TestReportThatIsLostSaysThatTheTaskIsDone(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	for name, want := range map[string]string{
		"-":         "wasmsql: error: the report cannot be written to standard output (the task itself is done, and committed)\n",
		"/dev/full": "wasmsql: error: the report: cannot write \"/dev/full\": no space left on device (the task itself is done, and committed)\nwasmsql: hint: free some space or choose another folder\n",
	} {
		p := start(t, inserts("2"), full, "-f", "out.csv", "--report", name)
		if got := p.wait(t); got.ExitStatus() != 7 || p.rows(t) != 1 {
			t.Errorf("%s: exit status %d, %d rows", name, got.ExitStatus(), p.rows(t))
		}
		if got := p.printed(t); got != want {
			t.Errorf("%s: it printed %q, want %q", name, got, want)
		}
		if _, err := os.Stat(filepath.Join(p.dir, "out.csv")); err != nil {
			t.Error(err)
		}
	}
}
