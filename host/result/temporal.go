package result

import (
	"strconv"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

func newTimeCell(t arrow.DataType) cell {
	switch t := t.(type) {
	case *arrow.Date32Type:
		return quoted(func(d []byte, a *array.Date32, i int) []byte { return appendDate(d, int64(a.Value(i))) })
	case *arrow.Date64Type:
		return quoted(func(d []byte, a *array.Date64, i int) []byte {
			day, _ := floorDiv(int64(a.Value(i)), 86_400_000)
			return appendDate(d, day)
		})
	case *arrow.Time32Type:
		unit := t.Unit
		return quoted(func(d []byte, a *array.Time32, i int) []byte { return appendClock(d, int64(a.Value(i)), unit) })
	case *arrow.Time64Type:
		unit := t.Unit
		return quoted(func(d []byte, a *array.Time64, i int) []byte { return appendClock(d, int64(a.Value(i)), unit) })
	case *arrow.TimestampType:
		return newTimestampCell(t)
	case *arrow.DurationType:
		unit := t.Unit
		return quoted(func(d []byte, a *array.Duration, i int) []byte { return appendDuration(d, int64(a.Value(i)), unit) })
	case *arrow.MonthIntervalType:
		return quoted(func(d []byte, a *array.MonthInterval, i int) []byte {
			return appendInterval(d, arrow.MonthDayNanoInterval{Months: int32(a.Value(i))})
		})
	case *arrow.DayTimeIntervalType:
		return quoted(func(d []byte, a *array.DayTimeInterval, i int) []byte {
			v := a.Value(i)
			return appendInterval(d, arrow.MonthDayNanoInterval{Days: v.Days, Nanoseconds: int64(v.Milliseconds) * 1_000_000})
		})
	case *arrow.MonthDayNanoIntervalType:
		return quoted(func(d []byte, a *array.MonthDayNanoInterval, i int) []byte { return appendInterval(d, a.Value(i)) })
	}
	return nil
}

func quoted[A arrow.Array](put func([]byte, A, int) []byte) cell {
	return &column[A]{put: put, quoted: true}
}

func newTimestampCell(t *arrow.TimestampType) cell {
	unit, zone := t.Unit, ""
	if t.TimeZone != "" {
		zone = "+00:00"
	}
	write := func(d []byte, v int64, sep byte) []byte {
		day, rest := floorDiv(v, 86_400*perSecond(unit))
		d = append(appendDate(d, day), sep)
		return append(appendClock(d, rest, unit), zone...)
	}
	return &column[*array.Timestamp]{
		put: func(d []byte, a *array.Timestamp, i int) []byte { return write(d, int64(a.Value(i)), ' ') },
		js: func(d []byte, a *array.Timestamp, i int) ([]byte, error) {
			return append(write(append(d, '"'), int64(a.Value(i)), 'T'), '"'), nil
		},
	}
}

func perSecond(u arrow.TimeUnit) int64 {
	switch u {
	case arrow.Millisecond:
		return 1_000
	case arrow.Microsecond:
		return 1_000_000
	case arrow.Nanosecond:
		return 1_000_000_000
	}
	return 1
}

// floorDiv returns the quotient rounded down and the remainder, which is not
// negative.
func floorDiv(a, b int64) (q, r int64) {
	q, r = a/b, a%b
	if r < 0 {
		q, r = q-1, r+b
	}
	return q, r
}

// appendDate appends a day of the proleptic Gregorian calendar, counted from
// 1970-01-01. Years are counted from March in 400-year cycles, so that the
// leap day comes last.
func appendDate(dst []byte, day int64) []byte {
	cycle, n := floorDiv(day+719_468, 146_097) // from 0000-03-01
	y := (n - n/1_460 + n/36_524 - n/146_096) / 365
	n -= 365*y + y/4 - y/100
	m := (5*n + 2) / 153 // 0 is March
	d := n - (153*m+2)/5 + 1
	y += 400 * cycle
	if m += 3; m > 12 {
		m, y = m-12, y+1
	}
	if y < 0 {
		dst, y = append(dst, '-'), -y
	}
	dst = appendPadded(dst, uint64(y), 4)
	dst = appendPadded(append(dst, '-'), uint64(m), 2)
	return appendPadded(append(dst, '-'), uint64(d), 2)
}

// appendClock appends a time of day. One of 24 hours or more, which some
// databases have, or less than none is appended as it is.
func appendClock(dst []byte, v int64, unit arrow.TimeUnit) []byte {
	per := uint64(perSecond(unit))
	if v < 0 {
		dst = append(dst, '-')
	}
	u := magnitude(v)
	s := u / per
	dst = appendPadded(dst, s/3600, 2)
	dst = appendPadded(append(dst, ':'), s/60%60, 2)
	dst = appendPadded(append(dst, ':'), s%60, 2)
	return appendFraction(dst, u%per, per, false)
}

// appendFraction appends a fraction of a second, with all digits of the unit
// or, trimmed, without zeros at its end. Zero is left out.
func appendFraction(dst []byte, rest, per uint64, trim bool) []byte {
	if rest == 0 {
		return dst
	}
	digits := len(strconv.FormatUint(per, 10)) - 1
	dst = appendPadded(append(dst, '.'), rest, digits)
	for trim && dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

func appendPadded(dst []byte, v uint64, width int) []byte {
	for limit := uint64(10); width > 1; width, limit = width-1, limit*10 {
		if v < limit {
			for ; width > 1; width-- {
				dst = append(dst, '0')
			}
			break
		}
	}
	return strconv.AppendUint(dst, v, 10)
}

func appendDuration(dst []byte, v int64, unit arrow.TimeUnit) []byte {
	if v == 0 {
		return append(dst, "PT0S"...)
	}
	if v < 0 {
		dst = append(dst, '-')
	}
	u, per := magnitude(v), uint64(perSecond(unit))
	s := u / per
	dst = append(dst, 'P')
	dst = appendPart(dst, s/86_400, 'D')
	if s %= 86_400; s == 0 && u%per == 0 {
		return dst
	}
	return appendTime(append(dst, 'T'), "", s, u%per, per)
}

func appendPart(dst []byte, v uint64, unit byte) []byte {
	if v == 0 {
		return dst
	}
	return append(strconv.AppendUint(dst, v, 10), unit)
}

// appendTime appends the part of a duration after T, each with the sign.
func appendTime(dst []byte, sign string, s, rest, per uint64) []byte {
	for _, p := range [...]struct {
		v    uint64
		unit byte
	}{{s / 3600, 'H'}, {s / 60 % 60, 'M'}} {
		if p.v != 0 {
			dst = appendPart(append(dst, sign...), p.v, p.unit)
		}
	}
	if s %= 60; s == 0 && rest == 0 {
		return dst
	}
	dst = strconv.AppendUint(append(dst, sign...), s, 10)
	return append(appendFraction(dst, rest, per, true), 'S')
}

func appendInterval(dst []byte, v arrow.MonthDayNanoInterval) []byte {
	if v == (arrow.MonthDayNanoInterval{}) {
		return append(dst, "PT0S"...)
	}
	dst = append(dst, 'P')
	for _, p := range [...]struct {
		v    int64
		unit byte
	}{{int64(v.Months / 12), 'Y'}, {int64(v.Months % 12), 'M'}, {int64(v.Days), 'D'}} {
		if p.v != 0 {
			dst = append(strconv.AppendInt(dst, p.v, 10), p.unit)
		}
	}
	if v.Nanoseconds == 0 {
		return dst
	}
	sign := ""
	if v.Nanoseconds < 0 {
		sign = "-"
	}
	u := magnitude(v.Nanoseconds)
	return appendTime(append(dst, 'T'), sign, u/1_000_000_000, u%1_000_000_000, 1_000_000_000)
}
