package mysql

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
)

func val(k abi.Kind, n int64) abi.Value   { return abi.Value{Type: abi.Type{Kind: k}, Int: n} }
func text(k abi.Kind, s string) abi.Value { return abi.Value{Type: abi.Type{Kind: k}, Str: s} }
func float(x float64) abi.Value           { return abi.Value{Type: abi.Type{Kind: abi.Float}, Float: x} }
func null(k abi.Kind) abi.Value {
	return abi.Value{Type: abi.Type{Kind: k, Nullable: true}, Null: true}
}
func days(y, m, d int) int64 { n, _ := dayOf(y, m, d); return n }
func at(y, m, d int, micros int64) abi.Value {
	return val(abi.Datetime, days(y, m, d)*microsOfDay+micros)
}

// TestParams sends each kind of value, and stores it in a column.
func TestParams(t *testing.T) {
	d := open(t)
	server, zero := release(t), "0"
	if !(server.AtLeast("mariadb", 10, 11) && !server.AtLeast("mariadb", 11, 0)) {
		zero = "-0"
	}
	for _, c := range []struct {
		value            abi.Value
		field, want      string // of the value itself
		declared, stored string // of a column that it was put into
	}{
		{num(math.MinInt64), "int64", "-9223372036854775808", "bigint", "-9223372036854775808"},
		{num(math.MaxInt64), "int64", "9223372036854775807", "decimal(30,2)", "9223372036854775807.00"},
		{val(abi.Bool, 1), "", "", "tinyint(1)", "true"},
		{float(0.1), "float64", "0.1", "double", "0.1"},
		{float(math.Copysign(0, -1)), "float64", zero, "double", zero}, // MariaDB 10.11 makes it 0
		{float(math.MaxFloat64), "float64", "1.7976931348623157e+308", "double", "1.7976931348623157e+308"},
		{float(5e-324), "float64", "5e-324", "double", "5e-324"},
		{str("it's \\ \"q\" `b` ? :x @y {{ }} é😀 \x00 \n%"), "utf8", "it's \\ \"q\" `b` ? :x @y {{ }} é😀 \x00 \n%", "varchar(100)", "it's \\ \"q\" `b` ? :x @y {{ }} é😀 \x00 \n%"},
		{str(""), "utf8", "", "varchar(100)", ""},
		{str(strings.Repeat("é", 1<<20)), "utf8", strings.Repeat("é", 1<<20), "longtext", strings.Repeat("é", 1<<20)},
		{str("12.50"), "utf8", "12.50", "decimal(10,2)", "12.50"},
		{text(abi.Decimal, "12345678901234567890.123456789"), "", "", "decimal(38,9)", "12345678901234567890.123456789"},
		{text(abi.Decimal, "-0.5"), "", "", "decimal(10,2)", "-0.50"},
		{text(abi.Bytes, "\x00\xff'"), "binary", "AP8n", "varbinary(10)", "AP8n"},
		{text(abi.Bytes, ""), "binary", "", "blob", ""},
		{text(abi.UUID, "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"), "utf8", "00112233-4455-6677-8899-aabbccddeeff", "uuid", "ABEiM0RVZneImaq7zN3u/w=="},
		{text(abi.JSON, `{"a":"é"}`), "utf8", `{"a":"é"}`, "json", `{"a":"é"}`},
		{at(2024, 2, 29, 45_296_789_012), "timestamp[us]", "2024-02-29 12:34:56.789012Z", "datetime(6)", "2024-02-29 12:34:56.789012Z"},
		{at(2024, 2, 29, 45_296_000_000), "timestamp[us]", "2024-02-29 12:34:56Z", "timestamp", "2024-02-29 12:34:56Z"},
		{at(1969, 12, 31, microsOfDay-1), "timestamp[us]", "1969-12-31 23:59:59.999999Z", "datetime(6)", "1969-12-31 23:59:59.999999Z"},
		{at(9999, 12, 31, microsOfDay-1), "timestamp[us]", "9999-12-31 23:59:59.999999Z", "datetime(6)", "9999-12-31 23:59:59.999999Z"},
		{val(abi.Date, days(2024, 2, 29)), "date32", "2024-02-29", "date", "2024-02-29"},
		{val(abi.Time, 86_399_999_999), "time64[us]", "23:59:59.999999", "time(6)", "23:59:59.999999"},
		{val(abi.Time, 0), "time64[us]", "00:00:00.000000", "time", "00:00:00.000000"},
		{val(abi.Timedelta, 3_600_000_000), "time64[us]", "01:00:00.000000", "time", "01:00:00.000000"},
		{null(abi.Int), "", "NULL", "int", "NULL"},
		{null(abi.Str), "", "NULL", "varchar(5)", "NULL"},
		{null(abi.Datetime), "", "NULL", "datetime", "NULL"},
		{null(abi.Decimal), "", "NULL", "decimal(5,2)", "NULL"},
	} {
		if c.declared == "uuid" && !server.AtLeast("mariadb", 10, 7) {
			continue
		}
		must(t, d, "DROP TABLE IF EXISTS t", "CREATE TABLE t (v "+c.declared+")")
		x := begin(t, d)
		name := c.value.Type.String() + " into " + c.declared
		ask := "SELECT ? AS v"
		if c.value.Type.Kind == abi.Bytes { // MySQL takes a placeholder that is a column for a text
			ask = "SELECT CAST(? AS BINARY) AS v"
		}
		if got := query(t, x, ask, c.value); c.field != "" && (got.types[0] != "v:"+c.field || got.rows[0][0] != c.want) {
			t.Errorf("%s: itself: got %.200s, want %s %.100s", name, got, c.field, c.want)
		}
		if n, err := x.Exec(ctxOf(t), "INSERT INTO t VALUES (?)", []abi.Value{c.value}, false); n != 1 || err != nil {
			t.Errorf("%s: %v", name, whole(err))
			continue
		}
		if c.declared == "json" && server.Product == "mysql" {
			c.stored = `{"a": "é"}` // it keeps it parsed
		}
		if got := one(t, x, "SELECT v FROM t"); got != c.stored {
			t.Errorf("%s: stored: got %.100q, want %.100q", name, got, c.stored)
		}
		if c.value.Null || c.declared == "json" || c.declared == "longtext" {
		} else if got := one(t, x, "SELECT COUNT(*) FROM t WHERE v = ?", c.value); got != "1" {
			t.Errorf("%s: does not compare equal", name)
		}
		_ = x.Rollback(ctxOf(t))
	}
}

// TestTimedelta: a TIME goes beyond a day, to both sides.
func TestTimedelta(t *testing.T) {
	d := open(t)
	x := begin(t, d)
	most, text := int64(maxTimedelta), "838:59:59.999999"
	if !isMariaDB(t, d) { // it takes no microseconds beyond
		most, text = most-999_999, "838:59:59.000000"
	}
	for v, want := range map[int64]string{
		most: text, -most: "-" + text, -1: "-00:00:00.000001", 90_061_000_000: "25:01:01.000000",
	} {
		if got := one(t, x, "SELECT CAST(CAST(? AS TIME(6)) AS CHAR) v", val(abi.Timedelta, v)); got != want {
			t.Errorf("%d: %s, want %s", v, got, want)
		}
	}
}

// TestDecimalParam: a decimal is compared as such, where a text would be
// compared as a float.
func TestDecimalParam(t *testing.T) {
	x := begin(t, open(t))
	const sql = "SELECT CAST(12345678901234567890.123456789 AS DECIMAL(38,9)) = ? AS same"
	if got := one(t, x, sql, text(abi.Decimal, "12345678901234567890.123456788")); got != "0" {
		t.Error("digits are lost on the way")
	}
	if got := one(t, x, sql, text(abi.Decimal, "12345678901234567890.123456789")); got != "1" {
		t.Error("not equal to itself")
	}
}

func TestParamsRefused(t *testing.T) {
	x := begin(t, open(t))
	for _, c := range []struct {
		sql    string
		params []abi.Value
		code   abi.Errno
		want   string
	}{
		{"SELECT ?", []abi.Value{float(math.NaN())}, abi.Convert, "parameter 1: MySQL has no NaN and no infinities"},
		{"SELECT ?, ?", []abi.Value{num(1), float(math.Inf(-1))}, abi.Convert, "parameter 2: MySQL has no NaN and no infinities"},
		{"SELECT ?", []abi.Value{str("\xff")}, abi.Convert, "parameter 1: the text is not valid UTF-8"},
		{"SELECT ?", []abi.Value{val(abi.Timedelta, maxTimedelta+1)}, abi.Convert, "parameter 1: the timedelta is out of the range of TIME, ±838:59:59"},
		{"SELECT ?", []abi.Value{val(abi.Time, microsOfDay)}, abi.Convert, "parameter 1: the time is out of range"},
		{"SELECT ?", []abi.Value{val(abi.Date, 1<<40)}, abi.Convert, "parameter 1: the date is out of range"},
		{"SELECT ?", []abi.Value{val(abi.Datetime, math.MinInt64)}, abi.Convert, "parameter 1: the datetime is out of range"},
		{"SELECT ?", []abi.Value{text(abi.Decimal, "-"+strings.Repeat("1", 36)+"."+strings.Repeat("1", 30))}, abi.Convert, "parameter 1: the decimal has more digits than MySQL's DECIMAL, 65"},
		{"SELECT 1 LIMIT ?", []abi.Value{num(-1)}, abi.Convert, "parameter 1: LIMIT and OFFSET take an int that is not negative"},
		{"SELECT ? LIMIT ?", []abi.Value{num(-1), null(abi.Int)}, abi.Convert, "parameter 2: LIMIT and OFFSET take an int that is not negative"},
		{"SELECT 1 LIMIT 1, ?", []abi.Value{str("x")}, abi.Convert, "parameter 1: LIMIT and OFFSET take an int that is not negative"},
		{"SELECT 1 LIMIT ? OFFSET ?", []abi.Value{num(1), float(1.5)}, abi.Convert, "parameter 2: LIMIT and OFFSET take an int that is not negative"},
		{"SELECT ?", []abi.Value{text(abi.UUID, "short")}, abi.Convert, "parameter 1: the uuid is out of range"},
		{"SELECT ?", []abi.Value{{Type: abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: abi.Int}}}}, abi.Unsupported, "parameter 1: MySQL has no lists"},
		{"SELECT ?", nil, abi.InvalidArg, "the statement has 1 placeholders, but 0 parameters were given"},
		{"SELECT 1", []abi.Value{num(1)}, abi.InvalidArg, "the statement has 0 placeholders, but 1 parameters were given"},
		{"SELECT LENGTH(?)", []abi.Value{str(strings.Repeat("x", 64<<20))}, abi.Limit, "the statement's parameters are over the 67108863 bytes that the server takes"},
		{"SELECT '" + strings.Repeat("x", 64<<20) + "'", nil, abi.Limit, "the statement is over the 67108863 bytes that the server takes"},
		{"SELECT \x00", nil, abi.InvalidArg, "the statement holds a NUL character"},
		{"SELECT 1; SELECT 2", nil, abi.DB, "You have an error in your SQL syntax; check the manual that corresponds to your MariaDB server version for the right syntax to use near 'SELECT 2' at line 1"},
		{"", nil, abi.InvalidArg, "the statement is empty"},
	} {
		_, err := x.Query(ctxOf(t), c.sql, c.params)
		if !x.c.greeting.mariadb() {
			c.want = strings.Replace(c.want, "MariaDB", "MySQL", 1)
		}
		if e := fails(t, err); e.Code != c.code || e.Message != c.want {
			t.Errorf("%.100s: got %s", c.sql, whole(err))
		}
	}
	if got := one(t, x, "SELECT LENGTH(?) v", str(strings.Repeat("x", 20<<20))); got != "20971520" {
		t.Error("a parameter of more than a packet:", got)
	}
}

// TestCounting finds the placeholders that are numbers of rows.
func TestCounting(t *testing.T) {
	for sql, want := range map[string]string{
		"SELECT ?": "", "SELECT ? LIMIT ?": "1", "SELECT ? FROM t limit ?,? -- ?\n": "1 2", "(SELECT ? LIMIT 5, ?) UNION SELECT ? LIMIT ? OFFSET ?": "1 3 4", "SELECT 'LIMIT ?', ? LIMIT /* ? */\n?": "1",
		"SELECT `a?` LIMIT ?": "0", `SELECT 'it\'s LIMIT ?', "LIMIT \\", ? # LIMIT ?`: "", "SELECT ? FETCH FIRST ? ROWS ONLY": "1", "SELECT ? OFFSET ? ROWS FETCH NEXT ? ROWS WITH TIES": "1 2",
		"SELECT a LIMIT ?) + ?, ?": "0", "SELECT offset, ? LIMIT 1": "", "SELECT limits ?": "", "SELECT ? LIMIT": "", "SELECT 1 LIMIT--\r\n?": "0", "DELETE FROM t WHERE a = ? LIMIT ? RETURNING ?, ?": "1", "SELECT 'open ? LIMIT ?": "", "/* open LIMIT ?": "",
	} {
		if got := strings.Trim(fmt.Sprint(counting(sql)), "[]"); got != want {
			t.Errorf("%s: %s, want %s", sql, got, want)
		}
	}
}

// TestSignificant: zeros at the ends of a decimal are no digits.
func TestSignificant(t *testing.T) {
	for s, want := range map[string]int{"0": 0, "-0.00": 0, "10": 2, "-010.50": 3, "0.001": 3, "00012": 2, "1." + strings.Repeat("0", 70): 1} {
		if got := significant(s); got != want {
			t.Errorf("%s: %d, want %d", s, got, want)
		}
	}
}
