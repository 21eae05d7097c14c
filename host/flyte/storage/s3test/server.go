//go:build unix

// Package s3test runs an S3 server for tests, on the loopback address, and a
// proxy in front of it that fails where a test wants it to.
//
// The server is Versity's S3 gateway with its backend of plain files: a real
// implementation, with signatures, multipart uploads and their rules, in Go and
// from the module proxy. It is built the first time that it is needed, and kept
// in the user's cache folder.
package s3test

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// version is the module that is built.
const (
	module  = "github.com/versity/versitygw/cmd/versitygw"
	version = "v1.8.0"
)

// Bucket is the bucket that a Server has.
const Bucket = "flyte"

// What a Server lets in.
const (
	Access = "wasmsql"
	Secret = "not-a-secret-at-all"
)

// Server is a running S3 server.
type Server struct {
	Endpoint string // http://127.0.0.1:port
	dir      string // a folder per bucket
}

// built is the path of the program, which the tests of a binary share.
var built = sync.OnceValues(build)

// build builds the program, if it is not there.
func build() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "wasmsql-test")
	path := filepath.Join(dir, "versitygw-"+version)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	temporary, err := os.MkdirTemp(dir, "build-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temporary)
	cmd := exec.Command("go", "install", "-trimpath", module+"@"+version)
	cmd.Dir = temporary
	cmd.Env = append(os.Environ(), "GOBIN="+temporary, "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", module, err, out)
	}
	return path, os.Rename(filepath.Join(temporary, "versitygw"), path)
}

// script runs the server and ends it when standard input ends: when the test
// process has, however that was.
const script = `
exec 3<&0
"$@" </dev/null 3<&- &
server=$!
{ read -r _; kill -s KILL "$server"; } <&3 2>/dev/null &
guard=$!
wait "$server"
kill "$guard" 2>/dev/null
`

// Start starts a server with an empty bucket. It ends with the test. Where it
// cannot be built, for want of a network, the test is skipped, or fails under
// CI.
func Start(t testing.TB) *Server {
	t.Helper()
	program, err := built()
	if err != nil {
		if os.Getenv("CI") != "true" {
			t.Skipf("an S3 server for the test: %v", err)
		}
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	s := &Server{Endpoint: "http://" + address, dir: filepath.Join(t.TempDir(), "data")}
	meta := filepath.Join(filepath.Dir(s.dir), "meta")
	for _, dir := range []string{filepath.Join(s.dir, Bucket), meta} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	log, err := os.Create(filepath.Join(filepath.Dir(s.dir), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command("/bin/sh", "-c", script, "sh", program, "--port", address, "--quiet", "--keep-alive", "--health", "/health",
		"posix", "--sidecar", meta, s.dir)
	cmd.Env = append(os.Environ(), "ROOT_ACCESS_KEY_ID="+Access, "ROOT_SECRET_ACCESS_KEY="+Secret)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	pipe, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		pipe.Close()
		cmd.Wait()
	})
	for began := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if answer, err := http.Get(s.Endpoint + "/health"); err == nil {
			answer.Body.Close()
			return s
		}
		if time.Since(began) > 30*time.Second {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("the S3 server does not answer; its log:\n%s", text)
		}
	}
}

// Env returns the variables that Flyte's containers have for this server, or
// for what stands in front of it, as name=value.
func Env(endpoint string) []string {
	return []string{
		"FLYTE_AWS_ENDPOINT=" + endpoint,
		"FLYTE_AWS_ACCESS_KEY_ID=" + Access,
		"FLYTE_AWS_SECRET_ACCESS_KEY=" + Secret,
		"AWS_REGION=us-east-1",
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/nonexistent",
		"AWS_SHARED_CREDENTIALS_FILE=/nonexistent",
	}
}

// Objects returns the keys of the objects that the bucket has below a prefix,
// in order. It looks at the server's files, not through it.
func (s *Server) Objects(t testing.TB, prefix string) []string {
	t.Helper()
	keys := []string{}
	root := filepath.Join(s.dir, Bucket)
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist) && path != root: // a folder that went with its last object meanwhile
			return nil
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".sgwtmp"): // of uploads
			return fs.SkipDir
		case d.Type().IsRegular():
			if key := filepath.ToSlash(path[len(root)+1:]); strings.HasPrefix(key, prefix) {
				keys = append(keys, key)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(keys)
	return keys
}

// Uploads returns how many multipart uploads are open.
func (s *Server) Uploads(t testing.TB) int {
	t.Helper()
	n := 0
	found, err := filepath.Glob(filepath.Join(s.dir, Bucket, ".sgwtmp", "multipart", "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		if info, err := os.Stat(f); err == nil && info.IsDir() {
			n++
		}
	}
	return n
}

// Get returns the bytes of an object.
func (s *Server) Get(t testing.TB, key string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, Bucket, filepath.FromSlash(key)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Put makes an object. It is put through the file system: the server takes
// what it finds for objects.
func (s *Server) Put(t testing.TB, key string, data []byte) {
	t.Helper()
	path := filepath.Join(s.dir, Bucket, filepath.FromSlash(key))
	err := os.MkdirAll(filepath.Dir(path), 0o700)
	if err == nil {
		err = os.WriteFile(path, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// partNumber returns the number of the part that a request uploads, or 0.
func partNumber(r *http.Request) int {
	n, _ := strconv.Atoi(r.URL.Query().Get("partNumber"))
	return n
}
