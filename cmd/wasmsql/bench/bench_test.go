package main

import (
	"context"
	"encoding/json"
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
	b := bench{binary: binary, rows: 1000, runs: 1, guests: filepath.Join("..", "..", "..", "testdata", "guests", "wat"), turn: time.Millisecond, profile: filepath.Join(dir, "profiles"),
		workloads: "^wat$/^fib$"}
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
	seen := map[string]bool{}
	for _, f := range figures {
		name, _ := f["name"].(string)
		seen[name] = true
		if v, ok := f["value"].(float64); !ok || v < 0 || f["unit"] == "" || (f["against"] == nil) != (f["ratio"] == nil) || len(f) != 5 {
			t.Errorf("%v", f)
		}
	}
	for _, name := range []string{"cold run, first time ever", "cold run, compile cache", "sqlite, 1000 x 6 to parquet", "sqlite, 6 columns read to Arrow", "warm execution", "warm execution: sandbox",
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
