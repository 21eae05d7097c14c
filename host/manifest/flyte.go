package manifest

import (
	"go.yaml.in/yaml/v3"

	"github.com/wasmsql/wasmsql/host"
)

// Flyte is the part of a task file that only a registration with Flyte reads.
type Flyte struct {
	// Project, Domain and Version are of the task's identifier, Image is that of
	// its container. Any may be empty.
	Project, Domain, Version, Image string
	// Template is JSON: what a TaskTemplate has beside what the rest of the file
	// says, in protobuf's JSON mapping, to be merged into it. Nil is nothing.
	Template []byte
}

// FlyteTask is a task and how it is registered.
type FlyteTask struct {
	host.Task
	Flyte
	URI string // of an inline connection, as it stands in the file
}

// ReadFlyteTasks is ReadTasks for what is to be registered.
func ReadFlyteTasks(file string, data []byte) ([]FlyteTask, error) {
	drafts, err := Options{}.drafts(file, data)
	if err != nil {
		return nil, err
	}
	tasks := make([]FlyteTask, len(drafts))
	for i, d := range drafts {
		tasks[i] = FlyteTask{d.Task, d.flyte, d.uri}
	}
	return tasks, nil
}

func (r *reader) flyteFields(f *Flyte) []field {
	text := func(to *string) func(*yaml.Node, string) {
		return func(n *yaml.Node, path string) { *to, _ = r.str(n, path) }
	}
	return []field{
		{"project", text(&f.Project)},
		{"domain", text(&f.Domain)},
		{"version", text(&f.Version)},
		{"image", text(&f.Image)},
		{"template", func(n *yaml.Node, path string) {
			if n.Kind != yaml.MappingNode {
				r.fault(n, "a part of flyteidl's TaskTemplate: {metadata: {interruptible: true}}", "%s must be a map, not %s", quote(path), kindOf(n))
				return
			}
			f.Template, _ = r.toJSON(n)
		}},
	}
}

// scalarOf returns the text of a key of a map, or "".
func scalarOf(n *yaml.Node, key string) string {
	if n.Kind != yaml.MappingNode {
		return ""
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if v := target(n.Content[i+1]); n.Content[i].Value == key && v.Kind == yaml.ScalarNode {
			return v.Value
		}
	}
	return ""
}
