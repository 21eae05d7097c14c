package main

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
	"time"
)

// peak returns the most memory that a process held, in megabytes.
func peak(s *os.ProcessState) float64 {
	r, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(r.Maxrss) * 1024 / 1e6 // Maxrss is in KiB on Linux
}

// processorTime returns what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// highWater returns the most memory that a running process held since it began
// its program, in megabytes.
func highWater(pid int) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, text, _ = bytes.Cut(text, []byte("VmHWM:"))
	var kib float64
	if _, err := fmt.Sscan(string(text), &kib); err != nil {
		return 0
	}
	return kib * 1024 / 1e6
}

// yielding sets the priority of a running process, and of those that it starts
// from now on.
func yielding(pid, priority int) error {
	return os.NewSyscallError("setpriority", syscall.Setpriority(syscall.PRIO_PROCESS, pid, priority))
}
