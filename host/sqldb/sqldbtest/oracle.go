package sqldbtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Oracle holds what a driver reads against what the database's own client
// prints. The client makes a table with a column of each type and random
// values in it, and the same query goes to both. Every run has the same
// values. The uri is that of a database in which the table "oracle" may be
// dropped.
func Oracle(t *testing.T, driver sqldb.Driver, uri string) {
	o := oracles[driver.Dialect()].on(t, ReleaseOf(t, driver, uri))
	r := rand.New(rand.NewPCG(1, 2))
	o.client(t, uri, o.script(r))
	want := o.printed(t, uri)
	if len(want) != oracleRows {
		t.Fatalf("the client prints %d rows, want %d", len(want), oracleRows)
	}
	o.compare(t, driver, uri, want)
}

// oracleRows is how many rows the table has: enough for several batches.
const oracleRows = 3000

// oracle is a table of random values and the client that prints it.
type oracle struct {
	columns []oracleColumn
	// run is the client; it returns what it printed.
	run func(uri, sql string) (string, error)
	// print makes the statements that print a query, so that fields can read a
	// line of it.
	print  func(query string) string
	fields func(line string) []string
	null   string // how a null is printed
}

// oracleColumn is a column of the table.
type oracleColumn struct {
	name, decl string
	on         string // the servers that have the type, as a conformance case names them; empty is all
	// literal returns a random value, as SQL.
	literal func(r *rand.Rand) string
	// shown is what the client is asked for instead of the column, where it
	// would print less than there is. Empty is the column.
	shown string
	// text returns a value as the client prints it; equal, if it is not nil,
	// compares where there are many ways to print.
	text  func(a arrow.Array, i int) string
	equal func(a arrow.Array, i int, printed string) bool
}

// on returns the oracle with the columns that a server has.
func (o *oracle) on(t *testing.T, server Release) *oracle {
	some := *o
	some.columns = nil
	for _, c := range o.columns {
		rank, err := 1, error(nil)
		if c.on != "" {
			rank, err = server.rank(c.on)
		}
		if err != nil {
			t.Fatal(err)
		}
		if rank > 0 {
			some.columns = append(some.columns, c)
		}
	}
	return &some
}

func (o *oracle) script(r *rand.Rand) string {
	var b strings.Builder
	b.WriteString("DROP TABLE IF EXISTS oracle;\nCREATE TABLE oracle (n INTEGER PRIMARY KEY")
	for _, c := range o.columns {
		b.WriteString(", " + c.name + " " + c.decl)
	}
	b.WriteString(");\n")
	for n := range oracleRows {
		switch n % 100 {
		case 0:
			b.WriteString("INSERT INTO oracle VALUES\n")
		default:
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, "(%d", n)
		for _, c := range o.columns {
			value := "NULL"
			if r.IntN(10) > 0 {
				value = c.literal(r)
			}
			b.WriteString(", " + value)
		}
		b.WriteString(")")
		if n%100 == 99 || n == oracleRows-1 {
			b.WriteString(";\n")
		}
	}
	return b.String()
}

// client runs SQL with the client. Where that is not installed the test is
// skipped, or fails under CI.
func (o *oracle) client(t *testing.T, uri, sql string) string {
	t.Helper()
	out, err := o.run(uri, sql)
	if err != nil {
		skipMissing(t, err)
	}
	return out
}

// printed returns the cells of the table as the client prints them.
func (o *oracle) printed(t *testing.T, uri string) [][]string {
	t.Helper()
	list := []string{"n"}
	for _, c := range o.columns {
		shown := c.shown
		if shown == "" {
			shown = c.name
		}
		list = append(list, shown)
	}
	out := o.client(t, uri, o.print("SELECT "+strings.Join(list, ", ")+" FROM oracle ORDER BY n"))
	var rows [][]string
	for line := range strings.Lines(out) {
		cells := o.fields(strings.TrimSuffix(line, "\n"))
		if len(cells) != len(o.columns)+1 {
			t.Fatalf("row %d: the client prints %d cells: %q", len(rows), len(cells), line)
		}
		rows = append(rows, cells[1:])
	}
	return rows
}

func (o *oracle) compare(t *testing.T, driver sqldb.Driver, uri string, want [][]string) {
	t.Helper()
	var names []string
	for _, c := range o.columns {
		names = append(names, c.name)
	}
	db := openURI(t, driver, uri)
	ctx := context.Background()
	tx, err := db.Begin(ctx, sqldb.TxOptions{Access: abi.ReadOnly, Batch: sqldb.Batch{Rows: 700}})
	if err != nil {
		t.Fatal(describe(err))
	}
	defer func() { _ = tx.Rollback(ctx) }()
	rows, err := tx.Query(ctx, "SELECT "+strings.Join(names, ", ")+" FROM oracle ORDER BY n", nil)
	if err != nil {
		t.Fatal(describe(err))
	}
	defer func() { _ = rows.Close() }()
	at, bad := 0, map[string]int{}
	for {
		rec, err := rows.Next(ctx)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(describe(err))
		}
		for i := range int(rec.NumRows()) {
			for j, c := range o.columns {
				got, same := o.cell(c, rec.Column(j), i, want[at][j])
				if !same {
					if bad[c.name]++; bad[c.name] <= 3 {
						t.Errorf("row %d, column %s %s: we read %s, the client prints %q", at, c.name, c.decl, got, want[at][j])
					}
				}
			}
			at++
		}
		rec.Release()
	}
	if at != len(want) {
		t.Errorf("%d rows, the client prints %d", at, len(want))
	}
	for name, n := range bad {
		t.Errorf("column %s: %d of %d values differ", name, n, at)
	}
}

// cell compares a cell, and returns it as text.
func (o *oracle) cell(c oracleColumn, a arrow.Array, i int, printed string) (string, bool) {
	if a.IsNull(i) || printed == o.null {
		return showCell(a, i), a.IsNull(i) && printed == o.null
	}
	if c.equal != nil {
		return showCell(a, i), c.equal(a, i, printed)
	}
	got := c.text(a, i)
	return fmt.Sprintf("%q", got), got == printed
}

// unescape reads a cell of a line of psql's COPY or mariadb's --batch, which
// write a backslash before what would break a line.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case 'b':
			b.WriteByte('\b')
		case 'f':
			b.WriteByte('\f')
		case 'v':
			b.WriteByte('\v')
		case '0':
			b.WriteByte(0)
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// escapedFields reads a line of such cells, with tabs between them. A null
// stays as it is printed: no text has that form.
func escapedFields(null string) func(string) []string {
	return func(line string) []string {
		cells := strings.Split(line, "\t")
		for i, c := range cells {
			if c != null {
				cells[i] = unescape(c)
			}
		}
		return cells
	}
}

// sqlite3 runs the program of that name on the file of a URI.
func sqlite3(uri, sql string) (string, error) {
	u, err := sqldb.ParseURI(uri)
	if err != nil {
		return "", err
	}
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		return "", &Missing{Program: "sqlite3", Server: "SQLite", Packages: "sqlite3"}
	}
	cmd := exec.Command(program, "-batch", "-bail", "-init", os.DevNull, u.Database)
	cmd.Stdin = strings.NewReader(sql)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("sqlite3: %w: %s", err, stderr.String())
	}
	return stdout.String(), nil
}
