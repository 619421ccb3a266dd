package porttest

import (
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// Drafts checks an adapter of ports.Drafts. open is called once for each case;
// it needs Drafts, Turns and Conversations.
func Drafts(t *testing.T, open func(t *testing.T) ConversationsUnderTest) {
	t.Helper()
	runCases(t, draftCases, chatsFixture(open))
}

// running is a new running turn of a new visitor.
func (f chats) running(s tenant.Scope) chat.Turn {
	f.Helper()
	return f.begin(s, f.keyed(f.open(s, visitor()), NewID()))
}

// draft is how far t has come, with text that ends at event n.
func draft(t chat.Turn, n int64, text string, lease time.Duration) chat.Draft {
	return chat.Draft{Message: t.Message, Attempt: t.Attempt, Answer: text, LastEvent: n, Lease: t.Asked.Add(lease)}
}

func (f chats) save(s tenant.Scope, ds ...chat.Draft) {
	f.Helper()
	var list []ports.ScopedDraft
	for _, d := range ds {
		list = append(list, ports.ScopedDraft{Scope: s, Draft: d})
	}
	f.must("SaveDrafts", f.SaveDrafts(f.Context(), list))
}

// drafted returns t with d in it.
func drafted(t chat.Turn, d chat.Draft) chat.Turn {
	t.Answer, t.Citations, t.Cards, t.LastEvent, t.Lease = d.Answer, d.Citations, d.Cards, d.LastEvent, d.Lease
	return t
}

var draftCases = []contractCase[chats]{
	{"draft", "a running turn is found with its draft, and its lease is renewed", func(f chats) {
		s := f.NewScope(f.T)
		t := f.running(s)
		d := draft(t, 1<<53+1, long(64<<10), 30*time.Second)
		d.Citations, d.Cards = fullCitations(), fullCards()
		f.wantNoZero(d)
		put := d
		put.Lease = elsewhere(d.Lease)
		f.save(s, put)
		f.wantTurn("drafted", s, drafted(t, d))
		_, err := f.Begin(f.Context(), s, f.again(t, 29*time.Second))
		f.wantInProgress("Begin after the old lease", err, t.Message)
		taken := f.begin(s, f.again(t, 30*time.Second))
		f.want("attempt after the new lease", taken.Attempt, 2)
	}},
	{"grows", "later drafts replace earlier ones, and one that says the same renews the lease", func(f chats) {
		s := f.NewScope(f.T)
		t := f.running(s)
		for i, text := range []string{"", "Yes", "Yes, in", "Yes, in", "Yes, in blue."} {
			d := draft(t, 1+int64(len(text)), text, time.Duration(20+i)*time.Second)
			f.save(s, d)
			f.wantTurn("drafted", s, drafted(t, d))
		}
	}},
	{"never back", "a draft that comes late takes nothing back: neither text nor lease", func(f chats) {
		s := f.NewScope(f.T)
		t := f.running(s)
		good := draft(t, 8, "Yes, in", time.Minute)
		good.Citations, good.Cards = fullCitations(), fullCards()
		f.save(s, good)
		f.save(s, draft(t, 4, "Yes", 30*time.Second))
		f.save(s, draft(t, 1, "", 2*time.Second))
		f.wantTurn("after late drafts", s, drafted(t, good))
		f.save(s, draft(t, 9, "Yes, in ", time.Minute), draft(t, 4, "Yes", time.Second))
		f.wantTurn("after a late draft in one step", s, drafted(t, draft(t, 9, "Yes, in ", time.Minute)))
	}},
	{"skipped", "drafts of turns that are done, gone, unknown or in a later attempt are skipped, the others stored", func(f chats) {
		s := f.NewScope(f.T)
		done := f.running(s)
		f.finish(s, f.answered(done, "done"))
		gone := f.running(s)
		gone.State = chat.Withdrawn
		f.finish(s, gone)
		gone.State = chat.Running
		first := f.running(s)
		second := f.begin(s, f.again(first, time.Minute))
		unknown := f.question(f.open(s, visitor()))
		good := f.running(s)
		d := draft(good, 5, "good", time.Minute)
		f.save(s,
			draft(done, 1000, "late", time.Hour), draft(gone, 1000, "late", time.Hour),
			draft(first, 1000, "late", time.Hour), draft(unknown, 1000, "late", time.Hour), d)
		f.wantTurn("done", s, f.answered(done, "done"))
		f.wantNoTurn("gone", s, gone.Visitor, gone.Message)
		f.wantTurn("in a later attempt", s, second)
		f.wantNoTurn("unknown", s, unknown.Visitor, unknown.Message)
		f.wantTurn("the good one", s, drafted(good, d))
		d2 := draft(second, 3, "no", 2*time.Minute)
		f.save(s, d2)
		f.wantTurn("the later attempt's own draft", s, drafted(second, d2))
	}},
	{"answer wins", "the answer is what Finish stores, also if the draft was longer", func(f chats) {
		s := f.NewScope(f.T)
		t := f.running(s)
		d := draft(t, 100, "a long draft with a price that nobody confirms", time.Minute)
		d.Citations, d.Cards = fullCitations(), fullCards()
		f.save(s, d)
		got, err := f.Find(f.Context(), s, t.Visitor, t.Message)
		f.must("Find", err)
		want := f.answered(got, "short")
		want.Citations, want.Cards = nil, nil
		f.finish(s, want)
		f.wantTurn("done", s, want)
	}},
	{"sites together", "drafts of several sites are stored in one call, each in its own site's turn only", func(f chats) {
		a, sibling, b := f.scopes()
		var list []ports.ScopedDraft
		want := map[tenant.Scope]chat.Turn{}
		for _, s := range []tenant.Scope{a, sibling, b} {
			t := f.running(s)
			d := draft(t, 5, string(s.Site), time.Minute)
			list = append(list, ports.ScopedDraft{Scope: s, Draft: d})
			want[s] = drafted(t, d)
		}
		f.must("SaveDrafts", f.SaveDrafts(f.Context(), list))
		for s, t := range want {
			f.wantTurn("drafted", s, t)
		}
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			stolen := draft(want[theirs], 1000, "stolen", time.Hour)
			for _, s := range outsiders(mine, theirs) {
				f.save(s, stolen)
			}
			f.wantTurn("after another site's draft", theirs, want[theirs])
		})
	}},
	{"nothing", "no drafts at all are no error", func(f chats) {
		f.wantErr("SaveDrafts(nil)", f.SaveDrafts(f.Context(), nil), nil)
		f.wantErr("SaveDrafts of none", f.SaveDrafts(f.Context(), []ports.ScopedDraft{}), nil)
	}},
	{"scope", "an incomplete scope is ErrNoScope, and since it is one step nothing of it is stored", func(f chats) {
		s := f.NewScope(f.T)
		t := f.running(s)
		d := draft(t, 5, "text", time.Minute)
		for _, bad := range incomplete(s) {
			err := f.SaveDrafts(f.Context(), []ports.ScopedDraft{{Scope: s, Draft: d}, {Scope: bad, Draft: d}})
			f.wantErr("SaveDrafts", err, tenant.ErrNoScope)
			f.wantTurn("after it", s, t)
		}
	}},
	{"not kept", "slices passed in are not kept", func(f chats) {
		s := f.NewScope(f.T)
		t := f.running(s)
		put, want := draft(t, 5, "text", time.Minute), draft(t, 5, "text", time.Minute)
		put.Citations, put.Cards = fullCitations(), fullCards()
		want.Citations, want.Cards = fullCitations(), fullCards()
		f.save(s, put)
		put.Citations[0].Title, put.Cards[0].Title, put.Cards[0].Attributes[0].Values[0] = "changed", "changed", "changed"
		f.wantTurn("after SaveDrafts", s, drafted(t, want))
	}},
	{"draft or answer", "of a draft and the answer at the same time the answer stays", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		for range rounds {
			t := f.begin(s, f.question(c))
			done := f.answered(t, "the answer")
			together(3, func(i int) {
				if i == 0 {
					f.wantErr("Finish", f.Finish(f.Context(), s, done), nil)
					return
				}
				f.wantErr("SaveDrafts", f.SaveDrafts(f.Context(), []ports.ScopedDraft{{Scope: s, Draft: draft(t, 1000, "a draft", t.Lease.Sub(t.Asked))}}), nil)
			})
			f.wantTurn("done", s, done)
		}
	}},
	{"done context", "a done context ends the call, and nothing is stored", func(f chats) {
		s := f.NewScope(f.T)
		t := f.running(s)
		err := f.SaveDrafts(f.done(), []ports.ScopedDraft{{Scope: s, Draft: draft(t, 5, "text", time.Minute)}})
		f.wantErr("SaveDrafts", err, f.done().Err())
		f.wantTurn("after it", s, t)
	}},
}
