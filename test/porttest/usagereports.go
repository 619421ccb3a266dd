package porttest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// ReportStore is what an adapter's test gives to the suite UsageReports.
type ReportStore struct {
	UsageStore
	ports.UsageReports
	// NewSite returns the scope of a further site of the tenant.
	NewSite func(t *testing.T, id tenant.ID) tenant.Scope
	// Know makes the store know that who.Subject holds these grants, if it
	// looks them up itself; nil if it believes what it is given. Subjects are
	// user_ or key_ and a UUID; those of keys are narrowed to one site.
	Know func(t *testing.T, who roles.Grants)
}

// UsageReports runs the contract of ports.UsageReports. open is called once for
// each case; the store must know no other sites than those that the case makes.
func UsageReports(t *testing.T, open func(t *testing.T, now ports.Clock) ReportStore) {
	t.Helper()
	runCases(t, usageReportCases, func(t *testing.T) *reportFixture {
		clock := NewClock(start())
		store := open(t, clock.Now)
		f := &reportFixture{
			usageFixture: &usageFixture{T: t, UsageStore: store.UsageStore, clock: clock}, UsageReports: store.UsageReports, know: store.Know, newSite: store.NewSite,
		}
		a, b := f.NewScope(t), f.NewScope(t)
		if b.Tenant < a.Tenant {
			a, b = b, a
		}
		f.a, f.b, f.a2 = a, b, store.NewSite(t, a.Tenant)
		if f.a2.Site < f.a.Site {
			f.a, f.a2 = f.a2, f.a
		}
		f.super = f.knows(roles.Grants{Subject: subject(), SuperAdmin: true, Reason: "test"})
		f.ofA, f.ofB = f.member(a.Tenant), f.member(b.Tenant)
		return f
	})
}

// reportFixture has two sites of one tenant, a and a2, and one of another, b,
// in the order of their ids.
type reportFixture struct {
	*usageFixture
	ports.UsageReports
	know            func(t *testing.T, who roles.Grants)
	newSite         func(t *testing.T, id tenant.ID) tenant.Scope
	a2              tenant.Scope
	super, ofA, ofB roles.Grants
}

func (f *reportFixture) knows(who roles.Grants) roles.Grants {
	if f.know != nil {
		f.know(f.T, who)
	}
	return who
}

func (f *reportFixture) member(id tenant.ID) roles.Grants {
	return f.knows(roles.Grants{Subject: subject(), Tenants: map[tenant.ID]roles.Role{id: roles.Support}})
}

// key is an API key of a site.
func (f *reportFixture) key(s tenant.Scope) roles.Grants {
	return f.knows(roles.Grants{
		Subject: newID[roles.Subject]("key_"), Tenants: map[tenant.ID]roles.Role{s.Tenant: roles.Owner}, Sites: []tenant.SiteID{s.Site},
	})
}

// nobodies hold nothing that allows a look at f.a.
func (f *reportFixture) nobodies() map[string]roles.Grants {
	return map[string]roles.Grants{
		"nobody":                 {},
		"a stranger":             f.knows(roles.Grants{Subject: subject()}),
		"a member of another":    f.ofB,
		"a key of another":       f.key(f.b),
		"a key of another site":  f.key(f.a2),
		"a super admin of a key": {Subject: newID[roles.Subject]("key_"), SuperAdmin: true},
	}
}

// query asks for all of the days around the clock.
func (f *reportFixture) query() usage.Query {
	first, last := f.around()
	return usage.Query{First: first, Last: last}
}

func (f *reportFixture) of(s tenant.Scope) usage.Query {
	q := f.query()
	q.Tenant, q.Site = s.Tenant, s.Site
	return q
}

func (f *reportFixture) eachDay(who roles.Grants, q usage.Query) []usage.SiteTotals {
	f.Helper()
	var all []usage.SiteTotals
	if err := f.EachDay(f.Context(), who, q, func(t usage.SiteTotals) error {
		all = append(all, t)
		return nil
	}); err != nil {
		f.Fatalf("EachDay: %v", err)
	}
	return all
}

func (f *reportFixture) eachEvent(who roles.Grants, q usage.Query, after usage.EventID, limit int) []usage.SiteEvent {
	f.Helper()
	var all []usage.SiteEvent
	if err := f.EachEvent(f.Context(), who, q, after, limit, func(e usage.SiteEvent) error {
		all = append(all, e)
		return nil
	}); err != nil {
		f.Fatalf("EachEvent: %v", err)
	}
	return all
}

func (f *reportFixture) summary(who roles.Grants, q usage.Query, by usage.Grouping) []usage.Sum {
	f.Helper()
	sums, err := f.Summary(f.Context(), who, q, by)
	if err != nil {
		f.Fatalf("Summary by %s: %v", by, err)
	}
	return sums
}

// spendOn settles a call of its own kind and model, and returns the event's id.
func (f *reportFixture) spendOn(s tenant.Scope, d usage.Day, kind usage.Kind, model string, in, out int64) usage.EventID {
	f.Helper()
	tokens := chat.Tokens{Input: in, Output: out, CountedBy: chat.ByProvider}
	e := usage.Event{
		ID: newID[usage.EventID](usage.EventPrefix), CallNo: 1, Last: true, Kind: kind, Model: model,
		Tokens: tokens, Cost: price().Cost(tokens), PriceVersion: price().Version, Success: true, At: f.clock.Now(),
	}
	if kind == usage.Chat {
		e.ChatRequests = 1
	}
	h := f.holdOf(e.Spent(), usage.NoLimits())
	h.Day = d
	f.settle(s, f.reserve(s, h), e)
	return e.ID
}

func siteIDs(events []usage.SiteEvent) []usage.EventID {
	var all []usage.EventID
	for _, e := range events {
		all = append(all, e.ID)
	}
	return all
}

// wantSame checks two lists, of which one may be nil and the other empty.
func wantSame[T any](f *reportFixture, what string, got, want []T) {
	f.Helper()
	if fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
		f.Errorf("%s:\n got %s\nwant %s", what, brief(got), brief(want))
	}
}

// yesterday is the day before that of a case's clock.
const yesterday = usage.Day("2026-11-22")

var errStop = errors.New("the visitor has seen enough")

var groupings = []usage.Grouping{usage.BySite, usage.ByTenant, usage.ByModel, usage.ByDay}

var usageReportCases = []contractCase[*reportFixture]{
	{"empty", "where nothing is recorded nothing is visited, and a summary has no groups", func(f *reportFixture) {
		for _, q := range []usage.Query{f.query(), f.of(f.a), f.of(tenant.Scope{Tenant: f.a.Tenant})} {
			for _, who := range []roles.Grants{f.super, f.ofA} {
				wantSame(f, "EachDay", f.eachDay(who, q), nil)
				wantSame(f, "EachEvent", f.eachEvent(who, q, "", 0), nil)
				for _, by := range groupings {
					wantSame(f, "Summary", f.summary(who, q, by), nil)
				}
			}
		}
	}},
	{"days", "EachDay visits what is used and held of each site and day, in the order of tenants, sites and days; days of nothing are left out", func(f *reportFixture) {
		d := []usage.Day{"2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"}
		f.spend(f.b, d[0], 1)
		f.spend(f.a2, d[1], 2)
		f.spend(f.a, d[3], 3)
		f.spend(f.a, d[1], 4)
		f.spend(f.a, d[1], 5)
		f.spendLate(f.a, d[1], 7)
		held := f.hold(100, usage.Unlimited)
		held.Day = d[2]
		f.reserve(f.a2, held)
		gone := f.hold(100, usage.Unlimited)
		gone.Day = d[0]
		f.release(f.a, f.reserve(f.a, gone))
		var want []usage.SiteTotals
		for _, at := range []struct {
			s tenant.Scope
			d usage.Day
		}{{f.a, d[1]}, {f.a, d[3]}, {f.a2, d[1]}, {f.a2, d[2]}, {f.b, d[0]}} {
			want = append(want, usage.SiteTotals{Scope: at.s, Totals: f.totals(at.s, at.d)})
		}
		q := usage.Query{First: d[0], Last: d[3]}
		wantSame(f, "all days of all sites", f.eachDay(f.super, q), want)
		wantSame(f, "the tenant's", f.eachDay(f.ofA, q), want[:4])
		q.First, q.Last = d[1], d[2]
		wantSame(f, "two days", f.eachDay(f.super, q), []usage.SiteTotals{want[0], want[2], want[3]})
		q.Tenant, q.Site = f.a2.Tenant, f.a2.Site
		wantSame(f, "two days of a site", f.eachDay(f.super, q), want[2:4])
	}},
	{"isolation", "who may not read a site sees nothing of it, whatever is asked for", func(f *reportFixture) {
		d := f.today()
		id := f.spend(f.a, d, 11)
		f.spendLate(f.a, d, 3)
		for name, who := range f.nobodies() {
			for _, q := range []usage.Query{f.query(), f.of(f.a), f.of(tenant.Scope{Tenant: f.a.Tenant}), f.of(tenant.Scope{Tenant: f.b.Tenant, Site: f.a.Site})} {
				wantSame(f, "EachDay of "+name, f.eachDay(who, q), nil)
				wantSame(f, "EachEvent of "+name, f.eachEvent(who, q, "", 0), nil)
				for _, by := range groupings {
					wantSame(f, "Summary of "+name, f.summary(who, q, by), nil)
				}
				err := f.EachEvent(f.Context(), who, q, id, 0, func(usage.SiteEvent) error { return nil })
				wantErr(f.T, "EachEvent after another's event, of "+name, err, ports.ErrNotFound)
			}
		}
	}},
	{"both ways", "each tenant sees its own usage and none of the other's, and a key its own site's", func(f *reportFixture) {
		d := f.today()
		spent := map[tenant.Scope]usage.EventID{}
		for i, s := range []tenant.Scope{f.a, f.a2, f.b} {
			spent[s] = f.spend(s, d, int64(10+i))
		}
		for name, c := range map[string]struct {
			who  roles.Grants
			sees []tenant.Scope
		}{
			"a member": {f.ofA, []tenant.Scope{f.a, f.a2}}, "a member of the other": {f.ofB, []tenant.Scope{f.b}},
			"a key": {f.key(f.a), []tenant.Scope{f.a}}, "a super admin": {f.super, []tenant.Scope{f.a, f.a2, f.b}},
		} {
			var days, sites []tenant.Scope
			for _, t := range f.eachDay(c.who, f.query()) {
				days = append(days, t.Scope)
			}
			wantSame(f, "EachDay of "+name, days, c.sees)
			for _, s := range f.summary(c.who, f.query(), usage.BySite) {
				sites = append(sites, tenant.Scope{Tenant: s.Tenant, Site: s.Site})
			}
			wantSame(f, "Summary of "+name, sites, c.sees)
			var want []usage.EventID
			var tokens int64
			for _, s := range c.sees {
				want = append(want, spent[s])
				tokens += f.totals(s, d).Used.ChatTokens
			}
			wantSame(f, "EachEvent of "+name, siteIDs(f.eachEvent(c.who, f.query(), "", 0)), want)
			for _, by := range groupings {
				var sum int64
				for _, s := range f.summary(c.who, f.query(), by) {
					sum += s.Used.ChatTokens
				}
				if sum != tokens {
					f.Errorf("Summary by %s of %s: %d tokens, want %d", by, name, sum, tokens)
				}
			}
		}
	}},
	{"summary", "each grouping names its groups, in order, with what they used; adjustments count, what is held does not", func(f *reportFixture) {
		d := []usage.Day{"2026-11-22", "2026-11-23"}
		f.spendOn(f.a, d[0], usage.Chat, "model-2", 10, 1)
		f.spendOn(f.a, d[1], usage.Rerank, "model-1", 20, 2)
		f.spendOn(f.a2, d[1], usage.Embedding, "words-1", 30, 0)
		f.spendOn(f.b, d[0], usage.Chat, "model-2", 40, 4)
		f.spendLate(f.a2, d[0], 7) // of model-1
		f.reserve(f.a, f.hold(1000, usage.Unlimited))
		sum := func(name usage.Sum, requests, embeddings, tokens, embedded, in, out int64) usage.Sum {
			name.Used = usage.Amounts{ChatRequests: requests, EmbeddingRequests: embeddings, ChatTokens: tokens, EmbeddingTokens: embedded}
			name.Used.Cost = price().Cost(chat.Tokens{Input: in, Output: out})
			name.PromptTokens, name.CompletionTokens = in, out
			return name
		}
		q := usage.Query{First: d[0], Last: d[1]}
		for by, want := range map[usage.Grouping][]usage.Sum{
			usage.BySite: {
				sum(usage.Sum{Tenant: f.a.Tenant, Site: f.a.Site}, 1, 0, 33, 0, 30, 3),
				sum(usage.Sum{Tenant: f.a2.Tenant, Site: f.a2.Site}, 1, 1, 107, 30, 130, 7),
				sum(usage.Sum{Tenant: f.b.Tenant, Site: f.b.Site}, 1, 0, 44, 0, 40, 4),
			},
			usage.ByTenant: {
				sum(usage.Sum{Tenant: f.a.Tenant}, 2, 1, 140, 30, 160, 10),
				sum(usage.Sum{Tenant: f.b.Tenant}, 1, 0, 44, 0, 40, 4),
			},
			usage.ByModel: {
				sum(usage.Sum{Model: "model-1"}, 1, 0, 129, 0, 120, 9),
				sum(usage.Sum{Model: "model-2"}, 2, 0, 55, 0, 50, 5),
				sum(usage.Sum{Model: "words-1"}, 0, 1, 0, 30, 30, 0),
			},
			usage.ByDay: {
				sum(usage.Sum{Day: d[0]}, 3, 0, 162, 0, 150, 12),
				sum(usage.Sum{Day: d[1]}, 0, 1, 22, 30, 50, 2),
			},
		} {
			wantSame(f, "Summary by "+by.String(), f.summary(f.super, q, by), want)
		}
		q.First = d[1]
		wantSame(f, "Summary of the second day", f.summary(f.super, q, usage.ByDay), []usage.Sum{sum(usage.Sum{Day: d[1]}, 0, 1, 22, 30, 50, 2)})
		wantSame(f, "Summary of the second day's models", f.summary(f.super, q, usage.ByModel), []usage.Sum{
			sum(usage.Sum{Model: "model-1"}, 0, 0, 22, 0, 20, 2), sum(usage.Sum{Model: "words-1"}, 0, 1, 0, 30, 30, 0),
		})
	}},
	{"kinds", "a kind narrows events, and a summary by model, its adjustments too", func(f *reportFixture) {
		d := f.today()
		f.spendOn(f.a, d, usage.Chat, "model-2", 10, 1)
		rerank := f.spendOn(f.a, d, usage.Rerank, "model-2", 20, 2)
		f.spendOn(f.a, d, usage.Embedding, "words-1", 30, 0)
		f.spendLate(f.a, d, 7)
		q := f.of(f.a)
		q.Kind = usage.Rerank
		wantSame(f, "EachEvent", siteIDs(f.eachEvent(f.ofA, q, "", 0)), []usage.EventID{rerank})
		if sums := f.summary(f.ofA, q, usage.ByModel); len(sums) != 1 || sums[0].Model != "model-2" || sums[0].Used.ChatTokens != 22 {
			f.Errorf("Summary by model of one kind: %+v", sums)
		}
	}},
	{"order", "EachEvent visits tenants, sites and days in order, and each day's events in that of their recording", func(f *reportFixture) {
		d := []usage.Day{"2026-11-22", "2026-11-23"}
		var want [5]usage.EventID
		want[4] = f.spend(f.b, d[0], 1)
		want[2] = f.spend(f.a, d[1], 1)
		f.clock.Advance(-time.Second)
		want[0] = f.spend(f.a, d[0], 1)
		want[3] = f.spend(f.a2, d[0], 1)
		want[1] = f.spend(f.a, d[0], 1)
		q := usage.Query{First: d[0], Last: d[1]}
		got := f.eachEvent(f.super, q, "", 0)
		wantSame(f, "EachEvent", siteIDs(got), want[:])
		for i, s := range []tenant.Scope{f.a, f.a, f.a, f.a2, f.b} {
			if i < len(got) && got[i].Scope != s {
				f.Errorf("event %d is of %+v, want %+v", i, got[i].Scope, s)
			}
		}
	}},
	{"whole events", "events come as a ledger's reader gives them", func(f *reportFixture) {
		f.spend(f.a, f.today(), 5)
		f.spendOn(f.a, f.today(), usage.Embedding, "words-1", 3, 0)
		want := f.events(f.a)
		var got []usage.Event
		for _, e := range f.eachEvent(f.ofA, f.of(f.a), "", 0) {
			got = append(got, e.Event)
		}
		wantSame(f, "EachEvent", got, want)
	}},
	{"pages", "pages have no gap and nothing twice while events are added, whatever page an event was read with", func(f *reportFixture) {
		d := f.today()
		var want []usage.EventID
		for i := range 7 {
			want = append(want, f.spend(f.a, d, int64(i+1)))
		}
		want = append(want, f.spend(f.a2, d, 1), f.spend(f.b, d, 1))
		var got []usage.EventID
		var after usage.EventID
		for range 10 {
			page := f.eachEvent(f.super, f.query(), after, 3)
			if len(page) > 3 {
				f.Fatalf("a page of 3 has %d events", len(page))
			}
			if len(page) == 0 {
				break
			}
			got = append(got, siteIDs(page)...)
			after = page[len(page)-1].ID
			// Behind the page of its own site, and before that of the next.
			if page[0].Scope == f.a {
				f.spend(tenant.Scope{Tenant: f.a.Tenant, Site: f.a.Site}, yesterday, 1)
			}
		}
		wantSame(f, "pages", got, want)
		added := f.spend(f.b, d, 1)
		wantSame(f, "what came after the last page", siteIDs(f.eachEvent(f.super, f.query(), after, 3)), []usage.EventID{added})
		q := f.of(f.a)
		wantSame(f, "after an event of another day", siteIDs(f.eachEvent(f.ofA, q, want[0], 2)), want[1:3])
	}},
	{"after", "the event after which a page begins need not be of the days asked for, but of a site that is", func(f *reportFixture) {
		before := f.spend(f.a, "2026-11-20", 1)
		in := f.spend(f.a, "2026-11-21", 1)
		behind := f.spend(f.a, "2026-11-22", 1)
		theirs, sister := f.spend(f.b, "2026-11-21", 1), f.spend(f.a2, "2026-11-21", 1)
		q := usage.Query{Tenant: f.a.Tenant, Site: f.a.Site, First: "2026-11-21", Last: "2026-11-21"}
		wantSame(f, "after an earlier day's", siteIDs(f.eachEvent(f.super, q, before, 0)), []usage.EventID{in})
		wantSame(f, "after a later day's", siteIDs(f.eachEvent(f.super, q, behind, 0)), nil)
		for what, id := range map[string]usage.EventID{
			"unknown": newID[usage.EventID](usage.EventPrefix), "another tenant's": theirs, "another site's": sister,
		} {
			err := f.EachEvent(f.Context(), f.super, q, id, 0, func(usage.SiteEvent) error { return nil })
			wantErr(f.T, "after an event that is "+what, err, ports.ErrNotFound)
		}
	}},
	{"stop", "a visit that fails is the last one, and its error comes back", func(f *reportFixture) {
		for _, s := range []tenant.Scope{f.a, f.a, f.a2, f.b} {
			f.spend(s, f.today(), 1)
			f.spend(s, yesterday, 1)
		}
		for n := 1; n <= 3; n++ {
			seen := 0
			stop := func() error {
				if seen++; seen >= n {
					return fmt.Errorf("after %d: %w", n, errStop)
				}
				return nil
			}
			wantErr(f.T, "EachEvent", f.EachEvent(f.Context(), f.super, f.query(), "", 0, func(usage.SiteEvent) error { return stop() }), errStop)
			if seen != n {
				f.Errorf("EachEvent visited %d after the end at %d", seen, n)
			}
			seen = 0
			wantErr(f.T, "EachDay", f.EachDay(f.Context(), f.super, f.query(), func(usage.SiteTotals) error { return stop() }), errStop)
			if seen != n {
				f.Errorf("EachDay visited %d after the end at %d", seen, n)
			}
		}
	}},
	{"slow visitors", "while visit runs the store can be read and written", func(f *reportFixture) {
		f.spend(f.a, f.today(), 1)
		f.spend(f.a2, f.today(), 1)
		done := make(chan error, 1)
		go func() {
			err := f.EachEvent(f.Context(), f.super, f.query(), "", 0, func(usage.SiteEvent) error {
				if err := f.Reserve(f.Context(), f.b, f.hold(1, usage.Unlimited)); err != nil {
					return err
				}
				return f.EachDay(f.Context(), f.super, f.query(), func(usage.SiteTotals) error {
					return f.Reserve(f.Context(), f.b, f.hold(1, usage.Unlimited))
				})
			})
			done <- err
		}()
		select {
		case err := <-done:
			wantErr(f.T, "EachEvent", err, nil)
		case <-time.After(20 * time.Second):
			f.Fatal("a visit that writes to the store waits for ever")
		}
	}},
	{"many events", "more events than any batch are visited once each, in order", func(f *reportFixture) {
		const n = 603
		var want []usage.EventID
		for range n {
			want = append(want, f.spend(f.a, f.today(), 1))
		}
		want = append(want, f.spend(f.b, f.today(), 1))
		wantSame(f, "EachEvent", siteIDs(f.eachEvent(f.super, f.query(), "", 0)), want)
		wantSame(f, "EachEvent of a page", siteIDs(f.eachEvent(f.super, f.query(), want[4], 550)), want[5:555])
	}},
	{"many sites", "more sites than any batch are visited once each, in order", func(f *reportFixture) {
		const n = 230
		events := map[tenant.Scope]usage.EventID{}
		for range n {
			s := f.newSite(f.T, f.b.Tenant)
			events[s] = f.spend(s, f.today(), 1)
		}
		scopes := slices.SortedFunc(maps.Keys(events), func(x, y tenant.Scope) int { return strings.Compare(string(x.Site), string(y.Site)) })
		var want []usage.EventID
		for _, s := range scopes {
			want = append(want, events[s])
		}
		wantSame(f, "EachEvent", siteIDs(f.eachEvent(f.ofB, f.query(), "", 0)), want)
		wantSame(f, "EachEvent of a page", siteIDs(f.eachEvent(f.ofB, f.query(), want[4], 220)), want[5:225])
		var days []tenant.Scope
		for _, t := range f.eachDay(f.ofB, f.query()) {
			days = append(days, t.Scope)
		}
		wantSame(f, "EachDay", days, scopes)
	}},
	{"invalid", "what the query's Valid and ValidBy refuse is ErrInvalid", func(f *reportFixture) {
		good := f.of(f.a)
		for name, change := range map[string]func(*usage.Query){
			"the wrong way around": func(q *usage.Query) { q.First, q.Last = "2026-11-02", "2026-11-01" },
			"too many days":        func(q *usage.Query) { q.First, q.Last = "2025-01-01", "2026-11-01" },
			"no days":              func(q *usage.Query) { q.First, q.Last = "", "" },
			"no day":               func(q *usage.Query) { q.First = "2026-02-30" },
			"a site of no tenant":  func(q *usage.Query) { q.Tenant = "" },
			"no kind":              func(q *usage.Query) { q.Kind = usage.Rerank + 1 },
		} {
			q := good
			change(&q)
			wantErr(f.T, "EachDay, "+name, f.EachDay(f.Context(), f.super, q, func(usage.SiteTotals) error { return nil }), ports.ErrInvalid)
			wantErr(f.T, "EachEvent, "+name, f.EachEvent(f.Context(), f.super, q, "", 0, func(usage.SiteEvent) error { return nil }), ports.ErrInvalid)
			for _, by := range groupings {
				_, err := f.Summary(f.Context(), f.super, q, by)
				wantErr(f.T, "Summary, "+name, err, ports.ErrInvalid)
			}
		}
		for _, by := range []usage.Grouping{0, usage.ByDay + 1} {
			_, err := f.Summary(f.Context(), f.super, good, by)
			wantErr(f.T, "Summary by nothing", err, ports.ErrInvalid)
		}
		good.Kind = usage.Chat
		wantErr(f.T, "EachDay of a kind", f.EachDay(f.Context(), f.super, good, func(usage.SiteTotals) error { return nil }), ports.ErrInvalid)
		for _, by := range groupings {
			_, err := f.Summary(f.Context(), f.super, good, by)
			if by == usage.ByModel {
				wantErr(f.T, "Summary by model of a kind", err, nil)
				continue
			}
			wantErr(f.T, "Summary of a kind", err, ports.ErrInvalid)
		}
	}},
	{"done context", "a done context ends each call, also in the midst of a visit", func(f *reportFixture) {
		for _, s := range []tenant.Scope{f.a, f.a, f.a2} {
			f.spend(s, f.today(), 1)
		}
		ctx := f.doneContext()
		wantErr(f.T, "EachDay", f.EachDay(ctx, f.super, f.query(), func(usage.SiteTotals) error { return nil }), context.Canceled)
		wantErr(f.T, "EachEvent", f.EachEvent(ctx, f.super, f.query(), "", 0, func(usage.SiteEvent) error { return nil }), context.Canceled)
		_, err := f.Summary(ctx, f.super, f.query(), usage.ByDay)
		wantErr(f.T, "Summary", err, context.Canceled)
		running, cancel := context.WithCancel(f.Context())
		defer cancel()
		seen := 0
		err = f.EachEvent(running, f.super, f.query(), "", 0, func(usage.SiteEvent) error {
			seen++
			cancel()
			return nil
		})
		wantErr(f.T, "EachEvent whose context ends", err, context.Canceled)
		if seen != 1 {
			f.Errorf("EachEvent visited %d events, want 1", seen)
		}
	}},
}
