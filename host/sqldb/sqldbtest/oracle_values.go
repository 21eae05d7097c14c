package sqldbtest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// integer returns random integers of so many bits, often the ends.
func integer(bits int, signed bool) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		v := r.Uint64() >> (64 - bits) >> r.IntN(bits)
		switch r.IntN(8) {
		case 0:
			v = math.MaxUint64 >> (64 - bits) // -1, or the last
		case 1:
			v = 1 << (bits - 1) // the first, or half
		case 2:
			v = 1<<(bits-1) - 1
		}
		if signed {
			return strconv.FormatInt(int64(v<<(64-bits))>>(64-bits), 10)
		}
		return strconv.FormatUint(v, 10)
	}
}

// double returns random finite floats: any bits, or few digits.
func double(r *rand.Rand) string {
	x := math.Float64frombits(r.Uint64())
	if r.IntN(2) == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		x = float64(r.IntN(2_000_000)-1_000_000) / 1000
	}
	return strconv.FormatFloat(x, 'e', -1, 64)
}

// single is double for floats of 32 bits. Those too small to be normal are
// left out: databases differ in which they take.
func single(r *rand.Rand) string {
	x := float64(math.Float32frombits(r.Uint32()))
	if r.IntN(2) == 0 || math.IsNaN(x) || math.IsInf(x, 0) || math.Abs(x) < 1e-37 || math.Abs(x) > 3e38 {
		x = float64(r.IntN(20_000)-10_000) / 100
	}
	return strconv.FormatFloat(x, 'e', -1, 32)
}

// decimal returns random decimals of at most so many digits before and behind
// the point.
func decimal(before, behind int) func(*rand.Rand) string {
	return func(r *rand.Rand) string {
		s := digits(r, r.IntN(before)+1)
		if n := r.IntN(behind + 1); n > 0 {
			s += "." + digits(r, n)
		}
		if r.IntN(2) == 0 {
			s = "-" + s
		}
		return s
	}
}

func digits(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '0' + byte(r.IntN(10))
	}
	return string(b)
}

var alphabet = []rune("ab Z09'\"\\,;{}[]()%_\t\n\réßЖ中😀\u200b\u0301")

// words returns a random text of at most n characters.
func words(r *rand.Rand, n int) string {
	var b strings.Builder
	for range r.IntN(n + 1) {
		b.WriteRune(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}

// hexadecimal returns the digits of at most n random bytes.
func hexadecimal(r *rand.Rand, n int) string {
	b := make([]byte, r.IntN(n+1))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return fmt.Sprintf("%x", b)
}

// uuid4Text returns UUIDs of version 4: MariaDB takes not every one of others.
func uuid4Text(r *rand.Rand) string {
	s := uuidText(r)
	return s[:14] + "4" + s[15:19] + "a" + s[20:]
}

func uuidText(r *rand.Rand) string {
	return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", r.Uint32(), r.Uint32()>>16, r.Uint32()>>16, r.Uint32()>>16, r.Uint64()>>16)
}

// clockText returns a time of day, sometimes without a fraction.
func clockText(r *rand.Rand) string {
	micros := r.Int64N(86400e6)
	if r.IntN(3) == 0 {
		micros -= micros % 1e6
	}
	return showClock(micros)
}

// dateText returns a day between two, both counted from 1970-01-01.
func dateText(r *rand.Rand, from, to int64) string { return showDate(from + r.Int64N(to-from+1)) }

// The days of 0001-01-01, 1000-01-01, 1971-01-01, 2037-12-31 and 9999-12-31.
const (
	day1, day1000, day1971, day2037, day9999 = -719162, -354285, 365, 24836, 2932896
)

func either(list ...string) func(*rand.Rand) string {
	return func(r *rand.Rand) string { return list[r.IntN(len(list))] }
}

// plain is the text of a cell as Arrow prints it: integers.
func plain(a arrow.Array, i int) string { return a.ValueStr(i) }

func stringText(a arrow.Array, i int) string { return a.(*array.String).Value(i) }

// asShown is the text of a cell as the suite shows it, for decimals, dates,
// times and UUIDs.
func asShown(a arrow.Array, i int) string { return showCell(a, i) }

// timestamps are printed with a space, and with a zone where zone is not "".
func timestampText(zone string) func(arrow.Array, int) string {
	return func(a arrow.Array, i int) string {
		s := strings.TrimSuffix(showCell(a, i), "Z")
		return strings.Replace(s, "T", " ", 1) + zone
	}
}

// sameFloat compares a float of so many bits with the number that the client
// prints, in whatever form.
func sameFloat(bits int) func(arrow.Array, int, string) bool {
	return func(a arrow.Array, i int, printed string) bool {
		x, err := strconv.ParseFloat(printed, bits)
		var got float64
		switch a := a.(type) {
		case *array.Float32:
			got = float64(a.Value(i))
		case *array.Float64:
			got = a.Value(i)
		default:
			return false
		}
		return err == nil && (got == x && math.Signbit(got) == math.Signbit(x) || math.IsNaN(got) && math.IsNaN(x))
	}
}

// hexText is the text of bytes, with a prefix.
func hexText(prefix, format string) func(arrow.Array, int) string {
	return func(a arrow.Array, i int) string {
		return prefix + fmt.Sprintf(format, a.(*array.Binary).Value(i))
	}
}

// fraction pads the fraction of seconds to six digits, as MariaDB does.
func fraction(text func(arrow.Array, int) string) func(arrow.Array, int) string {
	return func(a arrow.Array, i int) string {
		s := text(a, i)
		whole, part, _ := strings.Cut(s, ".")
		return whole + "." + part + strings.Repeat("0", 6-len(part))
	}
}
