// Package parquet writes Parquet files of Arrow records, one row group in
// memory at a time.
//
// It is here because the one of arrow/go costs what a command that starts in
// milliseconds cannot give, in size, start and speed: the figures stand in
// BenchmarkParquet of host/result. It writes what it needs to and no more:
// data pages of version 1, Snappy, PLAIN values and, for integers and times
// where that is less, DELTA_BINARY_PACKED; dictionaries for texts, bytes and
// decimals that repeat; no encryption, no indexes; chunk statistics; and the
// Arrow schema, which Arrow's readers restore types from.
//
// Source: github.com/apache/parquet-format, README.md, Encodings.md,
// LogicalTypes.md and parquet.thrift.
package parquet

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// Options bound what is held in memory. A zero field has its default.
type Options struct {
	PageBytes  int // of values in a page; 0 is 64 KiB
	PageRows   int // in a page; 0 is 32 Ki
	GroupRows  int // in a row group; 0 is 128 Ki
	GroupBytes int // compressed, in a row group; 0 is 16 MiB
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		field *int
		value int
	}{{&o.PageBytes, 64 << 10}, {&o.PageRows, 32 << 10}, {&o.GroupRows, 128 << 10}, {&o.GroupBytes, 16 << 20}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	return o
}

const magic = "PAR1"

// Writer writes one file. One goroutine uses it at a time.
type Writer struct {
	w      io.Writer
	o      Options
	offset int64 // in the file
	leaves []leaf
	chunks []*chunk
	schema *arrow.Schema

	rows   int64 // of the file
	group  int   // rows of the row group that is being made
	groups thrift
	count  int // of groups
}

// NewWriter returns a Writer and writes the beginning of the file to w, which
// stays the caller's. Its error may be an *UnsupportedError. Column names
// must differ.
func NewWriter(w io.Writer, s *arrow.Schema, o Options) (*Writer, error) {
	p := &Writer{w: w, o: o.withDefaults(), schema: s}
	for _, f := range s.Fields() {
		l, err := newLeaf(f)
		if err != nil {
			return nil, err
		}
		p.leaves = append(p.leaves, l)
		p.chunks = append(p.chunks, newChunk(l, p.o))
	}
	return p, p.send([]byte(magic))
}

func (p *Writer) send(b []byte) error {
	n, err := p.w.Write(b)
	p.offset += int64(n)
	return err
}

// Write adds a batch. It does not retain it.
func (p *Writer) Write(rec arrow.Record) error {
	for from := 0; from < int(rec.NumRows()); {
		// In steps, so that a group of wide rows ends near its size.
		n := min(int(rec.NumRows())-from, p.o.GroupRows-p.group, 4096)
		part := rec.NewSlice(int64(from), int64(from+n))
		err := p.slice(part)
		part.Release()
		if err != nil {
			return err
		}
		from += n
	}
	return nil
}

func (p *Writer) slice(rec arrow.Record) error {
	size := 0
	for i, c := range p.chunks {
		a := rec.Column(i)
		if !c.mayHold(a) {
			return fmt.Errorf("column %q has a null and is declared without", p.schema.Field(i).Name)
		}
		if err := c.write(a); err != nil {
			return fmt.Errorf("column %q: %w", p.schema.Field(i).Name, err)
		}
		size += c.buffered()
	}
	p.group += int(rec.NumRows())
	if p.group >= p.o.GroupRows || size >= p.o.GroupBytes {
		return p.flush()
	}
	return nil
}

// mayHold reports whether nulls are only where the schema has a place for
// them: a level that does not exist would be written otherwise.
func (c *chunk) mayHold(a arrow.Array) bool {
	for _, null := range c.leaf.lists {
		if !null && a.NullN() > 0 {
			return false
		}
		a = a.(array.ListLike).ListValues()
	}
	return c.null || a.NullN() == 0
}

// flush ends the row group.
func (p *Writer) flush() error {
	if p.group == 0 {
		return nil
	}
	t := &p.groups
	t.begin()
	t.list(1, typeStruct, len(p.chunks))
	start := p.offset
	total := int64(0)
	for _, c := range p.chunks {
		c.flush()
		dictionary := c.dictionaryPage()
		c.metadata(t, p.offset, len(dictionary))
		total += c.uncompressed
		if err := p.send(dictionary); err != nil {
			return err
		}
		if err := p.send(c.pages); err != nil {
			return err
		}
		c.reset()
	}
	t.i64(2, total)
	t.i64(3, int64(p.group))
	t.i64(5, start)
	t.i64(6, p.offset-start)
	t.end()
	p.count++
	p.rows += int64(p.group)
	p.group = 0
	return nil
}

// Close writes what is left and the footer. It does not close the io.Writer.
func (p *Writer) Close() error {
	if err := p.flush(); err != nil {
		return err
	}
	footer, err := p.footer()
	if err != nil {
		return err
	}
	footer = binary.LittleEndian.AppendUint32(footer, uint32(len(footer)))
	return p.send(append(footer, magic...))
}

// footer returns the FileMetaData.
func (p *Writer) footer() ([]byte, error) {
	restore, err := arrowSchema(p.schema)
	if err != nil {
		return nil, err
	}
	t := &thrift{}
	t.begin()
	t.i32(1, 2)
	n := 1
	for i := range p.leaves {
		n += p.leaves[i].numElements()
	}
	t.list(2, typeStruct, n)
	element(t, "schema", -1, int32(len(p.leaves)), nil, false)
	for i := range p.leaves {
		p.leaves[i].elements(t)
	}
	t.i64(3, p.rows)
	t.list(4, typeStruct, p.count)
	t.b = append(t.b, p.groups.b...)
	t.list(5, typeStruct, 1)
	t.begin()
	t.str(1, "ARROW:schema")
	t.str(2, restore)
	t.end()
	t.str(6, "wasmsql")
	t.list(7, typeStruct, len(p.leaves))
	for range p.leaves {
		t.begin()
		t.empty(1) // values are ordered as their type is
		t.end()
	}
	t.end()
	return t.b, nil
}
