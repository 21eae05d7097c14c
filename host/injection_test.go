package host_test

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

var update = flag.Bool("update", false, "write what comes out as what is expected")

const secrets = `CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT, secret TEXT);
INSERT INTO t VALUES (1,'ada','s1'),(2,'O''Neil','s2'),(3,'x'' OR 1=1 --','s3');
`

// TestInjection runs the attempts of testdata/injection on SQLite. A file
// NAME.rows has what comes of the attempt NAME: rows or an error, and what is
// in the database afterwards where that changed. The tests of guest/template
// hold the statements.
func TestInjection(t *testing.T) {
	files, err := filepath.Glob("../testdata/injection/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]string{}
			for _, f := range a.Files {
				want[f.Name] = string(f.Data)
			}
			var out []txtar.File
			for _, f := range a.Files {
				if strings.HasSuffix(f.Name, ".rows") {
					continue
				}
				out = append(out, f)
				name, ok := strings.CutSuffix(f.Name, ".want")
				if !ok {
					continue
				}
				t.Run(name, func(t *testing.T) {
					got := attempt(t, want[name])
					out = append(out, txtar.File{Name: name + ".rows", Data: []byte(got)})
					if got != want[name+".rows"] && !*update {
						t.Errorf("got\n%s\nwant\n%s", got, want[name+".rows"])
					}
				})
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(&txtar.Archive{Comment: a.Comment, Files: out}), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// attempt runs a case on a new database and says what came of it.
func attempt(t *testing.T, text string) string {
	h := hosttest.Open(t, hosttest.SQLite(t, secrets))
	before := dump(t, h)
	task := host.Task{Name: "attempt", Connection: "db"}
	var in host.Inputs
	task.Inputs, in, task.Query = readAttempt(t, text)
	got := outcome(h, task, in)
	if after := dump(t, h); after != before {
		got += "the database then holds\n" + after
	}
	return got
}

// outcome is the rows or the error of a task.
func outcome(h *host.Host, task host.Task, in host.Inputs) string {
	p, err := h.Load(context.Background(), task)
	if err != nil {
		return "refused\n"
	}
	var rows hosttest.Rows
	if _, err := p.Run(context.Background(), in, &rows); err != nil {
		return "error: " + err.Error() + "\n"
	}
	return cells(rows)
}

// dump is what is in the database.
func dump(t *testing.T, h *host.Host) string {
	t.Helper()
	var all string
	for _, query := range []string{"SELECT type, name FROM sqlite_schema ORDER BY name", "SELECT * FROM t ORDER BY id"} {
		var rows hosttest.Rows
		if _, err := loadOn(t, h, host.Task{Query: query}).Run(context.Background(), nil, &rows); err != nil {
			t.Fatal(err)
		}
		all += cells(rows)
	}
	return all
}

func cells(rows hosttest.Rows) string {
	if len(rows.Cells) == 0 {
		return "no rows\n"
	}
	var b strings.Builder
	for _, row := range rows.Cells {
		line, _ := json.Marshal(row)
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// readAttempt reads a case: "name type = JSON" for each input, "---", and the
// template.
func readAttempt(t *testing.T, text string) (decls []host.Input, in host.Inputs, query string) {
	t.Helper()
	head, query, _ := strings.Cut(text, "\n---\n")
	in = host.Inputs{}
	for line := range strings.SplitSeq(head, "\n") {
		def, val, _ := strings.Cut(line, " = ")
		name, typ, _ := strings.Cut(def, " ")
		str := abi.Type{Kind: abi.Str}
		v := abi.Value{}
		var err error
		switch typ {
		case "list[str]":
			var items []string
			err = json.Unmarshal([]byte(val), &items)
			v.Type = abi.Type{Kind: abi.List, Elem: &str}
			for _, x := range items {
				v.List = append(v.List, abi.Value{Type: str, Str: x})
			}
		default:
			kinds := map[string]abi.Kind{"str": abi.Str, "json": abi.JSON, "bytes": abi.Bytes}
			v.Type.Kind = kinds[typ]
			if err = json.Unmarshal([]byte(val), &v.Str); v.Type.Kind == 0 {
				t.Fatalf("unknown type %q", typ)
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		decls = append(decls, host.Input{Name: name, Type: v.Type})
		in[name] = v
	}
	return decls, in, strings.TrimSuffix(query, "\n")
}
