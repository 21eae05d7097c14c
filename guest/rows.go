package guest

import (
	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

// Rows reads the rows of a statement, one by one:
//
//	for rows.Next() {
//		total += rows.Int(0)
//	}
//	if err := rows.Err(); err != nil {
//		return err
//	}
//
// or as batches, with NextBatch and Batch, which is the fast way. At the end
// of the rows the cursor is closed. An error that nobody asks Err for fails
// the execution when Run returns, so that rows are never missed silently.
//
// The getters of a row are those of arrow.Column: Text copies, Bytes does not
// and is valid until the next batch. Columns are counted from 0.
type Rows struct {
	cursor Cursor
	schema *arrow.Schema
	batch  *arrow.Batch
	row    int
	buf    []byte
	err    error
	ended  bool
}

// roomOfBatch is the room that a reader starts with: the host sends batches of
// at most 1 MiB, and their metadata.
const roomOfBatch = 1<<20 + 4<<10

// Schema reads the columns, if they were not read yet, and returns them. Its
// error is an *Error or an *arrow.Error.
func (r *Rows) Schema() (*arrow.Schema, error) {
	if r.schema == nil && r.err == nil {
		r.open()
	}
	return r.schema, r.Err()
}

// open reads the schema.
func (r *Rows) open() {
	b, err := r.cursor.Next(make([]byte, firstRoom))
	if err == nil {
		r.schema, err = arrow.ReadSchema(b)
	}
	if err != nil {
		r.fail(err)
		return
	}
	r.batch = arrow.NewBatch(r.schema)
}

func (r *Rows) fail(err error) {
	r.err, r.ended = err, true
	unseen = err
}

// unseen is the error of rows that was not asked for yet.
var unseen error

// NextBatch moves on to the next batch and reports whether there is one. The
// batch before is not to be used any more.
func (r *Rows) NextBatch() bool {
	if r.schema == nil && !r.ended {
		r.open()
	}
	if r.ended {
		return false
	}
	if r.buf == nil {
		r.buf = make([]byte, roomOfBatch)
	}
	b, err := r.cursor.Next(r.buf)
	switch {
	case err != nil:
		r.fail(err)
	case len(b) == 0:
		r.ended = true
		if err := r.cursor.Close(); err != nil {
			r.fail(err)
		}
	default:
		if cap(b) > cap(r.buf) {
			r.buf = b
		}
		if err := r.batch.Read(b); err != nil {
			r.fail(err)
		}
	}
	r.row = -1
	return !r.ended
}

// Batch returns the current batch, after NextBatch.
func (r *Rows) Batch() *arrow.Batch { return r.batch }

// Next moves on to the next row and reports whether there is one.
func (r *Rows) Next() bool {
	if r.batch != nil && r.row+1 < r.batch.Rows() {
		r.row++
		return true
	}
	for r.NextBatch() {
		if r.batch.Rows() > 0 {
			r.row = 0
			return true
		}
	}
	if r.batch != nil {
		r.row = r.batch.Rows() // from here on a getter panics
	}
	return false
}

// Err returns what reading ran into, or nil: an *Error or an *arrow.Error.
func (r *Rows) Err() error {
	if unseen == r.err {
		unseen = nil
	}
	return r.err
}

// Close ends the statement, also in the middle of its rows. Closing twice, or
// after the last row, is nothing. What reading ran into it leaves to Err.
func (r *Rows) Close() error {
	if r.ended {
		return nil
	}
	r.ended = true
	return r.cursor.Close()
}

// Output hands the rows to the task's result without the plugin seeing them,
// and returns how many went there. It is instead of reading: after the first
// row was read it is an *Error with abi.State. A task has one result.
func (r *Rows) Output() (int64, error) {
	r.ended = true
	return r.cursor.Output()
}

// Index returns the number of the first column of a name, or -1.
func (r *Rows) Index(name string) int {
	if s, err := r.Schema(); err == nil {
		return s.Index(name)
	}
	return -1
}

// Null reports whether a cell of the row is null.
func (r *Rows) Null(column int) bool { return r.batch.Column(column).Null(r.row) }

// Int is arrow.Column.Int of the row.
func (r *Rows) Int(column int) int64 { return r.batch.Column(column).Int(r.row) }

// Float is arrow.Column.Float of the row.
func (r *Rows) Float(column int) float64 { return r.batch.Column(column).Float(r.row) }

// Bool is arrow.Column.Bool of the row.
func (r *Rows) Bool(column int) bool { return r.batch.Column(column).Bool(r.row) }

// Bytes is arrow.Column.Bytes of the row.
func (r *Rows) Bytes(column int) []byte { return r.batch.Column(column).Bytes(r.row) }

// Text is arrow.Column.Text of the row.
func (r *Rows) Text(column int) string { return r.batch.Column(column).Text(r.row) }

// Value returns a cell of the row as a value, whatever its kind: what was read
// can so become a parameter. See ValueOf.
func (r *Rows) Value(column int) Value { return ValueOf(r.batch.Column(column), r.row) }

// Values returns all cells of the row, as Value does.
func (r *Rows) Values() []Value {
	row := make([]Value, len(r.schema.Fields))
	for i := range row {
		row[i] = r.Value(i)
	}
	return row
}

// ValueOf returns a value of a column. Integers become int, a uint64 over the
// range of int64 decimal; text becomes json or decimal where the column says
// so; an interval with months, which no kind of value holds, becomes text in
// the form of ISO 8601.
func ValueOf(c *arrow.Column, row int) Value {
	f := c.Field()
	k := kindOf(f)
	if c.Null(row) {
		return nullOf(f)
	}
	switch k {
	case abi.Int:
		if f.Kind == arrow.Uint64 && c.Int(row) < 0 {
			return Decimal(c.DecimalText(row))
		}
		return Value{Type: of(k), Int: c.Int(row)}
	case abi.Bool:
		return Bool(c.Bool(row))
	case abi.Date:
		return Value{Type: of(k), Int: c.Int(row)}
	case abi.Float:
		return Float(c.Float(row))
	case abi.Time, abi.Datetime:
		return Value{Type: of(k), Int: micros(c.Int(row), f.Unit)}
	case abi.Timedelta:
		if f.Kind != arrow.Interval {
			return Value{Type: of(k), Int: micros(c.Int(row), f.Unit)}
		}
		months, days, nanos := c.Interval(row)
		if months != 0 {
			return Text(arrow.IntervalText(months, days, nanos))
		}
		return Value{Type: of(k), Int: int64(days)*86_400_000_000 + nanos/1000}
	case abi.Decimal:
		if f.Kind == arrow.Decimal {
			return Decimal(c.DecimalText(row))
		}
		v := Decimal(c.Text(row))
		if v.Check() != nil { // NaN, Infinity, an exponent
			v.Type.Kind = abi.Str
		}
		return v
	case abi.List:
		from, to := c.List(row)
		list := make([]Value, 0, to-from)
		for i := from; i < to; i++ {
			list = append(list, ValueOf(c.Elem(), i))
		}
		return List(kindOf(f.Elem), list...)
	}
	return Value{Type: of(k), Str: c.Text(row)}
}

func nullOf(f *arrow.Field) Value {
	v := Null(kindOf(f))
	if f.Kind == arrow.List {
		e := of(kindOf(f.Elem))
		v.Type.Elem = &e
	}
	return v
}

// micros returns a time in microseconds.
func micros(v int64, u arrow.Unit) int64 {
	switch u {
	case arrow.Nanosecond:
		return v / 1000
	case arrow.Millisecond:
		return v * 1000
	case arrow.Second:
		return v * 1_000_000
	}
	return v
}

// kindOf returns the kind of value that a column's values become.
func kindOf(f *arrow.Field) abi.Kind {
	switch f.Kind {
	case arrow.Bool:
		return abi.Bool
	case arrow.Int8, arrow.Int16, arrow.Int32, arrow.Int64, arrow.Uint8, arrow.Uint16, arrow.Uint32, arrow.Uint64:
		return abi.Int
	case arrow.Float32, arrow.Float64:
		return abi.Float
	case arrow.Binary:
		return abi.Bytes
	case arrow.Fixed:
		if f.Extension == "arrow.uuid" && f.Width == 16 {
			return abi.UUID
		}
		return abi.Bytes
	case arrow.Decimal:
		return abi.Decimal
	case arrow.Date:
		return abi.Date
	case arrow.Time:
		return abi.Time
	case arrow.Timestamp:
		return abi.Datetime
	case arrow.Duration, arrow.Interval:
		return abi.Timedelta
	case arrow.List:
		return abi.List
	}
	switch {
	case f.Extension == "arrow.json":
		return abi.JSON
	case f.Database == "numeric":
		return abi.Decimal
	}
	return abi.Str
}
