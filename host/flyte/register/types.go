package register

import (
	"fmt"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
)

// columnTypes are the types that a schema's columns have.
var columnTypes = map[abi.Kind]core.SchemaType_SchemaColumn_SchemaColumnType{
	abi.Int: core.SchemaType_SchemaColumn_INTEGER, abi.Float: core.SchemaType_SchemaColumn_FLOAT, abi.Str: core.SchemaType_SchemaColumn_STRING,
	abi.Bool: core.SchemaType_SchemaColumn_BOOLEAN, abi.Datetime: core.SchemaType_SchemaColumn_DATETIME, abi.Timedelta: core.SchemaType_SchemaColumn_DURATION,
}

// simple is a type of Flyte that has a name, and the name of the transformer
// that a variant of a union is tagged with.
type simple struct {
	kind abi.Kind
	is   core.SimpleType
	tag  string
}

// simples are the types of inputs, the one that a type of Flyte becomes first.
var simples = []simple{
	{abi.Int, core.SimpleType_INTEGER, "int"},
	{abi.Float, core.SimpleType_FLOAT, "float"},
	{abi.Str, core.SimpleType_STRING, "str"},
	{abi.Bool, core.SimpleType_BOOLEAN, "bool"},
	{abi.Datetime, core.SimpleType_DATETIME, "datetime"},
	{abi.Date, core.SimpleType_DATETIME, "date"},
	{abi.Timedelta, core.SimpleType_DURATION, "timedelta"},
	{abi.JSON, core.SimpleType_STRUCT, "Typed Dict"},
}

// listTag is the transformer of lists.
const listTag = "Typed List"

// inputType returns the type of an input.
func inputType(in host.Input) (*core.LiteralType, error) {
	if in.Enum == nil {
		t, _, err := literalType(in.Name, in.Type)
		return t, err
	}
	e := &core.EnumType{}
	for _, v := range in.Enum {
		if in.Type.Kind != abi.Str || in.Type.Nullable {
			return nil, fault(fmt.Sprintf("input %q has an enum of type %s, and Flyte's are of texts", in.Name, in.Type), "leave out the enum, or make it str")
		}
		e.Values = append(e.Values, v.Str)
	}
	return &core.LiteralType{Type: &core.LiteralType_EnumType{EnumType: e}}, nil
}

// literalType returns the type of Flyte for one of ours, and its transformer.
func literalType(name string, t abi.Type) (*core.LiteralType, string, error) {
	if t.Nullable {
		some := t
		some.Nullable = false
		of, tag, err := literalType(name, some)
		if err != nil {
			return nil, "", err
		}
		of.Structure = &core.TypeStructure{Tag: tag}
		none := simpleType(core.SimpleType_NONE)
		none.Structure = &core.TypeStructure{Tag: "none"}
		return &core.LiteralType{Type: &core.LiteralType_UnionType{UnionType: &core.UnionType{Variants: []*core.LiteralType{of, none}}}}, "Union", nil
	}
	if t.Kind == abi.List {
		of, _, err := literalType(name, *t.Elem)
		return &core.LiteralType{Type: &core.LiteralType_CollectionType{CollectionType: of}}, listTag, err
	}
	for _, s := range simples {
		if s.kind == t.Kind {
			return simpleType(s.is), s.tag, nil
		}
	}
	return nil, "", fault(fmt.Sprintf("input %q is of type %s, which a Flyte task's inputs have not", name, t),
		"they are int, float, str, bool, datetime, date, timedelta, json and lists of them")
}

func simpleType(t core.SimpleType) *core.LiteralType {
	return &core.LiteralType{Type: &core.LiteralType_Simple{Simple: t}}
}

// typeOf returns what a task file calls a type of Flyte, and the values of an
// enum. What it has no word for is json: the type itself then stands in the
// file's flyte.template.
func typeOf(t *core.LiteralType) (abi.Type, []string) {
	switch of := t.GetType().(type) {
	case *core.LiteralType_Simple:
		for _, s := range simples {
			if s.is == of.Simple {
				return abi.Type{Kind: s.kind}, nil
			}
		}
	case *core.LiteralType_EnumType:
		return abi.Type{Kind: abi.Str}, of.EnumType.GetValues()
	case *core.LiteralType_CollectionType:
		elem, _ := typeOf(of.CollectionType)
		return abi.Type{Kind: abi.List, Elem: &elem}, nil
	case *core.LiteralType_UnionType:
		v := of.UnionType.GetVariants()
		if len(v) == 2 && v[1].GetSimple() == core.SimpleType_NONE && v[1].GetType() != nil {
			some, enum := typeOf(v[0])
			some.Nullable = enum == nil
			return some, enum
		}
	}
	return abi.Type{Kind: abi.JSON}, nil
}

// columnType returns what a task file calls a schema's column. It may hold
// nulls, which a schema does not forbid.
func columnType(t core.SchemaType_SchemaColumn_SchemaColumnType) abi.Type {
	for kind, is := range columnTypes {
		if is == t {
			return abi.Type{Kind: kind, Nullable: true}
		}
	}
	return abi.Type{Kind: abi.Str, Nullable: true}
}
