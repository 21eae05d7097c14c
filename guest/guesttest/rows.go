//go:build !wasip1

package guesttest

import (
	"fmt"
	"strconv"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

// Value returns a value of a column as a Go value: int64, float64, bool, nil;
// a string for text, decimals, uuids, days, times and intervals, in the forms
// of guest.ValueText; []byte for other bytes; []any for a list. A timestamp
// without a zone has no Z.
func Value(c *arrow.Column, row int) any {
	f := c.Field()
	if c.Null(row) {
		return nil
	}
	if f.Kind == arrow.List {
		from, to := c.List(row)
		list := make([]any, 0, to-from)
		for i := from; i < to; i++ {
			list = append(list, Value(c.Elem(), i))
		}
		return list
	}
	if f.Kind == arrow.Interval {
		return arrow.IntervalText(c.Interval(row))
	}
	v := guest.ValueOf(c, row)
	switch v.Type.Kind {
	case abi.Int, abi.Timedelta:
		return v.Int
	case abi.Float:
		return v.Float
	case abi.Bool:
		return v.Int != 0
	case abi.Bytes:
		return []byte(v.Str)
	case abi.Datetime:
		s := guest.DatetimeText(v.Int)
		if f.Zone == "" {
			s = s[:len(s)-1]
		}
		return s
	}
	return guest.ValueText(v)
}

// Decode returns the columns and the rows of an Arrow IPC stream, as an Outcome
// has them.
func Decode(stream []byte) ([]arrow.Field, [][]any, error) {
	var r result
	if e := r.write(stream, 0); e != nil {
		return nil, nil, fmt.Errorf("%s", e.Message)
	}
	if r.kind = streamResult; r.finish() != nil {
		return nil, nil, fmt.Errorf("%s", r.finish().Message)
	}
	return r.columns, r.rows, nil
}

// encode makes the messages of rows.
func encode(columns []arrow.Field, rows [][]any, batch int) (*stream, error) {
	s := &arrow.Schema{Fields: make([]arrow.Field, len(columns))}
	for i, f := range columns {
		if f.Kind == 0 {
			f.Kind = kindOf(rows, i)
		}
		s.Fields[i] = f
	}
	b, err := arrow.NewBuilder(s)
	if err != nil {
		return nil, err
	}
	m, err := s.Message()
	if err != nil {
		return nil, err
	}
	out := &stream{messages: [][]byte{m}}
	for n, row := range rows {
		if len(row) != len(columns) {
			return nil, fmt.Errorf("row %d has %d values, there are %d columns", n+1, len(row), len(columns))
		}
		for i, v := range row {
			if err := appendAny(b.Column(i), v); err != nil {
				return nil, fmt.Errorf("row %d: column %q: %w", n+1, columns[i].Name, err)
			}
		}
		if b.Rows() == batch || n == len(rows)-1 {
			m, err := b.Message()
			if err != nil {
				return nil, err
			}
			out.messages = append(out.messages, append([]byte(nil), m...))
		}
	}
	return out, nil
}

// kindOf returns the kind of the first value of a column that is not nil. A
// float after integers makes all floats.
func kindOf(rows [][]any, column int) arrow.Kind {
	kind := arrow.Null
	for _, row := range rows {
		if column >= len(row) {
			continue
		}
		k := arrow.Null
		switch v := row[column].(type) {
		case nil:
		case bool:
			k = arrow.Bool
		case string:
			k = arrow.Text
		case []byte:
			k = arrow.Binary
		case float32, float64:
			k = arrow.Float64
		case time.Time:
			k = arrow.Timestamp
		case guest.Value:
			if !v.Null {
				k = kindOfValue(v.Type.Kind)
			}
		default:
			k = arrow.Int64
		}
		if kind == arrow.Null || kind == arrow.Int64 && k == arrow.Float64 {
			kind = k
		}
	}
	return kind
}

func kindOfValue(k abi.Kind) arrow.Kind {
	switch k {
	case abi.Int:
		return arrow.Int64
	case abi.Float:
		return arrow.Float64
	case abi.Bool:
		return arrow.Bool
	case abi.Bytes, abi.UUID:
		return arrow.Binary
	case abi.Date:
		return arrow.Date
	case abi.Time:
		return arrow.Time
	case abi.Datetime:
		return arrow.Timestamp
	case abi.Timedelta:
		return arrow.Duration
	}
	return arrow.Text
}

// appendAny appends a Go value to a column.
func appendAny(a *arrow.Appender, v any) error {
	f := a.Field()
	switch v := v.(type) {
	case nil:
		a.Null()
	case guest.Value:
		guest.AppendValue(a, v)
	case bool:
		if f.Kind != arrow.Bool {
			return misfit(v, f)
		}
		a.Bool(v)
	case int:
		return appendInt(a, int64(v))
	case int32:
		return appendInt(a, int64(v))
	case int64:
		return appendInt(a, v)
	case uint64:
		a.Uint64(v)
	case float64:
		if f.Kind == arrow.Decimal {
			a.Decimal(strconv.FormatFloat(v, 'f', -1, 64))
			return nil
		}
		if f.Kind != arrow.Float64 && f.Kind != arrow.Float32 {
			return misfit(v, f)
		}
		a.Float(v)
	case []byte:
		a.Bytes(v)
	case string:
		return appendText(a, v)
	case time.Time:
		return appendTime(a, v)
	case []any:
		if a.Elem() == nil {
			return misfit(v, f)
		}
		for _, x := range v {
			if err := appendAny(a.Elem(), x); err != nil {
				return err
			}
		}
		a.List()
	default:
		return misfit(v, f)
	}
	return nil
}

func misfit(v any, f *arrow.Field) error {
	return fmt.Errorf("a %T in a column of %s", v, f.Kind)
}

func appendInt(a *arrow.Appender, v int64) error {
	switch a.Field().Kind {
	case arrow.Bool:
		if v != 0 && v != 1 {
			return misfit(v, a.Field())
		}
		a.Bool(v == 1)
	case arrow.Float32:
		a.Float(float64(v))
	case arrow.Decimal:
		a.Decimal(fmt.Sprint(v))
	case arrow.Text, arrow.Binary, arrow.Fixed, arrow.List, arrow.Null, arrow.Interval:
		return misfit(v, a.Field())
	default:
		a.Int(v)
	}
	return nil
}

// appendText appends what a text says: of a column of days or times the forms
// of guest.DateText and so on, with a space or a T between day and time.
func appendText(a *arrow.Appender, s string) error {
	f := a.Field()
	var layouts []string
	switch f.Kind {
	case arrow.Text, arrow.Binary:
		a.Text(s)
		return nil
	case arrow.Decimal:
		a.Decimal(s)
		return nil
	case arrow.Fixed:
		if v, ok := guest.ParseUUID(s); ok && f.Width == 16 {
			a.Bytes(v[:])
			return nil
		}
	case arrow.Date:
		layouts = []string{time.DateOnly}
	case arrow.Time:
		layouts = []string{time.TimeOnly, "15:04"}
	case arrow.Timestamp:
		layouts = []string{time.DateTime, "2006-01-02T15:04:05", time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", time.DateOnly}
	}
	for _, l := range layouts {
		if v, err := time.Parse(l, s); err == nil {
			return appendTime(a, v)
		}
	}
	return fmt.Errorf("the text %q in a column of %s", s, f.Kind)
}

func appendTime(a *arrow.Appender, v time.Time) error {
	switch f := a.Field(); f.Kind {
	case arrow.Date:
		a.Int(v.Unix() / 86400)
	case arrow.Time:
		guest.AppendValue(a, guest.Time(v.Sub(v.Truncate(24*time.Hour)).Microseconds()))
	case arrow.Timestamp:
		guest.AppendValue(a, guest.Datetime(v.UnixMicro()))
	case arrow.Text:
		a.Text(v.Format("2006-01-02 15:04:05.999999"))
	default:
		return misfit(v, f)
	}
	return nil
}
