package flyte

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/abi/pytext"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

const boundHead = `# What binding makes of queries that were written for splicing

Written by TestBound of host/flyte with WASMSQL_UPDATE=1: the golden cases of flytekit's interpolation, as flytekit splices them and as the
template module binds them for SQLite. A value in quotes and one without are the same to it: both are bound.

| case | query | flytekit | bound |
|---|---|---|---|
`

// TestBound writes down what becomes of each golden case where values are
// bound: a statement with its parameters, or a refusal that says what to
// change.
func TestBound(t *testing.T) {
	ctx := context.Background()
	h, err := host.New(ctx, host.Config{Drivers: map[string]sqldb.Driver{"sqlite": sqlite.Driver{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	var b strings.Builder
	b.WriteString(boundHead)
	for _, c := range queryCases(t) {
		spliced := c.sql[len(c.sql)-1]
		if c.errorType != "" {
			spliced = c.errorType
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", code(c.name), code(c.query), code(spliced), c.bound(ctx, h))
	}
	path := filepath.Join(vectors, "bound.md")
	if f := os.Getenv("WASMSQL_UPDATE"); f != "" {
		if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if old, err := os.ReadFile(path); err != nil || string(old) != b.String() {
		t.Errorf("%s is not what the cases come to (%v): run the tests with WASMSQL_UPDATE=1, and look at what changed", path, err)
	}
}

// bound is what a case comes to, for the table.
func (q *queryCase) bound(ctx context.Context, h *host.Host) string {
	custom, err := structpb.NewStruct(map[string]any{"query_template": q.query, "uri": "sqlite://"})
	if err != nil {
		return code(err.Error())
	}
	t, err := Prepare(ctx, &core.TaskTemplate{Custom: custom, Interface: &core.TypedInterface{Inputs: q.declared}}, q.given, nil, Interpolation{})
	if err != nil {
		return refused(err)
	}
	p, err := h.Load(ctx, t.Task)
	if err != nil {
		return refused(err)
	}
	defer p.Close()
	statements, err := p.Render(ctx, t.Inputs)
	if err != nil {
		return refused(err)
	}
	var parts []string
	for _, s := range statements {
		text := code(s.SQL)
		for _, v := range s.Params {
			text += " " + code(shown(v))
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "<br>")
}

func refused(err error) string {
	f := FaultOf(err)
	s := "refused: " + f.Kind
	if f.Kind != "TypeTransformerFailedError" { // whose message is the literal
		s += ": " + escapes.Replace(f.Message)
	}
	if f.Hint != "" {
		s += "; " + escapes.Replace(f.Hint)
	}
	return s
}

var escapes = strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;")

// code is a text as code within a table.
func code(s string) string {
	s = strconv.Quote(s)
	s = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s[1 : len(s)-1])
	return "`` " + strings.ReplaceAll(s, "|", `\|`) + " ``"
}

// shown is a parameter with its type.
func shown(v abi.Value) string {
	s := v.Type.String() + " "
	switch v.Type.Kind {
	case abi.Int, abi.Bool, abi.Datetime, abi.Timedelta:
		s += strconv.FormatInt(v.Int, 10)
	case abi.Float:
		s += pytext.Float(v.Float)
	case abi.List:
		s += strconv.Itoa(len(v.List)) + " values"
	default:
		s += v.Str
	}
	if v.Null {
		s = v.Type.String() + " null"
	}
	return s
}
