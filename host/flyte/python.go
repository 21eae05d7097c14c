package flyte

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/abi/pytext"
)

// pyKind is the kind of a value as Python has it.
type pyKind uint8

const (
	pyNone pyKind = iota
	pyBool
	pyInt
	pyFloat
	pyStr
	pyBytes
	pyDatetime
	pyTimedelta
	pyList
	pyDict
	pyEnum
	pyObject
)

// pyValue is what flytekit makes of a literal. Which field holds it depends on
// kind:
//
//	pyBool                     i, 0 or 1
//	pyInt                      i, or big where it does not fit
//	pyDatetime, pyTimedelta    i, microseconds since 1970 in UTC, or of duration
//	pyFloat                    f
//	pyStr, pyBytes, pyEnum     s; of an enum the value
//	pyList                     list
//	pyDict                     keys and list, in their order
//	pyObject                   s, the class; names of fields in keys, list
type pyValue struct {
	kind pyKind
	i    int64
	f    float64
	s    string
	big  *big.Int
	list []pyValue
	keys []pyValue
}

// Bounds of Python's times: a datetime is in the years 1 to 9999, a timedelta has
// at most maxDays, also below zero.
const (
	secondMicros = 1_000_000
	dayMicros    = 24 * 60 * 60 * secondMicros

	minDatetime = -62135596800 * secondMicros
	maxDatetime = 253402300800*secondMicros - 1
	maxDays     = 999999999
)

func pyText(s string) pyValue { return pyValue{kind: pyStr, s: s} }

// str is Python's str(v): what flytekit puts into the query.
func (v pyValue) str() string {
	switch v.kind {
	case pyStr:
		return v.s
	case pyEnum:
		return "DynamicEnum." + v.s
	case pyDatetime:
		return datetimeStr(v.i)
	case pyTimedelta:
		return pytext.Timedelta(v.i)
	}
	var b strings.Builder
	v.repr(&b)
	return b.String()
}

// repr writes Python's repr(v): how a value stands within another.
func (v pyValue) repr(b *strings.Builder) {
	switch v.kind {
	case pyNone:
		b.WriteString("None")
	case pyBool:
		b.WriteString([]string{"False", "True"}[v.i&1])
	case pyInt:
		b.WriteString(v.digits())
	case pyFloat:
		b.WriteString(pytext.Float(v.f))
	case pyStr:
		b.WriteString(pytext.ReprText(v.s))
	case pyBytes:
		b.WriteString(pytext.ReprBytes(v.s))
	case pyDatetime:
		b.WriteString(pytext.ReprDatetime(v.i))
	case pyTimedelta:
		b.WriteString(pytext.ReprTimedelta(v.i))
	case pyEnum:
		b.WriteString("<DynamicEnum." + v.s + ": " + pytext.ReprText(v.s) + ">")
	case pyList:
		v.series(b, "[", "]", func(int) {})
	case pyDict:
		v.series(b, "{", "}", func(i int) { v.keys[i].repr(b); b.WriteString(": ") })
	case pyObject:
		v.series(b, v.s+"(", ")", func(i int) { b.WriteString(v.keys[i].s + "=") })
	}
}

// datetimeStr is str of a datetime in UTC.
func datetimeStr(micros int64) string { return pytext.Datetime(micros) + "+00:00" }

// series writes the values of a list, a dict or an object.
func (v pyValue) series(b *strings.Builder, open, end string, before func(int)) {
	b.WriteString(open)
	for i, x := range v.list {
		if i > 0 {
			b.WriteString(", ")
		}
		before(i)
		x.repr(b)
	}
	b.WriteString(end)
}

// digits returns an int's decimal digits.
func (v pyValue) digits() string {
	if v.big != nil {
		return v.big.String()
	}
	return strconv.FormatInt(v.i, 10)
}
