package host_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// evilGuest is a module of testdata/guests/wat and how it ends: what it does is
// in the first line of its source.
type evilGuest struct {
	name  string // without evil-
	stage string // that it ends in: "load" or "run"
	code  host.Code
	want  string // a part of the message
}

// evilOptions are those of modules that need something of their own.
var evilOptions = map[string]struct {
	fuel   int64
	result bool
}{
	"grow-4gib":       {fuel: 5_000_000_000}, // pays for what it asks
	"fill-out":        {fuel: 5_000_000_000},
	"fill-wrap":       {fuel: 5_000_000_000},
	"grow-configure":  {fuel: 20_000_000},
	"stdout-lines":    {fuel: 20_000_000},
	"fill-largest":    {fuel: 20_000_000},
	"copy-largest":    {fuel: 20_000_000},
	"arithmetic":      {fuel: 20_000_000},
	"grow-touch":      {fuel: 20_000_000},
	"secret-memory":   {fuel: 20_000_000},
	"secret-trap":     {fuel: 20_000_000},
	"secret-grown":    {fuel: 20_000_000},
	"clock-probe":     {fuel: 20_000_000},
	"path-scan":       {fuel: 20_000_000},
	"recursion-retry": {fuel: 20_000_000},
	"fail-huge":       {fuel: 20_000_000},
	"fail-huge-once":  {fuel: 20_000_000},
	"loops-deep":      {fuel: 20_000},
	"output-late":     {result: true},
	"handle-spent":    {result: true},
	"arrow-huge":      {result: true}, "arrow-negative": {result: true}, "arrow-offset": {result: true}, "arrow-loop": {result: true},
	"arrow-legacy": {result: true}, "arrow-end": {result: true}, "arrow-bytes": {result: true},
}

// evilHosts returns two tenants on one Runtime, which share a database.
func evilHosts(t testing.TB, engine string, db host.Connection, fuel int64) [2]*tenant {
	limits := host.Limits{HostCalls: 1100, Timeout: time.Hour, Log: 1000, Memory: 16 << 20, Fuel: 1_000_000,
		Statement: 64 << 10, Parameters: 1 << 20, Cursors: 8}
	if fuel > 0 {
		limits.Fuel = fuel
	}
	return [2]*tenant{newTenant(t, engine, db, limits), newTenant(t, engine, db, limits)}
}

func evilDatabase(t testing.TB) host.Connection {
	return hosttest.SQLiteFile(t, filepath.Join(t.TempDir(), "canary.db"), "CREATE TABLE kept (n INTEGER);\n")
}

// endings runs a module by a task, twice, by another task of the same name, and
// by another tenant's.
func (g evilGuest) endings(t testing.TB, engine string, db host.Connection) []ending {
	o := evilOptions[g.name]
	mode := abi.OutputNone
	if o.result {
		mode = abi.OutputAny
	}
	hosts := evilHosts(t, engine, db, o.fuel)
	task := host.Task{Name: "task", Module: module(t, "evil-"+g.name), Connection: "db", Outputs: abi.Outputs{Mode: mode}}
	var all []ending
	for i, x := range []*tenant{hosts[0], hosts[0], hosts[1]} {
		p, e := x.load(task)
		if p == nil {
			all = append(all, e)
			continue
		}
		for range 2 - min(i, 1) {
			all = append(all, x.run(p, nil))
		}
	}
	return all
}

// Each evil module, by the attack that it is a variant of: G19, on the cache, has
// its tests in package sandbox, and others more there and in wasmbin and hostcall.

func TestG1Endless(t *testing.T)       { evil(t, "G1") }
func TestG2CallTrees(t *testing.T)     { evil(t, "G2") }
func TestG3Recursion(t *testing.T)     { evil(t, "G3") }
func TestG4Growth(t *testing.T)        { evil(t, "G4") }
func TestG5Bulk(t *testing.T)          { evil(t, "G5") }
func TestG6Pointers(t *testing.T)      { evil(t, "G6") }
func TestG7Requests(t *testing.T)      { evil(t, "G7") }
func TestG8Calls(t *testing.T)         { evil(t, "G8") }
func TestG9Handles(t *testing.T)       { evil(t, "G9") }
func TestG10Connections(t *testing.T)  { evil(t, "G10") }
func TestG11Imports(t *testing.T)      { evil(t, "G11") }
func TestG12Bombs(t *testing.T)        { evil(t, "G12") }
func TestG13Clashes(t *testing.T)      { evil(t, "G13") }
func TestG14LeftBehind(t *testing.T)   { evil(t, "G14") }
func TestG15Floods(t *testing.T)       { evil(t, "G15") }
func TestG16Secrets(t *testing.T)      { evil(t, "G16") }
func TestG17Surroundings(t *testing.T) { evil(t, "G17") }
func TestG18Engines(t *testing.T)      { evil(t, "G18") }
func TestG20Tampered(t *testing.T)     { evil(t, "G20") }

// TestEvilGuestsAreListed sees that the table has every evil module.
func TestEvilGuestsAreListed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "testdata", "guests", "wat", "evil-*.wasm"))
	if err != nil || len(files) < 60 {
		t.Fatalf("%d modules, %v", len(files), err)
	}
	listed := map[string]bool{}
	for _, guests := range evilGuests {
		for _, g := range guests {
			listed[g.name] = true
		}
	}
	for _, f := range files {
		if name := strings.TrimPrefix(strings.TrimSuffix(filepath.Base(f), ".wasm"), "evil-"); !listed[name] {
			t.Errorf("%s is not in the table", name)
		}
	}
	if len(listed) != len(files) {
		t.Errorf("%d modules in the table, there are %d", len(listed), len(files))
	}
}

// evil runs the modules of an attack on both engines: each ends as the table
// says, with equal statements, results, fuel, logs and errors on each engine and
// each time, for each task and tenant, and leaves nothing in the database.
func evil(t *testing.T, attack string) {
	db := evilDatabase(t)
	if len(evilGuests[attack]) == 0 {
		t.Fatalf("there are no modules of %s", attack)
	}
	for _, g := range evilGuests[attack] {
		t.Run(g.name, func(t *testing.T) {
			var first ending
			for _, engine := range engines {
				for i, e := range g.endings(t, engine, db) {
					if first.stage == "" {
						first = e
						if e.stage != g.stage || e.code != g.code || !strings.Contains(e.message, g.want) || len(e.message)+len(e.detail)+len(e.log) > 250_000 {
							t.Errorf("%.2000v\nwant %s: %s %q", e, g.stage, g.code, g.want)
						}
						if strings.ContainsAny(e.message+e.detail+e.log, "\x1b\a\r\x00\u009b") {
							t.Errorf("steers a terminal: %.2000q", e.message+e.detail+e.log)
						}
					}
					same(t, fmt.Sprintf("execution %d on %s", i, engine), first, e)
				}
			}
		})
	}
	x := newTenant(t, "compiler", db, host.Limits{})
	p, _ := x.load(host.Task{Name: "kept", Query: "SELECT count(*) FROM kept", Connection: "db"})
	if e := x.run(p, nil); !strings.Contains(e.rows, "[[0]]") {
		t.Errorf("evil guests have left rows: %v", e)
	}
}

// TestEvilGuestsLeaveNothing runs every evil module again, and compares what
// the process holds before and after.
func TestEvilGuestsLeaveNothing(t *testing.T) {
	db := evilDatabase(t)
	all := func() {
		for _, guests := range evilGuests {
			for _, g := range guests {
				t.Run(g.name, func(t *testing.T) { g.endings(t, "compiler", db) })
			}
		}
	}
	all() // now their code is compiled, and stays
	before := measure(t)
	all()
	after, more := afterwards(t, before)
	t.Logf("before %+v, after %+v", before, after)
	if more {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

// TestEvilGuestsCancelled cancels guests that ignore every answer, in the
// middle of host calls and of their own work.
func TestEvilGuestsCancelled(t *testing.T) {
	for _, engine := range engines {
		db := evilDatabase(t)
		x := newTenant(t, engine, db, host.Limits{HostCalls: 1 << 40, Fuel: 1 << 50, Timeout: time.Hour})
		for _, name := range []string{"after-cancel", "storm-ignored", "limit-error-read", "spin-empty", "tree", "fill-storm", "storm-random", "secret-spin"} {
			p, e := x.load(host.Task{Name: name, Module: module(t, "evil-"+name), Connection: "db", Outputs: abi.Outputs{Mode: abi.OutputNone}})
			if p == nil {
				t.Fatal(e)
			}
			ctx, cancel := context.WithCancel(context.Background())
			var cancelled time.Time
			time.AfterFunc(20*time.Millisecond, func() { cancelled = time.Now(); cancel() })
			_, err := p.Run(ctx, nil, host.Discard())
			if got, message := code(err); got != host.CodeCanceled || message != "the execution was cancelled" {
				t.Errorf("%s on %s: %s: %s", name, engine, got, message)
			}
			t.Logf("%s on %s: %s late", name, engine, time.Since(cancelled))
			cancel()
		}
	}
}
