//go:build !wasip1

package guesttest

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"modernc.org/sqlite" // the driver "sqlite" of database/sql

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

// Database is a SQLite database that a task is granted.
type Database struct {
	Name   string     // of the connection; empty is "db"
	Access abi.Access // the zero Access is read-only
	Script string     // SQL that makes it
}

// SQLite is databases to run a plugin natively on. What an execution commits,
// the next one finds.
type SQLite struct {
	t           testing.TB
	names       []string
	databases   map[string]*sql.DB
	connections []abi.Connection
	txs         map[string]*sql.Conn // of the execution under way
}

// Open makes temporary databases, which are removed with the test. The first is
// the task's own.
func Open(t testing.TB, databases ...Database) *SQLite {
	t.Helper()
	s := &SQLite{t: t, databases: map[string]*sql.DB{}}
	dir := t.TempDir()
	for i, d := range databases {
		if d.Name == "" {
			d.Name = "db"
		}
		db, err := sql.Open("sqlite", "file:"+url.PathEscape(filepath.Join(dir, strconv.Itoa(i)+".db"))+"?_pragma=foreign_keys(1)")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if _, err := db.Exec(d.Script); err != nil {
			t.Fatalf("database %q: %v", d.Name, err)
		}
		s.names = append(s.names, d.Name)
		s.databases[d.Name] = db
		s.connections = append(s.connections, abi.Connection{Name: d.Name, Dialect: abi.SQLite, Access: d.Access})
	}
	return s
}

// Run runs a task, configure and run, and commits if it succeeds.
func (s *SQLite) Run(task guest.Task, c Case) *Outcome {
	s.t.Helper()
	if len(c.Expect) > 0 {
		s.t.Error("Expect is for Run without a database")
	}
	c.Connections = s.connections
	s.txs = map[string]*sql.Conn{}
	return play(task, c, s)
}

// Rows returns what a query on a database, by its connection's name, returns
// outside of any execution.
func (s *SQLite) Rows(connection, query string) [][]any {
	s.t.Helper()
	conn, err := s.databases[connection].Conn(context.Background())
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	out, e := ask(conn, query, nil)
	if e != nil {
		s.t.Fatalf("%s: %s", query, e.Message)
	}
	var r result
	for _, m := range out.messages {
		if e := r.message(m, 0); e != nil {
			s.t.Fatal(e.Message)
		}
	}
	return r.rows
}

// tx returns the transaction on a connection, begun on first use.
func (s *SQLite) tx(c abi.Connection) (*sql.Conn, *abi.Error) {
	if conn, ok := s.txs[c.Name]; ok {
		return conn, nil
	}
	conn, err := s.databases[c.Name].Conn(context.Background())
	if err != nil {
		return nil, describe(err)
	}
	only := "0"
	if c.Access == abi.ReadOnly {
		only = "1"
	}
	for _, q := range []string{"PRAGMA query_only = " + only, "BEGIN"} {
		if _, err := conn.ExecContext(context.Background(), q); err != nil {
			_ = conn.Close()
			return nil, describe(err)
		}
	}
	s.txs[c.Name] = conn
	return conn, nil
}

// end ends the transactions, in the order of the connections.
func (s *SQLite) end(commit bool) *abi.Error {
	var failed *abi.Error
	for _, name := range s.names {
		conn, ok := s.txs[name]
		if !ok {
			continue
		}
		if commit && failed == nil {
			if _, err := conn.ExecContext(context.Background(), "COMMIT"); err != nil {
				failed = describe(err)
				failed.Message = "commit: " + failed.Message
			}
		}
		_, _ = conn.ExecContext(context.Background(), "ROLLBACK") // an error if it is over
		_ = conn.Close()
	}
	s.txs = nil
	return failed
}

func (s *SQLite) query(c abi.Connection, q abi.QueryRequest) (*stream, *abi.Error) {
	conn, e := s.tx(c)
	if e != nil {
		return nil, e
	}
	return ask(conn, q.SQL, q.Params)
}

// exec runs a statement in a savepoint: only afterwards is it known whether it
// returns rows.
func (s *SQLite) exec(c abi.Connection, q abi.QueryRequest) (n int64, e *abi.Error) {
	conn, e := s.tx(c)
	if e != nil {
		return 0, e
	}
	ctx := context.Background()
	if _, err := conn.ExecContext(ctx, "SAVEPOINT guesttest"); err != nil {
		return 0, describe(err)
	}
	defer func() {
		if e != nil {
			_, _ = conn.ExecContext(ctx, "ROLLBACK TO guesttest")
		}
		_, _ = conn.ExecContext(ctx, "RELEASE guesttest")
	}()
	before := number(conn, "SELECT total_changes()")
	out, e := ask(conn, q.SQL, q.Params)
	if e != nil {
		return 0, e
	}
	if len(out.messages) > 0 && !q.DiscardRows {
		e := fault(abi.State, "the statement returns rows, but none are asked for")
		e.Hint = "use Query"
		return 0, e
	}
	if number(conn, "SELECT total_changes()") == before {
		return 0, nil
	}
	return number(conn, "SELECT changes()"), nil
}

func number(conn *sql.Conn, query string) (n int64) {
	_ = conn.QueryRowContext(context.Background(), query).Scan(&n)
	return n
}

// ask runs a statement and returns its rows, no message if it has no columns.
func ask(conn *sql.Conn, query string, params []guest.Value) (*stream, *abi.Error) {
	args, e := bind(params)
	if e != nil {
		return nil, e
	}
	rows, err := conn.QueryContext(context.Background(), query, args...)
	if err != nil {
		return nil, describe(err)
	}
	defer func() { _ = rows.Close() }()
	types, err := rows.ColumnTypes()
	if err != nil {
		return nil, describe(err)
	}
	values, err := scan(rows, len(types))
	if err != nil {
		return nil, describe(err)
	}
	if len(types) == 0 {
		return &stream{}, nil
	}
	fields := make([]arrow.Field, len(types))
	for i, t := range types {
		fields[i] = declared(t.Name(), t.DatabaseTypeName())
	}
	out, err := encode(fields, values, 0)
	if err != nil {
		return nil, fault(abi.Convert, "%s", err)
	}
	return out, nil
}

func scan(rows *sql.Rows, n int) ([][]any, error) {
	var all [][]any
	for rows.Next() {
		row, to := make([]any, n), make([]any, n)
		for i := range row {
			to[i] = &row[i]
		}
		if err := rows.Scan(to...); err != nil {
			return nil, err
		}
		all = append(all, row)
	}
	return all, rows.Err()
}

// describe makes the error of the database that a plugin is told.
func describe(err error) *abi.Error {
	message := err.Error()
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return &abi.Error{Code: abi.DB, Message: message}
	}
	const readonly, auth, busy, locked = 8, 23, 5, 6 // result codes of SQLite
	out := &abi.Error{Code: abi.DB}
	switch e.Code() & 0xff {
	case readonly, auth:
		out.Code = abi.Denied
	case busy, locked:
		out.Retryable = true
	}
	// The driver writes "SQL logic error: no such table: t (1)".
	if i := strings.LastIndex(message, " ("); i > 0 {
		message = message[:i]
	}
	for _, prefix := range []string{"SQL logic error: ", "constraint failed: "} {
		message = strings.TrimPrefix(message, prefix)
	}
	out.Message = message
	return out
}

// declared returns the field of a column by its declared type. One without a
// kind goes by its values.
func declared(name, decl string) arrow.Field {
	f := arrow.Field{Name: name, Nullable: true}
	word, args, _ := strings.Cut(strings.ToUpper(decl), "(")
	word = strings.TrimSpace(word)
	switch word {
	case "":
	case "BOOL", "BOOLEAN":
		f.Kind = arrow.Bool
	case "DATE":
		f.Kind = arrow.Date
	case "TIME":
		f.Kind = arrow.Time
	case "DATETIME", "TIMESTAMP":
		f.Kind = arrow.Timestamp
	case "TIMESTAMPTZ":
		f.Kind, f.Zone = arrow.Timestamp, "UTC"
	case "JSON", "JSONB":
		f.Kind, f.Extension = arrow.Text, "arrow.json"
	case "UUID":
		f.Kind, f.Width, f.Extension = arrow.Fixed, 16, "arrow.uuid"
	case "DECIMAL", "NUMERIC":
		p, s, _ := strings.Cut(strings.TrimSuffix(strings.TrimSpace(args), ")"), ",")
		f.Precision, _ = strconv.Atoi(strings.TrimSpace(p))
		f.Scale, _ = strconv.Atoi(strings.TrimSpace(s))
		if f.Database = strings.ToLower(decl); f.Precision > 0 && f.Precision <= 38 && f.Scale <= f.Precision {
			f.Kind, f.Database = arrow.Decimal, ""
		}
	default:
		f.Kind = affinity(word)
		if f.Kind == 0 {
			f.Database = strings.ToLower(decl)
		}
	}
	return f
}

// affinity returns the kind of a declared type by SQLite's own rules.
//
// Source: https://sqlite.org/datatype3.html, "Determination Of Column
// Affinity".
func affinity(word string) arrow.Kind {
	for _, rule := range []struct {
		parts []string
		kind  arrow.Kind
	}{
		{[]string{"INT", "SERIAL"}, arrow.Int64},
		{[]string{"CHAR", "CLOB", "TEXT"}, arrow.Text},
		{[]string{"BLOB", "BINARY"}, arrow.Binary},
		{[]string{"REAL", "FLOA", "DOUB"}, arrow.Float64},
	} {
		for _, part := range rule.parts {
			if strings.Contains(word, part) {
				return rule.kind
			}
		}
	}
	return 0
}

// bind returns parameters as database/sql takes them, in the forms that the
// host stores.
func bind(params []guest.Value) ([]any, *abi.Error) {
	args := make([]any, len(params))
	for i, v := range params {
		switch {
		case v.Null:
			continue
		case v.Type.Kind == abi.List:
			e := fault(abi.Unsupported, "parameter %d: SQLite has no lists", i+1)
			return nil, e
		case v.Type.Kind == abi.Int, v.Type.Kind == abi.Bool, v.Type.Kind == abi.Timedelta:
			args[i] = v.Int
		case v.Type.Kind == abi.Float:
			args[i] = v.Float
		case v.Type.Kind == abi.Bytes:
			args[i] = []byte(v.Str)
		case v.Type.Kind == abi.Datetime:
			args[i] = strings.Replace(strings.TrimSuffix(guest.DatetimeText(v.Int), "Z"), "T", " ", 1)
		case v.Type.Kind == abi.Decimal:
			args[i] = decimal(v.Str)
		default:
			args[i] = guest.ValueText(v)
		}
	}
	return args, nil
}

// decimal returns a number as an integer or a float where one is written the
// same, else as text.
func decimal(s string) any {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n
	}
	if x, err := strconv.ParseFloat(s, 64); err == nil && strconv.FormatFloat(x, 'f', -1, 64) == s {
		return x
	}
	return s
}
