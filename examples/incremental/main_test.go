package main

import (
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/examples/internal/twin"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/guesttest"
)

const script = `CREATE TABLE events (id INTEGER PRIMARY KEY, at TEXT, amount INTEGER);
CREATE TABLE facts (id INTEGER PRIMARY KEY, day TEXT, amount INTEGER CHECK (amount < 1000));
CREATE TABLE watermarks (load TEXT PRIMARY KEY, id INTEGER);
INSERT INTO events VALUES (1, '2026-01-01 10:00:00', 5), (2, '2026-01-02 11:00:00', 6), (3, '2026-01-02 12:00:00', 7);
`

func TestCases(t *testing.T) {
	with := func(more string) []guesttest.Database {
		return []guesttest.Database{{Access: abi.ReadWrite, Script: script + more}}
	}
	inputs := func(atMost int) guesttest.Inputs {
		return guesttest.Inputs{"load": guest.Text("facts"), "at_most": guest.Int(atMost)}
	}
	facts := func(rows ...[]any) twin.After {
		return twin.After{Query: "SELECT id, day FROM facts ORDER BY id", Rows: rows}
	}
	mark := func(rows ...[]any) twin.After {
		return twin.After{Query: "SELECT load, id FROM watermarks", Rows: rows}
	}
	twin.Run(t, guest.Registered, []twin.Case{
		{Name: "first", Setup: with(""), Inputs: inputs(100), Rows: [][]any{{3, 0, 3}},
			After: []twin.After{facts([]any{1, "2026-01-01"}, []any{2, "2026-01-02"}, []any{3, "2026-01-02"}), mark([]any{"facts", 3})}},
		{Name: "some", Setup: with(""), Inputs: inputs(2), Rows: [][]any{{2, 0, 2}},
			After: []twin.After{facts([]any{1, "2026-01-01"}, []any{2, "2026-01-02"}), mark([]any{"facts", 2})}},
		{Name: "newer", Setup: with("INSERT INTO watermarks VALUES ('facts', 2);\n"), Inputs: inputs(100), Rows: [][]any{{1, 2, 3}},
			After: []twin.After{facts([]any{3, "2026-01-02"}), mark([]any{"facts", 3})}},
		{Name: "nothing newer", Setup: with("INSERT INTO watermarks VALUES ('facts', 3);\n"), Inputs: inputs(100), Rows: [][]any{{0, 3, 3}},
			After: []twin.After{facts(), mark([]any{"facts", 3})}},
		{Name: "fails midway", Setup: with("INSERT INTO events VALUES (4, '2026-01-03 00:00:00', 5000);\n"), Inputs: inputs(100),
			Fails: "CHECK constraint failed: amount < 1000", After: []twin.After{facts(), mark()}},
		{Name: "at most none", Setup: with(""), Inputs: inputs(0), Fails: "at_most must be 1 or more"},
	})
}
