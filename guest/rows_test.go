//go:build !wasip1

package guest_test

import (
	"reflect"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
	"github.com/wasmsql/wasmsql/guest/guesttest"
)

// TestValues: every kind of column becomes values, which are valid parameters,
// and goes into a result of the same columns.
func TestValues(t *testing.T) {
	text := &arrow.Field{Name: "item", Kind: arrow.Text, Nullable: true}
	fields := []arrow.Field{
		{Name: "b", Kind: arrow.Bool}, {Name: "i8", Kind: arrow.Int8}, {Name: "i16", Kind: arrow.Int16}, {Name: "i32", Kind: arrow.Int32}, {Name: "i64", Kind: arrow.Int64},
		{Name: "u8", Kind: arrow.Uint8}, {Name: "u16", Kind: arrow.Uint16}, {Name: "u32", Kind: arrow.Uint32}, {Name: "u64", Kind: arrow.Uint64},
		{Name: "f32", Kind: arrow.Float32}, {Name: "f64", Kind: arrow.Float64}, {Name: "t", Kind: arrow.Text}, {Name: "x", Kind: arrow.Binary},
		{Name: "d", Kind: arrow.Date}, {Name: "tm", Kind: arrow.Time}, {Name: "at", Kind: arrow.Timestamp}, {Name: "ms", Kind: arrow.Timestamp, Unit: arrow.Millisecond, Zone: "UTC"},
		{Name: "s", Kind: arrow.Timestamp, Unit: arrow.Second}, {Name: "ns", Kind: arrow.Timestamp, Unit: arrow.Nanosecond}, {Name: "span", Kind: arrow.Duration},
		{Name: "n", Kind: arrow.Decimal, Precision: 12, Scale: 3}, {Name: "any", Kind: arrow.Text, Database: "numeric"}, {Name: "l", Kind: arrow.List, Elem: text},
		arrow.UUID("u"), arrow.JSON("j"), {Name: "raw", Kind: arrow.Fixed, Width: 2},
	}
	for i := range fields {
		fields[i].Nullable = true
	}
	kinds := []abi.Kind{abi.Bool, abi.Int, abi.Int, abi.Int, abi.Int, abi.Int, abi.Int, abi.Int, abi.Int, abi.Float, abi.Float, abi.Str, abi.Bytes,
		abi.Date, abi.Time, abi.Datetime, abi.Datetime, abi.Datetime, abi.Datetime, abi.Timedelta, abi.Decimal, abi.Decimal, abi.List, abi.UUID, abi.JSON, abi.Bytes}
	const at = "2026-02-28 07:30:01"
	rows := [][]any{
		{true, 127, -32768, 1 << 30, 1 << 40, 255, 65535, 1 << 31, 5, 0.5, -1.25, "é", []byte{0}, "2026-02-28", "23:59:59", at, at, at, at, 90,
			"-1.250", "0.1", []any{"a", nil}, "123e4567-e89b-12d3-a456-426614174000", "{}", []byte{1, 2}},
		make([]any, len(fields)),
	}
	copying := guest.Task{Run: func(*guest.Input) error {
		in, err := guest.Query("Q")
		if err != nil {
			return err
		}
		schema, err := in.Schema()
		if err != nil {
			return err
		}
		out, err := guest.NewResult(schema.Fields...)
		if err != nil {
			return err
		}
		for n := 0; in.Next(); n++ {
			for i, v := range in.Values() {
				if err := v.Check(); err != nil || v.Type.Kind != kinds[i] || v.Null != (n == 1) || in.Null(i) != v.Null {
					t.Errorf("%s: %s, %v", fields[i].Name, v.Type, err)
				}
			}
			if err := out.Row(in.Values()...); err != nil {
				return err
			}
		}
		return out.Close()
	}}
	got := guesttest.Run(t, copying, guesttest.Case{Expect: []guesttest.Statement{{Query: "Q", Columns: fields, Rows: rows}}})
	const stamp = "2026-02-28T07:30:01"
	want := [][]any{
		{true, int64(127), int64(-32768), int64(1 << 30), int64(1 << 40), int64(255), int64(65535), int64(1 << 31), int64(5), 0.5, -1.25, "é", []byte{0},
			"2026-02-28", "23:59:59", stamp, stamp + "Z", stamp, stamp, int64(90), "-1.250", "0.1", []any{"a", nil}, "123e4567-e89b-12d3-a456-426614174000", "{}", []byte{1, 2}},
		make([]any, len(fields)),
	}
	if got.Failed() || !reflect.DeepEqual(got.Rows, want) || !reflect.DeepEqual(got.Columns, fields) {
		t.Errorf("%s\n%v\nwant\n%v", got, got.Rows, want)
	}
}

// TestOddValues are those that no kind of value holds as they are.
func TestOddValues(t *testing.T) {
	b, err := arrow.NewBuilder(&arrow.Schema{Fields: []arrow.Field{
		{Name: "u", Kind: arrow.Uint64}, {Name: "n", Kind: arrow.Text, Database: "numeric"}, {Name: "i", Kind: arrow.Interval}, {Name: "days", Kind: arrow.Interval}, {Name: "none", Kind: arrow.Null},
	}})
	if err != nil {
		t.Fatal(err)
	}
	b.Column(0).Uint64(1<<64 - 1)
	b.Column(1).Text("NaN")
	b.Column(2).Interval(14, -3, 1_500_000_000)
	b.Column(3).Interval(0, 2, -1000)
	b.Column(4).Null()
	m, err := b.Message()
	if err != nil {
		t.Fatal(err)
	}
	batch := arrow.NewBatch(b.Schema())
	if err := batch.Read(m); err != nil {
		t.Fatal(err)
	}
	for i, want := range []guest.Value{guest.Decimal("18446744073709551615"), guest.Text("NaN"), guest.Text("P14M-3DT1.5S"), guest.Timedelta(2*86_400_000_000 - 1), guest.Null(abi.Str)} {
		if got := guest.ValueOf(batch.Column(i), 0); !reflect.DeepEqual(got, want) {
			t.Errorf("column %d: %+v, want %+v", i, got, want)
		}
	}
}

// TestRowsOfBatches: rows are read over the bounds of batches, by name too, and
// the first row alone.
func TestRowsOfBatches(t *testing.T) {
	statement := guesttest.Statement{Query: "Q", Columns: guesttest.Columns("id", "name"), Rows: [][]any{{1, "a"}, {2, nil}, {3, "c"}}, Batch: 2}
	task := guest.Task{Run: func(*guest.Input) error {
		rows, err := guest.Query("Q")
		if err != nil {
			return err
		}
		id, name := rows.Index("id"), rows.Index("name")
		if id != 0 || name != 1 || rows.Index("other") != -1 {
			t.Errorf("columns %d, %d", id, name)
		}
		sum, texts := int64(0), ""
		for rows.Next() {
			sum += rows.Int(id)
			texts += rows.Text(name)
			if string(rows.Bytes(name)) != rows.Text(name) || rows.Float(id) != float64(rows.Int(id)) || rows.Null(name) != (rows.Int(id) == 2) {
				t.Errorf("row %d", rows.Int(id))
			}
		}
		if sum != 6 || texts != "ac" || rows.Next() || rows.NextBatch() {
			t.Errorf("sum %d, texts %q", sum, texts)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		first, err := guest.One("Q")
		if err != nil || len(first) != 2 || first[0].Int != 1 {
			t.Errorf("one: %v, %v", first, err)
		}
		none, err := guest.One("NONE")
		if err != nil || none != nil {
			t.Errorf("none: %v, %v", none, err)
		}
		return nil
	}}
	out := guesttest.Run(t, task, guesttest.Case{Expect: []guesttest.Statement{statement, statement, {Query: "NONE", Columns: guesttest.Columns("id")}}})
	if out.Failed() {
		t.Error(out)
	}
}
