package mysql

import (
	"context"
	"errors"
	"io"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// rows implements sqldb.Rows.
type rows struct {
	tx   *tx
	sql  string
	verb verb

	text    bool // rows are in the text protocol
	columns []column
	schema  *arrow.Schema
	row     int64 // rows read
	last    int   // of them in the last batch

	eof     bool  // the statement is at its end
	failed  error // what the next Next returns
	changed int64
	closed  bool
}

// column is one column of the result.
type column struct {
	name string
	kind byte // of the protocol
	decoder
}

// open takes the beginning of a reply. Texts have to be in the charset that
// the session began with: in another, bytes may mean another text.
func (r *rows) open(p reply) error {
	fields := make([]arrow.Field, len(p.columns))
	r.columns = make([]column, len(p.columns))
	r.text = p.text
	for i, d := range p.columns {
		if d.texts() && d.charset != charsetBinary && d.charset != r.tx.c.charset {
			return errCharset
		}
		d.stored = r.tx.stored
		if len(r.tx.result) == len(p.columns) {
			d.declared = r.tx.result[i].Type.Kind
		}
		fields[i] = d.field()
		r.columns[i] = column{d.name, d.kind, newDecoder(d, fields[i], r.tx.batch.Cell)}
	}
	r.schema = arrow.NewSchema(fields, nil)
	return nil
}

var errCharset = &sqldb.Error{
	Code: abi.Denied, Message: "a statement has changed the charset of the session, and with it what texts mean",
	Hint: "nothing of the transaction is kept; the host sets the session up",
}

// fill reads a batch, which is nil at the end of the rows.
func (r *rows) fill() (arrow.Record, error) {
	c := r.tx.c
	limit := r.tx.batch.Cell + r.tx.batch.Bytes
	c.inspect = r.inspect
	defer func() { c.inspect = nil }()
	if r.last > 0 {
		for i := range r.columns {
			r.columns[i].Start(r.last) // as many rows as before
		}
	}
	var f sqldb.Fill
	for !f.Full(r.tx.batch) {
		p, end, err := c.next(r.text, limit)
		if err != nil {
			return nil, r.tooLarge(err)
		}
		if p == nil {
			if err := r.end(end); err != nil {
				return nil, err
			}
			break
		}
		r.row++
		if r.text {
			err = r.decodeText(p)
		} else {
			err = r.decode(p)
		}
		if err != nil {
			return nil, err
		}
		f.Rows++
		f.Bytes += int64(len(p))
	}
	if r.last = f.Rows; f.Rows == 0 {
		return nil, nil
	}
	arrays := make([]arrow.Array, len(r.columns))
	for i := range r.columns {
		arrays[i] = r.columns[i].Take()
	}
	rec := array.NewRecord(r.schema, arrays, int64(f.Rows))
	for _, a := range arrays {
		a.Release()
	}
	return rec, nil
}

// tooLarge tells a row over the limit.
func (r *rows) tooLarge(err error) error {
	var t tooLarge
	if !errors.As(err, &t) {
		return err
	}
	return rowError(r.row+1, t.limit)
}

// inspect refuses a row that begins with p for a value over the limit, which
// need not be there yet.
func (r *rows) inspect(p []byte) error {
	at := 1 + (len(r.columns)+2+7)/8
	if r.text {
		at = 0
	}
	for i := range r.columns {
		switch {
		case at >= len(p):
			return nil
		case r.text && p[at] == 0xfb:
			at++
			continue
		case !r.text && p[1+(i+2)>>3]&(1<<((i+2)&7)) != 0:
			continue
		}
		size, n := valueSize(r.columns[i].kind, p[at:])
		if r.text {
			size, n = lengthInt(p[at:])
		}
		if size > uint64(r.tx.batch.Cell) {
			return sqldb.CellError(r.row+1, r.columns[i].name, int64(min(size, math.MaxInt64)), r.tx.batch.Cell)
		}
		at += n + int(size)
	}
	return nil
}

// valueSize returns the size of a value of the binary protocol, and of the
// length before it.
func valueSize(kind byte, p []byte) (size uint64, n int) {
	switch kind {
	case typeTiny:
		return 1, 0
	case typeShort, typeYear:
		return 2, 0
	case typeLong, typeInt24, typeFloat:
		return 4, 0
	case typeLongLong, typeDouble:
		return 8, 0
	}
	return lengthInt(p)
}

// decode appends a row of the binary protocol to the columns.
//
//	0, bitmap of nulls from its third bit on, values
func (r *rows) decode(p []byte) error {
	values := 1 + (len(r.columns)+2+7)/8
	if len(p) < values {
		return r.tx.c.malformed()
	}
	nulls, at := p[1:values], values
	for i := range r.columns {
		col := &r.columns[i]
		if nulls[(i+2)>>3]&(1<<((i+2)&7)) != 0 {
			col.Null()
			continue
		}
		n, m := col.binary(p[at:])
		if m != nil {
			return r.misfit(col, m)
		}
		if n == 0 {
			return r.tx.c.malformed()
		}
		at += n
	}
	if at != len(p) {
		return r.tx.c.malformed()
	}
	return nil
}

// decodeText appends a row of the text protocol to the columns: a
// length-encoded text each, or 0xfb for a null.
func (r *rows) decodeText(p []byte) error {
	for i := range r.columns {
		col := &r.columns[i]
		if len(p) > 0 && p[0] == 0xfb {
			col.Null()
			p = p[1:]
			continue
		}
		s, n := lengthBytes(p)
		if n == 0 {
			return r.tx.c.malformed()
		}
		if m := col.decoder.text(s); m != nil {
			return r.misfit(col, m)
		}
		p = p[n:]
	}
	if len(p) != 0 {
		return r.tx.c.malformed()
	}
	return nil
}

func (r *rows) misfit(col *column, m *misfit) error {
	if m.size > 0 {
		return sqldb.CellError(r.row, col.name, m.size, r.tx.batch.Cell)
	}
	return sqldb.ConvertError(r.row, col.name, m.what, m.hint)
}

// end takes what the statement came to, at the end of its rows.
func (r *rows) end(o outcome) error {
	r.eof = true
	o, more, err := r.tx.c.rest(o)
	if err != nil {
		return err
	}
	if err := r.settle(o); err != nil {
		return err
	}
	if more {
		return &sqldb.Error{
			Code: abi.Unsupported, Message: "the statement has more than one result",
			Hint: "call a procedure that has one query",
		}
	}
	return nil
}

// settle takes what the statement came to when it is over. Where rows came,
// MariaDB does not tell how many were changed.
func (r *rows) settle(o outcome) error {
	switch {
	case len(r.columns) == 0:
		r.changed = int64(o.changed)
	case r.verb == writes:
		r.changed = r.row
	}
	r.tx.changed = r.tx.changed || r.changed > 0 || r.verb == other
	return r.tx.after(o, r.verb)
}

// Schema implements sqldb.Rows.
func (r *rows) Schema() *arrow.Schema { return r.schema }

// Changed implements sqldb.Rows.
func (r *rows) Changed() int64 { return r.changed }

// Next implements sqldb.Rows.
func (r *rows) Next(ctx context.Context) (arrow.Record, error) {
	if r.closed {
		return nil, &sqldb.Error{Code: abi.State, Message: "the cursor is closed"}
	}
	if r.failed != nil {
		return nil, r.failed
	}
	if r.eof {
		r.finished(io.EOF)
		return nil, io.EOF
	}
	var rec arrow.Record
	err := r.tx.c.call(ctx, func() (err error) {
		r.tx.c.pace = sqldb.PaceOf(ctx)
		rec, err = r.fill()
		r.tx.c.pace.Rest()
		r.tx.c.pace = sqldb.Pace{}
		if err != nil {
			err = r.tx.failed(err, r.sql, r.verb)
		}
		return err
	})
	if err != nil {
		if rec != nil {
			rec.Release()
		}
		r.finished(err)
		if !r.tx.c.busy { // else the cursor may be closed, and the transaction goes on
			r.tx.spoil()
		}
		return nil, err
	}
	if rec == nil {
		r.finished(io.EOF)
		return nil, io.EOF
	}
	return rec, nil
}

// finished frees the transaction for its next statement, if the statement is
// at its end, and says what Next returns from now on.
func (r *rows) finished(err error) {
	r.failed = err
	if r.tx.rows == r && !r.tx.c.busy {
		r.tx.rows = nil
	}
}

// Close implements sqldb.Rows. What the server still has to send it is told to
// keep, unless the statement changes something.
func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.columns = nil
	if r.tx.rows != r {
		return nil
	}
	r.tx.rows = nil
	return r.tx.abandon(r)
}
