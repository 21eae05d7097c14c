// Command quality-gate is a plugin that fails when too many rows break a rule,
// and shows them: see README.md.
package main

import (
	"strconv"
	"strings"

	"github.com/wasmsql/wasmsql/guest"
	"github.com/wasmsql/wasmsql/guest/arrow"
)

func init() { guest.Register(newTask()) }

func main() {}

// rule is a query of the rows that should not be there.
type rule struct {
	name   string
	query  string
	atMost int64
}

// gate is the rules, and how many bad rows of each are shown.
type gate struct {
	rules []rule
	show  int
}

func newTask() guest.Task {
	var g gate
	return guest.Task{Configure: g.configure, Run: g.run}
}

func (g *gate) configure(c *guest.Config) error {
	s := c.Settings()
	g.show = int(s.IntOr("show", 5))
	for _, r := range s.Sections("rules") {
		g.rules = append(g.rules, rule{name: r.Text("name"), query: r.Text("query"), atMost: r.IntOr("at_most", 0)})
	}
	if len(g.rules) == 0 {
		return guest.Fail("config has no rules", "write rules: with a name and a query each")
	}
	return nil
}

// run asks for the bad rows of every rule. What it found is the result, unless
// a rule is broken.
func (g *gate) run(*guest.Input) error {
	out, err := guest.NewResult(arrow.Field{Name: "rule", Kind: arrow.Text}, arrow.Field{Name: "bad_rows", Kind: arrow.Int64})
	if err != nil {
		return err
	}
	var broken []string
	for _, r := range g.rules {
		bad, table, err := g.look(r)
		if err != nil {
			return err
		}
		if bad > r.atMost {
			broken = append(broken, r.name+": "+count(bad)+", at most "+strconv.FormatInt(r.atMost, 10)+"\n"+table)
		}
		if err := out.Row(guest.Text(r.name), guest.Int(bad)); err != nil {
			return err
		}
	}
	if len(broken) > 0 {
		return guest.Fail(strings.Join(broken, "\n"), "correct the rows, or raise at_most of the rule")
	}
	return out.Close()
}

// look counts the bad rows of a rule, and draws the first of them.
func (g *gate) look(r rule) (bad int64, table string, err error) {
	rows, err := guest.Query(r.query)
	if err != nil {
		return 0, "", err
	}
	schema, err := rows.Schema()
	if err != nil {
		return 0, "", err
	}
	var lines [][]string
	var head []string
	for _, f := range schema.Fields {
		head = append(head, f.Name)
	}
	lines = append(lines, head)
	for rows.Next() {
		if bad++; bad <= int64(g.show) {
			lines = append(lines, texts(rows.Values()))
		}
	}
	return bad, draw(lines), rows.Err()
}

func texts(row []guest.Value) []string {
	cells := make([]string, len(row))
	for i, v := range row {
		if cells[i] = "null"; !v.Null {
			cells[i] = guest.ValueText(v)
		}
	}
	return cells
}

// draw returns lines as a table with columns of one width.
func draw(lines [][]string) string {
	var b strings.Builder
	for _, line := range lines {
		for i, cell := range line {
			width := 0
			for _, other := range lines {
				width = max(width, len(other[i]))
			}
			b.WriteString("  " + cell)
			if i < len(line)-1 {
				b.WriteString(strings.Repeat(" ", width-len(cell)))
			}
		}
		b.WriteByte('\n')
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func count(n int64) string {
	if n == 1 {
		return "1 bad row"
	}
	return strconv.FormatInt(n, 10) + " bad rows"
}
