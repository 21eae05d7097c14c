package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/proto"

	"github.com/wasmsql/wasmsql/host/flyte/register"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// TestImage assembles the root folder that the Dockerfile makes an image of,
// with the script that it uses, and runs an execution with that as its root and
// nothing else: as root, and as a user who may not read the compiled code.
func TestImage(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("a root folder of one's own needs root")
	}
	if testing.Short() {
		t.Skip("it builds the program")
	}
	root := filepath.Join(t.TempDir(), "root")
	build := exec.Command("sh", "cmd/wasmsql/image.sh", root)
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	content := []string{"etc/ssl/certs/ca-certificates.crt", "usr/local/bin/pyflyte-execute", "usr/local/bin/wasmsql-flyte"}
	size, code := holds(t, root, content)
	if size > 70<<20 || code < 1<<20 || code > 30<<20 {
		t.Errorf("the image has %d bytes, and %d of compiled code", size, code)
	}
	certificates, err := os.ReadFile(filepath.Join(root, content[0]))
	if n := bytes.Count(certificates, []byte("BEGIN CERTIFICATE")); err != nil || n < 50 {
		t.Errorf("%d certificates, %v", n, err)
	}
	for _, user := range []uint32{0, 65534} {
		inChroot(t, root, user)
	}
}

// holds checks that a root folder has these files and, below var/cache, compiled
// code. It returns the bytes of both.
func holds(t *testing.T, root string, want []string) (size, code int64) {
	t.Helper()
	var got []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if name := path[len(root)+1:]; strings.HasPrefix(name, "var/cache/wasmsql/") {
			code += info.Size()
		} else {
			got, size = append(got, name), size+info.Size()
		}
		return err
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("the image has %q, %v", got, err)
	}
	return size, code
}

// inChroot runs a task with root as its root folder, in an environment that has
// what the image sets.
func inChroot(t *testing.T, root string, user uint32) {
	t.Helper()
	work, err := os.MkdirTemp(filepath.Join(root, "tmp"), "work")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(work, 0o777); err != nil {
		t.Fatal(err)
	}
	tasks, err := manifest.ReadFlyteTasks("task.yaml", []byte("name: t\nquery: SELECT 1 AS one\nconnection: {uri: 'sqlite:///case.db'}\nflyte: {image: i}\n"))
	if err != nil {
		t.Fatal(err)
	}
	template, err := register.Template(tasks[0])
	if err != nil {
		t.Fatal(err)
	}
	data, err := register.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"task.pb": data, "inputs.pb": nil} {
		if err := os.WriteFile(filepath.Join(work, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("/usr/local/bin/pyflyte-execute", template.GetContainer().GetArgs()[1:]...)
	replace := strings.NewReplacer("{{.input}}", "inputs.pb", "{{.outputPrefix}}", "out", "{{.rawOutputDataPrefix}}", "raw", "{{.taskTemplatePath}}", "task.pb")
	for i, arg := range cmd.Args {
		cmd.Args[i] = replace.Replace(arg)
	}
	cmd.Err = nil // the program is looked for below the new root
	cmd.Dir = work[len(root):]
	cmd.Env = []string{"PATH=/usr/local/bin", "WASMSQL_CACHE=/var/cache/wasmsql"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Credential: &syscall.Credential{Uid: user, Gid: user}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("as user %d: %v\n%s", user, err, out)
	}
	written, err := os.ReadFile(filepath.Join(work, "out", "outputs.pb"))
	if err != nil {
		said, _ := os.ReadFile(filepath.Join(work, "out", "error.pb"))
		t.Fatalf("as user %d: %v\n%s", user, err, said)
	}
	var literals core.LiteralMap
	if err := proto.Unmarshal(written, &literals); err != nil {
		t.Fatal(err)
	}
	folder := literals.GetLiterals()["results"].GetScalar().GetStructuredDataset().GetUri()
	result, err := os.ReadFile(filepath.Join(work, folder, "00000"))
	if err != nil || parquetRows(t, result) != 1 {
		t.Errorf("as user %d: %v", user, err)
	}
}
