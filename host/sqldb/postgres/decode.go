package postgres

import (
	"encoding/binary"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/wasmsql/wasmsql/host/sqldb/internal/vector"
)

// column decodes the cells of one column into Arrow arrays. It is chosen once,
// from the column's type; nothing in it allocates for a cell.
type column interface {
	// add appends a cell that is not null. A misfit is nil where it went in;
	// where it did not, the column is not to be used again.
	add(cell []byte) *misfit
	// Null appends a null.
	Null()
	// Start makes room for the rows of another batch.
	Start(rows int)
	// Take returns what was appended, and starts anew.
	Take() arrow.Array
}

// misfit says why a cell does not fit its column.
type misfit struct{ what, hint string }

// broken is the misfit of a cell that the server cannot have meant: it has a
// wrong size, or the type another version.
var broken = &misfit{"the server sent a value that is not of the column's type", ""}

const castHint = "write CAST(… AS text) for the value as it is"

// bytesHint is about a text of a database that knows no encoding, SQL_ASCII.
const bytesHint = "write convert_to(…, 'SQL_ASCII') for the text's bytes; convert(those, 'LATIN1', 'UTF8') makes UTF-8 of Latin 1"

// The microseconds and days from 1970-01-01, as Arrow counts, to 2000-01-01,
// as PostgreSQL does.
const (
	epochDays     = 10_957
	epochMicros   = epochDays * microsPerDay
	microsPerDay  = 86_400_000_000
	nanosPerMicro = 1_000
)

// The sources of the binary forms are the functions that send them, for
// instance date_send in src/backend/utils/adt/date.c. They are the same from
// PostgreSQL 8.4 on.

type boolColumn struct{ vector.Bools }

func (c *boolColumn) add(b []byte) *misfit {
	if len(b) != 1 {
		return broken
	}
	c.Push(b[0] != 0)
	return nil
}

type int16Column struct{ vector.Fixed[int16] }

func (c *int16Column) add(b []byte) *misfit {
	if len(b) != 2 {
		return broken
	}
	c.Push(int16(binary.BigEndian.Uint16(b)))
	return nil
}

type int32Column struct{ vector.Fixed[int32] }

func (c *int32Column) add(b []byte) *misfit {
	if len(b) != 4 {
		return broken
	}
	c.Push(int32(binary.BigEndian.Uint32(b)))
	return nil
}

// uint32Column is an oid.
type uint32Column struct{ vector.Fixed[uint32] }

func (c *uint32Column) add(b []byte) *misfit {
	if len(b) != 4 {
		return broken
	}
	c.Push(binary.BigEndian.Uint32(b))
	return nil
}

type int64Column struct{ vector.Fixed[int64] }

func (c *int64Column) add(b []byte) *misfit {
	if len(b) != 8 {
		return broken
	}
	c.Push(int64(binary.BigEndian.Uint64(b)))
	return nil
}

type float32Column struct{ vector.Fixed[float32] }

func (c *float32Column) add(b []byte) *misfit {
	if len(b) != 4 {
		return broken
	}
	c.Push(math.Float32frombits(binary.BigEndian.Uint32(b)))
	return nil
}

type float64Column struct{ vector.Fixed[float64] }

func (c *float64Column) add(b []byte) *misfit {
	if len(b) != 8 {
		return broken
	}
	c.Push(math.Float64frombits(binary.BigEndian.Uint64(b)))
	return nil
}

// textColumn is any type as text: what is sent as such, and what is asked for
// as the server prints it.
type textColumn struct{ vector.Varied }

func (c *textColumn) add(b []byte) *misfit {
	if !utf8.Valid(b) {
		return &misfit{"a text that is not valid UTF-8", bytesHint}
	}
	c.Push(b)
	return nil
}

// jsonbColumn is a JSON text behind its version.
type jsonbColumn struct{ textColumn }

func (c *jsonbColumn) add(b []byte) *misfit {
	if len(b) < 1 || b[0] != 1 {
		return broken
	}
	return c.textColumn.add(b[1:])
}

type bytesColumn struct{ vector.Varied }

func (c *bytesColumn) add(b []byte) *misfit {
	c.Push(b)
	return nil
}

// bitColumn is a bit string of a known length: how many bits, and the bits from
// the most significant one of the first byte on.
type bitColumn struct {
	vector.Varied
	bits int
}

func (c *bitColumn) add(b []byte) *misfit {
	if len(b) != 4+(c.bits+7)/8 || int64(binary.BigEndian.Uint32(b)) != int64(c.bits) {
		return broken
	}
	c.Push(b[4:])
	return nil
}

type uuidColumn struct{ vector.UUIDs }

func (c *uuidColumn) add(b []byte) *misfit {
	if len(b) != 16 {
		return broken
	}
	c.Push(b)
	return nil
}

// infinite is the misfit of a date or time without an end.
func infinite(negative bool, name string) *misfit {
	sign := ""
	if negative {
		sign = "-"
	}
	return &misfit{"the " + name + " " + sign + "infinity, which Arrow does not have", castHint + ", or NULLIF(…, '" + sign + "infinity')"}
}

type dateColumn struct{ vector.Fixed[int32] }

func (c *dateColumn) add(b []byte) *misfit {
	if len(b) != 4 {
		return broken
	}
	v := int32(binary.BigEndian.Uint32(b))
	if v == math.MaxInt32 || v == math.MinInt32 {
		return infinite(v < 0, "date")
	}
	if v > math.MaxInt32-epochDays {
		return broken
	}
	c.Push(v + epochDays)
	return nil
}

type timeColumn struct{ vector.Fixed[int64] }

func (c *timeColumn) add(b []byte) *misfit {
	if len(b) != 8 {
		return broken
	}
	v := int64(binary.BigEndian.Uint64(b))
	if v == microsPerDay {
		return &misfit{"the time 24:00:00, which Arrow does not have", castHint}
	}
	if v < 0 || v > microsPerDay {
		return broken
	}
	c.Push(v)
	return nil
}

// timestampColumn is a timestamp with or without a time zone.
type timestampColumn struct {
	vector.Fixed[int64]
	name string
}

func (c *timestampColumn) add(b []byte) *misfit {
	if len(b) != 8 {
		return broken
	}
	v := int64(binary.BigEndian.Uint64(b))
	if v == math.MaxInt64 || v == math.MinInt64 {
		return infinite(v < 0, c.name)
	}
	if v > math.MaxInt64-epochMicros {
		return &misfit{"a " + c.name + " after the year 294246, which Arrow does not have", castHint}
	}
	c.Push(v + epochMicros)
	return nil
}

type intervalColumn struct {
	vector.Fixed[arrow.MonthDayNanoInterval]
}

func (c *intervalColumn) add(b []byte) *misfit {
	if len(b) != 16 {
		return broken
	}
	micros := int64(binary.BigEndian.Uint64(b))
	days := int32(binary.BigEndian.Uint32(b[8:]))
	months := int32(binary.BigEndian.Uint32(b[12:]))
	if micros > math.MaxInt64/nanosPerMicro || micros < math.MinInt64/nanosPerMicro {
		if months == math.MaxInt32 || months == math.MinInt32 {
			return infinite(months < 0, "interval")
		}
		return &misfit{"an interval of more than 292 years of hours, which Arrow does not have", castHint + ", or justify_hours(…)"}
	}
	c.Push(arrow.MonthDayNanoInterval{Months: months, Days: days, Nanoseconds: micros * nanosPerMicro})
	return nil
}

// decimalColumn is a numeric of a known precision and scale.
type decimalColumn struct {
	vector.Fixed[decimal128.Num]
	precision, scale int
}

func (c *decimalColumn) add(b []byte) *misfit {
	n, ok := readNumeric(b)
	if !ok {
		return broken
	}
	if n.sign != numericPositive && n.sign != numericNegative {
		return &misfit{"the numeric " + string(n.appendText(nil)) + ", which a decimal does not have", castHint + " or AS float8"}
	}
	v, ok := n.decimal(c.precision, c.scale)
	if !ok {
		return &misfit{"a numeric that does not fit decimal(" + strconv.Itoa(c.precision) + "," + strconv.Itoa(c.scale) + ")", castHint}
	}
	c.Push(v)
	return nil
}

// numericColumn is a numeric of any precision, as text. It is of the elements
// of arrays only: a whole column is asked for as text.
type numericColumn struct {
	vector.Varied
	room []byte
}

func (c *numericColumn) add(b []byte) *misfit {
	n, ok := readNumeric(b)
	if !ok {
		return broken
	}
	c.room = n.appendText(c.room[:0])
	c.Push(c.room)
	return nil
}

// listColumn is an array of one dimension. Its bounds are not kept.
//
// The type of an array does not say how many dimensions its values have, so
// one with more is found out only when it comes, perhaps behind a million rows
// that went out as lists. It is an error then, and not a text or a nested list:
// the type of a column does not depend on its values.
type listColumn struct {
	valid vector.Validity
	item  arrow.Field
	oid   uint32 // of the elements
	elem  column
	n     int // elements
	ends  []int32
}

func (c *listColumn) add(b []byte) *misfit {
	r := body{b: b}
	dims, _, oid := r.int32(), r.int32(), uint32(r.int32())
	switch {
	case r.bad || dims < 0 || dims > 6 || oid != c.oid:
		return broken
	case dims > 1:
		return &misfit{"an array of " + strconv.Itoa(dims) + " dimensions in a column of lists", "write to_jsonb(…), or " + castHint}
	}
	count := 0
	if dims == 1 {
		count = r.int32()
		r.int32() // the lower bound
	}
	if count < 0 || count > len(r.b)/4 {
		return broken
	}
	for range count {
		size := r.int32()
		if size == -1 {
			c.elem.Null()
			continue
		}
		v := r.bytes(size)
		if r.bad {
			return broken
		}
		if m := c.elem.add(v); m != nil {
			return m
		}
	}
	if r.bad || len(r.b) != 0 {
		return broken
	}
	c.n += count
	c.valid.Value()
	c.open()
	c.ends = append(c.ends, int32(c.n))
	return nil
}

// Null implements column.
func (c *listColumn) Null() {
	c.open()
	c.valid.Null(len(c.ends) - 1)
	c.ends = append(c.ends, int32(c.n))
}

func (c *listColumn) open() {
	if len(c.ends) == 0 {
		c.ends = append(c.ends, 0)
	}
}

// Start implements column.
func (c *listColumn) Start(rows int) {
	c.ends = append(make([]int32, 0, rows+1), 0)
	c.elem.Start(rows)
}

// Take implements column.
func (c *listColumn) Take() arrow.Array {
	c.open()
	n, ends := len(c.ends)-1, c.ends
	valid, nulls := c.valid.Take()
	c.ends, c.n = nil, 0
	return vector.List(arrow.ListOfField(c.item), n, nulls, valid, ends, c.elem.Take())
}
