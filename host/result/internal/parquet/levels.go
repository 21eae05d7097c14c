package parquet

import "encoding/binary"

// levels are the repetition or definition levels of a page. As long as they
// are all one they take no memory.
type levels struct {
	n     int
	same  uint8   // of all n, while vals is empty
	vals  []uint8 // all n, once they differ
	width int     // bits of the largest level; 0: there are none
}

func newLevels(largest int) levels {
	w := 0
	for ; largest > 0; largest >>= 1 {
		w++
	}
	return levels{width: w}
}

func (l *levels) add(v uint8, n int) {
	if l.width == 0 || n == 0 {
		return
	}
	switch {
	case l.n == 0:
		l.same = v
	case len(l.vals) == 0 && v != l.same:
		for range l.n {
			l.vals = append(l.vals, l.same)
		}
	}
	l.n += n
	if len(l.vals) > 0 {
		for range n {
			l.vals = append(l.vals, v)
		}
	}
}

func (l *levels) reset() { l.n, l.vals = 0, l.vals[:0] }

// append appends the levels as a version 1 data page has them: four bytes of
// length, then runs. A run is a varint and what follows it:
//
//	count << 1           one value, that many times
//	groups << 1 | 1      groups of eight values, width bits each
//
// Source: parquet-format, Encodings.md, "RLE/Bit-Packing Hybrid".
func (l *levels) append(dst []byte) []byte {
	if l.width == 0 {
		return dst
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if len(l.vals) == 0 {
		dst = appendRun(dst, l.same, l.n)
	} else {
		dst = l.appendRuns(dst)
	}
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}

func appendRun(dst []byte, v uint8, n int) []byte {
	if n == 0 {
		return dst
	}
	return append(binary.AppendUvarint(dst, uint64(n)<<1), v)
}

func (l *levels) appendRuns(dst []byte) []byte {
	v := l.vals
	packed := 0 // where the values begin that are not written yet
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
		dst = l.appendPacked(dst, v[packed:i+fill])
		dst = appendRun(dst, v[i], run-fill)
		i += run
		packed = i
	}
	return l.appendPacked(dst, v[packed:])
}

// appendPacked appends groups of eight, the last filled with zeros.
func (l *levels) appendPacked(dst []byte, v []uint8) []byte {
	if len(v) == 0 {
		return dst
	}
	dst = binary.AppendUvarint(dst, uint64((len(v)+7)/8)<<1|1)
	acc, bits := uint64(0), 0
	for i := range (len(v) + 7) / 8 * 8 {
		if i < len(v) {
			acc |= uint64(v[i]) << bits
		}
		for bits += l.width; bits >= 8; bits -= 8 {
			dst = append(dst, byte(acc))
			acc >>= 8
		}
	}
	return dst
}
