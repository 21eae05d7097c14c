package template

import (
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/abi/pytext"
)

// pyString is Python's str(v): what ~, | string and a quoted literal make of a
// value, and what flytekit puts into its text.
func pyString(v value) string {
	switch v.k {
	case kStr:
		return v.s
	case kInt:
		return strconv.FormatInt(v.i, 10)
	case kBool:
		if v.i != 0 {
			return "True"
		}
		return "False"
	case kFloat:
		return pytext.Float(v.f)
	case kNone:
		return "None"
	case kDatetime:
		return pytext.Datetime(v.i) + "+00:00"
	case kDate:
		return pytext.Date(v.i)
	case kTime:
		return pytext.Time(v.i)
	case kTimedelta:
		return pytext.Timedelta(v.i)
	case kDecimal:
		return parseDecimal(v.s).String()
	case kUUID:
		return uuidText(v.s)
	case kJSON:
		return v.s // not Python's: the document is what SQL needs
	}
	return pyRepr(v)
}

// writeString writes str(v).
func writeString(b *strings.Builder, v value) {
	if v.k == kList {
		writeList(b, v)
		return
	}
	b.WriteString(pyString(v))
}

// pyRepr is Python's repr(v): how a value prints within a list.
func pyRepr(v value) string {
	switch v.k {
	case kStr:
		return pytext.ReprText(v.s)
	case kBytes:
		return pytext.ReprBytes(v.s)
	case kDatetime:
		return pytext.ReprDatetime(v.i)
	case kDate:
		return pytext.ReprDate(v.i)
	case kTime:
		return pytext.ReprTime(v.i)
	case kTimedelta:
		return pytext.ReprTimedelta(v.i)
	case kDecimal:
		return "Decimal('" + pyString(v) + "')"
	case kUUID:
		return "UUID('" + uuidText(v.s) + "')"
	case kJSON:
		return pyJSON(v.s)
	case kList:
		var b strings.Builder
		b.Grow(reprBytes(v, maxBuilt))
		writeList(&b, v)
		return b.String()
	}
	return pyString(v)
}

// writeList writes repr(v) of a list.
func writeList(b *strings.Builder, v value) {
	open, end := "[", "]"
	if v.tuple {
		open, end = "(", ")"
		if len(v.l) == 1 {
			end = ",)"
		}
	}
	b.WriteString(open)
	for i, x := range v.l {
		if i > 0 {
			b.WriteString(", ")
		}
		if x.k == kList {
			writeList(b, x)
			continue
		}
		b.WriteString(pyRepr(x))
	}
	b.WriteString(end)
}

// uuidText writes sixteen bytes as 8-4-4-4-12 hexadecimal digits.
func uuidText(s string) string {
	b := make([]byte, 0, 36)
	for i := 0; i < len(s); i++ {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			b = append(b, '-')
		}
		b = pytext.AppendHex(b, uint32(s[i]), 2)
	}
	return string(b)
}
