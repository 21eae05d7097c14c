package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/hosttest"
)

const kit = "../../testdata/kit"

func scripts(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(kit, "scripts", "*.txt"))
	if err != nil || len(files) < 9 {
		t.Fatalf("%d scripts, %v", len(files), err)
	}
	return files
}

func probe(t *testing.T, wasm string, scripts ...string) (int, string) {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(context.Background(), append([]string{wasm}, scripts...), &out, &errs)
	return status, out.String() + errs.String()
}

// TestReferenceGuests: the guests in C and in Go do what the scripts say.
func TestReferenceGuests(t *testing.T) {
	inGo := filepath.Join(t.TempDir(), "go.wasm")
	if err := os.WriteFile(inGo, hosttest.BuildGuest(t, filepath.Join(kit, "guests", "go")), 0o600); err != nil {
		t.Fatal(err)
	}
	guests := []string{filepath.Join(kit, "reference.wasm"), inGo}
	if _, err := exec.LookPath("clang"); err == nil { // the source of the binary is still what it is made of
		inC := filepath.Join(t.TempDir(), "c.wasm")
		cmd := exec.Command("clang", "--target=wasm32", "-std=c11", "-O2", "-ffreestanding", "-nostdlib", "-fvisibility=hidden", "-Werror", "-Wall", "-Wextra",
			"-Wl,--no-entry", "-Wl,--strip-all", "-o", inC, filepath.Join(kit, "reference.c"))
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		guests = append(guests, inC)
	}
	for _, wasm := range guests {
		if status, out := probe(t, wasm, scripts(t)...); status != 0 || strings.Count(out, ": ok\n") < 9 {
			t.Errorf("%s: status %d\n%s", wasm, status, out)
		}
	}
}

// TestWrongGuests: a guest that does something else is found out, by every
// script.
func TestWrongGuests(t *testing.T) {
	for _, name := range []string{"minimal", "every-call", "trap", "configure-fail", "mistake-small-buffer"} {
		wasm := filepath.Join("../../testdata/guests/wat", name+".wasm")
		for _, s := range scripts(t) {
			if status, out := probe(t, wasm, s); status != 1 {
				t.Errorf("%s by %s: status %d\n%s", name, s, status, out)
			}
		}
	}
}

// TestWrongScripts: a script that means nothing is an error with its line.
func TestWrongScripts(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "1: the script wants nothing",
		"run -> 0\nqueri \"SELECT 1\"":   `2: there is no "queri"`,
		"query \"SELECT":                 `1: "SELECT: unexpected EOF`,
		"query \"a\" {\"intt\": 1} -> 1": `1: there is no value "intt"`,
		"exec \"a\" -> BROKEN \"x\"":     `1: there is no errno "BROKEN"`,
		"close -> 0":                     "1: words are missing, or too many",
		"config t db sqlite writable":    `1: there is no access "writable"`,
	} {
		if _, err := parse(text); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestHosts holds this host against hosts.txt: what each guest that probes a
// host must come to.
func TestHosts(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(kit, "hosts.txt"))
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		n++
		for _, engine := range []string{"compiler", "interpreter"} {
			t.Run(words[0]+"/"+engine, func(t *testing.T) {
				wasm, err := os.ReadFile(filepath.Join("../../testdata/guests/wat", words[0]+".wasm"))
				if err != nil {
					t.Fatal(err)
				}
				if got := outcome(t, engine, words[0], wasm, words[1] == "rows"); got != words[2] {
					t.Errorf("%s, want %s", got, words[2])
				}
			})
		}
	}
	if n < 30 {
		t.Errorf("%d guests", n)
	}
}

// outcome is what a guest comes to on this host.
func outcome(t *testing.T, engine, name string, wasm []byte, rows bool) string {
	h := hosttest.Open(t, hosttest.SQLite(t, ""), func(c *host.Config) {
		c.Runtime = hosttest.Runtime(t, engine)
		c.Connections["secret"] = c.Connections["db"]
		c.Limits.HostCalls = 100_000
	})
	task := host.Task{Name: name, Module: wasm, Connection: "db"}
	if !rows {
		task.Outputs.Mode = abi.OutputNone
	}
	p, err := h.Load(context.Background(), task)
	if err != nil {
		var e *host.Error
		if errors.As(err, &e) && e.Code == host.CodeDenied && strings.HasPrefix(e.Message, "the module is refused") {
			return "refused"
		}
		return "configure"
	}
	_, err = p.Run(context.Background(), nil, host.Discard())
	var e *host.Error
	switch {
	case err == nil:
		return "done"
	case errors.As(err, &e) && e.Code == host.CodeDenied:
		return "ended"
	}
	return "failed"
}
