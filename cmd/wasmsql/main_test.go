package main

import (
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/wasmsql/wasmsql/host/builtin"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"wasmsql": main, "pyflyte-execute": main})
}

// TestScripts runs every script of testdata/script. Beside the usual commands
// there are
//
//	exits N program args…   run a program that must exit with status N
//	sqlite DB FILE          make a database of a SQL script
//	query DB SQL            print the rows of a query, a line each, columns by |
//	hex FILE TEXT           make a file of the bytes that TEXT has in hexadecimal
//	template FILE           write the built-in template module
func TestScripts(t *testing.T) {
	cache := t.TempDir() // shared, so that the guest is compiled once
	examples, err := filepath.Abs(filepath.Join(repository, "examples"))
	if err != nil {
		t.Fatal(err)
	}
	guests, err := filepath.Abs(filepath.Join(repository, "testdata", "guests", "wat"))
	if err != nil {
		t.Fatal(err)
	}
	goFolders, err := goEnvironment("GOCACHE", "GOMODCACHE")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		UpdateScripts:       *update,
		ContinueOnError:     *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "home", "config"))
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "home", "cache"))
			e.Setenv("WASMSQL_CACHE", cache)
			e.Setenv("EXAMPLES", examples)
			e.Setenv("REPOSITORY", filepath.Dir(examples))
			e.Vars = append(e.Vars, goFolders...) // what a build of a plugin finds already built and downloaded
			e.Setenv("GUESTS", guests)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    scriptExits,
			"sqlite":   scriptSQLite,
			"query":    scriptQuery,
			"hex":      scriptHex,
			"template": scriptTemplate,
		},
	})
}

// goEnvironment returns variables as the go command has them: NAME=value.
func goEnvironment(names ...string) ([]string, error) {
	out, err := exec.Command("go", append([]string{"env"}, names...)...).Output()
	var all []string
	for i, value := range strings.Split(strings.TrimSuffix(string(out), "\n"), "\n") {
		if i < len(names) {
			all = append(all, names[i]+"="+value)
		}
	}
	return all, err
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N program args…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func scriptSQLite(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite DB FILE")
	}
	conn, err := sqlite.OpenConn(ts.MkAbs(args[0]), sqlite.OpenReadWrite, sqlite.OpenCreate)
	ts.Check(err)
	defer conn.Close()
	ts.Check(sqlitex.ExecuteScript(conn, ts.ReadFile(args[1]), nil))
}

func scriptQuery(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: query DB SQL")
	}
	conn, err := sqlite.OpenConn(ts.MkAbs(args[0]), sqlite.OpenReadOnly)
	ts.Check(err)
	defer conn.Close()
	ts.Check(sqlitex.Execute(conn, args[1], &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		columns := make([]string, s.ColumnCount())
		for i := range columns {
			columns[i] = s.ColumnText(i)
		}
		_, err := fmt.Fprintln(ts.Stdout(), strings.Join(columns, "|"))
		return err
	}}))
}

// scriptHex makes a file of the bytes that another one has in hexadecimal. A
// word that begins with # ends the line.
func scriptHex(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: hex FILE TEXT")
	}
	var digits strings.Builder
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	data, err := hex.DecodeString(digits.String())
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

// scriptTemplate writes the built-in template module.
func scriptTemplate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: template FILE")
	}
	data, err := builtin.Template()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
