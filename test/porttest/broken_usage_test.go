package porttest_test

import (
	"cmp"
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
	"github.com/aiwoochat/woochat/test/porttest/brokentest"
)

// faulty is a ledger that works but for what is set.
type faulty struct {
	good       *memory.Ledger
	now        ports.Clock
	reserve    func(context.Context, tenant.Scope, usage.Hold) error
	settle     func(context.Context, tenant.Scope, usage.ReservationID, usage.Event) error
	release    func(context.Context, tenant.Scope, usage.ReservationID) error
	dispatch   func(context.Context, tenant.Scope, usage.ReservationID, usage.Call, usage.Amounts) error
	checkpoint func(context.Context, []ports.Checkpoint) error
	sweep      func(context.Context, time.Time, int) ([]ports.Swept, error)
	days       func(context.Context, tenant.Scope, usage.Day, usage.Day) ([]usage.Totals, error)
	events     func(context.Context, tenant.Scope, usage.Day, usage.Day, usage.EventID, int) ([]usage.Event, error)
	adjusted   func(context.Context, tenant.Scope, usage.Day, usage.Day) ([]usage.Adjustment, error)
	replica    func(t *testing.T) porttest.UsageStore
}

func (f *faulty) Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error {
	return f.reserve(ctx, s, h)
}

func (f *faulty) Settle(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
	return f.settle(ctx, s, id, e)
}

func (f *faulty) Release(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
	return f.release(ctx, s, id)
}

func (f *faulty) Dispatch(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
	return f.dispatch(ctx, s, id, c, rest)
}

func (f *faulty) Checkpoint(ctx context.Context, cs []ports.Checkpoint) error {
	return f.checkpoint(ctx, cs)
}

func (f *faulty) Sweep(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
	return f.sweep(ctx, now, limit)
}

func (f *faulty) Days(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Totals, error) {
	return f.days(ctx, s, first, last)
}

func (f *faulty) Events(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
	return f.events(ctx, s, first, last, after, limit)
}

func (f *faulty) Adjustments(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Adjustment, error) {
	return f.adjusted(ctx, s, first, last)
}

func randomScope(*testing.T) tenant.Scope {
	return tenant.Scope{Tenant: tenant.ID(tenant.Prefix + porttest.NewID()), Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
}

// openFaulty returns a working ledger with one fault.
func openFaulty(fault func(*faulty)) porttest.OpenUsage {
	return func(_ *testing.T, now ports.Clock) porttest.UsageStore {
		good := memory.NewLedger(now, porttest.NewID)
		f := &faulty{
			good: good, now: now, reserve: good.Reserve, settle: good.Settle, release: good.Release, dispatch: good.Dispatch,
			checkpoint: good.Checkpoint, sweep: good.Sweep, days: good.Days, events: good.Events, adjusted: good.Adjustments,
		}
		fault(f)
		return porttest.UsageStore{Ledger: f, Checkpointer: f, Sweeper: f, UsageReader: f, NewScope: randomScope, Replica: f.replica}
	}
}

// seen remembers values by key, for faults that mix things up.
type seen[K comparable, V any] struct{ m sync.Map }

func (s *seen[K, V]) put(k K, v V) { s.m.Store(k, v) }

func (s *seen[K, V]) get(k K) (V, bool) {
	v, ok := s.m.Load(k)
	if !ok {
		var zero V
		return zero, false
	}
	return v.(V), true
}

type callKey struct {
	id usage.ReservationID
	no int
}

// bySite makes every look-up go by the site alone, as a query without the
// tenant would.
func bySite() (note func(tenant.Scope), find func(tenant.Scope) tenant.Scope) {
	var owners seen[tenant.SiteID, tenant.Scope]
	note = func(s tenant.Scope) { owners.put(s.Site, s) }
	find = func(s tenant.Scope) tenant.Scope {
		if owner, ok := owners.get(s.Site); ok && s.Valid() == nil {
			return owner
		}
		return s
	}
	return note, find
}

func noting(f *faulty, note func(tenant.Scope)) {
	f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
		note(s)
		return f.good.Reserve(ctx, s, h)
	}
}

var brokenLedgers = []struct {
	name  string
	suite func(*testing.T, porttest.OpenUsage)
	by    string // the case that catches it
	fault func(*faulty)
}{
	{"checks, then acts", porttest.Ledger, "no overshoot", func(f *faulty) {
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			day, err := f.good.Days(ctx, s, h.Day, h.Day)
			if err != nil {
				return err
			}
			if err := h.Limits.Admit(day[0].Admitted(), h.Want); err != nil {
				return err
			}
			runtime.Gosched()
			h.Limits = usage.NoLimits()
			return f.good.Reserve(ctx, s, h)
		}
	}},
	{"counts what is used and forgets what is held", porttest.Ledger, "to the brim", func(f *faulty) {
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			day, err := f.good.Days(ctx, s, h.Day, h.Day)
			if err != nil {
				return err
			}
			if err := h.Limits.Admit(day[0].Used, h.Want); err != nil {
				return err
			}
			h.Limits = usage.NoLimits()
			return f.good.Reserve(ctx, s, h)
		}
	}},
	{"counters of its own in each process", porttest.Ledger, "replica", func(f *faulty) {
		f.replica = func(t *testing.T) porttest.UsageStore { return openFaulty(func(*faulty) {})(t, f.now) }
	}},
	{"forgets the cost limit", porttest.Ledger, "every limit", func(f *faulty) {
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			h.Limits.Cost = usage.Unlimited
			return f.good.Reserve(ctx, s, h)
		}
	}},
	{"keeps the hold of a refused request", porttest.Ledger, "refusal", func(f *faulty) {
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			err := f.good.Reserve(ctx, s, h)
			if errors.Is(err, usage.ErrLimitExceeded) {
				h.Limits = usage.NoLimits()
				if err := f.good.Reserve(ctx, s, h); err != nil {
					return err
				}
			}
			return err
		}
	}},
	{"keeps the id of a refused request", porttest.Ledger, "refusal", func(f *faulty) {
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			err := f.good.Reserve(ctx, s, h)
			if errors.Is(err, usage.ErrLimitExceeded) {
				h.Limits = usage.NoLimits()
				return errors.Join(err, f.good.Reserve(ctx, s, h), f.good.Release(ctx, s, h.ID))
			}
			return err
		}
	}},
	{"says no reset time", porttest.Ledger, "refusal", func(f *faulty) {
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			h.ResetAt = time.Time{}
			return f.good.Reserve(ctx, s, h)
		}
	}},
	{"takes a second amount for an id", porttest.Ledger, "reserve again", func(f *faulty) {
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			if err := f.good.Reserve(ctx, s, h); !errors.Is(err, ports.ErrConflict) {
				return err
			}
			return nil
		}
	}},
	{"admits a retry anew", porttest.Ledger, "reserve again", func(f *faulty) {
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			day, err := f.good.Days(ctx, s, h.Day, h.Day)
			if err != nil {
				return err
			}
			if err := h.Limits.Admit(day[0].Admitted(), h.Want); err != nil {
				return err
			}
			return f.good.Reserve(ctx, s, h)
		}
	}},
	{"uncounts an expired hold before the sweep", porttest.Ledger, "expired", func(f *faulty) {
		var expires seen[usage.ReservationID, usage.Hold]
		var mu sync.Mutex
		var all []usage.ReservationID
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			mu.Lock()
			defer mu.Unlock()
			for _, id := range all {
				if old, _ := expires.get(id); !f.now().Before(old.Expires) {
					_ = f.good.Release(ctx, s, id)
				}
			}
			all = append(all, h.ID)
			expires.put(h.ID, h)
			return f.good.Reserve(ctx, s, h)
		}
	}},
	{"adds a second settlement", porttest.Ledger, "settle again", func(f *faulty) {
		var settled seen[callKey, bool]
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			if _, again := settled.get(callKey{id, e.CallNo}); again {
				e.ID, e.CallNo, e.ChatRequests = usage.EventID(usage.EventPrefix+porttest.NewID()), e.CallNo+100, 0
			}
			settled.put(callKey{id, e.CallNo}, true)
			return f.good.Settle(ctx, s, id, e)
		}
	}},
	{"counts on the day of settlement", porttest.Ledger, "day of admission", func(f *faulty) {
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			now := f.now()
			h := usage.Hold{
				ID: usage.ReservationID(usage.ReservationPrefix + porttest.NewID()), Day: usage.DayOf(now, time.UTC),
				Want: usage.Amounts{ChatRequests: 1, ChatTokens: 100}, Limits: usage.NoLimits(), Admit: now, Expires: now.Add(time.Hour),
			}
			return errors.Join(f.good.Release(ctx, s, id), f.good.Reserve(ctx, s, h), f.good.Settle(ctx, s, h.ID, e))
		}
	}},
	{"cuts what was spent at the bound", porttest.Ledger, "excess", func(f *faulty) {
		var sent seen[callKey, usage.Call]
		f.dispatch = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
			sent.put(callKey{id, c.No}, c)
			return f.good.Dispatch(ctx, s, id, c, rest)
		}
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			if c, ok := sent.get(callKey{id, e.CallNo}); ok {
				e.Tokens.Output = min(e.Tokens.Output, c.MaxOutput)
			}
			return f.good.Settle(ctx, s, id, e)
		}
	}},
	{"frees the whole hold with the first call", porttest.Ledger, "several calls", func(f *faulty) {
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			e.Last = true
			return f.good.Settle(ctx, s, id, e)
		}
	}},
	{"never frees the rest", porttest.Ledger, "several calls", func(f *faulty) {
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			e.Last = false
			return f.good.Settle(ctx, s, id, e)
		}
	}},
	{"releases what was sent", porttest.Ledger, "release of what was sent", func(f *faulty) {
		f.release = func(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
			err := f.good.Release(ctx, s, id)
			if !errors.Is(err, ports.ErrConflict) {
				return err
			}
			return f.good.Settle(ctx, s, id, usage.Event{ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: 1, Kind: usage.Chat, Last: true})
		}
	}},
	{"settles another scope's reservation", porttest.Ledger, "isolation", func(f *faulty) {
		var owners seen[usage.ReservationID, tenant.Scope]
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			owners.put(h.ID, s)
			return f.good.Reserve(ctx, s, h)
		}
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			if owner, ok := owners.get(id); ok && s.Valid() == nil {
				s = owner
			}
			return f.good.Settle(ctx, s, id, e)
		}
	}},
	{"releases by site without the tenant", porttest.Ledger, "isolation", func(f *faulty) {
		note, find := bySite()
		noting(f, note)
		f.release = func(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
			return f.good.Release(ctx, find(s), id)
		}
	}},
	{"takes no heed of the scope's parts", porttest.Ledger, "no scope", func(f *faulty) {
		f.release = func(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
			if s.Site == "" {
				return nil
			}
			return f.good.Release(ctx, s, id)
		}
	}},
	{"reserves although the context is done", porttest.Ledger, "done context", func(f *faulty) {
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			return f.good.Reserve(context.WithoutCancel(ctx), s, h)
		}
	}},
	{"counts embeddings as chat", porttest.Ledger, "embeddings", func(f *faulty) {
		f.days = func(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Totals, error) {
			days, err := f.good.Days(ctx, s, first, last)
			for i, d := range days {
				days[i].Used.ChatTokens, days[i].Used.EmbeddingTokens = d.Used.ChatTokens+d.Used.EmbeddingTokens, 0
			}
			return days, err
		}
	}},

	{"dispatches what does not fit", porttest.Checkpointer, "does not fit", func(f *faulty) {
		f.dispatch = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
			if err := f.good.Dispatch(ctx, s, id, c, rest); !errors.Is(err, usage.ErrOverHold) {
				return err
			}
			return nil
		}
	}},
	{"keeps the whole hold at dispatch", porttest.Checkpointer, "makes room", func(f *faulty) {
		var want seen[usage.ReservationID, usage.Amounts]
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			want.put(h.ID, h.Want)
			return f.good.Reserve(ctx, s, h)
		}
		f.dispatch = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
			if w, ok := want.get(id); ok {
				rest = w.Minus(c.Bound())
			}
			return f.good.Dispatch(ctx, s, id, c, rest)
		}
	}},
	{"compares a retried call to the nanosecond", porttest.Checkpointer, "dispatch again", func(f *faulty) {
		var sent seen[callKey, usage.Call]
		f.dispatch = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
			if old, ok := sent.get(callKey{id, c.No}); ok && old != c {
				return ports.ErrConflict
			}
			sent.put(callKey{id, c.No}, c)
			return f.good.Dispatch(ctx, s, id, c, rest)
		}
	}},
	{"dispatches by site without the tenant", porttest.Checkpointer, "isolation", func(f *faulty) {
		note, find := bySite()
		noting(f, note)
		f.dispatch = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
			return f.good.Dispatch(ctx, find(s), id, c, rest)
		}
	}},
	{"notes by reservation without the scope", porttest.Checkpointer, "isolation", func(f *faulty) {
		var owners seen[usage.ReservationID, tenant.Scope]
		f.reserve = func(ctx context.Context, s tenant.Scope, h usage.Hold) error {
			owners.put(h.ID, s)
			return f.good.Reserve(ctx, s, h)
		}
		f.checkpoint = func(ctx context.Context, cs []ports.Checkpoint) error {
			cs = slices.Clone(cs)
			for i := range cs {
				cs[i].Scope, _ = owners.get(cs[i].Reservation)
			}
			return f.good.Checkpoint(ctx, cs)
		}
	}},
	{"lets a checkpoint go back", porttest.Checkpointer, "monotone", func(f *faulty) {
		var mu sync.Mutex
		last := map[callKey]ports.Checkpoint{}
		f.checkpoint = func(_ context.Context, cs []ports.Checkpoint) error {
			mu.Lock()
			defer mu.Unlock()
			for _, c := range cs {
				last[callKey{c.Reservation, c.CallNo}] = c
			}
			return nil
		}
		f.sweep = func(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
			mu.Lock()
			defer mu.Unlock()
			for _, c := range last {
				_ = f.good.Checkpoint(ctx, []ports.Checkpoint{c})
			}
			return f.good.Sweep(ctx, now, limit)
		}
	}},
	{"drops the whole batch for one bad entry", porttest.Checkpointer, "skipped", func(f *faulty) {
		f.checkpoint = func(ctx context.Context, cs []ports.Checkpoint) error {
			for _, c := range cs {
				if c.Scope.Valid() != nil {
					return nil
				}
			}
			return f.good.Checkpoint(ctx, cs)
		}
	}},
	{"forgets checkpoints", porttest.Checkpointer, "checkpoint", func(f *faulty) {
		f.checkpoint = func(context.Context, []ports.Checkpoint) error { return nil }
	}},

	{"sweeps to zero", porttest.Sweeper, "never zero", func(f *faulty) {
		var mu sync.Mutex
		sent := map[callKey]ports.Checkpoint{}
		f.dispatch = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
			mu.Lock()
			defer mu.Unlock()
			sent[callKey{id, c.No}] = ports.Checkpoint{Scope: s}
			return f.good.Dispatch(ctx, s, id, c, rest)
		}
		f.sweep = func(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
			mu.Lock()
			defer mu.Unlock()
			for k, c := range sent {
				_ = f.good.Settle(ctx, c.Scope, k.id, usage.Event{ID: usage.EventID(usage.EventPrefix + porttest.NewID()), CallNo: k.no, Kind: usage.Chat, Last: true})
			}
			return f.good.Sweep(ctx, now, limit)
		}
	}},
	{"sweeps at the whole bound", porttest.Sweeper, "sweep", func(f *faulty) {
		f.dispatch = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
			if err := f.good.Dispatch(ctx, s, id, c, rest); err != nil {
				return err
			}
			return f.good.Checkpoint(ctx, []ports.Checkpoint{{Scope: s, Reservation: id, CallNo: c.No, Output: c.MaxOutput}})
		}
	}},
	{"sweeps what has not expired", porttest.Sweeper, "in time", func(f *faulty) {
		f.sweep = func(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
			return f.good.Sweep(ctx, now.Add(time.Minute), limit)
		}
	}},
	{"sweeps without a limit", porttest.Sweeper, "oldest first", func(f *faulty) {
		f.sweep = func(ctx context.Context, now time.Time, _ int) ([]ports.Swept, error) {
			return f.good.Sweep(ctx, now, 1000)
		}
	}},
	{"sweeps the youngest first", porttest.Sweeper, "oldest first", func(f *faulty) {
		f.sweep = func(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
			swept, err := f.good.Sweep(ctx, now, limit)
			slices.Reverse(swept)
			return swept, err
		}
	}},
	{"records a late settlement as a second event", porttest.Sweeper, "late settle", func(f *faulty) {
		var mu sync.Mutex
		swept := map[usage.ReservationID]bool{}
		f.sweep = func(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
			all, err := f.good.Sweep(ctx, now, limit)
			mu.Lock()
			defer mu.Unlock()
			for _, s := range all {
				swept[s.Reservation] = true
			}
			return all, err
		}
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			mu.Lock()
			defer mu.Unlock()
			if swept[id] {
				e.CallNo, e.ChatRequests = e.CallNo+100, 0
			}
			return f.good.Settle(ctx, s, id, e)
		}
	}},
	{"loses a late settlement", porttest.Sweeper, "late settle", func(f *faulty) {
		var mu sync.Mutex
		swept := map[usage.ReservationID]bool{}
		f.sweep = func(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
			all, err := f.good.Sweep(ctx, now, limit)
			mu.Lock()
			defer mu.Unlock()
			for _, s := range all {
				swept[s.Reservation] = true
			}
			return all, err
		}
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			mu.Lock()
			defer mu.Unlock()
			if swept[id] {
				return nil
			}
			return f.good.Settle(ctx, s, id, e)
		}
	}},
	{"does not say what it swept", porttest.Sweeper, "sweep together", func(f *faulty) {
		f.sweep = func(ctx context.Context, now time.Time, limit int) ([]ports.Swept, error) {
			swept, err := f.good.Sweep(ctx, now, limit)
			if len(swept) > 1 {
				swept = swept[1:]
			}
			return swept, err
		}
	}},

	{"leaves out days without usage", porttest.UsageReader, "days", func(f *faulty) {
		f.days = func(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Totals, error) {
			days, err := f.good.Days(ctx, s, first, last)
			return slices.DeleteFunc(days, func(t usage.Totals) bool { return t == usage.Totals{Day: t.Day} && first != last }), err
		}
	}},
	{"reads days by site without the tenant", porttest.UsageReader, "isolation", func(f *faulty) {
		note, find := bySite()
		noting(f, note)
		f.days = func(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Totals, error) {
			return f.good.Days(ctx, find(s), first, last)
		}
	}},
	{"reads events by site without the tenant", porttest.UsageReader, "isolation", func(f *faulty) {
		note, find := bySite()
		noting(f, note)
		f.events = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
			return f.good.Events(ctx, find(s), first, last, after, limit)
		}
	}},
	{"reads adjustments by site without the tenant", porttest.UsageReader, "isolation", func(f *faulty) {
		note, find := bySite()
		noting(f, note)
		f.adjusted = func(ctx context.Context, s tenant.Scope, first, last usage.Day) ([]usage.Adjustment, error) {
			return f.good.Adjustments(ctx, find(s), first, last)
		}
	}},
	{"orders events by their id", porttest.UsageReader, "pages", func(f *faulty) {
		f.events = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
			all, err := f.good.Events(ctx, s, first, last, "", 1000)
			slices.SortFunc(all, func(x, y usage.Event) int { return cmp.Compare(x.ID, y.ID) })
			i := slices.IndexFunc(all, func(e usage.Event) bool { return e.ID == after }) + 1
			return all[i:min(len(all), i+limit)], err
		}
	}},
	{"orders events of several days as they were recorded", porttest.UsageReader, "day by day", func(f *faulty) {
		var mu sync.Mutex
		var recorded []usage.EventID
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			mu.Lock()
			defer mu.Unlock()
			recorded = append(recorded, e.ID)
			return f.good.Settle(ctx, s, id, e)
		}
		f.events = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
			all, err := f.good.Events(ctx, s, first, last, "", 1000)
			mu.Lock()
			defer mu.Unlock()
			slices.SortFunc(all, func(x, y usage.Event) int {
				return cmp.Compare(slices.Index(recorded, x.ID), slices.Index(recorded, y.ID))
			})
			i := slices.IndexFunc(all, func(e usage.Event) bool { return e.ID == after }) + 1
			return all[i:min(len(all), i+limit)], err
		}
	}},
	{"goes by the day alone after an event", porttest.UsageReader, "day by day", func(f *faulty) {
		f.events = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
			if after != "" {
				was, err := f.good.Events(ctx, s, "2026-01-01", "2026-12-31", "", 1000)
				if i := slices.IndexFunc(was, func(e usage.Event) bool { return e.ID == after }); err == nil && i >= 0 && first != last {
					all, err := f.good.Events(ctx, s, first, last, "", 1000)
					all = slices.DeleteFunc(all, func(e usage.Event) bool { return e.Day <= was[i].Day })
					return all[:min(len(all), limit)], err
				}
			}
			return f.good.Events(ctx, s, first, last, after, limit)
		}
	}},
	{"begins a page with the event before", porttest.UsageReader, "pages", func(f *faulty) {
		f.events = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
			all, err := f.good.Events(ctx, s, first, last, "", 1000)
			i := max(0, slices.IndexFunc(all, func(e usage.Event) bool { return e.ID == after }))
			if after != "" && i == len(all)-1 {
				return nil, err
			}
			return all[i:min(len(all), i+limit)], err
		}
	}},
	{"keeps what it returns", porttest.UsageReader, "owned by the caller", func(f *faulty) {
		var mu sync.Mutex
		cache := map[tenant.Scope][]usage.Event{}
		f.events = func(ctx context.Context, s tenant.Scope, first, last usage.Day, after usage.EventID, limit int) ([]usage.Event, error) {
			mu.Lock()
			defer mu.Unlock()
			if kept, ok := cache[s]; ok {
				return kept, nil
			}
			events, err := f.good.Events(ctx, s, first, last, after, limit)
			cache[s] = events
			return events, err
		}
	}},
	{"stores times to the second", porttest.UsageReader, "round trip", func(f *faulty) {
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			e.At = e.At.Truncate(time.Second)
			return f.good.Settle(ctx, s, id, e)
		}
	}},
	{"loses the provider's report", porttest.UsageReader, "round trip", func(f *faulty) {
		f.settle = func(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
			e.RawUsage = ""
			return f.good.Settle(ctx, s, id, e)
		}
	}},
}

func TestUsageSuitesCatch(t *testing.T) {
	for _, b := range brokenLedgers {
		t.Run(b.name, func(t *testing.T) {
			brokentest.Caught(t, b.by, func(t *testing.T) { b.suite(t, openFaulty(b.fault)) })
		})
	}
}

// A suite that fails for a ledger without a fault would catch every one.
func TestUsageSuitesPassWithoutAFault(t *testing.T) {
	open := openFaulty(func(f *faulty) {
		f.replica = func(*testing.T) porttest.UsageStore {
			return porttest.UsageStore{Ledger: f, Checkpointer: f, Sweeper: f, UsageReader: f, NewScope: randomScope}
		}
	})
	porttest.Ledger(t, open)
	porttest.Checkpointer(t, open)
	porttest.Sweeper(t, open)
	porttest.UsageReader(t, open)
}
