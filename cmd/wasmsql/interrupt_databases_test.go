//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"
)

// TestC10InterruptEndsTheQueryOnTheServer: after a SIGINT the server no
// longer runs the statement, and what the transaction wrote is undone.
func TestC10InterruptEndsTheQueryOnTheServer(t *testing.T) {
	for dialect, c := range map[string]struct{ sleep, running string }{
		"postgres": {"INSERT INTO kept SELECT 2 FROM pg_sleep(3600)",
			"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename IS NOT NULL AND query LIKE 'INSERT%' AND state = 'active'"},
		"mysql": {"INSERT INTO kept SELECT SLEEP(3600)",
			"SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE DB = DATABASE() AND INFO LIKE 'INSERT%'"},
	} {
		t.Run(dialect, func(t *testing.T) {
			t.Parallel()
			db := serverDatabases[dialect](t)
			ask := func(statement string) string {
				rows, err := serverRows(db.AdminURI, statement)
				if err != nil {
					t.Fatal(err)
				}
				return strings.Join(rows, " ")
			}
			ask("CREATE TABLE kept (id int)")
			if dialect == "postgres" {
				ask("GRANT ALL ON kept TO PUBLIC")
			}
			p := start(t, "name: sleeps\noutputs: none\ntimeout: 1h\nconnection: {uri: \""+db.URI+"\"}\nquery: |\n  INSERT INTO kept VALUES (1);\n  "+c.sleep+"\n", nil)
			until(t, "the statement", func() bool {
				if text := p.printed(t); strings.Contains(text, "error") {
					t.Fatal(text)
				}
				return ask(c.running) == "1"
			})
			if err := p.Process.Signal(syscall.SIGINT); err != nil {
				t.Fatal(err)
			}
			if got := p.wait(t); got.ExitStatus() != 130 {
				t.Errorf("exit status %d, want 130; it printed %q", got.ExitStatus(), p.printed(t))
			}
			if got := ask(c.running); got != "0" {
				t.Errorf("%s still run", got)
			}
			if got := ask("SELECT count(*) FROM kept"); got != "0" {
				t.Errorf("%s rows are left", got)
			}
		})
	}
}
