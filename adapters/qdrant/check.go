package qdrant

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/aiwoochat/woochat/ports"
)

// The oldest version of Qdrant that woochat runs on: the first whose fallback
// shard key lets large tenants have shards of their own beside a shared one.
const (
	MinMajor = 1
	MinMinor = 16
)

// grpcPort is where Qdrant speaks gRPC unless it is told otherwise; restPort is
// the one that people know.
const (
	grpcPort = "6334"
	restPort = "6333"
)

// checkTimeout bounds a Check whose context has no earlier end.
const checkTimeout = 10 * time.Second

// Info is what Check has found.
type Info struct {
	Version     string // such as 1.17.0
	Collections int
	TLS         bool
	Warnings    []string // what is unsafe, each with what to do
}

// Problem is a kind of CheckError.
type Problem uint8

// Problems. The zero Problem is invalid.
const (
	BadAddress  Problem = iota + 1 // the URL cannot be read
	Unreachable                    // nobody answers there, or too late
	BadKey                         // the API key is refused, or missing
	NotQdrant                      // it answers, but is no Qdrant
	TooOld                         // below MinMajor.MinMinor
	Broken                         // it answered with something else
)

// CheckError says why a Qdrant cannot be used and what to do. It holds no API
// key. It matches ports.ErrUnavailable if trying again may help, and
// ports.ErrInvalid otherwise.
type CheckError struct {
	Problem Problem
	Where   string // host and port; "" if the URL cannot be read
	Reason  string // what the server or the network said
	Do      string // what to do
}

func (e *CheckError) Error() string {
	where := ""
	if e.Where != "" {
		where = " " + e.Where
	}
	return fmt.Sprintf("qdrant%s: %s: %s", where, e.Reason, e.Do)
}

// Unwrap returns ports.ErrUnavailable or ports.ErrInvalid.
func (e *CheckError) Unwrap() error {
	if e.Problem == Unreachable || e.Problem == Broken {
		return ports.ErrUnavailable
	}
	return ports.ErrInvalid
}

// Check connects to the Qdrant at address (a URL such as
// https://qdrant.example.com:6334, or host:port), asks for its version and, to
// see whether it takes apiKey ("" for none), for its collections, and
// disconnects. It changes nothing, takes at most ten seconds, and may be
// called at any time. The error is a *CheckError, or that of ctx.
func Check(ctx context.Context, address, apiKey string) (Info, error) {
	host, port, tls, err := parse(address)
	if err != nil {
		return Info{}, err
	}
	c := checking{where: net.JoinHostPort(host, strconv.Itoa(port)), port: port, key: apiKey}
	client, err := qdrant.NewClient(&qdrant.Config{
		Host: bracketed(host), Port: port, UseTLS: tls, PoolSize: 1, KeepAliveTime: -1,
		SkipCompatibilityCheck: true, // it would write to the default log
		// So would the client's own APIKey without TLS. A chained interceptor,
		// since a plain one takes the place of the client's.
		GrpcOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(c.authorize)},
	})
	if err != nil {
		return Info{}, c.problem(BadAddress, err.Error(), howToWrite)
	}
	defer func() { _ = client.Close() }() // nothing was written
	c.end = time.Now().Add(checkTimeout)  //nolint:forbidigo // it is compared with a context's deadline, which is of this clock
	mine, cancel := context.WithDeadline(ctx, c.end)
	defer cancel()

	reply, err := client.HealthCheck(mine)
	if err != nil {
		return Info{}, c.explain(ctx, err)
	}
	info := Info{Version: reply.GetVersion(), TLS: tls}
	if major, minor, ok := version(info.Version); !ok {
		return info, c.problem(NotQdrant, fmt.Sprintf("it says to be %q of version %q", reply.GetTitle(), info.Version), "check host and port")
	} else if major < MinMajor || major == MinMajor && minor < MinMinor {
		return info, c.problem(TooOld, "it is Qdrant "+info.Version,
			fmt.Sprintf("woochat needs %d.%d or newer: upgrade it, or leave WOOCHAT_QDRANT_URL empty for the embedded index", MinMajor, MinMinor))
	}
	// Anybody may ask for the health; the collections are behind the key.
	names, err := client.ListCollections(mine)
	if err != nil {
		return info, c.explain(ctx, err)
	}
	info.Collections = len(names)
	if !tls && !loopback(host) {
		info.Warnings = append(info.Warnings, "the connection to "+c.where+" is not encrypted, and whoever listens reads texts and API key: turn TLS on there and write https://")
	}
	if apiKey == "" && !loopback(host) {
		info.Warnings = append(info.Warnings, "Qdrant at "+c.where+" asks for no API key, and whoever reaches it reads every shop's index: set one there and in WOOCHAT_QDRANT_API_KEY")
	}
	return info, nil
}

const howToWrite = "write it as https://host:6334, or http://host:6334 without TLS"

// parse reads an address. The error is a *CheckError that does not repeat it,
// for it may hold a key.
func parse(address string) (host string, port int, tls bool, err error) {
	bad := func(reason string) (string, int, bool, error) {
		return "", 0, false, &CheckError{Problem: BadAddress, Reason: reason, Do: howToWrite}
	}
	address = strings.TrimSpace(address)
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return bad("the address cannot be read")
	case u.Scheme != "http" && u.Scheme != "https":
		return bad("the address begins with neither http:// nor https://")
	case u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "":
		return bad("the address has more than host and port (the API key has a setting of its own)")
	}
	text := u.Port()
	if text == "" {
		text = grpcPort
	}
	port, err = strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return bad("the port is not one from 1 to 65535")
	}
	return u.Hostname(), port, u.Scheme == "https", nil
}

// bracketed writes a host as the client wants it: it puts a colon and the port
// behind.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// version reads the beginning of a version such as 1.17.0-dev.
func version(text string) (major, minor int, ok bool) {
	n, err := fmt.Sscanf(text, "%d.%d.", &major, &minor)
	return major, minor, err == nil && n == 2
}

// checking is one Check under way.
type checking struct {
	where string
	port  int
	key   string
	end   time.Time // our own, whatever the caller's is
}

func (c checking) authorize(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if c.key != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "api-key", c.key)
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

func (c checking) problem(p Problem, reason, do string) error {
	if c.key != "" {
		reason = strings.ReplaceAll(reason, c.key, "[redacted]")
	}
	return &CheckError{Problem: p, Where: c.where, Reason: reason, Do: do}
}

// explain turns an error of the client into what to do about it. gRPC's errors
// do not match those of a context.
func (c checking) explain(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return fmt.Errorf("qdrant %s: %w", c.where, ctx.Err())
	}
	if inner, ok := errors.AsType[*qdrant.QdrantError](err); ok {
		err = inner.Unwrap()
	}
	s := status.Convert(err)
	switch s.Code() {
	case codes.Unavailable:
		do := "check host, port, and whether it is http:// or https:// there"
		if strconv.Itoa(c.port) == restPort {
			do = "port " + restPort + " is Qdrant's REST port: use its gRPC port, " + grpcPort
		}
		return c.problem(Unreachable, s.Message(), do)
	case codes.DeadlineExceeded:
		// The server is told of the deadline, and its answer may be here
		// before the context's own timer.
		if end, ok := ctx.Deadline(); ok && end.Before(c.end) {
			return fmt.Errorf("qdrant %s: %w", c.where, context.DeadlineExceeded)
		}
		return c.problem(Unreachable, fmt.Sprintf("no answer within %v", checkTimeout), "check host and port, and that it may be reached from here")
	case codes.Unauthenticated, codes.PermissionDenied:
		return c.problem(BadKey, s.Message(), "set WOOCHAT_QDRANT_API_KEY to a key that may read and write all collections")
	case codes.Unimplemented:
		return c.problem(NotQdrant, s.Message(), "check host and port: something else answers there")
	default:
		return c.problem(Broken, fmt.Sprintf("%s: %s", s.Code(), s.Message()), "look into Qdrant's log")
	}
}
