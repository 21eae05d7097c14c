package host_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

func intInput(name string) host.Input {
	return host.Input{Name: name, Type: abi.Type{Kind: abi.Int}}
}

func intValue(n int64) abi.Value { return abi.Value{Type: abi.Type{Kind: abi.Int}, Int: n} }

const people = `CREATE TABLE people (id INTEGER PRIMARY KEY, name TEXT, value REAL);
INSERT INTO people VALUES (1,'Ada',1.5),(2,'O''Neil',-2.25),(3,'Zoë',10);
`

// load makes a program on a new people database.
func load(t testing.TB, task host.Task, change ...func(*host.Config)) *host.Program {
	t.Helper()
	h := hosttest.Open(t, hosttest.SQLite(t, people), change...)
	return loadOn(t, h, task)
}

func loadOn(t testing.TB, h *host.Host, task host.Task) *host.Program {
	t.Helper()
	if task.Name == "" {
		task.Name = t.Name()
	}
	if task.Connection == "" && task.Inline == nil {
		task.Connection = "db"
	}
	p, err := h.Load(context.Background(), task)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// names runs SELECT name FROM people on the program's host.
func names(t testing.TB, h *host.Host) string {
	t.Helper()
	var rows hosttest.Rows
	p := loadOn(t, h, host.Task{Query: "SELECT name FROM people ORDER BY id"})
	if _, err := p.Run(context.Background(), nil, &rows); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(rows.Cells)
}

func TestRunSelect(t *testing.T) {
	p := load(t, host.Task{
		Query: "SELECT id, name, value FROM people WHERE id > {{ .inputs.after }}", Inputs: []host.Input{intInput("after")},
		Outputs: abi.Outputs{Mode: abi.OutputColumns, Columns: []abi.OutputColumn{
			{Name: "id", Type: abi.Type{Kind: abi.Int}}, {Name: "name", Type: abi.Type{Kind: abi.Str}}, {Name: "value", Type: abi.Type{Kind: abi.Float}}}},
	})
	for range 3 {
		var rows hosttest.Rows
		report, err := p.Run(context.Background(), host.Inputs{"after": intValue(1)}, &rows)
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(rows.Cells); got != "[[2 O'Neil -2.25] [3 Zoë 10]]" || !rows.Closed {
			t.Errorf("rows %s, closed %v", got, rows.Closed)
		}
		if report.Rows != 2 || report.Bytes == 0 || report.Statements != 1 || report.Attempts != 1 || report.HostCalls < 3 ||
			report.GuestMemory == 0 || len(report.SQLHash) != 64 || report.Times.Total == 0 || report.Times.Guest == 0 {
			t.Errorf("report %+v", report)
		}
	}
}

// TestTransaction: an execution that fails in the middle leaves nothing, one
// that succeeds all of it.
func TestTransaction(t *testing.T) {
	h := hosttest.Open(t, hosttest.SQLite(t, people))
	none := abi.Outputs{Mode: abi.OutputNone}
	p := loadOn(t, h, host.Task{Query: "UPDATE people SET name = 'x'; INSERT INTO people VALUES ({{ id }}, 'new', 0)", Inputs: []host.Input{intInput("id")}, Outputs: none})
	_, err := p.Run(context.Background(), host.Inputs{"id": intValue(3)}, host.Discard())
	if got, message := code(err); got != host.CodeTask || !strings.HasPrefix(message, "1:31: statement 2 of 2: ") {
		t.Errorf("%s: %s", got, message)
	}
	if got := names(t, h); got != "[[Ada] [O'Neil] [Zoë]]" {
		t.Errorf("after a failure: %s", got)
	}
	report, err := p.Run(context.Background(), host.Inputs{"id": intValue(4)}, host.Discard())
	if err != nil || report.RowsAffected != 4 || report.Statements != 2 {
		t.Errorf("%+v, %v", report, err)
	}
	if got := names(t, h); got != "[[x] [x] [x] [new]]" {
		t.Errorf("after a success: %s", got)
	}
}

// TestCommitFails has a reader that keeps SQLite from committing, after the
// rows have gone to the sink.
func TestCommitFails(t *testing.T) {
	db := hosttest.SQLite(t, people)
	db.Args = map[string]any{"timeout": 0.05}
	h := hosttest.Open(t, db)
	p := loadOn(t, h, host.Task{Query: "INSERT INTO people VALUES (4, 'new', 0) RETURNING name"})
	release := read(t, db)
	var rows hosttest.Rows
	_, err := p.Run(context.Background(), nil, &rows)
	if got, message := code(err); got != host.CodeTask || !strings.HasPrefix(message, "commit: ") || rows.Closed || rows.Aborted == nil {
		t.Errorf("%s: %s; closed %v", got, message, rows.Closed)
	}
	if got := fmt.Sprint(rows.Cells); got != "[[new]]" {
		t.Errorf("rows %s", got)
	}
	release()
	if got := names(t, h); got != "[[Ada] [O'Neil] [Zoë]]" {
		t.Errorf("the database has %s", got)
	}
}

// read begins to read the people of a database and returns what ends that.
func read(t *testing.T, db host.Connection) func() {
	t.Helper()
	d, err := sqlite.Driver{}.Open(sqldb.Config{Name: "reader", URI: db.URI, Access: abi.ReadOnly})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	tx, err := d.Begin(t.Context(), sqldb.TxOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Query(t.Context(), "SELECT * FROM people", nil); err != nil {
		t.Fatal(err)
	}
	return func() { _ = tx.Rollback(context.Background()) }
}

// brokenSink fails at its nth call of a method.
type brokenSink struct {
	hosttest.Rows
	method string
}

var errBroken = errors.New("the disk is full")

func (s *brokenSink) Open(schema *arrow.Schema) error {
	if s.method == "open" {
		return errBroken
	}
	return s.Rows.Open(schema)
}

func (s *brokenSink) Write(rec arrow.Record) error {
	if s.method == "write" {
		return errBroken
	}
	return s.Rows.Write(rec)
}

func (s *brokenSink) Finish() error {
	if s.method == "finish" {
		return errBroken
	}
	return nil
}

func (s *brokenSink) Close() error {
	if s.method == "close" {
		return errBroken
	}
	return s.Rows.Close()
}

// TestSinkFails: what the sink could not take is not committed, unless it
// failed after the commit, and then the error says so.
func TestSinkFails(t *testing.T) {
	for method, want := range map[string]struct{ message, left string }{
		"open":   {"the disk is full", "[[Ada] [O'Neil] [Zoë]]"},
		"write":  {"the disk is full", "[[Ada] [O'Neil] [Zoë]]"},
		"finish": {"the disk is full", "[[Ada] [O'Neil] [Zoë]]"},
		"close":  {"the disk is full (the transaction is committed)", "[[x] [x] [x]]"},
	} {
		t.Run(method, func(t *testing.T) {
			h := hosttest.Open(t, hosttest.SQLite(t, people))
			p := loadOn(t, h, host.Task{Query: "UPDATE people SET name = 'x' RETURNING id", Retries: 3})
			sink := &brokenSink{method: method}
			report, err := p.Run(context.Background(), nil, sink)
			if got, message := code(err); got != host.CodeOutput || message != want.message || sink.Aborted == nil || report.Attempts != 1 {
				t.Errorf("%s: %q, aborted %v, %d attempts", got, message, sink.Aborted, report.Attempts)
			}
			if got := names(t, h); got != want.left {
				t.Errorf("left behind: %s", got)
			}
		})
	}
}

func TestResultIsNotAsDeclared(t *testing.T) {
	p := load(t, host.Task{Query: "SELECT id, name FROM people",
		Outputs: abi.Outputs{Mode: abi.OutputColumns, Columns: []abi.OutputColumn{{Name: "id", Type: abi.Type{Kind: abi.Str}}, {Name: "nam", Type: abi.Type{Kind: abi.Str}}}}})
	var rows hosttest.Rows
	_, err := p.Run(context.Background(), nil, &rows)
	if got, message := code(err); got != host.CodeTask || !strings.Contains(message, `"nam"`) || rows.Schema != nil {
		t.Errorf("%s: %s, opened %v", got, message, rows.Schema)
	}
}

func TestLimits(t *testing.T) {
	const many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 100000) SELECT i FROM n"
	for name, c := range map[string]struct {
		change func(*host.Config)
		query  string
		want   string
	}{
		"rows":      {func(c *host.Config) { c.Limits.Rows = 99 }, many, "the result has more than 99 rows"},
		"one row":   {func(c *host.Config) { c.Limits.Rows = 1 }, many, "the result has more than 1 row"},
		"bytes":     {func(c *host.Config) { c.Limits.Bytes = 1000 }, many, "the result has more than 1000 bytes"},
		"deadline":  {func(c *host.Config) { c.Limits.Timeout = 100 * time.Millisecond }, strings.Replace(many, "100000", "1000000000", 1), "the deadline of 100ms has passed"},
		"statement": {func(c *host.Config) { c.Limits.Statement = 100 }, "SELECT '" + strings.Repeat("x", 100) + "'", "1:1: the statement has more than 100 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			p := load(t, host.Task{Query: c.query}, c.change)
			var rows hosttest.Rows
			start := time.Now()
			_, err := p.Run(context.Background(), nil, &rows)
			if got, message := code(err); got != host.CodeLimit || message != c.want || rows.Closed {
				t.Errorf("%s: %q, want %q", got, message, c.want)
			}
			if d := time.Since(start); d > 10*time.Second {
				t.Errorf("it took %s", d)
			}
		})
	}
}

func TestCancel(t *testing.T) {
	h := hosttest.Open(t, hosttest.SQLite(t, people))
	p := loadOn(t, h, host.Task{Query: "INSERT INTO people SELECT 100 + i, 'n', 0 FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < 1000000000) SELECT i FROM n)",
		Outputs: abi.Outputs{Mode: abi.OutputNone}})
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(50*time.Millisecond, cancel)
	_, err := p.Run(ctx, nil, host.Discard())
	if got, message := code(err); got != host.CodeCanceled || message != "the execution was cancelled" {
		t.Errorf("%s: %s", got, message)
	}
	if got := names(t, h); got != "[[Ada] [O'Neil] [Zoë]]" {
		t.Errorf("left behind: %s", got)
	}
}

// started is a Tracer that tells when an execution has begun.
type started chan struct{}

func (s started) TraceRunStart(ctx context.Context, _ host.RunStart) context.Context {
	select {
	case s <- struct{}{}:
	default:
	}
	return ctx
}

func (started) TraceRunEnd(context.Context, host.RunEnd) {}

// TestClose ends what runs, and makes further calls errors.
func TestClose(t *testing.T) {
	started := make(started, 1)
	h := hosttest.Open(t, hosttest.SQLite(t, people), func(c *host.Config) { c.Tracer = started })
	p := loadOn(t, h, host.Task{Query: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT count(*) FROM n"})
	ended := make(chan error, 1)
	go func() {
		_, err := p.Run(context.Background(), nil, host.Discard())
		ended <- err
	}()
	<-started
	time.Sleep(50 * time.Millisecond) // most often it is in the query by then
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if got, message := code(<-ended); got != host.CodeCanceled || message != "the execution was ended: the host was closed" {
		t.Errorf("%s: %s", got, message)
	}
	_, err := p.Run(context.Background(), nil, host.Discard())
	if got, message := code(err); got != host.CodeUsage || message != "the host was closed" {
		t.Errorf("run after close: %s: %s", got, message)
	}
	if _, err := h.Load(context.Background(), host.Task{Name: "x", Query: "SELECT 1", Connection: "db"}); err == nil {
		t.Error("load after close")
	}
	if err := h.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

// TestRetry: a database that is locked is tried again; one that stays locked
// is an error after as many retries as the task says.
func TestRetry(t *testing.T) {
	file := filepath.Join(t.TempDir(), "locked.db")
	conn := hosttest.SQLiteFile(t, file, people)
	conn.Args = map[string]any{"timeout": 0.01}
	h := hosttest.Open(t, conn)
	blocker := loadOn(t, h, host.Task{Name: "blocker", Timeout: time.Minute, Outputs: abi.Outputs{Mode: abi.OutputNone},
		Query: "UPDATE people SET name = 'b'; INSERT INTO people SELECT 100 + i, 'n', 0 FROM (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i FROM n)"})
	writer := loadOn(t, h, host.Task{Name: "writer", Query: "UPDATE people SET name = 'w'", Outputs: abi.Outputs{Mode: abi.OutputNone}, Retries: 2})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		_, _ = blocker.Run(ctx, nil, host.Discard())
		close(done)
	}()
	time.Sleep(100 * time.Millisecond)
	report, err := writer.Run(context.Background(), nil, host.Discard())
	if report.Attempts != 3 || err == nil {
		t.Errorf("%d attempts, %v", report.Attempts, err)
	}
	cancel()
	<-done
	if report, err := writer.Run(context.Background(), nil, host.Discard()); err != nil || report.Attempts != 1 {
		t.Errorf("%d attempts, %v", report.Attempts, err)
	}
}

func TestRender(t *testing.T) {
	uri := hosttest.SQLite(t, "")
	uri.URI.Database = filepath.Join(t.TempDir(), "not", "there.db") // nothing is opened
	h := hosttest.Open(t, uri)
	p := loadOn(t, h, host.Task{Query: "DELETE FROM t WHERE id = {{ id }}; SELECT '%{{ id }}%'", Inputs: []host.Input{intInput("id")}})
	got, err := p.Render(context.Background(), host.Inputs{"id": intValue(7)})
	if err != nil || len(got) != 2 {
		t.Fatalf("%v %v", got, err)
	}
	if s := got[0]; s.Connection != "db" || s.Dialect != abi.SQLite || s.Returns || len(s.Params) != 1 || s.Params[0].Int != 7 {
		t.Errorf("first: %+v", s)
	}
	if s := got[1]; !s.Returns || len(s.Params) != 1 || s.Params[0].Str != "%7%" {
		t.Errorf("second: %+v", s)
	}
}

func TestInputs(t *testing.T) {
	p := load(t, host.Task{
		Query: "SELECT {{ a }}, {{ b }}, {{ c }}",
		Inputs: []host.Input{intInput("a"), {Name: "b", Type: abi.Type{Kind: abi.Int, Nullable: true}, Default: &abi.Value{Type: abi.Type{Kind: abi.Int, Nullable: true}, Null: true}},
			{Name: "c", Type: abi.Type{Kind: abi.Str}, Default: &abi.Value{Type: abi.Type{Kind: abi.Str}, Str: "up"}, Enum: []abi.Value{{Type: abi.Type{Kind: abi.Str}, Str: "up"}, {Type: abi.Type{Kind: abi.Str}, Str: "down"}}}},
	})
	var rows hosttest.Rows
	if _, err := p.Run(context.Background(), host.Inputs{"a": intValue(1)}, &rows); err != nil || fmt.Sprint(rows.Cells) != "[[1 (null) up]]" {
		t.Errorf("%v %v", rows.Cells, err)
	}
	_, err := p.Run(context.Background(), host.Inputs{"b": {Type: abi.Type{Kind: abi.Str}, Str: "1"}, "c": {Type: abi.Type{Kind: abi.Str}, Str: "left"}, "aa": intValue(1)}, host.Discard())
	want := `input "a" (int) is missing
input "b": it is str, declared is int?
input "c": it is none of the values that enum lists
there is no input "aa"`
	var errs host.Errors
	if !errors.As(err, &errs) || err.Error() != want || errs[3].Hint != `did you mean "a"?` {
		t.Errorf("%v", err)
	}
	if _, err := p.Run(context.Background(), host.Inputs{"a": {Type: abi.Type{Kind: abi.Int}, Null: true}}, host.Discard()); err == nil || err.Error() != `input "a": it is null, and int is not: declare int? for one that may be` {
		t.Error(err)
	}
}

// TestTextInterpolation needs the connection's consent.
func TestTextInterpolation(t *testing.T) {
	task := host.Task{Name: "text", Query: "SELECT name FROM people WHERE id = {{ .inputs.id }} OR {{ .inputs.or }}", Interpolation: abi.Text, Connection: "db",
		Inputs: []host.Input{intInput("id"), {Name: "or", Type: abi.Type{Kind: abi.Str}}}}
	h := hosttest.Open(t, hosttest.SQLite(t, people))
	_, err := h.Load(context.Background(), task)
	if got, message := code(err); got != host.CodeDenied || !strings.Contains(message, `connection "db" does not allow text interpolation`) {
		t.Errorf("%s: %s", got, message)
	}
	conn := hosttest.SQLite(t, people)
	conn.AllowText = true
	p := loadOn(t, hosttest.Open(t, conn), task)
	var rows hosttest.Rows
	if _, err := p.Run(context.Background(), host.Inputs{"id": intValue(1), "or": {Type: abi.Type{Kind: abi.Str}, Str: "id = 3"}}, &rows); err != nil || fmt.Sprint(rows.Cells) != "[[Ada] [Zoë]]" {
		t.Errorf("%v %v", rows.Cells, err)
	}
}

// slowSink sums a column and is late with some batches, so that the database
// is ahead at times and behind at others.
type slowSink struct {
	hosttest.Rows
	rows, sum int64
}

func (s *slowSink) Write(rec arrow.Record) error {
	s.rows += rec.NumRows()
	for _, v := range rec.Column(0).(*array.Int64).Int64Values() {
		s.sum += v
	}
	if s.rows%3 == 0 {
		time.Sleep(time.Millisecond)
	}
	return nil
}

// TestAllRowsArrive guards against a driver that took the end of a batch for
// the end of the rows when the sink was slower than it.
func TestAllRowsArrive(t *testing.T) {
	const n = 200_000
	p := load(t, host.Task{Query: "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n WHERE i < {{ n }}) SELECT i FROM n", Inputs: []host.Input{intInput("n")}})
	for range 10 {
		var sink slowSink
		report, err := p.Run(context.Background(), host.Inputs{"n": intValue(n)}, &sink)
		if err != nil || sink.rows != n || report.Rows != n || sink.sum != n*(n+1)/2 {
			t.Fatalf("%d rows, sum %d, report %d, %v", sink.rows, sink.sum, report.Rows, err)
		}
	}
}

// TestPanickingSink: a sink that panics fails the execution, and nothing else.
func TestPanickingSink(t *testing.T) {
	p := load(t, host.Task{Query: "SELECT name FROM people"})
	for _, method := range []string{"open", "write", "close"} {
		_, err := p.Run(context.Background(), nil, &panickingSink{method: method})
		if got, message := code(err); got != host.CodeOutput || !strings.HasPrefix(message, "the sink panicked: "+method) {
			t.Errorf("%s: %s: %s", method, got, message)
		}
	}
	if _, err := p.Run(context.Background(), nil, nil); err != nil {
		t.Errorf("no sink: %v", err)
	}
}

type panickingSink struct {
	hosttest.Rows
	method string
}

func (s *panickingSink) panics(method string) error {
	if s.method == method {
		panic(method)
	}
	return nil
}

func (s *panickingSink) Open(*arrow.Schema) error { return s.panics("open") }
func (s *panickingSink) Write(arrow.Record) error { return s.panics("write") }
func (s *panickingSink) Close() error             { return s.panics("close") }

// TestShortTimeout: the time that a guest takes to be compiled and to configure
// itself is not the execution's.
func TestShortTimeout(t *testing.T) {
	p := load(t, host.Task{Query: "SELECT 1", Timeout: time.Nanosecond})
	_, err := p.Run(context.Background(), nil, host.Discard())
	if got, message := code(err); got != host.CodeLimit || !strings.Contains(message, "the deadline of 1ns has passed") {
		t.Errorf("%s: %s", got, message)
	}
}

// TestLateReal: a column that is declared as float may have integers first.
func TestLateReal(t *testing.T) {
	p := load(t, host.Task{
		Query:   "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c LIMIT 200000) SELECT CASE WHEN x > 190000 THEN 1.5 ELSE 1 END AS v FROM c",
		Outputs: abi.Outputs{Mode: abi.OutputColumns, Columns: []abi.OutputColumn{{Name: "v", Type: abi.Type{Kind: abi.Float}}}},
	})
	if r, err := p.Run(context.Background(), nil, host.Discard()); err != nil || r.Rows != 200000 {
		t.Errorf("%d rows, %v", r.Rows, err)
	}
}

// TestMemoryLimit: a guest that is out of memory is over a limit.
func TestMemoryLimit(t *testing.T) {
	big := abi.Type{Kind: abi.Bytes}
	p := load(t, host.Task{Query: "SELECT length({{ x }})", Inputs: []host.Input{{Name: "x", Type: big}}})
	_, err := p.Run(context.Background(), host.Inputs{"x": {Type: big, Str: strings.Repeat("x", 40<<20)}}, host.Discard())
	if got, message := code(err); got != host.CodeLimit || !strings.Contains(message, "bytes of memory, the limit is 67108864") {
		t.Errorf("%s: %s", got, message)
	}
}
