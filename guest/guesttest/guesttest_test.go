//go:build !wasip1

package guesttest

import (
	"reflect"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

// copyTask reads people and writes a result of its own, counting its runs.
func copyTask() guest.Task {
	return guest.Task{Run: func(in *guest.Input) error {
		rows, err := guest.Query("SELECT id, name FROM people WHERE id > ?1", guest.Int(in.Int("after")))
		if err != nil {
			return err
		}
		out, err := guest.NewResult(arrow.Field{Name: "id", Kind: arrow.Int64}, arrow.Field{Name: "name", Kind: arrow.Text, Nullable: true})
		if err != nil {
			return err
		}
		n := int64(0)
		for rows.Next() {
			if err := out.Row(rows.Values()...); err != nil {
				return err
			}
			n++
		}
		if err := rows.Err(); err != nil {
			return err
		}
		if _, err := guest.Exec("INSERT INTO runs VALUES (?1)", guest.Int(n)); err != nil {
			return err
		}
		guest.Log(guest.Info, "copied")
		return out.Close()
	}}
}

func TestScript(t *testing.T) {
	out := Run(t, copyTask(), Case{
		Inputs: Inputs{"after": guest.Int(3)},
		Expect: []Statement{
			{
				Query:   "SELECT id, name FROM people\n WHERE id > ?1",
				Params:  []guest.Value{guest.Int(3)},
				Columns: Columns("id", "name"),
				Rows:    [][]any{{4, "Ida"}, {5, nil}, {6, "Zoë"}},
				Batch:   2,
			},
			{Exec: "INSERT INTO runs VALUES (?1)", Params: []guest.Value{guest.Int(3)}, Changed: 1},
		},
	})
	want := [][]any{{int64(4), "Ida"}, {int64(5), nil}, {int64(6), "Zoë"}}
	if out.Failed() || !reflect.DeepEqual(out.Rows, want) || len(out.Log) != 1 {
		t.Errorf("%s: %v, log %v", out, out.Rows, out.Log)
	}
}

func TestSQLite(t *testing.T) {
	db := Open(t, Database{Access: abi.ReadWrite, Script: `
		CREATE TABLE people (id INTEGER, name TEXT);
		CREATE TABLE runs (n INTEGER);
		INSERT INTO people VALUES (3, 'Bo'), (4, 'Ida'), (5, NULL);`})
	out := db.Run(copyTask(), Case{Inputs: Inputs{"after": guest.Int(3)}})
	if want := [][]any{{int64(4), "Ida"}, {int64(5), nil}}; out.Failed() || !reflect.DeepEqual(out.Rows, want) {
		t.Errorf("%s: %v", out, out.Rows)
	}
	if got := db.Rows("db", "SELECT n FROM runs"); !reflect.DeepEqual(got, [][]any{{int64(2)}}) {
		t.Errorf("runs: %v", got)
	}
}
