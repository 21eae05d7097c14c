package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The root of the repository, from here.
const repository = "../.."

// shellBlocks returns what stands in the ```sh blocks of a Markdown file.
func shellBlocks(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	_, rest, found := strings.Cut("\n"+string(text), "\n```sh\n")
	for found {
		block, after, closed := strings.Cut(rest, "\n```")
		if !closed {
			t.Fatalf("%s: a block is not closed", file)
		}
		blocks = append(blocks, block)
		_, rest, found = strings.Cut(after, "\n```sh\n")
	}
	if len(blocks) == 0 {
		t.Fatalf("%s has no commands", file)
	}
	return blocks
}

// shell runs a script as a reader of the documentation would.
func shell(t *testing.T, dir, script string) string {
	t.Helper()
	cmd := exec.Command("sh", "-e", "-c", script)
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s\n%v\n%s", script, err, text)
	}
	return string(text)
}

// The commands of the README run in the repository, in their order. What they
// make is ignored by git.
func TestReadmeCommands(t *testing.T) {
	var all strings.Builder
	for _, block := range shellBlocks(t, filepath.Join(repository, "README.md")) {
		if block == "make test" { // this is it
			continue
		}
		all.WriteString(shell(t, repository, block))
	}
	for _, want := range []string{"Brass and Steam", "it's", `"Punched Cards"`, "examples/tracks/tracks.yaml: ok"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("nothing printed %q:\n%s", want, all.String())
		}
	}
}

func TestExampleCommands(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(repository, "examples", "tracks"))); err != nil {
		t.Fatal(err)
	}
	for _, block := range shellBlocks(t, filepath.Join(dir, "README.md")) {
		if shell(t, dir, block) == "" {
			t.Errorf("%s\nprinted nothing", block)
		}
	}
	out := shell(t, repository, shellBlocks(t, filepath.Join(repository, "examples", "library", "README.md"))[0])
	if !strings.Contains(out, "attic: 33.0") {
		t.Errorf("the library example printed %s", out)
	}
}

// pluginExamples are the examples that are plugins in Go, and what the last of
// their README's commands prints.
var pluginExamples = map[string]string{
	"upsert-audit": "nut,0,7,ida\n",
	"quality-gate": "orders have a customer,2\n",
	"pivot":        "south,3.5,4.0,\n",
	"incremental":  "0,3,3\n",
	"fan-out":      "bo,250\n",
}

// The commands of each plugin example run where it stands, in their order.
// What they make is ignored by git.
func TestPluginExampleCommands(t *testing.T) {
	for name, want := range pluginExamples {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(repository, "examples", name)
			t.Cleanup(func() {
				made, _ := filepath.Glob(filepath.Join(dir, "*.db"))
				for _, file := range append(made, filepath.Join(dir, name+".wasm")) {
					_ = os.Remove(file)
				}
			})
			out := ""
			for _, block := range shellBlocks(t, filepath.Join(dir, "README.md")) {
				out = shell(t, dir, block)
			}
			if !strings.Contains(out, want) {
				t.Errorf("nothing printed %q:\n%s", want, out)
			}
		})
	}
}

// TestFlyteCommands runs the commands of host/flyte/README.md, in a folder of
// their own.
func TestFlyteCommands(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "wasmsql"), ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("WASMSQL_CACHE", filepath.Join(dir, "cache"))
	var all strings.Builder
	for _, block := range shellBlocks(t, filepath.Join(repository, "host", "flyte", "README.md")) {
		all.WriteString(shell(t, dir, block))
	}
	for _, want := range []string{"SELECT id, total FROM orders WHERE at > $1 LIMIT $2", "outputs.pb"} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("nothing printed %q:\n%s", want, all.String())
		}
	}
}

// Every path that the README links to is there.
func TestReadmeLinks(t *testing.T) {
	files := []string{"README.md", "examples/tracks/README.md", "examples/library/README.md", "examples/guest-c/README.md",
		"guest/README.md", "abi/README.md", "testdata/kit/README.md", "host/flyte/README.md", "host/server/README.md", "guest/template/README.md", "host/manifest/README.md"}
	for name := range pluginExamples {
		files = append(files, "examples/"+name+"/README.md")
	}
	for _, file := range files {
		text, err := os.ReadFile(filepath.Join(repository, file))
		if err != nil {
			t.Fatal(err)
		}
		rest := string(text)
		for {
			_, after, ok := strings.Cut(rest, "](")
			if !ok {
				break
			}
			link, tail, _ := strings.Cut(after, ")")
			rest = tail
			if strings.Contains(link, "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(repository, filepath.Dir(file), link)); err != nil {
				t.Errorf("%s links to %s, which is not there", file, link)
			}
		}
	}
}
