package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestMemoryDoesNotGrowWithRows: the peak of a whole process that writes a
// Parquet file of ten times the rows is about the same.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	const rows = 300_000
	sqlite := func(testing.TB) string { return "sqlite:///" + filepath.Join(t.TempDir(), "rows.db") }
	server := func(dialect string) func(testing.TB) string {
		return func(t testing.TB) string { return serverDatabases[dialect](t).URI }
	}
	for _, c := range []struct {
		dialect string
		uri     func(testing.TB) string
		query   string
	}{
		{"sqlite", sqlite, "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT n, n / 7.0 AS f, 'name ' || n AS s FROM s"},
		{"postgres", server("postgres"), "SELECT n, n / 7.0::float8 AS f, 'name ' || n AS s FROM generate_series(1, %d) n"},
		{"mysql", server("mysql"), "SELECT seq AS n, seq / 7e0 AS f, CONCAT('name ', seq) AS s FROM seq_1_to_%d"},
	} {
		t.Run(c.dialect, func(t *testing.T) {
			dir, uri := t.TempDir(), c.uri(t)
			if c.dialect == "mysql" && !isMariaDB(t, uri) {
				c.query = "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < %d) SELECT /*+ SET_VAR(cte_max_recursion_depth=4294967295) */ n, n / 7e0 AS f, CONCAT('name ', n) AS s FROM s"
			}
			run := func(n int) (peak int64) {
				task := fmt.Sprintf("name: rows\nconnection: {uri: %q}\ntimeout: 5m\nquery: |\n  %s\n", uri, fmt.Sprintf(c.query, n))
				write(t, filepath.Join(dir, "task.yaml"), task)
				cmd := exec.Command("wasmsql", "run", "task.yaml", "-f", "rows.parquet", "--report", "-")
				cmd.Dir = dir
				cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_CONFIG_HOME=", "WASMSQL_CACHE="+filepath.Join(dir, "cache"))
				out, err := cmd.CombinedOutput()
				if err != nil || !strings.Contains(string(out), fmt.Sprintf(`"rows":%d,`, n)) {
					t.Fatalf("%v: %s", err, out)
				}
				return cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
			}
			run(1)
			run(1) // compiles the guest, which would be the peak
			few, many := run(rows), run(10*rows)
			t.Logf("%d rows: %d KiB, %d rows: %d KiB", rows, few, 10*rows, many)
			if many > few*3/2 {
				t.Errorf("%d rows: %d KiB, %d rows: %d KiB", rows, few, 10*rows, many)
			}
		})
	}
}
