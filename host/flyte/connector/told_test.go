package connector_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// aText is an input that is a text.
func aText(s string) *core.Literal {
	return &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{Value: &core.Scalar_Primitive{Primitive: &core.Primitive{Value: &core.Primitive_StringValue{StringValue: s}}}}}}
}

// TestNoValuesAreLogged has executions fail for their inputs (T11): their
// author is told the value, before it is queued and after, and the log, the
// audit and the state are not.
func TestNoValuesAreLogged(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	const canary = "canary-of-an-input"
	one := template(t, "query: SELECT {{ .inputs.a }} AS n\ninputs: {a: int}\n"+onFile)
	data, err := proto.Marshal(aText(canary))
	if err != nil {
		t.Fatal(err)
	}
	p.write("out/offloaded", string(data))
	for name, literal := range map[string]*core.Literal{
		"at once": aText(canary),
		"later":   {Value: &core.Literal_OffloadedMetadata{OffloadedMetadata: &core.LiteralOffloadedMetadata{Uri: p.out("offloaded")}}},
	} {
		r := p.request(name, one, &core.LiteralMap{Literals: map[string]*core.Literal{"a": literal}})
		got := p.end(p.create(r))
		if got.GetPhase() != core.TaskExecution_FAILED || !strings.HasPrefix(got.GetMessage(), "USER:TypeTransformerFailedError: Error converting input 'a'") ||
			name == "at once" && !strings.Contains(got.GetMessage(), canary) {
			t.Errorf("%s: %s", name, prototext.Format(got))
		}
	}
	r := p.request("in the queue", template(t, "query: SELECT {{ .inputs.a }} AS n\ninputs: {a: int}\nconnection: {uri: 'sqlite:///data.db', secret_connect_args: {timeout: {group: warehouse, key: none}}}\n"), ints(map[string]int64{"a": 1}))
	p.end(p.create(r)) // an error for operators: there is no such secret
	for line := range strings.Lines(p.log.String()) {
		if strings.Count(line, `"tenant":`) > 1 || strings.Count(line, `"execution":`) > 1 {
			t.Error(line)
		}
	}
	if !strings.Contains(p.log.String(), `"msg":"an execution failed"`) {
		t.Error(p.log.String())
	}
	sqldbtest.Eventually(t, "the execution is not recorded", func() bool { return len(p.audit.list()) == 2 })
	if kept := p.audit.list()[0]; kept.Outcome != "usage" {
		t.Errorf("%+v", kept)
	}
	if said := p.log.String(); strings.Contains(said, canary) || !strings.Contains(said, `"msg":"an execution of Flyte is refused","project":"shop","domain":"development","flyte_execution":"at once","node":"n0","code":"USER:TypeTransformerFailedError"`) {
		t.Error(said)
	}
}

// TestLongRefusals has a message that JSON writes six times as long: it is told
// at every call, and the execution is not one that nobody knows.
func TestLongRefusals(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{})
	one := template(t, "query: SELECT {{ .inputs.a }} AS n\ninputs: {a: int}\n"+onFile)
	for _, text := range []string{"<", "\x01", "\u2028", `"`, "ü", "\\"} {
		got := p.get(p.create(p.request("long", one, &core.LiteralMap{Literals: map[string]*core.Literal{"a": aText(strings.Repeat(text, 50_000))}})))
		if got.GetPhase() != core.TaskExecution_FAILED || !strings.HasPrefix(got.GetMessage(), "USER:TypeTransformerFailedError: Error converting input 'a'") || !strings.HasSuffix(got.GetMessage(), "…") {
			t.Errorf("%q: %.300s", text, prototext.Format(got))
		}
	}
}

// TestMistakenTenant has a configuration that names a tenant that is not there:
// the log says so, before the first request and at each; Flyte tries again. A
// broken one is told by /readyz, and what it said before holds.
func TestMistakenTenant(t *testing.T) {
	t.Parallel()
	p := newPlace(t, "", options{grants: strings.Replace(grants, "tenant: acme", "tenant: acne", 1)})
	const known = `"msg":"the configuration of the connector names a tenant that is not served","project":"shop","tenant":"acne"`
	if said := p.log.String(); strings.Count(said, known) != 1 {
		t.Error(said)
	}
	r := p.request("one", template(t, "query: SELECT 1 AS n\n"+onFile), nil)
	if _, err := call[admin.CreateTaskResponse](p, services[0], "CreateTask", r); status.Code(err) != codes.Unavailable {
		t.Error(err)
	}
	if said := p.log.String(); !strings.Contains(said, `"msg":"an execution of Flyte waits for a tenant that is not served"`) {
		t.Error(said)
	}
	ready := func() string {
		w := httptest.NewRecorder()
		p.server.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/readyz", nil))
		return strings.TrimSpace(w.Body.String())
	}
	p.grant(grants, "")
	sqldbtest.Eventually(t, "the change is not seen", func() bool {
		_, err := call[admin.CreateTaskResponse](p, services[0], "CreateTask", r)
		return err == nil
	})
	if got := ready(); got != `{"status":"ok","broken":0}` {
		t.Error(got)
	}
	for i, broken := range []string{"allow: 1\n", "allow:\n- {}\n"} {
		p.grant(broken, "")
		sqldbtest.Eventually(t, "a broken file is not told", func() bool { return ready() == `{"status":"degraded","broken":0,"kinds":1}` })
		r = p.request(fmt.Sprint("broken", i), template(t, "query: SELECT 1 AS n\n"+onFile), nil)
		dataset(t, p.end(p.create(r)))
	}
	p.grant(grants, "")
	sqldbtest.Eventually(t, "the file is right again", func() bool { return ready() == `{"status":"ok","broken":0}` })
}

// TestTracedCalls has a call be part of a trace: it has a span there, and the
// execution one of its own that is linked to it. Lines of the log name both.
func TestTracedCalls(t *testing.T) {
	t.Parallel()
	spans := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	p := newPlace(t, "", options{tracing: provider})
	const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	ctx := metadata.AppendToOutgoingContext(t.Context(), "traceparent", "00-"+trace+"-"+parent+"-01")
	var a admin.CreateTaskResponse
	if err := p.client.Invoke(ctx, "/"+services[0]+"/CreateTask", p.request("traced", template(t, "query: SELECT 1 AS n\n"+onFile), nil), &a); err != nil {
		t.Fatal(err)
	}
	id := p.end(a.GetResourceMeta()).GetCustomInfo().AsMap()["execution"].(string)
	named := func(name string) (found tracetest.SpanStub) {
		sqldbtest.Eventually(t, "there is no span "+name, func() bool {
			all := spans.GetSpans()
			i := slices.IndexFunc(all, func(s tracetest.SpanStub) bool { return s.Name == name })
			if i >= 0 {
				found = all[i]
			}
			return i >= 0
		})
		return found
	}
	request, execution := named("flyteidl.service.AsyncAgentService/CreateTask"), named("execute")
	if request.SpanContext.TraceID().String() != trace || request.Parent.SpanID().String() != parent {
		t.Errorf("%+v", request)
	}
	if links := execution.Links; len(links) != 1 || links[0].SpanContext.SpanID() != request.SpanContext.SpanID() || execution.Parent.IsValid() {
		t.Errorf("%+v", execution)
	}
	for _, s := range spans.GetSpans() {
		if strings.HasSuffix(s.Name, "/GetTask") {
			t.Error("what is polled has a span")
		}
	}
	line := `"msg":"an execution is accepted","project":"shop","domain":"development","flyte_execution":"traced","node":"n0","tenant":"acme","task":"shop.orders","execution":"` + id + `"`
	span := request.SpanContext.SpanID()
	if said := p.log.String(); !strings.Contains(said, line) || !strings.Contains(said, `"trace_id":"`+trace+`","span_id":"`+hex.EncodeToString(span[:])+`"`) {
		t.Error(said)
	}
}
