package flyte

import (
	"reflect"
	"strings"
	"testing"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

func TestParseArguments(t *testing.T) {
	const loader = " --resolver " + resolver + " -- t.pb " + executor
	want := Arguments{Inputs: "s3://b/i", OutputPrefix: "s3://b/o", RawPrefix: "s3://b/r", Resolver: resolver, Loader: []string{"t.pb", executor}}
	for _, c := range []struct {
		line    string
		change  func(*Arguments)
		message string
	}{
		{"--inputs s3://b/i --output-prefix s3://b/o --raw-output-data-prefix s3://b/r" + loader, nil, ""},
		{"--inputs=s3://b/i --output-prefix=s3://b/o --raw-output-data-prefix=s3://b/r" + loader, nil, ""},
		{"--inputs s3://b/i --output-prefix s3://b/o --raw-output-data-prefix s3://b/r --checkpoint-path s3://b/c --prev-checkpoint \"\"" +
			" --dynamic-addl-distro x --dynamic-dest-dir ." + loader, nil, ""},
		{"--inputs s3://b/i --output-prefix s3://b/o --raw-output-data-prefix {{.rawOutputDataPrefix}}" + loader, func(a *Arguments) { a.RawPrefix = "" }, ""},
		{"--test --inputs s3://b/i --output-prefix s3://b/o --raw-output-data-prefix s3://b/r" + loader, func(a *Arguments) { a.Test = true }, ""},
		{"--output-prefix s3://b/o" + loader, nil, "--inputs is missing"},
		{"--inputs x" + loader, nil, "--output-prefix is missing"},
		{"--inputs x --output-prefix y --nope z" + loader, nil, `unknown argument "--nope"`},
		{"--inputs", nil, "--inputs needs a value"},
	} {
		a, err := ParseArguments(strings.Fields(c.line))
		if c.message != "" {
			if err == nil || err.Error() != c.message {
				t.Errorf("%s: %v", c.line, err)
			}
			continue
		}
		expected := want
		if c.change != nil {
			c.change(&expected)
		}
		if err != nil || !reflect.DeepEqual(a, expected) {
			t.Errorf("%s: %+v, %v", c.line, a, err)
		}
	}
}

// TestOtherTasks: what is no task of the SQLAlchemy plugin is refused by name.
func TestOtherTasks(t *testing.T) {
	for _, c := range []struct {
		a    Arguments
		says string
	}{
		{Arguments{Resolver: "flytekit.core.python_auto_container.default_task_resolver", Loader: []string{"task-module", "m", "task-name", "t"}},
			`the resolver "flytekit.core.python_auto_container.default_task_resolver" is not one of this image`},
		{Arguments{Resolver: resolver, Loader: []string{"t.pb", "flytekit.extras.sqlite3.task.SQLite3TaskExecutor"}},
			`the executor "flytekit.extras.sqlite3.task.SQLite3TaskExecutor" is not one of this image`},
		{Arguments{Resolver: resolver, Loader: []string{"t.pb"}}, `the executor "" is not one of this image`},
		{Arguments{Resolver: resolver}, "the resolver's arguments name no task template"},
		{Arguments{Resolver: resolver, Loader: []string{"t.pb", executor}}, ""},
	} {
		err := c.a.check()
		if c.says == "" && err != nil || c.says != "" && (err == nil || err.Error() != c.says) {
			t.Errorf("%+v: %v", c.a, err)
		}
	}
}

func TestReadSettings(t *testing.T) {
	read := func(pairs ...string) (Settings, error) {
		env := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			env[pairs[i]] = pairs[i+1]
		}
		return ReadSettings(func(name string) (string, bool) { v, ok := env[name]; return v, ok })
	}
	if s, err := read(); err != nil || s.FailOnError || s.FlytekitErrors || s.ErrorFile != "error.pb" || s.Worker != "" {
		t.Errorf("%+v, %v", s, err)
	}
	for value, want := range map[string]bool{"true": true, "T": true, "1": true, "yes": false, "false": false, "": false} {
		if s, _ := read("FLYTE_FAIL_ON_ERROR", value); s.FailOnError != want {
			t.Errorf("FLYTE_FAIL_ON_ERROR=%s: %t", value, s.FailOnError)
		}
	}
	s, err := read("_F_DES", "Earliest", "_F_WN", "w")
	if err != nil || s.Worker != "w" || len(s.ErrorFile) != len("error-.pb")+32 || !strings.HasPrefix(s.ErrorFile, "error-") {
		t.Errorf("%+v, %v", s, err)
	}
	for _, bad := range []string{"TEXT", "text:", "text: ,", "splice"} {
		if _, err := read("WASMSQL_INTERPOLATION", bad); err == nil {
			t.Errorf("WASMSQL_INTERPOLATION=%s is accepted", bad)
		}
	}
	if _, err := read("WASMSQL_FLYTE_ERRORS", "python"); err == nil {
		t.Error("WASMSQL_FLYTE_ERRORS=python is accepted")
	}
	if s, err := read("WASMSQL_FLYTE_ERRORS", "flytekit"); err != nil || !s.FlytekitErrors {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestInterpolationOf: text is for the databases that are named.
func TestInterpolationOf(t *testing.T) {
	for _, c := range []struct {
		variable, uri string
		want          abi.Interpolation
	}{
		{"", "postgresql://u@db/x", abi.Bind},
		{"bind", "postgresql://u@db/x", abi.Bind},
		{"text", "postgresql://u@db/x", abi.Text},
		{"text:db", "postgresql://u@DB/x", abi.Text},
		{"text:db", "postgresql://u@other/x", abi.Bind},
		{"text:a/b, db/x", "postgresql://u@db/x", abi.Text},
		{"text:db/x", "postgresql://u@db/y", abi.Bind},
		{"text:/file.db", "sqlite:///file.db", abi.Text},
		{"text:db", "sqlite:///file.db", abi.Bind},
	} {
		s, err := ReadSettings(func(name string) (string, bool) {
			return c.variable, name == "WASMSQL_INTERPOLATION" && c.variable != ""
		})
		u, uerr := sqldb.ParseURI(c.uri)
		if err != nil || uerr != nil || s.Interpolation.of(u) != c.want {
			t.Errorf("%s, %s: %v, %v, %v", c.variable, c.uri, s.Interpolation.of(u), err, uerr)
		}
	}
}
