package parquet

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/golang/snappy"
)

// chunk is one column of the row group that is being made: finished pages,
// compressed, and the page that is being filled.
type chunk struct {
	leaf
	o      Options
	lists  []array.ListLike // bound, from the outside
	values arrow.Array      // bound, the innermost
	enc    values
	defs   levels
	reps   levels
	page   int // levels in the page

	pages        []byte
	uncompressed int64
	levels       int64
	nulls        int64
	encodings    [dictionaries + 1]bool
	scratch      []byte
	packed       []byte
}

func newChunk(l leaf, o Options) *chunk {
	return &chunk{
		leaf: l, o: o,
		lists: make([]array.ListLike, len(l.lists)),
		enc:   newValues(&l, o.PageBytes),
		defs:  newLevels(int(l.maxDef)),
		reps:  newLevels(len(l.lists)),
	}
}

// write adds a batch's column.
func (c *chunk) write(a arrow.Array) error {
	rows := a.Len()
	for i := range c.lists {
		c.lists[i] = a.(array.ListLike)
		a = c.lists[i].ListValues()
	}
	c.values = a
	if err := c.enc.bind(a); err != nil {
		return err
	}
	if len(c.lists) == 0 {
		c.flat(0, rows)
		return nil
	}
	for i := range rows {
		c.nested(0, i, 0, 0)
		c.endRow()
	}
	return nil
}

// flat adds the values [i, end) of a column without lists, in runs of values
// that are null and that are not.
func (c *chunk) flat(i, end int) {
	for i < end {
		if c.isNull(i) {
			c.level(0, 0, 1)
			c.nulls++
			i++
			c.endRow()
			continue
		}
		j := end
		if c.mayNull() {
			for j = i + 1; j < end && !c.isNull(j); j++ {
			}
		}
		for i < j {
			n := c.enc.add(i, min(j, i+c.o.PageRows-c.page))
			c.level(0, c.maxDef, n)
			i += n
			c.endRow()
		}
	}
}

func (c *chunk) mayNull() bool {
	return c.values.NullN() > 0 || c.values.DataType().ID() == arrow.NULL
}

func (c *chunk) isNull(i int) bool {
	return c.values.DataType().ID() == arrow.NULL || c.values.IsNull(i)
}

// nested adds the value i of the list at a depth, whose levels are known up to
// there; at the last depth it is the value itself.
func (c *chunk) nested(depth, i int, rep, def uint8) {
	if depth == len(c.lists) {
		switch {
		case c.isNull(i):
			c.level(rep, def, 1)
			c.nulls++
		default:
			c.enc.add(i, i+1)
			c.level(rep, c.maxDef, 1)
		}
		return
	}
	l := c.lists[depth]
	if l.IsNull(i) {
		c.level(rep, def, 1)
		c.nulls++
		return
	}
	if c.leaf.lists[depth] {
		def++
	}
	start, end := l.ValueOffsets(i)
	if start == end {
		c.level(rep, def, 1)
		c.nulls++
		return
	}
	for k := start; k < end; k++ {
		c.nested(depth+1, int(k), rep, def+1)
		rep = uint8(depth) + 1
	}
}

func (c *chunk) level(rep, def uint8, n int) {
	c.reps.add(rep, n)
	c.defs.add(def, n)
	c.page += n
}

// endRow ends the page where it is full: a page holds whole rows.
func (c *chunk) endRow() {
	if c.page >= c.o.PageRows || c.enc.size() >= c.o.PageBytes {
		c.flush()
	}
}

// flush makes a data page of version 1: header, then compressed together
// repetition levels, definition levels and values.
func (c *chunk) flush() {
	if c.page == 0 {
		return
	}
	raw := c.defs.append(c.reps.append(c.scratch[:0]))
	raw, encoding := c.enc.page(raw)
	c.pages = c.appendPage(c.pages, raw, 0, func(t *thrift) {
		t.structure(5)
		t.i32(1, int32(c.page))
		t.i32(2, encoding)
		t.i32(3, rle)
		t.i32(4, rle)
		t.end()
	})
	c.levels += int64(c.page)
	c.encodings[encoding] = true
	c.scratch = c.trim(raw)
	c.packed = c.trim(c.packed)
	c.page = 0
	c.defs.reset()
	c.reps.reset()
}

// appendPage appends a page of a type: header, which ends with what is only
// for the type, and contents.
func (c *chunk) appendPage(dst, raw []byte, pageType int32, rest func(*thrift)) []byte {
	c.packed = snappy.Encode(c.packed[:cap(c.packed)], raw)
	t := thrift{b: dst}
	t.begin()
	t.i32(1, pageType)
	t.i32(2, int32(len(raw)))
	t.i32(3, int32(len(c.packed)))
	rest(&t)
	t.end()
	c.uncompressed += int64(len(t.b) - len(dst) + len(raw))
	return append(t.b, c.packed...)
}

// dictionaryPage returns the page that goes before those that were flushed, or
// nothing.
func (c *chunk) dictionaryPage() []byte {
	values, n := c.enc.dictionary()
	if n == 0 {
		return nil
	}
	c.encodings[plain] = true
	return c.appendPage(nil, values, 2, func(t *thrift) {
		t.structure(7)
		t.i32(1, int32(n))
		t.i32(2, plain)
		t.end()
	})
}

// trim drops a buffer that one large value has made large.
func (c *chunk) trim(b []byte) []byte {
	if cap(b) > 16*c.o.PageBytes {
		return nil
	}
	return b
}

// buffered is how many bytes the chunk holds.
func (c *chunk) buffered() int { return len(c.pages) }

// metadata writes the chunk's ColumnChunk, its pages being at an offset of the
// file behind a dictionary page of so many bytes.
func (c *chunk) metadata(t *thrift, offset int64, dictionary int) {
	t.begin()
	t.i64(2, 0) // no copy of the metadata beside the pages
	t.structure(3)
	t.i32(1, c.kind.phys)
	var used []int32
	for e, is := range c.encodings {
		if is || e == rle {
			used = append(used, int32(e))
		}
	}
	t.list(2, typeI32, len(used))
	for _, e := range used {
		t.b = appendZigzag(t.b, int64(e))
	}
	t.list(3, typeBinary, len(c.path))
	for _, p := range c.path {
		t.raw(p)
	}
	t.i32(4, 1) // Snappy
	t.i64(5, c.levels)
	t.i64(6, c.uncompressed)
	t.i64(7, int64(dictionary+len(c.pages)))
	t.i64(9, offset+int64(dictionary))
	if dictionary > 0 {
		t.i64(11, offset)
	}
	t.structure(12)
	t.i64(3, c.nulls)
	if smallest, largest, ok := c.enc.stats(); ok {
		t.str(5, string(largest))
		t.str(6, string(smallest))
	}
	t.end()
	t.end()
	t.end()
}

// reset begins a new row group.
func (c *chunk) reset() {
	c.pages = c.pages[:0]
	c.uncompressed, c.levels, c.nulls = 0, 0, 0
	c.encodings = [dictionaries + 1]bool{}
}
