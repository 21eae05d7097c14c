package connector_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

const (
	operator   = "\nhint: who runs the connector allows it in its configuration"
	notIts     = `USER:DeniedError: project "shop" may not use the database of the task's uri` + operator
	elsewhere  = ": where the database is must stand in the uri itself\nhint: write it as scheme://user@host:port/database"
	noPrefix   = `: project "shop" may not write there` + operator
	noID       = "USER:DeniedError: the request has no task execution id, and its project and domain say what it may do\nhint: Flyte sends it in task_execution_metadata"
	noGroup    = `USER:DeniedError: secret_connect_args.password: project "shop" may not use secrets of the group "other"` + operator
	notPlain   = " is no name of a secret\nhint: a group and a key are plain names"
	noName     = "USER:DeniedError: the name of the task or the domain is longer than 500 bytes, or has characters that cannot be printed"
	nothingFor = "USER:DeniedError: project %p may run nothing here in domain %d" + operator
)

// TestRefusals asks for what the configuration does not allow. Each refusal is
// permanent, has its exact text, leaves no execution behind, and connects to
// nothing.
func TestRefusals(t *testing.T) {
	t.Parallel()
	pg := sqldbtest.Postgres(t)
	p := newPlace(t, pg, options{})
	id := func(r *admin.CreateTaskRequest) *core.WorkflowExecutionIdentifier {
		return r.GetTaskExecutionMetadata().GetTaskExecutionId().GetNodeExecutionId().GetExecutionId()
	}
	secret := func(group, key string) string {
		return "{uri: 'postgresql://u@127.0.0.1/none', secret_connect_args: {password: {group: '" + group + "', key: '" + key + "'}}}"
	}
	at := strings.Replace(pg, "postgresql://", "", 1)
	at = at[strings.LastIndex(at, "@")+1:] // host:port/database
	for name, c := range map[string]struct {
		connection string // of the task; empty: one that is allowed
		change     func(*admin.CreateTaskRequest)
		want       string
	}{
		"another project":       {"", func(r *admin.CreateTaskRequest) { id(r).Project = "other" }, strings.NewReplacer("%p", `"other"`, "%d", `"development"`).Replace(nothingFor)},
		"no id":                 {"", func(r *admin.CreateTaskRequest) { r.TaskExecutionMetadata = nil }, noID},
		"no domain":             {"", func(r *admin.CreateTaskRequest) { id(r).Domain = "" }, noID},
		"no node":               {"", func(r *admin.CreateTaskRequest) { r.TaskExecutionMetadata.TaskExecutionId.NodeExecutionId.NodeId = "" }, noID},
		"no template":           {"", func(r *admin.CreateTaskRequest) { r.Template = nil }, "USER:DeniedError: the request has no task template"},
		"another type":          {"", func(r *admin.CreateTaskRequest) { r.Template.Type = "python-task" }, "USER:DeniedError: the task has the type \"python-task\", which is not one of this connector\nhint: it runs tasks of flytekit's SQLAlchemy plugin, of the type sqlalchemy"},
		"a terminal's name":     {"", func(r *admin.CreateTaskRequest) { r.Template.Id.Name = "x\x1b[2J" }, noName},
		"a long name":           {"", func(r *admin.CreateTaskRequest) { r.Template.Id.Name = strings.Repeat("x", 501) }, noName},
		"another file":          {"{uri: 'sqlite:///other.db'}", nil, notIts},
		"a file above":          {"{uri: 'sqlite:///../acme/data.db'}", nil, notIts},
		"an absolute file":      {"{uri: 'sqlite:////etc/passwd'}", nil, notIts},
		"the same, absolute":    {"{uri: 'sqlite:///" + filepath.Join(p.dir, "tenants/acme/data.db") + "'}", nil, notIts},
		"in memory":             {"{uri: 'sqlite://'}", nil, notIts},
		"a URI of SQLite":       {"{uri: 'sqlite:///file:data.db?uri=true'}", nil, notIts},
		"another host":          {"{uri: 'postgresql://u@localhost:" + strings.Split(at, ":")[1] + "'}", nil, notIts},
		"another port":          {"{uri: 'postgresql://u@127.0.0.1/none'}", nil, notIts},
		"another database":      {"{uri: 'postgresql://u@" + strings.Split(at, "/")[0] + "/postgres'}", nil, notIts},
		"no database":           {"{uri: 'postgresql://u@" + strings.Split(at, "/")[0] + "'}", nil, notIts},
		"a longer database":     {"{uri: 'postgresql://u@" + at + "x'}", nil, notIts},
		"another scheme":        {"{uri: 'mysql://u@" + at + "'}", nil, notIts},
		"a host in the options": {"{uri: 'postgresql://u@" + at + "?host=10.0.0.1'}", nil, "USER:DeniedError: uri: the option host" + elsewhere},
		"a host beside":         {"{uri: '" + pg + "', connect_args: {host: 10.0.0.1}}", nil, "USER:DeniedError: connect_args.host" + elsewhere},
		"a port beside":         {"{uri: '" + pg + "', connect_args: {port: 1}}", nil, "USER:DeniedError: connect_args.port" + elsewhere},
		"a database beside":     {"{uri: '" + pg + "', connect_args: {dbname: postgres}}", nil, "USER:DeniedError: connect_args.dbname" + elsewhere},
		"a secret database":     {"{uri: '" + pg + "', secret_connect_args: {database: {group: warehouse, key: x}}}", nil, "USER:DeniedError: secret_connect_args.database" + elsewhere},
		"a service":             {"{uri: '" + pg + "', connect_args: {service: x}}", nil, "USER:DeniedError: connect_args.service" + elsewhere},
		"another group":         {strings.Replace(secret("other", "password"), "127.0.0.1/none", at, 1), nil, noGroup},
		"a key above":           {strings.Replace(secret("warehouse", "../other/password"), "127.0.0.1/none", at, 1), nil, `USER:DeniedError: secret_connect_args.password: "../other/password"` + notPlain},
		"a key below":           {strings.Replace(secret("warehouse", "a/b"), "127.0.0.1/none", at, 1), nil, `USER:DeniedError: secret_connect_args.password: "a/b"` + notPlain},
		"an output elsewhere":   {"", func(r *admin.CreateTaskRequest) { r.OutputPrefix = "/tmp/elsewhere" }, "USER:DeniedError: the output prefix" + noPrefix},
		"an output beside":      {"", func(r *admin.CreateTaskRequest) { r.OutputPrefix = p.out("") + "side/x" }, "USER:DeniedError: the output prefix" + noPrefix},
		"an output above":       {"", func(r *admin.CreateTaskRequest) { r.OutputPrefix = p.out("") + "/../x" }, "USER:DeniedError: the output prefix" + noPrefix},
		"an escaped output":     {"", func(r *admin.CreateTaskRequest) { r.OutputPrefix = p.out("") + "/%2e%2e/x" }, "USER:DeniedError: the output prefix" + noPrefix},
		"an output with NUL":    {"", func(r *admin.CreateTaskRequest) { r.OutputPrefix = p.out("") + "/x\x00" }, "USER:DeniedError: the output prefix" + noPrefix},
		"another bucket":        {"", func(r *admin.CreateTaskRequest) { r.OutputPrefix = "s3://flyte-other/shop/x" }, "USER:DeniedError: the output prefix" + noPrefix},
		"another folder of it":  {"", func(r *admin.CreateTaskRequest) { r.OutputPrefix = "s3://flyte/shops/x" }, "USER:DeniedError: the output prefix" + noPrefix},
		"no output":             {"", func(r *admin.CreateTaskRequest) { r.OutputPrefix = "" }, "USER:DeniedError: the output prefix" + noPrefix},
		"raw data elsewhere":    {"", func(r *admin.CreateTaskRequest) { rawOf(r, "/tmp/elsewhere") }, "USER:DeniedError: the raw output prefix" + noPrefix},
		"raw data above":        {"", func(r *admin.CreateTaskRequest) { rawOf(r, p.out("x")+"/../../..") }, "USER:DeniedError: the raw output prefix" + noPrefix},
		"an input elsewhere": {"", func(r *admin.CreateTaskRequest) {
			r.Template = template(t, "query: SELECT {{ .inputs.a }} AS n\ninputs: {a: int}\n"+onFile)
			r.Inputs = &core.LiteralMap{Literals: map[string]*core.Literal{"a": {Value: &core.Literal_OffloadedMetadata{
				OffloadedMetadata: &core.LiteralOffloadedMetadata{Uri: "/etc/passwd"}}}}}
		}, `USER:DeniedError: an input's offloaded literal: project "shop" may not read there` + operator},
		"no query":  {"", func(r *admin.CreateTaskRequest) { delete(r.Template.Custom.Fields, "query_template") }, "USER:KeyError: 'query_template'\nhint: the template is not one of a task of flytekit's SQLAlchemy plugin"},
		"no uri":    {"", func(r *admin.CreateTaskRequest) { delete(r.Template.Custom.Fields, "uri") }, "USER:ArgumentError: the task's uri: not a database URL: it has no scheme://\nhint: write it as SQLAlchemy does: postgresql+psycopg2://user@host:5432/database"},
		"no custom": {"", func(r *admin.CreateTaskRequest) { r.Template.Custom = nil }, "USER:KeyError: 'query_template'\nhint: the template is not one of a task of flytekit's SQLAlchemy plugin"},
		"a stray input": {"", func(r *admin.CreateTaskRequest) {
			r.Template = template(t, "query: SELECT 1 AS n\ninputs: {a: int}\n"+onFile)
			r.Inputs = ints(map[string]int64{"b": 1})
		}, "USER:KeyError: 'b'\nhint: the task declares no input \"b\": it has a"},
		"a missing one": {"", func(r *admin.CreateTaskRequest) {
			r.Template = template(t, "query: 'SELECT {{ .inputs.a }} AS n'\ninputs: {a: int}\n"+onFile)
		}, "USER:ValueError: Variable a in Query (part of {{ .inputs.a }}) not found in inputs dict_keys([])\nhint: declare the input and give it a value, or correct its name in the query"},
		"two outputs": {"", func(r *admin.CreateTaskRequest) {
			r.Template.Interface.Outputs.Variables["more"] = r.Template.Interface.Outputs.Variables["results"]
		}, "USER:AssertionError: the task declares 2 outputs, and a query has one result\nhint: declare one"},
	} {
		connection := onFile
		if c.connection != "" {
			connection = "connection: " + c.connection + "\n"
		}
		r := p.request("refused", template(t, "query: SELECT 1 AS n\n"+connection), nil)
		if c.change != nil {
			c.change(r)
		}
		got := p.get(p.create(r))
		if got.GetMessage() != c.want || got.GetPhase() != core.TaskExecution_FAILED || got.GetAgentError().GetKind() != admin.AgentError_NON_RECOVERABLE {
			t.Errorf("%s: %s", name, prototext.Format(got))
		}
	}
	if n := len(p.audit.list()); n > 0 {
		t.Errorf("%d executions were begun", n)
	}
	if said := p.log.String(); strings.Count(said, "an execution of Flyte is refused") < 40 || strings.Contains(said, "\x1b") {
		t.Error(said)
	}
}

// rawOf has a request put its result elsewhere.
func rawOf(r *admin.CreateTaskRequest, prefix string) {
	args := r.GetTemplate().GetContainer().GetArgs()
	for i, a := range args {
		if a == "--raw-output-data-prefix" {
			args[i+1] = prefix
		}
	}
}

// TestOtherDomain takes the grant of all domains where none names this one, and
// no grant that was taken away.
func TestOtherDomain(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{grants: `
allow:
- {project: shop, domain: development, tenant: acme, uris: ["sqlite:///data.db"], outputs: ["@OUT@/"]}
- {project: shop, domain: "*", tenant: acme, access: read-write, uris: ["sqlite:///other.db"], outputs: ["@OUT@/"]}
`})
	ask := func(name, domain, query, file string) *admin.Resource {
		r := p.request(name, template(t, "query: "+query+"\noutputs: none\nconnection: {uri: 'sqlite:///"+file+"'}\n"), nil)
		r.TaskExecutionMetadata.TaskExecutionId.NodeExecutionId.ExecutionId.Domain = domain
		return p.end(p.create(r))
	}
	if r := ask("a", "production", "CREATE TABLE t (n INTEGER)", "other.db"); r.GetPhase() != core.TaskExecution_SUCCEEDED {
		t.Error(prototext.Format(r))
	}
	if r := ask("b", "production", "CREATE TABLE t (n INTEGER)", "data.db"); r.GetMessage() != notIts {
		t.Error(prototext.Format(r))
	}
	if r := ask("c", "development", "CREATE TABLE t (n INTEGER)", "data.db"); r.GetPhase() != core.TaskExecution_FAILED || !strings.Contains(r.GetMessage(), "read-only") {
		t.Error("a grant is read-only unless it says otherwise:", prototext.Format(r))
	}
	if r := ask("d", "development", "SELECT 1", "other.db"); r.GetMessage() != notIts {
		t.Error("the grant that names the domain holds alone:", prototext.Format(r))
	}
}
