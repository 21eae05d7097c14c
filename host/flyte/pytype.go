package flyte

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
)

// pyType is the Python type that flytekit guesses from a declared one.
type pyType struct {
	name     string   // as typing prints it: "int", "typing.List[int]"
	tag      string   // the name of its transformer, which a union stores
	kind     typeKind //
	elem     *pyType  // of a list; of a dict's values, nil for any
	variants []*pyType
	values   []string  // of an enum
	class    string    // of a dataclass
	fields   []pyField // of a dataclass, sorted by name
}

type pyField struct {
	name string
	typ  *pyType
}

type typeKind uint8

const (
	typeInt typeKind = iota
	typeFloat
	typeStr
	typeBool
	typeDatetime
	typeTimedelta
	typeNone
	typeList
	typeDict
	typeUnion
	typeEnum
	typeObject
	typeAny // within a dataclass
)

var simpleTypes = map[core.SimpleType]*pyType{
	core.SimpleType_INTEGER:  {name: "int", tag: "int", kind: typeInt},
	core.SimpleType_FLOAT:    {name: "float", tag: "float", kind: typeFloat},
	core.SimpleType_STRING:   {name: "str", tag: "str", kind: typeStr},
	core.SimpleType_BOOLEAN:  {name: "bool", tag: "bool", kind: typeBool},
	core.SimpleType_DATETIME: {name: "datetime.datetime", tag: "datetime", kind: typeDatetime},
	core.SimpleType_DURATION: {name: "datetime.timedelta", tag: "timedelta", kind: typeTimedelta},
	core.SimpleType_NONE:     {name: "NoneType", tag: "none", kind: typeNone},
}

// guess returns the Python type of a declared one.
//
// Source: TypeEngine.guess_python_type in flytekit's type_engine.py, and the
// order in which its transformers are registered.
func guess(t *core.LiteralType) (*pyType, error) {
	switch x := t.GetType().(type) {
	case *core.LiteralType_Simple:
		if p, ok := simpleTypes[x.Simple]; ok {
			return p, nil
		}
		if x.Simple == core.SimpleType_STRUCT {
			return guessStruct(t)
		}
	case *core.LiteralType_CollectionType:
		elem, err := guess(x.CollectionType)
		if err != nil {
			return nil, err
		}
		return listOf(elem), nil
	case *core.LiteralType_MapValueType:
		elem, err := guess(x.MapValueType)
		if err != nil {
			return nil, err
		}
		return dictOf(elem), nil
	case *core.LiteralType_UnionType:
		return guessUnion(x.UnionType)
	case *core.LiteralType_EnumType:
		return &pyType{name: "flytekit.core.type_engine.DynamicEnum", tag: "DefaultEnumTransformer", kind: typeEnum, values: x.EnumType.GetValues()}, nil
	case *core.LiteralType_Schema, *core.LiteralType_StructuredDatasetType, *core.LiteralType_Blob:
		return nil, &inputError{kind: "TypeError", message: "files and tables cannot be values of a query",
			hint: "give the value itself, or load the file into the database first"}
	}
	return nil, &inputError{kind: "ValueError", message: "No transformers could reverse Flyte literal type " + shortString("LiteralType", t)}
}

func listOf(elem *pyType) *pyType {
	return &pyType{name: "typing.List[" + elem.name + "]", tag: "Typed List", kind: typeList, elem: elem}
}

func dictOf(elem *pyType) *pyType {
	return &pyType{name: "typing.Dict[str, " + elem.name + "]", tag: "Typed Dict", kind: typeDict, elem: elem}
}

func optional(elem *pyType) *pyType {
	return unionOf([]*pyType{elem, simpleTypes[core.SimpleType_NONE]})
}

func unionOf(variants []*pyType) *pyType {
	u := &pyType{kind: typeUnion, tag: "Typed Union", variants: variants}
	names := make([]string, len(variants))
	for i, v := range variants {
		names[i] = v.name
	}
	none := slices.Index(names, "NoneType")
	if len(names) == 2 && none >= 0 {
		u.name = "typing.Optional[" + names[1-none] + "]"
	} else {
		u.name = "typing.Union[" + strings.Join(names, ", ") + "]"
	}
	return u
}

func guessUnion(t *core.UnionType) (*pyType, error) {
	var variants []*pyType
	for _, v := range t.GetVariants() {
		p, err := guess(v)
		if err != nil {
			return nil, err
		}
		variants = append(variants, p)
	}
	return unionOf(variants), nil
}

// repr is Python's repr of the type.
func (t *pyType) repr() string {
	switch {
	case strings.HasPrefix(t.name, "typing."):
		return t.name
	case t.kind == typeEnum:
		return "<enum 'DynamicEnum'>"
	}
	return fmt.Sprintf("<class '%s'>", t.name)
}

// inputError is an error of an input, with the words and the exception that
// flytekit has for it.
type inputError struct {
	kind    string // the class of the exception: "ValueError"
	message string
	hint    string
}

func (e *inputError) Error() string { return e.message }
