package main

import (
	"strings"
	"testing"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	if err := run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	const want = `setup: 6 rows affected
attic: 33.0 °C
cellar: 12.5 °C
garden: 18.5 °C
roof: nothing was read
`
	if out.String() != want {
		t.Errorf("it printed\n%swant\n%s", out.String(), want)
	}
}
