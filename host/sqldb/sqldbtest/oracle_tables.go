package sqldbtest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
)

var oracles = map[abi.Dialect]*oracle{
	abi.SQLite: {
		columns: sqliteColumns, run: sqlite3, null: "NULL", fields: quotedFields,
		print: func(query string) string { return ".mode quote\n" + query + ";\n" },
	},
	abi.Postgres: {
		columns: postgresColumns, null: `\N`, fields: escapedFields(`\N`),
		run:   func(uri, sql string) (string, error) { return (&Server{kind: &postgres}).Client(uri, sql) },
		print: func(query string) string { return "SET intervalstyle = iso_8601;\nCOPY (" + query + ") TO STDOUT;\n" },
	},
	abi.MySQL: {
		columns: mariadbColumns, null: "NULL", fields: escapedFields("NULL"),
		run: func(uri, sql string) (string, error) {
			return (&Server{kind: &mariadb}).Client(uri, "SET time_zone = '+00:00';\n"+sql)
		},
		print: func(query string) string { return query + ";\n" },
	},
}

func sqlText(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// quoted makes SQL texts of what a generator returns.
func quoted(f func(*rand.Rand) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return sqlText(f(r)) }
}

var sqliteColumns = []oracleColumn{
	{name: "i", decl: "INTEGER", literal: integer(63, true), text: plain},
	{name: "f", decl: "REAL", literal: double, equal: sameFloat(64)},
	{name: "b", decl: "BOOLEAN", literal: either("0", "1"), text: func(a arrow.Array, i int) string {
		return strconv.Itoa(map[bool]int{true: 1}[a.(*array.Boolean).Value(i)])
	}},
	// A line break within a text would end the line.
	{name: "t", decl: "TEXT", literal: quoted(func(r *rand.Rand) string { return words(r, 20) }), shown: "CASE WHEN t NOT NULL THEN hex(t) END", text: func(a arrow.Array, i int) string {
		return sqlText(fmt.Sprintf("%X", a.(*array.String).Value(i)))
	}},
	{name: "x", decl: "BLOB", literal: func(r *rand.Rand) string { return "x'" + hexadecimal(r, 20) + "'" }, text: func(a arrow.Array, i int) string {
		return fmt.Sprintf("X'%x'", a.(*array.Binary).Value(i))
	}},
	{name: "d", decl: "DATE", literal: quoted(func(r *rand.Rand) string { return dateText(r, day1, day9999) }), text: inQuotes(asShown)},
	{name: "h", decl: "TIME", literal: quoted(clockText), text: inQuotes(asShown)},
	{name: "ts", decl: "DATETIME", literal: quoted(func(r *rand.Rand) string { return dateText(r, day1, day9999) + " " + clockText(r) }), text: inQuotes(timestampText(""))},
	{name: "dec", decl: "DECIMAL(12,3)", literal: decimal(9, 3), equal: func(a arrow.Array, i int, printed string) bool {
		// SQLite keeps it as a float, whose nearest decimal it is.
		x, err := strconv.ParseFloat(printed, 64)
		got, err2 := strconv.ParseFloat(showCell(a, i), 64)
		return err == nil && err2 == nil && got == x
	}},
	{name: "u", decl: "UUID", literal: quoted(uuidText), text: inQuotes(asShown)},
	{name: "j", decl: "JSON", literal: quoted(func(r *rand.Rand) string { return `{"a": [` + integer(32, true)(r) + `, "é"]}` }), text: inQuotes(stringText)},
}

func inQuotes(text func(arrow.Array, int) string) func(arrow.Array, int) string {
	return func(a arrow.Array, i int) string { return sqlText(text(a, i)) }
}

// quotedFields reads a line of SQL literals with commas between them.
func quotedFields(line string) []string {
	var cells []string
	start, in := 0, false
	for i := range len(line) {
		switch {
		case line[i] == '\'':
			in = !in
		case line[i] == ',' && !in:
			cells = append(cells, line[start:i])
			start = i + 1
		}
	}
	return append(cells, line[start:])
}

var mariadbColumns = []oracleColumn{
	{name: "i1", decl: "TINYINT", literal: integer(8, true), text: plain},
	{name: "i2", decl: "SMALLINT", literal: integer(16, true), text: plain},
	{name: "i3", decl: "MEDIUMINT", literal: integer(24, true), text: plain},
	{name: "i4", decl: "INT", literal: integer(32, true), text: plain},
	{name: "i8", decl: "BIGINT", literal: integer(64, true), text: plain},
	{name: "u1", decl: "TINYINT UNSIGNED", literal: integer(8, false), text: plain},
	{name: "u2", decl: "SMALLINT UNSIGNED", literal: integer(16, false), text: plain},
	{name: "u3", decl: "MEDIUMINT UNSIGNED", literal: integer(24, false), text: plain},
	{name: "u4", decl: "INT UNSIGNED", literal: integer(32, false), text: plain},
	{name: "u8", decl: "BIGINT UNSIGNED", literal: integer(64, false), text: plain},
	{name: "f4", decl: "FLOAT", literal: single, shown: "CAST(f4 AS DOUBLE)", equal: sameFloat(64)},
	{name: "f8", decl: "DOUBLE", literal: double, equal: sameFloat(64)},
	{name: "d1", decl: "DECIMAL(12,3)", literal: decimal(9, 3), text: asShown},
	{name: "d2", decl: "DECIMAL(38,10)", literal: decimal(28, 10), text: asShown},
	{name: "d3", decl: "DECIMAL(65,30)", literal: decimal(35, 30), text: stringText},
	{name: "b", decl: "BOOLEAN", literal: either("0", "1"), text: func(a arrow.Array, i int) string {
		return strconv.Itoa(map[bool]int{true: 1}[a.(*array.Boolean).Value(i)])
	}},
	{name: "t", decl: "TEXT", literal: mysqlText(20), text: stringText},
	{name: "v", decl: "VARCHAR(30)", literal: mysqlText(20), text: stringText},
	{name: "c", decl: "CHAR(20)", literal: mysqlText(20), text: stringText},
	{name: "l", decl: "VARCHAR(9) CHARACTER SET latin1", literal: either("'é'", "'£ab'", "''"), text: stringText},
	{name: "e", decl: "ENUM('a', 'b c', 'ü')", literal: either("'a'", "'b c'", "'ü'"), text: stringText},
	{name: "s", decl: "SET('a', 'b', 'c')", literal: either("''", "'a'", "'a,c'", "'a,b,c'"), text: stringText},
	{name: "x", decl: "BLOB", literal: func(r *rand.Rand) string { return "x'" + hexadecimal(r, 20) + "'" }, shown: "HEX(x)", text: hexText("", "%X")},
	{name: "y", decl: "BINARY(6)", literal: func(r *rand.Rand) string { return "x'" + hexadecimal(r, 6) + "'" }, shown: "HEX(y)", text: hexText("", "%X")},
	{name: "bits", decl: "BIT(11)", literal: integer(11, false), shown: "HEX(bits)", text: func(a arrow.Array, i int) string {
		v := a.(*array.Binary).Value(i)
		return strings.ToUpper(strconv.FormatUint(uint64(v[0])<<8|uint64(v[1]), 16))
	}},
	{name: "year", decl: "YEAR", literal: either("1901", "2000", "2155", "0"), equal: func(a arrow.Array, i int, printed string) bool {
		return fmt.Sprintf("%04s", a.ValueStr(i)) == printed
	}},
	{name: "d", decl: "DATE", literal: quoted(func(r *rand.Rand) string { return dateText(r, day1, day9999) }), text: asShown},
	{name: "h", decl: "TIME(6)", literal: quoted(clockText), text: fraction(asShown)},
	{name: "dt", decl: "DATETIME(6)", literal: quoted(func(r *rand.Rand) string { return dateText(r, day1000, day9999) + " " + clockText(r) }), text: fraction(timestampText(""))},
	{name: "dt0", decl: "DATETIME", literal: quoted(func(r *rand.Rand) string { return dateText(r, day1000, day9999) + " 01:02:03" }), text: timestampText("")},
	{name: "ts", decl: "TIMESTAMP(6) NULL", literal: quoted(func(r *rand.Rand) string { return dateText(r, day1971, day2037) + " " + clockText(r) }), text: fraction(timestampText(""))},
	{name: "j", decl: "JSON", literal: quoted(func(r *rand.Rand) string { return `{"a": [` + integer(32, true)(r) + `, "é"]}` }), text: stringText},
	{name: "u", decl: "UUID", on: "mariadb10_7", literal: quoted(uuid4Text), text: func(a arrow.Array, i int) string { return strings.Trim(showCell(a, i), `"`) }},
	{name: "ip", decl: "INET6", on: "mariadb", literal: either("'::1'", "'2001:db8::ff00:42:8329'", "'::ffff:1.2.3.4'"), text: stringText},
}

// mysqlText returns random texts, with MySQL's backslashes.
func mysqlText(n int) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return sqlText(strings.ReplaceAll(words(r, n), `\`, `\\`)) }
}
