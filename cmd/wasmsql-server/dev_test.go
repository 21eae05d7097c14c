package main

import (
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// TestDevKeepsForNow: executions are accepted and there is an audit, and
// nothing of it is left afterwards, also where the terminal was closed.
func TestDevKeepsForNow(t *testing.T) {
	for _, end := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
		t.Run(end.String(), func(t *testing.T) { testDevKeepsForNow(t, end) })
	}
}

func testDevKeepsForNow(t *testing.T, end syscall.Signal) {
	dir, temp := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	write(t, dir, map[string]string{"one.yaml": "name: one\nquery: SELECT {{ x }} AS n\ninputs: {x: int?}\nconnection: {uri: 'sqlite:///a.db'}\n"})
	p := start(t, dir, "serve", "--dev", "--listen", "127.0.0.1:0")
	token := <-p.lines
	status, body, err := p.ask("POST", "/v1/executions", token, `{"task": "one", "inputs": {"x": 7}}`)
	if status != 202 {
		t.Fatal(status, body, err)
	}
	_, id, _ := strings.Cut(body, `"id":"`)
	id, _, _ = strings.Cut(id, `"`)
	sqldbtest.Eventually(t, "the execution does not succeed", func() bool {
		status, body, err := p.ask("GET", "/v1/executions/"+id+"?wait=30s", token, "")
		if status != 200 || strings.Contains(body, `"problem"`) {
			t.Fatal(status, body, err)
		}
		return strings.Contains(body, `"succeeded"`)
	})
	if status, body, err := p.ask("GET", "/v1/audit", token, ""); status != 200 || !strings.Contains(body, id) {
		t.Error(status, body, err)
	}
	if kept, _ := os.ReadDir(temp); len(kept) == 0 {
		t.Error("it is kept elsewhere")
	}
	if err := p.cmd.Process.Signal(end); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left is %v, %v", left, err)
	}
}
