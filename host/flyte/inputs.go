package flyte

import (
	"context"
	"fmt"
	"strings"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"

	"github.com/wasmsql/wasmsql/abi/pytext"
)

// argument is an input with its value as Python would have it.
type argument struct {
	name  string
	value pyValue
	typ   *pyType
}

// arguments converts the inputs of an execution, sorted by name. Literals that
// are given where nothing is declared are dropped, as flytekit does it.
//
// Source: ExecutableTemplateShimTask.dispatch_execute in shim_task.py and
// TypeEngine.literal_map_to_kwargs in type_engine.py.
func (l *literals) arguments(ctx context.Context, declared *core.VariableMap, given *core.LiteralMap) ([]argument, error) {
	types := map[string]*pyType{}
	for _, name := range sortedKeys(declared.GetVariables()) {
		t, err := guess(declared.GetVariables()[name].GetType())
		if err != nil {
			return nil, named(err, name)
		}
		types[name] = t
	}
	if len(types) == 0 {
		return nil, nil
	}
	if n := len(given.GetLiterals()); n > len(types) {
		return nil, failed("ValueError", "Received more input values %d than allowed by the input spec %d", n, len(types))
	}
	names := sortedKeys(given.GetLiterals())
	for _, name := range names {
		if types[name] == nil {
			return nil, &inputError{kind: "KeyError", message: pytext.ReprText(name),
				hint: fmt.Sprintf("the task declares no input %q: it has %s", name, strings.Join(sortedKeys(types), ", "))}
		}
	}
	var out []argument
	for _, name := range names {
		lit := given.GetLiterals()[name]
		v, err := l.convert(ctx, lit, types[name], 0)
		if e, ok := err.(*inputError); ok {
			return nil, failed("TypeTransformerFailedError", "Error converting input '%s':\nLiteral value: %s\nExpected Python type: %s\nException: %s",
				name, textFormat(lit), types[name].repr(), e.message)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, argument{name, v, types[name]})
	}
	return out, nil
}

// named adds the input's name to a hint about its type.
func named(err error, name string) error {
	if e, ok := err.(*inputError); ok {
		e.hint = strings.TrimSpace(fmt.Sprintf("it is the type of input %q. %s", name, e.hint))
	}
	return err
}
