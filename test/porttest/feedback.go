package porttest

import (
	"testing"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Feedback checks an adapter of ports.Feedback. open is called once for each
// case; it needs Feedback, Turns and Conversations. No port reads ratings yet,
// so what is stored is for the adapter's own tests to see.
func Feedback(t *testing.T, open func(t *testing.T) ConversationsUnderTest) {
	t.Helper()
	runCases(t, feedbackCases, chatsFixture(open))
}

var feedbackCases = []contractCase[chats]{
	{"rate", "a done turn of the visitor's is rated, and rated again", func(f chats) {
		s := f.NewScope(f.T)
		t := f.ask(s, f.open(s, visitor()), "answer")
		for _, r := range []chat.Rating{chat.Good, chat.Bad, chat.Bad, chat.Good} {
			f.wantErr("Rate", f.Rate(f.Context(), s, t.Visitor, t.Message, r, f.now), nil)
		}
		f.wantTurn("the rated turn", s, t)
	}},
	{"no rating", "a rating that is none is ErrInvalid", func(f chats) {
		s := f.NewScope(f.T)
		t := f.ask(s, f.open(s, visitor()), "answer")
		for _, r := range []chat.Rating{0, 2, -2, 127, -128} {
			f.wantErr("Rate", f.Rate(f.Context(), s, t.Visitor, t.Message, r, f.now), ports.ErrInvalid)
		}
	}},
	{"not done", "a turn that is running, withdrawn, deleted or unknown is ErrNotFound", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		running, unknown := f.begin(s, f.question(c)), f.question(c)
		withdrawn := f.begin(s, f.question(c))
		withdrawn.State = chat.Withdrawn
		f.finish(s, withdrawn)
		deleted := f.ask(s, f.open(s, c.Visitor), "answer")
		f.must("Rate", f.Rate(f.Context(), s, deleted.Visitor, deleted.Message, chat.Good, f.now))
		f.must("Delete", f.Delete(f.Context(), s, c.Visitor, deleted.Conversation))
		for what, t := range map[string]chat.Turn{"running": running, "unknown": unknown, "withdrawn": withdrawn, "deleted": deleted} {
			f.wantErr("Rate of a turn that is "+what, f.Rate(f.Context(), s, t.Visitor, t.Message, chat.Good, f.now), ports.ErrNotFound)
		}
	}},
	{"isolation", "another visitor's or site's turn is ErrNotFound", func(f chats) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			t := f.ask(theirs, f.open(theirs, visitor()), "theirs")
			f.wantErr("Rate by another visitor", f.Rate(f.Context(), theirs, visitor(), t.Message, chat.Bad, f.now), ports.ErrNotFound)
			for _, s := range outsiders(mine, theirs) {
				f.wantErr("Rate by another site", f.Rate(f.Context(), s, t.Visitor, t.Message, chat.Bad, f.now), ports.ErrNotFound)
			}
			for _, bad := range incomplete(mine) {
				f.wantErr("Rate without a scope", f.Rate(f.Context(), bad, t.Visitor, t.Message, chat.Bad, f.now), tenant.ErrNoScope)
			}
		})
	}},
	{"concurrent", "ratings at the same time are all taken", func(f chats) {
		s := f.NewScope(f.T)
		t := f.ask(s, f.open(s, visitor()), "answer")
		together(8, func(i int) {
			f.wantErr("Rate", f.Rate(f.Context(), s, t.Visitor, t.Message, []chat.Rating{chat.Good, chat.Bad}[i%2], f.now), nil)
		})
	}},
	{"done context", "a done context ends the call", func(f chats) {
		s := f.NewScope(f.T)
		t := f.ask(s, f.open(s, visitor()), "answer")
		f.wantErr("Rate", f.Rate(f.done(), s, t.Visitor, t.Message, chat.Good, f.now), f.done().Err())
	}},
}
