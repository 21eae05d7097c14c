package template

import (
	"testing"

	"github.com/wasmsql/wasmsql/abi"
)

// TestTextColons: what SQLAlchemy's text() makes of colons. The first four are
// what flytekit was seen to do.
func TestTextColons(t *testing.T) {
	for _, c := range []struct{ text, value, sql, err string }{
		{`select '\:name' as a, '12:30:00' as b`, "", "select ':name' as a, '12:30:00' as b", ""},
		{"select ':name' as a", "", "", `1:9: A value is required for bind parameter 'name'`},
		{`select '{"a":1}'`, "", "", `1:13: A value is required for bind parameter '1'`},
		{"select x::int, x ::int, '{1,2,3}'[1:2], 'a:b', 'http://x'", "", "select x::int, x ::int, '{1,2,3}'[1:2], 'a:b', 'http://x'", ""},
		{"select a[:2]", "", "", "1:10: A value is required for bind parameter '2'"},
		{`select '\:' , ':', ': x', '\\:x', '\é', ':'`, "", `select ':' , ':', ': x', '\:x', '\é', ':'`, ""},
		{`select '\:a:', :a:b, é:x, :é`, "", "", "1:27: A value is required for bind parameter 'é'"},
		{`select ':a$b'`, "", "", "1:9: A value is required for bind parameter 'a$b'"},
		{"select '{{.inputs.v}}'", "12:30:00", "select '12:30:00'", ""},
		{"select '{{.inputs.v}}'", "at :noon", "", "A value is required for bind parameter 'noon'"},
		{"select '{{.inputs.v}}'", `\:x`, "select ':x'", ""},
		{"select ':{{.inputs.v}}'", "x", "", "A value is required for bind parameter 'x'"},
	} {
		o := Options{Text: c.text, Dialect: abi.SQLite, Interpolation: abi.Text}
		var in []abi.NamedValue
		if c.value != "" {
			o.Inputs = []abi.InputDecl{{Name: "v", Type: abi.Type{Kind: abi.Str}}}
			in = []abi.NamedValue{{Name: "v", Value: abi.Value{Type: o.Inputs[0].Type, Str: c.value}}}
		}
		p, err := Parse(o)
		if err != nil {
			t.Fatal(err)
		}
		out, err := p.Render(in, 0)
		switch {
		case c.err != "":
			if err == nil || err.Error() != c.err {
				t.Errorf("%s: %v, want %s", c.text, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.text, err)
		case out[0].SQL != c.sql:
			t.Errorf("%s: %s, want %s", c.text, out[0].SQL, c.sql)
		}
	}
}
