package arrow

import (
	"math"
	"strconv"
	"unsafe"
)

// Appender appends values to one column of a Builder. A value that does not
// fit the column is an error of Builder.Message and stands as a null until
// then.
type Appender struct {
	field   *Field
	elem    *Appender // of a List
	size    int
	rows    int
	nulls   int
	valid   []byte // nil until the first null
	offsets []int32
	data    []byte
	err     *error // the Builder's
}

func (a *Appender) init(f *Field, err *error) {
	a.field, a.size, a.err = f, f.width(), err
	if f.Kind == List {
		a.elem = new(Appender)
		a.elem.init(f.Elem, err)
	}
}

func (a *Appender) reset() {
	a.rows, a.nulls, a.valid = 0, 0, nil
	a.offsets, a.data = a.offsets[:0], a.data[:0]
	if a.elem != nil {
		a.elem.reset()
	}
}

func (a *Appender) bytes() int {
	n := len(a.valid) + 4*len(a.offsets) + len(a.data)
	if a.elem != nil {
		n += a.elem.bytes()
	}
	return n
}

// Field returns what the column is.
func (a *Appender) Field() *Field { return a.field }

// Rows returns how many values were appended since the last message.
func (a *Appender) Rows() int { return a.rows }

// Misfit keeps an error and appends a null in place of the value.
func (a *Appender) Misfit(problem string) {
	if *a.err == nil {
		*a.err = &Error{a.field.Name, problem}
	}
	a.null()
}

// value notes that a value was appended.
func (a *Appender) value() {
	if a.valid != nil {
		if a.rows&7 == 0 {
			a.valid = append(a.valid, 0)
		}
		a.valid[a.rows>>3] |= 1 << (a.rows & 7)
	}
	a.rows++
}

// values notes that n values were appended.
func (a *Appender) values(n int) {
	if a.valid == nil {
		a.rows += n
		return
	}
	for range n {
		a.value()
	}
}

// Null appends a null.
func (a *Appender) Null() {
	if !a.field.Nullable && a.field.Kind != Null {
		a.Misfit("a null, and it is not nullable")
		return
	}
	a.null()
}

func (a *Appender) null() {
	a.nulls++
	switch a.field.Kind {
	case Null:
		a.rows++
		return
	case Text, Binary, List:
		a.ends()
	case Bool:
		a.bit(false)
	default:
		for range a.size {
			a.data = append(a.data, 0)
		}
	}
	if a.valid == nil { // until here all had values
		a.valid = make([]byte, a.rows/8+1, a.rows/8+64)
		for i := range a.rows / 8 {
			a.valid[i] = 0xff
		}
		a.valid[a.rows/8] = 1<<(a.rows&7) - 1
	} else if a.rows&7 == 0 {
		a.valid = append(a.valid, 0)
	}
	a.rows++
}

// ends notes where a value of any length ends.
func (a *Appender) ends() {
	end := len(a.data)
	if a.elem != nil {
		end = a.elem.rows
	}
	if end > math.MaxInt32 {
		if *a.err == nil {
			*a.err = &Error{a.field.Name, "more than 2 GiB in one batch"}
		}
		end = 0
	}
	if len(a.offsets) == 0 {
		a.offsets = append(a.offsets, 0)
	}
	a.offsets = append(a.offsets, int32(end))
}

func (a *Appender) bit(v bool) {
	if a.rows&7 == 0 {
		a.data = append(a.data, 0)
	}
	if v {
		a.data[a.rows>>3] |= 1 << (a.rows & 7)
	}
}

// Bool appends to a Bool column.
func (a *Appender) Bool(v bool) {
	if a.field.Kind != Bool {
		a.Misfit("a bool in a column of " + a.field.Kind.String())
		return
	}
	a.bit(v)
	a.value()
}

// Int appends to a column of integers, days, or times in the column's unit. A
// number out of the column's range does not fit.
func (a *Appender) Int(v int64) {
	ok := true
	switch a.field.Kind {
	case Int64, Time, Timestamp, Duration:
	case Int32, Date:
		ok = v == int64(int32(v))
	case Int16:
		ok = v == int64(int16(v))
	case Int8:
		ok = v == int64(int8(v))
	case Uint64:
		ok = v >= 0
	case Uint32:
		ok = v == int64(uint32(v))
	case Uint16:
		ok = v == int64(uint16(v))
	case Uint8:
		ok = v == int64(uint8(v))
	case Float64:
		a.Float(float64(v))
		return
	default:
		a.Misfit("an integer in a column of " + a.field.Kind.String())
		return
	}
	if !ok {
		a.Misfit(strconv.FormatInt(v, 10) + " is out of the range of " + a.field.Kind.String())
		return
	}
	a.fixed(uint64(v))
	a.value()
}

// Uint64 appends to a Uint64 column.
func (a *Appender) Uint64(v uint64) {
	if a.field.Kind != Uint64 {
		a.Misfit("a uint64 in a column of " + a.field.Kind.String())
		return
	}
	a.fixed(v)
	a.value()
}

// Float appends to a column of floats.
func (a *Appender) Float(v float64) {
	switch a.field.Kind {
	case Float64:
		a.fixed(math.Float64bits(v))
	case Float32:
		a.fixed(uint64(math.Float32bits(float32(v))))
	default:
		a.Misfit("a float in a column of " + a.field.Kind.String())
		return
	}
	a.value()
}

// fixed appends the low bytes of v.
func (a *Appender) fixed(v uint64) {
	switch a.size {
	case 8:
		a.data = append(a.data, byte(v), byte(v>>8), byte(v>>16), byte(v>>24), byte(v>>32), byte(v>>40), byte(v>>48), byte(v>>56))
	case 4:
		a.data = append(a.data, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
	case 2:
		a.data = append(a.data, byte(v), byte(v>>8))
	case 1:
		a.data = append(a.data, byte(v))
	}
}

// Text appends to a Text or Binary column.
func (a *Appender) Text(v string) {
	if a.field.Kind != Text && a.field.Kind != Binary {
		a.Misfit("text in a column of " + a.field.Kind.String())
		return
	}
	a.data = append(a.data, v...)
	a.ends()
	a.value()
}

// Bytes appends to a Text or Binary column, or the bytes of one value to a
// Fixed, Decimal or Interval column.
func (a *Appender) Bytes(v []byte) {
	switch a.field.Kind {
	case Text, Binary:
		a.data = append(a.data, v...)
		a.ends()
	case Fixed, Decimal, Interval:
		if len(v) != a.size {
			a.Misfit(strconv.Itoa(len(v)) + " bytes for a value of " + strconv.Itoa(a.size))
			return
		}
		a.data = append(a.data, v...)
	default:
		a.Misfit("bytes in a column of " + a.field.Kind.String())
		return
	}
	a.value()
}

// Elem returns what the values of a List are appended with; nil for other
// kinds.
func (a *Appender) Elem() *Appender { return a.elem }

// List appends a list of what was appended to Elem since the list before.
func (a *Appender) List() {
	if a.field.Kind != List {
		a.Misfit("a list in a column of " + a.field.Kind.String())
		return
	}
	a.ends()
	a.value()
}

// Int64s appends to a column of Int64, Time, Timestamp or Duration.
func (a *Appender) Int64s(v []int64) {
	switch a.field.Kind {
	case Int64, Time, Timestamp, Duration:
		appendMany(a, v)
	default:
		a.Misfit("int64 values in a column of " + a.field.Kind.String())
	}
}

// Float64s appends to a Float64 column.
func (a *Appender) Float64s(v []float64) {
	if a.field.Kind != Float64 {
		a.Misfit("float64 values in a column of " + a.field.Kind.String())
		return
	}
	appendMany(a, v)
}

// Spans appends to a Text or Binary column the values that offsets lead to in
// data, one fewer than there are offsets, as Column.Offsets and Column.Data
// have them.
func (a *Appender) Spans(data []byte, offsets []int32) {
	if a.field.Kind != Text && a.field.Kind != Binary {
		a.Misfit("spans of bytes in a column of " + a.field.Kind.String())
		return
	}
	if len(offsets) < 2 {
		return
	}
	first, last := offsets[0], offsets[len(offsets)-1]
	shift := len(a.data) - int(first)
	if first < 0 || last < first || int(last) > len(data) || shift+int(last) > math.MaxInt32 {
		a.Misfit("spans that lead outside, or more than 2 GiB")
		return
	}
	a.data = append(a.data, data[first:last]...)
	if len(a.offsets) == 0 {
		a.offsets = append(a.offsets, 0)
	}
	at := len(a.offsets)
	a.offsets = append(a.offsets, offsets[1:]...)
	before, added := int32(0), int32(shift)
	for i, o := range offsets[1:] {
		if o < before {
			a.Misfit("spans that go back")
			o = before
		}
		before = o
		a.offsets[at+i] = o + added
	}
	a.values(len(offsets) - 1)
}

func appendMany[T number](a *Appender, v []T) {
	a.data = append(a.data, rawBytes(v)...)
	a.values(len(v))
}

// Row appends the value of a row of a column that has the same kind, in the
// same units.
func (a *Appender) Row(c *Column, row int) {
	if c.field.Kind != a.field.Kind || c.size != a.size {
		a.Misfit(c.field.Kind.String() + " in a column of " + a.field.Kind.String())
		return
	}
	switch {
	case c.Null(row):
		a.Null()
	case c.field.Kind == Bool:
		a.Bool(c.Bool(row))
	case c.field.Kind == List:
		from, to := c.List(row)
		for i := from; i < to; i++ {
			a.elem.Row(c.elem, i)
		}
		a.List()
	default:
		a.data = append(a.data, c.Bytes(row)...)
		if a.size == 0 {
			a.ends()
		}
		a.value()
	}
}

// Column appends all rows of a column as Row does.
func (a *Appender) Column(c *Column) {
	if a.size > 0 && c.size == a.size && c.field.Kind == a.field.Kind && c.nulls == 0 {
		a.data = append(a.data, c.data[:c.rows*c.size]...)
		a.values(c.rows)
		return
	}
	if a.field.Kind == c.field.Kind && c.offsets != nil && c.elem == nil && c.nulls == 0 {
		a.Spans(c.data, c.offsets)
		return
	}
	for i := range c.rows {
		a.Row(c, i)
	}
}

// layout adds the column's node and buffers.
func (a *Appender) layout(l *layout) error {
	l.nodes = append(l.nodes, [2]int{a.rows, a.nulls})
	if a.field.Kind == Null {
		return nil
	}
	l.add(a.valid)
	switch a.field.Kind {
	case Text, Binary, List:
		if len(a.offsets) == 0 {
			a.offsets = append(a.offsets, 0)
		}
		l.add(rawBytes(a.offsets))
	}
	if a.field.Kind != List {
		l.add(a.data)
		return nil
	}
	if last := int(a.offsets[len(a.offsets)-1]); last != a.elem.rows {
		return &Error{a.field.Name, strconv.Itoa(a.elem.rows-last) + " values were appended to the element and to no list"}
	}
	return a.elem.layout(l)
}

// rawBytes returns numbers as a buffer has them.
func rawBytes[T number](v []T) []byte {
	var t T
	size := int(unsafe.Sizeof(t))
	b := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*size)
	if isLittleEndian() {
		return b
	}
	out := make([]byte, len(b))
	for i := range out {
		out[i] = b[i/size*size+size-1-i%size]
	}
	return out
}
