package server

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// bytesRead returns how many bytes the process has read.
func bytesRead(t *testing.T) (n int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err == nil {
		_, err = fmt.Sscanf(string(text), "rchar: %d", &n)
	}
	if err != nil {
		t.Skip("it is not told what is read:", err)
	}
	return n
}

// TestT12ChangesAreSeen changes a tenant's folder in ways that are hard to see:
// each is taken over. A folder that has not changed is not read.
func TestT12ChangesAreSeen(t *testing.T) {
	rt, err := host.NewRuntime(t.Context(), host.RuntimeConfig{Engine: "interpreter"})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	dir := t.TempDir()
	acme := filepath.Join(dir, "acme")
	write := func(name, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(filepath.Join(acme, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(acme, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one := func(n int) string { return fmt.Sprintf("name: one\nquery: SELECT %d AS n\nconnection: db\n", n) }
	write("wasmsql.yaml", "connections: {db: {uri: 'sqlite://'}}\n")
	write("tasks/one.yaml", one(1))
	write("large.wasm", string(make([]byte, 8<<20)))
	s, err := New(t.Context(), Config{Tenants: dir, Runtime: rt, Drivers: map[string]sqldb.Driver{"sqlite": sqlite.Driver{}},
		Secrets: func(string) secret.Provider { return secret.Chain() }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(context.Background())
	// reload has the server look, a while after the last reading. It returns how
	// many bytes were read.
	reload := func() int {
		t.Helper()
		s.change.Lock()
		if r, ok := s.readings["acme"]; ok {
			r.at = r.at.Add(time.Hour)
			s.readings["acme"] = r
		}
		s.change.Unlock()
		before := bytesRead(t)
		if err := s.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		return bytesRead(t) - before
	}
	digest := func() (d [32]byte) {
		s.mu.RLock()
		defer s.mu.RUnlock()
		return s.tenants["acme"].digest
	}
	if n := reload(); n > 1<<20 {
		t.Errorf("a folder that has not changed: %d bytes are read", n)
	}
	at := filepath.Join(acme, "tasks", "one.yaml")
	st, err := os.Stat(at)
	if err != nil {
		t.Fatal(err)
	}
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name   string
		change func()
	}{
		{"as long, with the time of before", func() { write("tasks/one.yaml", one(2)); do(os.Chtimes(at, st.ModTime(), st.ModTime())) }},
		{"another file in its place", func() {
			write("tasks/.new", one(3))
			do(os.Chtimes(filepath.Join(acme, "tasks", ".new"), st.ModTime(), st.ModTime()))
			do(os.Rename(filepath.Join(acme, "tasks", ".new"), at))
		}},
		{"a file more", func() { write("tasks/two.yaml", strings.Replace(one(4), "one", "two", 1)) }},
		{"a file in a new folder", func() { write("tasks/below/three.yaml", strings.Replace(one(4), "one", "three", 1)) }},
		{"another name", func() {
			do(os.Rename(filepath.Join(acme, "tasks", "two.yaml"), filepath.Join(acme, "tasks", "2.yaml")))
		}},
		{"a file less", func() { do(os.Remove(filepath.Join(acme, "tasks", "2.yaml"))) }},
		{"a link instead", func() {
			write("kept/one.txt", one(5))
			do(os.Remove(at))
			do(os.Symlink("../kept/one.txt", at))
		}},
		{"what the link leads to", func() { write("kept/one.txt", one(6)) }},
		{"a byte of a module", func() { write("large.wasm", string(bytes.Repeat([]byte{1}, 8<<20))) }},
	} {
		before := digest()
		c.change()
		if reload(); digest() == before {
			t.Errorf("%s: it is not seen", c.name)
		}
		if n := reload(); n > 1<<20 {
			t.Errorf("%s: afterwards %d bytes are read", c.name, n)
		}
	}
	r := reading{look: look{newest: time.Unix(100, 0)}, at: time.Unix(103, 0)}
	if r.holds(r.look) {
		t.Error("a file that was changed just before it was read is told from itself by its time")
	}
}
