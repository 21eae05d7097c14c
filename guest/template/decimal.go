package template

import "strings"

// decimal is an exact decimal number: sign, digits without leading zeros, and
// how many of them stand behind the point. Zero is no digits.
type decimal struct {
	neg    bool
	digits string
	scale  int // not below zero
}

// parseDecimal reads [-]digits[.digits]. A byte that is no digit ends it.
func parseDecimal(s string) decimal {
	var d decimal
	if strings.HasPrefix(s, "-") {
		d.neg, s = true, s[1:]
	}
	whole, frac, _ := strings.Cut(strings.TrimPrefix(s, "+"), ".")
	d.digits = strings.TrimLeft(whole+frac, "0")
	d.scale = len(frac)
	return d
}

func (d decimal) zero() bool { return d.digits == "" }

// String writes the number with all of its places.
func (d decimal) String() string {
	s := d.digits
	if len(s) <= d.scale {
		s = strings.Repeat("0", d.scale-len(s)+1) + s
	}
	if d.scale > 0 {
		s = s[:len(s)-d.scale] + "." + s[len(s)-d.scale:]
	}
	if d.neg {
		s = "-" + s
	}
	return s
}

// align gives two numbers the same scale.
func align(a, b decimal) (decimal, decimal) {
	up := func(d decimal, scale int) decimal {
		if !d.zero() {
			d.digits += strings.Repeat("0", scale-d.scale)
		}
		d.scale = scale
		return d
	}
	scale := max(a.scale, b.scale)
	return up(a, scale), up(b, scale)
}

// cmpDigits compares two unsigned numbers of the same scale.
func cmpDigits(a, b string) int {
	if len(a) != len(b) {
		if len(a) < len(b) {
			return -1
		}
		return 1
	}
	return strings.Compare(a, b)
}

// cmp compares two numbers.
func (d decimal) cmp(e decimal) int {
	d, e = align(d, e)
	dn, en := d.neg && !d.zero(), e.neg && !e.zero()
	switch {
	case dn && !en:
		return -1
	case !dn && en:
		return 1
	case dn:
		return cmpDigits(e.digits, d.digits)
	}
	return cmpDigits(d.digits, e.digits)
}

// add is d + e, exactly.
func (d decimal) add(e decimal) decimal {
	d, e = align(d, e)
	if d.neg == e.neg {
		return decimal{d.neg, addDigits(d.digits, e.digits), d.scale}
	}
	switch cmpDigits(d.digits, e.digits) {
	case 0:
		return decimal{false, "", d.scale}
	case 1:
		return decimal{d.neg, subDigits(d.digits, e.digits), d.scale}
	}
	return decimal{e.neg, subDigits(e.digits, d.digits), d.scale}
}

// mul is d * e, exactly.
func (d decimal) mul(e decimal) decimal {
	out := make([]byte, len(d.digits)+len(e.digits))
	for i := len(d.digits) - 1; i >= 0; i-- {
		carry := 0
		for j := len(e.digits) - 1; j >= 0; j-- {
			n := int(d.digits[i]-'0')*int(e.digits[j]-'0') + int(out[i+j+1]) + carry
			out[i+j+1], carry = byte(n%10), n/10
		}
		out[i] += byte(carry)
	}
	for i := range out {
		out[i] += '0'
	}
	return decimal{d.neg != e.neg, strings.TrimLeft(string(out), "0"), d.scale + e.scale}
}

// negate is -d; zero has no sign.
func (d decimal) negate() decimal {
	d.neg = !d.neg && !d.zero()
	return d
}

func addDigits(a, b string) string {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := make([]byte, len(a)+1)
	carry := byte(0)
	for i := 0; i < len(a); i++ {
		n := a[len(a)-1-i] - '0' + carry
		if i < len(b) {
			n += b[len(b)-1-i] - '0'
		}
		out[len(a)-i], carry = n%10+'0', n/10
	}
	out[0] = carry + '0'
	return strings.TrimLeft(string(out), "0")
}

// subDigits is a - b where a >= b.
func subDigits(a, b string) string {
	out := make([]byte, len(a))
	borrow := byte(0)
	for i := 0; i < len(a); i++ {
		n := 10 + a[len(a)-1-i] - '0' - borrow
		if i < len(b) {
			n -= b[len(b)-1-i] - '0'
		}
		out[len(a)-1-i], borrow = n%10+'0', 1-n/10
	}
	return strings.TrimLeft(string(out), "0")
}

// truncate drops the places behind the point.
func (d decimal) truncate() decimal {
	if len(d.digits) <= d.scale {
		return decimal{}
	}
	return decimal{d.neg, d.digits[:len(d.digits)-d.scale], 0}
}

// round keeps n places, a half going to the even digit, as Python's
// round(Decimal, n) does. n may be below zero.
func (d decimal) round(n int) decimal {
	drop := d.scale - n
	if drop <= 0 {
		d, _ = align(d, decimal{scale: n})
		return d
	}
	s := d.digits
	if len(s) < drop {
		s = strings.Repeat("0", drop-len(s)) + s
	}
	keep, rest := s[:len(s)-drop], s[len(s)-drop:]
	half := "5" + strings.Repeat("0", drop-1)
	odd := keep != "" && (keep[len(keep)-1]-'0')%2 == 1
	if rest > half || rest == half && odd {
		keep = addDigits(keep, "1")
	}
	keep = strings.TrimLeft(keep, "0")
	if n < 0 {
		if keep != "" {
			keep += strings.Repeat("0", -n)
		}
		n = 0
	}
	return decimal{d.neg, keep, n}
}
