//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
)

// lineage are the processes that this one works for.
type lineage struct{ parent, grandparent int }

// ancestors returns who started this process. Under make that is two of them,
// since "go run" stands between and does not end when make is killed.
func ancestors() lineage {
	l := lineage{parent: os.Getppid()}
	if os.Getenv("MAKELEVEL") != "" {
		l.grandparent = parentOf(l.parent)
	}
	return l
}

// live reports whether they are all there still.
func (l lineage) live() bool {
	return os.Getppid() == l.parent && (l.grandparent == 0 || parentOf(l.parent) == l.grandparent)
}

// parentOf returns the parent of a process, or 0.
func parentOf(pid int) int {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err == nil {
		// "pid (name) state ppid …", where a name may hold anything.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		n, _ := strconv.Atoi(string(fields[1]))
		return n
	}
	text, err = exec.Command("ps", "-o", "ppid=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(string(bytes.TrimSpace(text)))
	return n
}
