package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/manifest"
)

// fenced returns the blocks of a Markdown file in a language; the empty one is
// that of blocks that name none.
func fenced(t *testing.T, file, language string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	inside := false
	for i, part := range strings.Split("\n"+string(text), "\n```") {
		if inside = i%2 == 1; !inside {
			continue
		}
		if head, body, ok := strings.Cut(part, "\n"); ok && head == language {
			blocks = append(blocks, body)
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no block of %q", file, language)
	}
	return blocks
}

// The page for authors of plugins: its commands, in their order.
func TestPluginReadmeCommands(t *testing.T) {
	page := filepath.Join(repository, "guest", "README.md")
	sdk, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("WASMSQL_SDK", sdk) // what is installed here is of no release
	t.Setenv("WASMSQL_CACHE", t.TempDir())
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOSUMDB", "off")
	t.Setenv("GOFLAGS", "-mod=mod")
	dir := t.TempDir()
	var all strings.Builder
	for _, block := range shellBlocks(t, page) {
		all.WriteString(shell(t, dir, block))
		if strings.HasPrefix(block, "cd ") { // so does the reader's next command
			dir = filepath.Join(dir, "greeter")
		}
	}
	for _, want := range []string{"greeter/plugin.yaml", "digest    sha256:", "greets.txtar: ok, fuel ", `3,"hello, world"`, `1,"hello, Ada"`, "coverage: "} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("nothing printed %q:\n%s", want, all.String())
		}
	}
}

// What it shows of the scaffold is there, and what it shows of files is right.
func TestPluginReadmeSnippets(t *testing.T) {
	page := filepath.Join(repository, "guest", "README.md")
	files, err := scaffolded("go", map[string]string{"NAME": "greeter"})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range files {
		all.Write(f.data)
	}
	for _, block := range append(fenced(t, page, "go"), fenced(t, page, "")...) {
		if !strings.Contains(all.String(), strings.TrimSpace(block)) {
			t.Errorf("the scaffold has no\n%s", block)
		}
	}
	yaml := fenced(t, page, "yaml")
	if _, err := manifest.ReadPlugin("plugin.yaml", []byte(yaml[0])); err != nil {
		t.Error(err)
	}
	o := manifest.Options{ReadFile: func(string) ([]byte, error) { return []byte(guestBinary(t, "minimal")), nil }}
	if tasks, err := o.ReadTasks("task.yaml", []byte(yaml[1])); err != nil || len(tasks[0].Connections) != 2 {
		t.Errorf("%v, %+v", err, tasks)
	}
}

// The commands of the example in C and of the conformance kit. Those that
// build C need its compiler.
func TestExampleInCCommands(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repository, "examples", "guest-c"))); err != nil {
		t.Fatal(err)
	}
	for _, block := range shellBlocks(t, filepath.Join(dir, "README.md")) {
		if _, err := exec.LookPath("clang"); err != nil && strings.Contains(block, "build") {
			continue
		}
		if shell(t, dir, block) == "" {
			t.Errorf("%s\nprinted nothing", block)
		}
	}
	for _, block := range shellBlocks(t, filepath.Join(repository, "testdata", "kit", "README.md")) {
		if out := shell(t, repository, block); strings.Count(out, ": ok\n") < 9 {
			t.Errorf("%s\nprinted\n%s", block, out)
		}
	}
}
