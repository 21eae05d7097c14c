package result_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
	"github.com/apache/arrow/go/v15/parquet/file"
	"github.com/apache/arrow/go/v15/parquet/pqarrow"

	"github.com/wasmsql/wasmsql/host/result"
)

// readParquet returns what arrow/go's reader finds in a file, as text by
// column, and the file.
func readParquet(t *testing.T, data string) (arrow.Table, *file.Reader) {
	t.Helper()
	r, err := file.NewParquetReader(bytes.NewReader([]byte(data)))
	if err != nil {
		t.Fatal(err)
	}
	p, err := pqarrow.NewFileReader(r, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	table, err := p.ReadTable(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return table, r
}

func flatten(t *testing.T, c *arrow.Chunked) arrow.Array {
	t.Helper()
	a, err := array.Concatenate(c.Chunks(), memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestParquetRoundTrip(t *testing.T) {
	rec := sample(t)
	var names []string
	var cols []int
	for i, f := range rec.Schema().Fields() {
		if f.Name != "nothing" { // arrow/go v15 cannot read it; pyarrow and DuckDB can
			names, cols = append(names, f.Name), append(cols, i)
		}
	}
	rec = pick(rec, cols)
	table, _ := readParquet(t, write(t, result.Parquet, result.Options{}, rec, rec.NewSlice(1, 4)))
	for i, name := range names {
		want, err := array.Concatenate([]arrow.Array{rec.Column(i), array.NewSlice(rec.Column(i), 1, 4)}, memory.DefaultAllocator)
		if err != nil {
			t.Fatal(err)
		}
		got := flatten(t, table.Column(i).Data())
		field, wantField := table.Schema().Field(i), rec.Schema().Field(i)
		switch name {
		case "time_s", "ts_s", "span": // Parquet has no seconds; v15 does not restore durations
		case "ts", "ts_ns": // v15 reads every timestamp as UTC
			if u := wantField.Type.(*arrow.TimestampType).Unit; field.Type.(*arrow.TimestampType).Unit != u {
				t.Errorf("%s: type is %v, want %v", name, field.Type, wantField.Type)
			}
		case "json": // v15 reads the logical type as binary
			if g, w := string(got.(*array.Binary).Value(0)), want.(*array.String).Value(0); g != w {
				t.Errorf("json is %q, want %q", g, w)
			}
			continue
		case "interval":
			if s := got.(*array.String).Value(0); s != "P1Y2M3DT4H5M6.000007S" {
				t.Errorf("interval is %q", s)
			}
			if m := field.Metadata; m.FindKey("wasmsql.type") < 0 {
				t.Errorf("interval has metadata %v", m)
			}
			continue
		default:
			if !arrow.TypeEqual(field.Type, wantField.Type) {
				t.Errorf("%s: type is %v, want %v", name, field.Type, wantField.Type)
			}
			if key := "ARROW:extension:name"; wantField.Metadata.FindKey(key) >= 0 && field.Metadata.FindKey(key) < 0 {
				t.Errorf("%s: lost its extension: %v", name, field.Metadata)
			}
		}
		if g, w := numbers(got), numbers(want); g != w {
			t.Errorf("%s: got %s, want %s", name, g, w)
		}
	}
}

// numbers is an array as text, in milliseconds where Parquet has no seconds.
func numbers(a arrow.Array) string {
	var scale int64 = 1
	switch t := a.DataType().(type) {
	case *arrow.Time32Type:
		if t.Unit == arrow.Second {
			scale = 1000
		}
		b := array.NewInt64Builder(memory.DefaultAllocator)
		for i := range a.Len() {
			if a.IsNull(i) {
				b.AppendNull()
			} else {
				b.Append(int64(a.(*array.Time32).Value(i)) * scale)
			}
		}
		return b.NewArray().String()
	case *arrow.TimestampType:
		if t.Unit == arrow.Second {
			scale = 1000
		}
		b := array.NewInt64Builder(memory.DefaultAllocator)
		for i := range a.Len() {
			if a.IsNull(i) {
				b.AppendNull()
			} else {
				b.Append(int64(a.(*array.Timestamp).Value(i)) * scale)
			}
		}
		return b.NewArray().String()
	case *arrow.DurationType:
		return array.NewInt64Data(retyped(a, arrow.PrimitiveTypes.Int64)).String()
	}
	return a.String()
}

func retyped(a arrow.Array, to arrow.DataType) arrow.ArrayData {
	d := a.Data()
	return array.NewData(to, d.Len(), d.Buffers(), nil, d.NullN(), d.Offset())
}

func pick(rec arrow.Record, cols []int) arrow.Record {
	var fields []arrow.Field
	var arrays []arrow.Array
	for _, i := range cols {
		fields, arrays = append(fields, rec.Schema().Field(i)), append(arrays, rec.Column(i))
	}
	return array.NewRecord(arrow.NewSchema(fields, nil), arrays, rec.NumRows())
}

// TestParquetRandom writes columns of random runs of values and nulls, long
// enough for many pages and several row groups, and reads them back.
func TestParquetRandom(t *testing.T) {
	for seed := range uint64(6) {
		rng := rand.New(rand.NewPCG(seed, 7))
		schema := arrow.NewSchema([]arrow.Field{
			{Name: "narrow", Type: arrow.PrimitiveTypes.Int32, Nullable: true},
			{Name: "wide", Type: arrow.PrimitiveTypes.Int64, Nullable: seed%2 == 0},
			{Name: "ok", Type: arrow.FixedWidthTypes.Boolean, Nullable: true},
			{Name: "text", Type: arrow.BinaryTypes.String, Nullable: true},
			{Name: "list", Type: arrow.ListOf(arrow.PrimitiveTypes.Int64), Nullable: true},
			{Name: "word", Type: arrow.BinaryTypes.String, Nullable: true}, // has a dictionary
		}, nil)
		b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
		var recs []arrow.Record
		for n := range 20 {
			// Row groups without a word, and one whose first pages have none.
			words := n == 0 || n == 19 && seed%2 == 0
			for range 5_000 + rng.IntN(15_000) {
				randomRow(rng, b, seed%2 == 0, words)
			}
			recs = append(recs, b.NewRecord())
		}
		data := write(t, result.Parquet, result.Options{}, recs...)
		table, r := readParquet(t, data)
		if n := r.NumRowGroups(); n < 2 || r.MetaData().RowGroup(0).NumRows() != 128<<10 {
			t.Errorf("%d row groups, the first of %d rows", n, r.MetaData().RowGroup(0).NumRows())
		}
		for i, f := range schema.Fields() {
			var chunks []arrow.Array
			for _, rec := range recs {
				chunks = append(chunks, rec.Column(i))
			}
			want, err := array.Concatenate(chunks, memory.DefaultAllocator)
			if err != nil {
				t.Fatal(err)
			}
			if got := flatten(t, table.Column(i).Data()); !array.Equal(got, want) {
				t.Errorf("seed %d: column %s differs", seed, f.Name)
			}
		}
	}
}

func randomRow(rng *rand.Rand, b *array.RecordBuilder, nulls, words bool) {
	null := func(i int) bool {
		if rng.IntN(20) == 0 {
			b.Field(i).AppendNull()
			return true
		}
		return false
	}
	if !null(0) {
		b.Field(0).(*array.Int32Builder).Append([]int32{math.MinInt32, math.MaxInt32, 0, rng.Int32()}[rng.IntN(4)])
	}
	if !nulls || !null(1) {
		b.Field(1).(*array.Int64Builder).Append(rng.Int64() >> rng.IntN(64))
	}
	if !null(2) {
		b.Field(2).(*array.BooleanBuilder).Append(rng.IntN(2) == 0)
	}
	if !null(3) {
		b.Field(3).(*array.StringBuilder).Append(strings.Repeat("x", rng.IntN(40)))
	}
	if !null(4) {
		l := b.Field(4).(*array.ListBuilder)
		l.Append(true)
		for range rng.IntN(4) {
			if v := l.ValueBuilder().(*array.Int64Builder); rng.IntN(10) == 0 {
				v.AppendNull()
			} else {
				v.Append(rng.Int64N(100))
			}
		}
	}
	if words {
		b.Field(5).(*array.StringBuilder).Append([]string{"", "a", "bc"}[b.Field(5).Len()%3])
	} else {
		b.Field(5).AppendNull()
	}
}

// TestParquetStatistics reads the smallest and the largest value back.
func TestParquetStatistics(t *testing.T) {
	_, r := readParquet(t, write(t, result.Parquet, result.Options{}, pick(sample(t), []int{3, 7, 6, 10, 13})))
	for i, want := range []struct{ lo, hi string }{
		{"\x00\x00\x00\x00\x00\x00\x00\x80", "\xff\xff\xff\xff\xff\xff\xff\x7f"},
		{"\x00\x00\x00\x00\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff"},
		{"\x00\x00\x00\x00", "\xff\xff\xff\xff"},
		{}, // compared by pyarrow, by hand
		{"", "a, \"b\"\n"},
	} {
		c, err := r.MetaData().RowGroup(0).ColumnChunk(i)
		if err != nil {
			t.Fatal(err)
		}
		s, err := c.Statistics()
		if err != nil || s == nil || !s.HasMinMax() || s.NullCount() != 1 {
			t.Fatalf("column %d: statistics %v, %v", i, s, err)
		}
		if want.lo == "" && want.hi == "" {
			continue
		}
		if lo, hi := string(s.EncodeMin()), string(s.EncodeMax()); lo != want.lo || hi != want.hi {
			t.Errorf("column %d: from %q to %q, want %q to %q", i, lo, hi, want.lo, want.hi)
		}
	}
}

func TestParquetNoRows(t *testing.T) {
	rec := record(t, []string{"a", "b"}, []int64{}, []string{})
	table, r := readParquet(t, write(t, result.Parquet, result.Options{}, rec))
	if table.NumRows() != 0 || table.NumCols() != 2 || r.NumRowGroups() != 0 {
		t.Errorf("%d rows, %d columns, %d row groups", table.NumRows(), table.NumCols(), r.NumRowGroups())
	}
}

func TestParquetRefuses(t *testing.T) {
	field := func(typ arrow.DataType) arrow.Field { return arrow.Field{Name: "c", Type: typ} }
	for _, c := range []struct {
		fields     []arrow.Field
		want, hint string
	}{
		{nil, "the result has no columns, which parquet cannot hold", ""},
		{[]arrow.Field{field(arrow.FixedWidthTypes.Float16)}, `column "c" has type float16, which parquet cannot hold`, "cast it in the query, or write arrow"},
		{[]arrow.Field{field(&arrow.Decimal128Type{Precision: 5, Scale: -2})}, `column "c" has type decimal(5, -2), which parquet cannot hold`, "cast it in the query, or write arrow"},
		{[]arrow.Field{field(arrow.Null), field(arrow.Null)}, `columns 1 and 2 are both named "c", and parquet would lose one`, `name the columns with AS: … AS "c_2"`},
		{[]arrow.Field{{Name: "n\xff", Type: arrow.Null}}, `the name of column "n\xff" is not UTF-8`, "give it another name in the query"},
	} {
		err := result.New(result.Parquet, &bytes.Buffer{}, result.Options{}).Open(arrow.NewSchema(c.fields, nil))
		checkError(t, err, c.want, c.hint)
	}
}

func TestArrowRefuses(t *testing.T) {
	err := result.New(result.Arrow, &bytes.Buffer{}, result.Options{}).Open(arrow.NewSchema([]arrow.Field{{Name: "n\xff", Type: arrow.Null}}, nil))
	checkError(t, err, `the name of column "n\xff" is not UTF-8`, "give it another name in the query")
}

// TestParquetNullInRequired keeps a null from becoming a value.
func TestParquetNullInRequired(t *testing.T) {
	rec := pick(sample(t), []int{3})
	f := rec.Schema().Field(0)
	f.Nullable = false
	rec = array.NewRecord(arrow.NewSchema([]arrow.Field{f}, nil), rec.Columns(), 4)
	w := result.New(result.Parquet, &bytes.Buffer{}, result.Options{})
	if err := w.Open(rec.Schema()); err != nil {
		t.Fatal(err)
	}
	checkError(t, w.Write(rec), `cannot write parquet: column "i64" has a null and is declared without`, "")
}

func TestArrowRoundTrip(t *testing.T) {
	rec := sample(t)
	data := write(t, result.Arrow, result.Options{}, rec, rec.NewSlice(1, 3))
	r, err := ipc.NewReader(strings.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Schema().Equal(rec.Schema()) {
		t.Errorf("schema is %v, want %v", r.Schema(), rec.Schema())
	}
	for _, want := range []arrow.Record{rec, rec.NewSlice(1, 3)} {
		if !r.Next() {
			t.Fatal(r.Err())
		}
		for i := range want.Columns() {
			if g, w := r.Record().Column(i).String(), want.Column(i).String(); g != w {
				t.Errorf("%s: got %s, want %s", want.ColumnName(i), g, w)
			}
		}
	}
	if r.Next() || r.Err() != nil {
		t.Errorf("more than was written, or %v", r.Err())
	}
	empty := write(t, result.Arrow, result.Options{}, rec.NewSlice(0, 0))
	if r, err = ipc.NewReader(strings.NewReader(empty)); err != nil || !r.Schema().Equal(rec.Schema()) {
		t.Errorf("no rows: %v", err)
	}
}

// checkError compares an error's whole text and its hint.
func checkError(t *testing.T, err error, want, hint string) {
	t.Helper()
	var e *result.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %T %v, want *result.Error %q", err, err, want)
	}
	if e.Error() != want || e.Hint != hint {
		t.Errorf("got  %q, hint %q\nwant %q, hint %q", e.Error(), e.Hint, want, hint)
	}
}
