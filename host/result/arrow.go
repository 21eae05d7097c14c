package result

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
)

// arrowEncoder writes an Arrow IPC stream: the schema also for no rows, and
// field metadata with it.
type arrowEncoder struct {
	out    *output
	schema *arrow.Schema
	buf    *buffer
	w      *ipc.Writer
}

func (e *arrowEncoder) open(s *arrow.Schema) error {
	if err := refuseNames(s.Fields()); err != nil {
		return err
	}
	e.schema = s
	e.buf = newBuffer(e.out, 64<<10)
	e.w = ipc.NewWriter(e.buf, ipc.WithSchema(s))
	return nil
}

func (e *arrowEncoder) write(rec arrow.Record) error {
	// A batch with the columns of the schema, whatever its metadata says.
	rec = array.NewRecord(e.schema, rec.Columns(), rec.NumRows())
	defer rec.Release()
	if err := e.w.Write(rec); err != nil {
		return ioError("cannot write arrow", err)
	}
	return e.buf.Flush()
}

func (e *arrowEncoder) close() error {
	if err := e.w.Close(); err != nil {
		return ioError("cannot write arrow", err)
	}
	return e.buf.Flush()
}
