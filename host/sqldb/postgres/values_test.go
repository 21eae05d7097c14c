package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// typeName returns an Arrow type with the metadata of its field.
func typeName(f arrow.Field) string {
	s := f.Type.String()
	if l, ok := f.Type.(*arrow.ListType); ok {
		s = "list<" + typeName(l.ElemField()) + ">"
	}
	for _, key := range []string{sqldb.MetaType, "ARROW:extension:name"} {
		if v, ok := f.Metadata.GetValue(key); ok {
			s += " " + v
		}
	}
	return s
}

// show returns the first value of an array; Arrow itself prints a decimal as
// the nearest float.
func show(a arrow.Array) string {
	if d, ok := a.(*array.Decimal128); ok && d.IsValid(0) {
		return d.Value(0).ToString(d.DataType().(*arrow.Decimal128Type).Scale)
	}
	return a.ValueStr(0)
}

// TestTypes is every type, and what is at its edges.
func TestTypes(t *testing.T) {
	tx := begin(t)
	for _, sql := range []string{
		"CREATE TYPE mood AS ENUM ('sad', 'glad')", "CREATE TYPE pair AS (a int, b text)", "CREATE DOMAIN positive AS int CHECK (VALUE > 0)",
		"CREATE DOMAIN price AS numeric(10,2)", "CREATE DOMAIN cheap AS price CHECK (VALUE < 10)", "CREATE DOMAIN label AS mood",
		"CREATE DOMAIN tags AS text[]", "CREATE TYPE span AS RANGE (subtype = float8)",
	} {
		exec(t, tx, sql)
	}
	const max1000 = "123456789"
	newIn := map[string]int{ // the server's version
		"12345::numeric(3,-2)": 15, "0.00012::numeric(2,5)": 15, "numeric '-Infinity'": 14, "int4multirange(int4range(1,2))": 14,
	}
	for _, c := range [][3]string{
		{"true", "bool", "true"}, {"NULL::bool", "bool", "(null)"},
		{"int2 '-32768'", "int16", "-32768"}, {"int4 '2147483647'", "int32", "2147483647"}, {"(-9223372036854775808)::int8", "int64", "-9223372036854775808"},
		{"oid '4294967295'", "uint32", "4294967295"},
		{"float4 '1.5'", "float32", "1.5"}, {"float8 '-0'", "float64", "-0"}, {"float8 'NaN'", "float64", "NaN"}, {"float8 '-Infinity'", "float64", "-Inf"}, {"float8 '5e-324'", "float64", "5e-324"},
		{"'x'", "utf8", "x"}, {"'ä\U0001F600'::text", "utf8", "ä\U0001F600"}, {"''::varchar(5)", "utf8", ""}, {"'ab'::char(5)", "utf8", "ab   "},
		{"'abc'::name", "utf8", "abc"}, {`'a'::"char"`, "utf8", "a"}, {"'glad'::mood", "utf8", "glad"}, {"'<a>ü</a>'::xml", "utf8", "<a>ü</a>"},
		{`'\x00ff'::bytea`, "binary", "AP8="}, {"''::bytea", "binary", ""},
		{"B'10101'::bit(5)", "binary bit(5)", "qA=="}, {"B'101'::varbit(9)", "utf8 varbit", "101"}, {"B'1'", "utf8 bit", "1"},
		{"date '2024-02-29'", "date32", "2024-02-29"}, {"date '0001-01-01 BC'", "date32", "0000-01-01"}, {"date '4714-11-24 BC'", "date32", "-4713-11-24"},
		{"time '23:59:59.999999'", "time64[us]", "23:59:59.999999"}, {"timetz '12:00:00+05:30'", "utf8 timetz", "12:00:00+05:30"},
		{"timestamp '1999-12-31 23:59:59.999999'", "timestamp[us]", "1999-12-31 23:59:59.999999Z"},
		{"timestamptz '2000-01-01 00:00+02'", "timestamp[us, tz=UTC]", "1999-12-31 22:00:00Z"},
		{"interval '1 year 2 months -3 days 04:05:06.000007'", "month_day_nano_interval", `{"months":14,"days":-3,"nanoseconds":14706000007000}`},
		{"1.50::numeric(10,2)", "decimal(10, 2)", "1.50"}, {"(-0.001)::numeric(38,3)", "decimal(38, 3)", "-0.001"},
		{"99999999999999999999999999999999999999::numeric(38)", "decimal(38, 0)", "99999999999999999999999999999999999999"},
		{"(-12345678.9012)::numeric(38,4)", "decimal(38, 4)", "-12345678.9012"},
		{"12345::numeric(3,-2)", "decimal(5, 0)", "12300"}, {"0.00012::numeric(2,5)", "decimal(5, 5)", "0.00012"}, {"0::numeric(5,3)", "decimal(5, 3)", "0.000"},
		{"1.500", "utf8 numeric", "1.500"}, {"1::numeric(39,0)", "utf8 numeric", "1"}, {"numeric 'NaN'", "utf8 numeric", "NaN"}, {"numeric '-Infinity'", "utf8 numeric", "-Infinity"},
		{"repeat('" + max1000 + "', 100)::numeric", "utf8 numeric", strings.Repeat(max1000, 100)},
		{"uuid '00112233-4455-6677-8899-aabbccddeeff'", "fixed_size_binary[16] arrow.uuid", "ABEiM0RVZneImaq7zN3u/w=="},
		{`'{"a": [1,  2]}'::json`, "utf8 arrow.json", `{"a": [1,  2]}`}, {`'{"a":[1,  2]}'::jsonb`, "utf8 arrow.json", `{"a": [1, 2]}`},
		{"'1234.5'::money", "utf8 money", "$1,234.50"}, {"inet '10.0.0.1/8'", "utf8 inet", "10.0.0.1/8"}, {"cidr '10.0.0.0/8'", "utf8 cidr", "10.0.0.0/8"}, {"macaddr '08:00:2b:01:02:03'", "utf8 macaddr", "08:00:2b:01:02:03"},
		{"int4range(1, 5)", "utf8 int4range", "[1,5)"}, {"span(1.5, NULL)", "utf8 span", "[1.5,)"}, {"int4multirange(int4range(1,2))", "utf8 int4multirange", "{[1,2)}"},
		{"ROW(1, 'x y')::pair", "utf8 pair", `(1,"x y")`}, {"ROW(1, NULL)", "utf8 record", "(1,)"}, {"point '(1,2)'", "utf8 point", "(1,2)"},
		{"to_tsvector('simple', 'b a')", "utf8 tsvector", "'a':2 'b':1"}, {"'pg_class'::regclass", "utf8 regclass", "pg_class"}, {"pg_sleep(0)", "utf8 void", ""},
		{"5::positive", "int32", "5"}, {"1.5::price", "decimal(10, 2)", "1.50"}, {"1.5::cheap", "decimal(10, 2)", "1.50"}, {"'sad'::label", "utf8", "sad"}, {"'{a}'::tags", "list<utf8>", `["a"]`},
		{"ARRAY[1, NULL, 3]", "list<int32>", "[1,null,3]"}, {"'{}'::int8[]", "list<int64>", "[]"}, {"NULL::text[]", "list<utf8>", "(null)"}, {"'[0:1]={7,8}'::int2[]", "list<int16>", "[7,8]"},
		{`ARRAY['a"b', NULL, '']`, "list<utf8>", `["a\"b",null,""]`}, {"ARRAY['sad','glad']::mood[]", "list<utf8>", `["sad","glad"]`}, {"ARRAY[true]", "list<bool>", "[true]"},
		{"ARRAY[1.5, 'NaN', 1000000, 0.0001, -20.50]::numeric[]", "list<utf8 numeric>", `["1.5","NaN","1000000","0.0001","-20.50"]`}, {"ARRAY[1.5]::numeric(5,2)[]", "list<decimal(5, 2)>", `["1.5"]`},
		{"ARRAY[date '2000-01-01']", "list<date32>", `["2000-01-01"]`}, {"ARRAY['{}']::jsonb[]", "list<utf8 arrow.json>", `["{}"]`}, {"ARRAY[timestamptz '2000-01-01 00:00Z']", "list<timestamp[us, tz=UTC]>", `["2000-01-01 00:00:00"]`},
		{"ARRAY[inet '1.1.1.1']", "utf8 inet[]", "{1.1.1.1}"}, {"ARRAY[5]::positive[]", "utf8 positive[]", "{5}"}, {"ARRAY[ROW(1,'x')::pair]", "utf8 pair[]", `{"(1,x)"}`},
	} {
		if v := newIn[c[0]]; v > 0 && !since(t, tx, v) {
			continue
		}
		schema, rec := one(t, tx, "SELECT "+c[0])
		if got := typeName(schema.Field(0)); got != c[1] {
			t.Errorf("%s: type %q, want %q", c[0], got, c[1])
		}
		if got := show(rec.Column(0)); got != c[2] {
			t.Errorf("%s: got %q, want %q", c[0], got, c[2])
		}
	}
}

// TestUnfit are values that Arrow cannot hold: errors that name row and column
// and leave the transaction usable.
func TestUnfit(t *testing.T) {
	tx := begin(t)
	for _, c := range [][3]string{
		{"date 'infinity'", "the date infinity, which Arrow does not have", "write CAST(… AS text) for the value as it is, or NULLIF(…, 'infinity')"},
		{"date '-infinity'", "the date -infinity, which Arrow does not have", "write CAST(… AS text) for the value as it is, or NULLIF(…, '-infinity')"},
		{"timestamp 'infinity'", "the timestamp infinity, which Arrow does not have", "write CAST(… AS text) for the value as it is, or NULLIF(…, 'infinity')"},
		{"timestamptz '-infinity'", "the timestamptz -infinity, which Arrow does not have", "write CAST(… AS text) for the value as it is, or NULLIF(…, '-infinity')"},
		{"timestamp '294276-12-31 23:59:59.999999'", "a timestamp after the year 294246, which Arrow does not have", "write CAST(… AS text) for the value as it is"},
		{"time '24:00'", "the time 24:00:00, which Arrow does not have", "write CAST(… AS text) for the value as it is"},
		{"interval '178000000 hours'", "an interval of more than 292 years of hours, which Arrow does not have", "write CAST(… AS text) for the value as it is, or justify_hours(…)"},
		{"'NaN'::numeric(5,2)", "the numeric NaN, which a decimal does not have", "write CAST(… AS text) for the value as it is or AS float8"},
		{"ARRAY[[1,2],[3,4]]", "an array of 2 dimensions in a column of lists", "write to_jsonb(…), or write CAST(… AS text) for the value as it is"},
		{"ARRAY[date 'infinity']", "the date infinity, which Arrow does not have", "write CAST(… AS text) for the value as it is, or NULLIF(…, 'infinity')"},
	} {
		typ := "pg_typeof(" + c[0] + ")"
		_, _, err := query(t, tx, fmt.Sprintf(`SELECT v AS "the column" FROM generate_series(1, 4) i LEFT JOIN (SELECT 3 AS j, %s AS v) x ON i = j ORDER BY i`, c[0]))
		if e := fault(t, err); e.Code != abi.Convert || e.Message != `row 3, column "the column": `+c[1] || e.Hint != c[2] {
			t.Errorf("%s: %+v", c[0], e)
		}
		if got := cell(t, tx, "SELECT "+typ+"::text IS NOT NULL"); got != "true" {
			t.Error(got)
		}
	}
	if got := cell(t, tx, "SELECT timestamp '294246-12-31 23:59:59'"); got != "294246-12-31 23:59:59Z" {
		t.Error(got)
	}
}

// TestNames are names of columns that nobody expects, and how many there may
// be.
func TestNames(t *testing.T) {
	tx := begin(t)
	schema, _ := one(t, tx, "SELECT 1, 2 AS a, 3 AS a, 4 AS \"ü\"\"\U0001F600\", 5")
	var names []string
	for _, f := range schema.Fields() {
		names = append(names, f.Name)
	}
	if want := []string{"?column?", "a", "a", "ü\"\U0001F600", "?column?"}; !slices.Equal(names, want) {
		t.Errorf("%q", names)
	}
	schema, rec := one(t, tx, "SELECT "+strings.Repeat("1,", 1599)+"'x'")
	if schema.NumFields() != 1600 || rec.Column(1599).ValueStr(0) != "x" {
		t.Error(schema.NumFields())
	}
	schema, recs, err := query(t, tx, "SELECT 1 AS a, 'x' AS b WHERE false")
	if err != nil || len(recs) != 0 || schema.NumFields() != 2 {
		t.Error(schema, recs, err)
	}
}

// TestD6InvalidText: a database of the encoding SQL_ASCII holds any bytes. A
// text that is no UTF-8 is an error, of the server's or of ours, and is never
// altered.
func TestD6InvalidText(t *testing.T) {
	at := sqldbtest.PostgresDatabase(t)
	admin, err := pgconn.Connect(t.Context(), at.AdminURI)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	name := random(at) + "_bytes"
	if err := admin.Exec(t.Context(), "CREATE DATABASE "+name+" ENCODING SQL_ASCII TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'").Close(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, sql := range []string{"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'", "DROP DATABASE " + name} {
			if err := admin.Exec(context.Background(), sql).Close(); err != nil {
				t.Error(err)
			}
		}
	})
	d := open(t, strings.Replace(at.AdminURI, "/"+random(at), "/"+name, 1), sqldb.Config{})
	tx := beginOn(t, d, sqldb.TxOptions{})
	exec(t, tx, "SELECT 1")
	_, _, err = query(t, tx, `SELECT v FROM (VALUES (1, E'a\xc3\xa9'), (2, E'a\xff')) x(n, v) ORDER BY n`)
	e := fault(t, err)
	if told := e.Code == abi.Convert && strings.HasPrefix(e.Message, `row 2, column "v"`); !told && e.SQLState != "22021" || e.Hint == "" {
		t.Errorf("%+v", e)
	}
	// What the hint says is so.
	tx = beginOn(t, d, sqldb.TxOptions{})
	if got := cell(t, tx, `SELECT convert_from(convert(convert_to(E'a\xff', 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'UTF8')`); got != "aÿ" {
		t.Error(got)
	}
}
