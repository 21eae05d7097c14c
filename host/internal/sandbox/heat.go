package sandbox

import (
	"slices"
	"sync"
	"time"
)

// Bounds of what stays in place when an instance is made what it was.
const (
	looks      = 4                // executions that are looked at to find out what most write to
	lookAgain  = 1024             // executions, after which that is done again,
	lookPause  = 10 * time.Second // and time: a look at a large memory holds up the page faults of all
	maxHot     = 1 << 20          // bytes of memory that stay in place
	maxHotGap  = 8 << 10          // bytes that nobody writes to, and which stay for fewer system calls
	maxWarm    = 16               // instances of a guest that wait with pages in place
	hotPerLook = 2                // a page is hot if one in so many executions has written to it
)

// span is a part of memory, in bytes.
type span struct{ from, to uint64 }

// heat knows which pages of memory most executions of a guest write to. They
// stay in place from one to the next and are copied back from the image, which
// takes a tenth of what it takes the kernel to drop a page and to make it again
// at the first write. It is advice: whatever it says, memory becomes that of
// its image. It is safe for concurrent use.
type heat struct {
	mu     sync.Mutex
	runs   int // executions since it last began to look
	looked int
	began  time.Time      // to look
	counts map[uint64]int // by the offset of the page, of those it has looked at
	hot    []span         // not changed once it is here
}

// spans returns what most executions write to: in order, and apart.
func (h *heat) spans() []span {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hot
}

// after takes note of an execution that was done with a memory, and returns what
// is to stay in place of it.
func (h *heat) after(m *linearMemory) []span {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.runs++; h.runs > lookAgain && time.Since(h.began) > lookPause {
		h.runs, h.looked = 0, 0
	}
	if h.looked >= looks {
		return h.hot
	}
	if len(m.kept) > 0 { // what is in place may not have been written to
		return nil
	}
	if h.looked == 0 {
		h.counts, h.began = map[uint64]int{}, time.Now()
	}
	m.written(func(page uint64) { h.counts[page]++ })
	if h.looked++; h.looked < looks {
		return nil
	}
	h.hot = hottest(h.counts)
	h.counts = nil
	return h.hot
}

// hottest returns the pages that were counted often enough, joined.
func hottest(counts map[uint64]int) []span {
	var pages []uint64
	for page, n := range counts {
		if n*hotPerLook >= looks {
			pages = append(pages, page)
		}
	}
	slices.Sort(pages)
	var spans []span
	sum := uint64(0)
	for _, page := range pages {
		last := len(spans) - 1
		joined := last >= 0 && page-spans[last].to <= maxHotGap
		more := uint64(machinePage)
		if joined {
			more += page - spans[last].to
		}
		if sum += more; sum > maxHot {
			break
		}
		if joined {
			spans[last].to = page + machinePage
			continue
		}
		spans = append(spans, span{page, page + machinePage})
	}
	return spans
}

// bytesOf returns how large spans are together.
func bytesOf(spans []span) int64 {
	n := uint64(0)
	for _, s := range spans {
		n += s.to - s.from
	}
	return int64(n)
}
