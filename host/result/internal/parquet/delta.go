package parquet

import (
	"encoding/binary"
	"math/bits"
)

const (
	blockValues = 128 // of a delta block
	miniValues  = 32  // of each of its four miniblocks
)

// appendDelta appends values in DELTA_BINARY_PACKED:
//
//	header   varint 128, varint 4, varint count, zigzag first value
//	block    zigzag smallest delta, four bytes of widths, four miniblocks
//
// A miniblock is 32 deltas, less the smallest, packed in its width; one that
// would hold none is left out. Deltas wrap around, so that their width is
// never more than that of the type.
//
// Source: parquet-format, Encodings.md, "Delta Encoding".
func appendDelta[S int32 | int64](dst []byte, v []S) []byte {
	dst = binary.AppendUvarint(dst, blockValues)
	dst = binary.AppendUvarint(dst, blockValues/miniValues)
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	if len(v) == 0 {
		return appendZigzag(dst, 0)
	}
	dst = appendZigzag(dst, int64(v[0]))
	mask := ^uint64(0)
	if one := S(1); one<<31<<1 == 0 { // S has 32 bits
		mask = 1<<32 - 1
	}
	var block [blockValues]uint64
	prev := v[0]
	for v = v[1:]; len(v) > 0; {
		n := min(len(v), blockValues)
		smallest, p := v[0]-prev, prev
		for _, x := range v[:n] {
			smallest = min(smallest, x-p)
			p = x
		}
		for i, x := range v[:n] {
			block[i] = uint64(x-prev-smallest) & mask
			prev = x
		}
		dst = appendBlock(appendZigzag(dst, int64(smallest)), &block, n)
		v = v[n:]
	}
	return dst
}

func appendBlock(dst []byte, block *[blockValues]uint64, n int) []byte {
	clear(block[n:])
	var widths [blockValues / miniValues]int
	for m := range widths {
		all := uint64(0)
		for _, d := range block[m*miniValues : (m+1)*miniValues] {
			all |= d
		}
		widths[m] = bits.Len64(all)
		dst = append(dst, byte(widths[m]))
	}
	for m, w := range widths {
		if m*miniValues < n {
			dst = appendMini(dst, block[m*miniValues:(m+1)*miniValues], w)
		}
	}
	return dst
}

// appendMini packs the 32 values of a miniblock, the first in the lowest bits.
func appendMini(dst []byte, mini []uint64, width int) []byte {
	acc, used := uint64(0), 0
	for _, d := range mini {
		acc |= d << used
		if used += width; used >= 64 {
			dst = binary.LittleEndian.AppendUint64(dst, acc)
			used -= 64
			acc = d >> (width - used)
		}
	}
	if used > 0 { // half a word: 32 values have a multiple of 32 bits
		dst = binary.LittleEndian.AppendUint32(dst, uint32(acc))
	}
	return dst
}
