package flyte_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
)

var update = os.Getenv("WASMSQL_UPDATE") != ""

// wideExecution is a golden execution of testdata/flyte/wide/tasks.json.
type wideExecution struct {
	Name, Database, Feature string
	Setup                   []string
	After                   []struct {
		SQL  string
		Rows [][]json.RawMessage
	}
	Secrets []struct{ Value, Via, Name string }
	Env     map[string]string
	Files   map[string][]byte
	Opaque  bool `json:"task_is_opaque"`
	Task    []byte
	Inputs  *[]byte

	Expected struct {
		Status   int      `json:"exit_code"`
		OutFiles []string `json:"out_files"`
		Outcome  string
		Error    struct {
			Code, Kind, Origin, Worker string
			Essentials                 []string
		}
	}
	Outputs      json.RawMessage
	Table        *goldenTable
	Alternatives []struct {
		Outcome string
		Table   *goldenTable
	}
}

type goldenTable struct {
	Schema []json.RawMessage
	Rows   [][]json.RawMessage
}

// names returns the columns, which are [name, type] or {name, type}.
func (g *goldenTable) names(t *testing.T) []string {
	var out []string
	for _, raw := range g.Schema {
		var pair [2]string
		var object struct{ Name string }
		if json.Unmarshal(raw, &pair) != nil && json.Unmarshal(raw, &object) != nil {
			t.Fatalf("a column %s", raw)
		}
		out = append(out, pair[0]+object.Name)
	}
	return out
}

// TestWideExecutions runs the broad set of golden executions. Each ends as
// flytekit's did, or in a line of the table of differences, whose reasons are
// reasons_test.go's: a difference without a reason is a fault, and so is a
// reason without a difference.
func TestWideExecutions(t *testing.T) {
	var table strings.Builder
	table.WriteString(tableHead)
	ran := 0
	for _, c := range decode[wideExecution](t, "wide/tasks.json", 151) {
		t.Run(c.Name, func(t *testing.T) {
			why := c.run(t, nil)
			ran++
			reason := reasons[c.Name]
			switch {
			case why == "" && reason != "":
				t.Errorf("no difference any more, and yet a reason: %s", reason)
			case why != "" && reason == "":
				t.Error(why)
			case why != "":
				fmt.Fprintf(&table, "| %s | %s | %s |\n", c.Name, cellOf(why), cellOf(reason))
			}
		})
	}
	if ran == 151 && !t.Failed() { // none was skipped, or left out by -run
		checkTable(t, filepath.Join(vectors, "wide", "differences.md"), table.String())
	}
}

const tableHead = `# Executions that end otherwise than flytekit's

Written by TestWideExecutions of host/flyte with WASMSQL_UPDATE=1. Every error document differs besides in code, kind and origin, unless
WASMSQL_FLYTE_ERRORS=flytekit is set: see host/flyte/README.md.

| case | here | why |
|---|---|---|
`

// TestTextExecutions runs those of the broad set in which it matters how values
// get into the query, with WASMSQL_INTERPOLATION=text: each ends as flytekit's
// did, or for a reason that textReasons has.
func TestTextExecutions(t *testing.T) {
	ran := 0
	for _, c := range decode[wideExecution](t, "wide/tasks.json", 151) {
		switch c.Feature {
		case "inputs", "inputs-structured", "injection", "bad-inputs", "colons", "colons-in-values", "offloaded-input", "percent", "returning":
		default:
			continue
		}
		ran++
		t.Run(c.Name, func(t *testing.T) {
			why := c.run(t, map[string]string{"WASMSQL_INTERPOLATION": "text"})
			if reason := textReasons[c.Name]; (why == "") != (reason == "") {
				t.Errorf("%s\nthe reason is: %s", why, reason)
			}
		})
	}
	if ran < 20 { // before -run leaves any out
		t.Errorf("only %d cases", ran)
	}
}

// cellOf writes a text into a table.
func cellOf(s string) string { return strings.NewReplacer("|", `\|`, "\n", "<br>").Replace(s) }

// checkTable compares a generated table with its file, or writes it.
func checkTable(t *testing.T, path, text string) {
	t.Helper()
	if update {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	old, err := os.ReadFile(path)
	if err != nil || string(old) != text {
		t.Errorf("%s is not what the tests found (%v): run them with WASMSQL_UPDATE=1, and look at what changed", path, err)
	}
}

// run says how an execution differs from flytekit's, or nothing.
func (c *wideExecution) run(t *testing.T, more map[string]string) string {
	p := newPlace(t, c.Database)
	p.setup(c.Setup)
	p.template(c.Task, c.Opaque)
	if c.Inputs != nil {
		p.file("inputs.pb", *c.Inputs)
	}
	for name, data := range c.Files {
		p.file(name, data)
	}
	env := map[string]string{}
	for name, value := range c.Env {
		env[name] = value
	}
	for name, value := range more {
		env[name] = value
	}
	for _, s := range c.Secrets {
		if s.Via == "env" {
			env[s.Name] = p.tokens.Replace(s.Value)
		} else {
			p.file(s.Name, []byte(p.tokens.Replace(s.Value)))
		}
	}
	o := p.execute(env)
	c.secrecy(t, o)
	if why := c.after(p); why != "" {
		return why
	}
	if c.Expected.Outcome == "error" && o.failure != nil {
		return c.compareError(t, o)
	}
	if c.Expected.Outcome == "error" {
		for _, a := range c.Alternatives {
			if a.Outcome == "outputs" && compareTable(t, o, a.Table) == "" {
				return ""
			}
		}
		return fmt.Sprintf("it succeeds: %q", o.rows)
	}
	if o.failure != nil {
		return "it fails: " + firstLine(o.failure.Error.Message)
	}
	if why := compareTable(t, o, c.Table); why != "" {
		return why
	}
	return c.compareLiteral(t, o)
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(s, "\n")
	return line
}

// compareTable holds columns and rows against golden ones, nil for no result.
func compareTable(t *testing.T, o outcome, g *goldenTable) string {
	if g == nil {
		if o.schema != nil {
			return fmt.Sprintf("it has a result: %q", o.rows)
		}
		return ""
	}
	if names := g.names(t); !slices.Equal(o.schema, names) {
		return fmt.Sprintf("the columns are %q, not %q", o.schema, names)
	}
	want := wantedRows(t, g.Rows)
	if sameRows(o.rows, want) {
		return ""
	}
	if len(o.rows) > 5 || len(want) > 5 {
		return "other rows"
	}
	return fmt.Sprintf("the rows are %q, not %q", o.rows, want)
}

// compareLiteral holds the literal against the golden one, but for the folder.
func (c *wideExecution) compareLiteral(t *testing.T, o outcome) string {
	want := literalsOf(t, c.Outputs)
	for name, lit := range want.Literals {
		if sd := lit.GetScalar().GetStructuredDataset(); sd != nil {
			sd.Uri = o.outputs.Literals[name].GetScalar().GetStructuredDataset().GetUri()
		}
	}
	if !proto.Equal(want, o.outputs) {
		return fmt.Sprintf("the literal names the columns %v, not %v", columnsOf(o.outputs), columnsOf(want))
	}
	return ""
}

// compareError holds the error document against the golden one: as it is with
// flytekit's errors, and otherwise by what the message has to name.
func (c *wideExecution) compareError(t *testing.T, o outcome) string {
	want := c.Expected.Error
	message := o.failure.Error.Message
	for _, s := range want.Essentials {
		if !strings.Contains(message, strings.Trim(s, "'")) {
			return fmt.Sprintf("the error does not say %q: %s", s, firstLine(message))
		}
	}
	if o.status != c.Expected.Status {
		return fmt.Sprintf("the exit status is %d, not %d", o.status, c.Expected.Status)
	}
	if ok, _ := filepath.Match(c.Expected.OutFiles[0], o.file); !ok || o.failure.Error.Worker != want.Worker {
		return fmt.Sprintf("the document is %s of %q", o.file, o.failure.Error.Worker)
	}
	e := o.fault.Document(true, want.Worker, time.Now()).Error
	kind := strings.TrimPrefix(e.Kind.String(), "ContainerError_")
	if e.Code != want.Code || kind != want.Kind || e.Origin.String() != want.Origin {
		return fmt.Sprintf("with flytekit's errors it is %s, %s, %s, not %s, %s, %s", e.Code, kind, e.Origin, want.Code, want.Kind, want.Origin)
	}
	return ""
}

// after holds what was left behind in the database against what flytekit left.
func (c *wideExecution) after(p *place) string {
	for _, a := range c.After {
		got, want := p.rows(a.SQL), wantedRows(p.t, a.Rows)
		if !sameRows(got, want) {
			return fmt.Sprintf("%s finds %q, not %q", a.SQL, got, want)
		}
	}
	return ""
}

// secrecy makes sure that no secret is told.
func (c *wideExecution) secrecy(t *testing.T, o outcome) {
	for _, s := range c.Secrets {
		if v := strings.TrimSpace(s.Value); len(v) > 4 && strings.Contains(o.stderr+o.failure.GetError().GetMessage(), v) && v != "wrong" {
			t.Errorf("the secret %q is told: %s", v, o.stderr)
		}
	}
}
