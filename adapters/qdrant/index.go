package qdrant

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"hash/maphash"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/ports"
)

// Secret is an API key. It is never printed.
type Secret string

// String returns [redacted], or "" for none.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// GoString returns what String does.
func (s Secret) GoString() string { return s.String() }

// Config says where the server is and how it is used.
type Config struct {
	// URL is the server's address, such as https://qdrant.example.com:6334;
	// http for one without TLS.
	URL    string
	APIKey Secret      // "" for none
	TLS    *tls.Config // nil for the system's roots and TLS 1.3
	// Prefix begins the names of the collections; "" for woochat.
	Prefix string
	// Quantize keeps vectors as bytes in memory, a quarter of what they take,
	// and scores the best again by the vectors themselves. It is for collections
	// that are made from then on.
	Quantize bool
	// SearchTimeout bounds a Search, WriteTimeout each single request; 0 for 5
	// and 30 seconds.
	SearchTimeout, WriteTimeout time.Duration
	// Weights says how words and meaning are fused; zero for
	// retrieval.DefaultFusionWeights.
	Weights retrieval.FusionWeights
	Now     ports.Clock
	Events  ports.EventSink // nil for none
}

// Index is a [ports.Searcher] and a [ports.Indexer] on a Qdrant server. Several
// processes may use one.
type Index struct {
	client *qdrant.Client
	c      Config
	where  string // host and port

	mu     sync.Mutex // guards all below
	made   map[string]bool
	homes  map[owner]int
	counts map[owner]*statistics
	change int64 // counts writes of this process, so that no older statistics are kept

	seed    maphash.Seed
	writers [64]chan struct{} // of generations, by hash: one write at a time
}

var (
	_ ports.Searcher = (*Index)(nil)
	_ ports.Indexer  = (*Index)(nil)
)

// keepAlive is after how many quiet seconds the server is pinged, so that a
// firewall keeps the line open.
const keepAlive = 30

// Open returns the index of c. It does not connect: whether the server answers is
// what the first call, or Check, finds out. ErrInvalid if c.URL cannot be read.
func Open(c Config) (*Index, error) {
	host, port, secure, err := parse(c.URL)
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		return nil, fmt.Errorf("qdrant: open: %w: a clock is needed", ports.ErrInvalid)
	}
	c.Prefix = cmp.Or(c.Prefix, "woochat")
	c.SearchTimeout = cmp.Or(c.SearchTimeout, 5*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 30*time.Second)
	x := &Index{
		c: c, where: net.JoinHostPort(host, strconv.Itoa(port)), seed: maphash.MakeSeed(),
		made: make(map[string]bool), homes: make(map[owner]int), counts: make(map[owner]*statistics),
	}
	for i := range x.writers {
		x.writers[i] = make(chan struct{}, 1)
	}
	x.client, err = qdrant.NewClient(&qdrant.Config{
		Host: bracketed(host), Port: port, UseTLS: secure, TLSConfig: c.TLS, KeepAliveTime: keepAlive, KeepAliveTimeout: 10,
		SkipCompatibilityCheck: true, // it would write to the default log
		// So would the client's own APIKey without TLS. A chained interceptor,
		// since a plain one takes the place of the client's.
		GrpcOptions: []grpc.DialOption{
			grpc.WithChainUnaryInterceptor(x.bound, x.authorize),
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64 << 20)),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("qdrant: open: %w: %w", ports.ErrInvalid, err)
	}
	return x, nil
}

// Close ends the connections; calls under way end with an error. Close it once.
func (x *Index) Close() error { return x.client.Close() }

// bound ends each request after WriteTimeout. A write as a whole has no such end:
// one that moves a large site makes many requests.
func (x *Index) bound(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	ctx, cancel := context.WithTimeout(ctx, x.c.WriteTimeout)
	defer cancel()
	return invoke(ctx, method, req, reply, cc, opts...)
}

func (x *Index) authorize(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	if x.c.APIKey != "" {
		ctx = metadata.AppendToOutgoingContext(ctx, "api-key", string(x.c.APIKey))
	}
	return invoke(ctx, method, req, reply, cc, opts...)
}

// lock keeps other writes of this process to the generation out until unlock. It
// waits for them, but not longer than ctx.
func (x *Index) lock(ctx context.Context, o owner) (unlock func(), err error) {
	m := x.writers[maphash.Comparable(x.seed, o)%uint64(len(x.writers))]
	select {
	case m <- struct{}{}:
		return func() { <-m }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// ForeignDropped is published when Qdrant has returned points that its filter
// should have kept back: of another site or generation than was asked for. They
// were dropped. It is a fault of the server, or of somebody who writes to it.
type ForeignDropped struct {
	Points int
}

// EventName implements ports.Event.
func (ForeignDropped) EventName() string { return "index.foreign_dropped" }

// foreign tells of points that are not o's.
func (x *Index) foreign(ctx context.Context, o owner, points int) {
	if points > 0 && x.c.Events != nil {
		x.c.Events.Publish(ctx, o.Scope, ForeignDropped{Points: points})
	}
}

func (x *Index) redact(text string) string {
	if x.c.APIKey == "" {
		return text
	}
	return strings.ReplaceAll(text, string(x.c.APIKey), "[redacted]")
}
