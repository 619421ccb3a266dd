package answering_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aiwoochat/woochat/app/answering"
	"github.com/aiwoochat/woochat/domain/chat"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/ports"
)

// comingTurns is a Turns whose Finish can be taken away and brought back while
// others use it.
type comingTurns struct {
	ports.Turns

	mu     sync.Mutex // guards all below
	err    error      // what Finish says
	silent bool       // Finish says nothing until its caller's time is up
	tries  int
}

func (c *comingTurns) Finish(ctx context.Context, s tenant.Scope, t chat.Turn) error {
	c.mu.Lock()
	c.tries++
	err, silent := c.err, c.silent
	c.mu.Unlock()
	if silent {
		<-ctx.Done()
		return fmt.Errorf("finish: %w", ctx.Err())
	}
	if err != nil {
		return err
	}
	return c.Turns.Finish(ctx, s, t)
}

func (c *comingTurns) says(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.err, c.silent = err, false
}

func (c *comingTurns) tried() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tries
}

// inWorldAway runs test in a world whose turns cannot be finished.
func inWorldAway(t *testing.T, change func(*world), test func(*world, *comingTurns)) {
	t.Helper()
	store := &comingTurns{err: fmt.Errorf("connection refused: %w", ports.ErrUnavailable)}
	inWorld(t, func(w *world) {
		store.Turns = w.deps.Turns
		w.deps.Turns = store
		if change != nil {
			change(w)
		}
	}, func(w *world) { test(w, store) })
}

// answeredAway asks with a key and returns the whole answer, which is kept.
func (w *world) answeredAway() (*answering.Stream, []chat.StreamEvent) {
	w.Helper()
	st, err := w.Ask(w.Context(), w.keyed())
	w.must(err)
	w.model.end("Shipping costs €4.90 [1].")
	events := w.all(st)
	if end := last(events); text(events) != "Shipping costs €4.90 [1]." || end.Kind != chat.EventEnd || end.Finish != chat.Complete || end.Tokens.Total() != 101 {
		w.Fatalf("the answer ended with %+v", events)
	}
	return st, events
}

// TestStoreAwayAtTheEnd: the shopper has the whole answer, so that its stream
// ends well; it is settled, answers its key here without another call, also
// after its lease, and is stored when the store is back.
func TestStoreAwayAtTheEnd(t *testing.T) {
	inWorldAway(t, nil, func(w *world, store *comingTurns) {
		st, events := w.answeredAway()
		w.settled(1)
		if a, _ := published[answering.Answered](w); !errors.Is(a.Err, ports.ErrUnavailable) || a.Finish != chat.Complete {
			w.Errorf("published %+v", a)
		}
		lease := w.turn(st.Message()).Lease
		for at := range 3 {
			again, err := w.Ask(w.Context(), w.keyed())
			w.must(err)
			w.checkResumed("the same key", 0, events, w.all(again))
			again.Leave()
			for n := range int64(len(text(events))) {
				rest, err := w.Resume(w.Context(), w.site.Scope(), w.visitor, st.Message(), n)
				w.must(err)
				w.checkResumed("resumed", n, events, w.all(rest))
				rest.Leave()
			}
			if at == 0 {
				pass(20 * time.Second) // nobody could renew the lease
			}
		}
		other := w.keyed()
		other.BodyHash = "hash-2"
		if _, err := w.Ask(w.Context(), other); !errors.Is(err, chat.ErrKeyMismatch) {
			w.Errorf("another body: %v", err)
		}
		stranger := w.keyed()
		stranger.Visitor = chat.VisitorID(chat.VisitorPrefix + w.deps.NewID())
		theirs, err := w.Ask(w.Context(), stranger)
		w.must(err)
		if theirs.Message() == st.Message() {
			w.Error("another visitor got the answer by its key")
		}
		w.model.end("Hello.")
		w.all(theirs)

		// The first checkpoint that gets through keeps other processes off.
		w.must(w.Checkpoint(w.Context()))
		if now := w.turn(st.Message()).Lease; !now.After(lease) {
			w.Errorf("the lease was not renewed: %v, %v", lease, now)
		}
		var progress *chat.InProgressError
		if _, err := w.process().Ask(w.Context(), w.keyed()); !errors.As(err, &progress) {
			w.Errorf("another process: %v", err)
		}

		store.says(nil)
		pass(2 * time.Second)
		synctest.Wait()
		if turn := w.turn(st.Message()); turn.State != chat.Done || turn.Answer != text(events) || turn.Attempt != 1 || turn.LastEvent != last(events).No {
			w.Errorf("stored as %+v", turn)
		}
		waited := map[chat.MessageID]time.Duration{}
		for _, p := range w.stores.Events.All() {
			if e, ok := p.Event.(answering.StoredLate); ok {
				waited[e.Message] += e.Waited
			}
		}
		if len(waited) != 2 || waited[st.Message()] < 20*time.Second || waited[theirs.Message()] == 0 {
			w.Errorf("published as stored after %v", waited)
		}
		if e, ok := published[answering.NotStored](w); ok {
			w.Errorf("published %+v", e)
		}
		for name, s := range map[string]*answering.Service{"here": w.Service, "elsewhere": w.process()} {
			again, err := s.Ask(w.Context(), w.keyed())
			w.must(err)
			w.checkResumed(name+", stored", 0, events, w.all(again))
		}
		if n := len(w.model.calls()); n != 2 {
			w.Errorf("the model was called %d times, want once for each visitor", n)
		}
		w.settled(2)
	})
}

// TestSilentStoreAtTheEnd: what the store's silence takes is not taken from the
// settlement.
func TestSilentStoreAtTheEnd(t *testing.T) {
	inWorldAway(t, nil, func(w *world, store *comingTurns) {
		store.says(nil)
		store.silent = true
		st, _ := w.answeredAway()
		w.settled(1)
		if a, _ := published[answering.Answered](w); !errors.Is(a.Err, context.DeadlineExceeded) {
			w.Errorf("published %+v", a)
		}
		store.says(nil)
		pass(5 * time.Second)
		if turn := w.turn(st.Message()); turn.State != chat.Done {
			w.Errorf("stored as %+v", turn)
		}
	})
}

// TestStoreAwayForGood: it is tried with growing waits, for an hour or, with a
// clock that stands still, for a number of times.
func TestStoreAwayForGood(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		tries  int // the first one included; 0.2+0.4+0.8+1.6+2+2+... s
		after  time.Duration
	}{
		"an hour":      {nil, 1804, time.Hour + time.Second},
		"a dead clock": {func(w *world) { at := time.Now(); w.deps.Now = func() time.Time { return at } }, 2001, 3995 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inWorldAway(t, c.change, func(w *world, store *comingTurns) {
				st, _ := w.answeredAway()
				pass(2999 * time.Millisecond)
				if n := store.tried(); n != 1+3 {
					w.Errorf("tried %d times within 3 s, want 4", n)
				}
				pass(c.after - 4*time.Second)
				if e, ok := published[answering.NotStored](w); ok {
					w.Fatalf("given up too early: %+v", e)
				}
				pass(5 * time.Second)
				if e, ok := published[answering.NotStored](w); !ok || !errors.Is(e.Err, ports.ErrUnavailable) || e.Message != st.Message() {
					w.Errorf("published %+v, %v", e, ok)
				}
				pass(time.Hour)
				if n := store.tried(); n != c.tries {
					w.Errorf("tried %d times, want %d", n, c.tries)
				}
				w.settled(1)
			})
		})
	}
}

// TestRefusedLater: a store that is back and refuses is not asked again.
func TestRefusedLater(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		lost bool
	}{
		"taken over": {ports.ErrConflict, true},
		"deleted":    {ports.ErrNotFound, false},
	} {
		t.Run(name, func(t *testing.T) {
			inWorldAway(t, nil, func(w *world, store *comingTurns) {
				w.answeredAway()
				store.says(c.err)
				pass(time.Hour)
				if n := store.tried(); n != 2 {
					w.Errorf("tried %d times, want 2", n)
				}
				if e, ok := published[answering.NotStored](w); ok != c.lost || c.lost && !errors.Is(e.Err, c.err) {
					w.Errorf("published %+v, %v", e, ok)
				}
			})
		})
	}
}

// TestCloseTriesOnceMore: a process that ends does not wait for the store.
func TestCloseTriesOnceMore(t *testing.T) {
	for name, c := range map[string]struct {
		err    error
		silent bool
		within time.Duration
	}{
		"back":   {},
		"away":   {err: ports.ErrUnavailable},
		"silent": {silent: true, within: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			inWorldAway(t, nil, func(w *world, store *comingTurns) {
				st, _ := w.answeredAway()
				pass(time.Minute - time.Millisecond)
				store.says(c.err)
				store.mu.Lock()
				store.silent = c.silent
				before := store.tries
				store.mu.Unlock()
				at := time.Now()
				w.must(w.Close(w.Context()))
				w.must(w.Close(w.Context()))
				if took := time.Since(at); took != c.within {
					w.Errorf("closed after %v, want %v", took, c.within)
				}
				if n := store.tried() - before; n != 1 {
					w.Errorf("tried %d times more", n)
				}
				_, given := published[answering.NotStored](w)
				stored := w.turn(st.Message()).State == chat.Done
				if back := name == "back"; stored != back || given == back {
					w.Errorf("stored %v, given up %v", stored, given)
				}
				w.settled(1)
			})
		})
	}
}

// TestTooManyKept bounds what is kept: one more is an answer that is lost, and
// its end says so.
func TestTooManyKept(t *testing.T) {
	inWorldAway(t, nil, func(w *world, store *comingTurns) {
		store.says(ports.ErrUnavailable)
		for i := range 1001 {
			st := w.ask()
			w.model.end("Shipping costs €4.90 [1].")
			end := last(w.all(st))
			if full := i == 1000; full != (end.Kind == chat.EventError && errors.Is(end.Err, ports.ErrUnavailable)) {
				w.Fatalf("answer %d ended with %+v", i, end)
			}
		}
		store.says(nil)
		pass(3 * time.Second)
		synctest.Wait()
		store.says(ports.ErrUnavailable)
		st := w.ask()
		w.model.end("Shipping costs €4.90 [1].")
		if end := last(w.all(st)); end.Finish != chat.Complete {
			w.Errorf("after the store was back, one ended with %+v", end)
		}
		store.says(nil)
		pass(3 * time.Second)
	})
}
