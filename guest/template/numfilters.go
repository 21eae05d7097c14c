package template

import (
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi/pytext"
)

func (m *machine) absFilter(at pos, v value, _ []value) value {
	switch {
	case v.integer() && v.i == math.MinInt64:
		return m.try(at, value{}, overflow)
	case v.integer():
		return intValue(max(v.i, -v.i))
	case v.k == kFloat:
		return floatValue(math.Abs(v.f))
	case v.k == kDecimal:
		d := parseDecimal(v.s)
		d.neg = false
		return value{k: kDecimal, s: d.String()}
	case v.k == kTimedelta && v.i > math.MinInt64:
		return value{k: kTimedelta, i: max(v.i, -v.i)}
	}
	return m.wrong(at, "abs", v, "a number")
}

// roundFilter is Jinja's round: common rounds a half to the even digit, as
// Python does; ceil and floor make floats.
func (m *machine) roundFilter(at pos, v value, args []value) value {
	method := "common"
	if args[1].k != kUndefined {
		method = pyString(args[1])
	}
	if method != "common" && method != "ceil" && method != "floor" {
		return m.fail(at, "| round has no method "+strconv.Quote(method), "methods are common, ceil and floor")
	}
	precision := int64(0)
	switch p := args[0]; {
	case p.integer():
		precision = p.i
	case p.k != kUndefined:
		return m.wrong(at, "round", p, "an int as its precision")
	}
	if precision < -400 || precision > 400 {
		return m.fail(at, "| round has a precision of "+strconv.FormatInt(precision, 10), "it goes from -400 to 400")
	}
	if !v.number() {
		return m.wrong(at, "round", v, "a number")
	}
	if method != "common" {
		return m.roundTo(at, v, int(precision), method)
	}
	switch {
	case v.k == kDecimal:
		return value{k: kDecimal, s: parseDecimal(v.s).round(int(precision)).String()}
	case v.k == kFloat:
		return floatValue(roundFloat(v.f, int(precision)))
	case precision >= 0:
		return intValue(v.i)
	}
	r := toDecimal(v).round(int(precision)).String()
	n, err := strconv.ParseInt(r, 10, 64)
	if err != nil {
		return m.try(at, value{}, overflow)
	}
	return intValue(n)
}

// roundTo is func(value * 10**precision) / 10**precision.
func (m *machine) roundTo(at pos, v value, precision int, method string) value {
	f := v.f
	switch {
	case v.k == kDecimal:
		f, _ = strconv.ParseFloat(v.s, 64)
	case v.integer():
		f = float64(v.i)
	}
	scale := math.Pow(10, float64(precision))
	f *= scale
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return m.fail(at, "| round cannot make a whole number of "+pytext.Float(f), "")
	}
	if method == "ceil" {
		return floatValue(math.Ceil(f) / scale)
	}
	return floatValue(math.Floor(f) / scale)
}

// roundFloat is Python's round(f, n): the exact value of f is rounded, a half
// to the even digit.
func roundFloat(f float64, n int) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) || f == 0 {
		return f
	}
	if n >= 0 {
		r, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', n, 64), 64)
		return r
	}
	r, _ := strconv.ParseFloat(exactDecimal(f).round(n).String(), 64)
	return math.Copysign(r, f)
}

func floatTrunc(f float64) float64 {
	if f = math.Trunc(f); f == 0 {
		return 0
	}
	return f
}

// plainZero takes the sign from a zero.
func plainZero(d decimal) decimal {
	d.neg = d.neg && !d.zero()
	return d
}

// intFilter is Jinja's int: of text, of a float toward zero, else the default.
func (m *machine) intFilter(at pos, v value, args []value) value {
	otherwise := intValue(0)
	if args[0].k != kUndefined {
		otherwise = args[0]
	}
	base := int64(10)
	if args[1].k != kUndefined {
		if base = args[1].i; !args[1].integer() || base != 0 && (base < 2 || base > 36) {
			return m.fail(at, "| int needs a base of 0 or from 2 to 36", "")
		}
	}
	switch v.k {
	case kInt, kBool:
		return intValue(v.i)
	case kFloat:
		return m.floatToInt(at, v.f, otherwise)
	case kDecimal:
		n, err := strconv.ParseInt(plainZero(parseDecimal(v.s).truncate()).String(), 10, 64)
		if err != nil {
			return m.try(at, value{}, overflow)
		}
		return intValue(n)
	case kStr:
		return m.textToInt(at, v.s, int(base), otherwise)
	}
	return otherwise
}

func (m *machine) floatToInt(at pos, f float64, otherwise value) value {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return otherwise
	case f >= 1<<63 || f < -1<<63:
		return m.try(at, value{}, overflow)
	}
	return intValue(int64(f))
}

// asciiDigits writes the decimal digits of every script as those of ASCII, as
// Python reads numbers. A range of unicode.Nd is one or more runs from 0 to 9.
func asciiDigits(s string) string {
	if len(s) > 1000 || casedBytes(s) == len(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < utf8.RuneSelf || !unicode.Is(unicode.Nd, r) {
			return r
		}
		for _, x := range unicode.Nd.R16 {
			if rune(x.Lo) <= r && r <= rune(x.Hi) {
				return '0' + (r-rune(x.Lo))%10
			}
		}
		for _, x := range unicode.Nd.R32 {
			if rune(x.Lo) <= r && r <= rune(x.Hi) {
				return '0' + (r-rune(x.Lo))%10
			}
		}
		return r
	}, s)
}

// textToInt is int(text, base), or int(float(text)).
func (m *machine) textToInt(at pos, s string, base int, otherwise value) value {
	s = asciiDigits(strings.TrimFunc(s, pySpace))
	if digits, ok := intDigits(s, base); ok {
		n, err := strconv.ParseInt(digits, base, 64)
		if err == nil {
			return intValue(n)
		}
		if ne, is := err.(*strconv.NumError); is && ne.Err == strconv.ErrRange {
			return m.try(at, value{}, overflow)
		}
	}
	if f, ok := parseFloat(s); ok {
		return m.floatToInt(at, f, otherwise)
	}
	return otherwise
}

// intDigits makes of Python's int text what strconv reads: underscores between
// digits are dropped, and the prefix of a base that is given.
func intDigits(s string, base int) (string, bool) {
	sign, body := "", s
	if body != "" && (body[0] == '-' || body[0] == '+') {
		sign, body = body[:1], body[1:]
	}
	if prefix := map[int]string{2: "0b", 8: "0o", 16: "0x"}[base]; prefix != "" && len(body) > 2 && strings.EqualFold(body[:2], prefix) {
		body = strings.TrimPrefix(body[2:], "_")
	}
	if body == "" || body[0] == '_' || body[0] == '-' || body[0] == '+' || body[len(body)-1] == '_' || strings.Contains(body, "__") {
		return "", false
	}
	if base != 0 {
		body = strings.ReplaceAll(body, "_", "")
	} else if len(body) > 1 && body[0] == '0' && body[1] >= '0' && body[1] <= '9' {
		if strings.Trim(body, "0") != "" {
			return "", false // Python takes no octal without its prefix
		}
		body = "0"
	}
	return sign + body, true
}

// parseFloat is Python's float(text) for text without white space around it.
func parseFloat(s string) (float64, bool) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == 'x' || c == 'X' || c == 'p' || c == 'P':
			return 0, false
		case c == '_' && (i == 0 || i == len(s)-1 || !digit(s[i-1]) || !digit(s[i+1])):
			return 0, false
		}
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(s, "_", ""), 64)
	if ne, is := err.(*strconv.NumError); is && ne.Err == strconv.ErrRange {
		return f, true // inf, as Python has it
	}
	return f, err == nil
}

func digit(c byte) bool { return '0' <= c && c <= '9' }

func (m *machine) floatFilter(at pos, v value, args []value) value {
	switch v.k {
	case kInt, kBool:
		return floatValue(float64(v.i))
	case kFloat:
		return v
	case kDecimal:
		f, _ := strconv.ParseFloat(v.s, 64)
		return floatValue(f)
	case kStr:
		if f, ok := parseFloat(asciiDigits(strings.TrimFunc(v.s, pySpace))); ok {
			return floatValue(f)
		}
	}
	if args[0].k != kUndefined {
		return args[0]
	}
	return floatValue(0)
}
