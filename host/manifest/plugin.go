package manifest

import (
	"errors"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// Plugin is a plugin's manifest with its inputs as a task declares them.
type Plugin struct {
	plugin.Manifest
	Declared []host.Input // the same as Manifest.Inputs
	Source   host.Source
}

// ReadPlugin reads a plugin.yaml, one document of YAML or JSON. The name is
// that of messages. The error is host.Errors.
func ReadPlugin(file string, data []byte) (*Plugin, error) {
	r := &reader{file: file}
	p := &Plugin{}
	docs := r.documents(data, plugin.MaxSection)
	if len(docs) == 0 && len(r.faults) == 0 {
		r.faultAt(1, 1, "write name: and version:", "the file holds no manifest")
	}
	if len(docs) > 1 {
		r.fault(docs[1], "", "a manifest is one document, and this is another")
	}
	if len(docs) > 0 && r.fields(r.at(docs[0], ""), "", "a map with a name and a version", r.pluginFields(p), pluginElsewhere) {
		for _, key := range []string{"name", "version"} {
			if _, there := r.places[key]; !there {
				r.fault(docs[0], "write "+key+": "+map[string]string{"name": "my-plugin", "version": "0.1.0"}[key], "the manifest has no %s", key)
			}
		}
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	p.Source = &source{file: file, places: r.places}
	return p, nil
}

// pluginElsewhere says where a key belongs that is none of a manifest.
func pluginElsewhere(key string) string {
	switch key {
	case "query", "module", "config", "connection", "retries", "timeout", "interpolation":
		return "this is a key of a task file, not of a plugin's manifest"
	case "uri", "connect_args", "secret_connect_args", "secrets":
		return "where a connection leads, the host configuration says"
	}
	return ""
}

func (r *reader) pluginFields(p *Plugin) []field {
	m := &p.Manifest
	return []field{
		{"name", func(n *yaml.Node, path string) {
			if s, ok := r.str(n, path); ok && r.name(n, "plugin", s) {
				m.Name = s
			}
		}},
		{"version", func(n *yaml.Node, path string) {
			s, ok := r.str(n, path)
			if m.Version = s; ok && !plugin.IsVersion(s) {
				r.fault(n, plugin.VersionHint, "%s is not a version", quote(s))
			}
		}},
		{"description", func(n *yaml.Node, path string) { m.Description, _ = r.str(n, path) }},
		{"abi", func(n *yaml.Node, path string) { m.ABI = int(r.whole(n, path, 0, 1<<16)) }},
		{"sdk", func(n *yaml.Node, path string) { m.SDK, _ = r.str(n, path) }},
		{"connections", func(n *yaml.Node, path string) { m.Connections = r.pluginConnections(n, path) }},
		{"inputs", func(n *yaml.Node, path string) {
			p.Declared = r.inputs(n, path)
			m.Inputs = asked(p.Declared)
		}},
		{"outputs", func(n *yaml.Node, path string) { m.Outputs = r.outputs(n, path) }},
		{"limits", func(n *yaml.Node, path string) {
			var l host.Limits
			r.fields(n, path, "a map of limits", r.limitFields(&l), nil)
			m.Limits = plugin.Limits(l)
		}},
	}
}

func (r *reader) pluginConnections(n *yaml.Node, path string) []plugin.Connection {
	var all []plugin.Connection
	r.pairs(n, path, "a map from a name to an access", func(k, v *yaml.Node, p string) {
		c := plugin.Connection{Name: k.Value}
		if !r.name(k, "connection", k.Value) {
			return
		}
		if v.Kind == yaml.ScalarNode && !isNull(v) {
			c.Access = r.access(v, p)
		} else {
			r.fields(v, p, "read-only, read-write, or a map with an access", r.pluginConnectionFields(&c), pluginElsewhere)
		}
		all = append(all, c)
	})
	return all
}

func (r *reader) pluginConnectionFields(c *plugin.Connection) []field {
	return []field{
		{"access", func(n *yaml.Node, path string) { c.Access = r.access(n, path) }},
		{"dialects", func(n *yaml.Node, path string) {
			if n.Kind != yaml.SequenceNode || len(n.Content) == 0 {
				r.fault(n, "write [sqlite, postgres]", "%s must be a list of dialects, not %s", quote(path), emptyOr(n))
				return
			}
			for _, d := range n.Content {
				c.Dialects = append(c.Dialects, abi.Dialect(r.word(d, path, "sqlite", "postgres", "mysql")))
			}
		}},
		{"description", func(n *yaml.Node, path string) { c.Description, _ = r.str(n, path) }},
	}
}

// asked returns the inputs of a task as a manifest has them.
func asked(inputs []host.Input) []plugin.Input {
	var all []plugin.Input
	for _, in := range inputs {
		a := plugin.Input{Name: in.Name, Type: in.Type, Description: in.Description}
		if in.Default != nil && !in.Default.Null {
			a.Default = appendValue(nil, *in.Default)
		}
		for i, v := range in.Enum {
			a.Enum = append(a.Enum, "[,"[min(i, 1)])
			a.Enum = appendValue(a.Enum, v)
		}
		if a.Enum != nil {
			a.Enum = append(a.Enum, ']')
		}
		all = append(all, a)
	}
	return all
}

// ModuleTask returns the task that a module alone is, by its manifest: with
// that one's inputs and outputs, and no connection. A module without a
// manifest has no inputs. The name is that of the manifest, else the given
// one. The error is host.Errors.
func ModuleTask(name string, wasm []byte) (host.Task, error) {
	t := host.Task{Name: name, Module: wasm}
	p, err := moduleManifest(wasm)
	if err != nil {
		return t, err
	}
	if p != nil {
		t.Name, t.Inputs, t.Outputs = p.Name, p.Declared, p.Outputs
	}
	return t, nil
}

// moduleManifest returns the manifest of a module, nil if it has none. A
// module that cannot be read has none here: admission says what is wrong.
func moduleManifest(wasm []byte) (*Plugin, error) {
	section, err := plugin.Find(wasm)
	if errors.Is(err, plugin.ErrTwoManifests) {
		return nil, host.Errors{{Code: host.CodeDenied, Message: "the module is refused: " + err.Error(), Hint: "wasmsql build writes one"}}
	}
	if err != nil || section == nil {
		return nil, nil
	}
	// What the host would refuse, it says in the same words.
	var wrong host.Errors
	var faults plugin.Faults
	if _, err := plugin.Read(section); errors.As(err, &faults) {
		for _, f := range faults {
			wrong = append(wrong, &host.Error{Code: host.CodeDenied, Message: "the module is refused: its manifest: " + f.Error(), Hint: f.Hint})
		}
		return nil, wrong
	}
	p, err := ReadPlugin("", section)
	if errors.As(err, &wrong) {
		for _, e := range wrong {
			e.Code, e.Place, e.Message = host.CodeDenied, host.Place{}, "the module is refused: its manifest: "+e.Message
		}
		return nil, wrong
	}
	return p, err
}

// byManifest gives a task what it leaves to the manifest of its module: the
// inputs that it does not declare itself, and its outputs.
func (r *reader) byManifest(d *draft) {
	p, err := moduleManifest(d.Module)
	var wrong host.Errors
	if errors.As(err, &wrong) {
		for _, e := range wrong {
			e.Place = r.place(d.module)
		}
		r.faults = append(r.faults, wrong...)
	}
	if p == nil {
		return
	}
	var inputs []host.Input
	own := d.Inputs
	for _, in := range p.Declared {
		for _, o := range own {
			if o.Name == in.Name {
				in = o
			}
		}
		inputs = append(inputs, in)
	}
	for _, o := range own { // the host says that the manifest has it not
		if !slices.ContainsFunc(inputs, func(in host.Input) bool { return in.Name == o.Name }) {
			inputs = append(inputs, o)
		}
	}
	d.Inputs = inputs
	if d.outputs == nil {
		d.Outputs = p.Outputs
	}
}

// taskConnections reads the connections that a module is granted.
func (r *reader) taskConnections(n *yaml.Node, path string) []host.Grant {
	var all []host.Grant
	r.pairs(n, path, "a map from the module's name for a connection to one of the configuration", func(k, v *yaml.Node, p string) {
		g := host.Grant{Name: k.Value}
		if !r.name(k, "connection", k.Value) {
			return
		}
		if v.Kind == yaml.MappingNode && !hasKey(v, "uri") {
			r.fields(v, p, "a name or a map", r.grantFields(&g), nil)
			if !hasKey(v, "connection") {
				g.Connection = g.Name
			}
		} else {
			t := host.Task{}
			r.taskConnection(v, p, &t)
			g.Connection, g.Inline = t.Connection, t.Inline
		}
		all = append(all, g)
	})
	return all
}

func (r *reader) grantFields(g *host.Grant) []field {
	return []field{
		{"connection", func(n *yaml.Node, path string) {
			if s, ok := r.str(n, path); ok && r.name(n, "connection", s) {
				g.Connection = s
			}
		}},
		{"access", func(n *yaml.Node, path string) { g.ReadOnly = r.access(n, path) == abi.ReadOnly }},
	}
}

func hasKey(n *yaml.Node, key string) bool {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return true
		}
	}
	return false
}

// ReadJSON reads a file with one document of any kind, such as the config of
// a task, and returns it as JSON. The error is host.Errors.
func ReadJSON(file string, data []byte) ([]byte, error) {
	r := &reader{file: file}
	docs := r.documents(data, MaxFile)
	if len(docs) > 1 {
		r.fault(docs[1], "", "this is one document, and here is another")
	}
	var text []byte
	if len(docs) > 0 {
		text, _ = r.toJSON(docs[0])
	}
	if err := r.err(); err != nil {
		return nil, err
	}
	return text, nil
}
