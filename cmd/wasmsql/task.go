package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/wasmsql/wasmsql/cmd/wasmsql/command"
	"github.com/wasmsql/wasmsql/cmd/wasmsql/fault"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/near"
)

// wasmMagic is how a WebAssembly binary begins.
var wasmMagic = []byte("\x00asm")

// openTask returns the task that TASK names: a task file, a module or - for
// standard input, with #name where there are several.
func (a *app) openTask(ctx context.Context, arg string) (host.Task, error) {
	file, name := splitPick(arg)
	if file == "" {
		return host.Task{}, fault.Usage("TASK is empty", "it is a task file, a module.wasm, or - for standard input")
	}
	data, err := a.read(ctx, "task file", file)
	if err != nil {
		return host.Task{}, err
	}
	if bytes.HasPrefix(data, wasmMagic) {
		if name != "" {
			return host.Task{}, fault.Usage(fmt.Sprintf("%s is a module, there is no %q in it", command.Shown(label(file)), name), "leave out #"+name)
		}
		return manifest.ModuleTask(moduleName(file), data)
	}
	tasks, err := a.manifest().ReadTasks(label(file), data)
	if err != nil {
		return host.Task{}, err
	}
	return pick(file, name, tasks)
}

// splitPick takes FILE#name apart. A file whose own name has a # in it is
// taken as it is.
func splitPick(arg string) (file, name string) {
	i := strings.LastIndexByte(arg, '#')
	if i < 0 {
		return arg, ""
	}
	if _, err := os.Stat(arg); err == nil {
		return arg, ""
	}
	return arg[:i], arg[i+1:]
}

// moduleName returns what a task that is only a module is called.
func moduleName(file string) string {
	if file == "-" {
		return "stdin"
	}
	base := filepath.Base(file)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// pick returns the one task, or that of the name.
func pick(file, name string, tasks []host.Task) (host.Task, error) {
	names := make([]string, len(tasks))
	for i, t := range tasks {
		names[i] = t.Name
		if t.Name == name {
			return t, nil
		}
	}
	switch {
	case len(tasks) == 0:
		return host.Task{}, fault.Config(fmt.Sprintf("there is no task in %s", command.Shown(label(file))), "see wasmsql schema task")
	case name == "" && len(tasks) == 1:
		return tasks[0], nil
	case name == "":
		return host.Task{}, fault.Usage(
			fmt.Sprintf("there are %d tasks in %s: %s", len(tasks), command.Shown(label(file)), command.Quoted(names)),
			"pick one: wasmsql run "+argument(file+"#"+names[0]))
	}
	hint := "there is " + command.Quoted(names)
	if n, ok := near.Name(name, names); ok {
		hint = fmt.Sprintf("did you mean %q?", n)
	}
	return host.Task{}, fault.Usage(fmt.Sprintf("there is no task %q in %s", name, command.Shown(label(file))), hint)
}

// argument returns an argument so that it is not taken for a flag.
func argument(s string) string {
	if strings.HasPrefix(s, "-") {
		return "-- " + s
	}
	return s
}
