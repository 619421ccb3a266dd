package porttest

import (
	"fmt"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Jobs runs the contract of ports.Jobs; it needs Queue and Jobs. open as in
// Queue.
func Jobs(t *testing.T, open func(t *testing.T, now ports.Clock) QueueStore) {
	t.Helper()
	runCases(t, jobCases, queueFixture(open))
}

// kill makes dead letters of the site's products, all of which are due.
func (f queued) kill(s tenant.Scope, ids ...string) {
	f.Helper()
	f.hints(s, ids...)
	b := f.take("w")
	f.want("Scope", b.Scope, s)
	var all []ingestion.Outcome
	for _, j := range b.Jobs {
		all = append(all, failed(j, time.Time{}))
	}
	f.finish(b, true, all...)
}

func (f queued) change(s tenant.Scope, a ingestion.Action, want int, objects ...ingestion.Object) {
	f.Helper()
	n, err := f.Change(f.Context(), s, a, objects)
	f.must("Change", err)
	f.want("changed", n, want)
}

func (f queued) wantDepth(what string, want ingestion.Depth) {
	f.Helper()
	got, err := f.Depth(f.Context())
	f.must("Depth", err)
	f.want("Depth, "+what, got, want)
}

var jobCases = []contractCase[queued]{
	{"pages", "jobs are listed in the byte order of their objects' names, page after page, dead and later ones too, without payloads", func(f queued) {
		got, err := f.Jobs.Jobs(f.Context(), f.a, "", 10)
		f.wantNone("Jobs of nothing", got, err)
		f.kill(f.a, "9")
		f.enqueue(f.a,
			ingestion.Hint{Object: task(ingestion.Poll), Due: start().Add(time.Hour)},
			ingestion.Hint{Object: product("10"), Payload: []byte("payload"), Modified: start()},
			hint(product("100")), hint(product("Z")), hint(product("a")), hint(product("é")))
		want := []string{"product:10", "product:100", "product:9", "product:Z", "product:a", "product:é", "task:poll"}
		var all []string
		for after := ""; ; {
			page, err := f.Jobs.Jobs(f.Context(), f.a, after, 3)
			f.must("Jobs", err)
			if len(page) > 3 {
				f.Fatalf("a page of %d jobs, want at most 3", len(page))
			}
			for _, j := range page {
				all, after = append(all, j.Object.String()), j.Object.String()
				f.want("payload", len(j.Payload), 0)
			}
			if len(page) == 0 {
				break
			}
		}
		f.want("jobs", all, want)
		dead := f.listed(f.a)["product:9"]
		f.want("the dead one", dead, ingestion.Job{
			Object: product("9"), Seq: dead.Seq, Attempts: 1, Hinted: start(), Due: start(), Dead: true, Error: "the shop said " + awkward,
		})
		f.want("Modified", f.listed(f.a)["product:10"].Modified, start())
		got, err = f.Jobs.Jobs(f.Context(), f.a, "", 0)
		f.wantNone("a limit of 0", got, err)
		after, err := f.Jobs.Jobs(f.Context(), f.a, "task:", 10)
		f.must("Jobs", err)
		f.want("after what is not there", names(after), []string{"task:poll"})
	}},
	{"finished", "what is finished is listed no more, and an operator cannot name it", func(f queued) {
		f.hints(f.a, "1")
		f.finishAll(f.take("w"))
		f.want("jobs", len(f.listed(f.a)), 0)
		for _, a := range []ingestion.Action{ingestion.Retry, ingestion.Drop} {
			_, err := f.Change(f.Context(), f.a, a, []ingestion.Object{product("1")})
			f.wantErr("Change", err, ports.ErrNotFound)
		}
		f.wantDepth("of nothing", ingestion.Depth{})
	}},
	{"retry", "Retry makes dead jobs, or those named, due at once with no attempts counted, and the site rests no longer", func(f queued) {
		f.kill(f.a, "1", "2", "3")
		f.clock.Advance(time.Minute)
		f.change(f.a, ingestion.Retry, 1, product("2"))
		b := f.take("w")
		got := f.one(b)
		f.want("job", got, ingestion.Job{Object: product("2"), Seq: got.Seq, Hinted: start(), Due: f.clock.Now()})
		f.finish(b, true, failed(got, f.clock.Now().Add(time.Hour)))
		f.change(f.a, ingestion.Retry, 1, product("2")) // it is not dead, but waits
		b = f.take("w")
		f.want("named", names(b.Jobs), []string{"product:2"})
		f.must("Finish", f.Finish(f.Context(), b, nil, true, time.Hour))
		f.nothingDue("while the site rests")
		f.clock.Advance(time.Second)
		f.change(f.a, ingestion.Retry, 2)
		f.want("all dead ones", names(f.take("w").Jobs), []string{"product:2", "product:1", "product:3"})
	}},
	{"retry of none", "Retry of a site without dead letters changes no job, and ends its rest", func(f queued) {
		f.hints(f.a, "1")
		b := f.take("w")
		f.must("Finish", f.Finish(f.Context(), b, nil, true, time.Hour))
		f.change(f.a, ingestion.Retry, 0)
		f.one(f.take("w"))
		f.change(f.b, ingestion.Retry, 0)
	}},
	{"drop", "Drop forgets dead jobs, or those named, until the next hint; a worker that has one changes nothing any more", func(f queued) {
		f.kill(f.a, "1", "2", "3")
		f.hints(f.a, "4", "5")
		f.change(f.a, ingestion.Drop, 2, product("1"), product("4"))
		b := f.take("w")
		f.want("what is left to do", names(b.Jobs), []string{"product:5"})
		f.change(f.a, ingestion.Drop, 1, product("5"))
		f.hints(f.a, "5")
		f.finish(b, true, ended(b.Jobs[0]))
		f.clock.Advance(ingestion.Quiet)
		f.want("the hint after it", names(f.take("w").Jobs), []string{"product:5"})
		f.change(f.a, ingestion.Drop, 2)
		f.want("left", len(f.listed(f.a)), 1)
		f.clock.Advance(time.Hour)
		f.hints(f.a, "1")
		f.want("attempts of a new job", f.listed(f.a)["product:1"].Attempts, 0)
	}},
	{"all or none", "if one that is named is not there, nothing is changed; an action that is none is refused", func(f queued) {
		f.kill(f.a, "1")
		for _, a := range []ingestion.Action{ingestion.Retry, ingestion.Drop} {
			n, err := f.Change(f.Context(), f.a, a, []ingestion.Object{product("1"), product("2")})
			f.wantErr("Change", err, ports.ErrNotFound)
			f.want("changed", n, 0)
			f.want("Dead", f.listed(f.a)["product:1"].Dead, true)
		}
		for _, a := range []ingestion.Action{0, 99} {
			_, err := f.Change(f.Context(), f.a, a, nil)
			f.wantErr("Change", err, ports.ErrInvalid)
		}
	}},
	{"depth", "Depth counts what waits in all sites, tasks for later left out, and tells the oldest that is due", func(f queued) {
		f.wantDepth("of nothing", ingestion.Depth{})
		f.kill(f.a, "1", "2")
		f.wantDepth("of dead letters", ingestion.Depth{Dead: 2})
		f.enqueue(f.b,
			ingestion.Hint{Object: task(ingestion.Poll), Due: start().Add(time.Hour)},
			ingestion.Hint{Object: product("1"), Due: start().Add(time.Minute)})
		f.wantDepth("of what is due later", ingestion.Depth{Pending: 1, Dead: 2})
		f.clock.Advance(time.Second)
		f.hints(f.a, "3")
		f.wantDepth("of what is due", ingestion.Depth{Pending: 2, Dead: 2, Oldest: start().Add(time.Second)})
		f.clock.Advance(time.Hour)
		f.wantDepth("an hour later", ingestion.Depth{Pending: 3, Dead: 2, Oldest: start().Add(time.Second)})
		f.finishAll(f.take("w"))
		f.wantDepth("after one was done", ingestion.Depth{Pending: 2, Dead: 2, Oldest: start().Add(time.Minute)})
	}},
	{"isolation", "one scope neither sees nor changes another's jobs", func(f queued) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			f.kill(other, "1")
			f.kill(me, "1")
			f.kill(me, "2")
			f.want("mine", len(f.listed(me)), 2)
			_, err := f.Change(f.Context(), other, ingestion.Retry, []ingestion.Object{product("2")})
			f.wantErr("Retry of what only the other has", err, ports.ErrNotFound)
			_, err = f.Change(f.Context(), other, ingestion.Drop, []ingestion.Object{product("2")})
			f.wantErr("Drop of what only the other has", err, ports.ErrNotFound)
			for _, s := range mixed(me, other) {
				list, err := f.Jobs.Jobs(f.Context(), s, "", 10)
				f.wantNone("Jobs of nobody", list, err)
				for _, a := range []ingestion.Action{ingestion.Retry, ingestion.Drop} {
					n, err := f.Change(f.Context(), s, a, nil)
					f.must("Change of nobody's", err)
					f.want("changed", n, 0)
				}
			}
			f.nothingDue("after others' retries")
			f.change(me, ingestion.Drop, 2)
			f.want("theirs", len(f.listed(other)), 1)
			f.want("still dead", f.listed(other)["product:1"].Dead, true)
			f.change(other, ingestion.Drop, 1)
		})
	}},
	{"no scope", "an incomplete scope is refused", func(f queued) {
		for _, s := range incomplete(f.a) {
			_, err := f.Jobs.Jobs(f.Context(), s, "", 10)
			f.wantErr("Jobs", err, tenant.ErrNoScope)
			_, err = f.Change(f.Context(), s, ingestion.Drop, nil)
			f.wantErr("Change", err, tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f queued) {
		f.kill(f.a, "1")
		_, err := f.Jobs.Jobs(f.done(), f.a, "", 10)
		f.wantErr("Jobs", err, f.done().Err())
		_, err = f.Change(f.done(), f.a, ingestion.Drop, nil)
		f.wantErr("Change", err, f.done().Err())
		_, err = f.Depth(f.done())
		f.wantErr("Depth", err, f.done().Err())
		f.want("jobs", len(f.listed(f.a)), 1)
	}},
}

// Leases runs the contract of ports.Leases; it needs Leases. open as in Queue.
func Leases(t *testing.T, open func(t *testing.T, now ports.Clock) QueueStore) {
	t.Helper()
	runCases(t, leaseCases, queueFixture(open))
}

func (f queued) hold(holder string, want bool) {
	f.Helper()
	got, err := f.Hold(f.Context(), "planner", holder, jobLease)
	f.must("Hold", err)
	f.want("Hold by "+holder, got, want)
}

var leaseCases = []contractCase[queued]{
	{"one holder", "who has a lease keeps it until it runs out, and others do not get it", func(f queued) {
		f.hold("p1", true)
		f.hold("p2", false)
		f.hold("p1", true)
		f.clock.Advance(jobLease - time.Microsecond)
		f.hold("p2", false)
		f.clock.Advance(time.Microsecond)
		f.hold("p2", true)
		f.hold("p1", false)
	}},
	{"renew", "Hold by the holder renews from then on, also after the lease ran out", func(f queued) {
		f.hold("p1", true)
		for range 3 {
			f.clock.Advance(jobLease - time.Second)
			f.hold("p1", true)
		}
		f.hold("p2", false)
		f.clock.Advance(2 * jobLease)
		f.hold("p1", true)
		f.hold("p2", false)
		// Who asked in vain has shortened or lengthened nothing.
		f.clock.Advance(jobLease)
		f.hold("p2", true)
	}},
	{"yield", "Yield by the holder frees the lease at once; by anybody else it changes nothing; it may be repeated", func(f queued) {
		f.must("Yield of nothing", f.Yield(f.Context(), "planner", "p1"))
		f.hold("p1", true)
		f.must("Yield by another", f.Yield(f.Context(), "planner", "p2"))
		f.hold("p2", false)
		f.must("Yield of another name", f.Yield(f.Context(), "other", "p1"))
		f.hold("p2", false)
		for range 2 {
			f.must("Yield", f.Yield(f.Context(), "planner", "p1"))
		}
		f.hold("p2", true)
		f.must("Yield by who had it", f.Yield(f.Context(), "planner", "p1"))
		f.hold("p1", false)
	}},
	{"names", "each name is a lease of its own", func(f queued) {
		f.hold("p1", true)
		for _, name := range []string{"Planner", "planner ", awkward} {
			got, err := f.Hold(f.Context(), name, "p2", jobLease)
			f.must("Hold", err)
			f.want("Hold of "+name, got, true)
		}
		f.hold("p2", false)
	}},
	{"together", "of many who ask at once one gets the lease", func(f queued) {
		for round := range rounds / 3 {
			got := make([]bool, 6)
			together(len(got), func(i int) {
				var err error
				got[i], err = f.Hold(f.Context(), "planner", fmt.Sprint(round, ".", i), jobLease)
				f.wantErr("Hold", err, nil)
			})
			n := 0
			for _, ok := range got {
				if ok {
					n++
				}
			}
			f.want("holders", n, 1)
			f.clock.Advance(jobLease)
		}
	}},
	{"invalid", "a lease needs a name, a holder and a time", func(f queued) {
		for _, c := range []struct {
			name, holder string
			ttl          time.Duration
		}{{"", "p", 1}, {"n", "", 1}, {"n", "p", 0}} {
			_, err := f.Hold(f.Context(), c.name, c.holder, c.ttl)
			f.wantErr(fmt.Sprintf("Hold %+v", c), err, ports.ErrInvalid)
		}
	}},
	{"done context", "a done context ends the call, and nothing is changed", func(f queued) {
		_, err := f.Hold(f.done(), "planner", "p1", jobLease)
		f.wantErr("Hold", err, f.done().Err())
		f.hold("p2", true)
		f.wantErr("Yield", f.Yield(f.done(), "planner", "p2"), f.done().Err())
		f.hold("p1", false)
	}},
	{"replica", "all processes share one lease", func(f queued) {
		if f.Replica == nil {
			f.Skip("the store lives in one process")
		}
		f.hold("p1", true)
		got, err := f.Replica(f.T).Hold(f.Context(), "planner", "p2", jobLease)
		f.must("Hold by another process", err)
		f.want("Hold", got, false)
	}},
}
