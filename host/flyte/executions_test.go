package flyte_test

import (
	"encoding/json"
	"strings"
	"testing"
)

// execution is a golden execution of testdata/flyte/tasks.json.
type execution struct {
	Name, Database string
	Setup          []string
	Env            map[string]string
	Probe          string
	MustMention    []string `json:"must_mention"`
	Never          []string
	Accept         []struct {
		Rows          [][]json.RawMessage
		ErrorMentions []string `json:"error_mentions"`
		Probe         *string
	}
	Task, Inputs []byte
	Golden       struct {
		Exit    int
		Outputs json.RawMessage
		Error   *struct{ Error struct{ Message string } }
		Rows    [][]json.RawMessage
		Schema  [][]string
		Probe   *string
	}
}

// TestExecutions runs every golden execution: the same exit status, an error
// where flytekit had one, the same columns and rows, and the same left behind
// in the database, or one of the outcomes that count as right too.
func TestExecutions(t *testing.T) {
	for _, c := range decode[execution](t, "tasks.json", 60) {
		t.Run(c.Name, func(t *testing.T) { c.run(t) })
	}
}

func (c *execution) run(t *testing.T) {
	p := newPlace(t, c.Database)
	p.setup(c.Setup)
	p.template(c.Task, false)
	p.file("inputs.pb", c.Inputs)
	o := p.execute(c.Env)
	probe := ""
	if c.Probe != "" {
		probe = p.probe(c.Probe)
	}
	why := c.compare(t, p, o, probe)
	if why != "" && !c.accepted(t, o, probe) {
		t.Errorf("%s\nstatus %d\n%s\n%v\n%q\nprobe %q", why, o.status, o.stderr, o.schema, o.rows, probe)
	}
	said := o.stderr + o.failure.GetError().GetMessage()
	for _, s := range c.Never {
		if strings.Contains(said, s) {
			t.Errorf("%q is told: %s", s, said)
		}
	}
}

// compare says how an outcome differs from flytekit's, or nothing.
func (c *execution) compare(t *testing.T, p *place, o outcome, probe string) string {
	g := c.Golden
	switch {
	case o.status != g.Exit:
		return "another exit status"
	case (o.failure != nil) != (g.Error != nil):
		return "an error where there was none, or none where there was one"
	case g.Probe != nil && probe != normalProbe(*g.Probe):
		return "the database is " + probe + ", and was " + normalProbe(*g.Probe)
	case g.Error != nil:
		for _, s := range c.MustMention {
			if !strings.Contains(o.failure.Error.Message, s) {
				return "the error does not name " + s
			}
		}
		return ""
	case len(o.outputs.Literals) != len(literalsOf(t, g.Outputs).Literals):
		return "other outputs"
	case g.Schema == nil:
		return ""
	}
	var names []string
	for _, f := range g.Schema {
		names = append(names, f[0])
	}
	if strings.Join(names, "\n") != strings.Join(o.schema, "\n") {
		return "other columns"
	}
	if !sameRows(o.rows, wantedRows(t, g.Rows)) {
		return "other rows"
	}
	return ""
}

func wantedRows(t *testing.T, raw [][]json.RawMessage) [][]string {
	var out [][]string
	for _, r := range raw {
		var row []string
		for _, c := range r {
			row = append(row, wanted(t, c))
		}
		out = append(out, row)
	}
	return out
}

// accepted reports whether an outcome counts as right though flytekit's is
// another.
func (c *execution) accepted(t *testing.T, o outcome, probe string) bool {
	for _, a := range c.Accept {
		ok := a.Probe == nil || probe == normalProbe(*a.Probe)
		if a.Rows != nil {
			ok = ok && o.failure == nil && sameRows(o.rows, wantedRows(t, a.Rows))
		}
		for _, s := range a.ErrorMentions {
			ok = ok && o.failure != nil && strings.Contains(o.failure.Error.Message, s)
		}
		if ok {
			return true
		}
	}
	return false
}

// probe asks the case's database what was left behind.
func (p *place) probe(query string) string {
	var b strings.Builder
	for _, row := range p.rows(query) {
		b.WriteString(strings.Join(row, "|") + "\n")
	}
	return normalProbe(b.String())
}

// normalProbe makes one text of the answers of psql, mariadb and Python's
// sqlite3: [(1, 1.5), (3, None)].
func normalProbe(s string) string {
	s = strings.NewReplacer("), (", "\n", ",)", "", ")]", "", "[(", "", "]", "", "[", "", "None", "", null, "", "NULL", "", ", ", "|", "\t", "|", "'", "", "10000000000.0", "1e+10", "10000000000", "1e+10").Replace(s)
	return strings.TrimSpace(s)
}
