package connector_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

var served = []string{
	"flyteidl.service.AgentMetadataService", "flyteidl.service.AsyncAgentService",
	"flyteidl2.connector.AsyncConnectorService", "flyteidl2.connector.ConnectorMetadataService",
}

func TestHealth(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	health := healthpb.NewHealthClient(p.client)
	for _, name := range append(served, "") {
		got, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: name})
		if err != nil || got.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Error(name, got, err)
		}
	}
	if _, err := health.Check(t.Context(), &healthpb.HealthCheckRequest{Service: "flyteidl.service.SyncAgentService"}); status.Code(err) != codes.NotFound {
		t.Error(err)
	}
}

// TestReflection asks the connector to describe itself, as grpcurl does.
func TestReflection(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	ask := func(r *reflectionpb.ServerReflectionRequest) *reflectionpb.ServerReflectionResponse {
		stream, err := reflectionpb.NewServerReflectionClient(p.client).ServerReflectionInfo(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer stream.CloseSend()
		if err := stream.Send(r); err != nil {
			t.Fatal(err)
		}
		a, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	var listed []string
	for _, s := range ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}).GetListServicesResponse().GetService() {
		listed = append(listed, s.GetName())
	}
	for _, name := range append(served, "grpc.health.v1.Health") {
		if !slices.Contains(listed, name) {
			t.Errorf("%s is not among %q", name, listed)
		}
	}
	for _, name := range served {
		a := ask(&reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: name}})
		files := a.GetFileDescriptorResponse().GetFileDescriptorProto()
		if len(files) < 2 {
			t.Fatalf("%s: %s", name, prototext.Format(a))
		}
		described := map[string]*descriptorpb.FileDescriptorProto{}
		for _, data := range files {
			f := &descriptorpb.FileDescriptorProto{}
			if err := proto.Unmarshal(data, f); err != nil {
				t.Fatal(err)
			}
			described[f.GetName()] = f
		}
		if described["flyteidl/admin/agent.proto"] == nil {
			t.Errorf("%s: without its messages", name)
		}
	}
}

// TestMetricsAndLogs asks for what propeller does not ask for.
func TestMetricsAndLogs(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	meta := p.create(p.request("used", template(t, "query: SELECT 1 AS n UNION ALL SELECT 2\n"+onFile), nil))
	p.end(meta)
	for _, service := range services {
		got, err := call[admin.GetTaskMetricsResponse](p, service, "GetTaskMetrics", &admin.GetTaskMetricsRequest{ResourceMeta: meta, Queries: []string{"rows"}})
		if err != nil || len(got.GetResults()) != 1 || got.GetResults()[0].GetData().AsMap()["result"].([]any)[1] != "2" {
			t.Error(got, err)
		}
		if got, err := call[admin.GetTaskMetricsResponse](p, service, "GetTaskMetrics", &admin.GetTaskMetricsRequest{ResourceMeta: meta}); err != nil || len(got.GetResults()) != 5 {
			t.Error(got, err)
		}
		if _, err := call[admin.GetTaskMetricsResponse](p, service, "GetTaskMetrics", &admin.GetTaskMetricsRequest{ResourceMeta: meta, Queries: []string{"cpu"}}); status.Code(err) != codes.InvalidArgument {
			t.Error(err)
		}
		stream, err := p.client.NewStream(t.Context(), &grpc.StreamDesc{ServerStreams: true}, "/"+service+"/GetTaskLogs")
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(stream.SendMsg(&admin.GetTaskLogsRequest{ResourceMeta: meta}), stream.CloseSend())
		if errors.Is(err, io.EOF) {
			err = nil
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := stream.RecvMsg(&admin.GetTaskLogsResponse{}); status.Code(err) != codes.Unimplemented || !strings.Contains(err.Error(), "an execution has no log of its own here") {
			t.Error(err)
		}
	}
}

// TestHostile sends what no Flyte sends. Nothing panics, everything is
// answered in time, and the next execution runs.
func TestHostile(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	text := func(s string) *structpb.Value { return structpb.NewStringValue(s) }
	deepType := &core.LiteralType{Type: &core.LiteralType_Simple{Simple: core.SimpleType_INTEGER}}
	deepLiteral := &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{Value: &core.Scalar_NoneType{}}}}
	deepValue := text("x")
	for range 2000 {
		deepType = &core.LiteralType{Type: &core.LiteralType_CollectionType{CollectionType: deepType}}
		deepLiteral = &core.Literal{Value: &core.Literal_Collection{Collection: &core.LiteralCollection{Literals: []*core.Literal{deepLiteral}}}}
		deepValue = structpb.NewListValue(&structpb.ListValue{Values: []*structpb.Value{deepValue}})
	}
	one := map[string]*core.Variable{"a": {Type: deepType}}
	metas := map[string][]byte{}
	for name, change := range map[string]func(r *admin.CreateTaskRequest){
		"unused type": func(r *admin.CreateTaskRequest) { r.Template.Interface.Inputs = &core.VariableMap{Variables: one} },
		"deep literal": func(r *admin.CreateTaskRequest) {
			r.Template.Interface.Inputs = &core.VariableMap{Variables: one}
			r.Inputs = &core.LiteralMap{Literals: map[string]*core.Literal{"a": deepLiteral}}
		},
		"deep custom": func(r *admin.CreateTaskRequest) {
			r.Template.Custom.Fields["connect_args"] = structpb.NewStructValue(&structpb.Struct{Fields: map[string]*structpb.Value{"x": deepValue}})
		},
		"empty literals": func(r *admin.CreateTaskRequest) {
			r.Template = template(t, "query: SELECT {{ .inputs.a }} AS n\ninputs: {a: int}\n"+onFile)
			r.Inputs = &core.LiteralMap{Literals: map[string]*core.Literal{"a": {}}}
		},
		"no type": func(r *admin.CreateTaskRequest) {
			r.Template.Interface.Inputs = &core.VariableMap{Variables: map[string]*core.Variable{"a": {}}}
		},
		"odd custom": func(r *admin.CreateTaskRequest) {
			r.Template.Custom.Fields["query_template"] = structpb.NewNumberValue(1)
		},
		"odd secrets": func(r *admin.CreateTaskRequest) {
			r.Template.Custom.Fields["secret_connect_args"], _ = structpb.NewValue(map[string]any{"password": 1, "x": []any{}})
		},
		"nul uri": func(r *admin.CreateTaskRequest) { r.Template.Custom.Fields["uri"] = text("sqlite:///data.db\x00") },
		"template bomb": func(r *admin.CreateTaskRequest) {
			r.Template.Custom.Fields["query_template"] = text("SELECT " + strings.Repeat("{% for a in range(99999999) %}", 50) + "1")
		},
		"braces": func(r *admin.CreateTaskRequest) {
			r.Template.Custom.Fields["query_template"] = text(strings.Repeat("{{ .inputs.a }}", 100_000))
		},
		"endless SQL": func(r *admin.CreateTaskRequest) {
			r.Template.Custom.Fields["query_template"] = text("SELECT '" + strings.Repeat("x", 3<<20) + "'")
		},
		"begins": func(r *admin.CreateTaskRequest) { r.Template.Custom.Fields["query_template"] = text("COMMIT") },
		"attaches": func(r *admin.CreateTaskRequest) {
			r.Template.Custom.Fields["query_template"] = text("ATTACH '/tmp/x.db' AS x")
		},
		"unknown fields": func(r *admin.CreateTaskRequest) {
			secret := protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), []byte("canary-of-a-connection"))
			r.ProtoReflect().SetUnknown(secret)
		},
	} {
		r := p.request(name, template(t, "query: SELECT 1 AS n\n"+onFile), nil)
		change(r)
		a, err := call[admin.CreateTaskResponse](p, services[0], "CreateTask", r)
		if err != nil {
			if code := status.Code(err); code != codes.Internal && code != codes.InvalidArgument || strings.Contains(err.Error(), "a fault of the server") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		metas[name] = a.GetResourceMeta()
	}
	for name, meta := range metas {
		got := p.end(meta)
		if failed := got.GetPhase() == core.TaskExecution_FAILED; failed == (name == "unknown fields" || name == "unused type") {
			t.Errorf("%s: %.300s", name, prototext.Format(got))
		}
		if n := len(got.GetMessage()); n > 20<<10 {
			t.Errorf("%s: a message of %d bytes", name, n)
		}
	}
	large := p.request("large", template(t, "query: SELECT 1 AS n\n"+onFile), nil)
	large.Template.Custom.Fields["query_template"] = text("SELECT '" + strings.Repeat("x", 5<<20) + "'")
	if _, err := call[admin.CreateTaskResponse](p, services[0], "CreateTask", large); status.Code(err) != codes.ResourceExhausted {
		t.Error(err)
	}
	if said := p.log.String(); strings.Contains(said, "panicked") || strings.Contains(said, "canary") {
		t.Error(said)
	}
	for _, name := range []string{"state.db", "state.db-wal"} {
		if data, err := os.ReadFile(filepath.Join(p.dir, name)); err == nil && bytes.Contains(data, []byte("canary")) {
			t.Errorf("%s keeps what is no part of the execution", name)
		}
	}
	dataset(t, p.end(p.create(p.request("after", template(t, "query: SELECT 1 AS n\n"+onFile), nil))))
}

// TestMany keeps many calls under way at once, and ends them all when the
// connector ends.
func TestMany(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	watch, err := healthpb.NewHealthClient(p.client).Watch(context.Background(), &healthpb.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if a, err := watch.Recv(); err != nil || a.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Fatal(a, err)
	}
	r := p.request("many", template(t, "query: SELECT 1 AS n\n"+onFile), nil)
	errs := make(chan error, 200)
	for range 200 {
		go func() {
			_, err := call[admin.CreateTaskResponse](p, services[0], "CreateTask", r)
			errs <- err
		}()
	}
	deadline := time.After(sqldbtest.Patience)
	for range 200 {
		select {
		case err := <-errs:
			if err != nil {
				t.Error(err)
			}
		case <-deadline:
			t.Fatal("not all are answered")
		}
	}
}
