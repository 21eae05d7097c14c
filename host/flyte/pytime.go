package flyte

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The times of Python: an instant is microseconds since 1970 in UTC, in years 1
// to 9999; a timedelta is days, which may be negative, and seconds and
// microseconds of a day.
const (
	secondMicros = 1_000_000
	dayMicros    = 24 * 60 * 60 * secondMicros

	minDatetime = -62135596800 * secondMicros
	maxDatetime = 253402300800*secondMicros - 1
	// maxTimedelta is what timedelta.max has; the least is a day under -maxDays.
	maxDays = 999999999
)

func instant(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

// datetimeStr is str of a datetime in UTC.
func datetimeStr(micros int64) string {
	t := instant(micros)
	s := t.Format("2006-01-02 15:04:05")
	if us := t.Nanosecond() / 1000; us != 0 {
		s += fmt.Sprintf(".%06d", us)
	}
	return s + "+00:00"
}

// datetimeRepr is repr of a datetime in UTC: seconds and microseconds are left
// out where they are zero.
func datetimeRepr(micros int64) string {
	t := instant(micros)
	parts := []int{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute()}
	us := t.Nanosecond() / 1000
	if t.Second() != 0 || us != 0 {
		parts = append(parts, t.Second())
	}
	if us != 0 {
		parts = append(parts, us)
	}
	return "datetime.datetime(" + joined(parts) + ", tzinfo=datetime.timezone.utc)"
}

func joined(n []int) string {
	s := make([]string, len(n))
	for i, x := range n {
		s[i] = strconv.Itoa(x)
	}
	return strings.Join(s, ", ")
}

// timedeltaParts are what a timedelta is made of.
func timedeltaParts(micros int64) (days, seconds, us int64) {
	days, rest := micros/dayMicros, micros%dayMicros
	if rest < 0 {
		days, rest = days-1, rest+dayMicros
	}
	return days, rest / secondMicros, rest % secondMicros
}

// timedeltaStr is str of a timedelta: "-1 day, 23:59:59.000001".
func timedeltaStr(micros int64) string {
	days, seconds, us := timedeltaParts(micros)
	var s string
	switch {
	case days == 1 || days == -1:
		s = strconv.FormatInt(days, 10) + " day, "
	case days != 0:
		s = strconv.FormatInt(days, 10) + " days, "
	}
	s += fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	if us != 0 {
		s += fmt.Sprintf(".%06d", us)
	}
	return s
}

// timedeltaRepr is repr of a timedelta: the parts that are not zero.
func timedeltaRepr(micros int64) string {
	days, seconds, us := timedeltaParts(micros)
	var parts []string
	for _, p := range [...]struct {
		name string
		n    int64
	}{{"days", days}, {"seconds", seconds}, {"microseconds", us}} {
		if p.n != 0 {
			parts = append(parts, p.name+"="+strconv.FormatInt(p.n, 10))
		}
	}
	if parts == nil {
		parts = []string{"0"}
	}
	return "datetime.timedelta(" + strings.Join(parts, ", ") + ")"
}
