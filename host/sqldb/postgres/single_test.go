package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

var single = sqldb.TxOptions{Single: true}

// TestSingle: a transaction of one statement that only reads is over on the
// server when its rows are read, and the statement before it leaves nothing.
func TestSingle(t *testing.T) {
	at, _ := attacked(t)
	d := open(t, at.URI, sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 1}})
	watch := open(t, at.URI, sqldb.Config{})
	for _, c := range [][3]string{ // a statement, a question, the answer
		{"SELECT 1", "SELECT 1", "1"},
		{"SELECT set_config('search_path', 'pg_catalog', false)", "SELECT current_setting('search_path')", `"$user", public`},
		{"SELECT set_config('app.secret', 'canary', false)", "SELECT coalesce(current_setting('app.secret', true), '')", ""},
		{"SELECT says('PREPARE left_behind AS SELECT 1')", "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''", "0"},
		{"SELECT pg_advisory_lock(4711)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "0"},
	} {
		pid := ""
		for round := range 3 { // from the second on the statement is planned
			tx := beginOn(t, d, single)
			cell(t, tx, c[0])
			if _, err := tx.Query(t.Context(), "SELECT 1", nil); fault(t, err).Code != abi.State {
				t.Errorf("%s: a second statement: %v", c[0], err)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Errorf("%s: %v", c[0], err)
			}
			tx = beginOn(t, d, single)
			if got := cell(t, tx, c[1]); got != c[2] {
				t.Errorf("%s: left %q", c[0], got)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Error(err)
			}
			tx = beginOn(t, d, single)
			now := cell(t, tx, "SELECT pg_backend_pid()")
			if pid != "" && now != pid {
				t.Errorf("%s: on a connection of its own", c[0])
			}
			pid = now
			if round > 0 {
				waitIdle(t, watch, pid)
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	if got := count(t, at.URI); got != "1" {
		t.Error(got)
	}
}

// waitIdle waits until a session is in no transaction.
func waitIdle(t *testing.T, d sqldb.DB, pid string) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		tx := beginOn(t, d, sqldb.TxOptions{})
		state := cell(t, tx, "SELECT state FROM pg_stat_activity WHERE pid = "+pid)
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if state == "idle" {
			return
		}
		if time.Now().After(end) {
			t.Errorf("the session is %q", state)
			return
		}
	}
}

// TestSingleFails: whatever becomes of a statement with which its transaction
// ends, what follows on the connection is right.
func TestSingleFails(t *testing.T) {
	at, admin := attacked(t)
	d := open(t, at.URI, sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 1}})
	change := func(sql string) {
		t.Helper()
		tx, err := admin.Begin(t.Context(), readWrite)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, tx, sql)
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	change("CREATE VIEW seen AS SELECT 7::int4 AS a")
	for round, also := range []string{
		"", "CREATE OR REPLACE VIEW seen AS SELECT 7::int4 AS a, 'x'::text AS b", // another number of columns
		"DROP VIEW seen; ", "CREATE VIEW seen AS SELECT 'seven'::text AS a", "",
	} {
		if also == "DROP VIEW seen; " {
			change("DROP VIEW seen")
		} else if also != "" {
			change(also)
		}
		tx := beginOn(t, d, single)
		rows, err := tx.Query(t.Context(), "SELECT * FROM seen", nil)
		if also == "DROP VIEW seen; " {
			if e := fault(t, err); e.SQLState != "42P01" {
				t.Errorf("%d: %+v", round, e)
			}
			_ = tx.Rollback(t.Context())
			continue
		}
		if err != nil {
			t.Fatal(round, err)
		}
		rec, err := rows.Next(t.Context())
		if err != nil {
			t.Fatal(round, err)
		}
		want := "7"
		if round > 2 {
			want = "seven"
		}
		if got := rec.Column(0).ValueStr(0); got != want {
			t.Errorf("%d: %s", round, got)
		}
		rec.Release()
		_ = rows.Close()
		if err := tx.Commit(t.Context()); err != nil {
			t.Error(round, err)
		}
	}
	for range 3 {
		for _, sql := range []string{"SELECT 1 / (a - 1) FROM kept", "SELECT writes()", "SELECT says('SET TRANSACTION READ WRITE')", "SELECT ends()", "SELECT says('RESET transaction_read_only')", "SELECT 1; SELECT 2", "WITH x AS (DELETE FROM kept RETURNING a) SELECT * FROM x", "SELECT $1"} {
			tx := beginOn(t, d, single)
			rows, err := tx.Query(t.Context(), sql, nil)
			if err == nil {
				_, err = rows.Next(t.Context())
			}
			if err == nil && tx.Commit(t.Context()) == nil {
				t.Errorf("%s: no error", sql)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Error(sql, err)
			}
			after := beginOn(t, d, single)
			if got := cell(t, after, "SELECT a::text || current_setting('transaction_read_only') FROM kept"); got != "1on" {
				t.Errorf("%s: %s follows", sql, got)
			}
			_ = after.Rollback(t.Context())
		}
	}
}

// TestSingleCutShort: a cursor that is closed early, and a context that ends,
// leave neither a statement on the server nor an answer for the next one.
func TestSingleCutShort(t *testing.T) {
	at, _ := attacked(t)
	d := open(t, at.URI, sqldb.Config{Pool: sqldb.Pool{Max: 1}})
	watch := open(t, at.URI, sqldb.Config{})
	next := func() {
		t.Helper()
		tx := beginOn(t, d, single)
		if got := cell(t, tx, "SELECT a::text FROM kept"); got != "1" {
			t.Error(got)
		}
		_ = tx.Commit(t.Context())
	}
	for range 3 {
		for _, n := range []string{"20000", "1000000000"} {
			tx := beginOn(t, d, single)
			rows, err := tx.Query(t.Context(), "SELECT generate_series(1, "+n+") AS single_cut", nil)
			if err != nil {
				t.Fatal(err)
			}
			if n == "20000" {
				_ = rows.Close()
				_ = tx.Commit(t.Context())
			}
			_ = tx.Rollback(t.Context())
			next()
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		tx := beginOn(t, d, single)
		if _, err := tx.Query(ctx, "SELECT pg_sleep(100), 'single_cut'", nil); err == nil {
			t.Error(err)
		}
		cancel()
		_ = tx.Rollback(t.Context())
		next()
	}
	tx := beginOn(t, watch, sqldb.TxOptions{})
	if got := cell(t, tx, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%single_cut%' AND state <> 'idle' AND pid <> pg_backend_pid()"); got != "0" {
		t.Errorf("%s statements run still", got)
	}
}

// TestSingleWrites: a transaction of one statement that may write is committed,
// or not, like any other, also if its statement looks like one that reads.
func TestSingleWrites(t *testing.T) {
	at, _ := attacked(t)
	d := open(t, at.URI, sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 1}})
	want := "1"
	for _, commit := range []bool{true, true, true, false, true} { // from the second on the statement is planned
		for _, c := range [][2]string{
			{"SELECT writes()", " 5"}, {"WITH x AS (INSERT INTO kept VALUES (6) RETURNING a) SELECT * FROM x", " 6"}, {"INSERT INTO kept VALUES (7)", " 7"},
		} {
			tx := beginOn(t, d, sqldb.TxOptions{Access: abi.ReadWrite, Single: true})
			exec(t, tx, c[0])
			if _, err := tx.Exec(t.Context(), "DELETE FROM kept", nil, true); fault(t, err).Code != abi.State {
				t.Errorf("%s: a second statement: %v", c[0], err)
			}
			if !commit {
				_ = tx.Rollback(t.Context())
				continue
			}
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
			want += c[1]
		}
		tx := beginOn(t, d, single)
		if got := cell(t, tx, "SELECT string_agg(a::text, ' ' ORDER BY ctid) FROM kept"); got != want {
			t.Errorf("kept %s, want %s", got, want)
		}
		_ = tx.Commit(t.Context())
	}
}

// TestC12Cancelled: a session in which something was cancelled is not used again:
// a cancel request that comes late would hit the next execution.
func TestC12Cancelled(t *testing.T) {
	d := open(t, server(t), sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 1}})
	pid := func() string {
		tx := beginOn(t, d, single)
		defer func() { _ = tx.Commit(context.Background()) }()
		return cell(t, tx, "SELECT pg_backend_pid()")
	}
	for _, opts := range []sqldb.TxOptions{single, {}, readWrite} {
		for range 3 { // from the second on the statement is planned
			before := pid()
			if now := pid(); now != before {
				t.Fatal("a session is not used again")
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			tx := beginOn(t, d, opts)
			if _, err := tx.Query(ctx, "SELECT pg_sleep(3600)", nil); fault(t, err).Code != abi.Timeout {
				t.Error(err)
			}
			cancel()
			_ = tx.Rollback(t.Context())
			if now := pid(); now == before {
				t.Errorf("%+v: the session is used again", opts)
			}
		}
	}
}
