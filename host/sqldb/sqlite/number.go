package sqlite

import (
	"math"
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// maxPrecision is the most digits that a decimal128 holds.
const maxPrecision = 38

// parseDecimal reads [sign]digits[.digits][e[sign]digits] as a decimal of the
// precision and scale. It is not ok if a digit would be lost.
func parseDecimal(b []byte, precision, scale int) (decimal128.Num, bool) {
	negative := false
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		negative, b = b[0] == '-', b[1:]
	}
	var d significand
	b, ok := d.read(b)
	if !ok {
		return decimal128.Num{}, false
	}
	if len(b) > 0 {
		e, ok := parseExponent(b)
		if !ok {
			return decimal128.Num{}, false
		}
		d.exponent += e
	}
	if d.n == 0 {
		return decimal128.Num{}, true
	}
	zeros := d.exponent + scale
	if zeros < 0 || d.n+zeros > precision {
		return decimal128.Num{}, false
	}
	var hi, lo uint64
	for i := range d.n + zeros {
		digit := byte(0)
		if i < d.n {
			digit = d.digits[i]
		}
		carry, low := bits.Mul64(lo, 10)
		var c uint64
		lo, c = bits.Add64(low, uint64(digit), 0)
		hi = hi*10 + carry + c
	}
	num := decimal128.New(int64(hi), lo)
	if negative {
		num = num.Negate()
	}
	return num, true
}

// smallReal returns a float as a decimal of the precision and scale, if it is
// short enough to be seen without its digits: n is a whole number of less than
// 15 digits, and the float that is nearest to n/10^scale is v. No other number
// of so few digits has the same nearest float, so that those are v's shortest.
func smallReal(v float64, precision, scale int) (decimal128.Num, bool) {
	if scale >= len(exactPowers) {
		return decimal128.Num{}, false
	}
	x := math.Round(v * exactPowers[scale])
	if !(math.Abs(x) < exactPowers[min(precision, len(exactPowers)-1)]) || x/exactPowers[scale] != v {
		return decimal128.Num{}, false
	}
	return decimal128.FromI64(int64(x)), true
}

// smallInt is smallReal for an integer.
func smallInt(v int64, precision, scale int) (decimal128.Num, bool) {
	if scale >= len(exactPowers) {
		return decimal128.Num{}, false
	}
	x := float64(v) * exactPowers[scale]
	if !(math.Abs(x) < exactPowers[min(precision, len(exactPowers)-1)]) {
		return decimal128.Num{}, false
	}
	return decimal128.FromI64(int64(x)), true
}

// exactPowers are those of ten up to 10^15, below which floats hold every whole
// number.
var exactPowers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// significand is the digits of a number from the first to the last that is not
// zero: 0.digits-as-integer times ten to the exponent.
type significand struct {
	digits   [maxPrecision]byte
	n        int
	exponent int
}

// read takes digits[.digits] from the start of b. It is not ok without any
// digit, or with more significant ones than fit.
func (d *significand) read(b []byte) (rest []byte, ok bool) {
	seen, point, zeros := false, false, 0
	for ; len(b) > 0; b = b[1:] {
		c := b[0]
		switch {
		case c == '.' && !point:
			point = true
			continue
		case c < '0' || c > '9':
			d.exponent += zeros
			return b, seen
		}
		seen = true
		if point {
			d.exponent--
		}
		if c == '0' {
			if d.n > 0 {
				zeros++
			}
			continue
		}
		if d.n+zeros+1 > maxPrecision {
			return b, false
		}
		for ; zeros > 0; zeros-- {
			d.digits[d.n] = 0
			d.n++
		}
		d.digits[d.n] = c - '0'
		d.n++
	}
	d.exponent += zeros
	return b, seen
}

// sameNumber reports whether two numbers are equal, digit by digit.
func sameNumber(a, b []byte) bool {
	x, xok := readNumber(a)
	y, yok := readNumber(b)
	return xok && yok && x == y
}

// number is a number in the one form that it has.
type number struct {
	significand
	negative bool
}

func readNumber(b []byte) (num number, ok bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		num.negative, b = b[0] == '-', b[1:]
	}
	if b, ok = num.read(b); !ok {
		return num, false
	}
	if len(b) > 0 {
		e, ok := parseExponent(b)
		if !ok {
			return num, false
		}
		num.exponent += e
	}
	if num.n == 0 {
		num.exponent = 0
	}
	return num, true
}

// parseExponent reads e[sign]digits, all of b. Beyond four digits it is not ok:
// no decimal reaches there.
func parseExponent(b []byte) (int, bool) {
	if b[0] != 'e' && b[0] != 'E' {
		return 0, false
	}
	b = b[1:]
	sign := 1
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		if b[0] == '-' {
			sign = -1
		}
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 4 {
		return 0, false
	}
	e, _, ok := digits(b, len(b))
	return sign * e, ok
}
