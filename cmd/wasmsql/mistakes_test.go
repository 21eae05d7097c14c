package main

import (
	"bytes"
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// mistake is something that authors of plugins do wrong, with every word that
// they are told.
type mistake struct {
	name  string
	files map[string]string // the text of each; wat:NAME is a guest of testdata
	args  []string
	env   []string
	want  string // of standard error; "wasmsql: " is left out of it
}

// manifested returns a guest of testdata with a manifest.
func manifested(t *testing.T, guest string, m plugin.Manifest) string {
	t.Helper()
	wasm := guestBinary(t, guest)
	m.Name, m.Version = "plugin", "0.1.0"
	out, err := plugin.Finish([]byte(wasm), &m)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func guestBinary(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(repository, "testdata", "guests", "wat", name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// send is the input of the guest requests: one statement to run.
func send(connection, sql string) string {
	q := (&abi.QueryRequest{Connection: connection, SQL: sql}).Marshal()
	return "requests=hex:" + hex.EncodeToString([]byte("REQUESTS")) + hex.EncodeToString(append([]byte{1, byte(len(q)), 0}, q...)) + "00"
}

const inMemory = "sqlite:///:memory:"

// Two mistakes that the scaffold's source is changed by are in
// TestMistakesInGo; they need a compiler.
func mistakes(t *testing.T) []mistake {
	requests := []plugin.Input{{Name: "requests", Type: abi.Type{Kind: abi.Bytes}}}
	db := plugin.Connection{Name: "db"}
	rows := abi.Outputs{Mode: abi.OutputColumns, Columns: []abi.OutputColumn{{Name: "id", Type: abi.Type{Kind: abi.Int}}}}
	none := abi.Outputs{Mode: abi.OutputNone}
	asks := func(m plugin.Manifest) map[string]string {
		m.Inputs, m.Outputs = requests, none
		return map[string]string{"plugin.wasm": manifested(t, "requests", m)}
	}
	wat := func(name string) map[string]string { return map[string]string{"plugin.wasm": guestBinary(t, name)} }
	runIt := []string{"run", "plugin.wasm", "--connection", inMemory}
	quiet := func(name string) map[string]string {
		return map[string]string{"plugin.wasm": manifested(t, name, plugin.Manifest{Connections: []plugin.Connection{db}, Outputs: none})}
	}
	return []mistake{
		{"missing export", wat("no-run"), []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: it exports no function "wasmsql_v1_run": export it`},
		{"wrong signature of an export", wat("run-signature"), []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: its export "wasmsql_v1_run" is (i32) -> (i64), it must be () -> (i32)`},
		{"wrong signature of an import", wat("import-signature"), []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: it imports "wasmsql_v1.query" as (i32, i32) -> (i32), it is (i32, i32) -> (i64)`},
		{"an import that no host offers", wat("import-socket"), []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: it imports the function "wasi_snapshot_preview1.sock_send", which no host offers: use the functions of wasmsql_v1 only`},
		{"no memory exported", wat("no-memory"), []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: it exports no memory named "memory": a guest needs one for the host to read its requests from`},
		{"a start section", wat("start"), []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: it has a start section, which would run before the host is ready: export _initialize instead (-buildmode=c-shared in Go, -mexec-model=reactor in C)`},
		{"built as a command", wat("mistake-command"), []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: it exports no function "wasmsql_v1_run": it is built as a command (it exports _start): build a reactor (-buildmode=c-shared in Go, -mexec-model=reactor in C)`},
		{"wrong GOOS", map[string]string{"plugin.wasm": "\x7fELF\x02\x01\x01"}, []string{"check", "plugin.wasm"}, nil, `error: plugin.wasm: not a WebAssembly module: it does not begin with \0asm and version 1
hint: it is a program for Linux: a plugin is built for GOOS=wasip1 GOARCH=wasm, which wasmsql build does`},
		{"a package that is not main", map[string]string{"plugin.wasm": "!<arch>\n"}, []string{"check", "plugin.wasm"}, nil, `error: plugin.wasm: not a WebAssembly module: it does not begin with \0asm and version 1
hint: it is an archive, which is what go build makes of a package that is not main: a plugin is built for GOOS=wasip1 GOARCH=wasm, which wasmsql build does`},
		{"not stripped", map[string]string{"plugin.wasm": guestBinary(t, "minimal") + "\x00\x80\x80\x80\x08\x04name" + strings.Repeat("\x00", 16<<20-5)}, []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: bytes of the module: found 16777282, at most 16777216 are accepted: strip it (-ldflags="-s -w")`},
		{"undeclared connection", asks(plugin.Manifest{Connections: []plugin.Connection{db}}), append(runIt, "-i", send("lake", "DELETE FROM t")), nil,
			`error: connection "lake" is not granted to this task
hint: the module's manifest does not declare "lake"; it declares: db`},
		{"no connection given", asks(plugin.Manifest{Connections: []plugin.Connection{db}}), []string{"run", "plugin.wasm"}, nil,
			`error: a module alone names no connection
hint: name one: --connection NAME of the host configuration, or a URI, as in --connection sqlite:///file.db`},
		{"one connection for two", asks(plugin.Manifest{Connections: []plugin.Connection{{Name: "source"}, {Name: "target"}}}), runIt, nil,
			`error: the module's manifest declares the connections source, target, and the task does not say which it gives
hint: say which: connections: {source: NAME, …} in the task file, or --connection source=NAME`},
		{"a connection that is not the module's", asks(plugin.Manifest{Connections: []plugin.Connection{{Name: "source"}, {Name: "target"}}}),
			[]string{"run", "plugin.wasm", "--connection", "sorce=" + inMemory}, nil,
			`error: the module's manifest declares no connection "sorce"
hint: did you mean "source"?`},
		{"writing to a read-only connection", asks(plugin.Manifest{Connections: []plugin.Connection{db}}), append(runIt, "-i", send("db", "DELETE FROM t")), nil,
			`error: DELETE is not allowed on a read-only connection
hint: connection "db" is read-only by the module's manifest: writing needs access: read-write there`},
		{"ending the transaction", asks(plugin.Manifest{Connections: []plugin.Connection{db}}), append(runIt, "-i", send("db", "COMMIT")), nil,
			`error: COMMIT is not allowed: the host begins and ends the transaction
hint: leave it out: an execution is one transaction, committed when it succeeds`},
		{"a too small buffer", wat("mistake-small-buffer"), runIt, nil,
			`error: abi: QueryRequest: field number 0 is out of range
hint: look at the pointer and the length; by the fill rule, an answer of more than a buffer holds means that nothing is in it`},
		{"forgotten close", quiet("mistake-open-cursors"), runIt, nil,
			`error: the guest has 64 cursors open and opens one more, the limit is 64
hint: raise limits.cursors in the configuration`},
		{"a query in configure", quiet("mistake-configure-query"), runIt, nil,
			`error: not in configure: only config_read, log, fail and error_read may be called`},
		{"rows of exec", quiet("mistake-exec-rows"), runIt, nil,
			`error: the statement returns rows, but none are asked for
hint: declare outputs, or leave its RETURNING or SELECT out`},
		{"two results", wat("mistake-two-results"), runIt, nil, `error: the task has given its result already`},
		{"no result", wat("minimal"), runIt, nil, `error: the guest gave no result, and the task declares outputs
hint: a task without a result says outputs: none`},
		{"a result that is no Arrow", wat("output-garbage"), runIt, nil, `error: the guest's result is not a valid Arrow IPC stream: arrow/ipc: could not read message schema: arrow/ipc: could not read continuation indicator: a message's metadata is malformed`},
		{"a trap", quiet("trap"), runIt, nil, `error: the guest trapped: unreachable
detail: .$1() i32`},
		{"an infinite loop", quiet("spin"), append(runIt, "--fuel", "1000000"), nil,
			`error: the guest has used N units of fuel, the limit is 1000000
hint: give it less to do, or raise limits.fuel in the configuration, or --fuel`},
		{"less fuel asked for than needed", map[string]string{"plugin.wasm": manifested(t, "spin", plugin.Manifest{Connections: []plugin.Connection{db}, Outputs: none, Limits: plugin.Limits{Fuel: 1000000}})}, runIt, nil,
			`error: the guest has used N units of fuel, the limit is 1000000
hint: the module's manifest asks for no more: raise limits.fuel in plugin.yaml and build it again`},
		{"a failure without a word", quiet("fail-silent"), runIt, nil, `error: the guest failed with status 7 and no message
hint: a guest says what went wrong by the host function fail`},
		{"exit", quiet("exit"), runIt, nil, `error: the guest exited with status 3
hint: a guest ends by returning from wasmsql_v1_run; a Go guest exits when it panics: see its log`},
		{"a pointer outside of memory", quiet("pointer-query"), runIt, nil, `error: the guest trapped: a host call was given a pointer outside of memory
detail: wasmsql_v1.query(i32,i32) i64\n.$2() i32`},
		{"an input of another type", asks(plugin.Manifest{Connections: []plugin.Connection{db}}), append(runIt, "-i", "requests=hex:0"), nil,
			`error: input "requests": "hex:0" is not bytes in hexadecimal
hint: two digits, 0-9 and a-f, for each byte`},
		{"a missing input", asks(plugin.Manifest{Connections: []plugin.Connection{db}}), runIt, nil,
			`error: input "requests" (bytes) is missing
hint: give it a value: -i requests=@file`},
		{"inputs of the task that the manifest has not", map[string]string{
			"plugin.wasm": asks(plugin.Manifest{Connections: []plugin.Connection{db}})["plugin.wasm"],
			"task.yaml":   "name: t\nmodule: plugin.wasm\ninputs: {request: bytes, requests: str}\nconnection: {uri: \"" + inMemory + "\"}\n"},
			[]string{"check", "task.yaml"}, nil,
			`error: task.yaml:3:36: input "requests" is str, in the module's manifest it is bytes
hint: leave the type to the manifest, or make it the same
error: task.yaml:3:19: input "request" is none of the module's manifest
hint: did you mean "requests"?`},
		{"outputs of the task that the manifest has not", map[string]string{
			"plugin.wasm": manifested(t, "minimal", plugin.Manifest{Connections: []plugin.Connection{db}, Outputs: rows}),
			"task.yaml":   "name: t\nmodule: plugin.wasm\noutputs: {ID: int}\nconnection: {uri: \"" + inMemory + "\"}\n"},
			[]string{"check", "task.yaml"}, nil,
			`error: task.yaml:3:10: outputs has the columns ID, by its manifest the module returns id
hint: leave outputs out of the task, or make them the same`},
		{"a newer ABI", map[string]string{"plugin.wasm": manifested(t, "minimal", plugin.Manifest{ABI: 7})}, []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: it needs wasmsql_v1 minor 7, this host has minor 0: update wasmsql, or build the plugin with an SDK of this version`},
		{"two manifests", map[string]string{"plugin.wasm": guestBinary(t, "minimal") + strings.Repeat("\x00\x13\x10wasmsql.manifest{}", 2)}, []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: it has more than one section wasmsql.manifest: wasmsql build writes one`},
		{"a manifest of its own making", map[string]string{"plugin.wasm": guestBinary(t, "minimal") + "\x00\x2d\x10wasmsql.manifest{\"nmae\":1,\"version\":\"1.0.0\"}"}, []string{"check", "plugin.wasm"}, nil,
			`error: plugin.wasm: its manifest: nmae: unknown key; did you mean "name"?: accepted: name, version, description, abi, sdk, connections, inputs, outputs, limits
error: plugin.wasm: its manifest: it has no name: write name: my-plugin`},
		{"unknown key of a manifest", map[string]string{"plugin.yaml": "name: p\nversion: 0.1.0\nconection: {db: read-only}\nlimits: {feul: 1}\n"}, []string{"build"}, nil,
			`error: plugin.yaml:3:1: unknown key "conection"; did you mean "connections"?
hint: accepted: name, version, description, abi, sdk, connections, inputs, outputs, limits
error: plugin.yaml:4:10: unknown key "feul"; did you mean "fuel"?
hint: accepted: memory, fuel, timeout, host_calls, cursors, statement, parameters, parameter_count, log, rows, bytes`},
		{"wrong values in a manifest", map[string]string{"plugin.yaml": "name: p\nversion: 1.0\nconnections: {db: readwrite}\n"}, []string{"build"}, nil,
			`error: plugin.yaml:2:10: "1.0" is not a version
hint: three numbers with dots, as in 0.1.0; after them may stand -rc.1 or +build
error: plugin.yaml:3:19: "connections.db" must be read-only or read-write, not "readwrite"; did you mean "read-write"?
hint: accepted: read-only, read-write`},
		{"no plugin.yaml", nil, []string{"build"}, nil, `error: there is no plugin.yaml in "."
hint: to begin a plugin: wasmsql new plugin NAME`},
		{"no source", map[string]string{"plugin.yaml": "name: p\nversion: 0.1.0\n"}, []string{"build"}, nil, `error: there is no source in "."
hint: a plugin is a package main in Go, or .c files`},
		{"no compiler", map[string]string{"plugin.yaml": "name: p\nversion: 0.1.0\n", "p.c": ""}, []string{"build"}, []string{"PATH="},
			`error: clang cannot be run: executable file not found in $PATH
hint: on Debian: apt-get install clang lld`},
		{"no cases", wat("minimal"), []string{"test", "plugin.wasm"}, nil, `error: there is no case in "testdata"
hint: a case is a .txtar file: see guest/README.md`},
		{"a case with what it cannot have", map[string]string{"plugin.wasm": guestBinary(t, "minimal"), "testdata/a.txtar": "A case.\n-- setup --\n-- input.yaml --\n-- rows --\n"},
			[]string{"test", "plugin.wasm"}, nil, `error: testdata/a.txtar:2:1: a case has no "setup"
hint: a case has "setup.sql", "config.yaml", "inputs.yaml", "after.sql", "rows", "affected", "error", "log", "after"
error: testdata/a.txtar:3:1: a case has no "input.yaml"
hint: did you mean "inputs.yaml"?`},
		{"SQL of a case that is wrong", map[string]string{"plugin.wasm": guestBinary(t, "minimal"), "testdata/a.txtar": "-- setup.sql --\nINSERT INTO missing VALUES (1);\n"},
			[]string{"test", "plugin.wasm"}, nil, `error: testdata/a.txtar: setup.sql:1:1: no such table: missing
detail: SQLITE_ERROR
hint: the database has no tables at all: check the path in the uri`},
		{"inputs of a case that are wrong", map[string]string{"plugin.wasm": asks(plugin.Manifest{Connections: []plugin.Connection{db}})["plugin.wasm"], "testdata/a.txtar": "-- inputs.yaml --\nrequest: x\n"},
			[]string{"test", "plugin.wasm"}, nil, `error: testdata/a.txtar: inputs.yaml:1:1: the task has no input "request"; did you mean "requests"?
hint: accepted: requests`},
		{"a language without an SDK", nil, []string{"new", "plugin", "p", "--lang", "rust"}, nil, `error: --lang: there is no scaffold in "rust"
hint: there is "go", "c"`},
		{"a name that is none", nil, []string{"new", "plugin", "my plugin"}, nil, `error: "my plugin" cannot be the name of a plugin
hint: letters, digits, _ . and -, the first a letter, a digit or _, at most 200`},
		{"a folder with something in it", map[string]string{"p/main.go": "package main"}, []string{"new", "plugin", "p", "--lang", "c"}, nil, `error: there is something in "p" already
hint: choose another name`},
		{"no checkout", nil, []string{"new", "plugin", "p", "--replace", "."}, nil, `error: "." is no checkout of wasmsql
hint: it is the folder with the go.mod of github.com/wasmsql/wasmsql`},
	}
}

var fuelUsed = regexp.MustCompile(`used [0-9]+ units`)

// TestMistakes: what authors do wrong, each with every word they are told.
func TestMistakes(t *testing.T) {
	for _, m := range mistakes(t) { // reads the repository, so before the folder changes
		t.Run(m.name, func(t *testing.T) { m.check(t) })
	}
}

func (m mistake) check(t *testing.T) {
	t.Chdir(t.TempDir())
	for file, text := range m.files {
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, file, text)
	}
	env := append(os.Environ(), "WASMSQL_CACHE=")
	for _, v := range m.env {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	var stdout, stderr bytes.Buffer
	status := run(context.Background(), &partials{}, m.args, strings.NewReader(""), &stdout, &stderr, env)
	got := strings.ReplaceAll("\n"+strings.TrimSpace(stderr.String()), "\nwasmsql: ", "\n")[1:]
	got = fuelUsed.ReplaceAllString(got, "used N units")
	if status == 0 || got != m.want {
		t.Errorf("status %d\n%s\nwant\n%s", status, got, m.want)
	}
}

// TestMistakesInGo: mistakes in the source of a plugin, from the compiler to
// the panic.
func TestMistakesInGo(t *testing.T) {
	sdk, err := filepath.Abs(repository)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []struct {
		name, from, to string // in main.go of the scaffold
		args           []string
		want           string // the end of standard error
	}{
		{"does not compile", "return err\n}", "return er\n}", []string{"build", "p"},
			"./main.go:31:9: undefined: er\nerror: go has failed with status 1"},
		{"not package main", "package main", "package p", []string{"build", "p"},
			"-buildmode=c-shared requires exactly one main package\nerror: go has failed with status 1\nhint: a plugin is a package main"},
		{"built for another system only", "package main", "//go:build linux\n\npackage main", []string{"build", "p"},
			"error: go has failed with status 1\nhint: the files of a plugin are built for GOOS=wasip1 GOARCH=wasm: look at their names and //go:build lines"},
		{"panics", "name, times :=", "var none []int\n\tguest.Log(guest.Info, strconv.Itoa(none[len(in.Values)]))\n\tname, times :=", []string{"test", "p"},
			"  + task: panic in main.run (main.go:20): runtime error: index out of range [2] with length 0"},
		{"reads an input that is not declared", `in.Text("name")`, `in.Text("nam")`, []string{"test", "p"},
			"  + task: the plugin reads the input \"nam\", which the task does not declare\n  + hint: the task declares \"name\""},
		{"another column than the manifest's", "AS greeting", "AS greting", []string{"test", "p"},
			"  + task: column 2 is \"greting\", declared \"greeting\"\n  + hint: name it in the query: … AS \"greeting\""},
	} {
		t.Run(m.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			t.Setenv("GOPROXY", "off")
			env := append(os.Environ(), "WASMSQL_SDK="+sdk)
			call := func(args ...string) (int, string) {
				var out bytes.Buffer
				status := run(context.Background(), &partials{}, args, strings.NewReader(""), &out, &out, env)
				return status, strings.ReplaceAll("\n"+strings.TrimSpace(out.String()), "\nwasmsql: ", "\n")[1:]
			}
			if status, out := call("new", "plugin", "p"); status != 0 {
				t.Fatal(out)
			}
			source := filepath.Join("p", "main.go")
			text, err := os.ReadFile(source)
			if err != nil || !strings.Contains(string(text), m.from) {
				t.Fatalf("%v: the scaffold has no %q", err, m.from)
			}
			write(t, source, strings.Replace(string(text), m.from, m.to, 1))
			if err := os.Remove(filepath.Join("p", "main_test.go")); err != nil {
				t.Fatal(err)
			}
			if m.args[0] == "test" { // one engine will do: they are compared elsewhere
				m.args = append(m.args, "--engine", "interpreter")
			}
			if status, out := call(m.args...); status != 1 || !strings.Contains(out, m.want) {
				t.Errorf("status %d\n%s\nwant\n%s", status, out, m.want)
			}
		})
	}
}
