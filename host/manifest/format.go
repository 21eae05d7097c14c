package manifest

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Format returns v as text that [ParseText] reads back as the same value. Not
// so for the str "null" and the null of str? and bytes?, which look the same.
// Bytes are hex:…, and control characters in a str stand as they are: whoever
// prints to a terminal escapes them.
func Format(v abi.Value) string {
	if v.Null {
		return "null"
	}
	switch v.Type.Kind {
	case abi.Int:
		return strconv.FormatInt(v.Int, 10)
	case abi.Float:
		return formatFloat(v.Float)
	case abi.Bool:
		return strconv.FormatBool(v.Int != 0)
	case abi.Datetime:
		return time.UnixMicro(v.Int).UTC().Format("2006-01-02T15:04:05.999999Z07:00")
	case abi.Date:
		return time.Unix(v.Int*86400, 0).UTC().Format("2006-01-02")
	case abi.Time:
		return time.UnixMicro(v.Int).UTC().Format("15:04:05.999999")
	case abi.Timedelta:
		return formatTimedelta(v.Int)
	case abi.Bytes:
		return "hex:" + hex.EncodeToString([]byte(v.Str))
	case abi.UUID:
		return string(sqldb.AppendUUID(nil, v.Str))
	case abi.List:
		return string(appendValue(nil, v))
	}
	return v.Str
}

func formatFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	s := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(s, ".e") {
		s += ".0"
	}
	return s
}

// formatTimedelta writes hours, minutes and seconds: -26h3m4.5s.
func formatTimedelta(us int64) string {
	if us == 0 {
		return "0s"
	}
	var b strings.Builder
	u := uint64(us)
	if us < 0 {
		b.WriteByte('-')
		u = -u
	}
	if h := u / hour; h > 0 {
		fmt.Fprintf(&b, "%dh", h)
	}
	if m := u % hour / minute; m > 0 {
		fmt.Fprintf(&b, "%dm", m)
	}
	if s := u % minute; s > 0 {
		b.WriteString(strconv.FormatUint(s/second, 10))
		if f := s % second; f > 0 {
			b.WriteString("." + strings.TrimRight(fmt.Sprintf("%06d", f), "0"))
		}
		b.WriteByte('s')
	}
	return b.String()
}

// appendValue appends v as an element of a JSON array.
func appendValue(b []byte, v abi.Value) []byte {
	if v.Null {
		return append(b, "null"...)
	}
	switch v.Type.Kind {
	case abi.List:
		b = append(b, '[')
		for i, e := range v.List {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendValue(b, e)
		}
		return append(b, ']')
	case abi.Float:
		if math.IsInf(v.Float, 0) || math.IsNaN(v.Float) {
			return appendString(b, Format(v))
		}
		return append(b, Format(v)...)
	case abi.Int, abi.Bool, abi.JSON:
		return append(b, Format(v)...)
	}
	return appendString(b, Format(v))
}

// sizeText returns a number of bytes as a configuration writes it.
func sizeText(n int64) string {
	for _, u := range sizeUnits {
		if u.size > 1 && u.size&(u.size-1) == 0 && n >= u.size && n%u.size == 0 {
			return strconv.FormatInt(n/u.size, 10) + u.name
		}
	}
	return strconv.FormatInt(n, 10)
}
