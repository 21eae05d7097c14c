package hostcall_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
)

// TestLimitsAreNamed reaches each limit of what a guest asks for in a dry run:
// the error ends the execution and says what was used and what the limit is.
func TestLimitsAreNamed(t *testing.T) {
	select1 := (&abi.QueryRequest{SQL: "SELECT 1"}).Marshal()
	text := abi.Value{Type: abi.Type{Kind: abi.Str}, Str: strings.Repeat("x", 1<<20)}
	list := abi.Value{Type: abi.Type{Kind: abi.List, Elem: &abi.Type{Kind: abi.Int}}, List: make([]abi.Value, 100_000)}
	for i := range list.List {
		list.List[i].Type.Kind = abi.Int
	}
	for name, c := range map[string]struct {
		limits  hostcall.Limits
		call    string
		request []byte
		want    string
	}{
		"cursors":    {hostcall.Limits{Cursors: 3}, "query", select1, "the guest has 3 cursors open and opens one more, the limit is 3"},
		"host_calls": {hostcall.Limits{HostCalls: 7}, "exec", select1, "the guest has made 8 host calls, the limit is 7"},
		"statement":  {hostcall.Limits{Statement: 7}, "exec", select1, "a statement of 8 bytes, the limit is 7"},
		"parameters": {hostcall.Limits{Parameters: 100}, "exec", (&abi.QueryRequest{SQL: "SELECT 1", Params: []abi.Value{text}}).Marshal(), "parameters of 1048590 bytes, the limit is 100"},
		"count":      {hostcall.Limits{ParameterCount: 3}, "query", (&abi.QueryRequest{SQL: "SELECT 1", Params: list.List[:4]}).Marshal(), "a statement of 4 parameters, the limit is 3"},
		"kept texts": {hostcall.Limits{}, "exec", (&abi.QueryRequest{SQL: "SELECT 1", Params: []abi.Value{text}}).Marshal(), "the statements of a dry run have 6711"},
		"kept lists": {hostcall.Limits{}, "query", (&abi.QueryRequest{SQL: "SELECT 1", Params: []abi.Value{list}}).Marshal(), "the statements of a dry run have "},
	} {
		x := hostcall.New(hostcall.Options{DryRun: true, Limits: c.limits, Connections: []hostcall.Connection{{Name: "db", Dialect: "sqlite"}}})
		mem := make(memory, 4<<20)
		copy(mem, c.request)
		errno := int64(0)
		for range 100 {
			if errno = callByName(x.Context(context.Background()), c.call, mem, 0, uint64(len(c.request))); errno < 0 {
				break
			}
		}
		e, _ := x.Err()
		var he *hostcall.Error
		if errno != int64(abi.Limit) || !errors.As(error(e), &he) || !he.Final || !strings.Contains(he.Error(), c.want) || !strings.Contains(he.Guest.Hint, "limits.") {
			t.Errorf("%s: %d, %+v, want %q", name, errno, e, c.want)
		}
	}
}
