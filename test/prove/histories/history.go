package histories

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/aiwoochat/woochat/domain/ingestion"
	"github.com/aiwoochat/woochat/test/fakes/wooshop"
)

// life is what happens in a history: how likely what is.
type life struct {
	steps int
	fates []wooshop.Fate // of deliveries, one of which is picked; the zero Fate arrives
	bad   float64        // that the shop's weather turns bad in a step
	deaf  float64        // that our receiver is not there for a while
	meddl float64        // that somebody meddles with the webhooks, or the key
	sets  float64        // that a setting of the shop is changed
}

// lifeOf returns the life of a seed: some are calm, some are all faults.
func lifeOf(r *rand.Rand) life {
	l := life{steps: 5 + r.IntN(40), bad: pick(r, 0, 0, 0.05, 0.15), deaf: pick(r, 0, 0, 0.05, 0.1), meddl: pick(r, 0, 0.05, 0.1, 0.2)}
	all := []wooshop.Fate{
		{Lost: true},
		{Fails: true},
		{Unanswered: true},
		{Copies: 1},
		{Copies: 3},
		{Late: 90 * time.Second},
		{Late: 40 * time.Second, Held: true},
		{Late: 3 * time.Hour, Held: true},
		{Late: 26 * time.Hour, Held: true},
	}
	l.fates = append(l.fates, wooshop.Fate{})
	for range r.IntN(6) {
		l.fates = append(l.fates, all[r.IntN(len(all))], wooshop.Fate{})
	}
	l.sets = pick(r, 0, 0, 0.05, 0.1)
	if r.IntN(8) == 0 { // nothing ever arrives
		l.fates = []wooshop.Fate{{Lost: true}}
	}
	return l
}

func pick[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// history is one history on its way.
type history struct {
	*site
	r     *rand.Rand
	life  life
	story []string // what happened
	tally tally
	deaf  time.Time
	bad   time.Time

	secret  ingestion.Secret // that somebody has to paste
	pasted  bool             // it was, and the one before is still good
	arrived []arrival        // what our receiver took
}

func (h *history) tell(format string, args ...any) {
	h.story = append(h.story, h.shop.Now().Format("Mon 15:04:05 ")+fmt.Sprintf(format, args...))
}

// run lives the history and returns in what the index differs from the shop at
// its end.
func (h *history) run(ctx context.Context, skip map[int]bool) ([]string, error) {
	h.shop.SetFate(func(d wooshop.Delivery) wooshop.Fate {
		f := h.life.fates[h.r.IntN(len(h.life.fates))]
		h.tally.fate(f)
		if f != (wooshop.Fate{}) {
			h.tell("%s of %d: %+v", d.Topic, d.ID, f)
		}
		return f
	})
	for n := range h.life.steps {
		// Each step has chance of its own, so that one that is left out changes
		// no other.
		h.r = rand.New(rand.NewPCG(h.seed, uint64(n)+100))
		if !skip[n] {
			h.step(ctx)
		}
	}
	return h.end(ctx)
}

func (h *history) step(ctx context.Context) {
	r := h.r
	switch {
	case r.Float64() < h.life.bad:
		w := pick(r, wooshop.Maintenance, wooshop.Coming, wooshop.Busy, wooshop.Overloaded, wooshop.Refused, wooshop.Crashed, wooshop.Gone, wooshop.Torn)
		f := wooshop.Fault{Weather: w, RetryAfter: pick(r, 0, 5*time.Second, 20*time.Minute), AsDate: r.IntN(2) == 0, Times: pick(r, 0, 1, 2, 5), Path: pick(r, "", "", "/variations", "/products")}
		h.tally.Outages++
		h.shop.Break(f)
		h.bad = h.shop.Now().Add(pick(r, 10*time.Second, 20*time.Minute, 5*time.Hour))
		h.tell("weather %+v until %s", f, h.bad.Format("Mon 15:04:05"))
	case r.Float64() < h.life.deaf:
		h.tally.Outages++
		h.deaf = h.shop.Now().Add(pick(r, 20*time.Second, time.Hour, 9*time.Hour))
		h.tell("nobody receives until %s", h.deaf.Format("Mon 15:04:05"))
	case r.Float64() < h.life.meddl:
		h.meddle(ctx)
	case r.Float64() < h.life.sets:
		h.change()
	}
	for range 1 + r.IntN(4) {
		what := h.shop.RandomEdit(r)
		h.tally.edit(what)
		h.tell("%s", what)
	}
	if r.IntN(5) > 0 {
		h.deliver(ctx)
	}
	h.wait(pick(r, 0, 0, 200*time.Millisecond, time.Second, 15*time.Second, time.Minute, 6*time.Minute, 6*time.Minute, 70*time.Minute, 7*time.Hour))
	h.deliver(ctx)
}

// wait lets time pass, and weather with it.
func (h *history) wait(d time.Duration) {
	<-time.After(d) // in virtual time
	now := h.shop.Now()
	if !h.bad.IsZero() && now.After(h.bad) {
		h.shop.Heal()
		h.bad = time.Time{}
	}
	if !h.deaf.IsZero() && now.After(h.deaf) {
		h.deaf = time.Time{}
	}
	h.settle()
}

func (h *history) deliver(ctx context.Context) {
	if n := h.shop.Deliver(ctx); n > 0 {
		h.tell("%d deliveries", n)
	}
	h.settle()
}

// end lets everything become well again, waits until each task has had its turn,
// and compares.
func (h *history) end(ctx context.Context) ([]string, error) {
	h.shop.Heal()
	h.shop.SetFate(nil)
	h.shop.DisownKey(h.key, false)
	for _, hook := range h.shop.Hooks() {
		h.shop.Disown(hook.ID, false)
	}
	h.deaf, h.bad = time.Time{}, time.Time{}
	h.tell("all is well")
	if h.lost {
		if err := h.connect(ctx); err != nil {
			return nil, err
		}
		h.tell("the shop is connected, with %v", h.trust)
	}
	for range 14 { // more than a day: what is late comes, and the night's work is done
		h.deliver(ctx)
		h.wait(2 * time.Hour)
	}
	h.tally.shop(h.shop)
	if h.trust == noKey {
		h.tally.Unasked++
		told := h.told()
		h.tally.Told += len(told)
		return h.differences(ctx, told, "EUR", 2)
	}
	currency, decimals := h.shop.Currency()
	return h.differences(ctx, h.shop.Truth(), currency, uint8(decimals))
}
