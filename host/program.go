package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/wasmsql/wasmsql/abi"
	"github.com/wasmsql/wasmsql/host/builtin"
	"github.com/wasmsql/wasmsql/host/internal/hostcall"
	"github.com/wasmsql/wasmsql/host/internal/sandbox"
	"github.com/wasmsql/wasmsql/host/near"
	"github.com/wasmsql/wasmsql/host/plugin"
)

// Program is a loaded task: its module is compiled, and configured for it.
type Program struct {
	host     *Host
	task     Task
	manifest *plugin.Manifest // of the module, or nil
	granted  []granted        // the task's own first
	limits   Limits
	config   []byte // the encoded abi.Config
	guest    *sandbox.Guest
	crashes  crashes
}

// Load checks a task against the Host's configuration, compiles its module
// and lets it configure itself. It opens no connection. Its error is an *Error
// or Errors. A Program is closed with its Host, or by Close.
func (h *Host) Load(ctx context.Context, t Task) (*Program, error) {
	ctx, leave, err := h.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	p := &Program{host: h, task: t}
	if err := p.check(); err != nil {
		return nil, err
	}
	p.limits = h.cfg.Limits
	for _, g := range p.granted {
		p.limits = p.limits.within(t.Timeout, g.db.conn.Limits)
	}
	p.limits = p.limits.within(t.Timeout, ResultLimits{}).orDefault().asked(p.manifest)
	if err := p.prepare(ctx); err != nil {
		p.close()
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		p.close()
		return nil, &Error{Code: CodeUsage, Message: errClosed.Error()}
	}
	h.programs[p] = struct{}{}
	return p, nil
}

// Close frees what the program keeps. Its executions go on to their end.
func (p *Program) Close() error {
	p.host.mu.Lock()
	_, open := p.host.programs[p]
	delete(p.host.programs, p)
	p.host.mu.Unlock()
	if open {
		p.close()
	}
	return nil
}

func (p *Program) close() {
	if p.guest != nil {
		p.guest.Close()
	}
	p.closeInline()
}

// closeInline closes the databases that are the program's own.
func (p *Program) closeInline() {
	for _, g := range p.granted {
		if g.inline {
			_ = g.db.Close()
		}
	}
}

// Manifest returns what the task's module says of itself, or nil. It must not
// be changed.
func (p *Program) Manifest() *plugin.Manifest { return p.manifest }

// Task returns the task that was loaded.
func (p *Program) Task() Task { return p.task }

// Check returns what is wrong with inputs: Errors, all of it at once.
func (p *Program) Check(in Inputs) error {
	_, err := p.values(in)
	return err
}

// Limits returns what an execution of the task may use at most: the smallest
// of what the Host, the connection and the task say. Rows and Bytes of 0 are
// no limit.
func (p *Program) Limits() Limits { return p.limits }

// Digest returns the SHA-256 in hex of the task's module; it is empty for the
// template module.
func (p *Program) Digest() string {
	if len(p.task.Module) == 0 {
		return ""
	}
	sum := sha256.Sum256(p.task.Module)
	return hex.EncodeToString(sum[:])
}

// check finds what is wrong with the task, all at once, and its databases.
func (p *Program) check() error {
	t, at := &p.task, keysOf(p.task.Source, "")
	var faults Errors
	add := func(code Code, key, hint, format string, args ...any) {
		faults = append(faults, &Error{Code: code, Task: t.Name, Place: at.place(key), Message: fmt.Sprintf(format, args...), Hint: hint})
	}
	if (t.Query == "") == (len(t.Module) == 0) {
		add(CodeConfig, "", "a task has one of them", "either a query or a module is needed")
	}
	for i, in := range t.Inputs {
		if slices.ContainsFunc(t.Inputs[:i], func(o Input) bool { return o.Name == in.Name }) {
			add(CodeConfig, "inputs."+in.Name, "", "input %q is declared twice", in.Name)
		}
	}
	var errs Errors
	if p.manifest, errs = p.readManifest(); p.manifest != nil {
		errs = p.fit(p.manifest)
	}
	faults = append(append(faults, errs...), p.grants()...)
	for _, g := range p.granted {
		if t.Interpolation == abi.Text && !g.db.conn.AllowText {
			add(CodeDenied, "interpolation", "bind values instead, or set allow_text_interpolation: true on the connection",
				"connection %q does not allow text interpolation", g.db.name)
		}
	}
	if len(faults) == 0 {
		return nil
	}
	p.closeInline()
	for _, f := range faults {
		f.Task = t.Name
	}
	return faults
}

func (h *Host) connectionHint(name string) string {
	names := slices.Sorted(maps.Keys(h.databases))
	switch meant, ok := near.Name(name, names); {
	case len(names) == 0:
		return "it has none: give a configuration with connections:, or connection: {uri: …} in the task"
	case ok:
		return fmt.Sprintf("did you mean %q?", meant)
	default:
		return "it has: " + strings.Join(names, ", ")
	}
}

// prepare compiles and configures the guest.
func (p *Program) prepare(ctx context.Context) error {
	module := sandbox.Module{Wasm: p.task.Module}
	if len(module.Wasm) == 0 {
		var err error
		module.Light = true // a template is bounded in what it does
		if module.Wasm, err = builtin.Template(); err != nil {
			return &Error{Code: CodeInternal, Task: p.task.Name, Message: "the template module is damaged", Cause: err}
		}
	}
	p.config = p.encodeConfig()
	code, err := p.host.runtime.sandbox.Compile(ctx, module)
	if err != nil {
		if ctx.Err() != nil {
			return p.ended(ctx)
		}
		return p.prepareError(ctx, err)
	}
	held := slot{slots: p.host.runtime.slots, host: p.host}
	if err := held.acquire(ctx); err != nil {
		code.Close()
		return p.ended(ctx)
	}
	defer held.release()
	guest, err := code.Configure(sandbox.WithYield(ctx, held.yield), p.sandboxLimits(), p.configure)
	if err != nil {
		return p.prepareError(ctx, err)
	}
	p.guest = guest
	return nil
}

func (p *Program) encodeConfig() []byte {
	c := abi.Config{Task: p.task.Name, Plugin: p.task.Config, Outputs: p.task.Outputs}
	for _, g := range p.granted {
		c.Connections = append(c.Connections, abi.Connection{Name: g.name, Dialect: g.db.dialect, Access: g.access})
	}
	if p.task.Query != "" {
		c.Template = &abi.Template{Text: p.task.Query, Interpolation: p.task.Interpolation}
	}
	for _, in := range p.task.Inputs {
		c.Inputs = append(c.Inputs, abi.InputDecl{Name: in.Name, Type: in.Type})
	}
	return c.Marshal()
}

// configure lets an instance initialize and configure itself.
func (p *Program) configure(ctx context.Context, i *sandbox.Instance) error {
	x := hostcall.New(hostcall.Options{Configure: true, Config: p.config, Limits: p.hostcallLimits(), Log: p.log(ctx)})
	ctx = x.Context(ctx)
	if err := i.Initialize(ctx); err != nil || !i.Has(abi.ExportConfigure) {
		return err
	}
	status, err := i.Call(ctx, abi.ExportConfigure)
	x.Flush()
	if err == nil && status == 0 {
		return nil
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return p.slowStart()
	}
	err = p.failure(ctx, x, status, err)
	var all Errors
	if !errors.As(err, &all) {
		var e *Error
		errors.As(err, &e)
		all = Errors{e}
	}
	for _, e := range all {
		if e.Code == CodeTask { // it refuses its configuration
			e.Code = CodeConfig
		}
	}
	return err
}

// prepareError is the error of a guest that could not be compiled, configured or
// taken: an *Error or Errors.
func (p *Program) prepareError(ctx context.Context, err error) error {
	var refused *sandbox.Refused
	if ours := own(err); ours != nil {
		return ours
	}
	if errors.As(err, &refused) {
		errs := make(Errors, len(refused.Reasons))
		for i, reason := range refused.Reasons {
			errs[i] = &Error{Code: CodeDenied, Task: p.task.Name, Place: keysOf(p.task.Source, "").place("module"), Message: refusedPrefix + reason}
		}
		return errs
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return p.slowStart()
	}
	return p.failure(ctx, nil, 0, err)
}

func (p *Program) slowStart() *Error {
	return &Error{Code: CodeLimit, Task: p.task.Name, Message: fmt.Sprintf("the guest has not configured itself within %s", p.sandboxLimits().Start),
		Hint: "raise limits.timeout in the configuration"}
}

// sandboxLimits are those of the guest.
func (p *Program) sandboxLimits() sandbox.Limits {
	return sandbox.Limits{Memory: p.limits.Memory, Fuel: p.limits.Fuel, Start: p.startTime()}
}

func (p *Program) hostcallLimits() hostcall.Limits {
	return hostcall.Limits{HostCalls: p.limits.HostCalls, Statement: p.limits.Statement, Parameters: p.limits.Parameters, Log: p.limits.Log,
		Cursors: p.limits.Cursors, ParameterCount: p.limits.ParameterCount}
}
