package mysql

import (
	"bytes"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

func TestParseDecimal(t *testing.T) {
	nines := strings.Repeat("9", 38)
	for _, c := range []struct {
		text             string
		precision, scale int
		want             string // unscaled, empty for a misfit
	}{
		{"0", 5, 2, "0"}, {"1.5", 5, 2, "150"}, {"-1.50", 5, 2, "-150"}, {"001.5", 3, 1, "15"}, {"999.99", 5, 2, "99999"}, {".5", 3, 1, "5"}, {"5.", 3, 0, "5"},
		{nines, 38, 0, nines}, {"-" + nines, 38, 0, "-" + nines}, {"0." + nines, 38, 38, nines}, {"1.500", 5, 1, "15"}, {"0.00", 1, 1, "0"},
		{"1000", 5, 2, ""}, {"1.234", 5, 2, ""}, {nines + "9", 38, 0, ""}, {"", 5, 2, ""}, {".", 5, 2, ""}, {"-", 5, 2, ""}, {"1e5", 9, 0, ""}, {"1.2.3", 9, 4, ""}, {"+1", 5, 0, ""}, {" 1", 5, 0, ""},
	} {
		v, ok := parseDecimal([]byte(c.text), c.precision, c.scale)
		if got := v.BigInt().String(); ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%q as (%d,%d): %s %v", c.text, c.precision, c.scale, got, ok)
		}
	}
}

// FuzzD5Decimal holds the decimals against math/big.
func FuzzD5Decimal(f *testing.F) {
	f.Add("-12.30", 10, 2)
	f.Add("99999999999999999999999999999999999999", 38, 0)
	f.Fuzz(func(t *testing.T, text string, precision, scale int) {
		precision = 1 + (precision&0xff)%38
		scale = (scale & 0xff) % (precision + 1)
		v, ok := parseDecimal([]byte(text), precision, scale)
		if !ok {
			return
		}
		want, parsed := new(big.Rat).SetString(text)
		if !parsed {
			t.Fatalf("%q is taken", text)
		}
		got := new(big.Rat).SetFrac(v.BigInt(), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
		if got.Cmp(want) != 0 || len(strings.TrimPrefix(v.BigInt().String(), "-")) > precision {
			t.Fatalf("%q as (%d,%d): %s", text, precision, scale, got)
		}
	})
}

func TestCalendar(t *testing.T) {
	n := int64(-719_528) // 0000-01-01
	for y := range 10_000 {
		for m := 1; m <= 12; m++ {
			for d := 1; d <= daysIn(y, m); d++ {
				got, ok := dayOf(y, m, d)
				if !ok || got != n {
					t.Fatalf("%d-%d-%d: %d, want %d", y, m, d, got, n)
				}
				if y2, m2, d2 := civil(n); y2 != y || m2 != m || d2 != d {
					t.Fatalf("%d: %d-%d-%d", n, y2, m2, d2)
				}
				n++
			}
		}
	}
	for _, d := range [][3]int{{2023, 2, 29}, {2024, 0, 1}, {2024, 13, 1}, {2024, 1, 0}, {2024, 4, 31}, {10000, 1, 1}, {0, 0, 0}} {
		if _, ok := dayOf(d[0], d[1], d[2]); ok {
			t.Error(d)
		}
	}
}

// FuzzD5Moment: what decodes is encoded to a value that decodes to the same.
func FuzzD5Moment(f *testing.F) {
	f.Add([]byte{7, 0xe8, 7, 2, 29, 12, 34, 56})
	f.Add([]byte{11, 0xe8, 7, 2, 29, 12, 34, 56, 1, 0, 0, 0})
	f.Add([]byte{8, 1, 2, 0, 0, 0, 3, 4, 5})
	f.Add([]byte{8, 0, 0xe8, 3, 0, 0, 48, 48, 48}) // hours beyond those of a day
	f.Fuzz(func(t *testing.T, p []byte) {
		s, n := between(p)
		if n == 0 {
			return
		}
		if m, ok := readMoment(s); ok {
			days, ok := dayOf(m.year, m.month, m.day)
			if ok {
				v := days*microsOfDay + m.micros
				q, _ := between(appendDatetime(nil, v))
				if m2, ok := readMoment(q); !ok || m2 != m {
					t.Errorf("%v: %v", m, m2)
				}
			}
		}
		if v, ok := readTime(s); ok {
			q, _ := between(appendTime(nil, v))
			if v2, ok := readTime(q); !ok || v2 != v {
				t.Errorf("%d: %d", v, v2)
			}
		}
	})
}

// FuzzD5Clock: the texts of times and dates, against those that are printed.
func FuzzD5Clock(f *testing.F) {
	f.Add("2024-02-29 12:34:56.789012")
	f.Add("-838:59:59.999999")
	f.Fuzz(func(t *testing.T, text string) {
		if v, ok := parseTime([]byte(text)); ok {
			sign, u := "", v
			if u < 0 {
				sign, u = "-", -u
			}
			s := u / 1_000_000
			printed := fmt.Sprintf("%s%02d:%02d:%02d.%06d", sign, s/3600, s/60%60, s%60, u%1_000_000)
			if again, ok := parseTime([]byte(printed)); !ok || again != v {
				t.Errorf("%q: %d, %q: %d", text, v, printed, again)
			}
		}
		if m, ok := parseMoment([]byte(text)); ok && (m.micros < 0 || m.micros >= microsOfDay) {
			t.Errorf("%q: %v", text, m)
		}
	})
}

// FuzzD5Definition reads columns, and rows of them: no panic, no reading beyond
// the end, and all columns of the same length.
func FuzzD5Definition(f *testing.F) {
	for _, kind := range []byte{typeTiny, typeLong, typeDatetime, typeTime, typeNewDecimal, typeVarString, typeNull, typeGeometry, typeYear, typeFloat, typeDouble} {
		f.Add(columnOf("c", kind), []byte{0, 0, 4, 1, 2, 3, 4, 5, 6, 7, 8}, false)
	}
	f.Fuzz(func(t *testing.T, column, row []byte, text bool) {
		for _, extended := range []bool{false, true} {
			d, ok := parseDefinition(column, extended)
			if !ok {
				continue
			}
			field := d.field()
			dec := newDecoder(d, field, 1<<10)
			row := bytes.Clone(row)[:len(row):len(row)]
			want := 0
			if text {
				if m := dec.text(row); m == nil {
					want++
				}
			} else if n, m := dec.binary(row); n > len(row) {
				t.Fatalf("%d of %d bytes", n, len(row))
			} else if n > 0 && m == nil {
				want++
			}
			a := dec.Take()
			if a.Len() != want || !arrow.TypeEqual(a.DataType(), field.Type) {
				t.Fatalf("%d values, want %d; %s, want %s", a.Len(), want, a.DataType(), field.Type)
			}
			if s, ok := a.(*array.String); ok && want == 1 && !strings.Contains(string(row), s.Value(0)) {
				t.Fatalf("%q is not in the row", s.Value(0))
			}
			a.Release()
		}
	})
}

// FuzzD5Reply reads the packets that begin and end replies.
func FuzzD5Reply(f *testing.F) {
	f.Add(ok(good))
	f.Add(end(good))
	f.Add([]byte("\xff\x28\x04#42000message"))
	f.Add(helloOf(usual))
	f.Fuzz(func(t *testing.T, p []byte) {
		p = bytes.Clone(p)[:len(p):len(p)]
		if len(p) == 0 {
			return
		}
		_, _ = parseOK(p)
		_, _ = parseEnd(p, true)
		_, _ = parseGreeting(p)
		if err, isTold := parseError(p).(*serverError); isTold {
			_ = err.describe(string(p))
		}
		if v, n := lengthInt(p); n > 0 {
			if again, m := lengthInt(appendLengthInt(nil, v)); again != v || m == 0 {
				t.Errorf("%d: %d", v, again)
			}
		}
		if s, n := lengthBytes(p); n > len(p) || len(s) > n {
			t.Errorf("%d of %d", n, len(p))
		}
	})
}

func TestVerbOf(t *testing.T) {
	for sql, want := range map[string]verb{
		"select 1": reads, " ( ( SELECT 1))": reads, "/* a */ -- b\n# c\n\tWITH x AS (SELECT 1) SELECT 1": reads, "SHOW TABLES": reads, "insert into t values (1)": writes,
		"Delete FROM t": writes, "CREATE TABLE t (a int)": redefines, "TRUNCATE t": redefines, "CALL p()": other, "/*!50000 SELECT */ 1": other, "/*M! SELECT */ 1": other,
		"/* open": other, "-- only": nothing, "": nothing, " ; ": nothing, "(": nothing, "COMMIT": controls, "/* a */ begin": controls, "xa START 'x'": controls, "SELECTED": other, "--1": other, "--\r\nSELECT 1": reads, "--\x01\nSELECT 1": reads, "--": nothing, "SET a = 1": other, "`select`": other, "# x": nothing,
	} {
		if got := verbOf(sql); got != want {
			t.Errorf("%q: %d, want %d", sql, got, want)
		}
	}
}

func TestPrecision(t *testing.T) {
	for _, c := range []struct {
		length           uint32
		decimals         byte
		flags            uint16
		precision, scale int
	}{
		{12, 2, 0, 10, 2}, {11, 2, flagUnsigned, 10, 2}, {11, 0, 0, 10, 0}, {10, 0, flagUnsigned, 10, 0}, {0, 0, 0, 1, 0}, {1, 5, 0, 5, 5}, {67, 30, 0, 65, 30},
	} {
		p, s := definition{length: c.length, decimals: c.decimals, flags: c.flags}.precision()
		if p != c.precision || s != c.scale {
			t.Errorf("%+v: %d, %d", c, p, s)
		}
	}
}
