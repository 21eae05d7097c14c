package result_test

import (
	"math"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

func meta(kv ...string) arrow.Metadata {
	var k, v []string
	for i := 0; i < len(kv); i += 2 {
		k, v = append(k, kv[i]), append(v, kv[i+1])
	}
	return arrow.NewMetadata(k, v)
}

// sampleColumn is a column with an ordinary value, a null, and values at the
// ends of what the type holds.
type sampleColumn struct {
	field arrow.Field
	fill  func(array.Builder)
}

func col[B array.Builder](name string, t arrow.DataType, m arrow.Metadata, fill func(B)) sampleColumn {
	return sampleColumn{
		arrow.Field{Name: name, Type: t, Nullable: true, Metadata: m},
		func(b array.Builder) { fill(b.(B)) },
	}
}

func vals[T any](app func(T), null func(), v ...T) {
	app(v[0])
	null()
	for _, x := range v[1:] {
		app(x)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// sampleColumns has every Arrow type that a database's column becomes. Each
// column has four rows, the second of which is null.
func sampleColumns() []sampleColumn {
	none := arrow.Metadata{}
	uuid := &arrow.FixedSizeBinaryType{ByteWidth: 16}
	us := arrow.Microsecond
	return []sampleColumn{
		col("i8", arrow.PrimitiveTypes.Int8, none, func(b *array.Int8Builder) { vals(b.Append, b.AppendNull, 1, math.MinInt8, math.MaxInt8) }),
		col("i16", arrow.PrimitiveTypes.Int16, none, func(b *array.Int16Builder) { vals(b.Append, b.AppendNull, 1, math.MinInt16, math.MaxInt16) }),
		col("i32", arrow.PrimitiveTypes.Int32, none, func(b *array.Int32Builder) { vals(b.Append, b.AppendNull, 1, math.MinInt32, math.MaxInt32) }),
		col("i64", arrow.PrimitiveTypes.Int64, none, func(b *array.Int64Builder) { vals(b.Append, b.AppendNull, 1, math.MinInt64, math.MaxInt64) }),
		col("u8", arrow.PrimitiveTypes.Uint8, none, func(b *array.Uint8Builder) { vals(b.Append, b.AppendNull, 1, 0, math.MaxUint8) }),
		col("u16", arrow.PrimitiveTypes.Uint16, none, func(b *array.Uint16Builder) { vals(b.Append, b.AppendNull, 1, 0, math.MaxUint16) }),
		col("u32", arrow.PrimitiveTypes.Uint32, none, func(b *array.Uint32Builder) { vals(b.Append, b.AppendNull, 1, 0, math.MaxUint32) }),
		col("u64", arrow.PrimitiveTypes.Uint64, none, func(b *array.Uint64Builder) { vals(b.Append, b.AppendNull, 1, 0, math.MaxUint64) }),
		col("f32", arrow.PrimitiveTypes.Float32, none, func(b *array.Float32Builder) {
			vals(b.Append, b.AppendNull, 0.1, float32(math.Copysign(0, -1)), math.MaxFloat32)
		}),
		col("f64", arrow.PrimitiveTypes.Float64, none, func(b *array.Float64Builder) { vals(b.Append, b.AppendNull, 3, math.NaN(), math.Inf(-1)) }),
		col("dec", &arrow.Decimal128Type{Precision: 38, Scale: 2}, none, func(b *array.Decimal128Builder) {
			vals(b.Append, b.AppendNull, decimal128.FromI64(-5), decimal128.FromI64(1230), must(decimal128.FromString("-999999999999999999999999999999999999.99", 38, 2)))
		}),
		col("numeric", arrow.BinaryTypes.String, meta("wasmsql.type", "numeric"), func(b *array.StringBuilder) {
			vals(b.Append, b.AppendNull, "12.3000", "NaN", "-100000000000000000000000000000000000000000")
		}),
		col("ok", arrow.FixedWidthTypes.Boolean, none, func(b *array.BooleanBuilder) { vals(b.Append, b.AppendNull, true, false, true) }),
		col("text", arrow.BinaryTypes.String, none, func(b *array.StringBuilder) { vals(b.Append, b.AppendNull, "a, \"b\"\n", "", "=1+1 é 漢字 😀") }),
		col("large", arrow.BinaryTypes.LargeString, none, func(b *array.LargeStringBuilder) { vals(b.Append, b.AppendNull, "x", "NULL", "\x1b[31m\u202e") }),
		col("bin", arrow.BinaryTypes.Binary, none, func(b *array.BinaryBuilder) {
			vals(b.Append, b.AppendNull, []byte{0, 255}, []byte{}, []byte("abc"))
		}),
		col("uuid", uuid, meta("ARROW:extension:name", "arrow.uuid", "ARROW:extension:metadata", ""), func(b *array.FixedSizeBinaryBuilder) {
			vals(b.Append, b.AppendNull, []byte("0123456789abcdef"), make([]byte, 16), []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
		}),
		col("json", arrow.BinaryTypes.String, meta("ARROW:extension:name", "arrow.json", "ARROW:extension:metadata", ""), func(b *array.StringBuilder) {
			vals(b.Append, b.AppendNull, "{\"a\": [1,\n 2]}", "null", `"\u00e9"`)
		}),
		col("date", arrow.FixedWidthTypes.Date32, none, func(b *array.Date32Builder) { vals(b.Append, b.AppendNull, 18263, -719529, 2932897) }),
		col("time", arrow.FixedWidthTypes.Time64us, none, func(b *array.Time64Builder) { vals(b.Append, b.AppendNull, 11045000006, 0, 86399999999) }),
		col("time_s", arrow.FixedWidthTypes.Time32s, none, func(b *array.Time32Builder) { vals(b.Append, b.AppendNull, 11045, 0, 86399) }),
		col("ts", &arrow.TimestampType{Unit: us}, none, func(b *array.TimestampBuilder) {
			vals(b.Append, b.AppendNull, 1577934245000006, -1, 253402300799000000)
		}),
		col("tstz", &arrow.TimestampType{Unit: us, TimeZone: "UTC"}, none, func(b *array.TimestampBuilder) {
			vals(b.Append, b.AppendNull, 1577934245000006, 0, 951782400000000)
		}),
		col("ts_s", &arrow.TimestampType{Unit: arrow.Second}, none, func(b *array.TimestampBuilder) { vals(b.Append, b.AppendNull, 1577934245, 0, -1) }),
		col("ts_ns", &arrow.TimestampType{Unit: arrow.Nanosecond}, none, func(b *array.TimestampBuilder) {
			vals(b.Append, b.AppendNull, 1577934245000000006, 0, -1)
		}),
		col("span", arrow.FixedWidthTypes.Duration_us, none, func(b *array.DurationBuilder) {
			vals(b.Append, b.AppendNull, 93784500000, 0, math.MinInt64)
		}),
		col("interval", arrow.FixedWidthTypes.MonthDayNanoInterval, none, func(b *array.MonthDayNanoIntervalBuilder) {
			vals(b.Append, b.AppendNull, arrow.MonthDayNanoInterval{Months: 14, Days: 3, Nanoseconds: 14706000007000},
				arrow.MonthDayNanoInterval{}, arrow.MonthDayNanoInterval{Months: -1, Days: 2, Nanoseconds: -500000000})
		}),
		col("list", arrow.ListOf(arrow.PrimitiveTypes.Int32), none, func(b *array.ListBuilder) {
			v := b.ValueBuilder().(*array.Int32Builder)
			b.Append(true)
			v.AppendValues([]int32{1, 2}, nil)
			b.AppendNull()
			b.Append(true)
			b.Append(true)
			v.AppendNull()
			v.Append(-3)
		}),
		col("lists", arrow.ListOf(arrow.ListOf(arrow.BinaryTypes.String)), none, func(b *array.ListBuilder) {
			in := b.ValueBuilder().(*array.ListBuilder)
			v := in.ValueBuilder().(*array.StringBuilder)
			b.Append(true)
			in.Append(true)
			v.Append("a")
			in.Append(true)
			b.AppendNull()
			b.Append(true)
			in.AppendNull()
			in.Append(true)
			v.AppendNull()
			v.Append("b")
			b.Append(true)
		}),
		col("nothing", arrow.Null, none, func(b *array.NullBuilder) { b.AppendNull(); b.AppendNull(); b.AppendNull(); b.AppendNull() }),
	}
}

// sample returns one record of all sampleColumns.
func sample(t testing.TB) arrow.Record {
	t.Helper()
	var fields []arrow.Field
	var cols []arrow.Array
	for _, c := range sampleColumns() {
		b := array.NewBuilder(memory.DefaultAllocator, c.field.Type)
		c.fill(b)
		fields = append(fields, c.field)
		cols = append(cols, b.NewArray())
		b.Release()
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), cols, 4)
}

// record returns a record of columns of int64 or string.
func record(t testing.TB, names []string, cols ...any) arrow.Record {
	t.Helper()
	var fields []arrow.Field
	var arrays []arrow.Array
	n := 0
	for i, c := range cols {
		switch c := c.(type) {
		case []int64:
			b := array.NewInt64Builder(memory.DefaultAllocator)
			b.AppendValues(c, nil)
			arrays = append(arrays, b.NewArray())
			n = len(c)
		case []string:
			b := array.NewStringBuilder(memory.DefaultAllocator)
			b.AppendValues(c, nil)
			arrays = append(arrays, b.NewArray())
			n = len(c)
		}
		fields = append(fields, arrow.Field{Name: names[i], Type: arrays[i].DataType(), Nullable: true})
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), arrays, int64(n))
}
