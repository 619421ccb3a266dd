package usecases

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/golang/mock/gomock"

	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// admitted expects a reservation and a dispatch that both work.
func (f *metered) admitted() {
	gomock.InOrder(
		f.ledger.EXPECT().Reserve(gomock.Any(), f.scope, gomock.Any()),
		f.checkpointer.EXPECT().Dispatch(gomock.Any(), f.scope, gomock.Any(), gomock.Any(), gomock.Any()),
	)
}

// However a call ends, one event says what was spent and whose count it is.
func TestWhatIsSettled(t *testing.T) {
	byBound := chat.Tokens{Input: promptBound, Output: 9, CountedBy: chat.ByBound}
	for _, c := range []struct {
		name string
		got  chat.Completion
		err  error
		want chat.Tokens
		code string
	}{
		{
			"the provider counted",
			chat.Completion{Text: "nine char", Tokens: chat.Tokens{Input: 5, Output: 2, CountedBy: chat.ByProvider}},
			nil,
			chat.Tokens{Input: 5, Output: 2, CountedBy: chat.ByProvider},
			"",
		},
		{"the provider did not count", chat.Completion{Text: "nine char"}, nil, byBound, ""},
		{
			"the provider's count is absurd",
			chat.Completion{Text: "nine char", Tokens: chat.Tokens{Input: -4, Output: 1, CountedBy: chat.ByProvider}},
			nil,
			byBound, usage.CodeUsageRefused,
		},
		{
			"more cached than there was",
			chat.Completion{Text: "nine char", Tokens: chat.Tokens{Input: 4, Cached: 5, CountedBy: chat.ByProvider}},
			nil,
			byBound, usage.CodeUsageRefused,
		},
		{
			"refused before anything was spent",
			chat.Completion{},
			&ports.ModelError{Kind: ports.ModelRateLimited, Unspent: true},
			chat.Tokens{CountedBy: chat.ByProvider},
			"UPSTREAM_RATE_LIMITED",
		},
		{
			"refused, whatever the completion says",
			chat.Completion{Tokens: chat.Tokens{Input: 7, CountedBy: chat.ByProvider}},
			&ports.ModelError{Kind: ports.ModelUnavailable, Unspent: true},
			chat.Tokens{CountedBy: chat.ByProvider},
			"UPSTREAM_UNAVAILABLE",
		},
		{"broke off in the middle", chat.Completion{Text: "nine char"}, &ports.ModelError{Kind: ports.ModelTruncated}, byBound, "UPSTREAM_TRUNCATED"},
		{
			"broke off, counted by the adapter",
			chat.Completion{Text: "nine", Tokens: chat.Tokens{Input: 50, Output: 1, CountedBy: chat.ByTokenizer}},
			&ports.ModelError{Kind: ports.ModelBroke},
			chat.Tokens{Input: 50, Output: 1, CountedBy: chat.ByTokenizer},
			"UPSTREAM_BROKE",
		},
		{"the shopper left", chat.Completion{Text: "nine char"}, context.Canceled, byBound, "CANCELED"},
		{"it took too long", chat.Completion{Text: "nine char"}, context.DeadlineExceeded, byBound, "UPSTREAM_TIMEOUT"},
		{"an error of our own", chat.Completion{Text: "nine char"}, errAway, byBound, "INTERNAL"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newMetered(t)
			f.admitted()
			e, _ := f.settled()
			f.call(func(chat.Prompt, func(string) error) (chat.Completion, error) { return c.got, c.err })
			if _, err := f.ask(); !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Errorf("got error %v, want %v", err, c.err)
			}
			if e.Tokens != c.want || e.ErrorCode != c.code || e.Success != (c.code == "" || c.code == usage.CodeUsageRefused) {
				t.Errorf("settled %+v, code %q, success %v, want %+v and %q", e.Tokens, e.ErrorCode, e.Success, c.want, c.code)
			}
			if !e.Last || e.ChatRequests != 1 || e.Cost != (usage.Price{Input: usage.USD, Output: 4 * usage.USD}).Cost(c.want) {
				t.Errorf("settled %+v: want the last call, one request, and the cost of its tokens", e)
			}
		})
	}
}

// The settlement is written although whoever asked is gone.
func TestSettlesForAShopperWhoHasLeft(t *testing.T) {
	f := newMetered(t)
	f.admitted()
	ctx, leave := context.WithCancel(t.Context())
	f.call(func(chat.Prompt, func(string) error) (chat.Completion, error) {
		leave()
		return chat.Completion{}, ctx.Err()
	})
	f.ledger.EXPECT().Settle(gomock.Any(), f.scope, gomock.Any(), gomock.Any()).
		DoAndReturn(func(ctx context.Context, _ tenant.Scope, _ usage.ReservationID, _ usage.Event) error {
			return ctx.Err()
		})
	_, err := metering.Metered(f.Service, f.scope, f.model).Complete(ctx, prompt(), nil)
	if !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "settle") {
		t.Errorf("got %v, want the call's cancellation and a settlement that was written", err)
	}
}

func TestASettlementThatCannotBeWrittenIsSaid(t *testing.T) {
	f := newMetered(t)
	f.admitted()
	f.call(func(chat.Prompt, func(string) error) (chat.Completion, error) {
		return chat.Completion{Text: "x", Finish: chat.Complete}, nil
	})
	f.ledger.EXPECT().Settle(gomock.Any(), f.scope, gomock.Any(), gomock.Any()).Return(errAway)
	c, err := f.ask()
	if !errors.Is(err, errAway) || c.Text != "x" {
		t.Errorf("got %q, %v, want the answer and the store's error", c.Text, err)
	}
	all := f.events.All()
	if len(all) != 1 {
		t.Fatalf("published %+v, want one event", all)
	}
	if e, ok := all[0].Event.(metering.SettleFailed); !ok || e.Reservation == "" {
		t.Errorf("published %+v, want SettleFailed with its reservation", all[0].Event)
	}
}

// What a stream has written so far is noted by the next checkpoint, never more
// than its cap, and not after it has ended.
func TestCheckpointsAreOfRunningCallsOnly(t *testing.T) {
	f := newMetered(t)
	f.admitted()
	_, _ = f.settled()
	note := func(output int64) {
		t.Helper()
		f.checkpointer.EXPECT().Checkpoint(gomock.Any(), gomock.Any()).DoAndReturn(func(_ context.Context, cs []ports.Checkpoint) error {
			if len(cs) != 1 || cs[0].Output != output || cs[0].Scope != f.scope || cs[0].CallNo != 1 {
				t.Errorf("noted %+v, want %d tokens of call 1", cs, output)
			}
			return nil
		})
		must(t, f.Checkpoint(t.Context()))
	}
	must(t, f.Checkpoint(t.Context())) // nothing runs: the store is not asked
	f.call(func(_ chat.Prompt, emit func(string) error) (chat.Completion, error) {
		must(t, f.Checkpoint(t.Context())) // nothing is written yet
		must(t, emit("hello"))
		note(5)
		must(t, emit(strings.Repeat("x", 100)))
		note(50) // max_tokens
		return chat.Completion{}, nil
	})
	_, err := f.ask()
	must(t, err)
	must(t, f.Checkpoint(t.Context()))
}

// A model that runs in this process is metered, and uses the request alone.
func TestALocalModelCostsOneRequest(t *testing.T) {
	f := newMetered(t)
	f.ledger.EXPECT().Reserve(gomock.Any(), f.scope, gomock.Any()).DoAndReturn(func(_ context.Context, _ tenant.Scope, h usage.Hold) error {
		if h.Want != (usage.Amounts{ChatRequests: 1}) {
			t.Errorf("reserved %+v, want one request", h.Want)
		}
		return nil
	})
	f.checkpointer.EXPECT().Dispatch(gomock.Any(), f.scope, gomock.Any(), gomock.Any(), gomock.Any())
	e, _ := f.settled()
	f.call(func(chat.Prompt, func(string) error) (chat.Completion, error) {
		return chat.Completion{Text: "quoted", Tokens: chat.Tokens{Output: 99, CountedBy: chat.ByProvider}}, nil
	})
	p := prompt()
	p.Model = local
	_, err := metering.Metered(f.Service, f.scope, f.model).Complete(t.Context(), p, nil)
	must(t, err)
	if e.Tokens.Total() != 0 || e.Cost != 0 || e.ChatRequests != 1 {
		t.Errorf("settled %+v, want one request and nothing else", e)
	}
}

func TestMeteredEmbedder(t *testing.T) {
	texts := []string{"12345", "1234567"}
	for _, c := range []struct {
		name string
		got  retrieval.Embedding
		err  error
		want chat.Tokens
		code string
	}{
		{"the provider counted", retrieval.Embedding{Tokens: 3, Reported: true}, nil, chat.Tokens{Input: 3, CountedBy: chat.ByProvider}, ""},
		{"the provider did not count", retrieval.Embedding{Tokens: 99}, nil, chat.Tokens{Input: 12, CountedBy: chat.ByBound}, ""},
		{"the provider's count is absurd", retrieval.Embedding{Tokens: -1, Reported: true}, nil, chat.Tokens{Input: 12, CountedBy: chat.ByBound}, usage.CodeUsageRefused},
		{"refused", retrieval.Embedding{}, &ports.ModelError{Kind: ports.ModelRefused, Unspent: true}, chat.Tokens{CountedBy: chat.ByProvider}, "UPSTREAM_REFUSED"},
		{"broke", retrieval.Embedding{}, &ports.ModelError{Kind: ports.ModelMalformed}, chat.Tokens{Input: 12, CountedBy: chat.ByBound}, "UPSTREAM_MALFORMED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newMetered(t)
			e, settle := f.settled()
			gomock.InOrder(
				f.ledger.EXPECT().Reserve(gomock.Any(), f.scope, gomock.Any()).DoAndReturn(func(_ context.Context, _ tenant.Scope, h usage.Hold) error {
					if h.Want != (usage.Amounts{EmbeddingRequests: 1, EmbeddingTokens: 12, Cost: 1_200}) {
						t.Errorf("reserved %+v, want the bound of both texts", h.Want)
					}
					return nil
				}),
				f.checkpointer.EXPECT().Dispatch(gomock.Any(), f.scope, gomock.Any(), gomock.Any(), gomock.Any()),
				f.embedder.EXPECT().Embed(gomock.Any(), texts).Return(c.got, c.err),
				settle,
			)
			if _, err := metering.MeteredEmbedder(f.Service, f.scope, words, f.embedder).Embed(t.Context(), texts); !errors.Is(err, c.err) || (err == nil) != (c.err == nil) {
				t.Errorf("got error %v, want %v", err, c.err)
			}
			if e.Tokens != c.want || e.ErrorCode != c.code || e.Kind != usage.Embedding || e.ChatRequests != 0 {
				t.Errorf("settled %+v, want %+v and code %q", e, c.want, c.code)
			}
		})
	}
	t.Run("a spent limit", func(t *testing.T) {
		f := newMetered(t)
		f.ledger.EXPECT().Reserve(gomock.Any(), f.scope, gomock.Any()).Return(&usage.LimitError{Exceeded: []usage.Meter{usage.EmbeddingTokens}})
		if _, err := metering.MeteredEmbedder(f.Service, f.scope, words, f.embedder).Embed(t.Context(), texts); !errors.Is(err, usage.ErrLimitExceeded) {
			t.Errorf("got %v, want ErrLimitExceeded", err)
		}
	})
	t.Run("no texts", func(t *testing.T) {
		f := newMetered(t) // nothing is reserved, since nothing is sent
		f.embedder.EXPECT().Embed(gomock.Any(), nil)
		_, err := metering.MeteredEmbedder(f.Service, f.scope, words, f.embedder).Embed(t.Context(), nil)
		must(t, err)
	})
}

func TestGuard(t *testing.T) {
	work := metering.Work{Kind: usage.Rerank, Model: gpt, Input: 40, Output: 2, ChatRequests: 1}
	never := func(context.Context, usage.Hold) (usage.Event, error) {
		t.Error("the work was done")
		return usage.Event{}, nil
	}
	t.Run("a refused license", func(t *testing.T) {
		f := newMetered(t)
		f.license(usage.License{Plan: "starter", Status: usage.Cancelled, Limits: usage.NoLimits()})
		if _, err := metering.Guard(t.Context(), f.Service, f.scope, work, never); !errors.Is(err, usage.ErrLicenseInactive) {
			t.Errorf("got %v, want ErrLicenseInactive", err)
		}
	})
	t.Run("a spent limit", func(t *testing.T) {
		f := newMetered(t)
		f.ledger.EXPECT().Reserve(gomock.Any(), f.scope, gomock.Any()).Return(&usage.LimitError{})
		if _, err := metering.Guard(t.Context(), f.Service, f.scope, work, never); !errors.Is(err, usage.ErrLimitExceeded) {
			t.Errorf("got %v, want ErrLimitExceeded", err)
		}
	})
	t.Run("a dispatch that fails", func(t *testing.T) {
		f := newMetered(t)
		f.ledger.EXPECT().Reserve(gomock.Any(), f.scope, gomock.Any())
		f.checkpointer.EXPECT().Dispatch(gomock.Any(), f.scope, gomock.Any(), gomock.Any(), gomock.Any()).Return(errAway)
		f.ledger.EXPECT().Release(gomock.Any(), f.scope, gomock.Any())
		if _, err := metering.Guard(t.Context(), f.Service, f.scope, work, never); !errors.Is(err, errAway) {
			t.Errorf("got %v, want the store's error", err)
		}
	})
	for _, c := range []struct {
		name string
		got  usage.Event
		err  error
		want chat.Tokens
		code string
	}{
		{"done", usage.Event{Tokens: chat.Tokens{Input: 30, Output: 1, CountedBy: chat.ByTokenizer}}, nil, chat.Tokens{Input: 30, Output: 1, CountedBy: chat.ByTokenizer}, ""},
		{"failed at no cost", usage.Event{}, errAway, chat.Tokens{CountedBy: chat.ByProvider}, "INTERNAL"},
		{"failed with a code of its own", usage.Event{ErrorCode: "RERANK_DOWN"}, errAway, chat.Tokens{CountedBy: chat.ByProvider}, "RERANK_DOWN"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newMetered(t)
			f.admitted()
			e, _ := f.settled()
			got, err := metering.Guard(t.Context(), f.Service, f.scope, work, func(_ context.Context, h usage.Hold) (usage.Event, error) {
				if h.Want.ChatTokens != 42 || h.Want.ChatRequests != 1 {
					t.Errorf("held %+v, want 42 tokens and one request", h.Want)
				}
				return c.got, c.err
			})
			if !errors.Is(err, c.err) || (err == nil) != (c.err == nil) || got != *e {
				t.Errorf("got %+v, %v, want the settled event and %v", got, err, c.err)
			}
			if e.Tokens != c.want || e.ErrorCode != c.code || e.Success != (c.code == "") || e.Kind != usage.Rerank || e.ChatRequests != 1 {
				t.Errorf("settled %+v, want %+v and code %q", e, c.want, c.code)
			}
		})
	}
}

// Every missing dependency is named at once.
func TestNewNamesWhatIsMissing(t *testing.T) {
	_, err := metering.New(metering.Deps{})
	for _, name := range []string{"Ledger", "Checkpointer", "Sweeper", "Usage", "Licenses", "Prices", "Sites", "Tokenizer", "Now", "NewID", "CallTimeout"} {
		if err == nil || !strings.Contains(err.Error(), "Deps."+name+" ") {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}
