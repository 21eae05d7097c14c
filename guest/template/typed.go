package template

import (
	"strings"

	"github.com/wasmsql/wasmsql/abi"
)

// Types whose name may stand before a literal: DATE '2020-01-02'.
const (
	mysqlTypes    words = " DATE TIME TIMESTAMP "
	postgresTypes words = " DATE TIME TIMETZ TIMESTAMP TIMESTAMPTZ INTERVAL UUID JSON JSONB JSONPATH XML NUMERIC DECIMAL DEC INT INT2 INT4 INT8 INTEGER" +
		" SMALLINT BIGINT REAL FLOAT FLOAT4 FLOAT8 BOOL BOOLEAN TEXT VARCHAR BPCHAR BYTEA INET CIDR MACADDR MACADDR8 MONEY BIT VARBIT POINT LINE LSEG BOX PATH" +
		" POLYGON CIRCLE TSVECTOR TSQUERY OID REGCLASS REGTYPE INT4RANGE INT8RANGE NUMRANGE TSRANGE TSTZRANGE DATERANGE CITEXT HSTORE GEOMETRY GEOGRAPHY "
	// clockTypes are the words that mean a typed literal wherever they stand
	// before one.
	clockTypes words = " DATE TIME TIMESTAMP INTERVAL "
)

// typeBefore returns the first token of the type before the literal at k:
// DATE, TIMESTAMP(3) WITH TIME ZONE, DOUBLE PRECISION. It is k if the literal
// has none in this dialect.
func typeBefore(sql *dialect, d *draft, t []sqlToken, k int) int {
	types := postgresTypes
	switch sql.name {
	case abi.MySQL:
		types = mysqlTypes
	case abi.SQLite:
		types = clockTypes
	}
	word := func(i int) string {
		if i < 0 {
			return ""
		}
		return t[i].word
	}
	char := func(i int) byte {
		if i < 0 || t[i].kind != sPunct {
			return 0
		}
		return d.text[t[i].start]
	}
	i := k - 1
	zoned := word(i) == "ZONE" && word(i-1) == "TIME" && (word(i-2) == "WITH" || word(i-2) == "WITHOUT")
	if zoned {
		i -= 3
	}
	if sql.name != abi.MySQL && char(i) == ')' && i >= 3 && char(i-2) == '(' && t[i-1].kind == sNumber {
		i -= 3
	}
	switch {
	case word(i) == "PRECISION" && word(i-1) == "DOUBLE" && sql.name == abi.Postgres:
		i--
	case word(i) == "VARYING" && (word(i-1) == "CHARACTER" || word(i-1) == "BIT") && sql.name == abi.Postgres:
		i--
	case !types.has(word(i)), zoned && !words(" TIME TIMESTAMP ").has(word(i)), char(i-1) == '.':
		return k
	case word(i-1) == "AS" || word(i-1) == "ZONE" && word(i) != "INTERVAL":
		return k
	}
	return i
}

// typeText writes the tokens of a type: "timestamp(3) with time zone".
func typeText(d *draft, t []sqlToken) string {
	var b strings.Builder
	for i, x := range t {
		if i > 0 && x.kind == sWord {
			b.WriteByte(' ')
		}
		b.WriteString(strings.ToLower(string(d.text[x.start:x.end])))
	}
	return b.String()
}

// castType is the type that a literal with expressions is cast to. MySQL's
// clocks get six digits behind the second, which a literal has by itself.
func castType(sql *dialect, typ string) string {
	if sql.name != abi.MySQL {
		return typ
	}
	switch typ {
	case "time":
		return "time(6)"
	case "timestamp":
		return "datetime(6)"
	}
	return typ
}

// intervalFields returns how many tokens behind an interval literal belong to
// its type: DAY, HOUR TO SECOND(3).
func intervalFields(t []sqlToken, k int) int {
	const fields words = " YEAR MONTH DAY HOUR MINUTE SECOND "
	n := 0
	word := func() string {
		if k+n < len(t) {
			return t[k+n].word
		}
		return ""
	}
	if !fields.has(word()) {
		return 0
	}
	n++
	if word() == "TO" {
		n++
		if !fields.has(word()) {
			return 0
		}
		n++
	}
	if k+n+2 < len(t) && t[k+n].kind == sPunct && t[k+n].start+1 == t[k+n].end && t[k+n+1].kind == sNumber && word() == "" && t[k+n-1].word == "SECOND" {
		n += 3
	}
	return n
}
