package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

func readOK(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(testdata, "ok", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestTask(t *testing.T) {
	tasks, err := ReadTasks("x.yaml", readOK(t, "task-every-key.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got := tasks[0]
	got.Source = nil
	integer := abi.Type{Kind: abi.Int}
	ten := abi.Value{Type: integer, Int: 10}
	want := host.Task{
		Name:  "tracks.after",
		Query: "SELECT \"TrackId\", \"Name\" FROM tracks\nWHERE \"TrackId\" > {{ .inputs.after }}\nLIMIT {{ .inputs.limit }}\n",
		Inputs: []host.Input{
			{Name: "after", Type: integer},
			{Name: "limit", Type: integer, Default: &ten, Description: "at most this many rows", Enum: []abi.Value{ten, {Type: integer, Int: 100}}},
		},
		Outputs: abi.Outputs{Mode: abi.OutputColumns, Columns: []abi.OutputColumn{
			{Name: "TrackId", Type: integer}, {Name: "Name", Type: abi.Type{Kind: abi.Str}}}},
		Connection: "tracks", Retries: 2, Timeout: 30 * time.Second,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestSeveralTasks(t *testing.T) {
	tasks, err := ReadTasks("x.yaml", readOK(t, "task-several.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, task := range tasks {
		got = append(got, fmt.Sprint(task.Name, task.Outputs.Mode, task.Interpolation))
	}
	if want := []string{"first0 0", "second1 0", "third-1.0_x0 1"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDefaults(t *testing.T) {
	tasks, err := ReadTasks("x.yaml", readOK(t, "task-types.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range tasks[0].Inputs {
		got = append(got, in.Name+" "+Format(*in.Default))
	}
	want := []string{"i -9223372036854775808", "f 0.001", "g inf", "s no", "version 1.10", "b true",
		"dt 2024-05-06T05:08:09Z", "d 2024-05-06", "t 07:08:09.5", "td 1h30m", "seconds 1m30s", "dec 12.50",
		"by hex:0001ff", "hex hex:0001ff", "u 01234567-89ab-cdef-0123-456789abcdef", `j {"a":[1,null]}`,
		"ids [1, 2, 3]", `names ["a", null]`, "matrix [[1.5], []]", "maybe null", "none null"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestModule(t *testing.T) {
	data := readOK(t, "task-module.yaml")
	var asked string
	o := Options{ReadFile: func(path string) ([]byte, error) { asked = path; return []byte("wasm"), nil }}
	tasks, err := o.ReadTasks(filepath.Join("some", "dir", "x.yaml"), data)
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join("some", "dir", "modules", "empty.wasm"); asked != want || string(tasks[0].Module) != "wasm" {
		t.Errorf("asked for %q, got %q", asked, tasks[0].Module)
	}
	want := `{"table":"tracks","sizes":[1,2.5,1e3,16,15,0.5,7,-0],"big":123456789012345678901234567890,"nothing":null,` +
		`"nested":{"yes":true,"no":"no","text":"1"}}`
	if got := string(tasks[0].Config); got != want || !json.Valid([]byte(got)) {
		t.Errorf("config %s, want %s", got, want)
	}
	for _, c := range []struct {
		data []byte
		err  error
		want string
	}{
		{nil, nil, `module "modules/empty.wasm" is empty`},
		{make([]byte, MaxModule+1), nil, `module "modules/empty.wasm": it is larger than 16 MiB`},
		{nil, fs.ErrPermission, `module "modules/empty.wasm": it may not be read`},
		{nil, errors.New("canary"), `module "modules/empty.wasm": it could not be read`},
	} {
		o := Options{ReadFile: func(string) ([]byte, error) { return c.data, c.err }}
		_, err := o.ReadTasks("-", data)
		if want := "-:3:9: " + c.want; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestInlineConnection(t *testing.T) {
	tasks, err := ReadTasks("dir/x.yaml", readOK(t, "task-inline-connection.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got := *tasks[0].Inline
	if got.URI.User != "etl" || got.URI.Host != "db.internal" || got.URI.Port != 5432 || got.URI.PyDriver != "psycopg2" {
		t.Errorf("uri %+v", got.URI)
	}
	got.URI = sqldb.URI{}
	want := host.Connection{
		Args: map[string]any{"connect_timeout": int64(10), "application_name": "wasmsql", "keepalives": true, "options": nil,
			"list": []any{int64(1), 2.5, "x"}, "map": map[string]any{"a": int64(1)}},
		SecretArgs: map[string]secret.Ref{
			"password": {Group: "warehouse", Key: "password", Version: "v2", Mount: secret.Env},
			"sslkey":   {Key: "sslkey", Mount: secret.File},
			"user":     {Group: "warehouse", Key: "user"},
		},
		Access: abi.ReadOnly, AllowText: true, Dir: "dir",
		Limits: host.ResultLimits{Timeout: 90 * time.Second, Rows: 50_000_000, Bytes: 8 << 30},
		Pool:   sqldb.Pool{Max: 8, Lifetime: 30 * time.Minute},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if tasks[0].Timeout != 90*time.Second {
		t.Errorf("timeout %v", tasks[0].Timeout)
	}
}

// TestAccess: a connection of a task is its owner's, one of a configuration
// is read-only unless it says more.
func TestAccess(t *testing.T) {
	tasks, err := ReadTasks("-", []byte("name: a\nquery: SELECT 1\nconnection: {uri: \"sqlite:///x.db\"}"))
	if err != nil || tasks[0].Inline.Access != abi.ReadWrite || tasks[0].Inline.Dir != "" {
		t.Errorf("in a task: %+v, %v", tasks, err)
	}
	c, err := ReadConfig("x.yaml", []byte("connections:\n  a: {uri: \"sqlite:///x.db\"}\n  b: {uri: \"sqlite:///x.db\", access: read-write}"))
	if err != nil || c.Connections["a"].Access != abi.ReadOnly || c.Connections["b"].Access != abi.ReadWrite {
		t.Errorf("in a configuration: %+v, %v", c, err)
	}
}

func TestConfig(t *testing.T) {
	c, err := ReadConfig("etc/x.yaml", readOK(t, "config-every-key.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	limits := host.Limits{Memory: 64 << 20, Fuel: 5e9, Timeout: 30 * time.Second, HostCalls: 100_000, Cursors: 16, Statement: 256 << 10,
		Parameters: 64e6, ParameterCount: 1000, Log: 65536, Rows: 1_000_000, Bytes: 1e9}
	if c.Limits != limits {
		t.Errorf("limits %+v, want %+v", c.Limits, limits)
	}
	if want := (Secrets{EnvPrefix: "_FSEC_", Dir: "/etc/secrets", FilePrefix: "db-"}); c.Secrets != want {
		t.Errorf("secrets %+v", c.Secrets)
	}
	if c.Engine != "compiler" || c.Cache != filepath.Join("etc", ".cache", "wasmsql") {
		t.Errorf("engine %q, cache %q", c.Engine, c.Cache)
	}
	if len(c.Connections) != 2 || c.Connections["warehouse"].Pool != (sqldb.Pool{Max: 8, Idle: 2, Lifetime: 30 * time.Minute}) {
		t.Errorf("connections %+v", c.Connections)
	}
	if got := c.Source.Key("connections.warehouse.pool.max").String(); got != "etc/x.yaml:10:17" {
		t.Errorf("a key is at %s", got)
	}
	if len(c.Warnings) > 0 {
		t.Errorf("warnings %v", c.Warnings)
	}
}

func TestIsTask(t *testing.T) {
	for text, want := range map[string]bool{
		"name: a\nquery: SELECT 1\n":                          true,
		"name: a\ninputs: {x: int?}\nquery: SELECT {{ x }}\n": true,
		"---\n---\nmodule: a.wasm\n":                          true,
		"{\"name\": \"a\",\n \"query\": \"SELECT 1\"}":        true,
		"%YAML 1.2\n---\nquery: SELECT 1\n":                   true,
		"name: a\nquery: SELECT 1\n  wrong: [\n":              true, // to be told of
		"\ufeffquery: {{ x }}: [\n":                           true,
		"{\"name\": \"a\",\n \"query\": \"SELECT 1\",}":       true,
		"":                                  false,
		"services: {db: {image: postgres}}": false,
		"services:\n  query: [\n":           false,
		"- query: SELECT 1\n":               false,
		"query":                             false,
		"\xff\xfe\x00":                      false,
	} {
		if got := IsTask([]byte(text)); got != want {
			t.Errorf("%q: %t, want %t", text, got, want)
		}
	}
}

func TestWarnings(t *testing.T) {
	var got []string
	o := Options{Warn: func(w Warning) { got = append(got, fmt.Sprintf("%v: %s (%s)", w.Place, w.Message, w.Hint)) }}
	c, err := o.ReadConfig("c.yaml", []byte("connections:\n  db:\n    uri: mysql://root:canary@h/x\n    connect_args: {passwd: canary}\n"))
	if err != nil || len(c.Warnings) != 2 {
		t.Errorf("%+v, %v", c, err)
	}
	_, err = o.ReadTasks("t.yaml", []byte("name: a\nquery: SELECT 1\nconnection:\n  uri: mysql://root:canary@h/x\n  secret_connect_args: {password: {key: p}}\n"))
	if err != nil {
		t.Error(err)
	}
	_, err = o.ReadConfig("v.yaml", []byte("connections:\n  a: {uri: 'postgresql://etl@${HOST}/x'}\n  b: {uri: 'sqlite:///~/x.db'}\n"))
	if err != nil {
		t.Error(err)
	}
	want := []string{
		"c.yaml:3:10: the uri has a password that whoever reads the file can read (" + secretHint + ")",
		"c.yaml:4:28: connect_args has a password that whoever reads the file can read (" + secretHint + ")",
		"t.yaml:4:8: the uri has a password, and secret_connect_args another that goes before it (leave it out of the uri)",
		"v.yaml:2:12: the uri has ${…}, and variables of the environment are not filled in (a password is named in secret_connect_args, and another uri with wasmsql run --connection)",
		"v.yaml:3:12: the uri has ~, which stands for no folder here (write the path out: four slashes begin an absolute one)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestReadInputs(t *testing.T) {
	decls := []host.Input{
		{Name: "after", Type: mustType(t, "int")},
		{Name: "q", Type: mustType(t, "str?")},
		{Name: "doc", Type: mustType(t, "json")},
		{Name: "ids", Type: mustType(t, "list[int]")},
		{Name: "color", Type: mustType(t, "str"), Enum: []abi.Value{{Type: mustType(t, "str"), Str: "red"}}},
	}
	for _, c := range []struct{ file, data, want string }{
		{"x.yaml", "after: 5\nq: no\ndoc: {a: [1]}\nids: [1]\n", `after=5 doc={"a":[1]} ids=[1] q=no`},
		{"x.json", `{"after": 9007199254740993, "q": null, "doc": "{}", "color": "red"}`, `after=9007199254740993 color=red doc="{}" q=null`},
		{"x.yaml", "", ""},
		{"x.yaml", "# none\n", ""},
		{"x.json", "{}", ""},
	} {
		in, err := ReadInputs(c.file, []byte(c.data), decls)
		var got []string
		for name, v := range in {
			got = append(got, name+"="+Format(v))
		}
		slices.Sort(got)
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, %v", c.data, got, err)
		}
	}
	for _, c := range []struct{ file, data, want string }{
		{"x.json", "{\"aftr\": 1,\n \"after\": \"5\",\n \"ids\": [1, 2.5],\n \"color\": \"rod\", \"after\": 1}",
			"x.json:1:2: the task has no input \"aftr\"; did you mean \"after\"?\n\thint: accepted: after, q, doc, ids, color\n" +
				"x.json:2:11: input \"after\": \"5\" is not an int\n\thint: leave the quotes out\n" +
				"x.json:3:13: input \"ids\": item 2: \"2.5\" is not an int\n\thint: declare the input as float or decimal for numbers that are not whole\n" +
				"x.json:4:11: input \"color\": \"rod\" is not in its enum; did you mean \"red\"?\n\thint: accepted: red\n" +
				"x.json:4:18: duplicate key \"after\": it stands already at line 2\n"},
		{"x.json", `{"q": "\ud83d\ude00", "doc": ["\\ud800", "\u0041\uDC00"]}`, "x.json:1:49: \\uDC00 is half of a character\n\thint: a character beyond U+FFFF is two such escapes, or is written as it is\n"},
		{"x.json", `{"q": "\ud83d\ud83d\ude00"}`, "x.json:1:8: \\ud83d is half of a character\n\thint: a character beyond U+FFFF is two such escapes, or is written as it is\n"},
		{"x.json", `{"q": "\ud83d"}`, "x.json:1:8: \\ud83d is half of a character\n\thint: a character beyond U+FFFF is two such escapes, or is written as it is\n"},
		{"x.yaml", "[1]", "x.yaml:1:1: the document must be a map from names to values, not a list\n"},
		{"x.json", "5", "x.json:1:1: the file does not hold a JSON object\n\thint: a JSON file holds one object\n"},
		{"x.yaml", "after: 1\n---\nafter: 2\n", "x.yaml:3:1: inputs are one document, and this is another\n"},
		{"x.yaml", "after:\n", "x.yaml:1:7: input \"after\": null is not an int\n\thint: declare int? for one that may be null\n"},
	} {
		_, err := ReadInputs(c.file, []byte(c.data), decls)
		if got := report(err); got != c.want {
			t.Errorf("%s: got\n%swant\n%s", c.data, got, c.want)
		}
	}
	_, err := ReadInputs("x", []byte("a: 1"), nil)
	if got := report(err); got != "x:1:1: the task has no input \"a\"\n\thint: the task has no inputs\n" {
		t.Error(got)
	}
}

// TestBounds: T7, files that are too much.
func TestBounds(t *testing.T) {
	_, err := ReadTasks("x.yaml", make([]byte, MaxFile+1))
	if err == nil || err.Error() != "x.yaml: the file is larger than 1MiB" {
		t.Error(err)
	}
	_, err = ReadInputs("x.yaml", make([]byte, MaxInputs+1), nil)
	if err == nil || err.Error() != "x.yaml: the file is larger than 16MiB" {
		t.Error(err)
	}
	var many strings.Builder
	many.WriteString("name: a\nquery: SELECT 1\n")
	for i := range 5000 {
		fmt.Fprintf(&many, "k%d: 1\n", i)
	}
	var faults host.Errors
	_, err = ReadTasks("x.yaml", []byte(many.String()))
	if !errors.As(err, &faults) || len(faults) != maxFaults+1 || faults[maxFaults].Message != "and 4900 more faults from here on" {
		t.Errorf("%d faults, the last %v", len(faults), faults[len(faults)-1])
	}
	for _, deep := range []string{
		strings.Repeat("[", 100_000), "{\"name\": " + strings.Repeat("[", 9000) + strings.Repeat("]", 9000) + "}",
		"a: " + strings.Repeat("{a: ", 5000) + strings.Repeat("}", 5000), strings.Repeat("- ", 20_000),
	} {
		if _, err := ReadTasks("x.yaml", []byte(deep)); err == nil {
			t.Errorf("%.20s is accepted", deep)
		}
	}
	before := time.Now()
	big := "name: a\nquery: |\n" + strings.Repeat("  SELECT 1 -- {{ x }}\n", 40_000)
	tasks, err := ReadTasks("x.yaml", []byte(big))
	if err != nil {
		t.Fatal(err)
	}
	if p := tasks[0].Source.Query(40_000, 3); p.Line != 40_002 || p.Column != 5 {
		t.Errorf("the last line is at %v", p)
	}
	if d := time.Since(before); d > 5*time.Second {
		t.Errorf("a large query took %v", d)
	}
}
