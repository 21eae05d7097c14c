package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// The measurements tell how the connections of a pool stand: while one
// execution has the only one and two wait for it, and afterwards.
func TestPoolsAreMeasured(t *testing.T) {
	for _, c := range []struct {
		name  string
		uri   func(testing.TB) string
		sleep string
	}{
		{"postgres", sqldbtest.Postgres, "SELECT 1 AS n FROM pg_sleep(3600)"},
		{"mariadb", sqldbtest.MariaDB, "SELECT SLEEP(3600) AS n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			uri, dir := c.uri(t), t.TempDir()
			write(t, dir, map[string]string{
				"tenants/acme/wasmsql.yaml":     "connections: {db: {uri: '" + uri + "', pool: {max: 1}}}\n",
				"tenants/acme/tasks/sleep.yaml": "name: sleep\nconnection: db\ntimeout: 2h\nquery: " + c.sleep + "\n",
			})
			_, text, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), "acme", "--role", "run")
			token := strings.TrimSpace(text)
			p := start(t, dir, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0")
			until := func(used, waiting int) {
				t.Helper()
				want := fmt.Sprintf("\nwasmsql_pool_connections{connection=%q,state=\"used\",tenant=\"acme\"} %d\n", "db", used)
				waits := fmt.Sprintf("\nwasmsql_pool_waiting{connection=%q,tenant=\"acme\"} %d\n", "db", waiting)
				sqldbtest.Eventually(t, "it is never "+want+" and "+waits, func() bool {
					_, body, _ := p.ask("GET", "/metrics", "", "")
					return strings.Contains(body, want) && strings.Contains(body, waits) && strings.Contains(body, "wasmsql_pool_connections_max{connection=\"db\",tenant=\"acme\"} 1\n")
				})
			}
			until(0, 0)
			ctx, leave := context.WithCancel(t.Context())
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					if status, body, err := p.askUntil(ctx, "POST", "/v1/tasks/sleep/run", token, `{}`); !errors.Is(err, context.Canceled) {
						t.Error(status, body, err)
					}
				})
			}
			until(1, 2)
			leave()
			all.Wait()
			until(0, 0)
		})
	}
}
