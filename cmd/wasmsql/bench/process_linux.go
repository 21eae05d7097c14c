package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
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

// What yields runs when nothing else does. It takes two steps, as Linux shares
// the processors among sessions first where it knows of autogroups, whatever the
// priority of what is in them, and each connection of PostgreSQL is a session: six
// of them had as much as six servers with all their threads.

// yielding returns the command of a program that yields, in a session of its own.
func yielding(ctx context.Context, program string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "chrt", "--idle", "0", program)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return cmd
}

// yield has a process yield, and those that it has started.
func yield(pid int) error {
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", pid))
	if err != nil {
		return err
	}
	for _, id := range append(strings.Fields(string(children)), strconv.Itoa(pid)) {
		err := exec.Command("chrt", "--idle", "--pid", "0", id).Run()
		if err == nil {
			err = os.WriteFile("/proc/"+id+"/autogroup", []byte("19"), 0)
		}
		// It may have ended meanwhile, and not every system knows autogroups.
		if _, gone := os.Stat("/proc/" + id); err != nil && gone == nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}
