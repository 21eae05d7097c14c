package result

import (
	"io"
	"sync/atomic"

	"github.com/apache/arrow/go/v15/arrow"
)

// Writer writes one result. It is a host.Finisher, and a host.Paced. One
// goroutine uses it at a time; Rows, Bytes and Partial may be called by others.
//
// After an error the result is not whole. Every call returns that error again,
// and Close then does what Abort does.
type Writer struct {
	out    *output
	enc    encoder
	schema *arrow.Schema
	file   *Pending // nil: the output is the caller's, who closes it
	rows   atomic.Int64
	state  state
	failed error // the first error: the result will not be whole
}

type state uint8

const (
	fresh state = iota
	opened
	finished
	ended
)

// encoder writes the records of one result in one format. It may buffer; close
// writes what is left. It does not retain a record.
type encoder interface {
	open(*arrow.Schema) error
	write(arrow.Record) error
	close() error
}

// New returns a Writer that writes to w, which stays the caller's: neither
// Close nor Abort closes it, and Abort cannot take back what was written.
func New(f Format, w io.Writer, o Options) *Writer {
	return newWriter(f, &output{w: w, what: "cannot write the output"}, o)
}

func newWriter(f Format, out *output, o Options) *Writer {
	return &Writer{out: out, enc: newEncoder(f, out, o)}
}

func newEncoder(f Format, out *output, o Options) encoder {
	if o.Terminal && f.Binary() {
		return refused{&Error{
			Message: string(f) + " is not for a terminal",
			Hint:    "write it to a file with --output-file, or send the output through a pipe",
		}}
	}
	switch f {
	case Table:
		return newTable(out, o)
	case CSV:
		return newCSV(out, o)
	case JSON:
		return &jsonEncoder{out: out, array: true, rows: o.Arrays}
	case NDJSON:
		return &jsonEncoder{out: out, rows: o.Arrays}
	case Arrow:
		return &arrowEncoder{out: out}
	case Parquet:
		return &parquetEncoder{out: out}
	}
	_, err := ParseFormat(string(f))
	return refused{err}
}

// refused is the encoder of a format that cannot be written here.
type refused struct{ err error }

func (r refused) open(*arrow.Schema) error { return r.err }
func (r refused) write(arrow.Record) error { return r.err }
func (r refused) close() error             { return r.err }

// Rows returns how many rows were taken so far.
func (w *Writer) Rows() int64 { return w.rows.Load() }

// Bytes returns how many bytes were written so far, in the format.
func (w *Writer) Bytes() int64 { return w.out.n.Load() }

// Open implements host.Sink. It fails if the format cannot hold the columns.
func (w *Writer) Open(s *arrow.Schema) error {
	if w.state != fresh {
		return &Error{Message: "the result was opened twice"}
	}
	w.state, w.schema = opened, s
	w.failed = w.enc.open(s)
	return w.failed
}

// Write implements host.Sink.
func (w *Writer) Write(rec arrow.Record) error {
	if w.state != opened {
		return &Error{Message: "the result is not open"}
	}
	if w.failed != nil {
		return w.failed
	}
	if w.failed = w.check(rec); w.failed != nil || rec.NumRows() == 0 {
		return w.failed
	}
	w.out.pace.tick()
	defer w.out.pace.rest()
	if w.failed = w.enc.write(rec); w.failed == nil {
		w.failed = w.out.err
	}
	if w.failed == nil {
		w.rows.Add(rec.NumRows())
	}
	return w.failed
}

// Pace implements host.Paced. Parquet's encoder works on more than may be done
// in one go, and keeps none.
func (w *Writer) Pace(tick, rest func()) {
	if _, ok := w.enc.(*parquetEncoder); !ok {
		w.out.pace = pace{tick, rest}
	}
}

// check refuses a batch that is not of the schema, which the encoders rely on.
func (w *Writer) check(rec arrow.Record) error {
	if int(rec.NumCols()) != w.schema.NumFields() {
		return &Error{Message: "a batch has other columns than the result"}
	}
	for i, c := range rec.Columns() {
		if f := w.schema.Field(i); !arrow.TypeEqual(c.DataType(), f.Type) {
			return &Error{Message: "column " + quote(f.Name) + " changed from " + f.Type.String() + " to " + c.DataType().String()}
		}
	}
	return nil
}

// Finish implements host.Finisher: it writes what is buffered and what the
// format ends with, and brings a file to the disk.
func (w *Writer) Finish() error {
	if w.state != opened {
		return w.failed
	}
	w.state = finished
	defer w.out.pace.rest()
	if w.failed == nil {
		w.failed = w.enc.close()
	}
	if w.failed == nil {
		w.failed = w.out.err
	}
	if w.failed == nil {
		w.failed = w.file.Finish()
	}
	return w.failed
}

// Close implements host.Sink: after Finish, it gives a file its name. A result
// that was never opened leaves no file.
func (w *Writer) Close() error {
	err := w.Finish()
	switch {
	case w.state == ended:
		return w.failed
	case w.state == fresh || err != nil:
		w.Abort(err)
		return err
	}
	w.state = ended
	w.failed = w.file.Close()
	return w.failed
}

// Abort implements host.Sink: a file is gone, and what is buffered is not
// written.
func (w *Writer) Abort(error) {
	if w.state == ended {
		return
	}
	w.state = ended
	w.file.Abort()
}

// Partial returns the temporary name of a file, as long as it has one, and
// whether all of it is there.
func (w *Writer) Partial() (name string, all bool) { return w.file.Partial() }
