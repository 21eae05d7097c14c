package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/wasmsql/wasmsql/host/internal/wasmbin"
)

// TestVersion keeps out old rewritten modules: those in a cache are used under
// wasmbin.Version without another look, so what is admitted and what becomes of
// it must not change under the same version.
func TestVersion(t *testing.T) {
	const version, want = 5, "c9647f9e40fb42b3"
	known := map[string]Import{}
	for _, im := range fakeImports(new(atomic.Int64)) {
		known[im.Module+"."+im.Name] = im
	}
	sum := sha256.New()
	for _, name := range []string{"every-call", "evil-arithmetic", "evil-secret-segment", "evil-secret-globals", "evil-table-grow", "evil-fill-storm",
		"evil-tree-indirect", "evil-recursion-params", "evil-loops-deep", "evil-loops-deeper", "evil-locals-50k", "evil-table-huge"} {
		wasm := guest(t, name)
		_, _ = io.WriteString(sum, name)
		if m, bad := admit(wasm, known); len(bad) == 0 {
			if f, err := rewrite(m); err == nil {
				_, _ = sum.Write(f.encode(sha256.Sum256(wasm)))
			}
		}
	}
	if got := fmt.Sprint(wasmbin.Version, " ", hex.EncodeToString(sum.Sum(nil)[:8])); got != fmt.Sprint(version, " ", want) {
		t.Errorf("version and sum are %s: where the sum is another, raise wasmbin.Version, and write both here", got)
	}
}
