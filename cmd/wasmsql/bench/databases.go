package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	mysqldriver "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // beside ours
	_ "modernc.org/sqlite"             // beside ours

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// The queries of the measurements: 2 M rows of six columns, and half as many
// with a number of two digits behind the point and a date beside them.
const (
	largeQuery = "SELECT id, kind, value, label, ok, at FROM readings"
	wideQuery  = "SELECT id, kind, value, label, ok, at, amount, day FROM wide"
	pointQuery = "SELECT id, label FROM readings WHERE id = "
)

// target is a database that is measured.
type target struct {
	name        string
	uri         string
	driver      sqldb.Driver
	placeholder string
	fill        string // a template
	open        func() (*sql.DB, error)
	client      func(query string) *exec.Cmd // the database's own, that prints to nowhere
	clientName  string
}

// databases measures each database that is there: first what whole processes
// do, since their peak memory counts from what this one holds when it starts
// them.
func (b *bench) databases(ctx context.Context) error {
	var all []*target
	for _, make := range []func() (*target, func(), error){b.sqlite, b.postgres, b.mariadb} {
		t, stop, err := make()
		var missing *sqldbtest.Missing
		if errors.As(err, &missing) {
			fmt.Fprintln(os.Stderr, "bench:", err)
			continue
		}
		if err != nil {
			return err
		}
		defer stop()
		all = append(all, t)
	}
	for _, measure := range []func(context.Context, *target) error{b.tables, b.containers, b.reading, b.point} {
		for _, t := range all {
			if err := measure(ctx, t); err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
		}
	}
	return nil
}

const postgresFill = `
  CREATE TABLE readings AS SELECT i::int8 AS id, (i % 1000)::int4 AS kind, i * float8 '0.37' AS value, 'label number ' || (i::int8 * 7919 % 50000) AS label, i % 3 = 0 AS ok, timestamp '2020-01-01' + i * interval '1 second' AS at FROM generate_series(1, {{ .inputs.rows }}) i;
  ALTER TABLE readings ADD PRIMARY KEY (id);
  CREATE TABLE wide AS SELECT *, (id * 0.25)::numeric(12,2) AS amount, at::date AS day FROM readings WHERE id <= {{ .inputs.rows // 2 }}`

const mariadbFill = `
  CREATE TABLE readings (id BIGINT PRIMARY KEY, kind INT NOT NULL, value DOUBLE NOT NULL, label VARCHAR(40) NOT NULL, ok TINYINT(1) NOT NULL, at DATETIME NOT NULL);
  INSERT INTO readings SELECT seq, seq % 1000, seq * 0.37, concat('label number ', seq * 7919 % 50000), seq % 3 = 0, '2020-01-01' + INTERVAL seq SECOND FROM seq_1_to_10000000 WHERE seq <= {{ .inputs.rows }};
  CREATE TABLE wide AS SELECT *, CAST(id * 0.25 AS DECIMAL(12,2)) AS amount, DATE(at) AS day FROM readings WHERE id <= {{ .inputs.rows // 2 }}`

const sqliteFill = `
  CREATE INDEX by_id ON readings (id);
  CREATE TABLE wide (id BIGINT NOT NULL, kind INT NOT NULL, value DOUBLE NOT NULL, label TEXT NOT NULL, ok BOOLEAN NOT NULL, at TIMESTAMP NOT NULL, amount DECIMAL(12,2) NOT NULL, day DATE NOT NULL);
  INSERT INTO wide SELECT *, id * 0.25, date(at) FROM readings WHERE id <= {{ .inputs.rows // 2 }}`

func (b *bench) postgres() (*target, func(), error) {
	s, err := sqldbtest.NewPostgres("shared_buffers=512MB", "max_parallel_workers_per_gather=0")
	if err != nil {
		return nil, nil, err
	}
	if err := s.Start(); err != nil {
		return nil, nil, err
	}
	return &target{
		name: "postgresql", uri: s.AdminURI, driver: postgres.Driver{}, placeholder: "$1", fill: postgresFill,
		open: func() (*sql.DB, error) { return sql.Open("pgx", s.AdminURI) },
		client: func(query string) *exec.Cmd {
			return exec.Command("psql", s.AdminURI, "-qX", "-c", "COPY ("+query+") TO STDOUT (FORMAT binary)")
		}, clientName: "psql, COPY binary",
	}, s.Stop, nil
}

func (b *bench) mariadb() (*target, func(), error) {
	s, err := sqldbtest.NewMariaDB("innodb_buffer_pool_size=512M")
	if err != nil {
		return nil, nil, err
	}
	if err := s.Start(); err != nil {
		return nil, nil, err
	}
	if _, err := s.Client(s.AdminURI, "CREATE DATABASE bench"); err != nil {
		s.Stop()
		return nil, nil, err
	}
	u, err := sqldb.ParseURI(s.AdminURI)
	if err != nil {
		s.Stop()
		return nil, nil, err
	}
	port := strconv.Itoa(u.Port)
	cfg := mysqldriver.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName, cfg.Net, cfg.Addr = u.User, u.Password.Reveal(), "bench", "tcp", net.JoinHostPort(u.Host, port)
	return &target{
		name: "mariadb", driver: mysql.Driver{}, placeholder: "?", fill: mariadbFill,
		uri:  fmt.Sprintf("mysql://%s:%s@%s:%s/bench", u.User, u.Password.Reveal(), u.Host, port),
		open: func() (*sql.DB, error) { return sql.Open("mysql", cfg.FormatDSN()) },
		client: func(query string) *exec.Cmd {
			cmd := exec.Command("mariadb", "--no-defaults", "--quick", "--batch", "-h", u.Host, "-P", port, "-u", u.User, "bench", "-e", query)
			cmd.Env = append(os.Environ(), "MYSQL_PWD="+u.Password.Reveal())
			return cmd
		}, clientName: "mariadb --quick",
	}, s.Stop, nil
}

func (b *bench) sqlite() (*target, func(), error) {
	file := filepath.Join(b.dir, "bench.db")
	t := &target{
		name: "sqlite", uri: "sqlite:///" + file, driver: sqlite.Driver{}, placeholder: "?1", fill: sqliteFill,
		open:   func() (*sql.DB, error) { return sql.Open("sqlite", file) },
		client: func(query string) *exec.Cmd { return exec.Command("sqlite3", "-csv", file, query) }, clientName: "sqlite3 -csv",
	}
	return t, func() {}, nil
}

// tables fills the tables of a database and measures whole processes that
// write them to files.
func (b *bench) tables(ctx context.Context, t *target) error {
	tasks := fmt.Sprintf("name: fill\nconnection: {uri: %[1]q}\noutputs: none\ntimeout: 20m\ninputs: {rows: int}\nquery: |%[2]s\n"+
		"---\nname: large\nconnection: {uri: %[1]q}\ntimeout: 20m\nquery: %[3]s\n---\nname: wide\nconnection: {uri: %[1]q}\ntimeout: 20m\nquery: %[4]s\n",
		t.uri, t.fill, largeQuery, wideQuery)
	file := t.name + ".yaml"
	if err := os.WriteFile(filepath.Join(b.dir, file), []byte(tasks), 0o600); err != nil {
		return err
	}
	if _, err := b.wasmsql(ctx, b.cache, file+"#fill", "-i", fmt.Sprintf("rows=%d", b.rows)); err != nil {
		return err
	}
	for _, q := range []string{largeQuery, wideQuery} { // what a first reading still writes is not measured
		if err := t.client(q).Run(); err != nil && !errors.Is(err, exec.ErrNotFound) {
			return err
		}
	}
	for _, m := range []struct {
		task, query string
		rows        int
	}{{"large", largeQuery, b.rows}, {"wide", wideQuery, b.rows / 2}} {
		if err := b.processes(ctx, t, file+"#"+m.task, m.query, m.rows); err != nil {
			return err
		}
	}
	return nil
}

// processes measures wasmsql as a whole process, beside the database's client.
func (b *bench) processes(ctx context.Context, t *target, task, query string, rows int) error {
	columns := "6"
	if query == wideQuery {
		columns = "8"
	}
	client := 0.0
	if _, err := exec.LookPath(t.client(query).Args[0]); err == nil {
		u, err := b.repeat(min(b.runs, 5), func(int) (usage, error) {
			cmd := t.client(query)
			began := time.Now()
			err := cmd.Run()
			return usage{seconds: time.Since(began).Seconds()}, err
		})
		if err != nil {
			return err
		}
		client = u.seconds
	}
	for _, format := range []string{"parquet", "arrow"} {
		out := filepath.Join(b.dir, "out."+format)
		u, err := b.repeat(min(b.runs, 5), func(int) (usage, error) { return b.wasmsql(ctx, b.cache, task, "-f", out) })
		if err != nil {
			return err
		}
		info, err := os.Stat(out)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("%s, %d x %s to %s", t.name, rows, columns, format)
		if client > 0 {
			b.compare(name, u.seconds, "s", t.clientName, client)
		} else {
			b.report(name, u.seconds, "s")
		}
		b.report(name+": rate", float64(rows)/u.seconds, "rows/s")
		b.report(name+": peak memory", u.peak, "MB")
		b.report(name+": file", float64(info.Size())/1e6, "MB")
	}
	return nil
}

// point measures one warm execution of a query for one row, beside the same
// query, prepared, on a connection of its own.
func (b *bench) point(ctx context.Context, t *target) error {
	uri, err := sqldb.ParseURI(t.uri)
	if err != nil {
		return err
	}
	pool, err := t.open()
	if err != nil {
		return err
	}
	defer pool.Close()
	conn, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	prepared, err := conn.PrepareContext(ctx, pointQuery+t.placeholder)
	if err != nil {
		return err
	}
	defer prepared.Close()
	h, err := host.New(ctx, host.Config{
		Drivers:     map[string]sqldb.Driver{uri.Scheme: t.driver},
		Connections: map[string]host.Connection{"db": {URI: uri}},
	})
	if err != nil {
		return err
	}
	defer h.Close()
	kind := abi.Type{Kind: abi.Int}
	p, err := h.Load(ctx, host.Task{Name: "point", Query: pointQuery + "{{ .inputs.id }}", Inputs: []host.Input{{Name: "id", Type: kind}}, Connection: "db"})
	if err != nil {
		return err
	}
	query := func(id int64) error {
		var label string
		return prepared.QueryRowContext(ctx, id).Scan(&id, &label)
	}
	run := func(id int64) error {
		_, err := p.Run(ctx, host.Inputs{"id": {Type: kind, Int: id}}, host.Discard())
		return err
	}
	var ours, bare []float64
	for i := 0; i < warmRuns; i += turnRuns {
		one, err := b.turnOf(query, i)
		if err != nil {
			return err
		}
		other, err := b.turnOf(run, i)
		if err != nil {
			return err
		}
		if i >= warmRuns/10 {
			bare, ours = append(bare, one...), append(ours, other...)
		}
	}
	b.compare(t.name+", one warm execution", median(ours), "µs", "the bare prepared query", median(bare))
	b.compare(t.name+", one warm execution: p10", percentile(ours, 10), "µs", "the bare prepared query", percentile(bare, 10))
	return b.profiled(t.name+"-warm", func() error {
		for i := 0; i < warmRuns; i += turnRuns {
			if _, err := b.turnOf(run, i); err != nil {
				return err
			}
		}
		return nil
	})
}

// turnRuns is how many executions are measured in a row, before it is the
// other's turn: what one leaves to be done behind its back, such as cleaning a
// session, is then in its own time.
const turnRuns = 50

// turnOf returns the times of f in microseconds.
func (b *bench) turnOf(f func(id int64) error, from int) ([]float64, error) {
	var times []float64
	for i := from; i < from+turnRuns; i++ {
		began := time.Now()
		if err := f(int64(i%min(1000, b.rows) + 1)); err != nil {
			return nil, err
		}
		times = append(times, micros(time.Since(began)))
	}
	return times, nil
}
