package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// receiver takes spans, as OTLP has them. It is safe for concurrent use.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	mu       sync.Mutex
	spans    []*otlp.Span
	services []string // service.name of each batch
	all      strings.Builder
}

// Export implements collector.TraceServiceServer.
func (r *receiver) Export(_ context.Context, in *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all.WriteString(prototext.Format(in))
	for _, rs := range in.GetResourceSpans() {
		r.services = append(r.services, attributes(rs.GetResource().GetAttributes())["service.name"])
		for _, ss := range rs.GetScopeSpans() {
			r.spans = append(r.spans, ss.GetSpans()...)
		}
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// ServeHTTP is OTLP over HTTP.
func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	var in collector.ExportTraceServiceRequest
	if err != nil || q.URL.Path != "/v1/traces" || q.Header.Get("Content-Type") != "application/x-protobuf" || proto.Unmarshal(body, &in) != nil {
		http.Error(w, "not OTLP", http.StatusBadRequest)
		return
	}
	_, _ = r.Export(q.Context(), &in)
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// serveHTTP and serveGRPC start it, and return the endpoint.
func (r *receiver) serveHTTP(t *testing.T) string {
	s := httptest.NewServer(r)
	t.Cleanup(s.Close)
	return s.URL
}

func (r *receiver) serveGRPC(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	collector.RegisterTraceServiceServer(s, r)
	go s.Serve(l)
	t.Cleanup(s.Stop)
	return "http://" + l.Addr().String()
}

func (r *receiver) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all.String()
}

// span waits for a span.
func (r *receiver) span(t *testing.T, what string, is func(*otlp.Span) bool) *otlp.Span {
	t.Helper()
	for deadline := time.Now().Add(sqldbtest.Patience); ; time.Sleep(20 * time.Millisecond) {
		r.mu.Lock()
		i := slices.IndexFunc(r.spans, is)
		var found *otlp.Span
		if i >= 0 {
			found = r.spans[i]
		}
		r.mu.Unlock()
		if found != nil {
			return found
		}
		if time.Now().After(deadline) {
			t.Fatalf("no span %s among\n%s", what, r.text())
		}
	}
}

// below waits for the span of that name below another.
func (r *receiver) below(t *testing.T, parent *otlp.Span, name string) *otlp.Span {
	t.Helper()
	return r.span(t, name, func(s *otlp.Span) bool {
		return s.GetName() == name && string(s.GetParentSpanId()) == string(parent.GetSpanId()) && string(s.GetTraceId()) == string(parent.GetTraceId())
	})
}

func attributes(all []*common.KeyValue) map[string]string {
	out := map[string]string{}
	for _, a := range all {
		switch v := a.GetValue().GetValue().(type) {
		case *common.AnyValue_StringValue:
			out[a.GetKey()] = v.StringValue
		case *common.AnyValue_IntValue:
			out[a.GetKey()] = fmt.Sprint(v.IntValue)
		}
	}
	return out
}

// traced starts a server whose traces go to an endpoint, and returns it with a
// token. A batch of them is given up after so many milliseconds.
func traced(t *testing.T, endpoint, protocol, patience string) (*program, string) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
	t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=canary-of-a-header")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
	t.Setenv("OTEL_EXPORTER_OTLP_TIMEOUT", patience)
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"tenants/acme/wasmsql.yaml": "connections: {db: {uri: 'sqlite:///canary-of-a-file.db', access: read-write}}\n",
		"tenants/acme/tasks/echo.yaml": "name: echo\ninputs: {x: str}\nconnection: db\n" +
			"query: SELECT {{ x }} AS canary_of_a_statement FROM (SELECT 1 UNION ALL SELECT 2)\n",
		"tenants/acme/tasks/fail.yaml": "name: fail\ninputs: {x: str}\nconnection: db\nquery: SELECT abs({{ x }}), json({{ x }})\n",
	})
	_, text, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), "acme", "--role", "run")
	return start(t, dir, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0", "--state", "sqlite:///state.db"), strings.TrimSpace(text)
}

// A span stands for each request and each execution, with its phases below, and
// nothing that a tenant would not tell.
func TestTraces(t *testing.T) {
	for _, protocol := range []string{"http/protobuf", "grpc"} {
		t.Run(protocol, func(t *testing.T) {
			r := &receiver{}
			endpoint := r.serveHTTP
			if protocol == "grpc" {
				endpoint = r.serveGRPC
			}
			p, token := traced(t, endpoint(t), protocol, "60000")
			r.directly(t, p, token)
			r.failing(t, p, token)
			r.queued(t, p, token)
			if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := p.cmd.Wait(); err != nil {
				t.Error(err)
			}
			if text := r.text(); strings.Contains(text, "canary") || strings.Contains(text, token[20:]) {
				t.Errorf("what nobody should see is in\n%s", text)
			}
			if strings.Contains(p.log(), "traces cannot be sent") {
				t.Error(p.log())
			}
			if r.services[0] != "wasmsql" {
				t.Error(r.services)
			}
		})
	}
}

const someTrace, someSpan = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

// follow sends a request that is part of a trace.
func follow(t *testing.T, p *program, path, token, body string) (*http.Response, string) {
	t.Helper()
	q, err := http.NewRequest("POST", p.url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+token)
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("traceparent", "00-"+someTrace+"-"+someSpan+"-01")
	q.Header.Set("X-Request-Id", "of-a-test")
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(text)
}

// directly runs a task within a request.
func (r *receiver) directly(t *testing.T, p *program, token string) {
	res, body := follow(t, p, "/v1/tasks/echo/run", token, `{"inputs": {"x": "canary-of-a-value"}}`)
	id := res.Header.Get("Wasmsql-Execution")
	if res.StatusCode != 200 || res.Header.Get("X-Request-Id") != "of-a-test" {
		t.Fatal(res.Status, body)
	}
	request := r.span(t, "of the request", func(s *otlp.Span) bool { return s.GetName() == "POST /v1/tasks/{task}/run" })
	if hex.EncodeToString(request.GetTraceId()) != someTrace || hex.EncodeToString(request.GetParentSpanId()) != someSpan || request.GetKind() != otlp.Span_SPAN_KIND_SERVER {
		t.Errorf("%v", request)
	}
	got := attributes(request.GetAttributes())
	if got["http.response.status_code"] != "200" || got["wasmsql.tenant"] != "acme" || got["wasmsql.execution"] != id || got["wasmsql.request"] != "of-a-test" {
		t.Error(got)
	}
	execution := r.below(t, request, "execute")
	got = attributes(execution.GetAttributes())
	if got["wasmsql.tenant"] != "acme" || got["wasmsql.task"] != "echo" || got["wasmsql.execution"] != id || got["wasmsql.outcome"] != "ok" || got["wasmsql.rows"] != "2" || got["wasmsql.fuel"] == "0" {
		t.Error(got)
	}
	for _, phase := range []string{"queue", "sandbox", "render", "query", "stream"} {
		s := r.below(t, execution, phase)
		if s.GetStartTimeUnixNano() < execution.GetStartTimeUnixNano() || s.GetEndTimeUnixNano() <= s.GetStartTimeUnixNano() || s.GetEndTimeUnixNano() > execution.GetEndTimeUnixNano() {
			t.Errorf("%s is not within its execution: %v", phase, s)
		}
	}
	line := logged(t, p, "execution", id)
	if line["tenant"] != "acme" || line["request"] != "of-a-test" || line["trace_id"] != someTrace || line["span_id"] != hex.EncodeToString(execution.GetSpanId()) {
		t.Error(line)
	}
}

// failing runs one that fails, by a message with a value in it.
func (r *receiver) failing(t *testing.T, p *program, token string) {
	if res, body := follow(t, p, "/v1/tasks/fail/run", token, `{"inputs": {"x": "canary-of-a-value"}}`); res.StatusCode != 422 {
		t.Fatal(res.Status, body)
	}
	failed := r.span(t, "that failed", func(s *otlp.Span) bool { return attributes(s.GetAttributes())["wasmsql.outcome"] == "task" })
	if failed.GetStatus().GetCode() != otlp.Status_STATUS_CODE_ERROR || failed.GetStatus().GetMessage() != "task" {
		t.Errorf("%v", failed)
	}
}

// queued has an execution accepted: its span is the root of a trace, linked to
// the request.
func (r *receiver) queued(t *testing.T, p *program, token string) {
	res, body := follow(t, p, "/v1/executions", token, `{"task": "echo", "inputs": {"x": "canary-of-a-value"}}`)
	var e struct{ ID string }
	if res.StatusCode != 202 || json.Unmarshal([]byte(body), &e) != nil {
		t.Fatal(res.Status, body)
	}
	request := r.span(t, "of the acceptance", func(s *otlp.Span) bool { return s.GetName() == "POST /v1/executions" })
	execution := r.span(t, "of the execution", func(s *otlp.Span) bool {
		return s.GetName() == "execute" && attributes(s.GetAttributes())["wasmsql.execution"] == e.ID
	})
	links := execution.GetLinks()
	if len(links) != 1 || string(links[0].GetSpanId()) != string(request.GetSpanId()) || string(links[0].GetTraceId()) != string(request.GetTraceId()) ||
		len(execution.GetParentSpanId()) != 0 || string(execution.GetTraceId()) == string(request.GetTraceId()) {
		t.Errorf("%v is not linked to %v", execution, request)
	}
	if line := logged(t, p, "an execution is accepted", e.ID); line["request"] != "of-a-test" || line["tenant"] != "acme" {
		t.Error(line)
	}
	if line := logged(t, p, "execution", e.ID); line["tenant"] != "acme" || line["trace_id"] != hex.EncodeToString(execution.GetTraceId()) {
		t.Error(line)
	}
}

// logged returns the log line of an execution with that message. Each name
// stands in it once.
func logged(t *testing.T, p *program, message, execution string) map[string]any {
	t.Helper()
	for end := time.Now().Add(sqldbtest.Patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		for line := range strings.SplitSeq(p.log(), "\n") {
			var fields map[string]any
			if json.Unmarshal([]byte(line), &fields) == nil && fields["msg"] == message && fields["execution"] == execution {
				if strings.Count(line, `"tenant":`) != 1 || strings.Count(line, `"execution":`) != 1 {
					t.Error(line)
				}
				return fields
			}
		}
	}
	t.Fatalf("no line %q of %s in\n%s", message, execution, p.log())
	return nil
}

// Where nobody listens, the log says so once.
func TestTracesThatNobodyTakes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p, token := traced(t, "http://"+l.Addr().String(), "http/protobuf", "1000")
	for deadline := time.Now().Add(sqldbtest.Patience); !strings.Contains(p.log(), "traces cannot be sent") && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if status, body, err := p.ask("POST", "/v1/tasks/echo/run", token, `{"inputs": {"x": "x"}}`); status != 200 {
			t.Fatal(status, body, err)
		}
	}
	for range 3 {
		_, _, _ = p.ask("GET", "/v1/tasks", token, "")
		time.Sleep(700 * time.Millisecond)
	}
	if n := strings.Count(p.log(), "traces cannot be sent"); n != 1 || strings.Contains(p.log(), "canary") {
		t.Errorf("%d lines in\n%s", n, p.log())
	}
}

// A span is a line of JSON on standard output where the exporter is console.
func TestTracesToTheConsole(t *testing.T) {
	t.Setenv("OTEL_TRACES_EXPORTER", "console")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "team=a%20b")
	var out bytes.Buffer
	a := &app{env: os.LookupEnv, stdout: &out}
	provider, flush, err := a.tracing(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	_, span := provider.Tracer("of a test").Start(t.Context(), "one")
	span.End()
	flush()
	var got struct {
		Name     string
		Resource []struct {
			Key   string
			Value struct{ Value any }
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil || got.Name != "one" || strings.Count(out.String(), "\n") != 1 {
		t.Fatal(err, out.String())
	}
	found := map[string]any{}
	for _, r := range got.Resource {
		found[r.Key] = r.Value.Value
	}
	if found["service.name"] != "wasmsql" || found["team"] != "a b" {
		t.Error(found)
	}
}

func TestWhetherTracesAreSent(t *testing.T) {
	const endpoint, traces, exporter, sampler = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_TRACES_EXPORTER", "OTEL_TRACES_SAMPLER"
	for _, c := range []struct {
		env        map[string]string
		want, told string
	}{
		{nil, "[]", ""},
		{map[string]string{"OTEL_SERVICE_NAME": "x", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "[]", ""},
		{map[string]string{exporter: "otlp"}, "[http/protobuf]", ""},
		{map[string]string{exporter: "console"}, "[console]", ""},
		{map[string]string{exporter: "otlp, console", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "[grpc console]", ""},
		{map[string]string{endpoint: "http://x"}, "[http/protobuf]", ""},
		{map[string]string{traces: "http://x", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL": "grpc", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}, "[grpc]", ""},
		{map[string]string{endpoint: "http://x", "OTEL_SDK_DISABLED": "True"}, "[]", ""},
		{map[string]string{endpoint: "http://x", exporter: "none"}, "[]", ""},
		{map[string]string{endpoint: "http://x", sampler: "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.25"}, "[http/protobuf]", ""},
		{map[string]string{exporter: "zipkin"}, "[]", `OTEL_TRACES_EXPORTER: there is no exporter "zipkin"`},
		{map[string]string{endpoint: "http://x", "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json"}, "[]", `OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" is not spoken here`},
		{map[string]string{endpoint: "canary:4318"}, "[]", `OTEL_EXPORTER_OTLP_ENDPOINT is no URL with http:// or https://`},
		{map[string]string{endpoint: "http://x", traces: "http://canary:x"}, "[]", `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT is no URL with http:// or https://`},
		{map[string]string{endpoint: "http://x", "OTEL_EXPORTER_OTLP_HEADERS": "a=b, canary"}, "[]", `OTEL_EXPORTER_OTLP_HEADERS is not well formed`},
		{map[string]string{endpoint: "http://x", sampler: "always"}, "[http/protobuf]", `OTEL_TRACES_SAMPLER: there is no sampler "always"`},
		{map[string]string{endpoint: "http://x", sampler: "parentbased_traceidratio", "OTEL_TRACES_SAMPLER_ARG": "10%"}, "[http/protobuf]", `OTEL_TRACES_SAMPLER_ARG: "10%" is no number from 0 to 1`},
	} {
		a := &app{env: func(name string) (string, bool) { v, ok := c.env[name]; return v, ok }}
		kinds, err := a.exporters()
		told := ""
		if err != nil {
			told = err.Error()
		}
		if fmt.Sprint(kinds) != c.want || told != c.told {
			t.Errorf("%v: %v, %q", c.env, kinds, told)
		}
	}
}
