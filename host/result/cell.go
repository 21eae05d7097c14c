package result

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// cell puts the values of one column into text. It is chosen once, by the
// column's type, and bound to each batch's array. The row of text and json is
// not null.
type cell interface {
	bind(arrow.Array)
	null(row int) bool
	text(dst []byte, row int) ([]byte, error)
	json(dst []byte, row int) ([]byte, error)
}

// column is the cell of one type of array. Where js is nil the JSON form is
// the text form, in quotes if quoted is set.
type column[A arrow.Array] struct {
	a      A
	put    func(dst []byte, a A, row int) []byte
	js     func(dst []byte, a A, row int) ([]byte, error)
	quoted bool
}

func (c *column[A]) bind(a arrow.Array) { c.a = a.(A) }
func (c *column[A]) null(row int) bool  { return c.a.IsNull(row) }

func (c *column[A]) text(dst []byte, row int) ([]byte, error) {
	return c.put(dst, c.a, row), nil
}

func (c *column[A]) json(dst []byte, row int) ([]byte, error) {
	switch {
	case c.js != nil:
		return c.js(dst, c.a, row)
	case c.quoted:
		return append(c.put(append(dst, '"'), c.a, row), '"'), nil
	}
	return c.put(dst, c.a, row), nil
}

// nothing is the cell of a column of nulls without a type, whose array does
// not say that they are null.
type nothing struct{}

func (nothing) bind(arrow.Array)                       {}
func (nothing) null(int) bool                          { return true }
func (nothing) text(dst []byte, _ int) ([]byte, error) { return dst, nil }
func (nothing) json(dst []byte, _ int) ([]byte, error) { return dst, nil }

// The extension types that are known, by the name that Arrow's canonical
// extensions give them.
const (
	extensionKey = "ARROW:extension:name"
	uuidName     = "arrow.uuid"
	jsonName     = "arrow.json"
	typeKey      = "wasmsql.type"
)

func extension(f arrow.Field) string {
	if i := f.Metadata.FindKey(extensionKey); i >= 0 {
		return f.Metadata.Values()[i]
	}
	return ""
}

// isNumericText reports whether a text column holds numbers of a precision
// that Arrow has no type for.
func isNumericText(f arrow.Field) bool {
	i := f.Metadata.FindKey(typeKey)
	return i >= 0 && f.Metadata.Values()[i] == "numeric" && arrow.IsBaseBinary(f.Type.ID())
}

// isText reports whether a column's values are texts, in which a backslash
// stands for itself.
func isText(f arrow.Field) bool {
	switch f.Type.ID() {
	case arrow.STRING, arrow.LARGE_STRING, arrow.STRING_VIEW:
		return extension(f) != jsonName
	}
	return false
}

// isNumber reports whether a column's values are numbers.
func isNumber(f arrow.Field) bool {
	id := f.Type.ID()
	return arrow.IsInteger(id) || arrow.IsFloating(id) || arrow.IsDecimal(id) || isNumericText(f)
}

// newCell returns the cell of a column, or nil if its type has no text form.
func newCell(f arrow.Field) cell {
	if c := newNumberCell(f.Type); c != nil {
		return c
	}
	if c := newTimeCell(f.Type); c != nil {
		return c
	}
	if c := newTextCell(f); c != nil {
		return c
	}
	if c := newNestedCell(f); c != nil {
		return c
	}
	switch f.Type.(type) {
	case *arrow.BooleanType:
		return &column[*array.Boolean]{put: func(d []byte, a *array.Boolean, i int) []byte {
			return strconv.AppendBool(d, a.Value(i))
		}}
	case *arrow.NullType:
		return nothing{}
	}
	return nil
}

func newNumberCell(t arrow.DataType) cell {
	switch t := t.(type) {
	case *arrow.Int8Type:
		return integer[*array.Int8]()
	case *arrow.Int16Type:
		return integer[*array.Int16]()
	case *arrow.Int32Type:
		return integer[*array.Int32]()
	case *arrow.Int64Type:
		return integer[*array.Int64]()
	case *arrow.Uint8Type:
		return integer[*array.Uint8]()
	case *arrow.Uint16Type:
		return integer[*array.Uint16]()
	case *arrow.Uint32Type:
		return integer[*array.Uint32]()
	case *arrow.Uint64Type:
		return &column[*array.Uint64]{put: func(d []byte, a *array.Uint64, i int) []byte {
			return strconv.AppendUint(d, a.Value(i), 10)
		}}
	case *arrow.Float16Type:
		return floating(func(a *array.Float16, i int) (float64, int) { return float64(a.Value(i).Float32()), 32 })
	case *arrow.Float32Type:
		return floating(func(a *array.Float32, i int) (float64, int) { return float64(a.Value(i)), 32 })
	case *arrow.Float64Type:
		return floating(func(a *array.Float64, i int) (float64, int) { return a.Value(i), 64 })
	case *arrow.Decimal128Type:
		scale := t.Scale
		return &column[*array.Decimal128]{put: func(d []byte, a *array.Decimal128, i int) []byte {
			return appendDecimal128(d, a.Value(i), scale)
		}}
	case *arrow.Decimal256Type:
		scale := t.Scale
		return &column[*array.Decimal256]{put: func(d []byte, a *array.Decimal256, i int) []byte {
			return appendScaled(d, a.Value(i).BigInt(), scale)
		}}
	}
	return nil
}

type intArray[T any] interface {
	arrow.Array
	Value(int) T
}

func integer[A intArray[T], T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32]() cell {
	return &column[A]{put: func(d []byte, a A, i int) []byte {
		return strconv.AppendInt(d, int64(a.Value(i)), 10)
	}}
}

func floating[A arrow.Array](value func(A, int) (float64, int)) cell {
	return &column[A]{
		put: func(d []byte, a A, i int) []byte {
			f, bits := value(a, i)
			return appendFloat(d, f, bits)
		},
		js: func(d []byte, a A, i int) ([]byte, error) {
			f, bits := value(a, i)
			if math.IsNaN(f) || math.IsInf(f, 0) {
				return append(appendFloat(append(d, '"'), f, bits), '"'), nil
			}
			return appendFloat(d, f, bits), nil
		},
	}
}

// bytesArray is an array of byte strings.
type bytesArray interface {
	arrow.Array
	Value(int) []byte
}

func blob[A bytesArray]() cell {
	return &column[A]{
		put: func(d []byte, a A, i int) []byte {
			return hex.AppendEncode(append(d, `\x`...), a.Value(i))
		},
		js: func(d []byte, a A, i int) ([]byte, error) {
			return append(base64.StdEncoding.AppendEncode(append(d, '"'), a.Value(i)), '"'), nil
		},
	}
}

// stringArray is an array of texts.
type stringArray interface {
	arrow.Array
	Value(int) string
}

func str[A stringArray](f arrow.Field) cell {
	c := &column[A]{put: func(d []byte, a A, i int) []byte { return append(d, a.Value(i)...) }}
	switch {
	case extension(f) == jsonName:
		c.js = func(d []byte, a A, i int) ([]byte, error) { return appendRawJSON(d, a.Value(i)) }
	case isNumericText(f):
		c.js = func(d []byte, a A, i int) ([]byte, error) {
			if s := a.Value(i); isJSONNumber(s) {
				return append(d, s...), nil
			} else {
				return appendJSONString(d, s)
			}
		}
	default:
		c.js = func(d []byte, a A, i int) ([]byte, error) { return appendJSONString(d, a.Value(i)) }
	}
	return c
}

func newTextCell(f arrow.Field) cell {
	switch t := f.Type.(type) {
	case *arrow.StringType:
		return str[*array.String](f)
	case *arrow.LargeStringType:
		return str[*array.LargeString](f)
	case *arrow.StringViewType:
		return str[*array.StringView](f)
	case *arrow.BinaryType:
		return blob[*array.Binary]()
	case *arrow.LargeBinaryType:
		return blob[*array.LargeBinary]()
	case *arrow.BinaryViewType:
		return blob[*array.BinaryView]()
	case *arrow.FixedSizeBinaryType:
		if t.ByteWidth == 16 && extension(f) == uuidName {
			return &column[*array.FixedSizeBinary]{quoted: true, put: func(d []byte, a *array.FixedSizeBinary, i int) []byte {
				return appendUUID(d, a.Value(i))
			}}
		}
		return blob[*array.FixedSizeBinary]()
	}
	return nil
}
