package cloud

import (
	"context"
	"errors"
	"io"

	"gocloud.dev/blob"

	"github.com/wasmsql/wasmsql/host/flyte"
)

// object is an object that gocloud writes: in blocks that are committed at its
// end on Azure, in a resumable upload that ends with the last piece on
// Google's. gocloud reads it from a pipe; its own writer (v0.47.0) ends the
// process by a nil pointer where an upload to Azure fails.
type object struct {
	ctx    context.Context
	cancel context.CancelFunc
	pipe   *io.PipeWriter
	done   chan error
	over   bool
	err    error // of what failed first
}

func newObject(ctx context.Context, b *blob.Bucket, key string, o *blob.WriterOptions) *object {
	inner, cancel := context.WithCancel(ctx)
	r, w := io.Pipe()
	out := &object{ctx: ctx, cancel: cancel, pipe: w, done: make(chan error, 1)}
	go func() {
		err := b.Upload(inner, key, r, o)
		r.CloseWithError(errors.Join(err, io.ErrClosedPipe))
		out.done <- err
	}()
	context.AfterFunc(inner, func() { r.CloseWithError(context.Canceled) })
	return out
}

// Write implements io.Writer.
func (o *object) Write(p []byte) (int, error) {
	if o.over {
		return 0, o.gone("write")
	}
	n, err := o.pipe.Write(p)
	if err != nil {
		return n, o.end("write", err)
	}
	return n, nil
}

// gone is the error of an object that failed or is closed.
func (o *object) gone(op string) error {
	if o.err != nil {
		return o.err
	}
	return closed(op)
}

func closed(op string) error {
	return &flyte.StoreError{Op: op, Fault: flyte.StorePermanent, Message: "the object is closed"}
}

// Close implements flyte.Object.
func (o *object) Close() error {
	if o.over {
		return o.gone("close")
	}
	if err := o.ctx.Err(); err != nil {
		return o.end("close", err)
	}
	o.over = true
	o.pipe.Close()
	if err := <-o.done; err != nil {
		o.err = fault(o.ctx, "close", err)
	}
	o.cancel()
	return o.err
}

// end gives up and returns the error, which it keeps: what the upload failed
// by, if it did.
func (o *object) end(op string, err error) error {
	o.over = true
	o.cancel()
	if failed := <-o.done; failed != nil && !errors.Is(failed, context.Canceled) {
		err = failed
	}
	o.err = fault(o.ctx, op, err)
	return o.err
}

// Abort implements flyte.Object. An upload whose context has ended before the
// pipe has is dropped.
func (o *object) Abort() {
	if o.over {
		return
	}
	o.over = true
	o.cancel()
	o.pipe.CloseWithError(context.Canceled)
	<-o.done
}
