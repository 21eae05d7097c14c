package flyte

import (
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/encoding/protojson"
)

// queryCase is a golden case of flytekit's interpolation, of both formats that
// testdata/flyte has.
type queryCase struct {
	name      string
	query     string
	declared  *core.VariableMap
	given     *core.LiteralMap
	sql       []string // any of them
	errorType string
	message   string
	anyOrder  bool // of the names in the message
}

func queryCases(t *testing.T) []queryCase {
	t.Helper()
	var out []queryCase
	var plain []struct {
		Name, Template    string
		Interface, Inputs map[string]json.RawMessage
		Expected          struct {
			SQL          string
			Error        string
			ErrorType    string `json:"error_type"`
			ErrorMessage string `json:"error_message"`
		}
	}
	readJSON(t, &plain, "interpolate.json")
	for _, c := range plain {
		q := queryCase{name: c.Name, query: c.Template, declared: &core.VariableMap{Variables: map[string]*core.Variable{}},
			given: &core.LiteralMap{Literals: map[string]*core.Literal{}}, sql: []string{c.Expected.SQL},
			errorType: c.Expected.ErrorType, message: c.Expected.ErrorMessage}
		for name, raw := range c.Interface {
			q.declare(t, name, raw)
		}
		for name, raw := range c.Inputs {
			q.give(t, name, raw)
		}
		out = append(out, q)
	}
	files, err := filepath.Glob(filepath.Join(vectors, "wide/interpolate/*.json"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, f := range files {
		out = append(out, wideQueryCases(t, f)...)
	}
	return out
}

func wideQueryCases(t *testing.T, file string) []queryCase {
	t.Helper()
	var wide []struct {
		Name, Template string
		Inputs         []struct {
			Name          string
			Type, Literal json.RawMessage
		}
		Expected struct {
			SQL          string
			AnyOf        []string `json:"any_of"`
			ErrorType    string   `json:"error_type"`
			ErrorMessage string   `json:"error_message"`
		}
		AnyOf    []string `json:"any_of"`
		AnyOrder []string `json:"any_order"`
	}
	readJSON(t, &wide, "wide", "interpolate", filepath.Base(file))
	var out []queryCase
	for _, c := range wide {
		q := queryCase{name: c.Name, query: c.Template, declared: &core.VariableMap{Variables: map[string]*core.Variable{}},
			given: &core.LiteralMap{Literals: map[string]*core.Literal{}}, sql: append(append(c.AnyOf, c.Expected.AnyOf...), c.Expected.SQL),
			errorType: c.Expected.ErrorType, message: c.Expected.ErrorMessage, anyOrder: len(c.AnyOrder) > 0}
		for _, in := range c.Inputs {
			if string(in.Type) != "null" {
				q.declare(t, in.Name, in.Type)
			}
			if string(in.Literal) != "null" {
				q.give(t, in.Name, in.Literal)
			}
		}
		out = append(out, q)
	}
	return out
}

func (q *queryCase) declare(t *testing.T, name string, raw json.RawMessage) {
	typ := &core.LiteralType{}
	if err := protojson.Unmarshal(raw, typ); err != nil {
		t.Fatal(q.name, err)
	}
	q.declared.Variables[name] = &core.Variable{Type: typ}
}

func (q *queryCase) give(t *testing.T, name string, raw json.RawMessage) {
	lit := &core.Literal{}
	if err := protojson.Unmarshal(raw, lit); err != nil {
		t.Fatal(q.name, err)
	}
	q.given.Literals[name] = lit
}

// TestInterpolation holds text interpolation against what flytekit made of the
// same query, types and literals: the text, or the exception and its message.
func TestInterpolation(t *testing.T) {
	cases := queryCases(t)
	if len(cases) != 256 {
		t.Fatalf("%d cases", len(cases))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var sql string
			in, err := (&literals{}).arguments(context.Background(), c.declared, c.given)
			if err == nil {
				sql, err = spliced(c.query, in)
			}
			if c.errorType == "" {
				if err != nil || !slices.Contains(c.sql, sql) {
					t.Errorf("got %q, %v\nwant one of %q", sql, err, c.sql)
				}
				return
			}
			e, ok := err.(*inputError)
			if !ok || e.kind != c.errorType || e.message != c.message && !(c.anyOrder && sameNames(e.message, c.message)) {
				t.Errorf("got %q, %#v\nwant %s %q", sql, err, c.errorType, c.message)
			}
		})
	}
}

// sameNames compares messages whose lists of names have an order by chance.
func sameNames(a, b string) bool {
	words := func(s string) []string {
		w := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(" ,{}[]()", r) })
		slices.Sort(w)
		return w
	}
	return slices.Equal(words(a), words(b))
}
