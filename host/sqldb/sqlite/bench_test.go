package sqlite_test

import (
	"context"
	"database/sql"
	"io"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

const benchRows = 2_000_000

// benchTable is 2 M rows of int, int, real, text of 50 k distinct, bool and
// timestamp.
func benchTable(b *testing.B) string {
	b.Helper()
	path := filepath.Join(b.TempDir(), "bench.db")
	tx := begin(b, path, abi.ReadWrite)
	exec(b, tx, `CREATE TABLE t (id INTEGER PRIMARY KEY, n INT, x REAL, s TEXT, ok BOOLEAN, at DATETIME)`)
	exec(b, tx, `WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM c WHERE i < ?)
		INSERT INTO t SELECT i, (i*7919)%100000, i*0.37, printf('customer-%05d', i%50000), i%3=0,
		strftime('%Y-%m-%d %H:%M:%f', 1500000000+i, 'unixepoch') FROM c`, abi.Value{Type: abi.Type{Kind: abi.Int}, Int: benchRows})
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	return path
}

// BenchmarkRead reads a table to Arrow, beside database/sql into any with the
// same engine, in one run.
func BenchmarkRead(b *testing.B) {
	path := benchTable(b)
	var ours, theirs time.Duration
	b.Run("arrow", func(b *testing.B) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for b.Loop() {
			readArrow(b, path)
		}
		runtime.ReadMemStats(&after)
		ours = b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(benchRows/ours.Seconds(), "rows/s")
		b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N)/benchRows, "allocs/row")
	})
	b.Run("database-sql", func(b *testing.B) {
		for b.Loop() {
			readAny(b, path)
		}
		theirs = b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(benchRows/theirs.Seconds(), "rows/s")
		if ours > 0 {
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times-slower")
		}
	})
}

func readArrow(b *testing.B, path string) {
	tx := begin(b, path, abi.ReadOnly)
	rows, err := tx.Query(b.Context(), "SELECT * FROM t", nil)
	if err != nil {
		b.Fatal(err)
	}
	n := int64(0)
	for {
		rec, err := rows.Next(b.Context())
		if err == io.EOF {
			break
		}
		if err != nil {
			b.Fatal(err)
		}
		n += rec.NumRows()
		rec.Release()
	}
	if n != benchRows {
		b.Fatalf("%d rows", n)
	}
	_ = tx.Rollback(context.Background())
}

func readAny(b *testing.B, path string) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT * FROM t")
	if err != nil {
		b.Fatal(err)
	}
	defer rows.Close()
	var v [6]any
	to := []any{&v[0], &v[1], &v[2], &v[3], &v[4], &v[5]}
	n := 0
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if n != benchRows {
		b.Fatalf("%d rows: %v", n, rows.Err())
	}
}

// BenchmarkBegin is a transaction with one small query.
func BenchmarkBegin(b *testing.B) {
	path := filepath.Join(b.TempDir(), "small.db")
	tx := begin(b, path, abi.ReadWrite)
	exec(b, tx, "CREATE TABLE t (a INT)")
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	d := open(b, path, abi.ReadOnly)
	b.ResetTimer()
	for b.Loop() {
		tx, err := d.Begin(b.Context(), sqldb.TxOptions{})
		if err != nil {
			b.Fatal(err)
		}
		rows, err := tx.Query(b.Context(), "SELECT * FROM t", nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := rows.Next(b.Context()); err != io.EOF {
			b.Fatal(err)
		}
		_ = rows.Close()
		if err := tx.Commit(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
