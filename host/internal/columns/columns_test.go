package columns

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/abi"
)

func typ(s string) abi.Type {
	t := abi.Type{Nullable: strings.HasSuffix(s, "?")}
	s = strings.TrimSuffix(s, "?")
	if elem, ok := strings.CutPrefix(s, "list["); ok {
		e := typ(strings.TrimSuffix(elem, "]"))
		t.Kind, t.Elem = abi.List, &e
		return t
	}
	name, digits, _ := strings.Cut(s, "(")
	if digits != "" {
		_, _ = fmt.Sscanf(digits, "%d,%d)", &t.Precision, &t.Scale)
	}
	for k := abi.Int; k < abi.List; k++ {
		if k.String() == name {
			t.Kind = k
		}
	}
	return t
}

func outputs(kv ...string) abi.Outputs {
	o := abi.Outputs{Mode: abi.OutputColumns}
	for i := 0; i < len(kv); i += 2 {
		o.Columns = append(o.Columns, abi.OutputColumn{Name: kv[i], Type: typ(kv[i+1])})
	}
	return o
}

func fields(kv ...any) *arrow.Schema {
	var f []arrow.Field
	for i := 0; i < len(kv); i += 2 {
		f = append(f, arrow.Field{Name: kv[i].(string), Type: kv[i+1].(arrow.DataType), Nullable: true})
	}
	return arrow.NewSchema(f, nil)
}

func dec(p, s int32) arrow.DataType { return &arrow.Decimal128Type{Precision: p, Scale: s} }

var (
	none = arrow.Metadata{}
	i64  = arrow.PrimitiveTypes.Int64
	text = arrow.BinaryTypes.String
	f64  = arrow.PrimitiveTypes.Float64
)

func TestCheckNames(t *testing.T) {
	for _, c := range []struct {
		name string
		came *arrow.Schema
		want abi.Outputs
		errs string // message | hint, one a line
	}{
		{"equal", fields("id", i64, "name", text), outputs("id", "int", "name", "str"), ""},
		{"mistyped", fields("Nam", text), outputs("Name", "str"), `column 1 is "Nam", declared "Name" | name it in the query: … AS "Name"`},
		{"case", fields("name", text), outputs("Name", "str"), `column 1 is "name", declared "Name" | name it in the query: … AS "Name"`},
		{"order", fields("b", i64, "a", i64), outputs("a", "int", "b", "int"),
			`column 1 is "b", declared "a" | the order counts: put the query's columns, or outputs, in the other's order
column 2 is "a", declared "b" | the order counts: put the query's columns, or outputs, in the other's order`},
		{"missing", fields("id", i64), outputs("id", "int", "name", "str", "value", "float"),
			`the query returns 1 column, outputs declare 3 | declare every column of the query, in its order, or leave outputs out
column 2, declared "name", does not come | add it to the query, or remove it from outputs
column 3, declared "value", does not come | add it to the query, or remove it from outputs`},
		{"extra", fields("id", i64, "at", arrow.FixedWidthTypes.Timestamp_us, "id", text), outputs("id", "int"),
			`the query returns 3 columns, outputs declare 1 | declare every column of the query, in its order, or leave outputs out
column 2, "at", is not declared | declare "at: datetime", or remove it from the query
column 3, "id", is not declared | declare "id: str", or remove it from the query`},
		{"types", fields("id", text, "v", f64, "n", i64), outputs("id", "int", "v", "str?", "n", "list[int]"),
			`column 1, "id": declared int, came utf8 | declare "id: str", or cast it in the query
column 2, "v": declared str?, came float64 | declare "v: float", or cast it in the query
column 3, "n": declared list[int], came int64 | declare "n: int", or cast it in the query`},
		{"all at once", fields("id", text, "x", i64), outputs("id", "int", "y", "int"),
			`column 2 is "x", declared "y" | name it in the query: … AS "y"
column 1, "id": declared int, came utf8 | declare "id: str", or cast it in the query`},
		{"nothing came", fields(), outputs("id", "int"),
			`the query returns 0 columns, outputs declare 1 | declare every column of the query, in its order, or leave outputs out
column 1, declared "id", does not come | add it to the query, or remove it from outputs`},
		{"none", fields("id", i64), abi.Outputs{Mode: abi.OutputNone}, `the query returns 1 column, outputs declare none | leave outputs out, or declare the columns`},
		{"none of none", fields(), abi.Outputs{Mode: abi.OutputNone}, ""},
		{"any", fields("x", i64, "x", arrow.Null), abi.Outputs{}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			conv, err := Check(c.came, c.want)
			var got []string
			var errs Errors
			if errors.As(err, &errs) {
				for _, e := range errs {
					got = append(got, e.Message+" | "+e.Hint)
				}
			}
			if s := strings.Join(got, "\n"); s != c.errs || (err == nil) != (conv != nil) {
				t.Errorf("got\n%s\nwant\n%s", s, c.errs)
			}
		})
	}
}

func meta(kv ...string) arrow.Metadata {
	var k, v []string
	for i := 0; i < len(kv); i += 2 {
		k, v = append(k, kv[i]), append(v, kv[i+1])
	}
	return arrow.NewMetadata(k, v)
}

var (
	numericMeta = meta(typeKey, numericName)
	uuidMeta    = meta(extensionKey, uuidName, extensionArg, "")
	jsonMeta    = meta(extensionKey, jsonName, extensionArg, "")
)

// column makes a record of one column, whose values are JSON as arrow/go
// reads it, with one more row before that is cut off again.
func record(t *testing.T, ft arrow.DataType, m arrow.Metadata, values string) arrow.Record {
	t.Helper()
	a, _, err := array.FromJSON(memory.DefaultAllocator, ft, strings.NewReader("[null,"+strings.TrimPrefix(values, "[")))
	if err != nil {
		t.Fatalf("%s: %v", values, err)
	}
	a = array.NewSlice(a, 1, int64(a.Len()))
	return array.NewRecord(arrow.NewSchema([]arrow.Field{{Name: "c", Type: ft, Nullable: true, Metadata: m}}, nil), []arrow.Array{a}, int64(a.Len()))
}

func apply(t *testing.T, rec arrow.Record, want string) (arrow.Record, error) {
	t.Helper()
	c, err := Check(rec.Schema(), outputs("c", want))
	if err != nil {
		return nil, err
	}
	out, err := c.Apply(rec)
	if err != nil {
		return nil, err
	}
	if !out.Schema().Equal(c.Schema()) {
		t.Errorf("record has %v, Schema() is %v", out.Schema(), c.Schema())
	}
	if f := c.Schema().Field(0); f.Nullable != typ(want).Nullable || !arrow.TypeEqual(f.Type, out.Column(0).DataType()) {
		t.Errorf("field is %v, column %v", f, out.Column(0).DataType())
	}
	return out, nil
}

// TestConvert goes through every pair of what comes and what is declared that
// fits. The values after are as arrow/go prints them.
func TestConvert(t *testing.T) {
	fw := arrow.FixedWidthTypes
	tz := &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"}
	paris := &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "Europe/Paris"}
	fsb := &arrow.FixedSizeBinaryType{ByteWidth: 16}
	const id = `"MDEyMzQ1Njc4OWFiY2RlZg=="`
	for _, c := range []struct {
		from   arrow.DataType
		meta   arrow.Metadata
		values string
		want   string
		to     arrow.DataType
		got    string
	}{
		{i64, none, `[1, null, "-9223372036854775808"]`, "int?", i64, `[1 (null) -9223372036854775808]`},
		{arrow.PrimitiveTypes.Int8, none, `[-128, null]`, "int?", i64, `[-128 (null)]`},
		{arrow.PrimitiveTypes.Int16, none, `[-32768]`, "int", i64, `[-32768]`},
		{arrow.PrimitiveTypes.Int32, none, `[-2147483648]`, "int", i64, `[-2147483648]`},
		{arrow.PrimitiveTypes.Uint8, none, `[255]`, "int", i64, `[255]`},
		{arrow.PrimitiveTypes.Uint16, none, `[65535]`, "int", i64, `[65535]`},
		{arrow.PrimitiveTypes.Uint32, none, `[4294967295]`, "int", i64, `[4294967295]`},
		{arrow.PrimitiveTypes.Uint64, none, `["9223372036854775807"]`, "int", i64, `[9223372036854775807]`},
		{f64, none, `[3, -0.0, -9223372036854775808]`, "int", i64, `[3 0 -9223372036854775808]`},
		{arrow.PrimitiveTypes.Float32, none, `[16777216]`, "int", i64, `[16777216]`},
		{fw.Boolean, none, `[true, false, null]`, "int?", i64, `[1 0 (null)]`},
		{dec(20, 2), none, `["12.00", null, "-7"]`, "int?", i64, `[12 (null) -7]`},
		{text, numericMeta, `["12.00", "-7", "9223372036854775807"]`, "int", i64, `[12 -7 9223372036854775807]`},

		{f64, none, `[1.5, null]`, "float?", f64, `[1.5 (null)]`},
		{arrow.PrimitiveTypes.Float32, none, `[0.5]`, "float", f64, `[0.5]`},
		{i64, none, `["9007199254740992", "-9007199254740992"]`, "float", f64, `[9.007199254740992e+15 -9.007199254740992e+15]`},
		{arrow.PrimitiveTypes.Uint64, none, `[7]`, "float", f64, `[7]`},
		{dec(10, 2), none, `["12.30", "-0.01"]`, "float", f64, `[12.3 -0.01]`},
		{text, numericMeta, `["12.30", "NaN", "-Infinity", "1e3"]`, "float", f64, `[12.3 NaN -Inf 1000]`},

		{text, none, `["a", null]`, "str?", text, `["a" (null)]`},
		{arrow.BinaryTypes.LargeString, none, `["a", ""]`, "str", text, `["a" ""]`},
		{text, numericMeta, `["12.30"]`, "str", text, `["12.30"]`},
		{text, jsonMeta, `["{}"]`, "str", text, `["{}"]`},
		{fsb, uuidMeta, `[` + id + `]`, "str", text, `["30313233-3435-3637-3839-616263646566"]`},

		{fw.Boolean, none, `[true, null]`, "bool?", fw.Boolean, `[true (null)]`},
		{i64, none, `[0, 1, null]`, "bool?", fw.Boolean, `[false true (null)]`},
		{arrow.PrimitiveTypes.Int8, none, `[1]`, "bool", fw.Boolean, `[true]`},

		{tz, none, `["2020-01-02 03:04:05.000006"]`, "datetime", tz, `[1577934245000006]`},
		{&arrow.TimestampType{Unit: arrow.Microsecond}, none, `["2020-01-02 03:04:05.000006", null]`, "datetime?", tz, `[1577934245000006 (null)]`},
		{&arrow.TimestampType{Unit: arrow.Second}, none, `["2020-01-02 03:04:05"]`, "datetime", tz, `[1577934245000000]`},
		{&arrow.TimestampType{Unit: arrow.Millisecond}, none, `["2020-01-02 03:04:05.006"]`, "datetime", tz, `[1577934245006000]`},
		{paris, none, `["2020-01-02 03:04:05.000006"]`, "datetime", tz, ``},
		{fw.Date32, none, `["2020-01-02"]`, "datetime", tz, `[1577923200000000]`},
		{fw.Date64, none, `["2020-01-02"]`, "datetime", tz, `[1577923200000000]`},
		{text, none, `["2020-01-02 03:04:05.000006", "2020-01-02T03:04:05+05:30", "1969-12-31T23:59Z", null, "2020-01-02", "2020-01-02 03:04:05 -0100"]`, "datetime?", tz,
			`[1577934245000006 1577914445000000 -60000000 (null) 1577923200000000 1577937845000000]`},

		{fw.Date32, none, `["2020-01-02", null]`, "date?", fw.Date32, `[18263 (null)]`},
		{fw.Date64, none, `["2020-01-02"]`, "date", fw.Date32, `[18263]`},
		{fw.Timestamp_us, none, `["2020-01-02 00:00:00", "1969-12-31 00:00:00"]`, "date", fw.Date32, `[18263 -1]`},
		{&arrow.TimestampType{Unit: arrow.Nanosecond}, none, `["2020-01-02 00:00:00"]`, "date", fw.Date32, `[18263]`},
		{text, none, `["2020-01-02", "0001-01-01", "9999-12-31", "2020-02-29 00:00"]`, "date", fw.Date32, `[18263 -719162 2932896 18321]`},

		{fw.Time64us, none, `["03:04:05.000006"]`, "time", fw.Time64us, `[11045000006]`},
		{fw.Time64ns, none, `["03:04:05.000006"]`, "time", fw.Time64us, `[11045000006]`},
		{fw.Time32s, none, `["03:04:05", null]`, "time?", fw.Time64us, `[11045000000 (null)]`},
		{fw.Time32ms, none, `["03:04:05.006"]`, "time", fw.Time64us, `[11045006000]`},
		{text, none, `["03:04:05.000006", "03:04", "23:59:59.9"]`, "time", fw.Time64us, `[11045000006 11040000000 86399900000]`},

		{fw.Duration_us, none, `[5]`, "timedelta", fw.Duration_us, `[5]`},
		{fw.Duration_s, none, `[-5, null]`, "timedelta?", fw.Duration_us, `[-5000000 (null)]`},
		{fw.Duration_ns, none, `[5000]`, "timedelta", fw.Duration_us, `[5]`},
		{fw.Time64us, none, `["03:04:05"]`, "timedelta", fw.Duration_us, `[11045000000]`},
		{fw.Time32s, none, `["03:04:05"]`, "timedelta", fw.Duration_us, `[11045000000]`},
		{fw.MonthDayNanoInterval, none, `[{"months": 0, "days": -1, "nanoseconds": 1000}]`, "timedelta", fw.Duration_us, `[-86399999999]`},
		{fw.DayTimeInterval, none, `[{"days": 1, "milliseconds": -1}]`, "timedelta", fw.Duration_us, `[86399999000]`},
		{text, none, `["P1DT2H3M4.5S", "-PT1S", "1 day, 2:03:04.500000", "-1 day, 23:59:59", "26:03:04.5", "-00:00:01", "2 days", "P1W", "PT0S"]`, "timedelta", fw.Duration_us,
			`[93784500000 -1000000 93784500000 -1000000 93784500000 -1000000 172800000000 604800000000 0]`},

		{dec(38, 4), none, `["12.3000", null]`, "decimal?", dec(38, 4), ``},
		{i64, none, `[12, "-9223372036854775808"]`, "decimal", text, `["12" "-9223372036854775808"]`},
		{arrow.PrimitiveTypes.Uint64, none, `["18446744073709551615"]`, "decimal", text, `["18446744073709551615"]`},
		{f64, none, `[0.1, 1e21, -0.5]`, "decimal", text, `["0.1" "1000000000000000000000" "-0.5"]`},
		{arrow.PrimitiveTypes.Float32, none, `[0.1]`, "decimal", text, `["0.1"]`},
		{text, numericMeta, `["NaN", "12.30"]`, "decimal", text, `["NaN" "12.30"]`},
		{text, none, `["12.30", "-1e5", "NaN", null]`, "decimal?", text, `["12.30" "-1e5" "NaN" (null)]`},

		{arrow.BinaryTypes.Binary, none, `["AP8=", null]`, "bytes?", arrow.BinaryTypes.Binary, ``},
		{arrow.BinaryTypes.LargeBinary, none, `["AP8="]`, "bytes", arrow.BinaryTypes.Binary, ``},
		{fsb, none, `[` + id + `]`, "bytes", arrow.BinaryTypes.Binary, `["0123456789abcdef"]`},

		{fsb, uuidMeta, `[` + id + `, null]`, "uuid?", fsb, `["0123456789abcdef" (null)]`},
		{fsb, none, `[` + id + `]`, "uuid", fsb, `["0123456789abcdef"]`},
		{arrow.BinaryTypes.Binary, none, `[` + id + `]`, "uuid", fsb, `["0123456789abcdef"]`},
		{text, none, `["30313233-3435-3637-3839-616263646566", "303132333435363738396162636465" , null]`[:39] + `]`, "uuid", fsb, `["0123456789abcdef"]`},
		{text, none, `["30313233343536373839616263646566"]`, "uuid", fsb, `["0123456789abcdef"]`},

		{text, jsonMeta, `["{}"]`, "json", text, `["{}"]`},
		{text, none, `["{}", "[1, 2]", "null", null]`, "json?", text, `["{}" "[1, 2]" "null" (null)]`},

		{arrow.ListOf(i64), none, `[[1, 2], []]`, "list[int]", arrow.ListOfNonNullable(i64), `[[1 2] []]`},
		{arrow.ListOf(arrow.PrimitiveTypes.Int16), none, `[[1, null], null, [], [-3]]`, "list[int?]?", arrow.ListOf(i64), `[[1 (null)] (null) [] [-3]]`},
		{arrow.LargeListOf(text), none, `[["a"], null, ["b", "c"]]`, "list[str?]?", arrow.ListOf(text), `[["a"] (null) ["b" "c"]]`},
		{arrow.FixedSizeListOf(2, i64), none, `[[1, 2], [3, 4]]`, "list[int?]", arrow.ListOf(i64), `[[1 2] [3 4]]`},
		{arrow.ListOf(arrow.ListOf(arrow.PrimitiveTypes.Int32)), none, `[[[1], []], [[2, 3]]]`, "list[list[int?]?]", arrow.ListOf(arrow.ListOf(i64)), `[[[1] []] [[2 3]]]`},

		{arrow.Null, none, `[null, null]`, "int?", i64, `[(null) (null)]`},
		{arrow.Null, none, `[null]`, "uuid?", fsb, `[(null)]`},
		{arrow.Null, none, `[null]`, "list[int]?", arrow.ListOfNonNullable(i64), `[(null)]`},
		{arrow.Null, none, `[]`, "str", text, `[]`},
	} {
		values := c.values
		rec := emptyOr(t, c.from, c.meta, values)
		out, err := apply(t, rec, c.want)
		if err != nil {
			t.Errorf("%s %s to %s: %v", c.from, values, c.want, err)
			continue
		}
		if got := out.Column(0); !arrow.TypeEqual(got.DataType(), c.to) && c.want[:4] != "list" || c.got != "" && plain(got) != c.got {
			t.Errorf("%s %s to %s: got %s %s, want %s %s", c.from, values, c.want, got.DataType(), plain(got), c.to, c.got)
		}
	}
}

func emptyOr(t *testing.T, ft arrow.DataType, m arrow.Metadata, values string) arrow.Record {
	if values != "[]" {
		return record(t, ft, m, values)
	}
	return record(t, ft, m, "[null]").NewSlice(0, 0)
}

// plain prints timestamps, dates, times and durations as numbers.
func plain(a arrow.Array) string {
	switch a.DataType().ID() {
	case arrow.TIMESTAMP, arrow.TIME64, arrow.DURATION:
		return retype(a, i64).String()
	case arrow.DATE32:
		return retype(a, arrow.PrimitiveTypes.Int32).String()
	}
	return a.String()
}

// TestLoss goes through the values that would lose something.
func TestLoss(t *testing.T) {
	fw := arrow.FixedWidthTypes
	for _, c := range []struct {
		from   arrow.DataType
		meta   arrow.Metadata
		values string // the second is at fault
		want   string
		what   string
		hint   string
	}{
		{arrow.PrimitiveTypes.Uint64, none, `[1, "9223372036854775808"]`, "int", "a number that is too large", ""},
		{f64, none, `[1, 1.5]`, "int", "a fraction", ""},
		{f64, none, `[1, 9223372036854775808]`, "int", "a number that is too large", ""},
		{&arrow.Decimal128Type{Precision: 5, Scale: 2}, none, `["1", "1.5"]`, "int", "a fraction", ""},
		{text, numericMeta, `["1", "9223372036854775808"]`, "int", "a number that is too large", ""},
		{text, numericMeta, `["1", "NaN"]`, "int", "text that is no number", ""},
		{i64, none, `[1, "9007199254740993"]`, "float", "an integer beyond 2^53", ""},
		{&arrow.Decimal128Type{Precision: 38, Scale: 2}, none, `["1", "12345678901234567.89"]`, "float", "a number with more digits than a float has", ""},
		{text, numericMeta, `["1", "1e400"]`, "float", "a number that is too large", ""},
		{text, numericMeta, `["1", "1e-400"]`, "float", "a number with more digits than a float has", ""},
		{text, numericMeta, `["1", "1e999999999"]`, "float", "text that is no number", ""},
		{i64, none, `[1, 2]`, "bool", "an integer other than 0 and 1", ""},
		{i64, none, `[1, -1]`, "bool", "an integer other than 0 and 1", ""},
		{&arrow.TimestampType{Unit: arrow.Nanosecond}, none, `["2020-01-01 00:00:00", "2020-01-01 00:00:00.000000001"]`, "datetime", "a fraction finer than a microsecond", ""},
		{text, none, `["2020-01-01", "2020-02-30"]`, "datetime", "text that is no date or time", ""},
		{text, none, `["2020-01-01", "yesterday"]`, "datetime", "text that is no date or time", ""},
		{text, none, `["2020-01-01", "2020-01-01 00:00:00.0000001"]`, "datetime", "a fraction finer than a microsecond", ""},
		{text, none, `["2020-01-01", "2020-01-01 00:00:01"]`, "date", "a time of day", ""},
		{fw.Timestamp_us, none, `["2020-01-01", "2020-01-01 12:00:00"]`, "date", "a time of day", ""},
		{text, none, `["00:00", "24:00"]`, "time", "text that is no time of day", ""},
		{text, none, `["PT1S", "P1M"]`, "timedelta", "a duration with months or years, which have no fixed length", ""},
		{text, none, `["PT1S", "P99999999999999999D"]`, "timedelta", "a time out of range", ""},
		{fw.MonthDayNanoInterval, none, `[{"months": 0, "days": 1, "nanoseconds": 0}, {"months": 1, "days": 1, "nanoseconds": 0}]`, "timedelta", "an interval with months, which have no fixed length", ""},
		{fw.Duration_s, none, `[1, 9223372036854775807]`, "timedelta", "a time out of range", ""},
		{text, none, `["1", "1,5"]`, "decimal", "text that is no number", ""},
		{text, none, `["30313233343536373839616263646566", "x"]`, "uuid", "text that is no uuid", ""},
		{arrow.BinaryTypes.Binary, none, `["MDEyMzQ1Njc4OWFiY2RlZg==", "AA=="]`, "uuid", "binary that is not 16 bytes long", ""},
		{text, none, `["{}", "{"]`, "json", "text that is no JSON", ""},
		{i64, none, `[1, null]`, "int", "null", `declare "c: int?"`},
		{arrow.Null, none, `[null, null]`, "float", "null", `declare "c: float?"`},
		{arrow.ListOf(i64), none, `[[1], null]`, "list[int]", "null", `declare "c: list[int]?"`},
		{arrow.ListOf(i64), none, `[[1, 2, 3], [4, null]]`, "list[int]", "a null in a list", `declare "c: list[int?]"`},
		{arrow.ListOf(f64), none, `[[1, 2, 3], [4, 0.5]]`, "list[int]", "a fraction", ""},
	} {
		expectLoss(t, c.from, c.meta, c.values, c.want, c.what, c.hint)
	}
}

// expectLoss converts values of which the second is at fault.
func expectLoss(t *testing.T, from arrow.DataType, meta arrow.Metadata, values, declared, what, hint string) {
	t.Helper()
	rec := record(t, from, meta, values)
	if from.ID() == arrow.NULL {
		rec = rec.NewSlice(1, 2) // the first null is the fault
	}
	conv, err := Check(rec.Schema(), outputs("c", declared))
	if err != nil {
		t.Errorf("%s to %s: %v", from, declared, err)
		return
	}
	rows := "1"
	if from.ID() != arrow.NULL {
		// A batch before counts its rows.
		if _, err := conv.Apply(rec.NewSlice(0, 1)); err != nil {
			t.Errorf("%s to %s: first row: %v", from, declared, err)
		}
		rows = "3"
	}
	_, err = conv.Apply(rec)
	want := "row " + rows + `, column "c": ` + what + ", declared " + declared
	var e *Error
	if !errors.As(err, &e) || e.Message != want || e.Hint != hint || e.Name != "c" {
		t.Errorf("%s %s to %s:\ngot  %v\nwant %s | %s", from, values, declared, err, want, hint)
	}
}

// TestRefused: what comes cannot become what is declared, whatever its values.
func TestRefused(t *testing.T) {
	all := []arrow.DataType{i64, f64, text, arrow.FixedWidthTypes.Boolean, arrow.FixedWidthTypes.Timestamp_us, arrow.FixedWidthTypes.Date32,
		arrow.FixedWidthTypes.Time64us, arrow.FixedWidthTypes.Duration_us, &arrow.Decimal128Type{Precision: 9, Scale: 2}, arrow.BinaryTypes.Binary,
		&arrow.FixedSizeBinaryType{ByteWidth: 8}, arrow.ListOf(i64), arrow.StructOf()}
	fits := map[string]string{
		"int": "int64 float64 bool decimal(9, 2)", "float": "int64 float64 decimal(9, 2)", "str": "utf8", "bool": "int64 bool",
		"datetime": "utf8 timestamp[us, tz=UTC] date32", "date": "utf8 timestamp[us, tz=UTC] date32", "time": "utf8 time64[us]",
		"timedelta": "int64 utf8 time64[us] duration[us]", "decimal": "int64 float64 utf8 decimal(9, 2)",
		"decimal(5,2)": "int64 float64 utf8 decimal(9, 2)", "bytes": "binary fixed_size_binary[8]",
		"uuid": "utf8 binary fixed_size_binary[8]", "json": "utf8", "list[int]": "list<item: int64, nullable>", "list[str]": "",
	}
	for want, from := range fits {
		var got []string
		for _, ft := range all {
			if _, err := Check(fields("c", ft), outputs("c", want)); err == nil {
				got = append(got, ft.String())
			}
		}
		if s := strings.Join(got, " "); s != from {
			t.Errorf("%s can come from %q, want %q", want, s, from)
		}
	}
}

// TestPassesWithoutCopy: what is already of the declared type is not touched.
func TestPassesWithoutCopy(t *testing.T) {
	rec := record(t, i64, arrow.Metadata{}, `[1, null]`)
	out, err := apply(t, rec, "int?")
	if err != nil || out != rec {
		t.Errorf("another record, %v", err)
	}
	stamps := record(t, &arrow.TimestampType{Unit: arrow.Microsecond}, arrow.Metadata{}, `["2020-01-01"]`)
	if out, err = apply(t, stamps, "datetime"); err != nil || out.Column(0).Data().Buffers()[1] != stamps.Column(0).Data().Buffers()[1] {
		t.Errorf("a timestamp without a time zone was copied, %v", err)
	}
	if out, err = apply(t, rec.NewSlice(0, 1), "int"); err != nil || out.Column(0).Data().Buffers()[1] != rec.Column(0).Data().Buffers()[1] {
		t.Errorf("a column without nulls was copied, %v", err)
	}
}

// TestReleases: a conversion leaves nothing behind of what it was given.
func TestReleases(t *testing.T) {
	mem := memory.NewCheckedAllocator(memory.DefaultAllocator)
	defer mem.AssertSize(t, 0)
	a, _, err := array.FromJSON(mem, arrow.ListOf(arrow.PrimitiveTypes.Int32), strings.NewReader(`[[1, 2], null, [3]]`))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Release()
	rec := array.NewRecord(fields("c", a.DataType()), []arrow.Array{a}, 3)
	defer rec.Release()
	conv, err := Check(rec.Schema(), outputs("c", "list[int]?"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := conv.Apply(rec)
	if err != nil {
		t.Fatal(err)
	}
	out.Release()
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"2020-01-02 03:04:05.000006+05:30", "P1DT2H3M4.5S", "-1 day, 23:59:59", "26:03:04.5", "12.30e-4", "00:00", "", "-0012.500", "1e5", "99999999999999.99999", ".5e1", "1_0"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if v, why := parseDatetime(s); why == "" && (v < -62_170_000_000*microsPerSecond || v > 253_403_000_000*microsPerSecond) {
			t.Errorf("datetime %q is %d", s, v)
		}
		if v, why := parseTime(s); why == "" && (v < 0 || v >= microsPerDay) {
			t.Errorf("time %q is %d", s, v)
		}
		if v, why := parseSpan(s); why == "" && strings.HasPrefix(s, "P") && v < 0 {
			t.Errorf("duration %q is %d", s, v)
		}
		compareDecimals(t, s)
		if b, why := parseUUID(s); why == "" && len(b) != 16 {
			t.Errorf("uuid %q is %x", s, b)
		}
	})
}
