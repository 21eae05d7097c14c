package server

import (
	"context"

	"github.com/apache/arrow/go/v15/arrow"
	"gocloud.dev/blob"

	"github.com/wasmsql/wasmsql/host/result"
)

// storedResult writes a result to the bucket, and marks the execution before
// its commit. It implements host.Finisher and host.Paced.
type storedResult struct {
	queue     *queue
	execution execution
	ctx       context.Context //nolint:containedctx // of the one execution that this belongs to
	name      string
	written   string // name, once the object is whole

	tick, rest func() // of its pace
	object     *blob.Writer
	cancel     context.CancelFunc // of the object
	rows       *result.Writer
}

// Open implements host.Sink.
func (r *storedResult) Open(s *arrow.Schema) error {
	ctx, cancel := context.WithCancel(r.ctx)
	object, err := r.queue.bucket.NewWriter(ctx, r.name, &blob.WriterOptions{ContentType: "application/vnd.apache.arrow.stream"})
	if err != nil {
		cancel()
		return err
	}
	r.object, r.cancel = object, cancel
	r.rows = result.New(result.Arrow, object, result.Options{})
	r.rows.Pace(r.tick, r.rest)
	return r.rows.Open(s)
}

// Pace implements host.Paced.
func (r *storedResult) Pace(tick, rest func()) { r.tick, r.rest = tick, rest }

// Write implements host.Sink.
func (r *storedResult) Write(rec arrow.Record) error { return r.rows.Write(rec) }

// Finish implements host.Finisher: the object is whole, and the state says
// that the commit begins, unless the execution was taken away meanwhile.
func (r *storedResult) Finish() error {
	if r.rows != nil {
		if err := r.rows.Finish(); err != nil {
			return err
		}
		err := r.object.Close()
		r.object = nil
		if err != nil {
			return err
		}
		r.written = r.name
	}
	return r.queue.commits(r.ctx, r.execution, "")
}

// Close implements host.Sink.
func (r *storedResult) Close() error {
	r.release()
	return nil
}

// Abort implements host.Sink. An object that is not whole never appears.
func (r *storedResult) Abort(error) { r.release() }

func (r *storedResult) release() {
	if r.cancel == nil {
		return
	}
	r.cancel()
	if r.object != nil {
		_ = r.object.Close()
		r.object = nil
	}
	r.cancel = nil
}
