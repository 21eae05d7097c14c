package host_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// recorder is a sqldb.Driver that notes what is asked of another: statements,
// parameters and how transactions end.
type recorder struct {
	sqldb.Driver
	mu    sync.Mutex
	lines []string
}

func (r *recorder) note(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.lines) < 10_000 {
		r.lines = append(r.lines, fmt.Sprintf(format, args...))
	}
}

// take returns what was noted since it was called last.
func (r *recorder) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := strings.Join(r.lines, "\n")
	r.lines = nil
	return text
}

// Open implements sqldb.Driver.Open.
func (r *recorder) Open(cfg sqldb.Config) (sqldb.DB, error) {
	db, err := r.Driver.Open(cfg)
	return &recordedDB{db, r}, err
}

type recordedDB struct {
	sqldb.DB
	r *recorder
}

// Begin implements sqldb.DB.Begin.
func (d *recordedDB) Begin(ctx context.Context, opts sqldb.TxOptions) (sqldb.Tx, error) {
	tx, err := d.DB.Begin(ctx, opts)
	d.r.note("begin: %v", err)
	if err != nil {
		return nil, err
	}
	return &recordedTx{tx, d.r}, nil
}

type recordedTx struct {
	sqldb.Tx
	r *recorder
}

// Query implements sqldb.Tx.Query.
func (t *recordedTx) Query(ctx context.Context, sql string, params []abi.Value) (sqldb.Rows, error) {
	rows, err := t.Tx.Query(ctx, sql, params)
	t.r.note("query %q %+v: %v", sql, params, err)
	return rows, err
}

// Exec implements sqldb.Tx.Exec.
func (t *recordedTx) Exec(ctx context.Context, sql string, params []abi.Value, discard bool) (int64, error) {
	n, err := t.Tx.Exec(ctx, sql, params, discard)
	t.r.note("exec %q %+v: %d %v", sql, params, n, err)
	return n, err
}

// Commit implements sqldb.Tx.Commit.
func (t *recordedTx) Commit(ctx context.Context) error {
	err := t.Tx.Commit(ctx)
	t.r.note("commit: %v", err)
	return err
}
