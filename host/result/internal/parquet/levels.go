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
// length, then runs.
func (l *levels) append(dst []byte) []byte {
	if l.width == 0 {
		return dst
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0)
	if len(l.vals) == 0 {
		dst = appendRun(dst, l.same, l.n, l.width)
	} else {
		dst = appendHybrid(dst, l.vals, l.width)
	}
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-4))
	return dst
}
