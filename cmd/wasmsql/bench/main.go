// Command bench measures wasmsql and prints the figures; make bench runs it.
// With BENCH_JSON=FILE they are written as JSON too: a list of objects with
// name, value and unit, and where something was measured beside it, what
// (against) and the value divided by its (ratio).
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// figure is one measurement.
type figure struct {
	Name    string   `json:"name"`
	Value   float64  `json:"value"`
	Unit    string   `json:"unit"`
	Against *string  `json:"against"`
	Ratio   *float64 `json:"ratio"`
}

// bench is one run of all measurements. It is used by one goroutine.
type bench struct {
	binary    string        // wasmsql
	dir       string        // of its own
	cache     string        // of compiled code
	rows      int           // of the large table
	runs      int           // of what is short
	guests    string        // the folder of the evil modules
	turn      time.Duration // that each of them gets
	workloads string        // of the metered ones, a pattern of go test -bench
	parts     string        // what to measure, a list; empty: everything
	profile   string        // the folder of profiles, or empty
	figures   []figure
}

func main() {
	if uri := os.Getenv(bareDatabase); uri != "" {
		fmt.Fprintln(os.Stderr, "bench:", bare(context.Background(), uri))
		os.Exit(1)
	}
	if server := os.Getenv(noisyServer); server != "" {
		fmt.Fprintln(os.Stderr, "bench:", noise(context.Background(), server, os.Getenv(noisyToken), os.Getenv(noisyWaits)))
		os.Exit(1)
	}
	var b bench
	flag.StringVar(&b.binary, "binary", "bin/wasmsql", "the program to measure")
	flag.IntVar(&b.rows, "rows", 2_000_000, "rows of the large table")
	flag.StringVar(&b.guests, "guests", filepath.Join("testdata", "guests", "wat"), "the folder of the evil modules")
	flag.DurationVar(&b.turn, "turn", 30*time.Millisecond, "how long each evil module runs beside another tenant")
	flag.IntVar(&b.runs, "runs", 21, "how often a process is started")
	flag.StringVar(&b.workloads, "workloads", workloads, "what is measured metered and not, as go test -bench has it")
	flag.StringVar(&b.parts, "parts", "", "what to measure, with commas: cold, databases, serve, sandbox, warm, plugins, isolation; empty is everything")
	flag.StringVar(&b.profile, "profile", "", "a folder to write pprof files of this process to")
	flag.Parse()
	if err := b.run(context.Background(), os.Getenv("BENCH_JSON")); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures. What this process itself does comes last: the peak memory of a
// child counts from what its parent held when it was started.
func (b *bench) run(ctx context.Context, file string) error {
	var err error
	if b.binary, err = filepath.Abs(b.binary); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "wasmsql-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	b.cache = filepath.Join(b.dir, "cache")
	all := []struct {
		name    string
		measure func(context.Context) error
	}{{"setup", b.setup}, {"cold", b.cold}, {"databases", b.databases}, {"serve", b.serve},
		{"sandbox", b.sandbox}, {"warm", b.warm}, {"plugins", b.plugins}, {"isolation", b.isolation}}
	wanted := strings.Split(b.parts, ",")
	for _, part := range all {
		if b.parts != "" && part.name != "setup" && !slices.Contains(wanted, part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return err
		}
	}
	if err := b.allocations(); err != nil {
		return err
	}
	if file == "" {
		return nil
	}
	text, err := json.MarshalIndent(b.figures, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// report prints and keeps a figure.
func (b *bench) report(name string, value float64, unit string) {
	b.keep(figure{Name: name, Value: value, Unit: unit})
}

// compare is report for a figure beside another's value in the same unit.
func (b *bench) compare(name string, value float64, unit, against string, other float64) {
	if other == 0 {
		b.report(name, value, unit)
		return
	}
	ratio := value / other
	b.keep(figure{Name: name, Value: value, Unit: unit, Against: &against, Ratio: &ratio})
}

func (b *bench) keep(f figure) {
	b.figures = append(b.figures, f)
	fmt.Printf("%-44s %12.4g %-8s", f.Name, f.Value, f.Unit)
	if f.Ratio != nil {
		fmt.Printf(" %8.3g x %s", *f.Ratio, *f.Against)
	}
	fmt.Println()
}

func median[T cmp.Ordered](of []T) T {
	s := slices.Sorted(slices.Values(of))
	return s[len(s)/2]
}

// percentile returns the value that p of 100 are not above.
func percentile[T cmp.Ordered](of []T, p int) T {
	s := slices.Sorted(slices.Values(of))
	return s[(len(s)-1)*p/100]
}
