package result_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/wasmsql/wasmsql/host/result"
)

var update = flag.Bool("update", false, "write the golden files")

func write(t testing.TB, f result.Format, o result.Options, recs ...arrow.Record) string {
	t.Helper()
	var b bytes.Buffer
	w := result.New(f, &b, o)
	if err := w.Open(recs[0].Schema()); err != nil {
		t.Fatal(err)
	}
	for _, r := range recs {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Bytes() != int64(b.Len()) {
		t.Errorf("Bytes() = %d, written %d", w.Bytes(), b.Len())
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (go test -run Golden -update writes it)\ngot:\n%s\nwant:\n%s", path, got, want)
	}
}

func TestGolden(t *testing.T) {
	rec := sample(t)
	for _, c := range []struct {
		name string
		f    result.Format
		o    result.Options
	}{
		{"all.csv", result.CSV, result.Options{}},
		{"all.safe.csv", result.CSV, result.Options{CSVSafe: true}},
		{"all.terminal.csv", result.CSV, result.Options{Terminal: true}},
		{"all.json", result.JSON, result.Options{}},
		{"all.ndjson", result.NDJSON, result.Options{}},
		{"all.txt", result.Table, result.Options{}},
		{"all.color.txt", result.Table, result.Options{Color: true}},
		{"all.terminal.txt", result.Table, result.Options{Terminal: true, Width: 80, Height: 24}},
	} {
		t.Run(c.name, func(t *testing.T) { golden(t, c.name, write(t, c.f, c.o, rec)) })
	}
}
