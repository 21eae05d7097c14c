// Package mem is how the SDK hands its memory to the host: pointers, and the
// fill rule of the ABI. It holds no state.
package mem

import (
	"unsafe"

	"github.com/wasmsql/wasmsql/abi"
)

// Pointer returns where the bytes of b stand, for a host function that takes
// (pointer, length). b must be kept alive by the caller until the host
// function has returned, which passing it on as an argument does.
func Pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// fillTries is how often Fill asks again. Twice is what a host needs; more
// only if what there is to read grows in between.
const fillTries = 4

// Fill reads what a host function has for (buf, cap): read is called with the
// room of buf, and again with more room when that was too little. It returns
// the bytes that were filled in, which stand in buf if they fitted, and the
// function's answer: a length, or an errno below zero.
func Fill(buf []byte, read func(buf []byte) int64) ([]byte, int64) {
	buf = buf[:cap(buf)]
	for range fillTries {
		n := read(buf)
		if n <= int64(len(buf)) {
			return buf[:max(n, 0)], n
		}
		if n > 1<<31-1 {
			break
		}
		buf = make([]byte, n)
	}
	return nil, int64(abi.Internal)
}
