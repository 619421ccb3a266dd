package porttest

import (
	"slices"
	"strings"
	"testing"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Unanswered checks an adapter of ports.Unanswered. open is called once for each
// case; it needs Unanswered, Turns and Conversations.
func Unanswered(t *testing.T, open func(t *testing.T) ConversationsUnderTest) {
	t.Helper()
	runCases(t, unansweredCases, chatsFixture(open))
}

// refuse stores a question to which the answer is that nothing fits.
func (f chats) refuse(s tenant.Scope, c chat.Conversation) chat.Turn {
	f.Helper()
	t := f.answered(f.begin(s, f.question(c)), "Nothing fits.")
	t.Notice = chat.NoticeNothingFits
	return f.finish(s, t)
}

// wantUnanswered checks which turns of a site are listed: want, the latest id
// first.
func (f chats) wantUnanswered(what string, s tenant.Scope, before chat.MessageID, n int, want ...chat.Turn) {
	f.Helper()
	got, err := f.UnansweredQuestions(f.Context(), s, before, n)
	f.must(what, err)
	slices.SortFunc(want, func(a, b chat.Turn) int { return strings.Compare(string(b.Message), string(a.Message)) })
	if len(got) != len(want) {
		f.Fatalf("%s: got %d turns, want %d", what, len(got), len(want))
	}
	for i := range want {
		f.want(what, plain(got[i]), plain(want[i]))
	}
}

var unansweredCases = []contractCase[chats]{
	{"listed", "done turns of all visitors are listed whose notice says that nothing fits, the latest id first", func(f chats) {
		s := f.NewScope(f.T)
		f.wantUnanswered("of a new site", s, "", 10)
		c, other := f.open(s, visitor()), f.open(s, visitor())
		first := f.refuse(s, c)
		f.ask(s, c, "answer")
		quoted := f.answered(f.begin(s, f.question(c)), "quoted")
		quoted.Notice = chat.NoticeQuoted
		f.finish(s, quoted)
		f.begin(s, f.question(other))
		second, third := f.refuse(s, other), f.refuse(s, c)
		f.wantUnanswered("all", s, "", 10, first, second, third)
	}},
	{"pages", "at most n, of those before a turn", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		var all []chat.Turn
		for range 5 {
			all = append(all, f.refuse(s, c))
		}
		slices.SortFunc(all, func(a, b chat.Turn) int { return strings.Compare(string(b.Message), string(a.Message)) })
		f.wantUnanswered("the first page", s, "", 2, all[:2]...)
		f.wantUnanswered("the second page", s, all[1].Message, 2, all[2:4]...)
		f.wantUnanswered("the last page", s, all[3].Message, 2, all[4])
		f.wantUnanswered("after the last", s, all[4].Message, 2)
	}},
	{"forgotten", "turns of conversations that were deleted are gone", func(f chats) {
		s := f.NewScope(f.T)
		c, other := f.open(s, visitor()), f.open(s, visitor())
		f.refuse(s, c)
		kept := f.refuse(s, other)
		f.must("Delete", f.Delete(f.Context(), s, c.Visitor, c.ID))
		f.wantUnanswered("after Delete", s, "", 10, kept)
	}},
	{"isolation", "another site's turns are not listed", func(f chats) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			t := f.refuse(theirs, f.open(theirs, visitor()))
			for _, s := range outsiders(mine, theirs) {
				got, err := f.UnansweredQuestions(f.Context(), s, "", 100)
				if slices.ContainsFunc(got, func(g chat.Turn) bool { return g.Message == t.Message }) {
					f.Errorf("%v sees what %v was asked (error %v)", s, theirs, err)
				}
			}
			for _, bad := range incomplete(mine) {
				_, err := f.UnansweredQuestions(f.Context(), bad, "", 10)
				f.wantErr("without a scope", err, tenant.ErrNoScope)
			}
		})
	}},
	{"invalid", "fewer than one, and before what is no id, is ErrInvalid", func(f chats) {
		s := f.NewScope(f.T)
		for _, n := range []int{0, -1} {
			_, err := f.UnansweredQuestions(f.Context(), s, "", n)
			f.wantErr("a few less", err, ports.ErrInvalid)
		}
		for _, before := range []chat.MessageID{"1", "msg_", "conv_0190b0a4-0000-7000-8000-000000000001"} {
			_, err := f.UnansweredQuestions(f.Context(), s, before, 1)
			f.wantErr("before "+string(before), err, ports.ErrInvalid)
		}
	}},
	{"done context", "a done context ends the call", func(f chats) {
		_, err := f.UnansweredQuestions(f.done(), f.NewScope(f.T), "", 1)
		f.wantErr("UnansweredQuestions", err, f.done().Err())
	}},
}
