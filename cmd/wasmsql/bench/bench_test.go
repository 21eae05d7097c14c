package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestMain has the test binary be the handler that the server is measured
// beside, or the clients of a noisy tenant.
func TestMain(m *testing.M) {
	if os.Getenv(bareDatabase) != "" || os.Getenv(noisyServer) != "" {
		main()
		return
	}
	m.Run()
}

// TestBench runs every measurement once, small, and reads what it writes.
func TestBench(t *testing.T) {
	dir := t.TempDir()
	binary, file := filepath.Join(dir, "wasmsql"), filepath.Join(dir, "figures.json")
	if out, err := exec.Command("go", "build", "-o", dir, "..", "../../wasmsql-server").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var names []string
	for _, p := range parts() {
		names = append(names, p.name)
	}
	b := bench{binary: binary, rows: 1000, runs: 1, guests: filepath.Join("..", "..", "..", "testdata", "guests", "wat"), turn: time.Millisecond, profile: filepath.Join(dir, "profiles"),
		workloads: "^wat$/^fib$", parts: strings.Join(names, ",")}
	if err := b.run(context.Background(), file); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var figures []map[string]any
	if err := json.Unmarshal(text, &figures); err != nil {
		t.Fatal(err)
	}
	seen, beside := map[string]bool{}, map[string]bool{}
	for _, f := range figures {
		name, _ := f["name"].(string)
		against, _ := f["against"].(string)
		seen[name], beside[name+" / "+against] = true, true
		if v, ok := f["value"].(float64); !ok || v < 0 || f["unit"] == "" || (f["against"] == nil) != (f["ratio"] == nil) || len(f) != 5 {
			t.Errorf("%v", f)
		}
	}
	for _, name := range []string{"cold run, first time ever", "cold run, compile cache", "sqlite, 10000 rows to parquet: peak memory",
		"sqlite, 1000 x 6 to parquet", "sqlite, 1000 x 6 to parquet: processor time", "sqlite, 500 x 8 to arrow: file", "sqlite, 6 columns read to Arrow", "warm execution", "warm execution: sandbox",
		"plugin of one query: size", "plugin of one query: warm execution", "plugin that reads, 500 rows x 4", "plugin that reads and writes, 500 rows x 4",
		"flyte container, sqlite, 10 rows", "flyte container, sqlite, 10 rows: peak memory", "flyte container, sqlite, 1000 rows",
		"metered: wat/fib", "metered, worst of ratios", "fresh sandbox, taken, called, reset", "memory of an idle instance",
		"beside any evil module: p99", "longest collector pause beside evil modules", "over a deadline of 50 ms: spin-empty"} {
		if !seen[name] {
			t.Errorf("no %q in %s", name, strings.TrimSpace(string(text)))
		}
	}
	for _, name := range []string{"http, point query, 1 at once", "http, point query, 32 at once: p99", "http, point queries: peak memory", "http, 1000 x 6 as arrow", "beside spinning guests: p99", "beside all of that: p99"} {
		if _, err := sqldbtest.NewPostgres(); err == nil && !seen[name] {
			t.Errorf("no %q in %s", name, strings.TrimSpace(string(text)))
		}
	}
	if _, ready, err := peersVenv().Folder(); err == nil && ready {
		for _, name := range []string{" / ConnectorX 0.4.6", ": peak memory / ADBC 1.13.0", ": file / pandas 3.1.1", ": processor time / ConnectorX 0.4.6"} {
			if name = "sqlite, 1000 x 6 to parquet" + name; !beside[name] {
				t.Errorf("no %q in %s", name, text)
			}
		}
	}
	for _, name := range []string{"sqlite-6-columns-read", "sqlite-8-columns-parquet", "sqlite-8-columns-database-sql", "sqlite-warm"} {
		if info, err := os.Stat(filepath.Join(b.profile, name+".cpu.pprof")); err != nil || info.Size() == 0 {
			t.Errorf("no profile %s: %v", name, err)
		}
	}
	if info, err := os.Stat(filepath.Join(b.profile, "allocs.pprof")); err != nil || info.Size() == 0 {
		t.Errorf("no profile of allocations: %v", err)
	}
	if _, err := os.Stat(b.dir); !os.IsNotExist(err) {
		t.Errorf("its folder is left: %v", err)
	}
}

// TestParts: parts are measured in their own order, and a name that is none is
// an error.
func TestParts(t *testing.T) {
	for given, want := range map[string]string{
		"":             "cold peers flyte serve databases sandbox warm plugins isolation",
		"warm,growth":  "growth warm",
		"peers,nobody": `there is no part "nobody"`,
	} {
		b := bench{parts: given}
		wanted, err := b.wanted()
		var names []string
		for _, p := range wanted {
			names = append(names, p.name)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %s", given, got)
		}
	}
}

// TestContest: processes run in turns, one that is slow in the last only, and
// each has its median.
func TestContest(t *testing.T) {
	var order []string
	process := func(name string, seconds ...float64) func(int) (usage, error) {
		return func(turn int) (usage, error) {
			order = append(order, name)
			return usage{seconds: seconds[turn], peak: -seconds[turn]}, nil
		}
	}
	took, err := contest(3, contestant{run: process("a", 9, 1, 5)}, contestant{turns: 1, run: process("slow", 0, 0, 7)}, contestant{run: process("b", 3, 4, 2)})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(order, " "); got != "a b a b a slow b" {
		t.Error(got)
	}
	if took[0] != (usage{seconds: 5, peak: -5}) || took[1] != (usage{seconds: 7, peak: -7}) || took[2] != (usage{seconds: 3, peak: -3}) {
		t.Error(took)
	}
	failed := errors.New("failed")
	if _, err := contest(2, contestant{run: func(int) (usage, error) { return usage{}, failed }}); !errors.Is(err, failed) {
		t.Error(err)
	}
}
