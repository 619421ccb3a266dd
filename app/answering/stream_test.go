package answering_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/app/metering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/retrieval"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

// stopped fails unless the answer of st ended because nobody wanted it, at once
// and settled at what was spent. One whole sentence and a half one had come.
func (w *world) stopped(st *answering.Stream) {
	w.Helper()
	events := w.settled(1)
	if e := events[0]; e.Success || e.ErrorCode != canceled || e.Tokens.Input != 100 || e.Tokens.Output != 2 {
		w.Errorf("event %+v", e)
	}
	turn := w.turn(st.Message())
	if turn.State != chat.Done || turn.Finish != chat.Stopped || turn.ErrorCode != "" || turn.Answer != "Shipping costs €4.90 [1]. " {
		w.Errorf("stored as %+v", turn)
	}
}

const canceled = metering.CodeCanceled

// begun asks, and has one whole sentence and a half one said.
func (w *world) begun() *answering.Stream {
	w.Helper()
	st := w.ask()
	w.model.say("Shipping costs €4.90 [1]. ")
	w.model.say("It is free fr")
	return st
}

func TestStop(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		at := time.Now()
		w.must(w.Stop(w.Context(), w.site.Scope(), w.visitor, st.Message()))
		events := w.all(st)
		if end := last(events); end.Kind != chat.EventEnd || end.Finish != chat.Stopped || !time.Now().Equal(at) {
			w.Errorf("ended with %+v after %v", end, time.Since(at))
		}
		// A half sentence could say the contrary of the whole one.
		if got := text(events); got != "Shipping costs €4.90 [1]. " {
			w.Errorf("got %q", got)
		}
		w.stopped(st)
		w.must(w.Stop(w.Context(), w.site.Scope(), w.visitor, st.Message())) // again changes nothing
		w.stopped(st)
	})
}

func TestStopIsForTheVisitorOnly(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		stranger := chat.VisitorID(chat.VisitorPrefix + porttest.NewID())
		other := tenant.Scope{Tenant: w.site.Tenant, Site: tenant.SiteID(tenant.SitePrefix + porttest.NewID())}
		if err := w.Stop(w.Context(), w.site.Scope(), stranger, st.Message()); !errors.Is(err, ports.ErrNotFound) {
			w.Errorf("another visitor: %v", err)
		}
		if err := w.Stop(w.Context(), other, w.visitor, st.Message()); !errors.Is(err, ports.ErrNotFound) {
			w.Errorf("another site: %v", err)
		}
		if _, err := w.Resume(w.Context(), w.site.Scope(), stranger, st.Message(), 0); !errors.Is(err, ports.ErrNotFound) {
			w.Errorf("resume by another visitor: %v", err)
		}
		if _, err := w.Resume(w.Context(), other, w.visitor, st.Message(), 0); !errors.Is(err, ports.ErrNotFound) {
			w.Errorf("resume at another site: %v", err)
		}
		w.model.end("om €60.")
		if end := last(w.all(st)); end.Finish != chat.Complete {
			w.Errorf("ended with %+v", end)
		}
	})
}

func TestStopInAnotherProcess(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		if err := w.process().Stop(w.Context(), w.site.Scope(), w.visitor, st.Message()); !errors.Is(err, ports.ErrConflict) {
			w.Errorf("got %v, want ErrConflict", err)
		}
		w.model.end("om €60.")
		w.all(st)
	})
}

// TestStopBeforeTheModel stops an answer that is still looking for evidence.
func TestStopBeforeTheModel(t *testing.T) {
	inWorld(t, func(w *world) { w.find.Searcher = stuck{} }, func(w *world) {
		st := w.ask()
		synctest.Wait()
		w.must(w.Stop(w.Context(), w.site.Scope(), w.visitor, st.Message()))
		if end := last(w.all(st)); end.Finish != chat.Stopped {
			w.Errorf("ended with %+v", end)
		}
		w.settled(0)
	})
}

// TestLeaveAndComeBack is back within the grace: nothing happens.
func TestLeaveAndComeBack(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		w.next(st)
		seen := w.next(st)
		st.Leave()
		st.Leave() // may be called twice
		pass(10*time.Second - 1)
		again, err := w.Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), seen.No)
		w.must(err)
		pass(20 * time.Second)
		w.model.end("om €60.")
		events := w.all(again)
		if got := seen.Text + text(events); got != "Shipping costs €4.90 [1]. It is free from €60." || last(events).Finish != chat.Complete {
			w.Errorf("got %q and %+v", got, last(events))
		}
		again.Leave()
		w.settled(1)
	})
}

// TestLeaveTwice has the whole grace each time.
func TestLeaveTwice(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		st.Leave()
		pass(5 * time.Second)
		again, err := w.Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), 0)
		w.must(err)
		pass(time.Second)
		again.Leave()
		pass(10*time.Second - 1)
		synctest.Wait()
		if turn := w.turn(st.Message()); turn.State != chat.Running {
			w.Errorf("ended before the grace was over: %+v", turn)
		}
		pass(time.Nanosecond)
		w.stopped(st)
	})
}

func TestLeaveForGood(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		st.Leave()
		pass(10*time.Second - 1)
		synctest.Wait()
		if turn := w.turn(st.Message()); turn.State != chat.Running {
			w.Errorf("ended before the grace was over: %+v", turn)
		}
		pass(time.Nanosecond)
		w.stopped(st)
	})
}

func TestLeaveWhileAnotherWatches(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		other, err := w.Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), 0)
		w.must(err)
		st.Abandon()
		pass(30 * time.Second)
		w.model.end("om €60.")
		if end := last(w.all(other)); end.Finish != chat.Complete {
			w.Errorf("ended with %+v", end)
		}
	})
}

func TestLeaveWithoutGrace(t *testing.T) {
	inWorld(t, func(w *world) { w.cfg.ResumeGrace = -1 }, func(w *world) {
		st := w.begun()
		at := time.Now()
		st.Leave()
		w.stopped(st)
		if !time.Now().Equal(at) {
			w.Errorf("it took %v", time.Since(at))
		}
	})
}

func TestAbandon(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		at := time.Now()
		st.Abandon()
		w.stopped(st)
		if !time.Now().Equal(at) {
			w.Errorf("it took %v", time.Since(at))
		}
	})
}

func TestNextEndsWithItsContext(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.ask()
		w.next(st)
		ctx, cancel := context.WithTimeout(w.Context(), time.Second)
		defer cancel()
		if _, err := st.Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
			w.Errorf("got %v", err)
		}
		w.model.end("Hello.")
		w.all(st)
	})
}

// long is an answer in several scripts, in sentences that come one by one.
const long = "Größe M kostet nichts. 送料は無料です。 🧥👩‍👩‍👧 is a family. Ends here."

// TestResumeFromEveryNumber resumes an answer from each number that there is,
// those in the middle of a character too, while it runs, once it is stored, and
// in another process.
func TestResumeFromEveryNumber(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.ask()
		for _, sentence := range strings.SplitAfter(long, " ") {
			w.model.say(sentence)
		}
		other := w.process()
		w.must(w.Checkpoint(w.Context()))
		running := w.turn(st.Message())
		if running.Answer == "" || running.LastEvent != int64(1+len(running.Answer)) {
			w.Fatalf("draft %+v", running)
		}
		shown := len(running.Answer)
		var live, followed []*answering.Stream
		for n := range int64(shown + 2) {
			for _, x := range []struct {
				s  *answering.Service
				to *[]*answering.Stream
			}{{w.Service, &live}, {other, &followed}} {
				r, err := x.s.Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), n)
				w.must(err)
				*x.to = append(*x.to, r)
			}
		}
		w.model.end("")
		whole := w.all(st)
		if text(whole) != long {
			w.Fatalf("got %q", text(whole))
		}
		pass(time.Second) // the other process reads the end
		for n := range int64(shown + 2) {
			stored, err := other.Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), n)
			w.must(err)
			for _, x := range []struct {
				name string
				st   *answering.Stream
			}{{"live", live[n]}, {"followed", followed[n]}, {"stored", stored}} {
				events := w.all(x.st)
				w.checkResumed(x.name, n, whole, events)
				x.st.Leave()
			}
		}
		// Beyond the text: what follows it, and nothing after the end.
		for n := int64(len(long)) + 1; n <= last(whole).No+3; n++ {
			stored, err := w.Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), n)
			w.must(err)
			if events := w.all(stored); n < last(whole).No && (len(events) == 0 || last(events).No != last(whole).No) || n >= last(whole).No && len(events) > 0 {
				w.Errorf("from %d: %+v", n, events)
			}
		}
		w.settled(1)
	})
}

// checkResumed fails unless events are what follows number n of whole.
func (w *world) checkResumed(name string, n int64, whole, events []chat.StreamEvent) {
	w.Helper()
	got := text(events)
	if !utf8.ValidString(got) {
		w.Errorf("%s from %d: broken text %q", name, n, got)
	}
	seen := text(whole)[:max(0, n-1)]
	for !utf8.ValidString(seen) {
		seen = seen[:len(seen)-1] // half a character is none
	}
	if seen+got != text(whole) {
		w.Errorf("%s from %d: got %q", name, n, got)
	}
	if (n < 1) != (events[0].Kind == chat.EventStart) || last(events).No != last(whole).No || last(events).Kind != chat.EventEnd {
		w.Errorf("%s from %d: begins with %+v, ends with %+v", name, n, events[0], last(events))
	}
}

// TestFollowALostAnswer follows an answer whose process dies.
func TestFollowALostAnswer(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		w.must(w.Checkpoint(w.Context()))
		followed, err := w.process().Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), 0)
		w.must(err)
		at := time.Now()
		events := w.all(followed) // nobody saves a draft any more
		var failed *answering.FailedError
		if end := last(events); !errors.As(end.Err, &failed) || failed.Code != answering.CodeLost {
			w.Errorf("ended with %+v", end)
		}
		if took := time.Since(at); took < 15*time.Second || took > 16*time.Second {
			w.Errorf("lost after %v, want the lease's 15 s", took)
		}
		if text(events) != "Shipping costs €4.90 [1]. " {
			w.Errorf("got %q", text(events))
		}
	})
}

// TestFollowIsNoMixOfAttempts follows an answer that is lost and begun anew: the
// two attempts say different things, so one stream cannot show both.
func TestFollowIsNoMixOfAttempts(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		q := w.question("What does shipping cost?")
		q.Key, q.BodyHash = "k", "h"
		st, err := w.Ask(w.Context(), q)
		w.must(err)
		w.model.say("One thing. ")
		w.model.say("And")
		w.must(w.Checkpoint(w.Context()))
		followed, err := w.process().Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), 0)
		w.must(err)
		pass(14 * time.Second)
		w.deps.Model = newTalker()
		pass(time.Second + 1)
		next := w.process()
		again, err := next.Ask(w.Context(), q)
		w.must(err)
		second, _ := w.deps.Model.(*talker)
		second.say("Quite another thing, and longer. ")
		second.say("And")
		w.must(next.Checkpoint(w.Context()))
		events := w.all(followed)
		var failed *answering.FailedError
		if end := last(events); text(events) != "One thing. " || !errors.As(end.Err, &failed) || failed.Code != answering.CodeLost {
			w.Errorf("got %q and %+v", text(events), end)
		}
		second.end(" so on.")
		if got := text(w.all(again)); got != "Quite another thing, and longer. And so on." {
			w.Errorf("got %q", got)
		}
	})
}

func TestAnswerThatCannotBeStored(t *testing.T) {
	inWorld(t, func(w *world) { w.deps.Turns = &turns{Turns: w.deps.Turns} }, func(w *world) {
		broken, _ := w.deps.Turns.(*turns)
		broken.finishErr = ports.ErrInvalid
		st := w.ask()
		w.model.end("Shipping costs €4.90 [1].")
		events := w.all(st)
		// The text was shown, but it will never be stored: the end says so.
		if end := last(events); end.Kind != chat.EventError || !errors.Is(end.Err, ports.ErrInvalid) {
			w.Errorf("ended with %+v", end)
		}
		if e := w.settled(1)[0]; e.Tokens.Total() != 101 {
			w.Errorf("event %+v", e)
		}
		if a, _ := published[answering.Answered](w); !errors.Is(a.Err, ports.ErrInvalid) {
			w.Errorf("published %+v", a)
		}
	})
}

func TestForgetStopsWhatRuns(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		w.must(w.Forget(w.Context(), w.site.Scope(), w.visitor, st.Conversation()))
		if end := last(w.all(st)); end.Kind != chat.EventEnd || end.Finish != chat.Stopped {
			w.Errorf("ended with %+v", end)
		}
		if e := w.settled(1)[0]; e.Tokens.Output != 2 {
			w.Errorf("event %+v", e)
		}
		if _, err := w.Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), 0); !errors.Is(err, ports.ErrNotFound) {
			w.Errorf("it can be read again: %v", err)
		}
		if a, _ := published[answering.Answered](w); a.Err != nil {
			w.Errorf("a deleted conversation is no fault: %v", a.Err)
		}
	})
}

func TestCloseWaits(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		closed := make(chan error, 1)
		go func() { closed <- w.Close(w.Context()) }()
		synctest.Wait()
		if _, err := w.Ask(w.Context(), w.question("One more?")); !errors.Is(err, answering.ErrClosing) || !errors.Is(err, ports.ErrUnavailable) {
			w.Errorf("got %v", err)
		}
		select {
		case err := <-closed:
			w.Fatalf("closed under a running answer: %v", err)
		default:
		}
		w.model.end("om €60.")
		if end := last(w.all(st)); end.Finish != chat.Complete {
			w.Errorf("ended with %+v", end)
		}
		w.must(<-closed)
		w.settled(1)
	})
}

func TestCloseStops(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		st := w.begun()
		ctx, cancel := context.WithTimeout(w.Context(), 3*time.Second)
		defer cancel()
		at := time.Now()
		w.must(w.Close(ctx))
		if took := time.Since(at); took != 3*time.Second {
			w.Errorf("closed after %v", took)
		}
		w.stopped(st)
		if end := last(w.all(st)); end.Finish != chat.Stopped {
			w.Errorf("ended with %+v", end)
		}
	})
}

func TestCheckpoint(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		w.must(w.Checkpoint(w.Context())) // nothing runs
		st := w.begun()
		lease := w.turn(st.Message()).Lease
		pass(10 * time.Second)
		w.must(w.Checkpoint(w.Context()))
		turn := w.turn(st.Message())
		if turn.Answer != "Shipping costs €4.90 [1]. " || !turn.Lease.Equal(lease.Add(10*time.Second)) || turn.State != chat.Running {
			w.Errorf("draft %+v, lease %v later", turn, turn.Lease.Sub(lease))
		}
		// A process that dies now leaves this behind for the sweep.
		swept, err := w.stores.Ledger.Sweep(w.Context(), time.Now().Add(2*time.Minute), 10)
		w.must(err)
		if len(swept) != 1 || len(swept[0].Events) != 1 || swept[0].Events[0].Tokens.Output == 0 {
			w.Errorf("swept %+v", swept)
		}
		w.model.end("om €60.")
		w.all(st)
	})
}

// TestAskRacesWithStop is for the race detector: everything that may end an
// answer, at the moment when it begins.
func TestAskRacesWithStop(t *testing.T) {
	inWorld(t, nil, func(w *world) {
		first := w.ask()
		w.model.end("Hello.")
		w.all(first)
		q := w.question("Again?")
		q.Conversation = first.Conversation()
		done := make(chan struct{})
		for _, do := range []func(){
			func() { _ = w.Forget(w.Context(), w.site.Scope(), w.visitor, first.Conversation()) },
			func() { _ = w.Checkpoint(w.Context()) },
			func() { _, _ = w.History(w.Context(), w.site.Scope(), w.visitor, first.Conversation(), 5) },
		} {
			go func() {
				for {
					select {
					case <-done:
						return
					default:
						do()
					}
				}
			}()
		}
		for range 50 {
			st, err := w.Ask(w.Context(), q)
			if errors.Is(err, ports.ErrNotFound) {
				continue // forgotten between its opening and its turn
			}
			w.must(err)
			st.Abandon()
			for {
				if _, err := st.Next(w.Context()); errors.Is(err, io.EOF) {
					break
				}
			}
		}
		close(done)
		synctest.Wait()
		day, _ := w.books()
		if day.Held != (usage.Amounts{}) {
			w.Errorf("held %+v", day.Held)
		}
	})
}

// stuck never finds anything.
type stuck struct{}

func (stuck) Search(ctx context.Context, _ tenant.Scope, _ retrieval.Query) ([]retrieval.Passage, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}
