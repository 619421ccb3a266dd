package porttest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// QueueStore is what an adapter's test gives to the suites Queue, Jobs and
// Leases. Each says which of the ports it needs; the others may be nil.
type QueueStore struct {
	ports.Queue
	ports.Jobs
	ports.Leases
	// NewScope returns the scope of a site that the store knows, of a tenant of
	// its own.
	NewScope func(t *testing.T) tenant.Scope
	// Replica returns the same store as another process sees it; nil if the
	// store lives in one process.
	Replica func(t *testing.T) QueueStore
}

// Queue runs the contract of ports.Queue; it needs Queue and Jobs. open returns
// an empty store that tells the time by now; it is called once for each case.
func Queue(t *testing.T, open func(t *testing.T, now ports.Clock) QueueStore) {
	t.Helper()
	runCases(t, slices.Concat(queueCases, queueTurns, queueAtOnce), queueFixture(open))
}

// jobLease is how long a case leases a site for.
const jobLease = 30 * time.Second

type queued struct {
	storeT
	QueueStore
	clock *Clock
	a, b  tenant.Scope
}

func queueFixture(open func(t *testing.T, now ports.Clock) QueueStore) func(t *testing.T) queued {
	return func(t *testing.T) queued {
		clock := NewClock(start())
		f := queued{storeT: storeT{t}, QueueStore: open(t, clock.Now), clock: clock}
		if f.NewScope != nil {
			f.a, f.b = f.NewScope(t), f.NewScope(t)
		}
		return f
	}
}

func product(id string) ingestion.Object {
	return ingestion.Object{Kind: ingestion.Product, ID: id}
}

func task(name string) ingestion.Object { return ingestion.Object{Kind: ingestion.Task, ID: name} }

func hint(o ingestion.Object) ingestion.Hint { return ingestion.Hint{Object: o} }

func (f queued) enqueue(s tenant.Scope, hints ...ingestion.Hint) {
	f.Helper()
	f.must("Enqueue", f.Enqueue(f.Context(), s, hints))
}

// hints enqueues one hint for each product.
func (f queued) hints(s tenant.Scope, ids ...string) {
	f.Helper()
	for _, id := range ids {
		f.enqueue(s, hint(product(id)))
	}
}

func (f queued) take(worker string) ports.Batch {
	f.Helper()
	b, err := f.Take(f.Context(), worker, 100, jobLease)
	f.must("Take", err)
	f.want("Worker", b.Worker, worker)
	return b
}

func (f queued) nothingDue(what string) {
	f.Helper()
	b, err := f.Take(f.Context(), "somebody", 100, jobLease)
	if !errors.Is(err, ports.ErrNotFound) {
		f.Fatalf("Take, %s: got %s, error %v, want ErrNotFound", what, brief(b), err)
	}
}

func (f queued) finish(b ports.Batch, release bool, outcomes ...ingestion.Outcome) {
	f.Helper()
	d := jobLease
	if release {
		d = 0
	}
	f.must("Finish", f.Finish(f.Context(), b, outcomes, release, d))
}

// finishAll ends all jobs of b and gives the site back.
func (f queued) finishAll(b ports.Batch) {
	f.Helper()
	var all []ingestion.Outcome
	for _, j := range b.Jobs {
		all = append(all, ended(j))
	}
	f.finish(b, true, all...)
}

func ended(j ingestion.Job) ingestion.Outcome {
	return ingestion.Outcome{Object: j.Object, Seq: j.Seq}
}

func failed(j ingestion.Job, again time.Time) ingestion.Outcome {
	return ingestion.Outcome{Object: j.Object, Seq: j.Seq, Err: "the shop said " + awkward, Again: again}
}

// one returns the only job of b.
func (f queued) one(b ports.Batch) ingestion.Job {
	f.Helper()
	if len(b.Jobs) != 1 {
		f.Fatalf("the batch has %d jobs, want 1: %s", len(b.Jobs), brief(b))
	}
	return b.Jobs[0]
}

func names(jobs []ingestion.Job) []string {
	var list []string
	for _, j := range jobs {
		list = append(list, j.Object.String())
	}
	return list
}

// listed returns all jobs of a site by their names.
func (f queued) listed(s tenant.Scope) map[string]ingestion.Job {
	f.Helper()
	list, err := f.Jobs.Jobs(f.Context(), s, "", 10_000)
	f.must("Jobs", err)
	all := map[string]ingestion.Job{}
	for _, j := range list {
		all[j.Object.String()] = j
	}
	return all
}

// queueCases are about hints and the jobs that they are.
var queueCases = []contractCase[queued]{
	{"round trip", "a hint is taken as a job with all that it says, its times in UTC, by the scope that it is of", func(f queued) {
		f.nothingDue("of an empty queue")
		at := start().Add(-time.Hour)
		f.enqueue(f.a, ingestion.Hint{Object: product("44"), Due: elsewhere(at), Payload: []byte(awkward + "\x00\xff"), Modified: elsewhere(at.Add(time.Microsecond))})
		b := f.take("w")
		f.want("Scope", b.Scope, f.a)
		f.want("Taken", b.Taken, start())
		got := f.one(b)
		f.wantNoZero(got, "Attempts", "Dead", "Error")
		f.want("job", got, ingestion.Job{
			Object: product("44"), Payload: []byte(awkward + "\x00\xff"), Modified: at.Add(time.Microsecond), Seq: got.Seq, Hinted: start(), Due: at,
		})
		big := ingestion.Hint{Object: task(ingestion.Import), Payload: []byte(long(1 << 20)), Modified: at}
		f.enqueue(f.b, big, hint(product("9223372036854775807")))
		jobs := f.take("w").Jobs
		f.want("number", len(jobs), 2)
		f.sound()
		f.want("a large payload", string(jobs[1].Payload) == string(big.Payload), true)
		f.want("no payload", len(jobs[0].Payload), 0)
		f.want("no time", jobs[0].Modified, time.Time{})
	}},
	{"coalesce", "hints for one object that waits are one job, whose Seq grows, and which is as old as the oldest", func(f queued) {
		f.hints(f.a, "44")
		first := f.listed(f.a)["product:44"]
		f.clock.Advance(time.Minute)
		f.hints(f.a, "44", "44")
		same := make([]ingestion.Hint, ingestion.MaxHints)
		for i := range same {
			same[i] = hint(product("44"))
		}
		f.enqueue(f.a, same...)
		got := f.one(f.take("w"))
		if got.Seq <= first.Seq {
			f.Errorf("Seq is %d after %d: it must grow with each hint", got.Seq, first.Seq)
		}
		f.want("Hinted", got.Hinted, first.Hinted)
		f.want("Due", got.Due, first.Due)
	}},
	{"earlier", "of two dues the earlier one holds; what is due later is not taken before", func(f queued) {
		in := func(d time.Duration) ingestion.Hint {
			return ingestion.Hint{Object: task(ingestion.Poll), Due: f.clock.Now().Add(d)}
		}
		f.enqueue(f.a, in(time.Hour))
		f.nothingDue("an hour before")
		f.enqueue(f.a, in(time.Minute))
		f.enqueue(f.a, in(2*time.Hour))
		f.clock.Advance(time.Minute - time.Microsecond)
		f.nothingDue("a moment before")
		f.clock.Advance(time.Microsecond)
		f.want("Due", f.one(f.take("w")).Due, start().Add(time.Minute))
	}},
	{"payload", "of several payloads the one of the latest change is kept, of equals the last, and a hint without one takes none away", func(f queued) {
		with := func(text string, at time.Duration) ingestion.Hint {
			return ingestion.Hint{Object: product("44"), Payload: []byte(text), Modified: start().Add(at)}
		}
		want := func(what, text string) {
			f.Helper()
			b := f.take("w")
			f.want(what, string(f.one(b).Payload), text)
			f.finishAll(b)
			f.clock.Advance(ingestion.Quiet)
		}
		f.enqueue(f.a, with("new", time.Second))
		f.enqueue(f.a, with("old", 0))
		want("the older came later", "new")
		f.enqueue(f.a, with("old", 0), with("new", time.Second), with("same time", time.Second), hint(product("44")))
		want("the last of equals", "same time")
		f.enqueue(f.a, hint(product("44")), with("first", -time.Hour))
		want("the only one", "first")
		// What was finished is of no account.
		f.enqueue(f.a, with("newest", time.Hour))
		want("newest", "newest")
		f.enqueue(f.a, with("older", 0))
		want("after the newest was finished", "older")
		f.hints(f.a, "44")
		want("none", "")
	}},
	{"lost hint", "a hint that comes while its job is worked at is new work: finishing the older one leaves it pending", func(f queued) {
		f.hints(f.a, "44", "45")
		b := f.take("w")
		f.clock.Advance(5 * time.Second)
		f.hints(f.a, "44")
		f.finishAll(b)
		next := f.take("w")
		got := f.one(next)
		f.want("object", got.Object, product("44"))
		f.want("Hinted", got.Hinted, start().Add(5*time.Second))
		if got.Seq <= b.Jobs[0].Seq {
			f.Errorf("Seq is %d after %d", got.Seq, b.Jobs[0].Seq)
		}
		// Whatever came of the older one.
		for _, o := range []ingestion.Outcome{
			failed(got, f.clock.Now().Add(time.Hour)), failed(got, time.Time{}),
			{Object: got.Object, Seq: got.Seq, Again: f.clock.Now().Add(time.Hour)},
		} {
			f.hints(f.a, "44")
			o.Seq = got.Seq
			f.finish(next, true, o)
			f.clock.Advance(ingestion.Quiet)
			next = f.take("w")
			got = f.one(next)
			f.want("Attempts", got.Attempts, 0)
			f.want("Error", got.Error, "")
		}
	}},
	{"never for good", "the same hint after its job was finished is new work, as often as it comes", func(f queued) {
		h := ingestion.Hint{Object: product("44"), Payload: []byte(`{"id":44}`), Modified: start()}
		for i := range 4 {
			f.enqueue(f.a, h)
			b := f.take("w")
			f.want(fmt.Sprint("payload of round ", i), string(f.one(b).Payload), string(h.Payload))
			f.finishAll(b)
			f.nothingDue("after it was finished")
			f.clock.Advance(ingestion.Quiet)
		}
	}},
	{"quiet", "an object is taken at most once in a second, however often it changes", func(f queued) {
		taken, last := 0, ingestion.Job{}
		begun := f.clock.Now()
		for range 1000 {
			f.hints(f.a, "44")
			if b, err := f.Take(f.Context(), "w", 100, jobLease); err == nil {
				taken, last = taken+1, f.one(b)
				f.finishAll(b)
			}
			f.clock.Advance(time.Millisecond)
		}
		f.want("taken in a second", taken, 1)
		b := f.take("w")
		if f.one(b).Seq <= last.Seq {
			f.Error("the last hint was lost")
		}
		f.want("seconds", f.clock.Now().Sub(begun), time.Second)
		f.hints(f.a, "44", "45")
		f.finishAll(b)
		// Others of the site do not wait for it.
		next := f.take("w")
		f.want("the other", names(next.Jobs), []string{"product:45"})
		f.finishAll(next)
		f.nothingDue("of the busy object")
		f.clock.Advance(ingestion.Quiet)
		f.want("the busy one", names(f.take("w").Jobs), []string{"product:44"})
	}},
}
