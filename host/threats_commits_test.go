package host_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestC11CommitUnknown cuts the connection in the last bytes of an execution,
// with retries: what may be committed is reported as unknown and not tried
// again, so that there is never a second row; what is tried again had no
// effect.
func TestC11CommitUnknown(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			uri := s.database(t).URI
			execute(t, uri, "CREATE TABLE done (n int)")
			proxy := sqldbtest.NewProxy(t, uri)
			insert := func(n int64) (host.Report, error) {
				h := openServer(t, proxy.URI, abi.ReadWrite)
				defer func() { _ = h.Close() }()
				p := loadOn(t, h, host.Task{Query: "INSERT INTO done VALUES ({{ n }})", Inputs: []host.Input{intInput("n")}, Outputs: none, Retries: 2, Timeout: time.Hour})
				return p.Run(context.Background(), host.Inputs{"n": intValue(n)}, host.Discard())
			}
			if _, err := insert(-1); err != nil {
				t.Fatal(err)
			}
			unknown, retried := 0, 0
			for _, upstream := range []bool{false, true} {
				proxy.Upstream.Store(upstream)
				for _, n := range cuts(t, proxy, upstream, insert) {
					proxy.After.Store(n)
					key := 2 * n
					if upstream {
						key++
					}
					report, err := insert(key)
					rows := count(t, uri, key)
					var e *host.Error
					switch {
					case rows > 1:
						t.Errorf("cut after %d: %d rows", n, rows)
					case err == nil && rows != 1:
						t.Errorf("cut after %d: done, with %d rows", n, rows)
					case err == nil:
					case !errors.As(err, &e):
						t.Errorf("cut after %d: %v", n, err)
					case e.Unknown:
						unknown++
						if report.Attempts != 1 || e.SafeToRetry() || e.Code != host.CodeConnection {
							t.Errorf("cut after %d: %d attempts, %s: %v", n, report.Attempts, e.Code, e)
						}
					case rows != 0:
						t.Errorf("cut after %d: %d rows, and it is told: %v", n, rows, e)
					case report.Attempts > 1:
						retried++
					}
				}
				proxy.After.Store(-1)
			}
			if unknown == 0 || retried == 0 {
				t.Errorf("%d unknown, %d tried again", unknown, retried)
			}
		})
	}
}

// cuts returns where to cut: at each of the last bytes of an execution, and
// here and there before.
func cuts(t *testing.T, proxy *sqldbtest.Proxy, upstream bool, run func(int64) (host.Report, error)) (list []int64) {
	t.Helper()
	proxy.Passed.Store(0)
	if _, err := run(-2); err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for end := time.Now().Add(sqldbtest.Patience); time.Now().Before(end); { // what was sent may be on its way
		before := total
		if total = proxy.Passed.Load(); total > 0 && total == before {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	last := int64(60)
	if upstream {
		last = 40
	}
	for n := int64(0); n < total-last; n += 1 + total/4 {
		list = append(list, n)
	}
	for n := max(0, total-last); n < total; n += 2 {
		list = append(list, n)
	}
	return list
}

// count returns how often a number was inserted.
func count(t *testing.T, uri string, n int64) int {
	t.Helper()
	rows, _, message := probe(t, uri, abi.ReadOnly).try(t, attempted{query: "SELECT count(*) FROM done WHERE n = {{ n }}", inputs: host.Inputs{"n": intValue(n)}})
	var got int
	if _, err := fmt.Sscanf(rows, "[\"%d\"]", &got); err != nil {
		t.Fatal(rows, message)
	}
	return got
}

// contest runs tasks at the same time until one of them had to be tried again,
// and returns how many executions succeeded.
func contest(t *testing.T, programs ...*host.Program) (succeeded int64) {
	t.Helper()
	var done, attempts atomic.Int64
	for round := 0; round < 20 && attempts.Load() == done.Load(); round++ {
		var all sync.WaitGroup
		for _, p := range programs {
			all.Go(func() {
				report, err := p.Run(context.Background(), nil, host.Discard())
				attempts.Add(int64(report.Attempts))
				if err != nil {
					t.Errorf("after %d attempts: %v", report.Attempts, err)
					return
				}
				done.Add(1)
			})
		}
		all.Wait()
	}
	if attempts.Load() == done.Load() {
		t.Error("no execution was tried again")
	}
	t.Logf("%d executions, %d attempts", done.Load(), attempts.Load())
	return done.Load()
}

// TestRetriesOfSerializationFailures: executions that fail since another one
// was faster (SQLSTATE 40001) are tried again until they succeed, and each
// counts once.
func TestRetriesOfSerializationFailures(t *testing.T) {
	uri := sqldbtest.Postgres(t)
	execute(t, uri, "CREATE TABLE counter (n int)", "CREATE TABLE done (n int)", "INSERT INTO counter VALUES (0)")
	h := openServer(t, uri, abi.ReadWrite, func(c *host.Config) {
		db := c.Connections["db"]
		db.Args = map[string]any{"options": "-c default_transaction_isolation=serializable"}
		c.Connections["db"] = db
	})
	var programs []*host.Program
	for range 3 {
		programs = append(programs, loadOn(t, h, host.Task{Query: "INSERT INTO done SELECT n FROM counter; UPDATE counter SET n = n + 1; INSERT INTO done SELECT n FROM counter WHERE pg_sleep(0.05) IS NULL", Outputs: none, Retries: 8, Timeout: time.Hour}))
	}
	n := contest(t, programs...)
	if got, want := ask(t, openServer(t, uri, abi.ReadOnly), "SELECT n, (SELECT count(*) FROM done), (SELECT count(DISTINCT n) FROM done) FROM counter"), fmt.Sprintf("[\"%d\",\"%d\",\"%d\"]\n", n, n, n); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	t.Run("without retries", func(t *testing.T) { // the error is told as it is
		p := loadOn(t, h, host.Task{Query: "UPDATE counter SET n = n + 1; SELECT n, pg_sleep(0.2) FROM counter"})
		errs := make(chan error, 2)
		var err error
		for i := 0; i < 50 && err == nil; i++ { // until they are at it at the same time
			for range 2 {
				go func() {
					_, err := p.Run(context.Background(), nil, host.Discard())
					errs <- err
				}()
			}
			err = errors.Join(<-errs, <-errs)
		}
		var e *host.Error
		if !errors.As(err, &e) || e.SQLState != "40001" || !e.SafeToRetry() {
			t.Errorf("%v", err)
		}
	})
}

// TestRetriesOfDeadlocks: the same for executions that the server gives up in a
// deadlock, MariaDB's error 1213 and PostgreSQL's 40P01.
func TestRetriesOfDeadlocks(t *testing.T) {
	for _, s := range servers {
		t.Run(s.name, func(t *testing.T) {
			uri := s.database(t).URI
			execute(t, uri, "CREATE TABLE counter (id int PRIMARY KEY, n int)", "CREATE TABLE done (n int)", "INSERT INTO counter VALUES (1, 0), (2, 0)")
			h := openServer(t, uri, abi.ReadWrite)
			wait := "SLEEP(0.1) = 0"
			if s.dialect == abi.Postgres {
				wait = "pg_sleep(0.1) IS NOT NULL"
			}
			move := func(from, to int) *host.Program {
				return loadOn(t, h, host.Task{Outputs: none, Retries: 8, Timeout: time.Hour, Query: fmt.Sprintf(
					"INSERT INTO done VALUES (%d); UPDATE counter SET n = n + 1 WHERE id = %d; INSERT INTO done SELECT 9 FROM counter WHERE id = 0 AND %s; UPDATE counter SET n = n + 1 WHERE id = %d AND %s", from, from, wait, to, wait)})
			}
			n := contest(t, move(1, 2), move(2, 1))
			if got, want := ask(t, openServer(t, uri, abi.ReadOnly), "SELECT sum(n), (SELECT count(*) FROM done) FROM counter"), fmt.Sprintf("[\"%d\",\"%d\"]\n", 2*n, n); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
