package main

import (
	"testing"

	"github.com/wasmsql/wasmsql/examples/internal/twin"
	"github.com/wasmsql/wasmsql/guest/guesttest"
)

const script = `CREATE TABLE sales (shop TEXT, month TEXT, total REAL, pieces INTEGER);
INSERT INTO sales VALUES ('north', 'jan', 10.5, 3), ('north', 'mar', 7.25, 2), ('south', 'feb', 4, 1), ('south', 'jan', NULL, 9), (NULL, 'jan', 1, 1);
`

func TestCases(t *testing.T) {
	db := []guesttest.Database{{Script: script}}
	settings := func(query string) string {
		return `{"query": "` + query + `", "columns": ["jan", "feb", "mar"]}`
	}
	twin.Run(t, newTask, []twin.Case{
		{Name: "floats", Setup: db, Settings: settings("SELECT shop, month, total FROM sales ORDER BY shop"),
			Rows: [][]any{{nil, 1.0, nil, nil}, {"north", 10.5, nil, 7.25}, {"south", nil, 4.0, nil}}},
		{Name: "integers", Setup: db, Settings: settings("SELECT shop, month, pieces FROM sales WHERE shop > '' ORDER BY shop"),
			Rows: [][]any{{"north", 3, nil, 2}, {"south", 9, 1, nil}}},
		{Name: "many", Setup: []guesttest.Database{{Script: many}}, Settings: `{"query": "SELECT id / 2 AS k, c, v FROM many ORDER BY k", "columns": ["a", "b"]}`,
			Rows: manyRows(20000)},
		{Name: "no rows", Setup: db, Settings: settings("SELECT shop, month, total FROM sales WHERE shop = 'x'")},
		{Name: "unknown column", Setup: db, Settings: settings("SELECT shop, 'apr' AS m, total FROM sales"),
			Fails: "the query returns the column \"apr\", which config.columns does not have\nhint: add it, or leave its rows out in the query"},
		{Name: "twice", Setup: db, Settings: settings("SELECT 1 AS k, month, total FROM sales WHERE total > 0"),
			Fails: "the query returns the column \"jan\" twice for one key\nhint: order the rows by the key, and add up what belongs together"},
		{Name: "wrong columns", Setup: db, Settings: settings("SELECT shop FROM sales"),
			Fails: "the query must return a key, a text, and an integer or a float\nhint: cast the columns in the query"},
	})
}

// many is a table of more than one batch.
const many = `CREATE TABLE many (id INTEGER, c TEXT, v INTEGER);
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 39999)
INSERT INTO many SELECT i, CASE i % 2 WHEN 0 THEN 'a' ELSE 'b' END, i * 10 FROM n;
`

func manyRows(n int) (rows [][]any) {
	for i := range n {
		rows = append(rows, []any{i, 20 * i, 20*i + 10})
	}
	return rows
}
