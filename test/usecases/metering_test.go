// Package usecases tests use cases through mocks where the absence or the order
// of a call is the point, and through the memory adapters where the outcome is.
package usecases

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/golang/mock/gomock"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/mocks"
	"github.com/aiwoochat/woochat/test/porttest"
)

const (
	gpt   = "model-1"
	words = "embedding-1"
	local = "local-1"
)

var (
	noon    = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	errAway = errors.New("the store is away")
)

// metered is metering with a mocked ledger and a mocked provider: whatever a
// test does not expect of them fails it.
type metered struct {
	*testing.T
	*metering.Service
	scope        tenant.Scope
	clock        *porttest.Clock
	ledger       *mocks.MockLedger
	checkpointer *mocks.MockCheckpointer
	model        *mocks.MockChatModel
	embedder     *mocks.MockEmbedder
	events       *memory.Events
	licenses     *memory.Licenses
	accounts     *memory.Accounts
}

func newMetered(t *testing.T) *metered {
	t.Helper()
	ctrl := gomock.NewController(t)
	f := &metered{
		T: t, clock: porttest.NewClock(noon), events: memory.NewEvents(), accounts: memory.NewAccounts(),
		ledger: mocks.NewMockLedger(ctrl), checkpointer: mocks.NewMockCheckpointer(ctrl),
		model: mocks.NewMockChatModel(ctrl), embedder: mocks.NewMockEmbedder(ctrl),
		scope: tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())},
	}
	f.licenses = memory.NewLicenses(f.accounts)
	must(t, f.accounts.PutTenant(t.Context(), tenant.Tenant{ID: f.scope.Tenant, Name: "Fjord & Fell"}))
	must(t, f.accounts.PutSite(t.Context(), f.site()))
	f.license(usage.License{Plan: "starter", Status: usage.Active, Limits: usage.NoLimits()})
	service, err := metering.New(metering.Deps{
		Ledger: f.ledger, Checkpointer: f.checkpointer, Sweeper: mocks.NewMockSweeper(ctrl), Usage: mocks.NewMockUsageReader(ctrl),
		Licenses: f.licenses, Sites: f.accounts, Tokenizer: memory.NewTokenizer(), Now: f.clock.Now, NewID: porttest.NewID, Events: f.events,
		Prices: memory.NewPrices(
			usage.Price{Model: gpt, Version: "1", Input: usage.USD, Output: 4 * usage.USD},
			usage.Price{Model: words, Version: "1", Input: usage.USD / 10},
			usage.Price{Model: local, Version: "1", Local: true},
		),
		CallTimeout: time.Minute,
	})
	must(t, err)
	f.Service = service
	return f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f *metered) site() tenant.Site {
	return tenant.Site{ID: f.scope.Site, Tenant: f.scope.Tenant, Name: "Fjord & Fell", URL: "https://shop.example.com", TimeZone: "Europe/Berlin"}
}

func (f *metered) license(l usage.License) {
	f.Helper()
	must(f.T, f.licenses.PutLicense(f.Context(), f.scope, l))
}

// prompt is 20 bytes in two messages: with what frames them, 20 + 2*16 + 8
// tokens by the bound.
func prompt() chat.Prompt {
	return chat.Prompt{
		Model: gpt, MaxTokens: 50,
		Messages: []chat.Message{{Speaker: chat.System, Text: "0123456789"}, {Speaker: chat.Shopper, Text: "abcdefghij"}},
	}
}

const promptBound = 60

// call says what the model does when it is called.
func (f *metered) call(do func(p chat.Prompt, emit func(string) error) (chat.Completion, error)) *gomock.Call {
	return f.model.EXPECT().Complete(gomock.Any(), gomock.Any(), gomock.Any()).
		DoAndReturn(func(_ context.Context, p chat.Prompt, emit func(string) error) (chat.Completion, error) {
			return do(p, emit)
		})
}

func (f *metered) ask() (chat.Completion, error) {
	return metering.Metered(f.Service, f.scope, f.model).Complete(f.Context(), prompt(), nil)
}

// settled expects one settlement and returns where its event will stand.
func (f *metered) settled() (*usage.Event, *gomock.Call) {
	e := new(usage.Event)
	return e, f.ledger.EXPECT().Settle(gomock.Any(), f.scope, gomock.Any(), gomock.Any()).
		DoAndReturn(func(_ context.Context, _ tenant.Scope, _ usage.ReservationID, got usage.Event) error {
			*e = got
			return nil
		})
}

func TestARefusedLicenseCostsNothing(t *testing.T) {
	for name, l := range map[string]usage.License{
		"suspended": {Plan: "starter", Status: usage.Suspended, Limits: usage.NoLimits()},
		"expired":   {Plan: "starter", Status: usage.Active, Limits: usage.NoLimits(), ValidUntil: noon},
		"not yet":   {Plan: "starter", Status: usage.Active, Limits: usage.NoLimits(), ValidFrom: noon.Add(time.Second)},
	} {
		t.Run(name, func(t *testing.T) {
			f := newMetered(t) // no call of ledger, checkpointer or model is expected
			f.license(l)
			var refused *usage.LicenseError
			if _, err := f.ask(); !errors.As(err, &refused) || !errors.Is(err, usage.ErrLicenseInactive) {
				t.Errorf("got %v, want a LicenseError", err)
			}
		})
	}
	t.Run("none", func(t *testing.T) {
		f := newMetered(t)
		f.scope.Site = tenant.SiteID(tenant.SitePrefix + porttest.NewID())
		if _, err := f.ask(); !errors.Is(err, usage.ErrLicenseInactive) {
			t.Errorf("got %v, want ErrLicenseInactive", err)
		}
	})
	t.Run("limits that cannot be read", func(t *testing.T) {
		f := newMetered(t)
		ctrl := gomock.NewController(t)
		unreadable := mocks.NewMockLicenses(ctrl)
		unreadable.EXPECT().LicenseOf(gomock.Any(), f.scope).Return(usage.License{Status: usage.Active, Malformed: "max_tokens_per_day is missing"}, nil)
		f.Licenses = unreadable
		if _, err := f.ask(); !errors.Is(err, usage.ErrLicenseInvalid) {
			t.Errorf("got %v, want ErrLicenseInvalid", err)
		}
	})
	t.Run("a store that does not answer", func(t *testing.T) {
		f := newMetered(t)
		away := mocks.NewMockLicenses(gomock.NewController(t))
		away.EXPECT().LicenseOf(gomock.Any(), f.scope).Return(usage.License{}, errAway)
		f.Licenses = away
		if _, err := f.ask(); !errors.Is(err, errAway) {
			t.Errorf("got %v, want the store's error: what is not known is refused", err)
		}
	})
}

func TestADisabledSiteCostsNothing(t *testing.T) {
	f := newMetered(t)
	site := f.site()
	site.Disabled = true
	must(t, f.accounts.PutSite(t.Context(), site))
	if _, err := f.ask(); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
}

func TestAnUnknownPriceIsRefused(t *testing.T) {
	f := newMetered(t)
	p := prompt()
	p.Model = "model-of-tomorrow"
	if _, err := metering.Metered(f.Service, f.scope, f.model).Complete(t.Context(), p, nil); !errors.Is(err, metering.ErrUnpriced) {
		t.Errorf("got %v, want ErrUnpriced", err)
	}
}

func TestASpentLimitCallsNoModel(t *testing.T) {
	f := newMetered(t)
	limit := &usage.LimitError{Exceeded: []usage.Meter{usage.ChatTokens}}
	f.ledger.EXPECT().Reserve(gomock.Any(), f.scope, gomock.Any()).Return(limit)
	var got *usage.LimitError
	if _, err := f.ask(); !errors.As(err, &got) || got != limit {
		t.Errorf("got %v, want the ledger's LimitError", err)
	}
	all := f.events.All()
	if len(all) != 1 || all[0].Scope != f.scope {
		t.Fatalf("published %+v, want that the limit was reached", all)
	}
	if e, ok := all[0].Event.(metering.LimitReached); !ok || len(e.Meters) != 1 || e.Meters[0] != usage.ChatTokens {
		t.Errorf("published %+v, want LimitReached for chat tokens", all[0].Event)
	}
}

// Reserve, Dispatch, the model, Settle: in this order, and with amounts that
// cover what the call may spend at most.
func TestNoByteGoesOutBeforeItIsHeld(t *testing.T) {
	f := newMetered(t)
	var hold usage.Hold
	bound := usage.Amounts{ChatRequests: 1, ChatTokens: promptBound + 50, Cost: promptBound*1_000 + 50*4_000}
	e, settle := f.settled()
	gomock.InOrder(
		f.ledger.EXPECT().Reserve(gomock.Any(), f.scope, gomock.Any()).DoAndReturn(func(_ context.Context, _ tenant.Scope, h usage.Hold) error {
			hold = h
			if h.Want != bound {
				t.Errorf("reserved %+v, want %+v", h.Want, bound)
			}
			if h.Day != "2026-11-23" || !h.ResetAt.Equal(time.Date(2026, 11, 23, 23, 0, 0, 0, time.UTC)) {
				t.Errorf("day %s until %v, want the day of the site's zone, which ends at 23:00 UTC", h.Day, h.ResetAt)
			}
			if want := noon.Add(time.Minute + metering.ExpiryMargin); !h.Expires.Equal(want) {
				t.Errorf("expires %v, want %v: after the longest call", h.Expires, want)
			}
			return nil
		}),
		f.checkpointer.EXPECT().Dispatch(gomock.Any(), f.scope, gomock.Any(), gomock.Any(), usage.Amounts{}).
			DoAndReturn(func(_ context.Context, _ tenant.Scope, id usage.ReservationID, c usage.Call, _ usage.Amounts) error {
				if id != hold.ID || c.No != 1 || c.Bound() != bound || c.Price.Version != "1" {
					t.Errorf("dispatched %+v in %s, want the call that was reserved", c, id)
				}
				return nil
			}),
		f.call(func(p chat.Prompt, emit func(string) error) (chat.Completion, error) {
			if p.CallID != string(hold.ID)+".1" {
				t.Errorf("the provider is told %q, want the reservation and the call's number", p.CallID)
			}
			must(t, emit("Hello"))
			f.clock.Advance(2 * time.Second)
			return chat.Completion{Text: "Hello", Finish: chat.Complete, Model: "model-1-2026-01-01", Tokens: chat.Tokens{Input: 12, Output: 3, Cached: 2, CountedBy: chat.ByProvider}, RawUsage: "{}"}, nil
		}),
		settle,
	)
	if c, err := f.ask(); err != nil || c.Text != "Hello" {
		t.Fatalf("got %q, %v", c.Text, err)
	}
	want := usage.Event{
		ID: e.ID, Reservation: hold.ID, CallNo: 1, Last: true, Kind: usage.Chat, Model: gpt, ProviderModel: "model-1-2026-01-01", ChatRequests: 1,
		Tokens: chat.Tokens{Input: 12, Output: 3, Cached: 2, CountedBy: chat.ByProvider}, Cost: 10*1_000 + 3*4_000, PriceVersion: "1",
		Latency: 2 * time.Second, Success: true, RawUsage: "{}", Day: "2026-11-23", At: noon.Add(2 * time.Second),
	}
	if *e != want || usage.EventID("") == e.ID {
		t.Errorf("settled\n     %+v\nwant %+v", *e, want)
	}
}

// TestACallThatCannotBeDispatchedIsReleased, and settled at nothing if that cannot
// be done either: it may be noted as sent.
func TestACallThatCannotBeDispatchedIsReleased(t *testing.T) {
	f := newMetered(t)
	var id usage.ReservationID
	gomock.InOrder(
		f.ledger.EXPECT().Reserve(gomock.Any(), f.scope, gomock.Any()).DoAndReturn(func(_ context.Context, _ tenant.Scope, h usage.Hold) error {
			id = h.ID
			return nil
		}),
		f.checkpointer.EXPECT().Dispatch(gomock.Any(), f.scope, gomock.Any(), gomock.Any(), gomock.Any()).Return(errAway),
		f.ledger.EXPECT().Release(gomock.Any(), f.scope, gomock.Any()).DoAndReturn(func(_ context.Context, _ tenant.Scope, got usage.ReservationID) error {
			if got != id {
				t.Errorf("released %s, want %s", got, id)
			}
			return errAway
		}),
		f.ledger.EXPECT().Settle(gomock.Any(), f.scope, gomock.Any(), gomock.Any()).DoAndReturn(func(_ context.Context, _ tenant.Scope, got usage.ReservationID, e usage.Event) error {
			if got != id || e.CallNo != 1 || !e.Last || e.Success || e.ErrorCode != metering.CodeNotSent || e.Tokens.Total() != 0 {
				t.Errorf("settled in %s: %+v", got, e)
			}
			return nil
		}),
	)
	if _, err := f.ask(); !errors.Is(err, errAway) {
		t.Errorf("got %v, want the store's error", err)
	}
}
