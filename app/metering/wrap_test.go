package metering_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

func TestMetered(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	model := memory.NewModel("Hello to you.")
	var said strings.Builder
	c, err := metering.Metered(w.Service, w.scope(), model).Complete(w.Context(), prompt(), func(s string) error {
		said.WriteString(s)
		return nil
	})
	w.must(err)
	if c.Text != "Hello to you." || said.String() != c.Text {
		t.Errorf("got %q and %q", c.Text, said.String())
	}
	e := w.one()
	if !e.Success || e.ChatRequests != 1 || e.Tokens != c.Tokens || e.Model != "model-1" || e.PriceVersion != "v1" || !e.Last {
		t.Errorf("event %+v", e)
	}
	if got, want := model.Prompts()[0].CallID, fmt.Sprintf("%s.1", e.Reservation); got != want {
		t.Errorf("call id %q, want %q", got, want)
	}
}

// TestMeteredIsHeldWhileItRuns: the hold is there, and lowered to what the call
// needs, before the model is called.
func TestMeteredIsHeldWhileItRuns(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	model := memory.NewModelFunc(func(context.Context, chat.Prompt) (string, error) {
		// 6 bytes of text, 16 for the message and 8 for the reply; 20 out.
		if h := w.day().Held; h.ChatTokens != 50 || h.ChatRequests != 1 || h.Cost != 30*500+20*2000 {
			t.Errorf("held %+v", h)
		}
		return "Hello.", nil
	})
	_, err := metering.Metered(w.Service, w.scope(), model).Complete(w.Context(), prompt(), nil)
	w.must(err)
	w.one()
}

func TestMeteredRefuses(t *testing.T) {
	never := memory.NewModelFunc(func(context.Context, chat.Prompt) (string, error) {
		t.Error("the model was called")
		return "", nil
	})
	w := newWorld(t, usage.Limits{ChatRequests: 1, ChatTokens: 10, Cost: usage.Unlimited}, nil)
	_, err := metering.Metered(w.Service, w.scope(), never).Complete(w.Context(), prompt(), nil)
	w.wantErr(err, usage.ErrLimitExceeded)
	unknown := prompt()
	unknown.Model = "model-2"
	_, err = metering.Metered(w.Service, w.scope(), never).Complete(w.Context(), unknown, nil)
	w.wantErr(err, metering.ErrUnpriced)
	w.nothing()

	w = newWorld(t, usage.NoLimits(), func(w *world) { w.deps.Checkpointer = awayCheckpointer{w.deps.Checkpointer} })
	_, err = metering.Metered(w.Service, w.scope(), never).Complete(w.Context(), prompt(), nil)
	w.wantErr(err, ports.ErrUnavailable)
	w.nothing() // what cannot be noted as sent is not sent, and not held
}

type awayCheckpointer struct{ ports.Checkpointer }

func (awayCheckpointer) Dispatch(context.Context, tenant.Scope, usage.ReservationID, usage.Call, usage.Amounts) error {
	return ports.ErrUnavailable
}

func TestMeteredFailures(t *testing.T) {
	gone := errors.New("the reader is gone")
	for name, c := range map[string]struct {
		model ports.ChatModel
		emit  func(string) error
		want  error
		code  string
		in    int64
		out   int64
		by    chat.CountedBy
	}{
		"refused, nothing spent": {saying("", &ports.ModelError{Kind: ports.ModelRateLimited, Unspent: true}), nil, ports.ErrUnavailable, "UPSTREAM_RATE_LIMITED", 0, 0, chat.ByProvider},
		"broken off":             {saying("Hello to you.", &ports.ModelError{Kind: ports.ModelTruncated}), nil, ports.ErrUnavailable, "UPSTREAM_TRUNCATED", 1, 3, chat.ByTokenizer},
		"reader gone":            {saying("Hello to you.", nil), func(string) error { return gone }, gone, "INTERNAL", 1, 1, chat.ByTokenizer},
		"never counted":          {uncounted{"Hello to you, my dear customer."}, nil, nil, "", 30, 20, chat.ByBound},
		"absurd":                 {absurd{}, nil, nil, usage.CodeUsageRefused, 30, 6, chat.ByBound},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, usage.NoLimits(), nil)
			_, err := metering.Metered(w.Service, w.scope(), c.model).Complete(w.Context(), prompt(), c.emit)
			w.wantErr(err, c.want)
			e := w.one()
			if e.ErrorCode != c.code || e.Success != (c.code == "" || c.code == usage.CodeUsageRefused) || e.Tokens != (chat.Tokens{Input: c.in, Output: c.out, CountedBy: c.by}) || e.Excess != 0 {
				t.Errorf("event %+v", e)
			}
		})
	}
}

func saying(text string, err error) ports.ChatModel {
	return memory.NewModelFunc(func(context.Context, chat.Prompt) (string, error) { return text, err })
}

// uncounted is a model whose provider reports no usage.
type uncounted struct{ text string }

func (u uncounted) Complete(_ context.Context, _ chat.Prompt, _ func(string) error) (chat.Completion, error) {
	return chat.Completion{Text: u.text, Finish: chat.Complete}, nil
}

// absurd is a model that reports more cached tokens than there were.
type absurd struct{}

func (absurd) Complete(context.Context, chat.Prompt, func(string) error) (chat.Completion, error) {
	return chat.Completion{Text: "Hello.", Finish: chat.Complete, Tokens: chat.Tokens{Input: 1, Cached: 2, CountedBy: chat.ByProvider}}, nil
}

func TestMeteredLocalModelCostsARequestOnly(t *testing.T) {
	w := newWorld(t, usage.Limits{ChatRequests: 1, Cost: 0}, nil)
	p := prompt()
	p.Model = "local"
	_, err := metering.Metered(w.Service, w.scope(), memory.NewModel("Hello.")).Complete(w.Context(), p, nil)
	w.must(err)
	if e := w.one(); e.Tokens.Total() != 0 || e.Cost != 0 || e.ChatRequests != 1 {
		t.Errorf("event %+v", e)
	}
}

func TestSettlementThatFailsIsTold(t *testing.T) {
	l := &ledger{settleErr: ports.ErrUnavailable}
	w := newWorld(t, usage.NoLimits(), func(w *world) { l.Ledger = w.deps.Ledger; w.deps.Ledger = l })
	c, err := metering.Metered(w.Service, w.scope(), memory.NewModel("Hello.")).Complete(w.Context(), prompt(), nil)
	w.wantErr(err, ports.ErrUnavailable)
	if c.Text != "Hello." {
		t.Errorf("the completion is lost: %+v", c)
	}
	_, err = metering.MeteredEmbedder(w.Service, w.scope(), "embedder-1", memory.NewEmbedder(2)).Embed(w.Context(), []string{"x"})
	w.wantErr(err, ports.ErrUnavailable)
}

func TestMeteredEmbedder(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	got, err := metering.MeteredEmbedder(w.Service, w.scope(), "embedder-1", memory.NewEmbedder(4)).Embed(w.Context(), []string{"a blue hat", "shoes"})
	w.must(err)
	e := w.one()
	if len(got.Vectors) != 2 || e.Kind != usage.Embedding || e.Tokens.Input != got.Tokens || e.Tokens.CountedBy != chat.ByProvider || e.ChatRequests != 0 || e.ProviderModel != "hashed-words" {
		t.Errorf("got %d vectors, event %+v", len(got.Vectors), e)
	}
	if d := w.day(); d.Used.EmbeddingRequests != 1 || d.Used.EmbeddingTokens != got.Tokens || d.Used.ChatTokens != 0 {
		t.Errorf("the day says %+v", d)
	}
}

func TestMeteredEmbedderOfNothing(t *testing.T) {
	w := newWorld(t, usage.Limits{}, nil)
	got, err := metering.MeteredEmbedder(w.Service, w.scope(), "embedder-1", memory.NewEmbedder(4)).Embed(w.Context(), nil)
	if err != nil || len(got.Vectors) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	w.nothing()
}

func TestMeteredEmbedderRefuses(t *testing.T) {
	w := newWorld(t, usage.Limits{EmbeddingTokens: 4, Cost: usage.Unlimited}, nil)
	never := embedderFunc(func([]string) (retrieval.Embedding, error) {
		t.Error("the embedder was called")
		return retrieval.Embedding{}, nil
	})
	_, err := metering.MeteredEmbedder(w.Service, w.scope(), "embedder-1", never).Embed(w.Context(), []string{"shoes"})
	w.wantErr(err, usage.ErrLimitExceeded)
	_, err = metering.MeteredEmbedder(w.Service, w.scope(), "embedder-2", never).Embed(w.Context(), []string{"shoes"})
	w.wantErr(err, metering.ErrUnpriced)
	w.nothing()
}

type embedderFunc func([]string) (retrieval.Embedding, error)

func (f embedderFunc) Embed(_ context.Context, texts []string) (retrieval.Embedding, error) {
	return f(texts)
}

func TestMeteredEmbedderCounts(t *testing.T) {
	for name, c := range map[string]struct {
		model string
		got   retrieval.Embedding
		err   error
		in    int64
		by    chat.CountedBy
	}{
		"reported":     {"embedder-1", retrieval.Embedding{Tokens: 3, Reported: true}, nil, 3, chat.ByProvider},
		"not reported": {"embedder-1", retrieval.Embedding{Tokens: 3}, nil, 5, chat.ByBound},
		"absurd":       {"embedder-1", retrieval.Embedding{Tokens: -3, Reported: true}, nil, 5, chat.ByBound},
		"refused":      {"embedder-1", retrieval.Embedding{}, &ports.ModelError{Kind: ports.ModelRefused, Unspent: true}, 0, chat.ByProvider},
		"timed out":    {"embedder-1", retrieval.Embedding{}, &ports.ModelError{Kind: ports.ModelTimeout}, 5, chat.ByBound},
		"our own":      {"local", retrieval.Embedding{Tokens: 3, Reported: true}, nil, 0, chat.ByProvider},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, usage.NoLimits(), nil)
			next := embedderFunc(func([]string) (retrieval.Embedding, error) { return c.got, c.err })
			_, err := metering.MeteredEmbedder(w.Service, w.scope(), c.model, next).Embed(w.Context(), []string{"shoes"})
			w.wantErr(err, c.err)
			if e := w.one(); e.Tokens != (chat.Tokens{Input: c.in, CountedBy: c.by}) || e.Excess != 0 || e.Success != (c.err == nil) {
				t.Errorf("event %+v", e)
			}
		})
	}
}

func TestGuard(t *testing.T) {
	failure := errors.New("it broke")
	work := metering.Work{Kind: usage.Chat, Model: "model-1", Input: 100, Output: 50, ChatRequests: 1}
	for name, c := range map[string]struct {
		got  usage.Event
		err  error
		code string
		sum  int64
	}{
		"good":            {usage.Event{Tokens: chat.Tokens{Input: 90, Output: 3}, ProviderModel: "m", RawUsage: "{}"}, nil, "", 93},
		"failed":          {usage.Event{}, failure, "INTERNAL", 0},
		"failed and cost": {usage.Event{Tokens: chat.Tokens{Input: 90}, ErrorCode: "MINE"}, failure, "MINE", 90},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, usage.NoLimits(), nil)
			e, err := metering.Guard(w.Context(), w.Service, w.scope(), work, func(_ context.Context, h usage.Hold) (usage.Event, error) {
				if h.Want.ChatTokens != 150 || h.Want.ChatRequests != 1 || w.day().Held != h.Want {
					t.Errorf("hold %+v, held %+v", h, w.day().Held)
				}
				return c.got, c.err
			})
			w.wantErr(err, c.err)
			stored := w.one()
			if stored.ID != e.ID || stored.ErrorCode != c.code || stored.Tokens.Total() != c.sum || stored.ChatRequests != 1 || stored.Model != "model-1" ||
				stored.ProviderModel != c.got.ProviderModel || stored.RawUsage != c.got.RawUsage || stored.Tokens.CountedBy != chat.ByProvider {
				t.Errorf("event %+v", stored)
			}
		})
	}
}

func TestGuardRefuses(t *testing.T) {
	w := newWorld(t, usage.Limits{ChatRequests: 1, ChatTokens: 149, Cost: usage.Unlimited}, nil)
	never := func(context.Context, usage.Hold) (usage.Event, error) {
		t.Error("the work was done")
		return usage.Event{}, nil
	}
	for _, c := range []struct {
		work metering.Work
		want error
	}{
		{metering.Work{Kind: usage.Chat, Model: "model-1", Input: 100, Output: 50}, usage.ErrLimitExceeded},
		{metering.Work{Kind: usage.Chat, Model: "model-2", Input: 1}, metering.ErrUnpriced},
		{metering.Work{Kind: usage.Chat, Model: "model-1", Input: -1}, ports.ErrInvalid},
		{metering.Work{Kind: usage.Chat, Model: "model-1"}, ports.ErrInvalid}, // reserves nothing
	} {
		_, err := metering.Guard(w.Context(), w.Service, w.scope(), c.work, never)
		w.wantErr(err, c.want)
		w.nothing()
	}
}

// TestGuardThatPanics leaves the hold to the sweep: nobody knows what was spent.
func TestGuardThatPanics(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		_, _ = metering.Guard(w.Context(), w.Service, w.scope(), metering.Work{Kind: usage.Rerank, Model: "model-1", Input: 100},
			func(context.Context, usage.Hold) (usage.Event, error) { panic("oh") })
	}()
	if h := w.day().Held; h.ChatTokens != 100 {
		t.Errorf("held %+v", h)
	}
	w.clock.Advance(2 * 60e9)
	if n, err := w.Sweep(w.Context()); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if e := w.one(); e.Tokens.Input != 100 || e.ErrorCode != usage.CodeSwept {
		t.Errorf("event %+v", e)
	}
}
