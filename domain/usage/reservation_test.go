package usage_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand"
	"testing"
	"testing/quick"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/usage"
)

func reserve(t testing.TB, want usage.Amounts) *usage.Reservation {
	t.Helper()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	r, err := usage.NewReservation(usage.Hold{ID: "res_1", Day: "2026-11-23", Want: want, Limits: usage.NoLimits(), Admit: now, Expires: now.Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return &r
}

func chatCall(no int, prompt, output int64) usage.Call {
	c := usage.Call{No: no, Kind: usage.Chat, Model: "m", PromptTokens: prompt, MaxOutput: output}
	if no == 1 {
		c.ChatRequests = 1
	}
	return c
}

func settled(no int, in, out int64, last bool) usage.Event {
	e := usage.Event{ID: usage.EventID(fmt.Sprint("evt_", no, in, out)), CallNo: no, Kind: usage.Chat, Last: last, Tokens: chat.Tokens{Input: in, Output: out}}
	if no == 1 {
		e.ChatRequests = 1
	}
	return e
}

func sweepIDs() func() usage.EventID {
	n := 0
	return func() usage.EventID { n++; return usage.EventID(fmt.Sprint("evt_swept_", n)) }
}

func TestNewReservationRefusesNonsense(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	good := usage.Hold{ID: "res_1", Day: "2026-11-23", Want: usage.Amounts{ChatTokens: 1}, Admit: now, Expires: now.Add(1)}
	for name, change := range map[string]func(*usage.Hold){
		"no id":             func(h *usage.Hold) { h.ID = "" },
		"no day":            func(h *usage.Hold) { h.Day = "" },
		"nothing":           func(h *usage.Hold) { h.Want = usage.Amounts{} },
		"negative":          func(h *usage.Hold) { h.Want.Cost = -1 },
		"expired":           func(h *usage.Hold) { h.Expires = now },
		"a saturated price": func(h *usage.Hold) { h.Want.Cost = math.MaxInt64 },
	} {
		h := good
		change(&h)
		if _, err := usage.NewReservation(h); !errors.Is(err, usage.ErrBadHold) {
			t.Errorf("%s: got %v, want ErrBadHold", name, err)
		}
	}
}

// What is spent when the shopper leaves, at each point of a call.
func TestWhereTheShopperLeaves(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps func(r *usage.Reservation) usage.Effect
		used  int64
	}{
		{"before anything was sent", func(r *usage.Reservation) usage.Effect {
			eff, _ := r.Release()
			return eff
		}, 0},
		{"sent, and refused before the first byte", func(r *usage.Reservation) usage.Effect {
			_, _ = r.Dispatch(chatCall(1, 60, 40), usage.Amounts{})
			eff, _ := r.Settle(settled(1, 0, 0, true))
			return eff
		}, 0},
		{"sent, and nobody knows more", func(r *usage.Reservation) usage.Effect {
			_, _ = r.Dispatch(chatCall(1, 60, 40), usage.Amounts{})
			return r.Sweep(r.Hold.Expires, sweepIDs())
		}, 60},
		{"in the middle, the process is gone", func(r *usage.Reservation) usage.Effect {
			_, _ = r.Dispatch(chatCall(1, 60, 40), usage.Amounts{})
			r.Checkpoint(1, 15)
			return r.Sweep(r.Hold.Expires, sweepIDs())
		}, 75},
		{"in the middle, stopped and settled", func(r *usage.Reservation) usage.Effect {
			_, _ = r.Dispatch(chatCall(1, 60, 40), usage.Amounts{})
			r.Checkpoint(1, 15)
			eff, _ := r.Settle(settled(1, 60, 17, true))
			return eff
		}, 77},
		{"after the last byte", func(r *usage.Reservation) usage.Effect {
			_, _ = r.Dispatch(chatCall(1, 60, 40), usage.Amounts{})
			eff, _ := r.Settle(settled(1, 60, 40, true))
			return eff
		}, 100},
	} {
		r := reserve(t, usage.Amounts{ChatRequests: 1, ChatTokens: 120})
		if eff := c.steps(r); eff.Used.ChatTokens != c.used {
			t.Errorf("%s: %d tokens are used, want %d", c.name, eff.Used.ChatTokens, c.used)
		}
		if r.Held != (usage.Amounts{}) {
			t.Errorf("%s: %+v is still held", c.name, r.Held)
		}
	}
}

func TestDispatchDoesNotOverflow(t *testing.T) {
	r := reserve(t, usage.Amounts{ChatRequests: 1, ChatTokens: 100, Cost: 100})
	dear := chatCall(1, 1, 1)
	dear.Price = usage.Price{Input: math.MaxInt64, Output: math.MaxInt64}
	dear.PromptTokens = chat.MaxTokensPerCall
	for name, c := range map[string]struct {
		call usage.Call
		rest usage.Amounts
	}{
		"tokens": {chatCall(1, math.MaxInt64, math.MaxInt64), usage.Amounts{}},
		"rest":   {chatCall(1, 1, 1), usage.Amounts{ChatTokens: math.MaxInt64}},
		"cost":   {dear, usage.Amounts{Cost: math.MaxInt64}},
	} {
		if _, err := r.Dispatch(c.call, c.rest); !errors.Is(err, usage.ErrBadHold) {
			t.Errorf("%s: got %v, want ErrBadHold", name, err)
		}
	}
	if len(r.Calls) != 0 || r.Held.ChatTokens != 100 {
		t.Errorf("a refused call changed %+v", r)
	}
}

func TestFailedStepsChangeNothing(t *testing.T) {
	r := reserve(t, usage.Amounts{ChatRequests: 1, ChatTokens: 100})
	if _, err := r.Dispatch(chatCall(1, 50, 10), usage.Amounts{ChatTokens: 40}); err != nil {
		t.Fatal(err)
	}
	before := fmt.Sprintf("%+v", *r)
	for name, step := range map[string]func() (usage.Effect, error){
		"another call of the number": func() (usage.Effect, error) { return r.Dispatch(chatCall(1, 50, 9), usage.Amounts{}) },
		"too large a call":           func() (usage.Effect, error) { return r.Dispatch(chatCall(2, 30, 11), usage.Amounts{}) },
		"a call of no number":        func() (usage.Effect, error) { return r.Dispatch(chatCall(0, 1, 1), usage.Amounts{}) },
		"an event of no number":      func() (usage.Effect, error) { return r.Settle(settled(0, 1, 1, true)) },
		"an event of another kind": func() (usage.Effect, error) {
			e := settled(1, 1, 1, true)
			e.Kind = usage.Embedding
			return r.Settle(e)
		},
		"requests not admitted": func() (usage.Effect, error) {
			e := settled(1, 1, 1, true)
			e.ChatRequests = 2
			return r.Settle(e)
		},
		"release of what was sent": r.Release,
	} {
		eff, err := step()
		if after := fmt.Sprintf("%+v", *r); err == nil || after != before || fmt.Sprintf("%+v", eff) != fmt.Sprintf("%+v", usage.Effect{}) {
			t.Errorf("%s: error %v, effect %+v,\n before %s\n  after %s", name, err, eff, before, after)
		}
	}
	if eff := r.Sweep(r.Hold.Expires.Add(-1), sweepIDs()); eff.Events != nil || fmt.Sprintf("%+v", *r) != before {
		t.Error("it was swept before its time")
	}
}

func TestCheckpointTakesNoNonsense(t *testing.T) {
	r := reserve(t, usage.Amounts{ChatRequests: 1, ChatTokens: 100})
	if _, err := r.Dispatch(chatCall(1, 50, 10), usage.Amounts{}); err != nil {
		t.Fatal(err)
	}
	if !r.Checkpoint(1, 7) || r.Checkpoint(1, 7) || r.Checkpoint(1, 6) || r.Checkpoint(2, 9) || r.Checkpoint(1, math.MaxInt64) {
		t.Error("only the first of these goes forward")
	}
	if r.Calls[0].Output != 7 {
		t.Errorf("noted are %d tokens, want 7", r.Calls[0].Output)
	}
}

// A swept guess beyond the bound says so, as a settlement does.
func TestSweepFlagsExcess(t *testing.T) {
	r := reserve(t, usage.Amounts{ChatRequests: 1, ChatTokens: 100})
	if _, err := r.Dispatch(chatCall(1, 60, 40), usage.Amounts{}); err != nil {
		t.Fatal(err)
	}
	r.Checkpoint(1, 45)
	if eff := r.Sweep(r.Hold.Expires, sweepIDs()); len(eff.Events) != 1 || eff.Events[0].Excess != 5 || !eff.Events[0].Tokens.Valid() {
		t.Errorf("got %+v, want one event with an excess of 5", eff.Events)
	}
}

// An output above its cap is excess, however short the prompt turned out to be:
// output costs more, so that the cost would go over the hold unseen.
func TestOutputIsNotPaidForByAShortPrompt(t *testing.T) {
	c := chatCall(1, 60, 40)
	c.Price = usage.Price{Model: c.Model, Input: 1 * usage.USD, Output: 4 * usage.USD}
	r := reserve(t, c.Bound())
	if _, err := r.Dispatch(c, usage.Amounts{}); err != nil {
		t.Fatal(err)
	}
	tokens := chat.Tokens{Input: 10, Output: 90, CountedBy: chat.ByProvider}
	e := usage.Event{ID: "evt_1", CallNo: 1, Kind: usage.Chat, Tokens: tokens, Cost: c.Price.Cost(tokens), Last: true}
	eff, err := r.Settle(e)
	if err != nil {
		t.Fatal(err)
	}
	if within := eff.Used.Within(c.Bound()); within || eff.Events[0].Excess != 50 {
		t.Errorf("used %+v of %+v, flagged as %d tokens too many, want 50", eff.Used, c.Bound(), eff.Events[0].Excess)
	}
}

func TestSweepOfALocalModelCountsTheRequestOnly(t *testing.T) {
	r := reserve(t, usage.Amounts{ChatRequests: 1})
	c := chatCall(1, 0, 0)
	c.ChatRequests, c.Price = 1, usage.Price{Model: c.Model, Local: true}
	if _, err := r.Dispatch(c, usage.Amounts{}); err != nil {
		t.Fatal(err)
	}
	r.Checkpoint(1, 45)
	if eff := r.Sweep(r.Hold.Expires, sweepIDs()); eff.Used != (usage.Amounts{ChatRequests: 1}) || len(eff.Events) != 1 || eff.Events[0].Excess != 0 {
		t.Errorf("got %+v, want one request and no tokens", eff)
	}
}

// Whatever comes in whatever order: what is used and held stays within what was
// wanted but for the excess, effects add up to the state, no call has two
// events, and at the end nothing is held.
func TestAnyOrderOfSteps(t *testing.T) {
	check := func(seed int64) bool {
		rnd := rand.New(rand.NewSource(seed))
		want := usage.Amounts{ChatRequests: 1, ChatTokens: rnd.Int63n(500)}
		r := reserve(t, want)
		var used, held usage.Amounts
		held = want
		var excess, prompt, completion, adjusted int64
		events := map[int]usage.Event{}
		dispatched := map[int]bool{}
		apply := func(eff usage.Effect) bool {
			used, held = used.Plus(eff.Used), held.Plus(eff.Held)
			prompt, completion = prompt+eff.Prompt, completion+eff.Completion
			for _, e := range eff.Events {
				if _, twice := events[e.CallNo]; twice {
					t.Logf("call %d has two events", e.CallNo)
					return false
				}
				events[e.CallNo] = e
				excess += e.Excess
			}
			if a := eff.Adjustment; a != nil {
				adjusted += a.Delta.ChatTokens
				excess += max(0, a.Delta.ChatTokens) // the guess was too low
			}
			if held != r.Held || held.IsNegative() {
				t.Logf("held are %+v, the effects say %+v", r.Held, held)
				return false
			}
			if sum := used.Plus(held); sum.ChatTokens > want.ChatTokens+excess || sum.ChatRequests > want.ChatRequests {
				t.Logf("used and held are %+v of %+v, with an excess of %d", sum, want, excess)
				return false
			}
			return true
		}
		now := r.Hold.Admit
		for range 25 {
			no := 1 + rnd.Intn(4)
			var eff usage.Effect
			switch rnd.Intn(7) {
			case 0, 1:
				var err error
				if eff, err = r.Dispatch(chatCall(no, rnd.Int63n(120), rnd.Int63n(80)), usage.Amounts{ChatTokens: rnd.Int63n(300)}); err == nil {
					dispatched[no] = true
				}
			case 2:
				r.Checkpoint(no, rnd.Int63n(100))
			case 3, 4:
				eff, _ = r.Settle(settled(no, rnd.Int63n(150), rnd.Int63n(100), rnd.Intn(3) == 0))
			case 5:
				if rnd.Intn(4) == 0 {
					eff, _ = r.Release()
				}
			case 6:
				now = now.Add(time.Duration(rnd.Int63n(int64(15 * time.Second))))
				eff = r.Sweep(now, sweepIDs())
			}
			if !apply(eff) {
				return false
			}
		}
		if !apply(r.Sweep(r.Hold.Expires, sweepIDs())) {
			return false
		}
		for no := range dispatched {
			if _, ok := events[no]; !ok {
				t.Logf("call %d was sent and has no event", no)
				return false
			}
		}
		var sum usage.Amounts
		var in, out int64
		for _, e := range events {
			sum, in, out = sum.Plus(e.Spent()), in+e.Tokens.Input, out+e.Tokens.Output
		}
		if held != (usage.Amounts{}) || sum.ChatTokens+adjusted != used.ChatTokens || in+out+adjusted != prompt+completion {
			t.Logf("at the end: held %+v, used %+v, events %+v, adjusted %d", held, used, sum, adjusted)
			return false
		}
		return true
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 3000}); err != nil {
		t.Error(err)
	}
}

func ExampleReservation() {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	r, _ := usage.NewReservation(usage.Hold{
		ID: "res_1", Day: "2026-11-23", Want: usage.Amounts{ChatRequests: 1, ChatTokens: 1000},
		Limits: usage.NoLimits(), Admit: now, Expires: now.Add(time.Minute),
	})
	_, _ = r.Dispatch(usage.Call{No: 1, Kind: usage.Chat, Model: "model-1", ChatRequests: 1, PromptTokens: 500, MaxOutput: 200}, usage.Amounts{})
	fmt.Println(r.Held.ChatTokens, "held")
	eff, _ := r.Settle(usage.Event{ID: "evt_1", CallNo: 1, Kind: usage.Chat, ChatRequests: 1, Last: true, Tokens: chat.Tokens{Input: 480, Output: 90}})
	fmt.Println(r.Held.ChatTokens, "held,", eff.Used.ChatTokens, "used,", r.State)
	// Output:
	// 700 held
	// 0 held, 570 used, settled
}

// The call marked last may settle before others that were sent before it.
func TestLastIsNotAlwaysTheLastToSettle(t *testing.T) {
	r := reserve(t, usage.Amounts{ChatRequests: 1, ChatTokens: 300})
	free := usage.Call{No: 3, Kind: usage.Embedding, Model: "words"}
	for _, c := range []usage.Call{chatCall(1, 50, 50), chatCall(2, 50, 30), free} {
		if _, err := r.Dispatch(c, usage.Amounts{ChatTokens: 80 * max(0, 2-int64(c.No))}); err != nil {
			t.Fatal(err)
		}
	}
	step := func(what string, e usage.Event, held int64, state usage.ReservationState) {
		t.Helper()
		if _, err := r.Settle(e); err != nil || r.Held.ChatTokens != held || r.State != state {
			t.Errorf("%s: error %v, held %d, %v; want %d, %v", what, err, r.Held.ChatTokens, r.State, held, state)
		}
	}
	step("the last one", settled(2, 50, 5, true), 100, usage.Open)
	if _, err := r.Dispatch(chatCall(4, 0, 0), usage.Amounts{}); !errors.Is(err, usage.ErrClosed) {
		t.Errorf("a call after the last one: got %v, want ErrClosed", err)
	}
	step("the first one", settled(1, 50, 5, false), 0, usage.Open) // the free one is under way
	e := settled(3, 0, 0, false)
	e.Kind = usage.Embedding
	step("the free one", e, 0, usage.Settled)
}

func TestSweptEventsHaveIDsOfTheirOwn(t *testing.T) {
	r := reserve(t, usage.Amounts{ChatRequests: 1, ChatTokens: 300})
	for _, c := range []usage.Call{chatCall(1, 50, 50), chatCall(2, 50, 30)} {
		if _, err := r.Dispatch(c, usage.Amounts{ChatTokens: 80 * max(0, 2-int64(c.No))}); err != nil {
			t.Fatal(err)
		}
	}
	if eff := r.Sweep(r.Hold.Expires, sweepIDs()); len(eff.Events) != 2 || eff.Events[0].ID == eff.Events[1].ID {
		t.Errorf("got %+v, want two events", eff.Events)
	}
}
