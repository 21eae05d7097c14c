package server

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/wasmsql/wasmsql/host"
)

// Attributes of spans. The values of those that are not here are names from
// files, numbers and codes: never inputs, rows, statements, addresses or the
// texts of errors. http.*, rpc.* and error.type are OpenTelemetry's own.
const (
	attrTenant    = attribute.Key("wasmsql.tenant")
	attrTask      = attribute.Key("wasmsql.task")
	attrExecution = attribute.Key("wasmsql.execution")
	attrRequest   = attribute.Key("wasmsql.request")
	attrOutcome   = attribute.Key("wasmsql.outcome")
	attrRows      = attribute.Key("wasmsql.rows")
	attrAffected  = attribute.Key("wasmsql.rows_affected")
	attrBytes     = attribute.Key("wasmsql.bytes")
	attrFuel      = attribute.Key("wasmsql.fuel")
	attrAttempt   = attribute.Key("wasmsql.attempt")
	attrMethod    = attribute.Key("http.request.method")
	attrRoute     = attribute.Key("http.route")
	attrStatus    = attribute.Key("http.response.status_code")
	attrError     = attribute.Key("error.type")
	attrSystem    = attribute.Key("rpc.system")
	attrCall      = attribute.Key("rpc.method")
)

// w3c reads and writes the traceparent of W3C's Trace Context.
var w3c = propagation.TraceContext{}

// untraced are the paths that machines ask for all the time.
var untraced = []string{"/livez", "/readyz", metricsPath}

func tracerOf(p trace.TracerProvider) trace.Tracer {
	if p == nil {
		p = noop.NewTracerProvider()
	}
	return p.Tracer("github.com/wasmsql/wasmsql/host/server")
}

// observe begins the span of a request, below the one that its traceparent
// names, and gives it an id for log lines. end is to be called when it is over.
func (s *Server) observe(w *response, r *http.Request) (_ *http.Request, end func()) {
	from := &origin{request: requestID(r)}
	w.Header().Set(headRequest, from.request)
	w.origin = from
	ctx := withOrigin(w3c.Extract(r.Context(), propagation.HeaderCarrier(r.Header)), from)
	pattern := r.Pattern
	count := func() {
		s.metrics.requests.WithLabelValues(pattern, strconv.Itoa(cmp.Or(w.status, http.StatusOK))).Inc()
	}
	if slices.Contains(untraced, pattern) {
		return r.WithContext(ctx), count
	}
	method := r.Method
	if !slices.Contains(knownMethods, method) {
		method = "_OTHER" // whoever asks may send any
	}
	name, route := method, []attribute.KeyValue{attrMethod.String(method), attrRequest.String(from.request)}
	if pattern != "/" {
		name, route = method+" "+pattern, append(route, attrRoute.String(pattern))
	}
	ctx, span := s.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(route...))
	return r.WithContext(ctx), func() {
		count()
		status := cmp.Or(w.status, http.StatusOK)
		span.SetAttributes(attrStatus.Int(status))
		if from.tenant != "" {
			span.SetAttributes(attrTenant.String(from.tenant))
		}
		if w.execution != "" {
			span.SetAttributes(attrExecution.String(w.execution))
		}
		if w.fault != "" {
			span.SetAttributes(attrError.String(w.fault))
		}
		if status >= http.StatusInternalServerError || w.fault != "" && status < http.StatusBadRequest { // it was cut
			span.SetStatus(codes.Error, w.fault)
		}
		span.End()
	}
}

var knownMethods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
	http.MethodOptions, http.MethodConnect, http.MethodTrace}

// ObserveCall gives a call of gRPC an id for log lines and begins its span,
// below the one that the traceparent of its headers names. end is to be called
// with the code of its error, or "", when it is over.
func (s *Server) ObserveCall(ctx context.Context, method string, headers propagation.TextMapCarrier) (_ context.Context, end func(code string)) {
	from := &origin{request: newExecutionID()}
	ctx, span := s.tracer.Start(w3c.Extract(withOrigin(ctx, from), headers), method, trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attrSystem.String("grpc"), attrCall.String(method), attrRequest.String(from.request)))
	return ctx, func(code string) {
		if code != "" {
			span.SetAttributes(attrError.String(code))
			span.SetStatus(codes.Error, code)
		}
		span.End()
	}
}

// traceExecution begins the span of an execution. end is to be called with what
// the execution did and ended in.
func (s *Server) traceExecution(ctx context.Context, tenant, task, id string, start time.Time, attempt int, links ...trace.Link) (_ context.Context, end func(host.Report, error)) {
	ctx, span := s.tracer.Start(ctx, "execute", trace.WithTimestamp(start), trace.WithLinks(links...), trace.WithAttributes(
		attrTenant.String(tenant), attrTask.String(task), attrExecution.String(id), attrAttempt.Int(attempt)))
	return ctx, func(r host.Report, err error) {
		defer span.End()
		if !span.IsRecording() {
			return
		}
		outcome := outcomeOf(err)
		span.SetAttributes(attrOutcome.String(outcome), attrRows.Int64(r.Rows), attrAffected.Int64(r.RowsAffected), attrBytes.Int64(r.Bytes), attrFuel.Int64(r.Fuel))
		if err != nil {
			span.SetAttributes(attrError.String(outcome))
			span.SetStatus(codes.Error, outcome)
		}
		s.tracePhases(ctx, start, r.Times)
	}
}

// tracePhases makes a span of each phase of an execution. A Report has what a
// phase took in all, and not when: so they stand one after the other, but for
// the last two, which begin together as they overlap.
func (s *Server) tracePhases(ctx context.Context, at time.Time, t host.Times) {
	span := func(name string, took host.Micros) time.Time {
		until := at.Add(time.Duration(took))
		if took > 0 {
			_, one := s.tracer.Start(ctx, name, trace.WithTimestamp(at))
			one.End(trace.WithTimestamp(until))
		}
		return until
	}
	at = span(phaseQueue, t.Queue)
	at = span(phaseSandbox, t.Sandbox)
	at = span(phaseRender, t.Guest)
	span(phaseQuery, t.Query)
	span(phaseStream, t.Result)
}

// outcomeOf is what an execution with that error ended in.
func outcomeOf(err error) string {
	if err == nil {
		return outcomeOK
	}
	return problemOf(err).Code
}

// traceParent returns the traceparent of a request's span, or "", to be kept
// with what the request asks for.
func traceParent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	w3c.Inject(ctx, carrier)
	return carrier["traceparent"]
}

// linkTo returns the link to the span that a traceparent names, if it names
// one.
func linkTo(parent string) []trace.Link {
	ctx := w3c.Extract(context.Background(), propagation.MapCarrier{"traceparent": parent})
	if to := trace.SpanContextFromContext(ctx); to.IsValid() {
		return []trace.Link{{SpanContext: to}}
	}
	return nil
}
