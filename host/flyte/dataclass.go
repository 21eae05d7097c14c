package flyte

import (
	"slices"
	"strings"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/types/known/structpb"
)

// guessStruct returns the type of a STRUCT: a dict, or with a JSON schema in
// its metadata the dataclass that the schema describes.
//
// flytekit makes the class anew, with the fields in the order of a protobuf
// map, which is none; here they are sorted by name.
//
// Source: DataclassTransformer.guess_python_type and
// convert_mashumaro_json_schema_to_python_class in flytekit's type_engine.py.
func guessStruct(t *core.LiteralType) (*pyType, error) {
	m := t.GetMetadata()
	if m == nil {
		return &pyType{name: "dict", tag: "Typed Dict", kind: typeDict}, nil
	}
	if defs := property(m, "definitions"); defs != nil {
		name := lastOf(text(m, "$ref"))
		return schemas{defs, map[string]*pyType{}}.class(name), nil
	}
	if title := text(m, "title"); title != "" {
		return schemas{property(m, "$defs"), map[string]*pyType{}}.dataclass(m, title, 0), nil
	}
	return nil, &inputError{kind: "ValueError", message: "No transformers could reverse Flyte literal type " + shortString("LiteralType", t)}
}

// Bounds of a schema.
const (
	maxSchemaDepth = 32 // of a property
	maxClasses     = 1000
)

// schemas makes types of the schemas that a schema names. Each is made once: a
// few that name each other twice would be more than memory has.
type schemas struct {
	defs *structpb.Struct
	made map[string]*pyType
}

// class returns the dataclass of a named schema.
func (s schemas) class(name string) *pyType {
	if t := s.made[name]; t != nil {
		return t
	}
	if len(s.made) >= maxClasses {
		return &pyType{kind: typeAny}
	}
	t := &pyType{}
	s.made[name] = t // which its own fields may name
	*t = *s.dataclass(property(s.defs, name), name, 0)
	return t
}

// dataclass returns the type that a schema's properties describe.
func (s schemas) dataclass(schema *structpb.Struct, class string, depth int) *pyType {
	t := &pyType{name: "types." + class, tag: "Object-Dataclass-Transformer", kind: typeObject, class: class}
	for name, v := range property(schema, "properties").GetFields() {
		t.fields = append(t.fields, pyField{name, s.typeOf(v.GetStructValue(), depth+1)})
	}
	slices.SortFunc(t.fields, func(a, b pyField) int { return strings.Compare(a.name, b.name) })
	return t
}

// typeOf returns the type of a property or an element.
func (s schemas) typeOf(of *structpb.Struct, depth int) *pyType {
	if depth > maxSchemaDepth {
		return &pyType{kind: typeAny}
	}
	if ref := text(of, "$ref"); ref != "" {
		name := lastOf(ref)
		if target := property(s.defs, name); target == nil || len(list(target, "enum")) > 0 {
			return simpleTypes[core.SimpleType_STRING]
		}
		return s.class(name)
	}
	if any := list(of, "anyOf"); len(any) > 0 {
		variants := make([]*pyType, len(any))
		for i, v := range any {
			variants[i] = s.typeOf(v.GetStructValue(), depth+1)
		}
		return unionOf(variants)
	}
	if len(list(of, "enum")) > 0 {
		return simpleTypes[core.SimpleType_STRING]
	}
	if several := list(of, "type"); len(several) > 0 { // marshmallow's ["integer", "null"]
		return optional(s.plain(several[0].GetStringValue(), of, depth))
	}
	return s.plain(text(of, "type"), of, depth)
}

// plain returns the type of a schema with one type.
func (s schemas) plain(name string, of *structpb.Struct, depth int) *pyType {
	switch name {
	case "integer":
		return simpleTypes[core.SimpleType_INTEGER]
	case "number":
		if text(of, "format") == "integer" {
			return simpleTypes[core.SimpleType_INTEGER]
		}
		return simpleTypes[core.SimpleType_FLOAT]
	case "boolean":
		return simpleTypes[core.SimpleType_BOOLEAN]
	case "null":
		return simpleTypes[core.SimpleType_NONE]
	case "array":
		return listOf(s.typeOf(property(of, "items"), depth+1))
	case "object":
		if more := property(of, "additionalProperties"); len(more.GetFields()) > 0 {
			return dictOf(s.typeOf(more, depth+1))
		}
		if title := text(of, "title"); title != "" {
			return s.dataclass(of, title, depth)
		}
		return &pyType{name: "dict", kind: typeDict}
	}
	return simpleTypes[core.SimpleType_STRING]
}

func property(s *structpb.Struct, name string) *structpb.Struct {
	return s.GetFields()[name].GetStructValue()
}

func text(s *structpb.Struct, name string) string { return s.GetFields()[name].GetStringValue() }

func list(s *structpb.Struct, name string) []*structpb.Value {
	return s.GetFields()[name].GetListValue().GetValues()
}

func lastOf(ref string) string { return ref[strings.LastIndexByte(ref, '/')+1:] }
