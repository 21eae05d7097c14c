package sqldbtest

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// testCase is one file of testdata/conformance, as one server sees it. The
// format stands in testdata/conformance/README.md.
type testCase struct {
	name   string
	access abi.Access
	batch  sqldb.Batch
	skip   bool     // it is not about this server
	tags   []string // names of threats that it shows
	setup  []string
	steps  []step
}

// step is one thing that is done in the transaction, and what must come of it.
type step struct {
	id      int
	do      string             // a key of actions
	text    string             // of the file that says what to do
	outputs []abi.OutputColumn // what the columns are to be converted to
	params  []abi.Value
	want    map[string]string // by name of expects, trimmed
}

// actions are what a step can do, and what of it can be expected.
var actions = map[string][]string{
	"query":    {"schema", "rows", "error", "changed", "batches", "misfit"},
	"open":     {"schema", "error"}, // a query whose cursor stays open
	"close":    {"error"},
	"exec":     {"error", "changed"},
	"discard":  {"error", "changed"}, // exec that drops rows
	"commit":   {"error"},
	"rollback": {"error"},
	"begin":    {"error"}, // another transaction: read-only or read-write
}

var details = []string{"params", "outputs", "cancel", "schema", "rows", "error", "changed", "batches", "misfit"}

// parseCase reads a case for a server. Anything that is not in the format is
// an error: a misspelt expectation would hold always.
func parseCase(path string, text []byte, server Release) (*testCase, error) {
	a := txtar.Parse(text)
	c := &testCase{name: strings.TrimSuffix(filepath.Base(path), ".txtar"), access: abi.ReadWrite}
	asTemplate, err := c.head(string(a.Comment), server)
	if err != nil || c.skip {
		return c, err
	}
	files := map[string]string{} // what this server sees, by name
	ranks := map[string]int{}    // how closely it is meant by them
	for _, f := range a.Files {
		name, own, rank := f.Name, "", 0
		if i := strings.LastIndexByte(name, '.'); i >= 0 {
			name, own = name[:i], name[i+1:]
			if rank, err = server.rank(own); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
			if rank == 0 {
				continue
			}
		}
		if rank < ranks[name] {
			continue
		}
		body := string(f.Data)
		if asTemplate {
			if body, err = expand(body); err != nil {
				return nil, fmt.Errorf("%s: %w", f.Name, err)
			}
		}
		files[name], ranks[name] = strings.TrimSpace(body), rank
	}
	if setup, ok := files["setup"]; ok {
		c.setup = statements(setup)
		delete(files, "setup")
	}
	return c, c.readSteps(files, ranks, server)
}

// head reads the lines "key: value" at the end of the comment.
func (c *testCase) head(comment string, server Release) (asTemplate bool, err error) {
	for line := range strings.Lines(comment) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if !ok || strings.ContainsAny(key, " ,") {
			continue
		}
		switch key {
		case "dialects":
			c.skip = true
			for _, name := range strings.Fields(value) {
				rank, err := server.rank(name)
				if err != nil {
					return false, err
				}
				c.skip = c.skip && rank == 0
			}
		case "access":
			if c.access, err = parseAccess(value); err != nil {
				return false, err
			}
		case "batch":
			if _, err := fmt.Sscanf(value, "rows=%d bytes=%d cell=%d", &c.batch.Rows, &c.batch.Bytes, &c.batch.Cell); err != nil {
				return false, fmt.Errorf("batch: %q is not rows=0 bytes=0 cell=0", value)
			}
		case "threats":
			c.tags = strings.Fields(value)
		case "template":
			asTemplate = value == "yes"
		default:
			return false, fmt.Errorf("unknown key %q", key)
		}
	}
	return asTemplate, nil
}

func parseAccess(s string) (abi.Access, error) {
	switch s {
	case "", abi.ReadWrite.String():
		return abi.ReadWrite, nil
	case abi.ReadOnly.String():
		return abi.ReadOnly, nil
	}
	return 0, fmt.Errorf("%q is no access", s)
}

// readSteps puts the files of the steps together.
func (c *testCase) readSteps(files map[string]string, ranks map[string]int, server Release) error {
	byID := map[int]*step{}
	for name, text := range files {
		id, what, err := splitName(name)
		if err != nil {
			return err
		}
		s := byID[id]
		if s == nil {
			s = &step{id: id, want: map[string]string{}}
			byID[id] = s
		}
		switch {
		case actions[what] != nil && s.do != "":
			return fmt.Errorf("step %d: both %s and %s", id, s.do, what)
		case actions[what] != nil:
			s.do, s.text = what, text
			if server.Product != string(abi.Postgres) && ranks[name] == 0 {
				if s.text, err = questionMarks(text); err != nil {
					return fmt.Errorf("%s: %w", name, err)
				}
			}
		case what == "params":
			if s.params, err = parseParams(text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		case what == "outputs":
			if s.outputs, err = parseOutputs(text); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		case slices.Contains(details, what):
			s.want[what] = text
		default:
			return fmt.Errorf("unknown file %q", name)
		}
	}
	for _, s := range byID {
		if s.do == "" {
			continue // a step of other dialects
		}
		if err := s.check(); err != nil {
			return fmt.Errorf("step %d: %w", s.id, err)
		}
		c.steps = append(c.steps, *s)
	}
	slices.SortFunc(c.steps, func(a, b step) int { return a.id - b.id })
	if len(c.steps) == 0 {
		return fmt.Errorf("nothing to do for %s: say so by a line dialects: …", server.Product)
	}
	return nil
}

// check makes sure that the step expects something, of what it can.
func (s *step) check() error {
	can := actions[s.do]
	for name := range s.want {
		if name != "cancel" && !slices.Contains(can, name) {
			return fmt.Errorf("%s has no %s", s.do, name)
		}
	}
	if s.do != "query" && s.outputs != nil || s.outputs == nil && s.want["misfit"] != "" {
		return fmt.Errorf("%s: outputs and misfit are of a query, together or the first alone", s.do)
	}
	switch s.do {
	case "query", "exec", "discard":
		if len(s.want) == 0 {
			return fmt.Errorf("%s expects nothing", s.do)
		}
	}
	return nil
}

// splitName reads "2/rows" as 2 and rows, and "rows" as 0 and rows.
func splitName(name string) (int, string, error) {
	number, what, ok := strings.Cut(name, "/")
	if !ok {
		return 0, name, nil
	}
	id, err := strconv.Atoi(number)
	if err != nil || id < 1 {
		return 0, "", fmt.Errorf("%q does not begin with a step's number", name)
	}
	return id, what, nil
}

// statements splits a script: each statement ends with a semicolon at the end
// of a line.
func statements(script string) []string {
	var list []string
	for _, s := range strings.Split(script+"\n", ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list
}

var dollar = regexp.MustCompile(`\$[0-9]+`)

// questionMarks turns $1, $2, … into ?. They have to be in order, each once,
// as that is all that ? can say.
func questionMarks(sql string) (string, error) {
	n := 0
	var err error
	return dollar.ReplaceAllStringFunc(sql, func(p string) string {
		if n++; p != "$"+strconv.Itoa(n) && err == nil {
			err = fmt.Errorf("%s is not in order: write the statement for each dialect", p)
		}
		return "?"
	}), err
}

// expand runs the text as a template between << and >>, with repeat n text and
// seq from to format separator.
func expand(text string) (string, error) {
	t, err := template.New("").Delims("<<", ">>").Funcs(template.FuncMap{
		"repeat": func(n int, s string) string { return strings.Repeat(s, n) },
		"seq": func(from, to int, format, separator string) string {
			var list []string
			for i := from; i <= to; i++ {
				list = append(list, strings.ReplaceAll(format, "#", strconv.Itoa(i)))
			}
			return strings.Join(list, separator)
		},
	}).Parse(text)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, nil)
	return b.String(), err
}
