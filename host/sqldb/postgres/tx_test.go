package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestDescribedErrors is how the server's errors come out.
func TestDescribedErrors(t *testing.T) {
	d := open(t, server(t), sqldb.Config{Access: abi.ReadWrite})
	tx := beginOn(t, d, readWrite)
	exec(t, tx, "CREATE TABLE t (a int PRIMARY KEY, b text NOT NULL)")
	exec(t, tx, "INSERT INTO t VALUES (1, 'one')")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		sql  string
		want sqldb.Error
	}{
		{"SELECT 'ä', nope FROM t", sqldb.Error{Code: abi.DB, SQLState: "42703", Message: `column "nope" does not exist`, Position: 13}},
		{"SELEC 1", sqldb.Error{Code: abi.DB, SQLState: "42601", Message: `syntax error at or near "SELEC"`, Position: 1}},
		{"SELECT * FROM nope", sqldb.Error{Code: abi.DB, SQLState: "42P01", Message: `relation "nope" does not exist`, Position: 15}},
		{"INSERT INTO t VALUES (1, 'x')", sqldb.Error{Code: abi.DB, SQLState: "23505", Message: `duplicate key value violates unique constraint "t_pkey"`, Detail: "Key (a)=(1) already exists."}},
		{"SELECT 1/0", sqldb.Error{Code: abi.DB, SQLState: "22012", Message: "division by zero"}},
		{"SELECT abs('x')", sqldb.Error{Code: abi.DB, SQLState: "22P02", Message: `invalid input syntax for type double precision: "x"`, Position: 12}},
		{"SELECT 1; SELECT 2", sqldb.Error{Code: abi.InvalidArg, Message: "more than one statement in one call"}},
		{"", sqldb.Error{Code: abi.InvalidArg, Message: "the statement is empty"}},
		{" -- nothing", sqldb.Error{Code: abi.InvalidArg, Message: "the statement is empty"}},
		{"SELECT 1\x00", sqldb.Error{Code: abi.InvalidArg, Message: "the statement holds a NUL character", Position: 9}},
		{"SELECT '\xff'", sqldb.Error{Code: abi.InvalidArg, Message: "the statement is not valid UTF-8"}},
		{"COMMIT", sqldb.Error{Code: abi.Denied, Message: "COMMIT is refused", Hint: "an execution is always one transaction"}},
		{"COPY t FROM STDIN", sqldb.Error{Code: abi.DB, SQLState: "0A000", Message: "COPY to or from the client is not supported", Hint: "select the rows, or insert them"}},
		{"COPY t TO STDOUT", sqldb.Error{Code: abi.DB, SQLState: "0A000", Message: "COPY to or from the client is not supported", Hint: "select the rows, or insert them"}},
		{"VACUUM", sqldb.Error{Code: abi.DB, SQLState: "25001", Message: "VACUUM cannot run inside a transaction block", Hint: "an execution is always one transaction"}},
	} {
		for range 2 {
			tx := beginOn(t, d, readWrite)
			_, err := tx.Exec(t.Context(), c.sql, nil, true)
			e := *fault(t, err)
			e.Cause = nil
			if e != c.want {
				t.Errorf("%s: %+v", c.sql, e)
			}
			_ = tx.Rollback(t.Context())
		}
	}
	tx = beginOn(t, d, readWrite)
	_, err := tx.Exec(t.Context(), "DELETE FROM t RETURNING a", nil, false)
	if e := fault(t, err); e.Code != abi.State || e.Message != "the statement returns rows, but none are asked for" {
		t.Errorf("%+v", e)
	}
	if got := cell(t, tx, "SELECT count(*) FROM t"); got != "1" {
		t.Error("it ran")
	}
}

// TestLongMessages: what a server says may be as long as what it is given.
func TestLongMessages(t *testing.T) {
	tx := begin(t)
	exec(t, tx, "DO $$ BEGIN RAISE NOTICE '%', repeat('x', 20000000); END $$")
	_, err := tx.Exec(t.Context(), "SELECT repeat('x', 20000000)::int", nil, true)
	if e := fault(t, err); e.SQLState != "22P02" || !strings.HasPrefix(e.Message, `invalid input syntax for type integer: "xxx`) || len(e.Message) > 20000 {
		t.Errorf("%.200s", e.Message)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestChanged is how many rows a statement changed.
func TestChanged(t *testing.T) {
	tx := begin(t)
	for _, c := range []struct {
		sql  string
		want int64
	}{
		{"CREATE TABLE t (a int)", 0}, {"INSERT INTO t SELECT generate_series(1, 5)", 5}, {"UPDATE t SET a = 0 WHERE a > 3", 2}, {"DELETE FROM t WHERE a = 0 RETURNING a", 2},
		{"SELECT * FROM t", 0}, {"CREATE TABLE u AS SELECT * FROM t", 3}, {"DO 'BEGIN END'", 0}, {"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", 3}, {"SELECT FROM u", 0},
	} {
		if strings.HasPrefix(c.sql, "MERGE") && !since(t, tx, 15) {
			continue
		}
		if n := exec(t, tx, c.sql); n != c.want {
			t.Errorf("%s: %d", c.sql, n)
		}
	}
	rows, err := tx.Query(t.Context(), "INSERT INTO t VALUES (1), (2) RETURNING a", nil)
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = rows.Next(t.Context())
	}
	if err != io.EOF || rows.Changed() != 2 {
		t.Error(err, rows.Changed())
	}
}

// TestStalePlan: a statement whose columns have changed since it ran last is
// told by the server, not by memory.
func TestStalePlan(t *testing.T) {
	uri := server(t)
	d, other := open(t, uri, sqldb.Config{Access: abi.ReadWrite, Pool: sqldb.Pool{Max: 1}}), open(t, uri, sqldb.Config{Access: abi.ReadWrite})
	for i, c := range [][3]string{
		{"CREATE TABLE t AS SELECT 1 AS a", "int32", "1"}, {"ALTER TABLE t ALTER a TYPE text USING 'x'", "utf8", "x"}, {"ALTER TABLE t ALTER a TYPE numeric(5,2) USING 1.5", "decimal(5, 2)", "1.50"},
		{"ALTER TABLE t ALTER a TYPE numeric(6,3)", "decimal(6, 3)", "1.500"}, {"ALTER TABLE t ADD b int; UPDATE t SET b = 7", "decimal(6, 3)", "1.500"}, {"ALTER TABLE t DROP a", "int32", "7"}, {"ALTER TABLE t RENAME b TO c", "int32", "7"},
		{"DROP TABLE t; CREATE TABLE t AS SELECT '{1,2}'::int[] AS a", "list<int32>", "[1,2]"},
	} {
		tx := beginOn(t, other, readWrite)
		for _, sql := range strings.Split(c[0], ";") {
			exec(t, tx, sql)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			tx := beginOn(t, d, readWrite)
			schema, rec := one(t, tx, "SELECT * FROM t")
			if got := typeName(schema.Field(0)); got != c[1] || show(rec.Column(0)) != c[2] {
				t.Errorf("%d: %s %s", i, got, show(rec.Column(0)))
			}
			exec(t, tx, "SELECT 1")
			if err := tx.Commit(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	// A path that is set for the transaction changes what a name means.
	tx := beginOn(t, d, readWrite)
	exec(t, tx, "CREATE SCHEMA s")
	exec(t, tx, "CREATE TABLE s.t AS SELECT 'text' AS a")
	_ = tx.Commit(t.Context())
	for range 2 {
		for schema, want := range map[string]string{"s": "text", "public": "[1,2]"} {
			tx := beginOn(t, d, readWrite)
			exec(t, tx, "SET LOCAL search_path = "+schema)
			if got := cell(t, tx, "SELECT * FROM t"); got != want {
				t.Errorf("%s: %s", schema, got)
			}
			_ = tx.Commit(t.Context())
		}
	}
}

// TestRetryable: a deadlock and a serialization failure have had no effect.
func TestRetryable(t *testing.T) {
	d := open(t, server(t), sqldb.Config{Access: abi.ReadWrite, Args: map[string]any{"options": `-c default_transaction_isolation=serializable -c lock_timeout=60s`}})
	tx := beginOn(t, d, readWrite)
	exec(t, tx, "CREATE TABLE t AS SELECT generate_series(1, 2) AS a, 0 AS b")
	_ = tx.Commit(t.Context())
	one, two := beginOn(t, d, readWrite), beginOn(t, d, readWrite)
	exec(t, one, "SELECT sum(b) FROM t")
	exec(t, two, "SELECT sum(b) FROM t")
	exec(t, one, "UPDATE t SET b = 1 WHERE a = 1")
	exec(t, two, "UPDATE t SET b = 1 WHERE a = 2")
	if err := one.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := fault(t, two.Commit(t.Context())); e.SQLState != "40001" || !e.SafeToRetry() || e.Unknown {
		t.Errorf("%+v", e)
	}
	one, two = beginOn(t, d, readWrite), beginOn(t, d, readWrite)
	exec(t, one, "UPDATE t SET b = 2 WHERE a = 1")
	exec(t, two, "UPDATE t SET b = 2 WHERE a = 2")
	errs := make(chan error, 2)
	for i, tx := range []sqldb.Tx{one, two} {
		go func() {
			_, err := tx.Exec(t.Context(), "UPDATE t SET b = 3 WHERE a = $1", []abi.Value{intOf(abi.Int, int64(2-i))}, false)
			if err != nil {
				_ = tx.Rollback(t.Context())
			}
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs); err == nil {
		t.Error("no deadlock")
	} else if e := fault(t, err); e.SQLState != "40P01" && e.SQLState != "40001" || !e.SafeToRetry() {
		t.Errorf("%+v", e)
	}
}

// TestC14Pool: as many connections as may be, each with one transaction at a
// time; who has to wait can stop waiting.
func TestC14Pool(t *testing.T) {
	uri := server(t)
	d := open(t, uri, sqldb.Config{Pool: sqldb.Pool{Max: 3, Idle: 2}})
	var all sync.WaitGroup
	var mu sync.Mutex
	busy, pids := map[string]bool{}, map[string]int{}
	for range 12 {
		all.Go(func() {
			for range 20 {
				tx, err := d.Begin(t.Context(), sqldb.TxOptions{})
				if err != nil {
					t.Error(err)
					return
				}
				pid := cell(t, tx, "SELECT pg_backend_pid()")
				mu.Lock()
				if busy[pid] || len(busy) >= 3 {
					t.Errorf("%s is busy, with %d others", pid, len(busy))
				}
				busy[pid] = true
				pids[pid]++
				mu.Unlock()
				exec(t, tx, "SELECT pg_sleep(0.001)")
				mu.Lock()
				delete(busy, pid)
				mu.Unlock()
				if err := tx.Rollback(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if len(pids) > 60 {
		t.Errorf("%d connections for 240 transactions", len(pids))
	}
	var open []sqldb.Tx
	for range 3 {
		open = append(open, beginOn(t, d, sqldb.TxOptions{}))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := d.Begin(ctx, sqldb.TxOptions{}); fault(t, err).Code != abi.Timeout || fault(t, err).Detail != "all connections of the pool are in use" {
		t.Error(err)
	}
	for _, tx := range open {
		_ = tx.Rollback(t.Context())
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestC14OldConnections: one that is older than it may become is closed, and
// not used again.
func TestC14OldConnections(t *testing.T) {
	const lifetime = 300 * time.Millisecond
	uri := server(t)
	d := open(t, uri, sqldb.Config{Pool: sqldb.Pool{Max: 3, Idle: 2, Lifetime: lifetime}})
	watch := open(t, uri, sqldb.Config{})
	old := map[string]bool{}
	var all []sqldb.Tx
	for range 3 {
		tx := beginOn(t, d, sqldb.TxOptions{})
		old[cell(t, tx, "SELECT pg_backend_pid()")] = true
		all = append(all, tx)
	}
	for _, tx := range all {
		_ = tx.Rollback(t.Context())
	}
	time.Sleep(lifetime)
	tx := beginOn(t, d, sqldb.TxOptions{})
	if old[cell(t, tx, "SELECT pg_backend_pid()")] {
		t.Error("an old connection was used again")
	}
	sqldbtest.Eventually(t, "old connections are idle", func() bool { return inTx(t, watch, others) == "1" })
}

// TestD1BigCell: a cell over the limit is refused before it is in memory.
func TestD1BigCell(t *testing.T) {
	d := open(t, server(t), sqldb.Config{})
	tx := beginOn(t, d, sqldb.TxOptions{Batch: sqldb.Batch{Cell: 1 << 20}})
	exec(t, tx, "SELECT 1")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err := query(t, tx, "SELECT 1 AS a, repeat('x', 300000000) AS b")
	runtime.ReadMemStats(&after)
	if e := fault(t, err); e.Code != abi.Limit || e.Message != `row 1, column "b": a value of 300000000 bytes is over the limit of 1048576` {
		t.Errorf("%+v", e)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 4<<20 {
		t.Errorf("%d bytes were allocated", n)
	}
	tx = beginOn(t, d, sqldb.TxOptions{})
	_, rec := one(t, tx, "SELECT repeat('x', 50000000) AS b, repeat('y', 1000000), NULL::int")
	if n := rec.Column(0).(*array.String).ValueLen(0); n != 50000000 {
		t.Error(n)
	}
	if got := cell(t, tx, "SELECT 'small'"); got != "small" {
		t.Error(got)
	}
}

// TestD7Oracle: what Arrow has is what the server prints, over random values.
func TestD7Oracle(t *testing.T) {
	tx := begin(t)
	exec(t, tx, "SELECT setseed(0.25)")
	for _, typ := range []string{"numeric(38,0)", "numeric(38,10)", "numeric(38,37)", "numeric(20,19)", "numeric(12,2)", "numeric(5,-2)", "numeric(3,6)"} {
		if (typ == "numeric(5,-2)" || typ == "numeric(3,6)") && !since(t, tx, 15) {
			continue
		}
		p, s := 0, 0
		fmt.Sscanf(typ, "numeric(%d,%d)", &p, &s)
		sql := fmt.Sprintf(`SELECT v, v::text, ARRAY[v::numeric], ARRAY[v::numeric]::text[] FROM (SELECT ((random() - 0.5)::numeric(30,29) * 10::numeric ^ %d * 10::numeric ^ -(i %% %d) * 1.9)::%s AS v FROM generate_series(1, 3000) i) q`, p-s, p+3, typ)
		_, recs, err := query(t, tx, sql)
		if err != nil {
			t.Fatal(typ, err)
		}
		for _, rec := range recs {
			v, want := rec.Column(0).(*array.Decimal128), rec.Column(1).(*array.String)
			for i := range v.Len() {
				got := v.Value(i).ToString(int32(max(s, 0)))
				if want.Value(i) != got {
					t.Fatalf("%s: got %s, want %s", typ, got, want.Value(i))
				}
				if rec.Column(2).ValueStr(i) != rec.Column(3).ValueStr(i) {
					t.Fatalf("%s: array %s, want %s", typ, rec.Column(2).ValueStr(i), rec.Column(3).ValueStr(i))
				}
			}
		}
	}
	// extract(epoch) of a timestamp is a float before PostgreSQL 14.
	const clock = "round((extract(epoch FROM v::time) * 1000000)::numeric)"
	for typ, c := range map[string]struct{ value, micros string }{
		"timestamp": {"timestamp '4713-01-01 BC' + random() * 298000 * interval '1 year'", "(v::date - date '1970-01-01')::numeric * 86400000000 + " + clock},
		"date":      {"date '4713-01-01 BC' + (random() * 1000000)::int", "(v - date '1970-01-01')::numeric * 86400000000"},
		"time":      {"time '00:00' + random() * interval '1 day'", clock},
	} {
		_, recs, err := query(t, tx, fmt.Sprintf("SELECT %s, v FROM (SELECT (%s)::%s AS v FROM generate_series(1, 3000)) q", c.micros, c.value, typ))
		if err != nil {
			t.Fatal(typ, err)
		}
		for _, rec := range recs {
			for i := range int(rec.NumRows()) {
				var got int64
				switch v := rec.Column(1).(type) {
				case *array.Timestamp:
					got = int64(v.Value(i))
				case *array.Date32:
					got = int64(v.Value(i)) * 86_400_000_000
				case *array.Time64:
					got = int64(v.Value(i))
				}
				want, _, _ := strings.Cut(rec.Column(0).ValueStr(i), ".")
				if fmt.Sprint(got) != want {
					t.Fatalf("%s: got %d, want %s", typ, got, want)
				}
			}
		}
	}
}
