package register

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/manifest"
)

const vectors = "../../../testdata/flyte"

// golden returns the templates that flytekit has registered, by the names of
// their cases, without those that are no templates at all.
func golden(t *testing.T) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, file := range []string{"tasks.json", "wide/tasks.json"} {
		var cases []struct {
			Name string
			Task []byte
		}
		data, err := os.ReadFile(filepath.Join(vectors, file))
		if err == nil {
			err = json.Unmarshal(data, &cases)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			if template, err := flyte.ReadTemplate(c.Task); err == nil && template.GetType() != "" {
				all[c.Name] = c.Task
			}
		}
	}
	if len(all) < 205 {
		t.Fatalf("%d templates", len(all))
	}
	return all
}

// servers are what stands in the templates' URIs for addresses.
var servers = strings.NewReplacer("@PG@", "db:5432", "@MY@", "db:3306", "__PG__", "db:5432", "__MY__", "db:3306", "__PG_HOST__", "db")

// addressed decodes a template and gives its URI an address.
func addressed(t *testing.T, data []byte) *core.TaskTemplate {
	t.Helper()
	template, err := flyte.ReadTemplate(data)
	if err != nil {
		t.Fatal(err)
	}
	fields := template.GetCustom().GetFields()
	fields["uri"] = structpb.NewStringValue(servers.Replace(fields["uri"].GetStringValue()))
	return template
}

// TestMarshal: what is written for a template has flytekit's bytes, but for the
// order of fields, which protobuf leaves open and its libraries choose: Go's
// puts those of a oneof last.
func TestMarshal(t *testing.T) {
	all := golden(t)
	same := 0
	for name, data := range all {
		template, err := flyte.ReadTemplate(data)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Marshal(template)
		if err != nil || len(got) != len(data) {
			t.Errorf("%s: %d bytes, flytekit has %d, %v", name, len(got), len(data), err)
		}
		if bytes.Equal(got, data) {
			same++
		}
	}
	if same < len(all)*3/4 {
		t.Errorf("%d of %d have flytekit's bytes", same, len(all))
	}
}

// TestRoundTrip: the task file of each template that flytekit has written makes
// the same template again, with all that is in it.
func TestRoundTrip(t *testing.T) {
	patches := 0
	for name, data := range golden(t) {
		want := addressed(t, data)
		file, err := TaskFile(want)
		if name == "149-secret-order-overrides-connect-args-mysql" {
			// flytekit lets the secret win; a task file has to say which.
			if err == nil || !strings.Contains(err.Error(), `argument "init_command" is in connect_args and in secret_connect_args`) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		tasks, err := manifest.ReadFlyteTasks("task.yaml", file)
		if err != nil || len(tasks) != 1 {
			t.Errorf("%s: %v\n%s", name, err, file)
			continue
		}
		if _, err := manifest.ReadTasks("task.yaml", file); err != nil {
			t.Errorf("%s: wasmsql run does not take it: %v\n%s", name, err, file)
		}
		got, err := Template(tasks[0])
		if err != nil || !proto.Equal(got, want) {
			t.Errorf("%s: %v\n%s\ngot  %s\nwant %s", name, err, file, protojson.Format(got), protojson.Format(want))
		}
		if tasks[0].Flyte.Template != nil {
			patches++
		}
	}
	// Most of what flytekit registers has a word in a task file.
	if patches > 30 {
		t.Errorf("%d files need flyte.template", patches)
	}
}

// TestTaskFile shows what is written for a template.
func TestTaskFile(t *testing.T) {
	got, err := TaskFile(addressed(t, golden(t)["070-sqlite-connect-args"]))
	if err != nil {
		t.Fatal(err)
	}
	const want = `name: golden.sqlite_connect_args
query: select 1 as a
outputs: any
connection:
  uri: sqlite:///case.db
  connect_args:
    check_same_thread: false
    timeout: 30
flyte:
  project: p
  domain: d
  version: v1
  image: cr.flyte.org/flyteorg/flytekit:py3.11-sqlalchemy-1.16.31
`
	if string(got) != want {
		t.Errorf("got:\n%s", got)
	}
}

// errorOf registers the one task of a file.
func errorOf(t *testing.T, file string) (*core.TaskTemplate, error) {
	t.Helper()
	tasks, err := manifest.ReadFlyteTasks("task.yaml", []byte(file))
	if err != nil {
		return nil, err
	}
	return Template(tasks[0])
}

func TestTemplateErrors(t *testing.T) {
	const rest = "\nquery: SELECT 1\nconnection: {uri: 'sqlite:///x.db'}\nflyte: {image: i}\n"
	for _, c := range []struct{ file, want string }{
		{"name: t\nquery: SELECT 1\nconnection: db\n", `task "t" names a connection, and a template holds one`},
		{"name: t\nquery: SELECT 1\nconnection: {uri: 'sqlite:///x.db'}\n", "the task names no image"},
		{"name: t\ninputs: {n: {type: int, default: 1}}" + rest, `input "n" has a default, and a Flyte task's inputs have none`},
		{"name: t\ninputs: {n: decimal}" + rest, `input "n" is of type decimal, which a Flyte task's inputs have not`},
		{"name: t\ninputs: {n: {type: int, enum: [1, 2]}}" + rest, `input "n" has an enum of type int, and Flyte's are of texts`},
		{"name: t\noutputs: {id: uuid}" + rest, `column "id" is of type uuid, which a Flyte schema has not`},
		{"name: t\nquery: SELECT 1\nconnection: {uri: 'sqlite:///x.db'}\nflyte: {image: i, template: {metdata: {}}}\n", "flyte.template is no part of a TaskTemplate"},
		{"name: t\nquery: SELECT 1\nconnection: {uri: 'sqlite:///x.db'}\nflyte: {imgae: i}\n", `task.yaml:4:9: unknown key "imgae"; did you mean "image"?`},
	} {
		_, err := errorOf(t, c.file)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s\ngot  %v\nwant %s", c.file, err, c.want)
		}
	}
}

// TestTemplate holds what an author without Python writes: what is derived from
// it, and what flyte.template changes.
func TestTemplate(t *testing.T) {
	got, err := errorOf(t, `
name: shop.orders
query: |
  SELECT *
  FROM  orders WHERE at > {{ .inputs.since }}
inputs: {since: datetime, kind: {type: str, enum: [a, b]}, ids: 'list[int]', top: int?}
outputs: {id: int, total: float}
connection:
  uri: postgresql://etl@db/shop
  connect_args: {connect_timeout: 10}
  secret_connect_args: {password: {group: db, key: pw, mount_requirement: file}}
retries: 2
timeout: 90s
flyte: {image: registry/wasmsql:1, template: {metadata: {discoverable: true, discoveryVersion: '3'}}}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &core.TaskTemplate{}
	err = protojson.Unmarshal([]byte(`{
		"id": {"resourceType": "TASK", "project": "{{ registration.project }}", "domain": "{{ registration.domain }}", "name": "shop.orders", "version": "{{ registration.version }}"},
		"type": "sqlalchemy",
		"metadata": {"runtime": {"type": "FLYTE_SDK", "version": "1.16.31", "flavor": "python"}, "timeout": "90s", "retries": {"retries": 2},
			"discoverable": true, "discoveryVersion": "3", "generatesDeck": false, "metadata": {}},
		"interface": {
			"inputs": {"variables": {
				"since": {"type": {"simple": "DATETIME"}, "description": "since"},
				"kind": {"type": {"enumType": {"values": ["a", "b"]}}, "description": "kind"},
				"ids": {"type": {"collectionType": {"simple": "INTEGER"}}, "description": "ids"},
				"top": {"type": {"unionType": {"variants": [{"simple": "INTEGER", "structure": {"tag": "int"}}, {"simple": "NONE", "structure": {"tag": "none"}}]}}, "description": "top"}}},
			"outputs": {"variables": {"results": {"type": {"schema": {"columns": [{"name": "id", "type": "INTEGER"}, {"name": "total", "type": "FLOAT"}]}}, "description": "results"}}}},
		"custom": {"query_template": "SELECT * FROM orders WHERE at > {{ .inputs.since }}", "uri": "postgresql://etl@db/shop", "connect_args": {"connect_timeout": 10},
			"secret_connect_args": {"password": {"group": "db", "key": "pw", "group_version": null, "mount_requirement": 2}}},
		"securityContext": {"secrets": [{"group": "db", "key": "pw", "mountRequirement": "FILE"}]},
		"container": {"image": "registry/wasmsql:1", "resources": {}, "args": ["pyflyte-execute", "--inputs", "{{.input}}", "--output-prefix", "{{.outputPrefix}}",
			"--raw-output-data-prefix", "{{.rawOutputDataPrefix}}", "--resolver", "flytekit.core.python_customized_container_task.default_task_template_resolver",
			"--", "{{.taskTemplatePath}}", "flytekitplugins.sqlalchemy.task.SQLAlchemyTaskExecutor"]}
	}`), want)
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("%v\n%s", err, protojson.Format(got))
	}
	data, err := MarshalSpec(got)
	if err != nil || data[0] != 0x0a {
		t.Errorf("%v, %x", err, data[:10])
	}
}

func TestTaskFileErrors(t *testing.T) {
	_, err := TaskFile(&core.TaskTemplate{Type: "python-task"})
	if err == nil || err.Error() != `the template is of a task of type "python-task", not sqlalchemy` {
		t.Error(err)
	}
	extra := addressed(t, golden(t)["070-sqlite-connect-args"])
	extra.Custom.Fields["more"] = structpb.NewNullValue()
	if _, err = TaskFile(extra); err == nil || !strings.HasPrefix(err.Error(), "the template's custom holds what a task file has no word for") {
		t.Error(err)
	}
	extra.Custom.Fields["uri"] = structpb.NewStringValue("no URL")
	if _, err = TaskFile(extra); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}
