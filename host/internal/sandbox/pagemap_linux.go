package sandbox

import (
	"encoding/binary"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// machinePage is the unit of what is kept or dropped, in bytes. Where the
// machine's pages are larger, nothing is kept.
const machinePage = 4096

// pagemap is the file by which the kernel tells a process of its own pages, open
// for good, or -1 where it does not. See proc_pid_pagemap(5).
var pagemap = sync.OnceValue(func() int {
	if os.Getpagesize() != machinePage {
		return -1
	}
	fd, err := unix.Open("/proc/self/pagemap", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1
	}
	return fd
})

// Bits of an entry of pagemap.
const (
	pagePresent = 1 << 63
	pageSwapped = 1 << 62
	pageOfFile  = 1 << 61 // not written to, where the mapping is a private one
)

// pagemapScan is PAGEMAP_SCAN of linux/fs.h, since Linux 6.7: _IOWR('f', 16,
// struct pm_scan_arg).
const pagemapScan = 3<<30 | unsafe.Sizeof(scanArg{})<<16 | 'f'<<8 | 16

// Categories of pages that it tells apart.
const (
	scanFile    = 1 << 2
	scanPresent = 1 << 3
	scanSwapped = 1 << 4
)

// scanArg is struct pm_scan_arg: which pages of a range are asked for, and where
// the answer goes.
type scanArg struct {
	size, flags           uint64
	start, end, walkEnd   uint64
	vec, vecLen, maxPages uint64
	inverted, mask, anyOf uint64
	returned              uint64
}

// scanned is struct page_region: pages next to each other, and what they are.
type scanned struct{ start, end, _ uint64 }

// maxScanned is how many parts of a memory are told apart, of those that were
// written to.
const maxScanned = 64

// scan returns the parts of memory that have pages of its own, in order: those
// that were written to since it stood on its image, or were kept. It is false
// where the kernel cannot tell, or they are more than can be told apart. What it
// returns is good until the next call.
func (m *linearMemory) scan() ([]scanned, bool) {
	fd := pagemap()
	if fd < 0 {
		return nil, false
	}
	if m.image.size == 0 {
		return nil, true
	}
	if m.scanned == nil {
		m.scanned = new([maxScanned]scanned) // which the kernel writes to: it must not move
	}
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(m.reserved))))
	arg := scanArg{
		start: base, end: base + m.image.size,
		vec: uint64(uintptr(unsafe.Pointer(m.scanned))), vecLen: maxScanned,
		inverted: scanFile, mask: scanFile, anyOf: scanPresent | scanSwapped, returned: scanPresent,
	}
	arg.size = uint64(unsafe.Sizeof(arg))
	n, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(pagemapScan), uintptr(unsafe.Pointer(&arg)))
	runtime.KeepAlive(m)
	if errno != 0 || arg.walkEnd != arg.end {
		return nil, false
	}
	parts := m.scanned[:n]
	for i := range parts {
		parts[i].start -= base
		parts[i].end -= base
	}
	return parts, true
}

// written calls f with the offset of each page that was written to since the
// memory stood on its image without pages of its own. Where that cannot be had,
// it calls nothing.
func (m *linearMemory) written(f func(offset uint64)) {
	if parts, ok := m.scan(); ok {
		for _, p := range parts {
			for at := p.start; at < p.end; at += machinePage {
				f(at)
			}
		}
		return
	}
	fd := pagemap()
	if fd < 0 || m.image.size == 0 {
		return
	}
	entries := make([]byte, m.image.size/machinePage*8)
	base := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(m.reserved))))
	n, _ := unix.Pread(fd, entries, int64(base/machinePage*8))
	for at := 0; at+8 <= n; at += 8 {
		e := binary.NativeEndian.Uint64(entries[at:])
		if e&(pagePresent|pageSwapped) != 0 && e&pageOfFile == 0 {
			f(uint64(at) / 8 * machinePage)
		}
	}
}
