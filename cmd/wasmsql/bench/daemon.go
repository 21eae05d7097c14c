package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// daemon is a server in a process of its own.
type daemon struct {
	cmd  *exec.Cmd
	url  string
	said chan string // its last line, when it has ended
}

// servesAt stands before the address that a server prints.
const servesAt = "wasmsql: serving at "

// daemon starts a server and returns when it listens.
func (b *bench) daemon(cmd *exec.Cmd) (*daemon, error) {
	cmd.Dir = b.dir
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	d, lines := &daemon{cmd: cmd, said: make(chan string, 1)}, bufio.NewReader(stderr)
	var said bytes.Buffer
	for {
		line, err := lines.ReadString('\n')
		if url, ok := strings.CutPrefix(strings.TrimSpace(line), servesAt); ok {
			d.url = url
			break
		}
		said.WriteString(line)
		if err != nil {
			d.stop()
			return nil, fmt.Errorf("%s does not serve:\n%s", filepath.Base(cmd.Path), said.String())
		}
	}
	go func() {
		last := ""
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				d.said <- last
				return
			}
			last = line
		}
	}()
	return d, nil
}

func (d *daemon) stop() {
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait()
}
