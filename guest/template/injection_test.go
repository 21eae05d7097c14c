package template

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/wasmsql/wasmsql/abi"
)

// TestInjection: hostile text makes the statement that harmless text makes,
// and is a parameter, or part of one, in every dialect.
func TestInjection(t *testing.T) {
	attempts := 0
	for _, file := range archives(t, "injection") {
		if strings.HasSuffix(file, "/ident.txtar") {
			continue // a name is part of the statement: its text is golden
		}
		a, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Files {
			if strings.Contains(f.Name, ".") {
				continue
			}
			attempts++
			t.Run(f.Name, func(t *testing.T) {
				for _, d := range dialects {
					attempt(t, string(f.Data), d)
				}
			})
		}
	}
	if attempts < 60 {
		t.Errorf("%d attempts", attempts)
	}
}

func attempt(t *testing.T, text string, d abi.Dialect) {
	decls, hostile, tmpl := readCase(t, text)
	p, err := Parse(Options{Text: tmpl, Dialect: d, Inputs: decls})
	if err != nil {
		return // refused whatever the values are
	}
	got, err := p.Render(hostile, 0)
	if err != nil {
		return
	}
	want, err := p.Render(harmless(hostile), 0)
	if err != nil {
		t.Fatalf("%s: harmless values: %v", d, err)
	}
	if len(got) != len(want) {
		t.Fatalf("%s: %d statements, %d with harmless values", d, len(got), len(want))
	}
	params := ""
	for i := range got {
		if got[i].SQL != want[i].SQL {
			t.Errorf("%s:\n%s\nwith harmless values\n%s", d, got[i].SQL, want[i].SQL)
		}
		params += fmt.Sprint(got[i].Params)
	}
	for _, in := range hostile {
		for _, v := range append(in.Value.List, in.Value) {
			if !strings.Contains(strings.ToLower(params), strings.ToLower(v.Str)) {
				t.Errorf("%s: %q is in no parameter: %s", d, v.Str, params)
			}
		}
	}
}

// harmless replaces every text.
func harmless(in []abi.NamedValue) []abi.NamedValue {
	out := make([]abi.NamedValue, len(in))
	for i, v := range in {
		out[i] = v
		switch v.Value.Type.Kind {
		case abi.Str, abi.Bytes:
			out[i].Value.Str = "harmless"
		case abi.JSON:
			out[i].Value.Str = "{}"
		case abi.List:
			out[i].Value.List = make([]abi.Value, len(v.Value.List))
			for j := range v.Value.List {
				out[i].Value.List[j] = abi.Value{Type: *v.Value.Type.Elem, Str: "harmless"}
			}
		}
	}
	return out
}
