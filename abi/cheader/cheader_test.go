package cheader_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/abi/cheader"
)

// TestUpToDate: the header beside the example is what make generate writes.
func TestUpToDate(t *testing.T) {
	file, err := os.ReadFile(filepath.Join("..", "..", "examples", "guest-c", cheader.Name))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(file, cheader.Header()) {
		t.Error("examples/guest-c/wasmsql.h is not up to date: make generate")
	}
}

// TestComplete: nothing of the ABI is missing, and no mark is left.
func TestComplete(t *testing.T) {
	header := string(cheader.Header())
	for _, f := range abi.Funcs {
		if !strings.Contains(header, `import_name("`+f.Name+`")`) {
			t.Errorf("%s is not imported", f.Name)
		}
	}
	for _, want := range []string{abi.ExportRun, abi.ExportConfigure, "WASMSQL_E_INTERNAL = -13", "WASMSQL_LIST = 13", `"wasmsql_v1"`} {
		if !strings.Contains(header, want) {
			t.Errorf("there is no %s", want)
		}
	}
	if i := strings.Index(header, "@"); i >= 0 {
		t.Errorf("a mark is left: %.20s", header[i:])
	}
}
