package pytext

import (
	"strconv"
	"strings"
)

// Times are in the units of abi: days since 1970, and microseconds since
// midnight, since 1970 in UTC, or of a duration.
const (
	second = int64(1e6)
	day    = 86400 * second
)

// Date is str of a date: "2026-02-28".
func Date(days int64) string {
	y, m, d := civil(days)
	return pad(y, 4) + "-" + pad(m, 2) + "-" + pad(d, 2)
}

// ReprDate is repr of a date.
func ReprDate(days int64) string {
	y, m, d := civil(days)
	return "datetime.date(" + list(y, m, d) + ")"
}

// Time is str of a time: "07:30:00", with six more digits where there are
// microseconds.
func Time(micros int64) string { return pad(micros/second/3600, 2) + minutes(micros) }

// minutes is what stands behind the hours of a time.
func minutes(micros int64) string {
	s := micros / second
	t := ":" + pad(s/60%60, 2) + ":" + pad(s%60, 2)
	if us := micros % second; us != 0 {
		t += "." + pad(us, 6)
	}
	return t
}

// ReprTime is repr of a time.
func ReprTime(micros int64) string { return "datetime.time(" + list(clock(micros)...) + ")" }

// clock is the time of a day as the last arguments of a constructor: seconds and
// microseconds are left out where they are zero.
func clock(micros int64) []int64 {
	s, us := micros/second, micros%second
	out := []int64{s / 3600, s / 60 % 60}
	if s%60 != 0 || us != 0 {
		out = append(out, s%60)
	}
	if us != 0 {
		out = append(out, us)
	}
	return out
}

// Datetime is str of a datetime without its zone, which is UTC: Python has
// "+00:00" behind it.
func Datetime(micros int64) string {
	days, rest := split(micros)
	return Date(days) + " " + Time(rest)
}

// ReprDatetime is repr of a datetime in UTC.
func ReprDatetime(micros int64) string {
	days, rest := split(micros)
	y, m, d := civil(days)
	return "datetime.datetime(" + list(append([]int64{y, m, d}, clock(rest)...)...) + ", tzinfo=datetime.timezone.utc)"
}

// Timedelta is str of a timedelta: "-1 day, 23:59:59".
func Timedelta(micros int64) string {
	days, rest := split(micros)
	t := strconv.FormatInt(rest/second/3600, 10) + minutes(rest)
	switch days {
	case 0:
		return t
	case 1, -1:
		return strconv.FormatInt(days, 10) + " day, " + t
	}
	return strconv.FormatInt(days, 10) + " days, " + t
}

// ReprTimedelta is repr of a timedelta: the parts that are not zero.
func ReprTimedelta(micros int64) string {
	days, rest := split(micros)
	var parts []string
	for _, p := range [...]struct {
		name string
		n    int64
	}{{"days", days}, {"seconds", rest / second}, {"microseconds", rest % second}} {
		if p.n != 0 {
			parts = append(parts, p.name+"="+strconv.FormatInt(p.n, 10))
		}
	}
	if parts == nil {
		return "datetime.timedelta(0)"
	}
	return "datetime.timedelta(" + strings.Join(parts, ", ") + ")"
}

// split returns the days of an instant or a duration, rounded toward minus
// infinity, and what is left of a day.
func split(micros int64) (days, rest int64) {
	days, rest = micros/day, micros%day
	if rest < 0 {
		days, rest = days-1, rest+day
	}
	return days, rest
}

// civil turns days since 1970-01-01 into a date of the proleptic Gregorian
// calendar. It counts in eras of 400 years that begin in March.
func civil(days int64) (y, m, d int64) {
	z := days + 719468
	era := z / 146097
	if z%146097 < 0 {
		era--
	}
	doe := z - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = doy - (153*mp+2)/5 + 1
	m = mp + 3
	if m > 12 {
		m -= 12
	}
	y = yoe + era*400
	if m <= 2 {
		y++
	}
	return y, m, d
}

// pad writes n with at least width digits.
func pad(n int64, width int) string {
	if n < 0 {
		return "-" + pad(-n, width)
	}
	s := strconv.FormatInt(n, 10)
	return strings.Repeat("0", max(0, width-len(s))) + s
}

// list joins numbers with commas.
func list(n ...int64) string {
	s := make([]string, len(n))
	for i, x := range n {
		s[i] = strconv.FormatInt(x, 10)
	}
	return strings.Join(s, ", ")
}
