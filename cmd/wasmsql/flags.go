package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
)

// countFlag is a number of things, at least 1. Zero is: not given.
type countFlag int64

func (c *countFlag) String() string { return strconv.FormatInt(int64(*c), 10) }
func (c *countFlag) Type() string   { return "N" }

// Set implements pflag.Value.
func (c *countFlag) Set(s string) error {
	n, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, 64)
	if err != nil || n < 1 {
		return &command.BadValue{Message: fmt.Sprintf("%q is not a number from 1 on", s), Hint: "write it as 1000000"}
	}
	*c = countFlag(n)
	return nil
}

// sizeFlag is a number of bytes, at least 1. Zero is: not given.
type sizeFlag int64

func (z *sizeFlag) String() string { return strconv.FormatInt(int64(*z), 10) }
func (z *sizeFlag) Type() string   { return "SIZE" }

// Set implements pflag.Value.
func (z *sizeFlag) Set(s string) error {
	n, ok := parseSize(s)
	if !ok {
		return &command.BadValue{Message: fmt.Sprintf("%q is not a size", s), Hint: "write it as 64MiB; the units are B KB MB GB TB, and KiB MiB GiB TiB of 1024"}
	}
	*z = sizeFlag(n)
	return nil
}

// sizeUnits are the units of a size, the longest suffix first.
var sizeUnits = [...]struct {
	suffix string
	bytes  float64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"KB", 1e3}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"B", 1},
}

// parseSize reads a size such as 64MiB, 1.5GB or 4096.
func parseSize(s string) (int64, bool) {
	number, unit := strings.TrimSpace(s), 1.0
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.suffix); ok {
			number, unit = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	f, err := strconv.ParseFloat(strings.ReplaceAll(number, "_", ""), 64)
	if err != nil || math.IsNaN(f) || f*unit < 1 || f*unit >= math.MaxInt64 {
		return 0, false
	}
	return int64(f * unit), true
}

// durationFlag is a time span, more than 0; a bare number is seconds. Zero is:
// not given.
type durationFlag time.Duration

func (d *durationFlag) String() string { return time.Duration(*d).String() }
func (d *durationFlag) Type() string   { return "DURATION" }

// Set implements pflag.Value.
func (d *durationFlag) Set(s string) error {
	t, err := time.ParseDuration(s)
	if n, nerr := strconv.ParseUint(s, 10, 32); nerr == nil {
		t, err = time.Duration(n)*time.Second, nil // as in a task file
	}
	if err != nil {
		return &command.BadValue{Message: fmt.Sprintf("%q is not a time span", s), Hint: "write it as 30s, 5m or 1h30m"}
	}
	if t <= 0 {
		return &command.BadValue{Message: fmt.Sprintf("%q is not more than nothing", s), Hint: "write it as 30s, 5m or 1h30m"}
	}
	*d = durationFlag(t)
	return nil
}
