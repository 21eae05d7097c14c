package parquet

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
)

// Encodings, by their numbers in parquet.thrift.
const (
	plain = 0
	rle   = 3
	delta = 5
	// dictionaries is RLE_DICTIONARY: indexes of the chunk's dictionary.
	dictionaries = 8
)

// values encodes the values of one leaf, page after page. It keeps nothing of
// the array that it is bound to but until the next bind.
type values interface {
	// bind takes the array that add is about.
	bind(arrow.Array) error
	// add adds the values [i, j), none of which is null, up to the end of the
	// page, and returns how many it took: at least one.
	add(i, j int) int
	// size is how many bytes the page has, about.
	size() int
	// page appends the page's values and begins a new page.
	page(dst []byte) ([]byte, int32)
	// dictionary returns the values of the chunk's dictionary and how many they
	// are, 0 without one, and begins a new chunk.
	dictionary() ([]byte, int)
	// stats returns the chunk's smallest and largest value, if known, and
	// begins a new chunk.
	stats() (smallest, largest []byte, ok bool)
}

func newValues(l *leaf, pageBytes int) values {
	switch t := l.field.Type.(type) {
	case *arrow.NullType:
		return &ints[int32]{load: func(dst []int32, _, _ int) []int32 { return dst }, limit: pageBytes / 4}
	case *arrow.BooleanType:
		return &bools{limit: 8 * pageBytes}
	case *arrow.Int64Type:
		return longs(pageBytes, func(a *array.Int64) []int64 { return a.Int64Values() })
	case *arrow.Uint64Type:
		v := longs(pageBytes, func(a *array.Uint64) []int64 {
			return arrow.Int64Traits.CastFromBytes(arrow.Uint64Traits.CastToBytes(a.Uint64Values()))
		})
		v.unsigned = true
		return v
	case *arrow.DurationType:
		return longs(pageBytes, func(a *array.Duration) []int64 { return sameLongs(a.DurationValues()) })
	case *arrow.Time64Type:
		return longs(pageBytes, func(a *array.Time64) []int64 { return sameLongs(a.Time64Values()) })
	case *arrow.TimestampType:
		v := longs(pageBytes, func(a *array.Timestamp) []int64 { return sameLongs(a.TimestampValues()) })
		if t.Unit == arrow.Second {
			v.prepare = secondsToMillis
		}
		return v
	case *arrow.Float32Type:
		return &floats[float32]{limit: pageBytes, source: func(a arrow.Array) []float32 { return a.(*array.Float32).Float32Values() }}
	case *arrow.Float64Type:
		return &floats[float64]{limit: pageBytes, source: func(a arrow.Array) []float64 { return a.(*array.Float64).Float64Values() }}
	}
	if v := newShort(l.field.Type, pageBytes); v != nil {
		return v
	}
	return newBlobs(l, pageBytes)
}

// newShort returns the values of a type that is stored as int32, or nil.
func newShort(t arrow.DataType, pageBytes int) values {
	switch t := t.(type) {
	case *arrow.Int8Type:
		return shorts(pageBytes, func(a *array.Int8) []int8 { return a.Int8Values() }, 1)
	case *arrow.Int16Type:
		return shorts(pageBytes, func(a *array.Int16) []int16 { return a.Int16Values() }, 1)
	case *arrow.Int32Type:
		return shorts(pageBytes, func(a *array.Int32) []int32 { return a.Int32Values() }, 1)
	case *arrow.Uint8Type:
		return shorts(pageBytes, func(a *array.Uint8) []uint8 { return a.Uint8Values() }, 1)
	case *arrow.Uint16Type:
		return shorts(pageBytes, func(a *array.Uint16) []uint16 { return a.Uint16Values() }, 1)
	case *arrow.Uint32Type:
		v := shorts(pageBytes, func(a *array.Uint32) []uint32 { return a.Uint32Values() }, 1)
		v.unsigned = true
		return v
	case *arrow.Date32Type:
		return shorts(pageBytes, func(a *array.Date32) []arrow.Date32 { return a.Date32Values() }, 1)
	case *arrow.Date64Type:
		return shorts(pageBytes, func(a *array.Date64) []arrow.Date64 { return a.Date64Values() }, 86_400_000)
	case *arrow.Time32Type:
		if t.Unit == arrow.Second {
			return shorts(pageBytes, func(a *array.Time32) []arrow.Time32 { return a.Time32Values() }, -1000)
		}
		return shorts(pageBytes, func(a *array.Time32) []arrow.Time32 { return a.Time32Values() }, 1)
	}
	return nil
}

// ints are stored as they are or, where that is less, as deltas.
type ints[S int32 | int64] struct {
	load     func(dst []S, i, j int) []S // appends values of the bound array
	attach   func(arrow.Array)
	prepare  func(arrow.Array) (arrow.Array, error)
	unsigned bool
	limit    int // values in a page
	vals     []S
	min, max S
	any      bool
}

func (v *ints[S]) bind(a arrow.Array) error {
	if v.attach == nil {
		return nil
	}
	if v.prepare != nil {
		b, err := v.prepare(a)
		if err != nil {
			return err
		}
		defer b.Release()
		a = b
	}
	v.attach(a)
	return nil
}

func (v *ints[S]) add(i, j int) int {
	n := min(j-i, max(v.limit-len(v.vals), 1))
	v.vals = v.load(v.vals, i, i+n)
	return n
}

func (v *ints[S]) size() int {
	if len(v.vals) >= v.limit {
		return math.MaxInt
	}
	return 0
}

func (v *ints[S]) page(dst []byte) ([]byte, int32) {
	v.bound()
	start := len(dst)
	dst = appendDelta(dst, v.vals)
	enc := int32(delta)
	if width := binary.Size(S(0)); len(dst)-start >= width*len(v.vals) {
		dst, enc = appendPlain(dst[:start], v.vals), plain
	}
	v.vals = v.vals[:0]
	return dst, enc
}

// bound widens the chunk's smallest and largest value by the page's.
func (v *ints[S]) bound() {
	if len(v.vals) == 0 {
		return
	}
	flip := S(0)
	if v.unsigned { // the order of unsigned numbers, with the top bit turned
		flip = S(1) << (8*binary.Size(S(0)) - 1)
	}
	lo, hi := v.vals[0]^flip, v.vals[0]^flip
	for _, x := range v.vals {
		lo, hi = min(lo, x^flip), max(hi, x^flip)
	}
	if v.any {
		lo, hi = min(lo, v.min^flip), max(hi, v.max^flip)
	}
	v.min, v.max, v.any = lo^flip, hi^flip, true
}

func (v *ints[S]) dictionary() ([]byte, int) { return nil, 0 }

func (v *ints[S]) stats() ([]byte, []byte, bool) {
	ok := v.any
	v.any = false
	return appendPlain(nil, []S{v.min}), appendPlain(nil, []S{v.max}), ok
}

func appendPlain[S int32 | int64](dst []byte, vals []S) []byte {
	if binary.Size(S(0)) == 4 {
		for _, x := range vals {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(x))
		}
		return dst
	}
	for _, x := range vals {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(x))
	}
	return dst
}

func longs[A arrow.Array](pageBytes int, source func(A) []int64) *ints[int64] {
	var vals []int64
	return &ints[int64]{
		limit:  pageBytes / 8,
		attach: func(a arrow.Array) { vals = source(a.(A)) },
		load:   func(dst []int64, i, j int) []int64 { return append(dst, vals[i:j]...) },
	}
}

// sameLongs returns the same memory as int64.
func sameLongs[T ~int64](v []T) []int64 {
	return arrow.Int64Traits.CastFromBytes(bytesOf(v))
}

// shorts are values that are stored as int32, divided by div, or multiplied
// by it if it is negative.
func shorts[A arrow.Array, T ~int8 | ~int16 | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32](
	pageBytes int, source func(A) []T, div int64,
) *ints[int32] {
	var vals []T
	return &ints[int32]{
		limit:  pageBytes / 4,
		attach: func(a arrow.Array) { vals = source(a.(A)) },
		load: func(dst []int32, i, j int) []int32 {
			switch {
			case div == 1:
				for _, x := range vals[i:j] {
					dst = append(dst, int32(x))
				}
			case div < 0:
				for _, x := range vals[i:j] {
					dst = append(dst, int32(int64(x)*-div))
				}
			default:
				for _, x := range vals[i:j] {
					dst = append(dst, int32(int64(x)/div))
				}
			}
			return dst
		},
	}
}

// secondsToMillis makes the timestamps of a unit that Parquet does not have.
func secondsToMillis(a arrow.Array) (arrow.Array, error) {
	seconds := a.(*array.Timestamp)
	millis := make([]int64, a.Len())
	for i := range millis {
		if seconds.IsNull(i) {
			continue
		}
		s := int64(seconds.Value(i))
		if s > math.MaxInt64/1000 || s < math.MinInt64/1000 {
			return nil, fmt.Errorf("a timestamp is out of parquet's range")
		}
		millis[i] = s * 1000
	}
	return longArray(millis), nil
}
