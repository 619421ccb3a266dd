package model

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// A ledger is linearizable if each call of a concurrent history can be given one
// moment between its begin and its end, so that the calls in that order are
// answered as domain/usage answers them one after the other. Porcupine looks for
// such an order; sites do not know each other, so each is looked at alone.

// request is a call of a ledger for one site.
type request struct {
	site int
	do   string // reserve, dispatch, settle, release or days
	id   usage.ReservationID
	hold usage.Hold
	call usage.Call
	rest usage.Amounts
	end  usage.Event
	day  usage.Day
}

func (r request) String() string {
	what := string(r.id[len(r.id)-4:])
	switch r.do {
	case "reserve":
		what += fmt.Sprintf(" %s %+v", r.hold.Day, r.hold.Want)
	case "dispatch":
		what += fmt.Sprintf(" call %d %v %d+%d rest %+v", r.call.No, r.call.Kind, r.call.PromptTokens, r.call.MaxOutput, r.rest)
	case "settle":
		what += fmt.Sprintf(" call %d %v %+v last %v", r.end.CallNo, r.end.Kind, r.end.Spent(), r.end.Last)
	case "days":
		what = string(r.day)
	}
	return r.do + " " + what
}

// response is what a ledger answered.
type response struct {
	unknown bool // the answer was lost: it may have happened, and may happen later
	class   string
	totals  usage.Totals // of days
}

// state is a site as the domain has it.
type state struct {
	reservations map[usage.ReservationID]usage.Reservation
	days         map[usage.Day]usage.Totals
	text         string // says all of it, to compare states by
}

func (s *state) clone() *state {
	return &state{reservations: maps.Clone(s.reservations), days: maps.Clone(s.days)}
}

// seal notes what s is now. It does not change any more.
func (s *state) seal() *state {
	var b []byte
	for _, id := range slices.Sorted(maps.Keys(s.reservations)) {
		r := s.reservations[id]
		b = fmt.Appendf(b, "%s %d %v %v;", id[len(id)-8:], r.State, r.Ended, r.Held)
		for _, c := range r.Calls {
			b = fmt.Appendf(b, "%d %d %d %d %q;", c.Call.No, c.Call.Kind, c.Call.PromptTokens, c.Call.MaxOutput, c.Event)
		}
	}
	for _, d := range slices.Sorted(maps.Keys(s.days)) {
		b = fmt.Appendf(b, "%v\n", s.days[d])
	}
	s.text = string(b)
	return s
}

// keep stores r and what eff changes beside it.
func (s *state) keep(r usage.Reservation, eff usage.Effect) {
	s.reservations[r.Hold.ID] = r
	d := s.days[r.Hold.Day]
	d.Day = r.Hold.Day
	d.Used, d.Held = d.Used.Plus(eff.Used), d.Held.Plus(eff.Held)
	d.PromptTokens += eff.Prompt
	d.CompletionTokens += eff.Completion
	s.days[r.Hold.Day] = d
}

// step returns what the domain answers to q, and the state after it.
func (s *state) step(q request) (*state, response) {
	refuse := func(err error) (*state, response) { return s, response{class: answer(err)} }
	if q.do == "days" {
		d := s.days[q.day]
		d.Day = q.day
		return s, response{totals: d}
	}
	r, known := s.reservations[q.id]
	r.Calls = slices.Clone(r.Calls)
	var eff usage.Effect
	var err error
	switch {
	case q.do == "reserve" && known && r.Hold.Same(q.hold), q.do == "release" && !known:
		return s, response{}
	case q.do == "reserve" && known:
		return refuse(ports.ErrConflict)
	case q.do == "reserve":
		if err := q.hold.Limits.Admit(s.days[q.hold.Day].Admitted(), q.hold.Want); err != nil {
			return refuse(err)
		}
		r, err = usage.NewReservation(q.hold)
		eff.Held = q.hold.Want
	case !known:
		return refuse(ports.ErrNotFound)
	case q.do == "dispatch":
		eff, err = r.Dispatch(q.call, q.rest)
	case q.do == "settle":
		eff, err = r.Settle(q.end)
	case q.do == "release":
		eff, err = r.Release()
	}
	if err != nil {
		return refuse(err)
	}
	after := s.clone()
	after.keep(r, eff)
	return after.seal(), response{}
}

// answer returns what is compared of an error: the most that it says.
func answer(err error) string {
	if err == nil {
		return ""
	}
	if over, ok := errors.AsType[*usage.LimitError](err); ok {
		return fmt.Sprintf("limit %v: %+v", over.Exceeded, over.Current)
	}
	if told, ok := errors.AsType[answered](err); ok {
		return told.class
	}
	for _, known := range []error{usage.ErrClosed, usage.ErrDispatched, usage.ErrOverHold, usage.ErrBadHold, ports.ErrConflict, ports.ErrNotFound} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return "unknown: " + err.Error()
}

func sequential() porcupine.Model {
	return porcupine.Model{
		Init: func() any {
			return (&state{reservations: map[usage.ReservationID]usage.Reservation{}, days: map[usage.Day]usage.Totals{}}).seal()
		},
		Step: func(s, in, out any) (bool, any) {
			after, want := s.(*state).step(in.(request))
			got := out.(response)
			return got.unknown || got == want, after
		},
		Equal: func(a, b any) bool { return a.(*state).text == b.(*state).text },
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			bySite := map[int][]porcupine.Operation{}
			for _, o := range history {
				bySite[o.Input.(request).site] = append(bySite[o.Input.(request).site], o)
			}
			return slices.Collect(maps.Values(bySite))
		},
		DescribeOperation: func(in, out any) string { return fmt.Sprintf("%v -> %+v", in, out) },
	}
}

// judgeTime is more than any history here needs; one that needs more is not
// taken as a good one.
const judgeTime = 30 * time.Second
