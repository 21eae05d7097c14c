package mysql

import (
	"math/bits"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// maxPrecision is the most digits that a decimal128 holds.
const maxPrecision = 38

// parseDecimal reads [-]digits[.digits] as a decimal of the precision and
// scale. It is not ok if a digit would be lost.
func parseDecimal(b []byte, precision, scale int) (decimal128.Num, bool) {
	b, negative := after(b, '-')
	if v, ok := smallDecimal(b, precision, scale); ok {
		if negative {
			v = -v
		}
		return decimal128.FromI64(v), true
	}
	var hi, lo uint64
	digits, behind, seen, point := 0, 0, false, false
	for _, c := range b {
		if c == '.' && !point {
			point = true
			continue
		}
		if c < '0' || c > '9' {
			return decimal128.Num{}, false
		}
		seen = true
		if point && behind == scale {
			if c != '0' {
				return decimal128.Num{}, false
			}
			continue
		}
		if point {
			behind++
		}
		if digits > 0 || c != '0' {
			digits++
		}
		if digits > precision {
			return decimal128.Num{}, false
		}
		hi, lo = times10(hi, lo, uint64(c-'0'))
	}
	for ; behind < scale; behind++ {
		if digits > 0 {
			digits++
		}
		if digits > precision {
			return decimal128.Num{}, false
		}
		hi, lo = times10(hi, lo, 0)
	}
	num := decimal128.New(int64(hi), lo)
	if negative {
		num = num.Negate()
	}
	return num, seen
}

// smallDecimal reads digits[.digits], as many behind the point as the scale and
// few enough for an int64, which is how servers send most decimals.
func smallDecimal(b []byte, precision, scale int) (v int64, ok bool) {
	digits := len(b)
	point := digits - scale - 1
	if scale > 0 {
		digits--
	}
	if digits > min(precision, 18) || scale > 0 && (point < 1 || b[point] != '.') || digits == 0 {
		return 0, false
	}
	for i, c := range b {
		if i == point && scale > 0 {
			continue
		}
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + int64(c-'0')
	}
	return v, true
}

// times10 returns the 128 bits times ten plus a digit.
func times10(hi, lo, digit uint64) (uint64, uint64) {
	carry, low := bits.Mul64(lo, 10)
	lo, c := bits.Add64(low, digit, 0)
	return hi*10 + carry + c, lo
}
