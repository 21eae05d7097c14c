package hostcall_test

import (
	"context"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
)

// TestLastStatement: nothing follows a statement that was said to be the last,
// whether it succeeded or not.
func TestLastStatement(t *testing.T) {
	for sql, want := range map[string]int64{"SELECT 1": 1, "SELECT * FROM nothing": int64(abi.DB)} {
		x := execution(openDatabase(t))
		mem := make(memory, page)
		before, last := request("SELECT 0"), (&abi.QueryRequest{SQL: sql, Last: true}).Marshal()
		copy(mem, before)
		copy(mem[1024:], last)
		call := func(name string, at, n int) int64 {
			return callByName(x.Context(t.Context()), name, mem, uint64(at), uint64(n))
		}
		if n := call("exec", 0, len(before)); n != int64(abi.State) { // it returns rows
			t.Errorf("%s: before: %d", sql, n)
		}
		if n := call("query", 1024, len(last)); n != want {
			t.Errorf("%s: %d", sql, n)
		}
		for _, name := range []string{"query", "exec"} {
			if n := call(name, 0, len(before)); n != int64(abi.State) {
				t.Errorf("%s: %s behind it: %d", sql, name, n)
			}
			if n := call(name, 1024, len(last)); n != int64(abi.State) {
				t.Errorf("%s: the last %s again: %d", sql, name, n)
			}
		}
		if err := x.Rollback(context.Background(), time.Second); err != nil {
			t.Error(err)
		}
	}
}
