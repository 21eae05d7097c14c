package result_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/host/result"
)

// TestBackslashIsNoEscape: what a table shows can be told apart, whatever is
// in a text.
func TestBackslashIsNoEscape(t *testing.T) {
	json := arrow.NewMetadata([]string{"ARROW:extension:name"}, []string{"arrow.json"})
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{
		{Name: `\n`, Type: arrow.BinaryTypes.String}, {Name: "b", Type: arrow.BinaryTypes.Binary}, {Name: "j", Type: arrow.BinaryTypes.String, Metadata: json},
	}, nil))
	defer b.Release()
	texts := []struct{ text, want string }{
		{"a\nb", `a\nb`}, {`a\nb`, `a\\nb`}, {`a\\nb`, `a\\\\nb`}, {"a\\\nb", `a\\\nb`}, {"\\\xff", `\\\xff`}, {`C:\dir\`, `C:\dir\`},
		{"\\\u202e", `\\\u202e`}, {`\x1b \u202e \U0 \r \t`, `\\x1b \\u202e \\U0 \\r \\t`}, {`\"`, `\"`}, {`\é`, `\é`},
	}
	seen := map[string]bool{}
	for _, c := range texts {
		b.Field(0).(*array.StringBuilder).Append(c.text)
		b.Field(1).(*array.BinaryBuilder).Append([]byte{0})
		b.Field(2).(*array.StringBuilder).Append(`"\n"`)
		if seen[c.want] {
			t.Errorf("%q is there twice", c.want)
		}
		seen[c.want] = true
	}
	rec := b.NewRecord()
	defer rec.Release()
	lines := strings.Split(write(t, result.Table, result.Options{}, rec), "\n")
	if want := []string{`\\n`, "b", "j"}; strings.Join(strings.Fields(lines[0]), " ") != strings.Join(want, " ") {
		t.Errorf("the header is %q", lines[0])
	}
	for i, c := range texts {
		if got, ok := strings.CutSuffix(lines[2+i], `  \x00  "\n"`); !ok || strings.TrimRight(got, " ") != c.want {
			t.Errorf("%q is %q, want %q", c.text, lines[2+i], c.want)
		}
	}
	csv := write(t, result.CSV, result.Options{Terminal: true}, rec)
	if !strings.HasPrefix(csv, "\\\\n,b,j\n\"a\\nb\",\\x00,\"\"\"\\n\"\"\"\na\\\\nb,") {
		t.Errorf("csv on a terminal: %q", csv)
	}
	if csv := write(t, result.CSV, result.Options{}, rec); !strings.Contains(csv, "\na\\nb,") {
		t.Errorf("csv in a file: %q", csv)
	}
}
