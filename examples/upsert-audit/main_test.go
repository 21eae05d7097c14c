package main

import (
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/examples/internal/twin"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/guesttest"
)

const script = `CREATE TABLE stock (sku TEXT PRIMARY KEY, pieces INTEGER NOT NULL);
CREATE TABLE audit (sku TEXT, before INTEGER, after INTEGER, actor TEXT, at TEXT);
INSERT INTO stock VALUES ('bolt', 5);
`

func inputs(sku string, by int, actor string) guesttest.Inputs {
	return guesttest.Inputs{"sku": guest.Text(sku), "change": guest.Int(by), "actor": guest.Text(actor)}
}

func TestCases(t *testing.T) {
	db := []guesttest.Database{{Access: abi.ReadWrite, Script: script}}
	stock := func(rows ...[]any) twin.After {
		return twin.After{Query: "SELECT sku, pieces FROM stock ORDER BY sku", Rows: rows}
	}
	audit := func(rows ...[]any) twin.After {
		return twin.After{Query: "SELECT sku, before, after, actor FROM audit", Rows: rows}
	}
	twin.Run(t, guest.Registered, []twin.Case{
		{Name: "update", Setup: db, None: true, Inputs: inputs("bolt", -2, "ida"),
			After: []twin.After{stock([]any{"bolt", 3}), audit([]any{"bolt", 5, 3, "ida"})}},
		{Name: "insert", Setup: db, None: true, Inputs: inputs("nut", 7, "o'neil"),
			After: []twin.After{stock([]any{"bolt", 5}, []any{"nut", 7}), audit([]any{"nut", 0, 7, "o'neil"})}},
		{Name: "too many", Setup: db, None: true, Inputs: inputs("bolt", -6, "ida"),
			Fails: "there are 5 of bolt, and 6 are taken\nhint: take less, or correct the stock first",
			After: []twin.After{stock([]any{"bolt", 5}), audit()}},
		{Name: "nothing", Setup: db, None: true, Inputs: inputs("bolt", 0, "ida"),
			Fails: "a change of 0 pieces changes nothing\nhint: give a change other than 0"},
		{Name: "rolled back", None: true, Inputs: inputs("bolt", 1, "ida"),
			Setup: []guesttest.Database{{Access: abi.ReadWrite, Script: "CREATE TABLE stock (sku TEXT PRIMARY KEY, pieces INTEGER NOT NULL);\nINSERT INTO stock VALUES ('bolt', 5);\n"}},
			Fails: "no such table: audit",
			After: []twin.After{stock([]any{"bolt", 5})}},
	})
}

// TestStatements holds what is sent, and in which order.
func TestStatements(t *testing.T) {
	out := guesttest.Run(t, guest.Registered(), guesttest.Case{
		Inputs:      inputs("bolt", 4, "ida"),
		LogicalTime: 1_000_000,
		Expect: []guesttest.Statement{
			{Query: "SELECT pieces FROM stock WHERE sku = ?1", Params: []guest.Value{guest.Text("bolt")},
				Columns: guesttest.Columns("pieces"), Rows: [][]any{{1}}},
			{Exec: "UPDATE stock SET pieces = ?2 WHERE sku = ?1", Params: []guest.Value{guest.Text("bolt"), guest.Int(5)}, Changed: 1},
			{Exec: "INSERT INTO audit (sku, before, after, actor, at) VALUES (?1, ?2, ?3, ?4, ?5)",
				Params:  []guest.Value{guest.Text("bolt"), guest.Int(1), guest.Int(5), guest.Text("ida"), guest.Datetime(1_000_000)},
				Changed: 1},
		},
	})
	if out.Failed() {
		t.Error(out)
	}
}
