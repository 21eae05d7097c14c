package columns

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/decimal128"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

const (
	noNumber = "text that is no number"
	notANum  = "NaN or infinity"
)

// digitsOf is a declared decimal(p,s). Its methods return what makes a number
// none of its values, or nothing.
type digitsOf struct{ precision, scale int32 }

func (d digitsOf) arrow() *arrow.Decimal128Type {
	return &arrow.Decimal128Type{Precision: d.precision, Scale: d.scale}
}

func (d digitsOf) builder() builder[decimal128.Num] {
	return array.NewDecimal128Builder(memory.DefaultAllocator, d.arrow())
}

func (d digitsOf) tooLarge() string {
	n := int(d.precision - d.scale)
	if n == 1 {
		return "a number with more than 1 digit before the point"
	}
	return "a number with more than " + strconv.Itoa(n) + " digits before the point"
}

func (d digitsOf) tooFine() string {
	switch d.scale {
	case 0:
		return "a fraction"
	case 1:
		return "a number with more than 1 digit after the point"
	}
	return "a number with more than " + strconv.Itoa(int(d.scale)) + " digits after the point"
}

// toDigits makes decimals of declared digits. Zeros at the end of a fraction
// count for nothing, so 1.500 is a decimal(5,2) and 1.505 is none. A float is
// the shortest decimal that reads back as it: 12.3 and not the binary fraction
// next to it.
func toDigits(from arrow.Field, d digitsOf) converter {
	switch t := from.Type.(type) {
	case *arrow.Decimal128Type:
		if t.Precision == d.precision && t.Scale == d.scale {
			return nil
		}
		scale := t.Scale
		return source(d.builder, func(a *array.Decimal128, i int) (decimal128.Num, string) { return d.rescale(a.Value(i), scale) })
	case *arrow.Decimal256Type:
		scale := t.Scale
		return source(d.builder, func(a *array.Decimal256, i int) (decimal128.Num, string) {
			return d.parse(a.Value(i).BigInt().String() + "e" + strconv.Itoa(-int(scale)))
		})
	}
	ints := fromInts(from.Type, d.builder, func(v int64, over bool) (decimal128.Num, string) {
		if over {
			return d.rescale(decimal128.FromU64(uint64(v)), 0)
		}
		return d.rescale(decimal128.FromI64(v), 0)
	})
	if ints != nil {
		return ints
	}
	floats := fromFloats(from.Type, d.builder, func(f float64, bits int) (decimal128.Num, string) {
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return decimal128.Num{}, notANum
		}
		return d.parse(strconv.FormatFloat(f, 'e', -1, bits))
	})
	if floats != nil {
		return floats
	}
	return fromText(from.Type, d.builder, d.parse)
}

// rescale returns n · 10^-scale.
func (d digitsOf) rescale(n decimal128.Num, scale int32) (decimal128.Num, string) {
	switch more := d.scale - scale; {
	case n.Sign() == 0:
		return n, ""
	case more > 0:
		if d.precision <= more || !fits(n, d.precision-more) {
			return n, d.tooLarge()
		}
		return n.Mul(decimal128.GetScaleMultiplier(int(more))), ""
	case more < 0:
		quotient, rest := n.Div(decimal128.GetScaleMultiplier(int(-more)))
		if rest.Sign() != 0 {
			return n, d.tooFine()
		}
		n = quotient
	}
	if !fits(n, d.precision) {
		return n, d.tooLarge()
	}
	return n, ""
}

// fits is n.FitsInPrecision, which takes the least of all numbers for a small
// one.
func fits(n decimal128.Num, precision int32) bool {
	limit := decimal128.GetScaleMultiplier(int(precision))
	return n.Less(limit) && limit.Negate().Less(n)
}

// parse reads [+-]digits[.digits][e[+-]digits].
func (d digitsOf) parse(s string) (decimal128.Num, string) {
	var zero decimal128.Num
	switch s {
	case "NaN", "Infinity", "-Infinity":
		return zero, notANum
	}
	rest, negative := strings.CutPrefix(s, "-")
	if !negative {
		rest = strings.TrimPrefix(rest, "+")
	}
	exponent := 0
	if i := strings.IndexAny(rest, "eE"); i >= 0 {
		e, err := strconv.Atoi(rest[i+1:])
		if err != nil || e > maxDigits || e < -maxDigits {
			return zero, noNumber
		}
		rest, exponent = rest[:i], e
	}
	whole, fraction, point := strings.Cut(rest, ".")
	if !areDigits(whole) || !areDigits(fraction) || whole == "" && (!point || fraction == "") {
		return zero, noNumber
	}
	// The number is digits · 10^-places, with as few digits as it has.
	places := len(fraction) - exponent
	digits := strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(digits, "0")
	places -= len(digits) - len(short)
	switch zeros := int(d.scale) - places; {
	case short == "":
		return zero, ""
	case zeros < 0:
		return zero, d.tooFine()
	case len(short)+zeros > int(d.precision):
		return zero, d.tooLarge()
	default:
		return fromDigits(short, zeros, negative), ""
	}
}

func areDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// fromDigits returns digits with zeros after them, together at most 38.
func fromDigits(digits string, zeros int, negative bool) decimal128.Num {
	var high, low uint64
	push := func(digit byte) {
		carry, product := bits.Mul64(low, 10)
		sum, over := bits.Add64(product, uint64(digit), 0)
		high, low = high*10+carry+over, sum
	}
	for i := range len(digits) {
		push(digits[i] - '0')
	}
	for range zeros {
		push(0)
	}
	n := decimal128.New(int64(high), low)
	if negative {
		return n.Negate()
	}
	return n
}
