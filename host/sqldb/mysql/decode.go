package mysql

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/decimal128"

	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/internal/vector"
)

// decoder collects the values of one column. It is chosen once, from the
// column's definition. A misfit is nil where the value went in.
type decoder interface {
	// binary appends the value at the start of p, which is not null, and returns
	// how many bytes it takes: 0 if it is not whole.
	binary(p []byte) (int, *misfit)
	// text appends a value as the text protocol has it.
	text(p []byte) *misfit
	// Null appends a null.
	Null()
	// Start makes room for the rows of another batch.
	Start(rows int)
	// Take returns what was appended, and starts anew.
	Take() arrow.Array
}

// misfit says why a value does not fit its column.
type misfit struct {
	what, hint string
	size       int64 // of a value over the limit, else 0
}

// wrongText is the misfit of a text that the server should not have sent.
func wrongText(holds string) *misfit { return &misfit{what: "a text that is no " + holds} }

// newDecoder returns the decoder of a column that field describes in Arrow;
// limit bounds a value.
func newDecoder(d definition, field arrow.Field, limit int64) decoder {
	switch t := field.Type.(type) {
	case *arrow.BooleanType:
		return &boolDecoder{}
	case *arrow.Int8Type:
		return &int8Decoder{vector.Fixed[int8]{Type: t}}
	case *arrow.Uint8Type:
		return &uint8Decoder{vector.Fixed[uint8]{Type: t}}
	case *arrow.Int16Type:
		return &int16Decoder{vector.Fixed[int16]{Type: t}}
	case *arrow.Uint16Type:
		return &uint16Decoder{vector.Fixed[uint16]{Type: t}}
	case *arrow.Int32Type:
		return &int32Decoder{vector.Fixed[int32]{Type: t}}
	case *arrow.Uint32Type:
		return &uint32Decoder{vector.Fixed[uint32]{Type: t}}
	case *arrow.Int64Type:
		return &int64Decoder{vector.Fixed[int64]{Type: t}}
	case *arrow.Uint64Type:
		if d.kind == typeBit {
			return &bitDecoder{vector.Fixed[uint64]{Type: t}}
		}
		return &uint64Decoder{vector.Fixed[uint64]{Type: t}}
	case *arrow.Float32Type:
		return &float32Decoder{vector.Fixed[float32]{Type: t}}
	case *arrow.Float64Type:
		return &float64Decoder{vector.Fixed[float64]{Type: t}}
	case *arrow.Decimal128Type:
		return &decimalDecoder{vector.Fixed[decimal128.Num]{Type: t}, int(t.Precision), int(t.Scale)}
	case *arrow.Date32Type:
		return &dateDecoder{Fixed: vector.Fixed[int32]{Type: t}}
	case *arrow.TimestampType:
		return &momentDecoder{Fixed: vector.Fixed[int64]{Type: t}}
	case *arrow.DurationType:
		return &spanDecoder{vector.Fixed[int64]{Type: t}}
	case *arrow.Time64Type:
		return &timeDecoder{vector.Fixed[int64]{Type: t}}
	case *arrow.FixedSizeBinaryType:
		return &uuidDecoder{}
	case *arrow.NullType:
		return &nullDecoder{}
	case *arrow.StringType:
		return &textDecoder{vector.Varied{Type: t}, limit}
	}
	return &bytesDecoder{vector.Varied{Type: arrow.BinaryTypes.Binary}, limit}
}

type boolDecoder struct{ vector.Bools }

func (d *boolDecoder) binary(p []byte) (int, *misfit) {
	if len(p) < 1 {
		return 0, nil
	}
	return 1, d.add(int64(int8(p[0])))
}

func (d *boolDecoder) text(p []byte) *misfit {
	v, err := strconv.ParseInt(string(p), 10, 8)
	if err != nil {
		return wrongText("bool")
	}
	return d.add(v)
}

func (d *boolDecoder) add(v int64) *misfit {
	if v != 0 && v != 1 {
		return &misfit{
			what: strconv.FormatInt(v, 10) + " in a column of tinyint(1), which is for bools",
			hint: "declare int in outputs, or write CAST(… AS SIGNED), for the number",
		}
	}
	d.Push(v == 1)
	return nil
}

type decimalDecoder struct {
	vector.Fixed[decimal128.Num]
	precision, scale int
}

func (d *decimalDecoder) binary(p []byte) (int, *misfit) {
	s, n := lengthBytes(p)
	if n == 0 {
		return 0, nil
	}
	return n, d.text(s)
}

func (d *decimalDecoder) text(p []byte) *misfit {
	v, ok := parseDecimal(p, d.precision, d.scale)
	if !ok {
		return &misfit{
			what: fmt.Sprintf("a number that is no decimal(%d,%d), as the server describes the column", d.precision, d.scale),
			hint: "CAST the column to the decimal that it should be, or AS CHAR",
		}
	}
	d.Push(v)
	return nil
}

type float32Decoder struct{ vector.Fixed[float32] }

func (d *float32Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 4 {
		return 0, nil
	}
	d.Push(math.Float32frombits(binary.LittleEndian.Uint32(p)))
	return 4, nil
}

func (d *float32Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseFloat(string(p), 32)
	if err != nil {
		return wrongText("number")
	}
	d.Push(float32(v))
	return nil
}

type float64Decoder struct{ vector.Fixed[float64] }

func (d *float64Decoder) binary(p []byte) (int, *misfit) {
	if len(p) < 8 {
		return 0, nil
	}
	d.Push(math.Float64frombits(binary.LittleEndian.Uint64(p)))
	return 8, nil
}

func (d *float64Decoder) text(p []byte) *misfit {
	v, err := strconv.ParseFloat(string(p), 64)
	if err != nil {
		return wrongText("number")
	}
	d.Push(v)
	return nil
}

// textDecoder decodes texts: the session's charset is utf8mb4, to which the
// server converts all others.
type textDecoder struct {
	vector.Varied
	limit int64
}

func (d *textDecoder) binary(p []byte) (int, *misfit) {
	s, n := lengthBytes(p)
	if n == 0 {
		return 0, nil
	}
	return n, d.text(s)
}

func (d *textDecoder) text(p []byte) *misfit {
	if int64(len(p)) > d.limit {
		return &misfit{size: int64(len(p))}
	}
	if !utf8.Valid(p) {
		return &misfit{what: "a text that is not valid UTF-8", hint: "write CAST(… AS BINARY) for its bytes"}
	}
	d.Push(p)
	return nil
}

type bytesDecoder struct {
	vector.Varied
	limit int64
}

func (d *bytesDecoder) binary(p []byte) (int, *misfit) {
	s, n := lengthBytes(p)
	if n == 0 {
		return 0, nil
	}
	return n, d.text(s)
}

func (d *bytesDecoder) text(p []byte) *misfit {
	if int64(len(p)) > d.limit {
		return &misfit{size: int64(len(p))}
	}
	d.Push(p)
	return nil
}

type uuidDecoder struct{ vector.UUIDs }

func (d *uuidDecoder) binary(p []byte) (int, *misfit) {
	s, n := lengthBytes(p)
	if n == 0 {
		return 0, nil
	}
	return n, d.text(s)
}

func (d *uuidDecoder) text(p []byte) *misfit {
	id, ok := sqldb.ParseUUID(p)
	if !ok {
		return wrongText("uuid")
	}
	d.Push(id[:])
	return nil
}

// nullDecoder is for NULL itself, which has no other value.
type nullDecoder struct{ vector.Nothing }

func (d *nullDecoder) binary(p []byte) (int, *misfit) {
	_, n := lengthBytes(p)
	return n, wrongText("null")
}

func (d *nullDecoder) text([]byte) *misfit { return wrongText("null") }
