//go:build unix

package postgres_test

import (
	"context"
	"database/sql"
	"io"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

const benchRows = 2_000_000

// benchTable makes 2 M rows of int8, int4, float8, text of 50 k distinct, bool
// and timestamp, and returns its database.
func benchTable(b *testing.B) string {
	b.Helper()
	uri := server(b)
	tx := beginOn(b, open(b, uri, sqldb.Config{Access: abi.ReadWrite}), readWrite)
	exec(b, tx, `CREATE TABLE t AS SELECT i::int8 AS id, ((i::int8*7919)%100000)::int4 AS n, i*float8 '0.37' AS x,
		'customer-' || lpad((i%50000)::text, 5, '0') AS s, i%3=0 AS ok, timestamp '2017-07-14' + i * interval '1 second' AS at
		FROM generate_series(1, $1) i`, abi.Value{Type: abi.Type{Kind: abi.Int}, Int: benchRows})
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	tx = beginOn(b, open(b, uri, sqldb.Config{}), sqldb.TxOptions{})
	exec(b, tx, "SELECT count(*) FROM t") // the hint bits
	return uri
}

// cpu returns the processor time that the process has used: without the
// server's, which decides how long a read takes as soon as the client is faster.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRead reads a table to Arrow, beside database/sql into any, in one
// run. Where the server has a processor of its own, it is what takes the time:
// the processor time of the client is told too.
func BenchmarkRead(b *testing.B) {
	uri := benchTable(b)
	var ours, theirs, ourCPU time.Duration
	b.Run("arrow", func(b *testing.B) {
		d := open(b, uri, sqldb.Config{})
		readArrow(b, d, "SELECT * FROM t LIMIT 1", 1)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := cpu()
		for b.Loop() {
			readArrow(b, d, "SELECT * FROM t", benchRows)
		}
		ourCPU = (cpu() - start) / time.Duration(b.N)
		b.ReportMetric(ourCPU.Seconds(), "client-cpu-s")
		runtime.ReadMemStats(&after)
		ours = b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(benchRows/ours.Seconds(), "rows/s")
		b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N)/benchRows, "allocs/row")
	})
	b.Run("database-sql", func(b *testing.B) {
		start := cpu()
		for b.Loop() {
			readAny(b, uri)
		}
		if used := (cpu() - start) / time.Duration(b.N); ourCPU > 0 {
			b.ReportMetric(used.Seconds(), "client-cpu-s")
			b.ReportMetric(used.Seconds()/ourCPU.Seconds(), "times-cpu")
		}
		theirs = b.Elapsed() / time.Duration(b.N)
		b.ReportMetric(benchRows/theirs.Seconds(), "rows/s")
		if ours > 0 {
			b.ReportMetric(theirs.Seconds()/ours.Seconds(), "times-slower")
		}
	})
}

func readArrow(b *testing.B, d sqldb.DB, sql string, want int64) {
	tx, err := d.Begin(b.Context(), sqldb.TxOptions{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	rows, err := tx.Query(b.Context(), sql, nil)
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
	if n != want {
		b.Fatalf("%d rows", n)
	}
}

func readAny(b *testing.B, uri string) {
	db, err := sql.Open("pgx", uri)
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

// BenchmarkPoint is a transaction with one query by key, beside the bare
// prepared query on one connection, in one run.
func BenchmarkPoint(b *testing.B) {
	uri := server(b)
	tx := beginOn(b, open(b, uri, sqldb.Config{Access: abi.ReadWrite}), readWrite)
	exec(b, tx, "CREATE TABLE p (id int8 PRIMARY KEY, name text)")
	exec(b, tx, "INSERT INTO p SELECT i, 'name ' || i FROM generate_series(1, 10000) i")
	if err := tx.Commit(b.Context()); err != nil {
		b.Fatal(err)
	}
	const query = "SELECT id, name FROM p WHERE id = $1"
	var bare time.Duration
	b.Run("bare", func(b *testing.B) {
		c, err := pgconn.Connect(b.Context(), uri)
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close(context.Background())
		if _, err := c.Prepare(b.Context(), "q", query, nil); err != nil {
			b.Fatal(err)
		}
		id := [][]byte{{0, 0, 0, 0, 0, 0, 0, 7}}
		for b.Loop() {
			if r := c.ExecPrepared(b.Context(), "q", id, []int16{1}, []int16{1}).Read(); r.Err != nil || len(r.Rows) != 1 {
				b.Fatal(r.Err)
			}
		}
		bare = b.Elapsed() / time.Duration(b.N)
	})
	b.Run("transaction", func(b *testing.B) {
		d := open(b, uri, sqldb.Config{})
		id := []abi.Value{{Type: abi.Type{Kind: abi.Int}, Int: 7}}
		for b.Loop() {
			tx, err := d.Begin(b.Context(), sqldb.TxOptions{})
			if err != nil {
				b.Fatal(err)
			}
			rows, err := tx.Query(b.Context(), query, id)
			if err != nil {
				b.Fatal(err)
			}
			for err == nil {
				_, err = rows.Next(b.Context())
			}
			if err != io.EOF {
				b.Fatal(err)
			}
			_ = rows.Close()
			if err := tx.Commit(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.Elapsed()/time.Duration(b.N))/float64(bare), "times-bare")
	})
}
