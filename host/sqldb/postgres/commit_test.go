package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// endedContext ends when its test says so, as a deadline does or otherwise.
type endedContext struct {
	context.Context //nolint:containedctx // it is one
	done            chan struct{}
	err             error
}

func (c *endedContext) Done() <-chan struct{} { return c.done }

func (c *endedContext) Err() error {
	select {
	case <-c.done:
		return c.err
	default:
		return nil
	}
}

// TestC10Commit: the end of a context while the server commits ends the commit
// on the server. What becomes of the transaction is told as it is: undone, or
// not known.
func TestC10Commit(t *testing.T) {
	uri := server(t)
	d := open(t, uri, sqldb.Config{Access: abi.ReadWrite})
	watch := open(t, uri, sqldb.Config{})
	tx := beginOn(t, d, readWrite)
	exec(t, tx, "CREATE TABLE slow (n int)")
	exec(t, tx, "CREATE FUNCTION sleeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(3600); RETURN NULL; END $$")
	exec(t, tx, "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sleeps()")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	const working = others + " AND state = 'active'"
	for _, want := range []abi.Errno{abi.Timeout, abi.Canceled} {
		tx := beginOn(t, d, readWrite)
		exec(t, tx, "INSERT INTO slow VALUES (1)")
		ctx := &endedContext{Context: t.Context(), done: make(chan struct{}), err: context.Canceled}
		if want == abi.Timeout {
			ctx.err = context.DeadlineExceeded
		}
		go func() {
			defer close(ctx.done)
			for end := time.Now().Add(sqldbtest.Patience); inTx(t, watch, working) == "0" && time.Now().Before(end); {
				time.Sleep(10 * time.Millisecond)
			}
		}()
		e := fault(t, tx.Commit(ctx))
		if e.Code != want || e.SafeToRetry() {
			t.Errorf("%+v", e)
		}
		_ = tx.Rollback(t.Context())
		sqldbtest.Eventually(t, "a session still works", func() bool { return inTx(t, watch, working) == "0" })
		after := beginOn(t, watch, sqldb.TxOptions{})
		if got := cell(t, after, "SELECT count(*) FROM slow"); got != "0" && !e.Unknown {
			t.Errorf("%s rows are kept, though it is told: %v", got, e)
		}
		_ = after.Rollback(t.Context())
	}
}
