package parquet

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// bools are packed, the first in the lowest bit.
type bools struct {
	a     *array.Boolean
	limit int // values in a page
	n     int
	bits  []byte
	seen  [2]bool // of the chunk
}

func (v *bools) bind(a arrow.Array) error {
	v.a = a.(*array.Boolean)
	return nil
}

func (v *bools) add(i, j int) int {
	for k := i; k < j; k++ {
		if v.n%8 == 0 {
			v.bits = append(v.bits, 0)
		}
		if v.a.Value(k) {
			v.bits[v.n/8] |= 1 << (v.n % 8)
			v.seen[1] = true
		} else {
			v.seen[0] = true
		}
		v.n++
	}
	return j - i
}

func (v *bools) size() int { return len(v.bits) }

func (v *bools) page(dst []byte) ([]byte, int32) {
	dst = append(dst, v.bits...)
	v.bits, v.n = v.bits[:0], 0
	return dst, plain
}

func (v *bools) dictionary() ([]byte, int) { return nil, 0 }

func (v *bools) stats() ([]byte, []byte, bool) {
	seen := v.seen
	v.seen = [2]bool{}
	lo, hi := byte(1), byte(0)
	if seen[0] {
		lo = 0
	}
	if seen[1] {
		hi = 1
	}
	return []byte{lo}, []byte{hi}, seen[0] || seen[1]
}

// floats are stored as they are.
type floats[F float32 | float64] struct {
	source   func(arrow.Array) []F
	vals     []F
	limit    int
	buf      []byte
	min, max F
	any      bool
}

func (v *floats[F]) bind(a arrow.Array) error {
	v.vals = v.source(a)
	return nil
}

func (v *floats[F]) add(i, j int) int {
	width := binary.Size(F(0))
	n := min(j-i, max(1, (v.limit-len(v.buf))/width))
	lo, hi, any := v.min, v.max, v.any
	for _, x := range v.vals[i : i+n] {
		if width == 4 {
			v.buf = binary.LittleEndian.AppendUint32(v.buf, math.Float32bits(float32(x)))
		} else {
			v.buf = binary.LittleEndian.AppendUint64(v.buf, math.Float64bits(float64(x)))
		}
		switch {
		case x != x: // NaN has no place in an order
		case !any:
			lo, hi, any = x, x, true
		case x < lo:
			lo = x
		case x > hi:
			hi = x
		}
	}
	v.min, v.max, v.any = lo, hi, any
	return n
}

func (v *floats[F]) size() int { return len(v.buf) }

func (v *floats[F]) page(dst []byte) ([]byte, int32) {
	dst = append(dst, v.buf...)
	v.buf = v.buf[:0]
	return dst, plain
}

func (v *floats[F]) dictionary() ([]byte, int) { return nil, 0 }

// stats has -0 as the smallest and +0 as the largest zero, as the format asks
// for, since the two are equal.
func (v *floats[F]) stats() ([]byte, []byte, bool) {
	lo, hi, ok := float64(v.min), float64(v.max), v.any
	v.any = false
	if lo == 0 {
		lo = math.Copysign(0, -1)
	}
	if hi == 0 {
		hi = 0
	}
	return appendFloat[F](lo), appendFloat[F](hi), ok
}

func appendFloat[F float32 | float64](x float64) []byte {
	if binary.Size(F(0)) == 4 {
		return binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(x)))
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(x))
}

// statBytes is the length up to which values are compared. A chunk with a
// longer one has no smallest and no largest value.
const statBytes = 64

// blobs are byte strings, with their lengths in front where those differ.
type blobs struct {
	attach   func(arrow.Array)
	value    func(i int) string // of the bound array; good until the next call
	fixed    bool
	signed   bool // numbers, the largest byte first
	limit    int
	buf      []byte
	min, max []byte
	any      bool
	long     bool // a value of the chunk is longer than statBytes
	dict     dictionary
}

func newBlobs(l *leaf, pageBytes int) values {
	v := &blobs{limit: pageBytes}
	switch t := l.field.Type.(type) {
	case *arrow.StringType:
		var a *array.String
		v.attach = func(x arrow.Array) { a = x.(*array.String) }
		v.value = func(i int) string { return a.Value(i) }
	case *arrow.LargeStringType:
		var a *array.LargeString
		v.attach = func(x arrow.Array) { a = x.(*array.LargeString) }
		v.value = func(i int) string { return a.Value(i) }
	case *arrow.BinaryType:
		var a *array.Binary
		v.attach = func(x arrow.Array) { a = x.(*array.Binary) }
		v.value = func(i int) string { return a.ValueString(i) }
	case *arrow.LargeBinaryType:
		var a *array.LargeBinary
		v.attach = func(x arrow.Array) { a = x.(*array.LargeBinary) }
		v.value = func(i int) string { return a.ValueString(i) }
	case *arrow.FixedSizeBinaryType:
		var a *array.FixedSizeBinary
		v.fixed = true
		v.attach = func(x arrow.Array) { a = x.(*array.FixedSizeBinary) }
		v.value = func(i int) string { return stringOf(a.Value(i)) }
	case *arrow.Decimal128Type:
		var a *array.Decimal128
		var be [16]byte
		skip := 16 - decimalWidths[t.Precision]
		v.fixed, v.signed = true, true
		v.attach = func(x arrow.Array) { a = x.(*array.Decimal128) }
		v.value = func(i int) string {
			n := a.Value(i)
			binary.BigEndian.PutUint64(be[:8], uint64(n.HighBits()))
			binary.BigEndian.PutUint64(be[8:], n.LowBits())
			return stringOf(be[skip:])
		}
	}
	return v
}

func (v *blobs) bind(a arrow.Array) error {
	v.attach(a)
	v.dict.decide(a.Len(), a.IsNull, v.value)
	return nil
}

func (v *blobs) add(i, j int) int {
	if v.dict.on {
		for k := i; k < j; k++ {
			s := v.value(k)
			if v.dict.add(s, v.fixed) {
				v.bound(s)
			}
			if v.dict.full() {
				return k - i + 1
			}
		}
		return j - i
	}
	for k := i; k < j; k++ {
		s := v.value(k)
		if !v.fixed {
			v.buf = binary.LittleEndian.AppendUint32(v.buf, uint32(len(s)))
		}
		v.buf = append(v.buf, s...)
		v.bound(s)
		if len(v.buf) >= v.limit {
			return k - i + 1
		}
	}
	return j - i
}

func (v *blobs) bound(s string) {
	switch {
	case v.long:
	case len(s) > statBytes:
		v.long = true
	case !v.any:
		v.min, v.max, v.any = append(v.min[:0], s...), append(v.max[:0], s...), true
	case v.less(s, stringOf(v.min)):
		v.min = append(v.min[:0], s...)
	case v.less(stringOf(v.max), s):
		v.max = append(v.max[:0], s...)
	}
}

func (v *blobs) less(a, b string) bool {
	if v.signed && (a[0]^b[0])&0x80 != 0 {
		return a[0]&0x80 != 0
	}
	return strings.Compare(a, b) < 0
}

func (v *blobs) size() int {
	return len(v.buf) + v.dict.size()
}

func (v *blobs) dictionary() ([]byte, int) { return v.dict.take() }

// page has no indexes of a dictionary for nulls alone: a chunk without any
// value has no dictionary.
func (v *blobs) page(dst []byte) ([]byte, int32) {
	if len(v.dict.page) > 0 {
		return v.dict.flush(dst), dictionaries
	}
	dst = append(dst, v.buf...)
	v.buf = v.buf[:0]
	return dst, plain
}

func (v *blobs) stats() ([]byte, []byte, bool) {
	ok := v.any && !v.long
	v.any, v.long = false, false
	return bytes.Clone(v.min), bytes.Clone(v.max), ok
}
