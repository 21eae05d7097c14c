package mysql

import (
	"context"
	"errors"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// running counts the statements on the server that hold a mark.
func running(t *testing.T, d *db, mark string) string {
	t.Helper()
	x := begin(t, d)
	defer func() { _ = x.Rollback(ctxOf(t)) }()
	return one(t, x, "SELECT COUNT(*) FROM information_schema.processlist WHERE info LIKE CONCAT('%', ?, '%') AND id <> CONNECTION_ID()", str(mark))
}

// stops waits until none of them runs.
func stops(t *testing.T, d *db, mark string) {
	t.Helper()
	sqldbtest.Eventually(t, "statements still run", func() bool { return running(t, d, mark) == "0" })
}

// TestC10Interrupt ends the context at each stage of a statement: the error
// says how it ended, at once, and the server runs the statement no more.
func TestC10Interrupt(t *testing.T) {
	d := open(t)
	sequences(t, d, "seq_1_to_1000", "seq_1_to_50000")
	must(t, d, "CREATE TABLE t (id int PRIMARY KEY, v int) ENGINE=InnoDB", "INSERT INTO t SELECT seq, 0 FROM seq_1_to_1000",
		"CREATE PROCEDURE sleeps() BEGIN DECLARE CONTINUE HANDLER FOR SQLEXCEPTION BEGIN END; SELECT SLEEP(3600) /* canary */; SELECT SLEEP(3600) /* canary */; END")
	for name, c := range map[string]struct {
		sql  string
		rows int // batches to read before
	}{
		"before the first row":  {"SELECT SLEEP(3600) /* canary */", 0},
		"a long computation":    {"SELECT COUNT(*) FROM seq_1_to_50000 a JOIN seq_1_to_50000 b ON a.seq % 7 = b.seq % 11 JOIN seq_1_to_1000 c /* canary */", 0},
		"between rows":          {"SELECT seq, IF(seq > 40000, SLEEP(3600), 0) FROM seq_1_to_50000 /* canary */", 1},
		"rows without an end":   {"SELECT a.seq FROM seq_1_to_50000 a JOIN seq_1_to_50000 b /* canary */", 1},
		"a write":               {"UPDATE t SET v = SLEEP(3600) /* canary */", 0},
		"a sort of many":        {"SELECT SHA2(a.seq, 512) s FROM seq_1_to_50000 a JOIN seq_1_to_50000 b ORDER BY s /* canary */", 0},
		"while it is prepared":  {"SELECT * FROM t WHERE id IN (SELECT SLEEP(3600)) /* canary */", 0},
		"inside of a procedure": {"CALL sleeps()", 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, deadline := range []bool{true, false} {
				x := begin(t, d)
				ctx, cancel := context.WithCancel(context.Background())
				if deadline {
					ctx, cancel = context.WithTimeout(context.Background(), 300*time.Millisecond)
				} else {
					time.AfterFunc(300*time.Millisecond, cancel)
				}
				r, err := x.Query(ctx, c.sql, nil)
				for i := 0; err == nil; i++ {
					if i == c.rows && c.rows > 0 { // in the middle of a result nobody reads
						<-ctx.Done()
					}
					_, err = r.Next(ctx)
				}
				want := abi.Canceled
				if deadline {
					want = abi.Timeout
				}
				if e := fails(t, err); e.Code != want {
					t.Errorf("got %s", whole(err))
				}
				if r != nil {
					_ = r.Close()
				}
				if _, err := x.Query(ctxOf(t), "SELECT 1", nil); err == nil && c.rows == 0 {
					t.Error("a statement follows")
				}
				_ = x.Rollback(context.Background())
				stops(t, d, "canary")
				cancel()
			}
			x := begin(t, d)
			if got := one(t, x, "SELECT SUM(v) FROM t"); got != "0" {
				t.Error("not undone:", got)
			}
			if err := exec(t, x, "UPDATE t SET v = 0 WHERE id = 1"); err != nil {
				t.Error("a lock is left:", whole(err))
			}
			_ = x.Rollback(ctxOf(t))
		})
	}
}

// TestRollbackOfOpenCursor: a rollback ends the statement on the server, also
// without a context that ended.
func TestRollbackOfOpenCursor(t *testing.T) {
	d := open(t)
	sequences(t, d, "seq_1_to_30000")
	for _, access := range []abi.Access{abi.ReadOnly, abi.ReadWrite} {
		x := begin(t, d, sqldb.TxOptions{Access: access, Batch: sqldb.Batch{Rows: 10}})
		r, err := x.Query(ctxOf(t), "SELECT seq, IF(seq > 20000, SLEEP(3600), 0) FROM seq_1_to_30000 /* canary */", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := r.Next(ctxOf(t)); err != nil {
			t.Fatal(err)
		}
		_ = x.Rollback(ctxOf(t))
		stops(t, d, "canary")
	}
}

// TestLateKill: a KILL that comes when its statement is already at its end hits
// what the session runs next, which is no statement of the task.
func TestLateKill(t *testing.T) {
	var late atomic.Bool
	kill := make(chan struct{}, 100)
	d := openURI(t, "mysql://u:p@127.0.0.1/d", listen(t, func(p *peer) {
		serveAs(p, "8.0.99-peer", func(command []byte) bool {
			if strings.HasPrefix(string(command[1:]), "KILL") || command[0] == commandQuit || !late.CompareAndSwap(true, false) {
				return false
			}
			p.send([]byte("\xff\x25\x05#70100Query execution was interrupted")...)
			return true
		}, func(p *peer, command []byte) {
			switch {
			case strings.HasPrefix(string(command[1:]), "KILL"):
				kill <- struct{}{}
				p.send(ok(good)...)
			case command[0] == commandForget:
			case command[0] == commandQuery:
				p.send(ok(good)...)
			case rowsOf(p, command, typeTiny):
				p.send(0, 0, 1)
				if len(kill) == 0 && !late.Load() {
					<-kill
					late.Store(true)
				}
				p.send(end(good)...)
			}
		})
	}))
	x := begin(t, d, sqldb.TxOptions{Access: abi.ReadWrite, Batch: sqldb.Batch{Rows: 1}})
	r, err := x.Query(ctxOf(t), "SELECT v", nil)
	if err != nil {
		t.Fatal(whole(err))
	}
	if _, err := r.Next(ctxOf(t)); err != nil {
		t.Fatal(whole(err))
	}
	_ = r.Close()
	if late.Load() {
		t.Error("the KILL waits for the next statement of the task")
	}
	kill <- struct{}{}
	if got := one(t, x, "SELECT w"); got != "1" {
		t.Error(got)
	}
}

// TestReadTimeout: a statement that takes longer than read_timeout is ended on the
// server, too.
func TestReadTimeout(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	d := openURI(t, base, func(c *sqldb.Config) { c.Args = map[string]any{"read_timeout": 0.3} })
	x := begin(t, d)
	_, err := read(ctxOf(t), x, "SELECT SLEEP(3600) /* canary */")
	if e := fails(t, err); e.Code != abi.Conn || e.Message != "the server does not answer" || e.SafeToRetry() {
		t.Error(whole(err))
	}
	_ = x.Rollback(ctxOf(t))
	stops(t, openURI(t, base), "canary")
	if got := one(t, begin(t, d), "SELECT 5"); got != "5" {
		t.Error(got)
	}
}

// TestPoolMax: at most so many at once; who waits is served or told.
func TestPoolMax(t *testing.T) {
	d := open(t, func(c *sqldb.Config) { c.Pool.Max = 2 })
	x, y := begin(t, d), begin(t, d)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_, err := d.Begin(ctx, sqldb.TxOptions{})
	if e := fails(t, err); e.Code != abi.Timeout || e.Message != "all connections are in use: the deadline passed" {
		t.Error(whole(err))
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = x.Rollback(context.Background()) })
	z := begin(t, d)
	if got := one(t, z, "SELECT 5"); got != "5" {
		t.Error(got)
	}
	_, _ = y, z
}

// TestManyAtOnce runs many transactions, some of which end early.
func TestManyAtOnce(t *testing.T) {
	before := runtime.NumGoroutine()
	d := open(t, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle = 5, 3 })
	must(t, d, "CREATE TABLE t (id int AUTO_INCREMENT PRIMARY KEY, v int) ENGINE=InnoDB")
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			for j := range 25 {
				ctx, cancel := context.WithTimeout(context.Background(), sqldbtest.Patience)
				if (i+j)%9 == 0 {
					ctx, cancel = context.WithTimeout(context.Background(), time.Duration(j)*100*time.Microsecond)
				}
				x, err := d.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
				if err == nil {
					_, err = x.Exec(ctx, "INSERT INTO t (v) VALUES (?)", []abi.Value{num(int64(i))}, false)
					if err == nil && j%3 == 0 {
						err = x.Commit(ctx)
					}
					_ = x.Rollback(context.Background())
				}
				var e *sqldb.Error
				if err != nil && (!errors.As(err, &e) || e.Code != abi.Timeout) {
					t.Errorf("%s", whole(err))
				}
				cancel()
			}
		})
	}
	all.Wait()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	settle(t, before)
}

// settle waits until there are no more goroutines than before.
func settle(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(sqldbtest.Patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if runtime.NumGoroutine() <= before {
			return
		}
	}
	buf := make([]byte, 1<<16)
	t.Errorf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
}

// TestClose interrupts what is under way, and nothing begins any more.
func TestClose(t *testing.T) {
	base := sqldbtest.MariaDB(t)
	watch := openURI(t, base)
	d := openURI(t, base)
	x := begin(t, d)
	idle := begin(t, d)
	failed := make(chan error, 1)
	go func() {
		_, err := read(context.Background(), x, "SELECT SLEEP(3600) /* canary */")
		failed <- err
	}()
	for running(t, watch, "canary") == "0" {
		time.Sleep(10 * time.Millisecond)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := d.Close(); err != nil {
		t.Error("again:", err)
	}
	if err := <-failed; fails(t, err).Code != abi.Canceled {
		t.Error(whole(err))
	}
	if _, err := idle.Query(ctxOf(t), "SELECT 1", nil); fails(t, err).Code != abi.Canceled {
		t.Error(whole(err))
	}
	if _, err := d.Begin(ctxOf(t), sqldb.TxOptions{}); fails(t, err).Message != "the connection was closed" {
		t.Error(err)
	}
	stops(t, watch, "canary")
}

// TestSpares: the second transaction has others made ready; one that the
// server has ended is not used, and an old one is closed.
func TestSpares(t *testing.T) {
	db := sqldbtest.MariaDBDatabase(t)
	d := openURI(t, db.URI, func(c *sqldb.Config) { c.Pool.Idle = 2 })
	spares := func() int {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.spares)
	}
	must(t, d)
	time.Sleep(50 * time.Millisecond)
	if spares() != 0 {
		t.Error("one transaction opened spares")
	}
	must(t, d)
	sqldbtest.Eventually(t, "two transactions opened no spares", func() bool { return spares() == 2 })
	admin := begin(t, openURI(t, db.AdminURI))
	for _, c := range d.spares {
		id := strconv.FormatUint(c.id, 10)
		if err := exec(t, admin, "KILL "+id); err != nil {
			t.Fatal(whole(err))
		}
		sqldbtest.Eventually(t, "a session that was ended is still there", func() bool {
			return one(t, admin, "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE ID = "+id) == "0"
		})
	}
	time.Sleep(trusted + 100*time.Millisecond)
	for range 3 {
		if got := one(t, begin(t, d), "SELECT 5"); got != "5" {
			t.Error(got)
		}
	}
	old := openURI(t, db.URI, func(c *sqldb.Config) { c.Pool.Lifetime = 200 * time.Millisecond })
	must(t, old)
	must(t, old)
	sqldbtest.Eventually(t, "spares are too old", func() bool {
		old.mu.Lock()
		defer old.mu.Unlock()
		return len(old.spares) == 0 && old.opening == 0
	})
}

// TestRollbackAfterCommit: it leaves alone the transaction that has the
// connection by then.
func TestRollbackAfterCommit(t *testing.T) {
	d := open(t, func(c *sqldb.Config) { c.Pool.Max, c.Pool.Idle = 1, 1 })
	must(t, d, "CREATE TABLE t (id int) ENGINE=InnoDB")
	for range 20 {
		x := begin(t, d)
		if err := exec(t, x, "INSERT INTO t VALUES (1)"); err != nil {
			t.Fatal(whole(err))
		}
		if err := x.Commit(ctxOf(t)); err != nil {
			t.Fatal(whole(err))
		}
		y := begin(t, d)
		if err := exec(t, y, "INSERT INTO t VALUES (2)"); err != nil {
			t.Fatal(whole(err))
		}
		if err := x.Rollback(ctxOf(t)); err != nil {
			t.Fatal(whole(err))
		}
		if err := exec(t, y, "INSERT INTO t VALUES (3)"); err != nil {
			t.Fatal(whole(err))
		}
		if err := y.Commit(ctxOf(t)); err != nil {
			t.Fatal(whole(err))
		}
	}
	if got := one(t, begin(t, d), "SELECT COUNT(*) FROM t"); got != "60" {
		t.Error(got)
	}
}

// TestC10FunctionOfAnother: a statement is ended on the server that is in a
// function of another login's half of the time, where MariaDB refuses the KILL.
func TestC10FunctionOfAnother(t *testing.T) {
	at := sqldbtest.MariaDBDatabase(t)
	admin := openURI(t, at.AdminURI)
	fromMariaDB(t, admin, "table of numbers")
	owner, _ := sqldb.ParseURI(at.URI)
	must(t, admin, "CREATE FUNCTION "+owner.Database+".another() RETURNS int RETURN 1")
	d := openURI(t, at.URI)
	for range 8 {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		x := begin(t, d)
		if _, err := read(ctx, x, "SELECT COUNT(*) FROM seq_1_to_1000000000000 WHERE another() = 1 /* canary another */"); fails(t, err).Code != abi.Timeout {
			t.Error(whole(err))
		}
		cancel()
		_ = x.Rollback(context.Background())
		if got := running(t, admin, "canary another"); got != "0" {
			t.Fatal("it runs still")
		}
	}
}
