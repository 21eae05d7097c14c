// Package register turns task files into the TaskTemplates that flytekit's
// SQLAlchemy plugin would register for the same tasks, and back, so that a task
// gets into Flyte without Python.
package register

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/secret"
)

// flytekitVersion is the flytekit whose templates these are.
const flytekitVersion = "1.16.31"

// What stands in an identifier until it is registered: flytectl fills it in.
const (
	anyProject = "{{ registration.project }}"
	anyDomain  = "{{ registration.domain }}"
	anyVersion = "{{ registration.version }}"
)

// Template returns the template of a task. Its error is a *host.Error, which
// says what of the task Flyte has no word for.
func Template(t manifest.FlyteTask) (*core.TaskTemplate, error) {
	if err := fits(t); err != nil {
		return nil, err
	}
	in, err := inputs(t.Inputs)
	if err != nil {
		return nil, err
	}
	out, err := outputs(t.Outputs)
	if err != nil {
		return nil, err
	}
	custom, err := custom(t)
	if err != nil {
		return nil, err
	}
	template := &core.TaskTemplate{
		Id: &core.Identifier{ResourceType: core.ResourceType_TASK, Project: cmp.Or(t.Project, anyProject), Domain: cmp.Or(t.Domain, anyDomain),
			Name: t.Name, Version: cmp.Or(t.Version, anyVersion)},
		Type: flyte.TaskType,
		Metadata: &core.TaskMetadata{
			Runtime:       &core.RuntimeMetadata{Type: core.RuntimeMetadata_FLYTE_SDK, Version: flytekitVersion, Flavor: "python"},
			Retries:       &core.RetryStrategy{Retries: uint32(t.Retries)},
			GeneratesDeck: wrapperspb.Bool(false),
			Metadata:      &core.K8SObjectMetadata{},
		},
		Interface:       &core.TypedInterface{Inputs: in, Outputs: out},
		Custom:          custom,
		Target:          &core.TaskTemplate_Container{Container: &core.Container{Image: t.Image, Args: flyte.ContainerArgs(), Resources: &core.Resources{}}},
		SecurityContext: secrets(t.Inline.SecretArgs),
	}
	if t.Timeout > 0 {
		template.Metadata.Timeout = durationpb.New(t.Timeout)
	}
	if template, err = merged(template, t.Flyte.Template); err != nil {
		return nil, err
	}
	if template.GetContainer() != nil && template.GetContainer().GetImage() == "" {
		return nil, fault("the task names no image", "write flyte: {image: …} in the task file, or use --image")
	}
	return template, nil
}

// Marshal returns a template's bytes, the same ones each time.
func Marshal(t *core.TaskTemplate) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(t)
}

// MarshalSpec returns the bytes of the TaskSpec of a template, which is what
// flytectl registers.
func MarshalSpec(t *core.TaskTemplate) ([]byte, error) {
	data, err := Marshal(t)
	if err != nil {
		return nil, err
	}
	// message TaskSpec { core.TaskTemplate template = 1; … }
	return protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), data), nil
}

func fault(message, hint string) *host.Error {
	return &host.Error{Code: host.CodeConfig, Message: message, Hint: hint}
}

// fits refuses tasks that are none of flytekit's SQLAlchemy plugin.
func fits(t manifest.FlyteTask) error {
	switch {
	case t.Query == "":
		return fault(fmt.Sprintf("task %q has a module, and Flyte's sqlalchemy tasks have a query", t.Name), "")
	case t.Inline == nil:
		return fault(fmt.Sprintf("task %q names a connection, and a template holds one", t.Name),
			"write connection: {uri: …, secret_connect_args: …} in the task file")
	}
	for _, in := range t.Inputs {
		if in.Default != nil && !in.Type.Nullable {
			return fault(fmt.Sprintf("input %q has a default, and a Flyte task's inputs have none", in.Name), "leave it out; a launch plan may have it")
		}
	}
	return nil
}

// custom is what the plugin's executor reads: SQLAlchemyTask.get_custom.
func custom(t manifest.FlyteTask) (*structpb.Struct, error) {
	args := map[string]any{}
	for name, value := range t.Inline.Args {
		args[name] = value
	}
	var named any
	if len(t.Inline.SecretArgs) > 0 {
		refs := map[string]any{}
		for name, ref := range t.Inline.SecretArgs {
			refs[name] = map[string]any{"group": orNull(ref.Group), "key": orNull(ref.Key), "group_version": orNull(ref.Version), "mount_requirement": int(ref.Mount)}
		}
		named = refs
	}
	s, err := structpb.NewStruct(map[string]any{"query_template": flyte.Normalise(t.Query), "uri": t.URI, "connect_args": args, "secret_connect_args": named})
	if err != nil {
		return nil, fault("connect_args holds what a template cannot", "texts, numbers, booleans, null, lists and maps of them")
	}
	return s, nil
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// secrets asks Flyte to mount what secret_connect_args names. flytekit leaves
// that to the author, whose task fails if he forgets.
func secrets(args map[string]secret.Ref) *core.SecurityContext {
	refs := map[string]*core.Secret{}
	for _, ref := range args {
		refs[fmt.Sprint(ref, ref.Mount)] = &core.Secret{Group: ref.Group, Key: ref.Key, GroupVersion: ref.Version, MountRequirement: core.Secret_MountType(ref.Mount)}
	}
	if len(refs) == 0 {
		return nil
	}
	c := &core.SecurityContext{}
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		c.Secrets = append(c.Secrets, refs[name])
	}
	return c
}

// merged returns a template with a JSON merge patch, RFC 7396, applied to it.
func merged(t *core.TaskTemplate, patch []byte) (*core.TaskTemplate, error) {
	if len(patch) == 0 {
		return t, nil
	}
	into, err := asJSON(t)
	if err != nil {
		return nil, err
	}
	var with any
	if err := json.Unmarshal(patch, &with); err != nil {
		return nil, err
	}
	data, err := json.Marshal(merge(into, with))
	if err != nil {
		return nil, err
	}
	out := &core.TaskTemplate{}
	if err := protojson.Unmarshal(data, out); err != nil {
		return nil, fault("flyte.template is no part of a TaskTemplate", "its keys are those of flyteidl.core.TaskTemplate in protobuf's JSON mapping")
	}
	return out, nil
}

// asJSON returns a template as maps, lists and scalars, with protobuf's names
// in JSON.
func asJSON(t *core.TaskTemplate) (any, error) {
	data, err := protojson.Marshal(t)
	if err != nil {
		return nil, err
	}
	var v any
	err = json.Unmarshal(data, &v)
	return v, err
}

// merge applies a merge patch.
func merge(into, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	m, ok := into.(map[string]any)
	if !ok {
		m = map[string]any{}
	}
	for name, value := range p {
		if value == nil {
			delete(m, name)
		} else {
			m[name] = merge(m[name], value)
		}
	}
	return m
}

// difference returns the merge patch that makes to of from, or nil. What a
// patch cannot say, a null put somewhere, it leaves out.
func difference(from, to map[string]any) map[string]any {
	patch := map[string]any{}
	for name := range from {
		if _, there := to[name]; !there {
			patch[name] = nil
		}
	}
	for name, want := range to {
		have, there := from[name]
		a, isMap := have.(map[string]any)
		b, wantsMap := want.(map[string]any)
		switch {
		case there && equal(have, want):
		case there && isMap && wantsMap:
			patch[name] = difference(a, b)
		default:
			patch[name] = want
		}
	}
	return patch
}

// equal compares what json.Unmarshal returned.
func equal(a, b any) bool {
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	return string(x) == string(y)
}

// inputs returns the variables of a task's inputs. flytekit describes one that
// has no description by its name.
func inputs(all []host.Input) (*core.VariableMap, error) {
	m := &core.VariableMap{}
	for _, in := range all {
		t, err := inputType(in)
		if err != nil {
			return nil, err
		}
		if m.Variables == nil {
			m.Variables = map[string]*core.Variable{}
		}
		m.Variables[in.Name] = &core.Variable{Type: t, Description: cmp.Or(in.Description, in.Name)}
	}
	return m, nil
}

// outputs returns the variable of a task's result: a schema with its columns.
func outputs(o abi.Outputs) (*core.VariableMap, error) {
	m := &core.VariableMap{}
	if o.Mode == abi.OutputNone {
		return m, nil
	}
	s := &core.SchemaType{}
	for _, c := range o.Columns {
		t, ok := columnTypes[c.Type.Kind]
		if !ok {
			return nil, fault(fmt.Sprintf("column %q is of type %s, which a Flyte schema has not", c.Name, c.Type),
				"a schema's columns are int, float, str, bool, datetime and timedelta; outputs: any declares none")
		}
		s.Columns = append(s.Columns, &core.SchemaType_SchemaColumn{Name: c.Name, Type: t})
	}
	m.Variables = map[string]*core.Variable{"results": {Type: &core.LiteralType{Type: &core.LiteralType_Schema{Schema: s}}, Description: "results"}}
	return m, nil
}
