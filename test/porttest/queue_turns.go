package porttest

import (
	"errors"
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// queueTurns are about whose turn it is, and what comes of it.
var queueTurns = []contractCase[queued]{
	{"one worker", "a site whose lease runs is not taken again, whatever else of it becomes due", func(f queued) {
		f.hints(f.a, "1", "2")
		b, err := f.Take(f.Context(), "w1", 1, jobLease)
		f.must("Take", err)
		f.one(b)
		f.nothingDue("while the site is leased")
		f.hints(f.a, "3")
		f.nothingDue("of a hint that came meanwhile")
		f.hints(f.b, "1")
		f.want("the other site", f.take("w2").Scope, f.b)
		f.finishAll(b)
		f.want("after it was given back", names(f.take("w2").Jobs), []string{"product:2", "product:3"})
	}},
	{"together", "of many workers at once each gets a site of its own", func(f queued) {
		for range rounds / 6 {
			sites := map[tenant.Scope]bool{f.a: true, f.b: true}
			f.hints(f.a, "1", "2")
			f.hints(f.b, "1")
			got := make([]ports.Batch, 6)
			together(len(got), func(i int) {
				b, err := f.Take(f.Context(), fmt.Sprint("w", i), 100, jobLease)
				if err != nil && !errors.Is(err, ports.ErrNotFound) {
					f.Errorf("Take: %v", err)
				}
				got[i] = b
			})
			for _, b := range got {
				if b.Lease == 0 {
					continue
				}
				if !sites[b.Scope] {
					f.Fatal("two workers have one site")
				}
				delete(sites, b.Scope)
				f.finishAll(b)
			}
			// A store may let go of a site that somebody else is just looking at.
			for len(sites) > 0 {
				b := f.take("late")
				delete(sites, b.Scope)
				f.finishAll(b)
			}
			f.clock.Advance(ingestion.Quiet)
		}
	}},
	{"lease runs out", "the site of a worker that died is taken by another after its lease, with all that was not finished", func(f queued) {
		f.hints(f.b, "1")
		f.take("w1")
		f.clock.Advance(jobLease)
		f.finishAll(f.take("w2"))
		f.hints(f.a, "1", "2")
		dead := f.take("w1")
		f.finish(dead, false, ended(dead.Jobs[0]))
		f.clock.Advance(jobLease - time.Microsecond)
		f.nothingDue("a moment before the lease runs out")
		f.clock.Advance(time.Microsecond)
		b := f.take("w2")
		f.want("what is left", names(b.Jobs), []string{"product:2"})
		f.want("Attempts", b.Jobs[0].Attempts, 0)
		if b.Lease <= dead.Lease {
			f.Errorf("the lease is %d after %d: it must grow", b.Lease, dead.Lease)
		}
	}},
	{"renew", "a lease that is renewed runs from then on, also with nothing to tell", func(f queued) {
		f.hints(f.a, "1")
		b := f.take("w1")
		for range 5 {
			f.clock.Advance(jobLease - time.Second)
			f.finish(b, false)
			f.nothingDue("while the lease is renewed")
		}
		// Late, but nobody else came.
		f.clock.Advance(2 * jobLease)
		f.finish(b, false)
		f.nothingDue("after it was renewed late")
		f.finishAll(b)
		f.nothingDue("after all is done")
	}},
	{"stale lease", "who has lost the lease can note nothing, neither give the site back nor renew it", func(f queued) {
		f.hints(f.a, "1")
		old := f.take("w1")
		f.clock.Advance(jobLease)
		b := f.take("w2")
		for _, release := range []bool{true, false} {
			f.wantErr("Finish by the old worker", f.Finish(f.Context(), old, []ingestion.Outcome{ended(old.Jobs[0])}, release, jobLease), ports.ErrConflict)
			f.nothingDue("after the old worker's Finish")
		}
		same := old
		same.Worker = "w2"
		f.wantErr("Finish of an older lease of the same worker", f.Finish(f.Context(), same, nil, true, 0), ports.ErrConflict)
		other := b
		other.Worker = "w1"
		f.wantErr("Finish in another's name", f.Finish(f.Context(), other, nil, true, 0), ports.ErrConflict)
		f.want("still pending", len(f.listed(f.a)), 1)
		f.finishAll(b)
		f.want("pending", len(f.listed(f.a)), 0)
	}},
	{"again", "Finish may be repeated: what is not there is skipped; but who has given the site back cannot renew", func(f queued) {
		f.hints(f.a, "1", "2")
		b := f.take("w")
		gone := ingestion.Outcome{Object: product("77"), Seq: 1}
		f.finish(b, false, ended(b.Jobs[0]), gone)
		f.finish(b, false, ended(b.Jobs[0]), gone)
		f.hints(f.a, "1")
		f.finish(b, true, ended(b.Jobs[0]), ended(b.Jobs[1]))
		f.finish(b, true, ended(b.Jobs[0]), ended(b.Jobs[1]))
		f.wantErr("Finish that renews what was given back", f.Finish(f.Context(), b, nil, false, jobLease), ports.ErrConflict)
		f.clock.Advance(ingestion.Quiet)
		next := f.take("w")
		f.want("the newer hint", names(next.Jobs), []string{"product:1"})
		f.wantErr("Finish of the batch before", f.Finish(f.Context(), b, []ingestion.Outcome{ended(next.Jobs[0])}, true, 0), ports.ErrConflict)
	}},
	{"failure", "a failed job waits until Again, and remembers why and how often; without Again it is dead", func(f queued) {
		f.hints(f.a, "1", "2")
		for n := 1; n <= 3; n++ {
			b := f.take("w")
			again := f.clock.Now().Add(time.Duration(n) * time.Minute)
			for i, j := range b.Jobs {
				if i == 0 {
					f.want("Attempts", j.Attempts, n-1)
				}
			}
			f.finish(b, true, failed(b.Jobs[0], again))
			if n == 1 {
				next := f.take("w") // the other one does not wait
				f.want("the other", names(next.Jobs), []string{"product:2"})
				f.finishAll(next)
			}
			f.clock.Advance(again.Sub(f.clock.Now()) - time.Microsecond)
			f.nothingDue("before Again")
			f.clock.Advance(time.Microsecond)
		}
		b := f.take("w")
		got := f.one(b)
		f.want("Attempts", got.Attempts, 3)
		f.want("Error", got.Error, "the shop said "+awkward)
		f.want("Hinted", got.Hinted, start())
		f.finish(b, true, failed(got, time.Time{}))
		f.clock.Advance(1000 * time.Hour)
		f.nothingDue("of a dead letter")
		dead := f.listed(f.a)["product:1"]
		f.want("Dead", dead.Dead, true)
		f.want("Attempts", dead.Attempts, 4)
	}},
	{"go on", "work that is not done goes on at Again, and is no failure", func(f queued) {
		f.enqueue(f.a, hint(task(ingestion.Sweep)))
		b := f.take("w")
		f.finish(b, true, failed(f.one(b), f.clock.Now().Add(time.Minute)))
		f.clock.Advance(time.Minute)
		b = f.take("w")
		f.finish(b, true, ingestion.Outcome{Object: task(ingestion.Sweep), Seq: f.one(b).Seq, Again: f.clock.Now()})
		b = f.take("w")
		f.want("Attempts", f.one(b).Attempts, 0)
		f.want("Error", f.one(b).Error, "")
		f.finish(b, true, ingestion.Outcome{Object: task(ingestion.Sweep), Seq: f.one(b).Seq, Again: elsewhere(f.clock.Now().Add(time.Hour))})
		f.nothingDue("before Again")
		f.want("Due", f.listed(f.a)["task:sweep"].Due, f.clock.Now().Add(time.Hour))
		f.clock.Advance(time.Hour)
		f.one(f.take("w"))
	}},
	{"dead lives", "a hint for a dead letter makes it live again, with no attempts counted", func(f queued) {
		f.hints(f.a, "1")
		for range 3 {
			b := f.take("w")
			f.want("Attempts", f.one(b).Attempts, 0)
			f.want("Error", f.one(b).Error, "")
			f.finish(b, true, failed(f.one(b), time.Time{}))
			f.nothingDue("of a dead letter")
			f.clock.Advance(time.Hour)
			f.hints(f.a, "1")
		}
	}},
	{"turns", "a site with much to do does not keep another waiting: after its turn it goes to the end", func(f queued) {
		for i := range 30 {
			f.enqueue(f.a, ingestion.Hint{Object: product(fmt.Sprint(i)), Due: start().Add(-time.Hour)})
		}
		f.hints(f.b, "1", "2", "3", "4")
		var order []string
		for range 8 {
			f.clock.Advance(time.Millisecond)
			b, err := f.Take(f.Context(), "w", 1, jobLease)
			f.must("Take", err)
			who := "a"
			if b.Scope == f.b {
				who = "b"
			}
			order = append(order, who)
			f.clock.Advance(time.Millisecond)
			f.finishAll(b)
		}
		f.want("turns", order, []string{"a", "b", "a", "b", "a", "b", "a", "b"})
	}},
	{"longest first", "the site that has waited longest is taken first, whoever was hinted first", func(f queued) {
		f.enqueue(f.a, ingestion.Hint{Object: product("1"), Due: start().Add(2 * time.Minute)})
		f.enqueue(f.b, ingestion.Hint{Object: product("1"), Due: start().Add(time.Minute)})
		f.clock.Advance(time.Hour)
		first := f.take("w")
		f.want("first", first.Scope, f.b)
		f.want("second", f.take("w").Scope, f.a)
	}},
	{"order", "the jobs of a batch are in the order of their dues, and no more than asked for", func(f queued) {
		for i, minutes := range []int{3, 1, 2, 5} {
			f.enqueue(f.a, ingestion.Hint{Object: product(fmt.Sprint(i)), Due: start().Add(time.Duration(minutes) * time.Minute)})
		}
		f.clock.Advance(4 * time.Minute)
		b, err := f.Take(f.Context(), "w", 2, jobLease)
		f.must("Take", err)
		f.want("the first two", names(b.Jobs), []string{"product:1", "product:2"})
		f.finish(b, true)
		f.want("all that are due", names(f.take("w").Jobs), []string{"product:1", "product:2", "product:0"})
	}},
	{"a task's place", "the oldest due task has a place in a batch, however many products are due before it", func(f queued) {
		for i := range 5 {
			f.enqueue(f.a, ingestion.Hint{Object: product(fmt.Sprint(i)), Due: start().Add(time.Duration(i-60) * time.Minute)})
		}
		for name, due := range map[string]time.Duration{ingestion.Sweep: -time.Second, ingestion.Poll: -time.Minute, ingestion.Diff: time.Hour} {
			f.enqueue(f.a, ingestion.Hint{Object: task(name), Due: start().Add(due)})
		}
		take := func(limit int, want ...string) ports.Batch {
			f.Helper()
			b, err := f.Take(f.Context(), "w", limit, jobLease)
			f.must("Take", err)
			f.want(fmt.Sprint("of ", limit), names(b.Jobs), want)
			return b
		}
		// Nothing comes of any of them: they are as due as before.
		f.finish(take(1, "product:0"), true)
		f.finish(take(2, "product:0", "task:poll"), true)
		f.finish(take(3, "product:0", "product:1", "task:poll"), true)
		f.finish(take(6, "product:0", "product:1", "product:2", "product:3", "product:4", "task:poll"), true)
		b := take(100, "product:0", "product:1", "product:2", "product:3", "product:4", "task:poll", "task:sweep")
		f.finish(b, true, ended(b.Jobs[5]))
		b = take(5, "product:0", "product:1", "product:2", "product:3", "task:sweep")
		f.finish(b, true, ended(b.Jobs[4]))
		// Neither one that is done or for later, nor another site's, takes a place.
		f.enqueue(f.b, ingestion.Hint{Object: task(ingestion.Poll), Due: start().Add(-time.Hour)})
		f.want("the other site", f.take("w2").Scope, f.b)
		f.finish(take(4, "product:0", "product:1", "product:2", "product:3"), true)
	}},
	{"rest", "a site that was given back to rest is not taken before, whatever comes meanwhile", func(f queued) {
		f.hints(f.a, "1")
		b := f.take("w")
		f.must("Finish", f.Finish(f.Context(), b, nil, true, time.Minute))
		f.hints(f.a, "1", "2")
		f.clock.Advance(time.Minute - time.Microsecond)
		f.nothingDue("while the site rests")
		f.hints(f.b, "1")
		f.want("the other site", f.take("w").Scope, f.b)
		f.clock.Advance(time.Microsecond)
		b = f.take("w")
		f.want("after it", names(b.Jobs), []string{"product:1", "product:2"})
		f.want("Attempts", b.Jobs[0].Attempts, 0)
		f.finishAll(b)
		f.hints(f.a, "3")
		f.one(f.take("w"))
	}},
}
