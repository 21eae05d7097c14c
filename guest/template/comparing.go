package template

import (
	"math"
	"strconv"
	"strings"
)

// order is how two values compare.
type order int8

const (
	less      order = -1
	equal     order = 0
	greater   order = 1
	different order = 2 // not equal, and not to be ordered: NaN
	foreign   order = 3 // of types that do not compare
)

func orderOf(n int) order {
	switch {
	case n < 0:
		return less
	case n > 0:
		return greater
	}
	return equal
}

func orderInts(a, b int64) order {
	switch {
	case a < b:
		return less
	case a > b:
		return greater
	}
	return equal
}

// compareValues compares as Python does: numbers of all kinds by value, exactly;
// other values only with their own kind.
func compareValues(a, b value) order {
	switch {
	case a.number() && b.number():
		return compareNumbers(a, b)
	case a.k == kNone && b.k == kNone:
		return equal
	case a.k != b.k || a.k == kNone:
		return foreign
	}
	switch a.k {
	case kStr, kBytes:
		return orderOf(strings.Compare(a.s, b.s))
	case kUUID:
		return orderOf(strings.Compare(a.s, b.s))
	case kDatetime, kDate, kTime, kTimedelta:
		return orderInts(a.i, b.i)
	case kJSON:
		if a.s == b.s {
			return equal
		}
		return foreign
	case kList:
		return compareLists(a, b)
	}
	return foreign
}

func compareLists(a, b value) order {
	if a.tuple != b.tuple {
		return foreign
	}
	for i := 0; i < len(a.l) && i < len(b.l); i++ {
		if o := compareValues(a.l[i], b.l[i]); o != equal {
			return o
		}
	}
	return orderInts(int64(len(a.l)), int64(len(b.l)))
}

func compareNumbers(a, b value) order {
	switch {
	case a.integer() && b.integer():
		return orderInts(a.i, b.i)
	case a.k == kFloat && b.k == kFloat:
		return orderFloats(a.f, b.f)
	case a.k == kFloat:
		return flip(compareNumbers(b, a))
	case b.k == kFloat && (math.IsNaN(b.f) || math.IsInf(b.f, 0)):
		return orderFloats(0, b.f)
	case b.k == kFloat && a.integer():
		return orderIntFloat(a.i, b.f)
	case b.k == kFloat:
		return orderOf(toDecimal(a).cmp(exactDecimal(b.f)))
	}
	return orderOf(toDecimal(a).cmp(toDecimal(b)))
}

func flip(o order) order {
	if o == less || o == greater {
		return -o
	}
	return o
}

func orderFloats(a, b float64) order {
	switch {
	case a < b:
		return less
	case a > b:
		return greater
	case a == b:
		return equal
	}
	return different
}

// orderIntFloat compares without rounding the integer.
func orderIntFloat(a int64, b float64) order {
	switch {
	case b >= 1<<63:
		return less
	case b < -1<<63:
		return greater
	}
	whole := math.Trunc(b)
	if o := orderInts(a, int64(whole)); o != equal {
		return o
	}
	return orderFloats(whole, b)
}

// exactDecimal is a finite float as the decimal number that it is.
func exactDecimal(f float64) decimal {
	s := strconv.FormatFloat(f, 'f', 1074, 64)
	return parseDecimal(strings.TrimRight(s, "0"))
}

// pyEqual is Python's ==.
func pyEqual(a, b value) bool { return compareValues(a, b) == equal }

// compareOp is l op r; equality never fails.
func compareOp(op string, l, r value) (bool, *opError) {
	o := compareValues(l, r)
	switch op {
	case "==":
		return o == equal, nil
	case "!=":
		return o != equal, nil
	}
	if o == foreign || l.k == kNone {
		hint := ""
		if l.k == kStr || r.k == kStr {
			hint = "make a number of text with | int or | float"
		} else if l.k == kNone || r.k == kNone {
			hint = "ask with is none, or give a value with | default(0, true)"
		}
		return false, &opError{msg: op + " does not compare " + l.name() + " and " + r.name(), hint: hint}
	}
	switch op {
	case "<":
		return o == less, nil
	case "<=":
		return o == less || o == equal, nil
	case ">":
		return o == greater, nil
	}
	return o == greater || o == equal, nil
}
