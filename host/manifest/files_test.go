package manifest

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/plugin"
)

var update = flag.Bool("update", false, "write the .err files of testdata/manifest/bad")

const testdata = "../../testdata/manifest"

// files returns the task files and configurations of a folder.
func files(t *testing.T, folder string) []string {
	t.Helper()
	var names []string
	for _, ext := range []string{"yaml", "json"} {
		found, err := filepath.Glob(filepath.Join(testdata, folder, "*."+ext))
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	return names
}

// read reads a file of testdata as what its name says it is.
func read(file string, data []byte) error {
	var err error
	switch base := filepath.Base(file); {
	case strings.HasPrefix(base, "task-"):
		_, err = ReadTasks(file, data)
	case strings.HasPrefix(base, "plugin-"):
		_, err = ReadPlugin(file, data)
	default:
		_, err = ReadConfig(file, data)
	}
	return err
}

func TestOK(t *testing.T) {
	names := files(t, "ok")
	if len(names) < 15 {
		t.Fatalf("%d files", len(names))
	}
	for _, file := range names {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := read(file, data); err != nil {
				t.Error(report(err))
			}
			for _, err := range validate(t, file, data) {
				if err != nil {
					t.Errorf("the schema refuses it: %v", err)
				}
			}
		})
	}
}

// TestBad compares the errors of each wrong file with the .err file beside it.
// The first line of a file says if it is wrong in its syntax or its meaning;
// else the schema refuses it too.
func TestBad(t *testing.T) {
	names := files(t, "bad")
	if len(names) < 45 {
		t.Fatalf("%d files", len(names))
	}
	for _, file := range names {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := report(read(file, data))
			if got == "" {
				t.Fatal("no error")
			}
			if strings.Contains(got, "canary") {
				t.Errorf("the errors show a secret:\n%s", got)
			}
			compare(t, file+".err", got)
			first, _, _ := bytes.Cut(data, []byte("\n"))
			checkShape(t, file, data, string(first))
		})
	}
}

func checkShape(t *testing.T, file string, data []byte, header string) {
	t.Helper()
	if header == "# syntax" || filepath.Ext(file) == ".json" || bytes.HasPrefix(data, []byte("\xff\xfe")) {
		return
	}
	refused := slices.ContainsFunc(validate(t, file, data), func(err error) bool { return err != nil })
	if refused && header == "# meaning" {
		t.Error("the schema refuses what is said to be wrong in its meaning only")
	}
	if !refused && header != "# meaning" {
		t.Error("the schema accepts it")
	}
}

// report returns errors as the .err files have them: places with the file's
// base name, and hints.
func report(err error) string {
	if err == nil {
		return ""
	}
	var all host.Errors
	if !errors.As(err, &all) {
		return "not host.Errors: " + err.Error()
	}
	var b strings.Builder
	for _, e := range all {
		e := *e
		e.Place.File = filepath.Base(e.Place.File)
		b.WriteString(e.Error() + "\n")
		if e.Hint != "" {
			b.WriteString("\thint: " + e.Hint + "\n")
		}
		if e.Code != host.CodeConfig {
			b.WriteString("\tcode: " + string(e.Code) + "\n")
		}
	}
	return b.String()
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// validate checks each document of a file against its schema.
func validate(t *testing.T, file string, data []byte) []error {
	t.Helper()
	schema := ConfigSchema()
	if strings.HasPrefix(filepath.Base(file), "task-") {
		schema = TaskSchema()
	}
	if strings.HasPrefix(filepath.Base(file), "plugin-") {
		schema = plugin.Schema()
	}
	compiled := compile(t, schema)
	r := &reader{file: file}
	var errs []error
	for _, doc := range r.documents(data, MaxFile) {
		// What JSON does not have is null here: the schemas leave it open.
		text, _ := (&reader{}).toJSON(doc)
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		errs = append(errs, compiled.Validate(v))
	}
	return errs
}

func compile(t *testing.T, schema []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}
