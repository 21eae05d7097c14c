package columns

import (
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// TestDecimals converts to decimals of declared digits. What comes of it is
// shown without its point.
func TestDecimals(t *testing.T) {
	for _, c := range []struct {
		from         arrow.DataType
		meta         arrow.Metadata
		values, want string
		got          string
	}{
		{dec(10, 2), none, `["12.30", null]`, "decimal(10,2)?", "1230 null"},
		{dec(10, 2), none, `["12.30", null, "-0.01"]`, "decimal(38,4)?", "123000 null -100"},
		{dec(38, 4), none, `["12.3000", "-99999999.99", "0"]`, "decimal(10,2)", "1230 -9999999999 0"},
		{dec(38, 0), none, `["99999999999999999999999999999999999999"]`, "decimal(38,0)", "99999999999999999999999999999999999999"},
		{dec(5, -2), none, `["1200"]`, "decimal(6,2)", "120000"},
		{i64, none, `[12, "-9223372036854775808"]`, "decimal(21,2)", "1200 -922337203685477580800"},
		{arrow.PrimitiveTypes.Uint64, none, `["18446744073709551615"]`, "decimal(20,0)", "18446744073709551615"},
		{f64, none, `[0.1, 1e21, -19.99, 0]`, "decimal(24,2)", "10 100000000000000000000000 -1999 0"},
		{arrow.PrimitiveTypes.Float32, none, `[0.1]`, "decimal(1,1)", "1"},
		{text, numericMeta, `["-0.00", null, "99999999999999999999999999999999999999"]`, "decimal(38,0)?", "0 null 99999999999999999999999999999999999999"},
		{text, numericMeta, `["-12.300", "0", null]`, "decimal(3,1)?", "-123 0 null"},
		{text, none, `["+12.5", "1e3", "25e-1", ".5", "5.", "000000000000000000000000000000000000000000001"]`, "decimal(6,2)", "1250 100000 250 50 500 100"},
		{arrow.Null, none, `[null]`, "decimal(5,2)?", "null"},
	} {
		out, err := apply(t, record(t, c.from, c.meta, c.values), c.want)
		if err != nil {
			t.Errorf("%s %s to %s: %v", c.from, c.values, c.want, err)
			continue
		}
		want := declaredDigits(typ(c.want)).arrow()
		if a := out.Column(0); !arrow.TypeEqual(a.DataType(), want) || unscaled(a) != c.got {
			t.Errorf("%s %s to %s: got %s %s, want %s", c.from, c.values, c.want, a.DataType(), unscaled(a), c.got)
		}
	}
}

// unscaled prints decimals as the integers that they are held as.
func unscaled(a arrow.Array) string {
	var list []string
	for i := range a.Len() {
		if a.IsNull(i) {
			list = append(list, "null")
			continue
		}
		list = append(list, a.(*array.Decimal128).Value(i).BigInt().String())
	}
	return strings.Join(list, " ")
}

// TestDecimalsInLists: what a list holds is converted too.
func TestDecimalsInLists(t *testing.T) {
	out, err := apply(t, record(t, arrow.ListOf(dec(4, 1)), none, `[["1.5", null], null, ["-2"]]`), "list[decimal(5,2)?]?")
	if err != nil {
		t.Fatal(err)
	}
	l := out.Column(0).(*array.List)
	if got := unscaled(l.ListValues()); got != "150 null -200" || !arrow.TypeEqual(l.DataType().(*arrow.ListType).Elem(), dec(5, 2)) {
		t.Errorf("got %s of %s", got, l.DataType())
	}
}

// TestDecimalsLost: each second value has digits that are not declared.
func TestDecimalsLost(t *testing.T) {
	for _, c := range []struct {
		from               arrow.DataType
		meta               arrow.Metadata
		values, want, what string
	}{
		{dec(9, 3), none, `["1.500", "1.505"]`, "decimal(9,2)", "a number with more than 2 digits after the point"},
		{dec(9, 1), none, `["1.5", "1000"]`, "decimal(5,2)", "a number with more than 3 digits before the point"},
		{dec(9, 1), none, `["0", "1"]`, "decimal(38,38)", "a number with more than 0 digits before the point"},
		{dec(9, -4), none, `["0", "10000"]`, "decimal(38,36)", "a number with more than 2 digits before the point"},
		{i64, none, `[9, -10]`, "decimal(1,0)", "a number with more than 1 digit before the point"},
		{arrow.PrimitiveTypes.Uint64, none, `[1, "18446744073709551615"]`, "decimal(19,0)", "a number with more than 19 digits before the point"},
		{f64, none, `[0.5, 0.25]`, "decimal(5,1)", "a number with more than 1 digit after the point"},
		{f64, none, `[5, 0.5]`, "decimal(5,0)", "a fraction"},
		{f64, none, `[0, 1e300]`, "decimal(38,0)", "a number with more than 38 digits before the point"},
		{text, numericMeta, `["1", "NaN"]`, "decimal(5,2)", "NaN or infinity"},
		{text, numericMeta, `["1", "-Infinity"]`, "decimal(5,2)", "NaN or infinity"},
		{text, numericMeta, `["1", "100000000000000000000000000000000000000"]`, "decimal(38,0)", "a number with more than 38 digits before the point"},
		{text, none, `["1", "1,5"]`, "decimal(5,2)", "text that is no number"},
		{text, none, `["1", "-"]`, "decimal(5,2)", "text that is no number"},
		{text, none, `["1", "."]`, "decimal(5,2)", "text that is no number"},
		{text, none, `["1", "1e999999999"]`, "decimal(5,2)", "text that is no number"},
	} {
		expectLoss(t, c.from, c.meta, c.values, c.want, c.what, "")
	}
}

// TestDecimalsOutOfRange: a stream of a guest may hold what no decimal128 is,
// the least 128-bit number with it, which has no absolute value.
func TestDecimalsOutOfRange(t *testing.T) {
	least := decimal128.New(-1<<63, 0)
	for _, d := range []digitsOf{{38, 0}, {38, 2}, {5, 2}, {38, 38}} {
		for scale := range int32(4) {
			if got, why := d.rescale(least, scale); why == "" {
				t.Errorf("decimal(%d,%d) of scale %d took it for %s", d.precision, d.scale, scale, got.BigInt())
			}
		}
	}
}

// compareDecimals holds the decimals of declared digits against arithmetic
// without bounds, for the fuzzer.
func compareDecimals(t *testing.T, s string) {
	r, why := parseDecimal(s)
	n, declined := digitsOf{20, 5}.parse(s)
	if why != "" {
		return // what is a number to the one may be none to the other: "Infinity"
	}
	scaledUp := new(big.Rat).Mul(r, big.NewRat(100_000, 1))
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil)
	fits := scaledUp.IsInt() && new(big.Int).Abs(scaledUp.Num()).Cmp(limit) < 0
	if fits != (declined == "") || fits && n.BigInt().Cmp(scaledUp.Num()) != 0 {
		t.Errorf("decimal(20,5) of %q is %v %q", s, n.BigInt(), declined)
	}
}
