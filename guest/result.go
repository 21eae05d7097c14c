package guest

import (
	"strconv"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

// Result is a result that the plugin makes itself, instead of handing over a
// cursor. Append to its columns and call End after each row or batch of rows,
// or call Row; then Close. A result that is not closed fails the execution.
type Result struct {
	builder *arrow.Builder
	closed  bool
}

// roomOfResult is the size from which on rows are sent, in bytes.
const roomOfResult = 512 << 10

// NewResult starts the task's result with its columns. Its error is an *Error,
// for instance when the task has a result already, or an *arrow.Error.
func NewResult(columns ...arrow.Field) (*Result, error) {
	s := &arrow.Schema{Fields: columns}
	b, err := arrow.NewBuilder(s)
	if err != nil {
		return nil, err
	}
	m, err := s.Message()
	if err != nil {
		return nil, err
	}
	if err := Write(m); err != nil {
		return nil, err
	}
	r := &Result{builder: b}
	unfinished = func() error {
		if r.closed {
			return nil
		}
		return Fail("the plugin has not closed its result", "call Close on what NewResult returned")
	}
	return r, nil
}

// unfinished, if it is set, finds what Run has left undone.
var unfinished func() error

// Column returns what a column is appended to with.
func (r *Result) Column(i int) *arrow.Appender { return r.builder.Column(i) }

// End ends a row, or several, that were appended to the columns. Rows are sent
// when there are enough of them. Its error is an *Error, or an *arrow.Error: a
// value that does not fit, columns of different lengths.
func (r *Result) End() error {
	if r.builder.Bytes() < roomOfResult {
		return r.builder.Err()
	}
	return r.flush()
}

func (r *Result) flush() error {
	m, err := r.builder.Message()
	if err != nil {
		return err
	}
	return Write(m)
}

// Close sends what is left. It is to be called once all rows were written.
func (r *Result) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	if r.builder.Rows() > 0 || r.builder.Err() != nil {
		if err := r.flush(); err != nil {
			return err
		}
	}
	return Write([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}) // the end of a stream
}

// Row appends a row and ends it. A value goes into a column of its kind: int
// into integers and floats, str into text and so on. Its error is that of End.
func (r *Result) Row(values ...Value) error {
	if n := len(r.builder.Schema().Fields); n != len(values) {
		return &arrow.Error{Problem: "a row of " + strconv.Itoa(len(values)) + " values for " + strconv.Itoa(n) + " columns"}
	}
	for i := range values {
		AppendValue(r.builder.Column(i), values[i])
	}
	return r.End()
}

// AppendValue appends a value to a column. One that does not fit is an error of
// Builder.Message.
func AppendValue(a *arrow.Appender, v Value) {
	if v.Null {
		a.Null()
		return
	}
	unit := a.Field().Unit
	switch v.Type.Kind {
	case abi.Bool:
		a.Bool(v.Int != 0)
	case abi.Int, abi.Date:
		a.Int(v.Int)
	case abi.Datetime, abi.Time, abi.Timedelta:
		appendMicros(a, v.Int, unit)
	case abi.Float:
		a.Float(v.Float)
	case abi.Decimal:
		a.Decimal(v.Str)
	case abi.List:
		if a.Elem() != nil {
			for i := range v.List {
				AppendValue(a.Elem(), v.List[i])
			}
		}
		a.List()
	case abi.Str, abi.JSON:
		a.Text(v.Str)
	default:
		a.Bytes([]byte(v.Str))
	}
}

func appendMicros(a *arrow.Appender, v int64, u arrow.Unit) {
	switch u {
	case arrow.Nanosecond:
		if w := v * 1000; w/1000 == v {
			v = w
		} else {
			a.Misfit("a time that is out of the range of nanoseconds")
			return
		}
	case arrow.Millisecond:
		v /= 1000
	case arrow.Second:
		v /= 1_000_000
	}
	a.Int(v)
}
