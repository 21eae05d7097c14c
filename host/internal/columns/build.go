package columns

import (
	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// builder is an Arrow builder of values of type V.
type builder[V any] interface {
	array.Builder
	Append(V)
}

// build makes an array out of another, value by value. What get returns beside
// the value says why there is none, and is else empty.
func build[V any](a arrow.Array, b builder[V], get func(i int) (V, string)) (arrow.Array, *fault) {
	defer b.Release()
	b.Reserve(a.Len())
	for i := range a.Len() {
		if a.IsNull(i) {
			b.AppendNull()
			continue
		}
		v, why := get(i)
		if why != "" {
			return nil, &fault{row: i, what: why}
		}
		b.Append(v)
	}
	return b.NewArray(), nil
}

// source returns a converter with a getter that is bound to each array.
func source[A arrow.Array, V any](make func() builder[V], get func(a A, i int) (V, string)) converter {
	return func(a arrow.Array) (arrow.Array, *fault) {
		typed := a.(A)
		return build(a, make(), func(i int) (V, string) { return get(typed, i) })
	}
}

type valueArray[T any] interface {
	arrow.Array
	Value(int) T
}

func newInts() builder[int64]     { return array.NewInt64Builder(memory.DefaultAllocator) }
func newFloats() builder[float64] { return array.NewFloat64Builder(memory.DefaultAllocator) }
func newBools() builder[bool]     { return array.NewBooleanBuilder(memory.DefaultAllocator) }
func newStrings() builder[string] { return array.NewStringBuilder(memory.DefaultAllocator) }
func newDates() builder[arrow.Date32] {
	return array.NewDate32Builder(memory.DefaultAllocator)
}

func newTimes() builder[arrow.Time64] {
	return array.NewTime64Builder(memory.DefaultAllocator, timeType)
}

func newSpans() builder[arrow.Duration] {
	return array.NewDurationBuilder(memory.DefaultAllocator, spanType)
}

func newStamps() builder[arrow.Timestamp] {
	return array.NewTimestampBuilder(memory.DefaultAllocator, stampType)
}

func newBytes() builder[[]byte] {
	return array.NewBinaryBuilder(memory.DefaultAllocator, arrow.BinaryTypes.Binary)
}

func newUUIDs() builder[[]byte] {
	return array.NewFixedSizeBinaryBuilder(memory.DefaultAllocator, uuidType)
}

// fromInts returns a converter of any array of integers, given what to do with
// one: as int64, or, where over is set, as what is left of a uint64 above it.
func fromInts[V any](t arrow.DataType, make func() builder[V], get func(v int64, over bool) (V, string)) converter {
	switch t.ID() {
	case arrow.INT8:
		return narrow[*array.Int8](make, get)
	case arrow.INT16:
		return narrow[*array.Int16](make, get)
	case arrow.INT32:
		return narrow[*array.Int32](make, get)
	case arrow.INT64:
		return narrow[*array.Int64](make, get)
	case arrow.UINT8:
		return narrow[*array.Uint8](make, get)
	case arrow.UINT16:
		return narrow[*array.Uint16](make, get)
	case arrow.UINT32:
		return narrow[*array.Uint32](make, get)
	case arrow.UINT64:
		return source(make, func(a *array.Uint64, i int) (V, string) {
			v := a.Value(i)
			return get(int64(v), v > 1<<63-1)
		})
	}
	return nil
}

func narrow[A valueArray[T], T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32, V any](
	make func() builder[V], get func(int64, bool) (V, string),
) converter {
	return source(make, func(a A, i int) (V, string) { return get(int64(a.Value(i)), false) })
}

// fromText returns a converter of any array of text, or nil.
func fromText[V any](t arrow.DataType, make func() builder[V], get func(string) (V, string)) converter {
	switch t.ID() {
	case arrow.STRING:
		return source(make, func(a *array.String, i int) (V, string) { return get(a.Value(i)) })
	case arrow.LARGE_STRING:
		return source(make, func(a *array.LargeString, i int) (V, string) { return get(a.Value(i)) })
	case arrow.STRING_VIEW:
		return source(make, func(a *array.StringView, i int) (V, string) { return get(a.Value(i)) })
	}
	return nil
}

// fromBinary returns a converter of any array of byte strings, or nil.
func fromBinary[V any](t arrow.DataType, make func() builder[V], get func([]byte) (V, string)) converter {
	switch t.ID() {
	case arrow.BINARY:
		return source(make, func(a *array.Binary, i int) (V, string) { return get(a.Value(i)) })
	case arrow.LARGE_BINARY:
		return source(make, func(a *array.LargeBinary, i int) (V, string) { return get(a.Value(i)) })
	case arrow.BINARY_VIEW:
		return source(make, func(a *array.BinaryView, i int) (V, string) { return get(a.Value(i)) })
	case arrow.FIXED_SIZE_BINARY:
		return source(make, func(a *array.FixedSizeBinary, i int) (V, string) { return get(a.Value(i)) })
	}
	return nil
}

// fromFloats returns a converter of any array of floats, or nil.
func fromFloats[V any](t arrow.DataType, make func() builder[V], get func(f float64, bits int) (V, string)) converter {
	switch t.ID() {
	case arrow.FLOAT16:
		return source(make, func(a *array.Float16, i int) (V, string) { return get(float64(a.Value(i).Float32()), 32) })
	case arrow.FLOAT32:
		return source(make, func(a *array.Float32, i int) (V, string) { return get(float64(a.Value(i)), 32) })
	case arrow.FLOAT64:
		return source(make, func(a *array.Float64, i int) (V, string) { return get(a.Value(i), 64) })
	}
	return nil
}
