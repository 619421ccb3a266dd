package porttest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// badRepricings keeps repricings as its functions say.
type badRepricings struct {
	good   *memory.Repricings
	ledger *memory.Ledger
	put    func(context.Context, tenant.Scope, []usage.Repricing) error
	list   func(context.Context, tenant.Scope, usage.Day, usage.Day, usage.Repricing, int) ([]usage.Repricing, error)
	other  ports.Repricings
}

func (b *badRepricings) PutRepricings(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
	return b.put(ctx, s, rs)
}

func (b *badRepricings) ListRepricings(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
	return b.list(ctx, s, first, last, after, limit)
}

func openBadRepricings(spoil func(*badRepricings)) func(t *testing.T, now ports.Clock) porttest.RepricingStore {
	return func(_ *testing.T, now ports.Clock) porttest.RepricingStore {
		l := memory.NewLedger(now, porttest.NewID)
		b := &badRepricings{good: memory.NewRepricings(l), ledger: l}
		b.put, b.list, b.other = b.good.PutRepricings, b.good.ListRepricings, b
		spoil(b)
		return porttest.RepricingStore{
			UsageStore: porttest.UsageStore{Ledger: l, Checkpointer: l, Sweeper: l, UsageReader: l, NewScope: randomScope},
			Repricings: b, Other: func(*testing.T) ports.Repricings { return b.other },
		}
	}
}

// each puts one after the other, changed.
func (b *badRepricings) each(change func(*usage.Repricing)) {
	b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
		rs = slices.Clone(rs)
		for i := range rs {
			change(&rs[i])
		}
		return b.good.PutRepricings(ctx, s, rs)
	}
}

// listed changes what is listed.
func (b *badRepricings) listed(change func([]usage.Repricing) []usage.Repricing) {
	b.list = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
		rs, err := b.good.ListRepricings(ctx, s, first, last, after, limit)
		return change(rs), err
	}
}

var brokenRepricings = []struct {
	name  string
	by    string // the case that must catch it
	spoil func(b *badRepricings)
}{
	{"forgets", "round trip", func(b *badRepricings) {
		b.put = func(context.Context, tenant.Scope, []usage.Repricing) error { return nil }
	}},
	{"a cost of 32 bits", "round trip", func(b *badRepricings) { b.each(func(r *usage.Repricing) { r.Cost = usage.NanoUSD(int32(r.Cost)) }) }},
	{"a cost of nothing is nothing", "round trip", func(b *badRepricings) {
		b.listed(func(rs []usage.Repricing) []usage.Repricing {
			return slices.DeleteFunc(rs, func(r usage.Repricing) bool { return r.Cost == 0 })
		})
	}},
	{"whole seconds", "round trip", func(b *badRepricings) { b.each(func(r *usage.Repricing) { r.At = r.At.Truncate(time.Second) }) }},
	{"the time of the day there", "round trip", func(b *badRepricings) {
		b.listed(func(rs []usage.Repricing) []usage.Repricing {
			for i := range rs {
				rs[i].At = rs[i].At.In(time.FixedZone("there", 3600))
			}
			return rs
		})
	}},
	{"bills the difference", "billed stays", func(b *badRepricings) {
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			if err := b.good.PutRepricings(ctx, s, rs); err != nil || len(rs) == 0 {
				return err
			}
			now := rs[0].At
			h := usage.Hold{
				ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: usage.DayOf(now, time.UTC), Limits: usage.NoLimits(),
				Want: usage.Amounts{ChatTokens: 1, Cost: 1}, Admit: now, Expires: now.Add(time.Minute),
			}
			if err := b.ledger.Reserve(ctx, s, h); err != nil {
				return err
			}
			return b.ledger.Settle(ctx, s, h.ID, usage.Event{ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: 1, Last: true, Kind: usage.Chat, Cost: 1})
		}
	}},
	{"the first one stays", "again", func(b *badRepricings) {
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			old, err := b.good.ListRepricings(ctx, s, "2026-01-01", "2026-12-31", usage.Repricing{}, 1000)
			if err != nil {
				return err
			}
			return b.good.PutRepricings(ctx, s, slices.DeleteFunc(slices.Clone(rs), func(r usage.Repricing) bool {
				return slices.ContainsFunc(old, func(o usage.Repricing) bool { return o.Event == r.Event && o.PriceVersion == r.PriceVersion })
			}))
		}
	}},
	{"the second time is a conflict", "again", func(b *badRepricings) {
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			old, err := b.good.ListRepricings(ctx, s, "2026-01-01", "2026-12-31", usage.Repricing{}, 1000)
			if err == nil && len(old) > 0 && len(rs) > 0 && old[0].Event == rs[0].Event {
				return ports.ErrConflict
			}
			return b.good.PutRepricings(ctx, s, rs)
		}
	}},
	{"one version an event", "again", func(b *badRepricings) {
		b.listed(func(rs []usage.Repricing) []usage.Repricing {
			return slices.CompactFunc(rs, func(x, y usage.Repricing) bool { return x.Event == y.Event })
		})
	}},
	{"one after the other", "all or none", func(b *badRepricings) {
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			for _, r := range rs {
				if err := b.good.PutRepricings(ctx, s, []usage.Repricing{r}); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{"skips unknown events", "all or none", func(b *badRepricings) {
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			for _, r := range rs {
				_ = b.good.PutRepricings(ctx, s, []usage.Repricing{r})
			}
			return nil
		}
	}},
	{"nothing is checked", "invalid", func(b *badRepricings) {
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			_ = b.good.PutRepricings(ctx, s, rs)
			return nil
		}
	}},
	{"checked one by one", "invalid", func(b *badRepricings) {
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			for i := range rs {
				if err := b.good.PutRepricings(ctx, s, rs[i:i+1]); err != nil {
					return err
				}
			}
			return nil
		}
	}},
	{"in the order of a dictionary", "pages", func(b *badRepricings) {
		b.listed(func(rs []usage.Repricing) []usage.Repricing {
			slices.SortStableFunc(rs, func(x, y usage.Repricing) int {
				if x.Event != y.Event {
					return 0
				}
				return strings.Compare(strings.ToLower(x.PriceVersion), strings.ToLower(y.PriceVersion))
			})
			return rs
		})
	}},
	{"in the order of ids", "pages", func(b *badRepricings) {
		b.listed(func(rs []usage.Repricing) []usage.Repricing {
			slices.SortStableFunc(rs, func(x, y usage.Repricing) int { return strings.Compare(string(y.Event), string(x.Event)) })
			return rs
		})
	}},
	{"a page begins with the next event", "pages", func(b *badRepricings) {
		b.list = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
			if after.Event != "" {
				after.PriceVersion = "\U0010FFFF"
			}
			return b.good.ListRepricings(ctx, s, first, last, after, limit)
		}
	}},
	{"the limit is not kept", "pages", func(b *badRepricings) {
		b.list = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
			return b.good.ListRepricings(ctx, s, first, last, after, limit+1)
		}
	}},
	{"begins only after a repricing that is there", "after", func(b *badRepricings) {
		b.list = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
			all, err := b.good.ListRepricings(ctx, s, first, last, usage.Repricing{}, 1000)
			if err != nil || after.Event == "" {
				return all[:min(limit, len(all))], err
			}
			at := slices.IndexFunc(all, func(r usage.Repricing) bool { return r.Event == after.Event && r.PriceVersion == after.PriceVersion })
			if at < 0 {
				return nil, ports.ErrNotFound
			}
			all = all[at+1:]
			return all[:min(limit, len(all))], nil
		}
	}},
	{"an unknown event is the beginning", "after", func(b *badRepricings) {
		b.list = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
			rs, err := b.good.ListRepricings(ctx, s, first, last, after, limit)
			if err != nil && after.Event != "" {
				return b.good.ListRepricings(ctx, s, first, last, usage.Repricing{}, limit)
			}
			return rs, err
		}
	}},
	{"all days", "days", func(b *badRepricings) {
		b.list = func(ctx context.Context, s tenant.Scope, _, _ usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
			return b.good.ListRepricings(ctx, s, "2026-01-01", "2026-12-31", after, limit)
		}
	}},
	{"the last day is left out", "days", func(b *badRepricings) {
		b.list = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
			if d, err := time.Parse(time.DateOnly, string(last)); err == nil && last != first {
				last = usage.DayOf(d.AddDate(0, 0, -1), time.UTC)
			}
			return b.good.ListRepricings(ctx, s, first, last, after, limit)
		}
	}},
	{"no range is empty", "days", func(b *badRepricings) {
		b.list = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
			rs, err := b.good.ListRepricings(ctx, s, first, last, after, limit)
			if last < first {
				return nil, nil
			}
			return rs, err
		}
	}},
	{"by the site alone", "isolation", func(b *badRepricings) {
		note, find := bySite()
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			err := b.good.PutRepricings(ctx, s, rs)
			if err == nil {
				note(s)
			}
			return err
		}
		b.list = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
			return b.good.ListRepricings(ctx, find(s), first, last, after, limit)
		}
	}},
	{"anybody may replace", "isolation", func(b *badRepricings) {
		var owners seen[usage.EventID, tenant.Scope]
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			for _, r := range rs {
				if owner, ok := owners.get(r.Event); ok && s.Valid() == nil {
					s = owner
				}
				owners.put(r.Event, s)
			}
			return b.good.PutRepricings(ctx, s, rs)
		}
	}},
	{"who comes second fails", "together", func(b *badRepricings) {
		var busy seen[usage.EventID, bool]
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			for _, r := range rs {
				if _, ok := busy.get(r.Event); ok {
					return ports.ErrUnavailable
				}
				busy.put(r.Event, true)
			}
			return b.good.PutRepricings(ctx, s, rs)
		}
	}},
	{"each process has its own", "another process", func(b *badRepricings) { b.other = memory.NewRepricings(b.ledger) }},
	{"keeps what it was given", "owned by the caller", func(b *badRepricings) {
		var kept []usage.Repricing
		b.put = func(_ context.Context, _ tenant.Scope, rs []usage.Repricing) error {
			kept = rs
			return nil
		}
		b.list = func(context.Context, tenant.Scope, usage.Day, usage.Day, usage.Repricing, int) ([]usage.Repricing, error) {
			return slices.Clone(kept), nil
		}
	}},
	{"gives away what it keeps", "owned by the caller", func(b *badRepricings) {
		var kept []usage.Repricing
		b.put = func(_ context.Context, _ tenant.Scope, rs []usage.Repricing) error {
			kept = slices.Clone(rs)
			return nil
		}
		b.list = func(context.Context, tenant.Scope, usage.Day, usage.Day, usage.Repricing, int) ([]usage.Repricing, error) {
			return kept, nil
		}
	}},
	{"nobody's scope is empty", "no scope", func(b *badRepricings) {
		b.list = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.Repricing, limit int) ([]usage.Repricing, error) {
			if s.Valid() != nil {
				return nil, nil
			}
			return b.good.ListRepricings(ctx, s, first, last, after, limit)
		}
	}},
	{"a done context does not end the call", "done context", func(b *badRepricings) {
		b.put = func(ctx context.Context, s tenant.Scope, rs []usage.Repricing) error {
			return b.good.PutRepricings(context.WithoutCancel(ctx), s, rs)
		}
	}},
}

func TestRepricingSuiteCatches(t *testing.T) {
	for _, broken := range brokenRepricings {
		t.Run(broken.name, func(t *testing.T) {
			brokentest.Caught(t, broken.by, func(t *testing.T) { porttest.Repricings(t, openBadRepricings(broken.spoil)) })
		})
	}
}

func TestRepricingSuitePassesWithoutAFault(t *testing.T) {
	porttest.Repricings(t, openBadRepricings(func(*badRepricings) {}))
}
