package metering_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func TestNewNamesAllThatIsMissing(t *testing.T) {
	_, err := metering.New(metering.Deps{})
	for _, name := range []string{
		"Ledger", "Checkpointer", "Sweeper", "Usage", "Licenses", "Prices", "Sites", "Tokenizer", "Now", "NewID", "CallTimeout",
	} {
		if err == nil || !strings.Contains(err.Error(), "Deps."+name+" ") {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func TestCalendar(t *testing.T) {
	at := func(s string) time.Time {
		x, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	moved := tenant.Site{
		TimeZone: "America/New_York", ZoneBefore: "Europe/Berlin", ZoneSince: at("2026-11-23T23:00:00Z"), ZoneFloor: "2026-11-23",
	}
	for _, c := range []struct {
		name  string
		site  tenant.Site
		at    string
		day   usage.Day
		reset string
	}{
		{"UTC by default", tenant.Site{}, "2026-11-23T23:59:59Z", "2026-11-23", "2026-11-24T00:00:00Z"},
		{"Berlin", tenant.Site{TimeZone: "Europe/Berlin"}, "2026-11-23T23:30:00Z", "2026-11-24", "2026-11-24T23:00:00Z"},
		{"a day of 25 hours", tenant.Site{TimeZone: "Europe/Berlin"}, "2026-10-24T22:00:00Z", "2026-10-25", "2026-10-25T23:00:00Z"},
		{"before the move", moved, "2026-11-23T22:59:59Z", "2026-11-23", "2026-11-24T05:00:00Z"},
		{"after the move the day does not go back", moved, "2026-11-24T01:00:00Z", "2026-11-24", "2026-11-25T05:00:00Z"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cal, err := metering.Calendar(c.site)
			if err != nil {
				t.Fatal(err)
			}
			if got := cal.Day(at(c.at)); got != c.day {
				t.Errorf("day %s, want %s", got, c.day)
			}
			if c.name == "before the move" { // the old zone's midnight is the border
				c.reset = "2026-11-23T23:00:00Z"
			}
			if got := cal.Reset(at(c.at)); !got.Equal(at(c.reset)) {
				t.Errorf("reset %v, want %s", got.UTC(), c.reset)
			}
		})
	}
	for _, bad := range []tenant.Site{{TimeZone: "Mars/Olympus"}, {TimeZone: "UTC", ZoneBefore: "Mars/Olympus"}} {
		if _, err := metering.Calendar(bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

func TestAdmitRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		before func(*world)
		want   error
	}{
		"license suspended": {func(w *world) {
			w.must(w.stores.Licenses.PutLicense(w.Context(), w.scope(), usage.License{Status: usage.Suspended, Limits: usage.NoLimits()}))
		}, usage.ErrLicenseInactive},
		"license over": {func(w *world) {
			w.must(w.stores.Licenses.PutLicense(w.Context(), w.scope(), usage.License{Status: usage.Active, Limits: usage.NoLimits(), ValidUntil: noon()}))
		}, usage.ErrLicenseInactive},
		"site disabled": {func(w *world) {
			w.site.Disabled = true
			w.must(w.stores.Accounts.PutSite(w.Context(), w.site))
		}, ports.ErrNotFound},
		"tenant disabled": {func(w *world) {
			w.must(w.stores.Accounts.PutTenant(w.Context(), tenant.Tenant{ID: w.site.Tenant, Name: "T", Disabled: true}))
		}, ports.ErrNotFound},
		"limit": {func(w *world) {
			w.must(w.stores.Licenses.PutLicense(w.Context(), w.scope(), usage.License{Status: usage.Active, Limits: usage.Limits{ChatTokens: 149, ChatRequests: 1, Cost: usage.Unlimited}}))
		}, usage.ErrLimitExceeded},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, usage.NoLimits(), nil)
			c.before(w)
			a, err := w.Admit(w.Context(), w.scope(), w.NewReservation(), w.room(1))
			if a != nil {
				t.Error("it was admitted")
			}
			w.wantErr(err, c.want)
			w.nothing()
		})
	}
}

func TestNoLicense(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), func(w *world) { w.deps.Licenses = memory.NewLicenses(nil) })
	_, err := w.Admit(w.Context(), w.scope(), w.NewReservation(), w.room(1))
	var license *usage.LicenseError
	if !errors.As(err, &license) || license.Status != "none" {
		t.Errorf("got %v, want status none", err)
	}
	w.nothing()
}

func TestMalformedLicense(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), func(w *world) { w.deps.Licenses = malformed{} })
	_, err := w.Admit(w.Context(), w.scope(), w.NewReservation(), w.room(1))
	w.wantErr(err, usage.ErrLicenseInvalid)
	w.nothing()
}

type malformed struct{}

func (malformed) LicenseOf(context.Context, tenant.Scope) (usage.License, error) {
	return usage.License{Status: usage.Active, Malformed: "max_tokens_per_day is missing"}, nil
}

// A license that cannot be read is a refusal, and not the same as none.
func TestLicenseStoreAway(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), func(w *world) { w.deps.Licenses = awayLicenses{} })
	_, err := w.License(w.Context(), w.scope())
	w.wantErr(err, ports.ErrUnavailable)
	if errors.Is(err, usage.ErrLicenseInactive) {
		t.Error("it is told to be inactive")
	}
}

type awayLicenses struct{}

func (awayLicenses) LicenseOf(context.Context, tenant.Scope) (usage.License, error) {
	return usage.License{}, ports.ErrUnavailable
}

func TestAdmitHoldsUntilTheCallMustHaveEnded(t *testing.T) {
	l := &ledger{}
	w := newWorld(t, usage.NoLimits(), func(w *world) { l.Ledger = w.deps.Ledger; w.deps.Ledger = l })
	w.site.TimeZone = "Asia/Tokyo"
	w.must(w.stores.Accounts.PutSite(w.Context(), w.site))
	w.clock.Advance(4 * time.Hour) // 16:00 UTC is 01:00 in Tokyo
	a := w.admit(w.room(1))
	want := usage.Hold{
		ID: a.Hold().ID, Day: "2026-11-24", Want: w.room(1), Limits: usage.NoLimits(), Admit: w.clock.Now(),
		Expires: w.clock.Now().Add(70 * time.Second), ResetAt: time.Date(2026, 11, 24, 15, 0, 0, 0, time.UTC),
	}
	if got := l.reserved[0]; !got.ResetAt.Equal(want.ResetAt) {
		t.Errorf("reset at %v, want %v", got.ResetAt, want.ResetAt)
	} else if got.ResetAt = want.ResetAt; got != want {
		t.Errorf("held %+v, want %+v", got, want)
	}
	if a.Left() != w.room(1) {
		t.Errorf("left %+v", a.Left())
	}
	// The same id again is the same reservation.
	_, err := w.Admit(w.Context(), w.scope(), a.Hold().ID, w.room(1))
	w.must(err)
	days, err := w.stores.Ledger.Days(w.Context(), w.scope(), want.Day, want.Day)
	w.must(err)
	if days[0].Held != w.room(1) {
		t.Errorf("held %+v", days[0].Held)
	}
}

func TestLimitReachedIsPublished(t *testing.T) {
	w := newWorld(t, usage.Limits{ChatRequests: 1, ChatTokens: 10, Cost: usage.Unlimited}, nil)
	_, err := w.Admit(w.Context(), w.scope(), w.NewReservation(), w.room(1))
	var limit *usage.LimitError
	if !errors.As(err, &limit) || !limit.ResetAt.Equal(time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)) {
		t.Fatalf("got %v", err)
	}
	events := w.stores.Events.All()
	if got, want := fmt.Sprint(events), fmt.Sprint([]memory.Published{{Scope: w.scope(), Event: metering.LimitReached{Meters: []usage.Meter{usage.ChatTokens}}}}); got != want {
		t.Errorf("published %s, want %s", got, want)
	}
}

func TestClose(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	a := w.admit(w.room(1))
	for range 2 { // although the caller has gone, and twice
		w.must(a.Close(done(w.Context())))
	}
	w.nothing()

	a = w.admit(w.room(1))
	c := w.start(a, w.chatCall(), usage.Amounts{})
	w.must(a.Close(w.Context())) // a call was sent: it is settled, not forgotten
	if w.day().Held != w.room(1) {
		t.Errorf("held %+v under a call", w.day().Held)
	}
	_, err := c.Settle(w.Context(), spent(100, 7), true)
	w.must(err)
	w.must(a.Close(w.Context()))
	w.one()
}

func TestCloseTellsThatTheStoreIsAway(t *testing.T) {
	l := &ledger{releaseErr: ports.ErrUnavailable}
	w := newWorld(t, usage.NoLimits(), func(w *world) { l.Ledger = w.deps.Ledger; w.deps.Ledger = l })
	w.wantErr(w.admit(w.room(1)).Close(w.Context()), ports.ErrUnavailable)
}

// TestCalls makes three calls in one hold.
func TestCalls(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	a := w.admit(w.room(3))
	rest := w.room(2)
	rest.ChatRequests = 0

	first := w.start(a, w.chatCall(), rest)
	w.clock.Advance(3 * time.Second)
	e, err := first.Settle(w.Context(), metering.Outcome{
		Tokens: chat.Tokens{Input: 100, Output: 50, CountedBy: chat.ByTokenizer}, ProviderModel: "model-1-2026", RawUsage: "{}",
	}, false)
	w.must(err)
	if e.CallNo != 1 || e.ChatRequests != 1 || e.Latency != 3*time.Second || e.Last || !e.Success || e.ProviderModel != "model-1-2026" ||
		e.RawUsage != "{}" || e.Day != "2026-11-23" || !e.At.Equal(w.clock.Now()) || e.Cost != 100*500+50*2000 || e.Reservation != a.Hold().ID {
		t.Errorf("first %+v", e)
	}
	if a.Left() != rest {
		t.Errorf("left %+v, want %+v", a.Left(), rest)
	}

	big := w.chatCall()
	big.PromptTokens = 1000
	if _, err := a.Start(w.Context(), big, usage.Amounts{}); !errors.Is(err, usage.ErrOverHold) {
		t.Errorf("a call that does not fit: %v", err)
	}

	second := w.start(a, w.chatCall(), usage.Amounts{})
	if e, err = second.Settle(w.Context(), metering.Outcome{ErrorCode: "UPSTREAM_UNAVAILABLE", Tokens: chat.Tokens{CountedBy: chat.ByProvider}}, false); err != nil || e.CallNo != 2 || e.ChatRequests != 0 || e.Success {
		t.Errorf("second %+v, %v", e, err)
	}
	bound := w.chatCall().Bound()
	if a.Left() != bound {
		t.Errorf("what a refused call did not spend is not there for the next: %+v, want %+v", a.Left(), bound)
	}
	third := w.start(a, w.chatCall(), usage.Amounts{})
	if e, err = third.Settle(w.Context(), spent(90, 3), true); err != nil || e.CallNo != 3 || !e.Last {
		t.Errorf("third %+v, %v", e, err)
	}
	if d := w.day(); d.Held != (usage.Amounts{}) || d.Used.ChatRequests != 1 || d.Used.ChatTokens != 243 {
		t.Errorf("the day says %+v", d)
	}
}

// TestEmbeddingBeforeTheChat: the request belongs to the first chat call, also
// if a vector was made before it in the same hold.
func TestEmbeddingBeforeTheChat(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	want := w.room(1)
	want.EmbeddingTokens, want.Cost = 10, want.Cost+1000
	a := w.admit(want)
	price, err := w.Price(w.Context(), "embedder-1")
	w.must(err)
	embed := w.start(a, usage.Call{Kind: usage.Embedding, Model: "embedder-1", PromptTokens: 10, Price: price}, w.chatCall().Bound())
	if e, err := embed.Settle(w.Context(), spent(10, 0), false); err != nil || e.ChatRequests != 0 {
		t.Errorf("embedding %+v, %v", e, err)
	}
	for i, wantRequests := range []int64{1, 0} {
		c := w.start(a, usage.Call{Kind: usage.Chat, Model: "model-1", ChatRequests: 7, PromptTokens: 10, MaxOutput: 5}, usage.Amounts{ChatTokens: 15 * int64(1-i)})
		if e, err := c.Settle(w.Context(), spent(10, 5), i == 1); err != nil || e.ChatRequests != wantRequests {
			t.Errorf("chat call %d: %+v, %v; want %d requests", i+1, e, err, wantRequests)
		}
	}
	if d := w.day(); d.Used.ChatRequests != 1 || d.Held != (usage.Amounts{}) {
		t.Errorf("the day says %+v", d)
	}
}

func TestSettleTwice(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	c := w.start(w.admit(w.room(1)), w.chatCall(), usage.Amounts{})
	for _, out := range []int64{7, 9} {
		_, err := c.Settle(done(w.Context()), spent(100, out), true) // the caller has gone
		w.must(err)
	}
	if e := w.one(); e.Tokens.Output != 7 {
		t.Errorf("the second settlement counts: %+v", e)
	}
	if n := len(w.stores.Events.All()); n != 1 {
		t.Errorf("%d events were published", n)
	}
}

func TestSettleWithoutTheStore(t *testing.T) {
	l := &ledger{settleErr: ports.ErrUnavailable}
	w := newWorld(t, usage.NoLimits(), func(w *world) { l.Ledger = w.deps.Ledger; w.deps.Ledger = l })
	a := w.admit(w.room(1))
	c := w.start(a, w.chatCall(), usage.Amounts{})
	c.Wrote(7)
	w.must(w.Checkpoint(w.Context()))
	_, err := c.Settle(w.Context(), spent(90, 9), true)
	w.wantErr(err, ports.ErrUnavailable)
	if all := w.stores.Events.All(); len(all) != 1 || all[0].Event != (metering.SettleFailed{Reservation: a.Hold().ID}) {
		t.Errorf("published %+v", all)
	}
	// Nobody tries again: the sweep settles at prompt + checkpoint.
	if n, err := w.Sweep(w.Context()); n != 0 || err != nil {
		t.Errorf("swept %d before the hold had expired, %v", n, err)
	}
	w.clock.Advance(70 * time.Second)
	if n, err := w.Sweep(w.Context()); n != 1 || err != nil {
		t.Errorf("swept %d, %v", n, err)
	}
	if e := w.one(); e.ErrorCode != usage.CodeSwept || e.Tokens.Input != 100 || e.Tokens.Output != 7 || e.ChatRequests != 1 {
		t.Errorf("event %+v", e)
	}
	// Then it does come, late: an adjustment, no second event.
	l.settleErr = nil
	_, err = c.Settle(w.Context(), spent(90, 9), true)
	w.must(err)
	w.one()
	if d := w.day(); d.Used.ChatTokens != 99 {
		t.Errorf("the day says %+v", d.Used)
	}
}

func TestCheckpointIsOneStepForAll(t *testing.T) {
	cp := &checkpointer{}
	w := newWorld(t, usage.NoLimits(), func(w *world) { cp.Checkpointer = w.deps.Checkpointer; w.deps.Checkpointer = cp })
	w.must(w.Checkpoint(w.Context()))
	silent := w.start(w.admit(w.room(1)), w.chatCall(), usage.Amounts{})
	var calls []*metering.Call
	for i := range int64(3) {
		c := w.start(w.admit(w.room(1)), w.chatCall(), usage.Amounts{})
		c.Wrote(i + 5)
		c.Wrote(i) // it never goes back
		calls = append(calls, c)
	}
	w.must(w.Checkpoint(w.Context()))
	if len(cp.seen) != 1 || len(cp.seen[0]) != 3 {
		t.Fatalf("written as %+v, want the three that have said something, at once", cp.seen)
	}
	sum := int64(0)
	for _, c := range cp.seen[0] {
		sum += c.Output
	}
	if sum != 5+6+7 {
		t.Errorf("written as %+v", cp.seen)
	}
	for _, c := range append(calls, silent) {
		_, err := c.Settle(w.Context(), spent(1, 1), true)
		w.must(err)
	}
	w.must(w.Checkpoint(w.Context()))
	if len(cp.seen) != 1 {
		t.Errorf("settled calls are written still: %+v", cp.seen)
	}
}

type checkpointer struct {
	ports.Checkpointer
	seen [][]ports.Checkpoint
}

func (c *checkpointer) Checkpoint(ctx context.Context, cs []ports.Checkpoint) error {
	c.seen = append(c.seen, cs)
	return c.Checkpointer.Checkpoint(ctx, cs)
}

func TestSweepGoesOnUntilAllAreSettled(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	const n = 250 // more than two batches
	for range n {
		w.start(w.admit(w.room(1)), w.chatCall(), usage.Amounts{})
	}
	w.admit(w.room(1)) // nothing was sent: it is only freed
	w.clock.Advance(2 * time.Minute)
	if got, err := w.Sweep(w.Context()); err != nil || got != n+1 {
		t.Errorf("swept %d, %v; want %d", got, err, n+1)
	}
	if d := w.day(); d.Held != (usage.Amounts{}) || d.Used.ChatRequests != n || d.Used.ChatTokens != 100*n {
		t.Errorf("the day says %+v", d)
	}
	if got := len(w.stores.Events.All()); got != n {
		t.Errorf("%d events were published, want %d", got, n)
	}
}

func TestSweepStopsAtAnError(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), func(w *world) { w.deps.Sweeper = brokenSweeper{} })
	if n, err := w.Sweep(w.Context()); n != 100 || !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("got %d, %v", n, err)
	}
}

type brokenSweeper struct{}

func (brokenSweeper) Sweep(_ context.Context, _ time.Time, limit int) ([]ports.Swept, error) {
	return make([]ports.Swept, limit), ports.ErrUnavailable
}

func TestErrorCode(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{nil, ""},
		{context.Canceled, "CANCELED"},
		{fmt.Errorf("call: %w", context.DeadlineExceeded), "UPSTREAM_TIMEOUT"},
		{&ports.ModelError{Kind: ports.ModelTimeout, Err: context.Canceled}, "CANCELED"}, // the caller went, whatever it looked like
		{&ports.ModelError{Kind: ports.ModelRefused}, "UPSTREAM_REFUSED"},
		{&ports.ModelError{Kind: ports.ModelRateLimited}, "UPSTREAM_RATE_LIMITED"},
		{&ports.ModelError{Kind: ports.ModelUnavailable}, "UPSTREAM_UNAVAILABLE"},
		{fmt.Errorf("call: %w", &ports.ModelError{Kind: ports.ModelTimeout}), "UPSTREAM_TIMEOUT"},
		{&ports.ModelError{Kind: ports.ModelTruncated}, "UPSTREAM_TRUNCATED"},
		{&ports.ModelError{Kind: ports.ModelMalformed}, "UPSTREAM_MALFORMED"},
		{&ports.ModelError{Kind: ports.ModelBroke}, "UPSTREAM_BROKE"},
		{&ports.ModelError{}, "INTERNAL"},
		{errors.New("?"), "INTERNAL"},
	} {
		if got := metering.ErrorCode(c.err); got != c.want {
			t.Errorf("%v: got %q, want %q", c.err, got, c.want)
		}
	}
}

// TestTwoHundredAtOnce is Invariant 1 through the whole use case.
func TestTwoHundredAtOnce(t *testing.T) {
	w := newWorld(t, usage.Limits{ChatRequests: 10, ChatTokens: usage.Unlimited, Cost: usage.Unlimited}, nil)
	var wg sync.WaitGroup
	var mu sync.Mutex
	admitted := 0
	for range 200 {
		wg.Go(func() {
			_, err := metering.Metered(w.Service, w.scope(), memory.NewModel("Hello to you.")).Complete(w.Context(), prompt(), nil)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				admitted++
			case !errors.Is(err, usage.ErrLimitExceeded):
				t.Error(err)
			}
		})
		if admittedSoFar := w.day().Admitted().ChatRequests; admittedSoFar > 10 {
			t.Errorf("%d chat requests are admitted", admittedSoFar)
		}
		wg.Go(func() { w.must(w.Checkpoint(w.Context())) })
	}
	wg.Wait()
	if d := w.day(); admitted != 10 || d.Used.ChatRequests != 10 || d.Held != (usage.Amounts{}) || len(w.events()) != 10 {
		t.Errorf("%d admitted, the day says %+v", admitted, d)
	}
}

func ExampleService_Admit() {
	ctx := context.Background()
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	stores := memory.NewStores(now, porttest.NewID, usage.Price{Model: "my-model", Version: "1"})
	site, _ := stores.AddSite(ctx, "Shop", "https://shop.example.com", usage.Limits{ChatRequests: 1, ChatTokens: 1000, Cost: usage.Unlimited})
	meter, err := metering.New(metering.Deps{
		Ledger: stores.Ledger, Checkpointer: stores.Ledger, Sweeper: stores.Ledger, Usage: stores.Ledger, Licenses: stores.Licenses,
		Prices: stores.Prices, Sites: stores.Accounts, Tokenizer: stores.Tokenizer, Now: now, NewID: porttest.NewID, CallTimeout: time.Minute,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	want := usage.Amounts{ChatRequests: 1, ChatTokens: 500}
	admitted, err := meter.Admit(ctx, site.Scope(), meter.NewReservation(), want)
	if err != nil {
		fmt.Println(err)
		return
	}
	call, _ := admitted.Start(ctx, usage.Call{Kind: usage.Chat, Model: "my-model", PromptTokens: 400, MaxOutput: 100}, usage.Amounts{})
	// ... the call goes out here ...
	event, _ := call.Settle(ctx, metering.Outcome{Tokens: chat.Tokens{Input: 380, Output: 42, CountedBy: chat.ByProvider}}, true)
	fmt.Println(event.Tokens.Total(), "tokens settled")

	_, err = meter.Admit(ctx, site.Scope(), meter.NewReservation(), want)
	fmt.Println(errors.Is(err, usage.ErrLimitExceeded))
	// Output:
	// 422 tokens settled
	// true
}
