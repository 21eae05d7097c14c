package arrow

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"testing"

	peer "github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/ipc"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// every is a schema with all kinds, as another implementation has it.
func every() *peer.Schema {
	meta := func(kv ...string) peer.Metadata {
		var keys, values []string
		for i := 0; i < len(kv); i += 2 {
			keys, values = append(keys, kv[i]), append(values, kv[i+1])
		}
		return peer.NewMetadata(keys, values)
	}
	var fields []peer.Field
	for i, t := range []peer.DataType{
		peer.Null, peer.FixedWidthTypes.Boolean,
		peer.PrimitiveTypes.Int8, peer.PrimitiveTypes.Int16, peer.PrimitiveTypes.Int32, peer.PrimitiveTypes.Int64,
		peer.PrimitiveTypes.Uint8, peer.PrimitiveTypes.Uint16, peer.PrimitiveTypes.Uint32, peer.PrimitiveTypes.Uint64,
		peer.PrimitiveTypes.Float32, peer.PrimitiveTypes.Float64, peer.BinaryTypes.String, peer.BinaryTypes.Binary,
		&peer.FixedSizeBinaryType{ByteWidth: 16}, &peer.Decimal128Type{Precision: 20, Scale: 4}, peer.PrimitiveTypes.Date32,
		&peer.Time64Type{Unit: peer.Microsecond}, &peer.Time64Type{Unit: peer.Nanosecond},
		&peer.TimestampType{Unit: peer.Microsecond}, &peer.TimestampType{Unit: peer.Second, TimeZone: "UTC"}, &peer.TimestampType{Unit: peer.Millisecond},
		&peer.DurationType{Unit: peer.Microsecond}, &peer.DurationType{Unit: peer.Millisecond}, peer.FixedWidthTypes.MonthDayNanoInterval,
		peer.ListOf(peer.BinaryTypes.String), peer.ListOfField(peer.Field{Name: "item", Type: peer.ListOf(peer.PrimitiveTypes.Int16)}),
	} {
		fields = append(fields, peer.Field{Name: fmt.Sprintf("c%d", i), Type: t, Nullable: i%3 != 1 || t == peer.Null})
	}
	fields[12].Metadata = meta("wasmsql.type", "numeric")
	fields[14].Metadata = meta("ARROW:extension:name", "arrow.uuid", "ARROW:extension:metadata", "")
	return peer.NewSchema(fields, nil)
}

// fill appends a value that depends on i to a builder.
func fillBuilder(b array.Builder, i int) {
	if i%5 == 3 {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.NullBuilder:
		b.AppendNull()
	case *array.ListBuilder:
		b.Append(true)
		for j := range i % 4 {
			fillBuilder(b.ValueBuilder(), i+j)
		}
	case *array.BooleanBuilder:
		b.Append(i%2 == 0)
	case *array.Int8Builder:
		b.Append(int8(i * -7))
	case *array.Int16Builder:
		b.Append(int16(i * -777))
	case *array.Int32Builder:
		b.Append(int32(i * -77777))
	case *array.Int64Builder:
		b.Append(int64(i) << 40)
	case *array.Uint8Builder:
		b.Append(uint8(i * 37))
	case *array.Uint16Builder:
		b.Append(uint16(i * 3777))
	case *array.Uint32Builder:
		b.Append(uint32(i * 377777777))
	case *array.Uint64Builder:
		b.Append(math.MaxUint64 - uint64(i))
	case *array.Float32Builder:
		b.Append(float32(i) / 3)
	case *array.Float64Builder:
		b.Append(float64(i) / -7)
	case *array.StringBuilder:
		b.Append("Zoë "[:i%5])
	case *array.BinaryBuilder:
		b.Append(bytes.Repeat([]byte{byte(i)}, i%9))
	case *array.FixedSizeBinaryBuilder:
		b.Append(bytes.Repeat([]byte{byte(i)}, 16))
	case *array.Decimal128Builder:
		b.Append(decimal128.FromI64(int64(i) * -12345678901))
	case *array.Date32Builder:
		b.Append(peer.Date32(i * 1000))
	case *array.Time64Builder:
		b.Append(peer.Time64(i) * 3_600_000_000 % 86_400_000_000)
	case *array.TimestampBuilder:
		b.Append(peer.Timestamp(i) * -1_000_000_007)
	case *array.DurationBuilder:
		b.Append(peer.Duration(i) * 1_000_000_007)
	case *array.MonthDayNanoIntervalBuilder:
		b.Append(peer.MonthDayNanoInterval{Months: int32(i), Days: int32(-i), Nanoseconds: int64(i) * 1_500_000_000})
	default:
		panic(fmt.Sprintf("%T", b))
	}
}

// record makes a record of rows from a value on.
func record(s *peer.Schema, from, rows int) peer.Record {
	b := array.NewRecordBuilder(memory.DefaultAllocator, s)
	defer b.Release()
	for i := range rows {
		for _, f := range b.Fields() {
			fillBuilder(f, from+i)
		}
	}
	return b.NewRecord()
}

// peerStream returns records as another implementation writes them.
func peerStream(t testing.TB, s *peer.Schema, records ...peer.Record) []byte {
	var out bytes.Buffer
	w := ipc.NewWriter(&out, ipc.WithSchema(s))
	for _, r := range records {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// messages splits a stream.
func messages(t testing.TB, stream []byte) (all [][]byte) {
	for {
		n, err := MessageSize(stream)
		if err != nil || n == 0 {
			t.Fatalf("%d, %v", n, err)
		}
		if n == 8 {
			return all
		}
		all, stream = append(all, stream[:n:n]), stream[n:]
	}
}

// same compares a column with another implementation's array.
func same(t *testing.T, c *Column, a peer.Array) {
	t.Helper()
	if c.Rows() != a.Len() || a.DataType().ID() != peer.NULL && c.Nulls() != a.NullN() {
		t.Fatalf("%s: %d rows with %d nulls, want %d and %d", c.Field().Name, c.Rows(), c.Nulls(), a.Len(), a.NullN())
	}
	for i := range a.Len() {
		if c.Null(i) != (a.IsNull(i) || a.DataType().ID() == peer.NULL) {
			t.Fatalf("%s[%d]: null %t", c.Field().Name, i, c.Null(i))
		}
		if c.Null(i) {
			if c.Int(i) != 0 || c.Float(i) != 0 || c.Bytes(i) != nil || c.Bool(i) {
				t.Errorf("%s[%d]: a null has a value", c.Field().Name, i)
			}
			continue
		}
		if list, ok := a.(*array.List); ok {
			from, to := c.List(i)
			lo, hi := list.ValueOffsets(i)
			elem := array.NewSlice(list.ListValues(), lo, hi)
			if to-from != elem.Len() {
				t.Fatalf("%s[%d]: %d values", c.Field().Name, i, to-from)
			}
			for j := range elem.Len() {
				if got, want := cell(c.Elem(), from+j), peerCell(elem, j); got != want {
					t.Errorf("%s[%d][%d]: %s, want %s", c.Field().Name, i, j, got, want)
				}
			}
			continue
		}
		if got, want := cell(c, i), peerCell(a, i); got != want {
			t.Errorf("%s[%d]: %s, want %s", c.Field().Name, i, got, want)
		}
	}
}

// cell returns a value by the getter of its kind.
func cell(c *Column, i int) string {
	if c.Null(i) {
		return "null"
	}
	switch c.Field().Kind {
	case Bool:
		return fmt.Sprint(c.Bool(i))
	case Uint64:
		return fmt.Sprint(uint64(c.Int(i)))
	case Float32:
		return fmt.Sprint(float32(c.Float(i)))
	case Float64:
		return fmt.Sprint(c.Float(i))
	case Text, Binary, Fixed:
		return fmt.Sprintf("%x", c.Bytes(i))
	case Decimal:
		return c.DecimalText(i)
	case Interval:
		m, d, n := c.Interval(i)
		return fmt.Sprint(m, d, n)
	case List:
		from, to := c.List(i)
		s := "["
		for ; from < to; from++ {
			s += cell(c.Elem(), from) + " "
		}
		return s + "]"
	}
	return fmt.Sprint(c.Int(i))
}

func peerCell(a peer.Array, i int) string {
	if a.IsNull(i) {
		return "null"
	}
	switch a := a.(type) {
	case *array.Boolean:
		return fmt.Sprint(a.Value(i))
	case *array.Int8:
		return fmt.Sprint(a.Value(i))
	case *array.Int16:
		return fmt.Sprint(a.Value(i))
	case *array.Int32:
		return fmt.Sprint(a.Value(i))
	case *array.Int64:
		return fmt.Sprint(a.Value(i))
	case *array.Uint8:
		return fmt.Sprint(a.Value(i))
	case *array.Uint16:
		return fmt.Sprint(a.Value(i))
	case *array.Uint32:
		return fmt.Sprint(a.Value(i))
	case *array.Uint64:
		return fmt.Sprint(a.Value(i))
	case *array.Float32:
		return fmt.Sprint(a.Value(i))
	case *array.Float64:
		return fmt.Sprint(a.Value(i))
	case *array.String:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.Binary:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.FixedSizeBinary:
		return fmt.Sprintf("%x", a.Value(i))
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*peer.Decimal128Type).Scale)
	case *array.MonthDayNanoInterval:
		v := a.Value(i)
		return fmt.Sprint(v.Months, v.Days, v.Nanoseconds)
	case *array.Date32:
		return fmt.Sprint(int64(a.Value(i)))
	case *array.Time64:
		return fmt.Sprint(int64(a.Value(i)))
	case *array.Timestamp:
		return fmt.Sprint(int64(a.Value(i)))
	case *array.Duration:
		return fmt.Sprint(int64(a.Value(i)))
	case *array.List:
		lo, hi := a.ValueOffsets(i)
		s := "["
		for ; lo < hi; lo++ {
			s += peerCell(a.ListValues(), int(lo)) + " "
		}
		return s + "]"
	}
	panic(fmt.Sprintf("%T", a))
}

// TestRead reads what another implementation writes: all kinds, with nulls,
// without rows, and slices of records.
func TestRead(t *testing.T) {
	s := every()
	all := record(s, 0, 100)
	records := []peer.Record{record(s, 0, 0), record(s, 1, 1), all.NewSlice(13, 57), all.NewSlice(0, 2), all}
	m := messages(t, peerStream(t, s, records...))
	schema, err := ReadSchema(m[0])
	if err != nil || len(m) != len(records)+1 {
		t.Fatalf("%d messages: %v", len(m), err)
	}
	for i, f := range schema.Fields {
		if f.Name != s.Field(i).Name || f.Nullable != s.Field(i).Nullable {
			t.Errorf("field %d: %+v, want %v", i, f, s.Field(i))
		}
	}
	for i, want := range map[int]Field{
		12: {Name: "c12", Kind: Text, Nullable: true, Database: "numeric"},
		14: {Name: "c14", Kind: Fixed, Nullable: true, Width: 16, Extension: "arrow.uuid"},
		15: {Name: "c15", Kind: Decimal, Nullable: true, Precision: 20, Scale: 4},
		20: {Name: "c20", Kind: Timestamp, Nullable: true, Unit: Second, Zone: "UTC"},
		18: {Name: "c18", Kind: Time, Nullable: true, Unit: Nanosecond},
	} {
		if !reflect.DeepEqual(schema.Fields[i], want) {
			t.Errorf("field %d: %+v, want %+v", i, schema.Fields[i], want)
		}
	}
	b := NewBatch(schema)
	for n, r := range records {
		if err := b.Read(m[n+1]); err != nil || b.Rows() != int(r.NumRows()) {
			t.Fatalf("record %d: %d rows, %v", n, b.Rows(), err)
		}
		for i, a := range r.Columns() {
			same(t, b.Column(i), a)
		}
	}
}

// TestSlices: the slices of a column are its values, and its memory.
func TestSlices(t *testing.T) {
	s := every()
	r := record(s, 0, 100)
	m := messages(t, peerStream(t, s, r))
	schema, _ := ReadSchema(m[0])
	b := NewBatch(schema)
	for _, shift := range []int{0, 1, 4} { // a shifted message has to be copied to be aligned
		moved := append(make([]byte, shift, shift+len(m[1])), m[1]...)[shift:]
		if err := b.Read(moved); err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			if b.Column(5).Null(i) {
				continue
			}
			if b.Column(5).Int64s()[i] != int64(i)<<40 || b.Column(4).Int32s()[i] != int32(i*-77777) || b.Column(11).Float64s()[i] != float64(i)/-7 ||
				b.Column(10).Float32s()[i] != float32(i)/3 || Values[uint16](b.Column(7))[i] != uint16(i*3777) {
				t.Fatalf("shifted by %d: row %d is another", shift, i)
			}
		}
		if b.Column(5).Int32s() != nil || b.Column(4).Int64s() != nil || b.Column(12).Float64s() != nil || Values[int8](b.Column(5)) != nil {
			t.Error("a column of another kind has the slice")
		}
	}
	if err := b.Read(m[1]); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(10, func() {
		if b.Read(m[1]) != nil || len(b.Column(5).Int64s()) != 100 {
			t.Error("not read")
		}
	}); n > 0 {
		t.Errorf("%v allocations a batch", n)
	}
}

// TestWrite lets another implementation read what a Builder writes, and
// copies every column.
func TestWrite(t *testing.T) {
	s := every()
	records := []peer.Record{record(s, 0, 100), record(s, 3, 1), record(s, 0, 9)}
	m := messages(t, peerStream(t, s, records...))
	schema, err := ReadSchema(m[0])
	if err != nil {
		t.Fatal(err)
	}
	first, err := schema.Message()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ReadSchema(first); err != nil || !reflect.DeepEqual(again, schema) {
		t.Errorf("the schema came back as %+v, %v", again, err)
	}
	for i := range schema.Fields { // the records have nulls in all of them
		schema.Fields[i].Nullable = true
		for f := &schema.Fields[i]; f.Elem != nil; f = f.Elem {
			f.Elem.Nullable = true
		}
	}
	builder, err := NewBuilder(schema)
	if err != nil {
		t.Fatal(err)
	}
	stream := bytes.Clone(first)
	b := NewBatch(schema)
	for n := range records {
		if err := b.Read(m[n+1]); err != nil {
			t.Fatal(err)
		}
		for i := range schema.Fields {
			builder.Column(i).Column(b.Column(i))
		}
		message, err := builder.Message()
		if err != nil {
			t.Fatal(err)
		}
		stream = append(stream, message...)
	}
	r, err := ipc.NewReader(bytes.NewReader(stream))
	if err != nil {
		t.Fatal(err)
	}
	if !r.Schema().Equal(s) {
		t.Errorf("schema\n%s\nwant\n%s", r.Schema(), s)
	}
	for n, want := range records {
		got, err := r.Read()
		if err != nil {
			t.Fatal(err)
		}
		if !array.RecordEqual(got, want) {
			t.Errorf("record %d:\n%v\nwant\n%v", n, got, want)
		}
	}
}

// peerSchema returns a schema of one of s's fields.
func peerSchema(s *peer.Schema, i int) *peer.Schema {
	return peer.NewSchema([]peer.Field{s.Field(i)}, nil)
}

// TestMisfits: a value that does not fit is an error that names the column.
func TestMisfits(t *testing.T) {
	for _, c := range []struct {
		field Field
		add   func(*Appender)
		want  string
	}{
		{Field{Kind: Int8}, func(a *Appender) { a.Int(128) }, "128 is out of the range of int8"},
		{Field{Kind: Uint32}, func(a *Appender) { a.Int(-1) }, "-1 is out of the range of uint32"},
		{Field{Kind: Text}, func(a *Appender) { a.Int(1) }, "an integer in a column of text"},
		{Field{Kind: Int64}, func(a *Appender) { a.Float(1) }, "a float in a column of int64"},
		{Field{Kind: Int64}, func(a *Appender) { a.Text("1") }, "text in a column of int64"},
		{Field{Kind: Int64}, func(a *Appender) { a.Null() }, "a null, and it is not nullable"},
		{Field{Kind: Bool}, func(a *Appender) { a.List() }, "a list in a column of bool"},
		{Field{Kind: Fixed, Width: 16}, func(a *Appender) { a.Bytes([]byte("abc")) }, "3 bytes for a value of 16"},
		{Field{Kind: Decimal, Precision: 4, Scale: 2}, func(a *Appender) { a.Decimal("123.4") }, "a number with more than 4 digits"},
		{Field{Kind: Decimal, Precision: 4, Scale: 2}, func(a *Appender) { a.Decimal("1.234") }, "a number with more than 2 digits behind the point"},
		{Field{Kind: Decimal, Precision: 4, Scale: 2}, func(a *Appender) { a.Decimal("1e3") }, "text that is no decimal number"},
		{Field{Kind: Decimal, Precision: 4, Scale: 2}, func(a *Appender) { a.Decimal("-") }, "text that is no decimal number"},
		{Field{Kind: Float64}, func(a *Appender) { a.Int64s([]int64{1}) }, "int64 values in a column of float64"},
		{Field{Kind: List, Elem: &Field{Kind: Text}}, func(a *Appender) { a.Elem().Text("x") }, "1 values were appended to the element and to no list"},
	} {
		c.field.Name = "x"
		b, err := NewBuilder(&Schema{[]Field{c.field}})
		if err != nil {
			t.Fatal(err)
		}
		c.add(b.Column(0))
		if _, err := b.Message(); err == nil || err.Error() != `arrow: column "x": `+c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
	b, _ := NewBuilder(&Schema{[]Field{{Name: "a", Kind: Int64}, {Name: "b", Kind: Int64}}})
	b.Column(0).Int(1)
	if _, err := b.Message(); err == nil || err.Error() != `arrow: column "b": 0 rows, but 1 in "a"` {
		t.Errorf("columns of different lengths: %v", err)
	}
	for _, f := range []Field{{}, {Kind: Fixed}, {Kind: Decimal}, {Kind: Decimal, Precision: 3, Scale: 4}, {Kind: List}, {Kind: Time, Unit: 9}} {
		if _, err := NewBuilder(&Schema{[]Field{f}}); err == nil {
			t.Errorf("%+v is a field", f)
		}
	}
}

// TestDecimals holds the text of a decimal against what went in.
func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		precision, scale int
		in, want         string
	}{
		{38, 0, "99999999999999999999999999999999999999", ""},
		{38, 0, "-99999999999999999999999999999999999999", ""},
		{38, 38, "-0.99999999999999999999999999999999999999", ""},
		{10, 3, "1.5", "1.500"}, {10, 3, "-0.001", ""}, {10, 3, "0", "0.000"}, {10, 3, "-12", "-12.000"}, {4, 2, "0012.340000", "12.34"},
		{5, 0, "18446", ""}, {20, 0, "18446744073709551616", ""},
	} {
		schema := &Schema{[]Field{{Kind: Decimal, Precision: c.precision, Scale: c.scale}}}
		b, err := NewBuilder(schema)
		if err != nil {
			t.Fatal(err)
		}
		b.Column(0).Decimal(c.in)
		m, err := b.Message()
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		batch := NewBatch(schema)
		if err := batch.Read(m); err != nil {
			t.Fatal(err)
		}
		if c.want == "" {
			c.want = c.in
		}
		if got := batch.Column(0).DecimalText(0); got != c.want {
			t.Errorf("%s came back as %s", c.in, got)
		}
	}
}
