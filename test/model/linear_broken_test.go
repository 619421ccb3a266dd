package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// broken is a ledger of one site that decides as the domain does, but for one
// mistake that has been made before.
type broken struct {
	mistake string

	mu    sync.Mutex // guards all below
	state *state
	older *state // before the last change
	n     int    // changes
}

// The mistakes.
const (
	none         = "none"
	checkThenAct = "check, then act"
	lostUpdate   = "lost update of what is held"
	settlesTwice = "settles a call twice"
	ranTwice     = "runs a lost statement again"
	staleRead    = "reads an old day"
	lostAnswer   = "says that nothing happened, and it did"
)

// do runs one step, with the lock held but where the mistake is to let go of it.
func (b *broken) do(q request) (response, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	letGo := func() {
		b.mu.Unlock()
		for range 20 {
			runtime.Gosched()
		}
		b.mu.Lock()
	}
	before := b.state
	switch {
	case b.mistake == staleRead && q.do == "days" && b.n%3 == 0 && b.older != nil:
		before = b.older
		_, out := before.step(q)
		return out, nil
	case b.mistake == checkThenAct && q.do == "reserve":
		if _, out := before.step(q); out.class != "" {
			break
		}
		letGo()
		q.hold.Limits = usage.NoLimits() // it has been checked
	case b.mistake == settlesTwice && q.do == "settle":
		r, known := before.reservations[q.id]
		for _, c := range r.Calls {
			if known && c.Call.No == q.end.CallNo && c.Event != "" {
				after := before.clone()
				after.keep(r, usage.Effect{Used: q.end.Spent()})
				b.set(after.seal())
				return response{}, nil
			}
		}
	}
	after, out := b.state.step(q)
	if after == b.state {
		return out, nil
	}
	if b.mistake == lostUpdate {
		letGo()
		// What others have changed of the day meanwhile is written over.
		days := after.days
		if after, out = b.state.step(q); out.class == "" && after != b.state {
			after.days = days
			after.seal()
		}
	}
	if b.mistake == ranTwice && q.do == "reserve" && b.n%4 == 0 {
		after.keep(after.reservations[q.id], usage.Effect{Held: q.hold.Want})
		after.seal()
	}
	b.set(after)
	if b.mistake == lostAnswer && b.n%9 == 0 {
		return response{}, fmt.Errorf("%w: it is not there", ports.ErrNotFound)
	}
	return out, nil
}

func (b *broken) set(after *state) { b.older, b.state, b.n = b.state, after, b.n+1 }

// histories records and judges until one is refused; it returns how many that
// took, or 0 if none was.
func (b *broken) histories(t *testing.T, seed uint64, most int) int {
	t.Helper()
	for n := range most {
		r := rand.New(rand.NewPCG(seed+uint64(n), 1))
		b.state, b.older, b.n = sequential().Init().(*state), nil, 0
		history := record(t.Context(), []recorder{shim{b}}, []tenant.Scope{{}}, drawRequests(r, 1))
		switch porcupine.CheckOperationsTimeout(sequential(), history, judgeTime) {
		case porcupine.Illegal:
			return n + 1
		case porcupine.Unknown:
			t.Fatalf("seed %d: no judgement in %v", seed+uint64(n), judgeTime)
		}
	}
	return 0
}

// TestLinearFindsBrokenLedgers shows that the judge would see what it is there
// to see, and refuses nothing that is right.
func TestLinearFindsBrokenLedgers(t *testing.T) {
	seed := firstSeed(t)
	for _, mistake := range []string{none, checkThenAct, lostUpdate, settlesTwice, ranTwice, staleRead, lostAnswer} {
		t.Run(mistake, func(t *testing.T) {
			const most = 500
			n := (&broken{mistake: mistake}).histories(t, seed, most)
			switch {
			case mistake == none && n != 0:
				t.Errorf("a good ledger was refused after %d histories", n)
			case mistake != none && n == 0:
				t.Errorf("%d histories were taken as good", most)
			}
			t.Logf("refused: history %d", n)
		})
	}
}

// shim is a broken ledger behind the ports.
type shim struct{ b *broken }

// answered is what a broken ledger said, as an error.
type answered struct{ response }

func (a answered) Error() string { return a.class }

func (s shim) run(q request) error {
	out, err := s.b.do(q)
	if err == nil && out.class != "" {
		return answered{out}
	}
	return err
}

func (s shim) Reserve(_ context.Context, _ tenant.Scope, h usage.Hold) error {
	return s.run(request{do: "reserve", id: h.ID, hold: h})
}

func (s shim) Settle(_ context.Context, _ tenant.Scope, id usage.ReservationID, e usage.Event) error {
	return s.run(request{do: "settle", id: id, end: e})
}

func (s shim) Release(_ context.Context, _ tenant.Scope, id usage.ReservationID) error {
	return s.run(request{do: "release", id: id})
}

func (s shim) Dispatch(_ context.Context, _ tenant.Scope, id usage.ReservationID, c usage.Call, rest usage.Amounts) error {
	return s.run(request{do: "dispatch", id: id, call: c, rest: rest})
}

func (shim) Checkpoint(context.Context, []ports.Checkpoint) error { return nil }

func (s shim) Days(_ context.Context, _ tenant.Scope, first, _ usage.Day) ([]usage.Totals, error) {
	out, err := s.b.do(request{do: "days", day: first})
	return []usage.Totals{out.totals}, err
}
