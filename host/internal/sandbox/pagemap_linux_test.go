package sandbox

import (
	"bytes"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// TestResetAfterAnyWrites writes to memories in as many places as the kernel can
// tell apart, and in more, with parts that stay in place and without: each time
// memory becomes that of its image, and has no other pages of its own than those
// that stay.
func TestResetAfterAnyWrites(t *testing.T) {
	if os.Getpagesize() != machinePage {
		t.Skip("pages of another size: nothing stays in place")
	}
	const pages = 1024
	rng := rand.New(rand.NewPCG(1, 2))
	mem := make([]byte, pages*machinePage)
	for range 5000 {
		mem[rng.IntN(len(mem)/2)] = byte(rng.Uint32())
	}
	img, err := newImage(mem)
	if err != nil {
		t.Fatal(err)
	}
	defer img.close()
	m, err := newMemory(2*uint64(len(mem)), img)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Free()
	m.Reallocate(img.size)
	told, all, sum := 0, 0, byte(0)
	var kept []span
	for round := range 2000 {
		written := map[uint64]bool{}
		for range rng.IntN(3 * maxScanned) {
			at := rng.IntN(len(mem))
			for n := rng.IntN(3); n >= 0 && at < len(mem); n-- {
				m.reserved[at]++
				written[uint64(at)/machinePage] = true
				at += machinePage
			}
		}
		sum += m.reserved[rng.IntN(len(mem))] // a page that is read stays the image's
		for _, s := range kept {
			for at := s.from; at < s.to; at += machinePage {
				written[at/machinePage] = true
			}
		}
		if parts, ok := m.scan(); ok {
			told++
			n := uint64(0)
			for _, p := range parts {
				n += (p.end - p.start) / machinePage
			}
			if n != uint64(len(written)) {
				t.Fatalf("round %d: %d pages of its own, %d were written to or kept", round, n, len(written))
			}
		} else {
			all++
		}
		kept = nil
		for at, n := uint64(0), rng.IntN(6); n > 0; n-- {
			from := at + rng.Uint64N(pages/8)
			at = from + 1 + rng.Uint64N(16)
			kept = append(kept, span{from * machinePage, min(at, pages) * machinePage})
		}
		if err := m.reset(kept); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(m.reserved[:img.size], mem) {
			t.Fatalf("round %d: memory is not that of its image", round)
		}
		var own []uint64
		m.written(func(at uint64) { own = append(own, at) })
		for _, at := range own {
			if !slices.ContainsFunc(kept, func(s span) bool { return s.from <= at && at < s.to }) {
				t.Fatalf("round %d: a page of its own at %d, of which %v are to stay", round, at, kept)
			}
		}
	}
	t.Logf("the kernel told %d times, and %d times they were too many (read: %d)", told, all, sum)
	if all == 0 {
		t.Error("they were never too many")
	}
}
