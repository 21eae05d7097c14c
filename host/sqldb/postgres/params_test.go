package postgres_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

func value(k abi.Kind) abi.Value { return abi.Value{Type: abi.Type{Kind: k}} }

func intOf(k abi.Kind, v int64) abi.Value { x := value(k); x.Int = v; return x }

func strOf(k abi.Kind, v string) abi.Value { x := value(k); x.Str = v; return x }

func floatOf(v float64) abi.Value { x := value(abi.Float); x.Float = v; return x }

func nullOf(k abi.Kind) abi.Value {
	return abi.Value{Type: abi.Type{Kind: k, Nullable: true}, Null: true}
}

func listOf(k abi.Kind, v ...abi.Value) abi.Value {
	return abi.Value{Type: abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: k, Nullable: true}}, List: v}
}

// TestParams is what the server takes each parameter for, and prints.
func TestParams(t *testing.T) {
	tx := begin(t)
	long := strings.Repeat("9", 1000) + "." + strings.Repeat("7", 1000)
	all := "quotes ' \" \\ $1 $tag$ :name ? %s {{ .inputs.x }} \x01 \x7f \U0001F600"
	for _, c := range []struct {
		v         abi.Value
		typ, text string
	}{
		{intOf(abi.Int, 5), "integer", "5"}, {intOf(abi.Int, math.MinInt32), "integer", "-2147483648"}, {intOf(abi.Int, math.MaxInt32+1), "bigint", "2147483648"},
		{intOf(abi.Int, math.MinInt64), "bigint", "-9223372036854775808"}, {intOf(abi.Int, math.MaxInt64), "bigint", "9223372036854775807"},
		{floatOf(math.Copysign(0, -1)), "double precision", "-0"}, {floatOf(math.NaN()), "double precision", "NaN"}, {floatOf(math.Inf(-1)), "double precision", "-Infinity"}, {floatOf(5e-324), "double precision", "5e-324"},
		{intOf(abi.Bool, 1), "boolean", "true"}, {intOf(abi.Bool, 0), "boolean", "false"},
		{strOf(abi.Str, all), "text", all}, {strOf(abi.Str, ""), "text", ""}, {strOf(abi.Str, strings.Repeat("ä", 1<<19)), "text", strings.Repeat("ä", 1<<19)},
		{strOf(abi.Bytes, "\x00\xff'"), "bytea", `\x00ff27`}, {strOf(abi.Bytes, ""), "bytea", `\x`},
		{intOf(abi.Date, 0), "date", "1970-01-01"}, {intOf(abi.Date, -719162), "date", "0001-01-01"}, {intOf(abi.Date, 2932896), "date", "9999-12-31"},
		{intOf(abi.Datetime, -1), "timestamp with time zone", "1969-12-31 23:59:59.999999+00"}, {intOf(abi.Datetime, 253402300799999999), "timestamp with time zone", "9999-12-31 23:59:59.999999+00"},
		{intOf(abi.Time, 86399999999), "time without time zone", "23:59:59.999999"}, {intOf(abi.Timedelta, -90_000_001), "interval", "-00:01:30.000001"},
		{intOf(abi.Timedelta, 36*3600*1e6), "interval", "36:00:00"},
		{strOf(abi.Decimal, "-0012.3400"), "numeric", "-12.3400"}, {strOf(abi.Decimal, "0"), "numeric", "0"}, {strOf(abi.Decimal, "-0.000"), "numeric", "0.000"}, {strOf(abi.Decimal, "0.00001"), "numeric", "0.00001"},
		{strOf(abi.Decimal, "100000000"), "numeric", "100000000"}, {strOf(abi.Decimal, "10000.00010000"), "numeric", "10000.00010000"}, {strOf(abi.Decimal, long), "numeric", long},
		{strOf(abi.UUID, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"), "uuid", "00112233-4455-6677-8899-aabbccddeeff"},
		{strOf(abi.JSON, `{"a": [1, "ü"]}`), "jsonb", `{"a": [1, "ü"]}`},
		{listOf(abi.Int, intOf(abi.Int, 1), nullOf(abi.Int)), "integer[]", "{1,NULL}"}, {listOf(abi.Int, intOf(abi.Int, 1<<40)), "bigint[]", "{1099511627776}"}, {listOf(abi.Int), "integer[]", "{}"},
		{listOf(abi.Decimal, strOf(abi.Decimal, "1.50")), "numeric[]", "{1.50}"}, {listOf(abi.Float, floatOf(1.5)), "double precision[]", "{1.5}"}, {listOf(abi.Bool, intOf(abi.Bool, 1)), "boolean[]", "{t}"},
		{listOf(abi.Date, intOf(abi.Date, 0)), "date[]", "{1970-01-01}"}, {listOf(abi.Datetime, intOf(abi.Datetime, 0)), "timestamp with time zone[]", `{"1970-01-01 00:00:00+00"}`},
		{listOf(abi.JSON, strOf(abi.JSON, "{}")), "jsonb[]", "{\"{}\"}"}, {listOf(abi.Bytes, strOf(abi.Bytes, "\x00")), "bytea[]", `{"\\x00"}`},
		{listOf(abi.UUID, strOf(abi.UUID, strings.Repeat("\x01", 16))), "uuid[]", "{01010101-0101-0101-0101-010101010101}"},
	} {
		// The kind of the list, or of the value, decides what a CASE of it is.
		if got := cell(t, tx, "SELECT pg_typeof(x)::text FROM (SELECT $1 AS x) q", c.v); got != c.typ {
			t.Errorf("%v: type %s, want %s", c.v.Type, got, c.typ)
		}
		if got := cell(t, tx, "SELECT x::text FROM (SELECT $1 AS x) q", c.v); got != c.text {
			t.Errorf("%v: got %.80q, want %.80q", c.v.Type, got, c.text)
		}
		if c.v.Type.Kind != abi.List {
			null := nullOf(c.v.Type.Kind)
			want := c.typ
			if want == "bigint" {
				want = "integer"
			}
			if got := cell(t, tx, "SELECT pg_typeof(x)::text || (x IS NULL) FROM (SELECT $1 AS x) q", null); got != want+"true" {
				t.Errorf("null of %v: %s", c.v.Type, got)
			}
		}
	}
}

// TestInferredParams are texts that become what stands beside them, as a
// literal would.
func TestInferredParams(t *testing.T) {
	tx := begin(t)
	exec(t, tx, "CREATE TYPE mood AS ENUM ('sad', 'glad')")
	exec(t, tx, "CREATE TABLE t (u uuid, m mood, d date, n numeric(5,2), i int8, s smallint, v varchar(3), a text[])")
	id := "00112233-4455-6677-8899-aabbccddeeff"
	if n := exec(t, tx, "INSERT INTO t VALUES ($1, $2, $3, $4, $5, $6, $7, $8)", strOf(abi.Str, id), strOf(abi.Str, "glad"), strOf(abi.Str, "2024-01-02"),
		strOf(abi.Str, "1.5"), intOf(abi.Int, 5), intOf(abi.Int, 6), strOf(abi.Str, "abc"), listOf(abi.Str, strOf(abi.Str, `a"b\,{}`), nullOf(abi.Str), strOf(abi.Str, "NULL"), strOf(abi.Str, ""))); n != 1 {
		t.Fatal(n)
	}
	for _, c := range []struct {
		sql string
		v   abi.Value
	}{
		{"u = $1", strOf(abi.Str, id)}, {"m = $1", strOf(abi.Str, "glad")}, {"d = $1", strOf(abi.Str, "2024-01-02")}, {"d = $1", intOf(abi.Date, 19724)},
		{"n = $1", strOf(abi.Str, "1.50")}, {"n = $1", strOf(abi.Decimal, "1.5")}, {"n = $1", floatOf(1.5)}, {"i = $1", intOf(abi.Int, 5)}, {"n > $1", intOf(abi.Int, 1)},
		{"u = ANY($1)", listOf(abi.Str, strOf(abi.Str, id))}, {"m = ANY($1)", listOf(abi.Str, strOf(abi.Str, "glad"))}, {"v = ANY($1)", listOf(abi.Str, strOf(abi.Str, "abc"))},
		{"i = ANY($1)", listOf(abi.Int, intOf(abi.Int, 5))}, {"s = ANY($1)", listOf(abi.Int, intOf(abi.Int, 6))}, {"a[1] = $1", strOf(abi.Str, `a"b\,{}`)},
		{"a[2] IS NULL AND a[3] = $1 AND a[4] = ''", strOf(abi.Str, "NULL")}, {"v LIKE $1", strOf(abi.Str, "%b%")}, {"$1 = 5", intOf(abi.Int, 5)},
	} {
		if got := cell(t, tx, "SELECT count(*) FROM t WHERE "+c.sql, c.v); got != "1" {
			t.Errorf("%s: %s", c.sql, got)
		}
	}
}

// TestUntypedParams are texts that stand beside nothing: they are text, as the
// literals are, in the first statement of a transaction.
func TestUntypedParams(t *testing.T) {
	d := open(t, server(t), sqldb.Config{Access: abi.ReadWrite})
	for _, c := range []struct {
		sql    string
		params []abi.Value
		want   string
	}{
		{"SELECT ($1 IS NULL OR 'x' = $2)::text", []abi.Value{nullOf(abi.Str), nullOf(abi.Str)}, "true"},
		{"SELECT concat($1, '-', $2, $3)", []abi.Value{strOf(abi.Str, "a"), intOf(abi.Int, 5), strOf(abi.Str, "b")}, "a-5b"},
		{"SELECT jsonb_build_object('k', $1)::text", []abi.Value{strOf(abi.Str, "x")}, `{"k": "x"}`},
		{"SELECT format('%s %s', $1, $2)", []abi.Value{listOf(abi.Str, strOf(abi.Str, "x")), strOf(abi.Str, "y")}, `{"x"} y`},
	} {
		for _, opts := range []sqldb.TxOptions{readWrite, {}, {Single: true}, {Single: true}} {
			tx := beginOn(t, d, opts)
			if got := cell(t, tx, c.sql, c.params...); got != c.want {
				t.Errorf("%s: %s", c.sql, got)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	tx := beginOn(t, d, readWrite)
	exec(t, tx, "SELECT 1")
	_, err := tx.Query(t.Context(), "SELECT concat($1)", []abi.Value{strOf(abi.Str, "x")})
	if e := fault(t, err); e.SQLState != "42P18" || e.Hint != "a text parameter has no type of its own: write CAST({{ … }} AS text)" {
		t.Errorf("%+v", e)
	}
}

// TestRoleSettings: what a login's own settings say of arrays does not make a
// text of a null.
func TestRoleSettings(t *testing.T) {
	uri := server(t)
	tx := beginOn(t, open(t, uri, sqldb.Config{Access: abi.ReadWrite}), readWrite)
	exec(t, tx, "ALTER ROLE CURRENT_USER SET array_nulls = off")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	tx = beginOn(t, open(t, uri, sqldb.Config{}), sqldb.TxOptions{})
	if got := cell(t, tx, "SELECT array_to_string($1::text[], ',', '*')", listOf(abi.Str, nullOf(abi.Str), strOf(abi.Str, "NULL"))); got != "*,NULL" {
		t.Error(got)
	}
}

// TestWrongParams are refused before anything is sent, or told with a hint.
func TestWrongParams(t *testing.T) {
	d := open(t, server(t), sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 50}})
	for _, c := range []struct {
		sql           string
		params        []abi.Value
		code          abi.Errno
		message, hint string
	}{
		{"SELECT $1", []abi.Value{strOf(abi.Str, "a\x00b")}, abi.Convert, "parameter 1: the text holds a NUL character, which PostgreSQL cannot store", "pass bytes"},
		{"SELECT $1", []abi.Value{strOf(abi.Str, "\xff")}, abi.Convert, "parameter 1: the text is not valid UTF-8", "pass bytes"},
		{"SELECT $1", []abi.Value{listOf(abi.Str, strOf(abi.Str, "\x00"))}, abi.Convert, "parameter 1: the text holds a NUL character, which PostgreSQL cannot store", "pass bytes"},
		{"SELECT $1, $2", []abi.Value{intOf(abi.Int, 1)}, abi.InvalidArg, "the statement has 2 placeholders, but 1 parameters were given", ""},
		{"SELECT $1", []abi.Value{intOf(abi.Int, 1), intOf(abi.Int, 1)}, abi.InvalidArg, "the statement has 1 placeholders, but 2 parameters were given", ""},
		{"SELECT 1", []abi.Value{intOf(abi.Int, 1)}, abi.InvalidArg, "the statement has 0 placeholders, but 1 parameters were given", ""},
		{"SELECT $1", nil, abi.InvalidArg, "the statement has 1 placeholders, but 0 parameters were given", ""},
		{"SELECT $1", []abi.Value{{Type: abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: abi.Int}}}}}, abi.Unsupported, "parameter 1: a list of lists", "pass it as json"},
		{"SELECT $65536", make([]abi.Value, 65536), abi.Limit, "65536 parameters, PostgreSQL takes 65535", "pass a list as an array: = ANY({{ … }})"},
		{"SELECT to_jsonb($1)", []abi.Value{strOf(abi.Str, "x")}, abi.DB, "could not determine polymorphic type because input has type unknown", "a text parameter has no type of its own: write CAST({{ … }} AS text)"},
		{"SELECT unnest($1)", []abi.Value{listOf(abi.Str, strOf(abi.Str, "x"))}, abi.DB, "function unnest(unknown) is not unique", "Could not choose a best candidate function. You might need to add explicit type casts."},
		{"COMMENT ON SCHEMA public IS $1", []abi.Value{strOf(abi.Str, "x")}, abi.DB, `syntax error at or near "$1"`, "a value cannot stand here: SELECT, VALUES, INSERT, UPDATE, DELETE, MERGE and CALL take some, other statements none"},
		{"CREATE VIEW seen AS SELECT $1", []abi.Value{intOf(abi.Int, 1)}, abi.DB, "there is no parameter $1", "a value cannot stand here: SELECT, VALUES, INSERT, UPDATE, DELETE, MERGE and CALL take some, other statements none"},
		{"SELECT * FROM generate_series(1, 3) i WHERE i = $1", []abi.Value{strOf(abi.Str, "x")}, abi.DB, `invalid input syntax for type integer: "x"`, ""},
		{"SELECT $1::date", []abi.Value{intOf(abi.Date, 1<<40)}, abi.Convert, "parameter 1: the date is out of range", ""},
	} {
		tx := beginOn(t, d, readWrite)
		_, err := tx.Query(t.Context(), c.sql, c.params)
		if e := fault(t, err); e.Code != c.code || e.Message != c.message || e.Hint != c.hint {
			t.Errorf("%s: %v %q %q", c.sql, e.Code, e.Message, e.Hint)
		}
	}
	// As many as a message holds.
	params := make([]abi.Value, 65535)
	for i := range params {
		params[i] = intOf(abi.Int, int64(i))
	}
	var sql strings.Builder
	sql.WriteString("SELECT count(*) FROM generate_series(1, 10) i WHERE i IN (")
	for i := range params {
		fmt.Fprintf(&sql, "$%d,", i+1)
	}
	if got := cell(t, beginOn(t, d, readWrite), sql.String()[:sql.Len()-1]+")", params...); got != "10" {
		t.Error(got)
	}
}
