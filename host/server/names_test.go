package server_test

import (
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/server"
)

// TestTenantsOfAnyName: what can be a tenant's name can also be that of what is
// made for it, such as a queue.
func TestTenantsOfAnyName(t *testing.T) {
	t.Parallel()
	names := []string{"default", "a", "7", "a-1", strings.Repeat("x", 63)}
	all := files{}
	for _, name := range names {
		all[name+"/wasmsql.yaml"] = config
		all[name+"/tasks/one.yaml"] = task("one", "SELECT 1 AS n", "")
	}
	s := serve(t, all, withState(t, t.TempDir()))
	for _, name := range names {
		token := s.token(name, server.Run)
		if e := s.wait(token, s.do("POST", "/v1/executions", token, `{"task": "one"}`).execution(t).ID); e.Status != "succeeded" {
			t.Errorf("%s: %+v", name, e)
		}
	}
	for _, name := range []string{"", "-", "a-", "-a", "a--b", "A", "a_b", "a.b", "ä", strings.Repeat("x", 64)} {
		if manifest.IsTenant(name) {
			t.Errorf("%q can be the name of a tenant", name)
		}
	}
}
