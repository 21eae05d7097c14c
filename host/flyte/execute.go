package flyte

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/proto"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/sqldb"
)

// Bounds of what is read, in bytes, and of an execution.
const (
	maxTemplate = 16 << 20
	maxInputs   = 256 << 20
	maxSQL      = 4 << 20
	// noTimeout is for tasks that declare none: Flyte ends what it wants ended.
	noTimeout = 100 * 365 * 24 * time.Hour
	// lastWords is how long the error document may take of an execution that was
	// ended from outside.
	lastWords = 10 * time.Second
)

// Executor runs executions of Flyte. It is safe for concurrent use as its
// parts are.
type Executor struct {
	Store   Store
	Drivers map[string]sqldb.Driver
	// Runtime is what guests run in; nil: each execution makes one of its own.
	Runtime *host.Runtime
	// Env is the environment: of the secrets, and of the settings.
	Env secret.Getenv
	// Logger gets what guests log; nil: it is dropped.
	Logger *slog.Logger
	// Failed, if it is set, is called with the fault of each error document.
	Failed func(*Fault)
}

// Execute runs one execution, and writes its outputs.pb or its error document.
// The error is a *Fault for a document that was written, and any other for one
// that could not be.
func (x *Executor) Execute(ctx context.Context, a Arguments, s Settings) error {
	fault := x.outputs(ctx, a, s)
	if fault == nil {
		return nil
	}
	if x.Failed != nil {
		x.Failed(fault)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	data, err := proto.Marshal(fault.Document(s.FlytekitErrors, s.Worker, time.Now()))
	if err == nil {
		err = x.write(ctx, join(a.OutputPrefix, s.ErrorFile), data)
	}
	if err != nil {
		return fmt.Errorf("%s\nthe error document could not be written: %w", fault.Text(), err)
	}
	return fault
}

// outputs runs the execution and writes outputs.pb.
func (x *Executor) outputs(ctx context.Context, a Arguments, s Settings) *Fault {
	t, err := x.template(ctx, a)
	if err != nil {
		f := FaultOf(err)
		f.Load = true
		return f
	}
	inputs, err := x.inputs(ctx, a.Inputs)
	if err != nil {
		return FaultOf(err)
	}
	task, err := Prepare(ctx, t, inputs, x.Store, s.Interpolation)
	if err != nil {
		return FaultOf(err)
	}
	out, fault := x.run(ctx, task, a.RawPrefix)
	if fault != nil {
		return fault
	}
	data, err := proto.Marshal(out)
	if err == nil {
		err = x.write(ctx, join(a.OutputPrefix, "outputs.pb"), data)
	}
	if err != nil {
		f := storage("outputs.pb", err)
		f.Message += " (the transaction is committed)"
		f.Recoverable = task.readsOnly()
		return f
	}
	return nil
}

// template reads the task template, and refuses what is no task of ours.
func (x *Executor) template(ctx context.Context, a Arguments) (*core.TaskTemplate, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	data, err := x.Store.Read(ctx, a.Loader[0], maxTemplate)
	if err != nil {
		f := storage("the task template", err)
		if storeFault(err) != StoreTransient {
			f.Recoverable, f.System = false, false
		}
		return nil, f
	}
	t, err := ReadTemplate(data)
	if err != nil {
		return nil, &inputError{kind: "DecodeError", message: "Error parsing message with type 'flyteidl.core.TaskTemplate': " + err.Error()}
	}
	return t, nil
}

func (x *Executor) inputs(ctx context.Context, uri string) (*core.LiteralMap, error) {
	data, err := x.Store.Read(ctx, uri, maxInputs)
	if err != nil {
		return nil, storage("the inputs, "+lastOf(uri), err)
	}
	in := &core.LiteralMap{}
	if err := proto.Unmarshal(data, in); err != nil {
		return nil, &inputError{kind: "DecodeError", message: "Error parsing message with type 'flyteidl.core.LiteralMap': the inputs are malformed"}
	}
	return in, nil
}

// write writes a small object.
func (x *Executor) write(ctx context.Context, uri string, data []byte) error {
	o, err := x.Store.Create(ctx, uri)
	if err != nil {
		return err
	}
	defer o.Abort()
	if _, err := o.Write(data); err != nil {
		return err
	}
	return o.Close()
}

// run runs a prepared task in a Host of its own.
func (x *Executor) run(ctx context.Context, t *Task, rawPrefix string) (*core.LiteralMap, *Fault) {
	secrets := Secrets(x.Env)
	h, closeAll, err := x.host(ctx, secrets)
	if err != nil {
		return nil, FaultOf(err)
	}
	defer closeAll()
	out, _, fault := t.Run(ctx, Run{Host: h, Secrets: secrets, Store: x.Store, RawPrefix: rawPrefix})
	return out, fault
}

// host makes a Host.
func (x *Executor) host(ctx context.Context, secrets secret.Provider) (*host.Host, func(), error) {
	rt, closeRuntime, err := x.runtime(ctx)
	if err != nil {
		return nil, nil, err
	}
	h, err := host.New(ctx, host.Config{Runtime: rt, Drivers: x.Drivers, Secrets: secrets, Logger: x.Logger,
		Limits: host.Limits{Timeout: noTimeout, Statement: maxSQL, Memory: 256 << 20, Parameters: maxInputs}})
	if err != nil {
		closeRuntime()
		return nil, nil, err
	}
	return h, func() {
		h.Close()
		closeRuntime()
	}, nil
}

// Task is an execution of a template, ready to be run by a Host.
type Task struct {
	host.Task
	Inputs host.Inputs

	custom   *custom
	output   string            // the name of the output, empty without one
	declared *core.LiteralType // its type
	dialect  abi.Dialect
	hidden   []string // the values of secrets, which no error may hold
}

// Prepare makes a task and its inputs of a template and the literals of one
// execution. Offloaded literals are read from the store.
func Prepare(ctx context.Context, t *core.TaskTemplate, given *core.LiteralMap, store Store, how Interpolation) (*Task, error) {
	c, err := readCustom(t)
	if err != nil {
		return nil, err
	}
	in, err := (&literals{store: store}).arguments(ctx, t.GetInterface().GetInputs(), given)
	if err != nil {
		return nil, err
	}
	out := &Task{custom: c, Inputs: host.Inputs{}, hidden: []string{c.uri.Password.Reveal()}}
	out.Name = t.GetId().GetName()
	if out.Name == "" {
		out.Name = "task"
	}
	out.Interpolation = how.of(c.uri)
	out.Inline = &host.Connection{URI: c.uri, Args: c.args, SecretArgs: c.secretArgs, Access: abi.ReadWrite, AllowText: true, Plain: true}
	if d := t.GetMetadata().GetTimeout().AsDuration(); d > 0 {
		out.Timeout = d
	}
	if err := out.setOutput(t.GetInterface().GetOutputs()); err != nil {
		return nil, err
	}
	if out.Interpolation == abi.Text {
		return out, out.setText(in)
	}
	return out, out.setBound(in)
}

func (t *Task) setOutput(declared *core.VariableMap) error {
	names := sortedKeys(declared.GetVariables())
	switch len(names) {
	case 0:
		t.Outputs.Mode = abi.OutputNone
		return nil
	case 1:
		t.output, t.declared = names[0], declared.GetVariables()[names[0]].GetType()
		return nil
	}
	return &inputError{kind: "AssertionError", message: fmt.Sprintf("the task declares %d outputs, and a query has one result", len(names)),
		hint: "declare one"}
}

// setText gives the task the text that flytekit would send. Its inputs are in
// it, so it has none.
func (t *Task) setText(in []argument) error {
	sql, err := spliced(t.custom.query, in)
	t.Query = sql
	return err
}

// setBound gives the task a query whose inputs are bound.
func (t *Task) setBound(in []argument) error {
	dialect := t.custom.dialect()
	query, aliases, err := templated(t.custom.query, in, dialect)
	if err != nil {
		return err
	}
	t.Query = query
	unquoted := bare(t.custom.query)
	for _, a := range in {
		if a.value.kind == pyDatetime && dialect == abi.SQLite && !unquoted[a.name] {
			a.value = pyText(a.value.str()) // with its offset: SQLite compares texts
		}
		v, err := a.bound()
		if err != nil {
			return err
		}
		name := aliases[a.name]
		t.Task.Inputs = append(t.Task.Inputs, host.Input{Name: name, Type: v.Type})
		t.Inputs[name] = v
	}
	return nil
}

// resolve finds every secret, so that one that is missing is told before
// anything else, and puts those that are no login of the driver's in place.
func (t *Task) resolve(ctx context.Context, r Run) error {
	for _, name := range sortedKeys(t.custom.secretArgs) {
		ref := t.custom.secretArgs[name]
		v, err := r.Secrets.Lookup(ctx, ref)
		if err != nil {
			e := &inputError{kind: "ValueError", message: fmt.Sprintf("secret_connect_args.%s: group %q, key %q: %v", name, ref.Group, ref.Key, err),
				hint: fmt.Sprintf("the task needs secret_requests=[Secret(group=%q, key=%q)]", ref.Group, ref.Key)}
			var told *secret.Error
			switch {
			case r.Terse:
				e.message = fmt.Sprintf("secret_connect_args.%s: group %q, key %q: there is no such secret here", name, ref.Group, ref.Key)
				e.hint = "who runs the connector mounts its secrets"
			case errors.As(err, &told) && told.Hint != "":
				e.hint += "; " + told.Hint
			}
			return e
		}
		t.hidden = append(t.hidden, v.Reveal())
		if r.Once || !t.custom.isLogin(name) {
			delete(t.custom.secretArgs, name)
			t.custom.args[name] = t.custom.plainSecret(name, v)
		}
	}
	return nil
}

// oneStatement refuses what sqlite3 and PyMySQL refuse: more than one
// statement. psycopg2 takes them.
func (t *Task) oneStatement(ctx context.Context, p *host.Program) error {
	if t.dialect = t.custom.dialect(); t.dialect == abi.Postgres || !strings.Contains(t.Query, ";") {
		return nil
	}
	statements, err := p.Render(ctx, t.Inputs)
	if err != nil || len(statements) < 2 {
		return err
	}
	f := &Fault{Kind: "ProgrammingError", Message: fmt.Sprintf("the query has %d statements: You can only execute one statement at a time", len(statements)),
		Hint: "make a task of each statement"}
	if t.dialect == abi.MySQL {
		f.Detail = "to PyMySQL this is an error in your SQL syntax"
	}
	return f
}

// readsOnly reports whether the query begins as one that changes nothing.
func (t *Task) readsOnly() bool {
	word, _, _ := strings.Cut(strings.TrimLeft(t.custom.query, " ("), " ")
	switch strings.ToLower(word) {
	case "select", "values", "show", "table":
		return true
	}
	return false
}
