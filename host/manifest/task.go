package manifest

import (
	"errors"
	"io/fs"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/near"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// maxRetries is how often a task may be tried again.
const maxRetries = 100

// IsTask reports whether YAML or JSON is meant as a task file, right or wrong:
// it has a query or a module.
func IsTask(data []byte) bool {
	r := reader{}
	for _, doc := range r.documents(data, MaxFile) {
		for i := 0; doc.Kind == yaml.MappingNode && i < len(doc.Content); i += 2 {
			if key := doc.Content[i].Value; key == "query" || key == "module" {
				return true
			}
		}
	}
	return len(r.faults) > 0 && meantAsTask.Match(data)
}

// meantAsTask finds the key that makes a task of a file that cannot be read.
var meantAsTask = regexp.MustCompile(`(?m)^\x{feff}?(?:query|module|[ \t{]*"(?:query|module)")[ \t]*:`)

// ReadTasks is the function of that name, with options.
func (o Options) ReadTasks(file string, data []byte) ([]host.Task, error) {
	drafts, err := o.drafts(file, data)
	if err != nil {
		return nil, err
	}
	tasks := make([]host.Task, len(drafts))
	for i, d := range drafts {
		tasks[i] = d.Task
	}
	return tasks, nil
}

func (o Options) drafts(file string, data []byte) ([]draft, error) {
	r := &reader{file: file, warn: o.Warn}
	docs := r.documents(data, MaxFile)
	if len(docs) == 0 && len(r.faults) == 0 {
		r.faultAt(1, 1, "write name:, query: and connection:", "the file holds no task")
	}
	var tasks []draft
	lines := map[string]int{}
	for _, doc := range docs {
		r.places = nil
		t, named := o.task(r, doc)
		if named != nil && lines[t.Name] > 0 {
			r.fault(named, "", "task %s stands already at line %d", quote(t.Name), lines[t.Name])
		} else if named != nil {
			lines[t.Name] = named.Line
		}
		tasks = append(tasks, t)
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return tasks, nil
}

// draft is a task that is being read, with what is not part of it, and the
// nodes that must agree.
type draft struct {
	host.Task
	flyte Flyte
	uri   string // of an inline connection, as it was written

	name, query, module, config, interpolation *yaml.Node
	outputs, connections                       *yaml.Node
}

// task reads one document. Named is the node of the task's name, if it has a
// right one.
func (o Options) task(r *reader, doc *yaml.Node) (d draft, named *yaml.Node) {
	before := len(r.faults)
	if !r.fields(r.at(doc, ""), "", "a map with a name and a query", o.taskFields(r, &d), configKey) {
		return d, nil
	}
	switch {
	case d.query == nil && d.module == nil:
		r.fault(doc, "write query: with a SQL template, or module: with a plugin's path", "the task has neither query nor module")
	case d.query != nil && d.module != nil:
		r.fault(d.module, "", "a task has query or module, not both")
	case d.module == nil && d.config != nil:
		r.fault(d.config, "", "config is for a module, and this task has a query")
	case d.query == nil && d.interpolation != nil:
		r.fault(d.interpolation, "", "interpolation is for a query, and this task has a module")
	}
	if d.module == nil && d.connections != nil {
		r.fault(d.connections, "name the one with connection:; those of the host configuration are given by --config", "connections is for a task with a module")
	}
	if d.name == nil {
		r.fault(doc, "write name: tracks.after", "the task has no name")
	}
	if len(d.Module) > 0 {
		r.byManifest(&d)
	}
	for _, e := range r.faults[before:] {
		e.Task = d.Name
	}
	d.Source = &source{file: r.file, places: r.places, text: r.text, query: d.query}
	if d.Name == "" {
		d.name = nil
	}
	return d, d.name
}

// configKey tells that a configuration was given as a task file.
func configKey(key string) string {
	switch key {
	case "limits", "secrets":
		return "this is a key of the host configuration (--config), not of a task file"
	}
	return ""
}

func (o Options) taskFields(r *reader, d *draft) []field {
	return []field{
		{"name", func(n *yaml.Node, path string) {
			d.name = n
			if s, ok := r.str(n, path); ok && r.name(n, "task", s) {
				d.Name = s
			}
		}},
		{"query", func(n *yaml.Node, path string) {
			d.query = n
			d.Query = r.query(n)
		}},
		{"interpolation", func(n *yaml.Node, path string) {
			d.interpolation = n
			if r.word(n, path, "bind", "text") == "text" {
				d.Interpolation = abi.Text
			}
		}},
		{"module", func(n *yaml.Node, path string) {
			d.module = n
			d.Module = o.module(r, n, path)
		}},
		{"config", func(n *yaml.Node, _ string) {
			d.config = n
			d.Config, _ = r.toJSON(n)
		}},
		{"inputs", func(n *yaml.Node, path string) { d.Inputs = r.inputs(n, path) }},
		{"outputs", func(n *yaml.Node, path string) {
			d.outputs = n
			d.Outputs = r.outputs(n, path)
		}},
		{"connection", func(n *yaml.Node, path string) {
			r.taskConnection(n, path, &d.Task)
			d.uri = scalarOf(n, "uri")
		}},
		{"connections", func(n *yaml.Node, path string) {
			d.connections = n
			d.Connections = r.taskConnections(n, path)
		}},
		{"retries", func(n *yaml.Node, path string) { d.Retries = int(r.whole(n, path, 0, maxRetries)) }},
		{"timeout", func(n *yaml.Node, path string) { d.Timeout = r.duration(n, path) }},
		{"flyte", func(n *yaml.Node, path string) {
			r.fields(n, path, "a map with what only Flyte knows of a task", r.flyteFields(&d.flyte), nil)
		}},
	}
}

func (r *reader) query(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		hint := "write query: | and the SQL below it, indented"
		if h := templateHint(n); h != "" {
			hint = h
		}
		r.fault(n, hint, "\"query\" must be a text, not %s", kindOf(n))
		return ""
	}
	for _, c := range n.Value {
		if c != ' ' && c != '\n' && c != '\t' && c != '\r' {
			return n.Value
		}
	}
	r.fault(n, "", "\"query\" is empty")
	return ""
}

func (o Options) module(r *reader, n *yaml.Node, path string) []byte {
	name, ok := r.str(n, path)
	if !ok {
		return nil
	}
	b, err := o.readFile(within(folder(r.file), name))
	if err != nil {
		hint := "the path is relative to the folder of the task file"
		if _, serr := o.readFile(within(folder(r.file), plugin.SourceName)); serr == nil && errors.Is(err, fs.ErrNotExist) {
			hint = "it is not built yet: wasmsql build, in the folder of the task file"
		}
		r.fault(n, hint, "module %s: %s", quote(name), reason(err))
	} else if len(b) == 0 {
		r.fault(n, "", "module %s is empty", quote(name))
	}
	return b
}

func (r *reader) taskConnection(n *yaml.Node, path string, t *host.Task) {
	if n.Kind == yaml.MappingNode {
		c := r.connection(n, path, abi.ReadWrite)
		t.Inline = &c
		return
	}
	if n.Kind != yaml.ScalarNode || isNull(n) {
		r.fault(n, "a name from the configuration, or {uri: …}", "%s must be a name or a map with a uri, not %s", quote(path), kindOf(n))
		return
	}
	for i := range len(n.Value) - 2 {
		if n.Value[i:i+3] == "://" {
			r.fault(n, "write connection: {uri: …}", "%s must be a name or a map with a uri, and this is a uri", quote(path))
			return
		}
	}
	if !isName(n.Value) {
		// Not shown: it may be a part of a uri.
		r.fault(n, nameHint, "the value of %s is not the name of a connection", quote(path))
		return
	}
	t.Connection = n.Value
}

func (r *reader) inputs(n *yaml.Node, path string) []host.Input {
	var all []host.Input
	r.pairs(n, path, "a map from a name to a type", func(k, v *yaml.Node, p string) {
		if !isInputName(k.Value) {
			r.fault(k, "letters, digits and _, the first no digit", "%s cannot be the name of an input", quote(k.Value))
			return
		}
		all = append(all, r.input(k.Value, v, p))
	})
	return all
}

// isInputName reports whether a template can name an input so.
func isInputName(s string) bool {
	for i, c := range s {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_':
		case i > 0 && c >= '0' && c <= '9':
		default:
			return false
		}
	}
	return s != "" && len(s) <= maxName
}

// inputDraft is an input that is being read: its values wait for its type.
type inputDraft struct {
	host.Input
	typed         bool
	preset, among *yaml.Node // of the default and the enum
}

func (r *reader) inputFields(d *inputDraft) []field {
	return []field{
		{"type", func(n *yaml.Node, path string) { d.Type, d.typed = r.inputType(n, path) }},
		{"default", func(n *yaml.Node, _ string) { d.preset = n }},
		{"description", func(n *yaml.Node, path string) { d.Description, _ = r.str(n, path) }},
		{"enum", func(n *yaml.Node, _ string) { d.among = n }},
	}
}

func (r *reader) input(name string, n *yaml.Node, path string) host.Input {
	d := inputDraft{Input: host.Input{Name: name}}
	if n.Kind != yaml.MappingNode {
		d.Type, d.typed = r.inputType(n, path)
	} else {
		r.fields(n, path, "a type or a map with a type", r.inputFields(&d), nil)
		if _, there := r.places[join(path, "type")]; !there {
			r.fault(n, typesHint, "input %s has no type", quote(name))
		}
	}
	if !d.typed {
		return d.Input
	}
	before := len(r.faults)
	if d.among != nil {
		d.Enum = r.enum(d.Type, d.among, name)
	}
	if d.preset != nil {
		v := r.value(d.Type, d.preset, "default of input "+quote(name)+": ")
		d.Default = &v
	} else if d.Type.Nullable {
		v := nullOf(d.Type)
		d.Default = &v
	}
	if len(r.faults) == before && d.preset != nil {
		r.inEnum(d.preset, d.Input, *d.Default, "default of input "+quote(name))
	}
	return d.Input
}

// inEnum faults a value that is none of the input's.
func (r *reader) inEnum(n *yaml.Node, in host.Input, v abi.Value, what string) {
	if in.Lists(v) {
		return
	}
	names := make([]string, len(in.Enum))
	for i, e := range in.Enum {
		names[i] = clip(Format(e))
	}
	text := Format(v)
	r.fault(target(n), accepted(names), "%s: %s is not in its enum%s", what, quote(text), near.Question(text, names))
}

func (r *reader) enum(t abi.Type, n *yaml.Node, name string) []abi.Value {
	if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
		r.fault(n, "write enum: [a, b]", "enum of input %s must be a list of the accepted values, not %s", quote(name), emptyOr(n))
		return nil
	}
	var values []abi.Value
	for i, c := range n.Content {
		before := len(r.faults)
		v := r.value(t, c, "enum of input "+quote(name)+": item "+strconv.Itoa(i+1)+": ")
		if len(r.faults) > before {
			continue
		}
		if slices.ContainsFunc(values, v.Same) {
			r.fault(c, "", "enum of input %s has %s twice", quote(name), quote(Format(v)))
			continue
		}
		values = append(values, v)
	}
	return values
}

// emptyOr returns what n is, "empty" also for a list or map of nothing.
func emptyOr(n *yaml.Node) string {
	if n.Kind != yaml.ScalarNode && len(n.Content) == 0 {
		return "empty"
	}
	return kindOf(n)
}

func (r *reader) typeOf(n *yaml.Node, path string) (abi.Type, bool) {
	if n.Kind != yaml.ScalarNode || isNull(n) {
		hint := typesHint
		if n.Kind == yaml.SequenceNode {
			hint = "write list[int], list[str] and so on"
		}
		r.fault(n, hint, "%s must be a type, not %s", quote(path), kindOf(n))
		return abi.Type{}, false
	}
	t, err := parseType(n.Value, 0)
	r.add(n, quote(path)+": ", err)
	return t, err == nil
}

// inputType reads the type of an input, which goes to the database as a number
// of as many digits as it has.
func (r *reader) inputType(n *yaml.Node, path string) (abi.Type, bool) {
	t, ok := r.typeOf(n, path)
	if ok && hasDigits(t) {
		r.fault(n, "write decimal", "%s: the digits of a decimal are declared for outputs only", quote(path))
		return t, false
	}
	return t, ok
}

func (r *reader) outputs(n *yaml.Node, path string) abi.Outputs {
	const hint = "write any, none, or a map such as {id: int, name: str}"
	if n.Kind == yaml.ScalarNode && !isNull(n) {
		switch n.Value {
		case "any":
			return abi.Outputs{Mode: abi.OutputAny}
		case "none":
			return abi.Outputs{Mode: abi.OutputNone}
		}
		r.fault(n, hint, "%s must be any, none or a map of columns, not %s%s", quote(path), shown(n), near.Question(n.Value, []string{"any", "none"}))
		return abi.Outputs{}
	}
	out := abi.Outputs{Mode: abi.OutputColumns}
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		r.fault(n, hint, "%s must be any, none or a map of columns, not %s", quote(path), emptyOr(n))
		return out
	}
	r.pairs(n, path, "a map of columns", func(k, v *yaml.Node, p string) {
		t, _ := r.typeOf(v, p)
		out.Columns = append(out.Columns, abi.OutputColumn{Name: k.Value, Type: t})
	})
	return out
}
