package main

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// instructions returns the arguments of an instruction of a stage of the
// Dockerfile: all with that name, in order.
func instructions(t *testing.T, stage, name string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "wasmsql", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), " AS "+stage+"\n")
	if !found {
		t.Fatalf("the Dockerfile has no stage %s", stage)
	}
	rest, _, _ = strings.Cut(rest, "\nFROM ")
	for line := range strings.SplitSeq(rest, "\n") {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			all = append(all, value)
		}
	}
	return all
}

// TestServerImage assembles the root folder that the Dockerfile makes an image
// of, and runs what the image runs, with that as its root, as its user, and with
// nothing else: it serves a tenant, and finds the compiled code.
func TestServerImage(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a root folder of one's own needs root")
	}
	if testing.Short() {
		t.Skip("it builds the program")
	}
	root := filepath.Join(t.TempDir(), "root")
	build := exec.Command("sh", "cmd/wasmsql/image.sh", root, "server")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var names []string
	var size int64
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if strings.HasPrefix(path, root+"/var") {
			if err := os.Lchown(path, 65532, 65532); err != nil { // as COPY --chown does
				return err
			}
		} else if err == nil && d.Type().IsRegular() {
			names = append(names, path[len(root)+1:])
		}
		if info, ierr := d.Info(); ierr == nil && d.Type().IsRegular() {
			size += info.Size()
		}
		return err
	})
	if want := []string{"etc/ssl/certs/ca-certificates.crt", "usr/local/bin/wasmsql-server"}; err != nil || !slices.Equal(names, want) {
		t.Errorf("the image has %q, %v", names, err)
	}
	t.Logf("the image has %d bytes", size)
	if size > 120<<20 {
		t.Errorf("the image has %d bytes", size)
	}
	write(t, root, map[string]string{
		"etc/wasmsql/tenants/acme/wasmsql.yaml": "connections: {db: {uri: 'sqlite://'}}\n",
		"etc/wasmsql/tenants/acme/tasks/x.yaml": "name: x\nconnection: db\nquery: SELECT 41 + 1 AS n\n",
	})
	if err := filepath.WalkDir(filepath.Join(root, "etc/wasmsql"), func(path string, d fs.DirEntry, _ error) error {
		return os.Chmod(path, 0o755)
	}); err != nil {
		t.Fatal(err)
	}
	_, token, _ := call(t, "token", "create", "--tenants", filepath.Join(root, "etc/wasmsql/tenants"), "acme", "--role", "run")
	inImage(t, root, strings.TrimSpace(token))
}

// inImage runs the command of the image.
func inImage(t *testing.T, root, token string) {
	t.Helper()
	var entry, command []string
	if err := json.Unmarshal([]byte(instructions(t, "server", "ENTRYPOINT")[0]), &entry); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(instructions(t, "server", "CMD")[0]), &command); err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(command, ":8080"); i < 0 || instructions(t, "server", "USER")[0] != "65532:65532" {
		t.Fatalf("it listens elsewhere, or as someone else: %q", command)
	} else {
		command[i] = "127.0.0.1:0"
	}
	cmd := &exec.Cmd{Path: entry[0], Args: append(entry, command...), Dir: instructions(t, "server", "WORKDIR")[0],
		Env:         strings.Fields(instructions(t, "server", "ENV")[0]),
		SysProcAttr: &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: 65532, Gid: 65532}}}
	began := time.Now()
	p := started(t, cmd)
	took := time.Since(began)
	if status, body, err := p.ask("POST", "/v1/tasks/x/run", token, `{}`); body != "[\n{\"n\":42}\n]\n" {
		t.Error(status, body, err)
	}
	if status, body, err := p.ask("POST", "/v1/executions", token, `{"task": "x"}`); status != 202 {
		t.Error(status, body, err)
	}
	_, body, err := p.ask("GET", "/metrics", "", "")
	if err != nil || !strings.Contains(body, "\nwasmsql_compile_cache_misses_total 0\n") || !strings.Contains(body, "wasmsql_compile_cache_hits_total{place=\"folder\"} 1\n") {
		t.Errorf("the compiled code was not found after %s:\n%s", took, body)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
