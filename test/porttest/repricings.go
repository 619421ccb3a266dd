package porttest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// RepricingStore is what an adapter's test gives to the suite Repricings: a
// ledger, and what keeps repricings of its events.
type RepricingStore struct {
	UsageStore
	ports.Repricings
	// Other returns the same repricings as another process sees them; nil if
	// the store lives in one process.
	Other func(t *testing.T) ports.Repricings
}

// Repricings runs the contract of ports.Repricings. open returns an empty store
// that tells the time by now; it is called once for each case.
func Repricings(t *testing.T, open func(t *testing.T, now ports.Clock) RepricingStore) {
	t.Helper()
	runCases(t, repricingCases, func(t *testing.T) repricingFixture {
		clock := NewClock(start())
		s := open(t, clock.Now)
		f := repricingFixture{&usageFixture{T: t, UsageStore: s.UsageStore, clock: clock}, s}
		f.a, f.b = f.usageFixture.NewScope(t), f.usageFixture.NewScope(t)
		return f
	})
}

type repricingFixture struct {
	*usageFixture
	store RepricingStore
}

// repricing is one of now.
func (f repricingFixture) repricing(e usage.EventID, version string, cost usage.NanoUSD) usage.Repricing {
	return usage.Repricing{Event: e, PriceVersion: version, Cost: cost, At: f.clock.Now()}
}

func (f repricingFixture) put(s tenant.Scope, rs ...usage.Repricing) {
	f.Helper()
	if err := f.store.PutRepricings(f.Context(), s, rs); err != nil {
		f.Fatalf("PutRepricings: %v", err)
	}
}

// all returns what is stored of all days that these cases use.
func (f repricingFixture) all(s tenant.Scope) []usage.Repricing {
	f.Helper()
	rs, err := f.store.ListRepricings(f.Context(), s, "2026-01-01", "2026-12-31", usage.Repricing{}, 1000)
	if err != nil {
		f.Fatalf("ListRepricings: %v", err)
	}
	return rs
}

func (f repricingFixture) want(s tenant.Scope, want ...usage.Repricing) {
	f.Helper()
	if got := f.all(s); !slices.Equal(got, want) {
		f.Errorf("repricings:\n got %+v\nwant %+v", got, want)
	}
}

// versions are in the order of their bytes, which few languages share.
func versions() []string { return []string{"2026-11-10", "2026-11-9", "Z", "_", "a", "b", "é"} }

var repricingCases = []contractCase[repricingFixture]{
	{"round trip", "what was put is listed, its time in UTC to the microsecond", func(f repricingFixture) {
		e := f.spend(f.a, f.today(), 100)
		r := usage.Repricing{
			Event: e, PriceVersion: "2026-11-23-0a1b2c3d", Cost: 1<<50 + 7, At: time.Date(2026, 11, 24, 1, 2, 3, 456789000, time.FixedZone("there", 7200)),
		}
		f.put(f.a, r)
		r.At = r.At.UTC()
		f.want(f.a, r)
		free := f.repricing(e, "free", 0)
		f.put(f.a, free)
		f.want(f.a, r, free)
		f.put(f.a)
		f.want(f.a, r, free)
	}},
	{"billed stays", "events, adjustments and days are as they were", func(f repricingFixture) {
		e := f.spend(f.a, f.today(), 100)
		f.spendLate(f.a, f.today(), 5)
		before := f.totals(f.a, f.today())
		events, adjustments := f.events(f.a), f.adjustments(f.a)
		f.put(f.a, f.repricing(e, "v1", 1), f.repricing(events[1].ID, "v1", 1))
		f.wantTotals(f.a, before)
		if !slices.Equal(f.events(f.a), events) || !slices.Equal(f.adjustments(f.a), adjustments) {
			f.Errorf("recorded is now %+v and %+v, was %+v and %+v", f.events(f.a), f.adjustments(f.a), events, adjustments)
		}
	}},
	{"again", "one that is there already is replaced, and no other", func(f repricingFixture) {
		one, two := f.spend(f.a, f.today(), 100), f.spend(f.a, f.today(), 100)
		rs := []usage.Repricing{f.repricing(one, "v1", 10), f.repricing(one, "v2", 20), f.repricing(two, "v1", 30)}
		for range 2 {
			f.put(f.a, rs...)
			f.want(f.a, rs...)
		}
		f.clock.Advance(time.Hour)
		rs[1] = f.repricing(one, "v2", 25)
		f.put(f.a, rs[1])
		f.want(f.a, rs...)
	}},
	{"all or none", "an event that the scope does not have is not found, and then none of them is stored", func(f repricingFixture) {
		mine, theirs := f.spend(f.a, f.today(), 100), f.spend(f.b, f.today(), 100)
		old := f.repricing(mine, "v1", 10)
		f.put(f.a, old)
		for what, e := range map[string]usage.EventID{"unknown": newID[usage.EventID](usage.EventPrefix), "another scope's": theirs} {
			err := f.store.PutRepricings(f.Context(), f.a, []usage.Repricing{f.repricing(mine, "v1", 11), f.repricing(mine, "v2", 12), f.repricing(e, "v1", 13)})
			wantErr(f.T, "PutRepricings of an event that is "+what, err, ports.ErrNotFound)
			f.want(f.a, old)
			f.want(f.b)
		}
	}},
	{"invalid", "what usage.CheckRepricings refuses is invalid, and none of it is stored", func(f repricingFixture) {
		e := f.spend(f.a, f.today(), 100)
		good, other := f.repricing(e, "v1", 10), f.repricing(e, "v2", 10)
		for what, change := range map[string]func(*usage.Repricing){
			"a negative cost": func(r *usage.Repricing) { r.Cost = -1 }, "no version": func(r *usage.Repricing) { r.PriceVersion = "" },
			"no time": func(r *usage.Repricing) { r.At = time.Time{} }, "twice": func(r *usage.Repricing) { *r = good },
		} {
			bad := other
			change(&bad)
			wantErr(f.T, "PutRepricings, "+what, f.store.PutRepricings(f.Context(), f.a, []usage.Repricing{good, bad}), ports.ErrInvalid)
			f.want(f.a)
		}
	}},
	{"pages", "repricings come in the order in which events were recorded and in that of their versions' bytes, page by page without a gap", func(f repricingFixture) {
		var want []usage.Repricing
		for range 6 { // so that the order of their ids is hardly ever this one
			f.clock.Advance(-time.Second)
			e := f.spend(f.a, f.today(), 10)
			f.spend(f.a, f.today(), 10) // one of which nothing is known
			for i, v := range versions() {
				want = append(want, f.repricing(e, v, usage.NanoUSD(i)))
			}
		}
		shuffled := slices.Clone(want)
		slices.Reverse(shuffled)
		f.put(f.a, shuffled...)
		f.want(f.a, want...)
		for _, size := range []int{1, 2, 7, 8, 100} {
			var got []usage.Repricing
			var after usage.Repricing
			for range len(want) + 1 {
				page, err := f.store.ListRepricings(f.Context(), f.a, f.today(), f.today(), usage.Repricing{Event: after.Event, PriceVersion: after.PriceVersion}, size)
				if err != nil || len(page) > size {
					f.Fatalf("a page of %d has %d rows, error %v", size, len(page), err)
				}
				if len(page) == 0 {
					break
				}
				got = append(got, page...)
				after = page[len(page)-1]
			}
			if !slices.Equal(got, want) {
				f.Errorf("in pages of %d:\n got %+v\nwant %+v", size, got, want)
			}
		}
	}},
	{"after", "a list begins after any event of the scope and any version, also where there is no such repricing", func(f repricingFixture) {
		before, one, two := f.spend(f.a, "2026-11-20", 10), f.spend(f.a, f.today(), 10), f.spend(f.a, f.today(), 10)
		want := []usage.Repricing{f.repricing(one, "v1", 1), f.repricing(one, "v3", 2), f.repricing(two, "v1", 3)}
		f.put(f.a, want...)
		for _, c := range []struct {
			event   usage.EventID
			version string
			from    int
		}{{before, "", 0}, {before, "v9", 0}, {one, "", 0}, {one, "v0", 0}, {one, "v1", 1}, {one, "v2", 1}, {one, "v3", 2}, {one, "v4", 2}, {two, "", 2}, {two, "v1", 3}} {
			got, err := f.store.ListRepricings(f.Context(), f.a, f.today(), f.today(), usage.Repricing{Event: c.event, PriceVersion: c.version}, 10)
			if err != nil || !slices.Equal(got, want[c.from:]) {
				f.Errorf("after event %s at %q: got %+v, error %v, want %+v", c.event, c.version, got, err, want[c.from:])
			}
		}
		theirs := f.spend(f.b, f.today(), 10)
		for what, e := range map[string]usage.EventID{"unknown": newID[usage.EventID](usage.EventPrefix), "another scope's": theirs} {
			_, err := f.store.ListRepricings(f.Context(), f.a, f.today(), f.today(), usage.Repricing{Event: e}, 10)
			wantErr(f.T, "ListRepricings after an event that is "+what, err, ports.ErrNotFound)
		}
		if got, err := f.store.ListRepricings(f.Context(), f.a, f.today(), f.today(), usage.Repricing{}, 0); err != nil || len(got) != 0 {
			f.Errorf("a page of 0: got %+v, error %v", got, err)
		}
	}},
	{"days", "listed are those of the events of the days asked for, both included; what is no range of days is invalid", func(f repricingFixture) {
		var rs []usage.Repricing
		for _, d := range []usage.Day{"2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"} {
			rs = append(rs, f.repricing(f.spend(f.a, d, 10), "v1", 1))
		}
		f.put(f.a, rs...)
		got, err := f.store.ListRepricings(f.Context(), f.a, "2026-03-02", "2026-03-03", usage.Repricing{}, 10)
		if err != nil || !slices.Equal(got, rs[1:3]) {
			f.Errorf("got %+v, error %v, want those of the second and third day", got, err)
		}
		for what, r := range map[string][2]usage.Day{"the wrong way around": {"2026-01-02", "2026-01-01"}, "no day": {"2026-02-30", "2026-03-01"}} {
			_, err := f.store.ListRepricings(f.Context(), f.a, r[0], r[1], usage.Repricing{}, 1)
			wantErr(f.T, "ListRepricings, "+what, err, ports.ErrInvalid)
		}
	}},
	{"isolation", "no scope reads, adds or replaces another's", func(f repricingFixture) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			e := f.spend(me, f.today(), 10)
			mine := append(f.all(me), f.repricing(e, "v1", 10))
			f.put(me, mine...)
			for _, s := range append(mixed(me, other), other) {
				wantErr(f.T, "PutRepricings by another scope", f.store.PutRepricings(f.Context(), s, []usage.Repricing{f.repricing(e, "v1", 99)}), ports.ErrNotFound)
				got, err := f.store.ListRepricings(f.Context(), s, f.today(), f.today(), usage.Repricing{}, 100)
				if err != nil || slices.ContainsFunc(got, func(r usage.Repricing) bool { return r.Event == e }) || s != other && len(got) != 0 {
					f.Errorf("ListRepricings of another scope: got %+v, error %v", got, err)
				}
			}
			f.want(me, mine...)
		})
	}},
	{"together", "the same ones put at the same time are stored once", func(f repricingFixture) {
		var rs []usage.Repricing
		for range 5 {
			rs = append(rs, f.repricing(f.spend(f.a, f.today(), 10), "v1", 10))
		}
		together(8, func(i int) {
			mine := slices.Clone(rs)
			if i%2 == 1 {
				slices.Reverse(mine)
			}
			if err := f.store.PutRepricings(f.Context(), f.a, mine); err != nil {
				f.Errorf("PutRepricings: %v", err)
			}
		})
		f.want(f.a, rs...)
	}},
	{"another process", "what one process has put another one lists, and replaces", func(f repricingFixture) {
		if f.store.Other == nil {
			f.Skip("the store has one process")
		}
		other := f.store.Other(f.T)
		r := f.repricing(f.spend(f.a, f.today(), 10), "v1", 10)
		f.put(f.a, r)
		got, err := other.ListRepricings(f.Context(), f.a, f.today(), f.today(), usage.Repricing{}, 10)
		if err != nil || !slices.Equal(got, []usage.Repricing{r}) {
			f.Errorf("the other process has %+v, error %v", got, err)
		}
		r.Cost++
		if err := other.PutRepricings(f.Context(), f.a, []usage.Repricing{r}); err != nil {
			f.Errorf("PutRepricings by another process: %v", err)
		}
		f.want(f.a, r)
	}},
	{"owned by the caller", "slices that are passed in are not kept, and those returned belong to the caller", func(f repricingFixture) {
		r := f.repricing(f.spend(f.a, f.today(), 10), "v1", 10)
		given := []usage.Repricing{r}
		f.put(f.a, given...)
		given[0] = usage.Repricing{}
		got := f.all(f.a)
		for i := range got {
			got[i].PriceVersion = strings.ToUpper(got[i].PriceVersion)
		}
		f.want(f.a, r)
	}},
	{"no scope", "an incomplete scope is refused", func(f repricingFixture) {
		e := f.spend(f.a, f.today(), 10)
		for _, s := range incomplete(f.a) {
			wantErr(f.T, "PutRepricings", f.store.PutRepricings(f.Context(), s, []usage.Repricing{f.repricing(e, "v1", 1)}), tenant.ErrNoScope)
			_, err := f.store.ListRepricings(f.Context(), s, f.today(), f.today(), usage.Repricing{}, 1)
			wantErr(f.T, "ListRepricings", err, tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends the call", func(f repricingFixture) {
		ctx, e := f.doneContext(), f.spend(f.a, f.today(), 10)
		wantErr(f.T, "PutRepricings", f.store.PutRepricings(ctx, f.a, []usage.Repricing{f.repricing(e, "v1", 1)}), context.Canceled)
		_, err := f.store.ListRepricings(ctx, f.a, f.today(), f.today(), usage.Repricing{}, 1)
		wantErr(f.T, "ListRepricings", err, context.Canceled)
		f.want(f.a)
	}},
}
