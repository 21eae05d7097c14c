package arrow

import (
	"math"
	"unsafe"
)

// Column is the values of one column of a Batch, and valid for as long as
// that is.
//
// Int, Float, Bytes and so on look at one value, whatever the kind: they are
// for a few cells. For many there are the slices, Int64s for instance, which
// are the column's memory and cost nothing.
//
// A row outside of the batch panics, as an index outside of a slice does. A
// null has the value zero, or no bytes.
type Column struct {
	field   *Field
	elem    *Column // of a List
	size    int     // bytes of a value, 0 where they vary
	rows    int
	nulls   int
	valid   []byte  // one bit a row, nil without nulls
	offsets []int32 // of Text, Binary, List: one more than rows
	data    []byte
}

func (c *Column) init(f *Field) {
	c.field, c.size = f, f.width()
	if f.Kind == List {
		c.elem = new(Column)
		c.elem.init(f.Elem)
	}
}

func (c *Column) fail(problem string) error { return &Error{c.field.Name, problem} }

// Field returns what the column is.
func (c *Column) Field() *Field { return c.field }

// Rows returns how many values the column has, nulls included.
func (c *Column) Rows() int { return c.rows }

// Nulls returns how many of them are null.
func (c *Column) Nulls() int { return c.nulls }

// Null reports whether the value of a row is null.
func (c *Column) Null(row int) bool {
	if uint(row) >= uint(c.rows) {
		panic("arrow: no such row")
	}
	if c.valid == nil {
		return c.nulls > 0 // all of them, or none
	}
	return c.valid[row>>3]&(1<<(row&7)) == 0
}

// Validity returns one bit a row, the lowest bit of the first byte first, set
// where there is a value; nil when no row is null.
func (c *Column) Validity() []byte { return c.valid }

// Bool returns the value of a Bool column.
func (c *Column) Bool(row int) bool {
	if c.Null(row) || c.field.Kind != Bool {
		return false
	}
	return c.data[row>>3]&(1<<(row&7)) != 0
}

// Int returns the value of a column of integers, days, or times in the
// column's unit; 0 or 1 of a Bool, and the integer part of a float. Of other
// kinds it is 0.
func (c *Column) Int(row int) int64 {
	if c.Null(row) {
		return 0
	}
	switch c.field.Kind {
	case Int64, Uint64, Time, Timestamp, Duration:
		return int64(le64(c.data[8*row:]))
	case Int32, Date:
		return int64(int32(le32(c.data[4*row:])))
	case Uint32:
		return int64(le32(c.data[4*row:]))
	case Int16:
		return int64(int16(uint16(c.data[2*row]) | uint16(c.data[2*row+1])<<8))
	case Uint16:
		return int64(uint16(c.data[2*row]) | uint16(c.data[2*row+1])<<8)
	case Int8:
		return int64(int8(c.data[row]))
	case Uint8:
		return int64(c.data[row])
	case Float32, Float64:
		return int64(c.Float(row))
	case Bool:
		if c.Bool(row) {
			return 1
		}
	}
	return 0
}

// Float returns the value of a column of floats or integers. Of other kinds it
// is 0.
func (c *Column) Float(row int) float64 {
	if c.Null(row) {
		return 0
	}
	switch c.field.Kind {
	case Float64:
		return math.Float64frombits(le64(c.data[8*row:]))
	case Float32:
		return float64(math.Float32frombits(le32(c.data[4*row:])))
	case Uint64:
		return float64(le64(c.data[8*row:]))
	}
	return float64(c.Int(row))
}

// Bytes returns the bytes of a value, in the batch's memory: of Text, Binary
// and Fixed what they are, of other kinds the value as it stands in its
// buffer, of Bool, List and Null nothing.
func (c *Column) Bytes(row int) []byte {
	if c.Null(row) {
		return nil
	}
	if c.size > 0 {
		return c.data[row*c.size : (row+1)*c.size : (row+1)*c.size]
	}
	if c.offsets == nil || c.field.Kind == List {
		return nil
	}
	from, to := c.offsets[row], c.offsets[row+1]
	return c.data[from:to:to]
}

// Text returns a copy of what Bytes returns.
func (c *Column) Text(row int) string { return string(c.Bytes(row)) }

// List returns the values of a List's row: rows from to to, without to, of
// Elem.
func (c *Column) List(row int) (from, to int) {
	if c.Null(row) || c.field.Kind != List {
		return 0, 0
	}
	return int(c.offsets[row]), int(c.offsets[row+1])
}

// Elem returns the values of all rows of a List, one after another; nil for
// other kinds.
func (c *Column) Elem() *Column { return c.elem }

// Int64s returns the memory of a column of Int64, Time, Timestamp or Duration,
// one entry a row; nil for other kinds. What stands at a null says nothing.
func (c *Column) Int64s() []int64 {
	switch c.field.Kind {
	case Int64, Time, Timestamp, Duration:
		return view[int64](c.data, c.rows)
	}
	return nil
}

// Int32s is Int64s for Int32 and Date.
func (c *Column) Int32s() []int32 {
	switch c.field.Kind {
	case Int32, Date:
		return view[int32](c.data, c.rows)
	}
	return nil
}

// Float64s is Int64s for Float64.
func (c *Column) Float64s() []float64 {
	if c.field.Kind != Float64 {
		return nil
	}
	return view[float64](c.data, c.rows)
}

// Float32s is Int64s for Float32.
func (c *Column) Float32s() []float32 {
	if c.field.Kind != Float32 {
		return nil
	}
	return view[float32](c.data, c.rows)
}

// Offsets returns where the values of a column of Text, Binary or List start
// in Data or Elem, and one more, where the last ends; nil for other kinds and
// for no rows.
func (c *Column) Offsets() []int32 { return c.offsets }

// Data returns the memory of the values: what Offsets lead into, or one value
// of Field.Width bytes after another.
func (c *Column) Data() []byte { return c.data }

// number is what can stand in a buffer.
type number interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | float32 | float64
}

// Values returns the memory of a column of fixed-size values as numbers of a
// type of the same size, for instance Values[uint16] of a Uint16; nil where
// the size is another.
func Values[T number](c *Column) []T {
	var t T
	if c.size != int(unsafe.Sizeof(t)) {
		return nil
	}
	return view[T](c.data, c.rows)
}

// isLittleEndian reports whether the machine has the byte order of Arrow's
// buffers.
func isLittleEndian() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 1
}

// view returns n numbers that stand in b, which has room for them: b's own
// memory, or a copy where that is not aligned or the machine big-endian.
func view[T number](b []byte, n int) []T {
	var t T
	size := int(unsafe.Sizeof(t))
	if n == 0 || len(b) < n*size {
		return nil
	}
	p := unsafe.Pointer(unsafe.SliceData(b))
	if isLittleEndian() && uintptr(p)%uintptr(size) == 0 {
		return unsafe.Slice((*T)(p), n)
	}
	out := make([]T, n)
	for i := range out {
		raw := unsafe.Slice((*byte)(unsafe.Pointer(&out[i])), size)
		copy(raw, b[i*size:(i+1)*size])
		if !isLittleEndian() {
			for l, r := 0, size-1; l < r; l, r = l+1, r-1 {
				raw[l], raw[r] = raw[r], raw[l]
			}
		}
	}
	return out
}
