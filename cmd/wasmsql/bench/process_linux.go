package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
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

// What yields runs when nothing else does: it is in a control group of its own
// that is idle. Without the right to make one it has the policy for idle
// processes, which is less: Linux shares the processors among sessions first where
// it knows of autogroups, whatever the policy of what is in them, and lets a
// session that computes go on for some milliseconds when another one wakes. Each
// connection of PostgreSQL is a session.

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
	group := idleGroup()
	for _, id := range append(strings.Fields(string(children)), strconv.Itoa(pid)) {
		var err error
		if group != "" {
			err = os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte(id), 0)
		} else if err = exec.Command("chrt", "--idle", "--pid", "0", id).Run(); err == nil {
			err = os.WriteFile("/proc/"+id+"/autogroup", []byte("19"), 0)
		}
		// It may have ended meanwhile, and not every system knows autogroups.
		if _, gone := os.Stat("/proc/" + id); err != nil && gone == nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// idleGroup returns the folder of the control group of what yields, or nothing
// where it cannot be made.
//
// Source: the Linux kernel's documentation, "Control Group v2", cpu.idle.
var idleGroup = sync.OnceValue(func() string {
	root := "/sys/fs/cgroup"
	if control, err := os.OpenFile(root+"/cgroup.subtree_control", os.O_WRONLY, 0); err == nil {
		_, err = control.WriteString("+cpu")
		if cerr := control.Close(); err != nil || cerr != nil {
			return ""
		}
	} else {
		root += "/cpu" // version 1
	}
	dir := filepath.Join(root, "wasmsql-bench-"+strconv.Itoa(os.Getpid()))
	if os.Mkdir(dir, 0o755) != nil {
		return ""
	}
	if os.WriteFile(filepath.Join(dir, "cpu.idle"), []byte("1"), 0) != nil {
		_ = os.Remove(dir)
		return ""
	}
	return dir
})

// leaveIdleGroup removes it, once nothing is in it.
func leaveIdleGroup() {
	if dir := idleGroup(); dir != "" {
		_ = os.Remove(dir)
	}
}
