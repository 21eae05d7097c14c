package postgres

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"github.com/apache/arrow/go/v15/arrow/decimal128"
)

// numeric is a numeric as the server sends it: digits of base 10,000, of which
// the first counts 10,000 to the weight.
//
// Source: src/backend/utils/adt/numeric.c, numeric_send and numeric_recv.
type numeric struct {
	sign   uint16
	weight int
	scale  int    // decimal digits behind the point, as it prints
	digits []byte // two bytes each
}

// The signs of a numeric.
const (
	numericPositive    = 0x0000
	numericNegative    = 0x4000
	numericNaN         = 0xC000
	numericInfinity    = 0xD000
	numericNegInfinity = 0xF000
)

// The bounds of a numeric's binary form.
const (
	maxScale  = 16_383
	maxWeight = 32_767
)

func readNumeric(b []byte) (numeric, bool) {
	if len(b) < 8 {
		return numeric{}, false
	}
	n := numeric{
		sign:   binary.BigEndian.Uint16(b[4:]),
		weight: int(int16(binary.BigEndian.Uint16(b[2:]))),
		scale:  int(binary.BigEndian.Uint16(b[6:])),
		digits: b[8:],
	}
	if count := int(binary.BigEndian.Uint16(b)); len(n.digits) != 2*count || n.scale > maxScale {
		return n, false
	}
	for i := range len(n.digits) / 2 {
		if n.digit(i) > 9999 {
			return n, false
		}
	}
	switch n.sign {
	case numericPositive, numericNegative, numericNaN, numericInfinity, numericNegInfinity:
		return n, true
	}
	return n, false
}

func (n numeric) digit(i int) uint64 { return uint64(binary.BigEndian.Uint16(n.digits[2*i:])) }

// decimal returns the number times ten to the scale. It is not ok if a digit
// would be lost, or there are more than the precision.
func (n numeric) decimal(precision, scale int) (decimal128.Num, bool) {
	var v uint128
	last := len(n.digits)/2 - 1
	ok := true
	for i := 0; i <= last && ok; i++ {
		d := n.digit(i)
		// How many decimal digits behind the scale this one ends.
		over := -(4*(n.weight-i) + scale)
		switch {
		case over <= 0:
			ok = v.shift(4, d)
		case over >= 4:
			ok = d == 0
		default:
			p := smallPowers[over]
			ok = d%p == 0 && v.shift(4-over, d/p)
		}
	}
	if zeros := 4*(n.weight-last) + scale; last >= 0 && zeros > 0 && v != (uint128{}) {
		for ; zeros > 4 && ok; zeros -= 4 {
			ok = v.shift(4, 0)
		}
		ok = ok && v.shift(zeros, 0)
	}
	num := decimal128.New(int64(v.hi), v.lo)
	if !ok || int64(v.hi) < 0 || !num.FitsInPrecision(int32(precision)) {
		return num, false
	}
	if n.sign == numericNegative {
		num = num.Negate()
	}
	return num, true
}

var smallPowers = [...]uint64{1, 10, 100, 1000, 10000}

type uint128 struct{ hi, lo uint64 }

// shift moves the number by as many decimal digits, at most 4, and adds d. It
// is not ok where that is too large.
func (v *uint128) shift(digits int, d uint64) bool {
	p := smallPowers[digits]
	carry, lo := bits.Mul64(v.lo, p)
	over, hi := bits.Mul64(v.hi, p)
	var c uint64
	v.lo, c = bits.Add64(lo, d, 0)
	v.hi, c = bits.Add64(hi, carry, c)
	return over == 0 && c == 0
}

// appendText appends the number as the server prints it.
func (n numeric) appendText(dst []byte) []byte {
	switch n.sign {
	case numericNaN:
		return append(dst, "NaN"...)
	case numericInfinity:
		return append(dst, "Infinity"...)
	case numericNegInfinity:
		return append(dst, "-Infinity"...)
	case numericNegative:
		dst = append(dst, '-')
	}
	count := len(n.digits) / 2
	at := func(i int) uint64 {
		if i < 0 || i >= count {
			return 0
		}
		return n.digit(i)
	}
	if n.weight < 0 {
		dst = append(dst, '0')
	}
	for i := 0; i <= n.weight; i++ {
		d := at(i)
		for p, started := uint64(1000), i > 0; p > 0; p /= 10 {
			if started = started || d >= p || p == 1; started {
				dst = append(dst, byte('0'+d/p%10))
			}
		}
	}
	if n.scale == 0 {
		return dst
	}
	dst = append(dst, '.')
	for k := range n.scale {
		d := at(n.weight + 1 + k/4)
		dst = append(dst, byte('0'+d/smallPowers[3-k%4]%10))
	}
	return dst
}

// appendNumeric appends the binary form of [-]digits[.digits]. It is not ok if
// a numeric cannot hold it.
func appendNumeric(dst []byte, text string) ([]byte, bool) {
	sign := uint16(numericPositive)
	if strings.HasPrefix(text, "-") {
		sign, text = numericNegative, text[1:]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	whole = strings.TrimLeft(whole, "0")
	groups := (len(whole) + 3) / 4
	if len(fraction) > maxScale || groups > maxWeight {
		return dst, false
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0)
	weight := groups - 1
	count, kept := 0, 0 // groups that were written, and those up to the last that is not zero
	for i := range groups + (len(fraction)+3)/4 {
		d := uint16(0)
		for k := range 4 {
			d = d*10 + uint16(digitAt(whole, fraction, 4*(i-groups)+k))
		}
		if count == 0 && d == 0 {
			weight--
			continue
		}
		dst = binary.BigEndian.AppendUint16(dst, d)
		if count++; d != 0 {
			kept = count
		}
	}
	dst = dst[:start+8+2*kept]
	if kept == 0 {
		weight, sign = 0, numericPositive
	}
	head := dst[start:]
	binary.BigEndian.PutUint16(head, uint16(kept))
	binary.BigEndian.PutUint16(head[2:], uint16(weight))
	binary.BigEndian.PutUint16(head[4:], sign)
	binary.BigEndian.PutUint16(head[6:], uint16(len(fraction)))
	return dst, true
}

// digitAt returns the decimal digit at a place: 0 is the first behind the
// point.
func digitAt(whole, fraction string, place int) byte {
	if place >= 0 {
		if place < len(fraction) {
			return fraction[place] - '0'
		}
		return 0
	}
	if i := len(whole) + place; i >= 0 {
		return whole[i] - '0'
	}
	return 0
}
