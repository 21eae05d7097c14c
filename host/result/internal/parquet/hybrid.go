package parquet

import "encoding/binary"

// appendHybrid appends numbers of width bits as runs. A run is a varint and
// what follows it:
//
//	count << 1           one number, in whole bytes, that many times
//	groups << 1 | 1      groups of eight numbers, width bits each
//
// Source: parquet-format, Encodings.md, "RLE/Bit-Packing Hybrid".
func appendHybrid[N uint8 | uint32](dst []byte, v []N, width int) []byte {
	packed := 0 // where the numbers begin that are not written yet
	for i := 0; i < len(v); {
		run := 1
		for i+run < len(v) && v[i+run] == v[i] {
			run++
		}
		// Groups are whole: what is missing in the last one comes off the run.
		fill := (8 - (i-packed)%8) % 8
		if run-fill < 8 {
			i += run
			continue
		}
		dst = appendPacked(dst, v[packed:i+fill], width)
		dst = appendRun(dst, v[i], run-fill, width)
		i += run
		packed = i
	}
	return appendPacked(dst, v[packed:], width)
}

func appendRun[N uint8 | uint32](dst []byte, v N, n, width int) []byte {
	if n == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64(n)<<1)
	for bits := 0; bits < width; bits += 8 {
		dst = append(dst, byte(uint32(v)>>bits))
	}
	return dst
}

// appendPacked appends groups of eight, the last filled with zeros.
func appendPacked[N uint8 | uint32](dst []byte, v []N, width int) []byte {
	if len(v) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64((len(v)+7)/8)<<1|1)
	acc, bits := uint64(0), 0
	for i := range (len(v) + 7) / 8 * 8 {
		if i < len(v) {
			acc |= uint64(v[i]) << bits
		}
		for bits += width; bits >= 8; bits -= 8 {
			dst = append(dst, byte(acc))
			acc >>= 8
		}
	}
	return dst
}
