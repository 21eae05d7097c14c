package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
)

// flushTime is how long the end of the program waits for spans to be sent.
const flushTime = 5 * time.Second

// tracing returns what makes spans, as OpenTelemetry's variables say, or nil
// where they ask for none. What the SDK reads itself, headers, certificates,
// bounds and the resource, is described in OpenTelemetry's "Environment Variable
// Specification". close is to be called at the end.
func (a *app) tracing(ctx context.Context, log *slog.Logger) (_ trace.TracerProvider, close func(), err error) {
	kinds, err := a.exporters()
	if len(kinds) == 0 || err != nil {
		return nil, func() {}, err
	}
	// What goes wrong within the SDK it tells to the whole process.
	told := &sdkErrors{log: log}
	otel.SetErrorHandler(told)
	otel.SetLogger(logr.New(told))
	named := resource.NewSchemaless(attribute.String("service.name", "wasmsql"))
	found, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err == nil {
		found, err = resource.Merge(named, found)
	}
	if err != nil {
		return nil, nil, fault.Config("the resource of traces is not well formed", "see OTEL_RESOURCE_ATTRIBUTES: name=value,name=value")
	}
	options := []sdktrace.TracerProviderOption{sdktrace.WithResource(found)}
	for _, kind := range kinds {
		to, err := a.exporter(ctx, kind)
		if err != nil {
			return nil, nil, fault.Config("traces cannot be sent: "+err.Error(), "see OTEL_EXPORTER_OTLP_ENDPOINT")
		}
		options = append(options, sdktrace.WithBatcher(to))
	}
	provider := sdktrace.NewTracerProvider(options...)
	return provider, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			told.Handle(err)
		}
	}, nil
}

// exporter makes what spans are handed to. Where no endpoint is named, the SDK
// would ask localhost for TLS, which is not what its specification says.
func (a *app) exporter(ctx context.Context, kind string) (sdktrace.SpanExporter, error) {
	_, endpoint := a.first(endpoints)
	switch {
	case kind == console:
		return &printed{to: json.NewEncoder(a.stdout)}, nil
	case kind == overGRPC && endpoint == "":
		return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL("http://localhost:4317"))
	case kind == overGRPC:
		return otlptracegrpc.New(ctx)
	case endpoint == "":
		return otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL("http://localhost:4318"))
	}
	return otlptracehttp.New(ctx)
}

// printed prints spans, a line of JSON each. The SDK calls it by one at a time.
type printed struct{ to *json.Encoder }

// ExportSpans implements sdktrace.SpanExporter.
func (p *printed) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	for _, s := range tracetest.SpanStubsFromReadOnlySpans(spans) {
		if err := p.to.Encode(s); err != nil {
			return err
		}
	}
	return nil
}

// Shutdown implements sdktrace.SpanExporter.
func (*printed) Shutdown(context.Context) error { return nil }

// The ways that spans go.
const (
	console  = "console"
	overHTTP = "http/protobuf"
	overGRPC = "grpc"
)

// exporters returns the ways that spans go, of which there may be none.
func (a *app) exporters() ([]string, error) {
	if v, _ := a.env("OTEL_SDK_DISABLED"); strings.EqualFold(v, "true") {
		return nil, nil
	}
	names, _ := a.env("OTEL_TRACES_EXPORTER")
	if names == "" {
		if _, endpoint := a.first(endpoints); endpoint == "" {
			return nil, nil
		}
		names = "otlp"
	}
	var kinds []string
	for name := range strings.SplitSeq(names, ",") {
		switch name = strings.TrimSpace(name); name {
		case "none":
		case console:
			kinds = append(kinds, console)
		case "otlp":
			kind, err := a.otlp()
			if err != nil {
				return nil, err
			}
			kinds = append(kinds, kind)
		default:
			return nil, fault.Config(fmt.Sprintf("OTEL_TRACES_EXPORTER: there is no exporter %q", name), "accepted are otlp, console and none")
		}
	}
	if len(kinds) > 0 {
		return kinds, a.sampler()
	}
	return nil, nil
}

var endpoints = []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"}

// first returns the first of some variables that is set, and its value.
func (a *app) first(names []string) (name, value string) {
	for _, name := range names {
		if value, _ := a.env(name); value != "" {
			return name, value
		}
	}
	return names[len(names)-1], ""
}

// otlp returns the protocol that traces are sent with. The SDK would go on
// without what is wrong with it.
func (a *app) otlp() (string, error) {
	name, protocol := a.first([]string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"})
	switch protocol {
	case "":
		protocol = overHTTP
	case overHTTP, overGRPC:
	default:
		return "", fault.Config(fmt.Sprintf("%s: %q is not spoken here", name, protocol), "accepted are http/protobuf and grpc")
	}
	name, headers := a.first([]string{"OTEL_EXPORTER_OTLP_TRACES_HEADERS", "OTEL_EXPORTER_OTLP_HEADERS"})
	for pair := range strings.SplitSeq(headers, ",") {
		if key, _, ok := strings.Cut(pair, "="); headers != "" && (!ok || strings.TrimSpace(key) == "") {
			return "", fault.Config(name+" is not well formed", "write it as name=value,name=value, values percent-encoded")
		}
	}
	name, endpoint := a.first(endpoints)
	if u, err := url.Parse(endpoint); endpoint != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
		return "", fault.Config(name+" is no URL with http:// or https://", "write it as http://localhost:4318, or with grpc http://localhost:4317")
	}
	return protocol, nil
}

// sampler refuses a sampler that there is not, in place of which the SDK would
// send everything.
func (a *app) sampler() error {
	name, _ := a.env("OTEL_TRACES_SAMPLER")
	switch name = strings.ToLower(strings.TrimSpace(name)); name {
	case "", "always_on", "always_off", "parentbased_always_on", "parentbased_always_off":
		return nil
	case "traceidratio", "parentbased_traceidratio":
	default:
		return fault.Config(fmt.Sprintf("OTEL_TRACES_SAMPLER: there is no sampler %q", name), "accepted are always_on, always_off and traceidratio, with or without parentbased_ before it")
	}
	arg, _ := a.env("OTEL_TRACES_SAMPLER_ARG")
	if ratio, err := strconv.ParseFloat(strings.TrimSpace(arg), 64); arg != "" && (err != nil || !(ratio >= 0 && ratio <= 1)) {
		return fault.Config(fmt.Sprintf("OTEL_TRACES_SAMPLER_ARG: %q is no number from 0 to 1", arg), "0.1 is every tenth trace")
	}
	return nil
}

// quietTime is how long further errors of the SDK are kept from the log: where
// nobody listens, each batch of spans makes one.
const quietTime = time.Hour

// maxTold bounds what the log is told of an error: some have the answer of a
// server in them.
const maxTold = 300 // bytes

// sdkErrors logs the first error of the SDK of each of two kinds, and no other
// for quietTime. It implements otel.ErrorHandler and logr.LogSink.
type sdkErrors struct {
	log            *slog.Logger
	mu             sync.Mutex
	sending, setup time.Time // when the last was told
}

// Handle implements otel.ErrorHandler.
func (e *sdkErrors) Handle(err error) { e.tell(&e.sending, "traces cannot be sent", err.Error()) }

// Error implements logr.LogSink: the SDK goes on without a variable that it
// does not understand. The values beside a message are not told: they may be
// those of OTEL_EXPORTER_OTLP_HEADERS.
func (e *sdkErrors) Error(_ error, message string, _ ...any) {
	e.tell(&e.setup, "a variable of OpenTelemetry's has a fault", message)
}

func (e *sdkErrors) tell(last *time.Time, what, text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !last.IsZero() && time.Since(*last) < quietTime {
		return
	}
	*last = time.Now()
	e.log.Error(what+", and more of this is not told for "+quietTime.String(), "error", text[:min(len(text), maxTold)])
}

// Init implements logr.LogSink.
func (*sdkErrors) Init(logr.RuntimeInfo) {}

// Enabled implements logr.LogSink: nothing but errors is.
func (*sdkErrors) Enabled(int) bool { return false }

// Info implements logr.LogSink.
func (*sdkErrors) Info(int, string, ...any) {}

// WithValues implements logr.LogSink.
func (e *sdkErrors) WithValues(...any) logr.LogSink { return e }

// WithName implements logr.LogSink.
func (e *sdkErrors) WithName(string) logr.LogSink { return e }
