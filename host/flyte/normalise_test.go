package flyte

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

const vectors = "../../testdata/flyte"

// readJSON decodes a file of the golden cases.
func readJSON(t *testing.T, into any, path ...string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{vectors}, path...)...))
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestNormalise(t *testing.T) {
	var cases, wide []struct{ Template, Normalised, Expected string }
	readJSON(t, &cases, "normalise.json")
	readJSON(t, &wide, "wide", "normalise.json")
	if len(cases) != 12 || len(wide) != 25 {
		t.Fatalf("%d and %d cases", len(cases), len(wide))
	}
	for _, c := range append(cases, wide...) {
		want := c.Normalised + c.Expected // one of them is there
		got := Normalise(c.Template)
		if got != want {
			t.Errorf("%q: got %q, want %q", c.Template, got, want)
		}
		if again := Normalise(got); again != got {
			t.Errorf("%q: normalised again: %q", c.Template, again)
		}
	}
}
