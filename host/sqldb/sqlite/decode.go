package sqlite

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/internal/vector"
)

// decoder collects the cells of one column. It is chosen once, from the
// column's declared type. A misfit is nil where the cell went in; the decoder
// is as it was where it did not.
type decoder interface {
	// add appends a cell that is not null, whose storage class is store, and
	// returns how many bytes its value has.
	add(c cell, store int32) (int64, *misfit)
	// Null appends a null.
	Null()
	// Start makes room for the rows of another batch.
	Start(rows int)
	// Take returns what was appended, and starts anew.
	Take() arrow.Array
}

// misfit says why a cell does not fit its column.
type misfit struct {
	what, hint string
	size       int64 // of a cell over the limit, else 0
}

var storeNames = [...]string{storeInt: "an integer", storeReal: "a real", storeText: "a text", storeBlob: "a blob", storeNull: "a null"}

// wrong is the misfit of a storage class in a column that holds something
// else.
func wrong(store int32, holds, hint string) *misfit {
	return &misfit{what: storeNames[store] + " in a column of " + holds, hint: hint}
}

// newDecoder returns the decoder of a column; limit bounds a cell.
func newDecoder(d declared, limit int64) decoder {
	fixed := arrow.FixedWidthTypes
	switch d.kind {
	case declaredInt:
		return &intDecoder{vector.Fixed[int64]{Type: arrow.PrimitiveTypes.Int64}}
	case declaredBool:
		return &boolDecoder{}
	case declaredFloat:
		return &floatDecoder{vector.Fixed[float64]{Type: arrow.PrimitiveTypes.Float64}}
	case declaredText:
		return &textDecoder{vector.Varied{Type: arrow.BinaryTypes.String}, limit}
	case declaredJSON:
		return &jsonDecoder{textDecoder: textDecoder{vector.Varied{Type: arrow.BinaryTypes.String}, limit}}
	case declaredBlob:
		return &blobDecoder{vector.Varied{Type: arrow.BinaryTypes.Binary}, limit}
	case declaredDate:
		return &dateDecoder{Fixed: vector.Fixed[int32]{Type: fixed.Date32}}
	case declaredTime:
		return &timeDecoder{vector.Fixed[int64]{Type: fixed.Time64us}}
	case declaredTimestamp:
		return &timestampDecoder{Fixed: vector.Fixed[int64]{Type: &arrow.TimestampType{Unit: arrow.Microsecond}}}
	case declaredInstant:
		return &timestampDecoder{Fixed: vector.Fixed[int64]{Type: fixed.Timestamp_us}}
	case declaredDecimal:
		t := &arrow.Decimal128Type{Precision: int32(d.precision), Scale: int32(d.scale)}
		return &decimalDecoder{Fixed: vector.Fixed[decimal128.Num]{Type: t}, precision: d.precision, scale: d.scale}
	case declaredUUID:
		return &uuidDecoder{}
	}
	return &guessDecoder{limit: limit}
}

type intDecoder struct{ vector.Fixed[int64] }

func (d *intDecoder) add(c cell, store int32) (int64, *misfit) {
	if store != storeInt {
		return 0, wrong(store, "integers", "CAST the column to the type that all of its values have")
	}
	d.Push(c.int())
	return 8, nil
}

type boolDecoder struct{ vector.Bools }

func (d *boolDecoder) add(c cell, store int32) (int64, *misfit) {
	if store != storeInt {
		return 0, wrong(store, "bools", "a bool is stored as 0 or 1; write CAST(… AS TEXT) for the value as it is")
	}
	v := c.int()
	if v != 0 && v != 1 {
		return 0, &misfit{what: strconv.FormatInt(v, 10) + " in a column of bools", hint: "a bool is stored as 0 or 1; write CAST(… AS INTEGER) for the number"}
	}
	d.Push(v == 1)
	return 1, nil
}

type floatDecoder struct{ vector.Fixed[float64] }

func (d *floatDecoder) add(c cell, store int32) (int64, *misfit) {
	switch store {
	case storeReal:
		d.Push(c.real())
	case storeInt:
		x, ok := exactFloat(c.int())
		if !ok {
			return 0, &misfit{what: strconv.FormatInt(c.int(), 10) + " has no equal float", hint: "CAST the column AS TEXT"}
		}
		d.Push(x)
	default:
		return 0, wrong(store, "reals", "CAST the column to the type that all of its values have")
	}
	return 8, nil
}

// exactFloat returns the float that equals v, if there is one.
func exactFloat(v int64) (float64, bool) {
	x := float64(v)
	return x, x < math.MaxInt64 && int64(x) == v
}

type textDecoder struct {
	vector.Varied
	limit int64
}

func (d *textDecoder) add(c cell, store int32) (int64, *misfit) {
	if store != storeText {
		hint := "write CAST(… AS TEXT)"
		if store == storeBlob {
			hint = "write CAST(… AS BLOB) for the bytes, hex(…) for their digits"
		}
		return 0, wrong(store, "texts", hint)
	}
	size := int64(c.size())
	if size > d.limit {
		return 0, &misfit{size: size}
	}
	v := c.text()
	if !utf8.Valid(v) {
		return 0, &misfit{what: "a text that is not valid UTF-8", hint: "write CAST(… AS BLOB) for its bytes"}
	}
	d.Push(v)
	return size + 4, nil
}

// jsonDecoder takes numbers too: a column declared JSON has the affinity
// NUMERIC, so that SQLite keeps the document 1.50 as the real 1.5.
type jsonDecoder struct {
	textDecoder
	room [32]byte
}

func (d *jsonDecoder) add(c cell, store int32) (int64, *misfit) {
	var text []byte
	switch {
	case store == storeInt:
		text = strconv.AppendInt(d.room[:0], c.int(), 10)
	case store == storeReal && !math.IsInf(c.real(), 0):
		text = strconv.AppendFloat(d.room[:0], c.real(), 'g', -1, 64)
	case store == storeBlob:
		return 0, wrong(store, "JSON", "write json(…) for what jsonb() made, CAST(… AS BLOB) for the bytes")
	default:
		return d.textDecoder.add(c, store)
	}
	d.Push(text)
	return int64(len(text)) + 4, nil
}

type blobDecoder struct {
	vector.Varied
	limit int64
}

func (d *blobDecoder) add(c cell, store int32) (int64, *misfit) {
	if store != storeBlob {
		return 0, wrong(store, "blobs", "write CAST(… AS BLOB), or CAST(… AS TEXT)")
	}
	size := int64(c.size())
	if size > d.limit {
		return 0, &misfit{size: size}
	}
	d.Push(c.blob())
	return size + 4, nil
}

// clockHint is the hint for a date or time that is kept as a number: SQLite
// has no rule for what it counts.
const clockHint = "convert it in the query, for instance datetime(…, 'unixepoch'), or write CAST(… AS TEXT)"

// notClock is the misfit of a cell that is no text of the form wanted.
func notClock(c cell, store int32, holds, form string) *misfit {
	if store != storeText {
		return wrong(store, holds, clockHint)
	}
	return &misfit{what: quote(c.text()) + " is not " + form, hint: "write CAST(… AS TEXT) for the text as it is"}
}

// quote returns the text for a message, shortened.
func quote(b []byte) string {
	const most = 40
	if len(b) > most {
		return strconv.Quote(string(b[:most])) + "…"
	}
	return strconv.Quote(string(b))
}

type dateDecoder struct {
	vector.Fixed[int32]
	day lastDay
}

func (d *dateDecoder) add(c cell, store int32) (int64, *misfit) {
	if store == storeText {
		if days, ok := d.day.parseDate(c.text()); ok {
			d.Push(int32(days))
			return 4, nil
		}
	}
	return 0, notClock(c, store, "dates", "a date YYYY-MM-DD")
}

type timeDecoder struct{ vector.Fixed[int64] }

func (d *timeDecoder) add(c cell, store int32) (int64, *misfit) {
	if store == storeText {
		if micros, ok := parseTime(c.text()); ok {
			d.Push(micros)
			return 8, nil
		}
	}
	return 0, notClock(c, store, "times", "a time HH:MM:SS.ffffff")
}

type timestampDecoder struct {
	vector.Fixed[int64]
	day lastDay
}

func (d *timestampDecoder) add(c cell, store int32) (int64, *misfit) {
	if store == storeText {
		if micros, ok := d.day.parseTimestamp(c.text()); ok {
			d.Push(micros)
			return 8, nil
		}
	}
	return 0, notClock(c, store, "timestamps", "a timestamp YYYY-MM-DD HH:MM:SS.ffffff")
}

type decimalDecoder struct {
	vector.Fixed[decimal128.Num]
	precision, scale int
	room             [32]byte
}

func (d *decimalDecoder) add(c cell, store int32) (int64, *misfit) {
	var text []byte
	switch store {
	case storeInt:
		if num, ok := smallInt(c.int(), d.precision, d.scale); ok {
			d.Push(num)
			return 16, nil
		}
		text = strconv.AppendInt(d.room[:0], c.int(), 10)
	case storeReal:
		if num, ok := smallReal(c.real(), d.precision, d.scale); ok {
			d.Push(num)
			return 16, nil
		}
		// The shortest digits that mean this float are those that were written.
		text = strconv.AppendFloat(d.room[:0], c.real(), 'g', -1, 64)
	case storeText:
		text = c.text()
	default:
		return 0, wrong(store, "decimals", "CAST the column to the type that all of its values have")
	}
	num, ok := parseDecimal(text, d.precision, d.scale)
	if !ok {
		return 0, &misfit{
			what: quote(text) + " does not fit decimal(" + strconv.Itoa(d.precision) + "," + strconv.Itoa(d.scale) + ")",
			hint: "write round(…, " + strconv.Itoa(d.scale) + "), or CAST(… AS REAL)",
		}
	}
	d.Push(num)
	return 16, nil
}

type uuidDecoder struct{ vector.UUIDs }

func (d *uuidDecoder) add(c cell, store int32) (int64, *misfit) {
	switch store {
	case storeBlob:
		if c.size() == 16 {
			d.Push(c.blob())
			return 16, nil
		}
		return 0, &misfit{what: "a blob of " + strconv.Itoa(c.size()) + " bytes in a column of UUIDs", hint: "a UUID has 16 bytes"}
	case storeText:
		if id, ok := sqldb.ParseUUID(c.text()); ok {
			d.Push(id[:])
			return 16, nil
		}
		return 0, &misfit{what: quote(c.text()) + " is not a UUID", hint: "write CAST(… AS TEXT) for the text as it is"}
	}
	return 0, wrong(store, "UUIDs", "write CAST(… AS TEXT)")
}
