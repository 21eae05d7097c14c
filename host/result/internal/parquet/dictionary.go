package parquet

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strings"
)

// Bounds of dictionaries.
const (
	sampleRows  = 4096    // of a column, which decide whether it gets one
	sampleLeast = 256     // values that are enough to decide
	repeats     = 4       // how often each value must come in the sample, on average
	maxDict     = 1 << 20 // bytes of a dictionary's values; then the rest of the chunk does without
)

// dictionary holds each value of a chunk once; pages have its indexes. A column
// gets one if its first rows say that this pays.
type dictionary struct {
	on      bool
	decided bool
	index   map[string]uint32
	values  []byte // as a dictionary page has them
	pages   int    // of the chunk that use it
	page    []uint32
}

// decide turns the dictionary on if the first values of a chunk repeat. They
// decide for the whole file, if they are enough.
func (d *dictionary) decide(rows int, isNull func(int) bool, value func(int) string) {
	if d.decided {
		return
	}
	seen, n := map[string]struct{}{}, 0
	for i := range min(rows, sampleRows) {
		if isNull(i) {
			continue
		}
		n++
		s := value(i)
		if _, ok := seen[s]; !ok {
			seen[strings.Clone(s)] = struct{}{}
		}
	}
	if n >= sampleLeast {
		d.decided = true
		d.on = len(seen)*repeats <= n
	}
	if d.on {
		d.index = map[string]uint32{}
	}
}

// add adds a value to the page and reports whether it is new to the chunk.
func (d *dictionary) add(s string, fixed bool) (first bool) {
	i, ok := d.index[s]
	if !ok {
		i = uint32(len(d.index))
		d.index[strings.Clone(s)] = i
		if !fixed {
			d.values = binary.LittleEndian.AppendUint32(d.values, uint32(len(s)))
		}
		d.values = append(d.values, s...)
	}
	d.page = append(d.page, i)
	return !ok
}

func (d *dictionary) full() bool { return len(d.values) >= maxDict }

func (d *dictionary) width() int { return bits.Len(uint(max(len(d.index)-1, 0))) }

// size is how many bytes the page has, about; a full dictionary ends it.
func (d *dictionary) size() int {
	if len(d.page) > 0 && d.full() {
		return math.MaxInt32
	}
	return len(d.page) * d.width() / 8
}

// flush appends the page's indexes: their width in bits, then runs.
func (d *dictionary) flush(dst []byte) []byte {
	width := d.width()
	dst = appendHybrid(append(dst, byte(width)), d.page, width)
	d.page = d.page[:0]
	d.pages++
	if d.full() { // it did not pay: the rest of the file does without
		d.on = false
	}
	return dst
}

// take returns the values of the chunk's dictionary and how many they are, and
// begins a new chunk. They are good until the next add.
func (d *dictionary) take() (values []byte, n int) {
	if d.pages > 0 {
		values, n = d.values, len(d.index)
	}
	clear(d.index)
	d.values, d.pages = d.values[:0], 0
	return values, n
}
