package server

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// headRequest names a request, in log lines too. One that the client sends is
// taken over.
const headRequest = "X-Request-Id"

// maxRequestID bounds an id that a client gives.
const maxRequestID = 64 // characters

// origin is what a log line says of where it comes from. The tenant is set
// before a request does anything.
type origin struct{ request, tenant string }

// requestID returns the id of a request: the client's, if it is a plain word.
func requestID(r *http.Request) string {
	id := r.Header.Get(headRequest)
	strange := func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	}
	if id == "" || len(id) > maxRequestID || strings.ContainsFunc(id, strange) {
		return newExecutionID()
	}
	return id
}

// contextKey is that of what a request's context carries.
type contextKey int

const (
	executionKey contextKey = iota
	originKey
)

func withExecution(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, executionKey, id)
}

func withOrigin(ctx context.Context, o *origin) context.Context {
	return context.WithValue(ctx, originKey, o)
}

// LogHandler returns a slog.Handler that adds to each record the request, the
// tenant, the execution and the trace that its context belongs to, where it does
// not have them already: a name stands in a line once.
func LogHandler(h slog.Handler) slog.Handler { return logHandler{Handler: h} }

type logHandler struct {
	slog.Handler
	tenant bool // it is there already
}

// Handle implements slog.Handler.
func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	add := func(name, value string) {
		if value != "" && !has(r, name) {
			r.AddAttrs(slog.String(name, value))
		}
	}
	if o, ok := ctx.Value(originKey).(*origin); ok {
		add("request", o.request)
		if !h.tenant {
			add("tenant", o.tenant)
		}
	}
	if id, ok := ctx.Value(executionKey).(string); ok {
		add("execution", id)
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		add("trace_id", span.TraceID().String())
		add("span_id", span.SpanID().String())
	}
	return h.Handler.Handle(ctx, r)
}

func has(r slog.Record, name string) (there bool) {
	r.Attrs(func(a slog.Attr) bool {
		there = a.Key == name
		return !there
	})
	return there
}

// WithAttrs implements slog.Handler.
func (h logHandler) WithAttrs(a []slog.Attr) slog.Handler {
	named := slices.ContainsFunc(a, func(a slog.Attr) bool { return a.Key == "tenant" })
	return logHandler{h.Handler.WithAttrs(a), h.tenant || named}
}

// WithGroup implements slog.Handler.
func (h logHandler) WithGroup(name string) slog.Handler {
	return logHandler{h.Handler.WithGroup(name), h.tenant}
}
