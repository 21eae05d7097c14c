package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/abi/pytext"
)

var update = flag.Bool("update", false, "write what comes out as what is expected")

var dialects = []abi.Dialect{abi.Postgres, abi.MySQL, abi.SQLite}

// TestGolden runs testdata/template/*.txtar and testdata/injection/*.txtar. A file in an archive is a case:
// lines "name type = JSON" that declare inputs and give values, "---", and the
// template. The file NAME.want has what comes out of it: the statements, each
// parameter on a line of its own, or the errors; under [postgres], [mysql] and
// [sqlite] where they differ. NAME.rows is for the tests of package host.
func TestGolden(t *testing.T) {
	for _, file := range append(archives(t, "template"), archives(t, "injection")...) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { goldenFile(t, file) })
	}
}

// archives returns the archives of a folder of testdata.
func archives(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob("../../testdata/" + folder + "/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

func goldenFile(t *testing.T, file string) {
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range a.Files {
		if name, ok := strings.CutSuffix(f.Name, ".want"); ok {
			want[name] = string(f.Data)
		}
	}
	var out []txtar.File
	for _, f := range a.Files {
		if strings.HasSuffix(f.Name, ".rows") {
			out = append(out, f)
			continue
		}
		if strings.HasSuffix(f.Name, ".want") {
			continue
		}
		got := goldenCase(t, string(f.Data))
		out = append(out, f, txtar.File{Name: f.Name + ".want", Data: []byte(got)})
		t.Run(f.Name, func(t *testing.T) {
			if got != want[f.Name] && !*update {
				t.Errorf("got\n%s\nwant\n%s", got, want[f.Name])
			}
		})
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(&txtar.Archive{Comment: a.Comment, Files: out}), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// goldenCase renders a case for every dialect.
func goldenCase(t *testing.T, text string) string {
	t.Helper()
	decls, in, tmpl := readCase(t, text)
	var got []string
	for _, d := range dialects {
		got = append(got, describeRun(Options{Text: tmpl, Dialect: d, Inputs: decls}, in))
	}
	if got[0] == got[1] && got[1] == got[2] {
		return got[0]
	}
	var b strings.Builder
	done := map[int]bool{}
	for i := range dialects {
		if done[i] {
			continue
		}
		head := string(dialects[i])
		for j := i + 1; j < len(dialects); j++ {
			if got[j] == got[i] {
				done[j] = true
				head += " " + string(dialects[j])
			}
		}
		b.WriteString("[" + head + "]\n" + got[i])
	}
	return b.String()
}

// describeRun is what comes out of a template, as text.
func describeRun(o Options, in []abi.NamedValue) string {
	tmpl, err := Parse(o)
	if err != nil {
		return "parse error\n" + describeErrors(err)
	}
	list, err := tmpl.Render(in, 0)
	if err != nil {
		return "render error\n" + describeErrors(err)
	}
	var b strings.Builder
	for i, s := range list {
		if i > 0 {
			b.WriteString(";\n")
		}
		b.WriteString(s.SQL + "\n")
		for _, p := range s.Params {
			b.WriteString("  " + describeParam(p) + "\n")
			if err := p.Check(); err != nil {
				b.WriteString("  which is none: " + err.Error() + "\n")
			}
		}
	}
	return b.String()
}

func describeErrors(err error) string {
	var list Errors
	if !errors.As(err, &list) {
		list = Errors{err.(*Error)}
	}
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.Error() + "\n")
		if e.Hint != "" {
			b.WriteString("  hint: " + e.Hint + "\n")
		}
	}
	return b.String()
}

func describeParam(v abi.Value) string {
	s := v.Type.String() + " "
	switch {
	case v.Null:
		return s + "null"
	case v.Type.Kind == abi.Str, v.Type.Kind == abi.Decimal, v.Type.Kind == abi.JSON, v.Type.Kind == abi.Bytes, v.Type.Kind == abi.UUID:
		return s + strconv.Quote(v.Str)
	case v.Type.Kind == abi.Float:
		return s + pytext.Float(v.Float)
	case v.Type.Kind == abi.List:
		parts := make([]string, len(v.List))
		for i, x := range v.List {
			parts[i] = describeParam(x)
		}
		return s + "[" + strings.Join(parts, ", ") + "]"
	}
	return s + strconv.FormatInt(v.Int, 10)
}

// readCase reads a case's inputs and template.
func readCase(t *testing.T, text string) (decls []abi.InputDecl, in []abi.NamedValue, tmpl string) {
	t.Helper()
	head, tmpl, ok := strings.Cut("\n"+text, "\n---\n")
	if !ok {
		head, tmpl = "", text
	}
	for _, line := range strings.Split(strings.TrimSpace(head), "\n") {
		if line == "" {
			continue
		}
		def, val, _ := strings.Cut(line, " = ")
		name, typ, _ := strings.Cut(def, " ")
		d := abi.InputDecl{Name: name, Type: readType(t, typ)}
		decls = append(decls, d)
		in = append(in, abi.NamedValue{Name: name, Value: readValue(t, d.Type, []byte(val))})
	}
	return decls, in, strings.TrimSuffix(tmpl, "\n")
}

func readType(t *testing.T, s string) abi.Type {
	t.Helper()
	typ := abi.Type{}
	s, typ.Nullable = strings.CutSuffix(s, "?")
	if inner, ok := strings.CutPrefix(s, "list["); ok {
		elem := readType(t, strings.TrimSuffix(inner, "]"))
		typ.Kind, typ.Elem = abi.List, &elem
		return typ
	}
	for k := abi.Int; k <= abi.JSON; k++ {
		if k.String() == s {
			typ.Kind = k
			return typ
		}
	}
	t.Fatalf("unknown type %q", s)
	return typ
}

func readValue(t *testing.T, typ abi.Type, data []byte) abi.Value {
	t.Helper()
	v := abi.Value{Type: typ}
	if string(bytes.TrimSpace(data)) == "null" {
		v.Null = true
		return v
	}
	var err error
	switch typ.Kind {
	case abi.Float:
		err = json.Unmarshal(data, &v.Float)
	case abi.Bool:
		var b bool
		if err = json.Unmarshal(data, &b); b {
			v.Int = 1
		}
	case abi.Str, abi.Decimal, abi.JSON, abi.Bytes, abi.UUID:
		err = json.Unmarshal(data, &v.Str)
	case abi.List:
		var items []json.RawMessage
		err = json.Unmarshal(data, &items)
		for _, x := range items {
			v.List = append(v.List, readValue(t, *typ.Elem, x))
		}
	default:
		err = json.Unmarshal(data, &v.Int)
	}
	if err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	return v
}
