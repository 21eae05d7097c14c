package result

import (
	"github.com/apache/arrow/go/v15/arrow"
)

// jsonEncoder writes JSON objects, or arrays: one array of them, or one a line.
type jsonEncoder struct {
	out    *output
	array  bool
	rows   bool // are arrays
	buf    *buffer
	fields []arrow.Field
	cells  []cell
	keys   [][]byte // with what stands before and behind
	line   []byte
	row    int64
}

func (e *jsonEncoder) format() Format {
	if e.array {
		return JSON
	}
	return NDJSON
}

func (e *jsonEncoder) open(s *arrow.Schema) error {
	e.fields = s.Fields()
	var err error
	if !e.rows {
		err = refuseNames(e.fields)
		if err == nil {
			err = refuseDuplicates(e.format(), e.fields)
		}
	}
	if err != nil {
		return err
	}
	if e.cells, err = newCells(e.format(), e.fields); err != nil {
		return err
	}
	for i, f := range e.fields {
		key := []byte{','}
		if i == 0 {
			key = nil
		}
		if !e.rows {
			if key, err = appendJSONString(key, f.Name); err != nil {
				return err
			}
			key = append(key, ':')
		}
		e.keys = append(e.keys, key)
	}
	e.buf = newBuffer(e.out, 64<<10)
	if e.array {
		return e.buf.WriteByte('[')
	}
	return nil
}

func (e *jsonEncoder) write(rec arrow.Record) error {
	for i, c := range e.cells {
		c.bind(rec.Column(i))
	}
	for row := range int(rec.NumRows()) {
		e.row++
		if err := e.object(row); err != nil {
			return err
		}
		if _, err := e.buf.Write(e.line); err != nil {
			return err
		}
		e.line = shrink(e.line)
	}
	return e.buf.Flush()
}

// object makes the line of a row, with the line break before it in an array.
func (e *jsonEncoder) object(row int) error {
	line := e.line[:0]
	if e.array {
		if e.row > 1 {
			line = append(line, ',')
		}
		line = append(line, '\n')
	}
	line = append(line, e.bracket('{', '['))
	for i, c := range e.cells {
		var err error
		if line, err = appendJSON(append(line, e.keys[i]...), c, row); err != nil {
			return cellError(e.format(), e.fields[i], e.row, err)
		}
	}
	line = append(line, e.bracket('}', ']'))
	if !e.array {
		line = append(line, '\n')
	}
	e.line = line
	return nil
}

// bracket returns what stands around a row.
func (e *jsonEncoder) bracket(object, array byte) byte {
	if e.rows {
		return array
	}
	return object
}

func (e *jsonEncoder) close() error {
	if e.array {
		end := "]\n"
		if e.row > 0 {
			end = "\n]\n"
		}
		if _, err := e.buf.WriteString(end); err != nil {
			return err
		}
	}
	return e.buf.Flush()
}
