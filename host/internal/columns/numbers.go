package columns

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

const tooLarge = "a number that is too large"

func toInt(from arrow.Field) converter {
	if from.Type.ID() == arrow.INT64 {
		return nil
	}
	ints := fromInts(from.Type, newInts, func(v int64, over bool) (int64, string) {
		if over {
			return 0, tooLarge
		}
		return v, ""
	})
	if ints != nil {
		return ints
	}
	if floats := fromFloats(from.Type, newInts, floatToInt); floats != nil {
		return floats
	}
	switch t := from.Type.(type) {
	case *arrow.BooleanType:
		return source(newInts, func(a *array.Boolean, i int) (int64, string) {
			if a.Value(i) {
				return 1, ""
			}
			return 0, ""
		})
	case *arrow.Decimal128Type:
		scale := t.Scale
		return source(newInts, func(a *array.Decimal128, i int) (int64, string) {
			return ratToInt(scaled(a.Value(i).BigInt(), scale))
		})
	}
	if isNumeric(from) {
		return fromText(from.Type, newInts, func(s string) (int64, string) {
			if v, err := strconv.ParseInt(s, 10, 64); err == nil {
				return v, ""
			}
			r, why := parseDecimal(s)
			if why != "" {
				return 0, why
			}
			return ratToInt(r)
		})
	}
	return nil
}

func floatToInt(f float64, _ int) (int64, string) {
	switch {
	case math.IsNaN(f) || math.IsInf(f, 0):
		return 0, notANum
	case f != math.Trunc(f):
		return 0, "a fraction"
	case f < -1<<63 || f >= 1<<63:
		return 0, tooLarge
	}
	return int64(f), ""
}

func ratToInt(r *big.Rat) (int64, string) {
	switch {
	case !r.IsInt():
		return 0, "a fraction"
	case !r.Num().IsInt64():
		return 0, tooLarge
	}
	return r.Num().Int64(), ""
}

// scaled returns n · 10^-scale.
func scaled(n *big.Int, scale int32) *big.Rat {
	exp := int64(scale)
	pow := new(big.Int).Exp(big.NewInt(10), big.NewInt(max(exp, -exp)), nil)
	if exp < 0 {
		return new(big.Rat).SetInt(new(big.Int).Mul(n, pow))
	}
	return new(big.Rat).SetFrac(n, pow)
}

// isNumeric reports whether a column is text that stands for numbers.
func isNumeric(f arrow.Field) bool { return metaOf(f, typeKey) == numericName }

func toFloat(from arrow.Field) converter {
	if from.Type.ID() == arrow.FLOAT64 {
		return nil
	}
	floats := fromFloats(from.Type, newFloats, func(f float64, _ int) (float64, string) { return f, "" })
	if floats != nil {
		return floats
	}
	ints := fromInts(from.Type, newFloats, func(v int64, over bool) (float64, string) {
		if over || v > 1<<53 || v < -1<<53 {
			return 0, "an integer beyond 2^53"
		}
		return float64(v), ""
	})
	if ints != nil {
		return ints
	}
	if t, ok := from.Type.(*arrow.Decimal128Type); ok {
		scale := t.Scale
		return source(newFloats, func(a *array.Decimal128, i int) (float64, string) {
			return ratToFloat(scaled(a.Value(i).BigInt(), scale))
		})
	}
	if isNumeric(from) {
		return fromText(from.Type, newFloats, numericToFloat)
	}
	return nil
}

// numericToFloat reads a number that a float can hold, NaN and the infinities
// with it.
func numericToFloat(s string) (float64, string) {
	switch s {
	case "NaN", "Infinity", "-Infinity":
		f, _ := strconv.ParseFloat(s, 64)
		return f, ""
	}
	r, why := parseDecimal(s)
	if why != "" {
		return 0, why
	}
	return ratToFloat(r)
}

// ratToFloat returns the nearest float if its shortest decimal is the number
// again: what 12.30 means is kept although no float is 12.30.
func ratToFloat(r *big.Rat) (float64, string) {
	f, _ := r.Float64()
	if math.IsInf(f, 0) {
		return 0, tooLarge
	}
	back, ok := new(big.Rat).SetString(strconv.FormatFloat(f, 'e', -1, 64))
	if !ok || back.Cmp(r) != 0 {
		return 0, "a number with more digits than a float has"
	}
	return f, ""
}

// maxDigits bounds a number that is read from text: PostgreSQL's numeric has
// at most this many digits on both sides of its point.
const maxDigits = 131072 + 16383

// parseDecimal reads [-]digits[.digits][e[-]digits]. It has bounds, so that a
// text cannot ask for a number of gigabytes.
func parseDecimal(s string) (*big.Rat, string) {
	if len(s) > maxDigits+16 || strings.IndexFunc(s, func(r rune) bool { return !strings.ContainsRune("0123456789+-.eE", r) }) >= 0 {
		return nil, noNumber
	}
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		if e, err := strconv.Atoi(s[i+1:]); err != nil || e > maxDigits || e < -maxDigits {
			return nil, noNumber
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return nil, noNumber
	}
	return r, ""
}

func toBool(from arrow.Field) converter {
	return fromInts(from.Type, newBools, func(v int64, over bool) (bool, string) {
		if over || v < 0 || v > 1 {
			return false, "an integer other than 0 and 1"
		}
		return v == 1, ""
	})
}

// toDecimal makes numeric text.
func toDecimal(from arrow.Field) converter {
	if t, ok := from.Type.(*arrow.Decimal256Type); ok {
		scale := t.Scale
		return source(newStrings, func(a *array.Decimal256, i int) (string, string) {
			return scaled(a.Value(i).BigInt(), scale).FloatString(int(max(scale, 0))), ""
		})
	}
	ints := fromInts(from.Type, newStrings, func(v int64, over bool) (string, string) {
		if over {
			return strconv.FormatUint(uint64(v), 10), ""
		}
		return strconv.FormatInt(v, 10), ""
	})
	if ints != nil {
		return ints
	}
	floats := fromFloats(from.Type, newStrings, func(f float64, bits int) (string, string) {
		switch {
		case math.IsInf(f, 1):
			return "Infinity", ""
		case math.IsInf(f, -1):
			return "-Infinity", ""
		}
		return strconv.FormatFloat(f, 'f', -1, bits), ""
	})
	if floats != nil {
		return floats
	}
	if isNumeric(from) && from.Type.ID() == arrow.STRING {
		return nil
	}
	return fromText(from.Type, newStrings, func(s string) (string, string) {
		switch s {
		case "NaN", "Infinity", "-Infinity":
			return s, ""
		}
		_, why := parseDecimal(s)
		return s, why
	})
}
