package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/near"
)

// inputs returns the values that the flags give to the inputs of a task. What
// -i gives goes before what the file gives. Its error is host.Errors: all of
// them at once.
func (a *app) inputs(ctx context.Context, t host.Task, flags []string, file string) (host.Inputs, error) {
	values := host.Inputs{}
	if file != "" {
		data, err := a.read(ctx, "inputs file", file)
		if err != nil {
			return nil, err
		}
		if values, err = manifest.ReadInputs(label(file), data, t.Inputs); err != nil {
			return nil, err
		}
		if values == nil {
			values = host.Inputs{}
		}
	}
	var wrong host.Errors
	given := map[string]bool{}
	for _, f := range flags {
		name, value, err := a.input(ctx, t, f)
		switch {
		case err != nil:
			wrong = append(wrong, err)
		case given[name]:
			wrong = append(wrong, &host.Error{Code: host.CodeUsage, Message: fmt.Sprintf("input %q is given twice", name)})
		default:
			values[name] = value
		}
		given[name] = true
	}
	if e := missing(t, values, given); e != nil {
		wrong = append(wrong, e)
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	return values, nil
}

// input reads one name=value. The name is returned also with an error: it is
// the one that is meant, so that it is not missing too.
func (a *app) input(ctx context.Context, t host.Task, flag string) (string, abi.Value, *host.Error) {
	name, text, ok := strings.Cut(flag, "=")
	decl := declared(t, name)
	if !ok {
		hint := "write it as -i name=value"
		if decl != nil {
			hint = "write it as " + example(*decl)
		}
		return name, abi.Value{}, &host.Error{Code: host.CodeUsage, Message: fmt.Sprintf("-i %s has no value", command.Shown(name)), Hint: hint}
	}
	if decl == nil {
		e, meant := unknownInput(t, name)
		return meant, abi.Value{}, e
	}
	v, err := a.value(ctx, *decl, text)
	if err != nil {
		e := *faults(err)[0]
		e.Code = host.CodeConfig
		if !strings.HasPrefix(e.Message, "input ") {
			e.Message = fmt.Sprintf("input %q: %s", name, e.Message)
		}
		if e.Hint == "" {
			e.Hint = "write it as " + example(*decl)
		}
		return name, abi.Value{}, &e
	}
	if !decl.Lists(v) {
		return name, v, notListed(*decl, v)
	}
	return name, v, nil
}

// notListed says that a value is none of those that the task accepts.
func notListed(decl host.Input, v abi.Value) *host.Error {
	var accepted []string
	for _, e := range decl.Enum {
		accepted = append(accepted, manifest.Format(e))
	}
	e := &host.Error{
		Code:    host.CodeConfig,
		Message: fmt.Sprintf("input %q: %q is not accepted", decl.Name, manifest.Format(v)),
		Hint:    "accepted are " + command.Quoted(accepted),
	}
	if n, ok := near.Name(manifest.Format(v), accepted); ok {
		e.Hint = fmt.Sprintf("did you mean %q? %s", n, e.Hint)
	}
	return e
}

// value reads the text of an input. @file stands for what is in the file: all
// of it, byte for byte, for bytes and str; without the space around it for
// the other types. @@ is an @ that begins the text itself.
func (a *app) value(ctx context.Context, decl host.Input, text string) (abi.Value, error) {
	file, isFile := strings.CutPrefix(text, "@")
	if !isFile {
		return manifest.ParseText(decl.Type, text)
	}
	if strings.HasPrefix(file, "@") {
		return manifest.ParseText(decl.Type, file)
	}
	data, err := a.read(ctx, "file", file)
	if err != nil {
		e := *faults(err)[0]
		if e.Hint == "" {
			e.Hint = fmt.Sprintf("@ reads a file; a value that begins with @ is written with two: -i %s=@@…", decl.Name)
		}
		return abi.Value{}, &e
	}
	return manifest.ParseFile(decl.Type, data)
}

func declared(t host.Task, name string) *host.Input {
	for i := range t.Inputs {
		if t.Inputs[i].Name == name {
			return &t.Inputs[i]
		}
	}
	return nil
}

// unknownInput says that a task has no such input, and which is meant.
func unknownInput(t host.Task, name string) (e *host.Error, meant string) {
	e = &host.Error{Code: host.CodeConfig, Message: fmt.Sprintf("the task has no input %s", command.Shown(name))}
	names := make([]string, len(t.Inputs))
	for i, d := range t.Inputs {
		names[i] = d.Name
	}
	if n, ok := near.Name(name, names); ok {
		e.Hint = fmt.Sprintf("did you mean %q?", n)
		return e, n
	}
	e.Hint = "it declares none"
	if len(names) > 0 {
		e.Hint = "its inputs are " + command.Quoted(names)
	}
	return e, name
}

// missing says which inputs have neither a value nor a default. Those that
// were given wrongly have their own error.
func missing(t host.Task, values host.Inputs, given map[string]bool) *host.Error {
	var names, examples []string
	for _, d := range t.Inputs {
		if _, ok := values[d.Name]; ok || given[d.Name] || d.Default != nil {
			continue
		}
		names = append(names, fmt.Sprintf("%q (%s)", d.Name, d.Type))
		examples = append(examples, example(d))
	}
	if names == nil {
		return nil
	}
	message := "input " + names[0] + " is missing"
	if len(names) > 1 {
		message = "inputs " + strings.Join(names, ", ") + " are missing"
	}
	return &host.Error{Code: host.CodeConfig, Message: message, Hint: "give it a value: " + strings.Join(examples, " ")}
}

// example returns how an input is given on the command line.
func example(d host.Input) string {
	text := sample(d.Type)
	if len(d.Enum) > 0 {
		text = manifest.Format(d.Enum[0])
	}
	if strings.ContainsAny(text, "[]{}\"' ") {
		text = "'" + text + "'"
	}
	return "-i " + d.Name + "=" + text
}

// sample returns a text that a value of the type can be written as.
func sample(t abi.Type) string {
	switch t.Kind {
	case abi.Int:
		return "10"
	case abi.Float:
		return "0.5"
	case abi.Bool:
		return "true"
	case abi.Datetime:
		return "2026-01-31T09:30:00Z"
	case abi.Date:
		return "2026-01-31"
	case abi.Time:
		return "09:30:00"
	case abi.Timedelta:
		return "1h30m"
	case abi.Decimal:
		return "12.50"
	case abi.Bytes:
		return "@file"
	case abi.UUID:
		return "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
	case abi.JSON:
		return `{"a": 1}`
	case abi.List:
		return listSample(t)
	}
	return "text"
}

func listSample(t abi.Type) string {
	if t.Elem == nil {
		return "[]"
	}
	switch t.Elem.Kind {
	case abi.Int, abi.Float, abi.Bool, abi.JSON, abi.List:
		return "[" + sample(*t.Elem) + "]"
	}
	return `["` + sample(*t.Elem) + `"]`
}
