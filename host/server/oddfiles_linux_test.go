package server_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/wasmsql/wasmsql/host/server"
)

// TestT12OddFiles has a tenant's folder hold what is no file: nothing waits for
// it, and it is told.
func TestT12OddFiles(t *testing.T) {
	s := serve(t, files{"acme/wasmsql.yaml": config, "acme/tasks/one.yaml": task("one", "SELECT 1 AS n", "")}, nil)
	token := s.token("acme", server.Run)
	at := func(name string) string { return filepath.Join(s.dir, "acme", name) }
	for name, c := range map[string]struct {
		broken, mend func() error
		want         string
	}{
		"tokens are a pipe": {
			func() error {
				return errors.Join(os.Rename(at("tokens.yaml"), at("kept")), syscall.Mkfifo(at("tokens.yaml"), 0o600))
			},
			func() error { return os.Rename(at("kept"), at("tokens.yaml")) }, "tokens.yaml is not a file",
		},
		"tasks are a link": {
			func() error { return errors.Join(os.Rename(at("tasks"), at("old")), os.Symlink("old", at("tasks"))) },
			func() error { return errors.Join(os.Remove(at("tasks")), os.Rename(at("old"), at("tasks"))) },
			"tasks: a link to a folder is not followed",
		},
		"tasks have a link": {
			func() error { return os.Symlink("/etc", at("tasks/more")) },
			func() error { return os.Remove(at("tasks/more")) }, "tasks/more: the link cannot be followed",
		},
	} {
		if err := c.broken(); err != nil {
			t.Fatal(name, err)
		}
		s.reload()
		if err := s.Broken()["acme"]; err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if got := s.do("POST", "/v1/tasks/one/run", token, "{}"); got.status != 200 {
			t.Errorf("%s: what ran before: %d %s", name, got.status, got.body)
		}
		if err := c.mend(); err != nil {
			t.Fatal(name, err)
		}
		if s.reload(); s.Broken()["acme"] != nil {
			t.Errorf("%s: mended: %v", name, s.Broken())
		}
	}
}
