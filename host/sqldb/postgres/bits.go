package postgres

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// bitmap is a list of bits that grows, least significant bit first as Arrow has it.
type bitmap struct {
	b []byte
	n int
}

func (m *bitmap) push(on bool) {
	if m.n&7 == 0 {
		m.b = append(m.b, 0)
	}
	if on {
		m.b[m.n>>3] |= 1 << (m.n & 7)
	}
	m.n++
}

// validity says which values are not null. There is no bitmap before the
// first null.
type validity struct {
	bitmap
	nulls int
	some  bool
}

// value notes a value.
func (v *validity) value() {
	if v.some {
		v.push(true)
	}
}

// null notes a null behind n values.
func (v *validity) null(n int) {
	if !v.some {
		v.some = true
		for v.n < n {
			v.push(true)
		}
	}
	v.push(false)
	v.nulls++
}

// take returns the bitmap, or nil, and how many nulls it has, and starts anew.
func (v *validity) take() (*memory.Buffer, int) {
	var b *memory.Buffer
	if v.some {
		b = memory.NewBufferBytes(v.b)
	}
	nulls := v.nulls
	*v = validity{}
	return b, nulls
}

// fixed is the values of a column whose values have one size. take hands them
// over without a copy.
type fixed[T arrow.FixedWidthType] struct {
	validity
	dt arrow.DataType
	v  []T
}

func (f *fixed[T]) push(v T) {
	f.value()
	f.v = append(f.v, v)
}

func (f *fixed[T]) null() {
	var zero T
	f.validity.null(len(f.v))
	f.v = append(f.v, zero)
}

func (f *fixed[T]) start(rows int) { f.v = make([]T, 0, rows) }

func (f *fixed[T]) take() arrow.Array {
	n := len(f.v)
	valid, nulls := f.validity.take()
	a := newArray(f.dt, n, nulls, valid, memory.NewBufferBytes(arrow.GetBytes(f.v)))
	f.v = nil
	return a
}

// newArray makes an array of buffers that nothing else uses.
func newArray(dt arrow.DataType, n, nulls int, buffers ...*memory.Buffer) arrow.Array {
	d := array.NewData(dt, n, buffers, nil, nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}

// varied is the values of a column of texts or bytes.
type varied struct {
	validity
	dt   arrow.DataType
	ends []int32 // where each value ends in data; the first is 0
	data []byte
	hint int // size of the data of the last array
}

func (t *varied) push(v []byte) {
	t.value()
	t.open()
	t.data = append(t.data, v...)
	t.ends = append(t.ends, int32(len(t.data)))
}

func (t *varied) null() {
	t.open()
	t.validity.null(len(t.ends) - 1)
	t.ends = append(t.ends, int32(len(t.data)))
}

func (t *varied) open() {
	if len(t.ends) == 0 {
		t.ends = append(t.ends, 0)
	}
}

func (t *varied) start(rows int) {
	t.ends = append(make([]int32, 0, rows+1), 0)
	t.data = make([]byte, 0, t.hint)
}

func (t *varied) take() arrow.Array {
	t.open()
	n := len(t.ends) - 1
	valid, nulls := t.validity.take()
	a := newArray(t.dt, n, nulls, valid, memory.NewBufferBytes(arrow.GetBytes(t.ends)), memory.NewBufferBytes(t.data))
	t.ends, t.data, t.hint = nil, nil, len(t.data)+len(t.data)/16
	return a
}

// newList makes an array of lists from where they end in values, which it
// takes.
func newList(dt *arrow.ListType, n, nulls int, valid *memory.Buffer, ends []int32, values arrow.Array) arrow.Array {
	defer values.Release()
	d := array.NewData(dt, n, []*memory.Buffer{valid, memory.NewBufferBytes(arrow.GetBytes(ends))}, []arrow.ArrayData{values.Data()}, nulls, 0)
	defer d.Release()
	return array.MakeFromData(d)
}
