package parquet

import (
	"unsafe"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"
)

// bytesOf returns the memory of numbers.
func bytesOf[T ~int64](v []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 8*len(v))
}

// longArray returns an array of timestamps over v, none null.
func longArray(v []int64) arrow.Array {
	d := array.NewData(arrow.FixedWidthTypes.Timestamp_ms, len(v), []*memory.Buffer{nil, memory.NewBufferBytes(bytesOf(v))}, nil, 0, 0)
	defer d.Release()
	return array.NewTimestampData(d)
}

// stringOf returns the same memory as a string.
func stringOf(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }
