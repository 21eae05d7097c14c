//go:build !linux

package main

import (
	"os"
	"time"
)

// peak is not known here: the unit of Maxrss differs between systems.
func peak(*os.ProcessState) float64 { return 0 }

// processorTime is not measured here.
func processorTime() time.Duration { return 0 }

// highWater is not known here.
func highWater(int) float64 { return 0 }

// yielding has nothing less priority here.
func yielding(int, int) error { return nil }
