package porttest

import (
	"context"
	"slices"
	"testing"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// ErasureStore is what an adapter's test gives to the suite Erasure: a store of
// conversations, a ledger, and what erases in both.
type ErasureStore struct {
	UsageStore
	ports.Conversations
	ports.Turns
	ports.Erasure
}

// Erasure runs the contract of ports.Erasure. open returns an empty store that
// tells the time by now; it is called once for each case.
func Erasure(t *testing.T, open func(t *testing.T, now ports.Clock) ErasureStore) {
	t.Helper()
	runCases(t, erasureCases, func(t *testing.T) erasureFixture {
		clock := NewClock(start())
		s := open(t, clock.Now)
		f := erasureFixture{&usageFixture{T: t, UsageStore: s.UsageStore, clock: clock}, s}
		f.a, f.b = f.usageFixture.NewScope(t), f.usageFixture.NewScope(t)
		return f
	})
}

type erasureFixture struct {
	*usageFixture
	store ErasureStore
}

// ask begins a message of c and sends its call.
func (f erasureFixture) ask(s tenant.Scope, c chat.Conversation) chat.Turn {
	f.Helper()
	h := f.hold(100, usage.Unlimited)
	t, err := f.store.Begin(f.Context(), s, chat.Turn{
		Message: newID[chat.MessageID](chat.MessagePrefix), Conversation: c.ID, Visitor: c.Visitor, Question: "Is it warm?",
		Asked: f.clock.Now(), State: chat.Running, Attempt: 1, Reservation: string(h.ID), Lease: h.Expires,
	})
	if err != nil {
		f.Fatalf("Begin: %v", err)
	}
	f.reserve(s, h)
	call := f.call(1, 60, 40)
	call.Conversation, call.Message = c.ID, t.Message
	f.dispatch(s, h.ID, call, usage.Amounts{})
	return t
}

// answer ends what ask began.
func (f erasureFixture) answer(s tenant.Scope, t chat.Turn) {
	f.Helper()
	t.State, t.Finish, t.Answer, t.Answered = chat.Done, chat.Complete, "Yes.", f.clock.Now()
	t.Tokens = chat.Tokens{Input: 50, Output: 10, CountedBy: chat.ByProvider}
	if err := f.store.Finish(f.Context(), s, t); err != nil {
		f.Fatalf("Finish: %v", err)
	}
	e := f.event(1, 50, 10)
	e.Conversation, e.Message = t.Conversation, t.Message
	f.settle(s, usage.ReservationID(t.Reservation), e)
}

// conversation opens a conversation of v with one answered message.
func (f erasureFixture) conversation(s tenant.Scope, v chat.VisitorID) chat.Conversation {
	f.Helper()
	c, err := f.store.Open(f.Context(), s, chat.Conversation{ID: newID[chat.ConversationID](chat.ConversationPrefix), Visitor: v, Started: f.clock.Now()})
	if err != nil {
		f.Fatalf("Open: %v", err)
	}
	f.answer(s, f.ask(s, c))
	return c
}

func (f erasureFixture) erase(s tenant.Scope, v chat.VisitorID, ids ...chat.ConversationID) ports.Erased {
	f.Helper()
	n, err := f.store.Erase(f.Context(), s, v, ids)
	if err != nil {
		f.Fatalf("Erase: %v", err)
	}
	return n
}

func (f erasureFixture) wantErased(got, want ports.Erased) {
	f.Helper()
	if got != want {
		f.Errorf("erased %+v, want %+v", got, want)
	}
}

// wantSaid checks how many turns there are of c, and how many events name it.
func (f erasureFixture) wantSaid(s tenant.Scope, c chat.Conversation, turns, events int) {
	f.Helper()
	last, err := f.store.Last(f.Context(), s, c.Visitor, c.ID, 100)
	if err != nil || len(last) != turns {
		f.Errorf("of conversation %s there are %d turns, error %v; want %d", c.ID, len(last), err, turns)
	}
	named := 0
	for _, e := range f.events(s) {
		if e.Conversation == c.ID {
			named++
		}
	}
	if named != events {
		f.Errorf("%d events name conversation %s, want %d", named, c.ID, events)
	}
}

// nameless returns events without the names that are erased.
func nameless(events []usage.Event) []usage.Event {
	events = slices.Clone(events)
	for i := range events {
		events[i].Conversation, events[i].Message = "", ""
	}
	return events
}

var erasureCases = []contractCase[erasureFixture]{
	{"a visitor", "all conversations of the visitor are gone, and events name none of them; those of others stay", func(f erasureFixture) {
		v := visitor()
		one, two, other := f.conversation(f.a, v), f.conversation(f.a, v), f.conversation(f.a, visitor())
		f.answer(f.a, f.ask(f.a, two))
		f.wantErased(f.erase(f.a, v), ports.Erased{Conversations: 2, Messages: 3, Events: 3})
		f.wantSaid(f.a, one, 0, 0)
		f.wantSaid(f.a, two, 0, 0)
		f.wantSaid(f.a, other, 1, 1)
		for _, e := range f.events(f.a) {
			if (e.Conversation == "") != (e.Message == "") {
				f.Errorf("event %s names conversation %q and message %q", e.ID, e.Conversation, e.Message)
			}
		}
	}},
	{"by name", "a conversation is erased by its own id, with those of the visitor or alone", func(f erasureFixture) {
		v := visitor()
		his, named, other := f.conversation(f.a, v), f.conversation(f.a, visitor()), f.conversation(f.a, visitor())
		f.wantErased(f.erase(f.a, v, named.ID), ports.Erased{Conversations: 2, Messages: 2, Events: 2})
		f.wantSaid(f.a, his, 0, 0)
		f.wantSaid(f.a, named, 0, 0)
		f.wantErased(f.erase(f.a, "", other.ID), ports.Erased{Conversations: 1, Messages: 1, Events: 1})
		f.wantSaid(f.a, other, 0, 0)
	}},
	{"deleted before", "of a conversation that its visitor has deleted, the events lose its name", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		if err := f.store.Delete(f.Context(), f.a, c.Visitor, c.ID); err != nil {
			f.Fatalf("Delete: %v", err)
		}
		f.wantSaid(f.a, c, 0, 1)
		f.wantErased(f.erase(f.a, "", c.ID), ports.Erased{Events: 1})
		f.wantSaid(f.a, c, 0, 0)
	}},
	{"sums stay", "events are as they were but for the names, in the same order, and so are days and adjustments", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		late := f.ask(f.a, c)
		f.expire()
		f.sweep()
		f.answer(f.a, late) // which corrects what the sweep wrote
		events, adjustments, day := f.events(f.a), f.adjustments(f.a), f.totals(f.a, f.today())
		if len(events) != 2 || len(adjustments) != 1 {
			f.Fatalf("there are %d events and %d adjustments", len(events), len(adjustments))
		}
		f.erase(f.a, c.Visitor)
		if got := f.events(f.a); !slices.Equal(got, nameless(events)) {
			f.Errorf("events:\n got %+v\nwant %+v", got, nameless(events))
		}
		if got := f.adjustments(f.a); !slices.Equal(got, adjustments) {
			f.Errorf("adjustments:\n got %+v\nwant %+v", got, adjustments)
		}
		f.wantTotals(f.a, day)
		f.wantSums(f.a)
	}},
	{"settled again", "a call that was settled before the erasure stays settled", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		t := f.ask(f.a, c)
		f.answer(f.a, t)
		f.erase(f.a, c.Visitor)
		e := f.event(1, 50, 10)
		e.Conversation, e.Message = t.Conversation, t.Message
		f.settle(f.a, usage.ReservationID(t.Reservation), e)
		f.wantSaid(f.a, c, 0, 0)
		f.wantDay(f.a, 120, 0)
		f.wantSums(f.a)
	}},
	{"under way", "while an answer is not settled it is a conflict, and nothing is changed; afterwards it is done", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		t := f.ask(f.a, c)
		for _, ids := range [][]chat.ConversationID{nil, {c.ID}} {
			_, err := f.store.Erase(f.Context(), f.a, c.Visitor, ids)
			wantErr(f.T, "Erase of one who is answered just now", err, ports.ErrConflict)
			f.wantSaid(f.a, c, 1, 1)
		}
		f.answer(f.a, t)
		f.wantErased(f.erase(f.a, c.Visitor), ports.Erased{Conversations: 1, Messages: 2, Events: 2})
		f.wantSaid(f.a, c, 0, 0)
	}},
	{"held", "a message that is only reserved for is a conflict, too", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		h := f.hold(100, usage.Unlimited)
		_, err := f.store.Begin(f.Context(), f.a, chat.Turn{
			Message: newID[chat.MessageID](chat.MessagePrefix), Conversation: c.ID, Visitor: c.Visitor, Question: "Is it warm?",
			Asked: f.clock.Now(), State: chat.Running, Attempt: 1, Reservation: string(h.ID), Lease: h.Expires,
		})
		if err != nil {
			f.Fatalf("Begin: %v", err)
		}
		f.reserve(f.a, h)
		_, err = f.store.Erase(f.Context(), f.a, c.Visitor, nil)
		wantErr(f.T, "Erase of one whose question is admitted", err, ports.ErrConflict)
		f.release(f.a, h.ID)
		f.wantErased(f.erase(f.a, c.Visitor), ports.Erased{Conversations: 1, Messages: 2, Events: 1})
	}},
	{"deleted under way", "a call whose conversation was deleted meanwhile is a conflict until it is settled", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		t := f.ask(f.a, c)
		if err := f.store.Delete(f.Context(), f.a, c.Visitor, c.ID); err != nil {
			f.Fatalf("Delete: %v", err)
		}
		_, err := f.store.Erase(f.Context(), f.a, "", []chat.ConversationID{c.ID})
		wantErr(f.T, "Erase while its call is under way", err, ports.ErrConflict)
		e := f.event(1, 50, 10)
		e.Conversation, e.Message = t.Conversation, t.Message
		f.settle(f.a, usage.ReservationID(t.Reservation), e)
		f.wantErased(f.erase(f.a, "", c.ID), ports.Erased{Events: 2})
		f.wantSaid(f.a, c, 0, 0)
	}},
	{"the sweep", "what the sweep has settled in its stead loses its names, too", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		f.ask(f.a, c)
		f.expire()
		f.sweep()
		f.wantErased(f.erase(f.a, c.Visitor), ports.Erased{Conversations: 1, Messages: 2, Events: 2})
		f.wantSaid(f.a, c, 0, 0)
	}},
	{"again", "erasing again, and erasing who was never there, does nothing", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		f.erase(f.a, c.Visitor, c.ID)
		f.wantErased(f.erase(f.a, c.Visitor, c.ID), ports.Erased{})
		f.wantErased(f.erase(f.a, visitor(), newID[chat.ConversationID](chat.ConversationPrefix)), ports.Erased{})
	}},
	{"of nobody", "neither a visitor nor a conversation is invalid, and nothing is changed", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		_, err := f.store.Erase(f.Context(), f.a, "", nil)
		wantErr(f.T, "Erase of nobody", err, ports.ErrInvalid)
		f.wantSaid(f.a, c, 1, 1)
	}},
	{"isolation", "no scope erases another's", func(f erasureFixture) {
		bothWays(f.a, f.b, func(me, other tenant.Scope) {
			c := f.conversation(me, visitor())
			for _, s := range append(mixed(me, other), other) {
				if n, err := f.store.Erase(f.Context(), s, c.Visitor, []chat.ConversationID{c.ID}); err != nil || n != (ports.Erased{}) {
					f.Errorf("Erase by another scope: erased %+v, error %v", n, err)
				}
			}
			f.wantSaid(me, c, 1, 1)
		})
	}},
	{"no scope", "an incomplete scope is refused", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		for _, s := range incomplete(f.a) {
			_, err := f.store.Erase(f.Context(), s, c.Visitor, nil)
			wantErr(f.T, "Erase", err, tenant.ErrNoScope)
		}
		f.wantSaid(f.a, c, 1, 1)
	}},
	{"done context", "a done context ends the call", func(f erasureFixture) {
		c := f.conversation(f.a, visitor())
		_, err := f.store.Erase(f.doneContext(), f.a, c.Visitor, nil)
		wantErr(f.T, "Erase", err, context.Canceled)
		f.wantSaid(f.a, c, 1, 1)
	}},
}
