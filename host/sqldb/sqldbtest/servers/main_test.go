//go:build unix

package main

import (
	"bufio"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// asServers makes this test binary be the command itself.
const asServers = "WASMSQL_TEST_AS_SERVERS"

func TestMain(m *testing.M) {
	if os.Getenv(asServers) != "" {
		_ = os.Unsetenv(asServers)
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// TestEnds: whatever ends the command, the servers are gone a moment later, and
// so is what they kept.
func TestEnds(t *testing.T) {
	for _, new := range []func(...string) (*sqldbtest.Server, error){sqldbtest.NewPostgres, sqldbtest.NewMariaDB} {
		if _, err := new(); err != nil {
			var missing *sqldbtest.Missing
			if errors.As(err, &missing) && os.Getenv("CI") != "true" {
				t.Skip(err)
			}
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	direct := []string{self}
	child := []string{"/bin/sh", "-c", `"$@" & wait`, "sh", self}
	grandchild := []string{"/bin/sh", "-c", `/bin/sh -c '"$@" & wait' sh "$@" & wait`, "sh", self}
	for _, c := range []struct {
		name    string
		command []string
		end     func(started, work int) error
	}{
		{"its work is done", direct, func(_, work int) error { return syscall.Kill(-work, syscall.SIGTERM) }},
		{"interrupted", direct, func(started, _ int) error { return syscall.Kill(started, syscall.SIGINT) }},
		{"terminated", direct, func(started, _ int) error { return syscall.Kill(started, syscall.SIGTERM) }},
		{"killed", direct, func(started, _ int) error { return syscall.Kill(started, syscall.SIGKILL) }},
		{"its parent killed", child, func(started, _ int) error { return syscall.Kill(started, syscall.SIGKILL) }},
		{"make killed", grandchild, func(started, _ int) error { return syscall.Kill(started, syscall.SIGKILL) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			testEnd(t, c.command, c.end)
		})
	}
}

func testEnd(t *testing.T, command []string, end func(started, work int) error) {
	dir := t.TempDir()
	// As /tmp is: a server that is not root has to remove its own folder.
	for path, mode := range map[string]os.FileMode{filepath.Dir(dir): 0o755, dir: 0o777 | os.ModeSticky} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	const work = `echo $$; echo "$WASMSQL_TEST_POSTGRES"; echo "$WASMSQL_TEST_MARIADB"; sleep 600`
	cmd := exec.Command(command[0], append(command[1:], "/bin/sh", "-c", work)...)
	cmd.Env = append(os.Environ(), "WASMSQL_TEST_POSTGRES=", "WASMSQL_TEST_MARIADB=", "MAKELEVEL=1", "TMPDIR="+dir, asServers+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	lines := bufio.NewScanner(out)
	var addresses []string
	for range 3 {
		if !lines.Scan() {
			t.Fatalf("%v after %v", lines.Err(), addresses)
		}
		addresses = append(addresses, lines.Text())
	}
	for _, d := range addresses[0] {
		pid = pid*10 + int(d-'0')
	}
	defer func() { _ = syscall.Kill(-pid, syscall.SIGKILL) }()
	for i, uri := range addresses[1:] {
		u, err := sqldb.ParseURI(uri)
		if err != nil {
			t.Fatal(err)
		}
		addresses[i+1] = net.JoinHostPort(u.Host, port(u.Port))
		sqldbtest.Eventually(t, "a server does not listen", func() bool { return listens(addresses[i+1]) })
	}
	if err := end(cmd.Process.Pid, pid); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for _, address := range addresses[1:] {
		sqldbtest.Eventually(t, "a server listens still", func() bool { return !listens(address) })
	}
	sqldbtest.Eventually(t, "its folders are still there", func() bool {
		left, err := os.ReadDir(dir)
		return err == nil && len(left) == 0
	})
}

func listens(address string) bool {
	c, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		_ = c.Close()
	}
	return err == nil
}

// TestParentOf: the parent that the system tells is the one that is read.
func TestParentOf(t *testing.T) {
	if got := parentOf(os.Getpid()); got != os.Getppid() {
		t.Errorf("got %d, want %d", got, os.Getppid())
	}
	if l := (lineage{parent: os.Getppid(), grandparent: parentOf(os.Getppid())}); !l.live() {
		t.Error("those who started this are there")
	}
	for _, l := range []lineage{{parent: 1 << 30}, {parent: os.Getppid(), grandparent: 1 << 30}} {
		if l.live() {
			t.Errorf("%+v are there", l)
		}
	}
}

// TestExitCode is that of the command, which is given its arguments as they are.
func TestExitCode(t *testing.T) {
	t.Setenv("WASMSQL_TEST_POSTGRES", "postgresql://x:y@127.0.0.1:1/z")
	t.Setenv("WASMSQL_TEST_MARIADB", "mysql://x:y@127.0.0.1:1/z")
	for command, want := range map[string]int{"true": 0, "exit 3": 3, `test "$WASMSQL_TEST_MARIADB" = mysql://x:y@127.0.0.1:1/z || exit 9`: 0} {
		if got := run([]string{"/bin/sh", "-c", command}); got != want {
			t.Errorf("%s: %d, want %d", command, got, want)
		}
	}
	if got := run([]string{"/nonexistent/program"}); got != 1 {
		t.Error(got)
	}
	if got := run(nil); got != 2 {
		t.Error(got)
	}
}

func port(n int) string { return strings.TrimPrefix((&net.TCPAddr{Port: n}).String(), ":") }
