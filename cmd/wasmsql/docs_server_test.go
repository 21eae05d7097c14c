package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
)

// commandBlock is a block of commands of a Markdown file, with what the block
// of text after it says that they print, if there is one.
type commandBlock struct {
	commands, prints string
	told             bool
}

// commandBlocks returns the blocks of a Markdown file.
func commandBlocks(t *testing.T, file string) (all []commandBlock) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split("\n"+string(text), "\n```")
	for i := 1; i+1 < len(parts); i += 2 {
		kind, block, _ := strings.Cut(parts[i], "\n")
		switch kind {
		case "sh":
			all = append(all, commandBlock{commands: block})
		case "text":
			last := &all[len(all)-1]
			last.prints, last.told = block, true
		}
	}
	return all
}

// matches reports whether text is as a pattern has it, in which … is anything
// within a line.
func matches(pattern, text string) bool {
	parts := strings.Split(strings.TrimSpace(pattern), "…")
	for i, p := range parts {
		parts[i] = regexp.QuoteMeta(p)
	}
	return regexp.MustCompile("^" + strings.Join(parts, ".*") + "$").MatchString(strings.TrimSpace(text))
}

// buildPrograms builds programs of ours into a folder that is put in front of
// the PATH. Where curl is missing, one of our own takes its place.
func buildPrograms(t *testing.T, programs ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("it builds the programs")
	}
	bin := t.TempDir()
	if _, err := exec.LookPath("curl"); err != nil || os.Getenv("WASMSQL_TEST_FULL") != "" {
		programs = append(programs, "./testdata/curl")
	}
	cmd := exec.Command("go", append([]string{"build", "-trimpath", "-ldflags=-s -w", "-o", bin + "/"}, programs...)...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0") // as make build and the image have it
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	t.Setenv("WASMSQL_CACHE", filepath.Join(bin, "cache"))
}

// freeAddress returns an address that nobody listens at.
func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := sqldbtest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("127.0.0.1:%d", port)
}

// TestServerCommands runs the commands of host/server/README.md in an empty
// folder, in one shell, as a reader would who pastes them, and holds what they
// print against what stands there. Only the port is another.
func TestServerCommands(t *testing.T) {
	buildPrograms(t, ".", "../wasmsql-server")
	dir := t.TempDir()
	testPage(t, dir, "host/server/README.md")
	if log, _ := os.ReadFile(filepath.Join(dir, "server.log")); t.Failed() {
		t.Logf("the server's log:\n%s", log)
	}
}

// TestTemplateCommands does so with guest/template/README.md.
func TestTemplateCommands(t *testing.T) {
	buildPrograms(t, ".")
	testPage(t, t.TempDir(), "guest/template/README.md")
}

// testPage runs the commands of a page in a folder, in one shell.
func testPage(t *testing.T, dir, page string) {
	t.Helper()
	blocks := commandBlocks(t, filepath.Join(repository, page))
	const mark = "-- end of block %d --"
	script := "set -e\n"
	for i, b := range blocks {
		script += b.commands + "\necho; echo '" + fmt.Sprintf(mark, i) + "'\n"
	}
	script = strings.ReplaceAll(script, "127.0.0.1:8080", freeAddress(t))
	printed, err := os.Create(filepath.Join(t.TempDir(), "printed")) // no pipe: the server would hold it
	if err != nil {
		t.Fatal(err)
	}
	defer printed.Close()
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, printed, printed
	err = cmd.Run()
	text, rerr := os.ReadFile(printed.Name())
	if err != nil || rerr != nil {
		t.Errorf("%v\n%s", err, text)
	}
	rest := string(text)
	for i, b := range blocks {
		got, after, ok := strings.Cut(rest, fmt.Sprintf(mark, i)+"\n")
		if !ok {
			t.Fatalf("the commands ended in\n%s\nwhich printed\n%s", b.commands, got)
		}
		rest = after
		if b.told && !matches(b.prints, got) {
			t.Errorf("%s\nprints\n%s\nnot\n%s", b.commands, got, b.prints)
		}
	}
}
