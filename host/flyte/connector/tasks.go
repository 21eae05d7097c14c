package connector

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/core"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/wasmsql/wasmsql/host"
	"github.com/wasmsql/wasmsql/host/flyte"
	"github.com/wasmsql/wasmsql/host/server"
)

// maxMeta is the size of a resource_meta that can be one of ours: JSON writes
// some bytes of a text as six.
const maxMeta = 6*maxText + 1<<10

// parseMeta reads a resource_meta. One that is not ours is of no execution.
func parseMeta(data []byte) resourceMeta {
	var m resourceMeta
	if len(data) > maxMeta || json.Unmarshal(data, &m) != nil {
		return resourceMeta{}
	}
	return m
}

// lost is what is told of an execution that is not there: to Flyte an error of
// GetTask is one that is asked for again, without end.
func lost() *admin.Resource {
	return &admin.Resource{Phase: core.TaskExecution_RETRYABLE_FAILED,
		Message: "the connector knows no such execution: it ended long ago, or was another connector's"}
}

// GetTask tells how an execution stands.
func (c *Connector) GetTask(ctx context.Context, r *admin.GetTaskRequest) (*admin.GetTaskResponse, error) {
	m := parseMeta(r.GetResourceMeta())
	if m.Refused != nil {
		return &admin.GetTaskResponse{Resource: m.Refused.resource()}, nil
	}
	var e server.Execution
	err := patiently(ctx, func() (err error) {
		e, err = c.server.Look(ctx, Kind, m.Execution)
		return err
	})
	switch {
	case errors.Is(err, server.ErrNoExecution):
		return &admin.GetTaskResponse{Resource: lost()}, nil
	case err != nil:
		return nil, c.notNow(ctx, err)
	}
	return &admin.GetTaskResponse{Resource: resource(e)}, nil
}

// Pauses between attempts at the state, which may be on its way to another
// server: Flyte gives an execution up after five calls in its life that failed.
const (
	attempts = 4
	pause    = time.Second
)

// patiently calls f again while it fails for reasons of the state.
func patiently(ctx context.Context, f func() error) error {
	for i := 1; ; i++ {
		err := f()
		var refusal *server.Refusal
		if err == nil || i == attempts || errors.Is(err, server.ErrNoExecution) || errors.Is(err, server.ErrNoTenant) || errors.As(err, &refusal) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}

// resource is what Flyte learns of an execution.
func resource(e server.Execution) *admin.Resource {
	var kept outcome
	_ = json.Unmarshal([]byte(e.Outcome), &kept) // of an execution that has not ended there is none
	r := &admin.Resource{}
	switch e.Status {
	case server.Queued:
		r.Phase = core.TaskExecution_QUEUED
	case server.Running, server.Committing:
		r.Phase = core.TaskExecution_RUNNING
	case server.Succeeded:
		r.Phase, r.Outputs = core.TaskExecution_SUCCEEDED, &core.LiteralMap{}
		if proto.Unmarshal(kept.Outputs, r.Outputs) != nil {
			r = lost()
		}
	case server.Canceled:
		r.Phase, r.Message = core.TaskExecution_ABORTED, e.Message
	case server.Unknown:
		r = (&told{Code: "SYSTEM:UnknownOutcome", Text: "UnknownOutcome: " + e.Message + "\nhint: look at the database before you run the task again", System: true}).resource()
	default:
		if kept.Fault == nil { // a fault of the server, without an effect
			kept.Fault = &told{Code: "SYSTEM:InternalError", Text: "InternalError: " + e.Message, Retry: true, System: true}
		}
		r = kept.Fault.resource()
	}
	r.CustomInfo = info(e)
	return r
}

// resource is a fault as GetTask tells it.
func (t *told) resource() *admin.Resource {
	r := &admin.Resource{Phase: core.TaskExecution_FAILED, Message: "USER:" + t.Text,
		AgentError: &admin.AgentError{Code: t.Code, Kind: admin.AgentError_NON_RECOVERABLE, Origin: core.ExecutionError_USER}}
	if t.Retry {
		r.Phase, r.AgentError.Kind = core.TaskExecution_RETRYABLE_FAILED, admin.AgentError_RECOVERABLE
	}
	if t.System {
		r.Message, r.AgentError.Origin = "SYSTEM:"+t.Text, core.ExecutionError_SYSTEM
	}
	return r
}

// info is what is told of an execution beside its outputs.
func info(e server.Execution) *structpb.Struct {
	fields := map[string]any{"execution": e.ID, "attempts": e.Attempts}
	if !e.Ended.IsZero() {
		for name, v := range measured(e.Report) {
			fields[name] = float64(v)
		}
	}
	s, err := structpb.NewStruct(fields)
	if err != nil { // a task's name that is no text of protobuf's
		return nil
	}
	return s
}

// measured is what an execution has used, by name.
func measured(r host.Report) map[string]int64 {
	return map[string]int64{"rows": r.Rows, "rows_affected": r.RowsAffected, "result_bytes": r.Bytes, "fuel": r.Fuel, "guest_memory_bytes": r.GuestMemory}
}

// DeleteTask ends an execution, wherever it runs. One that is not there, or
// has ended, is no error.
func (c *Connector) DeleteTask(ctx context.Context, r *admin.DeleteTaskRequest) (*admin.DeleteTaskResponse, error) {
	if m := parseMeta(r.GetResourceMeta()); m.Execution != "" {
		err := patiently(ctx, func() error { return c.server.Cancel(ctx, Kind, m.Execution) })
		if err != nil && !errors.Is(err, server.ErrNoExecution) {
			return nil, c.notNow(ctx, err)
		}
	}
	return &admin.DeleteTaskResponse{}, nil
}

// GetTaskMetrics tells what an execution has used, once it has ended, as
// Prometheus has a single value. Queries are names of measured; none is all.
func (c *Connector) GetTaskMetrics(ctx context.Context, r *admin.GetTaskMetricsRequest) (*admin.GetTaskMetricsResponse, error) {
	e, err := c.server.Look(ctx, Kind, parseMeta(r.GetResourceMeta()).Execution)
	switch {
	case errors.Is(err, server.ErrNoExecution):
		return nil, status.Error(codes.NotFound, "there is no such execution")
	case err != nil:
		return nil, c.notNow(ctx, err)
	case e.Ended.IsZero():
		return &admin.GetTaskMetricsResponse{}, nil
	}
	all := measured(e.Report)
	queries := r.GetQueries()
	if len(queries) == 0 {
		queries = []string{"rows", "rows_affected", "result_bytes", "fuel", "guest_memory_bytes"}
	}
	out := &admin.GetTaskMetricsResponse{}
	for _, q := range queries[:min(len(queries), len(all))] {
		v, ok := all[q]
		if !ok {
			return nil, status.Error(codes.InvalidArgument, fmt.Sprintf("there is no metric %q: accepted are rows, rows_affected, result_bytes, fuel and guest_memory_bytes", clip(q)))
		}
		data, err := structpb.NewStruct(map[string]any{"resultType": "scalar",
			"result": []any{float64(e.Ended.UnixMilli()) / float64(time.Second/time.Millisecond), strconv.FormatInt(v, 10)}})
		if err != nil {
			return nil, err
		}
		out.Results = append(out.Results, &core.ExecutionMetricResult{Metric: q, Data: data})
	}
	return out, nil
}

// errNoLogs is the answer to GetTaskLogs.
var errNoLogs = status.Error(codes.Unimplemented, "an execution has no log of its own here: the log and the audit of wasmsql serve name it by the id in custom_info")

// agent is what the connector tells of itself.
func agent() *admin.Agent {
	a := &admin.Agent{Name: Name, SupportedTaskCategories: []*admin.TaskCategory{{Name: flyte.TaskType}}}
	//lint:ignore SA1019 older propellers read nothing else
	a.SupportedTaskTypes = []string{flyte.TaskType}
	return a
}

// GetAgent tells of the connector.
func (*Connector) GetAgent(_ context.Context, r *admin.GetAgentRequest) (*admin.GetAgentResponse, error) {
	if r.GetName() != Name {
		return nil, status.Error(codes.NotFound, fmt.Sprintf("there is no connector %q: the one here is %q", clip(r.GetName()), Name))
	}
	return &admin.GetAgentResponse{Agent: agent()}, nil
}

// ListAgents tells of the connector.
func (*Connector) ListAgents(context.Context, *admin.ListAgentsRequest) (*admin.ListAgentsResponse, error) {
	return &admin.ListAgentsResponse{Agents: []*admin.Agent{agent()}}, nil
}
