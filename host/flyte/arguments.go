package flyte

import (
	"fmt"
	"strings"
)

// Arguments are those of pyflyte-execute, as a TaskTemplate's container has
// them and Flyte renders them.
type Arguments struct {
	Inputs       string // of inputs.pb
	OutputPrefix string
	RawPrefix    string // empty: it was not rendered
	Test         bool   // do nothing
	Resolver     string
	Loader       []string // what follows --: the template, and the class of its executor
}

// TaskType is the type of the tasks that the SQLAlchemy plugin registers.
const TaskType = "sqlalchemy"

// The resolver and the executor of such tasks.
const (
	resolver = "flytekit.core.python_customized_container_task.default_task_template_resolver"
	executor = "flytekitplugins.sqlalchemy.task.SQLAlchemyTaskExecutor"
)

// ContainerArgs returns the arguments of such a task's container as flytekit
// registers them: what Flyte fills in, and how ParseArguments is to be called.
func ContainerArgs() []string {
	return []string{
		"pyflyte-execute", "--inputs", "{{.input}}", "--output-prefix", "{{.outputPrefix}}", "--raw-output-data-prefix", rawUnrendered,
		"--resolver", resolver, "--", "{{.taskTemplatePath}}", executor,
	}
}

// rawUnrendered is the raw output prefix where Flyte has not filled it in.
const rawUnrendered = "{{.rawOutputDataPrefix}}"

// UsageError is an error of the arguments.
type UsageError struct{ Message, Hint string }

// Error returns the message.
func (e *UsageError) Error() string { return e.Message }

// ParseArguments reads the arguments behind pyflyte-execute. Checkpoints and
// the flags of code distributions are read and not used: a query has neither.
// Its error is a *UsageError.
//
// Source: execute_task_cmd in flytekit's bin/entrypoint.py.
func ParseArguments(args []string) (Arguments, error) {
	var a Arguments
	var unused string
	flags := map[string]*string{
		"--inputs": &a.Inputs, "--output-prefix": &a.OutputPrefix, "--raw-output-data-prefix": &a.RawPrefix, "--resolver": &a.Resolver,
		"--checkpoint-path": &unused, "--prev-checkpoint": &unused, "--dynamic-addl-distro": &unused, "--dynamic-dest-dir": &unused,
	}
	given := map[string]bool{}
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(args[i], "=")
		to := flags[name]
		switch {
		case args[i] == "--":
			a.Loader = append(a.Loader, args[i+1:]...)
			i = len(args)
			continue
		case args[i] == "--test":
			a.Test = true
			continue
		case !strings.HasPrefix(name, "-"):
			a.Loader = append(a.Loader, args[i])
			continue
		case to == nil:
			return a, &UsageError{fmt.Sprintf("unknown argument %q", name), "accepted are those of pyflyte-execute: --inputs, --output-prefix, --raw-output-data-prefix, --resolver"}
		case !hasValue && i+1 == len(args):
			return a, &UsageError{name + " needs a value", ""}
		case !hasValue:
			i++
			value = args[i]
		}
		*to, given[name] = value, true
	}
	for _, name := range [...]string{"--inputs", "--output-prefix"} {
		if !given[name] {
			return a, &UsageError{name + " is missing", "the arguments are those that Flyte renders for pyflyte-execute"}
		}
	}
	if a.RawPrefix == rawUnrendered {
		a.RawPrefix = ""
	}
	return a, nil
}

// check refuses what is no task of the SQLAlchemy plugin.
func (a Arguments) check() error {
	if a.Resolver != resolver {
		return &inputError{kind: "ValueError", message: fmt.Sprintf("the resolver %q is not one of this image", a.Resolver),
			hint: "it runs tasks of flytekit's SQLAlchemy plugin alone, whose resolver is " + resolver + ": give this task an image with Python"}
	}
	if len(a.Loader) == 0 {
		return &inputError{kind: "IndexError", message: "the resolver's arguments name no task template", hint: "they are {{.taskTemplatePath}} and " + executor}
	}
	if len(a.Loader) < 2 || a.Loader[1] != executor {
		return &inputError{kind: "ValueError", message: fmt.Sprintf("the executor %q is not one of this image", strings.Join(a.Loader[1:], " ")),
			hint: "it runs " + executor + ": give this task an image with Python"}
	}
	return nil
}
