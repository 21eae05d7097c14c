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
	pace pace
}

// pace is what host.Paced has of a Sink. The zero pace does nothing.
type pace struct{ onTick, onRest func() }

// tick is called before the encoder goes on.
func (p pace) tick() {
	if p.onTick != nil {
		p.onTick()
	}
}

// rest is called before something outside is waited for, and at the end.
func (p pace) rest() {
	if p.onRest != nil {
		p.onRest()
	}
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	o.pace.rest()
	n, err := o.w.Write(p)
	o.pace.tick()
	o.n.Add(int64(n))
	if err == nil && n < len(p) {
		err = io.ErrShortWrite
	}
	if err != nil {
		o.err = ioError(o.what, err)
	}
	return n, o.err
}
