package memory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

func unusedSite(*testing.T) tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

func openUsage(_ *testing.T, now ports.Clock) porttest.UsageStore {
	l := memory.NewLedger(now, porttest.NewID)
	return porttest.UsageStore{Ledger: l, Checkpointer: l, Sweeper: l, UsageReader: l, NewScope: unusedSite}
}

func TestLedger(t *testing.T)       { porttest.Ledger(t, openUsage) }
func TestCheckpointer(t *testing.T) { porttest.Checkpointer(t, openUsage) }
func TestSweeper(t *testing.T)      { porttest.Sweeper(t, openUsage) }
func TestUsageReader(t *testing.T)  { porttest.UsageReader(t, openUsage) }

func TestUsageReports(t *testing.T) {
	porttest.UsageReports(t, func(t *testing.T, now ports.Clock) porttest.ReportStore {
		l := memory.NewLedger(now, porttest.NewID)
		return porttest.ReportStore{
			UsageStore:   porttest.UsageStore{Ledger: l, Checkpointer: l, Sweeper: l, UsageReader: l, NewScope: unusedSite},
			UsageReports: l,
			NewSite: func(_ *testing.T, id tenant.ID) tenant.Scope {
				return tenant.Scope{Tenant: id, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
			},
		}
	})
}

func TestTwoHundredAgainstTen(t *testing.T) {
	porttest.TwoHundredAgainstTen(t, openUsage)
}

func TestLicenses(t *testing.T) {
	porttest.Licenses(t, func(t *testing.T) porttest.LicenseStore {
		accounts := memory.NewAccounts()
		l := memory.NewLicenses(accounts)
		return porttest.LicenseStore{Licenses: l, LicenseBook: l, NewScope: func(t *testing.T) tenant.Scope {
			s := unusedSite(t)
			if err := accounts.PutTenant(t.Context(), tenant.Tenant{ID: s.Tenant, Name: "tenant"}); err != nil {
				t.Fatal(err)
			}
			if err := accounts.PutSite(t.Context(), tenant.Site{ID: s.Site, Tenant: s.Tenant, Name: "shop", URL: "https://shop.example.com", TimeZone: "UTC"}); err != nil {
				t.Fatal(err)
			}
			return s
		}}
	})
}

func TestLicensesWithoutSites(t *testing.T) {
	l, s := memory.NewLicenses(nil), unusedSite(t)
	want := usage.License{Plan: "trial", Status: usage.Active, Limits: usage.NoLimits()}
	if err := l.PutLicense(t.Context(), s, want); err != nil {
		t.Fatal(err)
	}
	if got, err := l.LicenseOf(t.Context(), s); err != nil || got != want {
		t.Errorf("got %+v, error %v, want %+v", got, err, want)
	}
}

func TestPrices(t *testing.T) {
	change := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	end := change.AddDate(0, 3, 0)
	known := []porttest.KnownPrice{
		{Price: usage.Price{Model: "model-1", Version: "1", Input: 3}, Until: change},
		{Price: usage.Price{Model: "model-1", Version: "2", Input: 2, Output: 5}, From: change, Until: end},
		{Price: usage.Price{Model: "words-1", Version: "1"}},
	}
	porttest.Prices(t, func(*testing.T) porttest.PriceTable {
		table := memory.NewPrices(known[2].Price)
		for _, k := range known[:2] {
			table.Put(k.Price, k.From, k.Until)
		}
		return porttest.PriceTable{Prices: table, Known: known}
	})
}

func TestLimiter(t *testing.T) {
	porttest.Limiter(t, func(_ *testing.T, now ports.Clock) porttest.LimiterStore {
		return porttest.LimiterStore{Limiter: memory.NewLimiter(now), NewScope: unusedSite}
	})
}

// A shop has as many buckets as it has visitors; those that are full again must
// not be kept, and those that are not must not be lost.
func TestLimiterForgetsFullBuckets(t *testing.T) {
	clock := porttest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	l, s := memory.NewLimiter(clock.Now), unusedSite(t)
	slow := usage.Bucket{Key: "slow", Burst: 1, Every: 24 * time.Hour}
	if err := l.Take(t.Context(), s, slow, 1); err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		clock.Advance(time.Second)
		if err := l.Take(t.Context(), s, usage.Bucket{Key: fmt.Sprint("visitor:", i), Burst: 1, Every: time.Second}, 1); err != nil {
			t.Fatal(err)
		}
	}
	var rate *usage.RateError
	if err := l.Take(t.Context(), s, slow, 1); !errors.As(err, &rate) || rate.Retry != 24*time.Hour-5000*time.Second {
		t.Errorf("a bucket that is not full was lost: %v", err)
	}
	if n := memory.Buckets(l); n > 2048 {
		t.Errorf("%d buckets are kept of 5000 that are full again", n)
	}
}

// An event's id is its own: a second call cannot take it.
func TestSettleRefusesAnothersEventID(t *testing.T) {
	l := memory.NewLedger(time.Now, porttest.NewID)
	s, now := unusedSite(t), time.Now()
	h := usage.Hold{ID: "res_1", Day: "2026-11-23", Want: usage.Amounts{ChatTokens: 10}, Limits: usage.NoLimits(), Admit: now, Expires: now.Add(time.Minute)}
	if err := l.Reserve(t.Context(), s, h); err != nil {
		t.Fatal(err)
	}
	e := usage.Event{ID: "evt_1", CallNo: 1, Kind: usage.Chat, Tokens: chat.Tokens{Input: 1}}
	if err := l.Settle(t.Context(), s, h.ID, e); err != nil {
		t.Fatal(err)
	}
	e.CallNo = 2
	if err := l.Settle(t.Context(), s, h.ID, e); !errors.Is(err, ports.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
}

func ExampleNewLedger() {
	ctx := context.Background()
	now := func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }
	ledger := memory.NewLedger(now, porttest.NewID)
	shop := tenant.Scope{Tenant: "ten_1", Site: "site_1"}

	plan, _ := usage.PlanNamed("trial")
	hold := usage.Hold{
		ID: "res_1", Day: usage.DayOf(now(), time.UTC), Limits: plan.Limits,
		Want:  usage.Amounts{ChatRequests: 1, ChatTokens: 1500},
		Admit: now(), Expires: now().Add(time.Minute),
	}
	if err := ledger.Reserve(ctx, shop, hold); err != nil {
		fmt.Println(err)
	}
	_ = ledger.Settle(ctx, shop, hold.ID, usage.Event{
		ID: "evt_1", CallNo: 1, Last: true, Kind: usage.Chat, Model: "model-1", ChatRequests: 1,
		Tokens: chat.Tokens{Input: 900, Output: 150, CountedBy: chat.ByProvider}, Success: true,
	})
	days, _ := ledger.Days(ctx, shop, hold.Day, hold.Day)
	fmt.Println(days[0].Used.ChatTokens, "used,", days[0].Held.ChatTokens, "held")
	// Output: 1050 used, 0 held
}

func ExampleNewPrices() {
	prices := memory.NewPrices(usage.Price{Model: "model-1", Version: "1", Input: usage.USD / 2, Output: 2 * usage.USD})
	p, _ := prices.PriceOf(context.Background(), "model-1", time.Now())
	fmt.Println(p.Cost(chat.Tokens{Input: 1000, Output: 200}), "USD")
	_, err := prices.PriceOf(context.Background(), "model-2", time.Now())
	fmt.Println(errors.Is(err, ports.ErrNotFound))
	// Output:
	// 0.0009 USD
	// true
}

func ExampleNewLicenses() {
	shop := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	licenses := memory.NewLicenses(nil)
	plan, _ := usage.PlanNamed("starter")
	_ = licenses.PutLicense(context.Background(), shop, usage.License{Plan: plan.Name, Status: usage.Active, Limits: plan.Limits})
	l, _ := licenses.LicenseOf(context.Background(), shop)
	fmt.Println(l.Plan, l.Limits.ChatRequests)
	// Output: starter 1000
}

func ExampleNewLimiter() {
	shop := tenant.Scope{Tenant: "ten_1", Site: "site_1"}
	clock := porttest.NewClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	limiter := memory.NewLimiter(clock.Now)
	visitor := usage.Bucket{Key: "visitor:1", Burst: 2, Every: 10 * time.Second}
	for range 3 {
		fmt.Println(limiter.Take(context.Background(), shop, visitor, 1))
	}
	// Output:
	// <nil>
	// <nil>
	// memory: take: too many requests: retry after 10s
}
