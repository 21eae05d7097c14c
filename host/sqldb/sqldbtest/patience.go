package sqldbtest

import (
	"testing"
	"time"
)

// Patience is how long a test waits for what has to happen: far longer than it
// takes, also on a machine that does a lot else. What has not happened by then
// never will.
const Patience = 2 * time.Minute

// Eventually waits until something holds. A test in which it never does ends,
// and says what is so instead.
func Eventually(t testing.TB, otherwise string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(otherwise)
		}
	}
}
