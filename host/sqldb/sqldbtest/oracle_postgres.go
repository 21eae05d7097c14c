package sqldbtest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

var postgresColumns = []oracleColumn{
	{name: "i2", decl: "SMALLINT", literal: quoted(integer(16, true)), text: plain},
	{name: "i4", decl: "INTEGER", literal: quoted(integer(32, true)), text: plain},
	{name: "i8", decl: "BIGINT", literal: quoted(integer(64, true)), text: plain},
	{name: "o", decl: "OID", literal: quoted(integer(32, false)), text: plain},
	{name: "f4", decl: "REAL", literal: special(single), equal: sameFloat(32)},
	{name: "f8", decl: "DOUBLE PRECISION", literal: special(double), equal: sameFloat(64)},
	{name: "n1", decl: "NUMERIC(12,3)", literal: decimal(9, 3), text: asShown},
	{name: "n2", decl: "NUMERIC(38,10)", literal: decimal(28, 10), text: asShown},
	{name: "n3", decl: "NUMERIC", literal: special(decimal(80, 80)), text: stringText},
	{name: "n4", decl: "NUMERIC(60,20)", literal: decimal(40, 20), text: stringText},
	{name: "n5", decl: "NUMERIC(8,-3)", on: "postgres15", literal: decimal(11, 0), text: asShown},
	{name: "b", decl: "BOOLEAN", literal: either("true", "false"), text: func(a arrow.Array, i int) string { return showCell(a, i)[:1] }},
	{name: "t", decl: "TEXT", literal: quoted(func(r *rand.Rand) string { return words(r, 20) }), text: stringText},
	{name: "v", decl: "VARCHAR(20)", literal: quoted(func(r *rand.Rand) string { return words(r, 20) }), text: stringText},
	{name: "c", decl: "CHAR(20)", literal: quoted(func(r *rand.Rand) string { return words(r, 20) }), text: stringText},
	{name: "x", decl: "BYTEA", literal: func(r *rand.Rand) string { return `'\x` + hexadecimal(r, 20) + "'" }, text: hexText(`\x`, "%x")},
	{name: "bits", decl: "BIT(11)", literal: func(r *rand.Rand) string { return fmt.Sprintf("B'%011b'", r.IntN(1<<11)) }, text: bitText(11)},
	{name: "d", decl: "DATE", literal: quoted(func(r *rand.Rand) string { return farDate(r, 2145042905) }), text: christian(asShown)},
	{name: "h", decl: "TIME", literal: quoted(clockText), text: asShown},
	{name: "ts", decl: "TIMESTAMP", literal: quoted(func(r *rand.Rand) string { return farTime(r, "") }), text: christian(timestampText(""))},
	{name: "tz", decl: "TIMESTAMPTZ", literal: quoted(func(r *rand.Rand) string { return farTime(r, "+00") }), text: christian(timestampText("+00"))},
	{name: "iv", decl: "INTERVAL", literal: func(r *rand.Rand) string {
		months, days, micros := r.IntN(4800)-2400, r.IntN(20000)-10000, r.Int64N(18e15)-9e15
		// PostgreSQL before 15 takes at most 31 bits of each.
		return fmt.Sprintf("'%d months %d days %d hours %d seconds %d microseconds'", months, days, micros/3_600_000_000, micros/1_000_000%3600, micros%1_000_000)
	}, equal: sameInterval},
	{name: "u", decl: "UUID", literal: quoted(uuidText), text: asShown},
	{name: "j", decl: "JSON", literal: quoted(func(r *rand.Rand) string { return `{"a":  [` + integer(32, true)(r) + `, "é"]}` }), text: stringText},
	{name: "jb", decl: "JSONB", literal: quoted(func(r *rand.Rand) string { return `{"b":  [` + integer(32, true)(r) + `, "é"], "a": 1.10}` }), text: stringText},
	{name: "ai", decl: "INTEGER[]", literal: arrayOf(integer(32, true)), text: arrayText(plain)},
	{name: "at", decl: "TEXT[]", literal: arrayOf(func(r *rand.Rand) string { return arrayQuote(words(r, 8)) }), text: arrayText(stringText)},
	{name: "an", decl: "NUMERIC(8,2)[]", literal: arrayOf(decimal(6, 2)), text: arrayText(asShown)},
	{name: "af", decl: "NUMERIC[]", literal: arrayOf(decimal(30, 30)), text: arrayText(stringText)},
	{name: "ad", decl: "DATE[]", literal: arrayOf(func(r *rand.Rand) string { return dateText(r, day1, day9999) }), text: arrayText(asShown)},
	{name: "ab", decl: "BOOLEAN[]", literal: arrayOf(either("t", "f")), text: arrayText(func(a arrow.Array, i int) string { return showCell(a, i)[:1] })},
	{name: "r", decl: "INT4RANGE", literal: func(r *rand.Rand) string { n := r.IntN(1000); return fmt.Sprintf("'[%d,%d)'", n, n+r.IntN(9)) }, text: stringText},
	{name: "ip", decl: "INET", literal: func(r *rand.Rand) string {
		return fmt.Sprintf("'%d.%d.0.1/%d'", r.IntN(256), r.IntN(256), r.IntN(33))
	}, text: stringText},
	{name: "ttz", decl: "TIMETZ", literal: quoted(func(r *rand.Rand) string { return clockText(r) + "+05:45" }), text: stringText},
	{name: "p", decl: "POINT", literal: func(r *rand.Rand) string { return fmt.Sprintf("'(%d,0.1)'", r.IntN(99)) }, text: stringText},
}

// special makes some numbers NaN, and quotes all.
func special(f func(*rand.Rand) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		if r.IntN(20) == 0 {
			return "'NaN'"
		}
		return sqlText(f(r))
	}
}

// bitText is the text of a bit(n): the first bit is the first of the bytes.
func bitText(n int) func(arrow.Array, int) string {
	return func(a arrow.Array, i int) string {
		var b strings.Builder
		for _, c := range a.(*array.Binary).Value(i) {
			fmt.Fprintf(&b, "%08b", c)
		}
		return b.String()[:n]
	}
}

// farDate returns a day, sometimes up to the last one or before the year 1.
// PostgreSQL has days to 5874897-12-31, which is day 2145042905.
func farDate(r *rand.Rand, last int64) string {
	switch r.IntN(4) {
	case 0:
		return bc(dateText(r, -2440000, day1))
	case 1:
		return bc(dateText(r, day9999, last))
	}
	return dateText(r, day1, day9999)
}

func farTime(r *rand.Rand, zone string) string {
	// The year 290000: 64 bits of microseconds since 1970 end soon after.
	day, era := farDate(r, 105_000_000), ""
	if s, ok := strings.CutSuffix(day, " BC"); ok {
		day, era = s, " BC"
	}
	return day + " " + clockText(r) + zone + era
}

// bc writes a date with a year before 1 as PostgreSQL does: the year 0 is 1 BC.
func bc(s string) string {
	year, rest, _ := strings.Cut(strings.TrimPrefix(s, "-"), "-")
	n, err := strconv.Atoi(year)
	if err != nil || n != 0 && !strings.HasPrefix(s, "-") {
		return s
	}
	return fmt.Sprintf("%04d-%s BC", n+1, rest)
}

func christian(text func(arrow.Array, int) string) func(arrow.Array, int) string {
	return func(a arrow.Array, i int) string { return bc(text(a, i)) }
}

// sameInterval compares an interval with one in the form of ISO 8601, of which
// every part has its own sign: P1Y2M-3DT4H5M-6.000007S.
func sameInterval(a arrow.Array, i int, printed string) bool {
	date, clock, _ := strings.Cut(strings.TrimPrefix(printed, "P"), "T")
	var months, days, nanos int64
	for _, part := range []struct {
		text  string
		units map[byte]*int64
		times map[byte]int64
	}{
		{date, map[byte]*int64{'Y': &months, 'M': &months, 'D': &days}, map[byte]int64{'Y': 12, 'M': 1, 'D': 1}},
		{clock, map[byte]*int64{'H': &nanos, 'M': &nanos, 'S': &nanos}, map[byte]int64{'H': 3600e9, 'M': 60e9, 'S': 1e9}},
	} {
		for text := part.text; text != ""; {
			end := strings.IndexAny(text, "YMDHS")
			if end < 0 {
				return false
			}
			number, unit := text[:end], text[end]
			text = text[end+1:]
			whole, fraction, _ := strings.Cut(number, ".")
			n, err := strconv.ParseInt(whole, 10, 64)
			if err != nil {
				return false
			}
			f, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
			if strings.HasPrefix(whole, "-") {
				f = -f
			}
			*part.units[unit] += n * part.times[unit]
			if fraction != "" {
				*part.units[unit] += f
			}
		}
	}
	v, ok := a.(*array.MonthDayNanoInterval)
	return ok && v.Value(i) == arrow.MonthDayNanoInterval{Months: int32(months), Days: int32(days), Nanoseconds: nanos}
}

// arrayOf returns random arrays, as SQL.
func arrayOf(elem func(*rand.Rand) string) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		items := make([]string, r.IntN(5))
		for i := range items {
			items[i] = "NULL"
			if r.IntN(5) > 0 {
				items[i] = elem(r)
			}
		}
		return sqlText("{" + strings.Join(items, ",") + "}")
	}
}

// arrayText prints a list as PostgreSQL prints arrays.
//
// Source: the PostgreSQL documentation, "Array Input and Output Syntax".
func arrayText(text func(arrow.Array, int) string) func(arrow.Array, int) string {
	return func(a arrow.Array, i int) string {
		l := a.(*array.List)
		from, to := l.ValueOffsets(i)
		var items []string
		for k := int(from); k < int(to); k++ {
			switch v := l.ListValues(); {
			case v.IsNull(k):
				items = append(items, "NULL")
			default:
				s := text(v, k)
				if s == "" || strings.EqualFold(s, "null") || strings.ContainsAny(s, "{}\",\\ \t\n\r\v\f") {
					s = arrayQuote(s)
				}
				items = append(items, s)
			}
		}
		return "{" + strings.Join(items, ",") + "}"
	}
}

func arrayQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
