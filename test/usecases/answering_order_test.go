// Package usecases tests use cases where the absence or the order of a call is
// the point. What a store must keep is tested on adapters/memory, beside each
// use case.
package usecases

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/golang/mock/gomock"
	"go.uber.org/goleak"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/mocks"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// calls is a service whose calls that cost or keep something are mocks, which
// fail the test for each call that it does not expect.
type calls struct {
	*testing.T
	turns    *mocks.MockTurns
	ledger   *mocks.MockLedger
	dispatch *mocks.MockCheckpointer
	model    *mocks.MockChatModel
	fallback *mocks.MockChatModel
	embedder *mocks.MockEmbedder
	licenses *mocks.MockLicenses
	searcher *mocks.MockSearcher
	site     tenant.Site
	*answering.Service
}

// newCalls returns the service. Embedding is left out unless asked for.
func newCalls(t *testing.T, embedding bool) *calls {
	t.Helper()
	ctrl := gomock.NewController(t)
	c := &calls{
		T: t, turns: mocks.NewMockTurns(ctrl), ledger: mocks.NewMockLedger(ctrl), dispatch: mocks.NewMockCheckpointer(ctrl),
		model: mocks.NewMockChatModel(ctrl), fallback: mocks.NewMockChatModel(ctrl), embedder: mocks.NewMockEmbedder(ctrl),
		licenses: mocks.NewMockLicenses(ctrl), searcher: mocks.NewMockSearcher(ctrl),
	}
	stores := memory.NewStores(time.Now, porttest.NewID, usage.Price{Model: "model-1"}, usage.Price{Model: "quotes", Local: true}, usage.Price{Model: "embedder-1"})
	site, err := stores.AddSite(t.Context(), "Shop", "https://shop.example.com", usage.NoLimits())
	if err != nil {
		t.Fatal(err)
	}
	c.site = site
	meter, err := metering.New(metering.Deps{
		Ledger: c.ledger, Checkpointer: c.dispatch, Sweeper: stores.Ledger, Usage: stores.Ledger, Licenses: c.licenses, Prices: stores.Prices,
		Sites: stores.Accounts, Tokenizer: stores.Tokenizer, Now: time.Now, NewID: porttest.NewID, CallTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	find := searching.Deps{
		Meter: meter, Searcher: c.searcher, Passages: stores.Documents, Inventory: stores.Documents, Tokenizer: stores.Tokenizer, Now: time.Now,
	}
	findAs := searching.Config{Model: "model-1"}
	if embedding {
		find.Embedder, findAs.EmbeddingModel = func(string) ports.Embedder { return c.embedder }, "embedder-1"
	}
	search, err := searching.New(find, findAs)
	if err != nil {
		t.Fatal(err)
	}
	deps := answering.Deps{
		Meter: meter, Sites: stores.Accounts, Conversations: stores.Conversations, Turns: c.turns, Drafts: stores.Conversations, Search: search,
		Tokenizer: stores.Tokenizer, Model: c.model, Fallback: c.fallback,
		Now: time.Now, NewID: porttest.NewID,
	}
	cfg := answering.Config{Model: "model-1", FallbackModel: "quotes"}
	if c.Service, err = answering.New(deps, cfg); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *calls) licensed() *gomock.Call {
	return c.licenses.EXPECT().LicenseOf(gomock.Any(), c.site.Scope()).Return(usage.License{Status: usage.Active, Limits: usage.NoLimits()}, nil)
}

func (c *calls) begins() *gomock.Call {
	return c.turns.EXPECT().Begin(gomock.Any(), c.site.Scope(), gomock.Any()).DoAndReturn(func(_ context.Context, _ tenant.Scope, t chat.Turn) (chat.Turn, error) {
		t.Seq = 1
		return t, nil
	})
}

func (c *calls) finishes(s chat.State, f chat.Finish) *gomock.Call {
	return c.turns.EXPECT().Finish(gomock.Any(), c.site.Scope(), gomock.Any()).DoAndReturn(func(_ context.Context, _ tenant.Scope, t chat.Turn) error {
		if t.State != s || t.Finish != f {
			c.Errorf("finished as state %v, %v", t.State, t.Finish)
		}
		return nil
	})
}

func (c *calls) settles(no int, last bool) *gomock.Call {
	return c.ledger.EXPECT().Settle(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any()).DoAndReturn(
		func(_ context.Context, _ tenant.Scope, _ usage.ReservationID, e usage.Event) error {
			if e.CallNo != no || e.Last != last {
				c.Errorf("settled call %d, last %v; want %d, %v", e.CallNo, e.Last, no, last)
			}
			return nil
		})
}

func (c *calls) finds() *gomock.Call {
	return c.searcher.EXPECT().Search(gomock.Any(), c.site.Scope(), gomock.Any()).Return([]retrieval.Passage{}, nil).MinTimes(1)
}

func says(text string, err error) func(context.Context, chat.Prompt, func(string) error) (chat.Completion, error) {
	return func(_ context.Context, _ chat.Prompt, emit func(string) error) (chat.Completion, error) {
		c := chat.Completion{Text: text, Tokens: chat.Tokens{Input: 1, Output: 1, CountedBy: chat.ByProvider}}
		if text != "" {
			if eerr := emit(text); eerr != nil {
				return c, eerr
			}
		}
		if err == nil {
			c.Finish = chat.Complete
		}
		return c, err
	}
}

// asked asks and reads the answer to its end.
func (c *calls) asked() {
	c.Helper()
	st, err := c.Ask(c.Context(), c.question())
	if err != nil {
		c.Fatal(err)
	}
	for err == nil {
		_, err = st.Next(c.Context())
	}
	if err := c.Close(c.Context()); err != nil {
		c.Error(err)
	}
}

func (c *calls) question() answering.Question {
	return answering.Question{Scope: c.site.Scope(), Visitor: chat.VisitorID(chat.VisitorPrefix + porttest.NewID()), Text: "Hello?"}
}

// TestOrderOfAMessage: what is paid for was held, what is held belongs to a
// message that is stored, and an answer is settled once it is kept.
func TestOrderOfAMessage(t *testing.T) {
	c := newCalls(t, false)
	gomock.InOrder(
		c.licensed(),
		c.begins(),
		c.licensed(),
		c.ledger.EXPECT().Reserve(gomock.Any(), c.site.Scope(), gomock.Any()),
		c.finds(),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), usage.Amounts{}),
		c.model.EXPECT().Complete(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(says("Hello.", nil)),
		c.finishes(chat.Done, chat.Complete),
		c.settles(1, true),
	)
	c.asked()
}

// TestOrderOfAQuestionWithVector: its embedding is held, noted and settled on
// its own, before the model is called.
func TestOrderOfAQuestionWithVector(t *testing.T) {
	c := newCalls(t, true)
	gomock.InOrder(
		c.licensed(),
		c.begins(),
		c.licensed(),
		c.ledger.EXPECT().Reserve(gomock.Any(), c.site.Scope(), gomock.Any()),
		c.licensed(),
		c.ledger.EXPECT().Reserve(gomock.Any(), c.site.Scope(), gomock.Any()),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), usage.Amounts{}),
		c.embedder.EXPECT().Embed(gomock.Any(), []string{"Hello?"}).Return(retrieval.Embedding{Vectors: [][]float32{{1}}}, nil),
		c.settles(1, true),
		c.finds(),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), usage.Amounts{}),
		c.model.EXPECT().Complete(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(says("Hello.", nil)),
		c.finishes(chat.Done, chat.Complete),
		c.settles(1, true),
	)
	c.asked()
}

// TestOrderOfAFallback: each attempt is noted before it is sent and settled
// before the next one is.
func TestOrderOfAFallback(t *testing.T) {
	c := newCalls(t, false)
	away := &ports.ModelError{Kind: ports.ModelUnavailable, Unspent: true}
	c.licensed().Times(2)
	gomock.InOrder(
		c.begins(),
		c.ledger.EXPECT().Reserve(gomock.Any(), c.site.Scope(), gomock.Any()),
		c.finds(),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), usage.Amounts{}),
		c.model.EXPECT().Complete(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(says("", away)),
		c.settles(1, false),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), usage.Amounts{}),
		c.model.EXPECT().Complete(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(says("", away)),
		c.settles(2, false),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), usage.Amounts{}),
		c.fallback.EXPECT().Complete(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(says("Quoted.", nil)),
		c.finishes(chat.Done, chat.Complete),
		c.settles(3, true),
	)
	c.asked()
}

// TestLimitReachedCallsNothing: the mocks of the model, the index and the
// checkpointer fail the test for any call.
func TestLimitReachedCallsNothing(t *testing.T) {
	c := newCalls(t, true)
	c.licensed().Times(2)
	gomock.InOrder(
		c.begins(),
		c.ledger.EXPECT().Reserve(gomock.Any(), c.site.Scope(), gomock.Any()).Return(&usage.LimitError{Exceeded: []usage.Meter{usage.ChatTokens}}),
		c.finishes(chat.Withdrawn, 0),
	)
	if _, err := c.Ask(t.Context(), c.question()); !errors.Is(err, usage.ErrLimitExceeded) {
		t.Errorf("got %v", err)
	}
}

// TestNoLicenseCallsNothing: not even the message is stored.
func TestNoLicenseCallsNothing(t *testing.T) {
	c := newCalls(t, true)
	c.licenses.EXPECT().LicenseOf(gomock.Any(), c.site.Scope()).Return(usage.License{}, ports.ErrNotFound)
	if _, err := c.Ask(t.Context(), c.question()); !errors.Is(err, usage.ErrLicenseInactive) {
		t.Errorf("got %v", err)
	}
}

// TestAnsweredBeforeCallsNothing shows a stored answer: nothing is reserved.
func TestAnsweredBeforeCallsNothing(t *testing.T) {
	c := newCalls(t, true)
	c.licensed()
	c.turns.EXPECT().Begin(gomock.Any(), c.site.Scope(), gomock.Any()).DoAndReturn(func(_ context.Context, _ tenant.Scope, t chat.Turn) (chat.Turn, error) {
		t.State, t.Answer, t.Finish = chat.Done, "Hello.", chat.Complete
		return t, nil
	})
	c.asked()
}

// TestNotNotedIsNotSent: a call that could not be noted durably is not made. It
// may be noted all the same, and so is settled before the next one, which is the
// fallback's, is noted, and after the answer if there is none.
func TestNotNotedIsNotSent(t *testing.T) {
	c := newCalls(t, false)
	c.licensed().Times(2)
	gomock.InOrder(
		c.begins(),
		c.ledger.EXPECT().Reserve(gomock.Any(), c.site.Scope(), gomock.Any()),
		c.finds(),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), gomock.Any()).Return(ports.ErrUnavailable),
		c.settles(1, false),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), gomock.Any()).Return(ports.ErrUnavailable), // the fallback's
		c.finishes(chat.Done, chat.Failed),
		c.settles(2, true),
	)
	c.asked()
}

// TestRefusedIsNotSent: a call that the ledger refuses to note is not made, and
// its hold is given back.
func TestRefusedIsNotSent(t *testing.T) {
	c := newCalls(t, false)
	c.licensed().Times(2)
	gomock.InOrder(
		c.begins(),
		c.ledger.EXPECT().Reserve(gomock.Any(), c.site.Scope(), gomock.Any()),
		c.finds(),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), gomock.Any()).Return(errors.Join(ports.ErrInvalid, usage.ErrOverHold)),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), gomock.Any()).Return(ports.ErrInvalid), // the fallback's
		c.finishes(chat.Done, chat.Failed),
		c.ledger.EXPECT().Release(gomock.Any(), c.site.Scope(), gomock.Any()),
	)
	c.asked()
}

// TestSettledAlthoughItCannotBeStored: the money is recorded, whatever becomes
// of the answer, which is stored when the store is back.
func TestSettledAlthoughItCannotBeStored(t *testing.T) {
	c := newCalls(t, false)
	c.licensed().Times(2)
	gomock.InOrder(
		c.begins(),
		c.ledger.EXPECT().Reserve(gomock.Any(), c.site.Scope(), gomock.Any()),
		c.finds(),
		c.dispatch.EXPECT().Dispatch(gomock.Any(), c.site.Scope(), gomock.Any(), gomock.Any(), gomock.Any()),
		c.model.EXPECT().Complete(gomock.Any(), gomock.Any(), gomock.Any()).DoAndReturn(says("Hello.", nil)),
		c.turns.EXPECT().Finish(gomock.Any(), c.site.Scope(), gomock.Any()).Return(ports.ErrUnavailable),
		c.settles(1, true),
		c.turns.EXPECT().Finish(gomock.Any(), c.site.Scope(), gomock.Any()),
	)
	c.asked()
}
