package connector_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	_ "github.com/jackc/pgx/v5/stdlib" // to look at what tasks have done
	"go.opentelemetry.io/otel/trace"
	"gocloud.dev/blob/memblob"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	_ "modernc.org/sqlite"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/connector"
	"github.com/wasmsql/wasmsql/host/flyte/register"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

func TestMain(m *testing.M) { sqldbtest.Main(m) }

// place is a connector under test, with a server behind it and a client before
// it.
type place struct {
	t       *testing.T
	dir     string // tenants/, secrets/, out/, connector.yaml
	server  *server.Server
	client  *grpc.ClientConn
	log     *hosttest.Log
	audit   *records
	address string
}

// records is an Auditor that keeps everything.
type records struct {
	mu  sync.Mutex
	all []server.Record
}

func (r *records) Audit(_ context.Context, rec server.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, rec)
	return nil
}

func (r *records) list() []server.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]server.Record(nil), r.all...)
}

// options are those of a place that a test may want otherwise.
type options struct {
	dir     string // else one of its own
	grants  string // what tenant acme's project may do more; @OUT@ and @PG@ are replaced
	config  string // of the tenant
	state   string // else a file in dir
	keep    time.Duration
	store   flyte.Store
	tracing trace.TracerProvider
}

// grants is a configuration that allows a project some databases.
const grants = `
allow:
- project: shop
  domain: [development, "*"]
  tenant: acme
  access: read-write
  uris: ["sqlite:///data.db", "postgresql://127.0.0.1:@PORT@/@DATABASE@"]
  secret_groups: [warehouse]
  outputs: ["@OUT@/", "s3://flyte/shop/"]
`

// newPlace starts a connector, and ends it with the test. pg is a database that
// its grants allow, or nothing.
func newPlace(t *testing.T, pg string, o options) *place {
	t.Helper()
	p := &place{t: t, dir: o.dir, log: &hosttest.Log{}, audit: &records{}}
	if p.dir == "" {
		p.dir = t.TempDir()
	}
	if o.grants == "" {
		o.grants = grants
	}
	if o.state == "" {
		o.state = "sqlite:///" + filepath.Join(p.dir, "state.db")
	}
	if o.store == nil {
		o.store = storage.Schemes{"file": storage.Files{}}
	}
	p.write("tenants/acme/wasmsql.yaml", o.config+"\n")
	p.grant(o.grants, pg)
	log := slog.New(server.LogHandler(slog.NewJSONHandler(p.log, nil)))
	c, err := connector.New(t.Context(), connector.Config{File: filepath.Join(p.dir, "connector.yaml"), Store: o.store, Logger: log,
		Secrets: func(tenant string) secret.Provider { return secret.Files(filepath.Join(p.dir, "secrets", tenant), "") }})
	if err != nil {
		t.Fatal(err)
	}
	p.server, err = server.New(t.Context(), server.Config{
		Tenants: filepath.Join(p.dir, "tenants"), Runtime: hosttest.Runtime(t, "compiler"), State: o.state, Results: memblob.OpenBucket(nil), Keep: o.keep, Logger: log, Audit: p.audit,
		Drivers: map[string]sqldb.Driver{"sqlite": sqlite.Driver{}, "postgresql": postgres.Driver{}, "postgres": postgres.Driver{}, "mysql": mysql.Driver{}},
		Secrets: func(string) secret.Provider { return secret.Chain() },
		Kinds:   map[string]server.Kind{connector.Kind: c},
		Tracing: o.tracing,
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Attach(p.server)
	p.serve(c)
	return p
}

// serve serves gRPC, and makes the client.
func (p *place) serve(c *connector.Connector) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- c.Serve(ctx, l, nil) }()
	p.address = l.Addr().String()
	if p.client, err = grpc.NewClient(p.address, grpc.WithTransportCredentials(insecure.NewCredentials())); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = p.client.Close()
		cancel()
		if err := <-served; err != nil {
			p.t.Error(err)
		}
		closing, stop := context.WithTimeout(context.Background(), sqldbtest.Patience)
		defer stop()
		if err := p.server.Close(closing); err != nil {
			p.t.Error(err)
		}
		_ = c.Close()
	})
}

// write writes a file of the place.
func (p *place) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// grant writes the configuration.
func (p *place) grant(text, pg string) {
	p.t.Helper()
	port, database := "1", "none"
	if u, err := sqldb.ParseURI(pg); pg != "" && err == nil {
		port, database = fmt.Sprint(u.Port), u.Database
	}
	p.write("connector.yaml", strings.NewReplacer("@OUT@", p.out(""), "@PORT@", port, "@DATABASE@", database).Replace(text))
}

// out is a folder that results may be written to.
func (p *place) out(name string) string {
	return strings.TrimSuffix(filepath.Join(p.dir, "out", name), "/")
}

// template makes the template that flytekit would register for a task file.
func template(t *testing.T, text string) *core.TaskTemplate {
	t.Helper()
	tasks, err := manifest.ReadFlyteTasks("task.yaml", []byte("name: shop.orders\nflyte: {image: i}\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	out, err := register.Template(tasks[0])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ints are inputs that are integers.
func ints(values map[string]int64) *core.LiteralMap {
	m := &core.LiteralMap{Literals: map[string]*core.Literal{}}
	for name, v := range values {
		m.Literals[name] = &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{Value: &core.Scalar_Primitive{
			Primitive: &core.Primitive{Value: &core.Primitive_Integer{Integer: v}}}}}}
	}
	return m
}

// request makes a request as Flyte sends it. Each name is another execution.
func (p *place) request(name string, t *core.TaskTemplate, in *core.LiteralMap) *admin.CreateTaskRequest {
	t = proto.Clone(t).(*core.TaskTemplate)
	args := t.GetContainer().GetArgs()
	for i, a := range args {
		args[i] = strings.NewReplacer("{{.rawOutputDataPrefix}}", p.out("raw/"+name), "{{.outputPrefix}}", p.out(name)).Replace(a)
	}
	return &admin.CreateTaskRequest{Template: t, Inputs: in, OutputPrefix: p.out(name),
		TaskExecutionMetadata: &admin.TaskExecutionMetadata{TaskExecutionId: &core.TaskExecutionIdentifier{
			TaskId: t.GetId(),
			NodeExecutionId: &core.NodeExecutionIdentifier{NodeId: "n0",
				ExecutionId: &core.WorkflowExecutionIdentifier{Project: "shop", Domain: "development", Name: name}},
		}}}
}

// The services, in Flyte 1 and in Flyte 2.
var services = []string{"flyteidl.service.AsyncAgentService", "flyteidl2.connector.AsyncConnectorService"}

// call calls a method of a service.
func call[A any](p *place, service, method string, q any) (*A, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), sqldbtest.Patience)
	defer cancel()
	a := new(A)
	return a, p.client.Invoke(ctx, "/"+service+"/"+method, q, a)
}

// create asks for an execution.
func (p *place) create(r *admin.CreateTaskRequest) []byte {
	p.t.Helper()
	a, err := call[admin.CreateTaskResponse](p, services[0], "CreateTask", r)
	if err != nil {
		p.t.Fatal(err)
	}
	return a.GetResourceMeta()
}

// get asks how an execution stands.
func (p *place) get(meta []byte) *admin.Resource {
	p.t.Helper()
	a, err := call[admin.GetTaskResponse](p, services[0], "GetTask", &admin.GetTaskRequest{ResourceMeta: meta, TaskCategory: &admin.TaskCategory{Name: "sqlalchemy"}})
	if err != nil {
		p.t.Fatal(err)
	}
	return a.GetResource()
}

// until asks until an execution has one of some phases.
func (p *place) until(meta []byte, phases ...core.TaskExecution_Phase) *admin.Resource {
	p.t.Helper()
	var r *admin.Resource
	for deadline := time.Now().Add(2 * sqldbtest.Patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		r = p.get(meta)
		for _, phase := range phases {
			if r.GetPhase() == phase {
				return r
			}
		}
	}
	p.t.Fatalf("it is not one of %v: %s", phases, prototext.Format(r))
	return nil
}

// end waits for the end of an execution.
func (p *place) end(meta []byte) *admin.Resource {
	p.t.Helper()
	return p.until(meta, core.TaskExecution_SUCCEEDED, core.TaskExecution_FAILED, core.TaskExecution_RETRYABLE_FAILED, core.TaskExecution_ABORTED)
}

func (p *place) delete(meta []byte) {
	p.t.Helper()
	if _, err := call[admin.DeleteTaskResponse](p, services[0], "DeleteTask", &admin.DeleteTaskRequest{ResourceMeta: meta}); err != nil {
		p.t.Error(err)
	}
}

// dataset returns the folder of a result.
func dataset(t *testing.T, r *admin.Resource) string {
	t.Helper()
	sd := r.GetOutputs().GetLiterals()["results"].GetScalar().GetStructuredDataset()
	if r.GetPhase() != core.TaskExecution_SUCCEEDED || sd.GetMetadata().GetStructuredDatasetType().GetFormat() != "parquet" {
		t.Fatal(prototext.Format(r))
	}
	return sd.GetUri()
}

// rows returns the rows of a Parquet file, as JSON.
func rows(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := file.NewParquetReader(f)
	if err != nil {
		t.Fatal(err)
	}
	a, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := a.ReadTable(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer table.Release()
	all := map[string][]string{}
	for i := range int(table.NumCols()) {
		for _, chunk := range table.Column(i).Data().Chunks() {
			for k := range chunk.Len() {
				all[table.Column(i).Name()] = append(all[table.Column(i).Name()], chunk.ValueStr(k))
			}
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// count asks a database for a number.
func count(t *testing.T, db *sql.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.QueryRow(query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// open opens a database, to look at it.
func open(t *testing.T, driver, uri string) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, uri)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

const onFile = "connection: {uri: 'sqlite:///data.db'}\n"

func TestExecution(t *testing.T) {
	t.Parallel()
	pg := sqldbtest.Postgres(t)
	p := newPlace(t, pg, options{})
	start := time.Now()
	for name, uri := range map[string]string{"sqlite": "sqlite:///data.db", "postgres": pg} {
		read := template(t, "query: SELECT {{ .inputs.a }} + 1 AS n, 'x' AS s\ninputs: {a: int}\nconnection: {uri: '"+uri+"'}\n")
		r := p.end(p.create(p.request(name, read, ints(map[string]int64{"a": 41}))))
		folder := dataset(t, r)
		if ok, _ := regexp.MatchString("^"+p.out("raw/"+name)+"/[0-9a-f]{32}$", folder); !ok {
			t.Errorf("%s: the result is at %s", name, folder)
		}
		if got := rows(t, folder+"/00000"); got != `{"n":["42"],"s":["x"]}` {
			t.Errorf("%s: %s", name, got)
		}
		if info := r.GetCustomInfo().AsMap(); info["rows"] != 1.0 || len(info["execution"].(string)) != 26 || info["attempts"] != 1.0 {
			t.Errorf("%s: %v", name, info)
		}
		write := template(t, "query: CREATE TABLE made AS SELECT 7 AS n\noutputs: none\nconnection: {uri: '"+uri+"'}\n")
		r = p.end(p.create(p.request(name+"-none", write, nil)))
		if r.GetPhase() != core.TaskExecution_SUCCEEDED || r.GetOutputs() == nil || len(r.GetOutputs().GetLiterals()) != 0 {
			t.Errorf("%s: %s", name, prototext.Format(r))
		}
	}
	if n := count(t, open(t, "pgx", pg), "SELECT n FROM made"); n != 7 {
		t.Error("PostgreSQL has", n)
	}
	if n := count(t, open(t, "sqlite", "file:"+filepath.Join(p.dir, "tenants/acme/data.db")), "SELECT n FROM made"); n != 7 {
		t.Error("SQLite has", n)
	}
	kept := p.audit.list()
	if len(kept) != 4 || kept[0].Tenant != "acme" || kept[0].Task != "shop.orders" || kept[0].Token != "flyte:shop/development" || kept[0].Outcome != "ok" ||
		kept[0].Rows != 1 || kept[0].SQLHash == "" || kept[0].Time.Before(start.Add(-time.Second)) {
		t.Errorf("%+v", kept)
	}
}

// TestFlyte2 does everything by the names that Flyte 2 has.
func TestFlyte2(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	service := services[1]
	q := p.request("two", template(t, "query: SELECT 2 AS n\n"+onFile), nil)
	made, err := call[admin.CreateTaskResponse](p, service, "CreateTask", q)
	if err != nil {
		t.Fatal(err)
	}
	if rows(t, dataset(t, p.end(made.GetResourceMeta()))+"/00000") != `{"n":["2"]}` {
		t.Error("another result")
	}
	got, err := call[admin.GetTaskResponse](p, service, "GetTask", &admin.GetTaskRequest{ResourceMeta: made.GetResourceMeta()})
	if err != nil || got.GetResource().GetPhase() != core.TaskExecution_SUCCEEDED {
		t.Error(got, err)
	}
	if _, err := call[admin.DeleteTaskResponse](p, service, "DeleteTask", &admin.DeleteTaskRequest{ResourceMeta: made.GetResourceMeta()}); err != nil {
		t.Error(err)
	}
	for service, methods := range map[string][2]string{
		"flyteidl.service.AgentMetadataService":        {"GetAgent", "ListAgents"},
		"flyteidl2.connector.ConnectorMetadataService": {"GetConnector", "ListConnectors"},
	} {
		one, err := call[admin.GetAgentResponse](p, service, methods[0], &admin.GetAgentRequest{Name: "wasmsql"})
		all, err2 := call[admin.ListAgentsResponse](p, service, methods[1], &admin.ListAgentsRequest{})
		if err != nil || err2 != nil || len(all.GetAgents()) != 1 {
			t.Fatal(err, err2, all)
		}
		for _, a := range []*admin.Agent{one.GetAgent(), all.GetAgents()[0]} {
			if a.GetName() != "wasmsql" || a.GetIsSync() || a.GetSupportedTaskCategories()[0].GetName() != "sqlalchemy" {
				t.Error(service, a)
			}
		}
		if _, err := call[admin.GetAgentResponse](p, service, methods[0], &admin.GetAgentRequest{Name: "other"}); err == nil || !strings.Contains(err.Error(), `code = NotFound desc = there is no connector "other": the one here is "wasmsql"`) {
			t.Error(service, err)
		}
	}
}
