package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestC9CutLeavesNoFile cuts the connection at places all over the exchange of
// a run that writes a file: it ends with an error, soon, and with no file; or
// it was over, and the file is whole.
func TestC9CutLeavesNoFile(t *testing.T) {
	const query = "SELECT a.n * 1000 + b.n AS id, 'some text' AS name FROM numbers a CROSS JOIN numbers b"
	for dialect, database := range serverDatabases {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db, cache := database(t), t.TempDir()
			for _, statement := range []string{"CREATE TABLE numbers (n int)", "INSERT INTO numbers VALUES (1),(2),(3),(4),(5),(6),(7),(8)", "INSERT INTO numbers SELECT n + 8 FROM numbers", "INSERT INTO numbers SELECT n + 16 FROM numbers", "INSERT INTO numbers SELECT n + 32 FROM numbers", "INSERT INTO numbers SELECT n + 64 FROM numbers"} {
				if _, err := serverRows(db.URI, statement); err != nil {
					t.Fatal(err)
				}
			}
			proxy := sqldbtest.NewProxy(t, db.URI)
			write := func(format string) (status int, files []string, size int64, printed string) {
				dir := t.TempDir()
				task := filepath.Join(dir, "task.yaml")
				if err := os.WriteFile(task, []byte("name: cut\nconnection: {uri: \""+proxy.URI+"\"}\ntimeout: 1h\nquery: "+query+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), sqldbtest.Patience)
				defer cancel()
				var stderr bytes.Buffer
				status = run(ctx, new(partials), []string{"run", task, "-o", format, "-f", filepath.Join(dir, "out")}, bytes.NewReader(nil), io.Discard, &stderr,
					[]string{"HOME=" + dir, "WASMSQL_CACHE=" + cache})
				left, err := os.ReadDir(dir)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range left {
					if f.Name() == "task.yaml" {
						continue
					}
					info, err := f.Info()
					if err != nil {
						t.Fatal(err)
					}
					files, size = append(files, f.Name()), info.Size()
				}
				return status, files, size, stderr.String()
			}
			formats := []string{"csv", "parquet"}
			whole := map[string]int64{}
			for _, format := range formats {
				status, files, size, printed := write(format)
				if status != 0 || fmt.Sprint(files) != "[out]" {
					t.Fatalf("%d %v %s", status, files, printed)
				}
				whole[format] = size
			}
			total := int64(0)
			sqldbtest.Eventually(t, "the connection does not end", func() bool {
				total = proxy.Passed.Load()
				return total > 100_000
			})
			failed := 0
			for i, n := range []int64{0, 5, 50, 100, 200, 400, 800, total / 8, total / 4, total / 2, total - 50_000, total - 1000, total - 200, total - 60, total - 30, total - 12, total - 7, total - 1} {
				format := formats[i%2]
				proxy.After.Store(n)
				status, files, size, printed := write(format)
				switch {
				case status == 0 && (fmt.Sprint(files) != "[out]" || size != whole[format]):
					t.Errorf("%s, cut after %d of %d: done, with %v of %d bytes", format, n, total, files, size)
				case status != 0 && len(files) != 0:
					t.Errorf("%s, cut after %d of %d: exit status %d, with %v: %s", format, n, total, status, files, printed)
				case status != 0 && status != 4 && status != 1:
					t.Errorf("%s, cut after %d of %d: exit status %d: %s", format, n, total, status, printed)
				case status != 0:
					failed++
				}
			}
			if failed < 10 {
				t.Errorf("only %d of the cuts failed", failed)
			}
		})
	}
}
