package postgres

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// rows implements sqldb.Rows.
type rows struct {
	tx      *tx
	c       *conn
	batch   sqldb.Batch
	plan    *plan
	columns []column
	schema  *arrow.Schema

	row     int64 // rows read
	held    int   // size of a row whose header was read, or -1
	last    int   // rows of the last batch
	done    bool  // the statement is at its end
	eof     bool  // and what was asked behind it too
	failed  error // what the next Next returns
	changed int64
	closed  bool
}

// open reads to the first row of a statement that was sent, or to its end.
func (t *tx) open(p *plan) (*rows, error) {
	r := &rows{tx: t, c: t.c, batch: t.batch, plan: p, schema: p.schema(), held: -1}
	r.columns = make([]column, len(p.specs))
	for i, s := range p.specs {
		r.columns[i] = s.column()
	}
	size, err := r.advance()
	if err != nil {
		return nil, err
	}
	r.held = size
	if !p.rows {
		return r, r.exhaust()
	}
	return r, nil
}

// advance goes to the next row and returns its size, or to the end.
func (r *rows) advance() (int, error) {
	var failed error
	for {
		kind, size, err := r.c.next()
		if err != nil {
			return -1, err
		}
		if kind == 'D' && !r.done {
			if failed == nil {
				return size, nil
			}
			continue
		}
		aside, err := r.c.handle(kind, size)
		var f *failure
		switch {
		case aside && err == nil:
			continue
		case errors.As(err, &f) && !f.fatal():
			if failed == nil {
				failed = err
			}
			continue
		case err != nil:
			return -1, err
		}
		switch kind {
		case 'C':
			if r.done {
				continue
			}
			r.done = true
			b, err := r.c.rest()
			if err != nil {
				return -1, err
			}
			r.changed = changes(string(b), r.plan.rows)
		case 'D': // the answer to SHOW transaction_read_only
			b, err := r.c.rest()
			if err != nil {
				return -1, err
			}
			r.tx.writable = !bytes.HasSuffix(b, []byte("\x02on"))
		case 'I':
			r.done = true
			failed = &sqldb.Error{Code: abi.InvalidArg, Message: "the statement is empty"}
		case 'Z':
			r.eof = true
			return -1, failed
		}
	}
}

// changes returns how many rows a statement changed by its tag, for instance
// "INSERT 0 5". A SELECT that returns none has made a table of them.
func changes(tag string, returns bool) int64 {
	tag = strings.TrimSuffix(tag, "\x00")
	word, _, _ := strings.Cut(tag, " ")
	switch word {
	case "INSERT", "UPDATE", "DELETE", "MERGE", "COPY":
	case "SELECT":
		if returns {
			return 0
		}
	default:
		return 0
	}
	n, err := strconv.ParseInt(tag[strings.LastIndexByte(tag, ' ')+1:], 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// exhaust drops the rows up to the end.
func (r *rows) exhaust() error {
	for !r.eof {
		if _, err := r.advance(); err != nil {
			return err
		}
	}
	return nil
}

// fill reads a batch and returns how many rows it has.
func (r *rows) fill() (int, error) {
	if r.last > 0 {
		for _, c := range r.columns {
			c.Start(r.last)
		}
	}
	var f sqldb.Fill
	for !f.Full(r.batch) {
		size := r.held
		r.held = -1
		if size < 0 {
			var err error
			if size, err = r.advance(); err != nil {
				return 0, err
			}
			if r.eof {
				break
			}
		}
		r.row++
		if err := r.decode(size); err != nil {
			return 0, err
		}
		f.Rows++
		f.Bytes += int64(size)
	}
	r.last = f.Rows
	r.c.shrink()
	return f.Rows, nil
}

// decode takes a row of size bytes apart: how many columns it has, and for
// each an int32 length, -1 for a null, and so many bytes.
func (r *rows) decode(size int) error {
	c := r.c
	if size > readBuffer {
		return r.decodeLarge()
	}
	b, err := c.take(size)
	if err != nil {
		return err
	}
	if len(b) < 2 || int(binary.BigEndian.Uint16(b)) != len(r.columns) {
		return errProtocol
	}
	b = b[2:]
	for i, col := range r.columns {
		if len(b) < 4 {
			return errProtocol
		}
		n := int(int32(binary.BigEndian.Uint32(b)))
		b = b[4:]
		if n == -1 {
			col.Null()
			continue
		}
		if n < 0 || n > len(b) {
			return errProtocol
		}
		if int64(n) > r.batch.Cell {
			return sqldb.CellError(r.row, r.plan.fields[i].name, int64(n), r.batch.Cell)
		}
		if m := col.add(b[:n:n]); m != nil {
			return sqldb.ConvertError(r.row, r.plan.fields[i].name, m.what, m.hint)
		}
		b = b[n:]
	}
	if len(b) != 0 {
		return errProtocol
	}
	return nil
}

// decodeLarge takes a row apart cell by cell: none is read before its size was
// compared with the limit.
func (r *rows) decodeLarge() error {
	c := r.c
	head, err := c.take(2)
	if err != nil {
		return err
	}
	if int(binary.BigEndian.Uint16(head)) != len(r.columns) {
		return errProtocol
	}
	for i, col := range r.columns {
		if head, err = c.take(4); err != nil {
			return err
		}
		n := int(int32(binary.BigEndian.Uint32(head)))
		if n == -1 {
			col.Null()
			continue
		}
		if n < 0 || n > c.left {
			return errProtocol
		}
		if int64(n) > r.batch.Cell {
			return sqldb.CellError(r.row, r.plan.fields[i].name, int64(n), r.batch.Cell)
		}
		cell, err := c.take(n)
		if err != nil {
			return err
		}
		if m := col.add(cell); m != nil {
			return sqldb.ConvertError(r.row, r.plan.fields[i].name, m.what, m.hint)
		}
	}
	if c.left != 0 {
		return errProtocol
	}
	return nil
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
	n := 0
	if !r.eof {
		err := r.c.do(ctx, func() (err error) {
			r.c.pace = sqldb.PaceOf(ctx)
			n, err = r.fill()
			r.c.pace.Rest()
			r.c.pace = sqldb.Pace{}
			return err
		})
		if err != nil {
			r.failed = r.tx.failed(err)
			return nil, r.failed
		}
	}
	if r.eof {
		r.failed = io.EOF
		if err := r.finished(); err != nil {
			r.failed = err
			return nil, err
		}
	}
	if n == 0 {
		return nil, r.failed
	}
	arrays := make([]arrow.Array, len(r.columns))
	for i, c := range r.columns {
		arrays[i] = c.Take()
	}
	rec := array.NewRecord(r.schema, arrays, int64(n))
	for _, a := range arrays {
		a.Release()
	}
	return rec, nil
}

// finished frees the transaction for its next statement.
func (r *rows) finished() error {
	if r.tx.rows == r {
		r.tx.rows = nil
		return r.tx.check()
	}
	return nil
}

// Close implements sqldb.Rows. What is left of the rows is dropped; if there
// is too much, the statement is cancelled and the transaction ends with it.
func (r *rows) Close() error {
	if !r.closed {
		r.abandon(drainTime)
	}
	return nil
}

// abandon ends the statement, after some time by cancelling it.
func (r *rows) abandon(patience time.Duration) {
	r.closed = true
	if !r.eof && r.tx.rows == r && r.c.broken == nil {
		ctx, cancel := context.WithTimeout(context.Background(), max(patience, time.Millisecond))
		defer cancel()
		if err := r.c.do(ctx, r.exhaust); err != nil {
			r.tx.cut = true
		}
	}
	r.columns = nil
	_ = r.finished()
}
