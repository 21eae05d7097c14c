package sandbox

import (
	"cmp"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

var update = flag.Bool("update", false, "write what admission says of the specification's modules")

// verdicts is the list of what admission says of each module that wazero's suites
// carry: a line for each script, with a word for each of its modules, in their
// order. "X*3" stands for X three times. The letters of a word are of verdict.
var verdicts = filepath.Join("testdata", "spectest.txt")

// verdict returns what admission says of a module, a letter for each kind of
// reason: D it is no module, or over a bound; I what it imports; X what it does
// not export; M memories; T tables; S a start section; V its code is not valid.
// A is for a module that is admitted.
func verdict(wasm []byte, imports []Import) string {
	reasons := Admit(wasm, imports)
	if len(reasons) == 0 {
		return "A"
	}
	letters := map[byte]bool{}
	for _, r := range reasons {
		switch {
		case strings.HasPrefix(r, "it imports "):
			letters['I'] = true
		case strings.HasPrefix(r, "it exports no "), strings.HasPrefix(r, "its export "):
			letters['X'] = true
		case strings.Contains(r, " memories, one is needed"):
			letters['M'] = true
		case strings.Contains(r, " tables, at most one"):
			letters['T'] = true
		case strings.HasPrefix(r, "it has a start section"):
			letters['S'] = true
		case strings.HasPrefix(r, "it is not valid: "):
			letters['V'] = true
		default:
			letters['D'] = true
		}
	}
	return string(slices.Sorted(maps.Keys(letters)))
}

// suiteModules returns the modules of wazero's suites, by script, in order.
func suiteModules(t *testing.T) map[string][]string {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tetratelabs/wazero").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "internal", "integration_test")
	number := regexp.MustCompile(`\.(\d+)\.wasm$`)
	scripts := map[string][]string{}
	err = filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".wasm" {
			return err
		}
		name, err := filepath.Rel(dir, path)
		name = strings.TrimSuffix(number.ReplaceAllString(filepath.ToSlash(name), ""), ".wasm")
		scripts[name] = append(scripts[name], path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	index := func(path string) int {
		if m := number.FindStringSubmatch(path); m != nil {
			n, _ := strconv.Atoi(m[1])
			return n
		}
		return 0
	}
	for _, paths := range scripts {
		slices.SortFunc(paths, func(a, b string) int { return cmp.Compare(index(a), index(b)) })
	}
	return scripts
}

// TestSpecificationModules holds what admission says of each module of the
// specification's suite, and of the others that wazero carries, against a list.
func TestSpecificationModules(t *testing.T) {
	imports := fakeImports(new(atomic.Int64))
	scripts := suiteModules(t)
	counts := map[string]int{}
	all := 0
	var lines []string
	for _, script := range slices.Sorted(maps.Keys(scripts)) {
		var words []string
		for _, path := range scripts[script] {
			wasm, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			v := verdict(wasm, imports)
			all++
			counts[v]++
			words = append(words, v)
		}
		lines = append(lines, script+" "+joined(words))
	}
	text := strings.Join(lines, "\n") + "\n"
	if *update {
		if err := os.WriteFile(verdicts, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	list, err := os.ReadFile(verdicts)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(list), "\n"), "\n")
	for _, line := range lines {
		if !slices.Contains(want, line) {
			t.Errorf("admission says now: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(lines, line) {
			t.Errorf("the list says: %s", line)
		}
	}
	t.Logf("%d scripts, %d modules: %v", len(scripts), all, counts)
	if all < 7000 || counts["D"] < 1000 || counts["A"] > 0 {
		t.Errorf("%d modules: %v", all, counts)
	}
}

// joined returns words with those that follow themselves told once.
func joined(words []string) string {
	var b strings.Builder
	for i := 0; i < len(words); {
		n := 1
		for i+n < len(words) && words[i+n] == words[i] {
			n++
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(words[i])
		if n > 1 {
			fmt.Fprintf(&b, "*%d", n)
		}
		i += n
	}
	return b.String()
}
