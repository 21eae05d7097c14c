package template

import (
	"strconv"
	"strings"
)

const (
	secondMicros = int64(1e6)
	dayMicros    = 86400 * secondMicros
)

// floorDiv and floorMod round toward minus infinity, as Python does. b is
// above zero.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

func floorMod(a, b int64) int64 {
	m := a % b
	if m < 0 {
		m += b
	}
	return m
}

// civil turns days since 1970-01-01 into a date of the proleptic Gregorian
// calendar. It counts in eras of 400 years that begin in March.
func civil(days int64) (year, month, day int64) {
	z := days + 719468
	era := floorDiv(z, 146097)
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day = doy - (153*mp+2)/5 + 1
	month = mp + 3
	if month > 12 {
		month -= 12
	}
	year = yoe + era*400
	if month <= 2 {
		year++
	}
	return year, month, day
}

// pad writes n with at least width digits.
func pad(n int64, width int) string {
	s := strconv.FormatInt(n, 10)
	if n < 0 {
		return "-" + pad(-n, width)
	}
	if len(s) < width {
		s = strings.Repeat("0", width-len(s)) + s
	}
	return s
}

func dateText(days int64) string {
	y, m, d := civil(days)
	return pad(y, 4) + "-" + pad(m, 2) + "-" + pad(d, 2)
}

// timeText is hh:mm:ss, with six more digits when there are microseconds.
func timeText(micros int64) string {
	s := micros / secondMicros
	t := pad(s/3600, 2) + ":" + pad(s/60%60, 2) + ":" + pad(s%60, 2)
	if us := micros % secondMicros; us != 0 {
		t += "." + pad(us, 6)
	}
	return t
}

// datetimeText is the date and the time of an instant in UTC, without a zone.
func datetimeText(micros int64) string {
	return dateText(floorDiv(micros, dayMicros)) + " " + timeText(floorMod(micros, dayMicros))
}

// timedeltaText is Python's str: "-1 day, 23:59:59".
func timedeltaText(micros int64) string {
	days, rest := floorDiv(micros, dayMicros), floorMod(micros, dayMicros)
	t := strings.TrimPrefix(timeText(rest), "0")
	if rest >= 10*3600*secondMicros {
		t = timeText(rest)
	}
	switch days {
	case 0:
		return t
	case 1, -1:
		return strconv.FormatInt(days, 10) + " day, " + t
	}
	return strconv.FormatInt(days, 10) + " days, " + t
}

// timedeltaRepr is Python's repr: only the parts that are not zero.
func timedeltaRepr(micros int64) string {
	rest := floorMod(micros, dayMicros)
	var parts []string
	add := func(name string, n int64) {
		if n != 0 {
			parts = append(parts, name+"="+strconv.FormatInt(n, 10))
		}
	}
	add("days", floorDiv(micros, dayMicros))
	add("seconds", rest/secondMicros)
	add("microseconds", rest%secondMicros)
	if parts == nil {
		return "datetime.timedelta(0)"
	}
	return "datetime.timedelta(" + strings.Join(parts, ", ") + ")"
}

// clockArgs is the time of a day as the last arguments of a constructor.
func clockArgs(micros int64) string {
	s, us := micros/secondMicros, micros%secondMicros
	out := ", " + ints(s/3600, s/60%60)
	if s%60 != 0 || us != 0 {
		out += ", " + ints(s%60)
	}
	if us != 0 {
		out += ", " + ints(us)
	}
	return out
}
