package sqldbtest

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// longCell is the length in bytes from which a text or binary is shown as its
// length and digest.
const longCell = 120

// showSchema returns the columns, one a line: name, type, metadata.
func showSchema(s *arrow.Schema) string {
	var b strings.Builder
	for _, f := range s.Fields() {
		b.WriteString(showName(f.Name) + " " + f.Type.String())
		if !f.Nullable {
			b.WriteString(" not null")
		}
		for i, k := range f.Metadata.Keys() {
			if v := f.Metadata.Values()[i]; v != "" {
				b.WriteString(" " + k + "=" + v)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func showName(s string) string {
	for _, r := range s {
		if r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return strconv.Quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

// showRows returns the rows of a batch, one a line.
func showRows(rec arrow.Record) string {
	var b strings.Builder
	for i := range int(rec.NumRows()) {
		for j, col := range rec.Columns() {
			if j > 0 {
				b.WriteString(" | ")
			}
			b.WriteString(showCell(col, i))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// showCell returns a value such that different values look different.
func showCell(a arrow.Array, i int) string {
	if a.IsNull(i) || a.DataType().ID() == arrow.NULL {
		return "NULL"
	}
	switch a := a.(type) {
	case *array.Boolean:
		return strconv.FormatBool(a.Value(i))
	case *array.Float32:
		return showFloat(float64(a.Value(i)), 32)
	case *array.Float64:
		return showFloat(a.Value(i), 64)
	case *array.String:
		return showText(a.Value(i))
	case *array.Binary:
		return showBytes(a.Value(i))
	case *array.FixedSizeBinary:
		if v := a.Value(i); len(v) == 16 {
			return fmt.Sprintf("%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:])
		}
		return showBytes(a.Value(i))
	case *array.Decimal128:
		return a.Value(i).ToString(a.DataType().(*arrow.Decimal128Type).Scale)
	case *array.Date32:
		return showDate(int64(a.Value(i)))
	case *array.Time64:
		return showClock(int64(a.Value(i)))
	case *array.Timestamp:
		days, micros := divide(int64(a.Value(i)), 86400e6)
		zone := ""
		if a.DataType().(*arrow.TimestampType).TimeZone != "" {
			zone = "Z"
		}
		return showDate(days) + "T" + showClock(micros) + zone
	case *array.MonthDayNanoInterval:
		v := a.Value(i)
		return fmt.Sprintf("%dmo %dd %dns", v.Months, v.Days, v.Nanoseconds)
	case *array.List:
		from, to := a.ValueOffsets(i)
		var items []string
		for k := from; k < to; k++ {
			items = append(items, showCell(a.ListValues(), int(k)))
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return a.ValueStr(i) // integers
}

func showFloat(x float64, bits int) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 0):
		return strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(x, 'g', -1, bits)), "+")
	}
	return strconv.FormatFloat(x, 'g', -1, bits)
}

func showText(s string) string {
	if len(s) < longCell {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%d bytes, sha256 %x", len(s), sha256.Sum256([]byte(s)))
}

func showBytes(b []byte) string {
	if len(b) < longCell {
		return fmt.Sprintf("x'%x'", b)
	}
	return fmt.Sprintf("%d bytes, sha256 %x", len(b), sha256.Sum256(b))
}

// divide is division that rounds down.
func divide(a, b int64) (quotient, rest int64) {
	quotient, rest = a/b, a%b
	if rest < 0 {
		quotient, rest = quotient-1, rest+b
	}
	return quotient, rest
}

// showDate returns a day, counted from 1970-01-01, in the Gregorian calendar
// without a beginning: the year before 0001 is 0000.
//
// Source: the days of 400 years repeat; see Howard Hinnant, "chrono-Compatible
// Low-Level Date Algorithms", civil_from_days.
func showDate(days int64) string {
	era, day := divide(days+719468, 146097)
	yearOfEra := (day - day/1460 + day/36524 - day/146096) / 365
	dayOfYear := day - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shifted := (5*dayOfYear + 2) / 153 // months since March
	d := dayOfYear - (153*shifted+2)/5 + 1
	month, year := shifted+3, yearOfEra+era*400
	if month > 12 {
		month, year = month-12, year+1
	}
	sign := ""
	if year < 0 {
		sign, year = "-", -year
	}
	return fmt.Sprintf("%s%04d-%02d-%02d", sign, year, month, d)
}

// showClock returns a time of day, or what is out of a day's range as it is.
func showClock(micros int64) string {
	sign := ""
	if micros < 0 {
		sign, micros = "-", -micros
	}
	s := fmt.Sprintf("%s%02d:%02d:%02d", sign, micros/3600e6, micros/60e6%60, micros/1e6%60)
	if rest := micros % 1e6; rest != 0 {
		s += strings.TrimRight(fmt.Sprintf(".%06d", rest), "0")
	}
	return s
}
