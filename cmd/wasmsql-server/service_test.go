//go:build linux

package main

import (
	"bufio"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// unit returns the unit of the service with that program in it.
func unit(t *testing.T, program string) string {
	t.Helper()
	text, err := os.ReadFile("wasmsql.service")
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "/usr/local/bin/wasmsql-server", program)
}

// systemd finds the unit right, and hardened.
func TestUnitIsSound(t *testing.T) {
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd is not there: ", err)
	}
	name := filepath.Join(t.TempDir(), "wasmsql.service")
	if err := os.WriteFile(name, []byte(unit(t, "/bin/true")), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", name).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
	const threshold = "15" // tenths; what systemd calls OK is up to 25
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold="+threshold, name).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	if lines := strings.Split(strings.TrimSpace(string(out)), "\n"); err == nil {
		t.Log(lines[len(lines)-1])
	}
}

// settings returns the values of a setting of a unit, with its specifiers
// replaced, and lines that go on joined.
func settings(text, name string, specifiers *strings.Replacer) (all []string) {
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\\\n", " "), "\n") {
		if value, ok := strings.CutPrefix(line, name+"="); ok {
			all = append(all, specifiers.Replace(value))
		}
	}
	return all
}

// TestServiceAsItsUnitSays runs the command of the unit in the environment that
// systemd would make of it: the folders, the credentials and the socket to
// notify.
func TestServiceAsItsUnitSays(t *testing.T) {
	dir := t.TempDir()
	uri, err := url.Parse(sqldbtest.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	password, ok := uri.User.Password()
	if !ok {
		t.Skip("the server asks for no password")
	}
	uri.User = url.User(uri.User.Username())
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text := unit(t, self)
	specifiers := strings.NewReplacer("%E", dir+"/etc", "%S", dir+"/lib", "%L", dir+"/log", "%C", dir+"/cache",
		"127.0.0.1:8080", "127.0.0.1:0", "127.0.0.1:9464", "127.0.0.1:0")
	write(t, dir, map[string]string{
		"etc/wasmsql/tenants/acme/wasmsql.yaml": "connections: {db: {uri: '" + uri.String() + "', secret_connect_args: {password: {group: db, key: word}}}}\n",
		"etc/wasmsql/tenants/acme/tasks/x.yaml": "name: x\nconnection: db\nquery: SELECT 1 AS n\n",
		"run/secrets_acme_db_word":              password + "\n",
		"run/secrets_other_db_word":             "another's\n",
	})
	for _, name := range []string{"lib", "log", "cache"} {
		if err := os.MkdirAll(filepath.Join(dir, name, "wasmsql"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	_, token, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "etc/wasmsql/tenants"), "acme", "--role", "run")
	if st, err := os.Stat(filepath.Join(dir, "etc/wasmsql/tenants/acme/tokens.yaml")); err != nil || st.Mode().Perm()&0o044 != 0o044 {
		t.Errorf("a service that is not root's cannot read the tokens: %v, %v", st.Mode(), err)
	}
	notified, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer notified.Close()
	told := func(want string) {
		t.Helper()
		b := make([]byte, 100)
		_ = notified.SetReadDeadline(time.Now().Add(sqldbtest.Patience))
		if n, err := notified.Read(b); err != nil || string(b[:n]) != want {
			t.Errorf("the service manager is told %q, %v", b[:n], err)
		}
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "notify"))
	t.Setenv("CREDENTIALS_DIRECTORY", filepath.Join(dir, "run"))
	if got := settings(text, "Environment", specifiers); len(got) != 1 || got[0] != "WASMSQL_CACHE="+dir+"/cache/wasmsql" {
		t.Errorf("the environment is %q", got) // and not taken over: to compile anew takes long
	}
	command := strings.Fields(settings(text, "ExecStart", specifiers)[0])
	p := start(t, dir, command[1:]...)
	told(notifyReady)
	if got := settings(text, "LoadCredential", specifiers); len(got) != 1 || !strings.HasPrefix(got[0], "secrets:") {
		t.Errorf("the credentials are %q", got)
	}
	if status, body, err := p.ask("POST", "/v1/tasks/x/run", strings.TrimSpace(token), `{}`); body != "[\n{\"n\":1}\n]\n" {
		t.Error(status, body, err)
	}
	if status, _, _ := p.ask("POST", "/v1/executions", strings.TrimSpace(token), `{"task": "x"}`); status != 202 {
		t.Errorf("status %d: no state is kept", status)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	told(notifyStopping)
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"lib/wasmsql/state.db", "log/wasmsql/audit.ndjson"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	// What the program waits for is less than what systemd does.
	stop, err := time.ParseDuration(strings.Replace(settings(text, "TimeoutStopSec", specifiers)[0], "min", "m", 1))
	if drain := 30 * time.Second; err != nil || stop < 3*drain {
		t.Errorf("systemd waits for %s, %v", stop, err)
	}
}

// The URL of the state may be a credential.
func TestStateFromACredential(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"run/state": "sqlite:///kept.db\n", "tenants/acme/wasmsql.yaml": ""})
	t.Setenv("CREDENTIALS_DIRECTORY", filepath.Join(dir, "run"))
	start(t, dir, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0")
	if _, err := os.Stat(filepath.Join(dir, "kept.db")); err != nil {
		t.Error(err)
	}
}

// TestLifeGoesOn: what a SIGHUP asks for is done, and who read what is logged
// may go; neither ends a server.
func TestLifeGoesOn(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"tenants/acme/wasmsql.yaml": ""})
	_, text, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), "acme", "--role", "run")
	token := strings.TrimSpace(text)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	said, stderr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0")
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), asProgram+"=1"), stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	_ = stderr.Close()
	p := &program{t: t, cmd: cmd}
	for lines := bufio.NewScanner(said); p.url == "" && lines.Scan(); {
		p.url, _ = strings.CutPrefix(lines.Text(), "wasmsql: serving at ")
		if !strings.HasPrefix(p.url, "http") {
			p.url = ""
		}
	}
	_ = said.Close()
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml": "connections: {db: {uri: 'sqlite://'}}\n",
		"tenants/acme/tasks/x.yaml": "name: x\nconnection: db\nquery: SELECT 1 AS n\n",
	})
	if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	sqldbtest.Eventually(t, "the new task is not there", func() bool { // and the log of it is lost
		status, _, err := p.ask("POST", "/v1/tasks/x/run", token, `{}`)
		if err != nil {
			t.Fatal(err)
		}
		return status == 200
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
