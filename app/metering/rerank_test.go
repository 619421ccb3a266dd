package metering_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

type rerankFunc func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error)

func (f rerankFunc) Rerank(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
	return f(ctx, query, texts)
}

func (w *world) rerank(model string, next ports.Reranker) (retrieval.Ranking, error) {
	return metering.MeteredReranker(w.Service, w.scope(), model, next).Rerank(w.Context(), "kettle", []string{"a hat", "a kettle"})
}

func TestMeteredReranker(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	r, err := w.rerank("model-1", rerankFunc(func(ctx context.Context, query string, texts []string) (retrieval.Ranking, error) {
		if h := w.day().Held; h.ChatTokens == 0 || h.Cost == 0 || h.ChatRequests != 0 {
			t.Errorf("held %+v while it runs", h)
		}
		return memory.NewReranker().Rerank(ctx, query, texts)
	}))
	w.must(err)
	e := w.one()
	if e.Kind != usage.Rerank || !e.Success || e.ChatRequests != 0 || e.Tokens.Input != r.Input || e.Tokens.CountedBy != chat.ByProvider || e.PriceVersion != "v1" || e.ProviderModel != r.Model || !e.Last {
		t.Errorf("event %+v", e)
	}
	if d := w.day(); d.Used.ChatTokens != e.Tokens.Total() || d.Used.Cost != e.Cost || e.Cost == 0 {
		t.Errorf("day %+v, event %+v", d.Used, e)
	}
}

func TestMeteredRerankerRefuses(t *testing.T) {
	never := rerankFunc(func(context.Context, string, []string) (retrieval.Ranking, error) {
		t.Error("the reranker was called")
		return retrieval.Ranking{}, nil
	})
	w := newWorld(t, usage.Limits{ChatRequests: 1, ChatTokens: 10, Cost: usage.Unlimited}, nil)
	_, err := w.rerank("model-1", never)
	w.wantErr(err, usage.ErrLimitExceeded)
	_, err = w.rerank("model-2", never)
	w.wantErr(err, metering.ErrUnpriced)
	w.nothing()
	w = newWorld(t, usage.NoLimits(), func(w *world) { w.deps.Checkpointer = awayCheckpointer{w.deps.Checkpointer} })
	_, err = w.rerank("model-1", never)
	w.wantErr(err, ports.ErrUnavailable)
	w.nothing()
}

func TestMeteredRerankerFailures(t *testing.T) {
	texts := []string{"a hat", "a kettle"}
	most, _ := retrieval.RerankBound("kettle", texts, func(s string) int64 {
		n, _ := memory.NewStores(noon, nil).Tokenizer.Count("model-1", s)
		return n
	})
	for name, c := range map[string]struct {
		got  retrieval.Ranking
		err  error
		code string
		in   int64
		by   chat.CountedBy
	}{
		"refused, nothing spent": {retrieval.Ranking{}, &ports.ModelError{Kind: ports.ModelRateLimited, Unspent: true}, "UPSTREAM_RATE_LIMITED", 0, chat.ByProvider},
		"broken off":             {retrieval.Ranking{Input: 7}, &ports.ModelError{Kind: ports.ModelTruncated}, "UPSTREAM_TRUNCATED", 7, chat.ByBound},
		"never sent":             {retrieval.Ranking{}, errors.New("no query"), "INTERNAL", 0, chat.ByProvider},
		"not counted":            {retrieval.Ranking{}, nil, "", most, chat.ByBound},
		"absurd":                 {retrieval.Ranking{Input: -5, Reported: true}, nil, usage.CodeUsageRefused, most, chat.ByBound},
		"suspect":                {retrieval.Ranking{Input: 9, Suspect: true}, nil, usage.CodeUsageRefused, 9, chat.ByBound},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, usage.NoLimits(), nil)
			_, err := w.rerank("model-1", rerankFunc(func(context.Context, string, []string) (retrieval.Ranking, error) { return c.got, c.err }))
			w.wantErr(err, c.err)
			e := w.one()
			if e.ErrorCode != c.code || e.Tokens != (chat.Tokens{Input: c.in, CountedBy: c.by}) || e.Excess != 0 {
				t.Errorf("event %+v, want %d tokens", e, c.in)
			}
		})
	}
}

func TestMeteredRerankerOfNothing(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	_, err := metering.MeteredReranker(w.Service, w.scope(), "model-1", memory.NewReranker()).Rerank(w.Context(), "kettle", nil)
	w.must(err)
	w.nothing()
}

func ExampleMeteredReranker() {
	ctx := context.Background()
	stores := memory.NewStores(time.Now, porttest.NewID, usage.Price{Model: "my-judge", Version: "1", Input: 50_000_000})
	site, _ := stores.AddSite(ctx, "Shop", "https://shop.example.com", usage.NoLimits())
	meter, err := metering.New(metering.Deps{
		Ledger: stores.Ledger, Checkpointer: stores.Ledger, Sweeper: stores.Ledger, Usage: stores.Ledger, Licenses: stores.Licenses,
		Prices: stores.Prices, Sites: stores.Accounts, Tokenizer: stores.Tokenizer, Now: time.Now, NewID: porttest.NewID, CallTimeout: time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	judge := metering.MeteredReranker(meter, site.Scope(), "my-judge", memory.NewReranker())
	r, err := judge.Rerank(ctx, "copper kettle", []string{"woollen hat", "kettle of copper"})
	fmt.Println(r.Ranks[0].Place, err)
	// Output: 1 <nil>
}
