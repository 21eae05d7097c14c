package connector

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/protobuf/proto"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/secret"
	"github.com/wasmsql/wasmsql/host/server"
)

// Bounds of an execution.
const (
	// longest is for tasks that declare no timeout, in a tenant that sets none:
	// Flyte ends what it wants ended.
	longest = 30 * 24 * time.Hour
	maxText = 16 << 10 // bytes of a message
)

// request is an execution as it is queued.
type request struct {
	Project  string `json:"project"`
	Domain   string `json:"domain"`
	Template []byte `json:"template"` // a core.TaskTemplate
	Inputs   []byte `json:"inputs"`   // a core.LiteralMap
	Raw      string `json:"raw"`      // where the result goes
}

// outcome is what is kept of an execution.
type outcome struct {
	Outputs []byte `json:"outputs,omitempty"` // a core.LiteralMap
	Fault   *told  `json:"fault,omitempty"`
}

// told is a fault as Flyte gets it.
type told struct {
	Code   string `json:"code"` // as in an error document
	Text   string `json:"text"` // begins with the code's last part
	Retry  bool   `json:"retry,omitempty"`
	System bool   `json:"system,omitempty"`
}

func tellFault(f *flyte.Fault) *told {
	e := f.Document(false, "", time.Time{}).GetError()
	t := &told{Code: e.GetCode(), Text: strings.ToValidUTF8(f.Text(), "?"), Retry: f.Recoverable, System: f.System}
	if len(t.Text) > maxText {
		t.Text = strings.ToValidUTF8(t.Text[:maxText], "") + "…"
	}
	return t
}

// Run implements server.Kind.
func (c *Connector) Run(ctx context.Context, j *server.Job) (server.Ended, error) {
	ended := server.Ended{Label: Kind, Connection: "inline"}
	var r request
	t := &core.TaskTemplate{}
	in := &core.LiteralMap{}
	err := json.Unmarshal(j.Payload, &r)
	if err == nil {
		err = errors.Join(proto.Unmarshal(r.Template, t), proto.Unmarshal(r.Inputs, in))
	}
	if err != nil {
		return ended, err
	}
	fault := c.run(ctx, j, r, t, in, &ended)
	if fault == nil {
		return ended, nil
	}
	kept, err := json.Marshal(outcome{Fault: tellFault(fault)})
	if err != nil {
		return ended, err
	}
	ended.Outcome = string(kept)
	var store *flyte.StoreError
	ended.Again = fault.Recoverable && fault.System && (!errors.As(fault.Cause, &store) || store.Fault == flyte.StoreTransient)
	return ended, asError(fault)
}

// run runs an execution, if it is still allowed.
func (c *Connector) run(ctx context.Context, j *server.Job, r request, t *core.TaskTemplate, in *core.LiteralMap, ended *server.Ended) *flyte.Fault {
	grant, ok := c.current().of(r.Project, r.Domain)
	if !ok || grant.Tenant != j.Tenant {
		return noGrant(r.Project, r.Domain)
	}
	ended.Label = Kind + ":" + grant.Project + "/" + strings.Join(grant.Domains, ",")
	store := &fence{Store: c.cfg.Store, grant: grant}
	task, err := flyte.Prepare(ctx, t, in, store, flyte.Interpolation{Text: grant.Text})
	if err != nil {
		f := unprepared(grant, err)
		if !f.System && f.Kind != deniedKind { // its message may have values in it, which are for the task's author alone
			f.Cause = &host.Error{Code: host.CodeUsage, Message: "the task or its inputs are not right: Flyte is told why"}
		}
		return f
	}
	if f := cmp.Or(permitPrefix(grant, "the raw output prefix", r.Raw), permit(grant, task)); f != nil {
		return f
	}
	task.Inline.Dir = j.Folder
	task.Timeout = cmp.Or(task.Timeout, longest)
	secrets := c.cfg.Secrets(j.Tenant)
	if err := settle(ctx, secrets, task); err != nil {
		return flyte.FaultOf(err)
	}
	var lost error
	_, report, fault := task.Run(ctx, flyte.Run{
		Host: j.Host, Secrets: secrets, Once: true, Store: store, RawPrefix: r.Raw, Terse: true,
		Commit: func(outputs *core.LiteralMap) error {
			lost = commit(j, outputs)
			return lost
		},
	})
	ended.Report = report
	if fault != nil && lost != nil { // of the state, or of the one who has the execution now
		fault.Recoverable, fault.System = true, true
	}
	return fault
}

// commit says that the commit begins.
func commit(j *server.Job, outputs *core.LiteralMap) error {
	data, err := proto.Marshal(outputs)
	if err != nil {
		return err
	}
	kept, err := json.Marshal(outcome{Outputs: data})
	if err != nil {
		return err
	}
	return j.Commit(string(kept))
}

// settle drops the version of a secret that is mounted without one, as
// flyte.Secrets does it.
func settle(ctx context.Context, secrets secret.Provider, t *flyte.Task) error {
	for name, ref := range t.Inline.SecretArgs {
		if ref.Version == "" {
			continue
		}
		if _, err := secrets.Lookup(ctx, ref); !errors.Is(err, secret.ErrNotFound) {
			continue
		}
		ref.Version = ""
		t.Inline.SecretArgs[name] = ref
	}
	return ctx.Err()
}

// asError returns a fault as the server has errors.
func asError(f *flyte.Fault) error {
	var one *host.Error
	var all host.Errors
	if errors.As(f.Cause, &all) || errors.As(f.Cause, &one) {
		return f.Cause
	}
	e := &host.Error{Code: host.CodeConfig, Message: f.Error(), Hint: f.Hint, Cause: f.Cause}
	switch {
	case f.Kind == deniedKind:
		e.Code = host.CodeDenied
	case f.Kind == "StorageError":
		e.Code = host.CodeOutput
	case f.System:
		e.Code = host.CodeInternal
	}
	return e
}
