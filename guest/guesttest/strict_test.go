//go:build !wasip1

package guesttest

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

// listener is a test that keeps its errors to itself.
type listener struct {
	testing.TB
	said []string
}

func (l *listener) Helper() {}
func (l *listener) Errorf(format string, args ...any) {
	l.said = append(l.said, fmt.Sprintf(format, args...))
}

func task(run func(in *guest.Input) error) guest.Task { return guest.Task{Run: run} }

func query(sql string, params ...guest.Value) guest.Task {
	return task(func(*guest.Input) error {
		rows, err := guest.Query(sql, params...)
		if err != nil {
			return err
		}
		return rows.Close()
	})
}

// TestStrict: what is not as the script has it fails the test, and says how.
func TestStrict(t *testing.T) {
	for _, c := range []struct {
		name   string
		task   guest.Task
		expect []Statement
		want   []string
	}{
		{"as expected", query("SELECT 1"), []Statement{{Query: "SELECT  1"}}, nil},
		{"another statement", query("SELECT 2"), []Statement{{Query: "SELECT 1"}},
			[]string{"statement 1 is not the expected one (- expected, + sent)\n\t- query: SELECT 1\n\t+ query: SELECT 2"}},
		{"another parameter", query("SELECT ?, ?", guest.Int(1), guest.Text("x")), []Statement{{Query: "SELECT ?, ?", Params: []guest.Value{guest.Int(1), guest.Text("y")}}},
			[]string{"statement 1 is not the expected one (- expected, + sent)\n\t  query: SELECT ?, ?\n\t    1: int 1\n\t-   2: str \"y\"\n\t+   2: str \"x\""}},
		{"a parameter of another type", query("SELECT ?", guest.Int(1)), []Statement{{Query: "SELECT ?", Params: []guest.Value{guest.Float(1)}}},
			[]string{"statement 1 is not the expected one (- expected, + sent)\n\t  query: SELECT ?\n\t-   1: float 1\n\t+   1: int 1"}},
		{"a query for an exec", query("DELETE FROM t"), []Statement{{Exec: "DELETE FROM t"}},
			[]string{"statement 1 is not the expected one (- expected, + sent)\n\t- exec: DELETE FROM t\n\t+ query: DELETE FROM t"}},
		{"another connection", query("SELECT 1"), []Statement{{On: "lake", Query: "SELECT 1"}},
			[]string{"statement 1 is not the expected one (- expected, + sent)\n\t- query on lake: SELECT 1\n\t+ query on db: SELECT 1"}},
		{"too many", query("SELECT 1"), nil, []string{"statement 1: nothing more was expected, the plugin sent\n\tquery on db: SELECT 1"}},
		{"too few", task(func(*guest.Input) error { return nil }), []Statement{{Query: "SELECT 1"}, {Exec: "DELETE"}},
			[]string{"the plugin did not send\n\tquery: SELECT 1", "the plugin did not send\n\texec: DELETE"}},
		{"rows that do not fit", query("SELECT 1"), []Statement{{Query: "SELECT 1", Columns: Columns("a"), Rows: [][]any{{1}, {"x"}}}},
			[]string{"statement 1: the rows of the script: row 2: column \"a\": the text \"x\" in a column of int64"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := &listener{TB: t}
			Run(l, c.task, Case{Expect: c.expect})
			if !reflect.DeepEqual(l.said, c.want) {
				t.Errorf("it said\n%s\nwant\n%s", strings.Join(l.said, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestRules: the rules of the host hold in the scripted one, and what a plugin
// forgets is found.
func TestRules(t *testing.T) {
	some := []Statement{{Query: "Q", Columns: Columns("a"), Rows: [][]any{{1}, {2}}}}
	field := arrow.Field{Name: "a", Kind: arrow.Int64}
	for _, c := range []struct {
		name string
		task guest.Task
		c    Case
		want string
	}{
		{"a second cursor", task(func(*guest.Input) error {
			if _, err := guest.Query("Q"); err != nil {
				return err
			}
			_, err := guest.Query("Q")
			return err
		}), Case{Expect: some}, "a cursor is open\nhint: read it to its end, or close it, before the next statement"},
		{"handed over after reading", task(func(*guest.Input) error {
			rows, err := guest.Query("Q")
			if err != nil {
				return err
			}
			rows.Next()
			_, err = rows.Output()
			return err
		}), Case{Expect: some}, "the guest has read rows of this cursor already"},
		{"a connection that is not granted", task(func(*guest.Input) error {
			_, err := guest.On("lake").Exec("X")
			return fmt.Errorf("copying: %w", err)
		}), Case{}, "copying: connection \"lake\" is not granted to this task\nhint: the task's connection names what it may use"},
		{"a result that is not closed", task(func(*guest.Input) error {
			_, err := guest.NewResult(field)
			return err
		}), Case{}, "the plugin has not closed its result\nhint: call Close on what NewResult returned"},
		{"two results", task(func(*guest.Input) error {
			rows, err := guest.Query("Q")
			if err != nil {
				return err
			}
			if _, err := rows.Output(); err != nil {
				return err
			}
			_, err = guest.NewResult(field)
			return err
		}), Case{Expect: some}, "the task has given its result already"},
		{"a result of a task without outputs", task(func(*guest.Input) error {
			_, err := guest.NewResult(field)
			return err
		}), Case{Outputs: abi.Outputs{Mode: abi.OutputNone}}, "the task returns no rows (outputs: none)"},
		{"an error that nobody looks at", task(func(*guest.Input) error {
			rows, err := guest.Query("Q")
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			for rows.Next() {
			}
			return nil
		}), Case{Expect: []Statement{{Query: "Q", Columns: Columns("a"), Rows: [][]any{{1}}, Err: &abi.Error{Code: abi.DB, Message: "cut off"}}}}, "cut off"},
		{"too many calls", task(func(*guest.Input) error {
			for range 10 {
				if _, err := guest.On("lake").Exec("X"); err == nil {
					return errors.New("it was granted")
				}
			}
			return nil
		}), Case{Limits: Limits{HostCalls: 5}}, "the guest has made 6 host calls, the limit is 5"},
		{"a long statement", query("SELECT 12345"), Case{Limits: Limits{Statement: 10}}, "a statement of 12 bytes, the limit is 10"},
		{"too many rows", task(func(*guest.Input) error {
			rows, err := guest.Query("Q")
			if err != nil {
				return err
			}
			_, err = rows.Output()
			return err
		}), Case{Expect: some, Limits: Limits{Rows: 1}}, "the result has more than 1 row"},
		{"a value that does not fit", task(func(*guest.Input) error {
			out, err := guest.NewResult(field)
			if err != nil {
				return err
			}
			return out.Row(guest.Text("x"))
		}), Case{}, "arrow: column \"a\": text in a column of int64"},
		{"no result of that form", task(func(*guest.Input) error { return guest.Write([]byte("no Arrow")) }), Case{},
			"the guest's result is not a valid Arrow IPC stream: arrow: a message does not begin with ff ff ff ff"},
		{"configure that asks", guest.Task{Configure: func(*guest.Config) error {
			_, err := guest.Exec("X")
			return err
		}}, Case{}, "not in configure: only config_read, log, fail and error_read may be called"},
		{"done", task(func(*guest.Input) error { return nil }), Case{}, "done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out := Run(t, c.task, c.c); out.String() != c.want {
				t.Errorf("%s\nwant\n%s", out, c.want)
			}
		})
	}
}

// TestDatabaseErrors: what a plugin can tell of an error.
func TestDatabaseErrors(t *testing.T) {
	busy := &abi.Error{Code: abi.DB, SQLState: "40001", Message: "serialization failure", Retryable: true}
	out := Run(t, task(func(*guest.Input) error {
		_, err := guest.Exec("UPDATE t")
		var e *guest.Error
		if !errors.As(err, &e) || e.SQLState() != "40001" || !e.Retryable() || e.Errno != abi.DB || e.Call != "exec" {
			return fmt.Errorf("it is another error: %w", err)
		}
		guest.Log(guest.Warn, "again")
		n, err := guest.Exec("UPDATE t")
		if n != 3 {
			return errors.New("no rows were changed")
		}
		return err
	}), Case{Expect: []Statement{{Exec: "UPDATE t", Err: busy}, {Exec: "UPDATE t", Changed: 3}}})
	if out.Failed() || !reflect.DeepEqual(out.Log, []Line{{guest.Warn, "again"}}) {
		t.Errorf("%s, log %v", out, out.Log)
	}
}

// TestSQLiteRules: transactions, access, and the forms of values.
func TestSQLiteRules(t *testing.T) {
	const script = `CREATE TABLE v (i INTEGER, f REAL, s TEXT, b BOOLEAN, at TIMESTAMP, d DATE, tm TIME, n NUMERIC(10,2), x BLOB, j JSON, u UUID, z TEXT);
		CREATE TABLE k (id INTEGER PRIMARY KEY);`
	db := Open(t, Database{Access: abi.ReadWrite, Script: script}, Database{Name: "only", Script: "CREATE TABLE t (a)"})
	insert := task(func(*guest.Input) error {
		_, err := guest.Exec("INSERT INTO v VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", guest.Int(7), guest.Float(0.5), guest.Text("é"), guest.Bool(true),
			guest.Datetime(1_700_000_000_250_000), guest.Date(guest.Day(2026, 2, 28)), guest.Time(3_600_000_000), guest.Decimal("12.50"),
			guest.Bytes([]byte{0, 255}), guest.JSON("[1]"), guest.UUID([16]byte{15: 1}), guest.Null(abi.Str))
		if err != nil {
			return err
		}
		rows, err := guest.Query("SELECT * FROM v")
		if err != nil {
			return err
		}
		_, err = rows.Output()
		return err
	})
	want := [][]any{{int64(7), 0.5, "é", true, "2023-11-14T22:13:20.25", "2026-02-28", "01:00:00", "12.50", []byte{0, 255}, "[1]", "00000000-0000-0000-0000-000000000001", nil}}
	if out := db.Run(insert, Case{}); out.Failed() || !reflect.DeepEqual(out.Rows, want) {
		t.Errorf("%s: %v\nwant %v", out, out.Rows, want)
	}
	for _, c := range []struct {
		name string
		run  func() error
		want string
	}{
		{"a failure undoes", func() error {
			if _, err := guest.Exec("INSERT INTO k VALUES (1)"); err != nil {
				return err
			}
			return guest.Fail("no", "")
		}, "no"},
		{"a duplicate", func() error {
			_, err := guest.Exec("INSERT INTO k VALUES (2), (2)")
			return err
		}, "UNIQUE constraint failed: k.id"},
		{"rows of an exec", func() error {
			_, err := guest.Exec("INSERT INTO k VALUES (3) RETURNING id")
			return err
		}, "the statement returns rows, but none are asked for\nhint: use Query"},
		{"writing to what is read-only", func() error {
			_, err := guest.On("only").Exec("INSERT INTO t VALUES (1)")
			return err
		}, "attempt to write a readonly database"},
		{"a list", func() error {
			_, err := guest.Query("SELECT ?", guest.Ints(1))
			return err
		}, "parameter 1: SQLite has no lists"},
		{"wrong SQL", func() error {
			_, err := guest.Query("SELECT nosuch FROM k")
			return err
		}, "no such column: nosuch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if out := db.Run(task(func(*guest.Input) error { return c.run() }), Case{}); out.String() != c.want {
				t.Errorf("%s\nwant %s", out, c.want)
			}
		})
	}
	if left := db.Rows("db", "SELECT id FROM k"); left != nil {
		t.Errorf("k has %v", left)
	}
}
