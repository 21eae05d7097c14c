package mysql

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestC12HandedOver: a session that goes from one execution to the next at once,
// its reset still owed, shows nothing of the one before.
func TestC12HandedOver(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	must(t, openURI(t, base), "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY) ENGINE=InnoDB")
	for _, access := range []abi.Access{abi.ReadOnly, abi.ReadWrite} {
		d := openURI(t, base, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle, c.Access = 2, 2, access })
		ids := sync.Map{}
		var all sync.WaitGroup
		for i := range 6 {
			all.Go(func() {
				for j := range 40 {
					x, err := d.Begin(ctxOf(t), sqldb.TxOptions{Access: access})
					if err != nil {
						t.Error(whole(err))
						return
					}
					ids.Store(x.(*tx).c.id, true)
					got, err := read(ctxOf(t), x, `SELECT CONVERT(CONCAT_WS('|', IFNULL(@leak, 'none'), IFNULL(IS_USED_LOCK('left') = CONNECTION_ID(), 0), LAST_INSERT_ID(),
						FOUND_ROWS() < 2, @@time_zone, @@autocommit = 0, @@sql_mode LIKE '%ANSI%') USING utf8mb4)`)
					if err != nil || got.rows[0][0] != "none|0|0|1|+00:00|1|0" {
						t.Errorf("%s, execution %d: %v %v", access, j, got.rows, err)
					}
					leaves := []string{fmt.Sprintf("SELECT @leak := %d", i), "SELECT GET_LOCK('left', 0)", "SELECT 1 UNION SELECT 2 UNION SELECT 3", "SELECT @leak := 8, 1 UNION SELECT 9, 2"}
					if access == abi.ReadWrite {
						leaves = append(leaves, "INSERT INTO t VALUES (NULL)")
					}
					if _, err := read(ctxOf(t), x, leaves[(i+j)%len(leaves)]); err != nil {
						t.Error(whole(err))
					}
					if err := x.Commit(ctxOf(t)); err != nil {
						t.Error(whole(err))
					}
					_ = x.Rollback(ctxOf(t))
				}
			})
		}
		all.Wait()
		n := 0
		ids.Range(func(any, any) bool { n++; return true })
		if n > 4 {
			t.Errorf("%s: %d sessions for 240 executions: they were not reset but closed", access, n)
		}
	}
}

// TestResetFails: a session whose reset fails, in whatever way, is not used, and
// nothing is sent to it any more: the execution gets another.
func TestResetFails(t *testing.T) {
	const maria = "5.5.5-10.11.99-MariaDB-peer"
	failure := []byte("\xff\x04\x04#HY000no")
	for name, c := range map[string]struct {
		command int                       // of the reset
		answer  func(p *peer, number int) // instead of the server's
	}{
		"no reset":            {resetSession, func(p *peer, _ int) { p.send(failure...) }},
		"no settings":         {resetSettings, func(p *peer, _ int) { p.send(failure...) }},
		"no row":              {resetFound, func(p *peer, _ int) { p.send(ok(good)...) }},
		"another result":      {resetFound, func(p *peer, _ int) { one1(p, good|moreResults, '1') }},
		"another role":        {resetFound, func(p *peer, _ int) { one1(p, good, '2') }},
		"no transaction":      {resetBegin, func(p *peer, _ int) { p.send(ok(0)...) }},
		"one that commits":    {resetBegin, func(p *peer, _ int) { p.send(ok(good | autocommits)...) }},
		"a transaction fails": {resetBegin, func(p *peer, _ int) { p.send(failure...) }},
		"no savepoint":        {resetMark, func(p *peer, _ int) { p.send(failure...) }},
		"a savepoint outside": {resetMark, func(p *peer, _ int) { p.send(ok(0)...) }},
		"a wrong number":      {resetSettings, func(p *peer, _ int) { p.number = 7; p.send(ok(good)...) }},
		"an empty packet":     {resetSession, func(p *peer, _ int) { p.send() }},
		"a file":              {resetSettings, func(p *peer, _ int) { p.send([]byte("\xfb/etc/passwd")...) }},
		"closes":              {resetSettings, func(p *peer, _ int) { _ = p.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			var heard []string // what came after the failure
			d := openURI(t, "mysql://u:p@127.0.0.1/d", func(cfg *sqldb.Config) { cfg.Pool.Max = 1 }, listen(t, func(p *peer) {
				at := -1 // command of a reset
				serveAs(p, maria, func(command []byte) bool {
					if command[0] == commandReset {
						at = 0
					} else if at >= 0 {
						at++
					}
					if at > resetMark {
						mu.Lock()
						heard = append(heard, string(command))
						mu.Unlock()
					}
					if at == c.command {
						c.answer(p, at)
						return true
					}
					return false
				}, func(p *peer, command []byte) {
					switch {
					case command[0] == commandReset:
						p.send(ok(0)...)
					case strings.Contains(string(command), "CURRENT_ROLE"):
						one1(p, good, '1')
					case command[0] == commandPrepare:
						p.send(0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
					default:
						p.send(ok(good)...)
					}
				})
			}))
			for i := range 4 {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				x, err := d.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
				if err != nil {
					t.Fatalf("execution %d: %s", i, whole(err))
				}
				if _, err := x.Exec(ctx, "UPDATE t SET v = 1", nil, true); err != nil {
					t.Fatalf("execution %d: %s", i, whole(err))
				}
				if err := x.Commit(ctx); err != nil {
					t.Fatalf("execution %d: %s", i, whole(err))
				}
				_ = x.Rollback(ctx)
				cancel()
			}
			mu.Lock()
			defer mu.Unlock()
			if i := slices.IndexFunc(heard, func(c string) bool { return c[0] != commandQuit }); i >= 0 {
				t.Errorf("a session that is not clean was used: %q", heard[i])
			}
		})
	}
}

// TestSingleResetFails: a lock is let go at the end of its transaction. If what
// went out with its statement to do that fails, the session is closed: what it
// has still to answer would pass for answers to the next execution.
func TestSingleResetFails(t *testing.T) {
	const maria = "5.5.5-10.11.99-MariaDB-peer"
	const reading = good | inReadOnly
	var mu sync.Mutex
	var heard []string // what came after the failure, and is not of the same reset
	failed := 0
	d := openURI(t, "mysql://u:p@127.0.0.1/d", readOnly, func(cfg *sqldb.Config) { cfg.Pool.Max, cfg.Pool.Idle = 1, 1 }, listen(t, func(p *peer) {
		p.offers = usual&^canLongPassword | canKeepColumns
		behind := -1 // commands since the first reset
		serveAs(p, maria, func(command []byte) bool {
			if command[0] == commandReset || behind >= 0 {
				behind++
			}
			text := string(command[1:])
			switch {
			case behind >= resetMark && command[0] != commandQuit:
				mu.Lock()
				heard = append(heard, string(command))
				mu.Unlock()
			case behind == resetSettings:
				mu.Lock()
				failed++
				mu.Unlock()
				p.send([]byte("\xff\x04\x04#HY000no")...)
				return true
			case strings.HasPrefix(text, "START"):
				p.send(ok(reading)...)
				return true
			}
			return false
		}, func(p *peer, command []byte) {
			switch command[0] {
			case commandPrepare:
				p.send(0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0)
				p.send(columnOf("v", typeTiny)...)
			case commandExecute:
				p.send(1, 0)
				p.send(0, 0, 1)
				p.send(end(reading)...)
			case commandReset:
				p.send(ok(0)...)
			case commandQuery:
				one1(p, reading, '1')
			}
		})
	}))
	for i := range 6 {
		x := begin(t, d, single)
		if got := one(t, x, "SELECT GET_LOCK('left', 0)"); got != "1" {
			t.Fatalf("execution %d: %s", i, got)
		}
		if err := x.Commit(ctxOf(t)); err != nil {
			t.Fatalf("execution %d: %s", i, whole(err))
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if failed < 3 || len(heard) > 0 {
		t.Errorf("%d resets failed, and then came %q", failed, heard)
	}
}

// one1 answers with a row.
func one1(p *peer, s status, value byte) {
	p.sendColumns(1)
	p.send(columnOf("1", typeVarString)...)
	p.send(1, value)
	p.send(end(s)...)
}

// cutting is a connection that is cut after so many bytes of one direction.
type cutting struct {
	net.Conn
	upstream bool
	left     int
}

func (c *cutting) Write(p []byte) (int, error) {
	switch {
	case !c.upstream:
		return c.Conn.Write(p)
	case len(p) <= c.left:
		c.left -= len(p)
		return c.Conn.Write(p)
	}
	_, _ = c.Conn.Write(p[:c.left])
	_ = c.Close()
	return len(p), nil // who writes does not see it
}

func (c *cutting) Read(p []byte) (int, error) {
	if c.upstream {
		return c.Conn.Read(p)
	}
	if c.left == 0 {
		return 0, io.EOF
	}
	n, err := c.Conn.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// TestC9CutReset cuts the connection after each byte of a reset: the next
// execution has another session, and no error.
func TestC9CutReset(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	fromMariaDB(t, openURI(t, base), "reset that is sent at once")
	for _, upstream := range []bool{false, true} {
		d := openURI(t, base, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle, c.Access = 1, 1, abi.ReadOnly })
		_ = begin(t, d).Commit(ctxOf(t)) // a first one is closed
		step := 1
		if testing.Short() {
			step = 5
		}
		n, whole1 := 0, false
		for ; !whole1 && n < 2000; n += step {
			x := begin(t, d)
			id := x.c.id
			one(t, x, "SELECT @leak := 7")
			bare := x.c.conn
			x.c.conn = &cutting{bare, upstream, n}
			if err := x.Commit(ctxOf(t)); err != nil {
				t.Fatalf("cut after %d: %s", n, whole(err))
			}
			y, err := d.Begin(ctxOf(t), sqldb.TxOptions{})
			if err != nil {
				t.Fatalf("cut after %d: %s", n, whole(err))
			}
			if whole1 = y.(*tx).c.id == id; whole1 {
				x.c.conn = bare
			}
			if got := one(t, y, "SELECT @leak IS NULL"); got != "1" {
				t.Errorf("cut after %d: it finds %s", n, got)
			}
			if err := y.Commit(ctxOf(t)); err != nil {
				t.Fatalf("cut after %d: %s", n, whole(err))
			}
		}
		if n < 60 || !whole1 {
			t.Errorf("a reset of %d bytes", n)
		}
	}
}

// TestResetKeepsQuotes: however the server's sql_mode is set, and changed,
// quotes and backslashes mean the same before a reset and after it.
func TestResetKeepsQuotes(t *testing.T) {
	s := private(t, "sql_mode=ANSI,NO_BACKSLASH_ESCAPES,STRICT_ALL_TABLES")
	d := openURI(t, s.AdminURI, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle = 1, 1 })
	admin := openURI(t, s.AdminURI)
	for _, global := range []string{"", "ANSI_QUOTES,NO_ZERO_DATE", "ORACLE", "NO_BACKSLASH_ESCAPES", "DB2,STRICT_TRANS_TABLES", "TRADITIONAL"} {
		if global != "" {
			must(t, admin, "SET GLOBAL sql_mode = '"+global+"'")
		}
		var id uint64
		for i := range 3 {
			x := begin(t, d)
			if i > 0 && id != 0 && x.c.id != id && global != "" {
				t.Errorf("%s: another session", global)
			}
			id = x.c.id
			if got := one(t, x, `SELECT CONCAT("a", 'b\'c')`); got != "ab'c" {
				t.Errorf("%s: execution %d: %q", global, i, got)
			}
			mode := one(t, x, "SELECT @@sql_mode")
			for _, word := range foreignModes {
				if slices.Contains(strings.Split(mode, ","), word) {
					t.Errorf("%s: execution %d: %s", global, i, mode)
				}
			}
			if !strings.Contains(mode, "STRICT_ALL_TABLES") {
				t.Errorf("%s: execution %d: the mode that it began with is lost: %s", global, i, mode)
			}
			if err := x.Commit(ctxOf(t)); err != nil {
				t.Fatal(whole(err))
			}
		}
	}
}

// TestModeList: what is put into a statement is no more than words.
func TestModeList(t *testing.T) {
	for s, want := range map[string]bool{"": true, "STRICT_TRANS_TABLES,MODE_2": true, "a": false, "A'": false, "A\\": false, "A B": false, "Ä": false, "A;": false, "A\x00": false} {
		if modeList(s) != want {
			t.Errorf("%q: %v", s, !want)
		}
	}
}

// TestRowCount: what a statement has changed is still known to the next one.
func TestRowCount(t *testing.T) {
	d := open(t)
	must(t, d, table1...)
	x := begin(t, d)
	for _, sql := range []string{"UPDATE t SET v = v + 1", "SET @n = ROW_COUNT()"} {
		if err := exec(t, x, sql); err != nil {
			t.Fatal(whole(err))
		}
	}
	if got := one(t, x, "SELECT @n"); got != "2" {
		t.Errorf("%s rows", got)
	}
}

// TestDeadlockOfReader: a transaction that reads and was rolled back is over.
func TestDeadlockOfReader(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	d := openURI(t, base)
	must(t, d, table1...)
	x, y := begin(t, openURI(t, base, readOnly)), begin(t, d)
	if _, err := read(ctxOf(t), x, "SELECT v FROM t WHERE id = 1 LOCK IN SHARE MODE"); err != nil {
		t.Fatal(whole(err))
	}
	if x.c.mark != "" {
		t.Error("a plain reader has a savepoint")
	}
	if err := exec(t, y, "UPDATE t SET v = 6 WHERE id = 2"); err != nil {
		t.Fatal(whole(err))
	}
	other := make(chan error, 1)
	go func() { other <- exec(t, y, "UPDATE t SET v = 6 WHERE id = 1") }()
	_, err := read(ctxOf(t), x, "SELECT v FROM t WHERE id = 2 LOCK IN SHARE MODE")
	if yerr := <-other; err == nil || yerr != nil { // the one with less to undo is rolled back
		t.Fatal(err, yerr)
	}
	if e := fails(t, err); e.SQLState != "40001" || !e.SafeToRetry() {
		t.Error(whole(err))
	}
	if _, err := read(ctxOf(t), x, "SELECT v FROM t"); err == nil || fails(t, err).Message != "the transaction was rolled back by a statement" {
		t.Error("a statement after the deadlock:", err)
	}
}

// TestS1ReaderFails: after an error a transaction that reads is the host's, and
// read-only, or is known to be over, as after DDL, which ends it before it is
// refused.
func TestS1ReaderFails(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	owner := openURI(t, base)
	must(t, owner, append(table1,
		"CREATE FUNCTION touch() RETURNS int MODIFIES SQL DATA BEGIN UPDATE t SET v = 98; RETURN 1; END",
		"CREATE FUNCTION breaks() RETURNS int BEGIN SIGNAL SQLSTATE '45000'; RETURN 1; END")...)
	d := openURI(t, base, readOnly)
	for _, sql := range []string{
		"SELECT nothing", "SELECT touch()", "SELECT breaks()", "SELECT 1 FROM nowhere", "SELECT (SELECT 1 UNION SELECT 2)", "INSERT INTO t VALUES (9,9)", "INSERT INTO t VALUES (1,1)",
		"CREATE TABLE z (id int)", "DROP TABLE t", "TRUNCATE t", "CREATE TEMPORARY TABLE t (id int, id int)", "ALTER TABLE t ADD w int", "RENAME TABLE t TO z",
	} {
		x := begin(t, d)
		before := one(t, x, "SELECT CONNECTION_ID()")
		if err := exec(t, x, sql); err == nil {
			t.Errorf("%s: no error", sql)
		}
		if err := exec(t, x, "UPDATE t SET v = 96"); err == nil {
			t.Errorf("%s: a write follows", sql)
		}
		b, err := read(ctxOf(t), x, "SELECT CONNECTION_ID()")
		switch {
		case err != nil && (verbOf(sql) != redefines || fails(t, err).Message != "the statement ended the transaction"):
			t.Errorf("%s: the transaction is over: %s", sql, whole(err))
		case err == nil && b.rows[0][0] != before:
			t.Errorf("%s: another session", sql)
		case err == nil:
			if same, err := x.c.same(abi.ReadOnly); !same {
				t.Errorf("%s: another transaction, and nobody knows: %v", sql, err)
			}
		}
		_ = x.Rollback(ctxOf(t))
	}
	x := begin(t, d)
	if err := exec(t, x, "CREATE TEMPORARY TABLE mine (id int)"); err == nil && x.c.mark == "" {
		t.Error("nothing watches over a transaction that runs what may commit")
	}
	_ = x.Rollback(ctxOf(t))
	if got := one(t, begin(t, owner), "SELECT SUM(v) FROM t"); got != "3" {
		t.Error("the database has changed:", got)
	}
}

// TestC12Role: a role that a function has taken is not that of the next execution.
func TestC12Role(t *testing.T) {
	at := sqldbtest.MariaDBDatabase(t)
	admin := openURI(t, at.AdminURI)
	fromMariaDB(t, admin, "function that takes a role")
	owner, _ := sqldb.ParseURI(at.URI)
	role := owner.Database + "_role"
	for _, sql := range []string{"CREATE ROLE " + role, "GRANT " + role + " TO " + owner.User + "@'%'", "CREATE FUNCTION " + owner.Database + ".takes() RETURNS int SQL SECURITY INVOKER BEGIN SET ROLE " + role + "; RETURN 1; END"} {
		x := begin(t, admin)
		if err := exec(t, x, sql); err != nil && fails(t, err).Code != abi.State { // a GRANT is committed at once
			t.Fatal(whole(err))
		}
		_ = x.Rollback(ctxOf(t))
	}
	defer func() { _ = exec(t, begin(t, admin), "DROP ROLE "+role) }()
	for _, single := range []bool{false, true} {
		d := openURI(t, at.URI, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle, c.Access = 1, 1, abi.ReadOnly })
		for range 4 {
			x := begin(t, d, sqldb.TxOptions{Single: single})
			if got := one(t, x, "SELECT takes()"); got != "1" {
				t.Fatal(got)
			}
			if err := x.Commit(ctxOf(t)); err != nil {
				t.Fatal(whole(err))
			}
			x = begin(t, d, sqldb.TxOptions{Single: single})
			if got := one(t, x, "SELECT IFNULL(CURRENT_ROLE(), 'none')"); got != "none" {
				t.Errorf("single %v: the next one has the role %s", single, got)
			}
			_ = x.Commit(ctxOf(t))
		}
	}
}
