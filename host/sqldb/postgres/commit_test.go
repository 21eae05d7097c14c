package postgres_test

import (
	"context"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestC10Commit: the end of a context while the server commits ends the commit
// on the server. What becomes of the transaction is told as it is: undone, or
// not known.
func TestC10Commit(t *testing.T) {
	uri := server(t)
	d := open(t, uri, sqldb.Config{Access: abi.ReadWrite})
	watch := open(t, uri, sqldb.Config{})
	tx := beginOn(t, d, readWrite)
	exec(t, tx, "CREATE TABLE slow (n int)")
	exec(t, tx, "CREATE FUNCTION sleeps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$")
	exec(t, tx, "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sleeps()")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, deadline := range []bool{true, false} {
		tx := beginOn(t, d, readWrite)
		exec(t, tx, "INSERT INTO slow VALUES (1)")
		ctx, cancel := context.WithCancel(t.Context())
		want := abi.Canceled
		if deadline {
			ctx, cancel = context.WithTimeout(t.Context(), 300*time.Millisecond)
			want = abi.Timeout
		} else {
			time.AfterFunc(300*time.Millisecond, cancel)
		}
		start := time.Now()
		e := fault(t, tx.Commit(ctx))
		cancel()
		if e.Code != want || e.SafeToRetry() {
			t.Errorf("%+v", e)
		}
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("it took %s", took)
		}
		_ = tx.Rollback(t.Context())
		after := beginOn(t, watch, sqldb.TxOptions{})
		if got := cell(t, after, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state <> 'idle' AND pid <> pg_backend_pid()"); got != "0" {
			t.Errorf("%s sessions still work", got)
		}
		if got := cell(t, after, "SELECT count(*) FROM slow"); got != "0" && !e.Unknown {
			t.Errorf("%s rows are kept, though it is told: %v", got, e)
		}
		_ = after.Rollback(t.Context())
	}
}
