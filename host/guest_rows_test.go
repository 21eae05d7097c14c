package host_test

import (
	"context"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

// TestGuestReadsRows lets a guest of the SDK read the rows of a query and write
// them as the result, which is then what the query alone would have given.
func TestGuestReadsRows(t *testing.T) {
	var script strings.Builder
	script.WriteString("CREATE TABLE t (id INTEGER, name TEXT, score REAL, raw BLOB);\n")
	script.WriteString("WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 9999)\n" +
		"INSERT INTO t SELECT i, CASE WHEN i % 7 THEN 'name ' || i || ' é' END, i / 8.0, x'00ff' FROM n;\n")
	h := hosttest.Open(t, hosttest.SQLite(t, script.String()))
	guest := hosttest.BuildGuest(t, filepath.Join("..", "testdata", "guests", "go", "rows"))
	inputs := []host.Input{{Name: "sql", Type: abi.Type{Kind: abi.Str}}, {Name: "batches", Type: abi.Type{Kind: abi.Int}}}
	p, err := h.Load(context.Background(), host.Task{Name: "rows", Module: guest, Connection: "db", Inputs: inputs})
	if err != nil {
		t.Fatal(err)
	}
	run := func(sql string, batches int64) (*hosttest.Rows, error) {
		var rows hosttest.Rows
		_, err := p.Run(context.Background(), host.Inputs{
			"sql":     {Type: inputs[0].Type, Str: sql},
			"batches": {Type: inputs[1].Type, Int: batches},
		}, &rows)
		return &rows, err
	}

	rows, err := run("SELECT * FROM t ORDER BY id", 1<<40)
	if err != nil || !rows.Closed || len(rows.Cells) != 10000 {
		t.Fatalf("%d rows, closed %t: %v", len(rows.Cells), rows.Closed, err)
	}
	for _, i := range []int{0, 1, 7, 4999, 9999} {
		name := "name " + strconv.Itoa(i) + " é"
		if i%7 == 0 {
			name = "(null)"
		}
		want := []string{strconv.Itoa(i), name, strconv.FormatFloat(float64(i)/8, 'g', -1, 64), "AP8="}
		if !slices.Equal(rows.Cells[i], want) {
			t.Errorf("row %d is %q, want %q", i, rows.Cells[i], want)
		}
	}

	if rows, err = run("SELECT id FROM t WHERE id < 0", 1<<40); err != nil || len(rows.Cells) != 0 || rows.Schema.NumFields() != 1 {
		t.Errorf("no rows: %v, %v", rows, err)
	}
	if rows, err = run("SELECT id FROM t", 0); err != nil || len(rows.Cells) != 0 || rows.Schema.NumFields() != 1 {
		t.Errorf("the schema alone: %v, %v", rows, err)
	}
	if _, err = run("SELECT nosuch FROM t", 1); err == nil || !strings.Contains(err.Error(), "no such column: nosuch") {
		t.Errorf("a wrong statement: %v", err)
	}
	if _, err = run("", 1); err == nil || err.Error() != `no input "sql"` {
		t.Errorf("no statement: %v", err)
	}
}
