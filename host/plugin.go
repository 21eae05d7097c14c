package host

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/near"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// readManifest reads the manifest of the task's module, nil if it has none.
// What is wrong with it is a refusal of the module.
func (p *Program) readManifest() (*plugin.Manifest, Errors) {
	if len(p.task.Module) == 0 {
		return nil, nil
	}
	section, err := plugin.Find(p.task.Module)
	if errors.Is(err, plugin.ErrTwoManifests) {
		return nil, Errors{p.refusal(err.Error(), "wasmsql build writes one")}
	}
	if err != nil || section == nil {
		return nil, nil // what is no module, admission says in its words
	}
	m, err := plugin.Read(section)
	var faults plugin.Faults
	if errors.As(err, &faults) {
		errs := make(Errors, len(faults))
		for i, f := range faults {
			errs[i] = p.refusal("its manifest: "+f.Error(), f.Hint)
		}
		return nil, errs
	}
	if m.ABI > abi.Minor {
		return nil, Errors{p.refusal(fmt.Sprintf("it needs %s minor %d, this host has minor %d", abi.Module, m.ABI, abi.Minor),
			"update wasmsql, or build the plugin with an SDK of this version")}
	}
	return m, nil
}

func (p *Program) refusal(reason, hint string) *Error {
	return &Error{Code: CodeDenied, Task: p.task.Name, Place: keysOf(p.task.Source, "").place("module"), Message: refusedPrefix + reason, Hint: hint}
}

const refusedPrefix = "the module is refused: "

// fit holds the inputs and outputs of the task against those of the manifest.
// Where the task says nothing of its outputs, they are the manifest's.
func (p *Program) fit(m *plugin.Manifest) Errors {
	var faults Errors
	add := func(key, hint, format string, args ...any) {
		faults = append(faults, &Error{Code: CodeConfig, Task: p.task.Name, Place: keysOf(p.task.Source, "").place(key),
			Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	t := &p.task
	names := make([]string, len(m.Inputs))
	for i, in := range m.Inputs {
		names[i] = in.Name
	}
	for _, in := range t.Inputs {
		i := slices.Index(names, in.Name)
		switch {
		case i < 0:
			add("inputs."+in.Name, listed("the manifest has", in.Name, names), "input %q is none of the module's manifest", in.Name)
		case !fitsType(in.Type, m.Inputs[i].Type):
			add("inputs."+in.Name, "leave the type to the manifest, or make it the same", "input %q is %s, in the module's manifest it is %s", in.Name, in.Type, m.Inputs[i].Type)
		}
	}
	for _, in := range m.Inputs {
		if !slices.ContainsFunc(t.Inputs, func(i Input) bool { return i.Name == in.Name }) {
			add("inputs", "declare it, or leave inputs out of the task file", "input %q (%s) of the module's manifest is not declared", in.Name, in.Type)
		}
	}
	if fault := fitsOutputs(t.Outputs, m.Outputs); fault != "" {
		add("outputs", "leave outputs out of the task, or make them the same", "%s", fault)
	} else if t.Outputs.Mode == abi.OutputAny {
		t.Outputs = m.Outputs
	}
	return faults
}

// fitsType reports whether a value of the task's type is one of the
// manifest's: the same, or one that is never null where it may be.
func fitsType(task, manifest abi.Type) bool {
	if manifest.Nullable {
		manifest.Nullable = task.Nullable
	}
	return task.Equal(manifest)
}

// fitsOutputs says why the task's outputs are not those of the manifest, or
// nothing. Types may differ: values are converted, with an error on loss.
func fitsOutputs(task, manifest abi.Outputs) string {
	switch {
	case task.Mode == abi.OutputAny:
		return ""
	case task.Mode == abi.OutputNone && manifest.Mode != abi.OutputNone:
		return "outputs is none, and by its manifest the module returns rows"
	case task.Mode != abi.OutputNone && manifest.Mode == abi.OutputNone:
		return "outputs has columns, and by its manifest the module returns no rows"
	case task.Mode != abi.OutputColumns || manifest.Mode != abi.OutputColumns:
		return ""
	}
	found, need := columnNames(task.Columns), columnNames(manifest.Columns)
	if slices.Equal(found, need) {
		return ""
	}
	return fmt.Sprintf("outputs has the columns %s, by its manifest the module returns %s", strings.Join(found, ", "), strings.Join(need, ", "))
}

func columnNames(columns []abi.OutputColumn) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}

// listed is the hint for a name that is none of names.
func listed(has, name string, names []string) string {
	switch meant, ok := near.Name(name, names); {
	case ok:
		return fmt.Sprintf("did you mean %q?", meant)
	case len(names) == 0:
		return has + " none"
	}
	return has + ": " + strings.Join(names, ", ")
}

// asked returns the limits with those of the manifest, where they are less.
func (l Limits) asked(m *plugin.Manifest) Limits {
	if m == nil {
		return l
	}
	a := m.Limits
	l.Memory, l.Fuel, l.HostCalls = smaller(l.Memory, a.Memory), smaller(l.Fuel, a.Fuel), smaller(l.HostCalls, a.HostCalls)
	l.Timeout, l.Cursors, l.Statement = smaller(l.Timeout, a.Timeout), smaller(l.Cursors, a.Cursors), smaller(l.Statement, a.Statement)
	l.Parameters, l.Log = smaller(l.Parameters, a.Parameters), smaller(l.Log, a.Log)
	l.ParameterCount = smaller(l.ParameterCount, a.ParameterCount)
	l.Rows, l.Bytes = smaller(l.Rows, a.Rows), smaller(l.Bytes, a.Bytes)
	return l
}

// limitHint returns what to do about a limit that was reached, by its key in
// the configuration: hint, unless it is the module's manifest that asks for no
// more.
func (p *Program) limitHint(key, hint string) string {
	if p.manifest == nil {
		return hint
	}
	a, l := p.manifest.Limits, p.limits
	for _, x := range []struct {
		key        string
		asked, set int64
	}{
		{"memory", a.Memory, l.Memory}, {"fuel", a.Fuel, l.Fuel}, {"timeout", int64(a.Timeout), int64(l.Timeout)},
		{"host_calls", a.HostCalls, l.HostCalls}, {"cursors", a.Cursors, l.Cursors}, {"statement", a.Statement, l.Statement},
		{"parameters", a.Parameters, l.Parameters}, {"parameter_count", a.ParameterCount, l.ParameterCount}, {"log", a.Log, l.Log}, {"rows", a.Rows, l.Rows}, {"bytes", a.Bytes, l.Bytes},
	} {
		if x.key == key && x.asked > 0 && x.asked == x.set {
			return "the module's manifest asks for no more: raise limits." + key + " in " + plugin.SourceName + " and build it again"
		}
	}
	return hint
}

// limitKey returns the key of the configuration that a hint of a host call
// says to raise, or "".
func limitKey(hint string) string {
	rest, ok := strings.CutPrefix(hint, "raise limits.")
	if !ok {
		return ""
	}
	key, _, _ := strings.Cut(rest, " ")
	return key
}

// deadlineHint is the hint of an execution that took too long.
func (p *Program) deadlineHint() string {
	return p.limitHint("timeout", "raise timeout in the task, limits.timeout in the configuration or of the connection, or --timeout: the smallest holds")
}

// startTime is how long the guest may take to configure itself: the Host's
// limit, since the task's own is for executions.
func (p *Program) startTime() time.Duration {
	return either(p.host.cfg.Limits.Timeout, DefaultLimits.Timeout)
}
