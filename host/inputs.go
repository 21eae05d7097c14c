package host

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/near"
)

// values checks the inputs of an execution against what the task declares, all
// at once, and returns them in that order, with the defaults filled in.
func (p *Program) values(in Inputs) ([]abi.NamedValue, error) {
	var faults Errors
	add := func(name, hint, format string, args ...any) {
		faults = append(faults, &Error{Code: CodeConfig, Task: p.task.Name, Input: name, Place: keysOf(p.task.Source, "inputs.").place(name),
			Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	var names []string
	var out []abi.NamedValue
	for _, decl := range p.task.Inputs {
		names = append(names, decl.Name)
		v, given := in[decl.Name]
		if !given {
			if decl.Default == nil {
				add(decl.Name, fmt.Sprintf("give it: -i %s=…", decl.Name), "input %q (%s) is missing", decl.Name, decl.Type)
				continue
			}
			v = *decl.Default
		}
		v, err := decl.accept(v)
		if err != "" {
			add(decl.Name, "", "input %q: %s", decl.Name, err)
			continue
		}
		out = append(out, abi.NamedValue{Name: decl.Name, Value: v})
	}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		if slices.Contains(names, name) {
			continue
		}
		hint := "the task has no inputs"
		if len(names) > 0 {
			hint = "the task has: " + strings.Join(names, ", ")
		}
		if meant, ok := near.Name(name, names); ok {
			hint = fmt.Sprintf("did you mean %q?", meant)
		}
		add("", hint, "there is no input %q", name)
	}
	if len(faults) > 0 {
		return nil, faults
	}
	return out, nil
}

// accept checks a value against the declaration and gives it its type.
func (d Input) accept(v abi.Value) (_ abi.Value, fault string) {
	if v.Null {
		if !d.Type.Nullable {
			return v, fmt.Sprintf("it is null, and %s is not: declare %s? for one that may be", d.Type, d.Type)
		}
		return abi.Value{Type: d.Type, Null: true}, ""
	}
	bare, want := v.Type, d.Type
	bare.Nullable, want.Nullable = false, false
	if !bare.Equal(want) {
		return v, fmt.Sprintf("it is %s, declared is %s", v.Type, d.Type)
	}
	v.Type = d.Type
	if !d.Lists(v) {
		return v, "it is none of the values that enum lists"
	}
	return v, ""
}

// Lists reports whether a value of the input's type is one of Enum, where
// there is one. Null always is: whether it may be given is for the type to say.
func (d Input) Lists(v abi.Value) bool {
	return v.Null || len(d.Enum) == 0 || slices.ContainsFunc(d.Enum, v.Same)
}
