package main

import (
	"slices"
	"strconv"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/examples/internal/twin"
	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/guesttest"
)

const orders = `CREATE TABLE orders (day TEXT, customer TEXT, cents INTEGER);
INSERT INTO orders VALUES ('2026-01-01', 'ida', 500), ('2026-01-01', 'bo', 250), ('2026-01-01', 'ida', 75), ('2026-01-02', 'bo', 1);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 29999)
INSERT INTO orders SELECT '2026-01-03', 'c' || (i % 250), 1 FROM n;
`

const kept = `CREATE TABLE totals (day TEXT, customer TEXT, cents INTEGER, PRIMARY KEY (day, customer));
INSERT INTO totals VALUES ('2026-01-01', 'old', 1);
`

func TestCases(t *testing.T) {
	databases := func(access abi.Access) []guesttest.Database {
		return []guesttest.Database{{Name: target, Access: access, Script: kept}, {Name: source, Script: orders}}
	}
	day := func(s string) guesttest.Inputs { return guesttest.Inputs{"day": guest.Text(s)} }
	after := func(query string, rows ...[]any) []twin.After {
		return []twin.After{{Connection: target, Query: query, Rows: rows}, {Connection: source, Query: "SELECT count(*) FROM orders", Rows: [][]any{{30004}}}}
	}
	twin.Run(t, guest.Registered, []twin.Case{
		{Name: "a day", Setup: databases(abi.ReadWrite), Inputs: day("2026-01-01"), Rows: [][]any{{"ida", 575}, {"bo", 250}},
			After: after("SELECT customer, cents FROM totals ORDER BY customer", []any{"bo", 250}, []any{"ida", 575})},
		{Name: "several batches", Setup: databases(abi.ReadWrite), Inputs: day("2026-01-03"), Rows: customers(),
			After: after("SELECT day, count(*), sum(cents) FROM totals GROUP BY day", []any{"2026-01-01", 1, 1}, []any{"2026-01-03", 250, 30000})},
		{Name: "no orders", Setup: databases(abi.ReadWrite), Inputs: day("2026-01-04"),
			After: after("SELECT day FROM totals", []any{"2026-01-01"})},
		{Name: "nothing to write to", Setup: databases(abi.ReadOnly), Inputs: day("2026-01-01"),
			Fails: "the connection \"target\" is read-only, and the plugin writes there\nhint: make it read-write"},
		{Name: "no source", Setup: databases(abi.ReadWrite)[:1], Inputs: day("2026-01-01"),
			Fails: "the plugin needs a connection \"source\"\nhint: name it in the task file, under connections"},
	})
}

// customers are the totals of the third day.
func customers() (rows [][]any) {
	var names []string
	for i := range 250 {
		names = append(names, "c"+strconv.Itoa(i))
	}
	slices.Sort(names)
	for _, name := range names {
		rows = append(rows, []any{name, 120})
	}
	return rows
}
