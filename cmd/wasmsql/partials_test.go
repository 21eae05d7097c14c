package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/result"
)

// What is whole may be all that is left of a transaction that is committed:
// who ends the program at that time is told where it is.
func TestEndKeepsAWholeResult(t *testing.T) {
	t.Chdir(t.TempDir())
	var left partials
	files := map[string]*result.Pending{}
	for name, keep := range map[string]bool{"begun": true, "whole": true, "report": false, "done": true, "gone": true} {
		err := left.begin(keep, func() (f partial, err error) {
			files[name], err = result.Create(name)
			return files[name], err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"whole", "report"} {
		if err := files[name].Finish(); err != nil {
			t.Fatal(err)
		}
	}
	if err := files["done"].Close(); err != nil {
		t.Fatal(err)
	}
	files["gone"].Abort()
	var stderr strings.Builder
	left.end(&stderr)
	kept, _ := filepath.Glob(".*-partial")
	if len(kept) != 1 || !strings.HasPrefix(kept[0], ".whole.") {
		t.Fatalf("kept are %q", kept)
	}
	if want := "wasmsql: whether the transaction is committed is not known; all of the result is in " + strconv.Quote(kept[0]) + "\n"; stderr.String() != want {
		t.Errorf("it printed %q, want %q", stderr.String(), want)
	}
	if _, err := os.Stat("done"); err != nil {
		t.Error(err)
	}
}
