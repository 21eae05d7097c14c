//go:build !wasip1

package imports

import (
	"testing"

	"github.com/wasmsql/wasmsql/abi"
)

// echo answers a call with a number of its own.
type echo struct {
	absent
	n int64
}

func (e echo) Query([]byte) int64 { return e.n }

func TestUse(t *testing.T) {
	if got := Query(nil); got != int64(abi.Unsupported) {
		t.Errorf("without a host: %d", got)
	}
	restore := Use(echo{n: 7})
	if got := Query(nil); got != 7 {
		t.Errorf("with one: %d", got)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a second host was taken")
			}
		}()
		Use(echo{n: 8})
	}()
	restore()
	restore()
	if got := Query(nil); got != int64(abi.Unsupported) {
		t.Errorf("afterwards: %d", got)
	}
	Use(echo{n: 9})()
}
