package arrow

// flatWriter makes a flatbuffer from front to back: a table first, then what
// its fields lead to, whose distances are put in when it is written. See flat
// for the layout. A distance that is to come stands at a position; position 0
// is the buffer's root.
type flatWriter struct{ b []byte }

// newFlat starts a buffer in b's memory.
func newFlat(b []byte) *flatWriter { return &flatWriter{append(b[:0], 0, 0, 0, 0)} }

// slot is a field of a table to be written: of size bytes, left out if 0.
type slot struct {
	size  int
	value int64
}

// ref is a field that leads to what is written later.
var ref = slot{size: 4}

func (w *flatWriter) align(to int) {
	for len(w.b)%to != 0 {
		w.b = append(w.b, 0)
	}
}

// number appends the low bytes of v.
func (w *flatWriter) number(size int, v int64) {
	for range size {
		w.b = append(w.b, byte(v))
		v >>= 8
	}
}

// put overwrites the 4 bytes at a position.
func (w *flatWriter) put(at, v int) {
	w.b[at], w.b[at+1], w.b[at+2], w.b[at+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// here lets the distance at a position lead to what is written next.
func (w *flatWriter) here(from int) { w.put(from, len(w.b)-from) }

// table writes a table that the distance at from leads to, and returns where
// its fields stand.
func (w *flatWriter) table(from int, slots ...slot) []int {
	at := make([]int, len(slots))
	size := 4
	for i, s := range slots {
		if s.size > 0 {
			size = (size + s.size - 1) / s.size * s.size
			at[i], size = size, size+s.size
		}
	}
	w.align(2)
	vtable := len(w.b)
	w.number(2, int64(4+2*len(slots)))
	w.number(2, int64(size))
	for _, o := range at {
		w.number(2, int64(o))
	}
	w.align(8)
	start := len(w.b)
	w.here(from)
	w.number(4, int64(start-vtable))
	for i, s := range slots {
		for s.size > 0 && len(w.b) < start+at[i] {
			w.b = append(w.b, 0)
		}
		w.number(s.size, s.value)
		at[i] += start
	}
	return at
}

// vector writes the head of a vector of n entries of a size, which are to
// follow.
func (w *flatWriter) vector(from, n, size int) {
	w.align(4)
	for size == 8 && len(w.b)%8 != 4 {
		w.b = append(w.b, 0)
	}
	w.here(from)
	w.number(4, int64(n))
}

// refs writes a vector of n distances and returns where they stand.
func (w *flatWriter) refs(from, n int) []int {
	w.vector(from, n, 4)
	at := make([]int, n)
	for i := range at {
		at[i] = len(w.b)
		w.number(4, 0)
	}
	return at
}

func (w *flatWriter) text(from int, s string) {
	w.vector(from, len(s), 1)
	w.b = append(w.b, s...)
	w.b = append(w.b, 0)
}
