package connector

import (
	"errors"
	"path"

	_ "github.com/flyteorg/flyte/flyteidl/gen/pb-go/flyteidl/admin" // describes the messages
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// described finds descriptions for reflection: of what is linked, and of the
// services, which are not.
type described struct{ *protoregistry.Files }

// describe describes the services. Those of Flyte 2 take Flyte 1's messages,
// which are the same on the wire: the program has no others.
func describe() (described, error) {
	d := described{&protoregistry.Files{}}
	var errs []error
	for _, n := range names {
		file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
			Name: &n.file, Package: proto.String(pkg(n.tasks)), Syntax: proto.String("proto3"), Dependency: []string{"flyteidl/admin/agent.proto"},
			Service: []*descriptorpb.ServiceDescriptorProto{
				{Name: proto.String(last(n.tasks)), Method: []*descriptorpb.MethodDescriptorProto{
					method("CreateTask", "CreateTask"), method("GetTask", "GetTask"), method("DeleteTask", "DeleteTask"),
					method("GetTaskMetrics", "GetTaskMetrics"), streamed(method("GetTaskLogs", "GetTaskLogs")),
				}},
				{Name: proto.String(last(n.meta)), Method: []*descriptorpb.MethodDescriptorProto{method(n.get, "GetAgent"), method(n.list, "ListAgents")}},
			},
		}, protoregistry.GlobalFiles)
		if err == nil {
			err = d.RegisterFile(file)
		}
		errs = append(errs, err)
	}
	return d, errors.Join(errs...)
}

// method describes a method by the messages that it takes and returns.
func method(name, messages string) *descriptorpb.MethodDescriptorProto {
	const of = ".flyteidl.admin."
	return &descriptorpb.MethodDescriptorProto{Name: &name, InputType: proto.String(of + messages + "Request"), OutputType: proto.String(of + messages + "Response")}
}

func streamed(m *descriptorpb.MethodDescriptorProto) *descriptorpb.MethodDescriptorProto {
	m.ServerStreaming = proto.Bool(true)
	return m
}

// pkg and last split the name of a service.
func pkg(name string) string  { return name[:len(name)-len(path.Ext(name))] }
func last(name string) string { return path.Ext(name)[1:] }

// FindFileByPath implements protodesc.Resolver.
func (d described) FindFileByPath(name string) (protoreflect.FileDescriptor, error) {
	if f, err := d.Files.FindFileByPath(name); err == nil {
		return f, nil
	}
	return protoregistry.GlobalFiles.FindFileByPath(name)
}

// FindDescriptorByName implements protodesc.Resolver.
func (d described) FindDescriptorByName(name protoreflect.FullName) (protoreflect.Descriptor, error) {
	if f, err := d.Files.FindDescriptorByName(name); err == nil {
		return f, nil
	}
	return protoregistry.GlobalFiles.FindDescriptorByName(name)
}
