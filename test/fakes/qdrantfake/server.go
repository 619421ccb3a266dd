package qdrantfake

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Version is what the server says to be unless Options has another.
const Version = "1.17.1"

// Options say what a server is like. The zero Options is one without a key.
type Options struct {
	Version string // "" for Version
	// APIKey is what a client must send as api-key, "" for none: "Qdrant
	// supports a simple form of client authentication using a static API key"
	// (operations/security). The health may be asked for without.
	APIKey string
	// GRPC are options of the gRPC server, such as its credentials.
	GRPC []grpc.ServerOption
}

// Server is a running fake. Its methods may be called at any time.
type Server struct {
	qdrant.UnimplementedQdrantServer
	qdrant.UnimplementedCollectionsServer

	options Options
	grpc    *grpc.Server
	address string
	served  chan struct{}

	mu          sync.RWMutex // guards the collections and all that they hold
	collections map[string]*collection

	faults faults
}

// points is the other half of a Server: both have a method Get.
type points struct {
	qdrant.UnimplementedPointsServer
	*Server
}

// Start serves on a free port of 127.0.0.1 until Close.
func Start(o Options) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("qdrantfake: %w", err)
	}
	if o.Version == "" {
		o.Version = Version
	}
	s := &Server{options: o, address: l.Addr().String(), served: make(chan struct{}), collections: make(map[string]*collection)}
	s.grpc = grpc.NewServer(append([]grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.intercept),
		grpc.MaxRecvMsgSize(64 << 20), // "service.max_request_size_mb" is 32 unless set (operations/configuration)
		// go-client pings each ten seconds, also while nothing is asked.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: time.Second, PermitWithoutStream: true}),
	}, o.GRPC...)...)
	qdrant.RegisterQdrantServer(s.grpc, s)
	qdrant.RegisterCollectionsServer(s.grpc, s)
	qdrant.RegisterPointsServer(s.grpc, points{Server: s})
	go func() { defer close(s.served); _ = s.grpc.Serve(l) }()
	return s, nil
}

// Addr returns the server's host:port.
func (s *Server) Addr() string { return s.address }

// Close ends all calls and the server. Closing again does nothing.
func (s *Server) Close() {
	s.grpc.Stop()
	<-s.served
}

// HealthCheck implements qdrant.QdrantServer.
func (s *Server) HealthCheck(context.Context, *qdrant.HealthCheckRequest) (*qdrant.HealthCheckReply, error) {
	return &qdrant.HealthCheckReply{Title: "qdrant - vector search engine", Version: s.options.Version}, nil
}

// intercept asks for the key and plays the faults.
func (s *Server) intercept(ctx context.Context, req any, info *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	method := info.FullMethod[strings.LastIndex(info.FullMethod, "/")+1:]
	if s.options.APIKey != "" && method != "HealthCheck" {
		md, _ := metadata.FromIncomingContext(ctx)
		if strings.Join(md.Get("api-key"), ",") != s.options.APIKey {
			return nil, status.Error(codes.Unauthenticated, "Invalid API key or JWT")
		}
	}
	if err := s.faults.before(ctx, method, req); err != nil {
		return nil, err
	}
	if reply, ok := s.faults.answered(method, req); ok {
		return reply, nil
	}
	reply, err := handle(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := s.faults.after(ctx, method); err != nil {
		return nil, err
	}
	return reply, nil
}
