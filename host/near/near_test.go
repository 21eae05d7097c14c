package near

import (
	"strings"
	"testing"
)

func TestName(t *testing.T) {
	names := []string{"timeout", "retries", "id", "run", "after", "isolation_level", "n"}
	for name, want := range map[string]string{
		"timout": "timeout", "TIMEOUT": "timeout", "timeuot": "timeout", "retry": "", "retrys": "retries", "isolationlevel": "isolation_level",
		"i": "id", "if": "id", "nn": "n", "rnu": "run", "di": "id", "afetr": "after", "aftr": "after",
		"uir": "", "fed": "", "": "", "x": "", "xyzzy": "", "password": "", "timeout": "timeout", strings.Repeat("a", 1000): "",
	} {
		if got, ok := Name(name, names); got != want || ok != (want != "") {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func TestQuestion(t *testing.T) {
	if got := Question("nmae", []string{"name", "version"}); got != `; did you mean "name"?` {
		t.Error(got)
	}
	for _, name := range []string{"size", "name"} {
		if got := Question(name, []string{"name", "version"}); got != "" {
			t.Error(got)
		}
	}
}
