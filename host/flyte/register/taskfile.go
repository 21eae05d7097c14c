package register

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/proto"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/manifest"
)

// TaskFile returns the task file of a template: one from which Template makes
// the same template again, which is tried. Its error is a *host.Error that says
// why there is none, or host.Errors with what is wrong with the file that would
// have been.
func TaskFile(t *core.TaskTemplate) ([]byte, error) {
	if t.GetType() != flyte.TaskType {
		return nil, fault(fmt.Sprintf("the template is of a task of type %q, not %s", t.GetType(), flyte.TaskType), "")
	}
	doc := document(t)
	data, err := write(doc)
	if err != nil {
		return nil, err
	}
	made, err := read(data)
	if err != nil {
		return nil, err
	}
	if !proto.Equal(made, t) {
		if data, err = patched(doc, made, t); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// patched returns the file with what it lacks in flyte.template.
func patched(doc *yaml.Node, made, want *core.TaskTemplate) ([]byte, error) {
	from, err := asJSON(made)
	if err != nil {
		return nil, err
	}
	to, err := asJSON(want)
	if err != nil {
		return nil, err
	}
	patch := difference(from.(map[string]any), to.(map[string]any))
	own := value(doc, "flyte")
	if own == nil {
		own = mapping()
		add(doc, "flyte", own)
	}
	add(own, "template", node(patch))
	data, err := write(doc)
	if err != nil {
		return nil, err
	}
	if made, err = read(data); err != nil {
		return nil, err
	}
	if !proto.Equal(made, want) {
		return nil, fault("the template's custom holds what a task file has no word for", "its keys are query_template, uri, connect_args and secret_connect_args")
	}
	return data, nil
}

// read returns the template of a task file's text.
func read(data []byte) (*core.TaskTemplate, error) {
	tasks, err := manifest.ReadFlyteTasks("task.yaml", data)
	if err != nil {
		return nil, err
	}
	return Template(tasks[0])
}

func write(doc *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	err := e.Encode(doc)
	if err == nil {
		err = e.Close()
	}
	if err != nil {
		return nil, &host.Error{Code: host.CodeConfig, Message: "the task file cannot be written", Cause: err}
	}
	return b.Bytes(), nil
}

// document returns the task file of a template, without flyte.template.
func document(t *core.TaskTemplate) *yaml.Node {
	custom := t.GetCustom().AsMap()
	doc := mapping()
	add(doc, "name", text(t.GetId().GetName()))
	query, _ := custom["query_template"].(string)
	add(doc, "query", text(query))
	if in := t.GetInterface().GetInputs().GetVariables(); len(in) > 0 {
		all := mapping()
		for _, name := range slices.Sorted(maps.Keys(in)) {
			add(all, name, input(name, in[name]))
		}
		add(doc, "inputs", all)
	}
	add(doc, "outputs", output(t.GetInterface().GetOutputs().GetVariables()))
	add(doc, "connection", connection(custom))
	if n := t.GetMetadata().GetRetries().GetRetries(); n > 0 {
		add(doc, "retries", node(float64(n)))
	}
	if d := t.GetMetadata().GetTimeout().AsDuration(); d >= time.Millisecond {
		add(doc, "timeout", text(d.String()))
	}
	own := mapping()
	for _, f := range [...][3]string{
		{"project", t.GetId().GetProject(), anyProject}, {"domain", t.GetId().GetDomain(), anyDomain}, {"version", t.GetId().GetVersion(), anyVersion},
		{"image", t.GetContainer().GetImage(), ""},
	} {
		if f[1] != "" && f[1] != f[2] {
			add(own, f[0], text(f[1]))
		}
	}
	if len(own.Content) > 0 {
		add(doc, "flyte", own)
	}
	return doc
}

func input(name string, v *core.Variable) *yaml.Node {
	t, enum := typeOf(v.GetType())
	described := v.GetDescription() != "" && v.GetDescription() != name
	if !described && enum == nil {
		return text(t.String())
	}
	n := mapping()
	add(n, "type", text(t.String()))
	if described {
		add(n, "description", text(v.GetDescription()))
	}
	if enum != nil {
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for _, e := range enum {
			list.Content = append(list.Content, text(e))
		}
		add(n, "enum", list)
	}
	return n
}

func output(variables map[string]*core.Variable) *yaml.Node {
	if len(variables) == 0 {
		return text("none")
	}
	columns := variables["results"].GetType().GetSchema().GetColumns()
	if len(columns) == 0 {
		return text("any")
	}
	n := mapping()
	for _, c := range columns {
		add(n, c.GetName(), text(columnType(c.GetType()).String()))
	}
	return n
}

func connection(custom map[string]any) *yaml.Node {
	n := mapping()
	uri, _ := custom["uri"].(string)
	add(n, "uri", text(uri))
	if args, _ := custom["connect_args"].(map[string]any); len(args) > 0 {
		add(n, "connect_args", node(args))
	}
	named, _ := custom["secret_connect_args"].(map[string]any)
	if len(named) == 0 {
		return n
	}
	secrets := mapping()
	for _, name := range slices.Sorted(maps.Keys(named)) {
		from, _ := named[name].(map[string]any)
		ref := mapping()
		for _, key := range [...]string{"group", "key", "group_version"} {
			if s, _ := from[key].(string); s != "" {
				add(ref, key, text(s))
			}
		}
		switch from["mount_requirement"] {
		case 1.0:
			add(ref, "mount_requirement", text("env_var"))
		case 2.0:
			add(ref, "mount_requirement", text("file"))
		}
		add(secrets, name, ref)
	}
	add(n, "secret_connect_args", secrets)
	return n
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

// text returns a text's node, quoted where it would not be one otherwise.
func text(s string) *yaml.Node {
	n := &yaml.Node{}
	n.SetString(s)
	return n
}

func add(to *yaml.Node, key string, v *yaml.Node) { to.Content = append(to.Content, text(key), v) }

// value returns what a map has under a key, or nil.
func value(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return nil
}

// node returns the node of what a Struct or JSON holds. Their numbers are
// floats; those that are whole are written as integers.
func node(v any) *yaml.Node {
	switch v := v.(type) {
	case string:
		return text(v)
	case map[string]any:
		n := mapping()
		for _, name := range slices.Sorted(maps.Keys(v)) {
			add(n, name, node(v[name]))
		}
		return n
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode}
		for _, e := range v {
			n.Content = append(n.Content, node(e))
		}
		return n
	case float64:
		if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
			return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: fmt.Sprint(int64(v))}
		}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return text(fmt.Sprint(v))
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: string(data)}
}
