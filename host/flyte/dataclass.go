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
		return dataclass(property(defs, name), name, defs, 0), nil
	}
	if title := text(m, "title"); title != "" {
		return dataclass(m, title, property(m, "$defs"), 0), nil
	}
	return nil, &inputError{kind: "ValueError", message: "No transformers could reverse Flyte literal type " + shortString("LiteralType", t)}
}

// maxSchemaDepth bounds a schema that refers to itself.
const maxSchemaDepth = 32

// dataclass returns the type that a schema's properties describe.
func dataclass(schema *structpb.Struct, class string, defs *structpb.Struct, depth int) *pyType {
	t := &pyType{name: "types." + class, tag: "Object-Dataclass-Transformer", kind: typeObject, class: class}
	for name, v := range property(schema, "properties").GetFields() {
		t.fields = append(t.fields, pyField{name, schemaType(v.GetStructValue(), defs, depth+1)})
	}
	slices.SortFunc(t.fields, func(a, b pyField) int { return strings.Compare(a.name, b.name) })
	return t
}

// schemaType returns the type of a property or an element.
func schemaType(s, defs *structpb.Struct, depth int) *pyType {
	if depth > maxSchemaDepth {
		return &pyType{kind: typeAny}
	}
	if ref := text(s, "$ref"); ref != "" {
		name := lastOf(ref)
		target := property(defs, name)
		if target == nil || len(list(target, "enum")) > 0 {
			return simpleTypes[core.SimpleType_STRING]
		}
		return dataclass(target, name, defs, depth)
	}
	if any := list(s, "anyOf"); len(any) > 0 {
		variants := make([]*pyType, len(any))
		for i, v := range any {
			variants[i] = schemaType(v.GetStructValue(), defs, depth+1)
		}
		return unionOf(variants)
	}
	if len(list(s, "enum")) > 0 {
		return simpleTypes[core.SimpleType_STRING]
	}
	if several := list(s, "type"); len(several) > 0 { // marshmallow's ["integer", "null"]
		return optional(plainSchema(several[0].GetStringValue(), s, defs, depth))
	}
	return plainSchema(text(s, "type"), s, defs, depth)
}

// plainSchema returns the type of a schema with one type.
func plainSchema(name string, s, defs *structpb.Struct, depth int) *pyType {
	switch name {
	case "integer":
		return simpleTypes[core.SimpleType_INTEGER]
	case "number":
		if text(s, "format") == "integer" {
			return simpleTypes[core.SimpleType_INTEGER]
		}
		return simpleTypes[core.SimpleType_FLOAT]
	case "boolean":
		return simpleTypes[core.SimpleType_BOOLEAN]
	case "null":
		return simpleTypes[core.SimpleType_NONE]
	case "array":
		return listOf(schemaType(property(s, "items"), defs, depth+1))
	case "object":
		if more := property(s, "additionalProperties"); len(more.GetFields()) > 0 {
			return dictOf(schemaType(more, defs, depth+1))
		}
		if title := text(s, "title"); title != "" {
			return dataclass(s, title, defs, depth)
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
