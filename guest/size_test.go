//go:build !wasip1

package guest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestSize holds what a plugin of one query takes, built as the package's
// documentation says: at most 2 MB, of which an empty Go program is 1.8.
func TestSize(t *testing.T) {
	file := filepath.Join(t.TempDir(), "one.wasm")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", file, "../testdata/guests/go/one")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() > 2_000_000 {
		t.Errorf("%d bytes", info.Size())
	}
}
