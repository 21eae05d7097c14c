package main

import (
	"testing"

	"github.com/wasmsql/wasmsql/examples/internal/twin"
	"github.com/wasmsql/wasmsql/guest/guesttest"
)

const script = `CREATE TABLE orders (id INTEGER, price REAL, customer TEXT);
INSERT INTO orders VALUES (1, 9.5, 'ida'), (2, -1, 'bo'), (3, -20.25, NULL), (4, 3, NULL);
`

func TestCases(t *testing.T) {
	db := []guesttest.Database{{Script: script}} // read-only
	const prices = `{"name": "no negative prices", "query": "SELECT id, price FROM orders WHERE price < 0 ORDER BY id"}`
	const customers = `{"name": "a customer", "query": "SELECT id, customer, price FROM orders WHERE customer IS NULL ORDER BY id", "at_most": 2}`
	twin.Run(t, newTask, []twin.Case{
		{Name: "holds", Setup: db, Settings: `{"rules": [` + customers + `]}`, Rows: [][]any{{"a customer", 2}}},
		{Name: "broken", Setup: db, Settings: `{"rules": [` + prices + `, ` + customers + `]}`,
			Fails: "no negative prices: 2 bad rows, at most 0\n  id  price\n  2   -1\n  3   -20.25\nhint: correct the rows, or raise at_most of the rule"},
		{Name: "shows some", Setup: db, Settings: `{"rules": [` + prices + `], "show": 1}`,
			Fails: "no negative prices: 2 bad rows, at most 0\n  id  price\n  2   -1\nhint: correct the rows, or raise at_most of the rule"},
		{Name: "no rules", Setup: db, Settings: `{}`, Fails: "config has no rules\nhint: write rules: with a name and a query each"},
		{Name: "a mistyped setting", Setup: db, Settings: `{"rules": [{"name": "x", "query": "SELECT 1", "atmost": 3}]}`,
			Fails: "config.rules[0]: the plugin has no setting \"atmost\"\nhint: the plugin knows \"at_most\""},
		{Name: "no query", Setup: db, Settings: `{"rules": [{"name": "x"}]}`,
			Fails: "config.rules[0].query: missing, the plugin needs it\nhint: give it in the task file"},
		{Name: "wrong SQL", Setup: db, Settings: `{"rules": [{"name": "x", "query": "SELECT nosuch FROM orders"}]}`, Fails: "no such column: nosuch"},
	})
}
