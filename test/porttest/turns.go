package porttest

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// Turns checks an adapter of ports.Turns. open is called once for each case; it
// needs Turns, Drafts and Conversations.
//
// The time at which a stored turn decides is that of the new one: t.Asked.
func Turns(t *testing.T, open func(t *testing.T) ConversationsUnderTest) {
	t.Helper()
	runCases(t, slices.Concat(turnBeginCases, turnKeyCases, turnFinishCases, turnOwnerCases), chatsFixture(open))
}

// again returns the turn with which a client sends t once more, d later: with
// t's key and body, and all else new.
func (f chats) again(t chat.Turn, d time.Duration) chat.Turn {
	n := f.keyed(chat.Conversation{ID: t.Conversation, Visitor: t.Visitor}, t.Key)
	n.BodyHash, n.Asked, n.Lease = t.BodyHash, t.Asked.Add(d), t.Asked.Add(d+15*time.Second)
	return n
}

// takenOver returns what t is after by has taken it over: without what the lost
// attempt had drafted.
func takenOver(t, by chat.Turn) chat.Turn {
	t.Attempt, t.Reservation, t.Lease = t.Attempt+1, by.Reservation, by.Lease
	t.Answer, t.Citations, t.Cards, t.LastEvent = "", nil, nil, 0
	return t
}

func (f chats) wantInProgress(what string, err error, id chat.MessageID) {
	f.Helper()
	var e *chat.InProgressError
	if !errors.As(err, &e) {
		f.Errorf("%s: got error %v, want a *chat.InProgressError", what, err)
		return
	}
	f.want(what+": InProgressError", e.Message, id)
}

// fullTurn is a turn with every field set.
func (f chats) fullTurn(c chat.Conversation) chat.Turn {
	t := f.keyed(c, awkward)
	t.Question, t.Page = long(4000), chat.Page{URL: "https://shop.example.com/p/1?a=ä&b='", Title: awkward}
	return t
}

var turnBeginCases = []contractCase[chats]{
	{"begin", "Begin stores a turn as it was given, with the next Seq, its times in UTC, and returns it", func(f chats) {
		s := f.NewScope(f.T)
		put := f.fullTurn(f.open(s, visitor()))
		want := put
		want.Seq = 1
		f.wantNoZero(want, "Answer", "Finish", "Citations", "Cards", "Tokens", "ErrorCode", "Notice", "LastEvent", "Answered")
		put.Asked, put.Lease, put.Seq = elsewhere(want.Asked), elsewhere(want.Lease), 99
		f.want("Begin", f.begin(s, put), want)
		f.wantTurn("running", s, want)
	}},
	{"seq", "turns of a conversation count from 1, each conversation on its own", func(f chats) {
		s, v := f.NewScope(f.T), visitor()
		a, b := f.open(s, v), f.open(s, v)
		for i := range 3 {
			f.want("Seq", f.begin(s, f.question(a)).Seq, i+1)
		}
		f.want("Seq of another conversation", f.begin(s, f.question(b)).Seq, 1)
	}},
	{"seq at once", "turns that begin at the same time have a Seq each, without gaps", func(f chats) {
		s := f.NewScope(f.T)
		for range rounds / 6 {
			c := f.open(s, visitor())
			seqs := make([]int, 8)
			together(len(seqs), func(i int) {
				t, err := f.Begin(f.Context(), s, f.question(c))
				f.wantErr("Begin", err, nil)
				seqs[i] = t.Seq
			})
			slices.Sort(seqs)
			f.want("all Seq", seqs, []int{1, 2, 3, 4, 5, 6, 7, 8})
		}
	}},
	{"no conversation", "without a conversation of the visitor's own Begin is ErrNotFound", func(f chats) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			c := f.open(theirs, visitor())
			unknown := f.question(c)
			unknown.Conversation = newID[chat.ConversationID](chat.ConversationPrefix)
			_, err := f.Begin(f.Context(), theirs, unknown)
			f.wantErr("Begin in an unknown conversation", err, ports.ErrNotFound)
			foreign := f.question(c)
			foreign.Visitor = visitor()
			_, err = f.Begin(f.Context(), theirs, foreign)
			f.wantErr("Begin in another visitor's conversation", err, ports.ErrNotFound)
			for _, s := range outsiders(mine, theirs) {
				t := f.question(c)
				_, err = f.Begin(f.Context(), s, t)
				f.wantErr("Begin in another site's conversation", err, ports.ErrNotFound)
				f.wantNoTurn("refused", theirs, c.Visitor, t.Message)
			}
			f.want("Seq of the first turn", f.begin(theirs, f.question(c)).Seq, 1)
		})
	}},
	{"message taken", "a message id that is there already is ErrConflict, and what is there stays", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		t := f.ask(s, c, "answer")
		for _, v := range []chat.Conversation{c, f.open(s, c.Visitor), f.open(s, visitor())} {
			dup := f.question(v)
			dup.Message = t.Message
			_, err := f.Begin(f.Context(), s, dup)
			f.wantErr("Begin of a message that is there", err, ports.ErrConflict)
		}
		f.wantTurn("the first", s, t)
		f.want("Seq of the next turn", f.begin(s, f.question(c)).Seq, 2)
	}},
	{"scope", "an incomplete scope is ErrNoScope", func(f chats) {
		s := f.NewScope(f.T)
		t := f.begin(s, f.question(f.open(s, visitor())))
		for _, bad := range incomplete(s) {
			_, err := f.Begin(f.Context(), bad, f.again(t, 0))
			f.wantErr("Begin", err, tenant.ErrNoScope)
			f.wantErr("Finish", f.Finish(f.Context(), bad, f.answered(t, "x")), tenant.ErrNoScope)
			_, err = f.Find(f.Context(), bad, t.Visitor, t.Message)
			f.wantErr("Find", err, tenant.ErrNoScope)
		}
		f.wantTurn("after it", s, t)
	}},
	{"done context", "a done context ends each call, and nothing is changed", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		t := f.begin(s, f.question(c))
		next := f.question(c)
		_, err := f.Begin(f.done(), s, next)
		f.wantErr("Begin", err, f.done().Err())
		f.wantNoTurn("after it", s, c.Visitor, next.Message)
		f.wantErr("Finish", f.Finish(f.done(), s, f.answered(t, "x")), f.done().Err())
		_, err = f.Find(f.done(), s, t.Visitor, t.Message)
		f.wantErr("Find", err, f.done().Err())
		f.wantTurn("after it", s, t)
	}},
}

var turnKeyCases = []contractCase[chats]{
	{"in progress", "a key again while its turn runs is a *chat.InProgressError with its message", func(f chats) {
		s := f.NewScope(f.T)
		t := f.begin(s, f.keyed(f.open(s, visitor()), "k"))
		for _, d := range []time.Duration{0, time.Second, 15*time.Second - time.Microsecond} {
			n := f.again(t, d)
			_, err := f.Begin(f.Context(), s, n)
			f.wantInProgress("Begin again", err, t.Message)
			f.wantNoTurn("the new message", s, t.Visitor, n.Message)
		}
		f.wantTurn("the stored turn", s, t)
	}},
	{"answered", "a key again after the answer returns the stored turn, and stores nothing", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		t := f.answered(f.begin(s, f.fullTurn(c)), "answer")
		t.Citations, t.Cards, t.Notice = fullCitations(), fullCards(), awkward
		f.finish(s, t)
		for _, d := range []time.Duration{0, time.Hour, chat.KeyLife - time.Second} {
			n := f.again(t, d)
			f.want("Begin again", f.begin(s, n), t)
			f.wantNoTurn("the new message", s, t.Visitor, n.Message)
		}
		f.wantTurn("the stored turn", s, t)
		f.want("Seq of the next turn", f.begin(s, f.question(c)).Seq, 2)
	}},
	{"another body", "a key again with another body is chat.ErrKeyMismatch, whatever has become of the turn", func(f chats) {
		s := f.NewScope(f.T)
		t := f.begin(s, f.keyed(f.open(s, visitor()), "k"))
		check := func(what string, d time.Duration) {
			n := f.again(t, d)
			n.BodyHash = hashOf("another body")
			_, err := f.Begin(f.Context(), s, n)
			f.wantErr("Begin "+what, err, chat.ErrKeyMismatch)
			f.wantTurn(what, s, t)
		}
		check("while it runs", time.Second)
		check("when it is lost", time.Minute)
		t = f.finish(s, f.answered(t, "answer"))
		check("when it is done", time.Minute)
	}},
	{"taken over", "once its lease has run out a turn is taken over: reservation and lease are new, the attempt is the next, message and seq are the old ones, and nothing is left of the draft", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		t := f.begin(s, f.fullTurn(c))
		f.must("SaveDrafts", f.SaveDrafts(f.Context(), []ports.ScopedDraft{{Scope: s, Draft: chat.Draft{
			Message: t.Message, Attempt: 1, Answer: "half an ans", Citations: fullCitations(), Cards: fullCards(), LastEvent: 12, Lease: t.Lease,
		}}}))
		for attempt := 2; attempt <= 3; attempt++ {
			n := f.again(t, t.Lease.Sub(t.Asked))
			t = takenOver(t, n)
			f.want("Attempt", t.Attempt, attempt)
			f.want("Begin again", f.begin(s, n), t)
			f.wantTurn("taken over", s, t)
			f.wantNoTurn("the new message", s, t.Visitor, n.Message)
		}
		f.want("Seq of the next turn", f.begin(s, f.question(c)).Seq, 2)
		_, err := f.Begin(f.Context(), s, f.again(t, t.Lease.Sub(t.Asked)-time.Microsecond))
		f.wantInProgress("Begin while the new attempt runs", err, t.Message)
	}},
	{"key life", "a key is forgotten chat.KeyLife after it was sent, and names the new turn then", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		for _, done := range []bool{true, false} {
			old := f.begin(s, f.keyed(c, NewID()))
			if done {
				old = f.finish(s, f.answered(old, "answer"))
			}
			n := f.again(old, chat.KeyLife+time.Second)
			n.BodyHash = hashOf("another body")
			got := f.begin(s, n)
			n.Seq = got.Seq
			f.want("Begin after the key's life", got, n)
			if got.Seq <= old.Seq {
				f.Errorf("Begin after the key's life: got Seq %d, want one above %d", got.Seq, old.Seq)
			}
			_, err := f.Begin(f.Context(), s, f.again(n, time.Second))
			f.wantInProgress("Begin with the new turn's key", err, n.Message)
			stored, err := f.Find(f.Context(), s, old.Visitor, old.Message)
			f.wantErr("Find of the old turn", err, nil)
			f.want("the old turn's answer", stored.Answer, old.Answer)
			f.want("the old turn's Seq", stored.Seq, old.Seq)
		}
	}},
	{"key by visitor", "a key is one visitor's of one site, in whichever of his conversations he sends it", func(f chats) {
		a, sibling, b := f.scopes()
		v := visitor()
		var first chat.Turn
		for i, s := range []tenant.Scope{a, sibling, b} {
			t := f.begin(s, f.keyed(f.open(s, v), "k"))
			if i == 0 {
				first = t
			}
			f.want("Attempt of each site's own", t.Attempt, 1)
			f.begin(s, f.keyed(f.open(s, visitor()), "k"))
			f.begin(s, f.keyed(f.open(s, visitor()), "K"))
		}
		_, err := f.Begin(f.Context(), a, f.keyed(f.open(a, v), "k"))
		f.wantInProgress("Begin in another conversation", err, first.Message)
		first = f.finish(a, f.answered(first, "answer"))
		f.want("Begin in another conversation", f.begin(a, f.keyed(f.open(a, v), "k")), first)
	}},
	{"no key", "turns without a key are never taken for one another", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		for i := range 4 {
			t := f.question(c)
			t.Asked = f.now.Add(time.Duration(i) * time.Minute)
			got := f.begin(s, t)
			f.want("Seq", got.Seq, i+1)
			f.want("Message", got.Message, t.Message)
			if i%2 == 0 {
				f.finish(s, f.answered(got, "answer"))
			}
		}
	}},
	{"one begins", "of requests with one key at the same time one begins, and the others are in progress", func(f chats) {
		s := f.NewScope(f.T)
		for range rounds {
			c := f.open(s, visitor())
			key := NewID()
			f.wantOne("Begin", s, func() chat.Turn { return f.keyed(c, key) }, 1)
		}
	}},
	{"one takes over", "of requests that find a lost turn at the same time one takes it over", func(f chats) {
		s := f.NewScope(f.T)
		for range rounds {
			t := f.begin(s, f.keyed(f.open(s, visitor()), NewID()))
			f.wantOne("Begin", s, func() chat.Turn { return f.again(t, time.Minute) }, 2)
		}
	}},
}

// wantOne checks that of 16 Begins at once one begins the given attempt, and
// the others are told of it.
func (f chats) wantOne(what string, s tenant.Scope, next func() chat.Turn, attempt int) {
	f.Helper()
	begun := make([]chat.Turn, 16)
	told := make([]chat.MessageID, 16)
	together(len(begun), func(i int) {
		var running *chat.InProgressError
		got, err := f.Begin(f.Context(), s, next())
		switch {
		case err == nil:
			begun[i] = got
		case errors.As(err, &running):
			told[i] = running.Message
		default:
			f.Errorf("%s: %v", what, err)
		}
	})
	begun = slices.DeleteFunc(begun, func(t chat.Turn) bool { return t.Message == "" })
	if len(begun) != 1 {
		f.Fatalf("%s: %d of 16 have begun, want 1", what, len(begun))
	}
	f.want(what+": attempt", begun[0].Attempt, attempt)
	told = slices.DeleteFunc(told, func(id chat.MessageID) bool { return id == begun[0].Message })
	f.want(what+": those told nothing", len(told), 1)
}

var turnFinishCases = []contractCase[chats]{
	{"answer", "Finish stores the answer with all that belongs to it, its times in UTC", func(f chats) {
		s := f.NewScope(f.T)
		want := f.answered(f.begin(s, f.fullTurn(f.open(s, visitor()))), long(64<<10))
		want.Finish, want.ErrorCode, want.Notice = chat.Length, "UPSTREAM_TIMEOUT", awkward
		want.Tokens = chat.Tokens{Input: 1<<53 + 1, Output: 40, Cached: 8, Reasoning: 4, CountedBy: chat.ByBound}
		want.Citations, want.Cards = fullCitations(), fullCards()
		want.LastEvent = 1<<53 + 1
		f.wantNoZero(want)
		put := want
		put.Answered, put.Cards = elsewhere(want.Answered), fullCards()
		put.Cards[0].AsOf = elsewhere(want.Cards[0].AsOf)
		f.finish(s, put)
		f.wantTurn("done", s, want)
	}},
	{"endings", "every ending comes back as it was, also one with nothing said and nothing spent", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		for fin := chat.Complete; fin <= chat.Failed; fin++ {
			for by := chat.CountedBy(0); by <= chat.ByBound; by++ {
				t := f.begin(s, f.question(c))
				t.State, t.Finish, t.Answered, t.Tokens.CountedBy = chat.Done, fin, f.now, by
				f.finish(s, t)
				f.wantTurn(fin.String()+" "+by.String(), s, t)
			}
		}
	}},
	{"repeated", "repeating Finish changes nothing, and another answer is ErrConflict", func(f chats) {
		s := f.NewScope(f.T)
		t := f.finish(s, f.answered(f.begin(s, f.question(f.open(s, visitor()))), "answer"))
		f.wantErr("Finish again", f.Finish(f.Context(), s, t), nil)
		f.wantTurn("after it", s, t)
		f.wantErr("Finish with another answer", f.Finish(f.Context(), s, f.answered(t, "another")), ports.ErrConflict)
		withdrawn := t
		withdrawn.State = chat.Withdrawn
		f.wantErr("Finish of a done turn as withdrawn", f.Finish(f.Context(), s, withdrawn), ports.ErrConflict)
		f.wantTurn("after it", s, t)
	}},
	{"withdrawn", "a withdrawn turn is gone: its seq and its key are free again", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		first := f.ask(s, c, "kept")
		t := f.begin(s, f.keyed(c, "k"))
		withdrawn := t
		withdrawn.State = chat.Withdrawn
		f.wantErr("Finish", f.Finish(f.Context(), s, withdrawn), nil)
		f.wantNoTurn("withdrawn", s, t.Visitor, t.Message)
		f.wantLast("after it", s, c, 10, first)
		// The second time there is no such turn; either answer changes nothing.
		if err := f.Finish(f.Context(), s, withdrawn); err != nil && !errors.Is(err, ports.ErrNotFound) {
			f.Errorf("Finish again: got %v, want nil or ErrNotFound", err)
		}
		n := f.again(t, time.Second)
		got := f.begin(s, n)
		n.Seq = t.Seq
		f.want("Begin with the key again", got, n)
		f.wantErr("Finish of the withdrawn message as done", f.Finish(f.Context(), s, f.answered(t, "late")), ports.ErrNotFound)
		f.wantTurn("the new turn", s, got)
	}},
	{"later attempt", "once a later attempt has begun the earlier one can neither answer nor withdraw: ErrConflict", func(f chats) {
		s := f.NewScope(f.T)
		first := f.begin(s, f.keyed(f.open(s, visitor()), "k"))
		second := f.begin(s, f.again(first, time.Minute))
		refused := func(what string, now chat.Turn) {
			withdrawn := first
			withdrawn.State = chat.Withdrawn
			f.wantErr("Finish of the first attempt "+what, f.Finish(f.Context(), s, f.answered(first, "first")), ports.ErrConflict)
			f.wantErr("withdrawing the first attempt "+what, f.Finish(f.Context(), s, withdrawn), ports.ErrConflict)
			f.wantTurn(what, s, now)
		}
		refused("while the second runs", second)
		second = f.finish(s, f.answered(second, "second"))
		refused("when the second is done", second)
	}},
	{"lease over", "an attempt whose lease has run out may still answer, if nobody has taken it over", func(f chats) {
		s := f.NewScope(f.T)
		t := f.begin(s, f.keyed(f.open(s, visitor()), "k"))
		done := f.answered(t, "late, and good")
		done.Answered = t.Lease.Add(time.Hour)
		f.finish(s, done)
		f.wantTurn("done", s, done)
		f.want("Begin again", f.begin(s, f.again(t, 2*time.Hour)), done)
	}},
	{"answer or take-over", "of an answer and a take-over at the same time one comes first, and the other sees it", func(f chats) {
		s := f.NewScope(f.T)
		for round := range rounds {
			t := f.begin(s, f.keyed(f.open(s, visitor()), NewID()))
			done := f.answered(t, "answer")
			var again chat.Turn
			var beginErr, finishErr error
			together(2, func(i int) {
				if i == round%2 { // neither is always the one that is let go first
					finishErr = f.Finish(f.Context(), s, done)
				} else {
					again, beginErr = f.Begin(f.Context(), s, f.again(t, time.Minute))
				}
			})
			f.must("Begin", beginErr)
			switch again.State {
			case chat.Done:
				f.wantErr("Finish, which came first", finishErr, nil)
				f.want("Begin after it", again, done)
			case chat.Running:
				f.wantErr("Finish, which came second", finishErr, ports.ErrConflict)
				f.want("attempt", again.Attempt, 2)
				f.wantTurn("taken over", s, again)
			default:
				f.Errorf("Begin returned state %d", again.State)
			}
		}
	}},
	{"one answer", "of different answers at the same time one is stored, and the others are ErrConflict", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		for range rounds {
			t := f.begin(s, f.question(c))
			var stored atomic.Int64
			together(4, func(i int) {
				err := f.Finish(f.Context(), s, f.answered(t, []string{"a", "b", "c", "d"}[i]))
				switch {
				case err == nil:
					stored.Add(1)
				case !errors.Is(err, ports.ErrConflict):
					f.Errorf("Finish: got %v, want ErrConflict", err)
				}
			})
			if n := stored.Load(); n != 1 {
				f.Fatalf("%d answers to one question were stored", n)
			}
		}
	}},
	{"not kept", "slices passed in are not kept, those returned belong to the caller", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		want := f.answered(f.begin(s, f.keyed(c, "k")), "answer")
		put := want
		want.Citations, want.Cards = fullCitations(), fullCards()
		put.Citations, put.Cards = fullCitations(), fullCards()
		f.finish(s, put)
		spoil := func(t chat.Turn) {
			t.Citations[0].Title, t.Cards[0].Title = "changed", "changed"
			t.Cards[0].Attributes[0].Name, t.Cards[0].Attributes[0].Values[0] = "changed", "changed"
		}
		spoil(put)
		f.wantTurn("after Finish", s, want)
		f.sound()
		found, err := f.Find(f.Context(), s, c.Visitor, want.Message)
		f.must("Find", err)
		spoil(found)
		f.wantTurn("after Find", s, want)
		f.sound()
		last, err := f.Last(f.Context(), s, c.Visitor, c.ID, 1)
		f.must("Last", err)
		f.wantLast("before", s, c, 1, want)
		f.sound()
		for _, t := range last {
			spoil(t)
		}
		f.wantTurn("after Last", s, want)
		again := f.begin(s, f.again(want, time.Second))
		f.want("Begin again", again, want)
		f.sound()
		spoil(again)
		f.wantTurn("after Begin", s, want)
	}},
}

var turnOwnerCases = []contractCase[chats]{
	{"not found", "a turn that never was is ErrNotFound", func(f chats) {
		s := f.NewScope(f.T)
		c := f.open(s, visitor())
		f.ask(s, c, "another")
		t := f.question(c)
		f.wantNoTurn("unknown", s, c.Visitor, t.Message)
		f.wantErr("Finish", f.Finish(f.Context(), s, f.answered(t, "x")), ports.ErrNotFound)
		f.wantNoTurn("after Finish", s, c.Visitor, t.Message)
	}},
	{"isolation", "another visitor's or site's turn is ErrNotFound, and cannot be answered or withdrawn", func(f chats) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			c := f.open(theirs, visitor())
			running, done := f.begin(theirs, f.question(c)), f.ask(theirs, c, "theirs")
			for _, t := range []chat.Turn{running, done} {
				f.wantNoTurn("another visitor", theirs, visitor(), t.Message)
				for _, s := range outsiders(mine, theirs) {
					f.wantNoTurn("another site", s, t.Visitor, t.Message)
					withdrawn := t
					withdrawn.State = chat.Withdrawn
					if err := f.Finish(f.Context(), s, withdrawn); err != nil && !errors.Is(err, ports.ErrNotFound) {
						f.Errorf("another site withdraws: got %v, want ErrNotFound", err)
					}
					f.wantErr("another site answers", f.Finish(f.Context(), s, f.answered(t, "stolen")), ports.ErrNotFound)
				}
				f.wantTurn("one's own", theirs, t)
			}
		})
	}},
	{"same ids", "a turn of another site with the same key and visitor is never returned, taken over or changed", func(f chats) {
		a, sibling, b := f.scopes()
		strangers(a, sibling, b, func(mine, theirs tenant.Scope) {
			v, key := visitor(), NewID()
			t := f.answered(f.begin(theirs, f.keyed(f.open(theirs, v), key)), "theirs")
			lost := f.begin(theirs, f.keyed(f.open(theirs, v), key+"2"))
			f.finish(theirs, t)
			for _, k := range []string{key, key + "2"} {
				n := f.keyed(f.open(mine, v), k)
				n.Asked, n.Reservation = f.now.Add(time.Minute), newID[string](usage.ReservationPrefix)
				got := f.begin(mine, n)
				n.Seq = 1
				f.want("Begin with the key of another site", got, n)
			}
			f.wantTurn("the other site's answer", theirs, t)
			f.wantTurn("the other site's lost turn", theirs, lost)
		})
	}},
}
