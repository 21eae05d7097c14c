package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// onTerminal runs wasmsql with standard output and standard error each on a
// terminal of its own, 60 by 20, and returns what they showed. Line ends are
// as the program wrote them.
func onTerminal(t *testing.T, dir string, env []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	out, shownOut := terminal(t)
	errs, shownErr := terminal(t)
	cmd := exec.Command("wasmsql", args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, out, errs
	cmd.Env = append(os.Environ(), "TERM=xterm", "HOME="+dir, "XDG_CONFIG_HOME=", "WASMSQL_CACHE="+filepath.Join(dir, "cache"))
	cmd.Env = append(cmd.Env, env...)
	err := cmd.Run()
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		t.Fatal(err)
	}
	return shownOut(), shownErr(), cmd.ProcessState.ExitCode()
}

// terminal opens a pseudo-terminal. The function that it returns closes it
// and returns what was written to it.
func terminal(t *testing.T) (*os.File, func() string) {
	t.Helper()
	control, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo-terminals here: %v", err)
	}
	fd := int(control.Fd())
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 20, Col: 60}); err != nil {
		t.Fatal(err)
	}
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(&text, control) // ends with EIO when the other side is closed
	}()
	return tty, func() string {
		tty.Close()
		<-done
		control.Close()
		return strings.ReplaceAll(text.String(), "\r\n", "\n")
	}
}

const twoRows = `
name: two
connection: {uri: "sqlite:///:memory:"}
query: SELECT 1 AS id, 'one' AS name UNION ALL SELECT 2, NULL
`

func TestATerminalGetsATable(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "two.yaml"), twoRows)
	plain, stderr, status := onTerminal(t, dir, []string{"NO_COLOR=1"}, "run", "two.yaml")
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, standard error %q", status, stderr)
	}
	if strings.Contains(plain, "\x1b") {
		t.Errorf("NO_COLOR is set, yet there are escape sequences: %q", plain)
	}
	for _, want := range []string{"id", "name", "one", "NULL", "2 rows"} {
		if !strings.Contains(plain, want) {
			t.Errorf("there is no %q in the table:\n%s", want, plain)
		}
	}
	colored, _, _ := onTerminal(t, dir, nil, "run", "two.yaml")
	if !strings.Contains(colored, "\x1b[") {
		t.Errorf("there is no colour: %q", colored)
	}
	dumb, _, _ := onTerminal(t, dir, []string{"TERM=dumb"}, "run", "two.yaml")
	if strings.Contains(dumb, "\x1b") {
		t.Errorf("escape sequences on a dumb terminal: %q", dumb)
	}
}

func TestATerminalIsNoPlaceForParquet(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "two.yaml"), twoRows)
	stdout, stderr, status := onTerminal(t, dir, nil, "run", "two.yaml", "-o", "parquet")
	const want = "wasmsql: error: parquet is not for a terminal\nwasmsql: hint: write it to a file: -f result.parquet\n"
	if status != 2 || stdout != "" || stderr != want {
		t.Errorf("exit status %d, standard output %q, standard error %q", status, stdout, stderr)
	}
}

func TestProgressIsShownAndErased(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "many.yaml"), `
name: many
timeout: 10m
connection: {uri: "sqlite:///:memory:"}
query: |
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000000) SELECT i, 'some text' AS t FROM n
`)
	_, stderr, status := onTerminal(t, dir, nil, "run", "many.yaml", "-f", "many.csv")
	if status != 0 {
		t.Fatalf("exit status %d, standard error %q", status, stderr)
	}
	if !strings.Contains(stderr, " rows/s") || !strings.HasSuffix(stderr, eraseLine) {
		t.Errorf("the progress was %q", stderr)
	}
	_, stderr, _ = onTerminal(t, dir, nil, "run", "many.yaml", "-o", "csv")
	if stderr != "" {
		t.Errorf("progress while rows go to the terminal: %q", stderr)
	}
}
