package mysql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// ctxOf returns a context that outlives no test.
func ctxOf(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), sqldbtest.Patience)
	t.Cleanup(cancel)
	return ctx
}

// openURI opens a database on the server of the tests.
func openURI(t testing.TB, uri string, change ...func(*sqldb.Config)) *db {
	t.Helper()
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		t.Fatal(err)
	}
	cfg := sqldb.Config{Name: "test", URI: u, Access: abi.ReadWrite}
	for _, f := range change {
		f(&cfg)
	}
	d, err := Driver{}.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d.(*db)
}

func readOnly(c *sqldb.Config) { c.Access = abi.ReadOnly }

// open opens a new, empty database.
func open(t testing.TB, change ...func(*sqldb.Config)) *db {
	t.Helper()
	return openURI(t, sqldbtest.MariaDB(t), change...)
}

// begin begins a transaction that ends with the test.
func begin(t testing.TB, d *db, opts ...sqldb.TxOptions) *tx {
	t.Helper()
	o := sqldb.TxOptions{Access: abi.ReadWrite}
	if len(opts) > 0 {
		o = opts[0]
	}
	x, err := d.Begin(ctxOf(t), o)
	if err != nil {
		t.Fatalf("begin: %s", whole(err))
	}
	t.Cleanup(func() { _ = x.Rollback(context.Background()) })
	return x.(*tx)
}

// must runs statements and commits them.
func must(t testing.TB, d *db, statements ...string) {
	t.Helper()
	x := begin(t, d)
	for _, sql := range statements {
		if _, err := x.Exec(ctxOf(t), sql, nil, true); err != nil {
			t.Fatalf("%s: %s", sql, whole(err))
		}
	}
	if err := x.Commit(ctxOf(t)); err != nil {
		t.Fatalf("commit: %s", whole(err))
	}
}

// table is a result as text: types of the columns, and rows.
type table struct {
	types []string
	rows  [][]string
}

func (b table) String() string {
	lines := []string{strings.Join(b.types, " | ")}
	for _, r := range b.rows {
		lines = append(lines, strings.Join(r, " | "))
	}
	return strings.Join(lines, "\n")
}

// read runs a query and reads all of it.
func read(ctx context.Context, x sqldb.Tx, sql string, params ...abi.Value) (table, error) {
	r, err := x.Query(ctx, sql, params)
	if err != nil {
		return table{}, err
	}
	defer func() { _ = r.Close() }()
	var b table
	for _, f := range r.Schema().Fields() {
		s := f.Type.String()
		for i, k := range f.Metadata.Keys() {
			if v := f.Metadata.Values()[i]; v != "" {
				s += " " + strings.TrimPrefix(strings.TrimPrefix(k, "ARROW:extension:name"), "wasmsql.") + "=" + v
			}
		}
		b.types = append(b.types, f.Name+":"+s)
	}
	for {
		rec, err := r.Next(ctx)
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return b, err
		}
		for i := range int(rec.NumRows()) {
			row := make([]string, rec.NumCols())
			for j, a := range rec.Columns() {
				row[j] = cell(a, i)
			}
			b.rows = append(b.rows, row)
		}
		rec.Release()
	}
}

func cell(a arrow.Array, i int) string {
	if a.IsNull(i) {
		return "NULL"
	}
	switch a := a.(type) {
	case *array.Null:
		return "NULL"
	case *array.Decimal128: // ValueStr goes through a float
		scale := a.DataType().(*arrow.Decimal128Type).Scale
		s := a.Value(i).BigInt().String()
		sign := ""
		if s[0] == '-' {
			sign, s = "-", s[1:]
		}
		if pad := int(scale) + 1 - len(s); pad > 0 {
			s = strings.Repeat("0", pad) + s
		}
		if scale == 0 {
			return sign + s
		}
		return sign + s[:len(s)-int(scale)] + "." + s[len(s)-int(scale):]
	}
	return a.ValueStr(i)
}

// query reads a query, which has to succeed.
func query(t testing.TB, x sqldb.Tx, sql string, params ...abi.Value) table {
	t.Helper()
	b, err := read(ctxOf(t), x, sql, params...)
	if err != nil {
		t.Fatalf("%s: %s", sql, whole(err))
	}
	return b
}

// one returns the only value of a query.
func one(t testing.TB, x sqldb.Tx, sql string, params ...abi.Value) string {
	t.Helper()
	b := query(t, x, sql, params...)
	if len(b.rows) != 1 || len(b.rows[0]) != 1 {
		t.Fatalf("%s: %v", sql, b)
	}
	return b.rows[0][0]
}

// fails returns the error of a statement that has to fail.
func fails(t testing.TB, err error) *sqldb.Error {
	t.Helper()
	return sqldbtest.Fault(t, err)
}

// whole is an error with what a user does not see.
func whole(err error) string {
	var e *sqldb.Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%d %s; detail %s; hint %s; cause %v", e.Code, e, e.Detail, e.Hint, e.Cause)
	}
	return err.Error()
}

func str(s string) abi.Value { return abi.Value{Type: abi.Type{Kind: abi.Str}, Str: s} }
func num(n int64) abi.Value  { return abi.Value{Type: abi.Type{Kind: abi.Int}, Int: n} }

func TestReadAndWrite(t *testing.T) {
	d := open(t)
	must(t, d, "CREATE TABLE t (id int PRIMARY KEY, name varchar(20)) ENGINE=InnoDB", "INSERT INTO t VALUES (1,'a'),(2,NULL)")
	x := begin(t, d)
	got := query(t, x, "SELECT id, name FROM t WHERE id >= ? ORDER BY id", num(1))
	if want := "id:int32 | name:utf8\n1 | a\n2 | NULL"; got.String() != want {
		t.Errorf("got\n%s", got)
	}
	n, err := x.Exec(ctxOf(t), "UPDATE t SET name = ? WHERE id > 0", []abi.Value{str("b")}, false)
	if n != 2 || err != nil {
		t.Error(n, err)
	}
	if err := x.Commit(ctxOf(t)); err != nil {
		t.Error(err)
	}
	x = begin(t, d)
	if got := one(t, x, "SELECT group_concat(name) FROM t"); got != "b,b" {
		t.Error(got)
	}
}
