package arrow

import "strconv"

// Batch is some rows of a stream. Its columns stand on the bytes that it was
// read from, and are valid until those change or the next Read.
type Batch struct {
	schema  *Schema
	columns []Column
	rows    int
}

// NewBatch returns an empty batch of a schema, to be filled by Read.
func NewBatch(s *Schema) *Batch {
	b := &Batch{schema: s, columns: make([]Column, len(s.Fields))}
	for i := range b.columns {
		b.columns[i].init(&s.Fields[i])
	}
	return b
}

// Schema returns the columns' fields.
func (b *Batch) Schema() *Schema { return b.schema }

// Rows returns how many rows the batch has.
func (b *Batch) Rows() int { return b.rows }

// Column returns column i, counted from 0.
func (b *Batch) Column(i int) *Column { return &b.columns[i] }

// Read replaces the batch by what an encapsulated message holds. Its error is
// an *Error, and the batch is then empty.
func (b *Batch) Read(bytes []byte) error {
	b.rows = 0
	m, err := open(bytes)
	if err != nil {
		return err
	}
	if m.kind != headerBatch {
		return &Error{Problem: "a message is no batch of rows"}
	}
	if m.field(m.header, 3) != 0 {
		return &Error{Problem: "a batch is compressed"}
	}
	rows := m.long(m.header, 0)
	r := batchReader{message: &m}
	r.node, r.nodes = m.vector(m.header, 1, 16)
	r.buffer, r.buffers = m.vector(m.header, 2, 16)
	if m.bad || rows < 0 || rows > maxRows {
		return errDamaged
	}
	for i := range b.columns {
		if err := b.columns[i].read(&r); err != nil {
			return err
		}
		if b.columns[i].rows != int(rows) {
			return b.columns[i].fail(strconv.Itoa(b.columns[i].rows) + " rows in a batch of " + strconv.FormatInt(rows, 10))
		}
	}
	if r.nodes != 0 || r.buffers != 0 {
		return &Error{Problem: "a batch has more columns than its schema"}
	}
	b.rows = int(rows)
	return nil
}

// batchReader hands out the nodes {rows, nulls} and buffers {offset, length}
// of a batch, each two 64-bit numbers, in the order of the columns.
type batchReader struct {
	*message
	node, nodes     int // where the next stands, and how many are left
	buffer, buffers int
}

func (r *batchReader) nextNode() (rows, nulls int, ok bool) {
	if r.nodes == 0 {
		return 0, 0, false
	}
	n, z := r.i64(r.node), r.i64(r.node+8)
	r.node, r.nodes = r.node+16, r.nodes-1
	if r.bad || n < 0 || n > maxRows || z < 0 || z > n {
		return 0, 0, false
	}
	return int(n), int(z), true
}

func (r *batchReader) nextBuffer() ([]byte, bool) {
	if r.buffers == 0 {
		return nil, false
	}
	at, n := r.i64(r.buffer), r.i64(r.buffer+8)
	r.buffer, r.buffers = r.buffer+16, r.buffers-1
	size := int64(len(r.body))
	if r.bad || at < 0 || n < 0 || at > size || n > size-at {
		return nil, false
	}
	return r.body[at : at+n : at+n], true
}

// read takes the column's node and buffers and checks that they hold what the
// node says.
func (c *Column) read(r *batchReader) error {
	*c = Column{field: c.field, elem: c.elem, size: c.size}
	rows, nulls, ok := r.nextNode()
	if !ok {
		return c.fail("its node is missing or damaged")
	}
	if c.field.Kind == Null {
		c.rows, c.nulls = rows, rows
		return nil
	}
	valid, ok := r.nextBuffer()
	if !ok || nulls > 0 && len(valid) < (rows+7)/8 {
		return c.fail("its validity is missing or too short")
	}
	if nulls > 0 {
		c.valid = valid
	}
	data, ok := r.nextBuffer()
	if !ok {
		return c.fail("a buffer is missing or outside of the message")
	}
	c.nulls = nulls
	switch c.field.Kind {
	case Text, Binary, List:
		if err := c.readOffsets(r, data, rows); err != nil {
			return err
		}
	default:
		if need := rows * c.size; c.field.Kind == Bool && len(data) < (rows+7)/8 || len(data) < need {
			return c.fail(strconv.Itoa(len(data)) + " bytes for " + strconv.Itoa(rows) + " rows")
		}
		c.data = data
	}
	c.rows = rows
	return nil
}

// readOffsets takes the offsets of a column of values of any length, one more
// than rows, and what they are offsets into.
func (c *Column) readOffsets(r *batchReader, data []byte, rows int) error {
	if rows > 0 && len(data)/4 <= rows {
		return c.fail("it has fewer offsets than rows")
	}
	room := 0
	if c.field.Kind == List {
		if err := c.elem.read(r); err != nil {
			return err
		}
		room = c.elem.rows
	} else {
		bytes, ok := r.nextBuffer()
		if !ok {
			return c.fail("a buffer is missing or outside of the message")
		}
		c.data, room = bytes, len(bytes)
	}
	if rows == 0 {
		return nil
	}
	c.offsets = view[int32](data, rows+1)
	last := int32(0)
	for _, o := range c.offsets {
		if o < last {
			return c.fail("its offsets go back")
		}
		last = o
	}
	if int(last) > room {
		return c.fail("its offsets lead outside")
	}
	return nil
}
