package mysql

import "encoding/binary"

// Dates and times as the protocol and as texts have them, and back. Nothing
// here allocates. The calendar is the proleptic Gregorian one, years 0 to 9999.

// dayOf returns the days since 1970-01-01 of a date, and whether there is one.
func dayOf(year, month, day int) (int64, bool) {
	if year < 0 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	// Years begin in March here, so that the leap day is the last one; 400 years
	// earlier is the same calendar and never negative.
	y, m := year+400, month-3
	if m < 0 {
		y, m = y-1, m+12
	}
	era, of := y/400, y%400
	return int64(era*146_097+of*365+of/4-of/100+(153*m+2)/5+day-1) - 719_468 - 146_097, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// civil is the inverse of dayOf.
func civil(days int64) (year, month, day int) {
	z := int(days) + 719_468 + 146_097
	era, d := z/146_097, z%146_097
	of := (d - d/1460 + d/36_524 - d/146_096) / 365
	dayOfYear := d - (365*of + of/4 - of/100)
	m := (5*dayOfYear + 2) / 153
	year, month, day = of+era*400-400, m+3, dayOfYear-(153*m+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// moment is a date and time of the protocol: zero where MySQL allows zeros in
// place of a month or day.
type moment struct {
	year, month, day int
	micros           int64 // of the day
}

// lastDay remembers the day that was asked for last: rows that follow each
// other often have the same.
type lastDay struct {
	year, month, day int
	days             int64
}

// dayOf is the function of this name, for the day of m.
func (l *lastDay) dayOf(m moment) (days int64, ok bool) {
	if l.day == m.day && l.month == m.month && l.year == m.year && m.day > 0 {
		return l.days, true
	}
	if days, ok = dayOf(m.year, m.month, m.day); ok {
		*l = lastDay{m.year, m.month, m.day, days}
	}
	return days, ok
}

// readMoment reads what stands behind the length of a DATE or DATETIME, which
// is 0, 4, 7 or 11 bytes:
//
//	year 2, month 1, day 1; hour, minute, second: 1 each; microsecond 4
func readMoment(p []byte) (m moment, ok bool) {
	switch len(p) {
	case 0:
		return m, true
	case 4, 7, 11:
	default:
		return m, false
	}
	m.year, m.month, m.day = int(binary.LittleEndian.Uint16(p)), int(p[2]), int(p[3])
	if len(p) >= 7 {
		m.micros, ok = micros(int(p[4]), int(p[5]), int(p[6]))
		if !ok || p[4] > 23 {
			return m, false
		}
	}
	if len(p) == 11 {
		below := binary.LittleEndian.Uint32(p[7:])
		if below > 999_999 {
			return m, false
		}
		m.micros += int64(below)
	}
	return m, true
}

// micros returns a time as microseconds.
func micros(h, m, s int) (int64, bool) {
	return int64(h*3600+m*60+s) * 1_000_000, m < 60 && s < 60
}

// readTime reads what stands behind the length of a TIME, which is 0, 8 or 12
// bytes, as microseconds:
//
//	sign 1, days 4; hour, minute, second: 1 each; microsecond 4
func readTime(p []byte) (int64, bool) {
	switch len(p) {
	case 0:
		return 0, true
	case 8, 12:
	default:
		return 0, false
	}
	days := binary.LittleEndian.Uint32(p[1:])
	v, ok := micros(int(p[5]), int(p[6]), int(p[7]))
	if !ok || days > 1000 || p[5] > 23 || p[0] > 1 {
		return 0, false
	}
	v += int64(days) * microsOfDay
	if len(p) == 12 {
		below := binary.LittleEndian.Uint32(p[8:])
		if below > 999_999 {
			return 0, false
		}
		v += int64(below)
	}
	if p[0] == 1 {
		v = -v
	}
	return v, true
}

// number reads the digits at the start of b, at most n of them.
func number(b []byte, n int) (v int, rest []byte, ok bool) {
	for len(b) > 0 && n > 0 && b[0] >= '0' && b[0] <= '9' {
		v, b, n, ok = v*10+int(b[0]-'0'), b[1:], n-1, true
	}
	return v, b, ok
}

// after returns what stands behind the byte c at the start of b.
func after(b []byte, c byte) ([]byte, bool) {
	if len(b) == 0 || b[0] != c {
		return b, false
	}
	return b[1:], true
}

// parseMoment reads YYYY-MM-DD[ hh:mm:ss[.ffffff]], all of b.
func parseMoment(b []byte) (m moment, ok bool) {
	var ok1, ok2, ok3, ok4, ok5 bool
	m.year, b, ok1 = number(b, 4)
	b, ok2 = after(b, '-')
	m.month, b, ok3 = number(b, 2)
	b, ok4 = after(b, '-')
	m.day, b, ok5 = number(b, 2)
	if !(ok1 && ok2 && ok3 && ok4 && ok5) {
		return m, false
	}
	if len(b) == 0 {
		return m, true
	}
	b, _ = after(b, ' ')
	m.micros, ok = parseClock(b)
	return m, ok && m.micros < microsOfDay
}

// parseTime reads [-]hhh:mm:ss[.ffffff], all of b, as microseconds.
func parseTime(b []byte) (int64, bool) {
	b, negative := after(b, '-')
	v, ok := parseClock(b)
	if negative {
		v = -v
	}
	return v, ok
}

// parseClock reads hh:mm:ss[.ffffff] with hours of up to three digits.
func parseClock(b []byte) (int64, bool) {
	h, b, ok1 := number(b, 3)
	b, ok2 := after(b, ':')
	m, b, ok3 := number(b, 2)
	b, ok4 := after(b, ':')
	s, b, ok5 := number(b, 2)
	v, ok := micros(h, m, s)
	if !(ok && ok1 && ok2 && ok3 && ok4 && ok5) {
		return 0, false
	}
	if len(b) == 0 {
		return v, true
	}
	b, ok = after(b, '.')
	unit := int64(100_000)
	for ; len(b) > 0 && b[0] >= '0' && b[0] <= '9' && unit > 0; b = b[1:] {
		v += int64(b[0]-'0') * unit
		unit /= 10
	}
	return v, ok && len(b) == 0
}
