package flyte

import (
	"testing"

	"github.com/wasmsql/wasmsql/abi"
)

// TestTemplated: places are written as the template module reads them, and
// nothing else of the query changes but what SQLAlchemy unescapes.
func TestTemplated(t *testing.T) {
	in := []argument{
		{name: "x", value: pyValue{kind: pyInt, i: 1}},
		{name: "1st", value: pyText("a")},
		{name: "l", value: pyValue{kind: pyList, list: []pyValue{pyText("a")}}},
		{name: "n", value: pyValue{kind: pyList, list: []pyValue{{kind: pyInt, i: 1}}}},
	}
	for _, c := range []struct{ query, want string }{
		{"select {{.inputs.x}}, {{ .inputs.x }}, {{ inputs.x }}", "select {{.inputs.x}}, {{ .inputs.x }}, {{ inputs.x }}"},
		{"select {{$inputs.x}}", "select {{ .inputs.x }}"},
		{"select {{.INPUTS.x}}", "select {{ .inputs.x }}"},
		{"select {{.inputs_x}}", "select {{ .inputs.x }}"},
		{"select {{.ınputs.x}}", "select {{ .inputs.x }}"},
		{"select {{.inputs.1st}}", "select {{ .inputs.input_2_1st }}"},
		{"select '{{{.inputs.x}}}'::int[]", "select '{% raw %}{{% endraw %}{{.inputs.x}}}'::int[]"},
		{"select {{ x | inclause }}", "select {{ x | inclause }}"},
		{`select '\:a', '\\:b', 'c:d', '\:e:', '\::f', x::int, '\:'`, `select ':a', '\:b', 'c:d', '\:e:', '\::f', x::int, ':'`},
		{`select '\:{{.inputs.x}}'`, `select ':{{.inputs.x}}'`},
		{"select a = any(array{{.inputs.n}})", "select a = any({{.inputs.n}})"},
		{"select ARRAY {{.inputs.l}}, array{{.inputs.x}}, myarray{{.inputs.n}}", "select {{.inputs.l}}::text[], array{{.inputs.x}}, myarray{{.inputs.n}}"},
	} {
		got, _, err := templated(c.query, in, abi.Postgres)
		if err != nil || got != c.want {
			t.Errorf("%s\ngot  %s, %v\nwant %s", c.query, got, err, c.want)
		}
	}
	if got, _, _ := templated("array{{.inputs.l}}", in, abi.SQLite); got != "array{{.inputs.l}}" {
		t.Error(got)
	}
}

func TestBare(t *testing.T) {
	for query, want := range map[string]bool{
		"select '{{.inputs.d}}'":                          false,
		"select 'a''{{.inputs.d}}'":                       false,
		"select {{.inputs.d}}":                            true,
		"select '{{.inputs.d}}', 'x', {{.inputs.d}}":      true,
		"select 'it''s' where a > '{{ .inputs.d }}' or b": false,
	} {
		if got := bare(query)["d"]; got != want {
			t.Errorf("%s: %t", query, got)
		}
	}
}
