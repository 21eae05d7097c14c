// Package vector collects the values of a batch's columns and hands them over
// as Arrow arrays, without a copy. Arrow's own builders check their room for
// each buffer and each value anew, and zero it first: a sixth of the client's
// time when MariaDB was read.
//
// A vector is used by one goroutine. Its zero value is empty and grows; Start
// makes room for a batch whose size is known. Take returns what was pushed as
// an array, which the caller releases, and leaves the vector empty.
package vector

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// bits is a list of bits that grows, least significant bit first as Arrow has it.
type bits struct {
	b []byte
	n int
}

func (m *bits) push(on bool) {
	if m.n&7 == 0 {
		m.b = append(m.b, 0)
	}
	if on {
		m.b[m.n>>3] |= 1 << (m.n & 7)
	}
	m.n++
}

// Validity says which values are not null. There is no bitmap before the
// first null.
type Validity struct {
	bits
	nulls int
	some  bool
}

// Value notes a value.
func (v *Validity) Value() {
	if v.some {
		v.push(true)
	}
}

// Null notes a null behind n values and nulls.
func (v *Validity) Null(n int) {
	if !v.some {
		v.some = true
		for v.n < n {
			v.push(true)
		}
	}
	v.push(false)
	v.nulls++
}

// Take returns the bitmap, or nil, and how many nulls it has, and starts anew.
func (v *Validity) Take() (*memory.Buffer, int) {
	var b *memory.Buffer
	if v.some {
		b = memory.NewBufferBytes(v.b)
	}
	nulls := v.nulls
	*v = Validity{}
	return b, nulls
}

// Fixed is a column of an Arrow type whose values have the size of T.
type Fixed[T arrow.FixedWidthType] struct {
	Type  arrow.DataType
	valid Validity
	v     []T
}

// Push appends a value.
func (f *Fixed[T]) Push(v T) {
	f.valid.Value()
	f.v = append(f.v, v)
}

// Null appends a null.
func (f *Fixed[T]) Null() {
	var zero T
	f.valid.Null(len(f.v))
	f.v = append(f.v, zero)
}

// Start makes room for so many values.
func (f *Fixed[T]) Start(rows int) { f.v = make([]T, 0, rows) }

// Take returns the values as an array.
func (f *Fixed[T]) Take() arrow.Array {
	n := len(f.v)
	valid, nulls := f.valid.Take()
	a := Array(f.Type, n, nulls, valid, memory.NewBufferBytes(arrow.GetBytes(f.v)))
	f.v = nil
	return a
}

// Bools is a column of bools.
type Bools struct {
	valid Validity
	v     bits
}

// Push appends a value.
func (c *Bools) Push(v bool) {
	c.valid.Value()
	c.v.push(v)
}

// Null appends a null.
func (c *Bools) Null() {
	c.valid.Null(c.v.n)
	c.v.push(false)
}

// Start makes room for so many values.
func (c *Bools) Start(rows int) { c.v = bits{b: make([]byte, 0, rows/8+1)} }

// Take returns the values as an array.
func (c *Bools) Take() arrow.Array {
	n, data := c.v.n, c.v.b
	valid, nulls := c.valid.Take()
	c.v = bits{}
	return Array(arrow.FixedWidthTypes.Boolean, n, nulls, valid, memory.NewBufferBytes(data))
}

// UUIDs is a column of 16 bytes each.
type UUIDs struct {
	valid Validity
	n     int
	data  []byte
}

// Push appends a value, which has 16 bytes.
func (c *UUIDs) Push(v []byte) {
	c.valid.Value()
	c.data = append(c.data, v[:16]...)
	c.n++
}

// Null appends a null.
func (c *UUIDs) Null() {
	var zero [16]byte
	c.valid.Null(c.n)
	c.data = append(c.data, zero[:]...)
	c.n++
}

// Start makes room for so many values.
func (c *UUIDs) Start(rows int) { c.data, c.n = make([]byte, 0, 16*rows), 0 }

// Take returns the values as an array.
func (c *UUIDs) Take() arrow.Array {
	n, data := c.n, c.data
	valid, nulls := c.valid.Take()
	c.data, c.n = nil, 0
	return Array(&arrow.FixedSizeBinaryType{ByteWidth: 16}, n, nulls, valid, memory.NewBufferBytes(data))
}

// Varied is a column of an Arrow type of texts or bytes.
type Varied struct {
	Type  arrow.DataType
	valid Validity
	ends  []int32 // where each value ends in data; the first is 0
	data  []byte
	hint  int // size of the data of the last array
}

// Push appends a value.
func (t *Varied) Push(v []byte) {
	t.valid.Value()
	t.open()
	t.data = append(t.data, v...)
	t.ends = append(t.ends, int32(len(t.data)))
}

// Null appends a null.
func (t *Varied) Null() {
	t.open()
	t.valid.Null(len(t.ends) - 1)
	t.ends = append(t.ends, int32(len(t.data)))
}

func (t *Varied) open() {
	if len(t.ends) == 0 {
		t.ends = append(t.ends, 0)
	}
}

// Start makes room for so many values, which are as long as those before.
func (t *Varied) Start(rows int) {
	t.ends = append(make([]int32, 0, rows+1), 0)
	t.data = make([]byte, 0, t.hint)
}

// Take returns the values as an array.
func (t *Varied) Take() arrow.Array {
	t.open()
	n := len(t.ends) - 1
	valid, nulls := t.valid.Take()
	a := Array(t.Type, n, nulls, valid, memory.NewBufferBytes(arrow.GetBytes(t.ends)), memory.NewBufferBytes(t.data))
	t.ends, t.data, t.hint = nil, nil, len(t.data)+len(t.data)/16
	return a
}

// Nothing is a column of the type null.
type Nothing struct{ n int }

// Null appends a null.
func (c *Nothing) Null() { c.n++ }

// Start makes room.
func (c *Nothing) Start(int) {}

// Take returns the nulls as an array.
func (c *Nothing) Take() arrow.Array {
	n := c.n
	c.n = 0
	return array.NewNull(n)
}

// Array makes an array of buffers that nothing else uses.
func Array(dt arrow.DataType, n, nulls int, buffers ...*memory.Buffer) arrow.Array {
	d := array.NewData(dt, n, buffers, nil, nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}

// List makes an array of lists from where they end in values, which it takes.
func List(dt *arrow.ListType, n, nulls int, valid *memory.Buffer, ends []int32, values arrow.Array) arrow.Array {
	defer values.Release()
	d := array.NewData(dt, n, []*memory.Buffer{valid, memory.NewBufferBytes(arrow.GetBytes(ends))}, []arrow.ArrayData{values.Data()}, nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}
