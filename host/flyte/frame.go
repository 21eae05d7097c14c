package flyte

import (
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// What a downstream task expects of a column is what pandas made of it, since
// flytekit's results went through it. A frame gives the columns of a database
// that form:
//
//	integers of any width but uint64     int64
//	float4                               double, of the digits that it prints
//	numeric without precision            double; numeric(p, s) stays a decimal
//	NaN                                  null
//	interval                             duration[µs], a month being 30 days and a year 365, as psycopg2 has it
//	json                                 text
//	bit(n) of PostgreSQL                 text of 0 and 1
//	timestamp of MySQL                   without a time zone: it is UTC
//	uuid of MariaDB, uuid[]              text; pandas cannot hold lists of extension types
//
// Elements of lists become so too. What stays as it is holds more than pandas
// kept: integers and bools with nulls, decimals, the types of empty results.
type frame struct {
	schema *arrow.Schema
	cols   []convert // nil: the column stays
}

// convert makes an array of the column's new type.
type convert func(arrow.Array) (arrow.Array, error)

// newFrame plans the conversion of a schema.
func newFrame(s *arrow.Schema, dialect abi.Dialect) *frame {
	f := &frame{cols: make([]convert, s.NumFields())}
	fields := make([]arrow.Field, s.NumFields())
	for i := range fields {
		fields[i], f.cols[i] = column(s.Field(i), dialect)
	}
	f.schema = arrow.NewSchema(fields, nil)
	return f
}

// apply converts a batch. The caller releases what it returns.
func (f *frame) apply(rec arrow.Record) (arrow.Record, error) {
	cols := make([]arrow.Array, 0, len(f.cols))
	defer func() {
		for _, c := range cols {
			c.Release()
		}
	}()
	for i, conv := range f.cols {
		a := rec.Column(i)
		if conv == nil {
			a.Retain()
			cols = append(cols, a)
			continue
		}
		out, err := conv(a)
		if err != nil {
			return nil, errors.New("column " + strconv.Quote(f.schema.Field(i).Name) + ": " + err.Error())
		}
		cols = append(cols, out)
	}
	return array.NewRecord(f.schema, cols, rec.NumRows()), nil
}

func meta(f arrow.Field, key string) string {
	if i := f.Metadata.FindKey(key); i >= 0 {
		return f.Metadata.Values()[i]
	}
	return ""
}

const extensionName = "ARROW:extension:name"

var micros = &arrow.DurationType{Unit: arrow.Microsecond}

// column plans one column: the field that it becomes, and how.
func column(f arrow.Field, dialect abi.Dialect) (arrow.Field, convert) {
	out := arrow.Field{Name: f.Name, Type: f.Type, Nullable: f.Nullable}
	named := meta(f, sqldb.MetaType)
	switch t := f.Type.(type) {
	case *arrow.Int8Type, *arrow.Int16Type, *arrow.Int32Type, *arrow.Uint8Type, *arrow.Uint16Type, *arrow.Uint32Type:
		out.Type = arrow.PrimitiveTypes.Int64
		return out, widened
	case *arrow.Float32Type:
		out.Type = arrow.PrimitiveTypes.Float64
		return out, doubled
	case *arrow.Float64Type:
		return out, withoutNaN
	case *arrow.StringType:
		if named == "numeric" {
			out.Type = arrow.PrimitiveTypes.Float64
			return out, parsed
		}
		return out, nil
	case *arrow.BinaryType:
		if strings.HasPrefix(named, "bit(") {
			n, _ := strconv.Atoi(strings.TrimSuffix(named[4:], ")"))
			out.Type = arrow.BinaryTypes.String
			return out, func(a arrow.Array) (arrow.Array, error) { return bits(a, n), nil }
		}
		return out, nil
	case *arrow.MonthDayNanoIntervalType:
		out.Type = micros
		return out, spans
	case *arrow.TimestampType:
		if t.TimeZone != "" && dialect == abi.MySQL {
			out.Type = &arrow.TimestampType{Unit: t.Unit}
			return out, retyped(out.Type)
		}
		return out, nil
	case *arrow.ListType:
		elem, conv := column(t.ElemField(), dialect)
		if meta(elem, extensionName) == "arrow.uuid" {
			elem, conv = arrow.Field{Name: elem.Name, Type: arrow.BinaryTypes.String, Nullable: elem.Nullable}, uuidTexts
		}
		if conv == nil {
			return out, nil
		}
		list := arrow.ListOfField(elem)
		out.Type = list
		return out, elements(list, conv)
	}
	if meta(f, extensionName) == "arrow.uuid" {
		if dialect == abi.MySQL {
			out.Type = arrow.BinaryTypes.String
			return out, uuidTexts
		}
		out.Metadata = f.Metadata
	}
	return out, nil
}

// retyped returns the same values under another type of the same layout.
func retyped(t arrow.DataType) convert {
	return func(a arrow.Array) (arrow.Array, error) {
		d := array.NewData(t, a.Len(), a.Data().Buffers(), nil, a.NullN(), a.Data().Offset())
		defer d.Release()
		return array.MakeFromData(d), nil
	}
}

// elements converts what lists hold.
func elements(t *arrow.ListType, conv convert) convert {
	return func(a arrow.Array) (arrow.Array, error) {
		values, err := conv(a.(*array.List).ListValues())
		if err != nil {
			return nil, err
		}
		defer values.Release()
		d := array.NewData(t, a.Len(), a.Data().Buffers(), []arrow.ArrayData{values.Data()}, a.NullN(), a.Data().Offset())
		defer d.Release()
		return array.MakeFromData(d), nil
	}
}

func widened(a arrow.Array) (arrow.Array, error) {
	b := array.NewInt64Builder(memory.DefaultAllocator)
	defer b.Release()
	switch x := a.(type) {
	case *array.Int8:
		widen(b, a, x.Int8Values())
	case *array.Int16:
		widen(b, a, x.Int16Values())
	case *array.Int32:
		widen(b, a, x.Int32Values())
	case *array.Uint8:
		widen(b, a, x.Uint8Values())
	case *array.Uint16:
		widen(b, a, x.Uint16Values())
	case *array.Uint32:
		widen(b, a, x.Uint32Values())
	}
	return b.NewArray(), nil
}

func widen[T int8 | int16 | int32 | uint8 | uint16 | uint32](b *array.Int64Builder, a arrow.Array, values []T) {
	b.Reserve(len(values))
	for i, v := range values {
		if a.IsNull(i) {
			b.UnsafeAppendBoolToBitmap(false)
			continue
		}
		b.UnsafeAppend(int64(v))
	}
}

// doubled makes of a float4 the double of the same shortest digits, which are
// what the server prints and Python reads: 0.1 stays 0.1.
func doubled(a arrow.Array) (arrow.Array, error) {
	return floats(a, func(i int) (float64, error) {
		f := a.(*array.Float32).Value(i)
		if f == float32(math.Trunc(float64(f))) && math.Abs(float64(f)) < 1<<24 {
			return float64(f), nil
		}
		var room [32]byte
		return strconv.ParseFloat(string(strconv.AppendFloat(room[:0], float64(f), 'g', -1, 32)), 64)
	})
}

// withoutNaN makes nulls of NaN, as pandas has one for both.
func withoutNaN(a arrow.Array) (arrow.Array, error) {
	x := a.(*array.Float64)
	for i, v := range x.Float64Values() {
		if v != v && !a.IsNull(i) {
			return floats(a, func(i int) (float64, error) { return x.Value(i), nil })
		}
	}
	a.Retain()
	return a, nil
}

// parsed makes doubles of the text of a numeric without precision.
func parsed(a arrow.Array) (arrow.Array, error) {
	return floats(a, func(i int) (float64, error) {
		f, err := strconv.ParseFloat(a.(*array.String).Value(i), 64)
		if errors.Is(err, strconv.ErrRange) {
			err = nil // it is infinite, as in Python
		}
		return f, err
	})
}

// floats builds doubles; NaN becomes null.
func floats(a arrow.Array, value func(int) (float64, error)) (arrow.Array, error) {
	b := array.NewFloat64Builder(memory.DefaultAllocator)
	defer b.Release()
	b.Reserve(a.Len())
	for i := range a.Len() {
		if a.IsNull(i) {
			b.UnsafeAppendBoolToBitmap(false)
			continue
		}
		f, err := value(i)
		if err != nil {
			return nil, errors.New("a number that cannot be read")
		}
		if f != f {
			b.UnsafeAppendBoolToBitmap(false)
			continue
		}
		b.UnsafeAppend(f)
	}
	return b.NewArray(), nil
}

// spans makes durations of intervals as psycopg2 does: of the years, months and
// days that the server would print.
//
// Source: typecast_PYINTERVAL_cast in psycopg2's typecast_datetime.c.
func spans(a arrow.Array) (arrow.Array, error) {
	b := array.NewDurationBuilder(memory.DefaultAllocator, micros)
	defer b.Release()
	x := a.(*array.MonthDayNanoInterval)
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		v := x.Value(i)
		days := int64(v.Months/12)*365 + int64(v.Months%12)*30 + int64(v.Days)
		us := v.Nanoseconds / 1000
		if days > math.MaxInt64/dayMicros-1e6 || days < math.MinInt64/dayMicros+1e6 {
			return nil, errors.New("an interval of more days than a timedelta has")
		}
		b.Append(arrow.Duration(days*dayMicros + us))
	}
	return b.NewArray(), nil
}

// bits writes bit strings of n bits as PostgreSQL prints them.
func bits(a arrow.Array, n int) arrow.Array {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		raw := a.(*array.Binary).Value(i)
		out := make([]byte, 0, n)
		for k := range min(n, 8*len(raw)) {
			out = append(out, '0'+raw[k/8]>>(7-k%8)&1)
		}
		b.Append(string(out))
	}
	return b.NewArray()
}

// uuidTexts writes UUIDs as text.
func uuidTexts(a arrow.Array) (arrow.Array, error) {
	b := array.NewStringBuilder(memory.DefaultAllocator)
	defer b.Release()
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		b.Append(string(sqldb.AppendUUID(nil, string(a.(*array.FixedSizeBinary).Value(i)))))
	}
	return b.NewArray(), nil
}
