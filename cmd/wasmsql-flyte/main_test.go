//go:build unix

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/proto"

	"github.com/wasmsql/wasmsql/host/flyte/register"
	"github.com/wasmsql/wasmsql/host/flyte/storage/s3test"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// asFlyte makes this test binary be the command itself.
const asFlyte = "WASMSQL_TEST_AS_FLYTE"

func TestMain(m *testing.M) {
	if os.Getenv(asFlyte) != "" {
		main()
	}
	sqldbtest.Main(m)
}

// rows is what the result of a work has; it is three parts of an upload.
const rows = 400_000

// work is a task on a server of S3 and a database: it inserts a row, and
// returns a result that takes three parts to upload.
type work struct {
	server *s3test.Server
	db     sqldbtest.Database
	cache  string
}

func newWork(t *testing.T) *work {
	t.Helper()
	w := &work{server: s3test.Start(t), db: sqldbtest.PostgresDatabase(t), cache: t.TempDir()}
	if _, err := postgresClient(w.db.URI, "CREATE TABLE done (at timestamptz);"); err != nil {
		t.Fatal(err)
	}
	tasks, err := manifest.ReadFlyteTasks("task.yaml", fmt.Appendf(nil, `
name: work
query: |
  INSERT INTO done VALUES (now());
  SELECT i, decode(md5(i::text) || md5((-i)::text), 'hex') AS noise FROM generate_series(1, %d) AS i
connection: {uri: %q}
flyte: {image: i}
`, rows, w.db.URI))
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
	w.server.Put(t, "in/task.pb", data)
	w.server.Put(t, "in/inputs.pb", []byte{})
	return w
}

// sql runs SQL as the superuser, and returns what came back.
func (w *work) sql(t *testing.T, text string) string {
	t.Helper()
	out, err := postgresClient(w.db.AdminURI, text)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func postgresClient(uri, text string) (string, error) {
	s, err := sqldbtest.NewPostgres()
	if err != nil {
		return "", err
	}
	return s.Client(uri, text)
}

// attempt returns an attempt at the work, whose files are below the prefix.
func (w *work) attempt(endpoint, prefix string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	in := "s3://" + s3test.Bucket + "/in/"
	out := "s3://" + s3test.Bucket + "/" + prefix
	cmd := exec.Command(self, "--inputs", in+"inputs.pb", "--output-prefix", out+"/out", "--raw-output-data-prefix", out+"/raw",
		"--checkpoint-path", "", "--prev-checkpoint", `""`,
		"--resolver", "flytekit.core.python_customized_container_task.default_task_template_resolver", "--",
		in+"task.pb", "flytekitplugins.sqlalchemy.task.SQLAlchemyTaskExecutor")
	cmd.Args[0] = "/usr/local/bin/pyflyte-execute"
	cmd.Env = append(append(os.Environ(), s3test.Env(endpoint)...), asFlyte+"=1", "WASMSQL_CACHE="+w.cache, "_F_P_WRITE_CHUNK_SIZE=5242880", "AWS_MAX_ATTEMPTS=2")
	return cmd
}

// done returns how many transactions of the work were committed.
func (w *work) done(t *testing.T) string { return w.sql(t, "SELECT count(*) FROM done;") }

// whole checks an attempt that succeeded: what outputs.pb names is there, is
// all of the result, and is all that is there.
func (w *work) whole(t *testing.T, prefix string) {
	t.Helper()
	out := &core.LiteralMap{}
	if err := proto.Unmarshal(w.server.Get(t, prefix+"/out/outputs.pb"), out); err != nil {
		t.Fatal(err)
	}
	data := out.GetLiterals()["results"].GetScalar().GetStructuredDataset()
	folder := strings.TrimPrefix(data.GetUri(), "s3://"+s3test.Bucket+"/")
	if data.GetMetadata().GetStructuredDatasetType().GetFormat() != "parquet" || path.Dir(folder) != prefix+"/raw" || len(path.Base(folder)) != 32 {
		t.Errorf("the literal is %v", out)
	}
	for _, key := range w.server.Objects(t, prefix+"/raw/") {
		if key != folder+"/00000" {
			t.Errorf("%q is there too", key)
		}
	}
	if n := parquetRows(t, w.server.Get(t, folder+"/00000")); n != rows {
		t.Errorf("the result has %d rows", n)
	}
}

func parquetRows(t *testing.T, data []byte) int64 {
	t.Helper()
	r, err := file.NewParquetReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return r.NumRows()
}

// calls are the storage calls of the work, in order, and whether the
// transaction is committed by then.
var calls = []struct {
	what      string
	committed bool
}{
	{"GetObject task.pb", false},
	{"GetObject inputs.pb", false},
	{"CreateMultipartUpload 00000", false},
	{"UploadPart 1 00000", false},
	{"UploadPart 2 00000", false},
	{"UploadPart 3 00000", false},
	{"CompleteMultipartUpload 00000", true},
	{"PutObject outputs.pb", true},
}

// TestCalls: these are all of them.
func TestCalls(t *testing.T) {
	w := newWork(t)
	proxy := s3test.NewProxy(t, w.server, func(string) s3test.Fault { return s3test.Pass })
	if out, err := w.attempt(proxy.Endpoint, "a").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.whole(t, "a")
	seen := map[string]bool{}
	for _, what := range proxy.Seen() {
		seen[what] = true
	}
	for _, c := range calls {
		if !seen[c.what] {
			t.Errorf("there was no %s", c.what)
		}
		delete(seen, c.what)
	}
	if len(seen) > 0 {
		t.Errorf("there was also %v", seen)
	}
}

// TestHandOver: wasmsql flyte execute hands what lies in buckets to the program
// beside it.
func TestHandOver(t *testing.T) {
	w := newWork(t)
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", dir+"/wasmsql", "../wasmsql").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := w.attempt(w.server.Endpoint, "h")
	if err := os.Symlink(cmd.Path, dir+"/wasmsql-flyte"); err != nil {
		t.Fatal(err)
	}
	cmd.Path = dir + "/wasmsql"
	cmd.Args = append([]string{"wasmsql", "flyte", "execute"}, cmd.Args[1:]...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	w.whole(t, "h")
}

// TestStorageFaults: a fault that stays, at each call, two kinds of them or
// with WASMSQL_TEST_FULL all, ends in an error document of the right kind, and in nothing of a result. What was committed
// before it is not done again.
func TestStorageFaults(t *testing.T) {
	w := newWork(t)
	for i, c := range calls {
		faults := []s3test.Fault{s3test.Denied, s3test.CutRequest}
		if os.Getenv("WASMSQL_TEST_FULL") != "" {
			faults = append(faults, s3test.Unavailable, s3test.Reset)
		}
		for _, fault := range faults {
			t.Run(c.what+" "+fault.String(), func(t *testing.T) {
				prefix := fmt.Sprintf("f%d-%d", i, fault)
				w.sql(t, "DELETE FROM done;")
				proxy := s3test.NewProxy(t, w.server, func(what string) s3test.Fault {
					if what == c.what {
						return fault
					}
					return s3test.Pass
				})
				if out, err := w.attempt(proxy.Endpoint, prefix).CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				w.failed(t, prefix, c.what, c.committed, fault == s3test.Denied)
			})
		}
	}
	t.Run("error.pb too", func(t *testing.T) {
		proxy := s3test.NewProxy(t, w.server, func(what string) s3test.Fault {
			if strings.HasPrefix(what, "PutObject") {
				return s3test.Denied
			}
			return s3test.Pass
		})
		out, err := w.attempt(proxy.Endpoint, "e").CombinedOutput()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || !bytes.Contains(out, []byte("the error document could not be written: access is denied")) {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// failed checks an attempt that failed at a storage call.
func (w *work) failed(t *testing.T, prefix, at string, committed, denied bool) {
	t.Helper()
	doc := &core.ErrorDocument{}
	if err := proto.Unmarshal(w.server.Get(t, prefix+"/out/error.pb"), doc); err != nil {
		t.Fatal(err)
	}
	e := doc.GetError()
	want := core.ContainerError_RECOVERABLE
	if committed || denied && strings.HasPrefix(at, "GetObject task.pb") {
		want = core.ContainerError_NON_RECOVERABLE
	}
	if e.GetKind() != want || !strings.HasSuffix(e.GetCode(), ":StorageError") || strings.Contains(e.GetMessage(), s3test.Secret) || strings.Contains(e.GetMessage(), "127.0.0.1") {
		t.Errorf("the error is %v", e)
	}
	if want := map[bool]string{false: "0", true: "1"}[committed]; w.done(t) != want {
		t.Errorf("%s transactions were committed, want %s", w.done(t), want)
	}
	for _, key := range w.server.Objects(t, prefix+"/") {
		// A result that is whole and of no use stays: it may be all there is of
		// a transaction that is committed.
		if key != prefix+"/out/error.pb" && at != "PutObject outputs.pb" {
			t.Errorf("%s is there", key)
		}
	}
	if n := w.server.Uploads(t); n > 0 {
		t.Errorf("%d uploads are open", n)
	}
}

// TestKill: kill -9 at each of these points leaves nothing half under a name,
// nor a transaction on the server, and the next attempt is right.
func TestKill(t *testing.T) {
	w := newWork(t)
	type point struct {
		what  string
		fault s3test.Fault // that the call meets when the process is gone
	}
	points := []point{{"query", s3test.Pass}}
	for _, c := range calls {
		points = append(points, point{c.what, s3test.CutRequest})
	}
	points = append(points, point{"UploadPart 2 00000", s3test.Lost}, point{"CompleteMultipartUpload 00000", s3test.Lost}, point{"PutObject outputs.pb", s3test.Lost})
	for i, p := range points {
		t.Run(p.what+" "+p.fault.String(), func(t *testing.T) {
			w.sql(t, "DELETE FROM done;")
			prefix := fmt.Sprintf("k%d", i)
			var cmd *exec.Cmd
			var once sync.Once
			started := make(chan struct{})
			kill := func() {
				<-started
				once.Do(func() { cmd.Process.Kill() })
			}
			proxy := s3test.NewProxy(t, w.server, func(what string) s3test.Fault {
				if what == p.what {
					kill()
					return p.fault
				}
				return s3test.Pass
			})
			cmd = w.attempt(proxy.Endpoint, prefix)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			close(started)
			if p.what == "query" {
				w.waitFor(t, "state = 'active'", true)
				kill()
			}
			if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
				t.Fatalf("it ended with %v, after %q", err, proxy.Seen())
			}
			w.afterKill(t, prefix, p.what == "PutObject outputs.pb" && p.fault == s3test.Lost)
			w.sql(t, "DELETE FROM done;")
			if out, err := w.attempt(w.server.Endpoint, prefix+"-again").CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			w.whole(t, prefix+"-again")
			if n := w.done(t); n != "1" {
				t.Errorf("the next attempt committed %s transactions", n)
			}
		})
	}
}

// waitFor waits until a session of the work is in a state, or none is.
func (w *work) waitFor(t *testing.T, state string, some bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), sqldbtest.Patience)
	defer cancel()
	for ctx.Err() == nil {
		n := w.sql(t, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid() AND "+state+";")
		if (n != "0") == some {
			return
		}
	}
	t.Errorf("a session where %s: still %v", state, !some)
}

// afterKill checks what is left of an attempt that was killed.
func (w *work) afterKill(t *testing.T, prefix string, answered bool) {
	t.Helper()
	w.waitFor(t, "state IS NOT NULL", false)
	for _, key := range w.server.Objects(t, prefix+"/") {
		switch {
		case path.Base(key) == "00000":
			if n := parquetRows(t, w.server.Get(t, key)); n != rows || w.done(t) != "1" {
				t.Errorf("%s has %d rows, and %s transactions are committed", key, n, w.done(t))
			}
		case path.Base(key) == "outputs.pb" && answered:
			w.whole(t, prefix)
		default:
			t.Errorf("%s is there", key)
		}
	}
}
