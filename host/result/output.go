package result

import (
	"io"
	"sync/atomic"
)

// output counts what is written and keeps the first error: a writer above it
// may drop errors without the result being taken for whole.
type output struct {
	w    io.Writer
	n    atomic.Int64
	err  error
	what string // for messages: "cannot write the output"
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.n.Add(int64(n))
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		o.err = ioError(o.what, err)
	}
	return n, o.err
}
