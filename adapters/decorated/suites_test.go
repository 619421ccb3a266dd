package decorated_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// all is every wrapper that belongs around a store in production.
func all() []decorated.Around {
	return []decorated.Around{
		decorated.Observed(time.Now, func(context.Context, string, string, string, time.Duration) {}),
		decorated.Retry(decorated.RetryConfig{Base: 1, Max: 1}),
		decorated.Breaker(decorated.BreakerConfig{Failures: 1, Now: time.Now}),
		decorated.Timeout(time.Minute),
	}
}

// lossy loses the reply of the first try of each call, and makes the call again.
func lossy() []decorated.Around {
	lose := func(ctx context.Context, c decorated.Call, do func(context.Context) error) error {
		first, once := true, decorated.Faulty(decorated.Fault{Err: ports.ErrUnavailable, Lost: true})
		return decorated.Retry(decorated.RetryConfig{Base: 1, Max: 1})(ctx, c, func(ctx context.Context) error {
			if first {
				first = false
				return once(ctx, c, do)
			}
			return do(ctx)
		})
	}
	return []decorated.Around{lose}
}

func newScope(*testing.T) tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

func newSite(_ *testing.T, id tenant.ID) tenant.Scope {
	return tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

func usageWith(as func() []decorated.Around) porttest.OpenUsage {
	return func(_ *testing.T, now ports.Clock) porttest.UsageStore {
		l := memory.NewLedger(now, porttest.NewID)
		return porttest.UsageStore{
			Ledger: decorated.Ledger(l, as()...), Checkpointer: decorated.Checkpointer(l, as()...),
			Sweeper: decorated.Sweeper(l, all()...), UsageReader: l, NewScope: newScope,
		}
	}
}

func TestLedger(t *testing.T)       { porttest.Ledger(t, usageWith(all)) }
func TestCheckpointer(t *testing.T) { porttest.Checkpointer(t, usageWith(all)) }
func TestSweeper(t *testing.T)      { porttest.Sweeper(t, usageWith(all)) }

// A ledger whose every first reply is lost keeps the whole contract: its
// methods may be repeated.
func TestLedgerWithLostReplies(t *testing.T) {
	t.Run("Ledger", func(t *testing.T) { porttest.Ledger(t, usageWith(lossy)) })
	t.Run("Checkpointer", func(t *testing.T) { porttest.Checkpointer(t, usageWith(lossy)) })
	t.Run("TwoHundredAgainstTen", func(t *testing.T) { porttest.TwoHundredAgainstTen(t, usageWith(lossy)) })
}

func TestRetryLedgerKeepsTheContract(t *testing.T) {
	porttest.Ledger(t, func(_ *testing.T, now ports.Clock) porttest.UsageStore {
		l := memory.NewLedger(now, porttest.NewID)
		return porttest.UsageStore{
			Ledger: decorated.RetryLedger(l, decorated.RetryConfig{}, decorated.RetryConfig{}), Checkpointer: l, Sweeper: l, UsageReader: l, NewScope: newScope,
		}
	})
}

func TestRetryCheckpointerKeepsTheContract(t *testing.T) {
	porttest.Checkpointer(t, func(_ *testing.T, now ports.Clock) porttest.UsageStore {
		l := memory.NewLedger(now, porttest.NewID)
		return porttest.UsageStore{
			Ledger: l, Checkpointer: decorated.RetryCheckpointer(l, decorated.RetryConfig{}), Sweeper: l, UsageReader: l, NewScope: newScope,
		}
	})
}

func TestIndex(t *testing.T) {
	porttest.Index(t, func(*testing.T) porttest.IndexUnderTest {
		i := memory.NewIndex()
		return porttest.IndexUnderTest{Searcher: decorated.Searcher(i, all()...), Indexer: decorated.Indexer(i, all()...), NewScope: newScope}
	})
}

func TestFallbackSearcherKeepsTheContract(t *testing.T) {
	down := decorated.Searcher(memory.NewIndex(), func(context.Context, decorated.Call, func(context.Context) error) error {
		return ports.ErrUnavailable
	})
	for name, first := range map[string]func(ports.Searcher) ports.Searcher{
		"first answers":  func(s ports.Searcher) ports.Searcher { return decorated.FallbackSearcher(s, down, nil) },
		"second answers": func(s ports.Searcher) ports.Searcher { return decorated.FallbackSearcher(down, s, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			porttest.Index(t, func(*testing.T) porttest.IndexUnderTest {
				i := memory.NewIndex()
				return porttest.IndexUnderTest{Searcher: first(i), Indexer: i, NewScope: newScope}
			})
		})
	}
}

func documents(*testing.T) porttest.DocumentsUnderTest {
	d := memory.NewDocuments()
	return porttest.DocumentsUnderTest{
		Documents: decorated.Documents(d, all()...), Passages: decorated.Passages(d, all()...), Inventory: d, Cursors: d, Generations: d, RetiredGenerations: d, DocumentChunks: d,
		NewScope: newScope, NewSite: newSite,
	}
}

func TestDocuments(t *testing.T) { porttest.Documents(t, documents) }
func TestPassages(t *testing.T)  { porttest.Passages(t, documents) }

func conversations(*testing.T) porttest.ConversationsUnderTest {
	c := memory.NewConversations()
	return porttest.ConversationsUnderTest{
		Conversations: decorated.Conversations(c, all()...), Turns: decorated.Turns(c, all()...), Drafts: decorated.Drafts(c, all()...), Feedback: c,
		NewScope: newScope, NewSite: newSite,
	}
}

func TestConversations(t *testing.T) { porttest.Conversations(t, conversations) }
func TestTurns(t *testing.T)         { porttest.Turns(t, conversations) }
func TestDrafts(t *testing.T)        { porttest.Drafts(t, conversations) }

func accounts(*testing.T) porttest.AccountsUnderTest {
	a := memory.NewAccounts()
	return porttest.AccountsUnderTest{
		Tenants: a, Sites: decorated.Sites(a, all()...), Keys: a, SiteKeys: decorated.SiteKeys(a, all()...), Members: a, PlatformUsers: a, Grants: a,
	}
}

func TestSites(t *testing.T)    { porttest.Sites(t, accounts) }
func TestSiteKeys(t *testing.T) { porttest.SiteKeys(t, accounts) }

func TestLicenses(t *testing.T) {
	porttest.Licenses(t, func(*testing.T) porttest.LicenseStore {
		sites := memory.NewAccounts()
		l := memory.NewLicenses(sites)
		return porttest.LicenseStore{Licenses: decorated.Licenses(l, all()...), LicenseBook: l, NewScope: func(t *testing.T) tenant.Scope {
			s := newScope(t)
			if err := sites.PutTenant(t.Context(), tenant.Tenant{ID: s.Tenant, Name: "tenant"}); err != nil {
				t.Fatal(err)
			}
			if err := sites.PutSite(t.Context(), tenant.Site{ID: s.Site, Tenant: s.Tenant, Name: "shop", URL: "https://shop.example.com", TimeZone: "UTC"}); err != nil {
				t.Fatal(err)
			}
			return s
		}}
	})
}

func TestPrices(t *testing.T) {
	known := porttest.KnownPrice{Price: usage.Price{Model: "model-1", Version: "1", Input: 3, Output: 5}}
	porttest.Prices(t, func(*testing.T) porttest.PriceTable {
		return porttest.PriceTable{Prices: decorated.Prices(memory.NewPrices(known.Price), all()...), Known: []porttest.KnownPrice{known}}
	})
}

// The suites above prove nothing if the wrappers were not in the way.
func TestEveryWrapperIsInTheWay(t *testing.T) {
	var calls atomic.Int64
	count := func(ctx context.Context, c decorated.Call, do func(context.Context) error) error {
		calls.Add(1)
		return do(ctx)
	}
	l := decorated.Ledger(memory.NewLedger(time.Now, porttest.NewID), count, count)
	_ = l.Release(t.Context(), newScope(t), "res_1")
	if calls.Load() != 2 {
		t.Errorf("two wrappers saw %d calls of one, want 2", calls.Load())
	}
}

func TestChatModel(t *testing.T) {
	porttest.ChatModel(t, func(_ *testing.T, says string) porttest.ModelUnderTest {
		return porttest.ModelUnderTest{
			ChatModel: decorated.ChatModel(memory.NewModel(says), all()...), Verbatim: true,
			Breaking: decorated.ChatModel(memory.NewModelFunc(func(context.Context, chat.Prompt) (string, error) {
				return says[:40], &ports.ModelError{Kind: ports.ModelTruncated, Message: "scripted"}
			}), all()...),
			Stalling: decorated.ChatModel(stalling{}, all()...),
		}
	})
}

func TestReranker(t *testing.T) {
	porttest.Reranker(t, func(*testing.T) porttest.RerankerUnderTest {
		return porttest.RerankerUnderTest{Reranker: decorated.Reranker(memory.NewReranker(), all()...)}
	})
}

func TestEmbedder(t *testing.T) {
	porttest.Embedder(t, func(*testing.T) porttest.EmbedderUnderTest {
		return porttest.EmbedderUnderTest{Embedder: decorated.Embedder(memory.NewEmbedder(256), all()...)}
	})
}

// stalling says two words and then nothing until its call ends.
type stalling struct{}

func (stalling) Complete(ctx context.Context, _ chat.Prompt, emit func(string) error) (chat.Completion, error) {
	c := chat.Completion{Text: "The kettle ", Tokens: chat.Tokens{Input: 9, Output: 2, CountedBy: chat.ByTokenizer}}
	if err := emit(c.Text); err != nil {
		return c, err
	}
	<-ctx.Done()
	return c, ctx.Err()
}
