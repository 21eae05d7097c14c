package result

import (
	"errors"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/host/result/internal/parquet"
)

// parquetEncoder writes a Parquet file. Parquet's own interval has
// milliseconds, so one of Arrow becomes text, in its text form. Spark reads no
// file that has a time of day or a UUID without a schema of its user's: what
// other programs make of the types stands in host/RATIONALE.md.
type parquetEncoder struct {
	out    *output
	schema *arrow.Schema
	texts  []cell // of the columns that become text, else nil
	buf    *buffer
	w      *parquet.Writer
}

func (e *parquetEncoder) open(s *arrow.Schema) error {
	if s.NumFields() == 0 {
		return &Error{Message: "the result has no columns, which parquet cannot hold"}
	}
	if err := refuseNames(s.Fields()); err != nil {
		return err
	}
	if err := refuseDuplicates(Parquet, s.Fields()); err != nil {
		return err
	}
	fields := append([]arrow.Field(nil), s.Fields()...)
	e.texts = make([]cell, len(fields))
	for i, f := range fields {
		if isInterval(f.Type) {
			e.texts[i] = newCell(f)
			fields[i].Type = arrow.BinaryTypes.String
			fields[i].Metadata = arrow.NewMetadata([]string{typeKey}, []string{"interval"})
		}
	}
	meta := s.Metadata()
	e.schema = arrow.NewSchema(fields, &meta)
	e.buf = newBuffer(e.out, 256<<10)
	var err error
	e.w, err = parquet.NewWriter(e.buf, e.schema, parquet.Options{})
	var unsupported *parquet.UnsupportedError
	if errors.As(err, &unsupported) {
		return cannotHold(Parquet, unsupported.Field)
	}
	return ioError("cannot write parquet", err)
}

func isInterval(t arrow.DataType) bool {
	switch t.ID() {
	case arrow.INTERVAL_MONTHS, arrow.INTERVAL_DAY_TIME, arrow.INTERVAL_MONTH_DAY_NANO:
		return true
	}
	return false
}

func (e *parquetEncoder) write(rec arrow.Record) error {
	cols := append([]arrow.Array(nil), rec.Columns()...)
	for i, c := range e.texts {
		if c == nil {
			continue
		}
		text, err := toText(c, cols[i])
		if err != nil {
			return cellError(Parquet, e.schema.Field(i), 0, err)
		}
		defer text.Release()
		cols[i] = text
	}
	rec = array.NewRecord(e.schema, cols, rec.NumRows())
	defer rec.Release()
	return ioError("cannot write parquet", e.w.Write(rec))
}

func toText(c cell, a arrow.Array) (arrow.Array, error) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	c.bind(a)
	var scratch []byte
	for i := range a.Len() {
		if c.null(i) {
			b.AppendNull()
			continue
		}
		var err error
		if scratch, err = c.text(scratch[:0], i); err != nil {
			return nil, err
		}
		b.Append(string(scratch))
	}
	return b.NewArray(), nil
}

func (e *parquetEncoder) close() error {
	if err := e.w.Close(); err != nil {
		return ioError("cannot write parquet", err)
	}
	return e.buf.Flush()
}
