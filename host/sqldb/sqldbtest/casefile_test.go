package sqldbtest

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/abi"
)

// TestParseCase: the dialect's own file counts, and placeholders are its own.
func TestParseCase(t *testing.T) {
	const text = `What it is about: this.

access: read-only
batch: rows=2 bytes=3 cell=4
template: yes
-- setup --
CREATE TABLE t (a INT);
INSERT INTO t
VALUES (<<seq 1 3 "#" "+">>);
-- 2/exec --
DELETE FROM t WHERE a = $1 OR a = $2
-- 2/params --
int 1
str "x"
-- 2/changed --
1
-- 1/query --
SELECT 1
-- 1/query.mysql --
SELECT $1
-- 1/rows --
1
-- 1/rows.sqlite --
2
-- 1/rows.postgres17 --
4
-- 1/rows.postgres16 --
3
-- 1/rows.mysql8 --
5
-- 1/rows.mariadb10_6 --
7
-- 1/rows.mariadb --
6
-- 3/commit.postgres --
`
	for d, want := range map[Release]string{
		{"sqlite", 3, 40}:   "SELECT 1 2|DELETE FROM t WHERE a = ? OR a = ? 1",
		{"postgres", 15, 6}: "SELECT 1 1|DELETE FROM t WHERE a = $1 OR a = $2 1| ",
		{"postgres", 18, 0}: "SELECT 1 4|DELETE FROM t WHERE a = $1 OR a = $2 1| ",
		{"mysql", 5, 7}:     "SELECT $1 1|DELETE FROM t WHERE a = ? OR a = ? 1",
		{"mysql", 9, 7}:     "SELECT $1 5|DELETE FROM t WHERE a = ? OR a = ? 1",
		{"mariadb", 10, 5}:  "SELECT $1 6|DELETE FROM t WHERE a = ? OR a = ? 1",
		{"mariadb", 10, 11}: "SELECT $1 7|DELETE FROM t WHERE a = ? OR a = ? 1",
	} {
		c, err := parseCase("x/name.txtar", []byte(text), d)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range c.steps {
			got = append(got, s.text+" "+s.want["rows"]+s.want["changed"])
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%v: got %q", d, got)
		}
		if c.name != "name" || c.access != abi.ReadOnly || c.batch.Rows != 2 || c.batch.Bytes != 3 || c.batch.Cell != 4 ||
			!reflect.DeepEqual(c.setup, []string{"CREATE TABLE t (a INT)", "INSERT INTO t\nVALUES (1+2+3)"}) {
			t.Errorf("%+v", c)
		}
	}
}

// TestParseCaseFaults: what is not in the format, which would hold of any
// driver, is refused.
func TestParseCaseFaults(t *testing.T) {
	for text, want := range map[string]string{
		"-- query --\nSELECT 1\n":                                        "query expects nothing",
		"-- query --\nSELECT 1\n-- row --\n1\n":                          `unknown file "row"`,
		"-- query --\nSELECT 1\n-- rows.sqlit --\n1\n":                   `no dialect "sqlit"`,
		"-- exec --\nSELECT 1\n-- rows --\n1\n":                          "exec has no rows",
		"-- exec --\nx\n-- query --\nx\n":                                "both",
		"-- x/exec --\nx\n":                                              "step's number",
		"acces: read-only\n-- commit --\n":                               `unknown key "acces"`,
		"access: readonly\n-- commit --\n":                               `"readonly" is no access`,
		"dialects: pg\n-- commit --\n":                                   `no dialect "pg"`,
		"batch: rows=1\n-- commit --\n":                                  "batch",
		"-- query.postgres --\nSELECT 1\n-- rows --\n1\n":                "nothing to do for sqlite",
		"-- query --\nSELECT $2, $1\n-- rows --\n1\n":                    "$2 is not in order",
		"-- query --\nSELECT 1\n-- rows --\n1\n-- params --\nint x\n":    "invalid syntax",
		"-- query --\nSELECT 1\n-- rows --\n1\n-- params --\nnumber 1\n": `no type "number"`,
		"template: yes\n-- query --\n<<\n-- rows --\n1\n":                "template",
	} {
		_, err := parseCase("x.txtar", []byte(text), Release{"sqlite", 3, 40})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

func TestParseParams(t *testing.T) {
	got, err := parseParams(`int -5
float? null
str "a\x00, é"
str repeat 3 "xy"
bool true
datetime 1970-01-01T01:00:00.000001+01:00
date 1969-12-31
time 00:00:01.5
timedelta -1m0.000001s
decimal 1.50
bytes 00ff
uuid 00112233-4455-6677-8899-aabbccddeeff
list[str?] ["a,\"b", null]
list[int] []
`)
	if err != nil {
		t.Fatal(err)
	}
	of := func(k abi.Kind) abi.Type { return abi.Type{Kind: k} }
	text := abi.Type{Kind: abi.Str, Nullable: true}
	number := of(abi.Int)
	want := []abi.Value{
		{Type: of(abi.Int), Int: -5},
		{Type: abi.Type{Kind: abi.Float, Nullable: true}, Null: true},
		{Type: of(abi.Str), Str: "a\x00, é"},
		{Type: of(abi.Str), Str: "xyxyxy"},
		{Type: of(abi.Bool), Int: 1},
		{Type: of(abi.Datetime), Int: 1},
		{Type: of(abi.Date), Int: -1},
		{Type: of(abi.Time), Int: 1500000},
		{Type: of(abi.Timedelta), Int: -60000001},
		{Type: of(abi.Decimal), Str: "1.50"},
		{Type: of(abi.Bytes), Str: "\x00\xff"},
		{Type: of(abi.UUID), Str: "\x00\x11\x22\x33\x44\x55\x66\x77\x88\x99\xaa\xbb\xcc\xdd\xee\xff"},
		{Type: abi.Type{Kind: abi.List, Elem: &text}, List: []abi.Value{{Type: text, Str: `a,"b`}, {Type: text, Null: true}}},
		{Type: abi.Type{Kind: abi.List, Elem: &number}, List: []abi.Value{}},
	}
	if len(got) != len(want) {
		t.Fatal(got)
	}
	for i := range want {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Errorf("%d: got %+v, want %+v", i, got[i], want[i])
		}
		if err := got[i].Check(); err != nil {
			t.Error(err)
		}
	}
}

// TestShow: different values look different.
func TestShow(t *testing.T) {
	for days, want := range map[int64]string{
		0: "1970-01-01", -1: "1969-12-31", 11016: "2000-02-29", day1: "0001-01-01", day1 - 1: "0000-12-31", day1 - 366: "0000-01-01", day1 - 367: "-0001-12-31",
		day9999: "9999-12-31", day9999 + 1: "10000-01-01", day1000: "1000-01-01", day1971: "1971-01-01", day2037: "2037-12-31", 2145042905: "5874897-12-31", -2440588: "-4713-11-24",
	} {
		if got := showDate(days); got != want {
			t.Errorf("day %d: got %s, want %s", days, got, want)
		}
	}
	for micros, want := range map[int64]string{0: "00:00:00", 1: "00:00:00.000001", 86399999999: "23:59:59.999999", 86400000000: "24:00:00", -1500000: "-00:00:01.5"} {
		if got := showClock(micros); got != want {
			t.Errorf("%d: got %s, want %s", micros, got, want)
		}
	}
	b := array.NewTimestampBuilder(memory.DefaultAllocator, &arrow.TimestampType{Unit: arrow.Microsecond, TimeZone: "UTC"})
	b.Append(-1)
	b.AppendNull()
	b.Append(math.MaxInt64)
	a := b.NewArray()
	for i, want := range []string{"1969-12-31T23:59:59.999999Z", "NULL", "294247-01-10T04:00:54.775807Z"} {
		if got := showCell(a, i); got != want {
			t.Errorf("%d: got %s, want %s", i, got, want)
		}
	}
	if s := showText(strings.Repeat("x", longCell)); !strings.HasPrefix(s, "120 bytes, sha256 ") {
		t.Error(s)
	}
}

// TestOracleReads: what the clients print is read as they mean it.
func TestOracleReads(t *testing.T) {
	if got := escapedFields(`\N`)(`a\tb\\` + "\t" + `\N` + "\t" + `\n\0` + "\t"); !reflect.DeepEqual(got, []string{"a\tb\\", `\N`, "\n\x00", ""}) {
		t.Errorf("%q", got)
	}
	if got := quotedFields(`1,'a,''b',NULL,X'00'`); !reflect.DeepEqual(got, []string{"1", "'a,''b'", "NULL", "X'00'"}) {
		t.Errorf("%q", got)
	}
	for in, want := range map[string]string{"-0043-03-15": "0044-03-15 BC", "0000-01-02": "0001-01-02 BC", "0001-01-01": "0001-01-01", "10000-01-01": "10000-01-01", "-0043-03-15 01:02:03": "0044-03-15 01:02:03 BC"} {
		if got := bc(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	b := array.NewMonthDayNanoIntervalBuilder(memory.DefaultAllocator)
	b.Append(arrow.MonthDayNanoInterval{Months: -14, Days: 3, Nanoseconds: -(3600e9 + 5e9 + 7000)})
	for printed, want := range map[string]bool{"P-1Y-2M3DT-1H-5.000007S": true, "P-1Y-2M3DT-1H-5.000008S": false, "P-1Y-2M3DT-1H-4.999993S": false, "PT0S": false} {
		if got := sameInterval(b.NewArray(), 0, printed); got != want {
			t.Errorf("%s: %v", printed, got)
		}
		b.Append(arrow.MonthDayNanoInterval{Months: -14, Days: 3, Nanoseconds: -(3600e9 + 5e9 + 7000)})
	}
}
