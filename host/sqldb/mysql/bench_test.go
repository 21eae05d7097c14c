package mysql

import (
	"context"
	"database/sql"
	"io"
	"runtime"
	"strconv"
	"testing"
	"time"

	driver "github.com/go-sql-driver/mysql"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

const benchRows = 2_000_000

// benchTable is what the read benchmarks read: benchRows rows of six columns.
var benchTable = []string{
	`CREATE TABLE big (id bigint NOT NULL, n int NOT NULL, x double NOT NULL, name varchar(40) NOT NULL, ok tinyint(1) NOT NULL, at datetime NOT NULL) ENGINE=MyISAM`,
	`CREATE TABLE digits (d int) ENGINE=MyISAM`,
	`INSERT INTO digits VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9)`,
	`INSERT INTO big SELECT i, i % 100000, i / 7, CONCAT('name of the row ', i % 50000), i % 3 = 0, '2020-01-01' + INTERVAL i SECOND
	 FROM (SELECT a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d + 100000 * g.d + 1000000 * h.d AS i
	       FROM digits a, digits b, digits c, digits e, digits f, digits g, (SELECT d FROM digits WHERE d < 2) h) q`,
}

const benchQuery = "SELECT id, n, x, name, ok, at FROM big"

// dsn returns the database as database/sql takes it.
func dsn(b *testing.B, d *db) *sql.DB {
	cfg := driver.NewConfig()
	l := d.settings.given
	cfg.User, cfg.Passwd, cfg.DBName, cfg.Net = l.user, l.password.Reveal(), l.database, "tcp"
	cfg.Addr = l.host + ":" + strconv.Itoa(l.port)
	cfg.Logger = nowhere{}
	c, err := driver.NewConnector(cfg)
	if err != nil {
		b.Fatal(err)
	}
	pool := sql.OpenDB(c)
	b.Cleanup(func() { _ = pool.Close() })
	return pool
}

// BenchmarkRead reads 2 M x 6 rows into Arrow, and with database/sql into any.
func BenchmarkRead(b *testing.B) {
	d := open(b)
	must(b, d, benchTable...)
	pool := dsn(b, d)
	var ours, theirs float64
	b.Run("arrow", func(b *testing.B) {
		ours = perSecond(b, func() int64 { return readAll(b, d) })
	})
	b.Run("database-sql-text", func(b *testing.B) {
		theirs = perSecond(b, func() int64 { return scanAll(b, pool) })
	})
	b.Run("database-sql-prepared", func(b *testing.B) {
		perSecond(b, func() int64 { return scanAll(b, pool, 0) })
	})
	if ours > 0 && theirs > 0 {
		b.Logf("%.0f rows/s against %.0f: %.2f times", ours, theirs, ours/theirs)
	}
}

func perSecond(b *testing.B, read func() int64) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var rows int64
	start := time.Now()
	for b.Loop() {
		n := read()
		if n != benchRows {
			b.Fatalf("%d rows", n)
		}
		rows += n
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	rate := float64(rows) / took.Seconds()
	b.ReportMetric(rate, "rows/s")
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(rows), "allocs/row")
	return rate
}

func readAll(b *testing.B, d *db) (rows int64) {
	ctx := context.Background()
	x, err := d.Begin(ctx, sqldb.TxOptions{Access: abi.ReadOnly})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = x.Rollback(ctx) }()
	r, err := x.Query(ctx, benchQuery, nil)
	if err != nil {
		b.Fatal(err)
	}
	for {
		rec, err := r.Next(ctx)
		if err == io.EOF {
			return rows
		}
		if err != nil {
			b.Fatal(err)
		}
		rows += rec.NumRows()
		rec.Release()
	}
}

func scanAll(b *testing.B, pool *sql.DB, least ...any) (n int64) {
	query := benchQuery
	if len(least) > 0 {
		query += " WHERE id >= ?"
	}
	rows, err := pool.Query(query, least...)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	row := make([]any, 6)
	into := make([]any, 6)
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if err := rows.Err(); err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkPoint runs a query for one row in a transaction of its own, and the
// bare prepared statement on one connection.
func BenchmarkPoint(b *testing.B) {
	owner := open(b)
	must(b, owner, "CREATE TABLE p (id int PRIMARY KEY, v varchar(20)) ENGINE=InnoDB", "INSERT INTO p SELECT seq, seq FROM seq_1_to_1000")
	const sql = "SELECT v FROM p WHERE id = ?"
	b.Run("bare", func(b *testing.B) {
		stmt, err := dsn(b, owner).Prepare(sql)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			var v string
			if err := stmt.QueryRow(500).Scan(&v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("bare-own", func(b *testing.B) {
		x := begin(b, owner)
		s, err := x.c.prepare(sql)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			p, err := x.c.execute(s, []abi.Value{num(500)})
			if err != nil {
				b.Fatal(err)
			}
			r := &rows{tx: x, sql: sql, verb: reads}
			if err := r.open(p); err != nil {
				b.Fatal(err)
			}
			if rec, err := r.fill(); err != nil || rec.NumRows() != 1 {
				b.Fatal(err)
			}
		}
	})
	for _, pause := range []time.Duration{0, time.Millisecond} {
		for _, access := range []abi.Access{abi.ReadOnly, abi.ReadWrite} {
			b.Run(access.String()+"/pause="+pause.String(), func(b *testing.B) {
				d := open2(b, owner, access)
				var sum time.Duration
				var n int
				for b.Loop() {
					time.Sleep(pause)
					start := time.Now()
					point(b, d, access, sql)
					sum += time.Since(start)
					n++
				}
				b.ReportMetric(float64(sum.Nanoseconds())/float64(n), "ns/point")
			})
		}
	}
}

func open2(b *testing.B, owner *db, access abi.Access) *db {
	s := *owner.settings
	d := newDB(&s, sqldb.Config{Access: access})
	b.Cleanup(func() { _ = d.Close() })
	return d
}

func point(b *testing.B, d *db, access abi.Access, sql string) {
	ctx := context.Background()
	x, err := d.Begin(ctx, sqldb.TxOptions{Access: access})
	if err != nil {
		b.Fatal(whole(err))
	}
	r, err := x.Query(ctx, sql, []abi.Value{num(500)})
	if err != nil {
		b.Fatal(whole(err))
	}
	rec, err := r.Next(ctx)
	if err != nil || rec.NumRows() != 1 {
		b.Fatal(err)
	}
	rec.Release()
	if _, err := r.Next(ctx); err != io.EOF {
		b.Fatal(err)
	}
	if err := x.Commit(ctx); err != nil {
		b.Fatal(err)
	}
	_ = x.Rollback(ctx)
}
