package metering_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func operator() roles.Grants {
	return roles.Grants{Subject: "operator", SuperAdmin: true, Reason: "a new price"}
}

// dated has a price for each day from which on it is in force.
type dated map[string]map[string]usage.Price

func (d dated) PriceOf(_ context.Context, model string, t time.Time) (usage.Price, error) {
	best := ""
	for from := range d[model] {
		if from <= t.UTC().Format(time.DateOnly) && from >= best {
			best = from
		}
	}
	p, ok := d[model][best]
	if !ok {
		return usage.Price{}, ports.ErrNotFound
	}
	p.Model, p.Version = model, best
	return p, nil
}

func table() dated {
	return dated{
		"model-1":    {"2026-01-01": {Input: 500_000_000, CachedInput: 500_000_000, Output: 2 * usage.USD}, "2026-11-20": {Input: 400_000_000, CachedInput: 100_000_000, Output: usage.USD}},
		"embedder-1": {"2026-01-01": {Input: 20_000_000, CachedInput: 20_000_000}},
		"local":      {"2026-01-01": {Local: true}},
	}
}

// recorded settles one call of the model, and returns its event.
func (w *world) recorded(model string, kind usage.Kind, t chat.Tokens) usage.Event {
	w.Helper()
	p, err := w.deps.Prices.PriceOf(w.Context(), model, w.clock.Now())
	w.must(err)
	call := usage.Call{Kind: kind, Model: model, PromptTokens: t.Input, MaxOutput: t.Output, Price: p}
	want := call.Bound()
	want.ChatRequests, call.ChatRequests = 1, 1
	if kind == usage.Embedding {
		want.ChatRequests, call.ChatRequests = 0, 0
	}
	c := w.start(w.admit(want), call, usage.Amounts{})
	t.CountedBy = chat.ByProvider
	e, err := c.Settle(w.Context(), metering.Outcome{Tokens: t}, true)
	w.must(err)
	return e
}

func (w *world) repricer(change func(*metering.RepricerDeps)) *metering.Repricer {
	w.Helper()
	d := metering.RepricerDeps{Usage: w.stores.Ledger, Repricings: w.stores.Repricings, Prices: table(), Audit: memory.NewAuditLog(), Now: w.clock.Now, NewID: porttest.NewID}
	if change != nil {
		change(&d)
	}
	r, err := metering.NewRepricer(d)
	w.must(err)
	return r
}

func (w *world) repricings() []usage.Repricing {
	w.Helper()
	rs, err := w.stores.Repricings.ListRepricings(w.Context(), w.scope(), "2026-11-01", "2026-11-30", usage.Repricing{}, 10_000)
	w.must(err)
	return rs
}

func on(day string) time.Time {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		panic(err)
	}
	return t
}

func TestReprice(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), func(w *world) {
		w.deps.Prices = memory.NewPrices(
			usage.Price{Model: "model-1", Version: "v1", Input: 500_000_000, CachedInput: 500_000_000, Output: 2 * usage.USD},
			usage.Price{Model: "embedder-1", Version: "v1", Input: 20_000_000},
			usage.Price{Model: "mine", Version: "ceiling", Input: usage.USD}, usage.Price{Model: "local", Version: "local", Local: true})
	})
	one := w.recorded("model-1", usage.Chat, chat.Tokens{Input: 1000, Cached: 800, Output: 100, Reasoning: 90})
	two := w.recorded("embedder-1", usage.Embedding, chat.Tokens{Input: 500})
	w.recorded("mine", usage.Chat, chat.Tokens{Input: 10})
	free := w.recorded("local", usage.Chat, chat.Tokens{})
	before, day := w.events(), w.day()

	order := metering.RepriceOrder{AsOf: on("2026-11-20"), First: "2026-11-01", Last: "2026-11-30"}
	want := []metering.Repriced{
		{Model: "embedder-1", PriceVersion: "2026-01-01", Events: 1, Billed: 10_000, Repriced: 10_000},
		{Model: "local", PriceVersion: "2026-01-01", Events: 1},
		// 200 * 0.40 + 800 * 0.10 + 100 * 1.00 where 1000 * 0.50 + 100 * 2.00 was billed.
		{Model: "mine", Events: 1, Unpriced: 1, NotCompared: 10_000},
		{Model: "model-1", PriceVersion: "2026-11-20", Events: 1, Billed: 700_000, Repriced: 260_000},
	}
	dry := order
	dry.DryRun = true
	for _, o := range []metering.RepriceOrder{dry, order, order} {
		got, err := w.repricer(nil).Reprice(w.Context(), operator(), w.scope(), o)
		w.must(err)
		if !slices.Equal(got, want) {
			t.Errorf("got\n%+v\nwant\n%+v", got, want)
		}
		if o.DryRun && len(w.repricings()) != 0 {
			t.Errorf("a dry run stored %+v", w.repricings())
		}
	}
	if d := want[3].Difference(); d != -440_000 {
		t.Errorf("the difference is %s", d)
	}
	stored := []usage.Repricing{
		{Event: one.ID, PriceVersion: "2026-11-20", Cost: 260_000, At: w.clock.Now()},
		{Event: two.ID, PriceVersion: "2026-01-01", Cost: 10_000, At: w.clock.Now()},
		{Event: free.ID, PriceVersion: "2026-01-01", At: w.clock.Now()},
	}
	if got := w.repricings(); !slices.Equal(got, stored) {
		t.Errorf("stored\n%+v\nwant\n%+v", got, stored)
	}
	if !slices.Equal(w.events(), before) || w.day() != day {
		t.Error("what was billed has changed")
	}

	// The day before, the older price was in force; and only of one model.
	order.AsOf, order.Model = on("2026-11-19"), "model-1"
	got, err := w.repricer(nil).Reprice(w.Context(), operator(), w.scope(), order)
	w.must(err)
	if want := []metering.Repriced{{Model: "model-1", PriceVersion: "2026-01-01", Events: 1, Billed: 700_000, Repriced: 700_000}}; !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if n := len(w.repricings()); n != 4 {
		t.Errorf("%d rows are stored, want those of both versions", n)
	}
	order.AsOf = on("2025-12-31")
	got, err = w.repricer(nil).Reprice(w.Context(), operator(), w.scope(), order)
	w.must(err)
	if len(got) != 1 || got[0].Unpriced != 1 || got[0].PriceVersion != "" || len(w.repricings()) != 4 {
		t.Errorf("before there was a price: %+v", got)
	}
	order.First, order.Last = "2026-11-01", "2026-11-22"
	if got, err = w.repricer(nil).Reprice(w.Context(), operator(), w.scope(), order); err != nil || len(got) != 0 {
		t.Errorf("days without events: %+v, %v", got, err)
	}
}

// What an adjustment has corrected is computed again as corrected, also if the
// adjustment came between two runs.
func TestRepriceOfAnAdjustedEvent(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	c := w.start(w.admit(w.room(1)), w.chatCall(), usage.Amounts{})
	w.clock.Advance(2 * time.Minute)
	if n, err := w.Sweep(w.Context()); err != nil || n != 1 {
		t.Fatalf("swept %d, %v", n, err)
	}
	order := metering.RepriceOrder{AsOf: on("2026-11-20"), First: "2026-11-23", Last: "2026-11-23"}
	for i, want := range []metering.Repriced{
		{Model: "model-1", PriceVersion: "2026-11-20", Events: 1, Billed: 50_000, Repriced: 40_000},
		{Model: "model-1", PriceVersion: "2026-11-20", Events: 1, Billed: 30_000 + 80_000, Repriced: 24_000 + 40_000},
	} {
		if i == 1 { // the true end: 60 in, 40 out
			_, err := c.Settle(w.Context(), spent(60, 40), true)
			w.must(err)
		}
		got, err := w.repricer(nil).Reprice(w.Context(), operator(), w.scope(), order)
		w.must(err)
		if len(got) != 1 || got[0] != want {
			t.Errorf("run %d: got %+v, want %+v", i, got, want)
		}
		if rows := w.repricings(); len(rows) != 1 || rows[0].Cost != want.Repriced {
			t.Errorf("run %d stored %+v", i, rows)
		}
	}
}

// More events than one page has are all computed, once.
func TestRepriceOfManyEvents(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	const n = 1203
	for i := range n {
		w.recorded([]string{"model-1", "embedder-1"}[i%2], []usage.Kind{usage.Chat, usage.Embedding}[i%2], chat.Tokens{Input: int64(i + 1)})
	}
	got, err := w.repricer(nil).Reprice(w.Context(), operator(), w.scope(), metering.RepriceOrder{AsOf: on("2026-11-20"), First: "2026-11-23", Last: "2026-11-23"})
	w.must(err)
	var total usage.NanoUSD
	for _, r := range w.repricings() {
		total += r.Cost
	}
	if len(got) != 2 || got[0].Events+got[1].Events != n || len(w.repricings()) != n || total != got[0].Repriced+got[1].Repriced ||
		got[0].Billed+got[1].Billed != w.day().Used.Cost {
		t.Errorf("got %+v, %d rows, %s in all", got, len(w.repricings()), total)
	}
}

func TestRepriceRefuses(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	w.recorded("model-1", usage.Chat, chat.Tokens{Input: 10})
	good := metering.RepriceOrder{AsOf: on("2026-11-20"), First: "2026-11-23", Last: "2026-11-23"}
	noTime, noDays, backwards := good, good, good
	noTime.AsOf, noDays.First, backwards.Last = time.Time{}, "", "2026-11-22"
	owner := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{w.site.Tenant: roles.Owner}}
	for name, c := range map[string]struct {
		who   roles.Grants
		scope tenant.Scope
		order metering.RepriceOrder
		want  error
	}{
		"nobody":       {roles.Grants{}, w.scope(), good, roles.ErrForbidden},
		"an owner":     {owner, w.scope(), good, roles.ErrForbidden},
		"no instant":   {operator(), w.scope(), noTime, ports.ErrInvalid},
		"no days":      {operator(), w.scope(), noDays, ports.ErrInvalid},
		"backwards":    {operator(), w.scope(), backwards, ports.ErrInvalid},
		"no reason":    {roles.Grants{Subject: "operator", SuperAdmin: true}, w.scope(), good, ports.ErrInvalid},
		"no scope":     {operator(), tenant.Scope{}, good, tenant.ErrNoScope},
		"done context": {operator(), w.scope(), good, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := w.Context()
			if errors.Is(c.want, context.Canceled) {
				ctx = done(ctx)
			}
			got, err := w.repricer(nil).Reprice(ctx, c.who, c.scope, c.order)
			if !errors.Is(err, c.want) || got != nil || len(w.repricings()) != 0 {
				t.Errorf("got %+v, %v, want %v; stored %+v", got, err, c.want, w.repricings())
			}
		})
	}
	_, err := w.repricer(func(d *metering.RepricerDeps) { d.Prices = awayPrices{} }).Reprice(w.Context(), operator(), w.scope(), good)
	w.wantErr(err, ports.ErrUnavailable)
	_, err = w.repricer(func(d *metering.RepricerDeps) { d.Repricings = awayRepricings{w.stores.Repricings} }).Reprice(w.Context(), operator(), w.scope(), good)
	w.wantErr(err, ports.ErrUnavailable)
}

type awayPrices struct{}

func (awayPrices) PriceOf(context.Context, string, time.Time) (usage.Price, error) {
	return usage.Price{}, ports.ErrUnavailable
}

type awayRepricings struct{ ports.Repricings }

func (awayRepricings) PutRepricings(context.Context, tenant.Scope, []usage.Repricing) error {
	return ports.ErrUnavailable
}

func TestNewRepricerNamesAllThatIsMissing(t *testing.T) {
	_, err := metering.NewRepricer(metering.RepricerDeps{})
	for _, name := range []string{"RepricerDeps.Usage", "RepricerDeps.Repricings", "RepricerDeps.Prices", "Deps.Log", "Deps.Now", "Deps.NewID"} {
		if err == nil || !strings.Contains(err.Error(), name+" ") {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}

func ExampleRepricer_Reprice() {
	ctx := context.Background()
	stores := memory.NewStores(noon, porttest.NewID)
	site, _ := stores.AddSite(ctx, "Shop", "https://shop.example.com", usage.NoLimits())
	now := noon()
	hold := usage.Hold{
		ID: "res_1", Day: "2026-11-23", Want: usage.Amounts{ChatRequests: 1, ChatTokens: 1100, Cost: 700_000}, Limits: usage.NoLimits(),
		Admit: now, Expires: now.Add(time.Minute),
	}
	_ = stores.Ledger.Reserve(ctx, site.Scope(), hold)
	_ = stores.Ledger.Settle(ctx, site.Scope(), hold.ID, usage.Event{
		ID: "evt_1", CallNo: 1, Last: true, ChatRequests: 1, Kind: usage.Chat, Model: "model-1", Tokens: chat.Tokens{Input: 1000, Output: 100}, Cost: 700_000,
	})

	cheaper := memory.NewPrices(usage.Price{Model: "model-1", Version: "2026-11-28-9f86d081", Input: usage.USD / 4, CachedInput: usage.USD / 4, Output: usage.USD})
	r, _ := metering.NewRepricer(metering.RepricerDeps{Usage: stores.Ledger, Repricings: stores.Repricings, Prices: cheaper, Audit: memory.NewAuditLog(), Now: noon, NewID: porttest.NewID})
	operator := roles.Grants{Subject: "operator", SuperAdmin: true, Reason: "a new price"}
	rows, err := r.Reprice(ctx, operator, site.Scope(), metering.RepriceOrder{AsOf: now, First: "2026-11-23", Last: "2026-11-23"})
	for _, row := range rows {
		fmt.Println(row.Model, "billed", row.Billed, "would be", row.Repriced, "difference", row.Difference())
	}
	fmt.Println(err)
	// Output:
	// model-1 billed 0.0007 would be 0.00035 difference -0.00035
	// <nil>
}

// That somebody had it computed is recorded, on the site that it was about.
func TestRepriceIsRecorded(t *testing.T) {
	w := newWorld(t, usage.NoLimits(), nil)
	log := memory.NewAuditLog()
	r := w.repricer(func(d *metering.RepricerDeps) { d.Audit = log })
	_, err := r.Reprice(w.Context(), operator(), w.scope(), metering.RepriceOrder{AsOf: on("2026-11-20"), First: "2026-11-01", Last: "2026-11-23", DryRun: true})
	w.must(err)
	owner := roles.Grants{Subject: "user_1", Tenants: map[tenant.ID]roles.Role{w.site.Tenant: roles.Owner}}
	entries, err := log.List(w.Context(), owner, w.scope(), "", 10)
	w.must(err)
	if len(entries) != 1 || entries[0].Action != roles.RepriceUsage || entries[0].Actor != "operator" || entries[0].Reason != "a new price" ||
		entries[0].Details != "2026-11-01 to 2026-11-23 at the prices of 2026-11-20, dry run" {
		t.Errorf("recorded %+v", entries)
	}
}
