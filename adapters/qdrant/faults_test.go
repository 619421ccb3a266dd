package qdrant_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	client "github.com/qdrant/go-client/qdrant"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
)

// entry is a page with one chunk for each text, and vectors.
func entry(id, revision string, texts ...string) retrieval.Entry {
	e := retrieval.Entry{Document: retrieval.DocumentID(id), Revision: revision, Kind: catalog.KindPage, Title: "Title " + id}
	for i, text := range texts {
		e.Chunks = append(e.Chunks, retrieval.Chunk{Seq: i, Text: text, Vector: []float32{1, float32(i)}})
	}
	return e
}

func put(t *testing.T, x ports.Indexer, s tenant.Scope, es ...retrieval.Entry) {
	t.Helper()
	for _, e := range es {
		if err := x.Put(t.Context(), s, e); err != nil {
			t.Fatal(err)
		}
	}
}

// refs returns what is found, as document, revision and chunk, in order.
func refs(t *testing.T, x ports.Searcher, s tenant.Scope, q retrieval.Query) []string {
	t.Helper()
	q.Limit, q.At = 100, noon()
	ps, err := x.Search(t.Context(), s, q)
	if err != nil {
		t.Fatal(err)
	}
	out := []string{}
	for _, p := range ps {
		out = append(out, fmt.Sprintf("%s %s %d", p.Ref.Document, p.Ref.Revision, p.Ref.Seq))
	}
	return out
}

// A server whose filter fails returns everybody's points: none is shown, and
// each is counted.
func TestForeignPointsAreDropped(t *testing.T) {
	server := startFake(t, qdrantfake.Options{})
	told := events{make(chan ports.Event, 1000)}
	x := open(t, qdrant.Config{URL: server.Addr(), Events: told})
	a, b := newScope(t), newScope(t)
	put(t, x, a, entry("page:1", "r1", "copper kettle"))
	for i := range 5 {
		put(t, x, b, entry(fmt.Sprint("page:", i), "r1", "copper kettle", "copper lamp"))
	}
	other := entry("page:9", "r9", "copper kettle")
	other.Generation = 4
	put(t, x, a, other)
	queries := map[string]retrieval.Query{
		"words": {Text: "copper kettle"}, "vector": {Vector: []float32{1, 0}}, "both": {Text: "copper kettle", Vector: []float32{1, 0}},
		"title": {Text: "Title page 1"}, "everything": {}, "filter": {Text: "copper", Filter: retrieval.Filter{Kinds: []catalog.Kind{catalog.KindPage}}},
	}
	for name, q := range queries {
		refs(t, x, a, q) // the home is known, the words are counted
		if len(told.all) > 0 {
			t.Fatalf("%s: told %v of a good server", name, <-told.all)
		}
	}
	server.IgnoreFilters()
	for name, q := range queries {
		if got := refs(t, x, a, q); slices.ContainsFunc(got, func(s string) bool { return s != "page:1 r1 0" }) {
			t.Errorf("%s: got %v, want nothing of another site or generation", name, got)
		}
		dropped := 0
		for len(told.all) > 0 {
			dropped += (<-told.all).(qdrant.ForeignDropped).Points
		}
		if dropped == 0 {
			t.Errorf("%s: nothing was told of what was dropped", name)
		}
	}
	got, err := x.Vectors(t.Context(), a, 0, []retrieval.DocumentID{"page:1"})
	if err != nil || len(got) != 1 || len(told.all) == 0 {
		t.Errorf("Vectors: got %v and error %v, told %d", got, err, len(told.all))
	}
}

// Put is killed after each request that it makes, which may or may not have
// arrived. Whatever is left, a search finds one whole revision, and the next Put,
// of another process, leaves nothing behind.
func TestPutThatIsKilled(t *testing.T) {
	old, next := entry("page:1", "r1", "thing one", "thing two", "thing three"), entry("page:1", "r2", "thing one", "thing 2")
	wants := map[string][]string{
		"r1": {"page:1 r1 0", "page:1 r1 1", "page:1 r1 2"}, "r2": {"page:1 r2 0", "page:1 r2 1"}, "r3": {"page:1 r3 0"}, "r1b": {"page:1 r1 0", "page:1 r1 1"},
	}
	shorter := entry("page:1", "r1", "thing one", "thing two") // the same revision, cut otherwise
	for _, c := range []struct {
		name        string
		put         retrieval.Entry
		before, now string
	}{
		{"another revision", next, "r1", "r2"}, {"one of one chunk", entry("page:1", "r3", "thing"), "r1", "r3"}, {"the same revision", shorter, "r1", "r1b"},
	} {
		for _, method := range []string{"Upsert", "UpdateBatch"} {
			for _, arrived := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/%v", c.name, method, arrived), func(t *testing.T) {
					server := startFake(t, qdrantfake.Options{})
					s := newScope(t)
					put(t, open(t, qdrant.Config{URL: server.Addr()}), s, old)
					server.Fail(qdrantfake.Fault{Method: method, Times: 1, Code: codes.Unavailable, Message: "killed", Done: arrived})
					killed := open(t, qdrant.Config{URL: server.Addr()})
					if err := killed.Put(t.Context(), s, c.put); !errors.Is(err, ports.ErrUnavailable) {
						t.Fatalf("Put: %v, want ErrUnavailable", err)
					}
					x := open(t, qdrant.Config{URL: server.Addr()})
					for name, q := range map[string]retrieval.Query{"words": {Text: "thing"}, "vector": {Vector: []float32{1, 0}}, "both": {Text: "thing", Vector: []float32{1, 0}}} {
						got := refs(t, x, s, q)
						slices.Sort(got)
						if !slices.Equal(got, wants[c.before]) && !slices.Equal(got, wants[c.now]) {
							t.Errorf("%s after the kill: %v, want one whole revision", name, got)
						}
					}
					if got := refs(t, x, s, retrieval.Query{}); len(got) != 1 {
						t.Errorf("everything after the kill: %v, want the document once", got)
					}
					for range 2 {
						put(t, x, s, c.put)
						got := refs(t, x, s, retrieval.Query{Text: "thing"})
						slices.Sort(got)
						if !slices.Equal(got, wants[c.now]) {
							t.Errorf("put again: %v, want %v", got, wants[c.now])
						}
						if n := held(t, server, "page:1"); n != len(c.put.Chunks) {
							t.Errorf("%d points are left of a document of %d chunks", n, len(c.put.Chunks))
						}
					}
				})
			}
		}
	}
}

// Another process puts the document, and takes away what this one has put of it
// and not committed yet: Put tells, and may be called again.
func TestPutThatIsOvertaken(t *testing.T) {
	server, s := startFake(t, qdrantfake.Options{}), newScope(t)
	x, other := open(t, qdrant.Config{URL: server.Addr()}), open(t, qdrant.Config{URL: server.Addr()})
	put(t, x, s, entry("page:1", "r1", "thing one", "thing two"))
	var overtaken atomic.Bool
	server.Hook(func(method string, _ any) {
		if method == "UpdateBatch" && overtaken.CompareAndSwap(false, true) {
			put(t, other, s, entry("page:1", "r3", "thing three"))
		}
	})
	mine := entry("page:1", "r2", "thing one", "thing two")
	if err := x.Put(t.Context(), s, mine); !errors.Is(err, ports.ErrUnavailable) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("Put: %v, want ErrUnavailable that tells of another process", err)
	}
	if got, want := refs(t, x, s, retrieval.Query{Text: "thing"}), []string{"page:1 r3 0"}; !slices.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	put(t, x, s, mine)
	got := refs(t, x, s, retrieval.Query{Text: "thing"})
	slices.Sort(got)
	if want := []string{"page:1 r2 0", "page:1 r2 1"}; !slices.Equal(got, want) {
		t.Errorf("put again: found %v, want %v", got, want)
	}
}

// plainClient returns a client of the server that is not the adapter's.
func plainClient(t *testing.T, server *qdrantfake.Server) *client.Client {
	t.Helper()
	host, port, _ := strings.Cut(server.Addr(), ":")
	var n int
	_, _ = fmt.Sscan(port, &n)
	c, err := client.NewClient(&client.Config{Host: host, Port: n, PoolSize: 1, SkipCompatibilityCheck: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// held counts the points of a document, of whomever.
func held(t *testing.T, server *qdrantfake.Server, document string) int {
	t.Helper()
	c := plainClient(t, server)
	count := 0
	names, err := c.ListCollections(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		got, err := c.Count(t.Context(), &client.CountPoints{CollectionName: name, Filter: &client.Filter{Must: []*client.Condition{client.NewMatchKeyword("document", document)}}})
		if err != nil {
			t.Fatal(err)
		}
		count += int(got)
	}
	return count
}

// Words come first, since the day's tokens are spent, and vectors the next day.
// Another process, which remembers where the generation was, finds all of it.
func TestVectorsAfterWords(t *testing.T) {
	server := startFake(t, qdrantfake.Options{})
	x, y := open(t, qdrant.Config{URL: server.Addr()}), open(t, qdrant.Config{URL: server.Addr()})
	s := newScope(t)
	for i := range 300 {
		e := entry(fmt.Sprintf("page:%03d", i), "r1", fmt.Sprintf("common word%d", i))
		e.Chunks[0].Vector = nil
		put(t, x, s, e)
	}
	if got := refs(t, y, s, retrieval.Query{Text: "word299"}); len(got) != 1 {
		t.Fatalf("before: %v", got)
	}
	put(t, x, s, entry("page:000", "r1", "common word0"))
	for _, index := range []*qdrant.Index{y, x} {
		if got := refs(t, index, s, retrieval.Query{}); len(got) != 100 {
			t.Errorf("everything: %d, want the first hundred of 300", len(got))
		}
		for _, i := range []int{0, 1, 299} {
			if got := refs(t, index, s, retrieval.Query{Text: fmt.Sprint("word", i)}); len(got) != 1 {
				t.Errorf("word%d: %v, want one", i, got)
			}
		}
		if got := refs(t, index, s, retrieval.Query{Vector: []float32{1, 0}}); !slices.Equal(got, []string{"page:000 r1 0"}) {
			t.Errorf("by vector: %v", got)
		}
	}
	if n := held(t, server, "page:007"); n != 1 {
		t.Errorf("%d points of a document that was moved", n)
	}
	// The other process still writes where it remembers, and finds out.
	e := entry("page:007", "r2", "changed")
	e.Chunks[0].Vector = nil
	put(t, y, s, e)
	if got := refs(t, x, s, retrieval.Query{Text: "changed"}); !slices.Equal(got, []string{"page:007 r2 0"}) {
		t.Errorf("after the other process put: %v", got)
	}
}

func TestFaults(t *testing.T) {
	server := startFake(t, qdrantfake.Options{APIKey: key})
	s := newScope(t)
	x := open(t, qdrant.Config{URL: server.Addr(), APIKey: key, SearchTimeout: time.Minute, WriteTimeout: time.Minute})
	put(t, x, s, entry("page:1", "r1", "copper kettle"))
	search := func(ctx context.Context) error {
		_, err := x.Search(ctx, s, retrieval.Query{Text: "kettle", Limit: 1})
		return err
	}
	if err := search(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		fault qdrantfake.Fault
		says  string
	}{
		"restarts":      {qdrantfake.Fault{Code: codes.Unavailable, Message: "connection refused"}, "woochat doctor"},
		"too many":      {qdrantfake.Fault{Code: codes.ResourceExhausted, Message: "Rate limit", RetryAfter: 7}, "7 seconds"},
		"broken":        {qdrantfake.Fault{Code: codes.Internal, Message: "disk is full, says " + key}, "disk is full"},
		"key withdrawn": {qdrantfake.Fault{Code: codes.PermissionDenied, Message: "no"}, "WOOCHAT_QDRANT_API_KEY"},
		"too slow":      {qdrantfake.Fault{Code: codes.DeadlineExceeded, Message: "timeout"}, "too slow"},
	} {
		for what, call := range map[string]func(context.Context) error{
			"Search": search,
			"Put":    func(ctx context.Context) error { return x.Put(ctx, s, entry("page:1", "r1", "copper kettle")) },
			"Vectors": func(ctx context.Context) error {
				_, err := x.Vectors(ctx, s, 0, []retrieval.DocumentID{"page:1"})
				return err
			},
			"Drop": func(ctx context.Context) error { return x.Drop(ctx, s, 3) },
		} {
			server.Fail(c.fault)
			err := call(t.Context())
			server.Mend()
			if !errors.Is(err, ports.ErrUnavailable) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), key) {
				t.Errorf("%s, %s: %v, want ErrUnavailable that says %q", what, name, err, c.says)
			}
			if err := call(t.Context()); err != nil {
				t.Errorf("%s after %s: %v", what, name, err)
			}
		}
	}
	server.Fail(qdrantfake.Fault{Method: "QueryBatch", Silent: true})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := search(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a caller's deadline: %v", err)
	}
	quick := open(t, qdrant.Config{URL: server.Addr(), APIKey: key, SearchTimeout: 50 * time.Millisecond})
	if _, err := quick.Search(t.Context(), s, retrieval.Query{Text: "kettle", Limit: 1}); !errors.Is(err, ports.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("our own: %v, want ErrUnavailable", err)
	}
	server.Fail(qdrantfake.Fault{Method: "Upsert", Silent: true})
	impatient := open(t, qdrant.Config{URL: server.Addr(), APIKey: key, WriteTimeout: 50 * time.Millisecond})
	if err := impatient.Put(t.Context(), s, entry("page:2", "r1", "copper lamp")); !errors.Is(err, ports.ErrUnavailable) || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a write to which nobody answers: %v, want ErrUnavailable", err)
	}
}

// A write waits for those of the same generation, but not longer than its caller.
func TestAWriteWaitsNoLongerThanItsCaller(t *testing.T) {
	server := startFake(t, qdrantfake.Options{})
	s := newScope(t)
	x := open(t, qdrant.Config{URL: server.Addr()})
	put(t, x, s, entry("page:1", "r1", "copper kettle"))
	began := make(chan struct{}, 1)
	server.Hook(func(method string, _ any) {
		if method == "Upsert" {
			began <- struct{}{}
		}
	})
	server.Fail(qdrantfake.Fault{Method: "Upsert", Silent: true})
	ctx, leave := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { first <- x.Put(ctx, s, entry("page:1", "r2", "copper lamp")) }()
	<-began
	for name, write := range map[string]func(context.Context) error{
		"Put":  func(ctx context.Context) error { return x.Put(ctx, s, entry("page:2", "r1", "tin kettle")) },
		"Drop": func(ctx context.Context) error { return x.Drop(ctx, s, 0) },
	} {
		waits, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := write(waits); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s behind a write that hangs: %v, want its caller's deadline", name, err)
		}
		cancel()
	}
	leave()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("the write that hung: %v", err)
	}
	server.Mend()
	server.Hook(nil)
	put(t, x, s, entry("page:2", "r1", "tin kettle"))
}

func TestOpenNeedsAnAddressAndAClock(t *testing.T) {
	for name, c := range map[string]qdrant.Config{
		"no address": {Now: noon}, "a path": {URL: "http://127.0.0.1/x", Now: noon}, "no clock": {URL: "127.0.0.1:1"},
	} {
		if _, err := qdrant.Open(c); !errors.Is(err, ports.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
}

func TestTLSAndKey(t *testing.T) {
	certificate, roots := selfSigned(t)
	server := startFake(t, qdrantfake.Options{APIKey: key, GRPC: []grpc.ServerOption{grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13}))}})
	s := newScope(t)
	good := open(t, qdrant.Config{URL: "https://" + server.Addr(), APIKey: key, TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}})
	put(t, good, s, entry("page:1", "r1", "copper kettle"))
	if got := refs(t, good, s, retrieval.Query{Text: "kettle"}); len(got) != 1 {
		t.Errorf("got %v", got)
	}
	for name, c := range map[string]qdrant.Config{
		"a certificate that nobody knows": {URL: "https://" + server.Addr(), APIKey: key},
		"no TLS":                          {URL: "http://" + server.Addr(), APIKey: key},
		"no key":                          {URL: "https://" + server.Addr(), TLS: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}},
	} {
		x := open(t, c)
		if _, err := x.Search(t.Context(), s, retrieval.Query{Text: "kettle", Limit: 1}); !errors.Is(err, ports.ErrUnavailable) || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, want ErrUnavailable", name, err)
		}
	}
	if got := fmt.Sprintf("%v %+v %#v", qdrant.Secret(key), qdrant.Config{APIKey: key}, qdrant.Config{APIKey: key}); strings.Contains(got, key) {
		t.Errorf("the key is printed: %s", got)
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, roots
}
