package arrow

import "strconv"

// Builder collects rows and makes the messages of a stream: the schema's, by
// Schema.Message, then batches, by Message.
//
// Its columns are appended to one by one; before Message, all must have the
// same number of rows. The first value that does not fit its column is kept,
// and Message returns it.
type Builder struct {
	schema  *Schema
	columns []Appender
	out     []byte
	meta    []byte
	err     error
}

// NewBuilder returns an empty Builder. Its error is an *Error: a field that
// cannot be.
func NewBuilder(s *Schema) (*Builder, error) {
	seen := 0
	if err := checkFields(s.Fields, 0, &seen); err != nil {
		return nil, err
	}
	b := &Builder{schema: s, columns: make([]Appender, len(s.Fields))}
	for i := range b.columns {
		b.columns[i].init(&s.Fields[i], &b.err)
	}
	return b, nil
}

// Schema returns the columns' fields.
func (b *Builder) Schema() *Schema { return b.schema }

// Column returns what column i is appended to with.
func (b *Builder) Column(i int) *Appender { return &b.columns[i] }

// Rows returns how many rows the first column has that Message would write.
func (b *Builder) Rows() int {
	if len(b.columns) == 0 {
		return 0
	}
	return b.columns[0].rows
}

// Bytes returns about how many bytes Message would write.
func (b *Builder) Bytes() int {
	n := 0
	for i := range b.columns {
		n += b.columns[i].bytes()
	}
	return n
}

// Err returns the first value that did not fit, or nil.
func (b *Builder) Err() error { return b.err }

// Message returns what was appended as an encapsulated message, and starts
// again without rows. The bytes are valid until the next call. Its error is an
// *Error.
func (b *Builder) Message() ([]byte, error) {
	if b.err != nil {
		return nil, b.err
	}
	rows := b.Rows()
	var l layout
	for i := range b.columns {
		c := &b.columns[i]
		if c.rows != rows {
			return nil, &Error{c.field.Name, strconv.Itoa(c.rows) + " rows, but " + strconv.Itoa(rows) + " in \"" + b.columns[0].field.Name + "\""}
		}
		if err := c.layout(&l); err != nil {
			return nil, err
		}
	}
	w := newFlat(b.meta)
	at := w.table(w.message(headerBatch, int64(l.size)), slot{8, int64(rows)}, ref, ref)
	w.vector(at[1], len(l.nodes), 8)
	for _, n := range l.nodes {
		w.number(8, int64(n[0]))
		w.number(8, int64(n[1]))
	}
	w.vector(at[2], len(l.buffers), 8)
	offset := 0
	for _, buf := range l.buffers {
		w.number(8, int64(offset))
		w.number(8, int64(len(buf)))
		offset += padded(len(buf))
	}
	b.meta = w.b
	b.out = w.encapsulate(b.out[:0])
	var zero [8]byte
	for _, buf := range l.buffers {
		b.out = append(b.out, buf...)
		b.out = append(b.out, zero[:padded(len(buf))-len(buf)]...)
	}
	for i := range b.columns {
		b.columns[i].reset()
	}
	return b.out, nil
}

// padded returns the bytes that a buffer takes in a message's body.
func padded(n int) int { return (n + 7) &^ 7 }

// layout is what a message says of its columns: rows and nulls of each, and
// their buffers.
type layout struct {
	nodes   [][2]int
	buffers [][]byte
	size    int
}

func (l *layout) add(b []byte) {
	l.buffers = append(l.buffers, b)
	l.size += padded(len(b))
}
