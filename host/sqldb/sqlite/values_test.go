package sqlite_test

import (
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

func value(k abi.Kind) abi.Value { return abi.Value{Type: abi.Type{Kind: k}} }

func intValue(n int64) abi.Value     { v := value(abi.Int); v.Int = n; return v }
func floatValue(x float64) abi.Value { v := value(abi.Float); v.Float = x; return v }
func textOf(k abi.Kind, s string) abi.Value {
	v := value(k)
	v.Str = s
	return v
}
func unitsOf(k abi.Kind, n int64) abi.Value {
	v := value(k)
	v.Int = n
	return v
}

func micros(t *testing.T, s string) int64 {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return at.UnixMicro()
}

// TestRoundTrip stores each kind of value in a column of its type, compares it
// there with itself as a parameter, and reads it back.
func TestRoundTrip(t *testing.T) {
	id := string([]byte{0, 1, 2, 0xff, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	long := strings.Repeat("ä😀'\"\\", 1<<17)
	cases := []struct {
		decl string
		in   abi.Value
		want string // of the Arrow type, and of the value
	}{
		{"INTEGER", intValue(math.MaxInt64), "int64 9223372036854775807"},
		{"INTEGER", intValue(math.MinInt64), "int64 -9223372036854775808"},
		{"", floatValue(math.Copysign(0, -1)), "float64 -0"},
		{"REAL", floatValue(math.Copysign(0, -1)), "float64 0"}, // SQLite stores whole reals of a REAL column as integers
		{"REAL", floatValue(math.MaxFloat64), "float64 1.7976931348623157e+308"},
		{"REAL", floatValue(math.SmallestNonzeroFloat64), "float64 5e-324"},
		{"REAL", floatValue(math.Inf(1)), "float64 +Inf"},
		{"REAL", floatValue(0.1), "float64 0.1"},
		{"BOOLEAN", unitsOf(abi.Bool, 1), "bool true"},
		{"BOOLEAN", unitsOf(abi.Bool, 0), "bool false"},
		{"DATETIME", unitsOf(abi.Datetime, micros(t, "2020-01-02T03:04:05Z")), "timestamp[us] 2020-01-02T03:04:05Z"},
		{"TIMESTAMP", unitsOf(abi.Datetime, micros(t, "2020-01-02T03:04:05.000006Z")), "timestamp[us] 2020-01-02T03:04:05.000006Z"},
		{"TIMESTAMPTZ", unitsOf(abi.Datetime, micros(t, "1969-12-31T23:59:59.999999Z")), "timestamp[us, tz=UTC] 1969-12-31T23:59:59.999999Z"},
		{"TIMESTAMP WITH TIME ZONE", unitsOf(abi.Datetime, micros(t, "0001-01-01T00:00:00Z")), "timestamp[us, tz=UTC] 0001-01-01T00:00:00Z"},
		{"DATETIME", unitsOf(abi.Datetime, micros(t, "9999-12-31T23:59:59.999999Z")), "timestamp[us] 9999-12-31T23:59:59.999999Z"},
		{"DATE", unitsOf(abi.Date, 18263), "date32 2020-01-02"},
		{"DATE", unitsOf(abi.Date, -719162), "date32 0001-01-01"},
		{"TIME", unitsOf(abi.Time, 86399999999), "time64[us] 23:59:59.999999"},
		{"TIME", unitsOf(abi.Time, 0), "time64[us] 00:00:00"},
		{"INTEGER", unitsOf(abi.Timedelta, -90061000001), "int64 -90061000001"},
		{"DECIMAL(10, 2)", textOf(abi.Decimal, "-12345678.90"), "decimal(10, 2) -12345678.90"},
		{"NUMERIC(15,4)", textOf(abi.Decimal, "0.0001"), "decimal(15, 4) 0.0001"},
		{"TEXT", textOf(abi.Decimal, "123456789012345678901234567890.5"), "utf8 123456789012345678901234567890.5"},
		{"BLOB", textOf(abi.Bytes, "\x00\xff\x80"), "binary \x00\xff\x80"},
		{"BLOB", textOf(abi.Bytes, ""), "binary "},
		{"UUID", textOf(abi.UUID, id), "fixed_size_binary[16] " + id},
		{"JSON", textOf(abi.JSON, `{"a":[1,"ü",null]}`), `utf8 {"a":[1,"ü",null]}`},
		{"TEXT", textOf(abi.Str, ""), "utf8 "},
		{"TEXT", textOf(abi.Str, "a\x00b\x00"), "utf8 a\x00b\x00"},
		{"VARCHAR(20)", textOf(abi.Str, `it's "x" \ ; -- /* {{ .x }} :name ?1 $1 %s 😀`), `utf8 it's "x" \ ; -- /* {{ .x }} :name ?1 $1 %s 😀`},
		{"TEXT", textOf(abi.Str, long), "utf8 " + long},
		{"TEXT", abi.Value{Type: abi.Type{Kind: abi.Str, Nullable: true}, Null: true}, "utf8 <null>"},
	}
	tx := memory(t)
	for i, c := range cases {
		exec(t, tx, fmt.Sprintf("CREATE TABLE t%d (v %s)", i, c.decl))
		exec(t, tx, fmt.Sprintf("INSERT INTO t%d VALUES (?)", i), c.in)
		schema, rec := one(t, tx, fmt.Sprintf("SELECT v FROM t%d WHERE v IS ?1", i), c.in)
		if got := schema.Field(0).Type.String() + " " + show(rec.Column(0), 0); got != c.want {
			t.Errorf("%s: got %.200q, want %.200q", c.decl, got, c.want)
		}
	}
}

// show returns a value for comparison.
func show(a arrow.Array, i int) string {
	if a.IsNull(i) || a.DataType().ID() == arrow.NULL {
		return "<null>"
	}
	switch a := a.(type) {
	case *array.Float64:
		return fmt.Sprint(a.Value(i))
	case *array.Timestamp:
		return time.UnixMicro(int64(a.Value(i))).UTC().Format(time.RFC3339Nano)
	case *array.Date32:
		return a.Value(i).ToTime().Format(time.DateOnly)
	case *array.Time64:
		return time.UnixMicro(int64(a.Value(i))).UTC().Format("15:04:05.999999")
	case *array.Decimal128:
		t := a.DataType().(*arrow.Decimal128Type)
		return new(big.Rat).SetFrac(a.Value(i).BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Scale)), nil)).FloatString(int(t.Scale))
	case *array.Binary:
		return string(a.Value(i))
	case *array.FixedSizeBinary:
		return string(a.Value(i))
	case *array.String:
		return a.Value(i)
	}
	return a.ValueStr(i)
}

// TestStoredTexts pins how values are stored, since other programs read them.
func TestStoredTexts(t *testing.T) {
	tx := memory(t)
	for _, c := range []struct {
		in   abi.Value
		want string
	}{
		{intValue(5), "integer 5"}, {floatValue(1), "real 1.0"}, {unitsOf(abi.Bool, 1), "integer 1"},
		{unitsOf(abi.Datetime, micros(t, "2020-01-02T03:04:05Z")), "text 2020-01-02 03:04:05"},
		{unitsOf(abi.Date, 0), "text 1970-01-01"}, {unitsOf(abi.Time, 3723000001), "text 01:02:03.000001"},
		{unitsOf(abi.Timedelta, 1500000), "integer 1500000"}, {textOf(abi.Decimal, "1.50"), "real 1.5"}, {textOf(abi.Decimal, "-7"), "integer -7"}, {textOf(abi.Decimal, "0.1000000000000000001"), "text 0.1000000000000000001"},
		{textOf(abi.UUID, strings.Repeat("\xab", 16)), "text abababab-abab-abab-abab-abababababab"},
		{textOf(abi.JSON, "[1]"), "text [1]"}, {textOf(abi.Bytes, "x"), "blob x"}, {textOf(abi.Str, "x"), "text x"},
	} {
		if _, rec := one(t, tx, "SELECT typeof(?1) || ' ' || ?1", c.in); show(rec.Column(0), 0) != c.want {
			t.Errorf("%v: got %q, want %q", c.in, show(rec.Column(0), 0), c.want)
		}
	}
	exec(t, tx, "CREATE TABLE n (v NUMERIC)")
	exec(t, tx, "INSERT INTO n VALUES (1.5)")
	if _, rec := one(t, tx, "SELECT count(*) FROM n WHERE v = ? AND v < ?", textOf(abi.Decimal, "1.50"), textOf(abi.Decimal, "10")); show(rec.Column(0), 0) != "1" {
		t.Error("a decimal is not compared as a number")
	}
}

func TestParametersRefused(t *testing.T) {
	tx := memory(t)
	for _, c := range []struct {
		sql  string
		in   []abi.Value
		code abi.Errno
		want string
	}{
		{"SELECT ?", []abi.Value{floatValue(math.NaN())}, abi.Convert, "parameter 1: NaN cannot be stored: SQLite would make it null"},
		{"SELECT ?", []abi.Value{value(abi.List)}, abi.Unsupported, "parameter 1: SQLite has no lists"},
		{"SELECT ?, ?", []abi.Value{intValue(1)}, abi.InvalidArg, "the numbers of placeholders and of parameters differ: 2 and 1"},
		{"SELECT 1", []abi.Value{intValue(1)}, abi.InvalidArg, "the numbers of placeholders and of parameters differ: 0 and 1"},
		{"SELECT :name", []abi.Value{intValue(1)}, abi.InvalidArg, `the statement has the named placeholder ":name"`},
		{"SELECT $x, @y", []abi.Value{intValue(1), intValue(1)}, abi.InvalidArg, `the statement has the named placeholder "$x"`},
		{"SELECT ?", []abi.Value{textOf(abi.Str, "\xff")}, abi.Convert, "parameter 1: the text is not valid UTF-8"},
		{"SELECT ?", []abi.Value{unitsOf(abi.Date, 2932897)}, abi.Convert, "parameter 1: the date is out of range"},
		{"SELECT ?", []abi.Value{unitsOf(abi.Time, 86400000000)}, abi.Convert, "parameter 1: the time is out of range"},
		{"SELECT ?", []abi.Value{unitsOf(abi.Datetime, math.MinInt64)}, abi.Convert, "parameter 1: the datetime is out of range"},
		{"SELECT ?", []abi.Value{textOf(abi.UUID, "short")}, abi.Convert, "parameter 1: the uuid is out of range"},
		{"SELECT ?", []abi.Value{{}}, abi.Convert, "parameter 1: the kind of the value is not known"},
	} {
		_, err := tx.Exec(t.Context(), c.sql, c.in, true)
		if e := fault(t, err); e.Code != c.code || e.Message != c.want {
			t.Errorf("%s: %v %q", c.sql, e.Code, e.Message)
		}
	}
	many := make([]abi.Value, 32766)
	for i := range many {
		many[i] = intValue(int64(i))
	}
	list := strings.Repeat(",?", len(many))[1:]
	if _, rec := one(t, tx, "SELECT 32765 IN ("+list+")", many...); show(rec.Column(0), 0) != "1" {
		t.Error("32766 parameters")
	}
	if _, err := tx.Exec(t.Context(), "SELECT 1 IN ("+list+",?)", append(many, intValue(0)), true); fault(t, err).Code != abi.DB {
		t.Error("32767 parameters")
	}
}

// TestDeclaredTypes is the Arrow type, and the metadata, of each declared type.
func TestDeclaredTypes(t *testing.T) {
	for decl, want := range map[string]string{
		"INT": "int64", "INTEGER": "int64", "BIGINT": "int64", "SMALLINT": "int64", "INT8": "int64", "UNSIGNED BIG INT": "int64",
		"BIGINT UNSIGNED": "int64", "TINYINT": "int64", "TINYINT(4)": "int64", "TINYINT(1)": "bool", "BOOL": "bool", "boolean": "bool",
		"REAL": "float64", "DOUBLE PRECISION": "float64", "FLOAT": "float64", "FLOAT(24)": "float64",
		"TEXT": "utf8", "VARCHAR(255)": "utf8", "CHARACTER VARYING(10)": "utf8", "NCHAR(5)": "utf8", "CLOB": "utf8", "LONGTEXT": "utf8",
		"BLOB": "binary", "VARBINARY(16)": "binary", "BYTEA": "binary",
		"DATE": "date32", "TIME": "time64[us]", "DATETIME": "timestamp[us]", "TIMESTAMP": "timestamp[us]",
		"TIMESTAMP(6)": "timestamp[us]", "timestamp with time zone": "timestamp[us, tz=UTC]", "TIMESTAMPTZ": "timestamp[us, tz=UTC]",
		"DECIMAL(38,38)": "decimal(38, 38)", "NUMERIC(10)": "decimal(10, 0)", "numeric ( 5 , 2 )": "decimal(5, 2)",
		"NUMERIC": "null wasmsql.type=numeric", "DECIMAL(39,2)": "null wasmsql.type=decimal(39,2)",
		"JSON": "utf8 ARROW:extension:name=arrow.json", "UUID": "fixed_size_binary[16] ARROW:extension:name=arrow.uuid",
		"GUID": "fixed_size_binary[16] ARROW:extension:name=arrow.uuid", "POINT": "null wasmsql.type=point",
		"INTERVAL": "null wasmsql.type=interval", "STRING": "null wasmsql.type=string", "ENUM_COLOR": "null wasmsql.type=enum_color", "": "null",
	} {
		tx := memory(t)
		exec(t, tx, "CREATE TABLE t (v "+decl+")")
		schema, _, err := query(t, tx, "SELECT v FROM t")
		if err != nil {
			t.Fatal(err)
		}
		f := schema.Field(0)
		got := f.Type.String()
		for i, k := range f.Metadata.Keys() {
			if v := f.Metadata.Values()[i]; v != "" {
				got += " " + k + "=" + v
			}
		}
		if got != want || !f.Nullable {
			t.Errorf("%s: got %s, want %s", decl, got, want)
		}
	}
}

// TestMisfits is what does not fit its column: an error that names the place,
// never a null.
func TestMisfits(t *testing.T) {
	for _, c := range []struct{ decl, value, want string }{
		{"INTEGER", "'abc'", `a text in a column of integers`},
		{"INTEGER", "1.5", `a real in a column of integers`},
		{"INTEGER", "x'00'", `a blob in a column of integers`},
		{"BOOLEAN", "2", `2 in a column of bools`},
		{"BOOLEAN", "'true'", `a text in a column of bools`},
		{"REAL", "'abc'", `a text in a column of reals`},
		{"TEXT", "x'ff'", `a blob in a column of texts`},
		{"TEXT", "CAST(x'ff' AS TEXT)", `a text that is not valid UTF-8`},
		{"BLOB", "'abc'", `a text in a column of blobs`},
		{"BLOB", "1", `an integer in a column of blobs`},
		{"DATE", "'2020-02-30'", `"2020-02-30" is not a date YYYY-MM-DD`},
		{"DATE", "'2020-01-01 00:00:01'", `"2020-01-01 00:00:01" is not a date YYYY-MM-DD`},
		{"DATE", "2459000.5", `a real in a column of dates`},
		{"TIME", "'24:00:00'", `"24:00:00" is not a time HH:MM:SS.ffffff`},
		{"DATETIME", "1577934245", `an integer in a column of timestamps`},
		{"DATETIME", "'now'", `"now" is not a timestamp YYYY-MM-DD HH:MM:SS.ffffff`},
		{"DATETIME", "'2020-01-02 03:04:05.1234567'", `"2020-01-02 03:04:05.1234567" is not a timestamp YYYY-MM-DD HH:MM:SS.ffffff`},
		{"DECIMAL(5,2)", "1.234", `"1.234" does not fit decimal(5,2)`},
		{"DECIMAL(5,2)", "1000", `"1000" does not fit decimal(5,2)`},
		{"DECIMAL(5,2)", "'abc'", `"abc" does not fit decimal(5,2)`},
		{"DECIMAL(5,2)", "9e999", `"+Inf" does not fit decimal(5,2)`},
		{"UUID", "'not a uuid'", `"not a uuid" is not a UUID`},
		{"UUID", "x'0011'", `a blob of 2 bytes in a column of UUIDs`},
		{"JSON", "x'0011'", `a blob in a column of JSON`},
	} {
		tx := memory(t)
		exec(t, tx, `CREATE TABLE t (a, "the col" `+c.decl+`)`)
		exec(t, tx, `INSERT INTO t VALUES (1, NULL), (2, `+c.value+`)`)
		_, _, err := query(t, tx, `SELECT * FROM t`)
		if err == nil {
			t.Errorf("%s %s: fits", c.decl, c.value)
			continue
		}
		if e := fault(t, err); e.Code != abi.Convert || e.Message != `row 2, column "the col": `+c.want || e.Hint == "" {
			t.Errorf("%s %s: %v %q, hint %q", c.decl, c.value, e.Code, e.Message, e.Hint)
		}
	}
}

// TestGuess is the type of a column without a declared one.
func TestGuess(t *testing.T) {
	batch := sqldb.Batch{Rows: 4}
	for _, c := range []struct {
		name, sql, want string
	}{
		{"int", "VALUES (1), (NULL), (3)", "int64: 1 <null> 3"},
		{"nulls first", "VALUES (NULL), (NULL), ('x')", "utf8: <null> <null> x"},
		{"widened", "VALUES (NULL), (1), (2.5), (3)", "float64: <null> 1 2.5 3"},
		{"real first", "VALUES (2.5), (3)", "float64: 2.5 3"},
		{"nulls beyond a batch", "VALUES (NULL), (NULL), (NULL), (NULL), (NULL), (x'41')", "binary: <null> <null> <null> <null> <null> A"},
		{"nulls", "VALUES (NULL), (NULL)", "null: <null> <null>"},
		{"none", "SELECT 1 + 1 AS v WHERE 0", "null:"},
		{"too exact to widen", "VALUES (9007199254740993), (1.5)", `row 2, column "column1": a real in a column with the integer 9007199254740993, which has no equal float`},
		{"too exact to be real", "VALUES (1.5), (9007199254740993)", `row 2, column "column1": 9007199254740993 has no equal float`},
		{"mixed", "VALUES (1), ('x')", `row 2, column "column1": a text in a column of integers`},
		{"real too late", "VALUES (1), (2), (3), (4), (5.5)", `row 5, column "column1": a real in a column of integers`},
		{"value too late", "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i<65) SELECT iif(i<65, NULL, 7) AS v FROM c", `row 65, column "v": an integer in a column that had nulls only so far`},
	} {
		tx := beginOn(t, openURI(t, "sqlite://", sqldb.Config{}), sqldb.TxOptions{Batch: batch})
		schema, recs, err := query(t, tx, c.sql)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = schema.Field(0).Type.String() + ":"
			for _, rec := range recs {
				if rec.NumRows() > 4 {
					t.Errorf("%s: a batch of %d rows", c.name, rec.NumRows())
				}
				for i := range int(rec.NumRows()) {
					got += " " + show(rec.Column(0), i)
				}
			}
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}
