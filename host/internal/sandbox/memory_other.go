//go:build !linux

package sandbox

import "bytes"

// image is the memory of a configured guest. It is not changed after it was
// made and safe for concurrent use.
type image struct {
	data []byte
	size uint64
}

// newImage copies memory.
func newImage(mem []byte) (*image, error) {
	return &image{bytes.Clone(mem), uint64(len(mem))}, nil
}

// close frees the image.
func (i *image) close() {}

// linearMemory is an instance's memory. It implements
// experimental.LinearMemory.
type linearMemory struct {
	reserved []byte // of which size bytes are the memory
	limit    uint64
	size     uint64
	peak     uint64
	refused  uint64 // the size that it asked for and did not get, 0: none
	image    *image // what it stands on, or nil
	kept     []span // none: all of it is copied
}

// newMemory returns a memory that can grow to limit bytes: empty, or that of
// an image.
func newMemory(limit uint64, from *image) (*linearMemory, error) {
	m := &linearMemory{limit: limit, image: from}
	if from != nil {
		m.reserved = bytes.Clone(from.data)
	}
	return m, nil
}

// stand puts the memory on an image of what it holds.
func (m *linearMemory) stand(on *image) error {
	m.image = on
	return nil
}

// Reallocate implements experimental.LinearMemory: growing past the limit
// fails as memory.grow does.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > m.limit {
		m.refused = size
		return nil
	}
	if size > uint64(len(m.reserved)) {
		b := make([]byte, size, min(m.limit, size+size/2))
		copy(b, m.reserved)
		m.reserved = b
	}
	m.size = size
	m.peak = max(m.peak, size)
	return m.reserved[:size:size]
}

// reset makes the memory that of its image again.
func (m *linearMemory) reset([]span) error {
	copy(m.reserved, m.image.data)
	return nil
}

// populate does nothing: all pages are in place.
func (m *linearMemory) populate([]span) {}

// machinePage is the unit of what heat counts.
const machinePage = 4096

// written does not know, and calls nothing.
func (m *linearMemory) written(func(offset uint64)) {}

// Free implements experimental.LinearMemory.
func (m *linearMemory) Free() { m.reserved, m.size = nil, 0 }
