package result_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/result"
)

func TestTableFits(t *testing.T) {
	rec := record(t, []string{"id", "title", "note", "amount"},
		[]int64{1, 20000}, []string{"short", "For Those About To Rock We Salute You"},
		[]string{"a rather long note that goes on and on", "漢字漢字漢字漢字"}, []int64{-5, 1234567})
	for _, c := range []struct {
		width int
		want  string
	}{
		{200, `   id  title                                  note                                     amount
-----  -------------------------------------  --------------------------------------  -------
    1  short                                  a rather long note that goes on and on       -5
20000  For Those About To Rock We Salute You  漢字漢字漢字漢字                        1234567
(2 rows)
`},
		{50, `   id  title             note               amount
-----  ----------------  ----------------  -------
    1  short             a rather long n…       -5
20000  For Those About…  漢字漢字漢字漢字  1234567
(2 rows)
`},
		{25, `   id  title     note
-----  --------  --------
    1  short     a rathe…
20000  For Tho…  漢字漢…
+1 column; --output csv or --output-file has all
(2 rows)
`},
		{3, ` id
---
  1
20…
+3 columns; --output csv or --output-file has all
(2 rows)
`},
	} {
		got := write(t, result.Table, result.Options{Terminal: true, Width: c.width}, rec)
		if got != c.want {
			t.Errorf("width %d: got\n%swant\n%s", c.width, got, c.want)
		}
	}
}

func ints(from, n int64) []int64 {
	out := make([]int64, n)
	for i := range out {
		out[i] = from + int64(i)
	}
	return out
}

// TestTableRows: a terminal is shown what fits, and told of the rest.
func TestTableRows(t *testing.T) {
	a, b := record(t, []string{"n"}, ints(1, 900)), record(t, []string{"n"}, ints(901, 600))
	got := strings.Split(write(t, result.Table, result.Options{Terminal: true, Height: 15}, a, b), "\n")
	if want := []string{"10", "… 1,490 more rows; --output csv or --output-file has all", "(1,500 rows)", ""}; strings.TrimSpace(got[11]) != want[0] || strings.Join(got[12:], "\n") != strings.Join(want[1:], "\n") {
		t.Errorf("height 15: %q", got[10:])
	}
	got = strings.Split(write(t, result.Table, result.Options{Terminal: true}, a, b), "\n")
	if len(got) != 1005 || got[1002] != "… 500 more rows; --output csv or --output-file has all" {
		t.Errorf("height unknown: %d lines, %q", len(got), got[len(got)-3:])
	}
	got = strings.Split(write(t, result.Table, result.Options{}, a, b), "\n")
	if len(got) != 1504 || strings.TrimSpace(got[1501]) != "1500" || got[1502] != "(1,500 rows)" {
		t.Errorf("pipe: %d lines, %q", len(got), got[len(got)-3:])
	}
	one := write(t, result.Table, result.Options{Terminal: true, Height: 1}, a.NewSlice(0, 6))
	if !strings.HasSuffix(one, "    5\n… 1 more row; --output csv or --output-file has all\n(6 rows)\n"[4:]) {
		t.Errorf("one more: %q", one)
	}
}

// TestTablePipeIsWhole: a value that is wider than the column that the first
// rows made is still there.
func TestTablePipeIsWhole(t *testing.T) {
	texts := make([]string, 1500)
	for i := range texts {
		texts[i] = "x"
	}
	texts[1400] = strings.Repeat("wide ", 100) + "end"
	texts[3] = strings.Repeat("y", 300)
	got := strings.Split(write(t, result.Table, result.Options{}, record(t, []string{"s", "n"}, texts, ints(0, 1500))), "\n")
	if want := texts[1400] + "  1400"; got[1402] != want {
		t.Errorf("got %q, want %q", got[1402], want)
	}
	if want := texts[3] + "    3"; got[5] != want {
		t.Errorf("got %q, want %q", got[5], want)
	}
	if want := strings.Repeat("-", 120) + "  ---"; got[1] != want {
		t.Errorf("got %q, want %q", got[1], want)
	}
}

// TestG15TableEscapes: nothing of a result reaches the terminal as a command.
func TestG15TableEscapes(t *testing.T) {
	texts := []string{
		"\x1b]0;title\x07", "\x9b31m", "\u009b31m", "\x7f", "a\nb\tc\rd", "\u202etxt.exe", "\u2066x\u2069", "\u200bzero", "\ufeff",
		"\u2028", "\U000e0041", "\u00ad", "👩\u200d👧", "C:\\dir", "", "NULL",
	}
	want := []string{
		`\x1b]0;title\x07`, `\x9b31m`, `\u009b31m`, `\x7f`, `a\nb\tc\rd`, `\u202etxt.exe`, `\u2066x\u2069`, `\u200bzero`, `\ufeff`,
		`\u2028`, `\U000e0041`, `\u00ad`, "👩\u200d👧", `C:\dir`, "", `"NULL"`,
	}
	for _, o := range []result.Options{{}, {Terminal: true, Width: 80}} {
		rec := record(t, []string{"evil\x1b[2J"}, texts)
		lines := strings.Split(write(t, result.Table, o, rec), "\n")
		if lines[0] != `evil\x1b[2J` {
			t.Errorf("header %q", lines[0])
		}
		for i, w := range want {
			if lines[i+2] != w {
				t.Errorf("%q: got %q, want %q", texts[i], lines[i+2], w)
			}
		}
	}
	out := write(t, result.CSV, result.Options{Terminal: true}, record(t, []string{"evil\x1b[2J"}, texts[:2]))
	if want := "evil\\x1b[2J\n\\x1b]0;title\\x07\n\\x9b31m\n"; out != want {
		t.Errorf("csv on a terminal: got %q, want %q", out, want)
	}
}

// TestTableHugeCell: a value of megabytes is neither measured nor shown whole.
func TestTableHugeCell(t *testing.T) {
	rec := record(t, []string{"s"}, []string{strings.Repeat("\u0301", 1<<20), strings.Repeat("z", 1<<22)})
	got := write(t, result.Table, result.Options{Terminal: true, Width: 40}, rec)
	if len(got) > 20_000 || !strings.Contains(got, strings.Repeat("z", 39)+"…") {
		t.Errorf("%d bytes, ending in %q", len(got), got[max(0, len(got)-200):])
	}
}

func TestTableDropsManyColumns(t *testing.T) {
	var names []string
	var cols []any
	for i := range 1600 {
		names, cols = append(names, fmt.Sprint("c", i)), append(cols, []int64{int64(i)})
	}
	got := write(t, result.Table, result.Options{Terminal: true, Width: 80}, record(t, names, cols...))
	if !strings.HasSuffix(got, "+1,582 columns; --output csv or --output-file has all\n(1 row)\n") {
		t.Errorf("got %q", got)
	}
	for _, line := range strings.Split(got, "\n")[:3] {
		if len(line) > 80 {
			t.Errorf("line of %d: %q", len(line), line)
		}
	}
}

func TestTableAbortShowsNothing(t *testing.T) {
	var b strings.Builder
	w := result.New(result.Table, &b, result.Options{Terminal: true})
	rec := record(t, []string{"n"}, ints(0, 10))
	if err := w.Open(rec.Schema()); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(rec); err != nil {
		t.Fatal(err)
	}
	w.Abort(io.EOF)
	if err := w.Close(); err != nil || b.Len() != 0 {
		t.Errorf("%q, %v", b.String(), err)
	}
}
