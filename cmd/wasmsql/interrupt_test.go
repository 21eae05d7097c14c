//go:build unix

package main

import (
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// endless is a task whose first statement changes something and whose second
// never ends.
const endless = `
name: endless
outputs: none
connection: {uri: "sqlite:///rows.db"}
timeout: 1h
query: |
  INSERT INTO rows VALUES (1);
  INSERT INTO rows SELECT * FROM (
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n)
`

// process is a running wasmsql in a folder with rows.db.
type process struct {
	*exec.Cmd
	dir    string
	stderr *os.File
}

func start(t *testing.T, task string, stdout *os.File, args ...string) *process {
	t.Helper()
	p := prepare(t, task, stdout, args...)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() })
	return p
}

// prepare returns a process that is not yet started.
func prepare(t *testing.T, task string, stdout *os.File, args ...string) *process {
	t.Helper()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "task.yaml"), task)
	db, err := sql.Open("sqlite", filepath.Join(dir, "rows.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE rows (id INTEGER)"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	stderr, err := os.Create(filepath.Join(dir, "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stderr.Close() })
	p := &process{exec.Command("wasmsql", append([]string{"run", "task.yaml"}, args...)...), dir, stderr}
	p.Dir, p.Stdout, p.Stderr = dir, stdout, stderr
	p.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME=", "WASMSQL_CACHE="+filepath.Join(dir, "cache"))
	return p
}

func (p *process) printed(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(p.stderr.Name())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// wait returns how the process ended.
func (p *process) wait(t *testing.T) syscall.WaitStatus {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- p.Wait() }()
	select {
	case err := <-done:
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
	case <-time.After(sqldbtest.Patience):
		t.Fatalf("it is still running; it has printed %q", p.printed(t))
	}
	return p.ProcessState.Sys().(syscall.WaitStatus)
}

// until waits for a condition, as long as it takes on a busy machine.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	sqldbtest.Eventually(t, "waited in vain for "+what, ok)
}

// inTransaction reports whether rows.db is being changed.
func (p *process) inTransaction(t *testing.T) bool {
	t.Helper()
	if text := p.printed(t); strings.Contains(text, "error") {
		t.Fatalf("it printed %q", text)
	}
	for _, suffix := range []string{"-journal", "-wal"} {
		if _, err := os.Stat(filepath.Join(p.dir, "rows.db"+suffix)); err == nil {
			return true
		}
	}
	return false
}

func (p *process) rows(t *testing.T) int64 {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(p.dir, "rows.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var n int64
	if err := db.QueryRow("SELECT count(*) FROM rows").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFirstInterruptRollsBack(t *testing.T) {
	for name, sent := range map[string]syscall.Signal{"SIGINT": syscall.SIGINT, "SIGTERM": syscall.SIGTERM, "SIGHUP": syscall.SIGHUP} {
		t.Run(name, func(t *testing.T) {
			if sent == syscall.SIGHUP && signal.Ignored(sent) {
				t.Skip("SIGHUP is ignored here, and so it stays")
			}
			p := start(t, endless, nil)
			until(t, "the transaction", func() bool { return p.inTransaction(t) })
			if err := p.Process.Signal(sent); err != nil {
				t.Fatal(err)
			}
			if got := p.wait(t); got.ExitStatus() != 130 {
				t.Errorf("exit status %d, want 130; it printed %q", got.ExitStatus(), p.printed(t))
			}
			const want = "wasmsql: interrupted, rolling back; press again to exit at once\n"
			if got := p.printed(t); !strings.HasPrefix(got, want) {
				t.Errorf("it printed %q, want %q first", got, want)
			}
			if _, err := os.Stat(filepath.Join(p.dir, "rows.db-journal")); err == nil {
				t.Error("a journal is left")
			}
			if n := p.rows(t); n != 0 {
				t.Errorf("%d rows are left", n)
			}
		})
	}
}

const many = `
name: many
connection: {uri: "sqlite:///rows.db"}
timeout: 1h
query: |
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000000) SELECT i FROM n
`

// A reader that takes nothing blocks the run, so that the first interrupt
// cannot end it.
func TestSecondInterruptExitsAtOnce(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p := start(t, many, w, "--report", "report.json")
	w.Close()
	if _, err := r.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	until(t, "the report", func() bool { return len(p.begun(t)) == 1 })
	time.Sleep(300 * time.Millisecond) // until the pipe is full
	if err := p.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	until(t, "the first interrupt", func() bool { return strings.Contains(p.printed(t), "press again") })
	if err := p.Process.Signal(syscall.SIGINT); err != nil && !errors.Is(err, os.ErrProcessDone) { // the pipe was not full
		t.Fatal(err)
	}
	if got := p.wait(t); got.ExitStatus() != 130 {
		t.Errorf("it ended with %v, want exit status 130", p.ProcessState)
	}
	if got := p.begun(t); len(got) != 0 {
		t.Errorf("left are %q", got)
	}
}

// begun returns the files that have a temporary name.
func (p *process) begun(t *testing.T) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(p.dir, ".*-partial"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestTwoSignalsAtOnce(t *testing.T) {
	p := start(t, many, nil, "-f", "out.csv")
	until(t, "the file", func() bool { return len(p.begun(t)) == 1 })
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		if err := p.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
	}
	if got := p.wait(t); got.ExitStatus() != 130 {
		t.Errorf("it ended with %v, want exit status 130", p.ProcessState)
	}
	if got := p.begun(t); len(got) != 0 {
		t.Errorf("left are %q", got)
	}
}

func TestAReaderThatGoesAwayIsNoNews(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, `
name: many
connection: {uri: "sqlite:///rows.db"}
timeout: 1h
query: |
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n
`, w)
	w.Close()
	if _, err := r.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	r.Close()
	if got := p.wait(t); got.ExitStatus() != 7 {
		t.Errorf("it ended with %v, want exit status 7", p.ProcessState)
	}
	if got := p.printed(t); got != "" {
		t.Errorf("it printed %q", got)
	}
}

func TestInterruptWhileStandardInputIsRead(t *testing.T) {
	status, printed := -1, ""
	for wait := 300 * time.Millisecond; status == -1 && wait < sqldbtest.Patience; wait *= 2 { // it ends by the signal where that comes before it looks for it
		status, printed = interruptedReading(t, wait)
	}
	if status != 130 {
		t.Errorf("exit status %d, want 130; it printed %q", status, printed)
	}
}

// interruptedReading has a process read standard input, and interrupts it after
// a time.
func interruptedReading(t *testing.T, after time.Duration) (status int, printed string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	cmd := exec.Command("wasmsql", "run", "-")
	cmd.Stdin = r
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	time.Sleep(after)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	return cmd.ProcessState.ExitCode(), stderr.String()
}
