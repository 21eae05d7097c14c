package main

import (
	"context"
	_ "embed" // peers.py
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

//go:embed peers.py
var peersPy []byte

// Versions of the tools of Python that write tables to Parquet, all of them with
// one of pyarrow.
const (
	connectorX = "0.4.6"
	adbc       = "1.13.0"
	pandas     = "3.1.1"
)

func peersVenv() sqldbtest.Venv {
	return sqldbtest.Venv{Name: "peers", Packages: []string{
		"connectorx==" + connectorX, "adbc-driver-postgresql==" + adbc, "adbc-driver-sqlite==" + adbc, "pandas==" + pandas, "pyarrow==26.0.1",
		"SQLAlchemy==2.1.9", "psycopg2-binary==2.9.13", "PyMySQL==1.2.4",
	}}
}

// peer is a tool that wasmsql run is measured beside.
type peer struct {
	name string
	slow bool // it is run once
	run  func(query string) (usage, error)
}

// peers measures wasmsql as a whole process that writes a table to a file,
// beside the database's own client, which prints its rows to nowhere, and
// beside tools that write it to Parquet.
func (b *bench) peers(ctx context.Context) error {
	all, err := b.filled(ctx)
	if err != nil {
		return err
	}
	venv := b.venv(ctx, peersVenv(), "ConnectorX, ADBC and pandas")
	if err := os.WriteFile(filepath.Join(b.dir, "peers.py"), peersPy, 0o644); err != nil {
		return err
	}
	for _, t := range all {
		for _, of := range b.tables() {
			for _, format := range []string{"parquet", "arrow"} {
				beside := b.client(t)
				if venv != "" && of.task == "large" && format == "parquet" {
					beside = append(b.pythons(ctx, t, filepath.Join(venv, "bin", "python")), beside...)
				}
				if err := b.besidePeers(ctx, t, of, format, beside); err != nil {
					return fmt.Errorf("%s: %w", t.name, err)
				}
			}
		}
	}
	return nil
}

// client returns the database's own, if it is installed.
func (b *bench) client(t *target) []peer {
	if _, err := exec.LookPath(t.client("").Args[0]); err != nil {
		return nil
	}
	return []peer{{name: t.clientName, run: func(query string) (usage, error) { return b.finish(t.client(query)) }}}
}

// pythons returns the tools that can read from a database, each with the URI
// that it takes.
func (b *bench) pythons(ctx context.Context, t *target, python string) []peer {
	tool := func(name, version, tool, uri string) peer {
		return peer{name: name + " " + version, slow: tool == "pandas", run: func(query string) (usage, error) {
			file := tool + ".parquet"
			cmd := exec.CommandContext(ctx, python, "peers.py", tool, query, file)
			cmd.Env = append(os.Environ(), "WASMSQL_BENCH_URI="+uri)
			u, err := b.finish(cmd)
			return b.wrote(file, u, err)
		}}
	}
	all := []peer{tool("ConnectorX", connectorX, "connectorx", t.uri)}
	if t.name != "mariadb" { // ADBC has no driver of its own for it
		all = append(all, tool("ADBC", adbc, "adbc", strings.TrimPrefix(t.uri, "sqlite:///")))
	}
	return append(all, tool("pandas", pandas, "pandas", pythonURI.Replace(t.uri)))
}

// besidePeers measures a process that writes a table to a file.
func (b *bench) besidePeers(ctx context.Context, t *target, of table, format string, beside []peer) error {
	ours := contestant{run: func(int) (usage, error) {
		file := "ours." + format
		u, err := b.wasmsql(ctx, b.cache, t.file()+"#"+of.task, "-f", file)
		return b.wrote(file, u, err)
	}}
	all, fast := []contestant{ours}, []contestant{ours}
	for _, p := range beside {
		c := contestant{run: func(int) (usage, error) { return p.run(of.query) }}
		if p.slow {
			c.turns = 1
		} else {
			fast = append(fast, c)
		}
		all = append(all, c)
	}
	if b.runs > 1 { // for warming up
		if _, err := contest(1, fast...); err != nil {
			return err
		}
	}
	took, err := contest(min(b.runs, 5), all...)
	if err != nil {
		return err
	}
	b.reportProcess(fmt.Sprintf("%s, %d x %d to %s", t.name, of.rows, of.columns, format), of.rows, took, beside)
	return nil
}

// reportProcess reports what the first of the processes took, which is ours,
// beside each of the others: its memory and its file beside those that write
// one, too.
func (b *bench) reportProcess(name string, rows int, took []usage, beside []peer) {
	ours := took[0]
	each := func(name, unit string, of func(usage) float64, also func(usage) bool) {
		alone := true
		for i, p := range beside {
			if u := took[i+1]; also(u) && of(u) > 0 {
				b.compare(name, of(ours), unit, p.name, of(u))
				alone = false
			}
		}
		if alone {
			b.report(name, of(ours), unit)
		}
	}
	writes := func(u usage) bool { return u.file > 0 }
	every := func(usage) bool { return true }
	each(name, "s", func(u usage) float64 { return u.seconds }, every)
	each(name+": processor time", "s", func(u usage) float64 { return u.cpu }, every)
	b.report(name+": rate", float64(rows)/ours.seconds, "rows/s")
	each(name+": peak memory", "MB", func(u usage) float64 { return u.peak }, writes)
	each(name+": file", "MB", func(u usage) float64 { return u.file }, writes)
}
