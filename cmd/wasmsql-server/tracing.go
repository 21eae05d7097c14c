package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
)

// flushTime is how long the end of the program waits for spans to be sent.
const flushTime = 5 * time.Second

// tracing returns what makes spans, as OpenTelemetry's variables say, or nil
// where they name no endpoint: then nothing is sent. What the SDK reads itself,
// the sampler, headers, certificates, bounds and the resource, is described in
// OpenTelemetry's "Environment Variable Specification". close is to be called
// at the end.
func (a *app) tracing(ctx context.Context, log *slog.Logger) (_ trace.TracerProvider, close func(), err error) {
	kind, err := a.otlp()
	if kind == "" || err != nil {
		return nil, func() {}, err
	}
	// What goes wrong within the SDK it tells to the whole process.
	told := &sdkErrors{log: log}
	otel.SetErrorHandler(told)
	otel.SetLogger(logr.New(told))
	client := otlptracehttp.NewClient()
	if kind == "grpc" {
		client = otlptracegrpc.NewClient()
	}
	exporter, err := otlptrace.New(ctx, client)
	if err != nil {
		return nil, nil, fault.Config("traces cannot be sent: "+err.Error(), "see OTEL_EXPORTER_OTLP_ENDPOINT")
	}
	named := resource.NewSchemaless(attribute.String("service.name", "wasmsql"))
	found, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err == nil {
		found, err = resource.Merge(named, found)
	}
	if err != nil {
		return nil, nil, fault.Config("the resource of traces is not well formed", "see OTEL_RESOURCE_ATTRIBUTES: name=value,name=value")
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(found))
	return provider, func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTime)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			told.Handle(err)
		}
	}, nil
}

// otlp returns the protocol that traces are sent with, or "" where none are.
func (a *app) otlp() (string, error) {
	env := func(names ...string) (value string) {
		for _, name := range names {
			if value, _ = a.env(name); value != "" {
				return value
			}
		}
		return ""
	}
	if env("OTEL_SDK_DISABLED") == "true" || env("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT") == "" {
		return "", nil
	}
	switch exporter := env("OTEL_TRACES_EXPORTER"); exporter {
	case "none":
		return "", nil
	case "", "otlp":
	default:
		return "", fault.Config(fmt.Sprintf("OTEL_TRACES_EXPORTER: there is no exporter %q", exporter), "accepted are otlp and none")
	}
	switch protocol := env("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"); protocol {
	case "", "http/protobuf":
		return "http/protobuf", nil
	case "grpc":
		return protocol, nil
	default:
		return "", fault.Config(fmt.Sprintf("OTEL_EXPORTER_OTLP_PROTOCOL: %q is not spoken here", protocol), "accepted are http/protobuf and grpc")
	}
}

// quietTime is how long further errors of the SDK are kept from the log: where
// nobody listens, each batch of spans makes one.
const quietTime = time.Hour

// maxTold bounds what the log is told of an error: some have the answer of a
// server in them.
const maxTold = 300 // bytes

// sdkErrors logs the first error of the SDK, and no other for quietTime. It
// implements otel.ErrorHandler and logr.LogSink.
type sdkErrors struct {
	log  *slog.Logger
	mu   sync.Mutex
	last time.Time
}

// Handle implements otel.ErrorHandler.
func (e *sdkErrors) Handle(err error) { e.tell(err.Error()) }

func (e *sdkErrors) tell(text string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.last.IsZero() && time.Since(e.last) < quietTime {
		return
	}
	e.last = time.Now()
	e.log.Error("traces cannot be sent, and more of this is not told for "+quietTime.String(), "error", text[:min(len(text), maxTold)])
}

// Error implements logr.LogSink. The values beside a message are not told:
// they may be those of OTEL_EXPORTER_OTLP_HEADERS.
func (e *sdkErrors) Error(_ error, message string, _ ...any) { e.tell(message) }

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
