package answering_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/searching"
	"github.com/aiwoochat/woochat/domain/catalog"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
)

// keyed is a question with an Idempotency-Key.
func (w *world) keyed() answering.Question {
	q := w.question("What does shipping cost?")
	q.Key, q.BodyHash = "key-1", "hash-1"
	return q
}

func TestSameKeyAgain(t *testing.T) {
	kept := &keptConversations{}
	inWorld(t, func(w *world) { kept.Conversations = w.deps.Conversations; w.deps.Conversations = kept }, func(w *world) {
		st, err := w.Ask(w.Context(), w.keyed())
		w.must(err)
		w.model.say("Shipping costs €4.90 [1]. ")

		var progress *chat.InProgressError
		if _, err := w.Ask(w.Context(), w.keyed()); !errors.As(err, &progress) || progress.Message != st.Message() {
			w.Errorf("while it runs: %v", err)
		}
		other := w.keyed()
		other.BodyHash = "hash-2"
		if _, err := w.Ask(w.Context(), other); !errors.Is(err, chat.ErrKeyMismatch) {
			w.Errorf("another body: %v", err)
		}

		w.model.end("Free from €60 [1].")
		first := w.all(st)
		again, err := w.Ask(w.Context(), w.keyed())
		w.must(err)
		second := w.all(again)
		again.Leave()
		if again.Message() != st.Message() || text(second) != text(first) || last(second).No != last(first).No || last(second).Tokens != last(first).Tokens {
			w.Errorf("first %+v\nagain %+v", first, second)
		}
		if n := len(w.model.calls()); n != 1 {
			w.Errorf("the model was called %d times", n)
		}
		w.settled(1)
		// Each try opened a conversation, since the question names none; only
		// the first one's is used.
		if len(kept.opened) != 1 || kept.opened[0] != st.Conversation() {
			w.Errorf("conversations are left: %v", kept.opened)
		}
	})
}

// TestFailedAnswerAgain shows the failure again: a key stands for one answer.
func TestFailedAnswerAgain(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st, err := w.Ask(w.Context(), w.keyed())
		w.must(err)
		w.model.say("Shipping costs €4.90 [1]. And ")
		w.model.fail(&ports.ModelError{Kind: ports.ModelBroke})
		first := w.all(st)
		again, err := w.Ask(w.Context(), w.keyed())
		w.must(err)
		second := w.all(again)
		var a, b *answering.FailedError
		if !errors.As(last(first).Err, &a) || !errors.As(last(second).Err, &b) || *a != *b || text(first) != text(second) {
			w.Errorf("first %+v\nagain %+v", first, second)
		}
		w.settled(1)
	})
}

// TestTakeOver begins an answer anew that another process has lost.
func TestTakeOver(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		lost, err := w.Ask(w.Context(), w.keyed())
		w.must(err)
		w.model.say("Shipping ")
		w.deps.Model = memory.NewModel("Shipping costs €4.90 [1].")
		next := w.process()
		pass(15*time.Second - 1)
		var progress *chat.InProgressError
		if _, err := next.Ask(w.Context(), w.keyed()); !errors.As(err, &progress) {
			w.Fatalf("before the lease has run out: %v", err)
		}
		pass(time.Nanosecond)
		st, err := next.Ask(w.Context(), w.keyed())
		w.must(err)
		if got := text(w.all(st)); got != "Shipping costs €4.90 [1]." || st.Message() != lost.Message() {
			w.Errorf("got %q as %s", got, st.Message())
		}
		turn := w.turn(st.Message())
		if turn.Attempt != 2 || turn.Finish != chat.Complete || turn.Seq != 1 {
			w.Errorf("stored as %+v", turn)
		}
		// The lost process was only slow: what it says now comes too late, and
		// is paid for all the same.
		w.model.end("is free.")
		if end := last(w.all(lost)); end.Kind != chat.EventError || !errors.Is(end.Err, ports.ErrConflict) {
			w.Errorf("the lost one ended with %+v", end)
		}
		if turn := w.turn(st.Message()); turn.Answer != "Shipping costs €4.90 [1]." {
			w.Errorf("the late answer was stored: %+v", turn)
		}
		if e := w.settled(2); e[0].Reservation == e[1].Reservation {
			w.Errorf("both attempts have the reservation %s", e[0].Reservation)
		}
	})
}

// TestTakeOverInOneProcess begins an answer anew in the process that has lost
// it, since its drafts could not be stored. The new one must be the one that is
// stopped, resumed and kept alive from then on.
func TestTakeOverInOneProcess(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		lost, err := w.Ask(w.Context(), w.keyed())
		w.must(err)
		w.model.say("Shipping ")
		pass(15 * time.Second) // no checkpoint in between
		at := time.Now()
		st, err := w.Ask(w.Context(), w.keyed())
		w.must(err)
		if end := last(w.all(lost)); end.Kind != chat.EventError || !errors.Is(end.Err, ports.ErrConflict) || !time.Now().Equal(at) {
			w.Errorf("the lost one ended with %+v after %v", end, time.Since(at))
		}
		w.model.say("Shipping costs €4.90 [1]. ")
		w.model.say("And")
		pass(10 * time.Second)
		w.must(w.Checkpoint(w.Context()))
		if turn := w.turn(st.Message()); turn.Answer != "Shipping costs €4.90 [1]. " || !turn.Lease.Equal(time.Now().Add(15*time.Second)) {
			w.Errorf("the new attempt is not kept: %+v", turn)
		}
		w.must(w.Stop(w.Context(), w.site.Scope(), w.visitor, st.Message()))
		if end := last(w.all(st)); end.Finish != chat.Stopped {
			w.Errorf("ended with %+v", end)
		}
		w.settled(2)
	})
}

// --- the model, the fallback and what they cost ---

func refused(kind ports.ModelErrorKind) *ports.ModelError {
	return &ports.ModelError{Kind: kind, Unspent: true}
}

func withFallback(w *world) {
	w.deps.Fallback, w.cfg.FallbackModel = memory.NewModel("Quoted: Shipping costs €4.90 [1]."), "quotes"
}

func TestSecondTry(t *testing.T) {
	inWorld(t, withFallback, func(w *world) {
		st := w.ask()
		w.model.fail(refused(ports.ModelUnavailable))
		w.model.end("Shipping costs €4.90 [1].")
		events := w.all(st)
		if end := last(events); text(events) != "Shipping costs €4.90 [1]." || end.Notice != "" || end.Finish != chat.Complete {
			w.Errorf("got %q and %+v", text(events), end)
		}
		e := w.settled(2)
		if e[0].CallNo != 1 || e[0].Tokens.Total() != 0 || e[0].Success || e[0].ErrorCode != "UPSTREAM_UNAVAILABLE" || e[0].ChatRequests != 1 || e[0].Last {
			w.Errorf("first %+v", e[0])
		}
		if e[1].CallNo != 2 || e[1].Tokens.Total() != 101 || !e[1].Success || e[1].ChatRequests != 0 || !e[1].Last || e[1].Reservation != e[0].Reservation {
			w.Errorf("second %+v", e[1])
		}
	})
}

func TestFallback(t *testing.T) {
	for name, c := range map[string]struct {
		failures []error
		codes    []string
	}{
		"twice away":       {[]error{refused(ports.ModelUnavailable), refused(ports.ModelRateLimited)}, []string{"UPSTREAM_UNAVAILABLE", "UPSTREAM_RATE_LIMITED", ""}},
		"asked to wait":    {[]error{&ports.ModelError{Kind: ports.ModelRateLimited, Unspent: true, RetryAfter: time.Minute}}, []string{"UPSTREAM_RATE_LIMITED", ""}},
		"refused for good": {[]error{refused(ports.ModelRefused)}, []string{"UPSTREAM_REFUSED", ""}},
		"spent":            {[]error{&ports.ModelError{Kind: ports.ModelTimeout}}, []string{"UPSTREAM_TIMEOUT", ""}},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, withFallback, func(w *world) {
				st := w.ask()
				for _, f := range c.failures {
					w.model.fail(f)
				}
				events := w.all(st)
				if end := last(events); text(events) != "Quoted: Shipping costs €4.90 [1]." || end.Notice != chat.NoticeQuoted || end.Finish != chat.Complete {
					w.Errorf("got %q and %+v", text(events), end)
				}
				if turn := w.turn(st.Message()); turn.Notice != chat.NoticeQuoted {
					w.Errorf("stored as %+v", turn)
				}
				booked := w.settled(len(c.codes))
				for i, e := range booked {
					if e.CallNo != i+1 || e.ErrorCode != c.codes[i] || e.Last != (i == len(c.codes)-1) {
						w.Errorf("event %d is %+v, want code %q", i, e, c.codes[i])
					}
				}
				if e := booked[len(booked)-1]; e.Model != "quotes" || e.Tokens.Total() != 0 || e.Cost != 0 {
					w.Errorf("the fallback cost %+v", e)
				}
				if day, _ := w.books(); day.Used.ChatRequests != 1 {
					w.Errorf("%d chat requests", day.Used.ChatRequests)
				}
				if f, ok := published[answering.FellBack](w); !ok || !errors.Is(f.Err, c.failures[len(c.failures)-1]) {
					w.Errorf("published %+v", f)
				}
			})
		})
	}
}

// TestFallbackAfterHalfASentence answers although the model broke off: nothing
// had been shown.
func TestFallbackAfterHalfASentence(t *testing.T) {
	inWorld(t, withFallback, func(w *world) {
		st := w.ask()
		w.model.say("Shipping costs ab")
		w.model.fail(&ports.ModelError{Kind: ports.ModelTruncated})
		events := w.all(st)
		if text(events) != "Quoted: Shipping costs €4.90 [1]." || last(events).Notice != chat.NoticeQuoted {
			w.Errorf("got %q and %+v", text(events), last(events))
		}
		if e := w.settled(2); e[0].Tokens.Output != 1 || e[0].ErrorCode != "UPSTREAM_TRUNCATED" {
			w.Errorf("events %+v", e)
		}
	})
}

func TestNoFallbackOnceTextWasShown(t *testing.T) {
	inWorld(t, withFallback, func(w *world) {
		st := w.begun()
		w.model.fail(&ports.ModelError{Kind: ports.ModelBroke})
		events := w.all(st)
		var failed *answering.FailedError
		if text(events) != "Shipping costs €4.90 [1]. " || !errors.As(last(events).Err, &failed) || failed.Code != "UPSTREAM_BROKE" {
			w.Errorf("got %q and %+v", text(events), last(events))
		}
		if turn := w.turn(st.Message()); turn.Finish != chat.Failed || turn.ErrorCode != "UPSTREAM_BROKE" || turn.State != chat.Done {
			w.Errorf("stored as %+v", turn)
		}
		w.settled(1)
	})
}

func TestNoFallbackAfterStop(t *testing.T) {
	inWorld(t, withFallback, func(w *world) {
		st := w.ask()
		w.model.say("Ship")
		w.must(w.Stop(w.Context(), w.site.Scope(), w.visitor, st.Message()))
		if events := w.all(st); text(events) != "" || last(events).Finish != chat.Stopped {
			w.Errorf("got %+v", events)
		}
		w.settled(1)
	})
}

func TestWithoutFallback(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.ask()
		w.model.fail(refused(ports.ModelUnavailable))
		w.model.fail(refused(ports.ModelUnavailable))
		var failed *answering.FailedError
		if end := last(w.all(st)); !errors.As(end.Err, &failed) || failed.Code != "UPSTREAM_UNAVAILABLE" {
			w.Errorf("ended with %+v", end)
		}
		if e := w.settled(2); e[0].Tokens.Total() != 0 || e[1].Tokens.Total() != 0 {
			w.Errorf("events %+v", e)
		}
	})
}

// TestFinishReasons passes on why a good answer ended.
func TestFinishReasons(t *testing.T) {
	for _, f := range []chat.Finish{chat.Complete, chat.Length, chat.Filtered} {
		t.Run(f.String(), func(t *testing.T) {
			inWorld(t, nil, func(w *world) {
				st := w.ask()
				w.model.steps <- step{text: "Shipping costs €4.90 [1]", finish: f}
				events := w.all(st)
				if last(events).Finish != f || text(events) != "Shipping costs €4.90 [1]" || w.turn(st.Message()).Finish != f {
					w.Errorf("got %+v", events)
				}
				w.settled(1)
			})
		})
	}
}

// --- what the answer is made from ---

// evidence asks and returns the titles of what the model was given.
func (w *world) evidence(question string) string {
	w.Helper()
	st, err := w.Ask(w.Context(), w.question(question))
	w.must(err)
	w.model.end("Well.")
	if end := last(w.all(st)); end.Kind != chat.EventEnd {
		w.Fatalf("ended with %+v", end)
	}
	var titles []string
	calls := w.model.calls()
	for _, e := range calls[len(calls)-1].Evidence {
		titles = append(titles, e.Title)
	}
	return strings.Join(titles, ", ")
}

func TestEvidenceIsWhatTheShopSaysNow(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		s := w.site.Scope()
		if got := w.evidence("waterproof jacket"); got != "Storm Jacket" {
			w.Errorf("got %q", got)
		}
		// The store has a newer revision than the index.
		hidden := jacket()
		hidden.Revision = "r2"
		_, err := w.stores.Documents.Put(w.Context(), s, hidden, nil)
		w.must(err)
		if got := w.evidence("waterproof jacket"); got != "" {
			w.Errorf("an old revision was shown: %q", got)
		}
	})
}

func TestNothingLikeThatShowsTheNearest(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		if got := w.evidence("jacket under 10 euros"); got != "Storm Jacket" {
			w.Errorf("got %q, want the nearest", got)
		}
		if got := w.evidence("jacket under 100 euros"); got != "Storm Jacket" {
			w.Errorf("got %q", got)
		}
	})
}

// A shopper whose page is in one of a shop's languages is answered from the texts
// in it; one whose page is in none of them, from all.
func TestEvidenceInTheLanguageOfThePage(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		for locale, text := range map[string]string{ // the site is in English
			"": "Repairs\nWe mend zippers within a week, also by post.", "de": "Reparaturen\nAuch zippers nimmt unser Laden an, nach acht Tagen sind sie fertig.",
		} {
			title, text, _ := strings.Cut(text, "\n")
			w.must(w.stores.Add(w.Context(), w.site.Scope(), retrieval.Document{
				ID: retrieval.DocumentID("page:" + title), Revision: "r1", Kind: catalog.KindPage, Locale: locale, Title: title,
			}, text))
		}
		for locale, want := range map[string]string{"de-AT": "Reparaturen", "en-GB": "Repairs", "": "Repairs, Reparaturen", "fr": "Repairs, Reparaturen"} {
			q := w.question("zippers")
			q.Locale = locale
			st, err := w.Ask(w.Context(), q)
			w.must(err)
			w.model.end("Well.")
			w.all(st)
			calls := w.model.calls()
			var titles []string
			for _, e := range calls[len(calls)-1].Evidence {
				titles = append(titles, e.Title)
			}
			slices.Sort(titles)
			if got := strings.Join(titles, ", "); got != want {
				w.Errorf("%q: got %q, want %q", locale, got, want)
			}
		}
	})
}

// TestIndexBehindTheShop finds by facts that have changed: the loaded ones
// decide.
func TestIndexBehindTheShop(t *testing.T) {
	inWorld(t, func(w *world) { w.find.Searcher = unfiltered{w.find.Searcher} }, func(w *world) {
		w.must(w.stores.Add(w.Context(), w.site.Scope(), retrieval.Document{
			ID: "product:2", Kind: catalog.KindProduct, Title: "Camp Jacket",
			Facts: catalog.Facts{Categories: []string{"Jackets"}, Offers: []catalog.Offer{{Regular: eur(12000), Stock: catalog.InStock}}},
		}, "A jacket."))
		if got := w.evidence("jacket under 100 euros"); got != "Storm Jacket" {
			w.Errorf("got %q", got)
		}
	})
}

// unfiltered is an index that knows no facts.
type unfiltered struct{ ports.Searcher }

func (u unfiltered) Search(ctx context.Context, s tenant.Scope, q retrieval.Query) ([]retrieval.Passage, error) {
	q.Filter = retrieval.Filter{}
	return u.Searcher.Search(ctx, s, q)
}

// TestVocabularyIsFresh learns new words of the shop after some seconds, and
// reads a shop of more than one page.
func TestVocabularyIsFresh(t *testing.T) {
	count := &countedInventory{}
	inWorld(t, func(w *world) { count.Inventory = w.find.Inventory; w.find.Inventory = count }, func(w *world) {
		w.evidence("jacket")
		w.evidence("jacket")
		if count.calls != 1 {
			w.Errorf("the inventory was read %d times for two questions", count.calls)
		}
		d := jacket()
		for i := range 600 {
			d.ID, d.Title = retrieval.NewDocumentID(catalog.KindProduct, "x"+strings.Repeat("i", i)), "Thing"
			w.must(w.stores.Add(w.Context(), w.site.Scope(), d, "A thing."))
		}
		pass(5 * time.Second)
		w.evidence("jacket")
		if count.calls != 3 {
			w.Errorf("the inventory was read %d times, want two pages more", count.calls)
		}
	})
}

type countedInventory struct {
	ports.Inventory
	calls int
}

func (c *countedInventory) States(ctx context.Context, s tenant.Scope, after retrieval.DocumentID, n int) ([]retrieval.DocumentState, error) {
	c.calls++
	return c.Inventory.States(ctx, s, after, n)
}

func TestStoresAway(t *testing.T) {
	for name, change := range map[string]func(*world){
		"inventory": func(w *world) { w.find.Inventory = away{} },
		"searcher":  func(w *world) { w.find.Searcher = away{} },
		"passages":  func(w *world) { w.find.Passages = awayPassages{w.find.Passages} },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, change, func(w *world) {
				st := w.ask()
				var failed *answering.FailedError
				if end := last(w.all(st)); !errors.As(end.Err, &failed) || failed.Code != "UNAVAILABLE" {
					w.Errorf("ended with %+v", end)
				}
				if turn := w.turn(st.Message()); turn.State != chat.Done || turn.Finish != chat.Failed {
					w.Errorf("stored as %+v", turn)
				}
				if a, _ := published[answering.Answered](w); !errors.Is(a.Err, ports.ErrUnavailable) {
					w.Errorf("published %+v", a)
				}
				if n := len(w.model.calls()); n != 0 {
					w.Errorf("the model was called %d times", n)
				}
				w.settled(0)
			})
		})
	}
}

// away is a store that cannot be reached.
type away struct{}

func (away) Search(context.Context, tenant.Scope, retrieval.Query) ([]retrieval.Passage, error) {
	return nil, ports.ErrUnavailable
}

func (away) Tally(context.Context, tenant.Scope) (retrieval.Tally, error) {
	return retrieval.Tally{}, ports.ErrUnavailable
}

func (away) States(context.Context, tenant.Scope, retrieval.DocumentID, int) ([]retrieval.DocumentState, error) {
	return nil, ports.ErrUnavailable
}

type awayPassages struct{ ports.Passages }

func (awayPassages) Load(context.Context, tenant.Scope, retrieval.Chunking, []retrieval.PassageRef) ([]retrieval.Passage, error) {
	return nil, ports.ErrUnavailable
}

// TestQuestionsAreEmbedded bills a question's vector on its own, and goes on by
// words where it cannot be had.
func TestQuestionsAreEmbedded(t *testing.T) {
	embedding := func(w *world) {
		w.find.Embedder, w.findAs.EmbeddingModel = func(string) ports.Embedder { return memory.NewEmbedder(16) }, "embedder-1"
	}
	inWorld(t, embedding, func(w *world) {
		w.evidence("waterproof jacket")
		e := w.settled(2)
		if e[0].Kind != usage.Embedding || e[0].Tokens.Total() == 0 || e[1].Kind != usage.Chat || e[1].ChatRequests != 1 {
			w.Errorf("events %+v", e)
		}
		if _, ok := published[searching.LexicalOnly](w); ok {
			w.Error("it was searched by words only")
		}
	})
	inWorld(t, func(w *world) { embedding(w); w.limits.EmbeddingTokens = 0 }, func(w *world) {
		if got := w.evidence("waterproof jacket"); got != "Storm Jacket" {
			w.Errorf("got %q", got)
		}
		if l, ok := published[searching.LexicalOnly](w); !ok || !errors.Is(l.Err, usage.ErrLimitExceeded) {
			w.Errorf("published %+v", l)
		}
		w.settled(1)
	})
}
