package abi_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
)

// TestReadme holds the page of the ABI against its constants.
func TestReadme(t *testing.T) {
	data, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	has := func(text string) {
		t.Helper()
		if !strings.Contains(page, text) {
			t.Errorf("the page has no %q", text)
		}
	}
	letters := map[byte]string{'i': "i32", 'I': "i64"}
	for _, f := range abi.Funcs {
		_, row, ok := strings.Cut(page, "| `"+f.Name+"` | `")
		if !ok {
			t.Errorf("the page has no %s", f.Name)
			continue
		}
		params, _, _ := strings.Cut(row, "`")
		var types []string
		for _, p := range strings.Split(params, ", ") {
			types = append(types, p[strings.LastIndexByte(p, ' ')+1:])
		}
		var want []string
		for i := range f.Params {
			want = append(want, letters[f.Params[i]])
		}
		if strings.Join(types, " ") != strings.Join(want, " ") {
			t.Errorf("%s has %v on the page, and is %v", f.Name, types, want)
		}
	}
	for e := abi.InvalidArg; e.String() != "UNKNOWN"; e-- {
		has(fmt.Sprintf("| %d | `%s` |", e, e))
	}
	for k := abi.Int; k <= abi.List; k++ {
		has(fmt.Sprintf("%d `%s`", k, k))
	}
	for level, name := range map[abi.Level]string{abi.LevelDebug: "debug", abi.LevelInfo: "info", abi.LevelWarn: "warn", abi.LevelError: "error"} {
		has(fmt.Sprintf("%d %s", level, name))
	}
	for _, name := range []string{abi.ExportMemory, abi.ExportInitialize, abi.ExportConfigure, abi.ExportRun} {
		has("| `" + name + "` |")
	}
	has("`" + abi.Module + "`")
	has(fmt.Sprintf("This is minor %d.", abi.Minor))
	has("`" + abi.ManifestSection + "`")
	example := (&abi.QueryRequest{Connection: "tracks", SQL: "SELECT 1"}).Marshal()
	has(fmt.Sprintf("\n% x\n", example))
	has(fmt.Sprintf("these %d bytes", len(example)))
}
