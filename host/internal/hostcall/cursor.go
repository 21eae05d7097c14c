package hostcall

import (
	"bytes"
	"errors"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/ipc"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// maxMessage is the size to which batches are cut for a guest, in bytes. A
// single row may be larger.
const maxMessage = 1 << 20

// cursor is what a handle stands for. In a dry run it has no rows.
type cursor struct {
	rows    sqldb.Rows
	started bool   // the guest has asked for a message
	schema  []byte // the first message, encoded
	message []byte // the next one, encoded, if it is waiting for a larger buffer
	encoder *ipc.Writer
	encoded bool // the encoder has written its first batch
	buf     bytes.Buffer
	batch   arrow.Record // not yet encoded rows, from the row at
	at      int64
	ended   bool
	counted bool // the rows that it changed are in Used
}

func (c *cursor) close() {
	if c.batch != nil {
		c.batch.Release()
		c.batch = nil
	}
	if c.rows != nil {
		_ = c.rows.Close()
	}
}

// cursorNext implements abi.FuncCursorNext.
func (c *call) cursorNext() (int64, error) {
	x := c.x
	cur, err := x.cursor(int64(c.args[0]))
	if err != nil {
		return 0, err
	}
	if cur.rows == nil {
		return 0, x.fails(abi.Unsupported, "a dry run has no rows to read")
	}
	if cur.message == nil && !cur.ended {
		if berr := x.block(c.ctx, &x.Used.Query, func() { err = cur.encode(c) }); berr != nil {
			return 0, berr
		}
		if err != nil {
			return 0, err
		}
	}
	if cur.ended {
		return 0, nil
	}
	n, written := c.fill(1, cur.message)
	if written {
		cur.message = nil
	}
	return n, nil
}

// encode makes the next message: the schema, then batches.
func (c *cursor) encode(k *call) error {
	if !c.started {
		c.started = true
		schema, err := schemaMessage(c.rows.Schema())
		c.schema, c.message = schema, schema
		return err
	}
	if c.batch == nil {
		rec, err := c.rows.Next(k.ctx)
		if errors.Is(err, io.EOF) {
			c.ended = true
			k.x.affected(c)
			return nil
		}
		if err != nil {
			return err
		}
		c.batch, c.at = rec, 0
	}
	if c.encoder == nil {
		c.encoder = ipc.NewWriter(&c.buf, ipc.WithSchema(c.rows.Schema()))
	}
	return c.encodeRows()
}

// encodeRows encodes as many of the batch's rows as fit a message.
func (c *cursor) encodeRows() error {
	n := c.batch.NumRows() - c.at
	if size := RecordBytes(c.batch); size > maxMessage && n > 1 {
		n = max(1, min(n, c.batch.NumRows()*maxMessage/size))
	}
	for {
		// The encoder puts the schema before its first batch; the guest has it.
		first := len(c.schema)
		if c.encoded {
			first = 0
		}
		part := c.batch.NewSlice(c.at, c.at+n)
		c.buf.Reset()
		err := c.encoder.Write(part)
		part.Release()
		if err != nil {
			return err
		}
		c.encoded = true
		message := c.buf.Bytes()[first:]
		if len(message) > maxMessage+4096 && n > 1 {
			n /= 2
			continue
		}
		c.message = bytes.Clone(message)
		break
	}
	if c.at += n; c.at == c.batch.NumRows() {
		c.batch.Release()
		c.batch = nil
	}
	return nil
}

// schemaMessage returns the schema as an encapsulated IPC message: what a
// stream without batches is, but for the 8 bytes of its end.
func schemaMessage(schema *arrow.Schema) ([]byte, error) {
	var b bytes.Buffer
	if err := ipc.NewWriter(&b, ipc.WithSchema(schema)).Close(); err != nil {
		return nil, err
	}
	return b.Bytes()[:b.Len()-8], nil
}

// RecordBytes returns the bytes of a record's buffers.
func RecordBytes(rec arrow.Record) int64 {
	var n int64
	for _, col := range rec.Columns() {
		n += dataBytes(col.Data())
	}
	return n
}

func dataBytes(d arrow.ArrayData) int64 {
	var n int64
	for _, b := range d.Buffers() {
		if b != nil {
			n += int64(b.Len())
		}
	}
	for _, child := range d.Children() {
		n += dataBytes(child)
	}
	return n
}
