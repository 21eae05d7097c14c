package pytext

import (
	"math"
	"testing"
)

// TestText holds the functions against what CPython prints.
func TestText(t *testing.T) {
	const aware = ", tzinfo=datetime.timezone.utc)"
	for _, c := range []struct{ got, want string }{
		{Float(0), "0.0"},
		{Float(math.Copysign(0, -1)), "-0.0"},
		{Float(0.1), "0.1"},
		{Float(1e15), "1000000000000000.0"},
		{Float(1e16), "1e+16"},
		{Float(0.0001), "0.0001"},
		{Float(0.00001), "1e-05"},
		{Float(5e-324), "5e-324"},
		{Float(math.NaN()), "nan"},
		{Float(math.Inf(-1)), "-inf"},
		{ReprText(""), "''"},
		{ReprText("it's"), `"it's"`},
		{ReprText(`'"`), `'\'"'`},
		{ReprText("\\\n\r\t\x00\x7f"), `'\\\n\r\t\x00\x7f'`},
		{ReprText("é\u0085\u00ad\u2028\U000e0001😀"), `'é\x85\xad\u2028\U000e0001😀'`},
		{ReprBytes("it's\xc3\xa9\n"), `b"it's\xc3\xa9\n"`},
		{Date(-719162), "0001-01-01"},
		{ReprDate(2932896), "datetime.date(9999, 12, 31)"},
		{Time(0), "00:00:00"},
		{Time(11045000600), "03:04:05.000600"},
		{ReprTime(60e6), "datetime.time(0, 1)"},
		{ReprTime(600), "datetime.time(0, 0, 0, 600)"},
		{Datetime(-1), "1969-12-31 23:59:59.999999"},
		{ReprDatetime(951782400e6), "datetime.datetime(2000, 2, 29, 0, 0" + aware},
		{ReprDatetime(-62135596800e6), "datetime.datetime(1, 1, 1, 0, 0" + aware},
		{Timedelta(0), "0:00:00"},
		{Timedelta(-1), "-1 day, 23:59:59.999999"},
		{Timedelta(36000e6), "10:00:00"},
		{Timedelta(2 * 86400e6), "2 days, 0:00:00"},
		{ReprTimedelta(0), "datetime.timedelta(0)"},
		{ReprTimedelta(-1), "datetime.timedelta(days=-1, seconds=86399, microseconds=999999)"},
	} {
		if c.got != c.want {
			t.Errorf("%s, want %s", c.got, c.want)
		}
	}
}

// TestOtherYears: dates outside of Python's years are those of the calendar, too.
func TestOtherYears(t *testing.T) {
	for days, want := range map[int64]string{-719528: "0000-01-01", -719529: "-0001-12-31", 2932897: "10000-01-01"} {
		if got := Date(days); got != want {
			t.Errorf("%d: %s, want %s", days, got, want)
		}
	}
}
