//go:build !linux

package main

import (
	"context"
	"os"
	"os/exec"
	"time"
)

// peak is not known here: the unit of Maxrss differs between systems.
func peak(*os.ProcessState) float64 { return 0 }

// processorTime is not measured here.
func processorTime() time.Duration { return 0 }

// highWater is not known here.
func highWater(int) float64 { return 0 }

// yielding returns the command of a program with the lowest priority.
func yielding(ctx context.Context, program string) *exec.Cmd {
	return exec.CommandContext(ctx, "nice", "-n", "19", program)
}

// yield has nothing yield here.
func yield(int) error { return nil }

// leaveIdleGroup has nothing to leave.
func leaveIdleGroup() {}
