package result_test

import (
	"path/filepath"
	"runtime"
	"testing"

	"github.com/wasmsql/wasmsql/host/result"
)

// TestConstantMemory writes 1.6 million rows to a file in each format, and
// holds the peak of the heap against that of the first tenth.
func TestConstantMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 1.6 million rows in each format")
	}
	const batches = 100
	rec := newBatchMaker().make(benchBatch)
	for _, f := range result.Formats() {
		w, err := result.File(filepath.Join(t.TempDir(), "out"), f, result.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Open(rec.Schema()); err != nil {
			t.Fatal(err)
		}
		some := func(n int) uint64 {
			runtime.GC()
			return peakHeap(func() {
				for range n {
					if err := w.Write(rec); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
		first := some(batches / 10)
		rest := some(batches - batches/10)
		if err := w.Close(); err != nil || w.Rows() != batches*benchBatch {
			t.Fatalf("%s: %d rows, %v", f, w.Rows(), err)
		}
		t.Logf("%s: %d MB, heap %.1f MB at first, then %.1f MB", f, w.Bytes()>>20, float64(first)/1e6, float64(rest)/1e6)
		if rest > first+8<<20 || rest > 48<<20 {
			t.Errorf("%s: the heap grew from %d to %d bytes", f, first, rest)
		}
	}
}
