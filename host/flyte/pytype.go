package flyte

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"

	"github.com/wasmsql/wasmsql/abi"
)

// pyType is the Python type that flytekit guesses from a declared one. A
// dataclass may have itself in its fields.
type pyType struct {
	name     string   // of what is not made of other types, as Python prints it: "int"
	tag      string   // the name of its transformer, which a union stores
	kind     typeKind //
	elem     *pyType  // of a list; of a dict's values, nil for any
	variants []*pyType
	values   map[string]bool // of an enum
	class    string          // of a dataclass
	fields   []pyField       // of a dataclass, sorted by name
	null     *abi.Type       // of a list or a union: what declaredType has made of it
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
		p := &pyType{name: "flytekit.core.type_engine.DynamicEnum", tag: "DefaultEnumTransformer", kind: typeEnum, values: map[string]bool{}}
		for _, v := range x.EnumType.GetValues() {
			p.values[v] = true
		}
		return p, nil
	case *core.LiteralType_Schema, *core.LiteralType_StructuredDatasetType, *core.LiteralType_Blob:
		return nil, &inputError{kind: "TypeError", message: "files and tables cannot be values of a query",
			hint: "give the value itself, or load the file into the database first"}
	}
	return nil, &inputError{kind: "ValueError", message: "No transformers could reverse Flyte literal type " + shortString("LiteralType", t)}
}

func listOf(elem *pyType) *pyType {
	return &pyType{tag: "Typed List", kind: typeList, elem: elem}
}

func dictOf(elem *pyType) *pyType {
	return &pyType{tag: "Typed Dict", kind: typeDict, elem: elem}
}

func optional(elem *pyType) *pyType {
	return unionOf([]*pyType{elem, simpleTypes[core.SimpleType_NONE]})
}

func unionOf(variants []*pyType) *pyType {
	return &pyType{kind: typeUnion, tag: "Typed Union", variants: variants}
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

// String returns the type as Python's typing prints it: "typing.List[int]". It
// is made when it is asked for: a type within n others has n names.
func (t *pyType) String() string {
	var b strings.Builder
	t.print(&b)
	return b.String()
}

func (t *pyType) print(b *strings.Builder) {
	switch {
	case b.Len() > maxPrinted:
	case t.kind == typeList:
		printOf(b, "typing.List[", t.elem)
	case t.kind == typeDict && t.elem != nil:
		printOf(b, "typing.Dict[str, ", t.elem)
	case t.kind == typeUnion:
		none := slices.IndexFunc(t.variants, func(v *pyType) bool { return v.kind == typeNone })
		if len(t.variants) == 2 && none >= 0 {
			printOf(b, "typing.Optional[", t.variants[1-none])
		} else {
			printOf(b, "typing.Union[", t.variants...)
		}
	default:
		b.WriteString(t.name)
	}
}

func printOf(b *strings.Builder, open string, of ...*pyType) {
	b.WriteString(open)
	for i, t := range of {
		if i > 0 {
			b.WriteString(", ")
		}
		t.print(b)
	}
	b.WriteByte(']')
}

// repr is Python's repr of the type.
func (t *pyType) repr() string {
	if t.kind == typeEnum {
		return "<enum 'DynamicEnum'>"
	}
	name := t.String()
	if strings.HasPrefix(name, "typing.") {
		return name
	}
	return fmt.Sprintf("<class '%s'>", name)
}

// inputError is an error of an input, with the words and the exception that
// flytekit has for it.
type inputError struct {
	kind    string // the class of the exception: "ValueError"
	message string
	hint    string
}

func (e *inputError) Error() string { return e.message }
