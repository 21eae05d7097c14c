package wasmbin

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/builtin"
)

var update = flag.Bool("update", false, "pin what Meter makes of guests that are new")

// pinned is a file with what Meter makes of guests: "version" and Version in its
// first line, then for each a name, the module's digest and that of what is made
// of it.
var pinned = filepath.Join("testdata", "metered.txt")

// TestVersion pins what Meter makes of the guests in testdata/guests/wat and of
// the template module: rewritten modules are kept on disk under Version, and
// one that other rules have made would count otherwise, and nobody would see it.
// Guests that are new, or have changed, say nothing until they are pinned.
func TestVersion(t *testing.T) {
	text, err := os.ReadFile(pinned)
	if err != nil && !*update {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	was := map[string][]string{}
	for _, line := range lines[1:] {
		f := strings.Fields(line)
		was[f[0]] = f[1:]
	}
	same := lines[0] == fmt.Sprint("version ", Version)
	is := meteredGuests(t)
	var differ, open []string
	for _, name := range slices.Sorted(maps.Keys(is)) {
		switch now, then := is[name], was[name]; {
		case then == nil || then[0] != now[0]:
			open = append(open, name)
		case then[1] != now[1]:
			differ = append(differ, name)
		}
	}
	const how = "go test ./host/internal/wasmbin -run TestVersion -update"
	if same && len(differ) > 0 {
		t.Fatalf("Meter makes something else of %q, and Version is still %d: raise Version by one, or caches have modules that the old rules made under it; then run\n%s",
			differ, Version, how)
	}
	if *update {
		writePins(t, is)
		return
	}
	if !same {
		t.Errorf("%s is of another version than %d: run\n%s", pinned, Version, how)
	}
	if pins := len(is) - len(open); pins < 200 {
		t.Errorf("what Meter makes is pinned of %d guests only; run, where nothing of Meter has changed,\n%s", pins, how)
	}
	t.Logf("not pinned: %q", open)
}

func writePins(t *testing.T, is map[string][2]string) {
	b := fmt.Appendf(nil, "version %d\n", Version)
	for _, name := range slices.Sorted(maps.Keys(is)) {
		b = fmt.Appendf(b, "%s %s %s\n", name, is[name][0], is[name][1])
	}
	if err := os.WriteFile(pinned, b, 0o644); err != nil {
		t.Fatal(err)
	}
}

// meteredGuests returns, by name, the digest of each guest and that of what Meter
// makes of it with three sets of options, the host's one of them.
func meteredGuests(t *testing.T) map[string][2]string {
	files, err := filepath.Glob(filepath.Join("..", "..", "..", "testdata", "guests", "wat", "*.wasm"))
	if err != nil || len(files) < 100 {
		t.Fatalf("%d guests, %v", len(files), err)
	}
	template, err := builtin.Template()
	if err != nil {
		t.Fatal(err)
	}
	is := map[string][2]string{"template": made(template)}
	for _, file := range append(files, filepath.Join("testdata", "work", "loops.wasm")) {
		wasm, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		is[strings.TrimSuffix(filepath.Base(file), ".wasm")] = made(wasm)
	}
	return is
}

func made(wasm []byte) [2]string {
	var out bytes.Buffer
	for _, o := range []Options{{}, {MaxDepth: MaxEngineDepth, MaxTable: 64 << 10, Globals: true, Coalesce: true}, {Stack: 1 << 20, MaxDepth: 100}} {
		m, err := Decode(wasm)
		if err == nil {
			var made []byte
			var l Layout
			made, l, err = Meter(m, o)
			fmt.Fprintf(&out, "%x %v\n", sha256.Sum256(made), l)
		}
		fmt.Fprintln(&out, err)
	}
	short := func(b []byte) string { sum := sha256.Sum256(b); return fmt.Sprintf("%x", sum[:8]) }
	return [2]string{short(wasm), short(out.Bytes())}
}
