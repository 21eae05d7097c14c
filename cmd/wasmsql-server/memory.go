package main

import (
	"io/fs"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitNumerator of limitDenominator parts of the memory that the process may
// have is what the collector is to stay within where GOMEMLIMIT says nothing.
// Why, and why GOGC stays as it is, stands in host/RATIONALE.md.
const limitNumerator, limitDenominator = 3, 4

// boundMemory has the collector work harder as the process comes near the limit
// of its control group, which is systemd's MemoryMax or a container's, instead
// of being killed. It returns the limit that the collector has, or 0 for none.
func boundMemory(env func(string) (string, bool)) int64 {
	if v, _ := env("GOMEMLIMIT"); v == "" {
		if most, ok := groupLimit(os.DirFS("/")); ok {
			debug.SetMemoryLimit(most / limitDenominator * limitNumerator)
		}
	}
	if limit := debug.SetMemoryLimit(-1); limit < noLimit {
		return limit
	}
	return 0
}

// noLimit is above what any machine has: version 1 of control groups writes
// such a number for none.
const noLimit = 1 << 60 // bytes

// groupLimit returns how much memory the control group of the process, or one
// above it, lets it have, in bytes. Source: Linux's admin-guide/cgroup-v2 and
// cgroup-v1/memory.
func groupLimit(root fs.FS) (least int64, ok bool) {
	least = noLimit
	of := func(dir, group string, files ...string) {
		for {
			for _, name := range files {
				text, err := fs.ReadFile(root, path.Join(dir, group, name))
				if n, nerr := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && nerr == nil && n > 0 {
					least = min(least, n)
				}
			}
			if group == "/" || group == "." {
				return
			}
			group = path.Dir(group)
		}
	}
	text, _ := fs.ReadFile(root, "proc/self/cgroup")
	for line := range strings.Lines(string(text)) { // hierarchy:controllers:group
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		switch {
		case len(fields) < 3:
		case fields[1] == "":
			of("sys/fs/cgroup", fields[2], "memory.max", "memory.high")
		case strings.Contains(","+fields[1]+",", ",memory,"):
			of("sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes")
		}
	}
	return least, least < noLimit
}
