package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

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
		{"postgres", sqldbtest.Postgres, "SELECT 1 AS n FROM pg_sleep(0.7)"},
		{"mariadb", sqldbtest.MariaDB, "SELECT SLEEP(0.7) AS n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			uri, dir := c.uri(t), t.TempDir()
			write(t, dir, map[string]string{
				"tenants/acme/wasmsql.yaml":     "connections: {db: {uri: '" + uri + "', pool: {max: 1}}}\n",
				"tenants/acme/tasks/sleep.yaml": "name: sleep\nconnection: db\nquery: " + c.sleep + "\n",
			})
			_, text, _ := call(t, "token", "create", "--tenants", filepath.Join(dir, "tenants"), "acme", "--role", "run")
			token := strings.TrimSpace(text)
			p := start(t, dir, "serve", "--tenants", "tenants", "--listen", "127.0.0.1:0")
			until := func(used, waiting int) {
				t.Helper()
				want := fmt.Sprintf("\nwasmsql_pool_connections{connection=%q,state=\"used\",tenant=\"acme\"} %d\n", "db", used)
				waits := fmt.Sprintf("\nwasmsql_pool_waiting{connection=%q,tenant=\"acme\"} %d\n", "db", waiting)
				for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
					_, body, _ := p.ask("GET", "/metrics", "", "")
					if strings.Contains(body, want) && strings.Contains(body, waits) && strings.Contains(body, "wasmsql_pool_connections_max{connection=\"db\",tenant=\"acme\"} 1\n") {
						return
					}
					if time.Now().After(deadline) {
						t.Fatalf("it is not %s and %s in\n%s", want, waits, body)
					}
				}
			}
			until(0, 0)
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					if status, body, err := p.ask("POST", "/v1/tasks/sleep/run", token, `{}`); status != 200 {
						t.Error(status, body, err)
					}
				})
			}
			until(1, 2)
			all.Wait()
			until(0, 0)
		})
	}
}
