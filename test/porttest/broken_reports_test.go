package porttest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/roles"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

type (
	visitDay   = func(usage.SiteTotals) error
	visitEvent = func(usage.SiteEvent) error
)

// badReports are reports that work but for what is set.
type badReports struct {
	good    *memory.Ledger
	days    func(context.Context, roles.Grants, usage.Query, visitDay) error
	summary func(context.Context, roles.Grants, usage.Query, usage.Grouping) ([]usage.Sum, error)
	events  func(context.Context, roles.Grants, usage.Query, usage.EventID, int, visitEvent) error
}

func (b *badReports) EachDay(ctx context.Context, who roles.Grants, q usage.Query, visit func(usage.SiteTotals) error) error {
	return b.days(ctx, who, q, visit)
}

func (b *badReports) Summary(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
	return b.summary(ctx, who, q, by)
}

func (b *badReports) EachEvent(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit func(usage.SiteEvent) error) error {
	return b.events(ctx, who, q, after, limit, visit)
}

func openReports(fault func(*badReports)) func(*testing.T, ports.Clock) porttest.ReportStore {
	return func(_ *testing.T, now ports.Clock) porttest.ReportStore {
		l := memory.NewLedger(now, porttest.NewID)
		b := &badReports{good: l, days: l.EachDay, summary: l.Summary, events: l.EachEvent}
		fault(b)
		return porttest.ReportStore{
			UsageStore:   porttest.UsageStore{Ledger: l, Checkpointer: l, Sweeper: l, UsageReader: l, NewScope: randomScope},
			UsageReports: b,
			NewSite: func(t *testing.T, id tenant.ID) tenant.Scope {
				return tenant.Scope{Tenant: id, Site: randomScope(t).Site}
			},
		}
	}
}

// all is who may read everything.
func all() roles.Grants { return roles.Grants{Subject: "root@example.com", SuperAdmin: true} }

func TestUsageReportsSuitePassesWithoutAFault(t *testing.T) {
	porttest.UsageReports(t, openReports(func(*badReports) {}))
}

func TestUsageReportsSuiteCatches(t *testing.T) {
	for _, b := range []struct {
		name, by string
		fault    func(*badReports)
	}{
		{"shows days to everybody", "isolation", func(b *badReports) {
			b.days = func(ctx context.Context, _ roles.Grants, q usage.Query, visit visitDay) error {
				return b.good.EachDay(ctx, all(), q, visit)
			}
		}},
		{"shows sums to everybody", "isolation", func(b *badReports) {
			b.summary = func(ctx context.Context, _ roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				return b.good.Summary(ctx, all(), q, by)
			}
		}},
		{"shows events to everybody", "isolation", func(b *badReports) {
			b.events = func(ctx context.Context, _ roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				return b.good.EachEvent(ctx, all(), q, after, limit, visit)
			}
		}},
		{"believes a key that it is a super admin's", "isolation", func(b *badReports) {
			b.days = func(ctx context.Context, who roles.Grants, q usage.Query, visit visitDay) error {
				if who.SuperAdmin {
					who = all()
				}
				return b.good.EachDay(ctx, who, q, visit)
			}
		}},
		{"goes on after an event that the caller may not see", "isolation", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				err := b.good.EachEvent(ctx, who, q, after, limit, visit)
				if after != "" && errors.Is(err, ports.ErrNotFound) {
					return nil
				}
				return err
			}
		}},
		{"a key reads all sites of its tenant", "both ways", func(b *badReports) {
			b.days = func(ctx context.Context, who roles.Grants, q usage.Query, visit visitDay) error {
				who.Sites = nil
				return b.good.EachDay(ctx, who, q, visit)
			}
		}},
		{"a key's summary is its tenant's", "both ways", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				who.Sites = nil
				return b.good.Summary(ctx, who, q, by)
			}
		}},
		{"support reads nothing", "both ways", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				for t, r := range who.Tenants {
					if r < roles.Admin {
						delete(who.Tenants, t)
					}
				}
				return b.good.EachEvent(ctx, who, q, after, limit, visit)
			}
		}},
		{"an empty summary is an error", "empty", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				sums, err := b.good.Summary(ctx, who, q, by)
				if err == nil && len(sums) == 0 {
					return nil, ports.ErrNotFound
				}
				return sums, err
			}
		}},
		{"a summary of nothing has one group", "empty", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				sums, err := b.good.Summary(ctx, who, q, by)
				if err == nil && len(sums) == 0 {
					return []usage.Sum{{}}, nil
				}
				return sums, err
			}
		}},
		{"days that are only held are left out", "days", func(b *badReports) {
			b.days = func(ctx context.Context, who roles.Grants, q usage.Query, visit visitDay) error {
				return b.good.EachDay(ctx, who, q, func(t usage.SiteTotals) error {
					if t.Used == (usage.Amounts{}) {
						return nil
					}
					return visit(t)
				})
			}
		}},
		{"the last day is excluded", "days", func(b *badReports) {
			b.days = func(ctx context.Context, who roles.Grants, q usage.Query, visit visitDay) error {
				return b.good.EachDay(ctx, who, q, func(t usage.SiteTotals) error {
					if t.Day == q.Last && q.First != q.Last {
						return nil
					}
					return visit(t)
				})
			}
		}},
		{"the newest day comes first", "days", func(b *badReports) {
			b.days = func(ctx context.Context, who roles.Grants, q usage.Query, visit visitDay) error {
				var days []usage.SiteTotals
				err := b.good.EachDay(ctx, who, q, func(t usage.SiteTotals) error { days = append(days, t); return nil })
				for _, t := range slices.Backward(days) {
					if err == nil {
						err = visit(t)
					}
				}
				return err
			}
		}},
		{"adjustments are forgotten", "summary", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				if by != usage.ByModel || q.ValidBy(by) != nil {
					return b.good.Summary(ctx, who, q, by)
				}
				byModel := map[string]usage.Sum{}
				err := b.good.EachEvent(ctx, who, q, "", 0, func(e usage.SiteEvent) error {
					s := byModel[e.Model]
					s.Model, s.Used = e.Model, s.Used.Plus(e.Spent())
					s.PromptTokens += e.Tokens.Input
					s.CompletionTokens += e.Tokens.Output
					byModel[e.Model] = s
					return nil
				})
				var sums []usage.Sum
				for _, s := range byModel {
					sums = append(sums, s)
				}
				slices.SortFunc(sums, func(x, y usage.Sum) int { return strings.Compare(x.Model, y.Model) })
				return sums, err
			}
		}},
		{"what is held counts as used", "summary", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				sums, err := b.good.Summary(ctx, who, q, by)
				for i := range sums {
					_ = b.good.EachDay(ctx, who, usage.Query{Tenant: q.Tenant, Site: q.Site, First: q.First, Last: q.Last}, func(t usage.SiteTotals) error {
						if by == usage.BySite && t.Scope.Site == sums[i].Site {
							sums[i].Used = sums[i].Used.Plus(t.Held)
						}
						return nil
					})
				}
				return sums, err
			}
		}},
		{"groups by tenant name their first site", "summary", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				sums, err := b.good.Summary(ctx, who, q, by)
				for i := range sums {
					if by == usage.ByTenant {
						sums[i].Site = "site_1"
					}
				}
				return sums, err
			}
		}},
		{"groups are in no order", "summary", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				sums, err := b.good.Summary(ctx, who, q, by)
				slices.Reverse(sums)
				return sums, err
			}
		}},
		{"the days of a summary are ignored", "summary", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				if q.ValidBy(by) == nil {
					q.First, q.Last = "2026-11-01", "2026-11-30"
				}
				return b.good.Summary(ctx, who, q, by)
			}
		}},
		{"the kind is ignored", "kinds", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				if q.Valid() == nil {
					q.Kind = 0
				}
				return b.good.EachEvent(ctx, who, q, after, limit, visit)
			}
		}},
		{"the kind of a summary is ignored", "kinds", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				if q.ValidBy(by) == nil {
					q.Kind = 0
				}
				return b.good.Summary(ctx, who, q, by)
			}
		}},
		{"events come in the order of their times", "order", func(b *badReports) {
			b.events = sorted(b, func(x, y usage.SiteEvent) int { return x.At.Compare(y.At) })
		}},
		{"sites are mixed by day", "order", func(b *badReports) {
			b.events = sorted(b, func(x, y usage.SiteEvent) int { return strings.Compare(string(x.Day), string(y.Day)) })
		}},
		{"events lose what the provider said", "whole events", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				return b.good.EachEvent(ctx, who, q, after, limit, func(e usage.SiteEvent) error {
					e.PriceVersion = ""
					return visit(e)
				})
			}
		}},
		{"a page begins with the event before", "pages", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				var last, found usage.EventID
				_ = b.good.EachEvent(ctx, who, q, "", 0, func(e usage.SiteEvent) error {
					if e.ID == after {
						found = last
					}
					last = e.ID
					return nil
				})
				if after != "" && after != last {
					after = found
				}
				return b.good.EachEvent(ctx, who, q, after, limit, visit)
			}
		}},
		{"pages by number", "pages", func(b *badReports) {
			pages := map[usage.EventID]int{}
			var mu sync.Mutex
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				mu.Lock()
				skip, known := pages[after]
				mu.Unlock()
				if after != "" && !known {
					return b.good.EachEvent(ctx, who, q, after, limit, visit)
				}
				n := 0
				return b.good.EachEvent(ctx, who, q, "", skip+limit, func(e usage.SiteEvent) error {
					n++
					mu.Lock()
					pages[e.ID] = n
					mu.Unlock()
					if n <= skip {
						return nil
					}
					return visit(e)
				})
			}
		}},
		{"no limit", "pages", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, _ int, visit visitEvent) error {
				return b.good.EachEvent(ctx, who, q, after, 0, visit)
			}
		}},
		{"a cursor of another site is taken", "after", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				err := b.good.EachEvent(ctx, who, q, after, limit, visit)
				if !errors.Is(err, ports.ErrNotFound) {
					return err
				}
				return b.good.EachEvent(ctx, who, usage.Query{First: q.First, Last: q.Last}, after, limit, func(e usage.SiteEvent) error {
					if q.Covers(e.Scope) {
						return visit(e)
					}
					return nil
				})
			}
		}},
		{"a cursor of another day is unknown", "after", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				known := after == ""
				_ = b.good.EachEvent(ctx, who, q, "", 0, func(e usage.SiteEvent) error { known = known || e.ID == after; return nil })
				if !known {
					return ports.ErrNotFound
				}
				return b.good.EachEvent(ctx, who, q, after, limit, visit)
			}
		}},
		{"goes on after an error", "stop", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				var first error
				err := b.good.EachEvent(ctx, who, q, after, limit, func(e usage.SiteEvent) error {
					if err := visit(e); first == nil {
						first = err
					}
					return nil
				})
				return errors.Join(err, first)
			}
		}},
		{"hides the visitor's error", "stop", func(b *badReports) {
			b.days = func(ctx context.Context, who roles.Grants, q usage.Query, visit visitDay) error {
				stopped := errors.New("stopped")
				err := b.good.EachDay(ctx, who, q, func(t usage.SiteTotals) error {
					if visit(t) != nil {
						return stopped
					}
					return nil
				})
				if errors.Is(err, stopped) {
					return nil
				}
				return err
			}
		}},
		{"one visit at a time", "slow visitors", func(b *badReports) {
			var mu sync.Mutex
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				mu.Lock()
				defer mu.Unlock()
				return b.good.EachEvent(ctx, who, q, after, limit, visit)
			}
			b.days = func(ctx context.Context, who roles.Grants, q usage.Query, visit visitDay) error {
				mu.Lock()
				defer mu.Unlock()
				return b.good.EachDay(ctx, who, q, visit)
			}
		}},
		{"the first batch is all", "many events", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				if limit == 0 || limit > 500 {
					limit = 500
				}
				return b.good.EachEvent(ctx, who, q, after, limit, visit)
			}
		}},
		{"the first sites are all", "many sites", func(b *badReports) {
			b.days = func(ctx context.Context, who roles.Grants, q usage.Query, visit visitDay) error {
				sites := map[tenant.Scope]bool{}
				return b.good.EachDay(ctx, who, q, func(t usage.SiteTotals) error {
					if sites[t.Scope] = true; len(sites) > 200 {
						return nil
					}
					return visit(t)
				})
			}
		}},
		{"any days are taken", "invalid", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				if q.Last < q.First {
					return nil
				}
				return b.good.EachEvent(ctx, who, q, after, limit, visit)
			}
		}},
		{"a kind of days is ignored", "invalid", func(b *badReports) {
			b.days = func(ctx context.Context, who roles.Grants, q usage.Query, visit visitDay) error {
				if q.Valid() == nil {
					q.Kind = 0
				}
				return b.good.EachDay(ctx, who, q, visit)
			}
		}},
		{"looks at the context at the start only", "done context", func(b *badReports) {
			b.events = func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
				if err := ctx.Err(); err != nil {
					return err
				}
				return b.good.EachEvent(context.WithoutCancel(ctx), who, q, after, limit, visit)
			}
		}},
		{"sums although the context is done", "done context", func(b *badReports) {
			b.summary = func(ctx context.Context, who roles.Grants, q usage.Query, by usage.Grouping) ([]usage.Sum, error) {
				return b.good.Summary(context.WithoutCancel(ctx), who, q, by)
			}
		}},
	} {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) { porttest.UsageReports(t, openReports(b.fault)) })
		})
	}
}

// sorted reads all events and visits them in another order.
func sorted(b *badReports, by func(x, y usage.SiteEvent) int) func(context.Context, roles.Grants, usage.Query, usage.EventID, int, visitEvent) error {
	return func(ctx context.Context, who roles.Grants, q usage.Query, after usage.EventID, limit int, visit visitEvent) error {
		var events []usage.SiteEvent
		err := b.good.EachEvent(ctx, who, q, after, limit, func(e usage.SiteEvent) error { events = append(events, e); return nil })
		slices.SortStableFunc(events, by)
		for _, e := range events {
			if err == nil {
				err = visit(e)
			}
		}
		return err
	}
}
