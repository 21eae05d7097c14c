package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// attacked makes a database with a table and functions that do more than they
// should, and returns it.
func attacked(t *testing.T) (sqldbtest.Database, sqldb.DB) {
	t.Helper()
	at := sqldbtest.PostgresDatabase(t)
	d := open(t, at.URI, sqldb.Config{Access: abi.ReadWrite})
	tx := beginOn(t, d, readWrite)
	for _, sql := range []string{
		"CREATE TABLE kept (a int)", "INSERT INTO kept VALUES (1)",
		"CREATE SEQUENCE counter",
		"CREATE FUNCTION ends() RETURNS int LANGUAGE plpgsql AS $$ BEGIN COMMIT; RETURN 1; END $$",
		"CREATE FUNCTION undoes() RETURNS int LANGUAGE plpgsql AS $$ BEGIN ROLLBACK; RETURN 1; END $$",
		"CREATE FUNCTION says(q text) RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE q; RETURN 1; END $$",
		"CREATE PROCEDURE commits() LANGUAGE plpgsql AS $$ BEGIN INSERT INTO kept VALUES (9); COMMIT; END $$",
		"CREATE PROCEDURE rolls() LANGUAGE plpgsql AS $$ BEGIN ROLLBACK; END $$",
		"CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO kept VALUES (5) RETURNING a'",
	} {
		exec(t, tx, sql)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	return at, d
}

// count returns what is in the table, on a connection of its own.
func count(t *testing.T, uri string) string {
	t.Helper()
	d := open(t, uri, sqldb.Config{})
	defer d.Close()
	tx, err := d.Begin(t.Context(), sqldb.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(context.Background()) }()
	return cell(t, tx, "SELECT string_agg(a::text, ' ' ORDER BY a) FROM kept")
}

// TestS1TransactionControl: no statement ends, begins or nests the
// transaction, and none of what an execution wrote is kept after it has tried.
func TestS1TransactionControl(t *testing.T) {
	at, d := attacked(t)
	for _, sql := range []string{
		"COMMIT", "commit;", "  COMMIT WORK", ";; COMMIT", "/* a /* b */ c */ COMMIT", "-- x\nCOMMIT", "--x\rCOMMIT", "\f\vCOMMIT", "COMMIT AND CHAIN", "END", "END TRANSACTION",
		"ROLLBACK", "ROLLBACK AND CHAIN", "ABORT", "BEGIN", "START TRANSACTION READ WRITE", "SAVEPOINT a", "RELEASE a", "ROLLBACK TO a", "PREPARE TRANSACTION 'x'", "COMMIT PREPARED 'x'", "ROLLBACK PREPARED 'x'",
		"SELECT ends()", "SELECT undoes()", "SELECT says('COMMIT')", "SELECT says('ROLLBACK')", "SELECT says('SAVEPOINT a')", "SELECT says('PREPARE TRANSACTION ''x''')",
		"CALL commits()", "CALL rolls()", "DO 'BEGIN COMMIT; END'", "DO $$ BEGIN ROLLBACK; INSERT INTO kept VALUES (7); COMMIT; END $$", "DO $$ BEGIN CALL commits(); END $$",
		"SET TRANSACTION ISOLATION LEVEL SERIALIZABLE READ WRITE; COMMIT", "SELECT 1; COMMIT", "SELECT 1; DELETE FROM kept; COMMIT", "SELECT ';'; COMMIT; SELECT '", "EXPLAIN ANALYZE COMMIT", "VACUUM", "DISCARD ALL", "CREATE DATABASE x",
		"COPY kept FROM STDIN", "COPY (SELECT 1) TO STDOUT", "COPY kept TO STDOUT", "EXECUTE nothing",
	} {
		for _, first := range []bool{true, false} {
			tx, err := d.Begin(t.Context(), readWrite)
			if err != nil {
				t.Fatal(err)
			}
			if !first {
				exec(t, tx, "INSERT INTO kept VALUES (3)")
			}
			if _, err = tx.Exec(t.Context(), sql, nil, true); err == nil {
				t.Errorf("%s: no error", sql)
			} else if e := fault(t, err); e.Code != abi.Denied && e.Code != abi.DB && e.Code != abi.InvalidArg {
				t.Errorf("%s: %+v", sql, e)
			}
			if err := tx.Rollback(t.Context()); err != nil {
				t.Error(err)
			}
		}
	}
	if got := count(t, at.URI); got != "1" {
		t.Errorf("kept %s", got)
	}
	tx := beginOn(t, open(t, at.AdminURI, sqldb.Config{}), sqldb.TxOptions{})
	if got := cell(t, tx, "SELECT count(*) FROM pg_prepared_xacts"); got != "0" {
		t.Error("a prepared transaction was left")
	}
}

// TestS1ReadOnly: nothing makes a read-only transaction write, on a login that
// may, whatever comes first.
func TestS1ReadOnly(t *testing.T) {
	at, d := attacked(t)
	before := []string{
		"", "SET TRANSACTION READ WRITE", "SET LOCAL transaction_read_only = off", "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE", "SET transaction_read_only TO off",
		"SELECT set_config('transaction_read_only', 'off', true)", "SELECT set_config('transaction_read_only', 'off', false)", "SET default_transaction_read_only = off",
		"SELECT says('SET TRANSACTION READ WRITE')", "DO 'BEGIN SET TRANSACTION READ WRITE; END'", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE READ WRITE", "RESET transaction_read_only", "SET transaction_read_only TO DEFAULT", "SET LOCAL transaction_read_only TO DEFAULT", "SELECT set_config('transaction_read_only', NULL, true)",
		"SELECT says('RESET transaction_read_only')", "DO 'BEGIN RESET transaction_read_only; END'", "RESET ALL", "SET SESSION AUTHORIZATION DEFAULT",
	}
	writes := []string{
		"INSERT INTO kept VALUES (2)", "WITH x AS (DELETE FROM kept RETURNING a) SELECT * FROM x", "SELECT writes()", "SELECT says('DELETE FROM kept')", "UPDATE kept SET a = 2", "TRUNCATE kept", "DROP TABLE kept", "CREATE TABLE made (a int)",
		"SELECT nextval('counter')", "SELECT * INTO made FROM kept", "CREATE TABLE made AS SELECT 1", "EXPLAIN ANALYZE DELETE FROM kept", "CALL commits()", "DO 'BEGIN DELETE FROM kept; END'", "COPY kept FROM STDIN", "SELECT lo_create(0)", "CREATE TEMP TABLE made (a int)",
		"GRANT ALL ON kept TO PUBLIC", "COMMENT ON TABLE kept IS 'x'", "ALTER TABLE kept ADD b int", "LOCK kept", "SELECT * FROM kept FOR UPDATE", "REFRESH MATERIALIZED VIEW kept", "CREATE ROLE made", "PREPARE p AS DELETE FROM kept", "NOTIFY a",
	}
	objects := func() string {
		tx := beginOn(t, d, readWrite)
		defer func() { _ = tx.Rollback(context.Background()) }()
		return cell(t, tx, "SELECT (SELECT count(*) FROM pg_largeobject_metadata) || ' ' || (SELECT count(*) FROM pg_class WHERE relname IN ('made', 'kept')) || ' ' || (SELECT count(*) FROM pg_attribute WHERE attrelid = 'kept'::regclass)")
	}
	were := objects()
	for _, access := range []abi.Access{abi.ReadOnly, abi.ReadWrite} { // of the connection; the transaction's is read-only
		d := d
		if access == abi.ReadOnly {
			d = open(t, at.URI, sqldb.Config{Access: access})
		}
		for _, b := range before {
			for _, w := range writes {
				tx, err := d.Begin(t.Context(), sqldb.TxOptions{})
				if err != nil {
					t.Fatal(err)
				}
				if b != "" {
					_, err := tx.Exec(t.Context(), b, nil, true)
					if strings.HasPrefix(b, "SET TRANSACTION") && fault(t, err).SQLState != "25001" { // there was a query of ours
						t.Errorf("%s: %v", b, err)
					}
				}
				_, err = tx.Exec(t.Context(), w, nil, true)
				// PostgreSQL 15 does not count these as writing.
				harmless := w == "NOTIFY a" || w == "SELECT lo_create(0)" || w == "LOCK kept"
				if err == nil && !harmless {
					t.Errorf("%s; %s: no error", b, w)
				}
				if err := tx.Commit(t.Context()); err != nil {
					_ = tx.Rollback(t.Context())
				}
			}
			if got := count(t, at.URI); got != "1" {
				t.Fatalf("%s: kept %s", b, got)
			}
			if got := objects(); got != were {
				t.Fatalf("%s: objects %s, were %s", b, got, were)
			}
		}
	}
	tx := beginOn(t, d, sqldb.TxOptions{})
	_, err := tx.Exec(t.Context(), "DELETE FROM kept", nil, true)
	if e := fault(t, err); e.Code != abi.Denied || e.SQLState != "25006" || e.Hint != "the connection needs access: read-write" {
		t.Errorf("%+v", e)
	}
}

// TestS20Leftovers: what an execution leaves in its session, the next one on
// the same connection does not find.
func TestS20Leftovers(t *testing.T) {
	at, _ := attacked(t)
	admin := beginOn(t, open(t, at.AdminURI, sqldb.Config{Access: abi.ReadWrite}), readWrite)
	exec(t, admin, "DROP ROLE IF EXISTS other_"+random(at))
	exec(t, admin, "CREATE ROLE other_"+random(at))
	exec(t, admin, "GRANT other_"+random(at)+" TO "+random(at)+"_owner")
	if err := admin.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer func() {
		tx := beginOn(t, open(t, at.AdminURI, sqldb.Config{Access: abi.ReadWrite}), readWrite)
		exec(t, tx, "DROP ROLE other_"+random(at))
		_ = tx.Commit(context.Background())
	}()
	d := open(t, at.URI, sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 1}})
	pid := ""
	for _, commit := range []bool{true, false} {
		for _, c := range [][3]string{ // a statement, a question, the answer
			{"SELECT 1", "SELECT 1", "1"},
			{"SET search_path = pg_catalog", "SHOW search_path", `"$user", public`},
			{"SELECT set_config('app.secret', 'canary', false)", "SELECT coalesce(current_setting('app.secret', true), '')", ""},
			{"SET statement_timeout = 12345", "SHOW statement_timeout", "0"},
			{"SET TIME ZONE 'Asia/Tokyo'", "SHOW timezone", "UTC"},
			{"SET DateStyle = German", "SHOW datestyle", "ISO, YMD"},
			{"SET extra_float_digits = -15", "SHOW extra_float_digits", "1"},
			{"SET default_transaction_read_only = on", "SHOW transaction_read_only", "off"},
			{"SET ROLE other_" + random(at), "SELECT (current_user = session_user)::text", "true"},
			{"SELECT set_config('role', 'other_" + random(at) + "', false)", "SELECT (current_user = session_user)::text", "true"},
			{"CREATE TEMP TABLE left_behind AS SELECT 1 AS a", "SELECT count(*) FROM pg_class WHERE relname = 'left_behind'", "0"},
			{"DECLARE left_behind CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*) FROM pg_cursors WHERE name <> ''", "0"},
			{"SELECT says('PREPARE left_behind AS SELECT 1')", "SELECT count(*) FROM pg_prepared_statements WHERE name <> ''", "0"},
			{"SELECT pg_advisory_lock(4711)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "0"},
			{"LISTEN left_behind", "SELECT count(*) FROM pg_listening_channels()", "0"},
			{"SELECT nextval('counter')", "SELECT count(*) FROM (SELECT 1 WHERE lastval_is_set()) q", "0"},
		} {
			tx, err := d.Begin(t.Context(), readWrite)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(c[1], "lastval_is_set") {
				exec(t, tx, "CREATE OR REPLACE FUNCTION lastval_is_set() RETURNS bool LANGUAGE plpgsql AS $$ BEGIN PERFORM lastval(); RETURN true; EXCEPTION WHEN OTHERS THEN RETURN false; END $$")
				if err := tx.Commit(t.Context()); err != nil {
					t.Fatal(err)
				}
				if tx, err = d.Begin(t.Context(), readWrite); err != nil {
					t.Fatal(err)
				}
			}
			exec(t, tx, c[0])
			if commit {
				err = tx.Commit(t.Context())
			} else {
				err = tx.Rollback(t.Context())
			}
			if err != nil {
				t.Fatal(c[0], err)
			}
			tx = beginOn(t, d, readWrite)
			if got := cell(t, tx, c[1]); got != c[2] {
				t.Errorf("%s: left %q", c[0], got)
			}
			now := cell(t, tx, "SELECT pg_backend_pid()")
			if pid != "" && now != pid {
				t.Errorf("%s: on a connection of its own", c[0])
			}
			pid = now
			if err := tx.Rollback(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// random returns the name that the test's database has.
func random(at sqldbtest.Database) string { return at.URI[strings.LastIndexByte(at.URI, '/')+1:] }

// TestAlteredSession: a statement that changes how the next one is read ends
// the transaction, and its connection.
func TestAlteredSession(t *testing.T) {
	at, d := attacked(t)
	for _, sql := range []string{
		"SET standard_conforming_strings = off", "SELECT set_config('standard_conforming_strings', 'off', true)", "SET client_encoding = latin1", "SELECT set_config('client_encoding', 'SJIS', false)",
	} {
		tx, err := d.Begin(t.Context(), readWrite)
		if err != nil {
			t.Fatal(err)
		}
		exec(t, tx, "INSERT INTO kept VALUES (2)")
		_, err = tx.Exec(t.Context(), sql, nil, true)
		if e := fault(t, err); e.Code != abi.Denied || !strings.HasPrefix(e.Message, "the statement changes ") {
			t.Errorf("%s: %+v", sql, e)
		}
		if _, err := tx.Exec(t.Context(), "SELECT 1", nil, true); err == nil {
			t.Errorf("%s: another statement ran", sql)
		}
		if err := tx.Commit(t.Context()); err == nil {
			t.Errorf("%s: committed", sql)
		}
		_ = tx.Rollback(t.Context())
	}
	if got := count(t, at.URI); got != "1" {
		t.Errorf("kept %s", got)
	}
}

// TestFailedTransaction: after an error there is nothing to commit.
func TestFailedTransaction(t *testing.T) {
	at, d := attacked(t)
	tx := beginOn(t, d, readWrite)
	exec(t, tx, "INSERT INTO kept VALUES (2)")
	if _, err := tx.Exec(t.Context(), "SELECT 1/0", nil, true); fault(t, err).SQLState != "22012" {
		t.Error(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT 1", nil, true); fault(t, err).Code != abi.State {
		t.Error(err)
	}
	if err := tx.Commit(t.Context()); fault(t, err).Message != "the transaction cannot be committed, since a statement of it failed" {
		t.Error(err)
	}
	for range 3 { // one that only reads says so too
		tx = beginOn(t, d, single)
		if _, err := tx.Exec(t.Context(), "SELECT 1/0", nil, true); fault(t, err).SQLState != "22012" {
			t.Error(err)
		}
		if err := tx.Commit(t.Context()); fault(t, err).Code != abi.State {
			t.Error(err)
		}
	}
	tx = beginOn(t, d, readWrite)
	exec(t, tx, "CREATE TABLE deferred (a int UNIQUE DEFERRABLE INITIALLY DEFERRED)")
	exec(t, tx, "INSERT INTO deferred VALUES (1), (1)")
	if e := fault(t, tx.Commit(t.Context())); e.SQLState != "23505" || e.Unknown || e.Code != abi.DB {
		t.Errorf("%+v", e)
	}
	if got := count(t, at.URI); got != "1" {
		t.Errorf("kept %s", got)
	}
}
