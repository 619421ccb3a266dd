package qdrant_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/qdrant"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/fakes/qdrantfake"
	"github.com/aiwoochat/woochat/test/porttest"
)

// events keeps what was published.
type events struct{ all chan ports.Event }

func (e events) Publish(_ context.Context, _ tenant.Scope, event ports.Event) { e.all <- event }

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func startFake(t testing.TB, o qdrantfake.Options) *qdrantfake.Server {
	t.Helper()
	s, err := qdrantfake.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func open(t testing.TB, c qdrant.Config) *qdrant.Index {
	t.Helper()
	if c.Now == nil {
		c.Now = noon
	}
	x, err := qdrant.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func newScope(*testing.T) tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

// suite runs the suite of all indexes on the server of c.
func suite(t *testing.T, c qdrant.Config) {
	porttest.Index(t, func(t *testing.T) porttest.IndexUnderTest {
		opened := func(t *testing.T) porttest.IndexUnderTest {
			x := open(t, c)
			return porttest.IndexUnderTest{Searcher: x, Indexer: x, NewScope: newScope}
		}
		u := opened(t)
		u.Replica = opened
		return u
	})
}

// All cases share a server, as sites do.
func TestIndex(t *testing.T) {
	suite(t, qdrant.Config{URL: startFake(t, qdrantfake.Options{}).Addr()})
}

func TestIndexQuantized(t *testing.T) {
	suite(t, qdrant.Config{URL: startFake(t, qdrantfake.Options{}).Addr(), Quantize: true})
}

// aServer returns the Qdrant that tests may write to: WOOCHAT_TEST_QDRANT_URL, and
// WOOCHAT_TEST_QDRANT_API_KEY if it asks for one. Without, the test is skipped.
func aServer(t *testing.T) qdrant.Config {
	t.Helper()
	url := os.Getenv("WOOCHAT_TEST_QDRANT_URL")
	if url == "" {
		t.Skip("WOOCHAT_TEST_QDRANT_URL is not set")
	}
	return qdrant.Config{URL: url, APIKey: qdrant.Secret(os.Getenv("WOOCHAT_TEST_QDRANT_API_KEY")), Prefix: "woochat_test"}
}

func TestIndexOnAServer(t *testing.T) { suite(t, aServer(t)) }

func TestIndexQuantizedOnAServer(t *testing.T) {
	c := aServer(t)
	c.Prefix, c.Quantize = "woochat_test_quantized", true
	suite(t, c)
}
