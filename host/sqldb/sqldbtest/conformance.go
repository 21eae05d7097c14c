package sqldbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/internal/columns"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Run holds a driver against testdata/conformance, on a database whose tables
// it may drop: those of uri, a SQLAlchemy URL. Each file is a subtest, named as
// the file and after the threats that it shows.
func Run(t *testing.T, driver sqldb.Driver, uri string) {
	files, err := filepath.Glob(filepath.Join(root(t), "testdata/conformance/*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no cases found")
	}
	db, server := openURI(t, driver, uri), ReleaseOf(t, driver, uri)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := parseCase(file, text, server)
		name := strings.Join(append([]string{strings.TrimSuffix(filepath.Base(file), ".txtar")}, c.tags...), " ")
		t.Run(name, func(t *testing.T) {
			if err != nil {
				t.Fatal(err)
			}
			if c.skip {
				t.Skipf("not about %s %d", server.Product, server.Major)
			}
			r := runner{t: t, db: db, uri: uri, dialect: driver.Dialect(), c: c}
			r.run()
		})
	}
}

// root finds the module's folder.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Fatal("no go.mod above the working folder")
		}
		dir = up
	}
}

func openURI(t testing.TB, driver sqldb.Driver, uri string) sqldb.DB {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	db, err := driver.Open(sqldb.Config{Name: "conformance", URI: u, Access: abi.ReadWrite})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// runner runs one case.
type runner struct {
	t       *testing.T
	db      sqldb.DB
	uri     string
	dialect abi.Dialect
	c       *testCase
	tx      sqldb.Tx
	left    []step     // that are still to be done
	cursor  sqldb.Rows // left open by a step
}

// hangs is how long any one step may take. Nothing does: it is for a driver
// that hangs.
const hangs = Patience

func (r *runner) run() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*hangs)
	defer cancel()
	r.empty(ctx)
	r.script(ctx, r.c.setup)
	r.left = r.c.steps
	r.begin(ctx, r.c.access)
	for i, s := range r.c.steps {
		r.left = r.c.steps[i+1:]
		ctx, cancel := context.WithTimeout(ctx, hangs)
		r.step(ctx, s)
		cancel()
	}
	r.end(ctx)
}

// drops returns, for each dialect, statements that drop all that cases make.
var drops = map[abi.Dialect]string{
	abi.SQLite: `SELECT 'DROP ' || type || ' IF EXISTS "' || name || '"' FROM sqlite_schema
		WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite@_%' ESCAPE '@'`,
	abi.Postgres: `SELECT format('DROP %s IF EXISTS %I CASCADE', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, relname)
		FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v', 'S', 'p', 'm')
		UNION ALL SELECT format('DROP TYPE IF EXISTS %I CASCADE', t.typname) FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid
		WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd', 'c', 'r') AND (c.oid IS NULL OR c.relkind = 'c')
		UNION ALL SELECT format('DROP FUNCTION IF EXISTS %s CASCADE', oid::regprocedure) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'`,
	abi.MySQL: `SELECT CONCAT('DROP ', IF(table_type = 'VIEW', 'VIEW', 'TABLE'), ' IF EXISTS ` + "`', table_name, '`" + `')
		FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'VIEW')`,
}

// empty drops what the case before has made.
func (r *runner) empty(ctx context.Context) {
	r.t.Helper()
	r.begin(ctx, abi.ReadWrite)
	rows, err := r.tx.Query(ctx, drops[r.dialect], nil)
	if err != nil {
		r.t.Fatalf("emptying the database: %v", err)
	}
	_, text, err := drain(ctx, rows, nil)
	if err != nil {
		r.t.Fatalf("emptying the database: %v", err)
	}
	_ = rows.Close()
	r.end(ctx)
	var list []string
	if r.dialect == abi.MySQL {
		list = append(list, "SET SESSION foreign_key_checks = 0")
	}
	for line := range strings.Lines(text.rows) {
		sql, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			r.t.Fatalf("emptying the database: %s: %v", line, err)
		}
		list = append(list, sql)
	}
	r.script(ctx, list)
}

// script runs statements and commits.
func (r *runner) script(ctx context.Context, list []string) {
	r.t.Helper()
	if len(list) == 0 {
		return
	}
	r.begin(ctx, abi.ReadWrite)
	for _, sql := range list {
		if _, err := r.tx.Exec(ctx, sql, nil, true); err != nil {
			r.t.Fatalf("setup: %s: %v", sql, describe(err))
		}
	}
	if err := r.tx.Commit(ctx); err != nil {
		r.t.Fatalf("setup: commit: %v", describe(err))
	}
	r.end(ctx)
}

func (r *runner) begin(ctx context.Context, access abi.Access) {
	r.t.Helper()
	tx, err := r.db.Begin(ctx, sqldb.TxOptions{Access: access, Batch: r.c.batch, Result: r.declared()})
	if err != nil {
		r.t.Fatalf("begin: %v", describe(err))
	}
	r.tx = tx
	r.t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
}

// declared returns the outputs of the next query that has any before another
// transaction begins, as a task has those of its result.
func (r *runner) declared() []abi.OutputColumn {
	for _, s := range r.left {
		if s.do == "begin" || s.outputs != nil {
			return s.outputs
		}
	}
	return nil
}

// end rolls back, which never fails on a database that is there.
func (r *runner) end(ctx context.Context) {
	r.t.Helper()
	r.closeCursor()
	var kept *sqldb.Error
	if err := r.tx.Rollback(ctx); err != nil && !(errors.As(err, &kept) && kept.Code == abi.State) {
		r.t.Errorf("rollback: %v", describe(err))
	}
}

func (r *runner) closeCursor() error {
	if r.cursor == nil {
		return nil
	}
	c := r.cursor
	r.cursor = nil
	err := errors.Join(c.Close(), c.Close()) // it is idempotent
	var closed *sqldb.Error
	if _, after := c.Next(context.Background()); !errors.As(after, &closed) || closed.Code != abi.State {
		r.t.Errorf("Next of a closed cursor returned %v", after)
	}
	return err
}

// outcome is what came of a step, as text.
type outcome struct {
	schema, rows, changed, batches string
}

// step does a step and compares.
func (r *runner) step(ctx context.Context, s step) {
	r.t.Helper()
	name := s.do
	if s.id > 0 {
		name = fmt.Sprintf("%d/%s", s.id, s.do)
	}
	got, err := r.do(r.limited(ctx, name, s), s)
	if want, ok := s.want["misfit"]; ok {
		r.compareMisfit(name, want, err)
		return
	}
	if want, ok := s.want["error"]; ok && want != "OK" {
		r.compareError(name, want, err)
		r.secrets(name, err)
		return
	} else if err != nil {
		r.t.Fatalf("%s: %v", name, describe(err))
	}
	for what, text := range map[string]string{"schema": got.schema, "rows": got.rows, "changed": got.changed, "batches": got.batches} {
		if want, ok := s.want[what]; ok && strings.TrimSpace(text) != want {
			r.t.Errorf("%s: %s: got\n%s\nwant\n%s", name, what, strings.TrimSpace(text), want)
		}
	}
}

// limited returns the context of a step, which ends as its file cancel says:
// "cancel 50ms", "deadline 50ms" or "canceled".
func (r *runner) limited(ctx context.Context, name string, s step) context.Context {
	how, after, _ := strings.Cut(s.want["cancel"], " ")
	if how == "" {
		return ctx
	}
	d, err := time.ParseDuration(after)
	if err != nil {
		r.t.Fatalf("%s: cancel: %v", name, err)
	}
	switch how {
	case "deadline":
		ctx, cancel := context.WithTimeout(ctx, d)
		r.t.Cleanup(cancel)
		return ctx
	case "cancel":
		ctx, cancel := context.WithCancel(ctx)
		if d == 0 {
			cancel()
		}
		timer := time.AfterFunc(d, cancel)
		r.t.Cleanup(func() { timer.Stop(); cancel() })
		return ctx
	}
	r.t.Fatalf("%s: cancel: %q is neither cancel nor deadline", name, how)
	return nil
}

func (r *runner) do(ctx context.Context, s step) (got outcome, err error) {
	switch s.do {
	case "query", "open":
		return r.query(ctx, s)
	case "exec", "discard":
		var n int64
		n, err = r.tx.Exec(ctx, s.text, s.params, s.do == "discard")
		got.changed = strconv.FormatInt(n, 10)
	case "close":
		err = r.closeCursor()
	case "commit":
		err = r.tx.Commit(ctx)
	case "rollback":
		err = r.tx.Rollback(ctx)
	case "begin":
		access, bad := parseAccess(s.text)
		if bad != nil {
			r.t.Fatal(bad)
		}
		r.end(ctx)
		r.begin(ctx, access)
	}
	return got, err
}

// query runs a statement and reads its rows to the end, unless its cursor is
// to stay open.
func (r *runner) query(ctx context.Context, s step) (outcome, error) {
	r.t.Helper()
	rows, err := r.tx.Query(ctx, s.text, s.params)
	if err != nil {
		if rows != nil {
			r.t.Error("an error, and rows")
		}
		return outcome{}, err
	}
	if s.do == "open" {
		r.cursor = rows
		return outcome{schema: showSchema(rows.Schema())}, nil
	}
	defer func() {
		for range 2 {
			if err := rows.Close(); err != nil {
				r.t.Errorf("closing the cursor: %v", describe(err))
			}
		}
	}()
	convert, err := conversionOf(rows.Schema(), s.outputs)
	if err != nil {
		return outcome{}, err
	}
	bad, got, err := drain(ctx, rows, convert)
	if bad != "" {
		r.t.Error(bad)
	}
	bounds := r.c.batch.OrDefault()
	for line := range strings.Lines(got.batches) {
		if n, _ := strconv.Atoi(strings.TrimSpace(line)); n > bounds.Rows || n == 0 {
			r.t.Errorf("a batch of %d rows, where at most %d are asked for", n, bounds.Rows)
		}
	}
	return got, err
}

// drain reads rows to their end, and converts them if it is said how. It
// returns what breaks the contract of sqldb.Rows, if anything does.
func drain(ctx context.Context, rows sqldb.Rows, convert *columns.Conversion) (bad string, got outcome, err error) {
	schema := rows.Schema()
	if schema == nil {
		return "no schema", got, errors.New("no schema")
	}
	got.schema = showSchema(schema)
	if convert != nil {
		got.schema = showSchema(convert.Schema())
	}
	var text, batches strings.Builder
	for {
		var rec arrow.Record
		if rec, err = rows.Next(ctx); err != nil {
			break
		}
		if !rec.Schema().Equal(schema) {
			bad = fmt.Sprintf("a batch with the schema\n%s\nof a cursor with\n%s", rec.Schema(), schema)
		}
		fmt.Fprintln(&batches, rec.NumRows())
		shown, misfit := converted(rec, convert)
		rec.Release()
		if misfit != nil {
			return bad, got, misfit
		}
		text.WriteString(shown)
	}
	got.rows, got.batches = text.String(), batches.String()
	if err != io.EOF {
		return bad, got, err
	}
	if _, again := rows.Next(ctx); again != io.EOF && bad == "" {
		bad = fmt.Sprintf("Next after the end returned %v", again)
	}
	got.changed = strconv.FormatInt(rows.Changed(), 10)
	return bad, got, nil
}
