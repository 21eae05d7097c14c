package columns

import (
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

const (
	microsPerSecond = 1_000_000
	microsPerDay    = 86_400 * microsPerSecond

	outOfRange = "a time out of range"
	tooFine    = "a fraction finer than a microsecond"
)

// micros returns v of a unit in microseconds.
func micros(v int64, unit arrow.TimeUnit) (int64, string) {
	switch unit {
	case arrow.Second:
		return multiply(v, microsPerSecond)
	case arrow.Millisecond:
		return multiply(v, 1_000)
	case arrow.Nanosecond:
		if v%1_000 != 0 {
			return 0, tooFine
		}
		return v / 1_000, ""
	}
	return v, ""
}

func multiply(v, by int64) (int64, string) {
	u := uint64(v)
	if v < 0 {
		u = -u
	}
	hi, lo := bits.Mul64(u, uint64(by))
	if hi != 0 || lo > math.MaxInt64 {
		return 0, outOfRange
	}
	return v * by, ""
}

func toDatetime(from arrow.Field) converter {
	switch t := from.Type.(type) {
	case *arrow.TimestampType:
		switch {
		case t.Unit == arrow.Microsecond && t.TimeZone == "UTC":
			return nil
		case t.Unit == arrow.Microsecond:
			return func(a arrow.Array) (arrow.Array, *fault) { return retype(a, stampType), nil }
		}
		unit := t.Unit
		return source(newStamps, func(a *array.Timestamp, i int) (arrow.Timestamp, string) {
			v, why := micros(int64(a.Value(i)), unit)
			return arrow.Timestamp(v), why
		})
	case *arrow.Date32Type:
		return source(newStamps, func(a *array.Date32, i int) (arrow.Timestamp, string) {
			v, why := multiply(int64(a.Value(i)), microsPerDay)
			return arrow.Timestamp(v), why
		})
	case *arrow.Date64Type:
		return source(newStamps, func(a *array.Date64, i int) (arrow.Timestamp, string) {
			v, why := multiply(int64(a.Value(i)), 1_000)
			return arrow.Timestamp(v), why
		})
	}
	return fromText(from.Type, newStamps, func(s string) (arrow.Timestamp, string) {
		v, why := parseDatetime(s)
		return arrow.Timestamp(v), why
	})
}

func toDate(from arrow.Field) converter {
	const notMidnight = "a time of day"
	day := func(v, per int64) (arrow.Date32, string) {
		q := v / per
		if v%per != 0 {
			return 0, notMidnight
		}
		if q < math.MinInt32 || q > math.MaxInt32 {
			return 0, outOfRange
		}
		return arrow.Date32(q), ""
	}
	switch t := from.Type.(type) {
	case *arrow.Date32Type:
		return nil
	case *arrow.Date64Type:
		return source(newDates, func(a *array.Date64, i int) (arrow.Date32, string) { return day(int64(a.Value(i)), 86_400_000) })
	case *arrow.TimestampType:
		per := 86_400 * (1_000_000_000 / t.Unit.Multiplier().Nanoseconds())
		return source(newDates, func(a *array.Timestamp, i int) (arrow.Date32, string) { return day(int64(a.Value(i)), per) })
	}
	return fromText(from.Type, newDates, func(s string) (arrow.Date32, string) {
		v, why := parseDatetime(s)
		if why != "" {
			return 0, why
		}
		return day(v, microsPerDay)
	})
}

func toTime(from arrow.Field) converter {
	switch t := from.Type.(type) {
	case *arrow.Time64Type:
		if t.Unit == arrow.Microsecond {
			return nil
		}
		return source(newTimes, func(a *array.Time64, i int) (arrow.Time64, string) {
			v, why := micros(int64(a.Value(i)), arrow.Nanosecond)
			return arrow.Time64(v), why
		})
	case *arrow.Time32Type:
		unit := t.Unit
		return source(newTimes, func(a *array.Time32, i int) (arrow.Time64, string) {
			v, why := micros(int64(a.Value(i)), unit)
			return arrow.Time64(v), why
		})
	}
	return fromText(from.Type, newTimes, func(s string) (arrow.Time64, string) {
		v, why := parseTime(s)
		return arrow.Time64(v), why
	})
}

func toTimedelta(from arrow.Field) converter {
	span := func(v int64, unit arrow.TimeUnit) (arrow.Duration, string) {
		m, why := micros(v, unit)
		return arrow.Duration(m), why
	}
	switch t := from.Type.(type) {
	case *arrow.Int64Type: // as it is bound where there are no intervals: in microseconds
		return source(newSpans, func(a *array.Int64, i int) (arrow.Duration, string) { return arrow.Duration(a.Value(i)), "" })
	case *arrow.DurationType:
		if t.Unit == arrow.Microsecond {
			return nil
		}
		unit := t.Unit
		return source(newSpans, func(a *array.Duration, i int) (arrow.Duration, string) { return span(int64(a.Value(i)), unit) })
	case *arrow.Time64Type:
		unit := t.Unit
		return source(newSpans, func(a *array.Time64, i int) (arrow.Duration, string) { return span(int64(a.Value(i)), unit) })
	case *arrow.Time32Type:
		unit := t.Unit
		return source(newSpans, func(a *array.Time32, i int) (arrow.Duration, string) { return span(int64(a.Value(i)), unit) })
	case *arrow.DayTimeIntervalType:
		return source(newSpans, func(a *array.DayTimeInterval, i int) (arrow.Duration, string) {
			v := a.Value(i)
			return arrow.Duration(int64(v.Days)*microsPerDay + int64(v.Milliseconds)*1_000), ""
		})
	case *arrow.MonthDayNanoIntervalType:
		return source(newSpans, func(a *array.MonthDayNanoInterval, i int) (arrow.Duration, string) {
			v := a.Value(i)
			if v.Months != 0 {
				return 0, "an interval with months, which have no fixed length"
			}
			d, why := span(v.Nanoseconds, arrow.Nanosecond)
			// 2^31 days are less than 2^63 / 2 microseconds.
			return arrow.Duration(int64(v.Days)*microsPerDay) + d, why
		})
	}
	return fromText(from.Type, newSpans, func(s string) (arrow.Duration, string) {
		v, why := parseSpan(s)
		return arrow.Duration(v), why
	})
}
