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
	"slices"
	"strconv"

	mysqldriver "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // beside ours
	_ "modernc.org/sqlite"             // beside ours

	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// The queries of the tables. The columns of readings are those that comparisons
// of such tools have: int8, int4, float8, a text of 50,000 distinct values, bool
// and timestamp. The other table has half as many rows, and a number of two
// digits behind the point and a date beside them.
const (
	largeQuery = "SELECT id, kind, value, label, ok, at FROM readings"
	wideQuery  = "SELECT id, kind, value, label, ok, at, amount, day FROM wide"
	pointQuery = "SELECT id, label FROM readings WHERE id = "
)

// table is one that is read as a whole.
type table struct {
	task, query string
	columns     int
	rows        int
}

func (b *bench) tables() []table {
	return []table{{"large", largeQuery, 6, b.rows}, {"wide", wideQuery, 8, b.rows / 2}}
}

// target is a database that is measured.
type target struct {
	name        string
	uri         string
	driver      sqldb.Driver
	placeholder string
	make        map[string]string // templates that make the tables, by their tasks
	open        func() (*sql.DB, error)
	client      func(query string) *exec.Cmd // the database's own, that prints to nowhere
	clientName  string
	stop        func() error
}

// kind is a kind of database that can be started.
type kind struct {
	name  string
	start func(*bench) (*target, error)
}

func kinds() []kind {
	return []kind{{"sqlite", (*bench).sqlite}, {"postgresql", (*bench).postgres}, {"mariadb", (*bench).mariadb}}
}

// started starts a database. It is nil where its programs are not installed,
// which is said.
func (b *bench) started(k kind) (*target, error) {
	t, err := k.start(b)
	var missing *sqldbtest.Missing
	if errors.As(err, &missing) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return nil, nil
	}
	return t, err
}

// filled returns the databases of these names that are there, with their
// tables; without names all. Each is started and filled once, for all parts in
// a row that use tables.
func (b *bench) filled(ctx context.Context, names ...string) ([]*target, error) {
	if b.targets == nil {
		b.targets = map[string]*target{}
	}
	var all []*target
	for _, k := range kinds() {
		if len(names) > 0 && !slices.Contains(names, k.name) {
			continue
		}
		t, known := b.targets[k.name]
		if !known {
			var err error
			if t, err = b.startFilled(ctx, k); err != nil {
				return nil, fmt.Errorf("%s: %w", k.name, err)
			}
			b.targets[k.name] = t
		}
		if t != nil {
			all = append(all, t)
		}
	}
	return all, nil
}

func (b *bench) startFilled(ctx context.Context, k kind) (*target, error) {
	t, err := b.started(k)
	if t == nil || err != nil {
		return nil, err
	}
	if err := b.fill(ctx, t, b.rows, b.tables()...); err != nil {
		return nil, errors.Join(err, t.stop())
	}
	for _, of := range b.tables() { // what a first reading still writes is not measured
		if err := t.client(of.query).Run(); err != nil && !errors.Is(err, exec.ErrNotFound) {
			return nil, errors.Join(err, t.stop())
		}
	}
	return t, nil
}

// stopTargets stops the databases that are started.
func (b *bench) stopTargets() error {
	var errs []error
	for _, t := range b.targets {
		if t != nil {
			errs = append(errs, t.stop())
		}
	}
	b.targets = nil
	return errors.Join(errs...)
}

// file is the name of the tasks of a database: one for each table, that returns
// all of it, and first, that returns so many rows of the large one.
func (t *target) file() string { return t.name + ".yaml" }

// fill writes the tasks of a database and makes tables, the large one with so
// many rows.
func (b *bench) fill(ctx context.Context, t *target, rows int, tables ...table) error {
	tasks := fmt.Sprintf("name: first\nconnection: {uri: %q}\ntimeout: 20m\ninputs: {n: int}\nquery: %s LIMIT {{ .inputs.n }}\n", t.uri, largeQuery)
	for _, of := range tables {
		tasks += fmt.Sprintf("---\nname: %s\nconnection: {uri: %q}\ntimeout: 20m\nquery: %s\n", of.task, t.uri, of.query) +
			fmt.Sprintf("---\nname: fill-%s\nconnection: {uri: %q}\noutputs: none\ntimeout: 20m\ninputs: {rows: int}\nquery: |%s\n", of.task, t.uri, t.make[of.task])
	}
	if err := os.WriteFile(filepath.Join(b.dir, t.file()), []byte(tasks), 0o600); err != nil {
		return err
	}
	for _, of := range tables {
		if _, err := b.wasmsql(ctx, b.cache, t.file()+"#fill-"+of.task, "-i", fmt.Sprintf("rows=%d", rows)); err != nil {
			return err
		}
	}
	return nil
}

// postgresTables and the others make the tables, by their tasks' names.
var postgresTables = map[string]string{"large": `
  CREATE TABLE readings AS SELECT i::int8 AS id, (i % 1000)::int4 AS kind, i * float8 '0.37' AS value, 'label number ' || (i::int8 * 7919 % 50000) AS label, i % 3 = 0 AS ok, timestamp '2020-01-01' + i * interval '1 second' AS at FROM generate_series(1, {{ .inputs.rows }}) i;
  ALTER TABLE readings ADD PRIMARY KEY (id)`, "wide": `
  CREATE TABLE wide AS SELECT *, (id * 0.25)::numeric(12,2) AS amount, at::date AS day FROM readings WHERE id <= {{ .inputs.rows // 2 }}`}

var mariadbTables = map[string]string{"large": `
  CREATE TABLE readings (id BIGINT PRIMARY KEY, kind INT NOT NULL, value DOUBLE NOT NULL, label VARCHAR(40) NOT NULL, ok TINYINT(1) NOT NULL, at DATETIME NOT NULL);
  INSERT INTO readings SELECT seq, seq % 1000, seq * 0.37, concat('label number ', seq * 7919 % 50000), seq % 3 = 0, '2020-01-01' + INTERVAL seq SECOND FROM seq_1_to_1000000000 WHERE seq <= {{ .inputs.rows }}`, "wide": `
  CREATE TABLE wide AS SELECT *, CAST(id * 0.25 AS DECIMAL(12,2)) AS amount, DATE(at) AS day FROM readings WHERE id <= {{ .inputs.rows // 2 }}`}

var sqliteTables = map[string]string{"large": `
  CREATE TABLE readings (id BIGINT NOT NULL, kind INT NOT NULL, value DOUBLE NOT NULL, label TEXT NOT NULL, ok BOOLEAN NOT NULL, at TIMESTAMP NOT NULL);
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {{ .inputs.rows }})
  INSERT INTO readings
  SELECT i, i % 1000, i * 0.37, 'label number ' || (i * 7919 % 50000), i % 3 = 0, datetime(1600000000 + i, 'unixepoch') FROM n;
  CREATE INDEX by_id ON readings (id)`, "wide": `
  CREATE TABLE wide (id BIGINT NOT NULL, kind INT NOT NULL, value DOUBLE NOT NULL, label TEXT NOT NULL, ok BOOLEAN NOT NULL, at TIMESTAMP NOT NULL, amount DECIMAL(12,2) NOT NULL, day DATE NOT NULL);
  INSERT INTO wide SELECT *, id * 0.25, date(at) FROM readings WHERE id <= {{ .inputs.rows // 2 }}`}

func (b *bench) postgres() (*target, error) {
	s, err := sqldbtest.NewPostgres("shared_buffers=512MB", "max_parallel_workers_per_gather=0")
	if err != nil {
		return nil, err
	}
	if err := s.Start(); err != nil {
		return nil, err
	}
	return &target{
		name: "postgresql", uri: s.AdminURI, driver: postgres.Driver{}, placeholder: "$1", make: postgresTables,
		open: func() (*sql.DB, error) { return sql.Open("pgx", s.AdminURI) },
		client: func(query string) *exec.Cmd {
			return exec.Command("psql", s.AdminURI, "-qX", "-c", "COPY ("+query+") TO STDOUT (FORMAT binary)")
		}, clientName: "psql, COPY binary",
		stop: func() error { s.Stop(); return nil },
	}, nil
}

func (b *bench) mariadb() (*target, error) {
	s, err := sqldbtest.NewMariaDB("innodb_buffer_pool_size=512M")
	if err != nil {
		return nil, err
	}
	if err := s.Start(); err != nil {
		return nil, err
	}
	_, err = s.Client(s.AdminURI, "CREATE DATABASE bench")
	var u sqldb.URI
	if err == nil {
		u, err = sqldb.ParseURI(s.AdminURI)
	}
	if err != nil {
		s.Stop()
		return nil, err
	}
	port := strconv.Itoa(u.Port)
	cfg := mysqldriver.NewConfig()
	cfg.User, cfg.Passwd, cfg.DBName, cfg.Net, cfg.Addr = u.User, u.Password.Reveal(), "bench", "tcp", net.JoinHostPort(u.Host, port)
	return &target{
		name: "mariadb", driver: mysql.Driver{}, placeholder: "?", make: mariadbTables,
		uri:  fmt.Sprintf("mysql://%s:%s@%s:%s/bench", u.User, u.Password.Reveal(), u.Host, port),
		open: func() (*sql.DB, error) { return sql.Open("mysql", cfg.FormatDSN()) },
		client: func(query string) *exec.Cmd {
			cmd := exec.Command("mariadb", "--no-defaults", "--quick", "--batch", "-h", u.Host, "-P", port, "-u", u.User, "bench", "-e", query)
			cmd.Env = append(os.Environ(), "MYSQL_PWD="+u.Password.Reveal())
			return cmd
		}, clientName: "mariadb --quick",
		stop: func() error { s.Stop(); return nil },
	}, nil
}

func (b *bench) sqlite() (*target, error) {
	file := filepath.Join(b.dir, "tables.db")
	return &target{
		name: "sqlite", uri: "sqlite:///" + file, driver: sqlite.Driver{}, placeholder: "?1", make: sqliteTables,
		open:   func() (*sql.DB, error) { return sql.Open("sqlite", file) },
		client: func(query string) *exec.Cmd { return exec.Command("sqlite3", "-csv", file, query) }, clientName: "sqlite3 -csv",
		stop: func() error { return os.Remove(file) },
	}, nil
}
