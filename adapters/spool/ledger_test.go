package spool

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aiwoochat/woochat/adapters/decorated"
	"github.com/aiwoochat/woochat/adapters/memory"
	"github.com/aiwoochat/woochat/domain/tenant"
	"github.com/aiwoochat/woochat/domain/usage"
	"github.com/aiwoochat/woochat/ports"
	"github.com/aiwoochat/woochat/test/porttest"
)

var errAway = fmt.Errorf("store: %w", ports.ErrUnavailable)

// TestAwayAndBack sends the store away while two messages run: their
// settlements are spooled in order, nothing is admitted meanwhile, and all is
// as it should be once it is back.
func TestAwayAndBack(t *testing.T) {
	w := newWorld(t, 0)
	a, b := w.reserve(100), w.reserve(100)
	w.run()

	w.down(errAway)
	w.settle(a, eventOf(1, 10, 1, false))
	first := <-w.waits // the replayer has tried, and waits
	w.settle(b, eventOf(1, 10, 2, true))
	w.settle(a, eventOf(2, 10, 3, true))

	before := len(w.seen())
	err := w.ledger.Reserve(t.Context(), w.scope, hold(newReservation(), 1))
	if !errors.Is(err, ErrPending) || !errors.Is(err, ports.ErrUnavailable) {
		t.Errorf("Reserve while settlements wait: got %v, want ErrPending and ErrUnavailable", err)
	}
	if calls := w.seen(); len(calls) != before {
		t.Errorf("the store was asked: %v", calls[before:])
	}
	if err := w.ledger.Ready(); !errors.Is(err, ErrPending) {
		t.Errorf("Ready: got %v, want ErrPending", err)
	}
	if err := w.ledger.Release(t.Context(), w.scope, a); !errors.Is(err, ports.ErrConflict) {
		t.Errorf("Release of what waits to be settled: got %v, want ErrConflict", err)
	}
	if s := w.journal.Status(); s.Pending != 3 || s.Bytes == 0 || !s.Oldest.Equal(noon) {
		t.Errorf("status %+v, want 3 records", s)
	}

	w.goOn <- struct{}{}
	second := <-w.waits
	if first != 200*time.Millisecond || second != 400*time.Millisecond {
		t.Errorf("waited %v and %v, want 200ms and 400ms", first, second)
	}
	w.down(nil)
	w.goOn <- struct{}{}
	w.untilReplayed(1)
	w.mustRecord(1, 2, 3)
	w.reserve(1)
	if err := w.ledger.Ready(); err != nil {
		t.Errorf("Ready: %v", err)
	}
	if b := w.file(journalName); len(b) != 0 {
		t.Errorf("the journal still has %d bytes", len(b))
	}

	spooled := published[Spooled](w.events)
	if len(spooled) != 3 || !errors.Is(spooled[0].Err, ports.ErrUnavailable) || spooled[1].Err != nil || spooled[1].Reservation != b {
		t.Errorf("published %+v", spooled)
	}
	if waits := published[ReplayWaits](w.events); len(waits) != 1 || !errors.Is(waits[0].Err, ports.ErrUnavailable) {
		t.Errorf("published %+v, want one ReplayWaits however long it took", waits)
	}
	if done := published[Replayed](w.events); len(done) != 1 || done[0].Settled != 3 || done[0].Buried != 0 {
		t.Errorf("published %+v", done)
	}
}

// untilReplayed waits until the spool was emptied for the nth time.
func (w *world) untilReplayed(n int) {
	w.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(published[Replayed](w.events)) < n {
		select {
		case <-tick.C:
		case <-deadline.C:
			w.Fatal("the spool was not emptied")
		}
	}
}

// TestLostReplies loses replies of a settlement before and after its effect.
func TestLostReplies(t *testing.T) {
	lost := decorated.Fault{Method: "Settle", Err: errAway, Lost: true}
	never := decorated.Fault{Method: "Settle", Err: errAway}
	slow := decorated.Fault{Method: "Settle", Err: fmt.Errorf("store: %w", context.DeadlineExceeded), Lost: true}
	for _, c := range []struct {
		name   string
		script []decorated.Fault
	}{
		{"before, then after", []decorated.Fault{never, lost}},
		{"after, then before", []decorated.Fault{lost, never}},
		{"after, each time", []decorated.Fault{lost, lost, lost}},
		{"too late", []decorated.Fault{slow, slow}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 0, c.script...)
			w.run()
			id := w.reserve(100)
			w.settle(id, eventOf(1, 10, 7, true))
			for range len(c.script) - 1 {
				<-w.waits
				w.goOn <- struct{}{}
			}
			w.untilReplayed(1)
			w.mustRecord(7)
			days, err := w.store.Days(t.Context(), w.scope, today, today)
			if err != nil || days[0].Used.ChatTokens != 17 || days[0].Held != (usage.Amounts{}) {
				t.Errorf("the day has %+v, %v, want 17 tokens used and nothing held", days[0], err)
			}
		})
	}
}

// What the store answers is the caller's, and is not spooled.
func TestAnswersPass(t *testing.T) {
	w := newWorld(t, 0)
	id := w.reserve(100)
	if err := w.ledger.Settle(t.Context(), w.scope, newReservation(), eventOf(1, 1, 1, true)); !errors.Is(err, ports.ErrNotFound) {
		t.Errorf("got %v, want ErrNotFound", err)
	}
	if err := w.ledger.Settle(t.Context(), w.scope, id, usage.Event{}); !errors.Is(err, ports.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.ledger.Settle(ended, w.scope, id, eventOf(1, 1, 1, true)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want Canceled", err)
	}
	if s := w.journal.Status(); s.Pending != 0 || len(w.events.all) != 0 {
		t.Errorf("status %+v, published %v, want nothing", s, w.events.all)
	}
}

// TestDeadLetters spools settlements that the store will never take between
// those that it does: they are set aside, loudly, and block nothing.
func TestDeadLetters(t *testing.T) {
	w := newWorld(t, 0)
	good, released, bad := w.reserve(100), w.reserve(100), w.reserve(100)
	w.down(errAway)
	unknown := newReservation()
	w.settle(unknown, eventOf(1, 1, 1, true))
	w.settle(good, eventOf(1, 1, 2, false))
	w.settle(released, eventOf(1, 1, 3, true))
	w.settle(bad, usage.Event{ID: "evt_bad"})
	w.settle(good, eventOf(2, 1, 4, true))
	if err := w.store.Release(t.Context(), w.scope, released); err != nil {
		t.Fatal(err)
	}
	w.down(nil)
	w.run()
	w.untilReplayed(1)
	w.mustRecord(2, 4)
	buried := published[Buried](w.events)
	if len(buried) != 3 || !errors.Is(buried[0].Err, ports.ErrNotFound) || !errors.Is(buried[1].Err, ports.ErrConflict) || !errors.Is(buried[2].Err, ports.ErrInvalid) {
		t.Errorf("published %+v", buried)
	}
	lines := strings.Split(strings.TrimSpace(string(w.file(deadName))), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], string(unknown)) || !strings.Contains(lines[2], "evt_bad") {
		t.Errorf("dead letters:\n%s", strings.Join(lines, "\n"))
	}
	if done := published[Replayed](w.events); done[0].Settled != 2 || done[0].Buried != 3 {
		t.Errorf("published %+v", done)
	}
	w.reserve(1)
}

// An error that nobody knows is no refusal: the settlement waits.
func TestUnknownErrorsLoseNothing(t *testing.T) {
	w := newWorld(t, 0, decorated.Fault{Method: "Settle", Err: errAway}, decorated.Fault{Method: "Settle", Err: errors.New("odd")})
	id := w.reserve(100)
	w.settle(id, eventOf(1, 1, 5, true))
	w.run()
	<-w.waits
	if s := w.journal.Status(); s.Pending != 1 || len(w.file(deadName)) != 0 {
		t.Errorf("status %+v, want it to wait", s)
	}
	w.goOn <- struct{}{}
	w.untilReplayed(1)
	w.mustRecord(5)
}

// A dead letter that cannot be written stays in the journal.
func TestNoDeadLetterNoLoss(t *testing.T) {
	w := newWorld(t, 0)
	w.down(errAway)
	w.settle(newReservation(), eventOf(1, 1, 1, true))
	w.down(nil)
	blocked := filepath.Join(w.dir, deadName)
	if err := os.Mkdir(blocked, 0o700); err != nil {
		t.Fatal(err)
	}
	w.run()
	<-w.waits
	if s := w.journal.Status(); s.Pending != 1 || len(published[ReplayTrouble](w.events)) != 1 {
		t.Errorf("status %+v, published %v, want it to wait, and ReplayTrouble", s, w.events.all)
	}
	if err := os.Remove(blocked); err != nil {
		t.Fatal(err)
	}
	w.goOn <- struct{}{}
	w.untilReplayed(1)
	if len(w.file(deadName)) == 0 {
		t.Error("no dead letter")
	}
}

// TestFull fills the spool: the settlement's error is returned, loudly, and
// what was spooled before is replayed all the same.
func TestFull(t *testing.T) {
	w := newWorld(t, 1000)
	a, b := w.reserve(100), w.reserve(100)
	w.down(errAway)
	w.settle(a, eventOf(1, 10, 1, true))
	err := w.ledger.Settle(t.Context(), w.scope, b, eventOf(1, 10, 2, true))
	var full *FullError
	if !errors.As(err, &full) || !errors.Is(err, ports.ErrUnavailable) {
		t.Fatalf("got %v, want a *FullError that matches ErrUnavailable", err)
	}
	if failed := published[Unrecorded](w.events); len(failed) != 1 || failed[0].Reservation != b || !errors.Is(failed[0].Err, ports.ErrUnavailable) {
		t.Errorf("published %+v", failed)
	}
	// The store is back, and this one waits for nobody: it needs no spool.
	w.down(nil)
	w.settle(b, eventOf(1, 10, 2, true))
	if err := w.ledger.Settle(t.Context(), w.scope, a, eventOf(2, 10, 3, true)); !errors.As(err, &full) {
		t.Errorf("a settlement overtook the one of its reservation: %v", err)
	}
	w.run()
	w.untilReplayed(1)
	w.mustRecord(2, 1)
}

// TestStopLeavesTheRest stops the replayer and opens the journal again, as the
// next process does.
func TestStopLeavesTheRest(t *testing.T) {
	w := newWorld(t, 0)
	id := w.reserve(100)
	w.down(errAway)
	w.settle(id, eventOf(1, 10, 1, false))
	w.settle(id, eventOf(2, 10, 2, true))
	stop := w.run()
	<-w.waits
	stop()
	if err := w.journal.Close(); err != nil {
		t.Fatal(err)
	}
	w.down(nil)
	var found Recovered
	w.journal, found = openAt(t, w.dir)
	if found.Pending != 2 {
		t.Errorf("found %+v, want 2", found)
	}
	w.ledger.Journal = w.journal
	if err := w.ledger.Reserve(t.Context(), w.scope, hold(newReservation(), 1)); !errors.Is(err, ErrPending) {
		t.Errorf("Reserve before the rest is replayed: got %v, want ErrPending", err)
	}
	w.run()
	w.untilReplayed(1)
	w.mustRecord(1, 2)
}

// A hold that the sweep has settled meanwhile is adjusted by the ledger.
func TestSweptMeanwhile(t *testing.T) {
	w := newWorld(t, 0)
	id := w.reserve(100)
	if err := w.store.Dispatch(t.Context(), w.scope, id, usage.Call{No: 1, Kind: usage.Chat, Model: "m", ChatRequests: 1, PromptTokens: 50, MaxOutput: 50}, usage.Amounts{}); err != nil {
		t.Fatal(err)
	}
	w.down(errAway)
	w.settle(id, eventOf(1, 50, 7, true))
	if swept, err := w.store.Sweep(t.Context(), noon.Add(time.Hour), 10); err != nil || len(swept) != 1 {
		t.Fatalf("swept %+v, %v", swept, err)
	}
	w.down(nil)
	w.run()
	w.untilReplayed(1)
	days, err := w.store.Days(t.Context(), w.scope, today, today)
	if err != nil || days[0].Used.ChatTokens != 57 || days[0].Used.ChatRequests != 1 {
		t.Errorf("the day has %+v, %v, want 57 tokens of one request", days[0], err)
	}
	if fixes, err := w.store.Adjustments(t.Context(), w.scope, today, today); err != nil || len(fixes) != 1 {
		t.Errorf("adjustments %+v, %v, want one", fixes, err)
	}
}

func TestNewLedgerNamesWhatIsMissing(t *testing.T) {
	_, err := NewLedger(LedgerConfig{})
	for _, name := range []string{"Next", "Journal", "Now"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func newSuiteScope(*testing.T) tenant.Scope { return newScope() }

// TestLedger: while its store is there, it is the store's ledger.
func TestLedger(t *testing.T) {
	porttest.Ledger(t, func(t *testing.T, now ports.Clock) porttest.UsageStore {
		store := memory.NewLedger(now, porttest.NewID)
		j, _ := openAt(t, t.TempDir())
		l, err := NewLedger(LedgerConfig{Next: store, Journal: j, Now: now})
		if err != nil {
			t.Fatal(err)
		}
		return porttest.UsageStore{Ledger: l, Checkpointer: store, Sweeper: store, UsageReader: store, NewScope: newSuiteScope}
	})
}

// TestLedgerThroughTheSpool: a ledger of which every settlement goes through
// the journal keeps the whole contract, whether the store has done what it did
// not answer or not.
func TestLedgerThroughTheSpool(t *testing.T) {
	for name, lost := range map[string]bool{"before": false, "after": true} {
		t.Run(name, func(t *testing.T) {
			porttest.Ledger(t, func(t *testing.T, now ports.Clock) porttest.UsageStore {
				store := memory.NewLedger(now, porttest.NewID)
				j, _ := openAt(t, t.TempDir())
				d := &detour{events: &sink{}}
				var err error
				d.ledger, err = NewLedger(LedgerConfig{
					Next: decorated.Ledger(store, d.around(lost)), Journal: j, Now: now, Events: d.events,
				})
				if err != nil {
					t.Fatal(err)
				}
				return porttest.UsageStore{Ledger: d, Checkpointer: store, Sweeper: store, UsageReader: store, NewScope: newSuiteScope}
			})
		})
	}
}

// detour sends each settlement through the journal before it returns, and
// returns what the store said of it then. One call at a time: what others must
// wait for is shown elsewhere.
type detour struct {
	turn   chan struct{}
	ledger *Ledger
	events *sink
	fail   bool // the next settlement finds no store
}

func (d *detour) around(lost bool) decorated.Around {
	d.turn = make(chan struct{}, 1)
	return func(ctx context.Context, c decorated.Call, do func(context.Context) error) error {
		if c.Method != "Settle" || !d.fail {
			return do(ctx)
		}
		d.fail = false
		if lost {
			_ = do(ctx) // what it said is lost, too
		}
		return errAway
	}
}

func (d *detour) Reserve(ctx context.Context, s tenant.Scope, h usage.Hold) error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	return d.ledger.Reserve(ctx, s, h)
}

func (d *detour) Settle(ctx context.Context, s tenant.Scope, id usage.ReservationID, e usage.Event) error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	d.fail = true
	before := len(published[Buried](d.events))
	if err := d.ledger.Settle(ctx, s, id, e); err != nil {
		return err
	}
	d.ledger.drain(context.WithoutCancel(ctx))
	if buried := published[Buried](d.events); len(buried) > before {
		return buried[before].Err
	}
	return nil
}

func (d *detour) Release(ctx context.Context, s tenant.Scope, id usage.ReservationID) error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	return d.ledger.Release(ctx, s, id)
}

// TestManyWhileItComesAndGoes settles from many goroutines while the store
// comes and goes: each is there once, those of one reservation in their order.
func TestManyWhileItComesAndGoes(t *testing.T) {
	const messages, calls = 24, 5
	w := newWorld(t, 0)
	w.ledger.Wait = func(context.Context, time.Duration) {}
	ids := make([]usage.ReservationID, messages)
	for i := range ids {
		ids[i] = w.reserve(1000)
	}
	w.lost = true // its replies get lost, too
	stop := w.run()
	ctx, cancel := context.WithCancel(t.Context())
	flapping := make(chan struct{})
	go func() {
		defer close(flapping)
		for up := false; ctx.Err() == nil; up = !up {
			if up {
				w.down(nil)
			} else {
				w.down(errAway)
			}
		}
		w.down(nil)
	}()
	done := make(chan error, messages)
	for i, id := range ids {
		go func() {
			var errs []error
			for no := 1; no <= calls; no++ {
				errs = append(errs, w.ledger.Settle(t.Context(), w.scope, id, eventOf(no, int64(i), int64(no), no == calls)))
			}
			done <- errors.Join(errs...)
		}()
	}
	for range ids {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	cancel()
	<-flapping
	deadline := time.Now().Add(10 * time.Second)
	for w.journal.pending() {
		if time.Now().After(deadline) {
			t.Fatal("the spool was not emptied")
		}
	}
	stop() // once it has emptied the file
	events, err := w.store.Events(t.Context(), w.scope, today, today, "", 1000)
	if err != nil || len(events) != messages*calls {
		t.Fatalf("%d events, %v, want %d", len(events), err, messages*calls)
	}
	next := map[usage.ReservationID]int{}
	for _, e := range events {
		if next[e.Reservation]++; e.CallNo != next[e.Reservation] {
			t.Errorf("call %d of %s is number %d", e.CallNo, e.Reservation, next[e.Reservation])
		}
	}
	if len(published[Buried](w.events)) != 0 || !slices.Equal(w.file(journalName), nil) {
		t.Error("something was left over")
	}
}
