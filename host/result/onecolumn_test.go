package result_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v15/arrow"
	"github.com/apache/arrow/go/v15/arrow/array"
	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/wasmsql/wasmsql/host/result"
)

// TestOneColumnKeepsItsRows: readers skip a line that is blank, and there it
// would be a row.
func TestOneColumnKeepsItsRows(t *testing.T) {
	b := array.NewRecordBuilder(memory.DefaultAllocator, arrow.NewSchema([]arrow.Field{{Name: "NULL", Type: arrow.BinaryTypes.String, Nullable: true}}, nil))
	defer b.Release()
	text := b.Field(0).(*array.StringBuilder)
	text.AppendNull()
	text.AppendValues([]string{"", "NULL", "null", " ", "\t", "\u00a0", "a", "\"NULL\""}, nil)
	text.AppendNull()
	rec := b.NewRecord()
	defer rec.Release()
	const want = "\"NULL\"\nNULL\n\"\"\n\"NULL\"\nnull\n\" \"\n\"\t\"\n\"\u00a0\"\na\n\"\"\"NULL\"\"\"\nNULL\n"
	got := write(t, result.CSV, result.Options{}, rec)
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
	rows, err := csv.NewReader(strings.NewReader(got)).ReadAll()
	if err != nil || len(rows) != 1+int(rec.NumRows()) {
		t.Errorf("a reader finds %d rows, %v; want %d", len(rows)-1, err, rec.NumRows())
	}
	two := record(t, []string{"a", "b"}, []string{"NULL", " "}, []string{" ", "NULL"})
	if got, want := write(t, result.CSV, result.Options{}, two), "a,b\nNULL, \n ,NULL\n"; got != want {
		t.Errorf("two columns: %q, want %q", got, want)
	}
}

// TestArrays: a row that is an array keeps columns of one name.
func TestArrays(t *testing.T) {
	rec := record(t, []string{"a", "a"}, []string{"1", ""}, []string{"x\ny", "\""})
	for format, want := range map[result.Format]string{
		result.JSON: "[\n[\"1\",\"x\\ny\"],\n[\"\",\"\\\"\"]\n]\n", result.NDJSON: "[\"1\",\"x\\ny\"]\n[\"\",\"\\\"\"]\n",
	} {
		if got := write(t, format, result.Options{Arrays: true}, rec); got != want {
			t.Errorf("%s: %q, want %q", format, got, want)
		}
	}
}
