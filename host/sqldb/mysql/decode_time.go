package mysql

import (
	"fmt"

	"github.com/wasmsql/wasmsql/host/sqldb/internal/vector"
)

// between returns what stands behind a length of one byte, as the protocol has
// dates and times.
func between(p []byte) (s []byte, n int) {
	if len(p) == 0 || int(p[0]) > len(p)-1 {
		return nil, 0
	}
	n = 1 + int(p[0])
	return p[1:n], n
}

// noDate is the misfit of a date that is none: MySQL stores zeros in place of
// a year, month or day where sql_mode lets it.
func noDate(m moment) *misfit {
	return &misfit{
		what: fmt.Sprintf("%04d-%02d-%02d is not a date", m.year, m.month, m.day),
		hint: "write NULLIF(…, '0000-00-00') for a null, or CAST(… AS CHAR) for the text",
	}
}

var malformedMoment = &misfit{what: "a date or time that the server sent malformed"}

type dateDecoder struct {
	vector.Fixed[int32]
	last lastDay
}

func (d *dateDecoder) binary(p []byte) (int, *misfit) {
	s, n := between(p)
	if n == 0 {
		return 0, nil
	}
	m, ok := readMoment(s)
	return n, d.add(m, ok)
}

func (d *dateDecoder) text(p []byte) *misfit {
	m, ok := parseMoment(p)
	return d.add(m, ok)
}

func (d *dateDecoder) add(m moment, ok bool) *misfit {
	if !ok || m.micros != 0 {
		return malformedMoment
	}
	days, ok := d.last.dayOf(m)
	if !ok {
		return noDate(m)
	}
	d.Push(int32(days))
	return nil
}

// momentDecoder decodes DATETIME and TIMESTAMP; the session's time zone is UTC.
type momentDecoder struct {
	vector.Fixed[int64]
	last lastDay
}

func (d *momentDecoder) binary(p []byte) (int, *misfit) {
	s, n := between(p)
	if n == 0 {
		return 0, nil
	}
	m, ok := readMoment(s)
	return n, d.add(m, ok)
}

func (d *momentDecoder) text(p []byte) *misfit {
	m, ok := parseMoment(p)
	return d.add(m, ok)
}

func (d *momentDecoder) add(m moment, ok bool) *misfit {
	if !ok {
		return malformedMoment
	}
	days, ok := d.last.dayOf(m)
	if !ok {
		return noDate(m)
	}
	d.Push(days*microsOfDay + m.micros)
	return nil
}

// timeDecoder decodes TIME, which in MySQL is a duration too.
type timeDecoder struct{ vector.Fixed[int64] }

func (d *timeDecoder) binary(p []byte) (int, *misfit) {
	s, n := between(p)
	if n == 0 {
		return 0, nil
	}
	v, ok := readTime(s)
	return n, d.add(v, ok)
}

func (d *timeDecoder) text(p []byte) *misfit {
	v, ok := parseTime(p)
	return d.add(v, ok)
}

func (d *timeDecoder) add(v int64, ok bool) *misfit {
	switch {
	case !ok:
		return malformedMoment
	case v < 0 || v >= microsOfDay:
		return &misfit{
			what: "a TIME that is no time of day",
			hint: "declare timedelta in outputs, or write TIME_TO_SEC(…) for the seconds or CAST(… AS CHAR) for the text",
		}
	}
	d.Push(v)
	return nil
}

// spanDecoder decodes TIME as the duration that it is in MySQL.
type spanDecoder struct{ vector.Fixed[int64] }

func (d *spanDecoder) binary(p []byte) (int, *misfit) {
	s, n := between(p)
	if n == 0 {
		return 0, nil
	}
	v, ok := readTime(s)
	return n, d.add(v, ok)
}

func (d *spanDecoder) text(p []byte) *misfit {
	v, ok := parseTime(p)
	return d.add(v, ok)
}

func (d *spanDecoder) add(v int64, ok bool) *misfit {
	if !ok {
		return malformedMoment
	}
	d.Push(v)
	return nil
}
