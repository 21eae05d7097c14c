package manifest

import (
	"math/big"
	"strconv"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/host"
)

const (
	second = 1_000_000 // in microseconds
	minute = 60 * second
	hour   = 60 * minute
	day    = 24 * hour
)

const (
	datetimeHint  = "write 2024-05-06T07:08:09 for UTC, or with an offset: 2024-05-06T07:08:09+02:00"
	dateHint      = "write year-month-day: 2024-05-06"
	timeHint      = "write hours:minutes:seconds, from 00:00 to 23:59:59.999999"
	timedeltaHint = "write 1h30m, P1DT2H, 1 day, 2:03:04 or a number of seconds"
)

// parseDate returns days since 1970-01-01.
func parseDate(s string) (int64, *host.Error) {
	days, rest, ok := cutDate(s)
	if !ok || rest != "" {
		return 0, notA(s, "a date", dateHint)
	}
	return days, nil
}

// cutDate takes year-month-day, in the years 1 to 9999, from the front of s.
func cutDate(s string) (days int64, rest string, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' || digits(s) != 4 || digits(s[5:]) != 2 || digits(s[8:]) < 2 {
		return 0, s, false
	}
	y, m, d := number(s[:4]), number(s[5:7]), number(s[8:10])
	t := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
	if y < 1 || t.Year() != y || int(t.Month()) != m || t.Day() != d {
		return 0, s, false
	}
	return t.Unix() / 86400, s[10:], true
}

// number returns the value of a few decimal digits.
func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// parseTime returns microseconds since midnight.
func parseTime(s string) (int64, *host.Error) {
	us, rest, ok := cutTime(s)
	if ok && rest != "" {
		if _, _, offset := cutOffset(rest); offset {
			return 0, notA(s, "a time", "a time has no offset: use datetime")
		}
		if strings.HasPrefix(rest, ".") {
			return 0, notA(s, "a time", "six digits after the point at most")
		}
	}
	if !ok || rest != "" {
		return 0, notA(s, "a time", timeHint)
	}
	return us, nil
}

// cutTime takes hours:minutes[:seconds[.fraction]] from the front of s.
func cutTime(s string) (us int64, rest string, ok bool) {
	if len(s) < 5 || s[2] != ':' || digits(s) != 2 || digits(s[3:]) != 2 {
		return 0, s, false
	}
	h, m := number(s[:2]), number(s[3:5])
	if h > 23 || m > 59 {
		return 0, s, false
	}
	us, rest = int64(h)*hour+int64(m)*minute, s[5:]
	if !strings.HasPrefix(rest, ":") {
		return us, rest, true
	}
	if digits(rest[1:]) != 2 || number(rest[1:3]) > 59 {
		return 0, s, false
	}
	us, rest = us+int64(number(rest[1:3]))*second, rest[3:]
	if strings.HasPrefix(rest, ".") {
		n := digits(rest[1:])
		f := strings.TrimRight(rest[1:1+n], "0")
		if n == 0 || len(f) > 6 {
			return us, rest, true // what is left is not understood
		}
		us, rest = us+int64(number((f + "000000")[:6])), rest[1+n:]
	}
	return us, rest, true
}

// cutOffset takes Z, +02:00, +0200 or +02 from the front of s.
func cutOffset(s string) (us int64, rest string, ok bool) {
	if s == "" {
		return 0, "", false
	}
	if s[0] == 'Z' || s[0] == 'z' {
		return 0, s[1:], true
	}
	if (s[0] != '+' && s[0] != '-') || digits(s[1:]) < 2 {
		return 0, s, false
	}
	h, m, rest := number(s[1:3]), 0, s[3:]
	if t := strings.TrimPrefix(rest, ":"); digits(t) >= 2 {
		m, rest = number(t[:2]), t[2:]
	}
	if h > 23 || m > 59 {
		return 0, s, false
	}
	us = int64(h)*hour + int64(m)*minute
	if s[0] == '-' {
		us = -us
	}
	return us, rest, true
}

// parseDatetime returns microseconds since 1970-01-01T00:00:00Z.
func parseDatetime(s string) (int64, *host.Error) {
	days, rest, ok := cutDate(s)
	if !ok {
		return 0, notA(s, "a datetime", datetimeHint)
	}
	us := days * day
	if rest != "" {
		if !strings.ContainsRune("Tt ", rune(rest[0])) {
			return 0, notA(s, "a datetime", datetimeHint)
		}
		tod, zone, ok := cutTime(rest[1:])
		if !ok {
			return 0, notA(s, "a datetime", datetimeHint)
		}
		offset, left := int64(0), zone
		if zone != "" {
			offset, left, ok = cutOffset(strings.TrimPrefix(zone, " "))
		}
		if !ok || left != "" {
			hint := datetimeHint
			if strings.HasPrefix(zone, ".") {
				hint = "six digits after the point at most"
			}
			return 0, notA(s, "a datetime", hint)
		}
		us += tod - offset
	}
	if us < minDatetime || us > maxDatetime {
		return 0, problem("", "%s is out of range: a datetime is in the years 1 to 9999, in UTC", quote(s))
	}
	return us, nil
}

const (
	minDatetime = -719162 * day       // 0001-01-01T00:00:00Z
	maxDatetime = (2932896+1)*day - 1 // 9999-12-31T23:59:59.999999Z
)

// parseTimedelta returns microseconds.
func parseTimedelta(s string) (int64, *host.Error) {
	t, negative := s, false
	if t != "" && (t[0] == '-' || t[0] == '+') {
		t, negative = t[1:], t[0] == '-'
	}
	var us *big.Rat
	var err *host.Error
	switch {
	case strings.HasPrefix(t, "P") || strings.HasPrefix(t, "p"):
		us, err = isoDuration(s, strings.ToUpper(t[1:]))
	case strings.Contains(t, "day") || strings.Contains(t, ":"):
		// Python's days carry the sign, its time of day does not.
		us, err = pythonDuration(s)
		negative = false
	default:
		us, err = unitDuration(s, t)
	}
	if err != nil {
		return 0, err
	}
	if negative {
		us.Neg(us)
	}
	if !us.IsInt() {
		return 0, problem("", "%s is finer than a microsecond", quote(s))
	}
	if !us.Num().IsInt64() {
		return 0, problem("", "%s is out of range: a timedelta is at most 292471 years", quote(s))
	}
	return us.Num().Int64(), nil
}

// quantity takes a number without sign or exponent from the front of s and
// returns it in microseconds.
func quantity(s string, unit *big.Rat) (*big.Rat, bool) {
	if len(s) > 40 || decimalKind(s) == plainText || strings.ContainsAny(s, "eE") {
		return nil, false
	}
	n, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, false
	}
	return n.Mul(n, unit), true
}

// numeral returns the length of the number that s begins with.
func numeral(s string) int {
	n := digits(s)
	if n < len(s) && s[n] == '.' {
		n += 1 + digits(s[n+1:])
	}
	return n
}

// unitDuration reads 1h30m or a number of seconds.
func unitDuration(s, t string) (*big.Rat, *host.Error) {
	sum, whole := new(big.Rat), t
	if t == "" {
		return nil, notA(s, "a timedelta", timedeltaHint)
	}
	for t != "" {
		n := numeral(t)
		end := n
		for end < len(t) && t[end] != '.' && (t[end] < '0' || t[end] > '9') {
			end++
		}
		unit := unitOf(t[n:end])
		if n == len(whole) {
			unit = big.NewRat(second, 1)
		}
		if unit == nil {
			return nil, notA(s, "a timedelta", timedeltaHint)
		}
		q, ok := quantity(t[:n], unit)
		if !ok {
			return nil, notA(s, "a timedelta", timedeltaHint)
		}
		sum.Add(sum, q)
		t = t[end:]
	}
	return sum, nil
}

func unitOf(name string) *big.Rat {
	switch name {
	case "ns":
		return big.NewRat(1, 1000)
	case "us", "µs", "μs":
		return big.NewRat(1, 1)
	case "ms":
		return big.NewRat(1000, 1)
	case "s":
		return big.NewRat(second, 1)
	case "m":
		return big.NewRat(minute, 1)
	case "h":
		return big.NewRat(hour, 1)
	case "d":
		return big.NewRat(day, 1)
	}
	return nil
}

// isoDuration reads what follows the P of an ISO 8601 duration.
func isoDuration(s, t string) (*big.Rat, *host.Error) {
	sum := new(big.Rat)
	dates, times, hasTime := strings.Cut(t, "T")
	if strings.ContainsAny(dates, "YM") {
		return nil, notA(s, "a timedelta", "years and months have no fixed length: write days")
	}
	read := func(part, units string) bool {
		for at := 0; part != ""; {
			n := numeral(part)
			if n == len(part) {
				return false
			}
			i := strings.IndexByte(units[at:], part[n])
			if i < 0 {
				return false
			}
			at += i
			size := map[byte]int64{'W': 7 * day, 'D': day, 'H': hour, 'M': minute, 'S': second}[units[at]]
			q, ok := quantity(part[:n], big.NewRat(size, 1))
			if !ok {
				return false
			}
			sum.Add(sum, q)
			part, at = part[n+1:], at+1
		}
		return true
	}
	if t == "" || hasTime && times == "" || !read(dates, "WD") || !read(times, "HMS") {
		return nil, notA(s, "a timedelta", timedeltaHint)
	}
	return sum, nil
}

// pythonDuration reads what str(timedelta) writes: [-]D day[s][, ]H:MM:SS[.f].
func pythonDuration(s string) (*big.Rat, *host.Error) {
	bad := notA(s, "a timedelta", timedeltaHint)
	sum := new(big.Rat)
	clock, negative := s, false
	if i := strings.Index(s, " day"); i >= 0 {
		n, err := parseInt(s[:i])
		if err != nil {
			return nil, bad
		}
		sum.Mul(big.NewRat(n, 1), big.NewRat(day, 1))
		clock = strings.TrimPrefix(s[i+len(" day"):], "s")
		if clock == "" {
			return sum, nil
		}
		var ok bool
		if clock, ok = strings.CutPrefix(clock, ", "); !ok {
			return nil, bad
		}
	} else if strings.HasPrefix(s, "-") {
		clock, negative = s[1:], true
	}
	h, rest, _ := strings.Cut(clock, ":")
	m, sec, hasSeconds := strings.Cut(rest, ":")
	if !hasSeconds {
		sec = "00"
	}
	if h == "" || digits(h) != len(h) || len(m) != 2 || digits(m) != 2 || number(m) > 59 || digits(sec) != 2 || number(sec[:2]) > 59 {
		return nil, bad
	}
	for _, p := range []struct {
		text string
		unit int64
	}{{h, hour}, {m, minute}, {sec, second}} {
		q, ok := quantity(p.text, big.NewRat(p.unit, 1))
		if !ok {
			return nil, bad
		}
		if negative {
			q.Neg(q)
		}
		sum.Add(sum, q)
	}
	return sum, nil
}
