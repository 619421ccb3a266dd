package porttest

import (
	"fmt"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// queueAtOnce are about what is refused, whose it is, and what happens at once.
var queueAtOnce = []contractCase[queued]{
	{"all or none", "one hint that cannot be noted keeps all others out", func(f queued) {
		many := make([]ingestion.Hint, ingestion.MaxHints+1)
		for i := range many {
			many[i] = hint(product(fmt.Sprint(i)))
		}
		for what, hints := range map[string][]ingestion.Hint{
			"no kind": {hint(product("1")), {Object: ingestion.Object{ID: "2"}}}, "no id": {hint(product("1")), hint(product(""))},
			"an id that is too long": {hint(product(long(100)))}, "an unknown kind": {hint(ingestion.Object{Kind: 99, ID: "1"})}, "too many": many,
		} {
			f.wantErr("Enqueue, "+what, f.Enqueue(f.Context(), f.a, hints), ports.ErrInvalid)
		}
		f.nothingDue("after refused hints")
		f.must("Enqueue of nothing", f.Enqueue(f.Context(), f.a, nil))
		f.nothingDue("after no hints")
		f.enqueue(f.a, many[:ingestion.MaxHints]...)
		f.want("number", len(f.listed(f.a)), ingestion.MaxHints)
	}},
	{"invalid", "a Take needs a worker, a limit and a time", func(f queued) {
		f.hints(f.a, "1")
		_, err := f.Take(f.Context(), "", 1, jobLease)
		f.wantErr("Take by nobody", err, ports.ErrInvalid)
		for _, limit := range []int{0, -1} {
			_, err = f.Take(f.Context(), "w", limit, jobLease)
			f.wantErr("Take of none", err, ports.ErrInvalid)
		}
		_, err = f.Take(f.Context(), "w", 1, 0)
		f.wantErr("Take for no time", err, ports.ErrInvalid)
		f.one(f.take("w"))
	}},
	{"isolation", "one scope's hints never become another's jobs, and finishing one's own ends no other's", func(f queued) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			f.hints(other, "1")
			f.hints(me, "1")
			f.hints(me, "2")
			f.want("theirs", len(f.listed(other)), 1)
			first, second := f.take("w"), f.take("w")
			if first.Scope == second.Scope {
				f.Fatal("one site was taken twice")
			}
			mine, theirs := first, second
			if mine.Scope != me {
				mine, theirs = second, first
			}
			f.want("mine", names(mine.Jobs), []string{"product:1", "product:2"})
			f.want("theirs", names(theirs.Jobs), []string{"product:1"})
			for _, s := range append(mixed(me, other), other) {
				stolen := mine
				stolen.Scope = s
				if s == other && mine.Lease == theirs.Lease && mine.Worker == theirs.Worker {
					continue // it is their own
				}
				f.wantErr("Finish of another scope's batch", f.Finish(f.Context(), stolen, []ingestion.Outcome{ended(theirs.Jobs[0])}, true, 0), ports.ErrConflict)
			}
			f.finishAll(mine)
			f.want("theirs after mine is finished", len(f.listed(other)), 1)
			f.finishAll(theirs)
			f.clock.Advance(time.Minute)
			for _, s := range mixed(me, other) {
				if err := f.Enqueue(f.Context(), s, []ingestion.Hint{hint(product("9"))}); err != nil {
					f.wantErr("Enqueue of nobody's hint", err, ports.ErrNotFound)
				}
				for _, owner := range []tenant.Scope{me, other} {
					f.want("jobs after a hint of nobody's", len(f.listed(owner)), 0)
				}
			}
			for { // a store without a table of sites has taken them
				b, err := f.Take(f.Context(), "w", 100, jobLease)
				if err != nil {
					break
				}
				f.finishAll(b)
			}
			f.clock.Advance(time.Minute)
		})
	}},
	{"same at once", "hints for one object at once are one job, and none of them is lost", func(f queued) {
		for range rounds / 3 {
			before := f.listed(f.a)["product:1"].Seq
			together(6, func(int) {
				f.wantErr("Enqueue", f.Enqueue(f.Context(), f.a, []ingestion.Hint{hint(product("1"))}), nil)
			})
			if got := f.listed(f.a)["product:1"].Seq; got < before+6 {
				f.Fatalf("Seq is %d after six hints on %d", got, before)
			}
		}
		f.one(f.take("w"))
	}},
	{"hint or finish", "a hint that comes while its predecessor is being finished stays pending", func(f queued) {
		f.hints(f.a, "1")
		for round := range rounds {
			b := f.take("w")
			together(2, func(i int) {
				if i == round%2 {
					f.wantErr("Finish", f.Finish(f.Context(), b, []ingestion.Outcome{ended(b.Jobs[0])}, true, 0), nil)
					return
				}
				f.wantErr("Enqueue", f.Enqueue(f.Context(), f.a, []ingestion.Hint{hint(product("1"))}), nil)
			})
			f.clock.Advance(ingestion.Quiet)
		}
		f.one(f.take("w"))
	}},
	{"not kept", "slices passed in are not kept, those returned belong to the caller", func(f queued) {
		h := ingestion.Hint{Object: product("1"), Payload: []byte("payload")}
		f.enqueue(f.a, h)
		copy(h.Payload, "changed")
		for range 2 {
			b := f.take("w")
			f.want("payload", string(f.one(b).Payload), "payload")
			copy(b.Jobs[0].Payload, "changed")
			f.finish(b, true)
		}
	}},
	{"no scope", "an incomplete scope is refused", func(f queued) {
		for _, s := range incomplete(f.a) {
			f.wantErr("Enqueue", f.Enqueue(f.Context(), s, []ingestion.Hint{hint(product("1"))}), tenant.ErrNoScope)
			f.wantErr("Finish", f.Finish(f.Context(), ports.Batch{Scope: s, Worker: "w", Lease: 1}, nil, true, 0), tenant.ErrNoScope)
		}
		f.nothingDue("after refused hints")
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f queued) {
		f.wantErr("Enqueue", f.Enqueue(f.done(), f.a, []ingestion.Hint{hint(product("1"))}), f.done().Err())
		f.nothingDue("after it")
		f.hints(f.a, "1")
		_, err := f.Take(f.done(), "w", 1, jobLease)
		f.wantErr("Take", err, f.done().Err())
		b := f.take("w")
		f.wantErr("Finish", f.Finish(f.done(), b, []ingestion.Outcome{ended(b.Jobs[0])}, true, 0), f.done().Err())
		f.nothingDue("after it")
	}},
	{"replica", "all processes see one queue: a hint of one is taken by another, once", func(f queued) {
		if f.Replica == nil {
			f.Skip("the store lives in one process")
		}
		there := f.Replica(f.T)
		f.hints(f.a, "1")
		b, err := there.Take(f.Context(), "there", 10, jobLease)
		f.must("Take by another process", err)
		f.want("jobs", names(b.Jobs), []string{"product:1"})
		f.nothingDue("of what another process has")
		f.hints(f.a, "2")
		f.must("Finish", there.Finish(f.Context(), b, []ingestion.Outcome{ended(b.Jobs[0])}, true, 0))
		f.want("what came meanwhile", names(f.take("here").Jobs), []string{"product:2"})
	}},
}
