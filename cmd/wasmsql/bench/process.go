package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// usage is what a process took.
type usage struct {
	seconds float64
	cpu     float64 // seconds of processors
	peak    float64 // megabytes of memory; 0: not known
	file    float64 // megabytes that it wrote, where that is looked at
}

// start runs a program in the folder of the measurement.
func (b *bench) start(ctx context.Context, cache, program string, args ...string) (usage, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Env = append(os.Environ(), "WASMSQL_CACHE="+cache)
	u, err := b.finish(cmd)
	if err != nil {
		return u, fmt.Errorf("%q: %w", args, err)
	}
	return u, nil
}

// finish runs a command in the folder of the measurement. Its arguments, which
// may have a URI, are not in an error.
func (b *bench) finish(cmd *exec.Cmd) (usage, error) {
	cmd.Dir = b.dir
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	began := time.Now()
	err := cmd.Run()
	u := usage{seconds: time.Since(began).Seconds()}
	if err != nil {
		return u, fmt.Errorf("%s: %w\n%s", filepath.Base(cmd.Path), err, stderr.String())
	}
	u.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
	u.peak = peak(cmd.ProcessState)
	return u, nil
}

// wasmsql runs the program that is measured.
func (b *bench) wasmsql(ctx context.Context, cache string, args ...string) (usage, error) {
	return b.start(ctx, cache, b.binary, append([]string{"run"}, args...)...)
}

// wrote adds the size of a file to what the process that wrote it took.
func (b *bench) wrote(file string, u usage, err error) (usage, error) {
	if err != nil {
		return u, err
	}
	info, err := os.Stat(filepath.Join(b.dir, file))
	if err != nil {
		return u, err
	}
	u.file = float64(info.Size()) / 1e6
	return u, nil
}

// contestant is a process that is measured beside others.
type contestant struct {
	turns int // that it runs in, the last of them; 0: every one
	run   func(turn int) (usage, error)
}

// contest has them run in turns, so that what else the machine does is the same
// for all, and returns the medians of each.
func contest(turns int, all ...contestant) ([]usage, error) {
	took := make([][]usage, len(all))
	for turn := range turns {
		for i, c := range all {
			if c.turns > 0 && turn < turns-c.turns {
				continue
			}
			u, err := c.run(turn)
			if err != nil {
				return nil, err
			}
			took[i] = append(took[i], u)
		}
	}
	medians := make([]usage, len(all))
	for i, of := range took {
		medians[i] = usage{
			seconds: medianOf(of, func(u usage) float64 { return u.seconds }),
			cpu:     medianOf(of, func(u usage) float64 { return u.cpu }),
			peak:    medianOf(of, func(u usage) float64 { return u.peak }),
			file:    medianOf(of, func(u usage) float64 { return u.file }),
		}
	}
	return medians, nil
}

// repeat returns the medians of n runs.
func repeat(n int, run func(turn int) (usage, error)) (usage, error) {
	medians, err := contest(n, contestant{run: run})
	if err != nil {
		return usage{}, err
	}
	return medians[0], nil
}
