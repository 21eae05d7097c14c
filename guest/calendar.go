package guest

import (
	"strconv"

	"github.com/wasmsql/wasmsql/abi"
)

// Day returns a day of the Gregorian calendar as days since 1970-01-01, the
// unit of dates. A month or day out of its range counts on into the next.
//
// Source: "chrono-Compatible Low-Level Date Algorithms", days_from_civil: the
// year begins in March, so that the leap day is its last.
func Day(year, month, day int) int64 {
	y, m := int64(year), int64(month)-1
	y += m / 12
	if m %= 12; m < 0 {
		m, y = m+12, y-1
	}
	m = (m + 10) % 12 // March is 0
	if m >= 10 {
		y--
	}
	era := floor(y, 400)
	inEra := y - era*400
	inYear := (153*m+2)/5 + int64(day) - 1
	return era*146097 + inEra*365 + inEra/4 - inEra/100 + inYear - 719468
}

// Calendar returns the day that is days after 1970-01-01.
func Calendar(days int64) (year, month, day int) {
	days += 719468
	era := floor(days, 146097)
	inEra := days - era*146097
	y := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	inYear := inEra - (365*y + y/4 - y/100)
	m := (5*inYear + 2) / 153
	day = int(inYear - (153*m+2)/5 + 1)
	month = int(m+2)%12 + 1
	y += era * 400
	if month <= 2 {
		y++
	}
	return int(y), month, day
}

func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// DateText returns a day, in days since 1970-01-01, as "2026-02-28".
func DateText(days int64) string {
	y, m, d := Calendar(days)
	return pad(y, 4) + "-" + pad(m, 2) + "-" + pad(d, 2)
}

// TimeText returns a time of day, in microseconds since midnight, as "07:30:00"
// or "07:30:00.25".
func TimeText(micros int64) string {
	seconds := micros / 1_000_000
	s := pad(int(seconds/3600), 2) + ":" + pad(int(seconds/60%60), 2) + ":" + pad(int(seconds%60), 2)
	if f := micros % 1_000_000; f != 0 {
		digits := pad(int(f), 6)
		for digits[len(digits)-1] == '0' {
			digits = digits[:len(digits)-1]
		}
		s += "." + digits
	}
	return s
}

// DatetimeText returns an instant, in microseconds since 1970-01-01T00:00:00Z,
// in the form of RFC 3339: "2026-02-28T07:30:00Z".
func DatetimeText(micros int64) string {
	const day = 86_400_000_000
	days := floor(micros, day)
	return DateText(days) + "T" + TimeText(micros-days*day) + "Z"
}

// pad returns a number with at least so many digits.
func pad(n, digits int) string {
	s := strconv.Itoa(max(n, -n))
	for len(s) < digits {
		s = "0" + s
	}
	if n < 0 {
		s = "-" + s
	}
	return s
}

// UUIDText returns a uuid in its usual form.
func UUIDText(v [16]byte) string {
	const hex = "0123456789abcdef"
	out := make([]byte, 0, 36)
	for i, b := range v {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			out = append(out, '-')
		}
		out = append(out, hex[b>>4], hex[b&15])
	}
	return string(out)
}

// ValueText returns a value that is neither null nor a list as text: a number
// or bool as its literal, times as DatetimeText, DateText and TimeText have
// them, a timedelta in microseconds, a uuid as UUIDText, and bytes and texts as
// they are.
func ValueText(v Value) string {
	switch v.Type.Kind {
	case abi.Int, abi.Timedelta:
		return strconv.FormatInt(v.Int, 10)
	case abi.Float:
		return strconv.FormatFloat(v.Float, 'g', -1, 64)
	case abi.Bool:
		return strconv.FormatBool(v.Int != 0)
	case abi.Datetime:
		return DatetimeText(v.Int)
	case abi.Date:
		return DateText(v.Int)
	case abi.Time:
		return TimeText(v.Int)
	case abi.UUID:
		return UUIDText([16]byte([]byte(v.Str)))
	}
	return v.Str
}
