package host_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// TestTenants runs two Hosts on one Runtime, the same task text and the same
// module on both, at once, and sees that neither learns anything of the other:
// not by a connection's name, not by a handle, not by an error or a log, and
// that closing one leaves the other alone.
func TestTenants(t *testing.T) {
	r, err := host.NewRuntime(context.Background(), host.RuntimeConfig{CacheDir: t.TempDir(), Slots: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	type tenant struct {
		name string
		host *host.Host
		log  syncBuffer
	}
	tenants := []*tenant{{name: "alpha"}, {name: "beta"}}
	for _, x := range tenants {
		db := hosttest.SQLite(t, "CREATE TABLE who (name TEXT);\nINSERT INTO who VALUES ('"+x.name+"');\n")
		own := hosttest.SQLite(t, "CREATE TABLE secret_of_"+x.name+" (a INTEGER);\n")
		x.host, err = host.New(context.Background(), host.Config{Runtime: r, Drivers: hosttest.Drivers(),
			Connections: map[string]host.Connection{"db": db, "only-" + x.name: own}, Logger: slog.New(slog.NewTextHandler(&x.log, nil))})
		if err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i, x := range tenants {
		other := tenants[1-i].name
		for range 4 {
			wg.Go(func() { runAsTenant(t, x.host, x.name, other) })
		}
	}
	wg.Wait()
	for i, x := range tenants {
		if other := tenants[1-i].name; strings.Contains(x.log.String(), other) || !strings.Contains(x.log.String(), "execution") {
			t.Errorf("the log of %s:\n%s", x.name, x.log.String())
		}
	}
	if err := tenants[0].host.Close(); err != nil {
		t.Fatal(err)
	}
	runAsTenant(t, tenants[1].host, "beta", "alpha")
	if err := tenants[1].host.Close(); err != nil {
		t.Fatal(err)
	}
}

// runAsTenant does what a tenant may, and tries what it must not.
func runAsTenant(t *testing.T, h *host.Host, name, other string) {
	ctx := context.Background()
	load := func(task host.Task) *host.Program {
		p, err := h.Load(ctx, task)
		if err != nil {
			t.Error(err)
			t.FailNow()
		}
		return p
	}
	p := load(host.Task{Name: "who", Query: "SELECT name FROM who", Connection: "db"})
	for range 5 {
		var rows hosttest.Rows
		if _, err := p.Run(ctx, nil, &rows); err != nil || fmt.Sprint(rows.Cells) != "[["+name+"]]" {
			t.Errorf("%s sees %v, %v", name, rows.Cells, err)
		}
	}
	// By name: another's connection and one that is nowhere are the same.
	var messages []string
	for _, c := range []string{"only-" + other, "only-nobody"} {
		_, err := h.Load(ctx, host.Task{Name: "x", Query: "SELECT 1", Connection: c})
		if err == nil {
			t.Errorf("%s loads a task on %s", name, c)
			return
		}
		messages = append(messages, strings.ReplaceAll(err.Error(), c, "NAME"))
	}
	if messages[0] != messages[1] || strings.Contains(messages[0], other) {
		t.Errorf("errors tell names apart: %q", messages)
	}
	// By handle, and by an error that was not this guest's.
	none := abi.Outputs{Mode: abi.OutputNone}
	for _, guest := range []string{"handles", "fill-rule", "fresh", "probe"} {
		if _, err := load(host.Task{Name: guest, Module: module(t, guest), Connection: "db", Outputs: none}).Run(ctx, nil, host.Discard()); err != nil {
			t.Errorf("%s as %s: %v", guest, name, err)
		}
	}
	// By an error of the database.
	_, err := load(host.Task{Name: "y", Query: "SELECT * FROM secret_of_" + other, Connection: "only-" + name}).Run(ctx, nil, host.Discard())
	if err == nil || !strings.Contains(err.Error(), "no such table") {
		t.Errorf("%s: %v", name, err)
	}
}

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
