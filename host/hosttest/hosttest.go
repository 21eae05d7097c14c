// Package hosttest helps tests to run tasks: a Host on a temporary SQLite
// database, a Sink that keeps rows, a log, and guests built from source.
package hosttest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

// Drivers returns the drivers that need no server.
func Drivers() map[string]sqldb.Driver {
	return map[string]sqldb.Driver{"sqlite": sqlite.Driver{}}
}

// SQLite returns a read-write connection to a new database file that the
// statements of script, each ended by a semicolon at the end of a line, have
// been run on.
func SQLite(t testing.TB, script string) host.Connection {
	t.Helper()
	return SQLiteFile(t, filepath.Join(t.TempDir(), "test.db"), script)
}

// SQLiteFile is SQLite for a file of the caller's.
func SQLiteFile(t testing.TB, file, script string) host.Connection {
	t.Helper()
	uri, err := sqldb.ParseURI("sqlite:///" + file)
	if err != nil {
		t.Fatal(err)
	}
	c := host.Connection{URI: uri, Access: abi.ReadWrite}
	db, err := sqlite.Driver{}.Open(sqldb.Config{Name: "setup", URI: uri, Access: abi.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	ctx := context.Background()
	tx, err := db.Begin(ctx, sqldb.TxOptions{Access: abi.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	for _, sql := range strings.Split(script, ";\n") {
		if strings.TrimSpace(sql) == "" {
			continue
		}
		if _, err := tx.Exec(ctx, sql, nil, true); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	return c
}

// Open returns a Host with the connection "db", which is closed with the test.
// Hosts of one test binary share a Runtime unless change says otherwise.
func Open(t testing.TB, db host.Connection, change ...func(*host.Config)) *host.Host {
	t.Helper()
	cfg := host.Config{Runtime: Runtime(t, "compiler"), Drivers: Drivers(), Connections: map[string]host.Connection{"db": db}}
	for _, f := range change {
		f(&cfg)
	}
	h, err := host.New(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}

var (
	runtimes   = map[string]*host.Runtime{}
	runtimesMu sync.Mutex
)

// Runtime returns the Runtime of an engine that the tests of a binary share.
func Runtime(t testing.TB, engine string) *host.Runtime {
	t.Helper()
	runtimesMu.Lock()
	defer runtimesMu.Unlock()
	if r, ok := runtimes[engine]; ok {
		return r
	}
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("wasmsql-test-%d", os.Getuid()))
	r, err := host.NewRuntime(context.Background(), host.RuntimeConfig{Engine: engine, CacheDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	runtimes[engine] = r
	return r
}

// Rows is a Sink that keeps the result.
type Rows struct {
	Schema  *arrow.Schema
	Cells   [][]string // as Arrow prints them; a null is "(null)"
	Closed  bool
	Aborted error
}

// Open implements host.Sink.Open.
func (r *Rows) Open(s *arrow.Schema) error { r.Schema = s; return nil }

// Write implements host.Sink.Write.
func (r *Rows) Write(rec arrow.Record) error {
	for i := range int(rec.NumRows()) {
		row := make([]string, rec.NumCols())
		for j, col := range rec.Columns() {
			row[j] = col.ValueStr(i)
		}
		r.Cells = append(r.Cells, row)
	}
	return nil
}

// Close implements host.Sink.Close.
func (r *Rows) Close() error { r.Closed = true; return nil }

// Abort implements host.Sink.Abort.
func (r *Rows) Abort(cause error) { r.Aborted = cause }

// Log keeps what is logged, to be read while more is. The zero Log is empty. It
// is safe for concurrent use.
type Log struct {
	mu   sync.Mutex
	text strings.Builder
}

// Write implements io.Writer.
func (l *Log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// String returns what was logged so far.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// BuildGuest builds the Go guest in a folder, with the flags that a guest
// needs, and returns its binary.
func BuildGuest(t testing.TB, dir string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "guest.wasm")
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-ldflags=-s -w", "-o", out, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building %s: %v\n%s", dir, err, text)
	}
	wasm, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return wasm
}
