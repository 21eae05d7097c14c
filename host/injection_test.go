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

// injectionThreats are the threats that the files of testdata/injection show.
var injectionThreats = map[string]string{"comments": "S12", "ident": "S8", "quotes": "S6", "second_order": "S7", "values": "S6"}

// injection is an attempt of testdata/injection.
type injection struct {
	name   string
	text   string // as it stands in the file
	query  string
	decls  []host.Input
	inputs host.Inputs
	rows   string // what comes of it on SQLite
}

// injectionFile is a file of them.
type injectionFile struct {
	name, path string // the name with its threat
	archive    *txtar.Archive
	attempts   []injection
}

// injections reads testdata/injection.
func injections(t *testing.T) []injectionFile {
	t.Helper()
	paths, err := filepath.Glob("../testdata/injection/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatalf("%d files, %v", len(paths), err)
	}
	var files []injectionFile
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]string{}
		for _, f := range a.Files {
			all[f.Name] = string(f.Data)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		threat := injectionThreats[name]
		if threat == "" {
			t.Fatalf("%s shows no threat", path)
		}
		file := injectionFile{name: name + " " + threat, path: path, archive: a}
		for _, f := range a.Files {
			if name, ok := strings.CutSuffix(f.Name, ".want"); ok {
				i := injection{name: name, text: all[name], rows: all[name+".rows"]}
				i.decls, i.inputs, i.query = readAttempt(t, i.text)
				file.attempts = append(file.attempts, i)
			}
		}
		files = append(files, file)
	}
	return files
}

// TestInjection runs the attempts of testdata/injection on SQLite. A file
// NAME.rows has what comes of the attempt NAME: rows or an error, and what is
// in the database afterwards where that changed. The tests of guest/template
// hold the statements.
func TestInjection(t *testing.T) {
	for _, file := range injections(t) {
		t.Run(file.name, func(t *testing.T) {
			got := map[string]string{}
			for _, a := range file.attempts {
				t.Run(a.name, func(t *testing.T) {
					got[a.name] = attempt(t, a)
					if got[a.name] != a.rows && !*update {
						t.Errorf("got\n%s\nwant\n%s", got[a.name], a.rows)
					}
				})
			}
			if *update {
				file.write(t, got)
			}
		})
	}
}

// write writes what came of the attempts into the file.
func (f injectionFile) write(t *testing.T, rows map[string]string) {
	t.Helper()
	var out []txtar.File
	for _, part := range f.archive.Files {
		if strings.HasSuffix(part.Name, ".rows") {
			continue
		}
		out = append(out, part)
		if name, ok := strings.CutSuffix(part.Name, ".want"); ok {
			out = append(out, txtar.File{Name: name + ".rows", Data: []byte(rows[name])})
		}
	}
	if err := os.WriteFile(f.path, txtar.Format(&txtar.Archive{Comment: f.archive.Comment, Files: out}), 0o644); err != nil {
		t.Fatal(err)
	}
}

// attempt runs a case on a new database and says what came of it.
func attempt(t *testing.T, a injection) string {
	h := hosttest.Open(t, hosttest.SQLite(t, secrets))
	before := dump(t, h)
	got := outcome(h, host.Task{Name: "attempt", Connection: "db", Inputs: a.decls, Query: a.query}, a.inputs)
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
