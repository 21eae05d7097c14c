package flytekit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/flyte/flytekit"
	"github.com/wasmsql/wasmsql/host/flyte/register"
	"github.com/wasmsql/wasmsql/host/flyte/storage"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/sqldb"
	"github.com/wasmsql/wasmsql/host/sqldb/mysql"
	"github.com/wasmsql/wasmsql/host/sqldb/postgres"
	"github.com/wasmsql/wasmsql/host/sqldb/sqldbtest"
	"github.com/wasmsql/wasmsql/host/sqldb/sqlite"
)

var updateTypes = flag.Bool("update-flytekit", false, "write what flytekit reads to testdata/flytekit.txt")

// python returns the Python of a virtual environment with flytekit. It is made
// by make test-flyte, which sets WASMSQL_TEST_FLYTEKIT, and under CI where there
// is a python3 that can. Otherwise the test is skipped.
func python(t *testing.T) string {
	t.Helper()
	env, wanted := flytekit.Environment(), os.Getenv("WASMSQL_TEST_FLYTEKIT") != ""
	dir, ready, err := env.Folder()
	if !ready && !wanted && os.Getenv("CI") != "true" {
		t.Skip("there is no virtual environment with flytekit: make test-flyte makes it")
	}
	if err == nil && !ready {
		dir, err = env.Make(t.Context())
	}
	var missing *sqldbtest.Missing
	if errors.As(err, &missing) && !wanted {
		t.Skip("flytekit is not tried: " + err.Error())
	}
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "bin", "python")
}

// column is a type of a database and a literal of it.
type column struct{ name, sqlType, literal string }

var columns = map[string][]column{
	"sqlite": {
		{"i", "INTEGER", "9007199254740993"}, {"r", "REAL", "0.1"}, {"t", "TEXT", "'Zoë 😀'"}, {"b", "BLOB", "x'00ff'"},
		{"bo", "BOOLEAN", "1"}, {"d", "DATE", "'2020-02-29'"}, {"ts", "TIMESTAMP", "'2020-02-29 12:34:56.789'"},
		{"n", "NUMERIC(10,2)", "12.5"}, {"j", "JSON", `'{"a": 1}'`}, {"v", "VARCHAR(10)", "''"},
	},
	"postgres": {
		{"i2", "int2", "-32768"}, {"i4", "int4", "2147483647"}, {"i8", "int8", "9007199254740993"},
		{"f4", "float4", "0.5"}, {"f8", "float8", "0.1"}, {"n", "numeric(30,10)", "12345678901234567890.0123456789"}, {"nn", "numeric", "1.50"},
		{"m", "money", "'12.34'"}, {"b", "bool", "true"}, {"t", "text", "'Zoë 😀'"}, {"v", "varchar(5)", "'ab'"}, {"c", "char(4)", "'ab'"}, {"na", "name", "'ab'"},
		{"by", "bytea", `'\x00ff'`}, {"d", "date", "'2020-02-29'"}, {"ti", "time", "'12:34:56.789'"}, {"tz", "timetz", "'12:34:56+02'"},
		{"ts", "timestamp", "'2020-02-29 12:34:56.789012'"}, {"tsz", "timestamptz", "'2020-02-29 12:34:56.789012+02'"}, {"iv", "interval", "'1 day 02:03:04.5'"},
		{"u", "uuid", "'00112233-4455-6677-8899-aabbccddeeff'"}, {"j", "json", `'{"a": 1}'`}, {"jb", "jsonb", `'[1, 2]'`},
		{"ai", "int4[]", "'{1,NULL,3}'"}, {"at", "text[]", "'{a,NULL}'"}, {"an", "numeric[]", "'{1.5}'"}, {"au", "uuid[]", "'{00112233-4455-6677-8899-aabbccddeeff}'"},
		{"bi", "bit(4)", "'1010'"}, {"vb", "varbit", "'101'"}, {"ip", "inet", "'10.0.0.1'"}, {"ci", "cidr", "'10.0.0.0/8'"}, {"ma", "macaddr", "'08:00:2b:01:02:03'"},
		{"p", "point", "'(1,2)'"}, {"r", "int4range", "'[1,5)'"}, {"x", "xml", "'<a/>'"}, {"o", "oid", "42"}, {"tv", "tsvector", "'a b'"},
	},
	"mysql": {
		{"i1", "tinyint", "-128"}, {"bo", "tinyint(1)", "1"}, {"i2", "smallint", "-32768"}, {"i3", "mediumint", "8388607"}, {"i4", "int", "2147483647"},
		{"i8", "bigint", "9007199254740993"}, {"u8", "bigint unsigned", "18446744073709551615"}, {"u4", "int unsigned", "4294967295"},
		{"f4", "float", "0.5"}, {"f8", "double", "0.1"}, {"n", "decimal(30,10)", "12345678901234567890.0123456789"}, {"bi", "bit(4)", "b'1010'"},
		{"c", "char(4)", "'ab'"}, {"v", "varchar(20)", "'Zoë 😀'"}, {"t", "text", "'ab'"}, {"b", "binary(2)", "x'00ff'"}, {"vb", "varbinary(5)", "x'00ff'"}, {"bl", "blob", "x'00ff'"},
		{"d", "date", "'2020-02-29'"}, {"ti", "time(6)", "'12:34:56.789'"}, {"dt", "datetime(6)", "'2020-02-29 12:34:56.789012'"}, {"ts", "timestamp", "'2020-02-29 12:34:56'"},
		{"y", "year", "2020"}, {"e", "enum('a','b')", "'b'"}, {"s", "set('a','b')", "'a,b'"}, {"j", "json", `'{"a": 1}'`},
	},
}

// TestFlytekit: the real flytekit opens what we have written for every type of
// column, alone and with a NULL, as every kind of input that a task may declare.
// testdata/flytekit.txt has the values that it then has.
func TestFlytekit(t *testing.T) {
	program := python(t)
	dir := t.TempDir()
	uris := map[string]string{
		"sqlite":   "sqlite:///" + filepath.Join(dir, "case.db"),
		"postgres": sqldbtest.Postgres(t),
		"mysql":    sqldbtest.MariaDB(t),
	}
	rt, err := host.NewRuntime(t.Context(), host.RuntimeConfig{CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer rt.Close()
	var names, folders []string
	for _, database := range []string{"sqlite", "postgres", "mysql"} {
		fill(t, rt, database, uris[database])
		for _, c := range []struct{ name, where string }{{"value", "id = 1"}, {"null", "true"}, {"empty", "id < 0"}} {
			folder := filepath.Join(dir, database, c.name)
			execute(t, rt, uris[database], "SELECT * FROM types WHERE "+c.where+" ORDER BY id", folder)
			names, folders = append(names, database+" "+c.name), append(folders, folder)
		}
	}
	cmd := exec.Command(program, append([]string{filepath.Join("testdata", "open.py")}, folders...)...)
	cmd.Env = append(os.Environ(), "FLYTE_LOCAL_CACHE_ENABLED=false", "FLYTE_SDK_LOGGING_LEVEL=50")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	got := ""
	for line := range strings.Lines(string(out)) {
		var frames map[string][][3]any
		if err := json.Unmarshal([]byte(line), &frames); err != nil {
			t.Fatalf("%v\n%s", err, line)
		}
		text := shown(frames["DataFrame"])
		for kind, frame := range frames {
			if shown(frame) != text {
				t.Errorf("%s: a %s has\n%s\na DataFrame has\n%s", names[0], kind, shown(frame), text)
			}
		}
		got += "# " + names[0] + "\n" + text
		names = names[1:]
	}
	if len(names) > 0 {
		t.Errorf("nothing for %q", names)
	}
	golden := filepath.Join("testdata", "flytekit.txt")
	if *updateTypes {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("flytekit reads\n%s", got)
	}
}

func shown(frame [][3]any) string {
	var b strings.Builder
	for _, c := range frame {
		fmt.Fprintf(&b, "%-4v %-16v", c[0], c[1])
		for _, v := range c[2].([]any) {
			fmt.Fprintf(&b, " %v", v)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// fill makes the table of all types: a row of values and one of NULLs.
func fill(t *testing.T, rt *host.Runtime, database, uri string) {
	t.Helper()
	types, values, nulls := []string{"id int not null"}, []string{"1"}, []string{"2"}
	for _, c := range columns[database] {
		null := " NULL"
		if database == "sqlite" {
			null = ""
		}
		types, values, nulls = append(types, c.name+" "+c.sqlType+null), append(values, c.literal), append(nulls, "NULL")
	}
	for _, sql := range []string{"CREATE TABLE types (" + strings.Join(types, ", ") + ")",
		"INSERT INTO types VALUES (" + strings.Join(values, ", ") + ")", "INSERT INTO types VALUES (" + strings.Join(nulls, ", ") + ")"} {
		execute(t, rt, uri, sql, "")
	}
}

// execute runs a query as an execution of Flyte. Without a folder it has no
// outputs.
func execute(t *testing.T, rt *host.Runtime, uri, query, folder string) {
	t.Helper()
	outputs := "any"
	if folder == "" {
		folder, outputs = t.TempDir(), "none"
	}
	tasks, err := manifest.ReadFlyteTasks("task.yaml", fmt.Appendf(nil, "name: t\nquery: %q\noutputs: %s\nconnection: {uri: %q}\nflyte: {image: i}\n", query, outputs, uri))
	if err != nil {
		t.Fatal(err)
	}
	template, err := register.Template(tasks[0])
	if err != nil {
		t.Fatal(err)
	}
	data, err := register.Marshal(template)
	if err != nil {
		t.Fatal(err)
	}
	in := t.TempDir()
	for name, data := range map[string][]byte{"task.pb": data, "inputs.pb": nil} {
		if err := os.WriteFile(filepath.Join(in, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	x := flyte.Executor{
		Store:   storage.Schemes{"file": storage.Files{}},
		Drivers: map[string]sqldb.Driver{"sqlite": sqlite.Driver{}, "postgresql": postgres.Driver{}, "mysql": mysql.Driver{}, "mariadb": mysql.Driver{}},
		Runtime: rt,
		Env:     func(string) (string, bool) { return "", false },
	}
	var stderr bytes.Buffer
	code := x.Main(t.Context(), []string{"--inputs", filepath.Join(in, "inputs.pb"), "--output-prefix", folder, "--raw-output-data-prefix", filepath.Join(folder, "raw"),
		"--resolver", "flytekit.core.python_customized_container_task.default_task_template_resolver", "--",
		filepath.Join(in, "task.pb"), "flytekitplugins.sqlalchemy.task.SQLAlchemyTaskExecutor"}, &stderr)
	if _, err := os.Stat(filepath.Join(folder, "outputs.pb")); err != nil || code != 0 {
		t.Fatalf("%s\nended with %d: %s", query, code, errors.Join(err, errors.New(stderr.String())))
	}
}
