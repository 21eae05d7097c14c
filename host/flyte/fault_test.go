package flyte

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// TestFaults: whose fault an error is, and whether another attempt may help.
func TestFaults(t *testing.T) {
	lost := &sqldb.Error{Code: abi.Conn, Message: "the connection to the server was lost"}
	for _, c := range []struct {
		name         string
		err          error
		code         string
		again, ours  bool
		flytekitCode string
	}{
		{"bad SQL", &host.Error{Code: host.CodeTask, SQLState: "42601", Message: "syntax"}, "USER:DatabaseError", false, false, "SYSTEM"},
		{"deadlock", &host.Error{Code: host.CodeTask, SQLState: "40P01", Message: "deadlock", Retryable: true}, "USER:DatabaseError", true, false, "SYSTEM"},
		{"unreachable", &host.Error{Code: host.CodeConnection, Message: "nothing listens there", Cause: lost}, "USER:ConnectionError", true, false, "SYSTEM"},
		{"wrong password", &host.Error{Code: host.CodeConnection, SQLState: "28P01", Message: "refused"}, "USER:ConnectionError", false, false, "SYSTEM"},
		{"lost at the commit", &host.Error{Code: host.CodeConnection, Message: "commit", Unknown: true}, "USER:ConnectionError", false, false, "SYSTEM"},
		{"denied", &host.Error{Code: host.CodeDenied, Message: "refused"}, "USER:DeniedError", false, false, "SYSTEM"},
		{"deadline", &host.Error{Code: host.CodeLimit, Message: "deadline", Cause: context.DeadlineExceeded}, "USER:LimitError", true, false, "SYSTEM"},
		{"too much", &host.Error{Code: host.CodeLimit, Message: "fuel"}, "USER:LimitError", false, false, "SYSTEM"},
		{"ended", &host.Error{Code: host.CodeCanceled, Message: "ended"}, "SYSTEM:CanceledError", true, true, "SYSTEM"},
		{"our own", &host.Error{Code: host.CodeInternal, Message: "the sandbox failed"}, "SYSTEM:InternalError", true, true, "SYSTEM"},
		{"two at once", host.Errors{{Code: host.CodeConfig, Message: "a"}, {Code: host.CodeConfig, Message: "b"}}, "USER:ConfigError", false, false, "SYSTEM"},
		{"result not written", &host.Error{Code: host.CodeOutput, Message: "x", Cause: &StoreError{Fault: StoreTransient, Message: "busy"}}, "SYSTEM:StorageError", true, true, "SYSTEM"},
		{"result that Parquet cannot hold", &host.Error{Code: host.CodeOutput, Message: "two columns are called a"}, "USER:OutputError", false, false, "SYSTEM"},
		{"input", &inputError{kind: "ValueError", message: "x"}, "USER:ValueError", false, false, "SYSTEM"},
		{"input of storage", storage("the inputs", &StoreError{Fault: StoreNotFound, Message: "no such file"}), "SYSTEM:StorageError", true, true, "SYSTEM"},
		{"template missing", &Fault{Kind: "StorageError", Load: true, Cause: &StoreError{Fault: StoreNotFound}}, "USER:StorageError", false, false, "USER:ValueError"},
		{"template broken", &Fault{Kind: "DecodeError", Load: true}, "USER:DecodeError", false, false, "USER:RuntimeError"},
		{"anything", errors.New("x"), "SYSTEM:InternalError", true, true, "SYSTEM"},
	} {
		f := FaultOf(c.err)
		e := f.Document(false, "w", time.Unix(5, 0)).Error
		if e.Code != c.code || (e.Kind == 1) != c.again || (e.Origin == 2) != c.ours || e.Worker != "w" || e.Timestamp.Seconds != 5 || e.Message == "" {
			t.Errorf("%s: %v", c.name, e)
		}
		like := f.Document(true, "", time.Unix(5, 0)).Error
		if like.Code != c.flytekitCode || (like.Kind == 1) == f.Load || (like.Origin == 2) == f.Load {
			t.Errorf("%s, as flytekit has it: %v", c.name, like)
		}
	}
}

// TestUnhidden: what is a secret is not told, the longest first.
func TestUnhidden(t *testing.T) {
	task := &Task{hidden: []string{"", "pw", "pw-of-keeper"}}
	if s := task.unhidden(`user "keeper" with pw-of-keeper or pw`); s != `user "keeper" with *** or ***` {
		t.Error(s)
	}
}
