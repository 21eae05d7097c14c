package builtin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestTemplate(t *testing.T) {
	wasm, err := Template()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(wasm, []byte("\x00asm\x01\x00\x00\x00")) {
		t.Fatalf("not a module: % x", wasm[:8])
	}
	sum := sha256.Sum256(wasm)
	if got, want := Digest(), hex.EncodeToString(sum[:]); got != want {
		t.Errorf("Digest() = %q, want %q", got, want)
	}
	if limit := 1 << 20; len(packed) > limit {
		t.Errorf("%d bytes in the repository, at most %d", len(packed), limit)
	}
}

// TestReproducible keeps out a binary that is not what its source says.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the guest")
	}
	release, _, _ := strings.Cut(label(packed), " ")
	file := filepath.Join(t.TempDir(), "template.wasm.zst")
	cmd := exec.Command("go", "run", "./gen", "-o", file)
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN="+release) // another release makes another module
	if out, err := cmd.CombinedOutput(); err != nil {
		if release != runtime.Version() && os.Getenv("CI") == "" {
			t.Skipf("the module in the repository was built by %s, this is %s: %s", release, runtime.Version(), out)
		}
		t.Fatalf("%v\n%s", err, out)
	}
	again, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again, packed) {
		t.Errorf("template.wasm.zst is not what guest/cmd/template builds (%d bytes, now %d): run make generate", len(packed), len(again))
	}
}

// TestLinked keeps packages out of the guest that are large and slow to start.
func TestLinked(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "github.com/wasmsql/wasmsql/guest/cmd/template")
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range strings.Fields(string(out)) {
		switch name {
		case "fmt", "os", "reflect", "regexp", "text/template", "encoding/json", "math/big", "time", "log", "syscall":
			t.Errorf("the guest links %s", name)
		}
	}
}

func TestLabel(t *testing.T) {
	for _, bad := range []string{"", "P*M\x18", "P*M\x18\x05\x00\x00\x00abcd", "\x28\xb5\x2f\xfd\x00\x00\x00\x00"} {
		if got := label([]byte(bad)); got != "" {
			t.Errorf("label(%q) = %q", bad, got)
		}
	}
	if got := label([]byte("P*M\x18\x03\x00\x00\x00abcd")); got != "abc" {
		t.Errorf("label = %q, want abc", got)
	}
}

func BenchmarkUnpack(b *testing.B) {
	first, err := Template()
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(first)))
	for b.Loop() {
		if _, err := decode(packed); err != nil {
			b.Fatal(err)
		}
	}
}

// TestTemplateIsFreed: the module is one for all who hold it, and is not kept
// for those who no longer do.
func TestTemplateIsFreed(t *testing.T) {
	freed := make(chan struct{})
	func() {
		a, err := Template()
		if err != nil {
			t.Fatal(err)
		}
		b, err := Template()
		if err != nil || len(a) == 0 || &a[0] != &b[0] || len(a) != len(b) {
			t.Fatalf("two modules of %d and %d bytes, %v", len(a), len(b), err)
		}
		runtime.AddCleanup(&a[0], func(done chan struct{}) { close(done) }, freed)
		runtime.KeepAlive(b)
	}()
	for range 600 {
		runtime.GC()
		select {
		case <-freed:
			again, err := Template()
			if err != nil || digestOf(again) != Digest() {
				t.Fatalf("another module than before: %v", err)
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Error("the module is kept")
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
