package connector_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
	"github.com/wasmsql/wasmsql/host/flyte/storage/cloud"
	"github.com/wasmsql/wasmsql/host/flyte/storage/s3test"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// flaky is a Store whose files cannot be made for some time.
type flaky struct {
	flyte.Store
	mu    sync.Mutex
	times int
}

func (f *flaky) Create(ctx context.Context, uri string) (flyte.Object, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.times--; f.times >= 0 {
		return nil, &flyte.StoreError{Op: "create", Fault: flyte.StoreTransient, Message: "the service is busy", Cause: errors.New("503")}
	}
	return f.Store.Create(ctx, uri)
}

// TestStorage has storage fail: that is no fault of the task's, and is tried
// again before Flyte hears of it.
func TestStorage(t *testing.T) {
	t.Parallel()
	store := &flaky{Store: storage.Files{}, times: 1}
	p := newPlace(t, "", options{store: store})
	r := p.end(p.create(p.request("again", template(t, "query: SELECT 1 AS n\n"+onFile), nil)))
	dataset(t, r)
	if n := r.GetCustomInfo().AsMap()["attempts"]; n != 2.0 {
		t.Error("attempts:", n)
	}
	if os.Getenv("WASMSQL_TEST_FULL") == "" {
		return
	}
	store.mu.Lock()
	store.times = 100
	store.mu.Unlock()
	r = p.end(p.create(p.request("never", template(t, "query: SELECT 1 AS n\n"+onFile), nil)))
	if r.GetPhase() != core.TaskExecution_RETRYABLE_FAILED || r.GetMessage() != "SYSTEM:StorageError: the service is busy" || r.GetAgentError().GetOrigin() != core.ExecutionError_SYSTEM {
		t.Error(prototext.Format(r))
	}
}

// TestS3 writes a result to a bucket.
func TestS3(t *testing.T) {
	s3 := s3test.Start(t)
	env := map[string]string{}
	for _, v := range s3test.Env(s3.Endpoint) {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
		t.Setenv(name, value)
	}
	buckets := cloud.New(cloud.Options{Env: func(name string) string { return env[name] }})
	t.Cleanup(func() { _ = buckets.Close() })
	p := newPlace(t, "", options{store: storage.Schemes{"s3": buckets}})
	r := p.request("bucket", template(t, "query: SELECT 9 AS n\n"+onFile), nil)
	r.OutputPrefix = "s3://" + s3test.Bucket + "/shop/out"
	rawOf(r, "s3://"+s3test.Bucket+"/shop/raw")
	folder := dataset(t, p.end(p.create(r)))
	key, ok := strings.CutPrefix(folder, "s3://"+s3test.Bucket+"/")
	file := filepath.Join(p.dir, "00000")
	if !ok || os.WriteFile(file, s3.Get(t, key+"/00000"), 0o600) != nil || rows(t, file) != `{"n":["9"]}` {
		t.Error(folder, s3.Objects(t, ""))
	}
	if left := s3.Objects(t, "shop/out"); len(left) > 0 {
		t.Errorf("Flyte writes the outputs itself, and there are %q", left)
	}
}

// TestMounted has its files where Kubernetes puts them: each is a link into a
// folder that is a link, and is replaced with it.
func TestMounted(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	mount := func(dir, file, text string) {
		p.write(dir+"/..1/"+file, text)
		for name, to := range map[string]string{"..data": "..1", file: "..data/" + file} {
			if err := os.Symlink(to, filepath.Join(p.dir, dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	mount("tenants/mounted", "wasmsql.yaml", "quotas: {running: 3}\n")
	mount("secrets/mounted/warehouse", "file", "data.db")
	if err := p.server.Reload(t.Context()); err != nil || len(p.server.Broken()) > 0 {
		t.Fatal(err, p.server.Broken())
	}
	got, err := secret.Files(filepath.Join(p.dir, "secrets/mounted"), "").Lookup(t.Context(), secret.Ref{Group: "warehouse", Key: "file", Mount: secret.File})
	if err != nil || got.Reveal() != "data.db" {
		t.Error(err)
	}
	p.grant(strings.ReplaceAll(grants, "acme", "mounted"), "")
	one := template(t, "query: SELECT 1 AS n\n"+onFile)
	sqldbtest.Eventually(t, "it is not the other tenant's", func() bool {
		p.end(p.create(p.request(fmt.Sprint("e", time.Now().UnixNano()), one, nil)))
		all := p.audit.list()
		return all[len(all)-1].Tenant == "mounted"
	})
}

// TestSeenByHTTP looks at executions of Flyte as the tenant's people do.
func TestSeenByHTTP(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	meta := p.create(p.request("seen", template(t, "query: SELECT 1 AS n\n"+onFile), nil))
	id := p.end(meta).GetCustomInfo().AsMap()["execution"].(string)
	token := func(role server.Role) string {
		text, _, err := server.NewToken(filepath.Join(p.dir, "tenants/acme"), role, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.server.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		return text
	}
	do := func(method, path, token string) (int, string) {
		w, r := httptest.NewRecorder(), httptest.NewRequest(method, path, nil)
		r.Header.Set("Authorization", "Bearer "+token)
		p.server.Handler().ServeHTTP(w, r)
		return w.Code, w.Body.String()
	}
	run, operate := token(server.Run), token(server.Operate)
	status, body := do("GET", "/v1/executions/"+id, run)
	for _, part := range []string{`"task":"shop.orders"`, `"status":"succeeded"`, `"token":"flyte:shop/development"`, `"rows":1`} {
		if !strings.Contains(body, part) {
			t.Errorf("%d: no %s in %s", status, part, body)
		}
	}
	if strings.Contains(body, `"result":"`) || strings.Contains(body, p.dir) {
		t.Error("it tells where the result is:", body)
	}
	if status, body := do("GET", "/v1/executions/"+id+"/result", run); status != 404 || !strings.Contains(body, `"detail":"the rows are not here"`) {
		t.Error(status, body)
	}
	if status, body := do("DELETE", "/v1/executions/"+id, run); status != 403 {
		t.Error("a token that did not ask for it ends it:", status, body)
	}
	if status, body := do("DELETE", "/v1/executions/"+id, operate); status != 202 {
		t.Error(status, body)
	}
	if got := p.get(meta); got.GetPhase() != core.TaskExecution_SUCCEEDED {
		t.Error("what was done is undone:", prototext.Format(got))
	}
	// An execution of HTTP is none of Flyte's.
	p.write("tenants/acme/wasmsql.yaml", "connections: {db: {uri: 'sqlite://'}}\n")
	p.write("tenants/acme/tasks/one.yaml", "name: one\nquery: SELECT 1 AS n\nconnection: db\n")
	run = token(server.Run)
	w, r := httptest.NewRecorder(), httptest.NewRequest("POST", "/v1/executions", strings.NewReader(`{"task": "one"}`))
	r.Header.Set("Authorization", "Bearer "+run)
	r.Header.Set("Content-Type", "application/json")
	p.server.Handler().ServeHTTP(w, r)
	var e struct{ ID string }
	if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != 202 {
		t.Fatal(w.Code, w.Body)
	}
	if got := p.get([]byte(`{"execution": "` + e.ID + `"}`)); got.GetPhase() != core.TaskExecution_RETRYABLE_FAILED || got.GetCustomInfo() != nil {
		t.Error(prototext.Format(got))
	}
	p.delete([]byte(`{"execution": "` + e.ID + `"}`))
	sqldbtest.Eventually(t, "Flyte has ended an execution of HTTP", func() bool {
		_, body := do("GET", "/v1/executions/"+e.ID+"?wait=1s", run)
		return strings.Contains(body, `"status":"succeeded"`)
	})
}

// TestStateGone ends the state's connections under the calls, and then takes
// its table away: Flyte hears of the second only, and of nothing that it holds.
func TestStateGone(t *testing.T) {
	t.Parallel()
	state := sqldbtest.PostgresDatabase(t)
	p := newPlace(t, "", options{state: state.URI})
	one := template(t, "query: SELECT 1 AS n\n"+onFile)
	meta := p.create(p.request("before", one, nil))
	p.end(meta)
	admin1 := open(t, "pgx", state.AdminURI)
	for i := range 2 {
		if _, err := admin1.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND pid <> pg_backend_pid()"); err != nil {
			t.Fatal(err)
		}
		if got := p.get(meta); got.GetPhase() != core.TaskExecution_SUCCEEDED {
			t.Error(prototext.Format(got))
		}
		p.end(p.create(p.request(fmt.Sprint("during", i), one, nil)))
	}
	if _, err := admin1.Exec("ALTER TABLE wasmsql_executions RENAME TO gone"); err != nil {
		t.Fatal(err)
	}
	_, err := call[admin.GetTaskResponse](p, services[0], "GetTask", &admin.GetTaskRequest{ResourceMeta: meta})
	if s := status.Convert(err); s.Code() != codes.Unavailable || s.Message() != "the state of executions cannot be reached" {
		t.Error(err)
	}
	if _, err := admin1.Exec("ALTER TABLE gone RENAME TO wasmsql_executions"); err != nil {
		t.Fatal(err)
	}
	dataset(t, p.get(meta))
}
