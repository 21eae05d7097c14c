package manifest

import (
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
)

// FuzzReadTasks holds: no panic, errors are host.Errors with places inside the
// file, and each character of a query that was read has a place inside it too.
func FuzzReadTasks(f *testing.F) {
	seed(f)
	o := Options{ReadFile: func(string) ([]byte, error) { return []byte("wasm"), nil }}
	f.Fuzz(func(t *testing.T, data []byte) {
		tasks, err := o.ReadTasks("x.yaml", data)
		inside(t, data, err)
		for _, task := range tasks {
			checkPlace(t, data, task.Source.Key("inputs"))
			line, column := 1, 0
			for i, c := range task.Query {
				if column++; i < 200 {
					checkPlace(t, data, task.Source.Query(line, column))
				}
				if c == '\n' {
					line, column = line+1, 0
				}
			}
			if s := task.Source.(*source); s.query != nil && task.Query != "" {
				if got := len(scanScalar(s.text, s.query)); got != utf8.RuneCountInString(task.Query) {
					t.Errorf("%d characters of the query %q were found", got, task.Query)
				}
			}
		}
	})
}

// FuzzReadConfig holds: no panic, and places inside the file.
func FuzzReadConfig(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := ReadConfig("x.yaml", data)
		inside(t, data, err)
	})
}

// FuzzParseText holds: no panic, and what is read is printed as it is read.
func FuzzParseText(f *testing.F) {
	for _, s := range []string{"1", "-1.5e3", "2024-05-06T07:08:09.5+02:00", "P1DT2H", "1 day, 2:03:04", "hex:00ff", `[1, null, "a"]`, `{"a": 1}`} {
		for k := abi.Int; k <= abi.List; k++ {
			f.Add(s, uint8(k))
		}
	}
	f.Fuzz(func(t *testing.T, text string, kind uint8) {
		ty := abi.Type{Kind: abi.Kind(kind)}
		if ty.Kind == abi.List {
			ty.Elem = &abi.Type{Kind: abi.Str, Nullable: true}
		}
		v, err := ParseText(ty, text)
		if err != nil {
			return
		}
		printed := Format(v)
		again, err := ParseText(ty, printed)
		if err != nil || Format(again) != printed {
			t.Errorf("%s %q: printed %q, read back %v, %v", ty, text, printed, again, err)
		}
	})
}

func seed(f *testing.F) {
	for _, folder := range []string{"ok", "bad"} {
		entries, err := os.ReadDir(testdata + "/" + folder)
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".yaml") || strings.HasSuffix(e.Name(), ".json") {
				data, err := os.ReadFile(testdata + "/" + folder + "/" + e.Name())
				if err != nil {
					f.Fatal(err)
				}
				f.Add(data)
			}
		}
	}
}

func inside(t *testing.T, data []byte, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var all host.Errors
	if !errors.As(err, &all) || len(all) == 0 {
		t.Fatalf("not host.Errors: %v", err)
	}
	for _, e := range all {
		if e.Place.Line != 0 || len(data) <= MaxFile {
			checkPlace(t, data, e.Place)
		}
	}
}

// checkPlace allows the place after a line's last character and after the last
// line.
func checkPlace(t *testing.T, data []byte, p host.Place) {
	t.Helper()
	lines := splitLines(strings.TrimPrefix(string(data), "\ufeff"))
	if p.Line < 1 || p.Line > len(lines)+1 || p.Column < 1 {
		t.Fatalf("place %v in %d lines", p, len(lines))
	}
	if p.Line <= len(lines) && p.Column > len(lines[p.Line-1])+1 {
		t.Fatalf("place %v in a line of %d", p, len(lines[p.Line-1]))
	}
}
