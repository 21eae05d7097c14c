package host_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// endless are tasks that would go on for hours, by what they are busy with.
var endless = map[string]map[string]string{
	"postgres": {
		"sleeping": "SELECT pg_sleep(3600)",
		"counting": "SELECT count(*) FROM generate_series(1, 1000000000000) a",
		"sending":  "SELECT a, repeat('x', 1000) AS b FROM generate_series(1, 1000000000000) a",
		"writing":  "INSERT INTO kept SELECT a FROM generate_series(1, 1000000000000) a",
		"waiting":  "UPDATE locked SET id = 2",
	},
	"mysql": {
		"sleeping": "SELECT SLEEP(3600)",
		"counting": "SELECT BENCHMARK(1000000000000, SHA2('a', 256))",
		"sending":  "SELECT seq, REPEAT('x', 1000) AS b FROM seq_1_to_1000000000000",
		"writing":  "INSERT INTO kept SELECT seq FROM seq_1_to_1000000000000",
		"waiting":  "UPDATE locked SET id = 2",
	},
}

// TestC10EndedExecutionsAreGone (C10): when Run returns, after a deadline, after
// a cancellation or because the Host was closed, the server no longer runs the
// query, and nothing of the transaction is left.
func TestC10EndedExecutionsAreGone(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			db := s.database(t)
			execute(t, db.URI, "CREATE TABLE kept (id bigint)", "CREATE TABLE locked (id int)", "INSERT INTO locked VALUES (1)")
			running := loadOn(t, openServer(t, db.AdminURI, abi.ReadWrite), host.Task{Name: "running", Query: s.queries, Outputs: abi.Outputs{Mode: abi.OutputAny}})
			holder := begin(t, db.URI)
			defer func() { _ = holder.Rollback(context.Background()) }()
			if _, err := holder.Exec(t.Context(), "UPDATE locked SET id = 3", nil, true); err != nil {
				t.Fatal(err)
			}
			many := "seq_1_to_1000000000000"
			if isMySQL(t, s, db.URI) { // which has no sequences
				const columns = "information_schema.COLUMNS"
				many = "(SELECT 1 AS seq FROM " + columns + " a, " + columns + " b, " + columns + " c, " + columns + " d) q"
			}
			for busy, query := range endless[s.name] {
				query = strings.Replace(query, "seq_1_to_1000000000000", many, 1)
				for _, by := range []string{"deadline", "cancel", "close"} {
					h := openServer(t, db.URI, abi.ReadWrite, func(c *host.Config) {
						c.Limits.Timeout = time.Hour
						if by == "deadline" {
							c.Limits.Timeout = 400 * time.Millisecond
						}
					})
					task := host.Task{Name: busy, Query: query}
					if busy == "writing" || busy == "waiting" {
						task.Query = "INSERT INTO kept VALUES (1);\n" + query
						task.Outputs.Mode = abi.OutputNone
					}
					p := loadOn(t, h, task)
					ctx, cancel := context.WithCancel(context.Background())
					done := make(chan error, 1)
					go func() {
						_, err := p.Run(ctx, nil, slow{host.Discard()})
						done <- err
					}()
					seen := false
					for start := time.Now(); !seen && time.Since(start) < sqldbtest.Patience && len(done) == 0; time.Sleep(5 * time.Millisecond) {
						seen = busyWith(asked(t, running), query)
					}
					if !seen && by != "deadline" { // which may come first on a busy machine
						t.Errorf("%s: never seen on the server", busy)
					}
					want := host.CodeCanceled
					switch by {
					case "deadline":
						want = host.CodeLimit
					case "cancel":
						cancel()
					case "close":
						if err := h.Close(); err != nil {
							t.Error(err)
						}
					}
					err := <-done
					if got := asked(t, running); busyWith(got, query) {
						t.Errorf("%s, ended by %s: the server still runs %s", busy, by, got)
					}
					if got, message := code(err); got != want {
						t.Errorf("%s, ended by %s: %s: %s", busy, by, got, message)
					}
					cancel()
				}
			}
			if got := ask(t, openServer(t, db.URI, abi.ReadOnly), "SELECT count(*) FROM kept"); got != "[\"0\"]\n" {
				t.Errorf("left are %s", got)
			}
		})
	}
}

// busyWith reports whether a query is among those of a process list.
func busyWith(list, query string) bool {
	return strings.Contains(list, strings.SplitN(query, "'", 2)[0])
}

// slow is a Sink that takes a batch every now and then.
type slow struct{ host.Sink }

func (slow) Write(arrow.Record) error { time.Sleep(20 * time.Millisecond); return nil }

// TestTimeLimitOfServer: a limit of the server's own is told as that, and not
// as the execution's deadline.
func TestTimeLimitOfServer(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			db := s.database(t)
			owner := db.URI[strings.LastIndexByte(db.URI, '/')+1:] + "_owner"
			limit, query := "ALTER ROLE "+owner+" SET statement_timeout = 1000", "SELECT pg_sleep(3600)"
			message := "statement timeout"
			if s.name == "mysql" {
				limit, query = "ALTER USER "+owner+"@'%' WITH MAX_STATEMENT_TIME 1", "SELECT SLEEP(3600)"
				message = "the server's time limit for statements passed"
			}
			if isMySQL(t, s, db.URI) { // a hint takes the place of its setting, which is for all
				const columns = "information_schema.COLUMNS"
				limit, query = "DO 0", "SELECT /*+ MAX_EXECUTION_TIME(50) */ COUNT(*) FROM "+columns+" a, "+columns+" b, "+columns+" c, "+columns+" d"
			}
			execute(t, db.AdminURI, limit)
			p := loadOn(t, openServer(t, db.URI, abi.ReadWrite), host.Task{Query: query, Outputs: abi.Outputs{Mode: abi.OutputNone}})
			_, err := p.Run(t.Context(), nil, host.Discard())
			if got, said := code(err); got != host.CodeLimit || !strings.Contains(said, message) {
				t.Errorf("%s: %s, want %s: %s", got, said, host.CodeLimit, message)
			}
		})
	}
}
