package qdrant_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/ports"
)

const key = "qdr-s3cret"

// fake is a Qdrant as far as a Check looks: its health, which anybody may ask
// for, and its collections, which are behind the key.
type fake struct {
	client.UnimplementedQdrantServer
	client.UnimplementedCollectionsServer
	version string
	key     string // "" for none
	health  error
	silent  bool
}

func (f *fake) HealthCheck(ctx context.Context, _ *client.HealthCheckRequest) (*client.HealthCheckReply, error) {
	if f.silent {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return &client.HealthCheckReply{Title: "qdrant - vector search engine", Version: f.version}, f.health
}

func (f *fake) List(ctx context.Context, _ *client.ListCollectionsRequest) (*client.ListCollectionsResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if got := strings.Join(md.Get("api-key"), ","); got != f.key {
		// As a careless server might: with the key in its message.
		return nil, status.Errorf(codes.Unauthenticated, "invalid API key %q", got)
	}
	return &client.ListCollectionsResponse{Collections: []*client.CollectionDescription{{Name: "a"}, {Name: "b"}}}, nil
}

// serve starts f on loopback and returns its host:port.
func serve(t testing.TB, f *fake) string {
	t.Helper()
	s := grpc.NewServer()
	client.RegisterQdrantServer(s, f)
	client.RegisterCollectionsServer(s, f)
	return listen(t, s)
}

func listen(t testing.TB, s *grpc.Server) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(l) }()
	t.Cleanup(func() { s.Stop(); <-done })
	return l.Addr().String()
}

func TestCheck(t *testing.T) {
	for _, c := range []struct{ version, key string }{{"1.16.0", ""}, {"1.17.1", key}, {"2.0.0-dev", key}} {
		at := serve(t, &fake{version: c.version, key: c.key})
		for _, address := range []string{at, "http://" + at, " http://" + at + "/ "} {
			info, err := qdrant.Check(t.Context(), address, c.key)
			if err != nil || info.Version != c.version || info.Collections != 2 || info.TLS || len(info.Warnings) != 0 {
				t.Errorf("%s at %q: got %+v, %v", c.version, address, info, err)
			}
		}
	}
}

func TestCheckSaysWhatToDo(t *testing.T) {
	const nobody = "127.0.0.1:1" // a port that the system gives to none of the servers below
	for _, c := range []struct {
		name, address, key string
		problem            qdrant.Problem
		is                 error
		says               string
	}{
		{"empty", "", key, qdrant.BadAddress, ports.ErrInvalid, "https://host:6334"},
		{"broken URL", "http://[::1/" + key, key, qdrant.BadAddress, ports.ErrInvalid, "https://host:6334"},
		{"another protocol", "ftp://127.0.0.1:6334", key, qdrant.BadAddress, ports.ErrInvalid, "neither http:// nor https://"},
		{"a key in the URL", "https://" + key + "@127.0.0.1:6334", "", qdrant.BadAddress, ports.ErrInvalid, "setting of its own"},
		{"no such port", "127.0.0.1:123456", key, qdrant.BadAddress, ports.ErrInvalid, "65535"},
		{"nobody there", nobody, key, qdrant.Unreachable, ports.ErrUnavailable, "check host, port"},
		{"TLS where there is none", "https://" + serve(t, &fake{version: "1.17.0"}), "", qdrant.Unreachable, ports.ErrUnavailable, "http:// or https://"},
		{"too old", serve(t, &fake{version: "1.15.9"}), "", qdrant.TooOld, ports.ErrInvalid, "1.16 or newer"},
		{"no version", serve(t, &fake{version: "latest"}), "", qdrant.NotQdrant, ports.ErrInvalid, `"latest"`},
		{"another gRPC server", listen(t, grpc.NewServer()), key, qdrant.NotQdrant, ports.ErrInvalid, "something else"},
		{"wrong key", serve(t, &fake{version: "1.17.0", key: "another"}), key, qdrant.BadKey, ports.ErrInvalid, "WOOCHAT_QDRANT_API_KEY"},
		{"no key", serve(t, &fake{version: "1.17.0", key: "another"}), "", qdrant.BadKey, ports.ErrInvalid, "WOOCHAT_QDRANT_API_KEY"},
		{"broken inside", serve(t, &fake{health: status.Error(codes.Internal, "disk is full")}), key, qdrant.Broken, ports.ErrUnavailable, "disk is full"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := qdrant.Check(t.Context(), c.address, c.key)
			var e *qdrant.CheckError
			if !errors.As(err, &e) || e.Problem != c.problem || !errors.Is(err, c.is) || e.Do == "" {
				t.Fatalf("got %v, want problem %d that is %v", err, c.problem, c.is)
			}
			if !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), key) {
				t.Errorf("%q does not say %q, or holds the key", err, c.says)
			}
		})
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	at := serve(t, &fake{silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := qdrant.Check(ctx, at, key); !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), key) {
		t.Errorf("got %v, want the context's error without the key", err)
	}
}

// An adapter does not log, and neither may its client: it would warn of keys
// and versions on the process's default log.
func TestCheckLogsNothing(t *testing.T) {
	var log strings.Builder
	old := slog.Default()
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	defer slog.SetDefault(old)
	if _, err := qdrant.Check(t.Context(), serve(t, &fake{version: "1.99.0", key: key}), key); err != nil {
		t.Fatal(err)
	}
	if log.Len() > 0 {
		t.Errorf("logged %s", log.String())
	}
}

func ExampleCheck() {
	_, err := qdrant.Check(context.Background(), "https://127.0.0.1:6334/collections", "") // of WOOCHAT_QDRANT_URL
	fmt.Println(err)
	// Output: qdrant: the address has more than host and port (the API key has a setting of its own): write it as https://host:6334, or http://host:6334 without TLS
}
