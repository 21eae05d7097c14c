package host_test

import (
	"context"
	"fmt"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// firstValue is a Sink that keeps the first value of the first column exactly.
type firstValue struct {
	hosttest.Rows
	got any
}

func (s *firstValue) Write(rec arrow.Record) error {
	if rec.NumRows() == 0 || rec.Column(0).IsNull(0) {
		return nil
	}
	switch col := rec.Column(0).(type) {
	case *array.Int64:
		s.got = col.Value(0)
	case *array.Float64:
		s.got = math.Float64bits(col.Value(0))
	case *array.String:
		s.got = strings.Clone(col.Value(0))
	case *array.Binary:
		s.got = string(col.Value(0))
	case *array.FixedSizeBinary:
		s.got = string(col.Value(0))
	case *array.Boolean:
		s.got = int64(0)
		if col.Value(0) {
			s.got = int64(1)
		}
	case *array.Timestamp:
		s.got = int64(col.Value(0))
	case *array.Date32:
		s.got = int64(col.Value(0))
	case *array.Time64:
		s.got = int64(col.Value(0))
	case *array.Duration:
		s.got = int64(col.Value(0))
	default:
		s.got = col.ValueStr(0)
	}
	return nil
}

// TestEveryTypeComesBackEqual sends values of each type into a query and
// compares what comes out with what went in, bit by bit.
func TestEveryTypeComesBackEqual(t *testing.T) {
	h := hosttest.Open(t, hosttest.SQLite(t, ""))
	ints := func(k abi.Kind, ns ...int64) (vs []abi.Value) {
		for _, n := range ns {
			vs = append(vs, abi.Value{Type: abi.Type{Kind: k}, Int: n})
		}
		return vs
	}
	strs := func(k abi.Kind, ss ...string) (vs []abi.Value) {
		for _, s := range ss {
			vs = append(vs, abi.Value{Type: abi.Type{Kind: k}, Str: s})
		}
		return vs
	}
	floats := func(fs ...float64) (vs []abi.Value) {
		for _, f := range fs {
			vs = append(vs, abi.Value{Type: abi.Type{Kind: abi.Float}, Float: f})
		}
		return vs
	}
	const day = 86_400_000_000
	for _, values := range [][]abi.Value{
		ints(abi.Int, 0, 1, -1, math.MaxInt64, math.MinInt64, 1<<53+1),
		floats(0, math.Copysign(0, -1), 1.5, math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64, 1e16, 0.1, math.Inf(1), math.Inf(-1)),
		strs(abi.Str, "", "it's", `a\b\\`, `"q"`, "a\x00b", "\x00", "{{ .inputs.x }}", "{% if %}", ":name", "?1", "$1", "@v", "😀 Zoë", "--", "/*", "';DROP TABLE t;--", strings.Repeat("x", 1<<20)),
		ints(abi.Bool, 0, 1),
		ints(abi.Datetime, 0, 1, -1, 1577934245000000, -62135596800000000, 253402300799999999),
		ints(abi.Date, 0, -1, 18262, -719162, 2932896),
		ints(abi.Time, 0, 1, day-1, 43_200_000_000),
		ints(abi.Timedelta, 0, 1, -1, day, -day, 400*day+5),
		strs(abi.Decimal, "0", "1.50", "-12345678901234567890.12345", "0.000001"),
		strs(abi.Bytes, "", "\x00\xff", "a'b", string(make([]byte, 1000))),
		strs(abi.UUID, "0123456789abcdef", string(make([]byte, 16))),
		strs(abi.JSON, `{"a":[1,2.5,"x"],"b":null}`, `null`, `"é"`, `1`),
	} {
		kind := values[0].Type
		for _, nullable := range []bool{false, true} {
			typ := kind
			typ.Nullable = nullable
			p := loadOn(t, h, host.Task{Name: kind.String(), Query: "SELECT {{ .inputs.x }} AS v", Inputs: []host.Input{{Name: "x", Type: typ}},
				Outputs: abi.Outputs{Mode: abi.OutputColumns, Columns: []abi.OutputColumn{{Name: "v", Type: typ}}}})
			if nullable {
				var rows hosttest.Rows
				if _, err := p.Run(context.Background(), host.Inputs{"x": {Type: typ, Null: true}}, &rows); err != nil || fmt.Sprint(rows.Cells) != "[[(null)]]" {
					t.Errorf("%s: null came back as %v, %v", typ, rows.Cells, err)
				}
			}
			for _, v := range values {
				var sink firstValue
				v.Type = typ
				if _, err := p.Run(context.Background(), host.Inputs{"x": v}, &sink); err != nil {
					t.Errorf("%s %.40q %d %v: %v", typ, v.Str, v.Int, v.Float, err)
					continue
				}
				want := any(v.Int)
				switch kind.Kind {
				case abi.Float:
					want = math.Float64bits(v.Float)
				case abi.Str, abi.Bytes, abi.UUID, abi.JSON:
					want = v.Str
				case abi.Decimal: // as a number: SQLite does not keep zeros at the end
					want = rational(t, v.Str)
					sink.got = rational(t, sink.got.(string))
				}
				if sink.got != want {
					t.Errorf("%s: %.60q came back as %.60q", typ, fmt.Sprint(want), fmt.Sprint(sink.got))
				}
			}
		}
	}
}

func rational(t *testing.T, s string) string {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is no decimal", s)
	}
	return r.RatString()
}

// TestDecimalsAndTimesCompare in SQLite as the literals would: with numbers,
// and with what its functions write.
func TestDecimalsAndTimesCompare(t *testing.T) {
	p := load(t, host.Task{
		Query: `SELECT 10 > {{ d }}, 1.5 = {{ d }}, max({{ d }}, 1), typeof({{ big }}), datetime('2024-01-02') = {{ at }}, time('03:04:05') = {{ clock }}, '2024-01-02 00:00:00.000001' > {{ at }}`,
		Inputs: []host.Input{{Name: "d", Type: abi.Type{Kind: abi.Decimal}}, {Name: "big", Type: abi.Type{Kind: abi.Decimal}},
			{Name: "at", Type: abi.Type{Kind: abi.Datetime}}, {Name: "clock", Type: abi.Type{Kind: abi.Time}}},
	})
	var rows hosttest.Rows
	_, err := p.Run(context.Background(), host.Inputs{
		"d": {Type: abi.Type{Kind: abi.Decimal}, Str: "1.50"}, "big": {Type: abi.Type{Kind: abi.Decimal}, Str: "12345678901234567890.5"},
		"at": {Type: abi.Type{Kind: abi.Datetime}, Int: 1704153600000000}, "clock": {Type: abi.Type{Kind: abi.Time}, Int: 11045000000}}, &rows)
	if err != nil || fmt.Sprint(rows.Cells) != "[[1 1 1.5 text 1 1 1]]" {
		t.Errorf("%v %v", rows.Cells, err)
	}
}

// TestNaNIsRefused, since SQLite would store it as NULL.
func TestNaNIsRefused(t *testing.T) {
	p := load(t, host.Task{Query: "SELECT {{ x }}", Inputs: []host.Input{{Name: "x", Type: abi.Type{Kind: abi.Float}}}})
	_, err := p.Run(context.Background(), host.Inputs{"x": {Type: abi.Type{Kind: abi.Float}, Float: math.NaN()}}, host.Discard())
	if err == nil || !strings.Contains(err.Error(), "NaN") {
		t.Error(err)
	}
}

// TestListsComeBackEqual as rows, through an IN-list and through a loop.
func TestListsComeBackEqual(t *testing.T) {
	elem := abi.Type{Kind: abi.Str, Nullable: true}
	typ := abi.Type{Kind: abi.List, Elem: &elem}
	list := abi.Value{Type: typ, List: []abi.Value{{Type: elem, Str: "a'b"}, {Type: elem, Null: true}, {Type: elem, Str: ""}}}
	p := load(t, host.Task{Query: "{% for v in xs %}{% if not loop.first %} UNION ALL {% endif %}SELECT {{ v }} AS v{% endfor %}", Inputs: []host.Input{{Name: "xs", Type: typ}}})
	var rows hosttest.Rows
	if _, err := p.Run(context.Background(), host.Inputs{"xs": list}, &rows); err != nil || fmt.Sprint(rows.Cells) != "[[a'b] [(null)] []]" {
		t.Errorf("%v %v", rows.Cells, err)
	}
	ids := abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: abi.Int}}
	p = load(t, host.Task{Query: "SELECT name FROM people WHERE id IN {{ ids | inclause }} ORDER BY id", Inputs: []host.Input{{Name: "ids", Type: ids}}})
	rows = hosttest.Rows{}
	if _, err := p.Run(context.Background(), host.Inputs{"ids": {Type: ids, List: []abi.Value{intValue(3), intValue(1), intValue(99)}}}, &rows); err != nil || fmt.Sprint(rows.Cells) != "[[Ada] [Zoë]]" {
		t.Errorf("%v %v", rows.Cells, err)
	}
	_, err := p.Run(context.Background(), host.Inputs{"ids": {Type: ids}}, host.Discard())
	if got, message := code(err); got != host.CodeTask || !strings.Contains(message, "empty") {
		t.Errorf("an empty list: %s: %s", got, message)
	}
}
