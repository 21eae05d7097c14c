package mysql

import (
	"context"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestTypes holds columns of each type, at their ends, against what Arrow gets.
func TestTypes(t *testing.T) {
	d := open(t)
	server := release(t)
	newIn := map[string]int{"decimal(38,38)": 2, "uuid": 7, "inet6": 5, "inet4": 10} // of MariaDB 10
	for _, c := range []struct{ declared, values, field, want string }{
		{"tinyint(1)", "0,1,NULL", "bool", "false,true,NULL"},
		{"bool", "TRUE,FALSE", "bool", "true,false"},
		{"tinyint(1) unsigned", "0,255", "uint8", "0,255"},
		{"tinyint", "-128,127,NULL", "int8", "-128,127,NULL"},
		{"tinyint unsigned", "0,255", "uint8", "0,255"},
		{"smallint", "-32768,32767", "int16", "-32768,32767"},
		{"smallint unsigned", "65535", "uint16", "65535"},
		{"mediumint", "-8388608,8388607", "int32", "-8388608,8388607"},
		{"mediumint unsigned", "16777215", "uint32", "16777215"},
		{"int", "-2147483648,2147483647,NULL", "int32", "-2147483648,2147483647,NULL"},
		{"int unsigned zerofill", "42,4294967295", "uint32", "42,4294967295"},
		{"bigint", "-9223372036854775808,9223372036854775807", "int64", "-9223372036854775808,9223372036854775807"},
		{"bigint unsigned", "0,18446744073709551615", "uint64", "0,18446744073709551615"},
		{"year", "0,1901,2155,NULL", "int16", "0,1901,2155,NULL"},
		{"float", "1.5,-0.25,3.4e38", "float32", "1.5,-0.25,3.4e+38"},
		{"double", "0.1,-0.25,1.7976931348623157e308,5e-324", "float64", "0.1,-0.25,1.7976931348623157e+308,5e-324"},
		{"double unsigned", "0.5", "float64", "0.5"},
		{"decimal(12,2)", "-9999999999.99,0,12.30,NULL", "decimal(12, 2)", "-9999999999.99,0.00,12.30,NULL"},
		{"decimal(5,0)", "-99999,7", "decimal(5, 0)", "-99999,7"},
		{"decimal(38,38)", "0.00000000000000000000000000000000000001", "decimal(38, 38)", "0.00000000000000000000000000000000000001"},
		{"decimal(38,10) unsigned", "9999999999999999999999999999.9999999999", "decimal(38, 10)", "9999999999999999999999999999.9999999999"},
		{"decimal(39,0)", "999999999999999999999999999999999999999", "utf8 type=numeric", "999999999999999999999999999999999999999"},
		{"decimal(65,30)", "-1.5,NULL", "utf8 type=numeric", "-1.500000000000000000000000000000,NULL"},
		{"date", "'1000-01-01','9999-12-31','0001-01-01',NULL", "date32", "1000-01-01,9999-12-31,0001-01-01,NULL"},
		{"time", "'00:00:00','23:59:59'", "time64[us]", "00:00:00.000000,23:59:59.000000"},
		{"time(6)", "'00:00:00.000001','23:59:59.999999'", "time64[us]", "00:00:00.000001,23:59:59.999999"},
		{"datetime", "'1000-01-01 00:00:00','9999-12-31 23:59:59',NULL", "timestamp[us]", "1000-01-01 00:00:00Z,9999-12-31 23:59:59Z,NULL"},
		{"datetime(6)", "'2024-02-29 12:34:56.789012','1969-12-31 23:59:59.999999'", "timestamp[us]", "2024-02-29 12:34:56.789012Z,1969-12-31 23:59:59.999999Z"},
		{"datetime(3)", "'2024-02-29 00:00:00.120'", "timestamp[us]", "2024-02-29 00:00:00.12Z"},
		{"timestamp(6)", "'2024-02-29 12:34:56.789012'", "timestamp[us, tz=UTC]", "2024-02-29 12:34:56.789012Z"},
		{"timestamp", "'1970-01-01 00:00:01','2038-01-19 03:14:07'", "timestamp[us, tz=UTC]", "1970-01-01 00:00:01Z,2038-01-19 03:14:07Z"},
		{"char(5)", "'a  ','','日本語'", "utf8", "a,,日本語"},
		{"varchar(20)", "'a  ','','😀',NULL", "utf8", "a  ,,😀,NULL"},
		{"varchar(20) character set latin1", "'é'", "utf8", "é"},
		{"varchar(20) character set utf16", "'é😀'", "utf8", "é😀"},
		{"tinytext", "'x'", "utf8", "x"},
		{"text", "'x'", "utf8", "x"},
		{"mediumtext", "'x'", "utf8", "x"},
		{"longtext", "'x'", "utf8", "x"},
		{"enum('a','b,c')", "'a','b,c',NULL", "utf8", "a,b,c,NULL"},
		{"enum('a','b') character set binary", "'a'", "utf8", "a"},
		{"set('a','b','c')", "'a','a,c',''", "utf8", "a,a,c,"},
		{"binary(3)", "'a',x'00ff'", "binary", "YQAA,AP8A"},
		{"varbinary(5)", "x'00ff',''", "binary", "AP8=,"},
		{"tinyblob", "x'00'", "binary", "AA=="},
		{"blob", "x'ff'", "binary", "/w=="},
		{"longblob", "x'ff',NULL", "binary", "/w==,NULL"},
		{"bit(1)", "b'1',b'0'", "binary", "AQ==,AA=="},
		{"bit(64)", "b'1000000000000000000000000000000000000000000000000000000000000001'", "binary", "gAAAAAAAAAE="},
		{"json", `'{"a": [1, null]}',NULL`, "utf8 =arrow.json", `{"a": [1, null]},NULL`},
		{"uuid", "'00112233-4455-6677-8899-aabbccddeeff',NULL", "fixed_size_binary[16] =arrow.uuid", "ABEiM0RVZneImaq7zN3u/w==,NULL"},
		{"inet6", "'::1','2001:db8::ff00:42:8329'", "utf8 type=inet6", "::1,2001:db8::ff00:42:8329"},
		{"inet4", "'192.168.0.1'", "utf8 type=inet4", "192.168.0.1"},
		{"point", "Point(1,2)", "binary type=point", "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA=="},
		{"geometry", "Point(1,2)", "binary type=geometry", "AAAAAAEBAAAAAAAAAAAA8D8AAAAAAAAAQA=="},
	} {
		t.Run(c.declared, func(t *testing.T) {
			if from, ok := newIn[c.declared]; ok && !server.AtLeast("mariadb", 10, from) {
				t.Skipf("%s %d has no such type", server.Product, server.Major)
			}
			if server.Product == "mysql" && c.declared == "point" {
				c.field = "binary type=geometry" // MariaDB alone tells which
			}
			var rows []string
			for i, v := range split(c.values) {
				rows = append(rows, "("+string(rune('0'+i))+","+v+")")
			}
			must(t, d, "DROP TABLE IF EXISTS t", "CREATE TABLE t (k int, v "+c.declared+")", "INSERT INTO t VALUES "+strings.Join(rows, ","))
			x := begin(t, d)
			got := query(t, x, "SELECT v FROM t ORDER BY k")
			check(t, "binary", got, c.field, c.want)
			text := table{}
			if err := x.c.call(ctxOf(t), func() error {
				p, err := x.c.query("SELECT v FROM t ORDER BY k")
				if err != nil {
					return err
				}
				text = readReply(t, x, p)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(c.declared, "float") { // its text has six digits
				check(t, "text", text, c.field, c.want)
			}
		})
	}
}

// split splits SQL values at the commas outside of quotes and parentheses.
func split(s string) (out []string) {
	depth, quoted, from := 0, false, 0
	for i, c := range s {
		switch {
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			out, from = append(out, s[from:i]), i+1
		}
	}
	return append(out, s[from:])
}

func check(t *testing.T, what string, got table, field, want string) {
	t.Helper()
	var values []string
	for _, r := range got.rows {
		values = append(values, r[0])
	}
	if got.types[0] != "v:"+field || strings.Join(values, ",") != want {
		t.Errorf("%s: got %s: %s, want %s: %s", what, got.types[0], strings.Join(values, ","), field, want)
	}
}

// readReply reads the rows of a reply.
func readReply(t *testing.T, x *tx, p reply) table {
	t.Helper()
	r := &rows{tx: x, verb: reads}
	if err := r.open(p); err != nil {
		t.Fatal(whole(err))
	}
	x.rows = r
	b, err := read(ctxOf(t), opened{x, r}, "")
	if err != nil {
		t.Fatal(whole(err))
	}
	return b
}

// opened is a transaction whose next query is open already.
type opened struct {
	*tx
	r *rows
}

func (o opened) Query(context.Context, string, []abi.Value) (sqldb.Rows, error) { return o.r, nil }

// TestMisfits names values that Arrow cannot hold.
func TestMisfits(t *testing.T) {
	d := open(t)
	for _, c := range []struct{ declared, value, want string }{
		{"tinyint(1)", "2", `row 1, column "v": 2 in a column of tinyint(1), which is for bools`},
		{"tinyint(1)", "-1", `row 1, column "v": -1 in a column of tinyint(1), which is for bools`},
		{"date", "'0000-00-00'", `row 1, column "v": 0000-00-00 is not a date`},
		{"date", "'2020-00-00'", `row 1, column "v": 2020-00-00 is not a date`},
		{"date", "'2020-02-00'", `row 1, column "v": 2020-02-00 is not a date`},
		{"datetime", "'0000-00-00 00:00:00'", `row 1, column "v": 0000-00-00 is not a date`},
		{"timestamp", "0", `row 1, column "v": 0000-00-00 is not a date`},
		{"time", "'24:00:00'", `row 1, column "v": a TIME that is no time of day`},
		{"time", "'838:59:59'", `row 1, column "v": a TIME that is no time of day`},
		{"time(6)", "'-00:00:00.000001'", `row 1, column "v": a TIME that is no time of day`},
	} {
		must(t, d, "DROP TABLE IF EXISTS t", "CREATE TABLE t (v "+c.declared+")")
		x := begin(t, d)
		// As a server without a strict mode, in a session of ours.
		if err := x.c.run("SET sql_mode=''"); err != nil {
			t.Fatal(err)
		}
		if _, err := x.Exec(ctxOf(t), "INSERT INTO t VALUES ("+c.value+")", nil, false); err != nil {
			t.Fatal(err)
		}
		_, err := read(ctxOf(t), x, "SELECT v FROM t")
		if e := fails(t, err); e.Message != c.want || e.Code != abi.Convert || e.Hint == "" {
			t.Errorf("%s %s: got %s", c.declared, c.value, whole(err))
		}
		if got := one(t, x, "SELECT COUNT(*) FROM t"); got != "1" {
			t.Errorf("the transaction does not go on: %s", got)
		}
		_ = x.Rollback(ctxOf(t))
	}
}

func TestColumns(t *testing.T) {
	d := open(t)
	x := begin(t, d)
	for sql, want := range map[string]string{
		"SELECT 1 AS a, 2 AS a":                       "a:int32 | a:int32\n1 | 2",
		"SELECT 1 AS ``":                              ":int32\n1",
		"SELECT 1 AS `größe 日本`":                      "größe 日本:int32\n1",
		"SELECT NULL AS n":                            "n:null\nNULL",
		"SELECT 1 AS a WHERE 1 = 0":                   "a:int32",
		"SELECT CAST(NULL AS DECIMAL(10,2)) AS d":     "d:decimal(10, 2)\nNULL",
		"SELECT 18446744073709551615 AS u":            "u:uint64\n18446744073709551615",
		"SELECT COUNT(*) AS c FROM (SELECT 1) q":      "c:int64\n1",
		"SELECT 1 = 1 AS b":                           "b:int32\n1",
		"SELECT CONCAT('a', 1) AS s":                  "s:utf8\na1",
		"SELECT JSON_OBJECT('a', 1) AS j":             "j:utf8 =arrow.json\n{\"a\": 1}",
		"SELECT x'00' AS b":                           "b:binary\nAA==",
		"SELECT 1.50 AS d":                            "d:decimal(3, 2)\n1.50",
		"SELECT 1e0 AS f":                             "f:float64\n1",
		"SELECT 'a' UNION ALL SELECT NULL":            "a:utf8\na\nNULL",
		"SELECT SUM(x) s FROM (SELECT 1 x) q":         "s:decimal(32, 0)\n1",
		"SELECT AVG(x) s FROM (SELECT 1 x) q":         "s:decimal(14, 4)\n1.0000",
		"SELECT TIMESTAMP'2020-01-01 01:02:03' AS ts": "ts:timestamp[us]\n2020-01-01 01:02:03Z",
		"SELECT UNIX_TIMESTAMP('2020-01-01') AS z":    "z:int64\n1577836800",
	} {
		if !x.c.greeting.mariadb() {
			want = strings.ReplaceAll(want, ":int32", ":int64") // its whole numbers are BIGINT
		}
		if got := query(t, x, sql); got.String() != want {
			t.Errorf("%s: got\n%s", sql, got)
		}
	}
}

// TestManyColumns reads as many columns as the server lets a query have.
func TestManyColumns(t *testing.T) {
	d := open(t)
	x := begin(t, d)
	parts := make([]string, maxColumns)
	for i := range parts {
		parts[i] = "NULL"
		if i%3 == 0 {
			parts[i] = "7"
		}
	}
	b := query(t, x, "SELECT "+strings.Join(parts, ","))
	_, err := read(ctxOf(t), x, "SELECT "+strings.Join(append(parts, "1"), ","))
	if e := fails(t, err); x.c.greeting.mariadb() && (e.Code != abi.Limit || e.Message != "the query has 4097 columns, the limit is 4096") {
		t.Error(whole(err))
	}
	if len(b.types) != maxColumns || b.rows[0][0] != "7" || b.rows[0][1] != "NULL" || b.rows[0][4094] != "NULL" {
		t.Error(len(b.types), b.rows[0][4095])
	}
}

// TestS6Charset: a session whose charset was changed reads no texts.
func TestS6Charset(t *testing.T) {
	d := open(t)
	must(t, d, "CREATE TABLE t (v varchar(10)) CHARACTER SET utf8mb4", "INSERT INTO t VALUES ('Ã©')")
	for _, sql := range []string{"SET NAMES latin1", "SET character_set_results = latin1", "SET character_set_results = binary", "SET NAMES utf8mb3"} {
		x := begin(t, d)
		if err := exec(t, x, sql); err != nil {
			t.Fatal(whole(err))
		}
		b, err := read(ctxOf(t), x, "SELECT v FROM t")
		if strings.Contains(sql, "binary") { // its bytes are still UTF-8
			if err == nil && (b.rows[0][0] != "Ã©" && b.rows[0][0] != "w4PCqQ==") {
				t.Errorf("%s: %s", sql, b)
			}
		} else if e := fails(t, err); e.Code != abi.Denied || e.Message != errCharset.Message {
			t.Errorf("%s: %s", sql, whole(err))
		}
		_ = x.Rollback(ctxOf(t))
	}
	if got := one(t, begin(t, d), "SELECT v FROM t"); got != "Ã©" {
		t.Error(got)
	}
}
