package columns

import (
	"math"
	"strings"
	"time"
)

const (
	noDatetime = "text that is no date or time"
	noTime     = "text that is no time of day"
	noSpan     = "text that is no duration"
)

// parseDatetime reads a date, alone or with a time of day and an offset, as
// SQL writes it and as ISO 8601 does, and returns microseconds since 1970 in
// UTC. Without an offset it is UTC.
//
//	2020-01-02    2020-01-02 03:04    2020-01-02T03:04:05.000006Z    2020-01-02 03:04:05+05:30
func parseDatetime(s string) (int64, string) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, noDatetime
	}
	y, ok1 := digits(s[:4])
	m, ok2 := digits(s[5:7])
	d, ok3 := digits(s[8:10])
	if !ok1 || !ok2 || !ok3 || m < 1 || m > 12 || d < 1 {
		return 0, noDatetime
	}
	day := time.Date(int(y), time.Month(m), int(d), 0, 0, 0, 0, time.UTC)
	if day.Day() != int(d) {
		return 0, noDatetime
	}
	v := day.Unix() * microsPerSecond
	rest := s[10:]
	if rest == "" {
		return v, ""
	}
	if rest[0] != ' ' && rest[0] != 'T' && rest[0] != 't' {
		return 0, noDatetime
	}
	clock, offset, ok := cutOffset(rest[1:])
	if !ok {
		return 0, noDatetime
	}
	t, why := parseTime(clock)
	switch why {
	case "", tooFine:
		return v + t - offset, why
	}
	return 0, noDatetime
}

// cutOffset cuts Z or ±hh[:mm] from the end, and returns it in microseconds.
func cutOffset(s string) (clock string, offset int64, ok bool) {
	if n := len(s); n > 0 && (s[n-1] == 'Z' || s[n-1] == 'z') {
		return strings.TrimSuffix(s[:n-1], " "), 0, true
	}
	i := strings.LastIndexAny(s, "+-")
	if i < 0 {
		return s, 0, true
	}
	zone := s[i+1:]
	hh, mm := zone, "00"
	switch {
	case len(zone) == 5 && zone[2] == ':':
		hh, mm = zone[:2], zone[3:]
	case len(zone) == 4:
		hh, mm = zone[:2], zone[2:]
	case len(zone) != 2:
		return "", 0, false
	}
	h, ok1 := digits(hh)
	m, ok2 := digits(mm)
	if !ok1 || !ok2 || h > 24 || m > 59 {
		return "", 0, false
	}
	offset = (h*60 + m) * 60 * microsPerSecond
	if s[i] == '-' {
		offset = -offset
	}
	return strings.TrimSuffix(s[:i], " "), offset, true
}

// parseTime reads hh:mm[:ss[.ffffff]], in microseconds since midnight.
func parseTime(s string) (int64, string) {
	if len(s) < 5 || s[2] != ':' {
		return 0, noTime
	}
	h, ok1 := digits(s[:2])
	m, ok2 := digits(s[3:5])
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return 0, noTime
	}
	v := (h*60 + m) * 60 * microsPerSecond
	if s = s[5:]; s == "" {
		return v, ""
	}
	if len(s) < 3 || s[0] != ':' {
		return 0, noTime
	}
	sec, ok := digits(s[1:3])
	if !ok || sec > 59 {
		return 0, noTime
	}
	v += sec * microsPerSecond
	if s = s[3:]; s == "" {
		return v, ""
	}
	if s[0] != '.' {
		return 0, noTime
	}
	f, why := fraction(s[1:])
	if why == "bad" {
		why = noTime
	}
	return v + f, why
}

// fraction reads the digits after the point of a second, in microseconds. It
// answers "bad" for what is none.
func fraction(s string) (int64, string) {
	if s == "" || len(s) > 30 {
		return 0, "bad"
	}
	v, scale := int64(0), int64(microsPerSecond)
	why := ""
	for _, c := range []byte(s) {
		switch {
		case c < '0' || c > '9':
			return 0, "bad"
		case scale > 1:
			scale /= 10
			v += int64(c-'0') * scale
		case c != '0':
			why = tooFine
		}
	}
	return v, why
}

func digits(s string) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	v := int64(0)
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

// parseSpan reads a duration in microseconds: as ISO 8601 with days and less,
// as Python prints one, or as hours, minutes and seconds.
//
//	P1DT2H3M4.5S    -PT1S    1 day, 2:03:04.500000    -1 day, 23:59:59    26:03:04.5    -00:00:01
func parseSpan(s string) (int64, string) {
	negative := strings.HasPrefix(s, "-")
	body := strings.TrimPrefix(s, "-")
	if iso, ok := strings.CutPrefix(body, "P"); ok {
		v, why := parseISO(iso)
		return signed(v, negative), why
	}
	if count, clock, ok := strings.Cut(body, " day"); ok {
		n, ok := digits(count)
		clock = strings.TrimPrefix(clock, "s")
		if !ok || n > 1<<31 {
			return 0, noSpan
		}
		days := signed(n*microsPerDay, negative)
		if clock == "" {
			return days, ""
		}
		clock, ok = strings.CutPrefix(clock, ", ")
		if !ok {
			return 0, noSpan
		}
		v, why := parseHours(clock)
		return days + v, why
	}
	v, why := parseHours(body)
	return signed(v, negative), why
}

func signed(v int64, negative bool) int64 {
	if negative {
		return -v
	}
	return v
}

// parseHours reads h:mm:ss[.ffffff], of any number of hours.
func parseHours(s string) (int64, string) {
	hours, rest, ok := strings.Cut(s, ":")
	h, ok1 := digits(hours)
	if !ok || !ok1 || h > 1<<31 || len(rest) < 5 {
		return 0, noSpan
	}
	v, why := parseTime("00:" + rest)
	if why != "" && why != tooFine {
		return 0, noSpan
	}
	return v + h*3600*microsPerSecond, why
}

// parseISO reads what follows the P of an ISO 8601 duration.
func parseISO(s string) (int64, string) {
	total, clock, any := int64(0), false, false
	for s != "" {
		if s[0] == 'T' && !clock {
			clock, any, s = true, false, s[1:]
			continue
		}
		i := strings.IndexFunc(s, func(r rune) bool { return r >= 'A' && r <= 'Z' })
		if i < 1 {
			return 0, noSpan
		}
		part, why := isoPart(s[:i], s[i], clock)
		if why != "" {
			return 0, why
		}
		if total > math.MaxInt64-part {
			return 0, outOfRange
		}
		total, any, s = total+part, true, s[i+1:]
	}
	if !any {
		return 0, noSpan
	}
	return total, ""
}

func isoPart(number string, unit byte, clock bool) (int64, string) {
	whole, frac, hasFrac := strings.Cut(number, ".")
	n, ok := digits(whole)
	if !ok || hasFrac && unit != 'S' {
		return 0, noSpan
	}
	seconds := int64(0)
	switch {
	case unit == 'W' && !clock:
		seconds = 7 * 86_400
	case unit == 'D' && !clock:
		seconds = 86_400
	case unit == 'H' && clock:
		seconds = 3600
	case unit == 'M' && clock:
		seconds = 60
	case unit == 'S' && clock:
		seconds = 1
	case unit == 'Y' || unit == 'M':
		return 0, "a duration with months or years, which have no fixed length"
	default:
		return 0, noSpan
	}
	v, why := multiply(n, seconds*microsPerSecond)
	if why != "" || !hasFrac {
		return v, why
	}
	f, why := fraction(frac)
	if why == "bad" {
		why = noSpan
	}
	if v > math.MaxInt64-f {
		return 0, outOfRange
	}
	return v + f, why
}
