package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// image is the memory of a configured guest, in a file without a name that
// instances map privately: they share its pages until they write to them. It
// is not changed after it was made and safe for concurrent use.
type image struct {
	fd   int
	size uint64
	data []byte // it, to read
}

// newImage copies memory. Pages of zeros take no room.
func newImage(mem []byte) (*image, error) {
	fd, err := unix.MemfdCreate("wasmsql-snapshot", unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	i := &image{fd: fd, size: uint64(len(mem))}
	if err := i.fill(mem); err != nil {
		i.close()
		return nil, err
	}
	return i, nil
}

func (i *image) fill(mem []byte) error {
	if err := unix.Ftruncate(i.fd, int64(len(mem))); err != nil {
		return os.NewSyscallError("ftruncate", err)
	}
	for at := 0; at < len(mem); at += len(zeros) {
		piece := mem[at:min(at+len(zeros), len(mem))]
		if isZero(piece) {
			continue
		}
		if n, err := unix.Pwrite(i.fd, piece, int64(at)); err != nil || n != len(piece) {
			return fmt.Errorf("writing a snapshot: %d of %d bytes, %v", n, len(piece), err)
		}
	}
	_, err := unix.FcntlInt(uintptr(i.fd), unix.F_ADD_SEALS, unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE|unix.F_SEAL_SEAL)
	if err != nil {
		return os.NewSyscallError("fcntl", err)
	}
	if i.size > 0 {
		i.data, err = unix.Mmap(i.fd, 0, int(i.size), unix.PROT_READ, unix.MAP_SHARED)
	}
	return os.NewSyscallError("mmap", err)
}

// zeros is as large as a part of memory that an image leaves out.
var zeros [4096]byte

func isZero(b []byte) bool { return bytes.Equal(b, zeros[:len(b)]) }

// close frees the image. Memories that stand on it stay as they are.
func (i *image) close() {
	if i.data != nil {
		_ = unix.Munmap(i.data)
	}
	_ = unix.Close(i.fd)
}

// linearMemory is an instance's memory. It implements
// experimental.LinearMemory.
type linearMemory struct {
	reserved []byte // address space, of which size bytes are the memory
	usable   uint64 // bytes of it that can be read and written
	size     uint64
	peak     uint64
	refused  uint64 // the size that it asked for and did not get, 0: none
	image    *image // what it stands on, or nil
	kept     []span // pages of its own that it had when it was last made its image's
	drops    []unix.Iovec
	scanned  *[maxScanned]scanned // nil: not asked for yet
}

// newMemory returns a memory that can grow to limit bytes: empty, or that of
// an image. Its pages are outside of Go's heap, in one place for its life.
func newMemory(limit uint64, from *image) (*linearMemory, error) {
	b, err := unix.Mmap(-1, 0, int(limit), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_NORESERVE)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	m := &linearMemory{reserved: b}
	if from == nil {
		return m, nil
	}
	if err := m.stand(from); err != nil {
		m.Free()
		return nil, err
	}
	return m, nil
}

// stand puts the memory on an image, in place of what it held.
func (m *linearMemory) stand(on *image) error {
	m.image = on
	if on.size == 0 {
		return nil
	}
	_, err := unix.MmapPtr(on.fd, 0, unsafe.Pointer(unsafe.SliceData(m.reserved)), uintptr(on.size),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_FIXED)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	m.usable = max(m.usable, on.size)
	return nil
}

// Reallocate implements experimental.LinearMemory: growing past the limit
// fails as memory.grow does.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.reserved)) {
		m.refused = size
		return nil
	}
	if size > m.usable {
		if err := unix.Mprotect(m.reserved[m.usable:size], unix.PROT_READ|unix.PROT_WRITE); err != nil {
			return nil
		}
		m.usable = size
	}
	m.size = size
	m.peak = max(m.peak, size)
	return m.reserved[:size:size]
}

// reset makes the memory that of its image again: what lies in spans is copied,
// and of the rest the pages that were written to are dropped. Where the kernel
// does not tell which they are, all are: then those that were only read have to
// be mapped again. The image must not be closed.
func (m *linearMemory) reset(spans []span) error {
	m.kept = spans
	for _, s := range spans {
		copy(m.reserved[s.from:s.to], m.image.data[s.from:s.to])
	}
	m.drops = m.drops[:0]
	if parts, ok := m.scan(); ok {
		for _, p := range parts {
			m.drop(span{p.start, p.end}, spans)
		}
	} else {
		m.drop(span{0, m.image.size}, spans)
	}
	return dropAll(m.drops)
}

// drop adds what of a part lies outside of spans to what is to be dropped.
func (m *linearMemory) drop(part span, spans []span) {
	add := func(from, to uint64) {
		if from < to {
			v := unix.Iovec{Base: &m.reserved[from]}
			v.SetLen(int(to - from))
			m.drops = append(m.drops, v)
		}
	}
	at := part.from
	for _, s := range spans {
		if s.to <= at {
			continue
		}
		if s.from >= part.to {
			break
		}
		add(at, s.from)
		at = s.to
	}
	add(at, part.to)
}

// pidfdSelf stands for the calling process: PIDFD_SELF_THREAD_GROUP of
// linux/pidfd.h, since Linux 6.14.
const pidfdSelf = -10001

// dropAll drops the pages of parts of memory: with one call, so that the other
// processors are told once; kernels before 6.14 are asked for one part after the
// other.
func dropAll(parts []unix.Iovec) error {
	if len(parts) == 0 {
		return nil
	}
	sum := uint64(0)
	for i := range parts {
		sum += uint64(parts[i].Len)
	}
	self := pidfdSelf
	n, _, errno := unix.Syscall6(unix.SYS_PROCESS_MADVISE, uintptr(self), uintptr(unsafe.Pointer(&parts[0])), uintptr(len(parts)), unix.MADV_DONTNEED, 0, 0)
	if errno == 0 && uint64(n) == sum {
		return nil
	}
	for _, p := range parts {
		if err := unix.Madvise(unsafe.Slice(p.Base, int(p.Len)), unix.MADV_DONTNEED); err != nil {
			return os.NewSyscallError("madvise", err)
		}
	}
	return nil
}

// populate puts pages of its own in place before they are written to. Kernels
// before 5.14 do not, and the pages come at the first write.
func (m *linearMemory) populate(spans []span) {
	m.kept = spans
	for _, s := range spans {
		_ = unix.Madvise(m.reserved[s.from:s.to], unix.MADV_POPULATE_WRITE)
	}
}

// Free implements experimental.LinearMemory.
func (m *linearMemory) Free() {
	if m.reserved != nil {
		_ = unix.Munmap(m.reserved)
		m.reserved, m.size, m.usable = nil, 0, 0
	}
}
