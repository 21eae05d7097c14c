package mysql

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// These statements come to the driver without the policy before it, which
// refuses nearly all of them.

// exec runs a statement in the transaction.
func exec(t *testing.T, x *tx, sql string) error {
	t.Helper()
	_, err := x.Exec(ctxOf(t), sql, nil, true)
	return err
}

// TestS1TransactionControl: a statement that ends the host's transaction, or
// nests another, is found out, and nothing follows it.
func TestS1TransactionControl(t *testing.T) {
	d := open(t)
	must(t, d, append(table1,
		"CREATE PROCEDURE commits() BEGIN COMMIT; END",
		"CREATE PROCEDURE hides() BEGIN COMMIT; START TRANSACTION; END",
		"CREATE PROCEDURE guesses() BEGIN COMMIT; START TRANSACTION; SAVEPOINT w; END",
		"CREATE PROCEDURE rolls() BEGIN ROLLBACK; END",
		"CREATE PROCEDURE autocommits() BEGIN SET autocommit = 1; END",
	)...)
	maria := isMariaDB(t, d)
	for _, sql := range []string{
		"COMMIT", "ROLLBACK", "START TRANSACTION", "START TRANSACTION READ WRITE", "BEGIN", "BEGIN WORK", "COMMIT AND CHAIN", "ROLLBACK AND CHAIN", "SAVEPOINT a",
		"ROLLBACK TO SAVEPOINT a", "RELEASE SAVEPOINT a", "/* x */ COMMIT", "-- x\nCOMMIT", "# x\n COMMIT AND CHAIN", "BEGIN NOT ATOMIC COMMIT; START TRANSACTION; END",
		"XA START 'x'", "XA COMMIT 'x'", "(COMMIT)",
	} {
		x := begin(t, d)
		err := exec(t, x, sql)
		if e := fails(t, err); e.Code != abi.Denied || e.Message != "what begins or ends a transaction is refused" {
			t.Errorf("%s: %s", sql, whole(err))
		}
		if got := one(t, x, "SELECT 5"); got != "5" {
			t.Error(sql)
		}
		_ = x.Rollback(ctxOf(t))
	}
	for _, sql := range []string{
		"SET autocommit=1", "SET @@session.autocommit=ON", "CALL commits()", "CALL hides()", "CALL guesses()", "CALL rolls()", "CALL autocommits()",
		"/*!50000 COMMIT */", "/*M!100000 COMMIT */", "/*! BEGIN */", "/*! START TRANSACTION */", "/*! COMMIT AND CHAIN */", "LOCK TABLES t WRITE", "/*! CREATE TABLE z (id int) */",
		"EXECUTE IMMEDIATE 'COMMIT AND CHAIN'", "EXECUTE IMMEDIATE 'ROLLBACK AND CHAIN'", "ANALYZE TABLE t",
	} {
		if !maria && (strings.HasPrefix(sql, "/*M") || strings.HasPrefix(sql, "EXECUTE")) {
			continue // comments to MySQL, and what it cannot parse
		}
		x := begin(t, d)
		if err := exec(t, x, "UPDATE t SET v = v + 10"); err != nil {
			t.Fatal(err)
		}
		err := exec(t, x, sql)
		if e := fails(t, err); e.Message != "the statement ended the transaction" || e.Code != abi.State || e.SafeToRetry() {
			t.Errorf("%s: %s", sql, whole(err))
		}
		if _, err := x.Query(ctxOf(t), "SELECT 1", nil); err == nil {
			t.Errorf("%s: a query follows", sql)
		}
		if err := x.Commit(ctxOf(t)); err == nil {
			t.Errorf("%s: the commit claims something", sql)
		}
		_ = x.Rollback(ctxOf(t))
	}
	for sql, want := range map[string]string{
		"/*! XA START 'x' */": "XAE09", "SET TRANSACTION READ ONLY": "25001", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE": "25001",
		"SELECT 1; COMMIT": "42000", "DO 1; COMMIT": "42000", "DO 1;;COMMIT": "42000",
	} {
		x := begin(t, d)
		if e := fails(t, exec(t, x, sql)); e.SQLState != want {
			t.Errorf("%s: %s", sql, whole(e))
		}
		if got := one(t, x, "SELECT 5"); got != "5" {
			t.Error(sql)
		}
		_ = x.Rollback(ctxOf(t))
	}
}

// TestS1ReadOnly: a read-only transaction that is left is not left for one
// that writes.
func TestS1ReadOnly(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	owner := openURI(t, base)
	must(t, owner, append(table1,
		"CREATE PROCEDURE writes() BEGIN COMMIT; UPDATE t SET v = 99; COMMIT; START TRANSACTION READ ONLY; END",
		"CREATE PROCEDURE hides() BEGIN COMMIT; START TRANSACTION READ WRITE; UPDATE t SET v = 95; COMMIT; START TRANSACTION READ ONLY; END",
		"CREATE FUNCTION touch() RETURNS int MODIFIES SQL DATA BEGIN UPDATE t SET v = 98; RETURN 1; END",
	)...)
	d := openURI(t, base, readOnly)
	for _, sql := range []string{
		"COMMIT", "START TRANSACTION", "CALL writes()", "CALL hides()", "/* x */call hides()", "/*! CALL hides() */", "EXECUTE IMMEDIATE 'CALL hides()'",
		"PREPARE p FROM 'CALL hides()'", "SET STATEMENT max_statement_time = 9 FOR CALL hides()", "DO hides()", "HANDLER t OPEN", "LOCK TABLES t WRITE", "FLUSH TABLES", "/*! ROLLBACK */", "SET autocommit=1", "/*! BEGIN NOT ATOMIC COMMIT; UPDATE t SET v = 97; END */",
	} {
		x := begin(t, d)
		if err := exec(t, x, sql); err == nil {
			t.Errorf("%s: not found out", sql)
		}
		if err := exec(t, x, "UPDATE t SET v = 96"); err == nil {
			t.Errorf("%s: a write follows", sql)
		}
		_ = x.Rollback(ctxOf(t))
	}
	x := begin(t, d)
	if e := fails(t, exec(t, x, "SELECT touch()")); e.Code != abi.Denied {
		t.Error(whole(e))
	}
	if got := one(t, begin(t, owner), "SELECT SUM(v) FROM t"); got != "3" {
		t.Error("the database has changed:", got)
	}
}

// TestImplicitCommit: DDL commits by itself. The task goes on in a transaction
// of its own, nothing of it is retried, and what follows can be undone.
func TestImplicitCommit(t *testing.T) {
	d := open(t)
	must(t, d, table1...)
	x := begin(t, d)
	for _, sql := range []string{"UPDATE t SET v = 10 WHERE id = 1", "CREATE TABLE u (id int PRIMARY KEY) ENGINE=InnoDB", "UPDATE t SET v = 20 WHERE id = 2"} {
		if err := exec(t, x, sql); err != nil {
			t.Fatal(sql, whole(err))
		}
	}
	if err := exec(t, x, "CREATE TABLE u (id int)"); err == nil {
		t.Error("made twice")
	}
	if err := exec(t, x, "UPDATE t SET v = 30 WHERE id = 2"); err != nil {
		t.Error("after DDL that failed:", whole(err))
	}
	_ = x.Rollback(ctxOf(t))
	// The second CREATE TABLE committed what ran before it, though it failed.
	if got := one(t, begin(t, d), "SELECT GROUP_CONCAT(v ORDER BY id) FROM t"); got != "10,20" {
		t.Error(got)
	}
	x = begin(t, d)
	for _, sql := range []string{"DROP TABLE u", "INSERT INTO t VALUES (3,3)"} {
		if err := exec(t, x, sql); err != nil {
			t.Fatal(sql, whole(err))
		}
	}
	if err := x.Commit(ctxOf(t)); err != nil {
		t.Error(err)
	}
	if got := one(t, begin(t, d), "SELECT COUNT(*) FROM t"); got != "3" {
		t.Error(got)
	}
	// A temporary table commits nothing.
	x = begin(t, d)
	for _, sql := range []string{"UPDATE t SET v = 77", "CREATE TEMPORARY TABLE tmp (id int)", "INSERT INTO tmp VALUES (1)", "DROP TEMPORARY TABLE tmp"} {
		if err := exec(t, x, sql); err != nil {
			t.Fatal(sql, whole(err))
		}
	}
	_ = x.Rollback(ctxOf(t))
	if got := one(t, begin(t, d), "SELECT COUNT(*) FROM t WHERE v = 77"); got != "0" {
		t.Error(got)
	}
}

// TestC12NothingIsLeft: of what an execution leaves in its session the next
// one finds nothing, whether the session was reset or another is used.
func TestC12NothingIsLeft(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	u, _ := sqldb.ParseURI(base)
	plain := []string{
		"SELECT @leak := 7", "SELECT GET_LOCK('left', 0)", "INSERT INTO t VALUES (NULL)", "SELECT SQL_CALC_FOUND_ROWS seq FROM seq_1_to_9 LIMIT 1",
		"SELECT taints()",
	}
	timeLimit, state0 := "max_statement_time = 0.0001", "@@max_statement_time, @@tx_isolation, @@tx_read_only"
	d := openURI(t, base, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle = 1, 1 })
	if !isMariaDB(t, d) {
		timeLimit, state0 = "max_execution_time = 1", "@@max_execution_time, @@transaction_isolation, @@transaction_read_only"
	}
	sequences(t, d, "seq_1_to_9")
	tainted := []string{
		"SET @leak = 7", "SET SESSION group_concat_max_len = 5", "SET time_zone = '+09:00'", "SET SESSION sql_mode = 'ANSI_QUOTES'", "SET NAMES latin1",
		"CREATE TEMPORARY TABLE tmp (id int)", "CREATE TEMPORARY TABLE t (id int)", "PREPARE p FROM 'SELECT 1'", "SET ROLE NONE", "USE information_schema",
		"SET SESSION " + timeLimit, "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED", "HANDLER t OPEN", "SET lc_time_names = 'de_DE'",
		"SET timestamp = 1", "SET SESSION sql_select_limit = 1", "SET insert_id = 77",
	}
	must(t, d, "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB",
		"CREATE FUNCTION taints() RETURNS int BEGIN SET @leak = 7; SET time_zone = '+09:00'; SET sql_mode = 'ANSI_QUOTES'; SET SESSION group_concat_max_len = 5; RETURN 1; END")
	state := func() string {
		x := begin(t, d)
		defer func() { _ = x.Rollback(ctxOf(t)) }()
		return one(t, x, `SELECT CONVERT(CONCAT_WS('|', IFNULL(@leak, 'none'), @@group_concat_max_len, @@time_zone, @@sql_mode, @@character_set_client, @@character_set_results,
			DATABASE(), IS_FREE_LOCK('left'), `+state0+`, @@lc_time_names, LAST_INSERT_ID(), FOUND_ROWS() < 2, NOW() > '2020-01-01', @@sql_select_limit,
			(SELECT COUNT(*) FROM t WHERE id = 0), IFNULL(CURRENT_ROLE(), 'none'), @@autocommit, @@insert_id) USING utf8mb4) v`)
	}
	clean := state()
	if !strings.Contains(clean, "+00:00") || !strings.Contains(clean, "utf8mb4|utf8mb4|"+u.Database+"|1|") {
		t.Errorf("a new session: %s", clean)
	}
	for _, sql := range append(plain, tainted...) {
		x := begin(t, d)
		if _, err := read(ctxOf(t), x, sql); err != nil {
			t.Errorf("%s: %s", sql, whole(err))
		}
		if err := x.Commit(ctxOf(t)); err != nil {
			t.Errorf("%s: %s", sql, whole(err))
		}
		if got := state(); got != clean {
			t.Errorf("%s leaves something:\n%s\n%s", sql, got, clean)
		}
		x = begin(t, d)
		for probe, want := range map[string]string{"SELECT 1 FROM tmp": "42S02", "EXECUTE p": "HY000", "HANDLER t READ FIRST": "42S02"} {
			if e := fails(t, exec(t, x, probe)); e.SQLState != want {
				t.Errorf("%s leaves something: %s: %s", sql, probe, whole(e))
			}
		}
		_ = x.Rollback(ctxOf(t))
	}
}

// TestReset: a session is used again after plain statements, and not after
// others.
func TestReset(t *testing.T) {
	d := open(t, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle = 1, 1 })
	must(t, d, table1...)
	run := func(statements ...string) uint64 {
		x := begin(t, d)
		id := x.c.id
		for _, sql := range statements {
			if _, err := read(ctxOf(t), x, sql); err != nil {
				t.Fatal(sql, whole(err))
			}
		}
		if err := x.Commit(ctxOf(t)); err != nil {
			t.Fatal(err)
		}
		return id
	}
	run("SELECT 1")
	first := run("SELECT 1", "UPDATE t SET v = 1")
	if second := run("SET @a = 1"); second != first {
		t.Error("not used again after plain statements")
	}
	if third := run("SELECT 1"); third == first {
		t.Error("used again after others")
	}
	run("SELECT 1")
	for name, harm := range map[string]func(x *tx){
		"an error": func(x *tx) {
			if _, err := read(ctxOf(t), x, "SELECT nothing"); err == nil {
				t.Error("no error")
			}
		},
		"an error midway": func(x *tx) {
			if _, err := read(ctxOf(t), x, "SELECT id, (SELECT id FROM t WHERE t.id <= o.id) FROM t o ORDER BY id"); err == nil {
				t.Error("no error")
			}
		},
		"a cursor whose context ended": func(x *tx) {
			r, err := x.Query(ctxOf(t), "SELECT REPEAT('x', 200000) FROM t", nil)
			if err != nil {
				t.Fatal(whole(err))
			}
			ctx, cancel := context.WithCancel(context.Background())
			x.c.conn = &slow{x.c.conn, cancel}
			if _, err := r.Next(ctx); fails(t, err).Code != abi.Canceled {
				t.Error(whole(err))
			}
			_ = r.Close()
		},
	} {
		x := begin(t, d)
		harm(x)
		_ = x.Commit(ctxOf(t))
		_ = x.Rollback(ctxOf(t))
		if y := begin(t, d); y.c.id == x.c.id {
			t.Errorf("used again after %s", name)
		} else if err := y.Commit(ctxOf(t)); err != nil {
			t.Fatal(whole(err))
		}
	}
}

// slow is a connection on which a context ends before the next read.
type slow struct {
	net.Conn
	cancel func()
}

func (s *slow) Read(p []byte) (int, error) {
	s.cancel()
	time.Sleep(50 * time.Millisecond) // until whoever waits for it is under way
	return s.Conn.Read(p)
}

// TestS16ServerFiles: a LOAD DATA LOCAL is refused, and nothing of this machine
// is read.
func TestS16ServerFiles(t *testing.T) {
	d := open(t)
	must(t, d, "CREATE TABLE t (line text) ENGINE=InnoDB")
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("canary"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"LOAD DATA LOCAL INFILE '" + file + "' INTO TABLE t", "LOAD DATA LOCAL INFILE 'Reader::x' INTO TABLE t", "LOAD DATA INFILE '" + file + "' INTO TABLE t",
		"SELECT 'x' INTO OUTFILE '" + file + ".out'", "SELECT 'x' INTO DUMPFILE '" + file + ".out'",
	} {
		x := begin(t, d)
		err := exec(t, x, sql)
		if e := fails(t, err); strings.Contains(e.Message+e.Hint, file) {
			t.Errorf("%s: %s", sql, whole(err))
		}
		_ = x.Rollback(ctxOf(t))
	}
	if got := one(t, begin(t, d), "SELECT COUNT(*) FROM t"); got != "0" {
		t.Error(got)
	}
	if _, err := os.Stat(file + ".out"); err == nil {
		t.Error("a file was written")
	}
}

// TestKillOneself: a session that ends itself is told as lost.
func TestKillOneself(t *testing.T) {
	d := open(t)
	for _, sql := range []string{"KILL CONNECTION_ID()", "KILL QUERY CONNECTION_ID()"} {
		x := begin(t, d)
		err := exec(t, x, sql)
		if e := fails(t, err); e.SafeToRetry() || e.Unknown {
			t.Errorf("%s: %s", sql, whole(err))
		}
		_ = x.Rollback(ctxOf(t))
		if got := one(t, begin(t, d), "SELECT 5"); got != "5" {
			t.Error(got)
		}
	}
}

// TestProcedures: a procedure's first result is the statement's, if it is the
// only one.
func TestProcedures(t *testing.T) {
	d := open(t)
	must(t, d, append(table1,
		"CREATE PROCEDURE none() UPDATE t SET v = 5",
		"CREATE PROCEDURE single(n int) SELECT id FROM t WHERE id <= n ORDER BY id",
		"CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS b; END",
		"CREATE PROCEDURE breaks() BEGIN SELECT 1 AS a; SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'so it is'; END",
	)...)
	x := begin(t, d)
	if b := query(t, x, "CALL none()"); len(b.rows) != 0 || b.types != nil {
		t.Error(b)
	}
	if b := query(t, x, "CALL single(?)", num(2)); b.String() != "id:int32\n1\n2" {
		t.Error(b)
	}
	if _, err := read(ctxOf(t), x, "CALL two()"); fails(t, err).Code != abi.Unsupported {
		t.Error(whole(err))
	}
	if _, err := read(ctxOf(t), x, "CALL breaks()"); fails(t, err).SQLState != "45000" || fails(t, err).Message != "so it is" {
		t.Error(whole(err))
	}
	if n, err := x.Exec(ctxOf(t), "CALL two()", nil, true); n != 0 || err != nil {
		t.Error(n, err)
	}
	if _, err := x.Exec(ctxOf(t), "CALL two()", nil, false); fails(t, err).Message != errReturnsRows.Message {
		t.Error(err)
	}
	if got := one(t, x, "SELECT SUM(v) FROM t"); got != "10" {
		t.Error(got)
	}
	if err := x.Commit(ctxOf(t)); err != nil {
		t.Error(err)
	}
}
