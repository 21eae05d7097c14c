package connector_test

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"gocloud.dev/blob/memblob"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestIdempotent asks for one execution many times, at once and one after the
// other: it runs once.
func TestIdempotent(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	setup := template(t, "query: CREATE TABLE done (n INTEGER)\noutputs: none\n"+onFile)
	p.end(p.create(p.request("setup", setup, nil)))
	add := template(t, "query: INSERT INTO done VALUES ({{ .inputs.n }}) RETURNING n\ninputs: {n: int}\n"+onFile)
	metas := make([][]byte, 8)
	var all sync.WaitGroup
	for i := range metas {
		all.Go(func() {
			a, err := call[admin.CreateTaskResponse](p, services[0], "CreateTask", p.request("once", add, ints(map[string]int64{"n": 1})))
			if err != nil {
				t.Error(err)
			}
			metas[i] = a.GetResourceMeta()
		})
	}
	all.Wait()
	first := p.end(metas[0])
	for _, m := range append(metas, p.create(p.request("once", add, ints(map[string]int64{"n": 1})))) {
		if !bytes.Equal(m, metas[0]) {
			t.Errorf("%s and %s", m, metas[0])
		}
	}
	if dataset(t, first) != dataset(t, p.get(metas[0])) {
		t.Error("the outputs change")
	}
	other := p.get(p.create(p.request("once", add, ints(map[string]int64{"n": 2}))))
	if other.GetPhase() != core.TaskExecution_FAILED || other.GetMessage() != "USER:DeniedError: another request has had the same task execution id\nhint: an execution of Flyte has one task and one set of inputs" {
		t.Error(prototext.Format(other))
	}
	again := p.request("once", add, ints(map[string]int64{"n": 1}))
	again.TaskExecutionMetadata.TaskExecutionId.RetryAttempt = 1
	if m := p.create(again); bytes.Equal(m, metas[0]) {
		t.Error("another attempt is another execution")
	} else {
		p.end(m)
	}
	db := open(t, "sqlite", "file:"+filepath.Join(p.dir, "tenants/acme/data.db"))
	if n := count(t, db, "SELECT count(*) FROM done"); n != 2 {
		t.Errorf("it ran %d times", n)
	}
}

// TestReplicas has a second process answer for the first, end what runs there,
// and run what it accepted.
func TestReplicas(t *testing.T) {
	t.Parallel()
	data, state := sqldbtest.Postgres(t), sqldbtest.Postgres(t)
	a := newPlace(t, data, options{state: state})
	b := newPlace(t, data, options{state: state, dir: a.dir})
	r := a.request("shared", template(t, "query: SELECT 5 AS n\nconnection: {uri: '"+data+"'}\n"), nil)
	meta := a.create(r)
	if !bytes.Equal(meta, b.create(r)) {
		t.Error("two replicas make two executions of one")
	}
	if rows(t, dataset(t, b.end(meta))+"/00000") != `{"n":["5"]}` || dataset(t, a.get(meta)) != dataset(t, b.get(meta)) {
		t.Error("the replicas differ")
	}
	db := open(t, "pgx", data)
	meta = a.create(a.request("long", template(t, "query: SELECT pg_sleep(100)::text AS s\nconnection: {uri: '"+data+"'}\n"), nil))
	b.until(meta, core.TaskExecution_RUNNING)
	const running = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(100)%' AND state = 'active' AND pid <> pg_backend_pid()"
	sqldbtest.Eventually(t, "it does not run", func() bool { return count(t, db, running) == 1 })
	a.delete(meta)
	b.delete(meta)
	if got := b.until(meta, core.TaskExecution_ABORTED); got.GetMessage() != "the execution was cancelled" {
		t.Error(prototext.Format(got))
	}
	sqldbtest.Eventually(t, "the query runs on", func() bool { return count(t, db, running) == 0 })
	b.delete(meta)
	if got := a.get(meta); got.GetPhase() != core.TaskExecution_ABORTED {
		t.Error(prototext.Format(got))
	}
}

// TestBareReplica has a process over the same state that is no connector: what
// it is handed, it leaves to one that is.
func TestBareReplica(t *testing.T) {
	t.Parallel()
	data, state := sqldbtest.Postgres(t), sqldbtest.Postgres(t)
	p := newPlace(t, data, options{state: state, config: "quotas: {running: 1}"})
	bare, err := server.New(t.Context(), server.Config{Tenants: filepath.Join(p.dir, "tenants"), Runtime: hosttest.Runtime(t, "compiler"), State: state, Results: memblob.OpenBucket(nil),
		Secrets: func(string) secret.Provider { return secret.Chain() }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := bare.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	var metas [][]byte
	for i := range 6 {
		metas = append(metas, p.create(p.request(fmt.Sprint("e", i), template(t, "query: SELECT pg_sleep(0.2)::text AS s\nconnection: {uri: '"+data+"'}\n"), nil)))
	}
	for _, m := range metas {
		dataset(t, p.end(m))
	}
}

// TestUnknown asks for executions that are not there.
func TestUnknown(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	for _, meta := range []string{"", "{", "null", "[]", `{"execution": 1}`, `{"execution": ""}`, `{"execution": "0"}`, `{"execution": "' OR 1=1 --"}`,
		"\xff\xfe", `{"refused": null}`, strings.Repeat("x", 1<<20), `{"execution": "` + strings.Repeat("0", 26) + `"}`} {
		got := p.get([]byte(meta))
		if got.GetPhase() != core.TaskExecution_RETRYABLE_FAILED || got.GetMessage() != "the connector knows no such execution: it ended long ago, or was another connector's" {
			t.Errorf("%.40q: %s", meta, prototext.Format(got))
		}
		p.delete([]byte(meta))
		p.delete([]byte(meta))
	}
	_, err := call[admin.GetTaskMetricsResponse](p, services[0], "GetTaskMetrics", &admin.GetTaskMetricsRequest{})
	if status.Code(err) != codes.NotFound {
		t.Error(err)
	}
}

// TestCollected has an execution that ended dropped after a time.
func TestCollected(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{keep: time.Second})
	var meta []byte
	sqldbtest.Eventually(t, "it is dropped before its end is seen", func() bool {
		meta = p.create(p.request(fmt.Sprint("short", time.Now().UnixNano()), template(t, "query: SELECT 1 AS n\n"+onFile), nil))
		return p.end(meta).GetPhase() == core.TaskExecution_SUCCEEDED
	})
	if got := p.until(meta, core.TaskExecution_RETRYABLE_FAILED); got.GetOutputs() != nil {
		t.Error(prototext.Format(got))
	}
}

// TestFailures has executions fail after they were queued, each in the phase
// that Flyte makes the right thing of.
func TestFailures(t *testing.T) {
	t.Parallel()
	pg := sqldbtest.Postgres(t)
	p := newPlace(t, pg, options{config: "limits: {timeout: 1h}"})
	u, err := url.Parse(pg)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	wrong := strings.Replace(pg, password, "not-the-password", 1)
	metas := map[string][]byte{}
	cases := map[string]struct {
		connection, query string
		phase             core.TaskExecution_Phase
		want              string // begins with
	}{
		"a missing table":   {pg, "SELECT * FROM missing", core.TaskExecution_FAILED, `USER:DatabaseError: 1:15: relation "missing" does not exist (SQLSTATE 42P01)`},
		"a missing table 2": {"sqlite:///data.db", "SELECT * FROM missing", core.TaskExecution_FAILED, `USER:DatabaseError: 1:1: no such table: missing`},
		"no rows":           {pg, "CREATE TABLE x (n int)", core.TaskExecution_FAILED, "USER:DatabaseError: the statement returns no rows\nThis result object does not return rows."},
		"a name":            {pg, "SELECT * FROM {{ .inputs.a }}", core.TaskExecution_FAILED, "USER:ConfigError: 1:15: "},
		"a division":        {pg, "SELECT 1 / ({{ .inputs.a }} - 1) AS n", core.TaskExecution_FAILED, "USER:DatabaseError: 1:1: division by zero (SQLSTATE 22012)"},
		"too long":          {pg, "SELECT pg_sleep(100 * {{ .inputs.a }})::text AS n", core.TaskExecution_RETRYABLE_FAILED, "USER:LimitError: "},
		"a wrong password":  {wrong, "SELECT {{ .inputs.a }} AS n", core.TaskExecution_FAILED, "USER:ConnectionError: "},
		"several":           {"sqlite:///data.db", "SELECT 1 AS n; SELECT {{ .inputs.a }} AS n", core.TaskExecution_FAILED, "USER:ProgrammingError: the query has 2 statements"},
	}
	for name, c := range cases {
		inputs, in := "", ints(nil)
		if strings.Contains(c.query, ".inputs") {
			inputs, in = "inputs: {a: int}\n", ints(map[string]int64{"a": 1})
		}
		task := template(t, fmt.Sprintf("query: %q\n%sconnection: {uri: '%s'}\n", c.query, inputs, c.connection))
		if name == "too long" {
			task.Metadata = &core.TaskMetadata{Timeout: durationpb.New(2 * time.Second)}
		}
		metas[name] = p.create(p.request(name, task, in))
	}
	for name, c := range cases {
		got := p.end(metas[name])
		if got.GetPhase() != c.phase || !strings.HasPrefix(got.GetMessage(), c.want) {
			t.Errorf("%s: %s", name, prototext.Format(got))
		}
		if kind := got.GetAgentError().GetKind(); (kind == admin.AgentError_RECOVERABLE) != (c.phase == core.TaskExecution_RETRYABLE_FAILED) {
			t.Errorf("%s: it is %v", name, kind)
		}
		for _, hidden := range []string{password, "not-the-password", u.Host, "127.0.0.1", u.User.Username(), p.dir} {
			if strings.Contains(got.GetMessage(), hidden) {
				t.Errorf("%s: it tells %q: %s", name, hidden, got.GetMessage())
			}
		}
	}
	for _, r := range p.audit.list() {
		if r.Outcome == "ok" || r.Tenant != "acme" || r.Task != "shop.orders" {
			t.Errorf("%+v", r)
		}
	}
	for _, hidden := range []string{password, "not-the-password"} {
		if strings.Contains(p.log.String(), hidden) {
			t.Errorf("the log has %q", hidden)
		}
	}
}

// TestSecrets logs in with a secret of the tenant, which is nowhere else
// afterwards; a group's name in a variable is no way to another group.
func TestSecrets(t *testing.T) {
	t.Parallel()
	pg := sqldbtest.Postgres(t)
	p := newPlace(t, pg, options{})
	u, err := url.Parse(pg)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	p.write("secrets/acme/warehouse/password", password+"\n")
	p.write("secrets/acme/warehouse/v2/password", "of another version")
	p.write("secrets/globex/warehouse/only", password)
	u.User = url.User(u.User.Username())
	ask := func(name, ref string) *admin.Resource {
		task := template(t, "query: SELECT 3 AS n\nconnection: {uri: '"+u.String()+"', secret_connect_args: {password: {group: Warehouse, "+ref+"}}}\n")
		return p.end(p.create(p.request(name, task, nil)))
	}
	if got := rows(t, dataset(t, ask("one", "key: password"))+"/00000"); got != `{"n":["3"]}` {
		t.Error(got)
	}
	if got := ask("version", "key: password, group_version: v1"); got.GetPhase() != core.TaskExecution_SUCCEEDED { // mounted without
		t.Error(prototext.Format(got))
	}
	if got := ask("other version", "key: password, group_version: v2"); got.GetPhase() != core.TaskExecution_FAILED {
		t.Error(prototext.Format(got))
	}
	got := ask("another tenant's", "key: only")
	if got.GetPhase() != core.TaskExecution_FAILED || got.GetMessage() != "USER:ValueError: secret_connect_args.password: group \"Warehouse\", key \"only\": there is no such secret here\nhint: who runs the connector mounts its secrets" {
		t.Error(prototext.Format(got))
	}
	for _, at := range []string{p.log.String(), fmt.Sprint(p.audit.list())} {
		if strings.Contains(at, password) {
			t.Error("the password is in", at)
		}
	}
	state, err := os.ReadFile(filepath.Join(p.dir, "state.db-wal"))
	if err == nil && bytes.Contains(state, []byte(password)) {
		t.Error("the password is in the state")
	}
}

// TestQuotas uses a tenant's quota up.
func TestQuotas(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{config: "quotas: {per_minute: 2}"})
	one := template(t, "query: SELECT 1 AS n\n"+onFile)
	p.create(p.request("a", one, nil))
	first := p.create(p.request("b", one, nil))
	var err error
	for i := 0; i < 5 && err == nil; i++ { // one more is allowed each 30 s, which may have passed
		_, err = call[admin.CreateTaskResponse](p, services[0], "CreateTask", p.request(fmt.Sprint("c", i), one, nil))
	}
	s := status.Convert(err)
	if s.Code() != codes.ResourceExhausted || s.Message() != "the tenant may begin 2 executions a minute" || len(s.Details()) != 1 {
		t.Fatal(err)
	}
	if d := s.Details()[0].(*errdetails.RetryInfo).GetRetryDelay().AsDuration(); d <= 0 || d > 30*time.Second {
		t.Error("again after", d)
	}
	if again := p.create(p.request("b", one, nil)); !bytes.Equal(again, first) {
		t.Error("what was accepted is not asked of the quota again")
	}
	p.end(first)
	if err := os.RemoveAll(filepath.Join(p.dir, "tenants/acme")); err != nil {
		t.Fatal(err)
	}
	if err := p.server.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err = call[admin.CreateTaskResponse](p, services[0], "CreateTask", p.request("d", one, nil))
	if s := status.Convert(err); s.Code() != codes.Unavailable || s.Message() != "the project's tenant is not served at the moment" {
		t.Error(err)
	}
}

// TestReload changes what is allowed while the connector runs; a broken file
// changes nothing (T12).
func TestReload(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	ask := func(name string) core.TaskExecution_Phase {
		return p.end(p.create(p.request(name, template(t, "query: SELECT 1 AS n\n"+onFile), nil))).GetPhase()
	}
	if ask("before") != core.TaskExecution_SUCCEEDED {
		t.Fatal("it is not allowed")
	}
	p.grant("allow: [{project: shop}]\n", "")
	sqldbtest.Eventually(t, "the fault is not told", func() bool { return strings.Contains(p.log.String(), `connector.yaml:1:9: \"allow[0]\" has no domain`) })
	if ask("broken") != core.TaskExecution_SUCCEEDED {
		t.Error("a broken file takes away what was allowed")
	}
	p.grant("allow: []\n", "")
	sqldbtest.Eventually(t, "it is not taken away", func() bool {
		return ask(fmt.Sprint("after", time.Now().UnixNano())) == core.TaskExecution_FAILED
	})
}
