package host

import (
	"context"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
)

// guestStream is a result that a guest writes as an Arrow IPC stream. The
// bytes are decoded as they come, and every one of them is distrusted.
type guestStream struct {
	pipe *io.PipeWriter
	done chan error // gets one value
}

// Write implements hostcall.Output.Write.
func (o *output) Write(ctx context.Context, p []byte) error {
	if o.guest == nil {
		r, w := io.Pipe()
		o.guest = &guestStream{pipe: w, done: make(chan error, 1)}
		go func() {
			err := o.decode(ctx, r)
			if err == nil { // what follows the end of the stream is too much
				if n, _ := io.Copy(io.Discard, r); n > 0 {
					err = o.invalid(fmt.Errorf("%d bytes follow its end", n))
				}
			}
			_ = r.CloseWithError(err)
			o.guest.done <- err
		}()
	}
	stop := context.AfterFunc(ctx, func() { _ = o.guest.pipe.CloseWithError(ctx.Err()) })
	defer stop()
	_, err := o.guest.pipe.Write(p)
	return err
}

// finish ends the stream and returns what was wrong with it.
func (g *guestStream) finish() error {
	_ = g.pipe.Close()
	return <-g.done
}

// cancel ends the stream, whole or not.
func (g *guestStream) cancel() {
	_ = g.pipe.CloseWithError(context.Canceled)
	<-g.done
}

// decode reads the stream and hands its batches on.
func (o *output) decode(ctx context.Context, r io.Reader) (err error) {
	defer func() {
		if p := recover(); p != nil { // Arrow's reader panics on some malformed messages
			err = o.invalid(fmt.Errorf("%v", p))
		}
	}()
	in, err := ipc.NewReader(&frames{in: r})
	if err != nil {
		return o.invalid(err)
	}
	defer in.Release()
	_, err = o.Cursor(ctx, &ipcRows{in})
	return err
}

func (o *output) invalid(err error) error {
	return o.fail(abi.InvalidArg, &Error{Code: CodeTask, Message: notArrow + hostcall.Printable(err.Error())})
}

const notArrow = "the guest's result is not a valid Arrow IPC stream: "

// ipcRows implements sqldb.Rows over a guest's stream.
type ipcRows struct{ in *ipc.Reader }

// Schema implements sqldb.Rows.Schema.
func (r *ipcRows) Schema() *arrow.Schema { return r.in.Schema() }

// Next implements sqldb.Rows.Next.
func (r *ipcRows) Next(context.Context) (rec arrow.Record, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
		if err != nil && err != io.EOF {
			err = &hostcall.Error{Final: true, Guest: abi.Error{Code: abi.InvalidArg, Message: notArrow + hostcall.Printable(err.Error())}}
		}
	}()
	rec, err = r.in.Read()
	if err != nil {
		return nil, err
	}
	if err := validate(rec); err != nil {
		return nil, err
	}
	rec.Retain()
	return rec, nil
}

// Changed implements sqldb.Rows.Changed.
func (r *ipcRows) Changed() int64 { return 0 }

// Close implements sqldb.Rows.Close.
func (r *ipcRows) Close() error { return nil }
