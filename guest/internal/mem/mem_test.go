package mem

import (
	"testing"

	"github.com/wasmsql/wasmsql/abi"
)

func TestFill(t *testing.T) {
	for _, c := range []struct {
		name    string
		room    int
		lengths []int64 // what the host answers, call by call
		n       int64
		calls   int
		same    bool // the bytes stand in the buffer that was given
	}{
		{"fits", 8, []int64{5}, 5, 1, true},
		{"fits exactly", 8, []int64{8}, 8, 1, true},
		{"nothing", 8, []int64{0}, 0, 1, true},
		{"grows", 8, []int64{9, 9}, 9, 2, false},
		{"no room", 0, []int64{3, 3}, 3, 2, false},
		{"grows twice", 2, []int64{4, 6, 6}, 6, 3, false},
		{"shrinks", 2, []int64{4, 3}, 3, 2, false},
		{"an errno", 8, []int64{int64(abi.Denied)}, int64(abi.Denied), 1, true},
		{"an errno later", 2, []int64{4, int64(abi.Limit)}, int64(abi.Limit), 2, false},
		{"grows without end", 1, []int64{2, 3, 4, 5, 6}, int64(abi.Internal), fillTries, false},
		{"a length that cannot be", 1, []int64{1 << 40}, int64(abi.Internal), 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			calls := 0
			given := make([]byte, c.room)
			b, n := Fill(given[:0], func(buf []byte) int64 {
				calls++
				return c.lengths[calls-1]
			})
			if n != c.n || calls != c.calls || int64(len(b)) != max(c.n, 0) {
				t.Errorf("%d bytes, answer %d, %d calls; want %d and %d", len(b), n, calls, c.n, c.calls)
			}
			if same := len(b) > 0 && c.room > 0 && &b[0] == &given[0]; len(b) > 0 && same != c.same {
				t.Errorf("in the given buffer: %t", same)
			}
		})
	}
}
