package host

import "context"

// Tracer is called around executions. Implementations are safe for
// concurrent use. What they get holds no values and no secrets.
type Tracer interface {
	// TraceRunStart is called before an execution; the context it returns is
	// that of the execution.
	TraceRunStart(ctx context.Context, data RunStart) context.Context
	// TraceRunEnd is called with the context that TraceRunStart returned.
	TraceRunEnd(ctx context.Context, data RunEnd)
}

// RunStart is what a Tracer learns of an execution that begins.
type RunStart struct {
	Task       string
	Connection string
}

// RunEnd is what a Tracer learns of an execution that ended.
type RunEnd struct {
	Report Report
	Err    error // an *Error, or nil
}
