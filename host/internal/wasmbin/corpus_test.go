package wasmbin

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"

	"github.com/wasmsql/wasmsql/host/builtin"
)

// wazeroDir returns the folder of wazero's module, which carries the
// specification's test-suite.
func wazeroDir(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test")
}

// corpus calls f with every wasm binary that wazero carries, which are of Rust,
// Zig, C, C++, TinyGo, AssemblyScript and Emscripten beside the specification's
// own, and with ours, of clang, wat2wasm and Go.
func corpus(t *testing.T, f func(name string, wasm []byte)) {
	t.Helper()
	dirs := []string{filepath.Join(wazeroDir(t), "..", ".."), filepath.Join("..", "..", "..", "testdata"), "testdata"}
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".wasm" {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			f(name, b)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	template, err := builtin.Template()
	if err != nil {
		t.Fatal(err)
	}
	f("builtin/template.wasm", template)
	if testing.Short() {
		return
	}
	work, err := os.ReadFile(goGuest(t))
	if err != nil {
		t.Fatal(err)
	}
	f("work.wasm", work)
}

// compilers are parts of the names of binaries in the corpus that a compiler has
// made, all of which must decode.
var compilers = []string{"cargo-wasi/", "/rust/", "/zig/", "/zig-cc/", "/tinygo/", "assemblyscript/", "emscripten/", "work/c/", "builtin/template"}

// TestCorpusRoundTrip decodes and encodes every binary of the corpus. What
// comes out is the same, or the same but for the length of its numbers, and is
// then the same again. What the engine compiles must decode, but for what the
// engine takes from newer proposals.
func TestCorpusRoundTrip(t *testing.T) {
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer r.Close(ctx)
	var all, same, normalised, refused int
	found := map[string]int{}
	corpus(t, func(name string, wasm []byte) {
		all++
		m, err := Decode(wasm)
		for _, c := range compilers {
			if strings.Contains(filepath.ToSlash(name), c) {
				if found[c]++; err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
		if err != nil {
			refused++
			if strings.Contains(name, "evil-") && errors.As(err, new(*Refusal)) {
				return // the engine would allocate what such a module claims, 48 GB
			}
			if c, cerr := r.CompileModule(ctx, wasm); cerr == nil {
				_ = c.Close(ctx)
				if !strings.Contains(name, "spectest/typed-function") && !strings.Contains(name, "spectest/exception") {
					t.Errorf("%s: refused, and the engine takes it: %v", name, err)
				}
			}
			return
		}
		out := m.Encode()
		if bytes.Equal(out, wasm) {
			same++
			return
		}
		normalised++
		again, err := Decode(out)
		if err != nil {
			t.Errorf("%s: decodes no more: %v", name, err)
			return
		}
		if !bytes.Equal(again.Encode(), out) {
			t.Errorf("%s: encodes differently the second time", name)
		}
		if len(out) > len(wasm) {
			t.Errorf("%s: %d bytes became %d", name, len(wasm), len(out))
		}
		for i := range again.Customs {
			again.Customs[i].after = m.Customs[i].after // an empty section before it is not written
		}
		if a, b := fmt.Sprintf("%+v", m), fmt.Sprintf("%+v", again); a != b {
			t.Errorf("%s: means something else", name)
		}
	})
	t.Logf("%d binaries: %d came out the same, %d with shorter numbers, %d are malformed", all, same, normalised, refused)
	for _, c := range compilers {
		if found[c] == 0 {
			t.Errorf("no binary of %s", c)
		}
	}
	t.Logf("of compilers: %v", found)
	if same < 5000 {
		t.Errorf("only %d binaries came out the same: is the corpus there?", same)
	}
}
