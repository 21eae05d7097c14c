// Command bench measures wasmsql beside what does the same work without it, in
// the same run and on the same servers, and prints the figures with their
// ratios; make bench runs it. Times depend on the machine; ratios do so less.
//
// It measures in parts:
//
//	cold       a process that returns ten rows from SQLite: the first time, the
//	           second, and from then on; beside the program sqlite3
//	growth     the peak memory of processes that write a table ten times as
//	           large as that of the other parts; beside that size. It takes
//	           minutes and some gigabytes, and is done only if it is named
//	peers      processes that write tables of each database to Parquet and
//	           Arrow: time, peak memory, size of the file; beside the database's
//	           client and, to Parquet, ConnectorX, ADBC and pandas
//	flyte      a container's entry under Flyte, from its start to outputs.pb;
//	           beside flytekit's
//	serve      point queries and streams by HTTP; beside net/http with pgx, and
//	           wasmsql run; and a quiet tenant's beside a noisy one
//	databases  a driver that reads a table into Arrow, in this process, beside
//	           database/sql with Scan into any; and one warm execution of a
//	           point query, beside the same, prepared, on a connection of its own
//	sandbox    the memory of instances; a fresh sandbox beside plain wazero; code
//	           that is metered beside the same that is not
//	warm       one warm execution on SQLite, and its parts; beside the driver
//	plugins    guests that read rows or make others of them; beside Go
//	isolation  a tenant's executions beside another's evil modules; and alone
//
// What is not installed is named in a line, and left out: a database, Python.
// Packages of Python are installed in the user's cache folder.
//
// With BENCH_JSON=FILE the figures are written as JSON too: a list of objects
// with name, value and unit, and where something was measured beside it, what
// (against) and the value divided by its (ratio).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// bench is one run of measurements. It is used by one goroutine.
type bench struct {
	binary    string             // wasmsql
	dir       string             // of its own
	cache     string             // of compiled code
	rows      int                // of the large table
	runs      int                // of what is short
	install   bool               // packages of Python that are not there
	guests    string             // the folder of the evil modules
	turn      time.Duration      // that each of them gets
	workloads string             // of the metered ones, a pattern of go test -bench
	parts     string             // what to measure, a list; empty: all but growth
	profile   string             // the folder of profiles, or empty
	targets   map[string]*target // those that are started, by name; nil: not installed
	figures   []figure
}

// part is a part of the measurements.
type part struct {
	name    string
	measure func(*bench, context.Context) error
	tables  bool // it uses the databases and their tables
	named   bool // only where it is named
}

// parts are in the order in which they are measured. What this process itself
// does comes last: the peak memory of a child counts from what its parent held
// when it was started.
func parts() []part {
	return []part{
		{name: "cold", measure: (*bench).cold},
		{name: "growth", measure: (*bench).growth, named: true},
		{name: "peers", measure: (*bench).peers, tables: true},
		{name: "flyte", measure: (*bench).flyte, tables: true},
		{name: "serve", measure: (*bench).serve, tables: true},
		{name: "databases", measure: (*bench).databases, tables: true},
		{name: "sandbox", measure: (*bench).sandbox},
		{name: "warm", measure: (*bench).warm},
		{name: "plugins", measure: (*bench).plugins},
		{name: "isolation", measure: (*bench).isolation},
	}
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
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	var b bench
	flag.StringVar(&b.binary, "binary", "bin/wasmsql", "the program to measure")
	flag.IntVar(&b.rows, "rows", 2_000_000, "rows of the large table")
	flag.StringVar(&b.guests, "guests", filepath.Join("testdata", "guests", "wat"), "the folder of the evil modules")
	flag.DurationVar(&b.turn, "turn", 30*time.Millisecond, "how long each evil module runs beside another tenant")
	flag.IntVar(&b.runs, "runs", 21, "how often a process is started")
	flag.BoolVar(&b.install, "install", true, "install what of Python is measured beside wasmsql and not there")
	flag.StringVar(&b.workloads, "workloads", workloads, "what is measured metered and not, as go test -bench has it")
	flag.StringVar(&b.parts, "parts", "", "what to measure, with commas: "+strings.Join(names, ", ")+"; empty is all but growth")
	flag.StringVar(&b.profile, "profile", "", "a folder to write pprof files of this process to")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM) // so that its folder and servers go
	context.AfterFunc(ctx, stop)                                                           // the second signal ends it at once
	if err := b.run(ctx, os.Getenv("BENCH_JSON")); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// wanted returns the parts that are to be measured.
func (b *bench) wanted() ([]part, error) {
	if b.parts == "" {
		return slices.DeleteFunc(parts(), func(p part) bool { return p.named }), nil
	}
	var wanted []part
	names := strings.Split(b.parts, ",")
	for _, p := range parts() {
		if i := slices.Index(names, p.name); i >= 0 {
			wanted, names = append(wanted, p), slices.Delete(names, i, i+1)
		}
	}
	if len(names) > 0 {
		return nil, fmt.Errorf("there is no part %q", names[0])
	}
	return wanted, nil
}

// run measures, and writes the figures to a file, if it has a name.
func (b *bench) run(ctx context.Context, file string) (err error) {
	wanted, err := b.wanted()
	if err != nil {
		return err
	}
	if b.binary, err = filepath.Abs(b.binary); err != nil {
		return err
	}
	if b.dir, err = os.MkdirTemp("", "wasmsql-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir)
	b.cache = filepath.Join(b.dir, "cache")
	defer func() { err = errors.Join(err, b.stopTargets()) }()
	if err := b.points(ctx); err != nil {
		return err
	}
	for _, p := range wanted {
		if !p.tables {
			if err := b.stopTargets(); err != nil {
				return err
			}
		}
		err := ctx.Err()
		if err == nil {
			err = p.measure(b, ctx)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if err := b.allocations(); err != nil {
		return err
	}
	if file == "" {
		return nil
	}
	return b.writeFigures(file)
}
