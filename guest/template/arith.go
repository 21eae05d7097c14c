package template

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// opError is what is wrong with an operation; its place is added by eval.
type opError struct {
	msg, hint string
	limit     bool // a limit was reached
}

var (
	overflow  = &opError{msg: "the result is no 64-bit integer", hint: "integers go from -9223372036854775808 to 9223372036854775807; compute in SQL, or use | float"}
	divByZero = &opError{msg: "division by zero", hint: ""}
)

// maxDecimalDigits bounds the arithmetic of decimals, which is exact.
const maxDecimalDigits = 1000

// arith is Python's l op r for + - * / // % **.
func (m *machine) arith(op string, l, r value) (value, *opError) {
	switch {
	case l.number() && r.number():
		return numeric(op, l, r)
	case op == "+" && l.k == kStr && r.k == kStr:
		return m.concat(l.s, r.s)
	case op == "+" && l.k == kList && r.k == kList:
		return m.addLists(l, r)
	case op == "*" && (l.k == kStr || l.k == kList) && r.integer():
		return m.repeat(l, r.i)
	case op == "*" && (r.k == kStr || r.k == kList) && l.integer():
		return m.repeat(r, l.i)
	case op == "%" && l.k == kStr:
		return value{}, &opError{msg: "% does not format text", hint: "join with ~"}
	}
	if v, ok, err := temporalArith(op, l, r); ok {
		return v, err
	}
	hint := ""
	if op == "+" && (l.k == kStr || r.k == kStr) {
		hint = "join text with ~"
	} else if l.k == kStr || r.k == kStr {
		hint = "make a number of text with | int or | float"
	}
	return value{}, &opError{msg: op + " does not work on " + l.name() + " and " + r.name(), hint: hint}
}

// numeric is arith on two numbers.
func numeric(op string, l, r value) (value, *opError) {
	if l.k == kDecimal || r.k == kDecimal {
		return decimalArith(op, l, r)
	}
	if l.integer() && r.integer() {
		return intArith(op, l.i, r.i)
	}
	return floatArith(op, l.float(), r.float())
}

// float is an int, a bool or a float as a float.
func (v value) float() float64 {
	if v.k == kFloat {
		return v.f
	}
	return float64(v.i)
}

func intArith(op string, a, b int64) (value, *opError) {
	switch op {
	case "+":
		c := a + b
		if (c > a) != (b > 0) && b != 0 {
			return value{}, overflow
		}
		return intValue(c), nil
	case "-":
		c := a - b
		if (c < a) != (b > 0) && b != 0 {
			return value{}, overflow
		}
		return intValue(c), nil
	case "*":
		c, ok := mulInt(a, b)
		if !ok {
			return value{}, overflow
		}
		return intValue(c), nil
	case "**":
		return powInt(a, b)
	}
	if b == 0 {
		return value{}, divByZero
	}
	if op == "/" {
		return floatValue(trueDiv(a, b)), nil
	}
	if a == math.MinInt64 && b == -1 {
		if op == "%" {
			return intValue(0), nil
		}
		return value{}, overflow
	}
	q, mod := a/b, a%b
	if mod != 0 && (mod < 0) != (b < 0) {
		q, mod = q-1, mod+b
	}
	if op == "//" {
		return intValue(q), nil
	}
	return intValue(mod), nil
}

func mulInt(a, b int64) (int64, bool) {
	if a == 0 || b == 0 {
		return 0, true
	}
	c := a * b
	if c/b != a || a == -1 && b == math.MinInt64 || b == -1 && a == math.MinInt64 {
		return 0, false
	}
	return c, true
}

// powInt is a ** b; below zero b makes a float, as in Python.
func powInt(a, b int64) (value, *opError) {
	if b < 0 {
		if a == 0 {
			return value{}, divByZero
		}
		return floatValue(math.Pow(float64(a), float64(b))), nil
	}
	out, ok := int64(1), true
	for b > 0 {
		if b&1 == 1 {
			if out, ok = mulInt(out, a); !ok {
				return value{}, overflow
			}
		}
		if b >>= 1; b > 0 {
			if a, ok = mulInt(a, a); !ok {
				return value{}, overflow
			}
		}
	}
	return intValue(out), nil
}

// trueDiv is the float that is nearest to a / b.
func trueDiv(a, b int64) float64 {
	const exact = 1 << 53
	if -exact <= a && a <= exact && -exact <= b && b <= exact {
		return float64(a) / float64(b)
	}
	if a == 0 {
		return 0
	}
	ua, ub := magnitude(a), magnitude(b)
	la, lb := bits.LeadingZeros64(ua), bits.LeadingZeros64(ub)
	ua, ub = ua<<la, ub<<lb
	// Both have their top bit set: the quotient has 63 or 64 bits, and the
	// last one is set when the division is not exact.
	q, rest := bits.Div64(ua>>1, ua<<63, ub)
	if rest != 0 {
		q |= 1
	}
	f := math.Ldexp(float64(q), lb-la-63)
	if (a < 0) != (b < 0) {
		return -f
	}
	return f
}

// magnitude is |a|, also for the smallest integer.
func magnitude(a int64) uint64 {
	if a < 0 {
		return -uint64(a)
	}
	return uint64(a)
}

func floatArith(op string, a, b float64) (value, *opError) {
	switch op {
	case "+":
		return floatValue(a + b), nil
	case "-":
		return floatValue(a - b), nil
	case "*":
		return floatValue(a * b), nil
	case "**":
		return powFloat(a, b)
	}
	if b == 0 {
		return value{}, divByZero
	}
	if op == "/" {
		return floatValue(a / b), nil
	}
	mod := math.Mod(a, b)
	q := (a - mod) / b
	if mod != 0 {
		if (b < 0) != (mod < 0) {
			mod += b
			q--
		}
	} else {
		mod = math.Copysign(0, b)
	}
	if op == "%" {
		return floatValue(mod), nil
	}
	if q == 0 {
		return floatValue(math.Copysign(0, a/b)), nil
	}
	floor := math.Floor(q)
	if q-floor > 0.5 {
		floor++
	}
	return floatValue(floor), nil
}

func powFloat(a, b float64) (value, *opError) {
	if a == 0 && b < 0 {
		return value{}, divByZero
	}
	if a < 0 && b != math.Floor(b) && !math.IsInf(b, 0) && !math.IsInf(a, 0) {
		return value{}, &opError{msg: "** makes no real number of a negative base and a fraction", hint: ""}
	}
	f := math.Pow(a, b)
	if math.IsInf(f, 0) && !math.IsInf(a, 0) && !math.IsInf(b, 0) {
		return value{}, &opError{msg: "the result is too large for a float", hint: ""}
	}
	return floatValue(f), nil
}

// toDecimal is a decimal, an int or a bool as a decimal.
func toDecimal(v value) decimal {
	if v.k == kDecimal {
		return parseDecimal(v.s)
	}
	return parseDecimal(strconv.FormatInt(v.i, 10))
}

func decimalArith(op string, l, r value) (value, *opError) {
	if l.k == kFloat || r.k == kFloat {
		return value{}, &opError{msg: op + " does not work on " + l.name() + " and " + r.name(), hint: "use | float on the decimal"}
	}
	a, b := toDecimal(l), toDecimal(r)
	if len(a.digits)+a.scale+len(b.digits)+b.scale > maxDecimalDigits {
		return value{}, &opError{msg: "a decimal of more than " + strconv.Itoa(maxDecimalDigits) + " digits cannot be computed with", hint: "compute in SQL"}
	}
	switch op {
	case "+":
		a = a.add(b)
	case "-":
		b.neg = !b.neg
		a = a.add(b)
	case "*":
		a = a.mul(b)
	default:
		return value{}, &opError{msg: op + " does not work on decimals, whose arithmetic is exact", hint: "divide in SQL, or use | float"}
	}
	return value{k: kDecimal, s: a.String()}, nil
}

const dayMicros = 86_400_000_000

// daysOf is the days of a timedelta, rounded toward minus infinity as Python does.
func daysOf(micros int64) int64 {
	days := micros / dayMicros
	if micros%dayMicros < 0 {
		days--
	}
	return days
}

// temporalArith is arith on dates, datetimes and timedeltas; ok is false for
// anything else.
func temporalArith(op string, l, r value) (v value, ok bool, err *opError) {
	i, unit := r.i, int64(1)
	switch {
	case op == "+" && r.k == l.k && l.k == kTimedelta:
	case op == "+" && l.k == kTimedelta && (r.k == kDatetime || r.k == kDate):
		return temporalArith(op, r, l)
	case (op == "+" || op == "-") && (l.k == kDatetime || l.k == kTimedelta) && r.k == kTimedelta:
	case (op == "+" || op == "-") && l.k == kDate && r.k == kTimedelta:
		i = daysOf(i)
	case op == "-" && l.k == r.k && l.k == kDatetime:
		l.k = kTimedelta
	case op == "-" && l.k == r.k && l.k == kDate:
		l.k, unit = kTimedelta, dayMicros
	case op == "*" && l.k == kTimedelta && r.integer(), op == "*" && r.k == kTimedelta && l.integer():
		n, fits := mulInt(l.i, r.i)
		if !fits {
			return v, true, overflow
		}
		return value{k: kTimedelta, i: n}, true, nil
	default:
		return v, false, nil
	}
	sum, err := intArith(op, l.i, i)
	if err == nil && unit != 1 {
		sum, err = intArith("*", sum.i, unit)
	}
	return value{k: l.k, i: sum.i}, true, err
}

// concat joins two texts within the budget.
func (m *machine) concat(a, b string) (value, *opError) {
	if !m.grow(len(a) + len(b)) {
		return value{}, m.tooMuch()
	}
	return strValue(a + b), nil
}

func (m *machine) addLists(l, r value) (value, *opError) {
	n := len(l.l) + len(r.l)
	if !m.growList(n) {
		return value{}, m.tooMuch()
	}
	out := listValue(append(append(make([]value, 0, n), l.l...), r.l...))
	if l.typ.Equal(r.typ) {
		out.typ = l.typ
	}
	out.tuple = l.tuple && r.tuple
	return out.measured(), nil
}

// repeat is text or a list n times.
func (m *machine) repeat(v value, n int64) (value, *opError) {
	if n < 0 {
		n = 0
	}
	size := int64(len(v.s) + len(v.l)*valueBytes)
	n = min(n, maxBuilt+1)
	if !m.grow(int(size * n)) {
		return value{}, m.tooMuch()
	}
	if v.k == kStr {
		if v.s == "" {
			return v, nil
		}
		return strValue(strings.Repeat(v.s, int(n))), nil
	}
	out := value{k: kList, typ: v.typ, tuple: v.tuple}
	if len(v.l) > 0 {
		out.l = make([]value, 0, len(v.l)*int(n))
	}
	for ; n > 0 && len(v.l) > 0; n-- {
		out.l = append(out.l, v.l...)
	}
	return out.measured(), nil
}
