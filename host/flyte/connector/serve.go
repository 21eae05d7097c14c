package connector

import (
	"context"
	"crypto/tls"
	"maps"
	"net"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/netutil"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/reflection"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionalpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"
)

// Bounds of what clients can take.
const (
	maxMessage  = 4 << 20 // bytes, gRPC's own default
	maxHeader   = 16 << 10
	connections = 256
	streams     = 64 // of a connection
	handshake   = 10 * time.Second
	callTime    = 9 * time.Second // Flyte waits for ten
	idleTime    = 15 * time.Minute
	oldest      = 30 * time.Minute // of a connection: then replicas that are new are seen
	pingAfter   = time.Minute      // without a word of the client's
	pongWithin  = 20 * time.Second
	pingsEvery  = 10 * time.Second // at most, of a client
)

// Serve serves gRPC on l, over TLS where a configuration is given, until ctx
// ends: it is then no more ready, and waits for the calls that are under way.
func (c *Connector) Serve(ctx context.Context, l net.Listener, secure *tls.Config) error {
	known, err := describe()
	if err != nil {
		return err
	}
	options := []grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage), grpc.MaxHeaderListSize(maxHeader), grpc.MaxConcurrentStreams(streams),
		grpc.ConnectionTimeout(handshake), grpc.UnaryInterceptor(c.contain), grpc.StreamInterceptor(c.containStream),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: idleTime, MaxConnectionAge: oldest, MaxConnectionAgeGrace: callTime, Time: pingAfter, Timeout: pongWithin}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: pingsEvery, PermitWithoutStream: true}),
	}
	if secure != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(secure)))
	}
	g := grpc.NewServer(options...)
	ready := health.NewServer()
	for _, d := range services() {
		g.RegisterService(d, c)
		ready.SetServingStatus(d.ServiceName, healthpb.HealthCheckResponse_SERVING)
	}
	healthpb.RegisterHealthServer(g, ready)
	about := reflection.ServerOptions{Services: g, DescriptorResolver: known}
	reflectionpb.RegisterServerReflectionServer(g, reflection.NewServerV1(about))
	reflectionalpha.RegisterServerReflectionServer(g, reflection.NewServer(about))
	ended := make(chan error, 1)
	go func() { ended <- g.Serve(netutil.LimitListener(l, connections)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	ready.Shutdown()
	hard := time.AfterFunc(callTime, g.Stop) // a watch of health has no end
	defer hard.Stop()
	g.GracefulStop()
	return <-ended
}

// errFault is the answer of a call that panicked.
var errFault = status.Error(codes.Internal, "a fault of the server")

// polled are the methods that Flyte calls all the time: they have no spans.
var polled = []string{"GetTask", "GetTaskMetrics", "GetAgent", "ListAgents", "GetConnector", "ListConnectors", "Check"}

// contain bounds a call in time, traces it, and makes an error of its panic.
func (c *Connector) contain(ctx context.Context, r any, info *grpc.UnaryServerInfo, serve grpc.UnaryHandler) (answer any, err error) {
	if !slices.Contains(polled, path.Base(info.FullMethod)) {
		headers, _ := metadata.FromIncomingContext(ctx)
		var end func(code string)
		ctx, end = c.server.ObserveCall(ctx, strings.TrimPrefix(info.FullMethod, "/"), carrier(headers))
		defer func() {
			code := ""
			if err != nil {
				code = status.Code(err).String()
			}
			end(code)
		}()
	}
	defer func() {
		if p := recover(); p != nil {
			c.server.Panicked(ctx, info.FullMethod, p)
			answer, err = nil, errFault
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return serve(ctx, r)
}

// carrier reads the headers of a call. It implements propagation.TextMapCarrier.
type carrier metadata.MD

// Get implements propagation.TextMapCarrier.
func (h carrier) Get(key string) string { return strings.Join(metadata.MD(h).Get(key), ",") }

// Set implements propagation.TextMapCarrier.
func (h carrier) Set(key, value string) { metadata.MD(h).Set(key, value) }

// Keys implements propagation.TextMapCarrier.
func (h carrier) Keys() []string { return slices.Collect(maps.Keys(h)) }

// containStream makes an error of a stream's panic.
func (c *Connector) containStream(s any, stream grpc.ServerStream, info *grpc.StreamServerInfo, serve grpc.StreamHandler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			c.server.Panicked(stream.Context(), info.FullMethod, p)
			err = errFault
		}
	}()
	return serve(s, stream)
}
