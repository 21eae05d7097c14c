package sqlite

import (
	"context"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// aheadBatches is how many batches' rows are read ahead at most for a column
// that has no declared type and had only nulls so far.
const aheadBatches = 16

// rows implements sqldb.Rows.
type rows struct {
	tx     *tx
	batch  sqldb.Batch
	sql    string
	st     *stmt
	before int64 // changes before the statement

	columns []column
	schema  *arrow.Schema
	row     int64 // rows read
	last    int   // of them in the last batch

	ready   []arrow.Record // filled, in order
	eof     bool           // the statement is at its end
	failed  error          // what the next Next returns
	changed int64
	closed  bool
}

// column is one column of the result.
type column struct {
	name string
	declared
	decoder
	guess *guessDecoder // the decoder, where the values decide
}

// open starts the statement and fills the first batch, which tells the schema.
func (r *rows) open(s *stmt) error {
	r.st = s
	_, r.before = r.tx.c.engine.changes()
	r.columns = make([]column, s.columns())
	for i := range r.columns {
		d := parseDeclared(s.columnDecl(i))
		var spare declaredKind
		if r.tx.stored {
			d, spare = declared{}, d.storedAs()
		}
		c := column{name: s.columnName(i), declared: d, decoder: newDecoder(d, r.batch.Cell)}
		c.guess, _ = c.decoder.(*guessDecoder)
		if c.guess != nil {
			c.guess.spare = spare
		}
		if c.guess != nil && len(r.tx.result) == len(r.columns) {
			c.guess.float = r.tx.result[i].Type.Kind == abi.Float
		}
		r.columns[i] = c
	}
	n, err := r.read(true)
	if err != nil {
		return err
	}
	fields := make([]arrow.Field, len(r.columns))
	arrays := make([]arrow.Array, len(r.columns))
	for i := range r.columns {
		c := &r.columns[i]
		if c.guess != nil {
			c.guess.fallBack()
		}
		arrays[i] = c.Take()
		fields[i] = c.field(c.name, arrays[i].DataType())
		if c.guess != nil {
			c.guess.settle()
		}
	}
	r.schema = arrow.NewSchema(fields, nil)
	first := r.record(arrays, int64(n))
	defer first.Release()
	for at := 0; at < n; at += r.batch.Rows {
		r.ready = append(r.ready, first.NewSlice(int64(at), int64(min(at+r.batch.Rows, n))))
	}
	return nil
}

// record makes a batch of arrays, which it releases.
func (r *rows) record(arrays []arrow.Array, n int64) arrow.Record {
	rec := array.NewRecord(r.schema, arrays, n)
	for _, a := range arrays {
		a.Release()
	}
	return rec
}

// fill reads a batch.
func (r *rows) fill() error {
	n, err := r.read(false)
	if err != nil || n == 0 {
		return err
	}
	arrays := make([]arrow.Array, len(r.columns))
	for i := range r.columns {
		arrays[i] = r.columns[i].Take()
	}
	r.ready = append(r.ready, r.record(arrays, int64(n)))
	return nil
}

// read steps through the rows of a batch and returns how many there were.
func (r *rows) read(first bool) (int, error) {
	if !first {
		for i := range r.columns {
			r.columns[i].Start(r.last)
		}
	}
	var f sqldb.Fill
	for !f.Full(r.batch) || first && r.undecided(f) {
		more, err := r.st.step()
		if err != nil {
			return 0, describe(err, r.tx.c.guard, r.sql)
		}
		if !more {
			r.end()
			break
		}
		r.row++
		size, err := r.decode()
		if err != nil {
			return 0, err
		}
		f.Rows++
		f.Bytes += size
	}
	r.last = min(f.Rows, r.batch.Rows)
	return f.Rows, nil
}

// undecided reports whether to read further than a batch, since a column has
// no type yet.
func (r *rows) undecided(f sqldb.Fill) bool {
	if f.Bytes >= r.batch.Bytes || f.Rows >= aheadBatches*r.batch.Rows {
		return false
	}
	for i := range r.columns {
		if g := r.columns[i].guess; g != nil && g.open() {
			return true
		}
	}
	return false
}

// decode appends the current row to the columns and returns its size.
func (r *rows) decode() (int64, error) {
	values := r.st.row()
	if len(values) != len(r.columns) { // a table was altered before the first step
		return 0, &sqldb.Error{Code: abi.DB, Message: "the columns of the statement have changed", Hint: "try again", Retryable: true}
	}
	var size int64
	for i := range values {
		col := &r.columns[i]
		c := cell{r.st.e.tls, &values[i]}
		store := c.store()
		if store == storeNull {
			col.Null()
			continue
		}
		n, m := col.add(c, store)
		if m != nil {
			if m.size > 0 {
				return 0, sqldb.CellError(r.row, col.name, m.size, r.batch.Cell)
			}
			return 0, sqldb.ConvertError(r.row, col.name, m.what, m.hint)
		}
		size += n
	}
	return size, nil
}

// end is called when the statement has no more rows.
func (r *rows) end() {
	last, after := r.tx.c.engine.changes()
	if after != r.before {
		r.changed = last
	}
	r.eof = true
	r.st.finalize()
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
	if err := sqldb.Ended(ctx); err != nil && r.failed == nil {
		r.failed = err
	}
	if len(r.ready) == 0 && r.failed == nil {
		r.more(ctx)
	}
	if len(r.ready) > 0 && r.failed == nil {
		rec := r.ready[0]
		r.ready = r.ready[1:]
		return rec, nil
	}
	if r.failed == nil {
		r.failed = io.EOF
		if err := r.finished(); err != nil {
			r.failed = err
		}
	}
	return nil, r.failed
}

// more fills the next batch.
func (r *rows) more(ctx context.Context) {
	if r.eof {
		return
	}
	err := r.tx.c.call(ctx, r.fill)
	if err == nil {
		return
	}
	r.failed = r.tx.failed(err)
	if !r.tx.c.isLost() {
		r.st.finalize()
	}
}

// finished frees the transaction for its next statement.
func (r *rows) finished() error {
	if r.tx.rows == r {
		r.tx.rows = nil
		return r.tx.check()
	}
	return nil
}

// Close implements sqldb.Rows.
func (r *rows) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.drop()
	_ = r.finished()
	return nil
}

// drop releases what was read and not taken, and ends the statement.
func (r *rows) drop() {
	if r.tx.c.isLost() {
		return
	}
	for _, rec := range r.ready {
		rec.Release()
	}
	r.ready = nil
	r.columns = nil
	if r.st != nil {
		r.st.finalize()
	}
}
