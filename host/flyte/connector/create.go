package connector

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/manifest"
	"github.com/wasmsql/wasmsql/host/server"
)

// maxName is the length of a name in bytes.
const maxName = 500

// resourceMeta is what Flyte keeps of an execution and sends with each request
// about it, as JSON. It has one of the two.
type resourceMeta struct {
	Execution string `json:"execution,omitempty"`
	// Refused is why it was not even queued. An error of CreateTask would be
	// tried again.
	Refused *told `json:"refused,omitempty"`
}

// CreateTask queues an execution. What is wrong with it, GetTask says: to
// Flyte, an error of CreateTask is one that may be gone at the next attempt.
func (c *Connector) CreateTask(ctx context.Context, r *admin.CreateTaskRequest) (*admin.CreateTaskResponse, error) {
	meta := resourceMeta{}
	s, fault := c.examine(ctx, r)
	if fault == nil {
		var e server.Execution
		err := patiently(ctx, func() (err error) {
			e, err = c.server.Submit(ctx, s)
			return err
		})
		var refusal *server.Refusal
		switch {
		case errors.As(err, &refusal) && refusal.After == 0:
			fault = denied("an execution of Flyte has one task and one set of inputs", "another request has had the same task execution id")
		case errors.Is(err, server.ErrNoTenant):
			c.log.WarnContext(ctx, "an execution of Flyte waits for a tenant that is not served", append(flyteNames(r), "tenant", s.Tenant)...)
			return nil, c.notNow(ctx, err)
		case err != nil:
			return nil, c.notNow(ctx, err)
		default:
			meta.Execution = e.ID
			c.log.InfoContext(ctx, "an execution is accepted", append(flyteNames(r), "tenant", s.Tenant, "task", s.Task, "execution", e.ID)...)
		}
	}
	if fault != nil {
		meta.Refused = tellFault(fault)
		about := append(flyteNames(r), "code", meta.Refused.Code)
		if fault.Kind == deniedKind { // others tell values of inputs, to the author of the task
			about = append(about, "reason", clip(fault.Message))
		}
		c.log.WarnContext(ctx, "an execution of Flyte is refused", about...)
	}
	data, err := json.Marshal(meta)
	if err != nil {
		return nil, err
	}
	return &admin.CreateTaskResponse{ResourceMeta: data}, nil
}

// flyteNames is what Flyte calls an execution, for the log.
func flyteNames(r *admin.CreateTaskRequest) []any {
	node := r.GetTaskExecutionMetadata().GetTaskExecutionId().GetNodeExecutionId()
	id := node.GetExecutionId()
	return []any{"project", clip(id.GetProject()), "domain", clip(id.GetDomain()), "flyte_execution", clip(id.GetName()), "node", clip(node.GetNodeId())}
}

// clip shortens a text of a caller's for the log.
func clip(s string) string {
	const most = 300
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "?")
}

// notNow is the error of a request that may do better at another time.
func (c *Connector) notNow(ctx context.Context, err error) error {
	var refusal *server.Refusal
	switch {
	case errors.As(err, &refusal):
		s := status.New(codes.ResourceExhausted, refusal.Message)
		if detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(refusal.After)}); err == nil {
			s = detailed
		}
		return s.Err()
	case errors.Is(err, server.ErrNoTenant):
		return status.Error(codes.Unavailable, "the project's tenant is not served at the moment")
	case ctx.Err() != nil:
		return status.FromContextError(ctx.Err()).Err()
	}
	c.log.ErrorContext(ctx, "the state of executions cannot be kept", "error", err)
	return status.Error(codes.Unavailable, "the state of executions cannot be reached")
}

// examine makes a submission of a request, or says what is wrong with it.
func (c *Connector) examine(ctx context.Context, r *admin.CreateTaskRequest) (server.Submission, *flyte.Fault) {
	t, id := r.GetTemplate(), r.GetTaskExecutionMetadata().GetTaskExecutionId()
	execution := id.GetNodeExecutionId().GetExecutionId()
	name := t.GetId().GetName()
	switch {
	case t == nil:
		return server.Submission{}, denied("", "the request has no task template")
	case t.GetType() != flyte.TaskType:
		return server.Submission{}, denied("it runs tasks of flytekit's SQLAlchemy plugin, of the type "+flyte.TaskType, "the task has the type %q, which is not one of this connector", clip(t.GetType()))
	case execution.GetProject() == "" || execution.GetDomain() == "" || execution.GetName() == "" || id.GetNodeExecutionId().GetNodeId() == "":
		return server.Submission{}, denied("Flyte sends it in task_execution_metadata", "the request has no task execution id, and its project and domain say what it may do")
	case !nameable(name) || !nameable(execution.GetDomain()):
		return server.Submission{}, denied("", "the name of the task or the domain is longer than %d bytes, or has characters that cannot be printed", maxName)
	}
	grant, ok := c.current().of(execution.GetProject(), execution.GetDomain())
	if !ok {
		return server.Submission{}, noGrant(clip(execution.GetProject()), clip(execution.GetDomain()))
	}
	raw := rawPrefix(r)
	if f := c.prepare(ctx, grant, r, raw); f != nil {
		return server.Submission{}, f
	}
	return submission(grant, r, raw)
}

// prepare holds a request against what its project may do.
func (c *Connector) prepare(ctx context.Context, grant manifest.FlyteGrant, r *admin.CreateTaskRequest, raw string) *flyte.Fault {
	if f := cmp.Or(permitPrefix(grant, "the output prefix", r.GetOutputPrefix()), permitPrefix(grant, "the raw output prefix", raw)); f != nil {
		return f
	}
	task, err := flyte.Prepare(ctx, r.GetTemplate(), r.GetInputs(), &fence{Store: postponed{}, grant: grant}, flyte.Interpolation{Text: grant.Text})
	switch {
	case errors.Is(err, errPostponed): // what it reads, it reads when it runs, and is held against the grant again
		return nil
	case err != nil:
		return unprepared(grant, err)
	}
	return permit(grant, task)
}

// rawPrefix returns where a request's result goes: what Flyte has rendered into
// the arguments of its container, or what flytekit takes where there is none.
func rawPrefix(r *admin.CreateTaskRequest) string {
	if args := r.GetTemplate().GetContainer().GetArgs(); len(args) > 1 {
		if a, err := flyte.ParseArguments(args[1:]); err == nil && a.RawPrefix != "" && !strings.Contains(a.RawPrefix, "{{") {
			return a.RawPrefix
		}
	}
	return strings.TrimSuffix(r.GetOutputPrefix(), "/") + "/raw_output"
}

// submission returns what is queued of a request: no more than it is run from,
// so that nothing else that Flyte sends is kept.
func submission(grant manifest.FlyteGrant, r *admin.CreateTaskRequest, raw string) (server.Submission, *flyte.Fault) {
	from, id := r.GetTemplate(), r.GetTaskExecutionMetadata().GetTaskExecutionId()
	execution := id.GetNodeExecutionId().GetExecutionId()
	t := &core.TaskTemplate{Id: from.GetId(), Type: from.GetType(), Interface: from.GetInterface(), Custom: from.GetCustom()}
	if timeout := from.GetMetadata().GetTimeout(); timeout != nil {
		t.Metadata = &core.TaskMetadata{Timeout: timeout}
	}
	marshal := proto.MarshalOptions{Deterministic: true}
	template, err := marshal.Marshal(t)
	inputs, err2 := marshal.Marshal(r.GetInputs())
	q := request{Project: execution.GetProject(), Domain: execution.GetDomain(), Template: template, Inputs: inputs, Raw: raw}
	payload, err3 := json.Marshal(q)
	if err := errors.Join(err, err2, err3); err != nil {
		return server.Submission{}, &flyte.Fault{Kind: "ValueError", Message: "the request cannot be kept: it has a text that is not UTF-8", Cause: err}
	}
	task := id.GetTaskId()
	name := from.GetId().GetName()
	if name == "" {
		name = "task"
	}
	return server.Submission{
		Kind: Kind, Tenant: grant.Tenant, Who: Kind + ":" + clip(execution.GetProject()+"/"+execution.GetDomain()), Task: name, Payload: payload,
		Key: digest(execution.GetProject(), execution.GetDomain(), execution.GetName(), id.GetNodeExecutionId().GetNodeId(),
			task.GetProject(), task.GetDomain(), task.GetName(), task.GetVersion(), fmt.Sprint(id.GetRetryAttempt()), r.GetOutputPrefix()),
		Hash: digest(string(payload)),
	}, nil
}

// digest returns a hash of texts.
func digest(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s ", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// nameable reports whether a name can stand in logs and on terminals.
func nameable(s string) bool {
	return len(s) <= maxName && utf8.ValidString(s) && !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) })
}
