package template

import (
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
)

// TestDepth: what nests too deep is one fault, at its place (M13).
func TestDepth(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"blocks", "SELECT 1" + strings.Repeat("{% if 1 %}", 101) + strings.Repeat("{% endif %}", 101), "1:329: blocks nest deeper than 32"},
		{"as deep as may be", "SELECT 1" + strings.Repeat("{% if 1 %}", 32) + "{% set a = 1 %}" + strings.Repeat("{% endif %}", 32), ""},
		{"loops", "SELECT 1" + strings.Repeat("{% for a in [1] %}", 300) + strings.Repeat("{% endfor %}", 300), "1:585: blocks nest deeper than 32"},
		{"lines", "SELECT 1\n" + strings.Repeat("{% if 1 %}\n", 200) + strings.Repeat("{% endif %}", 200), "34:1: blocks nest deeper than 32"},
		{"parentheses", "SELECT {{ " + strings.Repeat("(", 200) + "1" + strings.Repeat(")", 200) + " }}", "1:61: the expression nests deeper than 50"},
		{"parentheses as deep as may be", "SELECT {{ " + strings.Repeat("(", 49) + "1" + strings.Repeat(")", 49) + " }}", ""},
		{"lists", "SELECT {{ " + strings.Repeat("[", 200) + strings.Repeat("]", 200) + " }}", "1:61: the expression nests deeper than 50"},
		{"not", "SELECT {{ " + strings.Repeat("not ", 200) + "1 }}", "1:207: the expression nests deeper than 50"},
		{"signs", "SELECT {{ " + strings.Repeat("- ", 200) + "1 }}", "1:109: the expression nests deeper than 50"},
		{"if", "SELECT {{ 1" + strings.Repeat(" if 1", 200) + " }}", "1:688: the expression nests deeper than 64"},
		{"filters", "SELECT {{ 1" + strings.Repeat(" | abs", 200) + " }}", "1:397: the expression has too many filters"},
		{"filters and brackets", "SELECT {{ " + strings.Repeat("(", 10) + "1" + strings.Repeat(strings.Repeat("|abs", 30)+")", 10) + " }}", "1:970: the expression nests deeper than 64"},
		{"an input beside it", "SELECT {{ x }}, {{ " + strings.Repeat("(", 200) + "x" + strings.Repeat(")", 200) + " }}", "1:70: the expression nests deeper than 50"},
	} {
		decls := []abi.InputDecl{{Name: "x", Type: abi.Type{Kind: abi.Int}}}
		if !strings.Contains(c.text, "x") {
			decls = nil
		}
		_, err := Parse(Options{Text: c.text, Dialect: abi.SQLite, Inputs: decls})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s: %s\nwant %s", c.name, got, c.want)
		}
	}
}
