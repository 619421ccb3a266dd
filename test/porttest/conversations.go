package porttest

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// ConversationsUnderTest is a store of conversations, which cases may share.
// Each suite says which of the ports it needs; the others may be nil.
type ConversationsUnderTest struct {
	ports.Conversations
	ports.Turns
	ports.Drafts
	ports.Feedback
	ports.Unanswered

	// NewScope returns a site of a tenant that has no other, and makes both if
	// the store must know them.
	NewScope func(t *testing.T) tenant.Scope
	// NewSite returns one more site of the tenant.
	NewSite func(t *testing.T, id tenant.ID) tenant.Scope
}

// chats is the fixture of the suites about conversations.
type chats struct {
	storeT
	ConversationsUnderTest
	now time.Time
}

func chatsFixture(open func(t *testing.T) ConversationsUnderTest) func(t *testing.T) chats {
	return func(t *testing.T) chats { return chats{storeT{t}, open(t), start()} }
}

// Conversations checks an adapter of ports.Conversations. open is called once
// for each case; it needs Conversations and Turns.
func Conversations(t *testing.T, open func(t *testing.T) ConversationsUnderTest) {
	t.Helper()
	runCases(t, conversationCases, chatsFixture(open))
}

// scopes returns sites of which no pair is the same: two tenants, and a second
// site of the first.
func (f chats) scopes() (a, sibling, b tenant.Scope) {
	f.Helper()
	a = f.NewScope(f.T)
	return a, f.NewSite(f.T, a.Tenant), f.NewScope(f.T)
}

// strangers calls check with pairs of scopes, each in both directions, of which
// one must not see what is the other's: two tenants, two sites of one tenant.
func strangers(a, sibling, b tenant.Scope, check func(mine, theirs tenant.Scope)) {
	bothWays(a, b, check)
	bothWays(a, sibling, check)
}

// outsiders returns the scopes that must not see what is theirs: mine, and the
// half-true ones that name a part of theirs.
func outsiders(mine, theirs tenant.Scope) []tenant.Scope {
	return slices.DeleteFunc(append(mixed(mine, theirs), mine), func(s tenant.Scope) bool { return s == theirs })
}

func visitor() chat.VisitorID { return newID[chat.VisitorID](chat.VisitorPrefix) }

// open stores a new conversation of the visitor.
func (f chats) open(s tenant.Scope, v chat.VisitorID) chat.Conversation {
	f.Helper()
	c := chat.Conversation{ID: newID[chat.ConversationID](chat.ConversationPrefix), Visitor: v, Locale: "de-AT", Started: f.now}
	got, err := f.Open(f.Context(), s, c)
	f.must("Open", err)
	return got
}

// question returns a new turn of c as a use case begins it.
func (f chats) question(c chat.Conversation) chat.Turn {
	return chat.Turn{
		Message: newID[chat.MessageID](chat.MessagePrefix), Conversation: c.ID, Visitor: c.Visitor,
		Question: "Do you have it in blue?", Page: chat.Page{URL: "https://shop.example.com/p/1", Title: "Jacket"},
		Asked: f.now, State: chat.Running, Attempt: 1,
		Reservation: newID[string](usage.ReservationPrefix), Lease: f.now.Add(15 * time.Second),
	}
}

// keyed returns a new turn with an Idempotency-Key.
func (f chats) keyed(c chat.Conversation, key string) chat.Turn {
	t := f.question(c)
	t.Key, t.BodyHash = key, hashOf("the body")
	return t
}

func (f chats) begin(s tenant.Scope, t chat.Turn) chat.Turn {
	f.Helper()
	got, err := f.Begin(f.Context(), s, t)
	f.must("Begin", err)
	return plain(got)
}

// answered returns t with a small answer.
func (f chats) answered(t chat.Turn, text string) chat.Turn {
	t.State, t.Answer, t.Finish = chat.Done, text, chat.Complete
	t.Tokens = chat.Tokens{Input: 900, Output: 40, CountedBy: chat.ByTokenizer}
	t.LastEvent, t.Answered = 1+int64(len(text)), f.now.Add(3*time.Second)
	return t
}

func (f chats) finish(s tenant.Scope, t chat.Turn) chat.Turn {
	f.Helper()
	f.must("Finish", f.Finish(f.Context(), s, t))
	return t
}

// ask stores a question with its answer.
func (f chats) ask(s tenant.Scope, c chat.Conversation, answer string) chat.Turn {
	f.Helper()
	return f.finish(s, f.answered(f.begin(s, f.question(c)), answer))
}

// wantTurn checks that the visitor finds want as it is.
func (f chats) wantTurn(what string, s tenant.Scope, want chat.Turn) {
	f.Helper()
	got, err := f.Find(f.Context(), s, want.Visitor, want.Message)
	f.wantErr(what+": Find", err, nil)
	f.want(what+": Find", plain(got), plain(want))
}

// plain returns t with nil for empty lists: an answer without cards is the same
// either way.
func plain(t chat.Turn) chat.Turn {
	if len(t.Citations) == 0 {
		t.Citations = nil
	}
	if len(t.Cards) == 0 {
		t.Cards = nil
	}
	return t
}

func (f chats) wantNoTurn(what string, s tenant.Scope, v chat.VisitorID, id chat.MessageID) {
	f.Helper()
	got, err := f.Find(f.Context(), s, v, id)
	f.wantErr(what+": Find", err, ports.ErrNotFound)
	f.want(what+": Find", got, chat.Turn{})
}

func (f chats) wantLast(what string, s tenant.Scope, c chat.Conversation, n int, want ...chat.Turn) {
	f.Helper()
	got, err := f.Last(f.Context(), s, c.Visitor, c.ID, n)
	f.wantErr(what+": Last", err, nil)
	f.want(what+": Last, number", len(got), len(want))
	for i := range min(len(got), len(want)) {
		f.want(what+": Last", plain(got[i]), plain(want[i]))
	}
}

// sources and cards with every field set, to the microsecond and in UTC.
func fullCitations() []chat.Citation {
	return []chat.Citation{
		{Marker: 2, Passage: retrieval.PassageRef{Document: "product:44", Revision: "r1", Seq: 3}, Title: awkward, URL: "https://shop.example.com/p/44?x=1&y=2"},
		{Marker: 1, Passage: retrieval.PassageRef{Document: "page:7", Revision: "ä", Seq: 0}, Title: "Shipping", URL: ""},
	}
}

func fullCards() []chat.Card {
	eur := func(minor int64) catalog.Money { return catalog.Money{Minor: minor, Currency: "EUR", Exponent: 2} }
	return []chat.Card{
		{
			Document: "product:44", Title: awkward, URL: "https://shop.example.com/p/44", ImageURL: "https://shop.example.com/i/44.svg",
			SKU:        "FF-JKT-0101",
			Price:      catalog.PriceRange{Min: eur(0), Max: eur(1<<53 + 1), RegularMin: eur(1990), RegularMax: eur(2990), OnSale: true},
			Stock:      catalog.OnBackorder,
			Attributes: []catalog.Attribute{{Name: "Farbe „neu“", Values: []string{"Blau", "Grün"}}, {Name: "Size", Values: []string{}}, {Name: "None"}},
			AsOf:       start().Add(-time.Hour),
		},
		{Document: "product:45", Title: "No price", Price: catalog.PriceRange{Min: catalog.Money{Minor: 190, Currency: "JPY"}}},
	}
}

var conversationCases = []contractCase[chats]{
	{"open", "Open stores a conversation, its time in UTC, and afterwards returns what is stored", func(f chats) {
		s := f.NewScope(f.T)
		want := chat.Conversation{ID: newID[chat.ConversationID](chat.ConversationPrefix), Visitor: visitor(), Locale: "de-AT", Started: f.now}
		f.wantNoZero(want)
		put := want
		put.Started = elsewhere(want.Started)
		got, err := f.Open(f.Context(), s, put)
		f.wantErr("Open", err, nil)
		f.want("Open", got, want)
		put.Locale, put.Started = "fr", f.now.Add(time.Hour)
		got, err = f.Open(f.Context(), s, put)
		f.wantErr("Open again", err, nil)
		f.want("Open again", got, want)
	}},
	{"another visitor's", "a conversation of another visitor or site is ErrNotFound, and stays as it is", func(f chats) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			c := f.open(theirs, visitor())
			t := f.ask(theirs, c, "theirs")
			other := c
			other.Visitor = visitor()
			for _, s := range outsiders(mine, theirs) {
				_, err := f.Open(f.Context(), s, c)
				f.wantErr("Open of another site's conversation", err, ports.ErrNotFound)
			}
			_, err := f.Open(f.Context(), theirs, other)
			f.wantErr("Open of another visitor's conversation", err, ports.ErrNotFound)
			_, err = f.Open(f.Context(), mine, other)
			f.wantErr("Open of both", err, ports.ErrNotFound)
			got, err := f.Open(f.Context(), theirs, c)
			f.wantErr("Open of one's own", err, nil)
			f.want("Open of one's own", got, c)
			f.wantLast("one's own", theirs, c, 10, t)
		})
	}},
	{"one opens", "of visitors that open a conversation of the same id at the same time, one has it", func(f chats) {
		s := f.NewScope(f.T)
		for range rounds {
			id := newID[chat.ConversationID](chat.ConversationPrefix)
			var opened atomic.Int64
			together(8, func(int) {
				_, err := f.Open(f.Context(), s, chat.Conversation{ID: id, Visitor: visitor(), Started: f.now})
				switch {
				case err == nil:
					opened.Add(1)
				case !errors.Is(err, ports.ErrNotFound):
					f.Errorf("Open: got %v, want ErrNotFound", err)
				}
			})
			if n := opened.Load(); n != 1 {
				f.Fatalf("%d visitors have one conversation", n)
			}
		}
	}},
	{"opened twice", "one visitor may open a conversation several times at once", func(f chats) {
		s, v := f.NewScope(f.T), visitor()
		c := chat.Conversation{ID: newID[chat.ConversationID](chat.ConversationPrefix), Visitor: v, Started: f.now}
		together(8, func(int) {
			got, err := f.Open(f.Context(), s, c)
			f.wantErr("Open", err, nil)
			f.want("Open", got, c)
		})
	}},
	{"last", "Last returns the last n done turns, oldest first, with all that belongs to them", func(f chats) {
		s, v := f.NewScope(f.T), visitor()
		c, other := f.open(s, v), f.open(s, v)
		f.wantLast("an empty conversation", s, c, 10)
		var done []chat.Turn
		for i := range 5 {
			t := f.begin(s, f.question(c))
			switch i {
			case 1: // running, and stays so
			case 3:
				t.State = chat.Withdrawn
				f.must("Finish", f.Finish(f.Context(), s, t))
			default:
				t = f.answered(t, "answer")
				t.Citations, t.Cards = fullCitations(), fullCards()
				done = append(done, f.finish(s, t))
			}
			f.ask(s, other, "another conversation's")
		}
		f.wantLast("all", s, c, 10, done...)
		f.wantLast("two", s, c, 2, done[1:]...)
		f.wantLast("one", s, c, 1, done[2:]...)
		f.wantLast("none", s, c, 0)
		f.wantLast("an unknown conversation", s, chat.Conversation{ID: newID[chat.ConversationID](chat.ConversationPrefix), Visitor: v}, 10)
	}},
	{"last in order", "the order of Last is that in which the turns were begun, not that of ids, times or answers", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		var turns []chat.Turn
		for i := range 12 {
			t := f.question(c)
			t.Asked = f.now.Add(-time.Duration(i) * time.Second) // clocks of several processes
			turns = append(turns, f.begin(s, t))
		}
		for i := len(turns) - 1; i >= 0; i-- {
			turns[i] = f.finish(s, f.answered(turns[i], "answer"))
		}
		f.wantLast("all", s, c, 12, turns...)
		f.wantLast("two", s, c, 2, turns[10:]...)
	}},
	{"last is the visitor's", "nobody else's turns are in Last", func(f chats) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			c := f.open(theirs, visitor())
			t := f.ask(theirs, c, "theirs")
			for _, s := range outsiders(mine, theirs) {
				f.wantLast("another site", s, c, 10)
			}
			f.wantLast("another visitor", theirs, chat.Conversation{ID: c.ID, Visitor: visitor()}, 10)
			f.wantLast("one's own", theirs, c, 10, t)
		})
	}},
	{"delete", "Delete removes the conversation with all of its turns, running ones too, and no other", func(f chats) {
		s, v := f.NewScope(f.T), visitor()
		c, other := f.open(s, v), f.open(s, v)
		kept := f.ask(s, other, "kept")
		done := f.ask(s, c, "answer")
		running := f.begin(s, f.keyed(c, "k1"))
		for range 2 {
			f.wantErr("Delete", f.Delete(f.Context(), s, v, c.ID), nil)
			f.wantLast("deleted", s, c, 10)
			f.wantNoTurn("done", s, v, done.Message)
			f.wantNoTurn("running", s, v, running.Message)
		}
		f.wantErr("Finish of a deleted turn", f.Finish(f.Context(), s, f.answered(running, "late")), ports.ErrNotFound)
		f.wantLast("another conversation", s, other, 10, kept)
		f.wantErr("Delete of what never was", f.Delete(f.Context(), s, v, newID[chat.ConversationID](chat.ConversationPrefix)), nil)

		_, err := f.Begin(f.Context(), s, f.question(c))
		f.wantErr("Begin in a deleted conversation", err, ports.ErrNotFound)
		again, err := f.Open(f.Context(), s, c)
		f.must("Open of a deleted conversation", err)
		t := f.begin(s, f.keyed(again, "k1"))
		f.want("Seq after Delete", t.Seq, 1)
		f.want("Attempt after Delete", t.Attempt, 1)
	}},
	{"delete is the visitor's", "nobody else's conversation is deleted", func(f chats) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			c := f.open(theirs, visitor())
			t := f.ask(theirs, c, "theirs")
			for _, s := range outsiders(mine, theirs) {
				f.wantErr("Delete of another site's", f.Delete(f.Context(), s, c.Visitor, c.ID), nil)
			}
			f.wantErr("Delete of another visitor's", f.Delete(f.Context(), theirs, visitor(), c.ID), nil)
			f.wantLast("one's own", theirs, c, 10, t)
			f.wantTurn("one's own", theirs, t)
		})
	}},
	{"scope", "an incomplete scope is ErrNoScope", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		for _, bad := range incomplete(s) {
			_, err := f.Open(f.Context(), bad, c)
			f.wantErr("Open", err, tenant.ErrNoScope)
			_, err = f.Last(f.Context(), bad, c.Visitor, c.ID, 1)
			f.wantErr("Last", err, tenant.ErrNoScope)
			f.wantErr("Delete", f.Delete(f.Context(), bad, c.Visitor, c.ID), tenant.ErrNoScope)
		}
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		t := f.ask(s, c, "answer")
		fresh := chat.Conversation{ID: newID[chat.ConversationID](chat.ConversationPrefix), Visitor: c.Visitor, Started: f.now}
		_, err := f.Open(f.done(), s, fresh)
		f.wantErr("Open", err, f.done().Err())
		_, err = f.Begin(f.Context(), s, f.question(fresh))
		f.wantErr("Begin after it", err, ports.ErrNotFound)
		_, err = f.Last(f.done(), s, c.Visitor, c.ID, 10)
		f.wantErr("Last", err, f.done().Err())
		f.wantErr("Delete", f.Delete(f.done(), s, c.Visitor, c.ID), f.done().Err())
		f.wantLast("after it", s, c, 10, t)
	}},
}
