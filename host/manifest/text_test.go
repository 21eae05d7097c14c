package manifest

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
)

func mustType(t testing.TB, s string) abi.Type {
	t.Helper()
	ty, err := ParseType(s)
	if err != nil {
		t.Fatal(err)
	}
	return ty
}

func TestParseType(t *testing.T) {
	for _, s := range []string{"int", "float", "str", "bool", "datetime", "date", "time", "timedelta", "decimal",
		"bytes", "uuid", "json", "int?", "list[int]", "list[str?]?", "list[list[list[list[uuid]]]]"} {
		if got := mustType(t, s).String(); got != s {
			t.Errorf("%s became %s", s, got)
		}
	}
	for s, want := range map[string]string{"decimal(12,2)": "decimal(12,2)", " decimal( 38 , 38 ) ?": "decimal(38,38)?",
		"decimal(5)": "decimal(5,0)", "list[decimal(5,2)?]": "list[decimal(5,2)?]"} {
		if got := mustType(t, s).String(); got != want {
			t.Errorf("%s became %s, want %s", s, got, want)
		}
	}
	if got := mustType(t, " list[ int ? ] ? ").String(); got != "list[int?]?" {
		t.Errorf("with spaces: %s", got)
	}
	for s, want := range map[string]string{
		"":               `the type is empty`,
		"?":              `unknown type "?"`,
		"Int":            `unknown type "Int"; did you mean "int"?`,
		"String":         `unknown type "String"; did you mean "str"?`,
		"datetme":        `unknown type "datetme"; did you mean "datetime"?`,
		"array":          `unknown type "array"; did you mean "list[T]"?`,
		"List[int]":      `unknown type "List[int]"; did you mean "list[T]"?`,
		"list":           `type "list" does not say what the list holds`,
		"list[]":         `the type is empty`,
		"list[int]]":     `unknown type "int]"; did you mean "int"?`,
		"int??":          `type "int??" has more than one ?`,
		"decimal(":       `type "decimal(" has ( without )`,
		"decimal(12":     `type "decimal(12" has ( without )`,
		"decimal()":      `type "decimal()" does not say how many digits a decimal has`,
		"decimal(5,)":    `type "decimal(5,)" does not say how many digits a decimal has`,
		"decimal(5,-2)":  `type "decimal(5,-2)" does not say how many digits a decimal has`,
		"decimal(5,2,1)": `type "decimal(5,2,1)" does not say how many digits a decimal has`,
		"decimal(0,0)":   `type "decimal(0,0)": a decimal has 1 to 38 digits`,
		"decimal(39,0)":  `type "decimal(39,0)": a decimal has 1 to 38 digits`,
		"decimal(5,6)":   `type "decimal(5,6)": more digits after the point than there are digits`,
		"Numeric(5,2)":   `unknown type "Numeric(5,2)"; did you mean "decimal(5,2)"?`,
		"xyzzy":          `unknown type "xyzzy"`,
	} {
		_, err := ParseType(s)
		if err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", s, err, want)
		}
	}
}

// TestParseText parses texts, and the texts that Format makes of the values.
func TestParseText(t *testing.T) {
	i := func(n int64) abi.Value { return abi.Value{Int: n} }
	s := func(s string) abi.Value { return abi.Value{Str: s} }
	f := func(f float64) abi.Value { return abi.Value{Float: f} }
	for _, c := range []struct {
		typ, text string
		want      abi.Value
		format    string
	}{
		{"int", "9223372036854775807", i(math.MaxInt64), "9223372036854775807"},
		{"int", "-9223372036854775808", i(math.MinInt64), "-9223372036854775808"},
		{"int", "+5", i(5), "5"},
		{"int", "0x1F", i(31), "31"},
		{"int", "-0o17", i(-15), "-15"},
		{"float", "1", f(1), "1.0"},
		{"float", "-0.0", f(math.Copysign(0, -1)), "-0.0"},
		{"float", "5e-324", f(5e-324), "5e-324"},
		{"float", "1.7976931348623157e308", f(math.MaxFloat64), "1.7976931348623157e+308"},
		{"float", "Infinity", f(math.Inf(1)), "inf"},
		{"float", "-.inf", f(math.Inf(-1)), "-inf"},
		{"float", ".5", f(.5), "0.5"},
		{"str", "", s(""), ""},
		{"str", "{{ x }} \x00 😀", s("{{ x }} \x00 😀"), "{{ x }} \x00 😀"},
		{"str?", "null", s("null"), "null"},
		{"bool", "true", i(1), "true"},
		{"bool", "0", i(0), "false"},
		{"datetime", "1970-01-01T00:00:00Z", i(0), "1970-01-01T00:00:00Z"},
		{"datetime", "2024-05-06 07:08:09.5+02:00", i(1714972089_500000), "2024-05-06T05:08:09.5Z"},
		{"datetime", "2024-05-06t07:08z", i(1714979280_000000), "2024-05-06T07:08:00Z"},
		{"datetime", "2024-05-06", i(1714953600_000000), "2024-05-06T00:00:00Z"},
		{"datetime", "2024-05-06 00:00:00 -0130", i(1714959000_000000), "2024-05-06T01:30:00Z"},
		{"datetime", "0001-01-01T00:00:00Z", i(minDatetime), "0001-01-01T00:00:00Z"},
		{"datetime", "9999-12-31T23:59:59.999999000Z", i(maxDatetime), "9999-12-31T23:59:59.999999Z"},
		{"date", "1969-12-31", i(-1), "1969-12-31"},
		{"date", "0001-01-01", i(-719162), "0001-01-01"},
		{"date", "9999-12-31", i(2932896), "9999-12-31"},
		{"date", "2024-02-29", i(19782), "2024-02-29"},
		{"time", "07:08", i(7*hour + 8*minute), "07:08:00"},
		{"time", "23:59:59.999999", i(day - 1), "23:59:59.999999"},
		{"timedelta", "1h30m", i(90 * minute), "1h30m"},
		{"timedelta", "-1.5s", i(-1500000), "-1.5s"},
		{"timedelta", "2d", i(2 * day), "48h"},
		{"timedelta", "10us", i(10), "0.00001s"},
		{"timedelta", "0", i(0), "0s"},
		{"timedelta", "90.25", i(90250000), "1m30.25s"},
		{"timedelta", "P1DT2H3M4.5S", i(day + 2*hour + 3*minute + 4500000), "26h3m4.5s"},
		{"timedelta", "-P2W", i(-14 * day), "-336h"},
		{"timedelta", "1 day, 2:03:04", i(day + 2*hour + 3*minute + 4*second), "26h3m4s"},
		{"timedelta", "-1 day, 23:59:59.500000", i(-500000), "-0.5s"},
		{"timedelta", "2:03:04", i(2*hour + 3*minute + 4*second), "2h3m4s"},
		{"timedelta", "-0:00:01", i(-second), "-1s"},
		{"timedelta", "3 days", i(3 * day), "72h"},
		{"timedelta", "-2562047788h54.775808s", i(-2562047788*hour - 54775808), "-2562047788h54.775808s"},
		{"decimal", "12.50", s("12.50"), "12.50"},
		{"decimal", "-007", s("-7"), "-7"},
		{"decimal", "+.5", s("0.5"), "0.5"},
		{"decimal", "1.50e2", s("150"), "150"},
		{"decimal", "12e-4", s("0.0012"), "0.0012"},
		{"decimal", "1e3", s("1000"), "1000"},
		{"decimal", "5.", s("5"), "5"},
		{"bytes", "base64:AAH/", s("\x00\x01\xff"), "hex:0001ff"},
		{"bytes", "base64:AA==", s("\x00"), "hex:00"},
		{"bytes", "base64:_-8", s("\xff\xef"), "hex:ffef"},
		{"bytes", "hex:0001FF", s("\x00\x01\xff"), "hex:0001ff"},
		{"bytes", "größe", s("größe"), "hex:6772c3b6c39f65"},
		{"bytes", "", s(""), "hex:"},
		{"uuid", "01234567-89AB-cdef-0123-456789abcdef", s("\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"), "01234567-89ab-cdef-0123-456789abcdef"},
		{"uuid", "urn:uuid:0123456789abcdef0123456789abcdef", s("\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"), "01234567-89ab-cdef-0123-456789abcdef"},
		{"json", ` {"a": [1e400, 12345678901234567890]} `, s(`{"a": [1e400, 12345678901234567890]}`), `{"a": [1e400, 12345678901234567890]}`},
		{"json", "null", s("null"), "null"},
		{"int?", "null", abi.Value{Null: true}, "null"},
		{"json?", "null", abi.Value{Null: true}, "null"},
		{"list[int]?", "null", abi.Value{Null: true}, "null"},
		{"list[int]", " [] ", abi.Value{List: []abi.Value{}}, "[]"},
	} {
		ty := mustType(t, c.typ)
		got, err := ParseText(ty, c.text)
		if err != nil {
			t.Errorf("%s %q: %v", c.typ, c.text, err)
			continue
		}
		c.want.Type = ty
		if !same(got, c.want) {
			t.Errorf("%s %q: %+v, want %+v", c.typ, c.text, got, c.want)
		}
		if text := Format(got); text != c.format {
			t.Errorf("%s %q: printed %q, want %q", c.typ, c.text, text, c.format)
		} else if again, err := ParseText(ty, text); err != nil || !same(again, got) {
			t.Errorf("%s %q: read back as %+v, %v", c.typ, text, again, err)
		}
	}
	if v, err := ParseText(mustType(t, "float"), "NaN"); err != nil || !math.IsNaN(v.Float) || Format(v) != "nan" {
		t.Errorf("NaN: %+v, %v", v, err)
	}
}

// same is abi.Value.Same that knows -0 from 0, and types.
func same(a, b abi.Value) bool {
	return a.Same(b) && a.Type.Equal(b.Type) && math.Signbit(a.Float) == math.Signbit(b.Float)
}

func TestLists(t *testing.T) {
	for _, c := range []struct{ typ, text, want string }{
		{"list[int]", "[1,-9223372036854775808]", "[1, -9223372036854775808]"},
		{"list[int?]", "[null, 1]", "[null, 1]"},
		{"list[float]", `[1, 1.5, "inf", "-inf"]`, `[1.0, 1.5, "inf", "-inf"]`},
		{"list[str]", `["a\n\"\\\u0001", "\ud83d\ude00", 1.10]`, `["a\n\"\\\u0001", "😀", "1.10"]`},
		{"list[bool]", "[true, false]", "[true, false]"},
		{"list[date]", `["2024-05-06"]`, `["2024-05-06"]`},
		{"list[decimal]", `[1.50, "2.50"]`, `["1.50", "2.50"]`},
		{"list[bytes]", `["hex:00", "x"]`, `["hex:00", "hex:78"]`},
		{"list[json]", `[{"a":[1,null]},"x",null]`, `[{"a":[1,null]}, "x", null]`},
		{"list[list[int]]", "[[1], []]", "[[1], []]"},
	} {
		ty := mustType(t, c.typ)
		v, err := ParseText(ty, c.text)
		if err != nil {
			t.Errorf("%s %s: %v", c.typ, c.text, err)
			continue
		}
		if got := Format(v); got != c.want {
			t.Errorf("%s %s: %s, want %s", c.typ, c.text, got, c.want)
		} else if again, err := ParseText(ty, got); err != nil || !same(v, again) {
			t.Errorf("%s %s: read back as %v, %v", c.typ, got, again, err)
		}
	}
}

func TestParseTextErrors(t *testing.T) {
	for _, c := range []struct{ typ, text, message, hint string }{
		{"int", "", `empty is not an int`, ""},
		{"int", "ten", `"ten" is not an int`, ""},
		{"int", "1,000", `"1,000" is not an int`, "write the digits without separators"},
		{"int", " 1", `" 1" is not an int`, "write the digits without separators"},
		{"int", "1e3", `"1e3" is not an int`, "declare the input as float or decimal for numbers that are not whole"},
		{"int", "0x", `"0x" is not an int`, ""},
		{"int", "9223372036854775808", `9223372036854775808 is out of range: an int is 64-bit, from -9223372036854775808 to 9223372036854775807`, "declare the input as decimal for larger numbers"},
		{"float", "0x1p3", `"0x1p3" is not a float`, ""},
		{"float", "1_0", `"1_0" is not a float`, ""},
		{"float", "-1e309", `-1e309 is out of the range of a float`, "declare the input as decimal, or write inf"},
		{"bool", "yes", `"yes" is not a bool`, "write true or false"},
		{"str", "\xff", `the text is not UTF-8`, "declare the input as bytes"},
		{"str", strings.Repeat("x", 0) + "\xc3\x28", `the text is not UTF-8`, "declare the input as bytes"},
		{"datetime", "2024-05-06T07:08:09+25:00", `"2024-05-06T07:08:09+25:00" is not a datetime`, datetimeHint},
		{"datetime", "2024-05-06T07:08:60", `"2024-05-06T07:08:60" is not a datetime`, datetimeHint},
		{"datetime", "2024-05-06T", `"2024-05-06T" is not a datetime`, datetimeHint},
		{"datetime", "9999-12-31T23:59:59-00:01", `"9999-12-31T23:59:59-00:01" is out of range: a datetime is in the years 1 to 9999, in UTC`, ""},
		{"date", "2023-02-29", `"2023-02-29" is not a date`, dateHint},
		{"date", "10000-01-01", `"10000-01-01" is not a date`, dateHint},
		{"time", "7:08", `"7:08" is not a time`, timeHint},
		{"time", "07:08:09.", `"07:08:09." is not a time`, "six digits after the point at most"},
		{"timedelta", "", `empty is not a timedelta`, timedeltaHint},
		{"timedelta", "1h30", `"1h30" is not a timedelta`, timedeltaHint},
		{"timedelta", "P", `"P" is not a timedelta`, timedeltaHint},
		{"timedelta", "PT", `"PT" is not a timedelta`, timedeltaHint},
		{"timedelta", "P1H", `"P1H" is not a timedelta`, timedeltaHint},
		{"timedelta", "PT1S2H", `"PT1S2H" is not a timedelta`, timedeltaHint},
		{"timedelta", "1 day, 5", `"1 day, 5" is not a timedelta`, timedeltaHint},
		{"timedelta", "--5s", `"--5s" is not a timedelta`, timedeltaHint},
		{"decimal", "1e99999999999", `"1e99999999999" has more than 1000 digits`, ""},
		{"decimal", "1.5.5", `"1.5.5" is not a decimal`, ""},
		{"decimal", "inf", `"inf" is not a decimal`, "declare the input as float for nan and inf"},
		{"bytes", "hex:abc", `"hex:abc" is not bytes in hexadecimal`, "two digits, 0-9 and a-f, for each byte"},
		{"bytes", "base64:A", `"A" is not bytes in base64`, ""},
		{"uuid", "0123", `"0123" is not a uuid`, "write 32 hexadecimal digits: 01234567-89ab-cdef-0123-456789abcdef"},
		{"json", "{a: 1}", `"{a: 1}" is not a JSON document`, `a text is in double quotes: "a"`},
		{"list[int]", "1,2", `"1,2" is not a list`, `a list is a JSON array: [1, 2] or ["a", "b"]`},
		{"list[int]", `[1, "2"]`, `item 2: "2" is not an int`, "leave the quotes out"},
		{"list[int]", `[1, null]`, `item 2: null is not an int`, "declare int? for one that may be null"},
		{"list[json]", `[{"a": 1, "a": 2}]`, `duplicate key "a": it stands already at line 1`, ""},
		{"list[list[int]]", `[[1], 2]`, `item 2: 2 is not a list[int]`, "write [1, 2], or one item a line with - in front"},
		{"list[json]", strings.Repeat("[", 200) + strings.Repeat("]", 200), `maps and lists are nested more than 100 deep`, ""},
		{"uuid", strings.Repeat("é", 100), `"` + strings.Repeat("é", 30) + `..." is not a uuid`, "write 32 hexadecimal digits: 01234567-89ab-cdef-0123-456789abcdef"},
	} {
		_, err := ParseText(mustType(t, c.typ), c.text)
		var e *host.Error
		if !errors.As(err, &e) || e.Message != c.message || e.Hint != c.hint || e.Code != host.CodeConfig {
			t.Errorf("%s %q: %v (%+v), want %s (%s)", c.typ, c.text, err, e, c.message, c.hint)
		}
	}
}

func TestParseFile(t *testing.T) {
	for _, c := range []struct{ typ, data, want string }{
		{"bytes", "hex:00\n", "hex:6865783a30300a"},
		{"bytes", "\xff", "hex:ff"},
		{"str", " a\n", " a\n"},
		{"int", "5\r\n", "5"},
		{"json", "{\n}\n", "{\n}"},
		{"list[int]", "[1,\n2]\n", "[1, 2]"},
	} {
		v, err := ParseFile(mustType(t, c.typ), []byte(c.data))
		if err != nil || Format(v) != c.want {
			t.Errorf("%s %q: %q, %v", c.typ, c.data, Format(v), err)
		}
	}
}
