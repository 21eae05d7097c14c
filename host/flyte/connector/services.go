package connector

import (
	"context"

	"github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin"
	"google.golang.org/grpc"
)

// names are those of the services in Flyte 1 and in Flyte 2, whose messages
// are the same on the wire. Fields that one of them lacks are left out or
// skipped.
//
// Source: flyteidl/service/agent.proto and flyteidl2/connector/service.proto.
var names = []struct{ file, tasks, meta, get, list string }{
	{"flyteidl/service/agent.proto", "flyteidl.service.AsyncAgentService", "flyteidl.service.AgentMetadataService", "GetAgent", "ListAgents"},
	{"flyteidl2/connector/service.proto", "flyteidl2.connector.AsyncConnectorService", "flyteidl2.connector.ConnectorMetadataService",
		"GetConnector", "ListConnectors"},
}

// handler is what gRPC holds a Connector against when it is registered.
type handler interface {
	CreateTask(context.Context, *admin.CreateTaskRequest) (*admin.CreateTaskResponse, error)
}

// services describes all of them.
func services() []*grpc.ServiceDesc {
	var all []*grpc.ServiceDesc
	for _, s := range names {
		all = append(all, &grpc.ServiceDesc{ServiceName: s.tasks, HandlerType: (*handler)(nil), Metadata: s.file,
			Methods: []grpc.MethodDesc{
				unary(s.tasks, "CreateTask", (*Connector).CreateTask),
				unary(s.tasks, "GetTask", (*Connector).GetTask),
				unary(s.tasks, "DeleteTask", (*Connector).DeleteTask),
				unary(s.tasks, "GetTaskMetrics", (*Connector).GetTaskMetrics),
			},
			Streams: []grpc.StreamDesc{{StreamName: "GetTaskLogs", ServerStreams: true,
				Handler: func(any, grpc.ServerStream) error { return errNoLogs }}},
		}, &grpc.ServiceDesc{ServiceName: s.meta, HandlerType: (*handler)(nil), Metadata: s.file,
			Methods: []grpc.MethodDesc{
				unary(s.meta, s.get, (*Connector).GetAgent),
				unary(s.meta, s.list, (*Connector).ListAgents),
			},
		})
	}
	return all
}

// unary describes a method.
func unary[Q, A any](service, name string, call func(*Connector, context.Context, *Q) (*A, error)) grpc.MethodDesc {
	return grpc.MethodDesc{MethodName: name,
		Handler: func(c any, ctx context.Context, decode func(any) error, through grpc.UnaryServerInterceptor) (any, error) {
			r := new(Q)
			if err := decode(r); err != nil {
				return nil, err
			}
			serve := func(ctx context.Context, r any) (any, error) { return call(c.(*Connector), ctx, r.(*Q)) }
			if through == nil {
				return serve(ctx, r)
			}
			return through(ctx, r, &grpc.UnaryServerInfo{Server: c, FullMethod: "/" + service + "/" + name}, serve)
		}}
}
