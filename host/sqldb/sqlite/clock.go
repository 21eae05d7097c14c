package sqlite

// The texts in which SQLite users keep dates and times, and back. Nothing here
// allocates.
//
// Sources: https://sqlite.org/lang_datefunc.html, "Time Values"; SQLAlchemy
// 2.0, dialects/sqlite/base.py, DATETIME, DATE and TIME, for what is written.

const (
	microsPerSecond = 1_000_000
	microsPerDay    = 86_400 * microsPerSecond
	minDay          = -719_162  // 0001-01-01
	maxDay          = 2_932_896 // 9999-12-31
)

// dayOf returns the days since 1970-01-01 of a date of the proleptic Gregorian
// calendar, and whether there is such a date in the years 1 to 9999.
func dayOf(year, month, day int) (int64, bool) {
	if year < 1 || year > 9999 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	// Years begin in March here, so that the leap day is the last one.
	y, m := year, month-3
	if m < 0 {
		y, m = y-1, m+12
	}
	era := y / 400
	yearOfEra := y % 400
	dayOfYear := (153*m+2)/5 + day - 1
	return int64(era*146_097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719_468), true
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

// dateOf is the inverse of dayOf, for minDay to maxDay.
func dateOf(days int64) (year, month, day int) {
	z := int(days) + 719_468
	era := z / 146_097
	d := z % 146_097
	yearOfEra := (d - d/1460 + d/36_524 - d/146_096) / 365
	dayOfYear := d - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153
	year, month, day = yearOfEra+era*400, m+3, dayOfYear-(153*m+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// digits reads a number of exactly n digits.
func digits(b []byte, n int) (v int, rest []byte, ok bool) {
	if len(b) < n {
		return 0, b, false
	}
	for _, c := range b[:n] {
		if c < '0' || c > '9' {
			return 0, b, false
		}
		v = v*10 + int(c-'0')
	}
	return v, b[n:], true
}

// two reads two digits, and is over 99 where they are none. b has at least two
// bytes.
func two(b []byte) int {
	hi, lo := b[0]-'0', b[1]-'0'
	if hi > 9 || lo > 9 {
		return 1 << 16
	}
	return int(hi)*10 + int(lo)
}

// parseDay reads YYYY-MM-DD from the start of b.
func parseDay(b []byte) (days int64, rest []byte, ok bool) {
	if len(b) < 10 || b[4] != '-' || b[7] != '-' {
		return 0, b, false
	}
	days, ok = dayOf(two(b)*100+two(b[2:]), two(b[5:]), two(b[8:]))
	return days, b[10:], ok
}

// parseClock reads HH:MM[:SS[.fraction]] from the start of b, as microseconds.
// A fraction finer than that is not ok, unless it is zeros.
func parseClock(b []byte) (micros int64, rest []byte, ok bool) {
	if len(b) < 5 || b[2] != ':' {
		return 0, b, false
	}
	h, m, s := two(b), two(b[3:]), 0
	b = b[5:]
	seconds := len(b) >= 3 && b[0] == ':'
	if seconds {
		s, b = two(b[1:]), b[3:]
	}
	if h > 23 || m > 59 || s > 59 {
		return 0, b, false
	}
	micros = int64(h*3600+m*60+s) * microsPerSecond
	if !seconds || len(b) == 0 || b[0] != '.' {
		return micros, b, true
	}
	b = b[1:]
	n, unit := 0, int64(microsPerSecond)
	for ; n < len(b) && b[n] >= '0' && b[n] <= '9'; n++ {
		if unit /= 10; unit == 0 && b[n] != '0' {
			return 0, b, false
		}
		micros += int64(b[n]-'0') * unit
	}
	return micros, b[n:], n > 0
}

// parseZone reads Z or an offset from UTC, all of b, as microseconds to
// subtract. Nothing is UTC.
func parseZone(b []byte) (micros int64, ok bool) {
	if len(b) > 0 && b[0] == ' ' {
		if b = b[1:]; len(b) == 0 {
			return 0, false
		}
	}
	switch {
	case len(b) == 0:
		return 0, true
	case b[0] == 'Z' || b[0] == 'z':
		return 0, len(b) == 1
	case b[0] != '+' && b[0] != '-':
		return 0, false
	}
	sign := int64(1)
	if b[0] == '-' {
		sign = -1
	}
	h, b, ok := digits(b[1:], 2)
	if !ok || h > 23 {
		return 0, false
	}
	if len(b) > 0 && b[0] == ':' {
		b = b[1:]
	} else if len(b) == 0 {
		return sign * int64(h) * 3600 * microsPerSecond, true
	}
	m, b, ok := digits(b, 2)
	return sign * int64(h*60+m) * 60 * microsPerSecond, ok && m < 60 && len(b) == 0
}

// lastDay remembers the day that was read last: rows that follow each other
// often have the same.
type lastDay struct {
	text [10]byte
	days int64
}

// parseDay is the function of this name.
func (l *lastDay) parseDay(b []byte) (days int64, rest []byte, ok bool) {
	if len(b) >= len(l.text) && [10]byte(b) == l.text {
		return l.days, b[len(l.text):], true
	}
	if days, rest, ok = parseDay(b); ok {
		l.text, l.days = [10]byte(b), days
	}
	return days, rest, ok
}

// parseTimestamp reads YYYY-MM-DD[( |T)HH:MM[:SS[.fraction]][zone]] as
// microseconds since 1970 in UTC.
func (l *lastDay) parseTimestamp(b []byte) (int64, bool) {
	days, b, ok := l.parseDay(b)
	if !ok || len(b) == 0 {
		return days * microsPerDay, ok
	}
	if b[0] != ' ' && b[0] != 'T' && b[0] != 't' {
		return 0, false
	}
	clock, b, ok := parseClock(b[1:])
	if !ok {
		return 0, false
	}
	zone, ok := parseZone(b)
	return days*microsPerDay + clock - zone, ok
}

// parseDate reads YYYY-MM-DD, also with a time of midnight behind it, as days
// since 1970.
func (l *lastDay) parseDate(b []byte) (int64, bool) {
	days, rest, ok := l.parseDay(b)
	if !ok || len(rest) == 0 {
		return days, ok
	}
	if rest[0] != ' ' && rest[0] != 'T' {
		return 0, false
	}
	clock, rest, ok := parseClock(rest[1:])
	return days, ok && clock == 0 && len(rest) == 0
}

// parseTime reads HH:MM[:SS[.fraction]] as microseconds since midnight.
func parseTime(b []byte) (int64, bool) {
	micros, rest, ok := parseClock(b)
	return micros, ok && len(rest) == 0
}

// appendDate writes YYYY-MM-DD. It is not ok outside of the years 1 to 9999.
func appendDate(b []byte, days int64) ([]byte, bool) {
	if days < minDay || days > maxDay {
		return b, false
	}
	y, m, d := dateOf(days)
	b = appendDigits(b, y, 4)
	b = appendDigits(append(b, '-'), m, 2)
	return appendDigits(append(b, '-'), d, 2), true
}

// appendTime writes HH:MM:SS[.ffffff], without a fraction where there is none:
// so do time(), datetime() and CURRENT_TIMESTAMP, and Python's str, and texts
// compare equal only if they are the same. (SQLAlchemy's own column types write
// six zeros.) It is not ok outside of a day.
func appendTime(b []byte, micros int64) ([]byte, bool) {
	if micros < 0 || micros >= microsPerDay {
		return b, false
	}
	s := int(micros / microsPerSecond)
	b = appendDigits(b, s/3600, 2)
	b = appendDigits(append(b, ':'), s/60%60, 2)
	b = appendDigits(append(b, ':'), s%60, 2)
	if fraction := int(micros % microsPerSecond); fraction != 0 {
		b = appendDigits(append(b, '.'), fraction, 6)
	}
	return b, true
}

// appendTimestamp writes YYYY-MM-DD HH:MM:SS[.ffffff] in UTC.
func appendTimestamp(b []byte, micros int64) ([]byte, bool) {
	days := floorDiv(micros, microsPerDay)
	b, ok := appendDate(b, days)
	if !ok {
		return b, false
	}
	return appendTime(append(b, ' '), micros-days*microsPerDay)
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func appendDigits(b []byte, v, n int) []byte {
	for unit := pow10(n - 1); unit > 0; unit /= 10 {
		b = append(b, byte('0'+v/unit%10))
	}
	return b
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}
