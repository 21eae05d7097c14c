package flyte

import (
	"math"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestFrame: each column of a database as a downstream task expects it, with
// its nulls.
func TestFrame(t *testing.T) {
	nullable := func(t arrow.DataType) arrow.Field { return arrow.Field{Name: "c", Type: t, Nullable: true} }
	numeric := sqldb.TypedField("c", arrow.BinaryTypes.String, "numeric")
	for _, c := range []struct {
		name    string
		field   arrow.Field
		dialect abi.Dialect
		fill    func(array.Builder)
		want    arrow.DataType
		values  string
	}{
		{"int2", nullable(arrow.PrimitiveTypes.Int16), abi.Postgres, func(b array.Builder) { b.(*array.Int16Builder).Append(-32768) }, arrow.PrimitiveTypes.Int64, "[-32768 (null)]"},
		{"uint32", nullable(arrow.PrimitiveTypes.Uint32), abi.MySQL, func(b array.Builder) { b.(*array.Uint32Builder).Append(math.MaxUint32) }, arrow.PrimitiveTypes.Int64, "[4294967295 (null)]"},
		{"uint64", nullable(arrow.PrimitiveTypes.Uint64), abi.MySQL, func(b array.Builder) { b.(*array.Uint64Builder).Append(math.MaxUint64) }, arrow.PrimitiveTypes.Uint64, "[18446744073709551615 (null)]"},
		{"float4", nullable(arrow.PrimitiveTypes.Float32), abi.Postgres, func(b array.Builder) { b.(*array.Float32Builder).AppendValues([]float32{0.1, 1e38, 3}, nil) }, arrow.PrimitiveTypes.Float64, "[0.1 1e+38 3 (null)]"},
		{"float8", nullable(arrow.PrimitiveTypes.Float64), abi.Postgres, func(b array.Builder) { b.(*array.Float64Builder).AppendValues([]float64{0.1, math.NaN()}, nil) }, arrow.PrimitiveTypes.Float64, "[0.1 (null) (null)]"},
		{"numeric", numeric, abi.Postgres, func(b array.Builder) { b.(*array.StringBuilder).AppendValues([]string{"1.10", "NaN", "1e400"}, nil) }, arrow.PrimitiveTypes.Float64, "[1.1 (null) +Inf (null)]"},
		{"numeric(9,2)", nullable(&arrow.Decimal128Type{Precision: 9, Scale: 2}), abi.Postgres, func(b array.Builder) { b.AppendEmptyValue() }, &arrow.Decimal128Type{Precision: 9, Scale: 2}, "[{0 0} (null)]"},
		{"interval", nullable(arrow.FixedWidthTypes.MonthDayNanoInterval), abi.Postgres, func(b array.Builder) {
			b.(*array.MonthDayNanoIntervalBuilder).Append(arrow.MonthDayNanoInterval{Months: -14, Days: 1, Nanoseconds: 5000})
		}, micros, "[-36633599999995 (null)]"},
		{"bit(10)", sqldb.TypedField("c", arrow.BinaryTypes.Binary, "bit(10)"), abi.Postgres, func(b array.Builder) { b.(*array.BinaryBuilder).Append([]byte{0xa5, 0x40}) }, arrow.BinaryTypes.String, `["1010010101" (null)]`},
		{"bytea", nullable(arrow.BinaryTypes.Binary), abi.Postgres, func(b array.Builder) { b.(*array.BinaryBuilder).Append([]byte("a")) }, arrow.BinaryTypes.Binary, `["a" (null)]`},
		{"json", sqldb.JSONField("c"), abi.Postgres, func(b array.Builder) { b.(*array.StringBuilder).Append("{}") }, arrow.BinaryTypes.String, `["{}" (null)]`},
		{"uuid of MariaDB", sqldb.UUIDField("c"), abi.MySQL, func(b array.Builder) { b.(*array.FixedSizeBinaryBuilder).Append(make([]byte, 16)) }, arrow.BinaryTypes.String, `["00000000-0000-0000-0000-000000000000" (null)]`},
		{"timestamp of MySQL", nullable(arrow.FixedWidthTypes.Timestamp_us), abi.MySQL, func(b array.Builder) { b.(*array.TimestampBuilder).Append(0) }, &arrow.TimestampType{Unit: arrow.Microsecond}, "[0 (null)]"},
		{"timestamptz", nullable(arrow.FixedWidthTypes.Timestamp_us), abi.Postgres, func(b array.Builder) { b.(*array.TimestampBuilder).Append(0) }, arrow.FixedWidthTypes.Timestamp_us, "[0 (null)]"},
		{"int4[]", nullable(arrow.ListOf(arrow.PrimitiveTypes.Int32)), abi.Postgres, func(b array.Builder) {
			l := b.(*array.ListBuilder)
			l.Append(true)
			l.ValueBuilder().(*array.Int32Builder).AppendValues([]int32{1, 2}, nil)
			l.ValueBuilder().AppendNull()
			l.Append(true)
		}, arrow.ListOf(arrow.PrimitiveTypes.Int64), "[[1 2 (null)] [] (null)]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := array.NewBuilder(memory.DefaultAllocator, c.field.Type)
			defer b.Release()
			c.fill(b)
			b.AppendNull()
			a := b.NewArray()
			schema := arrow.NewSchema([]arrow.Field{c.field}, nil)
			whole := array.NewRecord(schema, []arrow.Array{a}, int64(a.Len()))
			f := newFrame(schema, c.dialect)
			if got := f.schema.Field(0); !arrow.TypeEqual(got.Type, c.want) || got.Name != "c" || !got.Nullable || meta(got, sqldb.MetaType) != "" {
				t.Fatalf("the column is %v", got)
			}
			out, err := f.apply(whole)
			if err != nil {
				t.Fatal(err)
			}
			if got := out.Column(0); got.String() != c.values || !arrow.TypeEqual(got.DataType(), c.want) {
				t.Errorf("%s as %s, want %s", got, got.DataType(), c.values)
			}
			// A slice of a batch has an offset, which must not be lost.
			part, err := f.apply(whole.NewSlice(1, whole.NumRows()))
			if err != nil {
				t.Fatal(err)
			}
			if got, want := part.Column(0).String(), array.NewSlice(out.Column(0), 1, out.NumRows()).String(); got != want {
				t.Errorf("a slice is %s, want %s", got, want)
			}
		})
	}
}
