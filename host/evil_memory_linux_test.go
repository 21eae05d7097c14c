package host_test

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// TestMemoryReturnsAfterEvilGuests runs every evil module again and again: what
// the process holds afterwards is what it held when it had run each once.
func TestMemoryReturnsAfterEvilGuests(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector keeps memory of its own")
	}
	db := evilDatabase(t)
	pass := func(t *testing.T) {
		for _, all := range evilGuests {
			for _, g := range all {
				t.Run(g.name, func(t *testing.T) { g.endings(t, "", db) })
			}
		}
	}
	t.Run("first", pass)
	once := resident(t)
	t.Run("second", pass)
	t.Run("third", pass)
	again := resident(t)
	t.Logf("%d MB after each ran once, %d MB after each ran three times", once>>20, again>>20)
	if again > once+16<<20 {
		t.Errorf("the process holds %d MB, and held %d", again>>20, once>>20)
	}
}

// resident returns the bytes of memory that the process holds, of what it shares
// with others its part.
func resident(t *testing.T) int64 {
	t.Helper()
	debug.FreeOSMemory()
	debug.FreeOSMemory() // what finalizers have freed, too
	text, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		t.Skip("memory is not told here:", err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "Pss:" {
			kib, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return kib << 10
		}
	}
	t.Fatal("no Pss in smaps_rollup")
	return 0
}
