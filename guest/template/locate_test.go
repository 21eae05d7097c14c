package template

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
)

// TestLocate: a position of a statement is a place of the template (M6). The
// mark @ stands in the template right before what is looked for.
func TestLocate(t *testing.T) {
	str := abi.Type{Kind: abi.Str}
	list := abi.Type{Kind: abi.List, Elem: &str}
	decls := []abi.InputDecl{{Name: "s", Type: str}, {Name: "l", Type: list}}
	in := []abi.NamedValue{{Name: "s", Value: abi.Value{Type: str, Str: "gärten"}},
		{Name: "l", Value: abi.Value{Type: list, List: []abi.Value{{Type: str, Str: "a"}, {Type: str, Str: "b"}, {Type: str, Str: "c"}}}}}
	for _, c := range []struct {
		text string
		n    int
		sql  string // what the position points to, the last of it in the statement
	}{
		{"SELECT a,\n  @nosuch FROM t", 0, "nosuch"},
		{"SELECT {{ s }}, {{ l | inclause }},\n  @nosuch FROM t", 0, "nosuch"},
		{"  \n -- ä\nSELECT 'ä', '{{ s }}', {{ s | ident }}, {{ s }},@nosuch", 0, "nosuch"},
		{"SELECT 1; SELECT {{ s }}; SELECT '{{ s }}x', @nosuch", 2, "nosuch"},
		{"{% for x in l %}{% if not loop.first %}, {% else %}SELECT {% endif %}{{ x }}{% endfor %}, @nosuch", 0, "nosuch"},
		{"SELECT {% for x in l %}{{ x }}, @nosuch({{ x }}){% if not loop.last %},{% endif %}{% endfor %}", 0, "nosuch(?6)"},
		{"SELECT a FROM @{{ s | ident }}", 0, "\"gärten\""},
		{"SELECT a FROM t WHERE x = @'{{ s }}!' AND b", 0, "?1"},
		{"SELECT {{ s }}, {% raw %}@nosuch{% endraw %}", 0, "nosuch"},
		{"@SELEC {{ s }}", 0, "SELEC"},
	} {
		want := strings.Index(c.text, "@")
		text := c.text[:want] + c.text[want+1:]
		used, given := decls, in
		if !strings.Contains(text, " l ") {
			used, given = used[:1], given[:1]
		}
		if !strings.Contains(text, " s ") {
			used, given = used[1:], given[1:]
		}
		p, err := Parse(Options{Text: text, Dialect: abi.SQLite, Inputs: used})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		out, err := p.Render(given, 0)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		sql := out[c.n].SQL
		at := strings.LastIndex(sql, c.sql)
		if at < 0 {
			t.Errorf("%s: no %q in %s", text, c.sql, sql)
			continue
		}
		if got := p.Locate(given, 0, c.n, sql, utf8.RuneCountInString(sql[:at])+1); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
		if got := p.Locate(given, 0, c.n, sql, len(sql)+10); got != -1 {
			t.Errorf("%s: behind its end: %d", text, got)
		}
	}
}
