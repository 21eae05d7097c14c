package flyte

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func textLiteral(s string) *core.Literal {
	return &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{Value: &core.Scalar_Primitive{Primitive: &core.Primitive{Value: &core.Primitive_StringValue{StringValue: s}}}}}}
}

func genericLiteral(t *testing.T, v map[string]any) *core.Literal {
	t.Helper()
	s, err := structpb.NewStruct(v)
	if err != nil {
		t.Fatal(err)
	}
	return &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{Value: &core.Scalar_Generic{Generic: s}}}}
}

// schemaType is a STRUCT with a JSON schema.
func schemaType(t *testing.T, schema map[string]any) *core.LiteralType {
	t.Helper()
	s, err := structpb.NewStruct(schema)
	if err != nil {
		t.Fatal(err)
	}
	return &core.LiteralType{Type: &core.LiteralType_Simple{Simple: core.SimpleType_STRUCT}, Metadata: s}
}

// TestSmallAndEndless prepares templates and inputs of a few kilobytes whose
// work, or memory, would have no end if it were done as it is written.
func TestSmallAndEndless(t *testing.T) {
	simple := func(s core.SimpleType) *core.LiteralType {
		return &core.LiteralType{Type: &core.LiteralType_Simple{Simple: s}}
	}
	ref := func(name string) any { return map[string]any{"$ref": "#/definitions/" + name} }
	twice := map[string]any{"type": "object", "properties": map[string]any{"a": ref("A"), "b": ref("A")}}
	either := map[string]any{"type": "object", "properties": map[string]any{"a": map[string]any{"anyOf": []any{ref("A"), ref("B")}}}}
	deep := map[string]any{"a": 5.0}
	inUnions := textLiteral("x")
	listType := simple(core.SimpleType_INTEGER)
	for range 100 {
		deep = map[string]any{"a": deep}
	}
	for range 3000 {
		inUnions = &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{Value: &core.Scalar_Union{Union: &core.Union{Value: inUnions, Type: simple(core.SimpleType_STRING)}}}}}
		listType = &core.LiteralType{Type: &core.LiteralType_CollectionType{CollectionType: listType}}
	}
	var variants []*core.LiteralType
	for range 3000 {
		variants = append(variants, simple(core.SimpleType_INTEGER))
	}
	texts := make([]*core.Literal, 3000)
	for i := range texts {
		texts[i] = textLiteral("x")
	}
	type inputs = map[string]*core.Literal
	types := func(name string, of *core.LiteralType) map[string]*core.Variable {
		return map[string]*core.Variable{name: {Type: of}}
	}
	datetimes, dates, quoted := map[string]*core.Variable{}, inputs{}, strings.Builder{}
	for i := range 5000 {
		name := fmt.Sprintf("d%d", i)
		datetimes[name] = &core.Variable{Type: simple(core.SimpleType_DATETIME)}
		dates[name] = &core.Literal{Value: &core.Literal_Scalar{Scalar: &core.Scalar{Value: &core.Scalar_Primitive{Primitive: &core.Primitive{Value: &core.Primitive_Datetime{Datetime: timestamppb.New(time.Unix(0, 0))}}}}}}
		quoted.WriteString(" '{{.inputs." + name + "}}'")
	}
	for name, c := range map[string]struct {
		query    string
		declared map[string]*core.Variable
		given    inputs
		text     bool
		want     string // the kind of the error
	}{
		"classes that name themselves twice": {"SELECT 1", types("a", schemaType(t, map[string]any{"$ref": "#/definitions/A", "definitions": map[string]any{"A": twice}})), nil, false, ""},
		"unions of classes": {"SELECT {{.inputs.a}}", types("a", schemaType(t, map[string]any{"$ref": "#/definitions/A", "definitions": map[string]any{"A": either, "B": either}})),
			inputs{"a": genericLiteral(t, deep)}, false, "TypeTransformerFailedError"},
		"many variants": {"SELECT {{.inputs.a}}", types("a", &core.LiteralType{Type: &core.LiteralType_CollectionType{CollectionType: &core.LiteralType{Type: &core.LiteralType_UnionType{UnionType: &core.UnionType{Variants: variants}}}}}),
			inputs{"a": {Value: &core.Literal_Collection{Collection: &core.LiteralCollection{Literals: texts}}}}, false, "TypeTransformerFailedError"},
		"a union in unions":           {"SELECT {{.inputs.a}}", types("a", simple(core.SimpleType_INTEGER)), inputs{"a": inUnions}, false, "TypeTransformerFailedError"},
		"lists in lists":              {"SELECT {{.inputs.a}}", types("a", listType), inputs{"a": textLiteral("x")}, false, "TypeTransformerFailedError"},
		"datetimes":                   {"SELECT" + quoted.String(), datetimes, dates, false, ""},
		"a value with its own place":  {strings.Repeat("{{.inputs.a}}", 60), types("a", simple(core.SimpleType_STRING)), inputs{"a": textLiteral("{{.inputs.a}}{{.inputs.a}}")}, true, "MemoryError"},
		"a long value at many places": {strings.Repeat("{{.inputs.a}}", 100_000), types("a", simple(core.SimpleType_STRING)), inputs{"a": textLiteral(strings.Repeat("x", 1<<20))}, true, "MemoryError"},
	} {
		custom, err := structpb.NewStruct(map[string]any{"query_template": c.query, "uri": "sqlite://"})
		if err != nil {
			t.Fatal(err)
		}
		template := &core.TaskTemplate{Type: "sqlalchemy", Custom: custom, Interface: &core.TypedInterface{Inputs: &core.VariableMap{Variables: c.declared}}}
		_, err = Prepare(context.Background(), template, &core.LiteralMap{Literals: c.given}, nil, Interpolation{Text: c.text})
		kind, length := "", 0
		var wrong *inputError
		if errors.As(err, &wrong) {
			kind, length = wrong.kind, len(wrong.message)
		}
		if kind != c.want || err != nil && wrong == nil || length > 8*maxPrinted {
			t.Errorf("%s: %s of %d bytes, %.300v", name, kind, length, err)
		}
	}
}

// TestClassOfItself reads a value of a class that has itself in a field, which
// is deeper than any bound of the schema.
func TestClassOfItself(t *testing.T) {
	node := map[string]any{"type": "object", "properties": map[string]any{
		"value": map[string]any{"type": "integer"},
		"next":  map[string]any{"anyOf": []any{map[string]any{"$ref": "#/definitions/Node"}, map[string]any{"type": "null"}}},
	}}
	typ, err := guess(schemaType(t, map[string]any{"$ref": "#/definitions/Node", "definitions": map[string]any{"Node": node}}))
	if err != nil {
		t.Fatal(err)
	}
	v := map[string]any{"value": 0.0, "next": nil}
	for i := range 40 {
		v = map[string]any{"value": float64(i + 1), "next": v}
	}
	got, err := (&literals{}).convert(t.Context(), genericLiteral(t, v), typ, 0)
	if err != nil {
		t.Fatal(err)
	}
	depth := 0
	for ; got.kind == pyObject; depth++ {
		if got.list[1].kind != pyInt || got.s != "Node" {
			t.Fatal(got)
		}
		got = got.list[0]
	}
	if depth != 41 {
		t.Error(depth)
	}
}
